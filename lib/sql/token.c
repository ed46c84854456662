#include "sql/token.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
	       (unsigned char)c >= 0x80;
}

static bool starts(const struct sql_scan *s, const char *what)
{
	size_t len = strlen(what);

	return (size_t)(s->end - s->p) >= len && memcmp(s->p, what, len) == 0;
}

static void skip_block(struct sql_scan *s)
{
	unsigned depth = 0;

	do {
		if (starts(s, "/*")) {
			depth++;
			s->p += 2;
		} else if (starts(s, "*/")) {
			depth--;
			s->p += 2;
		} else {
			s->p++;
		}
	} while (depth > 0 && s->p < s->end);
}

static void skip_space(struct sql_scan *s)
{
	while (s->p < s->end) {
		if (is_space(*s->p)) {
			s->p++;
		} else if (starts(s, "--")) {
			while (s->p < s->end && *s->p != '\n' && *s->p != '\r')
				s->p++;
		} else if (starts(s, "/*")) {
			skip_block(s);
		} else {
			return;
		}
	}
}

/* Behind the closing quote of what opens at p, or end. */
static const char *skip_quoted(const char *p, const char *end, char quote, bool escapes)
{
	for (p++; p < end; p++) {
		if (escapes && *p == '\\' && p + 1 < end)
			p++;
		else if (*p == quote && p + 1 < end && p[1] == quote)
			p++;
		else if (*p == quote)
			return p + 1;
	}
	return end;
}

/* The length of the "$tag$" at p, or 0. */
static size_t dollar_tag(const char *p, const char *end)
{
	const char *q = p + 1;

	if (q < end && is_digit(*q))
		return 0;
	while (q < end && (is_letter(*q) || is_digit(*q)))
		q++;
	return q < end && *q == '$' ? (size_t)(q + 1 - p) : 0;
}

static const char *skip_dollar(const char *p, const char *end, size_t tag)
{
	const char *close = memmem(p + tag, (size_t)(end - p) - tag, p, tag);

	return close ? close + tag : end;
}

static const char *skip_number(const char *p, const char *end)
{
	while (p < end && (is_digit(*p) || *p == '.'))
		p++;
	if (p < end && (*p == 'e' || *p == 'E')) {
		const char *q = p + 1;

		if (q < end && (*q == '+' || *q == '-'))
			q++;
		if (q < end && is_digit(*q))
			for (p = q; p < end && is_digit(*p);)
				p++;
	}
	return p;
}

struct sql_token sql_next(struct sql_scan *s)
{
	struct sql_token t = {.kind = SQL_END};
	const char *p, *end = s->end;
	size_t tag;

	skip_space(s);
	t.text = p = s->p;
	if (p == end)
		return t;
	if (*p == '\'') {
		t.kind = SQL_STRING;
		s->p = skip_quoted(p, end, '\'', false);
	} else if ((*p == 'E' || *p == 'e') && p + 1 < end && p[1] == '\'') {
		t.kind = SQL_STRING;
		s->p = skip_quoted(p + 1, end, '\'', true);
	} else if (*p == '"') {
		t.kind = SQL_QUOTED;
		s->p = skip_quoted(p, end, '"', false);
	} else if (*p == '$' && (tag = dollar_tag(p, end)) > 0) {
		t.kind = SQL_STRING;
		s->p = skip_dollar(p, end, tag);
	} else if (is_letter(*p)) {
		t.kind = SQL_WORD;
		while (s->p < end && (is_letter(*s->p) || is_digit(*s->p) || *s->p == '$'))
			s->p++;
	} else if (is_digit(*p)) {
		t.kind = SQL_NUMBER;
		s->p = skip_number(p, end);
	} else {
		t.kind = SQL_OTHER;
		s->p++;
	}
	t.len = (size_t)(s->p - p);
	return t;
}

bool sql_is(const struct sql_token *t, const char *keyword)
{
	return t->kind == SQL_WORD && strlen(keyword) == t->len &&
	       strncasecmp(t->text, keyword, t->len) == 0;
}

bool sql_begins(const char *text, size_t len, const char *const words[])
{
	struct sql_scan scan = {text, text + len};

	for (; *words; words++) {
		struct sql_token t = sql_next(&scan);

		if (!sql_is(&t, *words))
			return false;
	}
	return true;
}

bool sql_is_char(const struct sql_token *t, char c)
{
	return t->kind == SQL_OTHER && *t->text == c;
}

bool sql_qualified(struct sql_scan *s, char **schema, char **name)
{
	struct sql_token first = sql_next(s), dot, second;
	struct sql_scan ahead = *s;

	*schema = *name = NULL;
	if (first.kind != SQL_WORD && first.kind != SQL_QUOTED)
		return false;
	dot = sql_next(&ahead);
	if (!sql_is_char(&dot, '.')) {
		*name = sql_value(&first);
		return true;
	}
	second = sql_next(&ahead);
	if (second.kind != SQL_WORD && second.kind != SQL_QUOTED)
		return false;
	*s = ahead;
	*schema = sql_value(&first);
	*name = sql_value(&second);
	return true;
}
