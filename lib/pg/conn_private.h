/* conn_private: what the files of conn share. Inside lib/pg only. */
#ifndef CONN_PRIVATE_H
#define CONN_PRIVATE_H

#include "pg/conn.h"

#include <libpq-fe.h>

struct pg_conn {
	PGconn *pg;
	size_t unflushed; /* bytes of COPY data handed to libpq since its buffer was last empty */
	bool copying;
	int wait_ms;       /* for the server's next bytes; -1: for ever */
	int query_wait_ms; /* the same within pg_query */
};

/* libpq's message as one line, without what people do not need. */
void pg_condense(const char *message, char *out, size_t max);

/* What a caller can do about a SQLSTATE. */
enum err_kind pg_kind_of_sqlstate(const char *sqlstate);

/* The server is gone: false, with libpq's reason. */
bool pg_gone(const struct pg_conn *, struct err *);

/* Send what libpq has buffered, taking in what the server says meanwhile. */
MUST_USE bool pg_flush(struct pg_conn *, struct err *);

/* Wait until libpq has news. */
MUST_USE bool pg_await(struct pg_conn *, struct err *);

/* The next result of what was sent; *out is NULL after the last. */
MUST_USE bool pg_next_result(struct pg_conn *, PGresult **out, struct err *);

#endif
