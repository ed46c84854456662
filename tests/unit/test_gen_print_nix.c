#include "test_gen_print.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

static bool nix(const json_t *tree, struct buf *out, struct err *e)
{
	return print_nix(tree, 0, out, e);
}

static bool nix_at_2(const json_t *tree, struct buf *out, struct err *e)
{
	return print_nix(tree, 2, out, e);
}

Test(gen_print_nix, sets_and_lists_have_one_item_a_line)
{
	static const char json[] =
	    "{'a': {'b': [1, 'x', {'c': null, 'g': 1}, [true]]}, 'd': {}, 'e': [],"
	    " 'f': [{}, []]}";

	prints(nix, json,
	       "{\n"
	       "  a.b = [\n"
	       "    1\n"
	       "    \"x\"\n"
	       "    {\n"
	       "      c = null;\n"
	       "      g = 1;\n"
	       "    }\n"
	       "    [\n"
	       "      true\n"
	       "    ]\n"
	       "  ];\n"
	       "  d = { };\n"
	       "  e = [ ];\n"
	       "  f = [\n"
	       "    { }\n"
	       "    [ ]\n"
	       "  ];\n"
	       "}");
	prints(nix, "{}", "{ }");
	prints(nix, "[]", "[ ]");
}

Test(gen_print_nix, a_set_of_one_is_a_path)
{
	prints(nix,
	       "{'a': {'b.c': {'d': {'e': 1, 'f': {}}}}, 'g': {'h': {}}, 'i': {'j': [{'k': 1}]},"
	       " 'l': {'m': {'n': {'o': {'p': 1}}}}}",
	       "{\n"
	       "  a.\"b.c\".d = {\n"
	       "    e = 1;\n"
	       "    f = { };\n"
	       "  };\n"
	       "  g.h = { };\n"
	       "  i.j = [\n"
	       "    {\n"
	       "      k = 1;\n"
	       "    }\n"
	       "  ];\n"
	       "  l.m.n = {\n"
	       "    o.p = 1;\n"
	       "  };\n"
	       "}");
}

Test(gen_print_nix, one_short_string_stays_on_the_line_of_its_list)
{
	prints(nix,
	       "{'a': ['ALL'], 'b': ['123456789012345678901234567890'],"
	       " 'c': ['1234567890123456789012345678901'], 'd': ['x\\ny\\n'], 'e': [1]}",
	       "{\n"
	       "  a = [ \"ALL\" ];\n"
	       "  b = [ \"123456789012345678901234567890\" ];\n"
	       "  c = [\n"
	       "    \"1234567890123456789012345678901\"\n"
	       "  ];\n"
	       "  d = [\n"
	       "    ''\n"
	       "      x\n"
	       "      y\n"
	       "    ''\n"
	       "  ];\n"
	       "  e = [\n"
	       "    1\n"
	       "  ];\n"
	       "}");
}

Test(gen_print_nix, depth_indents_all_lines_but_the_first)
{
	prints(nix_at_2, "{'a': ['x\\ny\\n']}",
	       "{\n"
	       "      a = [\n"
	       "        ''\n"
	       "          x\n"
	       "          y\n"
	       "        ''\n"
	       "      ];\n"
	       "    }");
}

Test(gen_print_nix, numbers_are_in_parentheses_where_they_would_subtract)
{
	prints(nix,
	       "{'a': -1, 'b': [-1, -0.5, -0.0, 1], 'c': -9223372036854775808,"
	       " 'd': [-9223372036854775808, 9223372036854775807], 'e': 1e100}",
	       "{\n"
	       "  a = -1;\n"
	       "  b = [\n"
	       "    (-1)\n"
	       "    (-0.5)\n"
	       "    (-0.0)\n"
	       "    1\n"
	       "  ];\n"
	       "  c = -9223372036854775807 - 1;\n"
	       "  d = [\n"
	       "    (-9223372036854775807 - 1)\n"
	       "    9223372036854775807\n"
	       "  ];\n"
	       "  e = 1.0e+100;\n"
	       "}");
}

Test(gen_print_nix, names_that_are_no_identifiers_are_quoted)
{
	static const char *const bare[] = {"a", "_", "a-b", "a'", "A1_", "null", "true", "orb"};
	static const char *const quoted[] = {"",    "1",    "-a",  "'",       "a.b",    "a b",
					     "a/b", "é",    "if",  "then",    "else",   "let",
					     "in",  "with", "rec", "inherit", "assert", "or"};

	for (size_t i = 0; i < COUNT(bare) + COUNT(quoted); i++) {
		bool quote = i >= COUNT(bare);
		const char *name = quote ? quoted[i - COUNT(bare)] : bare[i];
		CLEANUP(tree_freep) json_t *tree = json_pack("{s:i}", name, 1);
		CLEANUP(freep)
		char *expected = xasprintf(quote ? "{\n  \"%s\" = 1;\n}" : "{\n  %s = 1;\n}", name);
		prints_tree(nix, tree, expected);
	}
	prints(nix, "{'${a}\\n\\\\': 1}", "{\n  \"\\${a}\\n\\\\\" = 1;\n}");
}

Test(gen_print_nix, quoted_strings_escape_what_nix_would_read)
{
	static const char *const rows[][2] = {
	    {"", "\"\""},
	    {"\"\\", "\"\\\"\\\\\""},
	    {"\n\r\t", "\"\\n\\r\\t\""},
	    {"$", "\"$\""},
	    {"$x {", "\"$x {\""},
	    {"${x}", "\"\\${x}\""},
	    {"$${x}", "\"$\\${x}\""},
	    {"$$${", "\"$$\\${\""},
	    {"'' ''' ''${", "\"'' ''' ''\\${\""},
	    {"\x01\x7f\xc2\x85\u2028\ufeff\U0001f600",
	     "\"\x01\x7f\xc2\x85\u2028\ufeff\U0001f600\""},
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		prints_string(nix, rows[i][0], rows[i][1]);
}

Test(gen_print_nix, several_lines_of_ordinary_text_are_an_indented_string)
{
	static const char *const rows[][2] = {
	    {"a\nb\n", "''\n  a\n  b\n''"},
	    {"a\nb", "''\n  a\n  b''"},
	    {"a\n\n\n  b\tc\n", "''\n  a\n\n\n    b\tc\n''"},
	    {"\"\\n\n\\", "''\n  \"\\n\n  \\''"},
	    {"${x}\n$x\n", "''\n  ''${x}\n  $x\n''"},
	    {"$${x}\n$$\n", "''\n  $''${x}\n  $$\n''"},
	    {"a\n$", "''\n  a\n  $''"},
	    {"it's\n'$x'\n", "''\n  it's\n  '$x'\n''"},
	    {"''\n'''\n''''\n", "''\n  '''\n  ''''\n  ''''''\n''"},
	    {"'${x}\n''${x}\n", "''\n  ''\\'''${x}\n  '''''${x}\n''"},
	    {"a\n'", "''\n  a\n  ''\\'''"},
	    {"a\n''", "''\n  a\n  '''''"},
	    {"a\n$''$\n", "''\n  a\n  $'''$\n''"},
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		prints_string(nix, rows[i][0], rows[i][1]);
}

Test(gen_print_nix, lines_that_an_indented_string_would_change_are_quoted)
{
	static const char *const rows[][2] = {
	    {"a\n", "\"a\\n\""},
	    {"\na\nb", "\"\\na\\nb\""},
	    {" a\n b\n", "\" a\\n b\\n\""},
	    {"a\n\tb", "\"a\\n\\tb\""},
	    {"a \nb", "\"a \\nb\""},
	    {"a\n \nb", "\"a\\n \\nb\""},
	    {"a\nb ", "\"a\\nb \""},
	    {"a\nb\n\n", "\"a\\nb\\n\\n\""},
	    {"a\r\nb\r\n", "\"a\\r\\nb\\r\\n\""},
	    {"a\nb\x01", "\"a\\nb\x01\""},
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		prints_string(nix, rows[i][0], rows[i][1]);
}

#define REFERENCE "{'nix': 'a.b', 'value': 'v'}"
#define CALL "{'nix': 'f \\'x\\' a.b', 'value': 'v'}"
#define PARTS(list) "{'$parts': [" list "]}"

Test(gen_print_nix, references_are_expressions_in_parentheses_only_where_a_list_needs_them)
{
	prints(nix,
	       "{'a': " PARTS(REFERENCE) ", 'b': " PARTS(CALL) ", 'c': [" PARTS(
		   REFERENCE) ", " PARTS(CALL) ", " PARTS("'x', " CALL) "]}",
	       "{\n"
	       "  a = a.b;\n"
	       "  b = f \"x\" a.b;\n"
	       "  c = [\n"
	       "    a.b\n"
	       "    (f \"x\" a.b)\n"
	       "    \"x${f \"x\" a.b}\"\n"
	       "  ];\n"
	       "}");
	prints(nix, PARTS(REFERENCE), "a.b");
}

Test(gen_print_nix, references_within_text_are_told_from_it)
{
	static const char *const rows[][2] = {
	    {PARTS("'http://', " REFERENCE ", ':9000'"), "\"http://${a.b}:9000\""},
	    {PARTS(REFERENCE ", " REFERENCE), "\"${a.b}${a.b}\""},
	    {PARTS("'$', " REFERENCE ", '$'"), "\"\\$${a.b}$\""},
	    {PARTS("'$$', " REFERENCE ", '{'"), "\"$\\$${a.b}{\""},
	    {PARTS("'${', " REFERENCE ", '}'"), "\"\\${${a.b}}\""},
	    {PARTS("'x\\n', " REFERENCE ", '\\n'"), "''\n  x\n  ${a.b}\n''"},
	    {PARTS(REFERENCE ", '\\n\\n y', " REFERENCE ", '\\n'"),
	     "''\n  ${a.b}\n\n   y${a.b}\n''"},
	    {PARTS("'x\\n$', " REFERENCE ", '$\\n'"), "''\n  x\n  ''$${a.b}$\n''"},
	    {PARTS("'x\\n`', " REFERENCE ", '`\\n'"), "''\n  x\n  '${a.b}'\n''"},
	    {PARTS("'x\\n`$', " REFERENCE ", '\\n'"), "''\n  x\n  ''\\'''$${a.b}\n''"},
	    {PARTS("'x\\n``', " REFERENCE ", '\\n'"), "''\n  x\n  '''${a.b}\n''"},
	    {PARTS("'x\\n', " REFERENCE), "\"x\\n${a.b}\""},
	    {PARTS("'x\\n', " REFERENCE ", '\\ny'"), "\"x\\n${a.b}\\ny\""},
	    {PARTS("'x\\n ', " REFERENCE ", ' \\n'"), "\"x\\n ${a.b} \\n\""},
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		prints(nix, rows[i][0], rows[i][1]);
}

/* A binding whose line is as long as it may be, and one that is longer by one: the value of that
 * one moves, or stays nevertheless. Quotes around the name or the value are the printer's. */
static void fits(const char *name, const char *before, const char *after, bool moves)
{
	size_t have = text_width(name) + strlen(" = ;") + strlen(before) + strlen(after);
	size_t quote = *name == '"', text_quote = *before == '"';
	CLEANUP(freep) char *key = xstrndup(name + quote, strlen(name) - 2 * quote);

	for (size_t more = 0; more <= 1; more++) {
		char fill[101] = {0};

		memset(fill, 'x', 100 - have + more);
		CLEANUP(freep) char *value = xasprintf("%s%s%s", before, fill, after);
		CLEANUP(freep)
		char *expected = xasprintf("{\n  %s =%s%s;\n}", name,
					   moves && more == 1 ? "\n    " : " ", value);
		CLEANUP(tree_freep)
		json_t *string = text_quote ? json_stringn(value + 1, strlen(value) - 2)
					    : tree_string(&(struct part){value, "v"}, 1);
		CLEANUP(tree_freep) json_t *tree = json_pack("{s:O}", key, string);
		prints_tree(nix, tree, expected);
	}
}

Test(gen_print_nix, what_nixfmt_moves_to_the_next_line_is_there)
{
	fits("a", "\"", "\"", false);
	fits("a", "f b.", "", false);
	fits("a", "b.", "", true);
	fits("\"a.b\"", "\"", "\"", true);
	fits("\"a.b\"", "f b.", "", true);
	fits("\"a.b\"", "b.", "", true);
	fits("\"é\"", "\"", "\"", true);
}

Test(gen_print_nix, what_opens_behind_a_long_quoted_name_moves_as_a_whole)
{
	char name[101] = {0};
	CLEANUP(freep) char *json = NULL, *expected = NULL;

	memset(name, 'x', 95);
	name[1] = '.';
	json = xasprintf("{'%s': {'b': [1], 'c': 2}, '%.94s': {}, '%.93s': {'b': 1, 'c': 2}}", name,
			 name, name);
	expected = xasprintf("{\n"
			     "  \"%s\" =\n"
			     "    {\n"
			     "      b = [\n"
			     "        1\n"
			     "      ];\n"
			     "      c = 2;\n"
			     "    };\n"
			     "  \"%.94s\" =\n"
			     "    { };\n"
			     "  \"%.93s\" = {\n"
			     "    b = 1;\n"
			     "    c = 2;\n"
			     "  };\n"
			     "}",
			     name, name, name);
	prints(nix, json, expected);
}

Test(gen_print_nix, what_opens_behind_a_long_identifier_stays)
{
	char name[101] = {0};
	CLEANUP(freep) char *json = NULL, *expected = NULL;

	memset(name, 'x', 100);
	json = xasprintf(
	    "{'a%s': {'b': 1, 'c': 2}, 'b%s': [1], 'c%s': 'x\\ny\\n', 'd%s': {}, 'e%s': 1}", name,
	    name, name, name, name);
	expected = xasprintf("{\n"
			     "  a%s = {\n"
			     "    b = 1;\n"
			     "    c = 2;\n"
			     "  };\n"
			     "  b%s = [\n"
			     "    1\n"
			     "  ];\n"
			     "  c%s = ''\n"
			     "    x\n"
			     "    y\n"
			     "  '';\n"
			     "  d%s =\n"
			     "    { };\n"
			     "  e%s =\n"
			     "    1;\n"
			     "}",
			     name, name, name, name, name);
	prints(nix, json, expected);
}

Test(gen_print_nix, a_full_buffer_is_told)
{
	fails_when_full(nix, "{'a': [1, -1, 'yes', {'b.c': 'x\\ny\\n'}], 'd': {},"
			     " 'e': " PARTS("'x', " CALL) "}");
}
