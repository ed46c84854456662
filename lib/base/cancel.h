/*
 * cancel: SIGINT and SIGTERM set a flag; every wait looks at it within a second and returns
 * ERR_CANCELLED, so that the stack unwinds and each scope cleans up. So does a timeout that is over.
 */
#ifndef CANCEL_H
#define CANCEL_H

#include "base/base.h"

/* Catch SIGINT and SIGTERM, ignore SIGPIPE, do not ignore SIGCHLD. A second signal of the same kind
 * changes nothing. */
void cancel_install(void);

/* Cancelled when this many seconds have passed from now; 0: never. */
void cancel_after(int64_t timeout_s);

/* The signal that arrived, or 0. */
int cancel_signal(void);

/* False with ERR_CANCELLED once a signal arrived, or the time is over. Cheap: call it in every loop that can last. */
MUST_USE bool cancel_check(struct err *);

/*
 * Wait until fd has one of the poll events, looking at the flag at least once a second.
 * False with ERR_CANCELLED, or with ERR_TRANSIENT "timed out after N s" when timeout_ms passes
 * first; timeout_ms < 0 waits for ever.
 */
MUST_USE bool cancel_wait(int fd, short events, int timeout_ms, struct err *);

#endif
