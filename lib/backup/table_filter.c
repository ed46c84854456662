#include "backup/table_filter.h"

#include "sql/token.h"

#include <stdlib.h>
#include <string.h>

/* What pg_dump writes before the name of the table that a statement is about. */
static const struct {
	const char *begin[5]; /* the statement's first words */
	const char *before;   /* the word after which the name stands */
	int nth;              /* which of them, from 1; 0: the last */
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
    {{"alter", "trigger"}, "on", 1, false},
    {{"create", "policy"}, "on", 1, false},
    {{"create", "rule"}, "to", 1, false},
    {{"create", "statistics"}, "from", 0, false},
    {{"comment", "on", "table"}, "table", 1, false},
    {{"comment", "on", "foreign", "table"}, "table", 1, false},
    {{"comment", "on", "column"}, "column", 1, true},
    {{"comment", "on", "constraint"}, "on", 2, false},
    {{"comment", "on", "trigger"}, "on", 2, false},
    {{"comment", "on", "policy"}, "on", 2, false},
    {{"comment", "on", "rule"}, "on", 2, false},
    {{"security", "label"}, "table", 1, false},
    {{"security", "label"}, "column", 1, true},
    {{"grant"}, "table", 1, false},
    {{"revoke"}, "table", 1, false},
};

/* What belongs to a table and has a name of its own, and the statements about such. */
static const char *const kinds[] = {"sequence", "index", "statistics"};
static const char *const verbs[] = {"create", "alter", "comment", "grant", "revoke"};

/* Move behind the nth bare word, or the last. */
static bool seek(struct sql_scan *scan, const char *word, int nth)
{
	struct sql_scan last = {0};

	for (struct sql_token t = sql_next(scan); t.kind != SQL_END; t = sql_next(scan)) {
		if (!sql_is(&t, word))
			continue;
		last = *scan;
		if (--nth == 0)
			return true;
	}
	*scan = last;
	return nth < 0 && last.p;
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
	if (!column)
		return true;
	struct sql_token t = sql_next(scan);
	return sql_is_char(&t, '.');
}

/* Remember the name that follows; an index has its table's schema. */
static void own(struct table_filter *f, const char *kind, struct sql_scan *scan)
{
	CLEANUP(freep) char *schema = NULL;
	CLEANUP(freep) char *name = NULL;

	if (!sql_qualified(scan, &schema, &name))
		return;
	f->objects = xgrow(f->objects, f->object_count, &f->object_cap, sizeof *f->objects);
	f->objects[f->object_count++] =
	    (struct table_object){kind, schema ? STEAL(schema) : xstrdup(f->schema), STEAL(name)};
}

/* ALTER TABLE ONLY t ADD CONSTRAINT name PRIMARY KEY and the like, with scan behind the table: the
 * constraint's index has its name. */
static void learn_key(struct table_filter *f, struct sql_scan scan)
{
	struct sql_token add = sql_next(&scan), constraint = sql_next(&scan);
	struct sql_scan name = scan;
	struct sql_token type;

	sql_next(&scan);
	type = sql_next(&scan);
	if (sql_is(&add, "add") && sql_is(&constraint, "constraint") &&
	    (sql_is(&type, "primary") || sql_is(&type, "unique") || sql_is(&type, "exclude")))
		own(f, "index", &name);
}

/* ALTER TABLE t ALTER COLUMN c ADD GENERATED ... AS IDENTITY ( SEQUENCE NAME s ...: likewise. */
static void learn_identity(struct table_filter *f, struct sql_scan scan)
{
	struct sql_token alter = sql_next(&scan);

	if (sql_is(&alter, "alter") && seek(&scan, "generated", 1) && seek(&scan, "sequence", 1) &&
	    seek(&scan, "name", 1))
		own(f, "sequence", &scan);
}

/* ALTER SEQUENCE s OWNED BY t.c, where "owned" and "by" may be names too. */
static void learn_sequence(struct table_filter *f, struct sql_scan scan)
{
	CLEANUP(freep) char *schema = NULL;
	CLEANUP(freep) char *name = NULL;
	struct sql_scan sequence;

	sql_next(&scan);
	sql_next(&scan);
	sequence = scan;
	if (!sql_qualified(&scan, &schema, &name))
		return;
	struct sql_token owned = sql_next(&scan), by = sql_next(&scan);
	if (sql_is(&owned, "owned") && sql_is(&by, "by") && names(&scan, f->schema, f->name, true))
		own(f, "sequence", &sequence);
}

void table_filter_learn(struct table_filter *f, const char *text, size_t len)
{
	static const struct {
		const char *begin[5];
		const char *kind, *before; /* the word before the table */
		int nth;
	} owned[] = {
	    {{"create", "index"}, "index", "on", 1},
	    {{"create", "unique", "index"}, "index", "on", 1},
	    {{"create", "statistics"}, "statistics", "from", 0},
	    {{"create", "trigger"}, "trigger", "on", 1},
	    {{"create", "constraint", "trigger"}, "trigger", "on", 1},
	};
	static const char *const alter_sequence[] = {"alter", "sequence", NULL};
	static const char *const alter_table[] = {"alter", "table", NULL};
	struct sql_scan start = {text, text + len}, scan = start;

	for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
		if (sql_begins(text, len, owned[i].begin) &&
		    seek(&scan, owned[i].before, owned[i].nth) &&
		    names(&scan, f->schema, f->name, false)) {
			seek(&start, owned[i].kind, 1);
			own(f, owned[i].kind, &start);
			return;
		}
	if (sql_begins(text, len, alter_sequence))
		learn_sequence(f, start);
	scan = start;
	if (sql_begins(text, len, alter_table) && seek(&scan, "table", 1) &&
	    names(&scan, f->schema, f->name, false)) {
		learn_key(f, scan);
		learn_identity(f, scan);
	}
}

static bool knows(const struct table_filter *f, const char *kind, const char *schema,
		  const char *name)
{
	for (size_t i = 0; i < f->object_count; i++)
		if (strcmp(f->objects[i].kind, kind) == 0 &&
		    strcmp(f->objects[i].schema, schema) == 0 &&
		    strcmp(f->objects[i].name, name) == 0)
			return true;
	return false;
}

bool table_filter_owns(const struct table_filter *f, const char *schema, const char *sequence)
{
	return knows(f, "sequence", schema, sequence);
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

/* ALTER TABLE parent ATTACH PARTITION child, with scan behind the parent: the child is not restored
 * with it. */
static bool attaches(struct sql_scan scan)
{
	struct sql_token attach = sql_next(&scan), partition = sql_next(&scan);

	return sql_is(&attach, "attach") && sql_is(&partition, "partition");
}

/* A trigger that the table has from its partitioned parent: whether it is switched on, and its comment,
 * come with the parent, as the trigger does. Scan is behind the word TRIGGER. */
static bool is_handed_down(const struct table_filter *f, struct sql_scan scan)
{
	CLEANUP(freep) char *schema = NULL;
	CLEANUP(freep) char *name = NULL;
	struct sql_scan ahead = scan;
	struct sql_token all = sql_next(&ahead);

	return !sql_is(&all, "all") && !sql_is(&all, "user") &&
	       sql_qualified(&scan, &schema, &name) && !knows(f, "trigger", f->schema, name);
}

/* ALTER TABLE t ENABLE ALWAYS TRIGGER and the like, with scan behind the table. */
static bool switches_handed_down(const struct table_filter *f, struct sql_scan scan)
{
	struct sql_token verb = sql_next(&scan), word = sql_next(&scan);

	if (!sql_is(&verb, "enable") && !sql_is(&verb, "disable"))
		return false;
	if (sql_is(&word, "always") || sql_is(&word, "replica"))
		word = sql_next(&scan);
	return sql_is(&word, "trigger") && is_handed_down(f, scan);
}

static bool comments_handed_down(const struct table_filter *f, struct sql_scan scan)
{
	struct sql_token comment = sql_next(&scan);

	sql_next(&scan); /* on */
	struct sql_token trigger = sql_next(&scan);
	return sql_is(&comment, "comment") && sql_is(&trigger, "trigger") &&
	       is_handed_down(f, scan);
}

/* A statement with the word keyword and behind it the name of such an object of the table. */
static bool is_of_object(const struct table_filter *f, const char *keyword, const char *kind,
			 struct sql_scan scan)
{
	CLEANUP(freep) char *schema = NULL;
	CLEANUP(freep) char *name = NULL;

	return seek(&scan, keyword, 1) && sql_qualified(&scan, &schema, &name) && schema &&
	       knows(f, kind, schema, name) && !attaches(scan);
}

static bool is_of_any_object(const struct table_filter *f, const char *text, size_t len)
{
	static const char *const alter_table[] = {"alter", "table", NULL};
	struct sql_scan scan = {text, text + len};
	struct sql_token verb = sql_next(&scan);
	bool known = false;

	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
		known |= sql_is(&verb, verbs[i]);
	for (size_t i = 0; known && i < sizeof kinds / sizeof *kinds; i++)
		if (is_of_object(f, kinds[i], kinds[i], scan))
			return true;
	/* pg_dump before 16 gives a sequence its owner so. */
	return sql_begins(text, len, alter_table) && is_of_object(f, "table", "sequence", scan);
}

bool table_filter_wants(const struct table_filter *f, const char *text, size_t len)
{
	if (is_setting(text, len))
		return true;
	for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
		const struct sql_scan start = {text, text + len};
		struct sql_scan scan = start;

		if (sql_begins(text, len, shapes[i].begin))
			if (seek(&scan, shapes[i].before, shapes[i].nth) &&
			    names(&scan, f->schema, f->name, shapes[i].column))
				return !attaches(scan) && !switches_handed_down(f, scan) &&
				       !comments_handed_down(f, start);
	}
	return is_of_any_object(f, text, len);
}

void table_filter_stop(struct table_filter *f)
{
	for (size_t i = 0; i < f->object_count; i++) {
		free(f->objects[i].schema);
		free(f->objects[i].name);
	}
	free(f->objects);
	f->objects = NULL;
	f->object_count = f->object_cap = 0;
}
