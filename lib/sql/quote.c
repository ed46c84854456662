#include "sql/token.h"

#include <stdlib.h>
#include <string.h>

/* What has to be quoted to be a name: keywords of PostgreSQL 14 to 19 that are not unreserved. */
static const char keywords[] =
    " all analyse analyze and any array as asc asymmetric authorization between bigint "
    "binary bit boolean both case cast char character check coalesce collate collation "
    "column concurrently constraint create cross current_catalog current_date "
    "current_role current_schema current_time current_timestamp current_user dec decimal "
    "default deferrable desc distinct do else end except exists extract false fetch "
    "float for foreign freeze from full grant graph_table greatest group grouping having "
    "ilike in initially inner inout int integer intersect interval into is isnull join "
    "json json_array json_arrayagg json_exists json_object json_objectagg json_query "
    "json_scalar json_serialize json_table json_value lateral leading least left like "
    "limit localtime localtimestamp merge_action national natural nchar none normalize "
    "not notnull null nullif numeric offset on only or order out outer overlaps overlay "
    "placing position precision primary real references returning right row select "
    "session_user setof similar smallint some substring symmetric system_user table "
    "tablesample then time timestamp to trailing treat trim true union unique user using "
    "values varchar variadic verbose when where window with xmlattributes xmlconcat "
    "xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot xmlserialize "
    "xmltable ";

static bool is_keyword(const char *word)
{
	CLEANUP(freep) char *spaced = xasprintf(" %s ", word);

	return strstr(keywords, spaced);
}

static bool is_plain(const char *name)
{
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");

	return len > 0 && name[len] == '\0' && (name[0] < '0' || name[0] > '9') &&
	       !is_keyword(name);
}

/* text in quotes, each of them doubled inside. */
static char *quoted(const char *text, char quote)
{
	char *out = xcalloc(1, 2 * strlen(text) + 3), *to = out;

	*to++ = quote;
	for (; *text != '\0'; text++) {
		if (*text == quote)
			*to++ = quote;
		*to++ = *text;
	}
	*to = quote;
	return out;
}

char *sql_quote_ident(const char *name)
{
	return is_plain(name) ? xstrdup(name) : quoted(name, '"');
}

/* With standard_conforming_strings on a backslash is itself; E'' would not help where it is off. */
char *sql_quote_literal(const char *text)
{
	return quoted(text, '\'');
}

static char *unquote(const char *p, size_t len, char quote)
{
	char *out = xcalloc(1, len + 1), *to = out;

	for (size_t i = 1; i + 1 < len; i++) {
		*to++ = p[i];
		if (p[i] == quote && p[i + 1] == quote)
			i++;
	}
	return out;
}

static char *utf8(char *to, unsigned long c)
{
	if (c < 0x80) {
		*to++ = (char)c;
	} else if (c < 0x800) {
		*to++ = (char)(0xC0 | c >> 6);
		*to++ = (char)(0x80 | (c & 63));
	} else if (c < 0x10000) {
		*to++ = (char)(0xE0 | c >> 12);
		*to++ = (char)(0x80 | (c >> 6 & 63));
		*to++ = (char)(0x80 | (c & 63));
	} else {
		*to++ = (char)(0xF0 | (c >> 18 & 7));
		*to++ = (char)(0x80 | (c >> 12 & 63));
		*to++ = (char)(0x80 | (c >> 6 & 63));
		*to++ = (char)(0x80 | (c & 63));
	}
	return to;
}

/* Up to max digits from *p on, in base 8 or 16. */
static unsigned long digits(const char **p, const char *end, size_t max, int base)
{
	char text[9] = {0};
	size_t n = 0;

	while (n < max && *p + n < end && strchr("0123456789abcdefABCDEF", (*p)[n]) &&
	       (base == 16 || ((*p)[n] >= '0' && (*p)[n] <= '7'))) {
		text[n] = (*p)[n];
		n++;
	}
	*p += n;
	return strtoul(text, NULL, base);
}

/* One escape behind its backslash (PostgreSQL manual, 4.1.2.2). */
static char *escape(char *to, const char **p, const char *end)
{
	static const char named[] = "b\bf\fn\nr\rt\t";
	char c = *(*p)++;
	const char *found = memchr(named, c, sizeof named - 1);

	if (found && (found - named) % 2 == 0) {
		*to++ = found[1];
		return to;
	}
	if (c >= '0' && c <= '7') {
		--*p;
		*to++ = (char)digits(p, end, 3, 8);
		return to;
	}
	if (c == 'x') {
		*to++ = (char)digits(p, end, 2, 16);
		return to;
	}
	if (c == 'u' || c == 'U')
		return utf8(to, digits(p, end, c == 'u' ? 4 : 8, 16));
	*to++ = c;
	return to;
}

static char *unescape(const char *p, size_t len)
{
	const char *end = p + len - 1; /* its closing quote */
	char *out = xcalloc(1, len + 4), *to = out;

	for (p += 2; p < end;) {
		if (*p == '\'') {
			*to++ = *p;
			p += 2;
		} else if (*p != '\\') {
			*to++ = *p++;
		} else if (++p < end) {
			to = escape(to, &p, end);
		}
	}
	return out;
}

static char *undollar(const char *p, size_t len)
{
	size_t tag = (size_t)((const char *)memchr(p + 1, '$', len - 1) - p) + 1;

	return len < 2 * tag ? xstrndup("", 0) : xstrndup(p + tag, len - 2 * tag);
}

static char *folded(const char *p, size_t len)
{
	char *out = xstrndup(p, len);

	for (char *c = out; *c != '\0'; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c + 32);
	return out;
}

char *sql_value(const struct sql_token *t)
{
	switch (t->kind) {
	case SQL_WORD:
		return folded(t->text, t->len);
	case SQL_QUOTED:
		return unquote(t->text, t->len, '"');
	case SQL_STRING:
		if (*t->text == '\'')
			return unquote(t->text, t->len, '\'');
		if (*t->text == '$')
			return undollar(t->text, t->len);
		return unescape(t->text, t->len);
	default:
		return NULL;
	}
}
