/*
 * backup/dump: a whole server into one or more stores.
 */
#ifndef BACKUP_DUMP_H
#define BACKUP_DUMP_H

#include "backup/manifest.h"
#include "report/report.h"
#include "store/store.h"

struct dump_options {
	const struct pg_target *target;
	const char *client_directory; /* NULL: look for it */
	const char *const *stores;    /* URLs, at least one */
	size_t store_count;
	const struct store_options *store_options;
	const char *key_format;
	int level;
	unsigned threads;
	bool no_role_passwords;
	bool allow_omissions; /* what pg_dump leaves out with a warning fails the dump otherwise */
	const char *const *exclude; /* databases */
	size_t exclude_count;
	const char *tool; /* "pgmuster 0.1.0" */
	time_t now;
	unsigned char random[16]; /* of the backup's id */
};

/*
 * True when a backup was made. *everywhere is false if a store failed meanwhile: its error is in e, the
 * report says which, and the backups in the others are good. On false no store shows a backup.
 */
MUST_USE bool dump_run(const struct dump_options *, struct report *, bool *everywhere,
		       struct err *);

#endif
