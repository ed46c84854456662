/* scratch_private: the directory of a scratch server. Inside lib/pg only. */
#ifndef SCRATCH_PRIVATE_H
#define SCRATCH_PRIVATE_H

#include "base/base.h"

/* A new directory under parent, its lock held by *lock_fd, so that no scratch_directory_clean() takes it away.
 * NULL: nothing is left behind. */
char *scratch_directory_new(const char *parent, int *lock_fd, struct err *e);

/* With all that is in it; links are removed, not followed. Its lock goes last. What cannot be
 * removed is logged. */
void scratch_directory_remove(const char *directory);

/* Stop and remove what dead processes left under parent. What is not ours is left alone. */
void scratch_directory_clean(const char *parent);

#endif
