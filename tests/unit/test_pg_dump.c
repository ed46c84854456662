#include "pg/dump.h"

#include "pg/facts.h"
#include "pg/scratch.h"
#include "support/probe.h"
#include "support/server.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const odd_names[] = {"a 'quote' \"double\"", "a=b", "Ünïcödé.dot\\slash",
					"host=nowhere", "$HOME; `x` %s%n"};

static const char *const roles[] = {
    "CREATE ROLE app LOGIN PASSWORD 'secret'",
    "CREATE ROLE \"My Role\" NOLOGIN",
    "GRANT app TO \"My Role\"",
    "ALTER ROLE app SET work_mem = '5MB'",
    "CREATE ROLE plain LOGIN",
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

static void parts_equal_the_whole(int server_major, int client_major)
{
	struct pg_client client = {0};
	CLEANUP(scratch_stop) struct scratch s = {0};
	CLEANUP(pg_warnings_stop) struct pg_warnings w = {0};
	struct probe parts, whole;
	struct err e = {0};

	start(&s, server_client(server_major));
	fill(&s);
	cr_assert(pg_client_find(server_client(client_major)->directory, client_major, false,
				 &client, &e));
	probe_init(&parts, SIZE_MAX);
	probe_init(&whole, SIZE_MAX);
	/* The environment's own settings must not show. */
	setenv("PGCLIENTENCODING", "LATIN1", 1);
	setenv("PGDATABASE", "none", 1);
	setenv("PGOPTIONS", "-c bytea_output=escape", 1);
	run_parts(&(struct pg_dump_options){.client = &client, .target = &s.target}, &parts, &w);
	unsetenv("PGCLIENTENCODING");
	unsetenv("PGDATABASE");
	run_dumpall(&s, &client, &whole);
	cr_assert(memmem(whole.data, whole.len, "\\restrict ", 10));
	drop_restrict_lines(&parts);
	drop_restrict_lines(&whole);
	compare(&parts, &whole);
	cr_assert_eq(w.count, 0, "%s", w.count ? w.lines[0] : "");
	probe_stop(&parts);
	probe_stop(&whole);
	pg_client_stop(&client);
}

Test(pg_dump, parts_of_15_are_pg_dumpalls_text, .timeout = 60)
{
	parts_equal_the_whole(15, 15);
}

Test(pg_dump, parts_of_18_are_pg_dumpalls_text, .timeout = 60)
{
	parts_equal_the_whole(18, 18);
}

Test(pg_dump, parts_of_15_by_18_are_pg_dumpalls_text, .timeout = 60)
{
	parts_equal_the_whole(15, 18);
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
	cr_assert(strncmp(e.text,
			  "database not there: pg_dump: exit status 1: pg_dump: error: ", 60) == 0,
		  "%s", e.text);
	cr_assert(strstr(e.text, "\"not there\" does not exist"), "%s", e.text);
	cr_assert(!out.committed);
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

/* A program in the place of pg_dumpall and pg_dump. */
static struct pg_client fake_client(const char *script)
{
	static const char *const programs[] = {"pg_dump", "pg_dumpall"};
	char *directory = xstrdup("/tmp/pgmuster-fake-XXXXXX");

	cr_assert(mkdtemp(directory));
	for (size_t i = 0; i < 2; i++) {
		CLEANUP(freep) char *path = xasprintf("%s/%s", directory, programs[i]);
		FILE *f = fopen(path, "w");

		cr_assert(f);
		fprintf(f, "#!/bin/sh\n%s\n", script);
		fclose(f);
		chmod(path, 0755);
	}
	return (struct pg_client){.directory = directory, .version = 150000};
}

static void remove_client(struct pg_client *c)
{
	CLEANUP(freep) char *dump = xasprintf("%s/pg_dump", c->directory);
	CLEANUP(freep) char *dumpall = xasprintf("%s/pg_dumpall", c->directory);

	unlink(dump);
	unlink(dumpall);
	rmdir(c->directory);
	pg_client_stop(c);
}

struct outcome {
	bool ok;
	struct err e;
	struct probe out;
	struct pg_warnings w;
};

static void globals_by(const char *script, const struct pg_target *t, struct outcome *r)
{
	struct pg_client client = fake_client(script);
	struct pg_dump_options o = {.client = &client, .target = t};

	*r = (struct outcome){0};
	probe_init(&r->out, SIZE_MAX);
	r->ok = pg_dump_globals(&o, &r->out.sink, &r->w, &r->e);
	remove_client(&client);
}

static void outcome_stop(struct outcome *r)
{
	probe_stop(&r->out);
	pg_warnings_stop(&r->w);
}

#define CLOSING "--\n-- PostgreSQL database cluster dump complete\n--\n\n"
#define HEADING "--\n-- Databases\n--\n\n"

Test(pg_dump, globals_without_their_closing_comment_are_refused_at_every_length)
{
	static const char whole[] = "globals\n" CLOSING;
	struct pg_target t = {.host = "/nowhere"};

	for (size_t cut = 0; cut <= sizeof whole - 1; cut++) {
		CLEANUP(freep) char *script = xasprintf("printf '%%s' '%.*s'", (int)cut, whole);
		CLEANUP(outcome_stop) struct outcome r;

		globals_by(script, &t, &r);
		cr_assert_eq(r.ok, cut == sizeof whole - 1, "cut at %zu", cut);
		if (r.ok) {
			cr_assert_eq(r.out.len, strlen("globals\n" HEADING));
			cr_assert_arr_eq(r.out.data, "globals\n" HEADING, r.out.len);
		}
	}
}

Test(pg_dump, closing_comment_is_found_however_the_text_is_cut)
{
	struct pg_target t = {.host = "/nowhere"};
	CLEANUP(outcome_stop) struct outcome r;

	globals_by(
	    "printf 'x--\\n-- PostgreSQL data'; printf 'base cluster dump complete\\n--'\n"
	    "printf '\\n\\n'; printf -- '--\\n'; printf -- '-- PostgreSQL database cluster dump "
	    "complete\\n--\\n\\n'",
	    &t, &r);
	cr_assert(r.ok, "%s", r.e.text);
	cr_assert_eq(r.out.len, strlen("x" CLOSING HEADING));
	cr_assert_arr_eq(r.out.data, "x" CLOSING HEADING, r.out.len);
}

Test(pg_dump, failure_after_the_whole_text_is_a_failure)
{
	struct pg_target t = {.host = "/nowhere"};
	CLEANUP(outcome_stop) struct outcome r;

	globals_by(
	    "printf -- '" CLOSING "'\n"
	    "echo 'pg_dumpall: warning: first' >&2\n"
	    "echo 'pg_dumpall: error: query failed: ERROR:  permission denied for table pg_authid' "
	    ">&2\n"
	    "echo 'pg_dumpall: detail: Query was: SELECT oid,' >&2\necho 'rolname' >&2\nexit 3",
	    &t, &r);
	cr_assert(!r.ok);
	cr_assert_str_eq(r.e.text, "globals: pg_dumpall: exit status 3: pg_dumpall: error: query "
				   "failed: ERROR:  permission denied for table pg_authid");
	cr_assert_eq(r.e.kind, ERR_DENIED);
	cr_assert_str_eq(r.e.hint, "use --no-role-passwords, or a superuser");
}

Test(pg_dump, every_line_of_stderr_is_a_warning)
{
	struct pg_target t = {.host = "/nowhere"};
	CLEANUP(outcome_stop) struct outcome r;

	globals_by("printf -- '" CLOSING "'\nprintf 'pg_dumpall: warning: a\\n\\nlast' >&2", &t,
		   &r);
	cr_assert(r.ok, "%s", r.e.text);
	cr_assert_eq(r.w.count, 2);
	cr_assert_str_eq(r.w.lines[0], "globals: pg_dumpall: warning: a");
	cr_assert_str_eq(r.w.lines[1], "globals: last");
}

/* What a child is started with, as its own output. */
static const char tell[] = "printf '%s\\n' \"$@\"; env\nprintf -- '" CLOSING "'";

static bool told(const struct outcome *r, const char *line)
{
	CLEANUP(freep) char *text = xasprintf("\n%.*s", (int)r->out.len, r->out.data);
	CLEANUP(freep) char *wanted = xasprintf("\n%s\n", line);

	return strstr(text, wanted) != NULL;
}

Test(pg_dump, password_goes_to_a_child_by_its_environment_only)
{
	struct pg_target t = {.conninfo =
				  "postgresql://u:hunter2@nowhere:77/ignored?sslmode=disable"};
	CLEANUP(outcome_stop) struct outcome r;

	setenv("PGPASSWORD", "other", 1);
	globals_by(tell, &t, &r);
	cr_assert(r.ok, "%s", r.e.text);
	cr_assert(told(&r, "PGPASSWORD=hunter2"));
	cr_assert(told(&r, "--dbname=user='u' host='nowhere' port='77' sslmode='disable'"), "%.*s",
		  (int)r.out.len, r.out.data);
	cr_assert(told(&r, "--no-password"));
	cr_assert(!told(&r, "PGPASSWORD=other"));
}

Test(pg_dump, other_secrets_of_a_connection_string_are_refused)
{
	struct pg_target t = {.conninfo = "host=h sslpassword=hunter2"};
	CLEANUP(outcome_stop) struct outcome r;

	globals_by(tell, &t, &r);
	cr_assert(!r.ok);
	cr_assert_eq(r.e.kind, ERR_USAGE);
	cr_assert(!strstr(r.e.text, "hunter2"));
}

Test(pg_dump, password_file_becomes_the_childs_password)
{
	struct pg_target t = {.host = "h"};
	char path[] = "/tmp/pgmuster-password-XXXXXX";
	int fd = mkstemp(path);
	CLEANUP(outcome_stop) struct outcome r;

	cr_assert(write(fd, "from file\n", 10) == 10);
	close(fd);
	setenv("PGPASSWORD_FILE", path, 1);
	globals_by(tell, &t, &r);
	unlink(path);
	cr_assert(r.ok, "%s", r.e.text);
	cr_assert(told(&r, "PGPASSWORD=from file"));
	cr_assert(!memmem(r.out.data, r.out.len, "PGPASSWORD_FILE", 15));
}

Test(pg_dump, child_gets_its_settings_and_no_secret_of_the_store)
{
	struct pg_target t = {.host = "it's \\ here", .port = "1"};
	CLEANUP(outcome_stop) struct outcome r;

	setenv("AWS_SECRET_ACCESS_KEY", "hunter2", 1);
	setenv("AWS_SESSION_TOKEN", "hunter2", 1);
	setenv("PGOPTIONS", "-c work_mem=1MB", 1);
	setenv("PGTZ", "Asia/Tokyo", 1);
	setenv("PGCLIENTENCODING", "LATIN1", 1);
	setenv("PGDATABASE", "x", 1);
	setenv("PGSSLROOTCERT", "/ca", 1);
	globals_by(tell, &t, &r);
	cr_assert(r.ok, "%s", r.e.text);
	cr_assert(told(&r, "PGOPTIONS=-c work_mem=1MB -c bytea_output=hex"));
	cr_assert(told(&r, "PGTZ=UTC"));
	cr_assert(told(&r, "PGSSLROOTCERT=/ca"));
	cr_assert(told(&r, "--dbname=host='it\\'s \\\\ here' port='1'"));
	cr_assert(!memmem(r.out.data, r.out.len, "hunter2", 7));
	cr_assert(!memmem(r.out.data, r.out.len, "AWS_", 4));
	cr_assert(!memmem(r.out.data, r.out.len, "PGCLIENTENCODING", 16));
	cr_assert(!memmem(r.out.data, r.out.len, "PGDATABASE", 10));
}

Test(pg_dump, child_of_an_isolated_target_gets_nothing_of_the_environment)
{
	struct pg_target t = {.host = "/h", .isolated = true};
	CLEANUP(outcome_stop) struct outcome r;

	setenv("PGHOSTADDR", "127.0.0.1", 1);
	setenv("PGPASSWORD", "hunter2", 1);
	setenv("PGSERVICE", "x", 1);
	globals_by(tell, &t, &r);
	cr_assert(r.ok, "%s", r.e.text);
	cr_assert(told(&r, "PGOPTIONS= -c bytea_output=hex"));
	cr_assert(!memmem(r.out.data, r.out.len, "PGHOSTADDR", 10));
	cr_assert(!memmem(r.out.data, r.out.len, "PGSERVICE", 9));
	cr_assert(!memmem(r.out.data, r.out.len, "hunter2", 7));
}

Test(pg_dump, role_that_may_read_little_is_told_what_would_help, .timeout = 60)
{
	CLEANUP(scratch_stop) struct scratch s = {0};
	CLEANUP(pg_warnings_stop) struct pg_warnings w = {0};
	struct pg_target app;
	struct pg_dump_options o = {.client = server_client(15), .target = &app};
	struct probe out;
	struct err e = {0};

	start(&s, o.client);
	server_run(&s.target, "postgres", roles);
	server_run(&s.target, "postgres", contents);
	app = s.target;
	app.user = "plain";
	probe_init(&out, SIZE_MAX);
	cr_assert(!pg_dump_globals(&o, &out.sink, &w, &e));
	cr_assert_eq(e.kind, ERR_DENIED, "%s", e.text);
	cr_assert_str_eq(e.hint, "use --no-role-passwords, or a superuser");
	o.no_role_passwords = true;
	cr_assert(pg_dump_globals(&o, &out.sink, &w, &e), "%s", e.text);
	cr_assert(!memmem(out.data, out.len, "PASSWORD", 8));
	cr_assert(!pg_dump_database(&o, "postgres", &out.sink, &w, &e));
	cr_assert_eq(e.kind, ERR_DENIED, "%s", e.text);
	cr_assert(strstr(e.text, "permission denied for table t"), "%s", e.text);
	cr_assert(strstr(e.hint, "pg_read_all_data"), "%s", e.hint);
	probe_stop(&out);
}
