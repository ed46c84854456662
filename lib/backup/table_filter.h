/*
 * backup/table_filter: which statements of a database's definitions belong to one table.
 *
 * The table itself, its defaults, constraints, indexes, triggers, rules, policies, statistics,
 * comments and grants; and the sequences that its columns own. Not what it refers to: types, functions,
 * parents, and the tables of its foreign keys have to be there; nor what a partition has from its parent.
 */
#ifndef BACKUP_TABLE_FILTER_H
#define BACKUP_TABLE_FILTER_H

#include "base/base.h"

struct table_filter {
	const char *schema, *name;
	/* Found by table_filter_learn: sequences that its columns own, its indexes, statistics, triggers. */
	struct table_object {
		const char *kind; /* "sequence", "index", "statistics", "trigger" */
		char *schema, *name;
	} * objects;
	size_t object_count, object_cap;
};

/* See every statement before any is run: what is commented on or altered later by a name of its own
 * says only once to which table it belongs. */
void table_filter_learn(struct table_filter *, const char *text, size_t len);

/* Does it belong? SET statements, set_config and setval always do. */
bool table_filter_wants(const struct table_filter *, const char *text, size_t len);

bool table_filter_owns(const struct table_filter *, const char *schema, const char *sequence);
void table_filter_stop(struct table_filter *);

#endif
