#include "gen/tree.h"

#include <criterion/criterion.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

static void is_json(const json_t *tree, const char *expected)
{
	CLEANUP(freep) char *text = json_dumps(tree, JSON_ENCODE_ANY | JSON_COMPACT);

	cr_assert_str_eq(text, expected);
}

Test(gen_tree, text_alone_is_a_plain_string)
{
	const struct part parts[] = {{NULL, "a"}, {NULL, ""}, {NULL, "b"}};

	for (size_t count = 0; count <= COUNT(parts); count++) {
		static const char *const expected[] = {"\"\"", "\"a\"", "\"a\"", "\"ab\""};
		CLEANUP(tree_freep) json_t *string = tree_string(parts, count);

		is_json(string, expected[count]);
		cr_assert_null(tree_parts(string));
	}
}

Test(gen_tree, neighbouring_texts_are_one_part_and_empty_ones_none)
{
	const struct part parts[] = {{NULL, ""},  {"a.b", "1"}, {"c.d", ""}, {NULL, "x"},
				     {NULL, "y"}, {"e", "2"},   {NULL, "z"}};
	CLEANUP(tree_freep) json_t *string = tree_string(parts, COUNT(parts));

	is_json(string, "{\"$parts\":[{\"nix\":\"a.b\",\"value\":\"1\"},"
			"{\"nix\":\"c.d\",\"value\":\"\"},\"xy\","
			"{\"nix\":\"e\",\"value\":\"2\"},\"z\"]}");
	cr_assert_eq(json_array_size(tree_parts(string)), 5);
}

Test(gen_tree, a_string_borrows_nothing)
{
	char nix[] = "a.b", value[] = "1", text[] = "x";
	const struct part parts[] = {{nix, value}, {NULL, text}};
	CLEANUP(tree_freep) json_t *string = tree_string(parts, COUNT(parts));

	nix[0] = value[0] = text[0] = '!';
	is_json(string, "{\"$parts\":[{\"nix\":\"a.b\",\"value\":\"1\"},\"x\"]}");
}

Test(gen_tree, only_an_object_with_parts_alone_is_a_string)
{
	static const char *const others[] = {
	    "null", "1", "\"$parts\"", "[]", "{}", "{\"$parts\":1}", "{\"$parts\":[],\"a\":1}"};

	for (size_t i = 0; i < COUNT(others); i++) {
		CLEANUP(tree_freep) json_t *tree = json_loads(others[i], JSON_DECODE_ANY, NULL);

		cr_assert(tree);
		cr_assert_null(tree_parts(tree), "%s", others[i]);
		CLEANUP(tree_freep) json_t *same = tree_resolve(tree);
		is_json(same, others[i]);
	}
}

Test(gen_tree, resolving_makes_a_copy_with_plain_strings_in_the_same_order)
{
	static const char before[] = "{\"z\":[{\"$parts\":[\"x\",{\"nix\":\"a\",\"value\":\"1\"}]},"
				     "[{\"$parts\":[{\"nix\":\"a\",\"value\":\"\"}]}]],"
				     "\"a\":{\"m\":{\"$parts\":[{\"nix\":\"b\",\"value\":\"2\"},"
				     "\"y\",{\"nix\":\"b\",\"value\":\"2\"}]},\"b\":1.5},"
				     "\"k\":[null,true,-7,\"s\",{},[]]}";
	CLEANUP(tree_freep) json_t *tree = json_loads(before, 0, NULL);
	CLEANUP(tree_freep) json_t *plain = tree_resolve(tree);

	is_json(plain, "{\"z\":[\"x1\",[\"\"]],\"a\":{\"m\":\"2y2\",\"b\":1.5},"
		       "\"k\":[null,true,-7,\"s\",{},[]]}");
	is_json(tree, before);
	cr_assert_eq(json_array_append_new(json_object_get(plain, "k"), json_null()), 0);
	is_json(tree, before);
}

Test(gen_tree, freeing_nothing_is_fine)
{
	CLEANUP(tree_freep) json_t *nothing = NULL;

	cr_assert_null(nothing);
}
