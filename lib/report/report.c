#include "report/report.h"

#include "base/log.h"
#include "base/text.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

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

static struct field *field(struct report *r, const char *key, enum style style)
{
	for (size_t i = 0; i < r->field_count; i++)
		if (strcmp(r->fields[i].key, key) == 0)
			return &r->fields[i];
	r->fields = xgrow(r->fields, r->field_count, &r->field_cap, sizeof *r->fields);
	r->fields[r->field_count] = (struct field){.key = xstrdup(key), .style = style};
	return &r->fields[r->field_count++];
}

static void set(struct report *r, const char *key, enum style style, json_t *value)
{
	field(r, key, style);
	if (json_object_set_new(r->json, key, value) != 0)
		abort();
}

/* jansson takes UTF-8 alone: what is not becomes \xNN. */
static json_t *text_json(const char *text)
{
	json_t *value = json_string(text);
	size_t size = 4 * strlen(text) + 1;

	if (value)
		return value;
	CLEANUP(freep) char *safe = xcalloc(size, 1);
	log_safe(text, safe, size);
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
	set(r, key, STYLE_SECONDS, json_real(round(value * 1000) / 1000));
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

struct report *report_object(struct report *r, const char *key)
{
	json_t *object = json_object();

	set(r, key, STYLE_PLAIN, object);
	report_hide(r, key);
	return new_report(r, object);
}

struct report *report_row(struct report *r, const char *list)
{
	json_t *row = json_object();
	struct report *child;

	if (json_array_append_new(list_json(r, list), row) != 0)
		abort();
	child = new_report(r, row);
	child->list = field(r, list, STYLE_LIST)->key;
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
	field(r, key, STYLE_PLAIN)->hidden = true;
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
	CLEANUP(freep) char *text = json_dumps(r->json, JSON_INDENT(2));

	if (!text)
		abort();
	return xasprintf("%s\n", text);
}

/* A value as people read it; NULL for null. The caller frees. */
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
	if (!json_is_string(value))
		return NULL;
	size_t room = 4 * json_string_length(value) + 1;
	char *safe = xcalloc(room, 1);

	log_safe(json_string_value(value), safe, room);
	return safe;
}

/* "backup_bytes" -> "backup bytes" */
static char *title(const char *key)
{
	char *t = xstrdup(key);

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

static void print_head(const struct report *r, FILE *out)
{
	size_t width = 0;

	for (size_t i = 0; i < r->field_count; i++) {
		const struct field *f = &r->fields[i];
		bool in_head = !f->hidden && !json_is_array(json_object_get(r->json, f->key));

		if (in_head && text_width(f->key) > width)
			width = text_width(f->key);
	}
	for (size_t i = 0; i < r->field_count; i++) {
		const struct field *f = &r->fields[i];
		CLEANUP(freep) char *text = shown(json_object_get(r->json, f->key), f->style);
		CLEANUP(freep) char *name = title(f->key);

		if (f->hidden || !text)
			continue;
		fputs(name, out);
		pad(out, width - text_width(name) + 2);
		fprintf(out, "%s\n", text);
	}
}

/* Is the column there at all: not hidden in any row? */
static bool is_hidden(struct report *const *rows, size_t count, const char *key)
{
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < rows[i]->field_count; j++)
			if (rows[i]->fields[j].hidden && strcmp(rows[i]->fields[j].key, key) == 0)
				return true;
	return false;
}

static char *cell(const struct report *row, const struct field *column)
{
	char *text = shown(json_object_get(row->json, column->key), column->style);

	return text ? text : xstrdup("-");
}

static void print_cell(FILE *out, const char *text, size_t width, bool right, bool last)
{
	size_t n = text_width(text);

	if (right)
		pad(out, width - n);
	fputs(text, out);
	if (!right && !last)
		pad(out, width - n);
	fputs(last ? "\n" : "  ", out);
}

/* Column by column the widest cell, then row by row. */
static void print_rows(struct report *const *rows, size_t count, FILE *out)
{
	const struct report *first = rows[0];
	CLEANUP(freep) const struct field **columns = xcalloc(first->field_count, sizeof *columns);
	CLEANUP(freep) size_t *widths = xcalloc(first->field_count, sizeof *widths);
	size_t n = 0;

	for (size_t i = 0; i < first->field_count; i++)
		if (!is_hidden(rows, count, first->fields[i].key))
			columns[n++] = &first->fields[i];
	for (size_t c = 0; c < n; c++) {
		widths[c] = text_width(columns[c]->key);
		for (size_t i = 0; i < count; i++) {
			CLEANUP(freep) char *text = cell(rows[i], columns[c]);

			if (text_width(text) > widths[c])
				widths[c] = text_width(text);
		}
	}
	fputs("  ", out);
	for (size_t c = 0; c < n; c++) {
		CLEANUP(freep) char *name = title(columns[c]->key);

		print_cell(out, name, widths[c], columns[c]->style != STYLE_PLAIN, c + 1 == n);
	}
	for (size_t i = 0; i < count; i++) {
		fputs("  ", out);
		for (size_t c = 0; c < n; c++) {
			CLEANUP(freep) char *text = cell(rows[i], columns[c]);

			print_cell(out, text, widths[c], columns[c]->style != STYLE_PLAIN,
				   c + 1 == n);
		}
	}
}

static void print_list(const struct report *r, const struct field *f, FILE *out)
{
	const json_t *array = json_object_get(r->json, f->key);
	CLEANUP(freep) struct report **rows = xcalloc(r->child_count + 1, sizeof(struct report *));
	CLEANUP(freep) char *name = title(f->key);
	size_t count = 0;

	if (f->hidden || !json_is_array(array) || json_array_size(array) == 0)
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

bool report_print(const struct report *r, enum report_format format, FILE *out, struct err *e)
{
	if (format == REPORT_JSON) {
		CLEANUP(freep) char *json = report_json(r);

		fputs(json, out);
	} else {
		print_head(r, out);
		for (size_t i = 0; i < r->field_count; i++)
			print_list(r, &r->fields[i], out);
		if (r->closing) {
			size_t room = 4 * strlen(r->closing) + 1;
			CLEANUP(freep) char *safe = xcalloc(room, 1);

			log_safe(r->closing, safe, room);
			fprintf(out, "\n%s\n", safe);
		}
	}
	errno = 0;
	return (fflush(out) == 0 && !ferror(out)) || err_sys(e, "write the result");
}
