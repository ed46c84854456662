/* Connections that break, at every place where something is sent or received. */
#include "pg/dump.h"
#include "pg/facts.h"
#include "support/fault.h"
#include "support/server.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

TestSuite(pg_fault, .timeout = 120);

static bool read_facts(const void *ctx, struct err *e)
{
	struct pg_facts f;
	bool ok = pg_facts_read(ctx, &f, e);

	pg_facts_stop(&f);
	return ok;
}

static bool read_database(const void *ctx, struct err *e)
{
	struct pg_facts f = {.databases = xcalloc(1, sizeof *f.databases), .database_count = 1};
	bool ok;

	f.databases[0].name = xstrdup("postgres");
	ok = pg_facts_database(ctx, &f.databases[0], e);
	pg_facts_stop(&f);
	return ok;
}

static bool run(struct pg_conn *c, const char *sql, bool *copy_in, struct err *e)
{
	struct pg_error what;

	return pg_execute(c, sql, strlen(sql), &what, copy_in, e) &&
	       (what.sqlstate[0] == '\0' || err_set(e, ERR_NONE, "%s", what.message));
}

/* A statement of several times what a socket takes; its answer as well. */
static bool run_large(const void *ctx, struct err *e)
{
	CLEANUP(pg_freep) struct pg_conn *c = pg_open(ctx, "postgres", e);
	CLEANUP(freep) char *text = xcalloc(1, 2 * MIB);

	memset(text, ' ', 2 * MIB - 1);
	memcpy(text + 2 * MIB - 9, "SELECT 1", 8);
	return c && run(c, text, NULL, e);
}

static bool ask_large(const void *ctx, struct err *e)
{
	CLEANUP(pg_freep) struct pg_conn *c = pg_open(ctx, "postgres", e);
	CLEANUP(pg_rows_stop) struct pg_rows rows = {0};

	return c && pg_query(c, &rows, e, "SELECT 1 %*s", (int)(2 * MIB), "");
}

static bool copy_in(const void *ctx, struct err *e)
{
	CLEANUP(pg_freep) struct pg_conn *c = pg_open(ctx, "postgres", e);
	CLEANUP(freep) char *row = xcalloc(1, MIB);
	struct pg_error what;
	bool in;

	memset(row, 'x', MIB - 1);
	row[MIB - 1] = '\n';
	return c && run(c, "CREATE TEMPORARY TABLE t (x text)", NULL, e) &&
	       run(c, "COPY t FROM STDIN", &in, e) && pg_copy_data(c, row, MIB, e) &&
	       pg_copy_end(c, &what, e);
}

static bool copy_out(const void *ctx, struct err *e)
{
	static const char sql[] =
	    "COPY (SELECT repeat('x', 100000) FROM generate_series(1, 5)) TO STDOUT";
	CLEANUP(pg_freep) struct pg_conn *c = pg_open(ctx, "postgres", e);
	CLEANUP(sink_freep) struct sink *null = sink_null();
	struct pg_error what;

	return c && pg_copy_out(c, sql, null, &what, e);
}

/* The server would wait for rows; it is told that there are none, and says so itself. */
static bool refuse_copy(const void *ctx, struct err *e)
{
	CLEANUP(pg_freep) struct pg_conn *c = pg_open(ctx, "postgres", e);
	static const char sql[] = "COPY t FROM STDIN";
	struct pg_error what;

	return c && run(c, "CREATE TEMPORARY TABLE t (x text)", NULL, e) &&
	       pg_execute(c, sql, strlen(sql), &what, NULL, e);
}

static bool find_client(const void *ctx, struct err *e)
{
	CLEANUP(pg_client_stop) struct pg_client client = {0};

	(void)ctx;
	return pg_client_find(NULL, 15, true, &client, e);
}

Test(pg_fault, programs_that_cannot_be_looked_at_are_told)
{
	struct fault f = {.calls = fault_file_calls, .number = EIO, .run = find_client};

	server_client(15); /* or they are not there */
	while (fault_next(&f))
		cr_assert(f.ok || f.e.kind != ERR_NONE, "%s", f.e.text);
	cr_assert(f.ok && f.nth > 5, "%s", f.e.text);
}

static bool dump_globals(const void *ctx, struct err *e)
{
	const struct pg_dump_options o = {.client = server_client(15), .target = ctx};
	struct pg_warnings w = {0};
	CLEANUP(sink_freep) struct sink *null = sink_null();
	bool ok = pg_dump_globals(&o, null, &w, e);

	pg_warnings_stop(&w);
	return ok;
}

Test(pg_fault, connection_that_breaks_anywhere_is_told)
{
	static const struct {
		const char *name;
		bool (*run)(const void *, struct err *);
	} rows[] = {{"facts", read_facts},      {"database", read_database}, {"large", run_large},
		    {"large query", ask_large}, {"copy in", copy_in},        {"copy out", copy_out},
		    {"refuse", refuse_copy},    {"globals", dump_globals}};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct fault f = {.calls = fault_socket_calls,
				  .number = FAULT_CUT,
				  .run = rows[i].run,
				  .ctx = server_target()};
		unsigned failed = 0;

		while (fault_next(&f)) {
			cr_assert(f.ok || f.e.kind == ERR_TRANSIENT, "%s, call %u: %s",
				  rows[i].name, f.nth, f.e.text);
			failed += !f.ok;
		}
		cr_assert(f.ok, "%s: %s", rows[i].name, f.e.text);
		cr_assert_gt(failed, 3, "%s: %u of %u failed", rows[i].name, failed, f.nth);
	}
}
