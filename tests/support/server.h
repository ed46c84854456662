/*
 * server: a real PostgreSQL for tests.
 *
 * server_target() is one that all tests of a run share, started before the first of them: use
 * databases of your own in it. Or start one of a test's own with scratch_start and server_client.
 */
#ifndef SERVER_H
#define SERVER_H

#include "pg/client.h"
#include "pg/conn.h"

/* Its superuser is postgres. The same server in every test of the run. */
const struct pg_target *server_target(void);

/* Programs of this major version that the server's user can run: PGMUSTER_PG18, or where packages
 * put them. The test is skipped when there are none. One at a time. */
const struct pg_client *server_client(int major);

/* A connection that must succeed; the caller frees it. */
struct pg_conn *server_open(const struct pg_target *, const char *dbname);

/* Each statement must succeed. */
void server_run(const struct pg_target *, const char *dbname, const char *const statements[]);

/* The first column of the first row. The caller frees it. */
char *server_ask(struct pg_conn *, const char *sql);

#endif
