/*
 * backup/fan: the same bytes to several stores, where one that fails does not stop the others.
 */
#ifndef BACKUP_FAN_H
#define BACKUP_FAN_H

#include "stream/sink.h"

/* One of them. */
struct fan_branch {
	const char *name;  /* for messages: the store's URL */
	struct sink *sink; /* NULL: failed before it began, with .error set */
	bool failed;
	struct err error;
};

/* Write and commit succeed as long as one branch does; the caller looks at .failed of each afterwards.
 * Cancelling is no failure of a branch. Borrows the branches. */
struct sink *sink_fan(struct fan_branch *branches, size_t count);

#endif
