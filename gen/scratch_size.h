/* scratch_size: how large a volume a drill of this backup needs. */
#ifndef SCRATCH_SIZE_H
#define SCRATCH_SIZE_H

#include "base/base.h"

/* From the text of a manifest (docs/FORMAT.md): what its databases took on disk and a quarter
 * more, or twice the plain dump where the server did not say; with room for WAL, in whole GiB. */
MUST_USE bool scratch_size(const char *manifest, size_t len, const char *name, double *bytes,
			   struct err *);

#endif
