/*
 * backup/table_filter: which statements of a database's definitions belong to one table.
 *
 * The table itself, its defaults, constraints, indexes, triggers, rules, policies, statistics,
 * comments and grants; and the sequences that its columns own. Not what it refers to: types, functions,
 * parents, and the tables of its foreign keys have to be there.
 */
#ifndef BACKUP_TABLE_FILTER_H
#define BACKUP_TABLE_FILTER_H

#include "base/base.h"

struct table_filter {
	const char *schema, *name;
	/* Sequences found by table_filter_learn: owned by its columns. */
	struct owned_sequence {
		char *schema, *name;
	} * sequences;
	size_t sequence_count, sequence_cap;
};

/* See a statement before any is run: ALTER SEQUENCE ... OWNED BY, and identity columns. */
void table_filter_learn(struct table_filter *, const char *text, size_t len);

/* Does it belong? SET statements, set_config and setval always do. */
bool table_filter_wants(const struct table_filter *, const char *text, size_t len);

bool table_filter_owns(const struct table_filter *, const char *schema, const char *sequence);
void table_filter_stop(struct table_filter *);

#endif
