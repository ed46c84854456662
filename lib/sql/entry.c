#include "sql/entry.h"

#include "sql/array_cast.h"
#include "sql/rows.h"
#include "sql/token.h"

#include <stdlib.h>
#include <string.h>

#define GLOBAL_NAME_MAX 200 /* bytes of a statement that serve as its name */

void entry_init(struct entry *n)
{
	*n = (struct entry){.text = XXH3_createState(), .whole = XXH3_createState()};
	if (!n->text || !n->whole)
		abort();
	entry_settings_reset(n);
}

static void forget(struct entry *n)
{
	free(n->type);
	free(n->schema);
	free(n->name);
	n->type = n->schema = n->name = NULL;
	n->active = false;
}

void entry_stop(struct entry *n)
{
	forget(n);
	XXH3_freeState(n->text);
	XXH3_freeState(n->whole);
	free(n->tablespace);
	free(n->access_method);
}

/* Cut what follows the last "; Key: " off text: names may hold such words, the keys after them
 * hardly. NULL when there is none. */
static char *cut_last(char *text, const char *key)
{
	char *found = NULL;

	for (char *p = text; (p = strstr(p, key)); p++)
		found = p;
	if (!found)
		return NULL;
	*found = '\0';
	return found + strlen(key);
}

static const char *after(const char *text, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(text, prefix, len) == 0 ? text + len : NULL;
}

bool entry_begin(struct entry *n, const char *comment, size_t len)
{
	CLEANUP(freep) char *copy = xstrndup(comment, len);
	const char *table_or_blobs = after(copy, "-- Data for Name: ");
	const char *statistics = after(copy, "-- Statistics for Name: ");
	const char *rest = table_or_blobs ? table_or_blobs : statistics;
	char *name, *schema, *type;

	if (!rest)
		rest = after(copy, "-- Name: ");
	if (!rest)
		return false;
	name = copy + (rest - copy);
	if (!cut_last(name, "; Owner: ") || !(schema = cut_last(name, "; Schema: ")) ||
	    !(type = cut_last(name, "; Type: ")))
		return false;

	forget(n);
	n->type = xstrdup(type);
	n->schema = xstrdup(strcmp(schema, "-") == 0 ? "" : schema);
	n->name = xstrdup(name);
	n->active = true;
	n->begun = false;
	n->unordered = (struct fingerprint){0};
	n->data = table_or_blobs || strcmp(type, "SEQUENCE SET") == 0;
	n->listed = !n->data && !statistics && strcmp(type, "MATERIALIZED VIEW DATA") != 0;
	XXH3_128bits_reset(n->text);
	XXH3_128bits_reset(n->whole);
	XXH3_128bits_update(n->whole, n->type, strlen(n->type) + 1);
	XXH3_128bits_update(n->whole, n->schema, strlen(n->schema) + 1);
	XXH3_128bits_update(n->whole, n->name, strlen(n->name) + 1);
	return true;
}

static void set(char **setting, const char *value, size_t len)
{
	free(*setting);
	*setting = xstrndup(value, len);
}

void entry_settings_reset(struct entry *n)
{
	set(&n->tablespace, "''", 2);
	set(&n->access_method, "heap", 4);
}

bool entry_setting(struct entry *n, const char *text, size_t len)
{
	struct sql_scan scan = {text, text + len};
	struct sql_token word = sql_next(&scan), name, equals, value;

	if (!sql_is(&word, "set"))
		return false;
	name = sql_next(&scan);
	equals = sql_next(&scan);
	value = sql_next(&scan);
	if (!sql_is_char(&equals, '='))
		return false;
	if (sql_is(&name, "default_tablespace"))
		set(&n->tablespace, value.text, value.len);
	else if (sql_is(&name, "default_table_access_method"))
		set(&n->access_method, value.text, value.len);
	else
		return false;
	return true;
}

static void add(struct entry *n, const void *text, size_t len)
{
	XXH3_128bits_update(n->text, text, len);
	XXH3_128bits_update(n->whole, text, len);
}

static void add_setting(struct entry *n, const char *name, const char *value)
{
	CLEANUP(freep) char *line = xasprintf("%s = %s\n", name, value);

	add(n, line, strlen(line));
}

/* Are these the words of a statement that follow each other, outside parentheses? */
static bool has_words(const char *text, size_t len, const char *first, const char *second)
{
	struct sql_scan scan = {text, text + len};
	struct sql_token before = {.kind = SQL_END}, t = sql_next(&scan);
	unsigned parens = 0;

	for (; t.kind != SQL_END; t = sql_next(&scan)) {
		parens += sql_is_char(&t, '(');
		parens -= sql_is_char(&t, ')') && parens > 0;
		if (parens == 0 && sql_is(&before, first) && sql_is(&t, second))
			return true;
		before = t;
	}
	return false;
}

/* pg_dump sets default_tablespace for what has storage, and default_table_access_method for tables
 * that have; before others, whatever was set last is still set. */
static void add_settings(struct entry *n, const char *text, size_t len)
{
	bool table = strcmp(n->type, "TABLE") == 0 || strcmp(n->type, "MATERIALIZED VIEW") == 0;
	bool index = strcmp(n->type, "INDEX") == 0 ||
		     (strcmp(n->type, "CONSTRAINT") == 0 && !has_words(text, len, "not", "null"));

	if (table || index)
		add_setting(n, "default_tablespace", n->tablespace);
	if (table && !has_words(text, len, "partition", "by"))
		add_setting(n, "default_table_access_method", n->access_method);
}

static bool inherits(const char *text, size_t len)
{
	struct sql_scan scan = {text, text + len};
	struct sql_token before = {.kind = SQL_END}, t = sql_next(&scan);

	for (; t.kind != SQL_END; t = sql_next(&scan)) {
		if (sql_is_char(&before, ')') && sql_is(&t, "inherits"))
			return true;
		before = t;
	}
	return false;
}

/* CREATE TABLE t (columns) INHERITS (parents): the columns in any order. */
static void add_unordered_columns(struct entry *n, const char *text, size_t len)
{
	struct sql_scan scan = {text, text + len};
	struct fingerprint sum = {0};
	const char *begin = NULL, *end = NULL; /* of one column */
	unsigned parens = 0;

	for (struct sql_token t = sql_next(&scan); t.kind != SQL_END; t = sql_next(&scan)) {
		bool opens = sql_is_char(&t, '('), closes = sql_is_char(&t, ')');

		parens -= closes && parens > 0;
		if (begin && (parens == 0 || (parens == 1 && sql_is_char(&t, ',')))) {
			fingerprint_add(&sum, fingerprint_of(begin, (size_t)(end - begin)));
			begin = NULL;
		} else if (parens > 0) {
			begin = begin ? begin : t.text;
			end = t.text + t.len;
		} else if (opens) {
			XXH3_128bits_update(n->text, text, (size_t)(t.text - text));
		}
		parens += opens;
		if (closes && parens == 0)
			break;
	}
	XXH3_128bits_update(n->text, &sum, sizeof sum);
	XXH3_128bits_update(n->text, scan.p, (size_t)(scan.end - scan.p));
}

/* For comparing with what a restored server says. */
static void add_text(struct entry *n, const char *text, size_t len, bool complete)
{
	size_t pushed_len = 0;
	CLEANUP(freep) char *pushed = complete ? array_cast_push(text, len, &pushed_len) : NULL;

	if (pushed) {
		text = pushed;
		len = pushed_len;
	}
	if (strstr(n->type, "TABLE") && inherits(text, len))
		add_unordered_columns(n, text, len);
	else
		XXH3_128bits_update(n->text, text, len);
}

/* pg_dump reads the settings of roles in a database in no particular order. */
static bool is_unordered(const struct entry *n)
{
	return strcmp(n->type, "DATABASE PROPERTIES") == 0;
}

void entry_statement(struct entry *n, const char *text, size_t len, uint64_t full_len)
{
	if (!n->active || !n->listed)
		return;
	if (!n->begun)
		add_settings(n, text, len);
	n->begun = true;
	if (is_unordered(n)) {
		fingerprint_add(&n->unordered, fingerprint_of(text, len));
		return;
	}
	XXH3_128bits_update(n->whole, text, len);
	add_text(n, text, len, full_len == len);
	if (full_len != len)
		add(n, &full_len, sizeof full_len);
	add(n, "\n", 1);
}

void entry_end(struct entry *n, struct roll_database *d, bool list)
{
	if (n->active && n->listed) {
		if (is_unordered(n))
			add(n, &n->unordered, sizeof n->unordered);
		fingerprint_add(&d->schema, rows_digest(n->whole));
		if (list) {
			d->entries =
			    xgrow(d->entries, d->entry_count, &d->entry_cap, sizeof *d->entries);
			struct roll_entry *x = &d->entries[d->entry_count++];

			x->type = STEAL(n->type);
			x->schema = STEAL(n->schema);
			x->name = STEAL(n->name);
			x->fingerprint = rows_digest(n->text);
		}
	}
	forget(n);
}

/* "CREATE ROLE", "GRANT": the words that say what a statement of the globals is. */
static char *global_type(const char *text, size_t len)
{
	static const char *const two[] = {"create", "alter", "comment", "security"};
	struct sql_scan scan = {text, text + len};
	struct sql_token t = sql_next(&scan);
	size_t words = 1;

	for (size_t i = 0; i < sizeof two / sizeof *two; i++)
		words += sql_is(&t, two[i]);
	if (words == 2)
		t = sql_next(&scan);
	return xstrndup(text, (size_t)(t.text + t.len - text));
}

/* The statement without its clause KEYWORD 'string'. */
static char *without(const char *text, size_t len, const char *keyword)
{
	struct sql_scan scan = {text, text + len};
	struct sql_token t = sql_next(&scan);
	char *copy;

	while (t.kind != SQL_END) {
		struct sql_token clause = t;

		t = sql_next(&scan);
		if (sql_is(&clause, keyword) && t.kind == SQL_STRING) {
			size_t before = (size_t)(clause.text - text);
			size_t behind = (size_t)(scan.end - scan.p);

			while (before > 0 && text[before - 1] == ' ')
				before--;
			copy = xcalloc(1, before + behind + 1);
			memcpy(copy, text, before);
			memcpy(copy + before, scan.p, behind);
			return copy;
		}
	}
	return xstrndup(text, len);
}

/* The beginning of text, cut where no UTF-8 character is. */
static char *beginning(const char *text)
{
	size_t len = strlen(text);

	if (len > GLOBAL_NAME_MAX)
		for (len = GLOBAL_NAME_MAX; len > 0 && ((unsigned char)text[len] & 0xC0) == 0x80;)
			len--;
	return xstrndup(text, len);
}

static void note_name(struct roll *r, const char *text, size_t len)
{
	struct sql_scan scan = {text, text + len};
	struct sql_token create = sql_next(&scan), what = sql_next(&scan), name = sql_next(&scan);
	char *value;

	if (!sql_is(&create, "create") || !(value = sql_value(&name)))
		return;
	if (sql_is(&what, "role")) {
		r->roles = xgrow(r->roles, r->role_count, &r->role_cap, sizeof *r->roles);
		r->roles[r->role_count++] = STEAL(value);
	} else if (sql_is(&what, "tablespace")) {
		r->tablespaces = xgrow(r->tablespaces, r->tablespace_count, &r->tablespace_cap,
				       sizeof *r->tablespaces);
		r->tablespaces[r->tablespace_count++] = STEAL(value);
	}
	free(value);
}

void entry_global(struct roll *r, const char *text, size_t len, bool list)
{
	static const char *const passing[] = {"set", "select", "drop"};
	struct sql_scan scan = {text, text + len};
	struct sql_token first = sql_next(&scan);

	fingerprint_add(&r->globals_sum, fingerprint_of(text, len));
	r->has_globals_sum = true;
	for (size_t i = 0; i < sizeof passing / sizeof *passing; i++)
		if (sql_is(&first, passing[i]))
			return;
	note_name(r, text, len);

	CLEANUP(freep) char *type = global_type(text, len);
	bool tablespace = strcmp(type, "CREATE TABLESPACE") == 0;
	CLEANUP(freep) char *shown = without(text, len, tablespace ? "location" : "password");
	r->role_passwords |= !tablespace && strlen(shown) < len;
	if (!list)
		return;

	/* A drill's tablespaces are in other places. */
	CLEANUP(freep)
	char *line = tablespace ? xasprintf("%s\n", shown) : xasprintf("%.*s\n", (int)len, text);
	r->entries = xgrow(r->entries, r->entry_count, &r->entry_cap, sizeof *r->entries);
	r->entries[r->entry_count++] = (struct roll_entry){
	    STEAL(type), xstrdup(""), beginning(shown), fingerprint_of(line, strlen(line))};
}
