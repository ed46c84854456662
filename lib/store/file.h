/* store/file: what the files of the file store have in common. */
#ifndef STORE_FILE_H
#define STORE_FILE_H

#include "store/backend.h"

#include <sys/stat.h>

struct file_store {
	struct store store;
	char *root; /* absolute, without a final "/" (but "/" itself) */
};

/* False with ERR_MISSING unless the root is a directory. */
MUST_USE bool file_check_root(const struct file_store *, struct err *);

struct sink *file_put(struct store *, const char *key, const struct store_put *, struct err *);

/* Partial files are called ".<name>.<12 hex digits>.partial". */
bool file_is_partial(const char *name);

#define FILE_DEPTH_MAX 64 /* directories below the root */

/* Its name hides it from lists, and has it swept should we die. */
#define FILE_PROBE ".pgmuster-probe.000000000000.partial"

/* Regular files below directory (a key, "" for the root), partial ones too; name is the key's last
 * part. Links are not followed. */
typedef bool file_handler(void *ctx, const char *key, const char *name, const struct stat *,
			  struct err *);
MUST_USE bool file_walk(const struct file_store *, const char *directory, file_handler *, void *ctx,
			struct err *);

#endif
