-- Functions, procedures, aggregates, operators, triggers, event triggers.
CREATE DATABASE "Code";
\c "Code"
CREATE TABLE log (id serial PRIMARY KEY, what text);
CREATE TABLE watched (id int PRIMARY KEY, t text);
CREATE FUNCTION nested_dollars() RETURNS text LANGUAGE plpgsql AS $outer$
DECLARE
	x text := $$a 'quoted' string; with $tag$ inside$$;
BEGIN
	-- a comment; with a semicolon, a ' quote and $$ dollars $$
	/* a block comment; /* nested */ ' */
	EXECUTE $inner$ SELECT $$;$$ $inner$ INTO x;
	RETURN x || ';' || E'\'' || '\' || $$\.$$;
END
$outer$;
CREATE FUNCTION looks_like_copy() RETURNS text LANGUAGE sql AS $_$
SELECT 'COPY public.log (id, what) FROM stdin;
1	x
\.
'::text;
--
-- Name: fake; Type: TABLE; Schema: public; Owner: postgres
--
SELECT $$
\connect postgres
--
-- PostgreSQL database dump complete
--
$$::text;
$_$;
CREATE FUNCTION single_quoted(a int, "B b" text DEFAULT ';') RETURNS int LANGUAGE sql
	AS 'SELECT length(''it''''s; '' || "B b") + a';
CREATE FUNCTION atomic_body(a int) RETURNS text LANGUAGE sql
BEGIN ATOMIC
	INSERT INTO log (what) VALUES ('called; ' || a);
	SELECT CASE WHEN a > 0 THEN 'positive; ' WHEN a < 0 THEN CASE a WHEN -1 THEN 'minus one'
		ELSE 'negative' END
		ELSE E'ze''ro;' END;
END;
CREATE PROCEDURE atomic_procedure(INOUT n int) LANGUAGE sql
BEGIN ATOMIC
	SELECT (SELECT count(*) FROM log WHERE CASE WHEN id > 5 THEN true ELSE false END)::int;
END;
CREATE FUNCTION expression_body(a int, b int = 2) RETURNS int IMMUTABLE PARALLEL SAFE RETURN a + b
	* 2;
CREATE FUNCTION "it's; odd"(VARIADIC "x y" text[]) RETURNS TABLE (a text, "b;c" int) LANGUAGE sql
	STABLE STRICT SECURITY DEFINER COST 5 ROWS 7 SET search_path = pg_catalog,
		"x;y" SET work_mem = '8MB'
	AS $$ SELECT unnest($1), 1 $$;
CREATE PROCEDURE commits() LANGUAGE plpgsql AS
	$$ BEGIN INSERT INTO log (what) VALUES ('x'); COMMIT; END $$;
CREATE FUNCTION overloaded(int) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION overloaded(text) RETURNS int LANGUAGE sql AS 'SELECT 2';
COMMENT ON FUNCTION overloaded(int) IS 'the first;';
REVOKE EXECUTE ON FUNCTION overloaded(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION "it's; odd"(text[]) TO app;
-- refers to a table that is made later, and to nothing at all
SET check_function_bodies = off;
CREATE FUNCTION refers_later() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM zz_later';
CREATE FUNCTION refers_to_nothing() RETURNS int LANGUAGE sql AS 'SELECT x FROM nowhere';
RESET check_function_bodies;
CREATE TABLE zz_later (i int DEFAULT expression_body(1), CHECK (expression_body(i) > 0));
INSERT INTO zz_later VALUES (DEFAULT), (5);
CREATE INDEX ON zz_later (expression_body(i));

CREATE AGGREGATE concat_all(text) (SFUNC = textcat, STYPE = text, INITCOND = ';');
CREATE AGGREGATE my_percentile(float8 ORDER BY anyelement) (
	SFUNC = ordered_set_transition, STYPE = internal, FINALFUNC = percentile_disc_final,
		FINALFUNC_EXTRA);
CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq, COMMUTATOR = ===, HASHES);
CREATE OPERATOR CLASS odd_int_ops FOR TYPE int USING btree AS
	OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >,
		FUNCTION 1 btint4cmp(int, int);
CREATE CAST (text AS int[]) WITH INOUT AS ASSIGNMENT;
CREATE TYPE shell_only;
CREATE CONVERSION my_conversion FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;
CREATE TEXT SEARCH DICTIONARY my_dictionary (TEMPLATE = simple, stopwords = 'english');
CREATE TEXT SEARCH CONFIGURATION my_search (COPY = simple);
ALTER TEXT SEARCH CONFIGURATION my_search ALTER MAPPING FOR word, asciiword WITH my_dictionary,
	simple;
CREATE ACCESS METHOD my_heap TYPE TABLE HANDLER heap_tableam_handler;
CREATE TABLE on_my_heap (i int) USING my_heap;
INSERT INTO on_my_heap VALUES (1);

-- triggers: rows that a restore must not see changed
CREATE FUNCTION changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	NEW.t := 'changed by trigger';
	INSERT INTO log (what) VALUES (TG_NAME);
	RETURN NEW;
END $$;
INSERT INTO watched SELECT i, 'original ' || i FROM generate_series(1, 10) i;
CREATE TRIGGER "a; trigger" BEFORE INSERT OR UPDATE OF t ON watched FOR EACH ROW
	WHEN (NEW.t IS DISTINCT FROM ';') EXECUTE FUNCTION changes('arg;', 'it''s');
CREATE TRIGGER always BEFORE INSERT ON watched FOR EACH ROW EXECUTE FUNCTION changes();
ALTER TABLE watched ENABLE ALWAYS TRIGGER always;
CREATE TRIGGER off BEFORE INSERT ON watched FOR EACH ROW EXECUTE FUNCTION changes();
ALTER TABLE watched DISABLE TRIGGER off;
CREATE FUNCTION after_all() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM 1; RETURN NULL; END';
CREATE TRIGGER statements AFTER INSERT ON watched REFERENCING NEW TABLE AS fresh
	FOR EACH STATEMENT EXECUTE FUNCTION after_all();
CREATE CONSTRAINT TRIGGER later AFTER INSERT ON watched DEFERRABLE INITIALLY DEFERRED
	FOR EACH ROW EXECUTE FUNCTION after_all();
CREATE VIEW writable AS SELECT id, t FROM watched;
CREATE TRIGGER instead INSTEAD OF INSERT ON writable FOR EACH ROW EXECUTE FUNCTION changes();

CREATE FUNCTION on_ddl() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO public.log (what) VALUES (TG_EVENT || ' ' || TG_TAG);
END $$;
CREATE EVENT TRIGGER logs_ddl ON ddl_command_end WHEN TAG IN ('CREATE TABLE', 'ALTER TABLE')
	EXECUTE FUNCTION on_ddl();
CREATE EVENT TRIGGER "off; trigger" ON sql_drop EXECUTE FUNCTION on_ddl();
ALTER EVENT TRIGGER "off; trigger" DISABLE;
COMMENT ON EVENT TRIGGER logs_ddl IS 'fires during a restore, too';
COMMENT ON TRIGGER always ON watched IS E'a;\n--';
