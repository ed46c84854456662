#include "support/server.h"

#include "pg/scratch.h"

#include <criterion/criterion.h>
#include <criterion/hooks.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* How a test, which is a process of its own, finds the server that its parent started. */
#define SOCKET_VARIABLE "PGMUSTER_TEST_SERVER"
#define ANY_MAJOR 14

static struct scratch shared;

/* Before the first test, in the process that starts them. Without PostgreSQL the tests that need it
 * are skipped. */
ReportHook(PRE_ALL)(struct criterion_test_set *tests)
{
	struct pg_client client = {0};
	struct err e = {0};

	(void)tests;
	if (!pg_client_find(NULL, ANY_MAJOR, true, &client, &e) ||
	    !scratch_start(&shared, &(struct scratch_options){.client = &client}, &e))
		fprintf(stderr, "no PostgreSQL server for tests: %s\n", e.text);
	else
		setenv(SOCKET_VARIABLE, shared.socket_directory, 1);
	pg_client_stop(&client);
}

ReportHook(POST_ALL)(struct criterion_global_stats *stats)
{
	(void)stats;
	scratch_stop(&shared);
}

const struct pg_target *server_target(void)
{
	static struct pg_target target;

	target = (struct pg_target){
	    .host = getenv(SOCKET_VARIABLE), .port = "5432", .user = "postgres", .isolated = true};
	if (!target.host)
		cr_skip_test("no PostgreSQL server");
	return &target;
}

const struct pg_client *server_client(int major)
{
	static struct pg_client client;
	struct err e = {0};
	char name[32];

	snprintf(name, sizeof name, "PGMUSTER_PG%d", major);
	pg_client_stop(&client);
	if (!pg_client_find(getenv(name), major, true, &client, &e) ||
	    client.version / 10000 != major)
		cr_skip_test("no PostgreSQL %d", major);
	return &client;
}

struct pg_conn *server_open(const struct pg_target *t, const char *dbname)
{
	struct err e = {0};
	struct pg_conn *c = pg_open(t, dbname, &e);

	cr_assert(c, "%s", e.text);
	return c;
}

void server_run(const struct pg_target *t, const char *dbname, const char *const statements[])
{
	CLEANUP(pg_freep) struct pg_conn *c = server_open(t, dbname);

	for (size_t i = 0; statements[i]; i++) {
		struct pg_error what;
		struct err e = {0};

		cr_assert(pg_execute(c, statements[i], strlen(statements[i]), &what, NULL, &e),
			  "%s", e.text);
		cr_assert_str_empty(what.sqlstate, "%s: %s", statements[i], what.message);
	}
}

char *server_ask(struct pg_conn *c, const char *sql)
{
	CLEANUP(pg_rows_stop) struct pg_rows rows = {0};
	struct err e = {0};

	cr_assert(pg_query(c, &rows, &e, "%s", sql), "%s", e.text);
	cr_assert_eq(rows.rows, 1);
	return xstrdup(pg_value(&rows, 0, 0));
}
