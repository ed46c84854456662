/*
 * backup/runner: run a dump's text on a server, as psql would, without psql.
 *
 * Every statement is a query of its own; every error is counted and the rest goes on. \connect is obeyed,
 * and no other backslash command of the dump. Data of a COPY that the server refused is passed over.
 */
#ifndef BACKUP_RUNNER_H
#define BACKUP_RUNNER_H

#include "backup/rewrite.h"
#include "backup/table_filter.h"
#include "backup/tally.h"
#include "stream/sink.h"

struct runner_options {
	const struct pg_target *target;
	const char *database; /* to be in until the text says \connect; NULL: postgres */
	struct rewrite_options rewrite;
	/* Load each table that the text itself has created in one transaction that begins with TRUNCATE:
	 * under wal_level=minimal its rows need no WAL. Only for a server that is thrown away. */
	bool truncate_first;
	const struct allow_list *allowed; /* or NULL */
	uint64_t at;                      /* the stream offset of the first byte */
	/* Run only what belongs to one table, or NULL for everything. */
	const struct table_filter *only;
	/* Everything in one transaction that commit ends: with COMMIT if nothing failed, else ROLLBACK. */
	bool one_transaction;
};

/*
 * Write fails only when the server is gone, the text is no dump (ERR_CORRUPT) or we are cancelled;
 * failed statements are in the tally, which must outlive the sink.
 */
struct sink *sink_runner(const struct runner_options *, struct tally *, struct err *);

/* What is written next begins at this offset of the stream. In one transaction, a statement of it that
 * fails is undone alone. */
MUST_USE bool runner_go_on(struct sink *, uint64_t at, struct err *);

#endif
