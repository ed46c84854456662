/* backup/manifest_json: what writing and reading a manifest have in common. */
#ifndef BACKUP_MANIFEST_JSON_H
#define BACKUP_MANIFEST_JSON_H

#include "backup/manifest.h"

#include <stddef.h>

#define MANIFEST_FORMAT "pgmuster-manifest"
#define MANIFEST_SEAL ",\n \"manifest_sha256\": \"" /* then the digest and the end */

/* The text fields of a database that are written and read as they are. */
static const struct {
	const char *key;
	size_t offset;
} database_texts[] = {
    {"owner", offsetof(struct pg_database, owner)},
    {"encoding", offsetof(struct pg_database, encoding)},
    {"provider", offsetof(struct pg_database, provider)},
    {"collate", offsetof(struct pg_database, collate)},
    {"ctype", offsetof(struct pg_database, ctype)},
    {"locale", offsetof(struct pg_database, locale)},
    {"lc_monetary", offsetof(struct pg_database, lc_monetary)},
    {"tablespace", offsetof(struct pg_database, tablespace)},
    {"not_dumped", offsetof(struct pg_database, not_dumped)},
};

#endif
