#include "gen/pen.h"
#include "gen/print.h"

#include <string.h>
#include <strings.h>

#define DIGITS "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* YAML wants "? key" for one of more than 1024 characters, and a byte becomes 6 of them at most. */
#define KEY_MAX 128

static bool is_word(const char *text)
{
	static const char *const words[] = {"null", "true", "false", "yes", "no",
					    "on",   "off",  "y",     "n"};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcasecmp(text, words[i]) == 0)
			return true;
	return false;
}

/* Digits and what a number of some base, a date, a time or 1:30 may have besides them. Some read
 * e5 as a number too. */
static bool is_like_number(const char *text)
{
	text += strspn(text, "-");
	return strchr(DIGITS "eE", text[0]) && strpbrk(text, DIGITS) &&
	       text[strspn(text, DIGITS "abcdefABCDEFxXoOpPtTzZ+-_.:, ")] == '\0';
}

static bool begins_plain(const char *text)
{
	if ((unsigned char)text[0] >= 0x80)
		return true;
	if (text[0] == '-') /* --flag, but no "- item", ---, -1 or -.inf */
		text += strspn(text, "-");
	else if (strchr("/_$(" DIGITS, text[0]))
		return text[0] != '\0';
	return text[0] != '\0' && strchr(LETTERS, text[0]);
}

static bool is_plain(const char *text)
{
	return begins_plain(text) && !is_word(text) && !is_like_number(text) &&
	       !strchr(" :", text[strlen(text) - 1]) && !strstr(text, ": ") &&
	       !strstr(text, " #") && pen_printable(text, "");
}

static void inline_string(struct pen *p, const char *text)
{
	if (is_plain(text))
		pen_text(p, text);
	else
		pen_quoted(p, text);
}

static void literal(struct pen *p, const char *text, int depth)
{
	pen_text(p, text[strlen(text) - 1] == '\n' ? "|" : "|-");
	for (size_t len; *text; text += len + (text[len] == '\n')) {
		len = strcspn(text, "\n");
		pen_line(p, len > 0 ? depth : 0);
		pen_bytes(p, text, len);
	}
}

static void node(struct pen *, const json_t *, int depth);

static void mapping(struct pen *p, const json_t *object, int depth)
{
	bool first = true;
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)object, key, value)
	{
		if (!first)
			pen_line(p, depth);
		first = false;
		if (strlen(key) > KEY_MAX)
			pen_text(p, "? ");
		inline_string(p, key);
		if (strlen(key) > KEY_MAX)
			pen_line(p, depth);
		pen_text(p, ":");
		if (json_object_size(value) > 0 || json_array_size(value) > 0)
			pen_line(p, depth + 1);
		else
			pen_text(p, " ");
		node(p, value, depth + 1);
	}
}

static void sequence(struct pen *p, const json_t *array, int depth)
{
	const json_t *item;
	size_t i;

	json_array_foreach(array, i, item)
	{
		if (i > 0)
			pen_line(p, depth);
		pen_text(p, "- ");
		node(p, item, depth + 1);
	}
}

/* Begins where the cursor is; what follows on other lines is at depth. */
static void node(struct pen *p, const json_t *v, int depth)
{
	const char *text = json_string_value(v);

	if (json_object_size(v) > 0)
		mapping(p, v, depth);
	else if (json_array_size(v) > 0)
		sequence(p, v, depth);
	else if (json_is_object(v) || json_is_array(v))
		pen_text(p, json_is_object(v) ? "{}" : "[]");
	else if (!text)
		pen_scalar(p, v);
	else if (pen_lines(text))
		literal(p, text, depth > 0 ? depth : 1);
	else
		inline_string(p, text);
}

bool print_yaml(const json_t *tree, struct buf *out, struct err *e)
{
	CLEANUP(tree_freep) json_t *plain = tree_resolve(tree);
	struct pen p = {.out = out, .err = e};

	node(&p, plain, 0);
	pen_text(&p, "\n");
	return !p.full;
}
