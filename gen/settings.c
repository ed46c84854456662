#include "gen/settings_private.h"

#include "base/log.h"
#include "base/text.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t table_size(void)
{
	size_t n = 0;

	while (settings_table[n].path)
		n++;
	return n;
}

void complaints_stop(struct complaints *c)
{
	buf_stop(&c->text);
}

void complain(struct complaints *c, const char *where, const char *fmt, ...)
{
	struct err ignored = {0};
	va_list args;
	char text[1500], safe[4 * sizeof text];

	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	CLEANUP(freep) char *whole = xasprintf("%.500s: %s", where, text);
	log_safe(whole, safe, sizeof safe);
	CLEANUP(freep) char *line = xasprintf("%s\n", safe);
	c->count++;
	if (!buf_add(&c->text, line, strlen(line), &ignored))
		return; /* a mebibyte of them is enough */
}

static json_t *fallback_of(const struct setting *s)
{
	json_t *value = s->fallback ? json_loads(s->fallback, JSON_DECODE_ANY, NULL) : json_null();

	assert(value);
	return value;
}

/* As a flag would give it; NULL for none. */
static char *as_text(const json_t *value)
{
	return json_is_string(value) ? xstrdup(json_string_value(value))
	       : json_is_integer(value)
		   ? xasprintf("%" JSON_INTEGER_FORMAT, json_integer_value(value))
	       : json_is_boolean(value) ? xstrdup(json_is_true(value) ? "true" : "false")
					: NULL;
}

struct settings *settings_new(const char *image)
{
	size_t n = table_size();
	struct settings *s = xcalloc(1, sizeof *s);

	s->values = xcalloc(n, sizeof *s->values);
	s->options = xcalloc(n + 1, sizeof *s->options);
	s->texts = xcalloc(n, sizeof *s->texts);
	s->defaults = xcalloc(n, sizeof *s->defaults);
	s->lists = xcalloc(n, sizeof *s->lists);
	for (size_t i = 0; i < n; i++) {
		const struct setting *row = &settings_table[i];
		bool is_image = strcmp(row->path, "image") == 0;

		s->values[i] = is_image && image ? json_string(image) : fallback_of(row);
		s->texts[i] = s->defaults[i] = is_image ? NULL : as_text(s->values[i]);
		s->options[i] = (struct option){
		    .name = settings_flag_name(row->path),
		    .type = settings_has_list(row) ? OPTION_LIST : OPTION_STRING,
		    .into = settings_has_list(row) ? (void *)&s->lists[i] : (void *)&s->texts[i],
		    .argument = row->argument,
		    .help = row->help,
		};
	}
	return s;
}

void settings_freep(struct settings **sp)
{
	struct settings *s = *sp;

	if (!s)
		return;
	for (size_t i = 0; settings_table[i].path; i++) {
		json_decref(s->values[i]);
		free((char *)(uintptr_t)s->options[i].name);
		free(s->defaults[i]);
		option_list_stop(&s->lists[i]);
	}
	free(s->values);
	free(s->options);
	free(s->texts);
	free(s->defaults);
	free(s->lists);
	freep(sp);
}

char *path_inside(const char *where, const char *key)
{
	CLEANUP(freep) char *quoted = NULL;
	json_t *text;

	if (*key && !strchr("-0123456789", *key) && key[strspn(key, NAME_CHARACTERS)] == '\0')
		return xasprintf("%s.%s", where, key);
	text = json_string(key);
	quoted = json_dumps(text, JSON_ENCODE_ANY);
	json_decref(text);
	return xasprintf("%s[%s]", where, quoted);
}

static const char *type_of(const json_t *value)
{
	static const char *const names[] = {[JSON_OBJECT] = "an object",
					    [JSON_ARRAY] = "a list",
					    [JSON_STRING] = "a string",
					    [JSON_INTEGER] = "a number",
					    [JSON_REAL] = "a number with a fraction",
					    [JSON_TRUE] = "true",
					    [JSON_FALSE] = "false",
					    [JSON_NULL] = "null"};

	return names[json_typeof(value)];
}

static bool good_string(check_fn *check, const json_t *value, const char *where,
			struct complaints *c)
{
	struct err e = {0};
	const char *text = json_string_value(value);

	if (!text) {
		complain(c, where, "expected a string, not %s", type_of(value));
		return false;
	}
	if (check && !check(text, &e)) {
		complain(c, where, "\"%.200s\": %s", text, e.text);
		return false;
	}
	return true;
}

static bool good_choice(const struct setting *row, const json_t *value, const char *where,
			struct complaints *c)
{
	CLEANUP(freep) char *all = xstrdup("");

	for (size_t i = 0; row->choices[i]; i++) {
		if (strcmp(row->choices[i], json_string_value(value)) == 0)
			return true;
		xappend(&all, "%s%s", i ? ", " : "", row->choices[i]);
	}
	complain(c, where, "\"%.200s\": expected one of %s", json_string_value(value), all);
	return false;
}

static bool good_list(const struct setting *row, const json_t *value, const char *where,
		      struct complaints *c)
{
	size_t before = c->count, i;
	const json_t *item;

	if (!json_is_array(value)) {
		complain(c, where, "expected a list of strings, not %s", type_of(value));
		return false;
	}
	json_array_foreach(value, i, item)
	{
		CLEANUP(freep) char *path = xasprintf("%s[%zu]", where, i);

		good_string(row->check, item, path, c);
	}
	return c->count == before;
}

static bool good_map(const struct setting *row, json_t *value, const char *where,
		     struct complaints *c)
{
	size_t before = c->count;
	const char *name;
	json_t *item;

	if (!json_is_object(value)) {
		complain(c, where, "expected an object of strings, not %s", type_of(value));
		return false;
	}
	json_object_foreach(value, name, item)
	{
		CLEANUP(freep) char *path = path_inside(where, name);
		struct err e = {0};

		if (row->check_name && !row->check_name(name, &e))
			complain(c, path, "%s", e.text);
		good_string(row->check, item, path, c);
	}
	return c->count == before;
}

static bool good(const struct setting *row, json_t *value, const char *where, struct complaints *c)
{
	switch (row->type) {
	case SETTING_STRING:
		return good_string(row->check, value, where, c) &&
		       (!row->choices || good_choice(row, value, where, c));
	case SETTING_INT:
		if (json_is_integer(value) && json_integer_value(value) >= row->min &&
		    json_integer_value(value) <= row->max)
			return true;
		complain(c, where, "expected a whole number from %ld to %ld", row->min, row->max);
		return false;
	case SETTING_BOOL:
		if (json_is_boolean(value))
			return true;
		complain(c, where, "expected true or false, not %s", type_of(value));
		return false;
	case SETTING_LIST:
		return good_list(row, value, where, c);
	case SETTING_MAP:
		return good_map(row, value, where, c);
	}
	return false;
}

void settings_take(struct settings *s, size_t i, json_t *value, const char *where,
		   struct complaints *c)
{
	if (!good(&settings_table[i], value, where, c))
		return;
	json_decref(s->values[i]);
	s->values[i] = json_incref(value);
}

/* The key at this depth of the table's paths that is most like the one given. */
static bool nearest(const char *prefix, const char *key, char out[TEXT_DISTANCE_MAX + 1])
{
	size_t best = strlen(key) / 2 + 1, len = strlen(prefix);

	out[0] = '\0';
	for (size_t i = 0; settings_table[i].path; i++) {
		const char *path = settings_table[i].path;
		char name[TEXT_DISTANCE_MAX + 1];
		size_t distance;

		if (strncmp(path, prefix, len) != 0)
			continue;
		snprintf(name, sizeof name, "%.*s", (int)strcspn(path + len, "."), path + len);
		distance = text_distance(key, name);
		if (distance < best) {
			best = distance;
			memcpy(out, name, sizeof name);
		}
	}
	return out[0] != '\0';
}

/* The row of this path; the table's size if there is none. *section: other paths go on from it. */
static size_t find(const char *path, bool *section)
{
	size_t len = strlen(path), i;

	*section = false;
	for (i = 0; settings_table[i].path && strcmp(settings_table[i].path, path) != 0; i++)
		if (strncmp(settings_table[i].path, path, len) == 0 &&
		    settings_table[i].path[len] == '.')
			*section = true;
	return i;
}

/* prefix: what the table's paths of this object begin with, "drill." for example. */
static void read_section(struct settings *s, const json_t *object, const char *prefix,
			 const char *where, struct complaints *c)
{
	const char *key;
	json_t *value;

	if (json_is_null(object))
		return;
	if (!json_is_object(object)) {
		complain(c, where, "expected an object, not %s", type_of(object));
		return;
	}
	/* jansson asks for an object that could be changed */
	json_object_foreach((json_t *)(uintptr_t)object, key, value)
	{
		CLEANUP(freep) char *path = xasprintf("%s%s", prefix, key);
		CLEANUP(freep) char *here = path_inside(where, key);
		char near[TEXT_DISTANCE_MAX + 1];
		bool section;
		size_t i = find(path, &section);

		if (settings_table[i].path && !json_is_null(value))
			settings_take(s, i, value, here, c);
		else if (section) {
			CLEANUP(freep) char *deeper = xasprintf("%s.", path);

			read_section(s, value, deeper, here, c);
		} else if (!settings_table[i].path) {
			bool any = nearest(prefix, key, near);

			complain(c, here, "there is no such setting%s%s%s",
				 any ? "; did you mean " : "", near, any ? "?" : "");
		}
	}
}

void settings_read(struct settings *s, const json_t *object, const char *where,
		   struct complaints *c)
{
	read_section(s, object, "", where, c);
}

const json_t *setting_json(const struct settings *s, const char *path)
{
	bool section;
	size_t i = find(path, &section);

	assert(settings_table[i].path);
	return s->values[i];
}

const char *setting_text(const struct settings *s, const char *path)
{
	return json_string_value(setting_json(s, path));
}

long setting_int(const struct settings *s, const char *path)
{
	assert(json_is_integer(setting_json(s, path)));
	return (long)json_integer_value(setting_json(s, path));
}

bool setting_bool(const struct settings *s, const char *path)
{
	assert(json_is_boolean(setting_json(s, path)));
	return json_is_true(setting_json(s, path));
}

int64_t setting_seconds(const struct settings *s, const char *path)
{
	struct err e = {0};
	int64_t seconds = 0;
	bool ok = parse_duration(setting_text(s, path), &seconds, &e);

	assert(ok); /* checked when it was taken */
	return seconds;
}
