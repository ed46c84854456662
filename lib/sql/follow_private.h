/*
 * follow_private: what follow.c, which knows the frame of a dump, shares with follow_database.c,
 * which fills in one database.
 */
#ifndef FOLLOW_PRIVATE_H
#define FOLLOW_PRIVATE_H

#include "sql/entry.h"
#include "sql/follow.h"
#include "sql/large_object.h"
#include "sql/rows.h"
#include "sql/split.h"

/* A closing comment was seen, and the "--" below it not yet: what it closes. */
enum closing { CLOSING_NONE, CLOSING_DUMP, CLOSING_CLUSTER };

struct follow {
	struct sink sink;
	struct sink *next;
	struct follow_options options;
	char *database; /* options.database */
	struct roll *roll;
	size_t roll_bytes; /* what the roll takes, by and large */
	struct sql_split *split;

	uint64_t block_at, block_end; /* the last lines of comments without a gap between them */
	bool block_bare;              /* the first of them is "--" */
	enum closing closing;
	char *restrict_key; /* of a \restrict that is in force */

	bool cluster, cluster_complete; /* pg_dumpall's first comment, its last */
	bool in_database;               /* the roll's last database is being filled */
	bool named;                     /* by its "-- Database" header, or its first \connect */
	bool dump_begun;                /* pg_dump's first comment was there */
	bool has_data, has_post;        /* data_at, post_at are known */

	struct entry entry;
	bool setting; /* a SET for the next entry is at setting_at */
	uint64_t setting_at;
	struct roll_table *table; /* whose COPY data passes */
	struct rows rows;
	struct large_object object;
};

void follow_database_begins(struct follow *, const char *name, uint64_t at);
void follow_dump_begins(struct follow *, uint64_t at); /* pg_dump's first comment */
void follow_database_ends(struct follow *, uint64_t end);
void follow_connected(struct follow *, const char *dbname);
void follow_entry_begins(struct follow *, const char *comment);
void follow_closed(struct follow *); /* the line below a closing comment */

MUST_USE bool follow_statement(struct follow *, const struct sql_part *, struct err *);

#endif
