#include "pg/conn_private.h"

#include "base/cancel.h"

#include <assert.h>
#include <ctype.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define QUERY_MAX_BYTES (256 * MIB)
#define CELL_BYTES 40 /* what libpq takes beside a text */

/* "connection to server at "h" (1.2.3.4), port 5432 failed: " says again what we say ourselves. */
static const char *without_prefix(const char *line, size_t len)
{
	static const char prefix[] = "connection to server ";
	const char *failed = memmem(line, len, " failed: ", 9);

	if (!failed || strncmp(line, prefix, sizeof prefix - 1) != 0)
		return line;
	return failed + 9;
}

void pg_condense(const char *message, char *out, size_t max)
{
	size_t used = 0;

	out[0] = '\0';
	for (const char *line = message; *line != '\0';) {
		size_t len = strcspn(line, "\n");
		const char *end = line + len;
		const char *text = without_prefix(line, len);
		size_t text_len = (size_t)(end - text);

		/* An indented line is libpq's advice: "Is the server running ...?" */
		bool wanted = *line != '\t' && text_len > 0;
		bool again = wanted && used >= text_len &&
			     strncmp(out + used - text_len, text, text_len) == 0;

		if (wanted && !again && used < max) {
			int n = snprintf(out + used, max - used, "%s%.*s", used ? "; " : "",
					 (int)text_len, text);

			used += n > 0 ? (size_t)n : 0;
			if (used >= max)
				used = max - 1;
		}
		line = *end == '\n' ? end + 1 : end;
	}
}

bool pg_is_servers_own(const char *sqlstate)
{
	if (strncmp(sqlstate, "53", 2) == 0 || strncmp(sqlstate, "57", 2) == 0)
		return true;
	/* 58P01 is a library that is not there: the dump wants it. */
	return strncmp(sqlstate, "58", 2) == 0 && strcmp(sqlstate, "58P01") != 0;
}

enum err_kind pg_kind_of_sqlstate(const char *sqlstate)
{
	static const struct {
		const char *prefix;
		enum err_kind kind;
	} kinds[] = {
	    {"08", ERR_TRANSIENT},  /* connection exception */
	    {"28", ERR_DENIED},     /* invalid authorization */
	    {"3D000", ERR_MISSING}, /* no such database */
	    {"42501", ERR_DENIED},  /* insufficient privilege */
	};

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (strncmp(sqlstate, kinds[i].prefix, strlen(kinds[i].prefix)) == 0)
			return kinds[i].kind;
	return pg_is_servers_own(sqlstate) ? ERR_TRANSIENT : ERR_SYSTEM;
}

bool pg_gone(const struct pg_conn *c, struct err *e)
{
	char why[500];

	pg_condense(PQerrorMessage(c->pg), why, sizeof why);
	return err_set(e, ERR_TRANSIENT, "connection to PostgreSQL at %s:%s lost: %s",
		       PQhost(c->pg), PQport(c->pg), why[0] ? why : "no reason given");
}

/* For news on the socket. */
static bool wait_for(struct pg_conn *c, short events, struct err *e)
{
	if (cancel_wait(PQsocket(c->pg), events, c->wait_ms, e))
		return true;
	if (e->kind != ERR_TRANSIENT)
		return false;
	err_set(e, ERR_TRANSIENT, "PostgreSQL at %s:%s does not answer: nothing came for %d s",
		PQhost(c->pg), PQport(c->pg), c->wait_ms / 1000);
	return err_hint(e, "it hangs, or something there holds a lock: see pg_locks");
}

/* Notifications wait in libpq until somebody asks for them, however many; a dump may LISTEN. */
static bool take_in(struct pg_conn *c, struct err *e)
{
	PGnotify *n;

	if (!PQconsumeInput(c->pg))
		return pg_gone(c, e);
	while ((n = PQnotifies(c->pg)))
		PQfreemem(n);
	return true;
}

bool pg_flush(struct pg_conn *c, struct err *e)
{
	for (;;) {
		int pending = PQflush(c->pg);

		if (pending < 0)
			return pg_gone(c, e);
		if (pending == 0)
			return true;
		if (!wait_for(c, POLLIN | POLLOUT, e))
			return false;
		/* A server that has much to say first would otherwise wait for us for ever. */
		if (!take_in(c, e))
			return false;
	}
}

bool pg_await(struct pg_conn *c, struct err *e)
{
	if (!wait_for(c, POLLIN, e))
		return false;
	return take_in(c, e);
}

bool pg_next_result(struct pg_conn *c, PGresult **out, struct err *e)
{
	while (PQisBusy(c->pg))
		if (!pg_await(c, e))
			return false;
	*out = PQgetResult(c->pg);
	return *out || PQstatus(c->pg) == CONNECTION_OK || pg_gone(c, e);
}

static const char *sqlstate_of(const PGresult *r)
{
	const char *sqlstate = PQresultErrorField(r, PG_DIAG_SQLSTATE);

	return sqlstate ? sqlstate : "";
}

static const char *message_of(const PGresult *r)
{
	const char *message = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);

	return message ? message : PQresultErrorMessage(r);
}

static bool is_error(const PGresult *r)
{
	ExecStatusType status = PQresultStatus(r);

	return status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE;
}

/* An error without a SQLSTATE is libpq's own: the connection broke. */
static bool fail_query(const struct pg_conn *c, const PGresult *r, struct err *e)
{
	if (sqlstate_of(r)[0] == '\0')
		return pg_gone(c, e);
	return err_set(e, pg_kind_of_sqlstate(sqlstate_of(r)), "PostgreSQL: %s (SQLSTATE %s)",
		       message_of(r), sqlstate_of(r));
}

/* Behind the rows that are there already. */
static bool add_row(struct pg_rows *rows, const PGresult *r, size_t *bytes, struct err *e)
{
	/* Rows of nothing would not count against the limit. */
	if (rows->rows > 0 && (PQnfields(r) == 0 || PQnfields(r) != rows->columns))
		return err_set(e, ERR_TRANSIENT, "PostgreSQL: a row of %d columns behind one of %d",
			       PQnfields(r), rows->columns);
	if (!rows->result)
		rows->result = PQcopyResult(r, PG_COPYRES_ATTRS);
	if (!rows->result)
		abort();
	rows->columns = PQnfields(r);
	for (int i = 0; i < rows->columns; i++) {
		int len = PQgetisnull(r, 0, i) ? -1 : PQgetlength(r, 0, i);

		*bytes += CELL_BYTES + (len > 0 ? (size_t)len : 0);
		if (*bytes > QUERY_MAX_BYTES)
			return err_set(e, ERR_TRANSIENT,
				       "PostgreSQL: an answer of more than %zu bytes",
				       QUERY_MAX_BYTES);
		if (!PQsetvalue(rows->result, rows->rows, i, PQgetvalue(r, 0, i), len))
			abort();
	}
	rows->rows++;
	return true;
}

static bool take_result(const struct pg_conn *c, const PGresult *r, struct pg_rows *rows,
			size_t *bytes, struct err *e)
{
	switch (PQresultStatus(r)) {
	case PGRES_SINGLE_TUPLE:
		return add_row(rows, r, bytes, e);
	case PGRES_TUPLES_OK: /* behind the last row */
	case PGRES_COMMAND_OK:
	case PGRES_EMPTY_QUERY:
		return true;
	case PGRES_FATAL_ERROR:
	case PGRES_BAD_RESPONSE:
		return fail_query(c, r, e);
	default:
		return err_set(e, ERR_TRANSIENT, "PostgreSQL: an answer that is no rows: %s",
			       PQresStatus(PQresultStatus(r)));
	}
}

/* What the server refused is followed by the end of its answer. */
static bool run_query(struct pg_conn *c, const char *sql, struct pg_rows *rows, struct err *e)
{
	size_t bytes = 0;
	bool ok = true;

	if (!PQsendQuery(c->pg, sql))
		return pg_gone(c, e);
	PQsetSingleRowMode(c->pg);
	if (!pg_flush(c, e))
		return false;
	for (;;) {
		CLEANUP(pg_rows_stop) struct pg_rows answer = {0};
		PGresult *r;

		if (!pg_next_result(c, &r, e))
			return false;
		if (!r)
			return ok;
		answer.result = r;
		if (ok && !take_result(c, r, rows, &bytes, e)) {
			if (!is_error(r))
				return false;
			ok = false;
		}
	}
}

bool pg_query(struct pg_conn *c, struct pg_rows *rows, struct err *e, const char *fmt, ...)
{
	CLEANUP(freep) char *sql = NULL;
	va_list ap;
	bool ok;

	va_start(ap, fmt);
	if (vasprintf(&sql, fmt, ap) < 0)
		abort();
	va_end(ap);
	*rows = (struct pg_rows){0};
	c->wait_ms = c->query_wait_ms;
	ok = run_query(c, sql, rows, e);
	c->wait_ms = -1;
	if (!ok)
		pg_rows_stop(rows);
	return ok;
}

const char *pg_value(const struct pg_rows *rows, int row, int column)
{
	return row < rows->rows && column < rows->columns ? PQgetvalue(rows->result, row, column)
							  : "";
}

bool pg_is_null(const struct pg_rows *rows, int row, int column)
{
	return PQgetisnull(rows->result, row, column) != 0;
}

void pg_rows_stop(struct pg_rows *rows)
{
	PQclear(rows->result);
	*rows = (struct pg_rows){0};
}
