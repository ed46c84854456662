#include "sql/token.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The tokens of text as "kind:text " each. */
static void check_tokens(const char *text, const char *want)
{
	static const char kinds[] = "!wqsno";
	struct sql_scan scan = {text, text + strlen(text)};
	char got[500] = "";

	for (struct sql_token t = sql_next(&scan); t.kind != SQL_END; t = sql_next(&scan))
		snprintf(got + strlen(got), sizeof got - strlen(got), "%c:%.*s ", kinds[t.kind],
			 (int)t.len, t.text);
	cr_expect_str_eq(got, want, "%s gave %s", text, got);
}

Test(sql_token, words_of_a_statement)
{
	check_tokens("", "");
	check_tokens(" \n-- c", "");
	check_tokens("SELECT/* a /* b */ */ 1.5e-3x;", "w:SELECT n:1.5e-3 w:x o:; ");
	check_tokens("a.\"b\"\"c\" = 'd''e' -- f\n+E'\\''",
		     "w:a o:. q:\"b\"\"c\" o:= s:'d''e' o:+ s:E'\\'' ");
	check_tokens("$a$ b $ $$ $a$$1 a$b$", "s:$a$ b $ $$ $a$ o:$ n:1 w:a$b$ ");
	check_tokens("-5 1e name'x'", "o:- n:5 n:1 w:e w:name s:'x' ");
	check_tokens("a -- b\rc -- d\r\ne", "w:a w:c w:e ");
	check_tokens("\xc3\xbc_1", "w:\xc3\xbc_1 ");
}

Test(sql_token, an_unfinished_token_ends_with_its_text)
{
	check_tokens("'a", "s:'a ");
	check_tokens("e'a\\", "s:e'a\\ ");
	check_tokens("\"", "q:\" ");
	check_tokens("$a$b", "s:$a$b ");
	check_tokens("/* a", "");
	check_tokens("/", "o:/ ");
}

static void check_value(const char *text, const char *want)
{
	/* Memory of its own without a NUL behind, so that a read past the end is found. */
	size_t len = strlen(text);
	CLEANUP(freep) char *copy = memcpy(xcalloc(len, 1), text, len);
	struct sql_scan scan = {copy, copy + len};
	struct sql_token t = sql_next(&scan);
	CLEANUP(freep) char *value = sql_value(&t);

	if (want)
		cr_expect(value && strcmp(value, want) == 0, "%s gave %s", text, value);
	else
		cr_expect_null(value, "%s gave %s", text, value);
}

Test(sql_token, values_are_unquoted)
{
	check_value("Abc_1", "abc_1");
	check_value("\"A\"\"b\"", "A\"b");
	check_value("'it''s\\n'", "it's\\n");
	check_value("E'\\b\\f\\n\\r\\t\\\\\\'\\q'''", "\b\f\n\r\t\\'q'");
	check_value("e'\\101\\x42\\u00fc\\U0001F600\\u20ac'",
		    "AB\xc3\xbc\xf0\x9f\x98\x80\xe2\x82\xac");
	check_value("$$a'b$$", "a'b");
	check_value("$x$a$$b$x$", "a$$b");
	check_value("12", NULL);
	check_value(";", NULL);
}

Test(sql_token, values_of_unfinished_tokens_stay_in_bounds)
{
	static const char *const texts[] = {"'",      "'a",   "e'",  "E'\\",  "E'\\x", "E'a\\1",
					    "E'\\u1", "\"",   "\"a", "$$",    "$a$",   "$a$b",
					    "$a$b$a", "E'''", "'''", "E'\\''"};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		size_t len = strlen(texts[i]);
		char *copy = memcpy(xcalloc(len, 1), texts[i], len);
		struct sql_scan scan = {copy, copy + len};
		struct sql_token t = sql_next(&scan);
		char *value = sql_value(&t);

		cr_expect(value && strlen(value) <= len, "%s", texts[i]);
		free(value);
		free(copy);
	}
}

Test(sql_token, keywords_match_in_any_case_and_whole)
{
	const char *text = "Copy copyx \"copy\"";
	struct sql_scan scan = {text, text + strlen(text)};
	struct sql_token bare = sql_next(&scan), longer = sql_next(&scan), quoted = sql_next(&scan);

	cr_expect(sql_is(&bare, "copy"));
	cr_expect_not(sql_is(&bare, "cop"));
	cr_expect_not(sql_is(&longer, "copy"));
	cr_expect_not(sql_is(&quoted, "copy"));
}

static void check_ident(const char *name, const char *want)
{
	CLEANUP(freep) char *got = sql_quote_ident(name);

	cr_expect_str_eq(got, want);
}

Test(sql_token, identifiers_are_quoted_when_they_have_to_be)
{
	check_ident("assets", "assets");
	check_ident("_a1", "_a1");
	check_ident("1a", "\"1a\"");
	check_ident("", "\"\"");
	check_ident("Assets", "\"Assets\"");
	check_ident("a\"b", "\"a\"\"b\"");
	check_ident("order", "\"order\"");
	check_ident("all", "\"all\"");
	check_ident("xmltable", "\"xmltable\"");
	check_ident("ll", "ll");
	check_ident("a b", "\"a b\"");
	check_ident("\xc3\xbc", "\"\xc3\xbc\"");
}

Test(sql_token, quoting_is_undone_by_reading)
{
	static const char *const texts[] = {"",       "a",    "A b", "'",  "\"",
					    "''\"\"", "a\nb", "\\",  "$$", "\xc3\xbc"};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		CLEANUP(freep) char *ident = sql_quote_ident(texts[i]);
		CLEANUP(freep) char *literal = sql_quote_literal(texts[i]);

		check_value(ident, texts[i]);
		check_value(literal, texts[i]);
	}
}

static void check_qualified(const char *text, const char *schema, const char *name,
			    const char *next)
{
	struct sql_scan scan = {text, text + strlen(text)};
	struct sql_token t;
	char *s, *n;

	cr_assert(sql_qualified(&scan, &s, &n), "%s", text);
	if (schema)
		cr_expect(s && strcmp(s, schema) == 0, "%s gave %s", text, s);
	else
		cr_expect_null(s);
	cr_expect_str_eq(n, name);
	t = sql_next(&scan);
	cr_expect(strlen(next) == t.len && memcmp(t.text, next, t.len) == 0, "%s", text);
	free(s);
	free(n);
}

Test(sql_token, qualified_names)
{
	static const char number[] = "1", literal[] = "a.'b'";
	struct sql_scan scan = {number, number + 1};
	char *s, *n;

	check_qualified("public.T x", "public", "t", "x");
	check_qualified("\"a.b\" . \"c\"\"\nd\"(", "a.b", "c\"\nd", "(");
	check_qualified("t (a.b)", NULL, "t", "(");
	check_qualified("t", NULL, "t", "");
	cr_expect_not(sql_qualified(&scan, &s, &n));
	cr_expect(!s && !n);
	scan = (struct sql_scan){literal, literal + 5};
	cr_expect_not(sql_qualified(&scan, &s, &n));
	cr_expect(!s && !n);
}
