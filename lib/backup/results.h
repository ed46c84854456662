/* backup/results: what the reports of several jobs have in common. */
#ifndef BACKUP_RESULTS_H
#define BACKUP_RESULTS_H

#include "backup/catalogue.h"
#include "backup/compare.h"
#include "pg/facts.h"
#include "report/report.h"

/* The list "databases", with a verdict for each: good_word, or FAIL where something differs. */
void report_databases(struct report *, const struct roll *, const struct differences *,
		      const char *good_word);

/* The list "differences", and how many there are in all; more may be NULL. */
void report_differences(struct report *, const struct differences *,
			const struct differences *more);

/* To the list "not_proved": what a dump of an old script lacks. Nothing of a complete backup. */
void report_foreign(struct report *, const struct backup *);

/* The list "not_in_a_dump": what pg_dumpall leaves out of this database, a statement a row; for a log,
 * without what may be secret. */
void report_not_dumped(struct report *, const struct pg_database *, bool for_log);

#endif
