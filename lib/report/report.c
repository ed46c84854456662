#include "report/report.h"

#include "base/log.h"
#include "base/text.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 1000 /* bytes of one value in text; JSON has them all */

enum style { STYLE_PLAIN, STYLE_NUMBER, STYLE_BYTES, STYLE_SECONDS, STYLE_LIST };

/* A key in the order of its first use; the value is in the JSON. */
struct field {
	char *key;
	enum style style;
	bool hidden;
};

struct report {
	json_t *json; /* borrowed from the parent's, but for the root */
	struct report *parent;
	struct report **children; /* objects and rows */
	size_t child_count, child_cap;
	struct field *fields;
	size_t field_count, field_cap;
	const char *list; /* of a row: the list it is in */
	char *closing;
};

static struct report *new_report(struct report *parent, json_t *json)
{
	struct report *r = xcalloc(1, sizeof *r);

	r->json = json;
	r->parent = parent;
	if (!parent)
		return r;
	parent->children = xgrow(parent->children, parent->child_count, &parent->child_cap,
				 sizeof(struct report *));
	return parent->children[parent->child_count++] = r;
}

struct report *report_new(void)
{
	return new_report(NULL, json_object());
}

static void report_free(struct report *r)
{
	for (size_t i = 0; i < r->child_count; i++)
		report_free(r->children[i]);
	for (size_t i = 0; i < r->field_count; i++)
		free(r->fields[i].key);
	if (!r->parent)
		json_decref(r->json);
	free(r->children);
	free(r->fields);
	free(r->closing);
	free(r);
}

void report_freep(struct report **r)
{
	if (*r)
		report_free(*r);
}

static struct field *find(const struct report *r, const char *key)
{
	for (size_t i = 0; i < r->field_count; i++)
		if (strcmp(r->fields[i].key, key) == 0)
			return &r->fields[i];
	return NULL;
}

static struct field *field(struct report *r, const char *key)
{
	struct field *f = find(r, key);

	if (f)
		return f;
	r->fields = xgrow(r->fields, r->field_count, &r->field_cap, sizeof *r->fields);
	r->fields[r->field_count] = (struct field){.key = xstrdup(key)};
	return &r->fields[r->field_count++];
}

static void set(struct report *r, const char *key, enum style style, json_t *value)
{
	field(r, key)->style = style;
	if (json_object_set_new(r->json, key, value) != 0)
		abort();
}

static char *escaped(const char *text)
{
	size_t size = 4 * strlen(text) + 1;
	char *safe = xcalloc(size, 1);

	log_safe(text, safe, size);
	return safe;
}

/* A table is as wide as its widest text, in every row: no stranger's text may make it endless. */
static char *shortened(const char *text)
{
	if (strlen(text) <= TEXT_MAX)
		return escaped(text);
	CLEANUP(freep) char *start = xstrndup(text, TEXT_MAX);
	CLEANUP(freep) char *safe = escaped(start);
	return xasprintf("%s...", safe);
}

/* jansson takes UTF-8 alone: what is not becomes \xNN. */
static json_t *text_json(const char *text)
{
	json_t *value = json_string(text);

	if (value)
		return value;
	CLEANUP(freep) char *safe = escaped(text);
	return json_string(safe);
}

void report_string(struct report *r, const char *key, const char *value)
{
	set(r, key, STYLE_PLAIN, value ? text_json(value) : json_null());
}

void report_int(struct report *r, const char *key, int64_t value)
{
	set(r, key, STYLE_NUMBER, json_integer(value));
}

void report_bytes(struct report *r, const char *key, uint64_t value)
{
	set(r, key, STYLE_BYTES, json_integer((json_int_t)value));
}

void report_seconds(struct report *r, const char *key, double value)
{
	set(r, key, STYLE_SECONDS,
	    isfinite(value) ? json_real(round(value * 1000) / 1000) : json_null());
}

void report_time(struct report *r, const char *key, time_t t)
{
	char text[ISO8601_SIZE];

	clock_iso8601(t, text);
	report_string(r, key, text);
}

void report_bool(struct report *r, const char *key, bool value)
{
	set(r, key, STYLE_PLAIN, json_boolean(value));
}

static json_t *list_json(struct report *r, const char *list)
{
	json_t *array = json_object_get(r->json, list);

	if (array)
		return array;
	set(r, list, STYLE_LIST, json_array());
	return json_object_get(r->json, list);
}

struct report *report_row(struct report *r, const char *list)
{
	json_t *row = json_object();
	struct report *child;

	if (json_array_append_new(list_json(r, list), row) != 0)
		abort();
	child = new_report(r, row);
	child->list = field(r, list)->key;
	return child;
}

void report_item(struct report *r, const char *list, const char *value)
{
	if (json_array_append_new(list_json(r, list), text_json(value)) != 0)
		abort();
}

void report_list(struct report *r, const char *list)
{
	list_json(r, list);
}

void report_hide(struct report *r, const char *key)
{
	field(r, key)->hidden = true;
}

void report_closing(struct report *r, const char *fmt, ...)
{
	va_list ap;

	free(r->closing);
	va_start(ap, fmt);
	if (vasprintf(&r->closing, fmt, ap) < 0)
		abort();
	va_end(ap);
}

char *report_json(const struct report *r)
{
	/* 15 digits are exact, and 17 would show 63.2 as 63.200000000000003. */
	CLEANUP(freep) char *text = json_dumps(r->json, JSON_INDENT(2) | JSON_REAL_PRECISION(15));

	if (!text)
		abort();
	return xasprintf("%s\n", text);
}

/* A value as people read it; NULL for null and for what is no value. The caller frees. */
static char *shown(const json_t *value, enum style style)
{
	char size[HUMAN_SIZE], time[TEXT_SECONDS_SIZE];

	if (json_is_boolean(value))
		return xstrdup(json_is_true(value) ? "yes" : "no");
	if (json_is_real(value))
		return xstrdup(text_seconds(json_real_value(value), time));
	if (json_is_integer(value) && style == STYLE_BYTES)
		return xstrdup(human_bytes((uint64_t)json_integer_value(value), size));
	if (json_is_integer(value))
		return xasprintf("%lld", (long long)json_integer_value(value));
	return json_is_string(value) ? shortened(json_string_value(value)) : NULL;
}

/* "backup_bytes" -> "backup bytes"; "age_seconds" -> "age", as the value has its unit. */
static char *title(const char *key)
{
	static const char unit[] = "_seconds";
	size_t len = strlen(key), unit_len = sizeof unit - 1;

	if (strcmp(key, "seconds") == 0)
		return xstrdup("time");
	if (len > unit_len && strcmp(key + len - unit_len, unit) == 0)
		len -= unit_len;
	char *t = xstrndup(key, len);
	for (char *p = t; *p; p++)
		if (*p == '_')
			*p = ' ';
	return t;
}

static void pad(FILE *out, size_t n)
{
	for (; n > 0; n--)
		putc(' ', out);
}

static bool in_head(const struct report *r, const struct field *f)
{
	const json_t *value = json_object_get(r->json, f->key);

	return !f->hidden && value && !json_is_null(value) && !json_is_array(value) &&
	       !json_is_object(value);
}

static void print_head(const struct report *r, FILE *out)
{
	size_t width = 0;

	for (size_t i = 0; i < r->field_count; i++) {
		CLEANUP(freep) char *name = title(r->fields[i].key);

		if (in_head(r, &r->fields[i]) && text_width(name) > width)
			width = text_width(name);
	}
	for (size_t i = 0; i < r->field_count; i++) {
		const struct field *f = &r->fields[i];

		if (!in_head(r, f))
			continue;
		CLEANUP(freep) char *text = shown(json_object_get(r->json, f->key), f->style);
		CLEANUP(freep) char *name = title(f->key);
		fputs(name, out);
		pad(out, width - text_width(name) + 2);
		fprintf(out, "%s\n", text);
	}
}

struct column {
	const char *key;
	char *title;
	size_t width;
	bool hidden, right; /* numbers are on the right */
};

struct table {
	struct column *columns;
	size_t count, cap;
};

static void table_stop(struct table *t)
{
	for (size_t i = 0; i < t->count; i++)
		free(t->columns[i].title);
	free(t->columns);
}

static struct column *column(struct table *t, const char *key)
{
	size_t i = 0;

	while (i < t->count && strcmp(t->columns[i].key, key) != 0)
		i++;
	if (i == t->count) {
		char *name = title(key);

		t->columns = xgrow(t->columns, t->count, &t->cap, sizeof *t->columns);
		t->columns[t->count++] =
		    (struct column){.key = key, .title = name, .width = text_width(name)};
	}
	return &t->columns[i];
}

static char *cell(const struct report *row, const char *key)
{
	const struct field *f = find(row, key);
	char *text = f ? shown(json_object_get(row->json, key), f->style) : NULL;

	return text ? text : xstrdup("-");
}

/* Without a row the titles. */
static void print_row(const struct table *t, const struct report *row, FILE *out)
{
	size_t blanks = 2;

	for (size_t i = 0; i < t->count; i++) {
		const struct column *c = &t->columns[i];

		if (c->hidden)
			continue;
		CLEANUP(freep) char *text = row ? cell(row, c->key) : xstrdup(c->title);
		size_t rest = c->width - text_width(text);
		pad(out, blanks + (c->right ? rest : 0));
		fputs(text, out);
		blanks = 2 + (c->right ? 0 : rest);
	}
	putc('\n', out);
}

static void print_rows(struct report *const *rows, size_t count, FILE *out)
{
	CLEANUP(table_stop) struct table t = {0};

	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < rows[i]->field_count; j++) {
			const struct field *f = &rows[i]->fields[j];
			CLEANUP(freep) char *text = cell(rows[i], f->key);
			struct column *c = column(&t, f->key);

			if (text_width(text) > c->width)
				c->width = text_width(text);
			c->hidden |= f->hidden;
			c->right |= f->style != STYLE_PLAIN;
		}
	print_row(&t, NULL, out);
	for (size_t i = 0; i < count; i++)
		print_row(&t, rows[i], out);
}

static void print_list(const struct report *r, const struct field *f, FILE *out)
{
	const json_t *array = json_object_get(r->json, f->key);
	CLEANUP(freep) struct report **rows = xcalloc(r->child_count + 1, sizeof(struct report *));
	CLEANUP(freep) char *name = title(f->key);
	size_t count = 0;

	if (f->hidden || json_array_size(array) == 0)
		return;
	fprintf(out, "\n%s\n", name);
	for (size_t i = 0; i < r->child_count; i++)
		if (r->children[i]->list && strcmp(r->children[i]->list, f->key) == 0)
			rows[count++] = r->children[i];
	if (count > 0)
		print_rows(rows, count, out);
	for (size_t i = 0; i < json_array_size(array); i++) {
		CLEANUP(freep) char *text = shown(json_array_get(array, i), STYLE_PLAIN);

		if (text)
			fprintf(out, "  %s\n", text);
	}
}

static char *report_text(const struct report *r)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		abort();
	print_head(r, out);
	for (size_t i = 0; i < r->field_count; i++)
		print_list(r, &r->fields[i], out);
	if (r->closing) {
		CLEANUP(freep) char *safe = escaped(r->closing);

		fprintf(out, "\n%s\n", safe);
	}
	if (fclose(out) != 0)
		abort();
	return text;
}

bool report_print(const struct report *r, enum report_format format, FILE *out, struct err *e)
{
	CLEANUP(freep) char *text = format == REPORT_JSON ? report_json(r) : report_text(r);

	return (fputs(text, out) >= 0 && fflush(out) == 0) || err_sys(e, "write the result");
}
