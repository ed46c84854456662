#include "base/base.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

TestSuite(base_err);

Test(base_err, set_is_false_and_says_what_and_which_kind)
{
	struct err e = {.hint = "of an earlier failure"};

	cr_assert(!err_set(&e, ERR_DENIED, "open %s: %d", "x", 7));
	cr_assert_eq(e.kind, ERR_DENIED);
	cr_assert_str_eq(e.text, "open x: 7");
	cr_assert_str_eq(e.hint, "");
}

Test(base_err, the_old_text_may_be_part_of_the_new_one)
{
	struct err e = {.text = "old"};

	err_set(&e, ERR_SYSTEM, "%s, %s", e.text, e.text);
	cr_assert_str_eq(e.text, "old, old");
	err_in(&e, "%s", e.text);
	cr_assert_str_eq(e.text, "old, old: old, old");
}

Test(base_err, errno_decides_the_kind)
{
	static const struct {
		int number;
		enum err_kind kind;
	} rows[] = {{ENOENT, ERR_MISSING}, {EEXIST, ERR_EXISTS}, {EACCES, ERR_DENIED},
		    {EPERM, ERR_DENIED},   {EROFS, ERR_DENIED},  {ENOSPC, ERR_SYSTEM},
		    {EIO, ERR_SYSTEM},     {EPIPE, ERR_SYSTEM}};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct err e = {0};
		char text[200];

		snprintf(text, sizeof text, "open /x: %s", strerror(rows[i].number));
		errno = rows[i].number;
		cr_assert(!err_sys(&e, "open %s", "/x"));
		cr_assert_eq(e.kind, rows[i].kind, "%s", text);
		cr_assert_str_eq(e.text, text);
	}
}

Test(base_err, context_goes_in_front_and_keeps_kind_and_hint)
{
	struct err e = {0};

	err_set(&e, ERR_TRANSIENT, "timed out");
	cr_assert(!err_hint(&e, "try %s", "later"));
	cr_assert(!err_in(&e, "get %s", "key"));
	cr_assert(!err_in(&e, "drill"));
	cr_assert_eq(e.kind, ERR_TRANSIENT);
	cr_assert_str_eq(e.text, "drill: get key: timed out");
	cr_assert_str_eq(e.hint, "try later");
}

Test(base_err, the_first_hint_stays)
{
	struct err e = {0};

	err_set(&e, ERR_USAGE, "x");
	err_hint(&e, "near");
	cr_assert(!err_hint(&e, "far"));
	cr_assert_str_eq(e.hint, "near");
}

Test(base_err, every_length_of_text_and_context_fits)
{
	char text[2 * sizeof((struct err *)0)->text];

	for (size_t len = 0; len < sizeof text; len += 37) {
		struct err e = {0};

		memset(text, 'x', len);
		text[len] = '\0';
		err_set(&e, ERR_SYSTEM, "%s", text);
		cr_assert_eq(strlen(e.text), len < sizeof e.text ? len : sizeof e.text - 1);
		err_hint(&e, "%s", text);
		cr_assert_eq(strlen(e.hint), len < sizeof e.hint ? len : sizeof e.hint - 1);
		for (int i = 0; i < 5; i++)
			err_in(&e, "%s", text);
		cr_assert(memchr(e.text, '\0', sizeof e.text));
		errno = EIO;
		err_sys(&e, "%s", text);
		cr_assert(strstr(e.text, strerror(EIO)), "a long subject keeps its reason");
	}
}

Test(base_err, a_long_cause_keeps_its_context)
{
	struct err e = {0};

	memset(e.text, 'x', sizeof e.text - 1);
	err_in(&e, "upload");
	cr_assert_eq(strncmp(e.text, "upload: xxx", 11), 0);
}

Test(base_err, scope_frees_and_stealing_hands_on)
{
	char *kept;
	{
		CLEANUP(freep) char *p = xasprintf("%s-%d", "a", 1);
		CLEANUP(freep) char *freed = xstrndup("abc", 2);

		cr_assert_str_eq(freed, "ab");
		kept = STEAL(p);
		cr_assert_null(p);
	}
	cr_assert_str_eq(kept, "a-1");
	freep(&kept);
}

Test(base_err, growing_keeps_what_was_there)
{
	CLEANUP(freep) size_t *items = NULL;
	size_t cap = 0;

	for (size_t i = 0; i < 1000; i++) {
		items = xgrow(items, i, &cap, sizeof *items);
		cr_assert_gt(cap, i);
		items[i] = i;
	}
	for (size_t i = 0; i < 1000; i++)
		cr_assert_eq(items[i], i);
}
