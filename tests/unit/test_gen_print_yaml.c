#include "test_gen_print.h"

#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

Test(gen_print_yaml, lists_are_indented_under_their_key_and_what_is_in_them_is_compact)
{
	prints(print_yaml,
	       "{'spec': {'containers': [{'name': 'x', 'args': ['--a', '-b'], 'env': {}}, 'y'],"
	       " 'none': []}, 'deep': [[1, [2]], [{'a': {'b': null}}]]}",
	       "spec:\n"
	       "  containers:\n"
	       "    - name: x\n"
	       "      args:\n"
	       "        - --a\n"
	       "        - -b\n"
	       "      env: {}\n"
	       "    - \"y\"\n"
	       "  none: []\n"
	       "deep:\n"
	       "  - - 1\n"
	       "    - - 2\n"
	       "  - - a:\n"
	       "        b: null\n");
}

Test(gen_print_yaml, a_document_is_any_value)
{
	prints(print_yaml, "{}", "{}\n");
	prints(print_yaml, "[]", "[]\n");
	prints(print_yaml, "[true, false, null, -1, 0.5, 1e100]",
	       "- true\n- false\n- null\n- -1\n- 0.5\n- 1.0e+100\n");
	prints(print_yaml, "'x'", "x\n");
	prints(print_yaml, "'x\\n--- y\\n'", "|\n  x\n  --- y\n");
}

Test(gen_print_yaml, references_are_what_they_stand_for)
{
	prints(print_yaml,
	       "{'a': {'$parts': [{'nix': 'a.b', 'value': 'yes'}]},"
	       " 'b': {'$parts': ['h', {'nix': 'a.b', 'value': ': '}, 'x']}}",
	       "a: \"yes\"\nb: \"h: x\"\n");
}

Test(gen_print_yaml, ordinary_text_is_plain)
{
	static const char *const plain[] = {
	    "a",
	    "a b  c",
	    "30 2 * * *",
	    "512Mi",
	    "100m",
	    "10.0.0.0/8",
	    "sha256:0f",
	    "http://x:9000/y",
	    "kubernetes.io/name",
	    "/usr/bin",
	    "$(NAME)",
	    "--flag=1",
	    "-c",
	    "_",
	    "sum(x{a=\"b\"}) > 1, [5m]",
	    "it's",
	    "a#b",
	    "a\\d",
	    "São Paulo",
	    "é",
	    "\U0001f600",
	    "nullable",
	    "on-call",
	    "1st",
	};

	for (size_t i = 0; i < COUNT(plain); i++) {
		CLEANUP(freep) char *expected = xasprintf("%s\n", plain[i]);

		prints_string(print_yaml, plain[i], expected);
	}
}

Test(gen_print_yaml, what_could_be_anything_else_is_quoted)
{
	static const char *const quoted[] = {
	    "",      "y",     "N",          "Yes",        "nO",
	    "ON",    "off",   "null",       "Null",       "~",
	    "true",  "FALSE", "0",          "17",         "-1",
	    "+1",    "1.5",   ".5",         "1.2.3.4",    "1e3",
	    "1_000", "0x1f",  "0o17",       "0b1",        "e5",
	    "-e5",   "E12",   "1:30",       ".inf",       "-.inf",
	    ".NaN",  "1,5",   "2001-01-01", "12:30:45.5", "2001-12-14T21:59:43Z",
	    "=",     "<<",    " a",         "a ",         "2001-01-01 1 ",
	    "---",   "--- x", "...",        "-",          "- a",
	    "--",    "? a",   "?",          ": a",        "a:",
	    "a: b",  "a #b",  "#a",         "&a",         "*a",
	    "!a",    "|",     ">",          "%a",         "@a",
	    "`a",    "'a'",   "[a",         "{a",         "]",
	    "}",     ",a",    "-\u00e9",
	};

	for (size_t i = 0; i < COUNT(quoted); i++) {
		CLEANUP(freep) char *expected = xasprintf("\"%s\"\n", quoted[i]);

		prints_string(print_yaml, quoted[i], expected);
	}
	prints_string(print_yaml, "\"a\\", "\"\\\"a\\\\\"\n");
	prints_string(print_yaml, "a\tb\r\x1b", "\"a\\tb\\r\\u001b\"\n");
	prints_string(print_yaml, "x\x7f\xc2\x85\u2028\u2029\ufeff",
		      "\"x\\u007f\\u0085\\u2028\\u2029\\ufeff\"\n");
}

Test(gen_print_yaml, several_lines_of_ordinary_text_are_a_literal_block)
{
	static const char *const rows[][2] = {
	    {"a\nb\n", "|\n  a\n  b\n"},
	    {"a\nb", "|-\n  a\n  b\n"},
	    {"# a: 'b'\n\n\n  \"c\\\n- d\te\n", "|\n  # a: 'b'\n\n\n    \"c\\\n  - d\te\n"},
	    {"...\n---\n%x", "|-\n  ...\n  ---\n  %x\n"},
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		prints_string(print_yaml, rows[i][0], rows[i][1]);
	prints(print_yaml, "{'a': 'x\\ny', 'b': ['x\\n\\ny\\n', {'c': 'x\\ny\\n'}]}",
	       "a: |-\n"
	       "  x\n"
	       "  y\n"
	       "b:\n"
	       "  - |\n"
	       "    x\n"
	       "\n"
	       "    y\n"
	       "  - c: |\n"
	       "      x\n"
	       "      y\n");
}

Test(gen_print_yaml, lines_that_a_block_would_change_are_quoted)
{
	static const char *const rows[][2] = {
	    {"a\n", "\"a\\n\"\n"},
	    {"\n", "\"\\n\"\n"},
	    {"\na\nb", "\"\\na\\nb\"\n"},
	    {" a\nb", "\" a\\nb\"\n"},
	    {"\ta\nb", "\"\\ta\\nb\"\n"},
	    {"a\n\tb", "\"a\\n\\tb\"\n"},
	    {"a \nb", "\"a \\nb\"\n"},
	    {"a\t\nb", "\"a\\t\\nb\"\n"},
	    {"a\nb ", "\"a\\nb \"\n"},
	    {"a\nb\t", "\"a\\nb\\t\"\n"},
	    {"a\n \nb", "\"a\\n \\nb\"\n"},
	    {"a\nb\n\n", "\"a\\nb\\n\\n\"\n"},
	    {"a\r\nb\r\n", "\"a\\r\\nb\\r\\n\"\n"},
	    {"a\nb\x01", "\"a\\nb\\u0001\"\n"},
	    {"a\nb\xc2\x85", "\"a\\nb\\u0085\"\n"},
	    {"a\n\u2028", "\"a\\n\\u2028\"\n"},
	    {"a\n\ufeff", "\"a\\n\\ufeff\"\n"},
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		prints_string(print_yaml, rows[i][0], rows[i][1]);
}

Test(gen_print_yaml, keys_follow_the_same_rules_but_are_never_blocks)
{
	prints(print_yaml, "{'on': 1, '80': 2, 'a.b/c': 3, '': 4, 'a\\nb': 5, 'x: y': 6}",
	       "\"on\": 1\n"
	       "\"80\": 2\n"
	       "a.b/c: 3\n"
	       "\"\": 4\n"
	       "\"a\\nb\": 5\n"
	       "\"x: y\": 6\n");
}

Test(gen_print_yaml, a_key_that_is_too_long_for_a_colon_has_a_question_mark)
{
	for (size_t len = 128; len <= 129; len++) {
		char key[130] = {0};

		memset(key, 'k', len);
		CLEANUP(freep) char *json = xasprintf("[{'a': 1, '%s': {'b': [2]}, 'c': 3}]", key);
		CLEANUP(freep)
		char *expected = xasprintf("- a: 1\n  %s%s%s:\n    b:\n      - 2\n  c: 3\n",
					   len > 128 ? "? " : "", key, len > 128 ? "\n  " : "");
		prints(print_yaml, json, expected);
	}
}

Test(gen_print_yaml, long_text_is_not_folded)
{
	enum { LEN = 100000 };
	CLEANUP(freep) char *text = xcalloc(LEN + 2, 1);

	for (size_t i = 0; i < LEN; i++)
		text[i] = i % 10 == 9 && i + 1 < LEN ? ' ' : 'x';
	CLEANUP(freep) char *expected = xasprintf("%s\n", text);
	prints_string(print_yaml, text, expected);
}

Test(gen_print_yaml, a_full_buffer_is_told)
{
	fails_when_full(print_yaml, "{'a': [1, 'yes', {'b': 'x\\ny\\n'}], 'c': {}}");
}
