#include "backup/compare.h"

#include "backup/columns.h"
#include "backup/names.h"
#include "backup/redact.h"
#include "sql/token.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void differences_add(struct differences *d, const char *database, const char *fmt, ...)
{
	va_list ap;
	char *what;

	if (d->count++ >= DIFFERENCES_KEPT)
		return;
	va_start(ap, fmt);
	if (vasprintf(&what, fmt, ap) < 0)
		abort();
	va_end(ap);
	d->items = xgrow(d->items, d->count - 1, &d->cap, sizeof *d->items);
	d->items[d->count - 1] = (struct difference){xstrdup(database), what};
}

static size_t kept(const struct differences *d)
{
	return d->count < DIFFERENCES_KEPT ? d->count : DIFFERENCES_KEPT;
}

size_t differences_of(const struct differences *d, const char *database)
{
	size_t n = 0;

	for (size_t i = 0; i < kept(d); i++)
		n += strcmp(d->items[i].database, database) == 0;
	return n;
}

void differences_stop(struct differences *d)
{
	for (size_t i = 0; i < kept(d); i++) {
		free(d->items[i].database);
		free(d->items[i].what);
	}
	free(d->items);
	*d = (struct differences){0};
}

static bool same_range(struct range a, struct range b)
{
	return a.at == b.at && a.end == b.end;
}

static void compare_table(const char *database, const struct roll_table *w,
			  const struct roll_table *h, bool ranges, struct differences *d)
{
	if (h->rows != w->rows)
		differences_add(d, database, "table %s.%s: %" PRIu64 " rows instead of %" PRIu64,
				w->schema, w->name, h->rows, w->rows);
	else if (!fingerprint_equal(h->fingerprint, w->fingerprint) || h->bytes != w->bytes)
		differences_add(d, database,
				"table %s.%s: the content of its %" PRIu64 " rows differs",
				w->schema, w->name, w->rows);
	if (!columns_same(h->columns, w->columns))
		differences_add(d, database, "table %s.%s: columns (%s) instead of (%s)", w->schema,
				w->name, h->columns, w->columns);
	if (ranges && !same_range(h->range, w->range))
		differences_add(d, database, "table %s.%s: is at another place in the dump",
				w->schema, w->name);
}

static int by_table(const struct roll_table *a, const struct roll_table *b)
{
	int order = strcmp(a->schema, b->schema);

	return order ? order : strcmp(a->name, b->name);
}

static void compare_tables(const struct roll_database *want, const struct roll_database *have,
			   const struct compare_options *o, struct differences *d)
{
	size_t want_count, have_count, i = 0, j = 0;
	CLEANUP(freep) struct roll_table *w = roll_totals(want, &want_count);
	CLEANUP(freep) struct roll_table *h = roll_totals(have, &have_count);

	while (i < want_count || j < have_count) {
		int order = i == want_count ? 1 : j == have_count ? -1 : by_table(&w[i], &h[j]);

		if (order == 0)
			compare_table(want->name, &w[i], &h[j], o->ranges, d);
		else if (order < 0)
			differences_add(d, want->name,
					"table %s.%s: missing, with its %" PRIu64 " rows",
					w[i].schema, w[i].name, w[i].rows);
		else if (!o->rows_unknown)
			differences_add(d, want->name, "table %s.%s: not on the roll", h[j].schema,
					h[j].name);
		i += order <= 0;
		j += order >= 0;
	}
}

/* After the names: of those that are the same, one may be there twice. */
static void compare_counts(const char *database, const char *what, size_t want, size_t have,
			   size_t differences_before, struct differences *d)
{
	if (d->count == differences_before && want != have)
		differences_add(d, database, "%s: %zu on the roll, and %zu in the dump", what, want,
				have);
}

static int by_sequence(const void *a, const void *b)
{
	const struct roll_sequence *x = a, *y = b;
	int order = strcmp(x->schema, y->schema);

	return order ? order : strcmp(x->name, y->name);
}

static void compare_sequences(const struct roll_database *w, const struct roll_database *h,
			      struct differences *d)
{
	CLEANUP(names_stop)
	struct names want =
	    names_of(w->sequences, w->sequence_count, sizeof *w->sequences, by_sequence);
	CLEANUP(names_stop)
	struct names have =
	    names_of(h->sequences, h->sequence_count, sizeof *h->sequences, by_sequence);
	size_t before = d->count;

	for (size_t i = 0; i < w->sequence_count; i++) {
		const struct roll_sequence *s = &w->sequences[i], *found = names_find(&have, s);

		if (!found)
			differences_add(d, w->name, "sequence %s.%s: missing", s->schema, s->name);
		else if (found->value != s->value || found->called != s->called)
			differences_add(d, w->name,
					"sequence %s.%s: at %" PRId64 "%s instead of %" PRId64 "%s",
					s->schema, s->name, found->value,
					found->called ? "" : " (not used yet)", s->value,
					s->called ? "" : " (not used yet)");
	}
	for (size_t i = 0; i < h->sequence_count; i++)
		if (!names_find(&want, &h->sequences[i]))
			differences_add(d, w->name, "sequence %s.%s: not on the roll",
					h->sequences[i].schema, h->sequences[i].name);
	compare_counts(w->name, "sequences", w->sequence_count, h->sequence_count, before, d);
}

static void compare_large_objects(const struct roll_database *w, const struct roll_database *h,
				  struct differences *d)
{
	const struct roll_large_objects *a = &w->large_objects, *b = &h->large_objects;

	if (a->count != b->count)
		differences_add(d, w->name, "large objects: %" PRIu64 " instead of %" PRIu64,
				b->count, a->count);
	else if (a->bytes != b->bytes || !fingerprint_equal(a->fingerprint, b->fingerprint))
		differences_add(d, w->name, "large objects: the content of the %" PRIu64 " differs",
				a->count);
}

/* Of one kind: "role", "tablespace". */
static void compare_names(const char *kind, char *const *want, size_t want_count, char *const *have,
			  size_t have_count, struct differences *d)
{
	CLEANUP(freep) char *all = xasprintf("%ss", kind);
	CLEANUP(names_stop) struct names wanted = names_of_texts(want, want_count);
	CLEANUP(names_stop) struct names there = names_of_texts(have, have_count);
	size_t before = d->count;

	for (size_t i = 0; i < want_count; i++)
		if (!names_find(&there, &want[i]))
			differences_add(d, "", "%s %s: missing", kind, want[i]);
	for (size_t i = 0; i < have_count; i++)
		if (!names_find(&wanted, &have[i]))
			differences_add(d, "", "%s %s: not on the roll", kind, have[i]);
	compare_counts("", all, want_count, have_count, before, d);
}

static int by_name(const void *a, const void *b)
{
	const struct roll_entry *x = *(const struct roll_entry *const *)a;
	const struct roll_entry *y = *(const struct roll_entry *const *)b;
	int order = strcmp(x->type, y->type);

	if (order == 0)
		order = strcmp(x->schema, y->schema);
	return order ? order : strcmp(x->name, y->name);
}

static int by_name_and_text(const void *a, const void *b)
{
	const struct roll_entry *x = *(const struct roll_entry *const *)a;
	const struct roll_entry *y = *(const struct roll_entry *const *)b;
	int order = by_name(a, b);

	if (order != 0)
		return order;
	if (x->fingerprint.high != y->fingerprint.high)
		return x->fingerprint.high < y->fingerprint.high ? -1 : 1;
	return (x->fingerprint.low > y->fingerprint.low) -
	       (x->fingerprint.low < y->fingerprint.low);
}

static const struct roll_entry **sorted(const struct roll_entry *entries, size_t count)
{
	const struct roll_entry **list = xcalloc(count + 1, sizeof *list);

	for (size_t i = 0; i < count; i++)
		list[i] = &entries[i];
	qsort(list, count, sizeof *list, by_name_and_text);
	return list;
}

/* "CREATE ROLE postgres", "ALTER ROLE postgres WITH ...": what initdb made before the restore. */
static bool is_of_role(const struct roll_entry *entry, const char *role)
{
	struct sql_scan scan = {entry->name, entry->name + strlen(entry->name)};
	struct sql_token name, after;

	if (!role ||
	    (strcmp(entry->type, "CREATE ROLE") != 0 && strcmp(entry->type, "ALTER ROLE") != 0))
		return false;
	sql_next(&scan);
	sql_next(&scan);
	name = sql_next(&scan);
	after = sql_next(&scan);
	CLEANUP(freep) char *value = sql_value(&name);
	return value && strcmp(value, role) == 0 &&
	       (sql_is_char(&after, ';') || sql_is(&after, "with"));
}

/* PostgreSQL 17 groups large objects in one entry; their content is compared in any case. */
static bool is_large_object(const struct roll_entry *x)
{
	return strncmp(x->type, "BLOB", 4) == 0 || strncmp(x->name, "LARGE OBJECT", 12) == 0;
}

static void entry_missing(struct differences *d, const char *database, const struct roll_entry *x,
			  const char *how)
{
	if (x->schema[0] != '\0') {
		differences_add(d, database, "%s %s.%s: %s", x->type, x->schema, x->name, how);
	} else if (strncmp(x->name, x->type, strlen(x->type)) == 0) {
		/* a statement of the globals */
		CLEANUP(freep) char *shown = xstrdup(x->name);

		redact(shown);
		differences_add(d, database, "%s: %s", shown, how);
	} else {
		differences_add(d, database, "%s %s: %s", x->type, x->name, how);
	}
}

static void compare_entries(const char *database, const struct roll_entry *want, size_t want_count,
			    const struct roll_entry *have, size_t have_count,
			    const struct compare_options *o, struct differences *d)
{
	CLEANUP(freep) const struct roll_entry **w = sorted(want, want_count);
	CLEANUP(freep) const struct roll_entry **h = sorted(have, have_count);
	size_t i = 0, j = 0;

	while (i < want_count || j < have_count) {
		int order = i == want_count ? 1 : j == have_count ? -1 : by_name(&w[i], &h[j]);
		const struct roll_entry *x = order <= 0 ? w[i] : h[j];
		bool expected =
		    is_of_role(x, o->superuser) || (o->entry_names_only && is_large_object(x));

		if (order < 0 && !expected)
			entry_missing(d, database, x, "missing");
		else if (order > 0 && !expected)
			entry_missing(d, database, x, "not in the dump");
		else if (order == 0 && !expected && !o->entry_names_only &&
			 !fingerprint_equal(w[i]->fingerprint, h[j]->fingerprint))
			entry_missing(d, database, x, "its definition differs");
		i += order <= 0;
		j += order >= 0;
	}
}

void compare_databases(const struct roll_database *want, const struct roll_database *have,
		       const struct compare_options *o, struct differences *d)
{
	compare_tables(want, have, o, d);
	compare_sequences(want, have, d);
	compare_large_objects(want, have, d);
	if (o->entries)
		compare_entries(want->name, want->entries, want->entry_count, have->entries,
				have->entry_count, o, d);
	/* The roll also has those that a template brought, which no dump creates. */
	CLEANUP(names_stop)
	struct names extensions = names_of_texts(want->extensions, want->extension_count);
	for (size_t i = 0; o->ranges && i < have->extension_count; i++)
		if (!names_find(&extensions, &have->extensions[i]))
			differences_add(d, want->name, "extension %s: not on the roll",
					have->extensions[i]);
	if (o->ranges && !fingerprint_equal(want->schema, have->schema))
		differences_add(d, want->name, "the definitions differ");
	if (o->ranges && (!same_range(want->range, have->range) || want->data_at != have->data_at ||
			  want->post_at != have->post_at))
		differences_add(d, want->name, "is at another place in the dump");
}

/* Versions write options of roles and of memberships differently: without them. */
static struct roll_entry *without_options(const struct roll_entry *entries, size_t count)
{
	static const char *const from[] = {" WITH ", " GRANTED BY "};
	struct roll_entry *list = xcalloc(count + 1, sizeof *list);

	for (size_t i = 0; i < count; i++) {
		list[i] = entries[i];
		list[i].name = xstrdup(entries[i].name);
		for (size_t j = 0; j < sizeof from / sizeof *from; j++) {
			char *cut = strstr(list[i].name, from[j]);

			if (cut)
				*cut = '\0';
		}
	}
	return list;
}

static void free_names(struct roll_entry *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(list[i].name);
	free(list);
}

void compare_globals(const struct roll *want, const struct roll *have,
		     const struct compare_options *o, struct differences *d)
{
	struct roll_entry *w, *h;

	if (!o->entry_names_only) {
		compare_entries("", want->entries, want->entry_count, have->entries,
				have->entry_count, o, d);
		return;
	}
	w = without_options(want->entries, want->entry_count);
	h = without_options(have->entries, have->entry_count);
	compare_entries("", w, want->entry_count, h, have->entry_count, o, d);
	free_names(w, want->entry_count);
	free_names(h, have->entry_count);
}

static int by_database(const void *a, const void *b)
{
	const struct roll_database *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static struct names databases_of(const struct roll *r)
{
	return names_of(r->databases, r->database_count, sizeof *r->databases, by_database);
}

static void compare_all_databases(const struct roll *want, const struct roll *have,
				  const struct compare_options *o, struct differences *d)
{
	CLEANUP(names_stop) struct names wanted = databases_of(want);
	CLEANUP(names_stop) struct names there = databases_of(have);

	for (size_t i = 0; i < want->database_count; i++) {
		const struct roll_database *w = &want->databases[i], *h = names_find(&there, w);

		if (h)
			compare_databases(w, h, o, d);
		else
			differences_add(d, w->name, "the whole database is missing");
	}
	for (size_t i = 0; i < have->database_count; i++)
		if (!names_find(&wanted, &have->databases[i]))
			differences_add(d, have->databases[i].name,
					"the database is not on the roll");
}

void compare_rolls(const struct roll *want, const struct roll *have,
		   const struct compare_options *o, struct differences *d)
{
	compare_all_databases(want, have, o, d);
	if (o->entries)
		compare_globals(want, have, o, d);
	if (o->ranges) {
		compare_names("role", want->roles, want->role_count, have->roles, have->role_count,
			      d);
		compare_names("tablespace", want->tablespaces, want->tablespace_count,
			      have->tablespaces, have->tablespace_count, d);
	}
	if (o->ranges && want->has_globals_sum &&
	    !fingerprint_equal(want->globals_sum, have->globals_sum))
		differences_add(d, "", "the globals differ");
	if (o->ranges && !same_range(want->globals, have->globals))
		differences_add(d, "", "the globals are at another place in the dump");
	if (o->ranges && want->bytes != have->bytes)
		differences_add(d, "", "%" PRIu64 " bytes of SQL instead of %" PRIu64, have->bytes,
				want->bytes);
}
