/*
 * backup/countback: is everything that was on the roll on the server?
 */
#ifndef BACKUP_COUNTBACK_H
#define BACKUP_COUNTBACK_H

#include "backup/compare.h"
#include "pg/dump.h"

enum check_level {
	CHECK_NONE,
	CHECK_SMOKE,   /* every database can be connected to and has its tables */
	CHECK_COUNTS,  /* and every table its number of rows, every sequence its value */
	CHECK_CONTENT, /* and every row, large object and definition is the same, dumped again */
};

extern const char *const check_level_names[]; /* "none", "smoke", ...; ended by NULL */

struct countback {
	const struct pg_target *target;
	enum check_level level;
	unsigned jobs; /* databases at once */
	/* content only: */
	const struct pg_client *client;
	bool no_role_passwords;
	bool globals;       /* compare them too */
	int server_version; /* of the target; where another major wrote the dump, definitions read
				* differently and are compared by name */
	const char *superuser; /* whose own role may differ, or NULL */
	bool rows_unknown;     /* a table with rows need not be on the roll */
};

/* want: followed with entries for CHECK_CONTENT. Differences are found, not failures: false only when it
 * could not be told. as (may be NULL): the name under which the roll's only database was restored. */
MUST_USE bool countback(const struct countback *, const struct roll *want, const char *as,
			struct differences *, struct err *);

/* The rows of the only table that *r lists, in database `as`: counted, whatever the level. */
MUST_USE bool countback_table(const struct countback *, const struct roll_database *r,
			      const char *as, struct differences *, struct err *);

#endif
