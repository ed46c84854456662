/* backup/omissions: what of a server is not in its dump. It is said, and refused if it is not accepted. */
#ifndef BACKUP_OMISSIONS_H
#define BACKUP_OMISSIONS_H

#include "pg/dump.h"
#include "pg/facts.h"
#include "sql/roll.h"

/* Warnings of what pg_dump and pg_dumpall pass over without a word, as pg_dump would have said it. */
void omissions_of_server(struct pg_warnings *, const struct pg_facts *);
void omissions_of_database(struct pg_warnings *, const struct pg_facts *,
			   const struct pg_database *);

/* What is in a dump, and which psql cannot restore. */
void omissions_of_psql(struct pg_warnings *, const struct roll_database *);

/* Log the warnings from *judged on, and move it behind them. False at the first that leaves something
 * out, unless it is allowed; other warnings do no harm. */
MUST_USE bool omissions_check(const struct pg_warnings *, size_t *judged, bool allowed,
			      struct err *);

#endif
