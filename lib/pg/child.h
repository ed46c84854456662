/* child: what went wrong with one of PostgreSQL's programs. Inside lib/pg only. */
#ifndef PG_CHILD_H
#define PG_CHILD_H

#include "base/base.h"

/* After a proc_wait that failed: "pg_dump: exit status 1: pg_dump: error: ...", with the first
 * error of its stderr instead of the last line, which may be part of a query. Always false. */
bool pg_child_failed(const char *program, const struct buf *errors, struct err *e);

#endif
