#include "backup/columns.h"

#include <criterion/criterion.h>

Test(backup_columns, quotes_make_no_difference)
{
	cr_expect(columns_same("a, \"json\", \"x, y\"", "a, json, \"x, y\""));
	cr_expect(columns_same("", ""));
	cr_expect_not(columns_same("a, \"B\"", "a, b"));
	cr_expect_not(columns_same("\"a, b\"", "a, b"));
	cr_expect_not(columns_same("a, b", "a"));
}

Test(backup_columns, another_order_is_told_from_other_columns)
{
	cr_expect(columns_reordered("a, \"json\", c", "c, a, json"));
	cr_expect_not(columns_reordered("a, b", "a, b"));
	cr_expect_not(columns_reordered("a, \"json\"", "a, json"));
	cr_expect_not(columns_reordered("a, b", "b, c"));
	cr_expect_not(columns_reordered("a, b", "b, a, c"));
	cr_expect_not(columns_reordered("a", ""));
}
