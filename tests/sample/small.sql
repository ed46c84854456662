--
-- PostgreSQL database cluster dump
--

\restrict SMALL

SET default_transaction_read_only = off;

SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;

--
-- Roles
--

CREATE ROLE immich;
ALTER ROLE immich WITH NOSUPERUSER INHERIT NOCREATEROLE NOCREATEDB LOGIN NOREPLICATION NOBYPASSRLS;
CREATE ROLE postgres;
ALTER ROLE postgres WITH SUPERUSER INHERIT CREATEROLE CREATEDB LOGIN REPLICATION BYPASSRLS;
CREATE ROLE reader;
ALTER ROLE reader WITH NOSUPERUSER INHERIT NOCREATEROLE NOCREATEDB NOLOGIN NOREPLICATION NOBYPASSRLS;

--
-- User Configurations
--

--
-- User Config "immich"
--

ALTER ROLE immich SET search_path TO 'public', 'pg_catalog';


--
-- Role memberships
--

GRANT reader TO immich GRANTED BY postgres;




--
-- Tablespaces
--

CREATE TABLESPACE fast OWNER postgres LOCATION '/srv/fast';


\unrestrict SMALL

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

\restrict SMALL

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

\unrestrict SMALL

--
-- Database "immich" dump
--

--
-- PostgreSQL database dump
--

\restrict SMALL

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
-- Name: immich; Type: DATABASE; Schema: -; Owner: immich
--

CREATE DATABASE immich WITH TEMPLATE = template0 ENCODING = 'UTF8' LOCALE_PROVIDER = libc LOCALE = 'C';


ALTER DATABASE immich OWNER TO immich;

\unrestrict SMALL
\connect immich
\restrict SMALL

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
-- Name: immich; Type: DATABASE PROPERTIES; Schema: -; Owner: immich
--

ALTER DATABASE immich SET work_mem TO '8MB';


\unrestrict SMALL
\connect immich
\restrict SMALL

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
-- Name: pg_trgm; Type: EXTENSION; Schema: -; Owner: -
--

CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public;


--
-- Name: EXTENSION pg_trgm; Type: COMMENT; Schema: -; Owner: 
--

COMMENT ON EXTENSION pg_trgm IS 'text similarity measurement and index searching based on trigrams';


SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: albums; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.albums (
    id integer NOT NULL,
    title text
);


ALTER TABLE public.albums OWNER TO postgres;

--
-- Name: albums_id_seq; Type: SEQUENCE; Schema: public; Owner: postgres
--

ALTER TABLE public.albums ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.albums_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: assets; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.assets (
    id bigint NOT NULL,
    name text NOT NULL,
    taken timestamp with time zone,
    size numeric
);


ALTER TABLE public.assets OWNER TO postgres;

--
-- Name: TABLE assets; Type: COMMENT; Schema: public; Owner: postgres
--

COMMENT ON TABLE public.assets IS 'photos; and videos';


--
-- Name: assets_id_seq; Type: SEQUENCE; Schema: public; Owner: postgres
--

CREATE SEQUENCE public.assets_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


ALTER TABLE public.assets_id_seq OWNER TO postgres;

--
-- Name: assets_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: postgres
--

ALTER SEQUENCE public.assets_id_seq OWNED BY public.assets.id;


--
-- Name: empty; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.empty (
);


ALTER TABLE public.empty OWNER TO postgres;

--
-- Name: assets id; Type: DEFAULT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.assets ALTER COLUMN id SET DEFAULT nextval('public.assets_id_seq'::regclass);


--
-- Name: 4711; Type: BLOB; Schema: -; Owner: postgres
--

SELECT pg_catalog.lo_create('4711');


ALTER LARGE OBJECT 4711 OWNER TO postgres;

--
-- Name: 4712; Type: BLOB; Schema: -; Owner: postgres
--

SELECT pg_catalog.lo_create('4712');


ALTER LARGE OBJECT 4712 OWNER TO postgres;

--
-- Data for Name: albums; Type: TABLE DATA; Schema: public; Owner: postgres
--

COPY public.albums (id, title) FROM stdin;
1	Férias
2	\N
3	two\nlines
4	\\.
5	Férias
\.


--
-- Data for Name: assets; Type: TABLE DATA; Schema: public; Owner: postgres
--

COPY public.assets (id, name, taken, size) FROM stdin;
1	IMG_1.jpg	2026-11-21 02:31:01+00	1.25
2	IMG_2.jpg	2026-11-21 02:32:02+00	2.50
3	IMG_3.jpg	2026-11-21 02:33:03+00	3.75
4	IMG_4.jpg	2026-11-21 02:34:04+00	5.00
5	IMG_5.jpg	2026-11-21 02:35:05+00	6.25
6	IMG_6.jpg	2026-11-21 02:36:06+00	7.50
7	IMG_7.jpg\t	2026-11-21 02:37:07+00	8.75
8	IMG_8.jpg	2026-11-21 02:38:08+00	10.00
9	IMG_9.jpg	2026-11-21 02:39:09+00	11.25
10	IMG_10.jpg	2026-11-21 02:40:10+00	12.50
11	IMG_11.jpg	2026-11-21 02:41:11+00	13.75
12	IMG_12.jpg	2026-11-21 02:42:12+00	15.00
13	IMG_13.jpg	2026-11-21 02:43:13+00	16.25
14	IMG_14.jpg\t	2026-11-21 02:44:14+00	17.50
15	IMG_15.jpg	2026-11-21 02:45:15+00	18.75
16	IMG_16.jpg	2026-11-21 02:46:16+00	20.00
17	IMG_17.jpg	2026-11-21 02:47:17+00	21.25
18	IMG_18.jpg	2026-11-21 02:48:18+00	22.50
19	IMG_19.jpg	2026-11-21 02:49:19+00	23.75
20	IMG_20.jpg	2026-11-21 02:50:20+00	25.00
21	IMG_21.jpg\t	2026-11-21 02:51:21+00	26.25
22	IMG_22.jpg	2026-11-21 02:52:22+00	27.50
23	IMG_23.jpg	2026-11-21 02:53:23+00	28.75
24	IMG_24.jpg	2026-11-21 02:54:24+00	30.00
25	IMG_25.jpg	2026-11-21 02:55:25+00	31.25
26	IMG_26.jpg	2026-11-21 02:56:26+00	32.50
27	IMG_27.jpg	2026-11-21 02:57:27+00	33.75
28	IMG_28.jpg\t	2026-11-21 02:58:28+00	35.00
29	IMG_29.jpg	2026-11-21 02:59:29+00	36.25
30	IMG_30.jpg	2026-11-21 03:00:30+00	37.50
31	IMG_31.jpg	2026-11-21 03:01:31+00	38.75
32	IMG_32.jpg	2026-11-21 03:02:32+00	40.00
33	IMG_33.jpg	2026-11-21 03:03:33+00	41.25
34	IMG_34.jpg	2026-11-21 03:04:34+00	42.50
35	IMG_35.jpg\t	2026-11-21 03:05:35+00	43.75
36	IMG_36.jpg	2026-11-21 03:06:36+00	45.00
37	IMG_37.jpg	2026-11-21 03:07:37+00	46.25
38	IMG_38.jpg	2026-11-21 03:08:38+00	47.50
39	IMG_39.jpg	2026-11-21 03:09:39+00	48.75
40	IMG_40.jpg	2026-11-21 03:10:40+00	50.00
41	IMG_41.jpg	2026-11-21 03:11:41+00	51.25
42	IMG_42.jpg\t	2026-11-21 03:12:42+00	52.50
43	IMG_43.jpg	2026-11-21 03:13:43+00	53.75
44	IMG_44.jpg	2026-11-21 03:14:44+00	55.00
45	IMG_45.jpg	2026-11-21 03:15:45+00	56.25
46	IMG_46.jpg	2026-11-21 03:16:46+00	57.50
47	IMG_47.jpg	2026-11-21 03:17:47+00	58.75
48	IMG_48.jpg	2026-11-21 03:18:48+00	60.00
49	IMG_49.jpg\t	2026-11-21 03:19:49+00	61.25
50	IMG_50.jpg	2026-11-21 03:20:50+00	62.50
51	IMG_51.jpg	2026-11-21 03:21:51+00	63.75
52	IMG_52.jpg	2026-11-21 03:22:52+00	65.00
53	IMG_53.jpg	2026-11-21 03:23:53+00	66.25
54	IMG_54.jpg	2026-11-21 03:24:54+00	67.50
55	IMG_55.jpg	2026-11-21 03:25:55+00	68.75
56	IMG_56.jpg\t	2026-11-21 03:26:56+00	70.00
57	IMG_57.jpg	2026-11-21 03:27:57+00	71.25
58	IMG_58.jpg	2026-11-21 03:28:58+00	72.50
59	IMG_59.jpg	2026-11-21 03:29:59+00	73.75
60	IMG_60.jpg	2026-11-21 03:31:00+00	75.00
\.


--
-- Data for Name: empty; Type: TABLE DATA; Schema: public; Owner: postgres
--

COPY public.empty  FROM stdin;
\.


--
-- Name: albums_id_seq; Type: SEQUENCE SET; Schema: public; Owner: postgres
--

SELECT pg_catalog.setval('public.albums_id_seq', 5, true);


--
-- Name: assets_id_seq; Type: SEQUENCE SET; Schema: public; Owner: postgres
--

SELECT pg_catalog.setval('public.assets_id_seq', 60, true);


--
-- Data for Name: BLOBS; Type: BLOBS; Schema: -; Owner: -
--

BEGIN;

SELECT pg_catalog.lo_open('4711', 131072);
SELECT pg_catalog.lowrite(0, '\x00ff1000ff1000ff1000ff1000ff1000ff1000ff1000ff1000ff1000ff1000ff1000ff1000ff1000ff1000ff1000ff1000ff1000ff1000ff1000ff1000ff1000ff1000ff1000ff1000ff1000ff1000ff1000ff1000ff1000ff1000ff1000ff1000ff1000ff1000ff1000ff1000ff1000ff1000ff1000ff10');
SELECT pg_catalog.lo_close(0);

SELECT pg_catalog.lo_open('4712', 131072);
SELECT pg_catalog.lo_close(0);

COMMIT;

--
-- Name: assets assets_pkey; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.assets
    ADD CONSTRAINT assets_pkey PRIMARY KEY (id);


--
-- Name: assets_name; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX assets_name ON public.assets USING gin (name public.gin_trgm_ops);


--
-- Name: TABLE assets; Type: ACL; Schema: public; Owner: postgres
--

GRANT SELECT ON TABLE public.assets TO reader;


--
-- PostgreSQL database dump complete
--

\unrestrict SMALL

--
-- Database "it's odd" dump
--

--
-- PostgreSQL database dump
--

\restrict SMALL

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
-- Name: it's odd; Type: DATABASE; Schema: -; Owner: postgres
--

CREATE DATABASE "it's odd" WITH TEMPLATE = template0 ENCODING = 'UTF8' LOCALE_PROVIDER = libc LOCALE = 'C';


ALTER DATABASE "it's odd" OWNER TO postgres;

\unrestrict SMALL
\encoding SQL_ASCII
\connect -reuse-previous=on "dbname='it\'s odd'"
\restrict SMALL

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

SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: T 1; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public."T 1" (
    k integer NOT NULL,
    v text
);


ALTER TABLE public."T 1" OWNER TO postgres;

--
-- Data for Name: T 1; Type: TABLE DATA; Schema: public; Owner: postgres
--

COPY public."T 1" (k, v) FROM stdin;
1	one
2	--
3	Name: x; Type: TABLE
\.


--
-- Name: T 1 T 1_pkey; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public."T 1"
    ADD CONSTRAINT "T 1_pkey" PRIMARY KEY (k);


--
-- PostgreSQL database dump complete
--

\unrestrict SMALL

--
-- Database "postgres" dump
--

\connect postgres

--
-- PostgreSQL database dump
--

\restrict SMALL

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

\unrestrict SMALL

--
-- PostgreSQL database cluster dump complete
--

