#include "base/base.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(base_buf);

Test(base_buf, is_terminated_after_every_addition)
{
	CLEANUP(buf_stop) struct buf b = BUF_INIT(3000, "line");
	struct err e = {0};

	cr_assert_null(b.data);
	cr_assert(buf_add(&b, "", 0, &e));
	cr_assert_str_eq(b.data, "");
	for (size_t i = 0; i < 1000; i++) {
		cr_assert(buf_add(&b, "abc", 3, &e), "%s", e.text);
		cr_assert_eq(b.len, 3 * (i + 1));
		cr_assert_eq(strlen(b.data), b.len);
	}
	cr_assert_eq(memcmp(b.data + 2997, "abc", 4), 0);
}

/* For every ceiling, additions of every size. */
Test(base_buf, at_its_ceiling_it_fails_and_stays_as_it_was)
{
	static const char data[64] = "0123456789012345678901234567890123456789";

	for (size_t max = 0; max < 40; max++)
		for (size_t step = 1; step <= 40; step++) {
			CLEANUP(buf_stop) struct buf b = BUF_INIT(max, "sql statement");
			struct err e = {0};

			for (size_t left = max; left >= step; left -= step)
				cr_assert(buf_add(&b, data, step, &e));
			size_t len = b.len;
			cr_assert(!buf_add(&b, data, step, &e));
			cr_assert_eq(e.kind, ERR_CORRUPT);
			cr_assert(strstr(e.text, "sql statement is longer than "), "%s", e.text);
			cr_assert_eq(b.len, len);
			cr_assert(!b.data || b.data[len] == '\0');
		}
}

Test(base_buf, the_largest_length_is_refused_without_overflow)
{
	CLEANUP(buf_stop) struct buf b = BUF_INIT(10, "x");
	struct err e = {0};

	cr_assert(buf_add(&b, "abc", 3, &e));
	cr_assert(!buf_add(&b, "", SIZE_MAX, &e));
	cr_assert(!buf_add(&b, "", SIZE_MAX - 2, &e));
	cr_assert_str_eq(b.data, "abc");
}

Test(base_buf, clearing_keeps_the_memory_and_stopping_frees_it)
{
	struct buf b = BUF_INIT(1000, "x");
	struct err e = {0};

	buf_clear(&b);
	cr_assert(buf_add(&b, "abc", 3, &e));
	char *data = b.data;
	buf_clear(&b);
	cr_assert_eq(b.len, 0);
	cr_assert_eq(b.data, data);
	cr_assert_str_eq(b.data, "");
	buf_stop(&b);
	cr_assert_null(b.data);
	buf_stop(&b);
}

Test(base_append, puts_more_behind_what_is_there)
{
	CLEANUP(freep) char *text = xstrdup("");

	for (int i = 0; i < 3; i++)
		xappend(&text, "%s%d", i ? ", " : "", i);
	xappend(&text, "%s", text);
	cr_assert_str_eq(text, "0, 1, 20, 1, 2");
}
