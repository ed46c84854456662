/*
 * backup/reader: the plain SQL of a backup, or of a part of it, out of its store.
 *
 *	CLEANUP(reader_stop) struct reader r = {0};
 *	if (!reader_open(&r, store, backup, e) || !reader_part(&r, store, range, sink, e))
 */
#ifndef BACKUP_READER_H
#define BACKUP_READER_H

#include "backup/catalogue.h"
#include "stream/frames.h"

struct reader {
	const struct backup *backup; /* borrowed from the catalogue */
	bool complete;               /* with manifest and seek table */
	struct manifest manifest;    /* of a complete one */
	struct frame_table frames;   /* of a complete one, by its seek table */
};

/* Reads the store's catalogue, chooses, and opens. What is bad is fetched a second time before it is
 * believed: it may have been damaged on its way. The caller stops both in either case. */
MUST_USE bool reader_choose(struct reader *, struct catalogue *, struct store *,
			    const struct backup_choice *, struct err *);

/* Fetches the manifest and the seek table of a complete backup; nothing for a foreign dump. */
MUST_USE bool reader_open(struct reader *, struct store *, const struct backup *, struct err *);
void reader_stop(struct reader *);

/* Stored bytes that reading a part fetches. */
MUST_USE bool reader_cost(const struct reader *, struct range, uint64_t *bytes, struct err *);

/* Push a part of a complete backup's plain stream into a sink and commit it. Several threads may read
 * from one reader, each with a store of its own. */
MUST_USE bool reader_part(const struct reader *, struct store *, struct range, struct sink *,
			  struct err *);

/* What reading a whole dump found out besides its text. */
struct reader_seen {
	struct digest digest; /* of the stored bytes */
	struct unframe_seen frames;
};

void reader_seen_stop(struct reader_seen *);

/* Push all of any dump, .sql.gz too, into a sink and commit it. */
MUST_USE bool reader_whole(const struct reader *, struct store *, struct sink *,
			   struct reader_seen *, struct err *);

#endif
