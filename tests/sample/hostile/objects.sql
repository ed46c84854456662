-- Large objects, extensions, foreign data, publications, a subscription.
CREATE DATABASE "Objects";
\c "Objects"
SELECT lo_from_bytea(90001, 'content of a large object');
SELECT lo_from_bytea(90002, '\x');
SELECT lo_from_bytea(90003, decode(string_agg(md5(i::text), '' ORDER BY i), 'hex'))
	FROM generate_series(1, 20000) i;
SELECT lo_from_bytea(90004, '\x5c2e0a00ff27');
SELECT lo_from_bytea(4294967295, 'the largest oid');
SELECT lo_from_bytea(100000 + i, ('object ' || i)::bytea) FROM generate_series(1, 1500) i;
-- holes: written at an offset, so that pages are missing
DO $$
DECLARE fd int;
BEGIN
	PERFORM lo_create(90005);
	fd := lo_open(90005, 131072);
	PERFORM lo_lseek(fd, 100000, 0);
	PERFORM lowrite(fd, 'far out');
END $$;
ALTER LARGE OBJECT 90001 OWNER TO app;
COMMENT ON LARGE OBJECT 90001 IS E'it''s; a comment\n--';
GRANT SELECT, UPDATE ON LARGE OBJECT 90002 TO reader WITH GRANT OPTION;
GRANT SELECT ON LARGE OBJECT 90004 TO PUBLIC;
CREATE TABLE refers (id int, lo oid);
INSERT INTO refers VALUES (1, 90001);

CREATE SCHEMA "Ext Schema";
CREATE EXTENSION pg_trgm SCHEMA "Ext Schema";
CREATE EXTENSION hstore;
CREATE EXTENSION citext SCHEMA "Ext Schema";
CREATE EXTENSION "uuid-ossp";
CREATE EXTENSION ltree;
CREATE EXTENSION pgcrypto;
CREATE EXTENSION lo;
CREATE EXTENSION tablefunc;
COMMENT ON EXTENSION hstore IS 'another comment';
CREATE TABLE extended (c "Ext Schema".citext PRIMARY KEY, h hstore, l ltree,
	u uuid DEFAULT public.uuid_nil());
INSERT INTO extended VALUES ('MiXed', 'a=>NULL, "b c"=>"d\"e"', 'top.next_1.leaf'), ('other', '',
	'');
CREATE INDEX ON extended USING gin ((c::text) "Ext Schema".gin_trgm_ops);
CREATE INDEX ON extended USING gist (h);
-- an object that an extension has adopted, and one that it has given away
CREATE FUNCTION adopted() RETURNS int LANGUAGE sql AS 'SELECT 1';
ALTER EXTENSION tablefunc ADD FUNCTION adopted();
-- earthdistance has no objects of its own to dump, but an order: after cube
CREATE EXTENSION earthdistance CASCADE;
\if :{?postgis}
\else
SELECT count(*) > 0 AS postgis FROM pg_available_extensions WHERE name = 'postgis' \gset
\endif
\if :postgis
CREATE EXTENSION postgis;
CREATE TABLE places (id int, g geometry(Point, 4326), geo geography);
INSERT INTO places VALUES (1, 'SRID=4326;POINT(-46.63 -23.55)', 'POINT(13.4 52.5)');
CREATE INDEX ON places USING gist (g);
-- the extension's configuration table: only rows that it did not bring itself are dumped
INSERT INTO spatial_ref_sys (srid, auth_name, auth_srid, srtext) VALUES (990001, 'mine', 1, 'x; y');
\endif

CREATE EXTENSION postgres_fdw;
CREATE EXTENSION file_fdw;
CREATE SERVER remote FOREIGN DATA WRAPPER postgres_fdw
	OPTIONS (host '127.0.0.1', port '1', dbname E'it''s; odd', fetch_size '50');
CREATE SERVER "files; odd" FOREIGN DATA WRAPPER file_fdw;
CREATE USER MAPPING FOR app SERVER remote OPTIONS (user 'x', password 'it''s; secret');
CREATE USER MAPPING FOR PUBLIC SERVER remote;
CREATE FOREIGN TABLE far (id int OPTIONS (column_name 'ID'),
	t text) SERVER remote OPTIONS (table_name 'T;');
CREATE FOREIGN TABLE from_file (line text) SERVER "files; odd" OPTIONS (filename '/nonexistent',
	format 'text');
CREATE FOREIGN DATA WRAPPER handlerless OPTIONS (a 'b');
GRANT USAGE ON FOREIGN SERVER remote TO app;
COMMENT ON SERVER remote IS 'nobody answers there';
CREATE TABLE measured (at date, v int) PARTITION BY RANGE (at);
CREATE TABLE measured_here PARTITION OF measured FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE FOREIGN TABLE measured_there PARTITION OF measured FOR VALUES FROM ('2025-01-01') TO
	('2026-01-01')
	SERVER remote;
INSERT INTO measured VALUES ('2026-06-01', 1);

CREATE PUBLICATION everything FOR ALL TABLES WITH (publish = 'insert, update');
CREATE PUBLICATION "some; rows" FOR TABLE extended (c, h), refers WHERE (id > 0 AND lo <> 5),
	measured WITH (publish_via_partition_root);
CREATE PUBLICATION of_schema FOR TABLES IN SCHEMA public;
CREATE PUBLICATION nothing;
COMMENT ON PUBLICATION nothing IS 'empty';
CREATE SUBSCRIPTION "sub; odd" CONNECTION 'host=127.0.0.1 port=1 dbname=x password=''s;'''
	PUBLICATION a, "b c"
	WITH (connect = false, slot_name = NONE);

-- a prepared transaction, which no dump contains
CREATE TABLE prepared (i int);
INSERT INTO prepared VALUES (1);
BEGIN;
INSERT INTO prepared VALUES (2);
PREPARE TRANSACTION 'left open';
