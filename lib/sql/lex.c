#include "sql/lex.h"

#include <string.h>

/* psqlscan's ident_start: every byte of a multibyte character counts as a letter. */
static bool is_letter(char c)
{
	unsigned char u = (unsigned char)c;

	return (unsigned)((u | 32) - 'a') < 26 || u == '_' || u >= 0x80;
}

static bool is_digit(char c)
{
	return (unsigned char)(c - '0') < 10;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

void lex_reset(struct lex *l)
{
	bool plain_escapes = l->plain_escapes;

	memset(l, 0, sizeof *l);
	l->plain_escapes = plain_escapes;
}

static bool word_is(const struct lex *l, const char *keyword)
{
	return l->word_len == strlen(keyword) && memcmp(l->word, keyword, l->word_len) == 0;
}

static void word_add(struct lex *l, char c)
{
	if (l->word_len < sizeof l->word)
		l->word[l->word_len] = lower(c);
	l->word_len++;
}

/* Does the statement begin with CREATE [OR REPLACE] {FUNCTION|PROCEDURE}? */
static bool may_have_body(const struct lex *l)
{
	const char *h = l->heads;

	if (h[0] == 'c' && h[1] == 'o' && h[2] == 'r')
		return h[3] == 'f' || h[3] == 'p';
	return h[0] == 'c' && (h[1] == 'f' || h[1] == 'p');
}

/* Outside of parentheses. CASE and END are nobody's name: PostgreSQL reserves them. */
static void word_of_function(struct lex *l)
{
	bool begin = word_is(l, "begin");

	if (begin || (l->psql_begins > 0 && word_is(l, "case")))
		l->psql_begins++;
	else if (l->psql_begins > 0 && word_is(l, "end"))
		l->psql_begins--;

	if (l->begins == 0 ? l->begin && word_is(l, "atomic") : word_is(l, "case"))
		l->begins++;
	else if (l->begins > 0 && word_is(l, "end"))
		l->begins--;
	l->begin = begin;
}

static void word_ends(struct lex *l)
{
	static const char *const heads[] = {"create", "or", "replace", "function", "procedure"};

	for (size_t i = 0; l->words < sizeof l->heads && i < sizeof heads / sizeof *heads; i++)
		if (word_is(l, heads[i]))
			l->heads[l->words] = l->word[0];
	if (l->words == 0)
		l->copy = word_is(l, "copy");
	l->words++;

	if (l->parens == 0 && may_have_body(l))
		word_of_function(l);
	if (l->copy && l->parens == 0) {
		l->copy_in |= l->from && word_is(l, "stdin");
		l->from = word_is(l, "from");
	}
	l->state = LEX_TEXT;
}

static void token(struct lex *l)
{
	l->any = true;
	l->from = l->begin = false;
}

static enum lex_event punctuation(struct lex *l, char c)
{
	token(l);
	switch (c) {
	case '"':
		l->state = LEX_IDENTIFIER;
		break;
	case '$':
		l->state = LEX_DOLLAR;
		l->tag[0] = '$';
		l->tag_len = 1;
		break;
	case '(':
		l->parens++;
		break;
	case ')':
		l->parens -= l->parens > 0;
		break;
	case ';':
		return l->parens == 0 && l->begins == 0 ? LEX_STATEMENT : LEX_MORE;
	}
	return LEX_MORE;
}

static enum lex_event in_text(struct lex *l, const char **p, const char *end)
{
	while (*p < end && l->state == LEX_TEXT) {
		char c = *(*p)++;

		if (is_letter(c)) {
			l->any = true;
			l->state = LEX_WORD;
			l->word_len = 0;
			word_add(l, c);
		} else if (c == ' ' || (c >= '\t' && c <= '\r')) {
			continue;
		} else if (is_digit(c)) {
			token(l);
			l->state = LEX_NUMBER;
		} else if (c == '\'') {
			token(l);
			l->state = l->plain_escapes ? LEX_ESCAPE : LEX_QUOTE;
		} else if (c == '-') {
			l->state = LEX_DASH;
		} else if (c == '/') {
			l->state = LEX_SLASH;
		} else if (c == '\\') {
			return LEX_BACKSLASH;
		} else if (punctuation(l, c) == LEX_STATEMENT) {
			return LEX_STATEMENT;
		}
	}
	return LEX_MORE;
}

static void in_word(struct lex *l, const char **p, const char *end)
{
	const char *q = *p;

	for (; q < end && (is_letter(*q) || is_digit(*q) || *q == '$'); q++)
		word_add(l, *q);
	*p = q;
	if (q == end)
		return;
	/* E'', B'', X'' and N'' are strings, no words. */
	if (*q == '\'' && l->word_len == 1 && strchr("ebxn", l->word[0])) {
		bool escapes = l->word[0] == 'e' || (l->word[0] == 'n' && l->plain_escapes);

		++*p;
		token(l);
		l->state = escapes ? LEX_ESCAPE : LEX_QUOTE;
		return;
	}
	word_ends(l);
}

/* Letters right behind a number are part of it, and a "$" behind them. */
static void in_number(struct lex *l, const char **p, const char *end)
{
	for (; *p < end; ++*p) {
		if (is_letter(**p))
			l->state = LEX_JUNK;
		else if (!is_digit(**p) && (**p != '$' || l->state == LEX_NUMBER))
			break;
	}
	if (*p < end)
		l->state = LEX_TEXT;
}

static enum lex_event after_dash(struct lex *l, const char **p)
{
	l->state = LEX_TEXT;
	if (**p != '-') {
		token(l);
		return LEX_MORE;
	}
	++*p;
	l->state = LEX_LINE;
	return l->any ? LEX_MORE : LEX_COMMENT;
}

/* A carriage return ends it too, for psql and for the server. */
static void in_comment(struct lex *l, const char **p, const char *end)
{
	while (*p < end && l->state == LEX_LINE) {
		if (**p == '\n' || **p == '\r')
			l->state = LEX_TEXT;
		++*p;
	}
}

static void after_slash(struct lex *l, const char **p)
{
	l->state = LEX_TEXT;
	if (**p != '*') {
		token(l);
		return;
	}
	++*p;
	l->state = LEX_BLOCK;
	l->comments = 1;
}

static enum lex_event in_block(struct lex *l, const char **p, const char *end)
{
	while (*p < end) {
		char c = *(*p)++;

		if (c == '/' && l->state == LEX_BLOCK_STAR) {
			l->state = LEX_BLOCK;
			if (--l->comments == 0) {
				l->state = LEX_TEXT;
				return l->any ? LEX_MORE : LEX_NOTHING;
			}
		} else if (c == '*' && l->state == LEX_BLOCK_SLASH) {
			l->state = LEX_BLOCK;
			l->comments++;
		} else {
			l->state = c == '*'   ? LEX_BLOCK_STAR
				   : c == '/' ? LEX_BLOCK_SLASH
					      : LEX_BLOCK;
		}
	}
	return LEX_MORE;
}

/* Go on behind the next c; false when there is none. */
static bool skip_to(const char **p, const char *end, char c)
{
	const char *q = memchr(*p, c, (size_t)(end - *p));

	*p = q ? q + 1 : end;
	return q;
}

static void in_escape(struct lex *l, const char **p, const char *end)
{
	const char *q = *p;

	while (q < end && *q != '\'' && *q != '\\')
		q++;
	*p = q == end ? q : q + 1;
	if (q == end)
		return;
	l->state = *q == '\\' ? LEX_ESCAPED : LEX_CLOSED;
}

static enum lex_event in_dollar(struct lex *l, const char **p)
{
	char c = **p;

	if (c != '$' && !is_letter(c) && (!is_digit(c) || l->tag_len == 1)) {
		/* No dollar quote: "$" was an operator, and the rest is a word. */
		l->state = LEX_TEXT;
		if (l->tag_len > 1) {
			l->state = LEX_WORD;
			l->word_len = 0;
			for (size_t i = 1; i < l->tag_len; i++)
				word_add(l, l->tag[i]);
		}
		return LEX_MORE;
	}
	if (l->tag_len == sizeof l->tag)
		return LEX_BAD;
	l->tag[l->tag_len++] = c;
	++*p;
	if (c == '$') {
		l->state = LEX_BODY;
		l->matched = 0;
	}
	return LEX_MORE;
}

static void in_body(struct lex *l, const char **p, const char *end)
{
	while (*p < end) {
		if (l->matched == 0) {
			if (!skip_to(p, end, '$'))
				return;
			l->matched = 1;
			continue;
		}
		if (**p == l->tag[l->matched]) {
			++*p;
			if (++l->matched == l->tag_len) {
				l->state = LEX_TEXT;
				return;
			}
		} else {
			l->matched = 0; /* a "$" here may be the next one's first */
		}
	}
}

static enum lex_event step(struct lex *l, const char **p, const char *end)
{
	switch (l->state) {
	case LEX_TEXT:
		return in_text(l, p, end);
	case LEX_WORD:
		in_word(l, p, end);
		break;
	case LEX_NUMBER:
	case LEX_JUNK:
		in_number(l, p, end);
		break;
	case LEX_DASH:
		return after_dash(l, p);
	case LEX_SLASH:
		after_slash(l, p);
		break;
	case LEX_LINE:
		in_comment(l, p, end);
		break;
	case LEX_BLOCK:
	case LEX_BLOCK_STAR:
	case LEX_BLOCK_SLASH:
		return in_block(l, p, end);
	case LEX_QUOTE:
		if (skip_to(p, end, '\''))
			l->state = LEX_TEXT;
		break;
	case LEX_ESCAPE:
		in_escape(l, p, end);
		break;
	case LEX_ESCAPED:
		++*p;
		l->state = LEX_ESCAPE;
		break;
	case LEX_CLOSED:
		l->state = **p == '\'' ? LEX_ESCAPE : LEX_TEXT;
		*p += **p == '\'';
		break;
	case LEX_IDENTIFIER:
		if (skip_to(p, end, '"'))
			l->state = LEX_TEXT;
		break;
	case LEX_DOLLAR:
		return in_dollar(l, p);
	case LEX_BODY:
		in_body(l, p, end);
		break;
	}
	return LEX_MORE;
}

enum lex_event lex_run(struct lex *l, const char **p, const char *end)
{
	enum lex_event event = LEX_MORE;

	while (event == LEX_MORE && *p < end)
		event = step(l, p, end);
	return event;
}

const char *lex_inside(const struct lex *l)
{
	switch (l->state) {
	case LEX_BLOCK:
	case LEX_BLOCK_STAR:
	case LEX_BLOCK_SLASH:
		return "a comment";
	case LEX_QUOTE:
	case LEX_ESCAPE:
	case LEX_ESCAPED:
		return "a quoted string";
	case LEX_IDENTIFIER:
		return "a quoted identifier";
	case LEX_BODY:
		return "a dollar-quoted string";
	default:
		return l->parens > 0   ? "parentheses"
		       : l->begins > 0 ? "a function's body"
				       : "a statement";
	}
}
