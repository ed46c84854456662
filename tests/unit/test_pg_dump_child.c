#include "pg/dump.h"

#include "support/probe.h"
#include "support/server.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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
	struct pg_target t = *server_target();

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
	struct pg_target t = *server_target();
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
	struct pg_target t = *server_target();
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

Test(pg_dump, failure_that_nobody_has_advice_for_has_no_hint)
{
	CLEANUP(outcome_stop) struct outcome r;

	globals_by("echo 'pg_dumpall: error: out of luck' >&2; exit 3", server_target(), &r);
	cr_assert(!r.ok && r.e.kind == ERR_SYSTEM);
	cr_assert_str_eq(r.e.text,
			 "globals: pg_dumpall: exit status 3: pg_dumpall: error: out of luck");
	cr_assert_str_empty(r.e.hint);
}

Test(pg_dump, every_line_of_stderr_is_a_warning)
{
	struct pg_target t = *server_target();
	CLEANUP(outcome_stop) struct outcome r;

	globals_by("printf -- '" CLOSING "'\nprintf 'pg_dumpall: warning: a\\n\\nlast' >&2", &t,
		   &r);
	cr_assert(r.ok, "%s", r.e.text);
	cr_assert_eq(r.w.count, 2);
	cr_assert_str_eq(r.w.lines[0], "globals: pg_dumpall: warning: a");
	cr_assert_str_eq(r.w.lines[1], "globals: last");
}

Test(pg_dump, child_that_says_nothing_is_given_up)
{
	struct pg_target t = *server_target();
	CLEANUP(outcome_stop) struct outcome r;

	t.idle_timeout_s = 2;
	globals_by("echo a; sleep 1; echo b; sleep 60", &t, &r);
	cr_assert(!r.ok);
	cr_assert_eq(r.e.kind, ERR_TRANSIENT);
	cr_assert_str_eq(r.e.text, "globals: pg_dumpall: nothing came from it for 2 s");
	cr_assert(strstr(r.e.hint, "pg_locks"), "%s", r.e.hint);
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
	const char *host = server_target()->host;
	CLEANUP(freep)
	char *conninfo = xasprintf(
	    "postgresql://postgres:hunter2@/ignored?host=%s&port=5432&sslmode=disable", host);
	CLEANUP(freep)
	char *where =
	    xasprintf("--dbname=keepalives='1' keepalives_idle='30' "
		      "keepalives_interval='10' keepalives_count='3' tcp_user_timeout='60000' "
		      "connect_timeout='15' "
		      "user='postgres' host='%s' port='5432' sslmode='disable'",
		      host);
	struct pg_target t = {.conninfo = conninfo};
	CLEANUP(outcome_stop) struct outcome r;

	setenv("PGPASSWORD", "other", 1);
	globals_by(tell, &t, &r);
	cr_assert(r.ok, "%s", r.e.text);
	cr_assert(told(&r, "PGPASSWORD=hunter2"));
	cr_assert(told(&r, where), "%.*s", (int)r.out.len, r.out.data);
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

Test(pg_dump, connection_string_too_long_for_an_argument_is_refused)
{
	CLEANUP(freep) char *conninfo = xasprintf("host=h sslkey=%070000d", 0);
	struct pg_target t = {.conninfo = conninfo};
	CLEANUP(outcome_stop) struct outcome r;

	globals_by(tell, &t, &r);
	cr_assert(!r.ok && r.e.kind == ERR_CORRUPT, "%s", r.e.text);
}

Test(pg_dump, password_file_becomes_the_childs_password)
{
	struct pg_target t = {.host = server_target()->host, .port = "5432", .user = "postgres"};
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
	static const char *const role[] = {"CREATE ROLE \"it's \\ here\" LOGIN", NULL};
	struct pg_target t = {
	    .host = server_target()->host, .port = "5432", .user = "it's \\ here"};
	CLEANUP(outcome_stop) struct outcome r;

	server_run(server_target(), "postgres", role);
	setenv("AWS_SECRET_ACCESS_KEY", "hunter2", 1);
	setenv("AWS_SESSION_TOKEN", "hunter2", 1);
	setenv("PGOPTIONS", "-c work_mem=1MB", 1);
	setenv("PGTZ", "Asia/Tokyo", 1);
	setenv("PGDATESTYLE", "SQL, DMY", 1);
	setenv("PGGEQO", "off", 1);
	setenv("PGCLIENTENCODING", "LATIN1", 1);
	setenv("PGDATABASE", "x", 1);
	setenv("PGSSLROOTCERT", "/ca", 1);
	globals_by(tell, &t, &r);
	cr_assert(r.ok, "%s", r.e.text);
	cr_assert(told(&r, "PGOPTIONS=-c work_mem=1MB -c bytea_output=hex -c DateStyle=ISO"
			   " -c IntervalStyle=postgres -c standard_conforming_strings=on"));
	cr_assert(told(&r, "PGTZ=UTC"));
	cr_assert(told(&r, "PGSSLROOTCERT=/ca"));
	cr_assert(memmem(r.out.data, r.out.len, " user='it\\'s \\\\ here'\n", 22));
	cr_assert(!memmem(r.out.data, r.out.len, "hunter2", 7));
	cr_assert(!memmem(r.out.data, r.out.len, "AWS_", 4));
	cr_assert(!memmem(r.out.data, r.out.len, "PGCLIENTENCODING", 16));
	cr_assert(!memmem(r.out.data, r.out.len, "PGDATESTYLE", 11));
	cr_assert(!memmem(r.out.data, r.out.len, "PGGEQO", 6));
	cr_assert(!memmem(r.out.data, r.out.len, "PGDATABASE", 10));
}

Test(pg_dump, child_of_an_isolated_target_gets_nothing_of_the_environment)
{
	struct pg_target t = *server_target();
	CLEANUP(outcome_stop) struct outcome r;

	setenv("PGHOSTADDR", "127.0.0.1", 1);
	setenv("PGPASSWORD", "hunter2", 1);
	setenv("PGSSLROOTCERT", "/ca", 1);
	globals_by(tell, &t, &r);
	cr_assert(r.ok, "%s", r.e.text);
	cr_assert(
	    told(&r, "PGOPTIONS=-c track_activities=off -c log_statement=none"
		     " -c log_min_error_statement=panic -c log_min_duration_statement=-1"
		     " -c bytea_output=hex -c DateStyle=ISO"
		     " -c IntervalStyle=postgres -c standard_conforming_strings=on -c role=none"));
	cr_assert(told(&r, "PGPASSWORD=none"), "or root's password file would be looked into");
	cr_assert(!memmem(r.out.data, r.out.len, "PGHOSTADDR", 10));
	cr_assert(!memmem(r.out.data, r.out.len, "PGSSLROOTCERT", 13));
	cr_assert(!memmem(r.out.data, r.out.len, "hunter2", 7));
}
