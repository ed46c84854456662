#include "unit/test_sql_parts.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct sql_split_options plain = {0};

/* One of everything that a splitter can be in the middle of. psql (15) splits it alike. */
static const char nasty[] =
    "--\n"
    "-- Name: x; Type: y\n"
    "/* a /* nested */ ; comment **/SET standard_conforming_strings = on;\n"
    "\\restrict k\r\n"
    "select 'a;''b\\', \"q;\"\"'\", E'\\';''\\';\\\\', e'x', a$b$c, 1-- ;\n"
    " + 2 /* ; */ / 3; select $$;'$$, $_1$ $_$ $$ $_1$;; \\connect \"a;b\"\n"
    "create or replace function f(begin int) begin atomic select case 1 when 2 then 3 end;\n"
    " select ';'; end;create rule r as (select 1;\nselect 2);\n"
    "BEGIN;\nCOPY \"from\" (\"stdin\") FROM stdin; \t\r\n"
    "\\N\n\\.x\n\\\\.\n\n\\.\r-\n.\n\\.\n"
    "copy t from stdin with (format text);\n\\.\r\n"
    "COPY t TO stdout;\nselect 1 from stdin;\n"
    "set standard_conforming_strings to 'off';select '\\';';\n-- end";

static const char nasty_parts[] =
    "COMMENT 0..3 l1 |--|\n"
    "COMMENT 3..23 l2 |-- Name: x; Type: y|\n"
    "STATEMENT 54..92 l3 |SET standard_conforming_strings = on;|\n"
    "META 92..105 l4 |\\restrict k\r|\n"
    "STATEMENT 105..182 l5 |select 'a;''b\\', \"q;\"\"'\", E'\\';''\\';\\\\', e'x', a$b$c, 1-- ;\n"
    " + 2 /* ; */ / 3;|\n"
    "STATEMENT 183..215 l6 |select $$;'$$, $_1$ $_$ $$ $_1$;|\n"
    "STATEMENT 215..216 l6 |;|\n"
    "META 217..232 l6 |\\connect \"a;b\"|\n"
    "STATEMENT 232..335 l7 |create or replace function f(begin int) begin atomic select case 1 "
    "when 2 "
    "then 3 end;\n select ';'; end;|\n"
    "STATEMENT 335..374 l8 |create rule r as (select 1;\nselect 2);|\n"
    "STATEMENT 374..381 l10 |BEGIN;|\n"
    "STATEMENT 381..418 l11 copy |COPY \"from\" (\"stdin\") FROM stdin;|\n"
    "DATA 418 l12 |\\N\n\\.x\n\\\\.\n\n\\.\r-\n.\n|\n"
    "END 437..440 l18 |\\.|\n"
    "STATEMENT 440..478 l19 copy |copy t from stdin with (format text);|\n"
    "END 478..482 l20 |\\.\r|\n"
    "STATEMENT 482..500 l21 |COPY t TO stdout;|\n"
    "STATEMENT 500..521 l22 |select 1 from stdin;|\n"
    "STATEMENT 521..562 l23 |set standard_conforming_strings to 'off';|\n"
    "STATEMENT 562..576 l23 |select '\\';';|\n"
    "COMMENT 576..582 l24 |-- end|\n";

static void check(const char *text, const char *want)
{
	struct parts p;
	struct err e = {0};

	cr_expect(parts_of(&p, &plain, text, strlen(text), NULL, 0, &e), "%s: %s", text, e.text);
	cr_expect_str_eq(p.text.data ? p.text.data : "", want, "%s gave\n%s", text, p.text.data);
	parts_stop(&p);
}

static void check_error(const char *text, const char *want)
{
	struct parts p;
	struct err e = {0};

	cr_expect_not(parts_of(&p, &plain, text, strlen(text), NULL, 0, &e), "%s", text);
	cr_expect_eq(e.kind, ERR_CORRUPT);
	cr_expect(strstr(e.text, want), "%s: %s", text, e.text);
	parts_stop(&p);
}

/* The same parts as text gives in one piece, for every cuts of a set. */
static void same_parts(const char *want, const char *text, size_t len, const size_t *cuts,
		       size_t cut_count)
{
	struct parts p;
	struct err e = {0};

	cr_assert(parts_of(&p, &plain, text, len, cuts, cut_count, &e), "%s", e.text);
	cr_assert_str_eq(p.text.data, want, "cut at %zu", cut_count ? cuts[0] : 0);
	parts_stop(&p);
}

Test(sql_split, parts_have_their_place_and_line)
{
	check(nasty, nasty_parts);
}

Test(sql_split, parts_do_not_depend_on_the_pieces)
{
	size_t len = sizeof nasty - 1, each[sizeof nasty];

	for (size_t i = 0; i < len; i++) {
		each[i] = i + 1;
		for (size_t j = i; j < len; j++)
			same_parts(nasty_parts, nasty, len, (size_t[]){i, j}, 2);
	}
	same_parts(nasty_parts, nasty, len, each, len);
}

Test(sql_split, real_dumps_do_not_depend_on_the_pieces)
{
	static const char *const names[] = {"test_sql_pg15.sql", "test_sql_pg18.sql"};

	for (size_t n = 0; n < sizeof names / sizeof *names; n++) {
		size_t len, *each;
		char *text = sample_dump(names[n], &len);
		struct parts whole;
		struct err e = {0};

		cr_assert(parts_of(&whole, &plain, text, len, NULL, 0, &e), "%s", e.text);
		each = xcalloc(len, sizeof *each);
		for (size_t step = 1; step < 100; step += step / 4 + 1) {
			for (size_t i = 0; i < len / step; i++)
				each[i] = (i + 1) * step;
			same_parts(whole.text.data, text, len, each, len / step);
		}
		for (size_t i = 0; i < len; i += 7)
			same_parts(whole.text.data, text, len, &i, 1);
		parts_stop(&whole);
		free(each);
		free(text);
	}
}

/* Every prefix that ends inside something says so; the others are prefixes of the parts. */
Test(sql_split, a_text_that_ends_early_is_refused)
{
	static const struct {
		const char *text, *message;
	} rows[] = {
	    {"\n select 1", "inside a statement that began at byte 2, line 2"},
	    {"-", "inside a statement"},
	    {"/", "inside a statement"},
	    {"select 'a", "inside a quoted string"},
	    {"select e'a\\'", "inside a quoted string"},
	    {"select \"a", "inside a quoted identifier"},
	    {"select $a$ $b$", "inside a dollar-quoted string"},
	    {"select (1;", "inside parentheses"},
	    {"create function f() begin atomic select 1;", "inside a function's body"},
	    {"\n/* ", "inside a comment that began at byte 1, line 2"},
	    {"\n\ncopy t from stdin;",
	     "inside the data of the COPY statement that began at byte 2, line 3"},
	    {"copy t from stdin;\n", "inside the data"},
	    {"copy t from stdin;\n1\n", "inside the data"},
	    {"copy t from stdin;\n1\n\\", "inside the data"},
	    {"copy t from stdin;\n1\n\\.", "inside the data"},
	    {"copy t from stdin;\n1\n\\.\r", "inside the data"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		check_error(rows[i].text, rows[i].message);
}

Test(sql_split, what_no_dump_has_is_refused)
{
	char text[600];

	check_error("select 1 \\g\n;",
		    "a backslash command at byte 9, line 1, inside the statement "
		    "that began at byte 0, line 1");
	check_error("copy t from stdin; select 1;\n",
		    "more text on the line of the COPY statement");
	snprintf(text, sizeof text, "select $%0400d$;", 1);
	memset(strchr(text, '$') + 1, 'a', 400);
	check_error(text, "has a tag longer than 254 bytes");
}

Test(sql_split, a_nul_byte_is_refused_outside_data)
{
	static const char in_statement[] = "select\0 1;",
			  in_data[] = "copy t from stdin;\n\0\n\\.\n";
	struct parts p;
	struct err e = {0};

	cr_expect_not(parts_of(&p, &plain, in_statement, sizeof in_statement - 1, NULL, 0, &e));
	cr_expect_str_eq(e.text, "a NUL byte in the statement at byte 0, line 1");
	parts_stop(&p);
	cr_expect(parts_of(&p, &plain, in_data, sizeof in_data - 1, NULL, 0, &e));
	parts_stop(&p);
}

Test(sql_split, quotes_end_where_psql_ends_them)
{
	check("select E'a''\\';';", "STATEMENT 0..17 l1 |select E'a''\\';';|\n");
	check("select E'a' '\\';", "STATEMENT 0..16 l1 |select E'a' '\\';|\n");
	check("select name'\\';", "STATEMENT 0..15 l1 |select name'\\';|\n");
	check("select 1$a$;$a$;", "STATEMENT 0..16 l1 |select 1$a$;$a$;|\n");
	check("select a$a$;$a$;$a$;", "STATEMENT 0..12 l1 |select a$a$;|\n"
				      "STATEMENT 12..20 l1 |$a$;$a$;|\n");
	check("select $1$;", "STATEMENT 0..11 l1 |select $1$;|\n");
	check("select $e'\\'';", "STATEMENT 0..14 l1 |select $e'\\'';|\n");
	check("select 1a$b$;", "STATEMENT 0..13 l1 |select 1a$b$;|\n");
	check("select 1e'\\', $1e'\\';", "STATEMENT 0..21 l1 |select 1e'\\', $1e'\\';|\n");
	check("1e5 create procedure p() begin atomic ; end;",
	      "STATEMENT 0..44 l1 |1e5 create procedure p() begin atomic ; end;|\n");
	check("b'' create procedure p() begin atomic ; end;",
	      "STATEMENT 0..44 l1 |b'' create procedure p() begin atomic ; end;|\n");
	check("set standard_conforming_strings=off;\nselect b'\\', X'\\', n'\\';';",
	      "STATEMENT 0..37 l1 |set standard_conforming_strings=off;|\n"
	      "STATEMENT 37..63 l2 |select b'\\', X'\\', n'\\';';|\n");
	check("select 1//* ; */;", "STATEMENT 0..17 l1 |select 1//* ; */;|\n");
	check("select 'a\\';set standard_conforming_strings=off;select 'a\\';';",
	      "STATEMENT 0..12 l1 |select 'a\\';|\n"
	      "STATEMENT 12..48 l1 |set standard_conforming_strings=off;|\n"
	      "STATEMENT 48..62 l1 |select 'a\\';';|\n");
}

/* A hostile text would hide a statement there. */
Test(sql_split, a_comment_ends_at_a_carriage_return_as_in_psql)
{
	static const char text[] = "-- a\rselect 1 -- b\r;-- c\r\n--\r--\r\r-- d\r",
			  want[] = "COMMENT 0..5 l1 |-- a|\n"
				   "STATEMENT 5..20 l1 |select 1 -- b\r;|\n"
				   "COMMENT 20..26 l1 |-- c\r|\n"
				   "COMMENT 26..29 l2 |--|\n"
				   "COMMENT 29..32 l2 |--|\n"
				   "COMMENT 33..38 l2 |-- d\r|\n";

	check(text, want);
	for (size_t cut = 0; cut < sizeof text; cut++)
		same_parts(want, text, sizeof text - 1, &cut, cut < sizeof text - 1);
}

Test(sql_split, only_functions_have_bodies)
{
	check("begin; select case 1; end;", "STATEMENT 0..6 l1 |begin;|\n"
					    "STATEMENT 7..21 l1 |select case 1;|\n"
					    "STATEMENT 22..26 l1 |end;|\n");
	check("create view begin as select 1;",
	      "STATEMENT 0..30 l1 |create view begin as select 1;|\n");
	check("CREATE PROCEDURE p() BEGIN ATOMIC ; END;",
	      "STATEMENT 0..40 l1 |CREATE PROCEDURE p() BEGIN ATOMIC ; END;|\n");
}

/* psql takes "begin" for a block's in CREATE FUNCTION, but it may be a name; then the splitter says so. */
Test(sql_split, a_function_may_name_something_begin)
{
	check("create function f() begin atomic select t.begin, case 1 when 1 then 2 end; end; x;",
	      "STATEMENT 0..79 l1 goes-on |create function f() begin atomic select t.begin, case 1 "
	      "when 1 then 2 end; end;|\nSTATEMENT 80..82 l1 |x;|\n");
	check(
	    "create function begin() returns begin BEGIN -- x\n/* y */ ATOMIC ; end; x;",
	    "STATEMENT 0..70 l1 goes-on |create function begin() returns begin BEGIN -- x\n/* y */ "
	    "ATOMIC ; end;|\nSTATEMENT 71..73 l2 |x;|\n");
	check("create procedure begin.atomic() as 'x'; y;",
	      "STATEMENT 0..39 l1 goes-on |create procedure begin.atomic() as 'x';|\n"
	      "STATEMENT 40..42 l1 |y;|\n");
	check("create function \"begin\"(begin int) begin atomic ; end;",
	      "STATEMENT 0..54 l1 |create function \"begin\"(begin int) begin atomic ; end;|\n");
}

Test(sql_split, data_follows_only_copy_from_stdin)
{
	check(
	    "copy a (b) /* c */ from --\nstdin;\n\\.\n",
	    "STATEMENT 0..34 l1 copy |copy a (b) /* c */ from --\nstdin;|\nEND 34..37 l3 |\\.|\n");
	check("copy (select 1 from stdin) to stdout;",
	      "STATEMENT 0..37 l1 |copy (select 1 from stdin) to stdout;|\n");
	check("copy a from 'x' with (null 'from stdin');",
	      "STATEMENT 0..41 l1 |copy a from 'x' with (null 'from stdin');|\n");
	check("copy a from \"stdin\";", "STATEMENT 0..20 l1 |copy a from \"stdin\";|\n");
	check("copy a from program stdin;", "STATEMENT 0..26 l1 |copy a from program stdin;|\n");
}

Test(sql_split, a_long_statement_is_cut_or_refused)
{
	const char *text = "-- longer than ten\nselect 1;select 1234567;";

	for (size_t cut = 0; cut <= strlen(text); cut++) {
		struct sql_split_options o = {.at = 100, .statement_max = 10, .cut_long = true};
		struct parts p;
		struct err e = {0};

		cr_assert(parts_of(&p, &o, text, strlen(text), &cut, 1, &e));
		cr_assert_str_eq(p.text.data, "COMMENT 100..119 l1 cut |-- longer |\n"
					      "STATEMENT 119..128 l2 |select 1;|\n"
					      "STATEMENT 128..143 l2 cut |select 123|\n");
		parts_stop(&p);
		o.cut_long = false;
		cr_assert_not(parts_of(&p, &o, text + 19, strlen(text) - 19,
				       &(size_t){cut > 19 ? cut - 19 : 0}, 1, &e));
		cr_assert_str_eq(e.text,
				 "the statement at byte 109, line 1, is longer than 10 bytes");
		parts_stop(&p);
	}
}

static bool refuse(void *ctx, const struct sql_part *part, struct err *e)
{
	size_t *left = ctx;

	(void)part;
	return (*left)-- > 0 || err_set(e, ERR_TRANSIENT, "refused");
}

/* Whether the statement's end comes with its beginning or later. */
Test(sql_split, a_long_statement_is_refused_at_its_end)
{
	static const char statement[] = "select 1234567;\nselect 1;";

	for (size_t cut = 0; cut <= 10; cut++) {
		struct err e = {0};
		CLEANUP(sql_split_freep)
		struct sql_split *s = sql_split_new(&(struct sql_split_options){
		    .statement_max = 10, .handler = refuse, .ctx = &(size_t){100}});

		cr_assert(!sql_split_write(s, statement, cut, &e) ||
			  !sql_split_write(s, statement + cut, sizeof statement - 1 - cut, &e));
		cr_assert(strstr(e.text, "is longer than 10 bytes"), "%s", e.text);
	}
}

Test(sql_split, a_handler_that_fails_ends_it_also_in_data)
{
	static const char data[] = "copy t from stdin;\n1\n\\x\n\\.\n";
	const size_t held = strlen("copy t from stdin;\n1\n\\");
	size_t calls = 0;
	bool ok = false;

	for (; !ok; calls++) {
		size_t left = calls;
		struct err e = {0};
		CLEANUP(sql_split_freep)
		struct sql_split *s = sql_split_new(&(struct sql_split_options){
		    .statement_max = 100, .handler = refuse, .ctx = &left});

		ok = sql_split_write(s, data, held, &e) &&
		     sql_split_write(s, data + held, sizeof data - 1 - held, &e) &&
		     sql_split_end(s, &e);
		cr_assert(ok || e.kind == ERR_TRANSIENT);
	}
	cr_assert_eq(calls - 1, 5);
}

Test(sql_split, a_handler_that_fails_ends_it)
{
	size_t calls = 0;
	bool ok = false;

	for (; !ok; calls++) {
		size_t left = calls;
		struct err e = {0};
		struct sql_split *s = sql_split_new(&(struct sql_split_options){
		    .statement_max = 1000, .handler = refuse, .ctx = &left});

		ok = sql_split_write(s, nasty, sizeof nasty - 1, &e) && sql_split_end(s, &e);
		cr_assert(ok || e.kind == ERR_TRANSIENT);
		sql_split_freep(&s);
	}
	cr_assert_eq(calls - 1, 21);
}
