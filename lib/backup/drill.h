/*
 * backup/drill: restore a backup into a scratch server and count everything back.
 */
#ifndef BACKUP_DRILL_H
#define BACKUP_DRILL_H

#include "backup/catalogue.h"
#include "backup/countback.h"
#include "backup/expect.h"
#include "backup/tally.h"
#include "report/report.h"

struct drill_options {
	struct store *store;
	const struct store_options *store_options;
	struct backup_choice which;
	/* A scratch server that the caller runs, or NULL for one of our own. */
	const struct pg_target *server;
	const char *scratch_directory; /* NULL: TMPDIR, else /tmp */
	const char *client_directory;  /* NULL: look for it */
	enum check_level check;
	unsigned jobs;
	const struct allow_list *allowed;
	const struct expected *expected; /* or NULL */
	int64_t max_age_s;               /* 0: any age */
	bool no_evidence;                /* leave none in the store */
	const char *tool;
	time_t now;
};

/*
 * *good says whether everything came back, and is what max_age_s and expected ask for; false only when
 * that could not be told. In all three cases the report is the evidence, and stored beside the backup
 * (a store that refuses it is warned about). Its verdict is about what came back alone.
 */
MUST_USE bool drill_run(const struct drill_options *, struct report *, bool *good, struct err *);

#endif
