/*
 * backup/compare: where two rolls differ, said so that an operator knows what is missing.
 */
#ifndef BACKUP_COMPARE_H
#define BACKUP_COMPARE_H

#include "sql/roll.h"

struct difference {
	char *database; /* "" for the globals and the dump as a whole */
	char *what;     /* "table public.assets: 10 rows instead of 11" */
};

struct differences {
	struct difference *items; /* the first DIFFERENCES_KEPT */
	size_t count, cap;        /* count is of all */
};

#define DIFFERENCES_KEPT 1000

void differences_add(struct differences *, const char *database, const char *fmt, ...) PRINTF(3, 4);
size_t differences_of(const struct differences *, const char *database);
void differences_stop(struct differences *);

/* What of two rolls is compared. */
struct compare_options {
	bool ranges; /* the places in the stream too: the same dump, read again */
	bool
	    entries; /* each entry of the schemas by its text; both rolls were followed with entries */
	bool entry_names_only; /* the text may differ: another client's version */
	/* The scratch superuser: its role's own entries may differ. NULL: none. */
	const char *superuser;
	bool rows_unknown; /* a table need not be on the roll that is wanted */
};

void compare_rolls(const struct roll *want, const struct roll *have, const struct compare_options *,
		   struct differences *);
void compare_globals(const struct roll *want, const struct roll *have,
		     const struct compare_options *, struct differences *);
void compare_databases(const struct roll_database *want, const struct roll_database *have,
		       const struct compare_options *, struct differences *);

#endif
