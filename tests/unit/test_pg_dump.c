#include "pg/dump.h"

#include "pg/facts.h"
#include "pg/scratch.h"
#include "support/probe.h"
#include "support/server.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const odd_names[] = {"a 'quote' \"double\"", "a=b", "Ünïcödé.dot\\slash",
					"host=nowhere", "$HOME; `x` %s%n"};

static const char *const roles[] = {
    "CREATE ROLE app LOGIN PASSWORD 'secret'",
    "CREATE ROLE \"My Role\" NOLOGIN",
    "GRANT app TO \"My Role\"",
    "ALTER ROLE app SET work_mem = '5MB'",
    "COMMENT ON ROLE app IS '--\n-- PostgreSQL database cluster dump complete\n--\n\n'",
    NULL};

static const char *const contents[] = {
    "SET search_path = public",
    "CREATE TABLE t (id int PRIMARY KEY, d timestamptz, b bytea, f float8)",
    "INSERT INTO t SELECT i, '2026-11-21 12:00Z'::timestamptz + i * interval '1 h', '\\xff00', 0.1 "
    "* i"
    " FROM generate_series(1, 100) i",
    "ALTER DEFAULT PRIVILEGES FOR ROLE app IN SCHEMA public GRANT SELECT ON TABLES TO \"My Role\"",
    "CREATE VIEW v AS SELECT count(*) FROM t",
    "SELECT lo_from_bytea(0, 'large')",
    NULL};

static void start(struct scratch *s, const struct pg_client *client)
{
	struct err e = {0};

	cr_assert(scratch_start(s, &(struct scratch_options){.client = client}, &e), "%s", e.text);
}

static void create_database(const struct scratch *s, const char *name, const char *more)
{
	CLEANUP(freep) char *quoted = xcalloc(1, 2 * strlen(name) + 3);
	char *q = quoted;

	*q++ = '"';
	for (const char *p = name; *p; p++) {
		if (*p == '"')
			*q++ = '"';
		*q++ = *p;
	}
	*q = '"';
	CLEANUP(freep) char *create = xasprintf("CREATE DATABASE %s %s", quoted, more);
	server_run(&s->target, "postgres", (const char *const[]){create, NULL});
	CLEANUP(freep)
	char *config = xasprintf("ALTER DATABASE %s SET DateStyle = 'SQL, DMY'", quoted);
	server_run(&s->target, "postgres", (const char *const[]){config, NULL});
}

static void fill(const struct scratch *s)
{
	server_run(&s->target, "postgres", roles);
	for (size_t i = 0; i < sizeof odd_names / sizeof *odd_names; i++)
		create_database(s, odd_names[i], "");
	create_database(s, "latin", "TEMPLATE template0 ENCODING 'LATIN1'");
	create_database(s, "closed", "ALLOW_CONNECTIONS false");
	server_run(&s->target, "postgres", contents);
	server_run(&s->target, "latin", contents);
	server_run(&s->target, "latin",
		   (const char *const[]){"CREATE TABLE public.\"ä\" (a text)",
					 "INSERT INTO public.\"ä\" VALUES ('ö')", NULL});
	server_run(&s->target, "a=b", contents);
	server_run(&s->target, "host=nowhere", contents);
}

/* Without the lines whose key is random; in place. */
static void drop_restrict_lines(struct probe *p)
{
	size_t kept = 0;

	for (size_t at = 0; at < p->len;) {
		const char *line = p->data + at;
		const char *end = memchr(line, '\n', p->len - at);
		size_t len = end ? (size_t)(end - line) + 1 : p->len - at;

		if (strncmp(line, "\\restrict ", 10) != 0 &&
		    strncmp(line, "\\unrestrict ", 12) != 0) {
			memmove(p->data + kept, line, len);
			kept += len;
		}
		at += len;
	}
	p->len = kept;
}

static void run_dumpall(const struct scratch *s, const struct pg_client *client, struct probe *out)
{
	CLEANUP(freep) char *program = xasprintf("%s/pg_dumpall", client->directory);
	const char *argv[] = {program, "-h", s->target.host, "-U", "postgres", NULL};
	const char *add[] = {"PGTZ=UTC", "PGOPTIONS=-c bytea_output=hex", NULL};
	const char *drop[] = {"PGTZ", "PGOPTIONS", NULL};
	CLEANUP(proc_env_freep) char **env = proc_env(drop, add);
	CLEANUP(proc_stop)
	struct proc p = {.argv = argv, .env = (const char *const *)env, .capture_out = true};
	struct err e = {0};

	cr_assert(proc_start(&p, &e), "%s", e.text);
	cr_assert(sink_pump(&out->sink, p.out, &e), "%s", e.text);
	cr_assert(proc_wait(&p, &e), "%s", e.text);
}

static void run_parts(const struct pg_dump_options *o, struct probe *out, struct pg_warnings *w)
{
	CLEANUP(pg_facts_stop) struct pg_facts f = {0};
	struct err e = {0};

	cr_assert(pg_facts_read(o->target, &f, &e), "%s", e.text);
	cr_assert(pg_dump_globals(o, &out->sink, w, &e), "%s", e.text);
	for (size_t i = 0; i < f.database_count; i++)
		if (f.databases[i].connectable)
			cr_assert(pg_dump_database(o, f.databases[i].name, &out->sink, w, &e), "%s",
				  e.text);
	cr_assert(pg_dump_closing(&out->sink, &e), "%s", e.text);
	cr_assert(!out->committed);
}

static void compare(const struct probe *a, const struct probe *b)
{
	size_t line = 1;

	for (size_t i = 0; i < a->len && i < b->len; i++) {
		cr_assert_eq(a->data[i], b->data[i], "line %zu: %.60s", line, a->data + i);
		line += a->data[i] == '\n';
	}
	cr_assert_eq(a->len, b->len);
}

static void parts_equal_the_whole(const struct scratch *s, int client_major)
{
	const struct pg_client *client = server_client(client_major);
	const struct pg_dump_options o = {.client = client, .target = &s->target};
	CLEANUP(pg_warnings_stop) struct pg_warnings w = {0};
	struct probe parts, whole;

	probe_init(&parts, SIZE_MAX);
	probe_init(&whole, SIZE_MAX);
	/* The environment's own settings must not show. */
	setenv("PGCLIENTENCODING", "LATIN1", 1);
	setenv("PGDATABASE", "none", 1);
	setenv("PGOPTIONS", "-c bytea_output=escape", 1);
	run_parts(&o, &parts, &w);
	unsetenv("PGCLIENTENCODING");
	unsetenv("PGDATABASE");
	run_dumpall(s, client, &whole);
	cr_assert(memmem(whole.data, whole.len, "\\restrict ", 10));
	drop_restrict_lines(&parts);
	drop_restrict_lines(&whole);
	compare(&parts, &whole);
	cr_assert_eq(w.count, 0, "%s", w.count ? w.lines[0] : "");
	probe_stop(&parts);
	probe_stop(&whole);
}

Test(pg_dump, parts_of_15_are_pg_dumpalls_text_by_either_client, .timeout = 60)
{
	CLEANUP(scratch_stop) struct scratch s = {0};

	start(&s, server_client(15));
	fill(&s);
	parts_equal_the_whole(&s, 15);
	parts_equal_the_whole(&s, 18);
}

Test(pg_dump, parts_of_18_are_pg_dumpalls_text, .timeout = 60)
{
	CLEANUP(scratch_stop) struct scratch s = {0};

	start(&s, server_client(18));
	fill(&s);
	parts_equal_the_whole(&s, 18);
}

static struct pg_dump_options shared(void)
{
	return (struct pg_dump_options){.client = server_client(15), .target = server_target()};
}

Test(pg_dump, name_with_a_line_break_is_refused_before_anything_is_written)
{
	struct pg_dump_options o = shared();
	struct pg_warnings w = {0};
	struct probe out;
	struct err e = {0};

	probe_init(&out, SIZE_MAX);
	cr_assert(!pg_dump_database(&o, "line\nbreak", &out.sink, &w, &e));
	cr_assert_eq(e.kind, ERR_USAGE);
	cr_assert(!pg_dump_database(&o, "line\rbreak", &out.sink, &w, &e));
	cr_assert_eq(e.kind, ERR_USAGE);
	cr_assert_eq(out.len, 0);
}

Test(pg_dump, missing_database_is_an_error_that_names_it)
{
	struct pg_dump_options o = shared();
	CLEANUP(pg_warnings_stop) struct pg_warnings w = {0};
	struct probe out;
	struct err e = {0};

	probe_init(&out, SIZE_MAX);
	cr_assert(!pg_dump_database(&o, "not there", &out.sink, &w, &e));
	cr_assert_eq(e.kind, ERR_MISSING);
	cr_assert(strncmp(e.text, "database not there: ", 20) == 0, "%s", e.text);
	cr_assert(strstr(e.text, "\"not there\" does not exist"), "%s", e.text);
	cr_assert(!out.committed);
	probe_stop(&out);
}

/* pg_dump would otherwise follow the role's setting and fail half-way. */
Test(pg_dump, text_is_in_the_databases_encoding_whatever_the_role_asks_for)
{
	static const char *const prepare[] = {"CREATE ROLE narrow LOGIN SUPERUSER",
					      "ALTER ROLE narrow SET client_encoding = 'LATIN1'",
					      "CREATE DATABASE dump_wide", NULL};
	static const char *const table[] = {"CREATE TABLE public.t AS SELECT '\u20ac'::text AS a",
					    NULL};
	struct pg_target narrow = *server_target();
	struct pg_dump_options o = {.client = server_client(15), .target = &narrow};
	CLEANUP(pg_warnings_stop) struct pg_warnings w = {0};
	struct probe out;
	struct err e = {0};

	server_run(&narrow, "postgres", prepare);
	server_run(&narrow, "dump_wide", table);
	narrow.user = "narrow";
	probe_init(&out, SIZE_MAX);
	cr_assert(pg_dump_database(&o, "dump_wide", &out.sink, &w, &e), "%s", e.text);
	cr_assert(memmem(out.data, out.len, "\xe2\x82\xac\n", 4));
	probe_stop(&out);
}

Test(pg_dump, failure_of_the_sink_surfaces_wherever_it_happens)
{
	struct pg_dump_options o = shared();
	struct probe out;
	struct err e = {0};
	size_t whole;

	{
		CLEANUP(pg_warnings_stop) struct pg_warnings w = {0};

		probe_init(&out, SIZE_MAX);
		cr_assert(pg_dump_globals(&o, &out.sink, &w, &e), "%s", e.text);
		whole = out.len;
		probe_stop(&out);
	}
	for (size_t limit = 0; limit < whole; limit += 1 + whole / 12) {
		CLEANUP(pg_warnings_stop) struct pg_warnings w = {0};

		probe_init(&out, limit);
		cr_assert(!pg_dump_globals(&o, &out.sink, &w, &e));
		cr_assert(strstr(e.text, "probe full"), "%s", e.text);
		cr_assert_eq(e.kind, ERR_TRANSIENT);
		probe_stop(&out);
	}
}

Test(pg_dump, role_that_may_read_little_is_told_what_would_help)
{
	static const char *const prepare[] = {"CREATE ROLE plain LOGIN",
					      "CREATE DATABASE dump_plain", NULL};
	struct pg_target plain = *server_target();
	struct pg_dump_options o = {.client = server_client(15), .target = &plain};
	CLEANUP(pg_warnings_stop) struct pg_warnings w = {0};
	struct probe out;
	struct err e = {0};

	server_run(&plain, "postgres", prepare);
	server_run(&plain, "dump_plain", (const char *const[]){"CREATE TABLE public.t ()", NULL});
	plain.user = "plain";
	plain.isolated = false;
	probe_init(&out, SIZE_MAX);
	cr_assert(!pg_dump_globals(&o, &out.sink, &w, &e));
	cr_assert_eq(e.kind, ERR_DENIED, "%s", e.text);
	cr_assert_str_eq(e.hint, "use --no-role-passwords, or a superuser");
	o.no_role_passwords = true;
	cr_assert(pg_dump_globals(&o, &out.sink, &w, &e), "%s", e.text);
	cr_assert(!memmem(out.data, out.len, "PASSWORD", 8));
	cr_assert(!pg_dump_database(&o, "dump_plain", &out.sink, &w, &e));
	cr_assert_eq(e.kind, ERR_DENIED, "%s", e.text);
	cr_assert(strstr(e.text, "permission denied for table t"), "%s", e.text);
	cr_assert(strstr(e.hint, "pg_read_all_data"), "%s", e.hint);
	probe_stop(&out);
}

Test(pg_dump, schema_alone_has_no_rows)
{
	static const char *const prepare[] = {"CREATE DATABASE dump_schema", NULL};
	static const char *const table[] = {"CREATE TABLE public.t AS SELECT 'hunter2' AS a", NULL};
	struct pg_dump_options o = shared();
	CLEANUP(pg_warnings_stop) struct pg_warnings w = {0};
	struct probe out;
	struct err e = {0};

	server_run(o.target, "postgres", prepare);
	server_run(o.target, "dump_schema", table);
	o.schema_only = true;
	probe_init(&out, SIZE_MAX);
	cr_assert(pg_dump_database(&o, "dump_schema", &out.sink, &w, &e), "%s", e.text);
	cr_assert(memmem(out.data, out.len, "CREATE TABLE public.t", 21));
	cr_assert(!memmem(out.data, out.len, "hunter2", 7));
	probe_stop(&out);
}
