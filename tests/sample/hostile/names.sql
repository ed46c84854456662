-- Names of every kind: of databases (all but newlines, which no dump can hold), and in "Names" of
-- schemas, tables and columns.
CREATE DATABASE "Capital";
CREATE DATABASE "with space";
CREATE DATABASE " leading and trailing ";
CREATE DATABASE "it's ""quoted"".db=1";
CREATE DATABASE "dbname=template1 host=elsewhere";
CREATE DATABASE "postgresql://elsewhere/x";
CREATE DATABASE "-d";
CREATE DATABASE "back\slash\\";
CREATE DATABASE "semi;colon:variable $1 $$ %d `id`";
CREATE DATABASE "ünïcödé 数据库 🐘" OWNER "RÔLE ünïcode 役割";
CREATE DATABASE "tab	and ~/*?[a]";
CREATE DATABASE "select";
CREATE DATABASE "../up";
CREATE DATABASE empty_but_owned OWNER app;
CREATE DATABASE "sixty-three bytes 3456789012345678901234567890123456789012345678";

-- One row each, so that every database has something to count.
\c "Capital"
CREATE TABLE t AS SELECT 1 AS i;
\c "with space"
CREATE TABLE t AS SELECT 2 AS i;
\c " leading and trailing "
CREATE TABLE t AS SELECT 3 AS i;
\c -reuse-previous=on "dbname='it\'s ""quoted"".db=1'"
CREATE TABLE t AS SELECT 4 AS i;
\c -reuse-previous=on "dbname='dbname=template1 host=elsewhere'"
CREATE TABLE t AS SELECT 5 AS i;
\c -reuse-previous=on "dbname='postgresql://elsewhere/x'"
CREATE TABLE t AS SELECT 6 AS i;
\c "ünïcödé 数据库 🐘"
CREATE TABLE t AS SELECT 7 AS i;

CREATE DATABASE "Names" OWNER app;
\c "Names"
CREATE SCHEMA "Quoted Schema" AUTHORIZATION app;
CREATE SCHEMA "pg"";drop";
CREATE SCHEMA U&"new\000Aline schema";
CREATE SCHEMA "it's = odd. schéma";
CREATE TABLE "Quoted Schema"."Capital Table" ("Id" int PRIMARY KEY, "select" text, "a b" text);
INSERT INTO "Quoted Schema"."Capital Table" VALUES (1, 'x', 'y');
CREATE TABLE "pg"";drop"."ta""ble.with.dots" ("col""umn" text, "col,umn" text, "(col)" text);
INSERT INTO "pg"";drop"."ta""ble.with.dots" VALUES ('1', '2', '3');
CREATE TABLE U&"new\000Aline schema".U&"table\000A\\.\000ACOPY x FROM stdin;" (
	U&"column\000Awith newline" int,
	U&"column\000D\000Awith CRLF" text DEFAULT E'a\nb');
INSERT INTO U&"new\000Aline schema".U&"table\000A\\.\000ACOPY x FROM stdin;" VALUES (1), (2);
CREATE INDEX U&"index\000Awith newline"
	ON U&"new\000Aline schema".U&"table\000A\\.\000ACOPY x FROM stdin;"
		(U&"column\000Awith newline");
CREATE SEQUENCE U&"new\000Aline schema".U&"seq\000Auence" START 42;
SELECT nextval(U&'"new\000Aline schema"."seq\000Auence"');
CREATE TABLE "it's = odd. schéma"."tábla 表 🐘" ("colonne é" text, "列" int);
INSERT INTO "it's = odd. schéma"."tábla 表 🐘" VALUES ('é', 1);
CREATE TABLE "Name: x; Type: TABLE; Schema: y; Owner: z" (i int);
INSERT INTO "Name: x; Type: TABLE; Schema: y; Owner: z" VALUES (1), (2), (3);
CREATE TABLE U&"x\000A--\000A-- PostgreSQL database dump complete\000A--\000A" (i int);
INSERT INTO U&"x\000A--\000A-- PostgreSQL database dump complete\000A--\000A" VALUES (1);
CREATE TABLE "1 starts with a digit" (i int);
CREATE TABLE "--comment" ("/* comment" int);
INSERT INTO "--comment" VALUES (1);
CREATE TABLE "$$dollar$$" ("$1" int, "$tag$" text);
INSERT INTO "$$dollar$$" VALUES (1, '$tag$');
CREATE TABLE "back\slash\n" ("\." int, "\\" text);
INSERT INTO "back\slash\n" VALUES (1, '\\');
CREATE TABLE "stdin" ("from" int, "copy" int);
INSERT INTO "stdin" VALUES (1, 2);
-- the same name in two schemas, with other columns
CREATE TABLE twice (a int);
CREATE TABLE "Quoted Schema".twice (b text);
INSERT INTO twice VALUES (1);
INSERT INTO "Quoted Schema".twice VALUES ('one'), ('two');
COMMENT ON TABLE twice IS
	E'first line\n-- Name: not; Type: TABLE; Schema: a; Owner: header\n\\connect postgres\n;';
COMMENT ON COLUMN twice.a IS '''';
