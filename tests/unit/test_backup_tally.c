#include "backup/tally.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

TestSuite(backup_tally);

static const struct pg_error undefined = {"42704", "role \"x\" does not exist"};

static void add(struct tally *t, const char *statement, const struct allow_list *allowed)
{
	const struct sql_site site = {"immich", statement, strlen(statement), 4711};

	tally_add(t, &undefined, &site, NULL, allowed);
}

static void allow(struct allow_list *list, const char *text)
{
	struct err e = {0};

	allow_list_stop(list);
	cr_assert(allow_list_parse(&text, 1, list, &e), "%s", e.text);
}

Test(backup_tally, an_allow_list_has_sqlstates_and_parts_of_statements)
{
	const char *const texts[] = {"42710", "42704:GRANT a:b TO", "XX000", "0A000:"};
	CLEANUP(allow_list_stop) struct allow_list list = {0};
	struct err e = {0};

	cr_assert(allow_list_parse(texts, 4, &list, &e), "%s", e.text);
	cr_assert_eq(list.count, 4);
	cr_assert_str_eq(list.items[0].sqlstate, "42710");
	cr_assert_null(list.items[0].text);
	cr_assert_str_eq(list.items[1].sqlstate, "42704");
	cr_assert_str_eq(list.items[1].text, "GRANT a:b TO");
	cr_assert_str_eq(list.items[2].sqlstate, "XX000");
	cr_assert_str_eq(list.items[3].text, "");
}

Test(backup_tally, an_allow_list_of_anything_else_is_refused)
{
	static const char *const texts[] = {
	    "",   "4271",   "427100", "42710 x", "42710,42704", "4271o",      "4-710",
	    ":x", " 42710", "role",   "4271:0",  "42710x:",     "\303\274271"};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		CLEANUP(allow_list_stop) struct allow_list list = {0};
		const char *const both[] = {"42710:good", texts[i]};
		struct err e = {0};

		cr_assert(!allow_list_parse(both, 2, &list, &e), "%s", texts[i]);
		cr_assert_eq(e.kind, ERR_USAGE);
		cr_assert(strstr(e.text, "--allow-error"), "%s", e.text);
		cr_assert(strstr(e.hint, "42704"), "%s", e.hint);
	}
}

Test(backup_tally, an_empty_allow_list_allows_nothing)
{
	CLEANUP(allow_list_stop) struct allow_list list = {0};
	CLEANUP(tally_stop) struct tally t = {0};
	struct err e = {0};

	cr_assert(allow_list_parse(NULL, 0, &list, &e), "%s", e.text);
	add(&t, "GRANT x TO y;", &list);
	cr_assert_eq(t.failed, 1);
	cr_assert_eq(t.tolerated, 0);
}

Test(backup_tally, an_allowed_error_matches_by_both)
{
	CLEANUP(allow_list_stop) struct allow_list list = {0};
	CLEANUP(tally_stop) struct tally t = {0};

	allow(&list, "42704:TO y");
	add(&t, "GRANT x TO y;", &list);
	cr_assert_eq(t.tolerated, 1);
	cr_assert_str_eq(t.items[0].tolerated, "allowed by option");
	add(&t, "GRANT x TO z;", &list);
	cr_assert_eq(t.failed, 1);
	cr_assert_null(t.items[1].tolerated);
	allow(&list, "42704");
	add(&t, "anything", &list);
	cr_assert_eq(t.tolerated, 2);
	allow(&list, "42705");
	add(&t, "GRANT x TO y;", &list);
	cr_assert_eq(t.failed, 2);
}

Test(backup_tally, the_text_is_searched_in_the_whole_statement)
{
	CLEANUP(allow_list_stop) struct allow_list list = {0};
	CLEANUP(tally_stop) struct tally t = {0};
	CLEANUP(freep) char *statement = xasprintf("SELECT '%0500d', far_away;", 0);

	allow(&list, "42704:far_away");
	add(&t, statement, &list);
	cr_assert_eq(t.tolerated, 1);
	cr_assert_eq(strlen(t.items[0].statement), 200);
}

Test(backup_tally, a_reason_of_the_caller_comes_first)
{
	CLEANUP(allow_list_stop) struct allow_list list = {0};
	CLEANUP(tally_stop) struct tally t = {0};
	const struct sql_site site = {"a", "CREATE ROLE x;", 14, 1};

	allow(&list, "42704");
	tally_add(&t, &undefined, &site, "it is there already", &list);
	cr_assert_eq(t.tolerated, 1);
	cr_assert_str_eq(t.items[0].tolerated, "it is there already");
}

Test(backup_tally, keeps_where_and_what)
{
	CLEANUP(tally_stop) struct tally t = {0};
	const struct sql_site site = {"immich", "GRANT a\nTO b; and what is behind it", 13, 4711};

	tally_add(&t, &undefined, &site, NULL, NULL);
	cr_assert_eq(t.kept, 1);
	cr_assert_str_eq(t.items[0].sqlstate, "42704");
	cr_assert_str_eq(t.items[0].message, "role \"x\" does not exist");
	cr_assert_str_eq(t.items[0].statement, "GRANT a TO b;");
	cr_assert_str_eq(t.items[0].database, "immich");
	cr_assert_eq(t.items[0].at, 4711);
}

Test(backup_tally, an_excerpt_ends_at_the_word_password)
{
	static const char *const rows[][2] = {
	    {"ALTER ROLE a WITH LOGIN PASSWORD 'secret';", "ALTER ROLE a WITH LOGIN PASSWORD"},
	    {"ALTER ROLE a WITH LOGIN\nPassWord\n'secret';", "ALTER ROLE a WITH LOGIN PassWord"},
	    {"ALTER ROLE a ENCRYPTED PASSWORD'secret';", "ALTER ROLE a ENCRYPTED PASSWORD"},
	    {"ALTER ROLE a PASSWORD$$secret$$ PASSWORD 'secret';",
	     "ALTER ROLE a PASSWORD$$secret$$ PASSWORD"}, /* to PostgreSQL, one word */
	    {"ALTER ROLE reset_password WITH PASSWORD 'secret';",
	     "ALTER ROLE reset_password WITH PASSWORD"},
	    {"ALTER ROLE \"password_reset\" WITH PASSWORD 'secret';",
	     "ALTER ROLE \"password_reset\" WITH PASSWORD"},
	    {"ALTER ROLE passwords WITH PASSWORD 'secret';", "ALTER ROLE passwords WITH PASSWORD"},
	    {"ALTER ROLE password WITH PASSWORD 'secret';", "ALTER ROLE password"},
	    {"ALTER ROLE \"password\" WITH PASSWORD 'secret';", "ALTER ROLE \"password"},
	    {"CREATE USER MAPPING FOR a SERVER s OPTIONS (password 'secret');",
	     "CREATE USER MAPPING FOR a SERVER s OPTIONS"},
	    {"CREATE USER MAPPING FOR a SERVER s OPTIONS (\"user\" 'a',password 'secret');",
	     "CREATE USER MAPPING FOR a SERVER s OPTIONS"},
	    {"CREATE SUBSCRIPTION s CONNECTION 'host=a password=secret';",
	     "CREATE SUBSCRIPTION s CONNECTION"},
	    {"CREATE SUBSCRIPTION s CONNECTION 'postgresql://a:secret@b/c';",
	     "CREATE SUBSCRIPTION s CONNECTION"},
	    {"CREATE USER MAPPING FOR a SERVER s OPTIONS (token 'secret');",
	     "CREATE USER MAPPING FOR a SERVER s OPTIONS"},
	    {"CREATE SERVER s OPTIONS (api_key 'secret');", "CREATE SERVER s OPTIONS"},
	    {"CREATE FUNCTION connection() RETURNS text;",
	     "CREATE FUNCTION connection() RETURNS text;"},
	    {"ALTER DATABASE d SET \"app.key\" TO 'secret';",
	     "ALTER DATABASE d SET \"app.key\" TO"},
	    {"ALTER ROLE r IN DATABASE \"set\" SET app.key TO 'secret';",
	     "ALTER ROLE r IN DATABASE \"set\" SET app.key TO"},
	    {"ALTER DATABASE d SET search_path TO a.b;",
	     "ALTER DATABASE d SET search_path TO a.b;"},
	    {"ALTER TABLE t SET SCHEMA \"to.x\";", "ALTER TABLE t SET SCHEMA \"to.x\";"},
	    {"PASSWORD 'secret'", "PASSWORD"},
	    {"SELECT 'no pass word'", "SELECT 'no pass word'"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CLEANUP(tally_stop) struct tally t = {0};

		add(&t, rows[i][0], NULL);
		cr_assert_str_eq(t.items[0].statement, rows[i][1]);
	}
}

/* Wherever the word stands, and wherever the excerpt ends. */
Test(backup_tally, an_excerpt_never_holds_a_password)
{
	for (int n = 0; n < 220; n++) {
		CLEANUP(tally_stop) struct tally t = {0};
		CLEANUP(freep)
		char *statement = xasprintf("ALTER ROLE %0*d WITH PASSWORD 'secret';", n + 1, 1);

		add(&t, statement, NULL);
		cr_assert(!strstr(t.items[0].statement, "'s"), "%s", t.items[0].statement);
	}
}

Test(backup_tally, failures_without_end_are_counted_and_not_kept)
{
	CLEANUP(tally_stop) struct tally t = {0};

	for (int i = 0; i < TALLY_KEPT + 5; i++)
		add(&t, "GRANT x TO y;", NULL);
	cr_assert_eq(t.failed, TALLY_KEPT + 5);
	cr_assert_eq(t.kept, TALLY_KEPT);
}

Test(backup_tally, merging_adds_counts_and_moves_what_is_kept)
{
	CLEANUP(tally_stop) struct tally into = {.statements = 10}, from = {.statements = 3};
	const struct sql_site site = {"b", "x", 1, 2};

	add(&into, "first", NULL);
	add(&from, "second", NULL);
	tally_add(&from, &undefined, &site, "expected", NULL);
	tally_merge(&into, &from);
	cr_assert_eq(into.statements, 13);
	cr_assert_eq(into.failed, 2);
	cr_assert_eq(into.tolerated, 1);
	cr_assert_eq(into.kept, 3);
	cr_assert_str_eq(into.items[1].statement, "second");
	cr_assert_str_eq(into.items[2].tolerated, "expected");
	cr_assert_eq(from.kept, 0);
	cr_assert_eq(from.failed, 0);
	tally_merge(&into, &from);
	cr_assert_eq(into.failed, 2);
}

Test(backup_tally, merging_more_than_is_kept_still_counts_all)
{
	CLEANUP(tally_stop) struct tally into = {0};

	for (int n = 0; n < 3; n++) {
		struct tally from = {0};

		for (int i = 0; i < TALLY_KEPT / 2 + 100; i++)
			add(&from, "GRANT x TO y;", NULL);
		tally_merge(&into, &from);
	}
	cr_assert_eq(into.failed, 3 * (TALLY_KEPT / 2 + 100));
	cr_assert_eq(into.kept, TALLY_KEPT);
}

Test(backup_tally, the_report_has_counts_and_both_lists)
{
	CLEANUP(tally_stop) struct tally t = {.statements = 9};
	CLEANUP(report_freep) struct report *r = report_new();
	const struct sql_site site = {"b", "x \374", 3, 2};

	add(&t, "ALTER ROLE a PASSWORD 'secret';", NULL);
	tally_add(&t, &undefined, &site, "expected", NULL);
	tally_report(&t, r);
	CLEANUP(freep) char *json = report_json(r);
	cr_assert(strstr(json, "\"statements\": 9"), "%s", json);
	cr_assert(strstr(json, "\"failed_statements\": 1"), "%s", json);
	cr_assert(strstr(json, "\"tolerated_statements\": 1"), "%s", json);
	cr_assert(strstr(json, "\"why\": \"expected\""), "%s", json);
	cr_assert(!strstr(json, "secret"), "%s", json);
}
