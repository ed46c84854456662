#include "pg/conn_private.h"

#include "base/cancel.h"
#include "base/log.h"
#include "pg/params.h"

#include <ctype.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Start-up options win over settings of roles and databases. Those that younger servers only know
 * are set after connecting. */
static const char to_be_served[] =
    " -c standard_conforming_strings=on -c client_min_messages=warning"
    " -c array_nulls=on"
    " -c statement_timeout=0 -c lock_timeout=0 -c idle_in_transaction_session_timeout=0"
    " -c default_transaction_read_only=off";

static const char to_read[] =
    " -c DateStyle=ISO -c IntervalStyle=postgres -c TimeZone=UTC -c extra_float_digits=3"
    " -c bytea_output=hex -c synchronize_seqscans=off";

static void on_notice(void *ctx, const char *message)
{
	char line[400];

	(void)ctx;
	pg_condense(message, line, sizeof line);
	log_debug("PostgreSQL: %s", line);
}

void pg_freep(struct pg_conn **c)
{
	if (!*c)
		return;
	PQfinish((*c)->pg);
	free(*c);
	*c = NULL;
}

char *pg_server(const struct pg_conn *c)
{
	return xasprintf("%s:%s", PQhost(c->pg), PQport(c->pg));
}

int pg_server_version(const struct pg_conn *c)
{
	return PQserverVersion(c->pg);
}

static PGconn *begin_connect(const struct pg_params *p, const char *dbname, const char *more)
{
	size_t count = sizeof pg_transport / sizeof *pg_transport + p->count + 5;
	CLEANUP(freep) const char **keywords = xcalloc(count, sizeof *keywords);
	CLEANUP(freep) const char **values = xcalloc(count, sizeof *values);
	CLEANUP(freep) char *options = xasprintf("%s%s%s", p->options, to_be_served, more);
	size_t n = 0;

	/* Of a keyword given twice libpq takes the last. */
	for (size_t i = 0; i < sizeof pg_transport / sizeof *pg_transport; i++, n++) {
		keywords[n] = pg_transport[i][0];
		values[n] = pg_transport[i][1];
	}
	for (size_t i = 0; i < p->count; i++, n++) {
		keywords[n] = p->items[i].keyword;
		values[n] = p->items[i].value;
	}
	if (p->password) {
		keywords[n] = "password";
		values[n++] = p->password;
	}
	keywords[n] = "options";
	values[n++] = options;
	keywords[n] = "application_name";
	values[n++] = "pgmuster";
	keywords[n] = "dbname";
	values[n++] = dbname;
	return PQconnectStartParams(keywords, values, 0);
}

/* With verbose errors a refusal is "FATAL:  28P01: why", its first word in any language. */
static const char *find_sqlstate(const char *message, char sqlstate[6])
{
	for (const char *p = message; (p = strstr(p, ":  ")) != NULL; p += 3) {
		size_t n = 0;

		while (n < 5 &&
		       (isdigit((unsigned char)p[3 + n]) || (p[3 + n] >= 'A' && p[3 + n] <= 'Z')))
			n++;
		if (n == 5 && strncmp(p + 8, ": ", 2) == 0) {
			memcpy(sqlstate, p + 3, 5);
			sqlstate[5] = '\0';
			return p + 10;
		}
	}
	return NULL;
}

static bool refused(PGconn *pg, const char *dbname, struct err *e)
{
	char sqlstate[6] = "";
	char why[500];
	const char *message = PQerrorMessage(pg);
	const char *said = find_sqlstate(message, sqlstate);
	enum err_kind kind = ERR_TRANSIENT;

	if (said) {
		kind = pg_kind_of_sqlstate(sqlstate);
		snprintf(why, sizeof why, "%.*s", (int)strcspn(said, "\n"), said);
	} else {
		pg_condense(message, why, sizeof why);
		if (strncmp(message, "invalid ", 8) == 0)
			kind = ERR_USAGE;
		else if (PQconnectionNeedsPassword(pg))
			kind = ERR_DENIED;
	}
	err_set(e, kind, "cannot connect to PostgreSQL at %s:%s, database %s: %s", PQhost(pg),
		PQport(pg), dbname, why);
	if (strcmp(sqlstate, "42501") == 0)
		err_hint(e, "GRANT CONNECT ON DATABASE to the role");
	else if (strstr(why, "certificate verify failed")) /* libpq does not say more */
		err_hint(e,
			 "its authority is not in sslrootcert (PGSSLROOTCERT), or it has expired");
	else if (kind == ERR_DENIED)
		err_hint(e, "give the password in a file: PGPASSFILE or PGPASSWORD_FILE");
	return false;
}

static void too_slow(PGconn *pg, const char *dbname, int timeout_s, struct err *e)
{
	err_set(e, ERR_TRANSIENT,
		"cannot connect to PostgreSQL at %s:%s, database %s: timed out after %d s",
		PQhost(pg), PQport(pg), dbname, timeout_s);
}

static bool poll_connect(PGconn *pg, const char *dbname, int timeout_s, struct err *e)
{
	int64_t deadline = clock_ms() + (int64_t)timeout_s * 1000;
	PostgresPollingStatusType next = PGRES_POLLING_WRITING;

	while (PQstatus(pg) != CONNECTION_BAD && next != PGRES_POLLING_OK) {
		int64_t left_ms = deadline - clock_ms();
		short events = next == PGRES_POLLING_READING ? POLLIN : POLLOUT;

		if (left_ms <= 0 || !cancel_wait(PQsocket(pg), events, (int)left_ms, e)) {
			if (left_ms <= 0 || e->kind == ERR_TRANSIENT)
				too_slow(pg, dbname, timeout_s, e);
			return false;
		}
		next = PQconnectPoll(pg);
	}
	return PQstatus(pg) == CONNECTION_OK || refused(pg, dbname, e);
}

/* Names must come as the database's own bytes, whatever PGCLIENTENCODING says; and a server whose
 * client vanished must notice in the middle of a long statement. PostGIS adds itself to the
 * search_path that RESET would set, and an empty start-up option would be that. A database may have a
 * role for whoever connects; a superuser is never more by it. Another user may have all rights by
 * such a setting alone. */
static bool settle(struct pg_conn *c, struct err *e)
{
	int version = PQserverVersion(c->pg);
	struct pg_rows rows = {0};
	bool ok = pg_query(
	    c, &rows, e,
	    "SELECT pg_catalog.set_config('client_encoding', pg_catalog.getdatabaseencoding(),"
	    " false), pg_catalog.set_config('search_path', '', false), CASE WHEN "
	    "(" PG_SUPERUSER_QUERY ") THEN pg_catalog.set_config('role', 'none', false) END%s%s",
	    version >= 140000 ? ", pg_catalog.set_config('idle_session_timeout', '0', false),"
				" pg_catalog.set_config('client_connection_check_interval',"
				" '1000', false)"
			      : "",
	    version >= 170000 ? ", pg_catalog.set_config('transaction_timeout', '0', false)" : "");

	pg_rows_stop(&rows);
	return ok;
}

/* libpq heeds its own setting only when it waits itself. Its 0 means for ever, ours an hour. */
static int connect_timeout_s(const struct pg_params *p)
{
	long given = strtol(pg_params_value(p, "connect_timeout"), NULL, 10);

	return given > 0 && given < 3600 ? (int)given : 3600;
}

static struct pg_conn *open_named(const struct pg_target *t, const char *dbname, const char *more,
				  struct err *e)
{
	CLEANUP(pg_params_stop) struct pg_params params = {0};
	if (!pg_params_read(t, &params, e))
		return NULL;
	if (t->isolated)
		pg_params_isolate(&params);
	int timeout_s = t->connect_timeout_s ? t->connect_timeout_s : connect_timeout_s(&params);

	CLEANUP(pg_freep) struct pg_conn *c = xcalloc(1, sizeof *c);
	c->pg = begin_connect(&params, dbname, more);
	if (!c->pg)
		abort();
	PQsetNoticeProcessor(c->pg, on_notice, NULL);
	/* libpq tells the SQLSTATE of a refused connection in the message only. */
	PQsetErrorVerbosity(c->pg, PQERRORS_VERBOSE);
	if (!poll_connect(c->pg, dbname, timeout_s, e))
		return NULL;
	PQsetErrorVerbosity(c->pg, PQERRORS_DEFAULT);
	if (PQsetnonblocking(c->pg, 1) != 0)
		abort(); /* it fails for what is not sent yet, and there is nothing */
	c->wait_ms = -1;
	c->query_wait_ms = timeout_s * 1000;
	if (!settle(c, e))
		return NULL;
	c->query_wait_ms = t->idle_timeout_s > 0 ? t->idle_timeout_s * 1000 : -1;
	return STEAL(c);
}

static struct pg_conn *open_with(const struct pg_target *t, const char *dbname, const char *more,
				 struct err *e)
{
	struct pg_conn *c = open_named(t, dbname ? dbname : "postgres", more, e);

	return c || dbname || e->kind != ERR_MISSING ? c : open_named(t, "template1", more, e);
}

struct pg_conn *pg_open(const struct pg_target *t, const char *dbname, struct err *e)
{
	return open_with(t, dbname, to_read, e);
}

struct pg_conn *pg_open_plain(const struct pg_target *t, const char *dbname, struct err *e)
{
	return open_with(t, dbname, "", e);
}
