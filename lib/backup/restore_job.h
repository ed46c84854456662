/* backup/restore_job: a restore as an operator asks for it: checked first, counted afterwards. */
#ifndef BACKUP_RESTORE_JOB_H
#define BACKUP_RESTORE_JOB_H

#include "backup/catalogue.h"
#include "backup/countback.h"
#include "backup/tally.h"
#include "report/report.h"
#include "store/store.h"

struct restore_options {
	struct store *store;
	const struct store_options *store_options;
	struct backup_choice which;
	const struct pg_target *target;
	const char *client_directory;
	const char *database; /* NULL: all */
	const char *as; /* another name for the database; with a table, the database to put it in */
	const char *schema, *table; /* NULL: the whole database */
	bool existing;              /* restore into what is there already */
	bool dry_run;
	enum check_level check;
	unsigned jobs;
	const struct allow_list *allowed;
	time_t now;
};

/* *good: every statement was accepted and everything was counted back. false: refused, or it could not be
 * told; a refusal changes nothing. */
MUST_USE bool restore_run(const struct restore_options *, struct report *, bool *good,
			  struct err *);

#endif
