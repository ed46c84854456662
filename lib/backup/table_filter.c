#include "backup/table_filter.h"

#include "sql/token.h"

#include <stdlib.h>
#include <string.h>

/* What pg_dump writes before the name of the table that a statement is about. */
static const struct {
	const char *begin[4]; /* the statement's first words */
	const char *before;   /* the word after which the name stands */
	int nth;              /* which of them, from 1 */
	bool column;          /* the name is that of a column, the table in front of it */
} shapes[] = {
    {{"create", "table"}, "table", 1, false},
    {{"create", "unlogged", "table"}, "table", 1, false},
    {{"create", "foreign", "table"}, "table", 1, false},
    {{"alter", "table"}, "table", 1, false},
    {{"alter", "foreign", "table"}, "table", 1, false},
    {{"create", "index"}, "on", 1, false},
    {{"create", "unique", "index"}, "on", 1, false},
    {{"create", "trigger"}, "on", 1, false},
    {{"create", "constraint", "trigger"}, "on", 1, false},
    {{"create", "policy"}, "on", 1, false},
    {{"create", "rule"}, "to", 1, false},
    {{"create", "statistics"}, "from", 1, false},
    {{"comment", "on", "table"}, "table", 1, false},
    {{"comment", "on", "column"}, "column", 1, true},
    {{"comment", "on", "constraint"}, "on", 2, false},
    {{"comment", "on", "trigger"}, "on", 2, false},
    {{"comment", "on", "policy"}, "on", 2, false},
    {{"comment", "on", "rule"}, "on", 2, false},
    {{"security", "label"}, "table", 1, false},
    {{"grant"}, "table", 1, false},
    {{"revoke"}, "table", 1, false},
};

/* Likewise for sequences. */
static const char *const sequence_verbs[] = {"create", "alter", "comment", "grant", "revoke"};

static bool begins(const char *text, size_t len, const char *const words[4])
{
	struct sql_scan scan = {text, text + len};

	for (int i = 0; i < 4 && words[i]; i++) {
		struct sql_token t = sql_next(&scan);

		if (!sql_is(&t, words[i]))
			return false;
	}
	return true;
}

/* Move behind the nth bare word. */
static bool seek(struct sql_scan *scan, const char *word, int nth)
{
	for (struct sql_token t = sql_next(scan); t.kind != SQL_END; t = sql_next(scan))
		if (sql_is(&t, word) && --nth == 0)
			return true;
	return false;
}

/* pg_dump puts ONLY, and sometimes IF EXISTS, between the keyword and the name. */
static void skip_only(struct sql_scan *scan)
{
	struct sql_scan ahead = *scan;
	struct sql_token t = sql_next(&ahead);

	if (sql_is(&t, "only"))
		*scan = ahead;
}

static bool names(struct sql_scan *scan, const char *schema, const char *name, bool column)
{
	CLEANUP(freep) char *s = NULL;
	CLEANUP(freep) char *n = NULL;

	skip_only(scan);
	if (!sql_qualified(scan, &s, &n) || !s || strcmp(s, schema) != 0 || strcmp(n, name) != 0)
		return false;
	struct sql_token t = sql_next(scan);
	return !column || sql_is_char(&t, '.');
}

static void own(struct table_filter *f, struct sql_scan *scan)
{
	char *schema = NULL, *name = NULL;

	if (!sql_qualified(scan, &schema, &name) || !schema) {
		free(schema);
		free(name);
		return;
	}
	f->sequences =
	    xgrow(f->sequences, f->sequence_count, &f->sequence_cap, sizeof *f->sequences);
	f->sequences[f->sequence_count++] = (struct owned_sequence){schema, name};
}

void table_filter_learn(struct table_filter *f, const char *text, size_t len)
{
	static const char *const alter_sequence[4] = {"alter", "sequence"};
	static const char *const alter_table[4] = {"alter", "table"};
	struct sql_scan scan = {text, text + len}, sequence;

	if (begins(text, len, alter_sequence)) {
		seek(&scan, "sequence", 1);
		sequence = scan;
		if (seek(&scan, "owned", 1) && seek(&scan, "by", 1) &&
		    names(&scan, f->schema, f->name, true))
			own(f, &sequence);
	} else if (begins(text, len, alter_table)) {
		seek(&scan, "table", 1);
		if (names(&scan, f->schema, f->name, false) && seek(&scan, "identity", 1) &&
		    seek(&scan, "sequence", 1) && seek(&scan, "name", 1))
			own(f, &scan);
	}
}

bool table_filter_owns(const struct table_filter *f, const char *schema, const char *sequence)
{
	for (size_t i = 0; i < f->sequence_count; i++)
		if (strcmp(f->sequences[i].schema, schema) == 0 &&
		    strcmp(f->sequences[i].name, sequence) == 0)
			return true;
	return false;
}

static bool is_setting(const char *text, size_t len)
{
	struct sql_scan scan = {text, text + len};
	struct sql_token first = sql_next(&scan);

	if (sql_is(&first, "set"))
		return true;
	for (int i = 0; i < 2 && sql_is(&first, "select"); i++)
		sql_next(&scan); /* pg_catalog . */
	struct sql_token function = sql_next(&scan);
	return sql_is(&first, "select") &&
	       (sql_is(&function, "set_config") || sql_is(&function, "setval"));
}

static bool is_of_owned_sequence(const struct table_filter *f, const char *text, size_t len)
{
	struct sql_scan scan = {text, text + len};
	struct sql_token verb = sql_next(&scan);
	CLEANUP(freep) char *schema = NULL;
	CLEANUP(freep) char *name = NULL;
	bool known = false;

	for (size_t i = 0; i < sizeof sequence_verbs / sizeof *sequence_verbs; i++)
		known |= sql_is(&verb, sequence_verbs[i]);
	return known && seek(&scan, "sequence", 1) && sql_qualified(&scan, &schema, &name) &&
	       schema && table_filter_owns(f, schema, name);
}

/* ALTER TABLE parent ATTACH PARTITION child: the child is not restored with its parent. */
static bool attaches(const char *text, size_t len)
{
	struct sql_scan scan = {text, text + len};

	return seek(&scan, "attach", 1);
}

bool table_filter_wants(const struct table_filter *f, const char *text, size_t len)
{
	if (is_setting(text, len))
		return true;
	for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
		struct sql_scan scan = {text, text + len};

		if (begins(text, len, shapes[i].begin))
			if (seek(&scan, shapes[i].before, shapes[i].nth) &&
			    names(&scan, f->schema, f->name, shapes[i].column))
				return !attaches(text, len);
	}
	return is_of_owned_sequence(f, text, len);
}

void table_filter_stop(struct table_filter *f)
{
	for (size_t i = 0; i < f->sequence_count; i++) {
		free(f->sequences[i].schema);
		free(f->sequences[i].name);
	}
	free(f->sequences);
	f->sequences = NULL;
	f->sequence_count = f->sequence_cap = 0;
}
