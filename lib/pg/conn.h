/*
 * conn: connections to PostgreSQL, with deadlines, that notice the cancel flag.
 *
 * A target is where a server is; a connection is to one database of it. Everything not set in a
 * target comes from libpq's own environment (PGHOST, PGUSER, PGPASSFILE, PGSERVICE, ...), with
 * PGPASSWORD_FILE beside PGPASSWORD. A connection that reads starts with the settings that pg_dump
 * uses, as start-up options, so that settings of restored roles and databases do not change what it
 * sees. One that runs a dump's SQL does not: what that computes, it computes under those settings.
 */
#ifndef CONN_H
#define CONN_H

#include "base/base.h"
#include "stream/sink.h"

struct pg_target {
	const char *conninfo;           /* "host=... port=..." or a postgresql:// URI, or NULL */
	const char *host, *port, *user; /* over conninfo; NULL: not set */
	int connect_timeout_s;          /* 0: libpq's connect_timeout, or 15 */
	/* pg_query and dump programs fail with ERR_TRANSIENT when nothing comes for so long; 0: never. A
	 * statement of pg_execute may take any time: there, only a peer that is gone is noticed. */
	int idle_timeout_s;
	/* Nothing of the environment and no password file, and next to nothing in the server's log: for
	 * a superuser of our own scratch server. */
	bool isolated;
	/* Where host is a directory by a name that only we know: a child runs in it instead. Or NULL. */
	const char *directory;
};

struct pg_conn;

/* Of our environment, once, before there are threads: forget what libpq sends at the start of every
 * connection, over the start-up options. */
void pg_forget_settings(void);

/* Likewise everything that libpq heeds: for who has no business with a server of the caller's. */
void pg_forget_environment(void);

/* A password, or another value that must not be seen. */
bool pg_conninfo_has_secret(const char *conninfo);

/* ERR_DENIED for a wrong password or missing privilege, ERR_MISSING for no such database,
 * ERR_TRANSIENT when nobody answers, ERR_SYSTEM otherwise. Passwords never appear in messages.
 * dbname is a name, never parsed as conninfo; NULL is the maintenance database: "postgres", or where
 * there is none "template1". */
struct pg_conn *pg_open(const struct pg_target *, const char *dbname, struct err *);

/* Likewise, to run a dump's SQL: under the server's, the database's and the role's own ways to
 * write and read values, as psql would. */
struct pg_conn *pg_open_plain(const struct pg_target *, const char *dbname, struct err *);
void pg_freep(struct pg_conn **);

int pg_server_version(const struct pg_conn *); /* 150020, as libpq counts */
char *pg_server(const struct pg_conn *);       /* "db.lan:5432" or "/run/postgresql:5432" */

/* Rows of a query, as text. */
struct pg_rows {
	void *result;
	int rows, columns;
};

/* False when the server refuses (its message and SQLSTATE in e) or goes away. ERR_TRANSIENT, and the
 * connection is of no more use, when the answer is no rows, or more than 256 MiB of them. */
MUST_USE bool pg_query(struct pg_conn *, struct pg_rows *, struct err *, const char *fmt, ...)
    PRINTF(4, 5);
const char *pg_value(const struct pg_rows *, int row, int column); /* "" for NULL, or no such row */
bool pg_is_null(const struct pg_rows *, int row, int column);
void pg_rows_stop(struct pg_rows *);

/* A full disk, no memory, a cancelled query, a server that shuts down: its own trouble, which says
 * nothing about the statement. pg_query and pg_open tell it as ERR_TRANSIENT. */
bool pg_is_servers_own(const char *sqlstate);

/* What a server said about a statement. */
struct pg_error {
	char sqlstate[6]; /* "" when it accepted it */
	char message[400];
};

/*
 * Run one statement and throw its rows away. True when the connection is still good, whatever the
 * server said: that is in *what. False only when the server is gone or we are cancelled. *copy_in
 * (may be NULL) says that the server now waits for COPY data.
 */
MUST_USE bool pg_execute(struct pg_conn *, const char *sql, size_t len, struct pg_error *what,
			 bool *copy_in, struct err *);

/* COPY data, any piece of any rows; then the end. pg_copy_end is like pg_execute. */
MUST_USE bool pg_copy_data(struct pg_conn *, const void *data, size_t len, struct err *);
MUST_USE bool pg_copy_end(struct pg_conn *, struct pg_error *what, struct err *);

/* COPY ... TO STDOUT: its data into a sink, which is not committed. One write is one row. Otherwise
 * like pg_execute; a failing sink fails it, and the connection is of no more use. */
MUST_USE bool pg_copy_out(struct pg_conn *, const char *sql, struct sink *, struct pg_error *what,
			  struct err *);

#endif
