/*
 * backup/catalogue: what a store holds. The store's own listing decides, not a job's word.
 */
#ifndef BACKUP_CATALOGUE_H
#define BACKUP_CATALOGUE_H

#include "backup/manifest.h"
#include "store/store.h"

enum backup_status {
	BACKUP_COMPLETE,   /* with a manifest that can be read */
	BACKUP_DAMAGED,    /* its manifest cannot be read, or its dump is gone */
	BACKUP_INCOMPLETE, /* our mark, but no manifest: a dump that was cut short. Never chosen */
	BACKUP_FOREIGN,    /* without our mark: an old script's. Chosen only when named */
};

const char *backup_status_name(enum backup_status);

struct backup {
	char *key; /* of the dump */
	enum backup_status status;
	char *problem;              /* of a damaged one, and of another that cannot be read */
	enum err_kind problem_kind; /* ERR_SYSTEM: it could not be told, such as a newer manifest */
	uint64_t bytes;
	time_t time; /* the manifest's own; the store's for one without */
	char *etag;
	bool has_sidecar;
	/* complete ones: */
	char id[BACKUP_ID_SIZE];
	size_t databases;
	uint64_t rows, plain_bytes;
	/* the last drill of it, if there was one */
	time_t drilled;      /* 0: never */
	char *drill_verdict; /* "pass", "fail", "unknown" */
};

struct catalogue {
	struct backup *backups; /* oldest first */
	size_t count, cap;
	size_t unreadable_evidence;
};

/* Lists the store and reads every manifest and every drill's evidence in it. */
MUST_USE bool catalogue_read(struct store *, struct catalogue *, struct err *);
void catalogue_stop(struct catalogue *);

/* Which backup an operator means; neither: the newest complete one. */
struct backup_choice {
	const char *key; /* this one, whatever it is */
	const char *day; /* "2026-11-21": the newest complete one of the day that its key names; the
			    local day it was made on when its key names none */
};

/*
 * The backup to work on. ERR_MISSING for a key or a day that is not there; ERR_CORRUPT when there is
 * no complete backup at all, or a newer one that is damaged; ERR_USAGE for a key and a day, or a day
 * that is none.
 */
struct backup *catalogue_choose(const struct catalogue *, const struct backup_choice *,
				struct err *);

/* The manifest of a complete backup, whole. The caller stops it in either case. */
MUST_USE bool backup_manifest(struct store *, const char *key, struct manifest *, struct err *);

#endif
