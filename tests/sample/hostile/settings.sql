-- Settings of databases and of the superuser that change how text is read and written, and what
-- pg_dumpall does not keep of postgres and template1. Last, because they act on what follows.
CREATE DATABASE "Settings";
\c "Settings"
CREATE SCHEMA hidden;
CREATE TABLE hidden.values (
	b bytea, d date, ts timestamptz, i interval, f double precision, x xml, a text[], e text,
		m money);
INSERT INTO hidden.values VALUES ('\xdeadbeef5c27', '2026-02-03', '2026-02-03 04:05:06.789+00',
	'-1 mon +2 days -03:04:05',
	0.1, '<a/>', '{NULL,"NULL"}', 'back\slash', '1234.56');
ALTER DATABASE "Settings" SET bytea_output = 'escape';
ALTER DATABASE "Settings" SET search_path = 'hidden', 'pg_temp';
ALTER DATABASE "Settings" SET "DateStyle" = 'German, DMY';
ALTER DATABASE "Settings" SET "TimeZone" = 'Asia/Kathmandu';
ALTER DATABASE "Settings" SET "IntervalStyle" = 'sql_standard';
ALTER DATABASE "Settings" SET extra_float_digits = -10;
ALTER DATABASE "Settings" SET statement_timeout = '10min';
ALTER DATABASE "Settings" SET lock_timeout = '10min';
ALTER DATABASE "Settings" SET idle_in_transaction_session_timeout = '10min';
ALTER DATABASE "Settings" SET quote_all_identifiers = on;
ALTER DATABASE "Settings" SET default_transaction_isolation = 'serializable';
ALTER DATABASE "Settings" SET client_encoding = 'LATIN1';
ALTER DATABASE "Settings" SET xmloption = 'document';
ALTER DATABASE "Settings" SET escape_string_warning = off;
ALTER DATABASE "Settings" SET standard_conforming_strings = off;
ALTER DATABASE "Settings" SET row_security = off;
ALTER DATABASE "Settings" SET "my.setting" = E'it''s; \\ odd';
ALTER ROLE app IN DATABASE "Settings" SET search_path = 'x', 'y z';
ALTER ROLE postgres IN DATABASE "Settings" SET synchronize_seqscans = on;
ALTER DATABASE "Settings" CONNECTION LIMIT 50;

CREATE DATABASE "Read only";
\c "Read only"
CREATE TABLE t (i int);
INSERT INTO t VALUES (1);
ALTER DATABASE "Read only" SET default_transaction_read_only = on;

CREATE DATABASE "No connections" ALLOW_CONNECTIONS false;
CREATE DATABASE "A template" IS_TEMPLATE true;

\c template1
CREATE TABLE in_template1 (i int);
INSERT INTO in_template1 VALUES (1), (2);
\c postgres
CREATE TABLE in_postgres (i int);
INSERT INTO in_postgres VALUES (1), (2), (3);
COMMENT ON DATABASE postgres IS 'a comment that pg_dumpall does not keep';
GRANT CREATE ON DATABASE postgres TO app;
ALTER DATABASE postgres SET work_mem = '5MB';

ALTER ROLE postgres SET bytea_output = 'escape';
ALTER ROLE postgres SET "DateStyle" = 'SQL, DMY';
ALTER ROLE postgres SET "TimeZone" = 'America/Sao_Paulo';
ALTER ROLE postgres SET "IntervalStyle" = 'iso_8601';
ALTER ROLE postgres SET search_path = 'nowhere';
ALTER ROLE postgres SET statement_timeout = '10min';
