#include "unit/test_sql_rolls.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define BEGINS "--\n-- PostgreSQL database dump\n--\n\n"
#define ENDS "--\n-- PostgreSQL database dump complete\n--\n\n"
#define HEADER(what, type, schema)                                                                 \
	"--\n-- " what "; Type: " type "; Schema: " schema "; Owner: o\n--\n\n"
#define TABLE(name)                                                                                \
	HEADER("Name: " name, "TABLE", "public") "CREATE TABLE public." name " (\n);\n\n"

#define SET(what, value) "SET default_" what " = " value ";\n\n"

static const struct follow_options listed = {.entries = true};

Test(sql_frame, the_message_says_where_the_dump_ends)
{
	static const struct {
		const char *until, *message;
	} rows[] = {
	    {"CREATE ROLE alice;\n", "the closing comment of pg_dumpall is missing"},
	    {"CREATE ROLE ali",
	     "the dump ends inside the globals: the text ends inside a statement"},
	    {"CREATE SCHEMA \"Odd.Schema\";\n", "the dump ends inside database app, in SCHEMA "
						"Odd.Schema: the closing comment of pg_dump is "
						"missing"},
	    {"FROM stdin;\nsame\nsa",
	     "the dump ends inside database app, in the data of table public.twice"},
	    {"lo_open('10002', 131072);\n",
	     "the dump ends inside database app, in large object 10002"},
	    {"\\connect postgres\n",
	     "database postgres: the closing comment of pg_dump is missing"},
	};
	size_t len;
	CLEANUP(freep) char *text = sample_dump("test_sql_pg15.sql", &len);

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CLEANUP(freep) char *copy = xstrdup(text);
		char *found = strstr(copy, rows[i].until);

		cr_assert(found, "%s", rows[i].until);
		found[strlen(rows[i].until)] = '\0';
		follow_refused(copy, &(struct follow_options){0}, rows[i].message);
	}
	follow_refused("", &(struct follow_options){0},
		       "this is not the output of pg_dumpall or pg_dump");
	follow_refused("\n-- x\n", &(struct follow_options){0}, "this is not the output");
	follow_refused("select 1;\n", &(struct follow_options){0},
		       "closing comment of pg_dump is missing");
}

Test(sql_frame, a_lone_pg_dump_is_a_database)
{
	struct roll r;

	follow_ok(BEGINS "\\connect app\n" TABLE("t") ENDS, &listed, &r);
	cr_expect(r.complete);
	cr_assert_eq(r.database_count, 1);
	cr_expect_str_eq(r.databases[0].name, "app");
	cr_expect(r.databases[0].complete);
	cr_expect_eq(r.databases[0].range.end, r.bytes);
	cr_expect_eq(r.globals.at, r.globals.end);
	roll_stop(&r);

	follow_ok(BEGINS "\\connect app\n" ENDS, &(struct follow_options){.database = "given"}, &r);
	cr_expect_str_eq(r.databases[0].name, "app");
	roll_stop(&r);

	follow_ok(BEGINS ENDS, &(struct follow_options){.database = "given"}, &r);
	cr_expect_str_eq(r.databases[0].name, "given");
	roll_stop(&r);

	follow_ok(BEGINS "\\connect app\n\\connect other\n" ENDS, &listed, &r);
	cr_expect_str_eq(r.databases[0].name, "app");
	roll_stop(&r);

	follow_ok(BEGINS ENDS, &listed, &r);
	cr_expect_str_eq(r.databases[0].name, "");
	roll_stop(&r);

	follow_ok(BEGINS "\\connect -reuse-previous=on \"dbname='a\\'\"\"b'\"\n" ENDS, &listed, &r);
	cr_expect_str_eq(r.databases[0].name, "a'\"b");
	roll_stop(&r);
}

Test(sql_frame, windows_line_ends_are_understood)
{
	struct roll r;

	follow_ok(
	    "--\r\n-- PostgreSQL database dump\r\n--\r\n\r\nCOPY a.t (x) FROM stdin;\r\n1\n\\.\r\n"
	    "--\r\n-- PostgreSQL database dump complete\r\n--\r\n",
	    &listed, &r);
	cr_assert_eq(r.database_count, 1);
	cr_expect_eq(roll_rows(&r.databases[0]), 1);
	roll_stop(&r);
}

Test(sql_frame, a_part_may_be_one_table)
{
	struct follow_options o = {.part = true, .at = 1000, .database = "app"};
	struct roll r;

	follow_ok("COPY t FROM stdin;\n1\n2\n\\.\n", &o, &r);
	cr_assert_eq(r.database_count, 1);
	cr_expect_str_eq(r.databases[0].name, "app");
	cr_expect_str_eq(r.databases[0].tables[0].schema, "");
	cr_expect_eq(r.databases[0].tables[0].range.at, 1000);
	cr_expect_eq(r.databases[0].tables[0].range.end, 1000 + r.bytes);
	cr_expect_eq(r.databases[0].tables[0].rows, 2);
	roll_stop(&r);
	follow_ok("", &o, &r);
	roll_stop(&r);
	follow_refused("COPY t FROM stdin;\n1\n2\n", &o, "in the data of table");
}

Test(sql_frame, headers_without_their_lines_are_no_headers)
{
	struct roll r;

	follow_ok(BEGINS "-- Database \"x\" dump\n\n-- Name: a; Type: TABLE; Schema: b; Owner: c\n"
			 "--\n\n-- PostgreSQL database cluster dump complete\n\n" ENDS,
		  &listed, &r);
	cr_expect_eq(r.database_count, 1);
	cr_expect_eq(r.databases[0].entry_count, 0);
	roll_stop(&r);
}

Test(sql_frame, what_no_dump_has_is_refused)
{
	static const struct {
		const char *text, *message;
	} rows[] = {
	    {"\\! rm -r\n", "backslash command \\!"},
	    {"\\connect \"host=x\"\n", "\\connect to something else"},
	    {"COPY 1 FROM stdin;\n\\.\n", "COPY at byte 35, line 5, of no table"},
	    {"SELECT pg_catalog.setval('a', x, true);",
	     "setval at byte 35, line 5, of no sequence"},
	    {"SELECT pg_catalog.setval('a', 99999999999999999999, true);", "of no sequence"},
	    {"SELECT pg_catalog.setval('a', 1, maybe);", "of no sequence"},
	    {"SELECT pg_catalog.setval('', 1, true);", "of no sequence"},
	    {"SELECT pg_catalog.lo_open('x', 1);", "lo_open without an oid"},
	    {"SELECT pg_catalog.lo_open('1', 1);SELECT pg_catalog.lo_open('2', 1);",
	     "lo_open while another is open"},
	    {"SELECT pg_catalog.lo_close(0);", "lo_close without lo_open"},
	    {"SELECT pg_catalog.lowrite(0, '\\x01');", "lowrite without lo_open"},
	    {"SELECT pg_catalog.lo_open('1', 1);SELECT pg_catalog.lowrite(0, '\\x0');",
	     "large object statement at byte 69: not written in hexadecimal"},
	    {"SELECT pg_catalog.lo_open('1', 1);SELECT pg_catalog.lowrite(0, '\\x0A');",
	     "not written in hexadecimal"},
	    {"SELECT pg_catalog.lo_open('1', 1);SELECT pg_catalog.lowrite(0, 'abc');",
	     "not written in hexadecimal"},
	    {"--\n-- PostgreSQL database cluster dump\n--\n",
	     "another pg_dumpall begins at byte 35"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CLEANUP(freep) char *text = xasprintf(BEGINS "%s\n" ENDS, rows[i].text);

		follow_refused(text, &listed, rows[i].message);
	}
}

Test(sql_frame, a_wrong_unrestrict_is_none)
{
	struct roll r;

	follow_ok(BEGINS "\\restrict a\n" ENDS "\\unrestrict a\n", &listed, &r);
	roll_stop(&r);
	follow_refused(BEGINS "\\restrict a\n" ENDS "\\unrestrict b\n", &listed,
		       "before its last \\unrestrict");
}

/* Text that an entry's fingerprint must not depend on: the neighbours. */
Test(sql_frame, an_entry_does_not_depend_on_its_neighbours)
{
	static const char *const texts[] = {
	    BEGINS SET("tablespace", "''") SET("table_access_method", "heap") TABLE("t")
		SET("tablespace", "ts") TABLE("u") ENDS,
	    BEGINS SET("tablespace", "ts") SET("table_access_method", "heap") TABLE("u")
		SET("tablespace", "''") TABLE("t") ENDS,
	    BEGINS SET("tablespace", "''") TABLE("t") TABLE("u") ENDS,
	};
	struct roll r[3];

	for (size_t i = 0; i < 3; i++) {
		follow_ok(texts[i], &listed, &r[i]);
		cr_assert_eq(r[i].databases[0].entry_count, 2);
	}
	for (size_t i = 1; i < 3; i++)
		for (size_t t = 0; t < 2; t++) {
			const char *name = t ? "u" : "t";
			const struct roll_entry *a =
			    find_entry(&r[0].databases[0], "TABLE", "public", name);
			const struct roll_entry *b =
			    find_entry(&r[i].databases[0], "TABLE", "public", name);

			/* the last text has table u in another tablespace */
			cr_expect_eq(fingerprint_equal(a->fingerprint, b->fingerprint),
				     !(i == 2 && t == 1), "text %zu, table %s", i, name);
		}
	cr_expect(fingerprint_equal(r[0].databases[0].schema, r[1].databases[0].schema));
	cr_expect_not(fingerprint_equal(r[0].databases[0].schema, r[2].databases[0].schema));
	for (size_t i = 0; i < 3; i++)
		roll_stop(&r[i]);
}

Test(sql_frame, fingerprints_are_as_documented)
{
	static const char text[] = "ALTER TYPE a.b OWNER TO o;\n";
	struct fingerprint whole = fingerprint_of("TYPE\0a\0b\0ALTER TYPE a.b OWNER TO o;\n", 36);
	struct roll r;

	follow_ok(BEGINS HEADER("Name: b", "TYPE", "a") "ALTER TYPE a.b OWNER TO o;\n" ENDS,
		  &listed, &r);
	cr_assert_eq(r.databases[0].entry_count, 1);
	cr_expect(fingerprint_equal(r.databases[0].entries[0].fingerprint,
				    fingerprint_of(text, sizeof text - 1)));
	cr_expect(fingerprint_equal(r.databases[0].schema, whole));
	roll_stop(&r);
}

Test(sql_frame, data_entries_are_none_of_the_schema)
{
	static const char text[] =
	    "--\n-- PostgreSQL database dump\n--\n\n"
	    "--\n-- Name: t; Type: TABLE; Schema: public; Owner: o\n--\n\n"
	    "CREATE TABLE public.t (\n);\n\n"
	    "--\n-- Data for Name: t; Type: TABLE DATA; Schema: public; Owner: o\n--\n\n"
	    "COPY public.t FROM stdin;\n\\.\n\n"
	    "--\n-- Name: 1..2; Type: BLOB METADATA; Schema: -; Owner: o\n--\n\n"
	    "SELECT pg_catalog.lo_create('1');\n\n"
	    "--\n-- Data for Name: 1..2; Type: BLOBS; Schema: -; Owner: o\n--\n\n"
	    "BEGIN;\nCOMMIT;\n\nSET default_tablespace = ts;\n\n"
	    "--\n-- Name: i; Type: INDEX; Schema: public; Owner: o; Tablespace: ts\n--\n\n"
	    "CREATE INDEX i ON public.t (a);\n\n"
	    "--\n-- Statistics for Name: t; Type: STATISTICS DATA; Schema: public; Owner: -\n--\n\n"
	    "SELECT 1;\n\n"
	    "--\n-- Name: m; Type: MATERIALIZED VIEW DATA; Schema: public; Owner: o\n--\n\n"
	    "REFRESH MATERIALIZED VIEW public.m;\n\n"
	    "--\n-- PostgreSQL database dump complete\n--\n";
	const struct roll_database *d;
	struct roll r;

	follow_ok(text, &listed, &r);
	d = &r.databases[0];
	cr_expect_eq(d->entry_count, 3);
	cr_expect(find_entry(d, "BLOB METADATA", "", "1..2"));
	cr_expect_eq(text + d->data_at, strstr(text, "--\n-- Data for Name: t;"));
	/* The SET is of what comes after the data. */
	cr_expect_eq(text + d->post_at, strstr(text, "SET default_tablespace"));
	roll_stop(&r);
}

Test(sql_frame, a_password_counts_and_does_not_show)
{
	static const char *const roles[] = {
	    "ALTER ROLE a WITH LOGIN PASSWORD 'x''y' VALID UNTIL 'infinity';",
	    "ALTER ROLE a WITH LOGIN PASSWORD E'x\\'y' VALID UNTIL 'infinity';",
	    "ALTER ROLE a WITH LOGIN VALID UNTIL 'infinity';",
	};
	struct fingerprint before = {0};

	for (size_t i = 0; i < 3; i++) {
		CLEANUP(freep)
		char *text = xasprintf("--\n-- PostgreSQL database cluster dump\n--\n\n%s\n"
				       "--\n-- PostgreSQL database cluster dump complete\n--\n",
				       roles[i]);
		struct roll r;

		follow_ok(text, &listed, &r);
		cr_assert_eq(r.entry_count, 1);
		cr_expect_str_eq(r.entries[0].type, "ALTER ROLE");
		cr_expect_str_eq(r.entries[0].name, roles[2]);
		cr_expect_eq(r.role_passwords, i < 2);
		cr_expect_not(fingerprint_equal(r.entries[0].fingerprint, before));
		before = r.entries[0].fingerprint;
		roll_stop(&r);
	}
}

Test(sql_frame, a_long_statement_counts_to_its_end)
{
	size_t len = 9 * MIB;
	CLEANUP(freep) char *filler = xcalloc(len + 1, 1);
	struct roll r[2];

	memset(filler, 'x', len);
	for (size_t i = 0; i < 2; i++) {
		CLEANUP(freep)
		char *text = xasprintf(
		    BEGINS HEADER("Name: f()", "FUNCTION", "public") "SELECT '%s';\n" ENDS,
		    filler + i);

		follow_ok(text, &listed, &r[i]);
		cr_assert_eq(r[i].databases[0].entry_count, 1);
	}
	cr_expect_not(fingerprint_equal(r[0].databases[0].entries[0].fingerprint,
					r[1].databases[0].entries[0].fingerprint));
	roll_stop(&r[0]);
	roll_stop(&r[1]);
}
