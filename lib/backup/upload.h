/* backup/upload: any file or stream into a store, with its .sha256. */
#ifndef BACKUP_UPLOAD_H
#define BACKUP_UPLOAD_H

#include "report/report.h"
#include "store/store.h"

/* Everything that can be read from fd becomes the object key, and then key.sha256. ERR_EXISTS when
 * either is there: nothing is overwritten. bytes: what is known of the size, or 0. */
MUST_USE bool upload_run(struct store *, const char *key, int fd, uint64_t bytes, struct report *,
			 struct err *);

#endif
