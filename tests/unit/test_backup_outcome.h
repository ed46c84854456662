#ifndef TEST_BACKUP_OUTCOME_H
#define TEST_BACKUP_OUTCOME_H

#include "backup/verify.h"

#define DUMP "full.sql.zst"
#define SIDECAR "full.sql.zst.sha256"
#define MANIFEST "full.sql.zst.manifest.json"

/* The store of test_backup_store.h with one intact backup in it, and what that consists of. */
extern char *dump, *manifest;
extern size_t dump_len, manifest_len;
void night_verify_init(void);
void night_verify_stop(void);

extern const struct verify_options newest; /* an hour after it */

struct outcome {
	bool told, good; /* what verify_run gave */
	struct err e;
	char *json;
};

void verify(const struct verify_options *, struct outcome *);
void outcome_stop(struct outcome *);

void passes(const struct verify_options *);

/* The check ran, and the report says what is wrong: so many sentences, this one among them. */
void fails(const struct verify_options *, size_t count, const char *sentence);

/* Found wrong before it could be read. */
void is_refused(const struct verify_options *, const char *sentence);

/* Either of them. */
bool is_bad(const struct verify_options *);

void put(const char *key, const char *text);

/* A dump in the place of the intact one, with sidecar and manifest made to fit its bytes. */
void put_fitting(const char *bytes, size_t len);

#endif
