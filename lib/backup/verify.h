/*
 * backup/verify: read a backup back out of its store and hold it against its sidecar and manifest.
 */
#ifndef BACKUP_VERIFY_H
#define BACKUP_VERIFY_H

#include "backup/catalogue.h"
#include "backup/expect.h"
#include "report/report.h"

struct verify_options {
	struct backup_choice which;
	int64_t max_age_s;               /* 0: any age */
	const struct expected *expected; /* NULL: whatever is there */
	time_t now;
};

/* *good says whether the backup is; false only when that could not be told. A store without any
 * complete backup is ERR_CORRUPT. */
MUST_USE bool verify_run(struct store *, const struct verify_options *, struct report *, bool *good,
			 struct err *);

/* Read one backup back, all of it, without a word about its age: is it as it was written? False when that
 * could not be told. */
MUST_USE bool verify_again(struct store *, const char *key, bool *sound, struct err *);

/* A difference if it is older than max_age_s (0: any age), or not yet of this time. */
void check_age(const struct backup *, int64_t max_age_s, time_t now, struct differences *);

#endif
