#include "test_gen_print.h"

json_t *tree_of(const char *json)
{
	CLEANUP(freep) char *text = xstrdup(json);
	json_error_t error;
	json_t *tree;

	for (char *p = text; *p; p++)
		*p = *p == '\'' ? '"' : *p == '`' ? '\'' : *p;
	tree = json_loads(text, JSON_DECODE_ANY, &error);
	cr_assert(tree, "%s: %s", text, error.text);
	return tree;
}

void prints_tree(printer_fn *print, const json_t *tree, const char *expected)
{
	CLEANUP(buf_stop) struct buf out = BUF_INIT(MIB, "output");
	struct err e = {0};

	cr_assert(print(tree, &out, &e), "%s", e.text);
	cr_assert_str_eq(out.data, expected);
}

void prints(printer_fn *print, const char *json, const char *expected)
{
	CLEANUP(tree_freep) json_t *tree = tree_of(json);

	prints_tree(print, tree, expected);
}

void prints_string(printer_fn *print, const char *string, const char *expected)
{
	CLEANUP(tree_freep) json_t *tree = json_string(string);

	cr_assert(tree);
	prints_tree(print, tree, expected);
}

void fails_when_full(printer_fn *print, const char *json)
{
	CLEANUP(buf_stop) struct buf whole = BUF_INIT(MIB, "output");
	CLEANUP(tree_freep) json_t *tree = tree_of(json);
	struct err e = {0};

	cr_assert(print(tree, &whole, &e), "%s", e.text);
	for (size_t max = 0; max < whole.len; max++) {
		CLEANUP(buf_stop) struct buf out = BUF_INIT(max, "output");

		e = (struct err){0};
		cr_assert_not(print(tree, &out, &e), "%zu of %zu bytes", max, whole.len);
		cr_assert_eq(e.kind, ERR_CORRUPT);
		cr_assert_leq(out.len, max);
	}
	CLEANUP(buf_stop) struct buf exact = BUF_INIT(whole.len, "output");
	cr_assert(print(tree, &exact, &e));
	cr_assert_str_eq(exact.data, whole.data);
}
