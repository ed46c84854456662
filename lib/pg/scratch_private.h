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

/* To be run as the server's user, in its directory. */
struct proc scratch_program(const struct scratch *, const char *const argv[]);

/* Appends to the server's command line, which has room; over those before it. Takes the setting, "name=value". */
void scratch_add_setting(struct scratch *, char *setting);

/* Adds of the wanted ways those that this server takes. Its data directory is there, and it does not
 * run yet. */
MUST_USE bool scratch_add_ways(struct scratch *, const struct scratch_options *, struct err *);

#endif
