-- Text that looks like something else, in COPY data and in definitions.
CREATE DATABASE "Text";
\c "Text"
CREATE TABLE lines (id int PRIMARY KEY, t text);
INSERT INTO lines VALUES
	(1, NULL), (2, ''), (3, '\N'), (4, '\\N'), (5, '\.'), (6, E'\\.\n'), (7, E'\n\\.\n'), (8,
		E'a\tb'),
	(9, E'\t'), (10, '\'), (11, '\\'), (12, '\\\'), (13, E'\r'), (14, E'\r\n'), (15,
		E'a\rb\nc\r\nd'),
	(16, E'\b\f\v\x01\x7f\x1b[31m'), (17, ' '), (18, E'trailing \\'), (19, 'NULL'), (20,
		'"quoted"'),
	(21, E'--\n-- PostgreSQL database dump complete\n--\n'),
	(22, E'--\n-- PostgreSQL database cluster dump complete\n--\n'),
	(23, E'--\n-- Name: lines; Type: TABLE; Schema: public; Owner: postgres\n--\n'),
	(24, E'COPY public.lines (id, t) FROM stdin;\n1\tx\n\\.\n'),
	(25, E'\\connect postgres\n\\! touch /tmp/pgmuster-was-here\n\\restrict x\n'),
	(26, E'$$ $tag$ '' " ; /* -- */'), (27, E'\u2028\u0085\u00a0\u200b\ufeff'), (28,
		'🐘 é ß ﷺ 数据'),
	(29, E'-- Database "x" dump'), (30, E'\x1a'), (31, '\x41'), (32, '\101'), (33,
		E'ends in newline\n');
INSERT INTO lines SELECT 100 + i, chr(i) FROM generate_series(1, 1023) i;
-- a first column that is the line's beginning
CREATE TABLE first_column (t text, i int);
INSERT INTO first_column SELECT t, id FROM lines;
CREATE TABLE one_column (t text);
INSERT INTO one_column SELECT t FROM lines;
INSERT INTO one_column VALUES ('--'), ('-- PostgreSQL database dump complete'), ('SELECT 1;'),
	('COPY public.one_column (t) FROM stdin;'), ('\connect x'), ('SET x = 1;');
-- comments and defaults with lines that look like the dump's own
CREATE TABLE defaults (
	a text DEFAULT
		E'line\n--\n-- Name: a; Type: TABLE; Schema: public; Owner: x\n--\n\nCREATE TABLE a ();\n',
	b text DEFAULT E'COPY public.x (a) FROM stdin;\n1\n\\.\n',
	c text DEFAULT E'\\connect "x"\n', d text DEFAULT 'semi;colon', e text DEFAULT E'it''s\\',
	f text DEFAULT '\', g text DEFAULT 'a' || '''' || ';' || $$;'$$,
		h text DEFAULT '/* not a comment',
	i text DEFAULT '-- not a comment', j text CHECK (j <> E';\n--' AND j !~ '[''";]'));
INSERT INTO defaults DEFAULT VALUES;
INSERT INTO defaults DEFAULT VALUES;
COMMENT ON TABLE defaults IS E'--\n-- PostgreSQL database dump complete\n--\n';
COMMENT ON COLUMN defaults.a IS E'\\.\n';
COMMENT ON DATABASE "Text" IS E'a; comment\n-- Databases\n';
