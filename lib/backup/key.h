/*
 * backup/key: what the objects of a backup are called.
 *
 *	2026/11/21/full.sql.zst                  the dump
 *	2026/11/21/full.sql.zst.sha256           its digest, as sha256sum writes it
 *	2026/11/21/full.sql.zst.manifest.json    its manifest: written last, the commit
 *	2026/11/21/drill-20261121T030000Z.json   the evidence of a drill of it
 */
#ifndef BACKUP_KEY_H
#define BACKUP_KEY_H

#include "base/base.h"

#define KEY_DEFAULT_FORMAT "%Y/%m/%d/full.sql.zst"
#define KEY_DUMP_SUFFIX ".sql.zst"
#define KEY_GZIP_SUFFIX ".sql.gz"
#define KEY_SHA256_SUFFIX ".sha256"
#define KEY_MANIFEST_SUFFIX ".manifest.json"

/* format (strftime's) at local time t; NULL with ERR_USAGE unless it ends in ".sql.zst" and stays a
 * plain relative path. The caller frees. */
char *key_of_day(const char *format, time_t t, struct err *);

/* "full.sql.zst" -> "full-023000.sql.zst", or with a suffix of its own "full-023000-1a2b3c4d.sql.zst".
 * The caller frees. */
char *key_beside(const char *key, time_t t, const char *unique);

/* The evidence of a drill that ended at t, in the folder of key. The caller frees. */
char *key_of_evidence(const char *key, time_t t);

/* The part after the last "/". */
const char *key_name(const char *key);

/* The first date in a key, whether 2026/11/21, 2026-11-21, 2026_11_21, 2026.11.21 or 20261121, as
 * "2026-11-21"; false when there is none. */
#define KEY_DAY_SIZE 11
bool key_day(const char *key, char day[KEY_DAY_SIZE]);

bool key_has_suffix(const char *key, const char *suffix);
bool key_is_dump(const char *key);     /* .sql.zst or .sql.gz */
bool key_is_evidence(const char *key); /* drill-*.json */

#endif
