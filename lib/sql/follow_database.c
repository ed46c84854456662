#include "sql/follow_private.h"
#include "sql/token.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Of CREATE OR REPLACE PROCEDURE and two quoted names of 63 bytes there is no longer one. */
#define HEAD_MAX 300

static struct roll_database *current(const struct follow *f)
{
	return &f->roll->databases[f->roll->database_count - 1];
}

void follow_database_ends(struct follow *f, uint64_t end)
{
	struct roll_database *d;

	if (!f->in_database) {
		if (f->cluster && !f->cluster_complete && f->roll->database_count == 0)
			f->roll->globals.end = end;
		return;
	}
	d = current(f);
	entry_end(&f->entry, d, f->options.entries);
	d->range.end = end;
	if (!f->has_data)
		d->data_at = end;
	if (!f->has_post)
		d->post_at = end;
	f->in_database = false;
}

void follow_database_begins(struct follow *f, const char *name, uint64_t at)
{
	struct roll *r = f->roll;

	follow_database_ends(f, at);
	r->databases =
	    xgrow(r->databases, r->database_count, &r->database_cap, sizeof *r->databases);
	r->databases[r->database_count++] =
	    (struct roll_database){.name = xstrdup(name), .range = {at, at}};
	f->roll_bytes += sizeof *r->databases + strlen(name);
	f->in_database = true;
	f->named = f->dump_begun = f->has_data = f->has_post = f->setting = false;
	entry_settings_reset(&f->entry);
}

/* Without a "-- Database" header: the caller knows its name, or its \connect tells. */
static void headless(struct follow *f, uint64_t at)
{
	follow_database_begins(f, f->database ? f->database : "", at);
}

void follow_dump_begins(struct follow *f, uint64_t at)
{
	if (!f->in_database || f->dump_begun)
		headless(f, at);
	f->dump_begun = true;
}

void follow_connected(struct follow *f, const char *dbname)
{
	if (!f->in_database)
		return;
	entry_end(&f->entry, current(f), f->options.entries);
	entry_settings_reset(&f->entry);
	f->setting = false;
	if (!f->named) { /* as `pg_dump --create` writes it */
		free(current(f)->name);
		current(f)->name = xstrdup(dbname);
		f->named = true;
	}
}

void follow_entry_begins(struct follow *f, const char *comment)
{
	uint64_t at = f->setting ? f->setting_at : f->block_at;
	struct roll_database *d;

	if (!f->in_database)
		return;
	d = current(f);
	entry_end(&f->entry, d, f->options.entries);
	if (!entry_begin(&f->entry, comment, strlen(comment)))
		return;
	if (f->options.entries)
		f->roll_bytes += sizeof *d->entries + strlen(comment);
	f->setting = false;
	if (f->entry.data) {
		if (!f->has_data)
			d->data_at = at;
		f->has_data = true;
		f->has_post = false;
	} else if (f->has_data && !f->has_post) {
		d->post_at = at;
		f->has_post = true;
	}
}

void follow_closed(struct follow *f)
{
	if (f->closing == CLOSING_DUMP && f->in_database) {
		entry_end(&f->entry, current(f), f->options.entries);
		current(f)->complete = true;
	} else if (f->closing == CLOSING_CLUSTER && f->cluster) {
		follow_database_ends(f, f->block_at);
		f->cluster_complete = true;
	}
	f->closing = CLOSING_NONE;
}

/* The text between the parentheses that open next; "" when none do. */
static char *column_list(struct sql_scan *scan)
{
	struct sql_token t = sql_next(scan);
	const char *begin = scan->p;

	if (!sql_is_char(&t, '('))
		return xstrdup("");
	while (t.kind != SQL_END && !sql_is_char(&t, ')'))
		t = sql_next(scan);
	return xstrndup(begin, (size_t)(t.text - begin));
}

static bool copy_begins(struct follow *f, const struct sql_part *part, struct err *e)
{
	struct roll_database *d = current(f);
	struct sql_scan scan = {part->text, part->text + part->len};
	struct roll_table *t;
	char *schema, *name;

	sql_next(&scan);
	if (part->cut || !sql_qualified(&scan, &schema, &name))
		return err_set(e, ERR_CORRUPT, "COPY at byte %llu, line %llu, of no table",
			       (unsigned long long)part->at,
			       (unsigned long long)sql_split_line(f->split));
	d->tables = xgrow(d->tables, d->table_count, &d->table_cap, sizeof *d->tables);
	t = &d->tables[d->table_count++];
	*t = (struct roll_table){.schema = schema ? schema : xstrdup(""),
				 .name = name,
				 .columns = column_list(&scan),
				 .range = {part->at, part->end}};
	f->roll_bytes += sizeof *t + part->len;
	f->table = t;
	f->rows.partial = false;
	return true;
}

/* SELECT pg_catalog.setval('NAME', [-]VALUE, CALLED); with scan behind the "setval". */
static bool sequence_set(struct follow *f, const struct sql_part *part, struct sql_scan *scan,
			 struct err *e)
{
	struct roll_database *d = current(f);
	struct sql_token open = sql_next(scan), literal = sql_next(scan), comma = sql_next(scan);
	struct sql_token number = sql_next(scan), called;
	CLEANUP(freep) char *text = sql_value(&literal);
	struct sql_scan inner = {text, text ? text + strlen(text) : NULL};
	const char *digits = number.text;
	char *schema, *name, *end;
	long long value;

	if (sql_is_char(&number, '-'))
		number = sql_next(scan);
	errno = 0;
	value = number.kind == SQL_NUMBER ? strtoll(digits, &end, 10) : 0;
	sql_next(scan);
	called = sql_next(scan);
	if (!sql_is_char(&open, '(') || !sql_is_char(&comma, ',') || number.kind != SQL_NUMBER ||
	    errno != 0 || end != number.text + number.len ||
	    (!sql_is(&called, "true") && !sql_is(&called, "false")) || !text ||
	    !sql_qualified(&inner, &schema, &name))
		return err_set(e, ERR_CORRUPT, "setval at byte %llu, line %llu, of no sequence",
			       (unsigned long long)part->at,
			       (unsigned long long)sql_split_line(f->split));
	d->sequences =
	    xgrow(d->sequences, d->sequence_count, &d->sequence_cap, sizeof *d->sequences);
	d->sequences[d->sequence_count++] =
	    (struct roll_sequence){.schema = schema ? schema : xstrdup(""),
				   .name = name,
				   .value = value,
				   .called = sql_is(&called, "true")};
	f->roll_bytes += sizeof *d->sequences + part->len;
	return true;
}

static bool select_of(struct follow *f, const struct sql_part *part, struct err *e)
{
	struct sql_scan scan = {part->text, part->text + part->len};
	struct sql_token t;

	sql_next(&scan);
	t = sql_next(&scan);
	if (!sql_is(&t, "pg_catalog"))
		return true;
	sql_next(&scan);
	t = sql_next(&scan);
	if (sql_is(&t, "setval"))
		return sequence_set(f, part, &scan, e);
	return large_object_statement(&f->object, part, &current(f)->large_objects, e);
}

static void extension(struct follow *f, const struct sql_part *part)
{
	struct roll_database *d = current(f);
	struct sql_scan scan = {part->text, part->text + part->len};
	struct sql_token create = sql_next(&scan), what = sql_next(&scan), t = sql_next(&scan);
	char *name;

	if (!sql_is(&create, "create") || !sql_is(&what, "extension"))
		return;
	if (sql_is(&t, "if")) {
		sql_next(&scan);
		sql_next(&scan);
		t = sql_next(&scan);
	}
	name = sql_value(&t);
	if (!name)
		return;
	d->extensions =
	    xgrow(d->extensions, d->extension_count, &d->extension_cap, sizeof *d->extensions);
	d->extensions[d->extension_count++] = name;
	f->roll_bytes += sizeof name + strlen(name);
}

static void not_for_psql(struct follow *f, const struct sql_part *part)
{
	struct roll_database *d = current(f);
	size_t len = part->len < HEAD_MAX ? part->len : HEAD_MAX;
	const char *end = memchr(part->text, '(', len);
	char *name = end ? xstrndup(part->text, (size_t)(end - part->text)) : xstrdup("");

	d->not_for_psql = xgrow(d->not_for_psql, d->not_for_psql_count, &d->not_for_psql_cap,
				sizeof *d->not_for_psql);
	d->not_for_psql[d->not_for_psql_count++] = name;
	f->roll_bytes += sizeof name + strlen(name);
}

bool follow_statement(struct follow *f, const struct sql_part *part, struct err *e)
{
	struct sql_scan scan = {part->text, part->text + part->len};
	struct sql_token first = sql_next(&scan);

	if (!f->in_database && f->cluster && !f->cluster_complete && !part->copy_in) {
		entry_global(f->roll, part->text, part->len, f->options.entries);
		f->roll_bytes += sizeof *f->roll->entries + part->len;
		return true;
	}
	if (!f->in_database)
		headless(f, part->at);
	if (part->goes_on_in_psql)
		not_for_psql(f, part);
	if (part->copy_in)
		return copy_begins(f, part, e);
	if (entry_setting(&f->entry, part->text, part->len)) {
		f->setting_at = f->setting ? f->setting_at : part->at;
		f->setting = true;
		return true;
	}
	f->setting = false;
	if (sql_is(&first, "select") && !select_of(f, part, e))
		return false;
	extension(f, part);
	entry_statement(&f->entry, part->text, part->len,
			part->cut ? part->end - part->at : part->len);
	return true;
}
