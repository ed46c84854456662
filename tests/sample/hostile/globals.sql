-- Roles, memberships, passwords, settings of roles, tablespaces, and what pg_dumpall says of
-- databases. Role settings that would change what a dump or a restore sees come in settings.sql.
CREATE ROLE app LOGIN PASSWORD 'correct horse; battery ''staple'' \ "quoted"' CONNECTION LIMIT 20;
CREATE ROLE reader NOLOGIN;
CREATE ROLE "Odd Role; DROP TABLE x; --" LOGIN PASSWORD 'pw' VALID UNTIL '2038-01-19 03:14:07+00';
CREATE ROLE "it's ""quoted"".role=1" NOLOGIN CREATEDB CREATEROLE;
CREATE ROLE "RÔLE ünïcode 役割" LOGIN REPLICATION BYPASSRLS;
CREATE ROLE "back\slash $user $$ %s" NOLOGIN NOINHERIT;
CREATE ROLE second_superuser SUPERUSER LOGIN;
CREATE ROLE md5_user LOGIN PASSWORD 'md5a3556571e93b0d20722ba62be61e8c2d';
COMMENT ON ROLE app IS E'a comment with ''quotes'', a newline\nand \\backslash';

GRANT reader TO app WITH ADMIN OPTION;
GRANT app TO "Odd Role; DROP TABLE x; --";
GRANT "RÔLE ünïcode 役割" TO "it's ""quoted"".role=1";
GRANT pg_read_all_data TO reader;
\if :pg16
GRANT reader TO md5_user WITH INHERIT FALSE, SET TRUE;
\endif

ALTER ROLE app SET search_path = 'app, odd', public, "Quoted Schema";
ALTER ROLE app SET statement_timeout = '5s';
ALTER ROLE app SET application_name = E'it''s \\ "odd"';
ALTER ROLE "Odd Role; DROP TABLE x; --" SET "DateStyle" = 'SQL, DMY';
ALTER ROLE "RÔLE ünïcode 役割" SET "TimeZone" = 'Asia/Kathmandu';
ALTER ROLE reader SET default_transaction_read_only = on;
ALTER ROLE reader SET "my.custom" = 'a custom setting';

\set one :tablespaces /1
\set two :tablespaces /2
CREATE TABLESPACE fast OWNER app LOCATION :'one';
CREATE TABLESPACE "Odd Space ''""" LOCATION :'two';
ALTER TABLESPACE fast SET (random_page_cost = 1.1, seq_page_cost = 0.9);
GRANT CREATE ON TABLESPACE fast TO reader;
COMMENT ON TABLESPACE fast IS 'a comment';
