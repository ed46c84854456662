#include "gen/settings_private.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

char *settings_flag_name(const char *path)
{
	char *name = xcalloc(2 * strlen(path) + 1, 1), *out = name;

	for (; *path; path++) {
		bool capital = *path >= 'A' && *path <= 'Z';

		if (capital)
			*out++ = '-';
		*out++ = (char)(*path == '.' ? '-' : capital ? *path - 'A' + 'a' : *path);
	}
	return name;
}

bool settings_has_list(const struct setting *s)
{
	return s->type == SETTING_LIST || s->type == SETTING_MAP;
}

const struct option *settings_options(struct settings *s)
{
	return s->options;
}

/* JSON can hold nothing else. */
static bool is_utf8(const char *text, const char *where, struct complaints *c)
{
	size_t len = 1;
	uint32_t code;

	for (const char *p = text; *p && len > 0; p += len)
		len = text_utf8(p, &code);
	if (len == 0)
		complain(c, where, "%s: is not UTF-8", text);
	return len > 0;
}

/* The JSON that a flag's text stands for: a string where it is no number or bool. */
static json_t *from_text(const struct setting *row, const char *text)
{
	json_t *value =
	    row->type == SETTING_STRING ? NULL : json_loads(text, JSON_DECODE_ANY, NULL);

	return value ? value : json_string(text);
}

static json_t *from_list(const struct setting *row, const struct option_list *list,
			 const char *where, struct complaints *c)
{
	json_t *value = row->type == SETTING_LIST ? json_array() : json_object();

	for (size_t i = 0; i < list->count; i++) {
		const char *equals = strchr(list->items[i], '=');
		CLEANUP(freep) char *name = NULL;

		if (!is_utf8(list->items[i], where, c))
			continue;
		if (row->type == SETTING_LIST) {
			json_array_append_new(value, json_string(list->items[i]));
			continue;
		}
		if (!equals) {
			complain(c, where, "%s: expected NAME=VALUE", list->items[i]);
			continue;
		}
		name = xstrndup(list->items[i], (size_t)(equals - list->items[i]));
		json_object_set_new(value, name, json_string(equals + 1));
	}
	return value;
}

static bool is_given(const struct settings *s, size_t i)
{
	return settings_has_list(&settings_table[i]) ? s->lists[i].count > 0
						     : s->texts[i] != s->defaults[i];
}

void settings_flags(struct settings *s, struct complaints *c)
{
	for (size_t i = 0; settings_table[i].path; i++) {
		const struct setting *row = &settings_table[i];
		CLEANUP(freep) char *where = xasprintf("--%s", s->options[i].name);
		json_t *value;

		if (!is_given(s, i) || (!settings_has_list(row) && !is_utf8(s->texts[i], where, c)))
			continue;
		value = settings_has_list(row) ? from_list(row, &s->lists[i], where, c)
					       : from_text(row, s->texts[i]);
		settings_take(s, i, value, where, c);
		json_decref(value);
	}
}

char *shell_word(const char *text)
{
	size_t len = strlen(text);
	char *out = xcalloc(4 * len + 3, 1), *at = out;

	if (len > 0 && strspn(text, NAME_CHARACTERS "@%+=:,./") == len)
		return memcpy(out, text, len);
	*at++ = '\'';
	for (; *text; text++) {
		if (*text == '\'')
			at = memcpy(at, "'\\''", 4), at += 4;
		else
			*at++ = *text;
	}
	*at = '\'';
	return out;
}

static void append_flag(char **to, const char *name, const char *value)
{
	CLEANUP(freep) char *word = shell_word(value);

	xappend(to, " --%s %s", name, word);
}

char *settings_given(const struct settings *s)
{
	char *out = xstrdup("");

	for (size_t i = 0; settings_table[i].path; i++) {
		if (!is_given(s, i))
			continue;
		if (!settings_has_list(&settings_table[i]))
			append_flag(&out, s->options[i].name, s->texts[i]);
		for (size_t n = 0; n < s->lists[i].count; n++)
			append_flag(&out, s->options[i].name, s->lists[i].items[n]);
	}
	return out;
}
