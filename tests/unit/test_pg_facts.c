#include "pg/facts.h"

#include "pg/scratch.h"
#include "support/server.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const fixture[] = {
    "CREATE ROLE app LOGIN",
    "CREATE ROLE reader LOGIN IN ROLE pg_read_all_data",
    "ALTER ROLE reader BYPASSRLS",
    "CREATE DATABASE \"zwei Wörter\" TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'"
    " ENCODING 'LATIN1' OWNER app",
    "CREATE DATABASE alpha IS_TEMPLATE true",
    "CREATE DATABASE closed ALLOW_CONNECTIONS false",
    "CREATE DATABASE \"Zeta\"",
    "REVOKE CONNECT ON DATABASE \"Zeta\" FROM PUBLIC",
    NULL};

static void start(struct scratch *s, int major)
{
	struct err e = {0};
	const struct scratch_options o = {.client = server_client(major)};

	cr_assert(scratch_start(s, &o, &e), "%s", e.text);
}

static const struct pg_database *find(const struct pg_facts *f, const char *name)
{
	for (size_t i = 0; i < f->database_count; i++)
		if (strcmp(f->databases[i].name, name) == 0)
			return &f->databases[i];
	return NULL;
}

static void check_databases(const struct pg_facts *f)
{
	static const char *const order[] = {"template1", "Zeta",     "alpha",
					    "closed",    "postgres", "zwei Wörter"};
	const struct pg_database *d;

	cr_assert_eq(f->database_count, 6);
	for (size_t i = 0; i < 6; i++)
		cr_assert_str_eq(f->databases[i].name, order[i]);
	d = find(f, "zwei Wörter");
	cr_assert(d->connectable && !d->is_template);
	cr_assert_str_eq(d->owner, "app");
	cr_assert_str_eq(d->encoding, "LATIN1");
	cr_assert_str_eq(d->provider, "libc");
	cr_assert_str_eq(d->collate, "C");
	cr_assert_str_eq(d->ctype, "C");
	cr_assert_str_eq(d->locale, "");
	cr_assert_str_eq(d->tablespace, "pg_default");
	cr_assert_gt(d->bytes, 1000000);
	cr_assert(find(f, "alpha")->is_template);
	cr_assert(!find(f, "closed")->connectable);
	cr_assert(find(f, "template1")->is_template);
}

static void check_roles(const struct scratch *s, int major)
{
	CLEANUP(pg_facts_stop) struct pg_facts f = {0};
	struct err e = {0};
	struct pg_target reader = s->target;

	server_run(&s->target, "postgres", fixture);
	cr_assert(pg_facts_read(&s->target, &f, &e), "%s", e.text);
	check_databases(&f);
	cr_assert_eq(f.version / 10000, major);
	cr_assert_eq(strtol(f.version_text, NULL, 10), major);
	cr_assert_gt(strlen(f.system_identifier), 10);
	cr_assert_str_eq(f.user, "postgres");
	cr_assert_str_eq(f.bootstrap_user, "postgres");
	cr_assert(f.superuser && f.reads_role_passwords && f.reads_all_data &&
		  f.bypasses_row_security);

	pg_facts_stop(&f);
	reader.user = "reader";
	reader.isolated = false;
	cr_assert(pg_facts_read(&reader, &f, &e), "%s", e.text);
	/* pg_read_all_data reads all: pg_authid too. */
	cr_assert(!f.superuser && f.reads_role_passwords);
	cr_assert(f.reads_all_data && f.bypasses_row_security);
	cr_assert_str_eq(f.user, "reader");
	cr_assert_str_eq(f.bootstrap_user, "postgres");
	cr_assert_str_eq(f.preload_libraries, "");
	cr_assert_eq(find(&f, "Zeta")->bytes, 0);
	cr_assert_gt(find(&f, "alpha")->bytes, 0);

	pg_facts_stop(&f);
	reader.user = "app";
	cr_assert(pg_facts_read(&reader, &f, &e), "%s", e.text);
	cr_assert(!f.reads_all_data && !f.bypasses_row_security && !f.reads_role_passwords);
	cr_assert_gt(strlen(f.system_identifier), 10);
}

static struct pg_database *facts_of(const struct scratch *s, struct pg_facts *f, const char *name)
{
	struct err e = {0};

	cr_assert(pg_facts_read(&s->target, f, &e), "%s", e.text);
	for (size_t i = 0; i < f->database_count; i++)
		if (strcmp(f->databases[i].name, name) == 0) {
			cr_assert(pg_facts_database(&s->target, &f->databases[i], &e), "%s",
				  e.text);
			return &f->databases[i];
		}
	cr_assert_fail("no database %s", name);
	return NULL;
}

static void check_extensions(const struct scratch *s)
{
	static const char *const create[] = {"CREATE DATABASE a", NULL};
	static const char *const configure[] = {
	    "CREATE TABLE public.t (i int)", "SET allow_system_table_mods = on",
	    "UPDATE pg_extension SET extconfig = ARRAY['public.t'::regclass::oid]", NULL};
	static const char *const drop[] = {"DROP DATABASE a", NULL};

	server_run(&s->target, "postgres", create);
	server_run(&s->target, "a", configure);

	CLEANUP(pg_facts_stop) struct pg_facts f = {0};
	const struct pg_database *d = facts_of(s, &f, "a");
	cr_assert_eq(d->extension_count, 1);
	cr_assert_str_eq(d->extensions[0].name, "plpgsql");
	cr_assert_str_eq(d->extensions[0].version, "1.0");
	cr_assert(d->extensions[0].config);
	cr_assert_str_eq(d->lc_monetary, "C");
	cr_assert_str_empty(d->not_dumped);
	server_run(&s->target, "postgres", drop);
}

/* A server as initdb made it loses nothing. */
static void check_nothing_is_lost(const struct scratch *s)
{
	static const char *const names[] = {"postgres", "template1"};

	for (size_t i = 0; i < 2; i++) {
		CLEANUP(pg_facts_stop) struct pg_facts f = {0};

		cr_assert_str_empty(facts_of(s, &f, names[i])->not_dumped);
	}
}

static const char *const changes[] = {
    "CREATE ROLE \"My Role\"",
    "COMMENT ON DATABASE postgres IS E'two\nlines, a '' and a \\\\'",
    "ALTER DATABASE postgres CONNECTION LIMIT 33",
    "ALTER DATABASE postgres OWNER TO \"My Role\"",
    "REVOKE CONNECT ON DATABASE postgres FROM PUBLIC",
    "GRANT CONNECT ON DATABASE postgres TO app WITH GRANT OPTION",
    "ALTER DATABASE postgres SET search_path = \"$user\", public, \"a,b\"",
    "ALTER DATABASE postgres SET work_mem = '12MB'",
    "ALTER DATABASE postgres SET my.var = 'it''s'",
    "ALTER ROLE app IN DATABASE postgres SET temp_tablespaces = ''",
    "ALTER ROLE app IN DATABASE postgres SET statement_timeout = '5s'",
    NULL};

static const char expected[] =
    "ALTER DATABASE postgres OWNER TO \"My Role\";\n"
    "ALTER DATABASE postgres CONNECTION LIMIT 33;\n"
    "COMMENT ON DATABASE postgres IS E'two\\nlines, a '' and a \\\\';\n"
    "REVOKE CONNECT ON DATABASE postgres FROM PUBLIC;\n"
    "GRANT CONNECT ON DATABASE postgres TO app WITH GRANT OPTION;\n"
    "ALTER DATABASE postgres SET search_path TO '$user', 'public', 'a,b';\n"
    "ALTER DATABASE postgres SET work_mem TO '12MB';\n"
    "ALTER DATABASE postgres SET \"my.var\" TO 'it''s';\n"
    "ALTER ROLE app IN DATABASE postgres SET temp_tablespaces TO '';\n"
    "ALTER ROLE app IN DATABASE postgres SET statement_timeout TO '5s';\n";

/* No provider of labels comes with PostgreSQL, but a row is one. */
static const char *const of_template1[] = {
    "ALTER ROLE ALL SET search_path = a, public", "ALTER ROLE ALL SET work_mem = '64MB'",
    "SET allow_system_table_mods = on",
    "INSERT INTO pg_shseclabel SELECT oid, 'pg_database'::regclass, 'My Provider', 'it''s'"
    " FROM pg_database WHERE datname = 'template1'",
    NULL};

static void check_lost_statements(const struct scratch *s)
{
	CLEANUP(pg_facts_stop) struct pg_facts f = {0};
	CLEANUP(pg_facts_stop) struct pg_facts g = {0};

	server_run(&s->target, "postgres", changes);
	server_run(&s->target, "postgres", of_template1);
	cr_assert_str_eq(facts_of(s, &f, "postgres")->not_dumped, expected);
	cr_assert_str_eq(facts_of(s, &g, "template1")->not_dumped,
			 "ALTER ROLE ALL SET search_path TO 'a', 'public';\n"
			 "ALTER ROLE ALL SET work_mem TO '64MB';\n"
			 "SECURITY LABEL FOR \"My Provider\" ON DATABASE template1 IS 'it''s';\n");
}

static void check_server(int major)
{
	CLEANUP(scratch_stop) struct scratch s = {0};

	start(&s, major);
	check_nothing_is_lost(&s);
	check_extensions(&s);
	check_roles(&s, major);
	check_lost_statements(&s);
}

Test(pg_facts, facts_of_15_are_the_servers, .timeout = 60)
{
	check_server(15);
}

Test(pg_facts, facts_of_18_are_the_servers, .timeout = 60)
{
	check_server(18);
}

/* Noted again, what was brought back is the same. */
static void check_that_they_bring_it_back(const struct scratch *s)
{
	static const char *const roles[] = {"CREATE ROLE app LOGIN", "CREATE ROLE \"My Role\"",
					    NULL};
	CLEANUP(pg_facts_stop) struct pg_facts f = {0};
	CLEANUP(freep) char *text = xstrdup(expected);

	server_run(&s->target, "postgres", roles);
	for (char *line = text; *line != '\0';) {
		char *end = strchr(line, '\n');

		*end = '\0';
		server_run(&s->target, "template1", (const char *const[]){line, NULL});
		line = end + 1;
	}
	cr_assert_str_eq(facts_of(s, &f, "postgres")->not_dumped, expected);
}

static void check_what_is_hidden(const struct scratch *s)
{
	static const char *const hide[] = {
	    "REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC",
	    "GRANT TEMPORARY ON DATABASE template1 TO PUBLIC", NULL};
	CLEANUP(pg_facts_stop) struct pg_facts f = {0};
	CLEANUP(pg_facts_stop) struct pg_facts g = {0};
	struct pg_target app = s->target;
	struct err e = {0};

	server_run(&s->target, "postgres", hide);
	app.user = "app";
	app.isolated = false;
	cr_assert(pg_facts_read(&app, &f, &e), "%s", e.text);
	cr_assert_str_empty(f.system_identifier);
	cr_assert_str_eq(facts_of(s, &g, "template1")->not_dumped,
			 "GRANT TEMPORARY ON DATABASE template1 TO PUBLIC;\n");
}

Test(pg_facts, lost_statements_bring_the_state_back_and_what_is_missing_does_no_harm, .timeout = 60)
{
	static const char *const drop[] = {"DROP DATABASE postgres", NULL};
	CLEANUP(scratch_stop) struct scratch s = {0};
	CLEANUP(pg_facts_stop) struct pg_facts f = {0};
	struct err e = {0};

	start(&s, 15);
	check_that_they_bring_it_back(&s);
	check_what_is_hidden(&s);
	server_run(&s.target, "template1", drop);
	cr_assert(pg_facts_read(&s.target, &f, &e), "%s", e.text);
	cr_assert_eq(f.database_count, 1);
	cr_assert_str_eq(f.databases[0].name, "template1");
}

Test(pg_facts, ways_that_a_role_has_are_not_the_servers)
{
	static const char *const role[] = {"CREATE ROLE elsewhere LOGIN",
					   "ALTER ROLE elsewhere SET TimeZone = 'Asia/Tokyo'",
					   NULL};
	struct pg_target t = *server_target();
	char *ways[PG_WAYS] = {0};
	struct err e = {0};

	server_run(&t, "postgres", role);
	t.user = "elsewhere";
	t.isolated = false;
	cr_assert(pg_facts_ways(&t, ways, &e), "%s", e.text);
	cr_assert_null(ways[0]);
	cr_assert_str_eq(ways[1], "ISO, MDY");
	cr_assert_str_eq(ways[2], "postgres");
	free(ways[1]);
	free(ways[2]);
}
