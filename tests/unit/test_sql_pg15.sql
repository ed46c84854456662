--
-- PostgreSQL database cluster dump
--

\restrict k15

SET default_transaction_read_only = off;

SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;

--
-- Roles
--

CREATE ROLE "Bob; ""x""";
ALTER ROLE "Bob; ""x""" WITH NOSUPERUSER INHERIT NOCREATEROLE NOCREATEDB LOGIN NOREPLICATION NOBYPASSRLS;
CREATE ROLE alice;
ALTER ROLE alice WITH NOSUPERUSER INHERIT NOCREATEROLE NOCREATEDB LOGIN NOREPLICATION NOBYPASSRLS PASSWORD 'SCRAM-SHA-256$4096:56gYFr0vDKUa4BjqVGRQQA==$3n3vZe+9Wyd4jZ3cw8EtvsFhBUJ15Rm+yob3K08rn/w=:8vG3HvMEG5I4jBkFhxSr6YxVGDZVot684J+eOpNZf6k=';
COMMENT ON ROLE alice IS 'PASSWORD ''x''; CREATE ROLE evil;
--
-- Database "fake" dump
--
';
CREATE ROLE postgres;
ALTER ROLE postgres WITH SUPERUSER INHERIT CREATEROLE CREATEDB LOGIN REPLICATION BYPASSRLS;

--
-- User Configurations
--

--
-- User Config "alice"
--

ALTER ROLE alice SET work_mem TO '8MB';


--
-- Role memberships
--

GRANT alice TO "Bob; ""x""" GRANTED BY postgres;




--
-- Tablespaces
--

CREATE TABLESPACE ts1 OWNER postgres LOCATION 'pg_tblspc/16386';


\unrestrict k15

--
-- Databases
--

--
-- Database "template1" dump
--

\connect template1

--
-- PostgreSQL database dump
--

\restrict k15

-- Dumped from database version 15.20 (Debian 15.20-0+deb12u1)
-- Dumped by pg_dump version 15.20 (Debian 15.20-0+deb12u1)

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- PostgreSQL database dump complete
--

\unrestrict k15

--
-- Database "app" dump
--

--
-- PostgreSQL database dump
--

\restrict k15

-- Dumped from database version 15.20 (Debian 15.20-0+deb12u1)
-- Dumped by pg_dump version 15.20 (Debian 15.20-0+deb12u1)

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: app; Type: DATABASE; Schema: -; Owner: postgres
--

CREATE DATABASE app WITH TEMPLATE = template0 ENCODING = 'UTF8' LOCALE_PROVIDER = libc LOCALE = 'C';


ALTER DATABASE app OWNER TO postgres;

\unrestrict k15
\connect app
\restrict k15

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: app; Type: DATABASE PROPERTIES; Schema: -; Owner: postgres
--

ALTER DATABASE app SET work_mem TO '9MB';


\unrestrict k15
\connect app
\restrict k15

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: Odd.Schema; Type: SCHEMA; Schema: -; Owner: postgres
--

CREATE SCHEMA "Odd.Schema";


ALTER SCHEMA "Odd.Schema" OWNER TO postgres;

--
-- Name: hstore; Type: EXTENSION; Schema: -; Owner: -
--

CREATE EXTENSION IF NOT EXISTS hstore WITH SCHEMA public;


--
-- Name: EXTENSION hstore; Type: COMMENT; Schema: -; Owner: 
--

COMMENT ON EXTENSION hstore IS 'data type for storing sets of (key, value) pairs';


--
-- Name: uuid-ossp; Type: EXTENSION; Schema: -; Owner: -
--

CREATE EXTENSION IF NOT EXISTS "uuid-ossp" WITH SCHEMA public;


--
-- Name: EXTENSION "uuid-ossp"; Type: COMMENT; Schema: -; Owner: 
--

COMMENT ON EXTENSION "uuid-ossp" IS 'generate universally unique identifiers (UUIDs)';


--
-- Name: f_atomic(integer); Type: FUNCTION; Schema: public; Owner: postgres
--

CREATE FUNCTION public.f_atomic(x integer) RETURNS integer
    LANGUAGE sql
    BEGIN ATOMIC
 SELECT
         CASE
             WHEN (x > 1) THEN 1
             ELSE 2
         END AS "case";
 SELECT (x + 1);
END;


ALTER FUNCTION public.f_atomic(x integer) OWNER TO postgres;

--
-- Name: f_dollar(); Type: FUNCTION; Schema: public; Owner: postgres
--

CREATE FUNCTION public.f_dollar() RETURNS text
    LANGUAGE plpgsql
    AS $_$
BEGIN
--
-- Name: fake; Type: TABLE; Schema: public; Owner: x
--
  RETURN $q$ ; COPY x FROM stdin;
\.
$q$;
END $_$;


ALTER FUNCTION public.f_dollar() OWNER TO postgres;

--
-- Name: Seq'q"x; Type: SEQUENCE; Schema: Odd.Schema; Owner: postgres
--

CREATE SEQUENCE "Odd.Schema"."Seq'q""x"
    START WITH -5
    INCREMENT BY -1
    MINVALUE -100
    MAXVALUE 100
    CACHE 1;


ALTER TABLE "Odd.Schema"."Seq'q""x" OWNER TO postgres;

SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: T a"b; Type: TABLE; Schema: foo; Type: TABLE; Schema: Odd.Schema; Owner: postgres
--

CREATE TABLE "Odd.Schema"."T a""b; Type: TABLE; Schema: foo" (
    "c 1" integer,
    "c""2" text,
    "c,3)" text,
    "(x" text
);


ALTER TABLE "Odd.Schema"."T a""b; Type: TABLE; Schema: foo" OWNER TO postgres;

--
-- Name: called; Type: SEQUENCE; Schema: public; Owner: postgres
--

CREATE SEQUENCE public.called
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


ALTER TABLE public.called OWNER TO postgres;

--
-- Name: empty; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.empty (
    t text
);


ALTER TABLE public.empty OWNER TO postgres;

--
-- Name: fk; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.fk (
    a integer
);


ALTER TABLE public.fk OWNER TO postgres;

--
-- Name: gen; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.gen (
    id integer NOT NULL,
    a integer,
    b integer GENERATED ALWAYS AS ((a * 2)) STORED
);


ALTER TABLE public.gen OWNER TO postgres;

--
-- Name: TABLE gen; Type: COMMENT; Schema: public; Owner: postgres
--

COMMENT ON TABLE public.gen IS 'com''ment
--
-- Data for Name: gen; Type: TABLE DATA; Schema: public; Owner: postgres
--
COPY public.gen (a) FROM stdin;
';


--
-- Name: COLUMN gen.a; Type: COMMENT; Schema: public; Owner: postgres
--

COMMENT ON COLUMN public.gen.a IS 'ends with backslash \';


--
-- Name: gen_id_seq; Type: SEQUENCE; Schema: public; Owner: postgres
--

CREATE SEQUENCE public.gen_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


ALTER TABLE public.gen_id_seq OWNER TO postgres;

--
-- Name: gen_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: postgres
--

ALTER SEQUENCE public.gen_id_seq OWNED BY public.gen.id;


SET default_tablespace = ts1;

--
-- Name: in_ts; Type: TABLE; Schema: public; Owner: postgres; Tablespace: ts1
--

CREATE TABLE public.in_ts (
    a integer NOT NULL
);


ALTER TABLE public.in_ts OWNER TO postgres;

SET default_tablespace = '';

--
-- Name: mv; Type: MATERIALIZED VIEW; Schema: public; Owner: postgres
--

CREATE MATERIALIZED VIEW public.mv AS
 SELECT gen.id,
    gen.a,
    gen.b
   FROM public.gen
  WITH NO DATA;


ALTER TABLE public.mv OWNER TO postgres;

--
-- Name: new line; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public."new
line" (
    "a
b" text
);


ALTER TABLE public."new
line" OWNER TO postgres;

--
-- Name: parted; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.parted (
    a integer,
    b text
)
PARTITION BY RANGE (a);


ALTER TABLE public.parted OWNER TO postgres;

--
-- Name: parted_1; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.parted_1 (
    a integer,
    b text
);


ALTER TABLE public.parted_1 OWNER TO postgres;

--
-- Name: select; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public."select" (
    "from" text DEFAULT 'x;y'::text,
    stdin integer
);


ALTER TABLE public."select" OWNER TO postgres;

--
-- Name: twice; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.twice (
    t text
);


ALTER TABLE public.twice OWNER TO postgres;

--
-- Name: v; Type: VIEW; Schema: public; Owner: postgres
--

CREATE VIEW public.v AS
 SELECT 'a;b'::text AS x,
    'ab'';'::text AS y;


ALTER TABLE public.v OWNER TO postgres;

--
-- Name: zero_col; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.zero_col (
);


ALTER TABLE public.zero_col OWNER TO postgres;

--
-- Name: parted_1; Type: TABLE ATTACH; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.parted ATTACH PARTITION public.parted_1 FOR VALUES FROM (0) TO (10);


--
-- Name: gen id; Type: DEFAULT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.gen ALTER COLUMN id SET DEFAULT nextval('public.gen_id_seq'::regclass);


--
-- Name: 10001; Type: BLOB; Schema: -; Owner: postgres
--

SELECT pg_catalog.lo_create('10001');


ALTER LARGE OBJECT 10001 OWNER TO postgres;

--
-- Name: 10002; Type: BLOB; Schema: -; Owner: postgres
--

SELECT pg_catalog.lo_create('10002');


ALTER LARGE OBJECT 10002 OWNER TO postgres;

--
-- Name: 10003; Type: BLOB; Schema: -; Owner: postgres
--

SELECT pg_catalog.lo_create('10003');


ALTER LARGE OBJECT 10003 OWNER TO postgres;

--
-- Data for Name: T a"b; Type: TABLE; Schema: foo; Type: TABLE DATA; Schema: Odd.Schema; Owner: postgres
--

COPY "Odd.Schema"."T a""b; Type: TABLE; Schema: foo" ("c 1", "c""2", "c,3)", "(x") FROM stdin;
1	a\nb\tc\\.	\\.	\\.\n-- Database "x" dump
2	\N		
\.


--
-- Data for Name: empty; Type: TABLE DATA; Schema: public; Owner: postgres
--

COPY public.empty (t) FROM stdin;
\.


--
-- Data for Name: fk; Type: TABLE DATA; Schema: public; Owner: postgres
--

COPY public.fk (a) FROM stdin;
\.


--
-- Data for Name: gen; Type: TABLE DATA; Schema: public; Owner: postgres
--

COPY public.gen (id, a) FROM stdin;
1	1
2	2
3	3
4	4
5	5
\.


--
-- Data for Name: in_ts; Type: TABLE DATA; Schema: public; Owner: postgres
--

COPY public.in_ts (a) FROM stdin;
\.


--
-- Data for Name: new line; Type: TABLE DATA; Schema: public; Owner: postgres
--

COPY public."new
line" ("a
b") FROM stdin;
\\.

-- x
\.


--
-- Data for Name: parted_1; Type: TABLE DATA; Schema: public; Owner: postgres
--

COPY public.parted_1 (a, b) FROM stdin;
1	x
\.


--
-- Data for Name: select; Type: TABLE DATA; Schema: public; Owner: postgres
--

COPY public."select" ("from", stdin) FROM stdin;
copy x from stdin;	1
\.


--
-- Data for Name: twice; Type: TABLE DATA; Schema: public; Owner: postgres
--

COPY public.twice (t) FROM stdin;
same
same
übung
\.


--
-- Data for Name: zero_col; Type: TABLE DATA; Schema: public; Owner: postgres
--

COPY public.zero_col  FROM stdin;


\.


--
-- Name: Seq'q"x; Type: SEQUENCE SET; Schema: Odd.Schema; Owner: postgres
--

SELECT pg_catalog.setval('"Odd.Schema"."Seq''q""x"', -5, false);


--
-- Name: called; Type: SEQUENCE SET; Schema: public; Owner: postgres
--

SELECT pg_catalog.setval('public.called', 1, true);


--
-- Name: gen_id_seq; Type: SEQUENCE SET; Schema: public; Owner: postgres
--

SELECT pg_catalog.setval('public.gen_id_seq', 5, true);


--
-- Data for Name: BLOBS; Type: BLOBS; Schema: -; Owner: -
--

BEGIN;

SELECT pg_catalog.lo_open('10001', 131072);
SELECT pg_catalog.lowrite(0, '\x010203');
SELECT pg_catalog.lo_close(0);

SELECT pg_catalog.lo_open('10002', 131072);
SELECT pg_catalog.lo_close(0);

SELECT pg_catalog.lo_open('10003', 131072);
SELECT pg_catalog.lowrite(0, '\xabababababababababababababababababababababababababababababababababababababababab');
SELECT pg_catalog.lo_close(0);

COMMIT;

--
-- Name: gen gen_pkey; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.gen
    ADD CONSTRAINT gen_pkey PRIMARY KEY (id);


--
-- Name: in_ts in_ts_pkey; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.in_ts
    ADD CONSTRAINT in_ts_pkey PRIMARY KEY (a);


SET default_tablespace = ts1;

--
-- Name: gen_a; Type: INDEX; Schema: public; Owner: postgres; Tablespace: ts1
--

CREATE INDEX gen_a ON public.gen USING btree (a);


--
-- Name: twice r; Type: RULE; Schema: public; Owner: postgres
--

CREATE RULE r AS
    ON INSERT TO public.twice DO ( INSERT INTO public.gen (a)
  VALUES (1);
 INSERT INTO public.gen (a)
  VALUES (2);
);


--
-- Name: fk fk_a_fkey; Type: FK CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.fk
    ADD CONSTRAINT fk_a_fkey FOREIGN KEY (a) REFERENCES public.gen(id);


--
-- Name: DATABASE app; Type: ACL; Schema: -; Owner: postgres
--

GRANT CONNECT ON DATABASE app TO alice;


--
-- Name: TABLE gen; Type: ACL; Schema: public; Owner: postgres
--

GRANT SELECT ON TABLE public.gen TO alice;


--
-- Name: mv; Type: MATERIALIZED VIEW DATA; Schema: public; Owner: postgres
--

REFRESH MATERIALIZED VIEW public.mv;


--
-- PostgreSQL database dump complete
--

\unrestrict k15

--
-- Database "postgres" dump
--

\connect postgres

--
-- PostgreSQL database dump
--

\restrict k15

-- Dumped from database version 15.20 (Debian 15.20-0+deb12u1)
-- Dumped by pg_dump version 15.20 (Debian 15.20-0+deb12u1)

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- PostgreSQL database dump complete
--

\unrestrict k15

--
-- Database "we"ird; 'X'" dump
--

--
-- PostgreSQL database dump
--

\restrict k15

-- Dumped from database version 15.20 (Debian 15.20-0+deb12u1)
-- Dumped by pg_dump version 15.20 (Debian 15.20-0+deb12u1)

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'SQL_ASCII';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: we"ird; 'X'; Type: DATABASE; Schema: -; Owner: postgres
--

CREATE DATABASE "we""ird; 'X'" WITH TEMPLATE = template0 ENCODING = 'SQL_ASCII' LOCALE_PROVIDER = libc LOCALE = 'C';


ALTER DATABASE "we""ird; 'X'" OWNER TO postgres;

\unrestrict k15
\encoding SQL_ASCII
\connect -reuse-previous=on "dbname='we""ird; \'X\''"
\restrict k15

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'SQL_ASCII';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- PostgreSQL database dump complete
--

\unrestrict k15

--
-- PostgreSQL database cluster dump complete
--

