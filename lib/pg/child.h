/* child: what PostgreSQL's programs get to see, and what went wrong with one. Inside lib/pg only. */
#ifndef PG_CHILD_H
#define PG_CHILD_H

#include "base/base.h"

/* Is "NAME=value" all that a program needs to find its way, and no secret? For whatever works on our own
 * scratch server: what a dump runs there may read the environment of processes of its user. */
bool pg_child_needs(const char *variable);

/* After a proc_wait that failed: "pg_dump: exit status 1: pg_dump: error: ...", with the first
 * error of its stderr instead of the last line, which may be part of a query. Always false. */
bool pg_child_failed(const char *program, const struct buf *errors, struct err *e);

/* Those variables of our environment, and these. Free it with proc_env_freep. */
char **pg_child_environment(const char *const add[]);

#endif
