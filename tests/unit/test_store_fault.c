/* Each system call of the file store's fails once, at every place where one is made. */
#include "store/store.h"

#include "base/log.h"
#include "support/fault.h"
#include "support/probe.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TEXT "0123456789"

static char root[] = "/tmp/pgmuster-fault-XXXXXX";
static struct store *store;

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type;
	return ftw->level > 0 ? remove(path) : 0;
}

static void empty(void)
{
	nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void setup(void)
{
	char url[120];
	struct err e = {0};

	log_setup(LOG_QUIET, LOG_TEXT);
	cr_assert(mkdtemp(root));
	snprintf(url, sizeof url, "file://%s", root);
	store = store_open(url, NULL, &e);
	cr_assert(store, "%s", e.text);
}

static void teardown(void)
{
	store_freep(&store);
	empty();
	rmdir(root);
}

TestSuite(store_fault, .init = setup, .fini = teardown);

static bool put(const void *ctx, struct err *e)
{
	return store_put_bytes(store, ctx, TEXT, sizeof TEXT - 1, NULL, e);
}

static bool holds(const char *key)
{
	CLEANUP(buf_stop) struct buf b = BUF_INIT(1000, "test");
	struct err e = {0};

	return store_get_bytes(store, key, &b, &e) && b.len == sizeof TEXT - 1 &&
	       memcmp(b.data, TEXT, b.len) == 0;
}

static bool lacks(const char *key)
{
	struct store_object o;
	struct err e = {0};

	return !store_stat(store, key, &o, &e) && e.kind == ERR_MISSING;
}

static bool names_what(const struct fault *f)
{
	return f->ok || strstr(f->e.text, "2026/11/k: ") || strstr(f->e.text, root);
}

/* What fails before link() leaves no object, what fails later a whole one. */
static unsigned put_with(const int *calls, int number, bool lasting)
{
	struct fault f = {
	    .calls = calls, .number = number, .lasting = lasting, .run = put, .ctx = "2026/11/k"};
	unsigned failed = 0;

	while (fault_next(&f)) {
		cr_assert(holds("2026/11/k") || (!f.ok && lacks("2026/11/k")), "call %u: %s", f.nth,
			  f.e.text);
		cr_assert(names_what(&f), "%s", f.e.text);
		cr_assert(f.ok || number != ENOSPC || !strstr(f.e.text, ": write: ") ||
			  f.e.hint[0]);
		failed += !f.ok;
		empty();
	}
	cr_assert(f.ok, "%s", f.e.text);
	return failed;
}

Test(store_fault, put_that_fails_anywhere_leaves_a_whole_object_or_none)
{
	static const int close_only[] = {SYS_close, -1};

	cr_assert_gt(put_with(close_only, EIO, false), 0);
	cr_assert_gt(put_with(fault_file_calls, EIO, false), 8);
	cr_assert_gt(put_with(fault_file_calls, ENOSPC, false), 8);
	cr_assert_gt(put_with(fault_file_calls, ENOENT, false), 5);
	cr_assert_lt(put_with(fault_file_calls, EINTR, false),
		     put_with(fault_file_calls, EIO, false));
	/* Where there are no hard links, renameat2 stands in; it may be missing as well. */
	cr_assert_lt(put_with(fault_file_calls, EPERM, false),
		     put_with(fault_file_calls, EPERM, true));
}

static bool get(const void *ctx, struct err *e)
{
	CLEANUP(buf_stop) struct buf b = BUF_INIT(1000, "test");

	return store_get_bytes(store, ctx, &b, e) &&
	       ((b.len == sizeof TEXT - 1 && memcmp(b.data, TEXT, b.len) == 0) ||
		err_set(e, ERR_NONE, "wrong bytes"));
}

Test(store_fault, get_that_fails_anywhere_says_so)
{
	struct fault f = {.calls = fault_file_calls, .number = EIO, .run = get, .ctx = "2026/11/k"};
	struct err e = {0};

	cr_assert(put("2026/11/k", &e), "%s", e.text);
	while (fault_next(&f))
		cr_assert(f.ok || (f.e.kind == ERR_SYSTEM && names_what(&f)), "%s", f.e.text);
	cr_assert(f.ok && f.nth > 3, "%s", f.e.text);
}

static bool count(void *ctx, const struct store_object *o, struct err *e)
{
	(void)o, (void)e;
	++*(unsigned *)ctx;
	return true;
}

static bool list_both(const void *ctx, struct err *e)
{
	unsigned n = 0;

	return store_list(store, ctx, count, &n, e) &&
	       (n == 2 || err_set(e, ERR_NONE, "only %u are listed", n));
}

/* A listing that is silently short would hide the newest backup. */
Test(store_fault, listing_is_complete_or_fails)
{
	static const char *const prefixes[] = {"", "2026/", "2026/11/k"};
	struct err e = {0};

	cr_assert(put("2026/11/k", &e) && put("2026/11/k2", &e), "%s", e.text);
	for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
		struct fault f = {
		    .calls = fault_file_calls, .number = EIO, .run = list_both, .ctx = prefixes[i]};

		while (fault_next(&f))
			cr_assert(f.ok || f.e.kind == ERR_SYSTEM, "\"%s\", call %u: %s",
				  prefixes[i], f.nth, f.e.text);
		cr_assert(f.ok && f.nth > 5, "%s", f.e.text);
	}
}

static bool drop(const void *ctx, struct err *e)
{
	return store_remove(store, ctx, e);
}

Test(store_fault, removal_that_fails_says_so)
{
	struct fault f = {.calls = fault_file_calls, .number = EIO, .run = drop, .ctx = "k"};
	struct err e = {0};

	cr_assert(put("k", &e), "%s", e.text);
	while (fault_next(&f))
		cr_assert(f.ok ? lacks("k") : holds("k"), "%s", f.e.text);
	cr_assert(f.ok && f.nth > 1 && lacks("k"), "%s", f.e.text);
}

static bool prepare(const void *ctx, struct err *e)
{
	bool exclusive;

	(void)ctx;
	return store_prepare(store, 0, &exclusive, e) && exclusive;
}

Test(store_fault, preparing_fails_where_writing_would)
{
	struct fault f = {.calls = fault_file_calls, .number = EROFS, .run = prepare};

	while (fault_next(&f))
		cr_assert(f.ok || (f.e.kind == ERR_DENIED && strstr(f.e.text, "prepare file://")),
			  "%s", f.e.text);
	cr_assert(f.ok && f.nth > 3, "%s", f.e.text);
}

/* Before a dump, and not at its end. */
Test(store_fault, preparing_fails_where_nothing_can_become_visible)
{
	static const int linking[] = {SYS_link, SYS_linkat, SYS_renameat2, -1};
	struct fault f = {.calls = linking, .number = EPERM, .lasting = true, .run = prepare};

	cr_assert(fault_next(&f) && !f.ok);
	cr_assert(strstr(f.e.text, "rename without replacing"), "%s", f.e.text);
	cr_assert(strstr(f.e.hint, "a file system with hard links"), "%s", f.e.hint);
}
