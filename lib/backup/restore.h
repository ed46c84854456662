/*
 * backup/restore: the text of a backup, or a part of it, run on a server.
 *
 * The globals first; then the databases, several at once, the largest first, each read out of the store
 * by a range of its own. A foreign dump, which has no index, runs from its beginning to its end.
 */
#ifndef BACKUP_RESTORE_H
#define BACKUP_RESTORE_H

#include "backup/reader.h"
#include "backup/runner.h"

#include <pthread.h>

struct restore {
	const struct reader *reader;
	struct store *store;
	const struct store_options *store_options; /* to open one for each thread */
	struct runner_options run;                 /* .database, .at and .only are set here */
	unsigned jobs;
	bool entries; /* list schema entries in the roll, for countback with CHECK_CONTENT */

	/* results; restore_stop frees them */
	struct roll roll; /* of what was read, whether the server took it or not */
	struct tally tally;
	struct reader_seen seen; /* of a foreign dump */

	pthread_mutex_t lock; /* protects roll and tally while threads run */
};

#define RESTORE_INIT                                                                               \
	{                                                                                          \
		.lock = PTHREAD_MUTEX_INITIALIZER                                                  \
	}

/* Everything. For a backup with a manifest, ERR_CORRUPT unless the text that was read has the roll of the
 * manifest. */
MUST_USE bool restore_all(struct restore *, struct err *);

/* One database of a complete backup, under its own name or run.rewrite's. */
MUST_USE bool restore_database(struct restore *, const char *name, struct err *);

/* One table of a database into the database `into`. Definition, rows and sequences come in one
 * transaction, or not at all; then indexes, constraints and the rest, each by itself. data_only: the
 * rows alone, added to a table that is there. */
struct restore_table {
	const char *database, *schema, *name, *into;
	bool data_only;
};
MUST_USE bool restore_table(struct restore *, const struct restore_table *, struct err *);

/* The ranges that these would read, for --dry-run; *count of at most 3. */
MUST_USE bool restore_ranges(const struct reader *, const char *database,
			     const struct restore_table *, struct range ranges[3], size_t *count,
			     struct err *);

void restore_stop(struct restore *);

#endif
