/*
 * pg/dump: the text of pg_dumpall, made of its parts.
 *
 * pg_dumpall is itself a loop over pg_dump. Running the parts ourselves gives the same bytes (apart
 * from the random \restrict keys) and says which database failed, and lets several run at once:
 *
 *	pg_dump_globals, then for each database pg_dump_database, then pg_dump_closing.
 *
 * Children get PGTZ=UTC, PGOPTIONS with bytea_output=hex, no PGCLIENTENCODING; their exit status is
 * checked, and each line of their stderr is kept as a warning.
 */
#ifndef PG_DUMP_H
#define PG_DUMP_H

#include "pg/client.h"
#include "pg/conn.h"
#include "stream/sink.h"

struct pg_dump_options {
	const struct pg_client *client;
	const struct pg_target *target;
	bool no_role_passwords;
	bool schema_only; /* to compare a restored server's schema with the roll */
};

struct pg_warnings {
	char **lines; /* "database immich: pg_dump: warning: ..." */
	size_t count, cap;
};

void pg_warnings_stop(struct pg_warnings *);

/* Up to and with the "-- Databases" heading. */
MUST_USE bool pg_dump_globals(const struct pg_dump_options *, struct sink *, struct pg_warnings *,
			      struct err *);

/* From its "-- Database "x" dump" heading. ERR_USAGE for a name with a newline or carriage return:
 * no dump can hold it. */
MUST_USE bool pg_dump_database(const struct pg_dump_options *, const char *name, struct sink *,
			       struct pg_warnings *, struct err *);

/* pg_dumpall's closing comment. */
MUST_USE bool pg_dump_closing(struct sink *, struct err *);

#endif
