#include "pg/conn.h"

#include "support/server.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A port on which a connection is accepted by the kernel and nothing is ever said. */
static int silent_listener(char port[8])
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	cr_assert(fd >= 0 && bind(fd, (struct sockaddr *)&a, len) == 0 && listen(fd, 4) == 0);
	cr_assert(getsockname(fd, (struct sockaddr *)&a, &len) == 0);
	snprintf(port, 8, "%d", ntohs(a.sin_port));
	return fd;
}

static enum err_kind refusal(const struct pg_target *t, const char *dbname, struct err *e)
{
	struct pg_conn *c = pg_open(t, dbname, e);

	cr_assert_null(c);
	cr_assert(!strchr(e->text, '\n'), "%s", e->text);
	return e->kind;
}

Test(pg_conn, missing_database_is_missing)
{
	struct err e = {0};

	cr_assert_eq(refusal(server_target(), "no such database", &e), ERR_MISSING, "%s", e.text);
	cr_assert(strstr(e.text, "database \"no such database\" does not exist"), "%s", e.text);
}

Test(pg_conn, name_of_a_database_is_never_a_connection_string)
{
	static const char *const names[] = {"host=127.0.0.1 dbname=postgres",
					    "postgresql://x/postgres", "postgres dbname=postgres",
					    "a=b"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct err e = {0};

		cr_assert_eq(refusal(server_target(), names[i], &e), ERR_MISSING, "%s", e.text);
		cr_assert(strstr(e.text, names[i]), "%s", e.text);
	}
}

Test(pg_conn, unknown_role_is_denied)
{
	struct pg_target t = *server_target();
	struct err e = {0};

	t.user = "nobody such";
	cr_assert_eq(refusal(&t, "postgres", &e), ERR_DENIED, "%s", e.text);
	cr_assert(strstr(e.hint, "PGPASSFILE"), "%s", e.hint);
}

Test(pg_conn, nobody_listening_is_transient_and_names_the_place)
{
	struct pg_target t = {.host = "127.0.0.1", .port = "1", .user = "u"};
	struct err e = {0};

	cr_assert_eq(refusal(&t, "d", &e), ERR_TRANSIENT, "%s", e.text);
	cr_assert_str_eq(e.text,
			 "cannot connect to PostgreSQL at 127.0.0.1:1, database d: Connection "
			 "refused");
}

Test(pg_conn, silent_server_is_given_up_after_the_timeout)
{
	char port[8];
	int fd = silent_listener(port);
	struct pg_target t = {
	    .host = "127.0.0.1", .port = port, .user = "u", .connect_timeout_s = 1};
	struct err e = {0};
	int64_t start = clock_ms();

	cr_assert_eq(refusal(&t, "d", &e), ERR_TRANSIENT, "%s", e.text);
	cr_assert(strstr(e.text, "timed out after 1 s"), "%s", e.text);
	cr_assert_lt(clock_ms() - start, 3000);
	close(fd);
}

Test(pg_conn, unreadable_connection_string_is_not_quoted)
{
	static const char *const bad[] = {"password=hunter2 host", "postgresql://u:hunter2@[::1",
					  "hunter2=x", "host='x"};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct pg_target t = {.conninfo = bad[i]};
		struct err e = {0};

		cr_assert_eq(refusal(&t, "d", &e), ERR_USAGE, "%s", e.text);
		cr_assert(!strstr(e.text, "hunter2"), "%s", e.text);
	}
}

Test(pg_conn, two_passwords_are_one_too_many)
{
	struct pg_target t = {.host = "127.0.0.1", .port = "1"};
	struct err e = {0};

	setenv("PGPASSWORD", "a", 1);
	setenv("PGPASSWORD_FILE", "/dev/null", 1);
	cr_assert_eq(refusal(&t, "d", &e), ERR_USAGE, "%s", e.text);
}

/* The shared server trusts everybody but these two roles. */
static void distrust(void)
{
	static const char *const statements[] = {"CREATE ROLE locked LOGIN PASSWORD 'hunter2'",
						 "CREATE ROLE out LOGIN", "SELECT pg_reload_conf()",
						 "SELECT pg_sleep(0.3)", NULL};
	CLEANUP(freep) char *hba = xasprintf("%s/../pg_hba.conf", server_target()->host);
	FILE *f = fopen(hba, "w");

	cr_assert(f);
	fputs("local all locked scram-sha-256\nlocal all out reject\nlocal all all trust\n", f);
	fclose(f);
	server_run(server_target(), "postgres", statements);
}

Test(pg_conn, wrong_password_is_denied_and_not_repeated)
{
	struct pg_target t = {.host = server_target()->host, .port = "5432", .user = "locked"};
	struct err e = {0};

	distrust();
	setenv("PGPASSFILE", "/nonexistent", 1);
	cr_assert_eq(refusal(&t, "postgres", &e), ERR_DENIED, "%s", e.text);
	cr_assert(strstr(e.text, "no password supplied"), "%s", e.text);
	cr_assert(strstr(e.hint, "PGPASSWORD_FILE"));

	setenv("PGPASSWORD", "wrong-one", 1);
	cr_assert_eq(refusal(&t, "postgres", &e), ERR_DENIED, "%s", e.text);
	cr_assert(strstr(e.text, "password authentication failed for user \"locked\""), "%s",
		  e.text);
	cr_assert(!strstr(e.text, "wrong-one"));

	setenv("PGPASSWORD", "hunter2", 1);
	pg_freep(&(struct pg_conn *){server_open(&t, "postgres")});

	t.user = "out";
	cr_assert_eq(refusal(&t, "postgres", &e), ERR_DENIED, "%s", e.text);
}

/* Any of these would keep the connection from being made, or make it to another server. */
Test(pg_conn, isolated_target_ignores_the_environment)
{
	struct pg_target t = *server_target();

	setenv("PGHOST", "127.0.0.1", 1);
	setenv("PGHOSTADDR", "127.0.0.1", 1);
	setenv("PGPORT", "1", 1);
	setenv("PGUSER", "nobody such", 1);
	setenv("PGDATABASE", "none", 1);
	setenv("PGOPTIONS", "-c no.such=1 -c work_mem=nonsense", 1);
	setenv("PGSSLMODE", "verify-full", 1);
	setenv("PGGSSENCMODE", "require", 1);
	setenv("PGTARGETSESSIONATTRS", "standby", 1);
	setenv("PGPASSWORD_FILE", "/nonexistent", 1);
	setenv("PGPASSFILE", "/dev/null", 1);
	setenv("PGCLIENTENCODING", "EUC_JP", 1);

	CLEANUP(pg_freep) struct pg_conn *c = server_open(&t, "postgres");
	CLEANUP(freep) char *encoding = server_ask(c, "SHOW client_encoding");
	cr_assert_str_eq(encoding, "UTF8");
}

Test(pg_conn, settings_of_roles_and_databases_do_not_win)
{
	static const char *const settings[] = {
	    "CREATE ROLE odd SUPERUSER LOGIN",
	    "ALTER ROLE odd SET DateStyle = 'SQL, DMY'",
	    "ALTER ROLE odd SET bytea_output = escape",
	    "ALTER ROLE odd SET IntervalStyle = sql_standard",
	    "ALTER ROLE odd SET TimeZone = 'America/Sao_Paulo'",
	    "ALTER ROLE odd SET extra_float_digits = -3",
	    "ALTER ROLE odd SET statement_timeout = 1",
	    "ALTER ROLE odd SET default_transaction_read_only = on",
	    "ALTER ROLE odd SET client_encoding = latin1",
	    "ALTER ROLE odd SET search_path = public",
	    NULL};
	struct pg_target t = *server_target();

	server_run(&t, "postgres", settings);
	t.user = "odd";
	CLEANUP(pg_freep) struct pg_conn *c = server_open(&t, "postgres");
	CLEANUP(freep)
	char *got = server_ask(
	    c,
	    "SELECT '2026-11-21'::date || ' ' || '\\x00ff'::bytea::text || ' '"
	    " || '1 day 2:00'::interval || ' ' || '2026-01-01 00:00Z'::timestamptz || ' '"
	    " || (0.1::float8 + 0.2) || ' ' || concat_ws(',', current_setting('statement_timeout'),"
	    " current_setting('default_transaction_read_only'), current_setting('client_encoding'),"
	    " '<' || current_setting('search_path') || '>', current_setting('application_name'),"
	    " current_setting('transaction_isolation'),"
	    " (SELECT reset_val FROM pg_settings WHERE name = 'search_path'))");
	cr_assert_str_eq(got, "2026-11-21 \\x00ff 1 day 02:00:00 2026-01-01 00:00:00+00"
			      " 0.30000000000000004 0,off,UTF8,<>,pgmuster,read committed,public");
}

Test(pg_conn, what_libpq_heeds_can_be_forgotten)
{
	setenv("PGTZ", "Asia/Tokyo", 1);
	setenv("PGHOST", "here", 1);
	setenv("PGMUSTER_STORE", "file:///x", 1);
	pg_forget_settings();
	cr_assert_null(getenv("PGTZ"));
	cr_assert_str_eq(getenv("PGHOST"), "here");

	setenv("PGTZ", "Asia/Tokyo", 1);
	setenv("PGREQUIREPEER", "me", 1);
	pg_forget_environment();
	cr_assert(!getenv("PGTZ") && !getenv("PGHOST") && !getenv("PGREQUIREPEER"));
	cr_assert_str_eq(getenv("PGMUSTER_STORE"), "file:///x");
	cr_assert_not_null(getenv("PATH"));
}

/* They are part of what a materialized view or a CHECK of the dump means. */
Test(pg_conn, settings_of_roles_and_databases_hold_for_a_dumps_sql)
{
	static const char *const settings[] = {
	    "CREATE ROLE own_ways SUPERUSER LOGIN",
	    "ALTER ROLE own_ways SET DateStyle = 'SQL, DMY'",
	    "ALTER ROLE own_ways SET bytea_output = escape",
	    "ALTER ROLE own_ways SET IntervalStyle = sql_standard",
	    "ALTER ROLE own_ways SET TimeZone = 'Asia/Tokyo'",
	    "ALTER ROLE own_ways SET extra_float_digits = -3",
	    "ALTER ROLE own_ways SET statement_timeout = 1",
	    "ALTER ROLE own_ways SET array_nulls = off",
	    NULL};
	struct pg_target t = *server_target();
	struct err e = {0};

	server_run(&t, "postgres", settings);
	t.user = "own_ways";
	CLEANUP(pg_freep) struct pg_conn *c = pg_open_plain(&t, "postgres", &e);
	cr_assert(c, "%s", e.text);
	CLEANUP(freep)
	char *got = server_ask(
	    c, "SELECT concat_ws(' ', '02/03/2026'::date, '\\x00ff'::bytea::text,"
	       " '1 day 2:00'::interval, '2026-01-01 20:00Z'::timestamptz::date,"
	       " 0.1::float8 + 0.2, current_setting('statement_timeout'), '{NULL}'::text[])");
	cr_assert_str_eq(got, "02/03/2026 \\000\\377 1 2:00:00 02/01/2026 0.3 0 {NULL}");
}

Test(pg_conn, own_start_up_options_are_kept_beside_ours)
{
	CLEANUP(freep)
	char *conninfo = xasprintf(
	    "host=%s port=5432 user=postgres options='-c work_mem=77MB -c bytea_output=escape'",
	    server_target()->host);
	struct pg_target t = {.conninfo = conninfo};
	CLEANUP(pg_freep) struct pg_conn *c = server_open(&t, "postgres");
	CLEANUP(freep)
	char *got =
	    server_ask(c, "SELECT current_setting('work_mem') || current_setting('bytea_output')");
	cr_assert_str_eq(got, "77MBhex");
}
