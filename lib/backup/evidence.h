/* backup/evidence: what a drill left beside a backup, read back for the list. */
#ifndef BACKUP_EVIDENCE_H
#define BACKUP_EVIDENCE_H

#include "base/base.h"

#define EVIDENCE_FORMAT "pgmuster-drill"
#define EVIDENCE_VERSION 1
#define EVIDENCE_MAX_BYTES (64 * MIB)

struct evidence {
	char *key;      /* of the dump that was drilled */
	char *id;       /* "" of one without a manifest */
	uint64_t bytes; /* of the dump */
	char *verdict;  /* "pass", "fail", "unknown" */
	time_t finished;
};

/* False when it is none. The caller stops it in either case. */
MUST_USE bool evidence_read(const char *data, size_t len, struct evidence *);
void evidence_stop(struct evidence *);

#endif
