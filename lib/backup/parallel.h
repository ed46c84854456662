/* backup/parallel: the same work on many items by a few threads. */
#ifndef BACKUP_PARALLEL_H
#define BACKUP_PARALLEL_H

#include "base/base.h"

/* Does item i; called from any thread, never twice for one item. What it shares it locks itself. */
typedef bool parallel_work(void *ctx, size_t i, struct err *);

/*
 * Items 0 .. count - 1, in this order, by up to jobs threads (the caller's is one of them). The first
 * failure is the result; items that have not begun by then are not done.
 */
MUST_USE bool parallel(unsigned jobs, size_t count, parallel_work *, void *ctx, struct err *);

#endif
