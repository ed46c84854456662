/*
 * params: a target as libpq's keywords, for our own connections and for pg_dump's. Inside lib/pg
 * only.
 */
#ifndef PG_PARAMS_H
#define PG_PARAMS_H

#include "pg/conn.h"

struct pg_param {
	char *keyword, *value;
	bool secret; /* must not reach an argv */
};

/* Is who logged in a superuser, whatever role that is now? Asked under any search_path. */
#define PG_SUPERUSER_QUERY                                                                         \
	"SELECT rolsuper FROM pg_catalog.pg_roles"                                                 \
	" WHERE rolname OPERATOR(pg_catalog.=) session_user"

/* What the target says, and of the environment only what we have to add to or hand on. */
struct pg_params {
	struct pg_param *items; /* without the three below, dbname, client_encoding */
	size_t count, cap;
	char *password; /* or NULL: libpq looks on its own, in PGPASSFILE for example */
	char *options;  /* the caller's start-up options, or "" */
};

/* How a peer that is gone is noticed; what a target or the caller's connection string says comes after
 * these, and wins. */
extern const char *const pg_transport[5][2];

/* ERR_USAGE for a connection string that libpq cannot parse. The text is never quoted: it may hold
 * a password. */
MUST_USE bool pg_params_read(const struct pg_target *, struct pg_params *, struct err *);
void pg_params_stop(struct pg_params *);

const char *pg_params_value(const struct pg_params *, const char *keyword); /* "": not there */

/* Replaces the value of a keyword that is there already. What it returns lives until the next call. */
struct pg_param *pg_params_set(struct pg_params *, const char *keyword, const char *value);

/* What the target does not say keeps libpq's compiled-in value instead of the environment's. */
void pg_params_isolate(struct pg_params *);

#endif
