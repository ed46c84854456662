#include "pg/conn_private.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of libpq's buffer in one go, and how much of COPY data may wait in it. */
#define COPY_CHUNK ((size_t)64 * 1024)

/* Keep the first error: the later ones follow from it. An error without a SQLSTATE is libpq's own:
 * the connection broke. */
static bool note_error(struct pg_conn *c, const PGresult *r, struct pg_error *what, struct err *e)
{
	const char *sqlstate = PQresultErrorField(r, PG_DIAG_SQLSTATE);
	const char *message = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);

	if (!sqlstate || PQstatus(c->pg) != CONNECTION_OK)
		return pg_gone(c, e);
	if (what->sqlstate[0] != '\0')
		return true;
	snprintf(what->sqlstate, sizeof what->sqlstate, "%s", sqlstate);
	snprintf(what->message, sizeof what->message, "%s", message ? message : "");
	return true;
}

/* Rows of COPY TO STDOUT, to into or to nowhere. */
static bool drain_copy(struct pg_conn *c, struct sink *into, struct err *e)
{
	for (;;) {
		char *row = NULL;
		int n = PQgetCopyData(c->pg, &row, 1);
		bool ok = true;

		if (n == 0) {
			if (!pg_await(c, e))
				return false;
			continue;
		}
		if (n < 0)
			return true; /* whether it ended well is in the result that follows */
		if (into)
			ok = sink_write(into, row, (size_t)n, e);
		PQfreemem(row);
		if (!ok)
			return false;
	}
}

/* why: NULL for the good end. libpq could ask to be called again (0), but never does. */
static bool end_copy(struct pg_conn *c, const char *why, struct err *e)
{
	return PQputCopyEnd(c->pg, why) == 1 ? pg_flush(c, e) : pg_gone(c, e);
}

struct run {
	struct pg_error *what;
	bool *copy_in; /* or NULL */
	struct sink *copy_out;
};

/* All results of what was sent, or up to the point at which the server waits for COPY data. */
static bool take_results(struct pg_conn *c, const struct run *run, struct err *e)
{
	PGresult *r;

	for (;;) {
		ExecStatusType status;
		bool ok = true;

		if (!pg_next_result(c, &r, e))
			return false;
		if (!r)
			return true;
		status = PQresultStatus(r);
		if (status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE)
			ok = note_error(c, r, run->what, e);
		else if (status == PGRES_COPY_OUT)
			ok = drain_copy(c, run->copy_out, e);
		else if (status == PGRES_COPY_IN && !run->copy_in)
			/* It waits for data that nobody has; its error then follows. */
			ok = end_copy(c, "no data follows the statement", e);
		PQclear(r);
		if (!ok)
			return false;
		if (status == PGRES_COPY_IN && run->copy_in) {
			c->unflushed = 0;
			return c->copying = *run->copy_in = true;
		}
	}
}

static bool execute(struct pg_conn *c, const char *sql, size_t len, const struct run *run,
		    struct err *e)
{
	assert(!c->copying);
	*run->what = (struct pg_error){0};
	if (run->copy_in)
		*run->copy_in = false;
	if (memchr(sql, '\0', len)) {
		*run->what = (struct pg_error){"22021", "the statement contains a null byte"};
		return true;
	}

	CLEANUP(freep) char *text = xstrndup(sql, len);
	if (!PQsendQuery(c->pg, text))
		return pg_gone(c, e);
	/* A SELECT of any size must not be collected first. */
	PQsetSingleRowMode(c->pg);
	return pg_flush(c, e) && take_results(c, run, e);
}

bool pg_execute(struct pg_conn *c, const char *sql, size_t len, struct pg_error *what,
		bool *copy_in, struct err *e)
{
	return execute(c, sql, len, &(struct run){.what = what, .copy_in = copy_in}, e);
}

bool pg_copy_out(struct pg_conn *c, const char *sql, struct sink *into, struct pg_error *what,
		 struct err *e)
{
	return execute(c, sql, strlen(sql), &(struct run){.what = what, .copy_out = into}, e);
}

/* After an error in the middle of a COPY the server reads on and ignores: pg_copy_end has it. */
bool pg_copy_data(struct pg_conn *c, const void *data, size_t len, struct err *e)
{
	const char *p = data;

	assert(c->copying);
	while (len > 0) {
		size_t chunk = len < COPY_CHUNK ? len : COPY_CHUNK;
		int n = PQputCopyData(c->pg, p, (int)chunk);

		if (n < 0)
			return pg_gone(c, e);
		if (n > 0) {
			p += chunk;
			len -= chunk;
			c->unflushed += chunk;
		}
		if (n == 0 || c->unflushed >= COPY_CHUNK) {
			if (!pg_flush(c, e))
				return false;
			c->unflushed = 0;
		}
	}
	return true;
}

bool pg_copy_end(struct pg_conn *c, struct pg_error *what, struct err *e)
{
	assert(c->copying);
	*what = (struct pg_error){0};
	if (!end_copy(c, NULL, e))
		return false;
	c->copying = false;
	return take_results(c, &(struct run){.what = what}, e);
}
