/*
 * backup/manifest: what a backup is, field by field (docs/FORMAT.md).
 *
 * JSON. Text that is not UTF-8 (a name of a SQL_ASCII server) is kept in hexadecimal under the field's
 * name with "_hex". The last field is the sha256 of all bytes before that field, as in PostgreSQL's own backup_manifest: a
 * damaged manifest is noticed before it is believed.
 */
#ifndef BACKUP_MANIFEST_H
#define BACKUP_MANIFEST_H

#include "pg/dump.h"
#include "pg/facts.h"
#include "sql/roll.h"
#include "stream/sink.h"

#define MANIFEST_VERSION 1
#define MANIFEST_MAX_BYTES (256 * MIB)
#define BACKUP_ID_SIZE 33 /* 32 hexadecimal digits and a NUL */

struct manifest {
	char id[BACKUP_ID_SIZE]; /* random; the mark in the dump has it too */
	char *key;               /* of the dump, relative to the store */
	char *tool;              /* "pgmuster 0.1.0" */
	time_t started, finished;
	struct digest object; /* the stored bytes */
	uint64_t plain_bytes;
	uint64_t frames; /* the mark included, the seek table not */
	char *system_identifier, *bootstrap_user, *preload_libraries;
	char *ways[PG_WAYS];  /* NULL: not known */
	char *server_version; /* "15.20 (Debian ...)" */
	int server_version_num;
	char *client_version; /* of pg_dump */
	bool role_passwords;  /* the dump has them */
	char **excluded;      /* databases left out by name */
	size_t excluded_count;
	struct pg_warnings warnings;
	struct roll roll;
	/* What the server said of each database of the roll, in its order; one for each. */
	struct pg_database *databases;
	size_t database_count;
};

/* The mark's content for a backup of this id. */
#define BACKUP_MARK_SIZE 64
void backup_mark(const char *id, char out[BACKUP_MARK_SIZE]);

/* The id in a mark; false when it is not one of ours. */
bool backup_mark_id(const char *mark, char id[BACKUP_ID_SIZE]);

/* A manifest's bytes; the caller frees. */
char *manifest_write(const struct manifest *);

/* ERR_CORRUPT when it is no manifest or damaged, with the JSON path; ERR_SYSTEM with a hint when a
 * newer pgmuster wrote it. The caller stops it in either case. */
MUST_USE bool manifest_read(const char *data, size_t len, struct manifest *, struct err *);
void manifest_stop(struct manifest *);

/* Of a database of its roll; NULL when not there. */
const struct pg_database *manifest_database(const struct manifest *, const char *name);

#endif
