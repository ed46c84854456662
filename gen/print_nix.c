#include "gen/pen.h"
#include "gen/print.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What nixfmt has on a line, indentation not counted. */
#define WIDTH 100
#define SHORT 30
#define MAX_PATH 3 /* names; for more nixfmt has other rules */

static const json_t *part_at(const json_t *string, size_t i)
{
	const json_t *parts = tree_parts(string);

	return parts ? json_array_get(parts, i) : i == 0 ? string : NULL;
}

static const char *reference(const json_t *part)
{
	return json_string_value(json_object_get(part, "nix"));
}

/* The expression of a string that is nothing else; NULL for all others. */
static const char *lone_reference(const json_t *v)
{
	return tree_parts(v) && !part_at(v, 1) ? reference(part_at(v, 0)) : NULL;
}

static bool is_set(const json_t *v)
{
	return json_is_object(v) && !tree_parts(v);
}

static bool is_string(const json_t *v)
{
	return json_is_string(v) || tree_parts(v);
}

/* With references only if it ends with a line end: nixfmt counts what follows the last reference as
 * a part of the binding's first line. */
static bool is_indented(const json_t *v)
{
	CLEANUP(freep) char *text = xstrdup("");
	const json_t *part;

	if (!is_string(v))
		return false;
	for (size_t i = 0; (part = part_at(v, i)); i++)
		xappend(&text, "%s", reference(part) ? "$" : json_string_value(part));
	return pen_lines(text) && (json_is_string(v) || text[strlen(text) - 1] == '\n');
}

/* Would Nix take this dollar for the beginning of ${...}? */
static bool opens_reference(const char *at, bool before_reference)
{
	return at[0] == '$' && (at[1] == '{' || (!at[1] && before_reference));
}

static void quoted_text(struct pen *p, const char *text, bool before_reference)
{
	static const char special[] = "\"\\\n\r\t", names[] = "\"\\nrt";

	for (; *text; text++) {
		const char *name = strchr(special, *text);

		if (name || opens_reference(text, before_reference))
			pen_text(p, "\\");
		pen_bytes(p, name ? &names[name - special] : text, 1);
	}
}

/* Where ' or $ would be read together with what follows, ''$ and ''\' stand for it, ''' for ''. */
static void indented_text(struct pen *p, const char *text, bool before_reference, int depth)
{
	for (; *text; text++) {
		bool last = !text[1] && !before_reference;

		if (*text == '\n' && text[1] == '\n') {
			pen_text(p, "\n");
		} else if (*text == '\n') {
			pen_line(p, last ? depth : depth + 1);
		} else if (strncmp(text, "''", 2) == 0) {
			pen_text(p, "'''");
			text++;
		} else if (*text == '\'' && (last || opens_reference(text + 1, before_reference))) {
			pen_text(p, "''\\'");
		} else {
			if (opens_reference(text, before_reference))
				pen_text(p, "''");
			pen_bytes(p, text, 1);
		}
	}
}

static void string(struct pen *p, const json_t *v, int depth)
{
	bool indented = is_indented(v);
	const json_t *part;

	pen_text(p, indented ? "''" : "\"");
	if (indented)
		pen_line(p, depth + 1);
	for (size_t i = 0; (part = part_at(v, i)); i++) {
		bool before_reference = part_at(v, i + 1) != NULL;

		if (reference(part)) {
			pen_text(p, "${");
			pen_text(p, reference(part));
			pen_text(p, "}");
		} else if (indented) {
			indented_text(p, json_string_value(part), before_reference, depth);
		} else {
			quoted_text(p, json_string_value(part), before_reference);
		}
	}
	pen_text(p, indented ? "''" : "\"");
}

static bool is_identifier(const char *name)
{
	static const char *const keywords[] = {"if",   "then", "else",    "let",    "in",
					       "with", "rec",  "inherit", "assert", "or"};
	static const char inner[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
				    "0123456789'-";

	for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++)
		if (strcmp(name, keywords[i]) == 0)
			return false;
	return *name && !strchr("0123456789'-", *name) && name[strspn(name, inner)] == '\0';
}

static void attribute(struct pen *p, const char *name)
{
	bool quote = !is_identifier(name);

	pen_text(p, quote ? "\"" : "");
	quoted_text(p, name, false);
	pen_text(p, quote ? "\"" : "");
}

static void value(struct pen *, const json_t *, int depth);

/* A list that nixfmt leaves on its line, whatever is in front. */
static bool is_short(const json_t *list)
{
	const json_t *v = json_array_get(list, 0);

	return json_array_size(list) == 1 && json_is_string(v) && json_string_length(v) <= SHORT &&
	       !is_indented(v);
}

/* How a value of several lines begins; NULL for one of a single line. */
static const char *opening(const json_t *v)
{
	if (is_set(v))
		return json_object_size(v) > 0 ? "{" : NULL;
	if (json_is_array(v))
		return json_array_size(v) > 0 ? "[" : NULL;
	return is_indented(v) ? "''" : NULL;
}

static size_t columns(const char *text)
{
	size_t count = 0;

	for (; *text; text++)
		count += (*text & 0xc0) != 0x80;
	return count;
}

/* nixfmt moves to a line of its own what does not fit behind a quoted name; behind any other name
 * only what is neither a string, a function call nor opened there. */
static bool moves(bool quoted, const json_t *v)
{
	const char *lone = lone_reference(v);

	if (quoted)
		return true;
	return lone ? !strchr(lone, ' ') : !is_string(v) && !opening(v);
}

/* Was what stands behind start too wide? What stands behind end was only to know that. */
static bool was_wide(struct pen *p, size_t start, size_t end)
{
	bool wide = !p->full && columns(p->out->data + start) > WIDTH;

	if (!p->full)
		p->out->data[p->out->len = end] = '\0';
	return wide;
}

static void list(struct pen *, const json_t *, int depth);

static void binding(struct pen *p, const char *name, const json_t *v, int depth)
{
	size_t start = p->out->len, end;
	bool quoted = !is_identifier(name), brief = false;
	int names = 1;

	attribute(p, name);
	while (is_set(v) && json_object_size(v) == 1 && names++ < MAX_PATH) {
		void *only = json_object_iter((json_t *)(uintptr_t)v);

		name = json_object_iter_key(only);
		v = json_object_iter_value(only);
		quoted |= !is_identifier(name);
		pen_text(p, ".");
		attribute(p, name);
	}
	pen_text(p, " =");
	end = p->out->len;
	if (is_short(v)) {
		pen_text(p, " ");
		value(p, v, depth);
		pen_text(p, ";");
		brief = !was_wide(p, start, end);
	}
	pen_text(p, " ");
	if (!brief && opening(v)) {
		pen_text(p, opening(v));
	} else {
		value(p, v, depth);
		pen_text(p, ";");
	}
	if (was_wide(p, start, end) && moves(quoted, v))
		pen_line(p, ++depth);
	else
		pen_text(p, " ");
	if (is_short(v) && !brief)
		list(p, v, depth);
	else
		value(p, v, depth);
	pen_text(p, ";");
}

static void set(struct pen *p, const json_t *object, int depth)
{
	const char *name;
	json_t *v;

	pen_text(p, "{");
	json_object_foreach((json_t *)object, name, v)
	{
		pen_line(p, depth + 1);
		binding(p, name, v, depth + 1);
	}
	pen_line(p, depth);
	pen_text(p, "}");
}

/* Would it be several elements of a list? */
static bool is_compound(const json_t *v)
{
	const char *lone = lone_reference(v);

	return lone ? strchr(lone, ' ') != NULL
		    : json_is_number(v) && signbit(json_number_value(v)) != 0;
}

static void list(struct pen *p, const json_t *array, int depth)
{
	const json_t *v;
	size_t i;

	pen_text(p, "[");
	json_array_foreach(array, i, v)
	{
		pen_line(p, depth + 1);
		pen_text(p, is_compound(v) ? "(" : "");
		value(p, v, depth + 1);
		pen_text(p, is_compound(v) ? ")" : "");
	}
	pen_line(p, depth);
	pen_text(p, "]");
}

static void short_list(struct pen *p, const json_t *array, int depth)
{
	pen_text(p, "[ ");
	value(p, json_array_get(array, 0), depth);
	pen_text(p, " ]");
}

static void value(struct pen *p, const json_t *v, int depth)
{
	if (lone_reference(v))
		pen_text(p, lone_reference(v));
	else if (is_string(v))
		string(p, v, depth);
	else if (json_is_object(v) && json_object_size(v) == 0)
		pen_text(p, "{ }");
	else if (json_is_object(v))
		set(p, v, depth);
	else if (json_is_array(v) && json_array_size(v) == 0)
		pen_text(p, "[ ]");
	else if (json_is_array(v) && is_short(v))
		short_list(p, v, depth);
	else if (json_is_array(v))
		list(p, v, depth);
	else if (json_is_integer(v) && json_integer_value(v) == INT64_MIN)
		pen_text(p, "-9223372036854775807 - 1"); /* Nix reads the number before its sign */
	else
		pen_scalar(p, v);
}

bool print_nix(const json_t *tree, int depth, struct buf *out, struct err *e)
{
	struct pen p = {.out = out, .err = e};

	value(&p, tree, depth);
	return !p.full;
}
