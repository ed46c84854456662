#include "pg/conn.h"

#include "base/cancel.h"
#include "support/probe.h"
#include "support/server.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

Test(pg_query, refused_query_tells_message_and_sqlstate)
{
	CLEANUP(pg_freep) struct pg_conn *c = server_open(server_target(), "postgres");
	struct pg_rows rows = {0};
	struct err e = {0};

	cr_assert(!pg_query(c, &rows, &e, "SELECT %d/0", 1));
	cr_assert_eq(e.kind, ERR_SYSTEM);
	cr_assert_str_eq(e.text, "PostgreSQL: division by zero (SQLSTATE 22012)");
	/* The connection goes on. */
	cr_assert(pg_query(c, &rows, &e, "SELECT NULL, ''"), "%s", e.text);
	cr_assert(pg_is_null(&rows, 0, 0) && !pg_is_null(&rows, 0, 1));
	cr_assert_str_empty(pg_value(&rows, 0, 0));
	pg_rows_stop(&rows);
}

/* A statement of a restore may take any time; a question of ours may not. */
Test(pg_query, silent_server_is_given_up_in_a_query_alone)
{
	struct pg_target t = *server_target();
	struct pg_error what;
	struct pg_rows rows;
	struct err e = {0};

	t.idle_timeout_s = 1;
	CLEANUP(pg_freep) struct pg_conn *c = server_open(&t, "postgres");
	cr_assert(pg_execute(c, "SELECT pg_sleep(1.5)", 20, &what, NULL, &e), "%s", e.text);
	cr_assert_str_empty(what.sqlstate);
	cr_assert(!pg_query(c, &rows, &e, "SELECT pg_sleep(60)"));
	cr_assert_eq(e.kind, ERR_TRANSIENT);
	cr_assert(strstr(e.text, " does not answer: nothing came for 1 s"), "%s", e.text);
}

Test(pg_query, answer_that_is_no_row_is_no_value)
{
	CLEANUP(pg_freep) struct pg_conn *c = server_open(server_target(), "postgres");
	CLEANUP(pg_rows_stop) struct pg_rows rows = {0};
	struct err e = {0};

	cr_assert(pg_query(c, &rows, &e, "SELECT 1 WHERE false"), "%s", e.text);
	cr_assert_eq(rows.rows, 0);
	cr_assert_str_empty(pg_value(&rows, 0, 0));
	cr_assert(pg_is_null(&rows, 0, 0));
	cr_assert(pg_query(c, &rows, &e, "SELECT i, NULL FROM generate_series(1, 3) i"), "%s",
		  e.text);
	cr_assert(rows.rows == 3 && rows.columns == 2);
	cr_assert_str_eq(pg_value(&rows, 2, 0), "3");
	cr_assert(pg_is_null(&rows, 2, 1));
	cr_assert_str_empty(pg_value(&rows, 3, 0));
	cr_assert_str_empty(pg_value(&rows, 0, 2));
}

Test(pg_query, answer_without_end_is_refused)
{
	static const char *const endless[] = {"SELECT generate_series(1, 10000000000)",
					      "COPY (SELECT 1) TO STDOUT",
					      "CREATE TEMP TABLE t (a int); COPY t FROM STDIN"};

	for (size_t i = 0; i < sizeof endless / sizeof *endless; i++) {
		CLEANUP(pg_freep) struct pg_conn *c = server_open(server_target(), "postgres");
		CLEANUP(pg_rows_stop) struct pg_rows rows = {0};
		struct err e = {0};

		cr_assert(!pg_query(c, &rows, &e, "%s", endless[i]));
		cr_assert_eq(e.kind, ERR_TRANSIENT);
		cr_assert(strstr(e.text, "an answer"), "%s", e.text);
	}
}

static void must_execute(struct pg_conn *c, const char *sql, const char *sqlstate)
{
	struct pg_error what;
	struct err e = {0};

	cr_assert(pg_execute(c, sql, strlen(sql), &what, NULL, &e), "%s: %s", sql, e.text);
	cr_assert_str_eq(what.sqlstate, sqlstate, "%s: %s", sql, what.message);
}

Test(pg_query, whatever_a_statement_returns_the_connection_goes_on)
{
	CLEANUP(pg_freep) struct pg_conn *c = server_open(server_target(), "postgres");

	must_execute(c, "SELECT 1", "");
	must_execute(c, "", "");
	must_execute(c, "SELECT 1; SELECT 2; SELECT 3", "");
	must_execute(c, "SELECT 1; SELECT 1/0; SELECT 3", "22012");
	must_execute(c, "SELEC", "42601");
	must_execute(c, "SELECT generate_series(1, 200000)", "");
	must_execute(c, "SELECT 1/(5000 - i) FROM generate_series(1, 10000) i", "22012");
	must_execute(c, "COPY (SELECT generate_series(1, 100000)) TO STDOUT", "");
	must_execute(c, "COPY (SELECT 1/(5000 - i) FROM generate_series(1, 10000) i) TO STDOUT",
		     "22012");
	must_execute(c, "CREATE TEMP TABLE t (a int)", "");
	/* Nobody has data: it must not wait for any. */
	must_execute(c, "COPY t FROM STDIN", "57014");
	must_execute(c, "DO $$ BEGIN RAISE NOTICE 'x'; RAISE WARNING 'y'; END $$", "");
	must_execute(c, "SELECT 1", "");
}

Test(pg_query, statement_ends_at_its_length)
{
	CLEANUP(pg_freep) struct pg_conn *c = server_open(server_target(), "postgres");
	struct pg_error what;
	struct err e = {0};

	cr_assert(pg_execute(c, "SELECT 1 nonsense nonsense", 8, &what, NULL, &e), "%s", e.text);
	cr_assert_str_empty(what.sqlstate);
	cr_assert(pg_execute(c, "SELECT 1\0; SELECT", 17, &what, NULL, &e), "%s", e.text);
	cr_assert_str_eq(what.sqlstate, "22021");
}

static struct pg_conn *begin_copy(const char *table)
{
	struct pg_conn *c = server_open(server_target(), "postgres");
	struct pg_error what;
	struct err e = {0};
	bool copy_in = false;

	must_execute(c, table, "");
	cr_assert(pg_execute(c, "COPY t FROM STDIN", 17, &what, &copy_in, &e), "%s", e.text);
	cr_assert(copy_in);
	return c;
}

Test(pg_query, copied_rows_come_back_however_they_were_cut)
{
	static const char rows[] = "1\tone\n2\ttwo\n3\t\\N\n4\tf\xc3\xbcnf\n";

	for (size_t piece = 1; piece <= sizeof rows - 1; piece++) {
		CLEANUP(pg_freep)
		struct pg_conn *c = begin_copy("CREATE TEMP TABLE t (a int, b text)");
		struct pg_error what;
		struct err e = {0};
		struct probe out;

		for (size_t at = 0; at < sizeof rows - 1; at += piece) {
			size_t left = sizeof rows - 1 - at;

			cr_assert(pg_copy_data(c, rows + at, left < piece ? left : piece, &e));
		}
		cr_assert(pg_copy_end(c, &what, &e), "%s", e.text);
		cr_assert_str_empty(what.sqlstate, "%s", what.message);
		probe_init(&out, SIZE_MAX);
		cr_assert(pg_copy_out(c, "COPY t TO STDOUT", &out.sink, &what, &e), "%s", e.text);
		cr_assert_eq(out.len, sizeof rows - 1);
		cr_assert_arr_eq(out.data, rows, out.len);
		cr_assert(!out.committed);
		probe_stop(&out);
	}
}

Test(pg_query, many_megabytes_are_copied_whole)
{
	CLEANUP(pg_freep) struct pg_conn *c = begin_copy("CREATE TEMP TABLE t (a text)");
	CLEANUP(freep) char *block = xcalloc(1, 3 * MIB);
	struct pg_error what;
	struct err e = {0};

	memset(block, 'x', 3 * MIB);
	for (size_t i = 99; i < 3 * MIB; i += 100)
		block[i] = '\n';
	for (int i = 0; i < 10; i++)
		cr_assert(pg_copy_data(c, block, 3 * MIB / 100 * 100, &e), "%s", e.text);
	cr_assert(pg_copy_end(c, &what, &e), "%s", e.text);
	cr_assert_str_empty(what.sqlstate, "%s", what.message);
	CLEANUP(freep) char *count = server_ask(c, "SELECT count(*) FROM t WHERE length(a) = 99");
	cr_assert_str_eq(count, "314570");
}

Test(pg_query, error_in_the_middle_of_a_copy_is_told_at_its_end)
{
	CLEANUP(pg_freep) struct pg_conn *c = begin_copy("CREATE TEMP TABLE t (a int)");
	struct pg_error what;
	struct err e = {0};

	cr_assert(pg_copy_data(c, "nonsense\n", 9, &e), "%s", e.text);
	for (int i = 0; i < 200000; i++)
		cr_assert(pg_copy_data(c, "12345678\n", 9, &e), "%s", e.text);
	cr_assert(pg_copy_end(c, &what, &e), "%s", e.text);
	cr_assert_str_eq(what.sqlstate, "22P02", "%s", what.message);
	must_execute(c, "SELECT 1", "");
}

Test(pg_query, failing_sink_fails_a_copy_out)
{
	CLEANUP(pg_freep) struct pg_conn *c = server_open(server_target(), "postgres");
	struct pg_error what;
	struct err e = {0};
	struct probe out;

	probe_init(&out, 100);
	cr_assert(!pg_copy_out(c, "COPY (SELECT generate_series(1, 100000)) TO STDOUT", &out.sink,
			       &what, &e));
	cr_assert_str_eq(e.text, "probe full");
	probe_stop(&out);
}

Test(pg_query, rows_of_a_copy_out_go_nowhere)
{
	CLEANUP(pg_freep) struct pg_conn *c = server_open(server_target(), "postgres");

	must_execute(c, "COPY (SELECT generate_series(1, 100000)) TO STDOUT", "");
	must_execute(c, "COPY (SELECT 1 / (3 - g) FROM generate_series(1, 5) g) TO STDOUT",
		     "22012");
	must_execute(c, "SELECT 1", "");
}

static void terminate(struct pg_conn *victim)
{
	CLEANUP(pg_freep) struct pg_conn *c = server_open(server_target(), "postgres");
	CLEANUP(freep) char *pid = server_ask(victim, "SELECT pg_backend_pid()");
	CLEANUP(freep) char *sql = xasprintf("SELECT pg_terminate_backend(%s, 5000)", pid);
	CLEANUP(freep) char *done = server_ask(c, sql);

	cr_assert_str_eq(done, "t");
}

Test(pg_query, server_that_goes_away_is_noticed)
{
	CLEANUP(pg_freep) struct pg_conn *c = server_open(server_target(), "postgres");
	struct pg_rows rows = {0};
	struct pg_error what;
	struct err e = {0};

	terminate(c);
	cr_assert(!pg_execute(c, "SELECT 1", 8, &what, NULL, &e));
	cr_assert_eq(e.kind, ERR_TRANSIENT, "%s", e.text);
	cr_assert(strstr(e.text, "terminating connection"), "%s", e.text);
	cr_assert(!pg_query(c, &rows, &e, "SELECT 1"));
	cr_assert_eq(e.kind, ERR_TRANSIENT, "%s", e.text);
}

Test(pg_query, server_that_goes_away_in_the_middle_of_a_copy_is_noticed)
{
	CLEANUP(pg_freep) struct pg_conn *c = server_open(server_target(), "postgres");
	CLEANUP(pg_freep) struct pg_conn *killer = server_open(server_target(), "postgres");
	CLEANUP(freep) char *pid = server_ask(c, "SELECT pg_backend_pid()");
	CLEANUP(freep) char *sql = xasprintf("SELECT pg_terminate_backend(%s, 5000)", pid);
	struct pg_error what;
	struct err e = {0};
	bool copy_in = false;
	bool ok = true;

	must_execute(c, "CREATE TEMP TABLE t (a int)", "");
	cr_assert(pg_execute(c, "COPY t FROM STDIN", 17, &what, &copy_in, &e) && copy_in);
	CLEANUP(freep) char *done = server_ask(killer, sql);
	cr_assert_str_eq(done, "t");
	for (int i = 0; ok && i < 1000000; i++)
		ok = pg_copy_data(c, "12345678\n", 9, &e);
	cr_assert(!ok || !pg_copy_end(c, &what, &e));
	cr_assert_eq(e.kind, ERR_TRANSIENT, "%s", e.text);
}

static void *interrupt_soon(void *seconds)
{
	struct err e = {0};

	if (!cancel_wait(-1, 0, 300, &e))
		kill(getpid(), SIGTERM);
	return seconds;
}

/* 0 when the statement was cancelled in time. */
static int run_cancelled(const char *sql)
{
	struct pg_conn *c = server_open(server_target(), "postgres");
	struct pg_error what;
	struct err e = {0};
	pthread_t thread;
	int64_t start = clock_ms();
	bool ok;

	cancel_install();
	if (pthread_create(&thread, NULL, interrupt_soon, NULL) != 0)
		return 1;
	ok = pg_execute(c, sql, strlen(sql), &what, NULL, &e);
	pthread_join(thread, NULL);
	pg_freep(&c);
	return ok || e.kind != ERR_CANCELLED || clock_ms() - start > 2000;
}

Test(pg_query, cancel_ends_a_long_statement_on_both_sides)
{
	static const char running[] =
	    "SELECT pg_sleep(0.1), (SELECT count(*) FROM pg_stat_activity"
	    " WHERE query LIKE '%% AS long_one') FROM pg_stat_clear_snapshot()";
	CLEANUP(pg_freep) struct pg_conn *c = server_open(server_target(), "postgres");
	struct pg_rows rows = {0};
	struct err e = {0};
	int64_t start = clock_ms();
	int status;
	pid_t child = fork();
	bool gone = false;

	if (child == 0)
		_exit(run_cancelled("SELECT pg_sleep(60) AS long_one"));
	cr_assert(waitpid(child, &status, 0) == child);
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	while (!gone && clock_ms() - start < 10000) {
		cr_assert(pg_query(c, &rows, &e, running), "%s", e.text);
		gone = strcmp(pg_value(&rows, 0, 1), "0") == 0;
		pg_rows_stop(&rows);
	}
	cr_assert(gone);
}

/* Nobody reads on the other side: the socket is full, and the wait for it must end all the same. */
Test(pg_query, cancel_ends_a_copy_that_is_stuck)
{
	CLEANUP(pg_freep) struct pg_conn *c = server_open(server_target(), "postgres");
	CLEANUP(freep) char *pid = server_ask(c, "SELECT pg_backend_pid()");
	CLEANUP(freep) char *block = xcalloc(1, MIB);
	pid_t backend = (pid_t)strtol(pid, NULL, 10);
	struct pg_error what;
	struct err e = {0};
	bool copy_in = false;
	pthread_t thread;
	int64_t start;
	bool ok = true;

	memset(block, 'x', MIB);
	must_execute(c, "CREATE TEMP TABLE t (a text)", "");
	cr_assert(pg_execute(c, "COPY t FROM STDIN", 17, &what, &copy_in, &e) && copy_in);
	if (kill(backend, SIGSTOP) != 0)
		cr_skip_test("may not stop the backend");
	cancel_install();
	start = clock_ms();
	cr_assert(pthread_create(&thread, NULL, interrupt_soon, NULL) == 0);
	for (int i = 0; ok && i < 64; i++)
		ok = pg_copy_data(c, block, MIB, &e);
	pthread_join(thread, NULL);
	kill(backend, SIGCONT);
	cr_assert(!ok && e.kind == ERR_CANCELLED, "%s", e.text);
	cr_assert_lt(clock_ms() - start, 2000);
}
