#ifndef TEST_BACKUP_STORE_H
#define TEST_BACKUP_STORE_H

#include "backup/manifest.h"
#include "store/store.h"

#define NIGHT 1795228200 /* 2026-11-21T02:30:00Z */
#define SMALL "tests/sample/small.sql"

/* The store of this test, file://, in a directory of its own. Use both as .init and .fini. */
void night_store_init(void);
void night_store_stop(void);
extern struct store *night_store;

/* A backup as dump_run leaves it, of small.sql unless a text is given. */
struct night_backup {
	const char *key; /* NULL: full.sql.zst */
	const char *text;
	size_t len;
	time_t finished;    /* 0: NIGHT */
	unsigned char id;   /* its id is this byte, 16 times */
	size_t frame_bytes; /* 0: 1024 */
	bool no_sidecar, no_manifest;
};
void night_backup(const struct night_backup *);

/* A whole file, NUL-terminated; the caller frees. */
char *slurp(const char *path, size_t *len);

/* An object as it lies on the disk; the caller frees. peek gives NULL for none. */
char *peek(const char *key, size_t *len);
void poke(const char *key, const void *data, size_t len); /* replaces it */

/* A manifest's text with the first old made new, and its seal made anew; the caller frees. */
char *reworded(const char *manifest, const char *old, const char *new);

#endif
