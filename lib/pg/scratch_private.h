/* scratch_private: what the files of scratch share. Inside lib/pg only. */
#ifndef SCRATCH_PRIVATE_H
#define SCRATCH_PRIVATE_H

#include "pg/scratch.h"

/* A new directory under parent, its lock held by *lock_fd, so that no scratch_directory_clean() takes it away.
 * NULL: nothing is left behind. */
char *scratch_directory_new(const char *parent, int *lock_fd, struct err *e);

/* With all that is in it; links are removed, not followed. Its lock goes last. What cannot be
 * removed is logged. */
void scratch_directory_remove(const char *directory);

/* Stop and remove what dead processes left under parent. What is not ours is left alone. */
void scratch_directory_clean(const char *parent);

/* Of the wanted ways those that this server takes, as "name=value"; the caller frees them, whatever
 * is returned. Its data directory is there, and it does not run yet. */
MUST_USE bool scratch_ways(const struct scratch *, const struct scratch_options *,
			   char *taken[PG_WAYS], struct err *);

#endif
