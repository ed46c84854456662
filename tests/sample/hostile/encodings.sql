-- Databases of other encodings and locales, with bytes above 127.
CREATE DATABASE "Latin1" TEMPLATE template0 ENCODING LATIN1 LC_COLLATE 'C' LC_CTYPE 'C';
\c "Latin1"
SET client_encoding = UTF8;
CREATE TABLE "tâble" ("colönne" text PRIMARY KEY);
INSERT INTO "tâble" VALUES ('é'), ('ÿ'), ('naïve ñandú'), (chr(160)), (chr(128)), (chr(254));
COMMENT ON TABLE "tâble" IS 'çømment';
CREATE FUNCTION "ünì"() RETURNS text LANGUAGE sql AS $$ SELECT 'é;' $$;

CREATE DATABASE "Ascii" TEMPLATE template0 ENCODING SQL_ASCII LC_COLLATE 'C' LC_CTYPE 'C';
\c "Ascii"
CREATE TABLE bytes (id int, t text);
INSERT INTO bytes VALUES (1, E'\xff\xfe\x80'), (2, E'\xc3'), (3, E'\xc3\xa9'), (4, E'latin \xe9'),
	(5, E'\xed\xa0\x80');
INSERT INTO bytes SELECT 1000 + i, chr(i) FROM generate_series(1, 127) i;
DO $$ BEGIN EXECUTE E'COMMENT ON TABLE bytes IS ''high \xe9 byte'''; END $$;
DO $$ BEGIN EXECUTE E'CREATE TABLE "t\xe9" ("\xff" int)'; END $$;

CREATE DATABASE "C locale" TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C';
\c "C locale"
CREATE TABLE t (t text PRIMARY KEY);
INSERT INTO t VALUES ('a'), ('B'), ('ä');

CREATE DATABASE "Icu" TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'de-u-co-phonebk';
\c "Icu"
CREATE TABLE t (t text PRIMARY KEY);
INSERT INTO t VALUES ('Ärger'), ('Arger'), ('Aerger');
\if :pg16
CREATE DATABASE "Icu rules" TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en' ICU_RULES
	'&a < g';
\endif
\if :pg17
CREATE DATABASE "Builtin" TEMPLATE template0 LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8';
\endif
\if :pg18
CREATE DATABASE "Builtin full" TEMPLATE template0 LOCALE_PROVIDER builtin BUILTIN_LOCALE
	'PG_UNICODE_FAST';
\endif
CREATE DATABASE "Euc" TEMPLATE template0 ENCODING EUC_JP LC_COLLATE 'C' LC_CTYPE 'C';
\c "Euc"
SET client_encoding = UTF8;
CREATE TABLE "表" (t text);
INSERT INTO "表" VALUES ('日本語'), ('ｶﾀｶﾅ');

-- Locales that a machine may not have: without them the databases are not made.
\set ON_ERROR_STOP 0
CREATE DATABASE "English" TEMPLATE template0 LC_COLLATE 'en_US.UTF-8' LC_CTYPE 'en_US.UTF-8';
CREATE DATABASE "German Latin1" TEMPLATE template0 ENCODING LATIN1 LC_COLLATE 'de_DE.ISO-8859-1'
	LC_CTYPE 'de_DE.ISO-8859-1';
\set ON_ERROR_STOP 1
