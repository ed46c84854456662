#include "store/store.h"

#include "base/cancel.h"
#include "base/log.h"
#include "support/probe.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[100];
static struct store *store;

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static void setup(void)
{
	char url[120];
	struct err e = {0};

	log_setup(LOG_QUIET, LOG_TEXT);
	snprintf(root, sizeof root, "/tmp/pgmuster-store-XXXXXX");
	cr_assert(mkdtemp(root));
	snprintf(url, sizeof url, "file://%s", root);
	store = store_open(url, NULL, &e);
	cr_assert(store, "%s", e.text);
}

static void teardown(void)
{
	store_freep(&store);
	nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

TestSuite(store_file, .init = setup, .fini = teardown);

static const char *path_of(const char *key)
{
	static char path[1200];

	snprintf(path, sizeof path, "%s/%s", root, key);
	return path;
}

static void put(const char *key, const char *text)
{
	struct err e = {0};

	cr_assert(store_put_bytes(store, key, text, strlen(text), NULL, &e), "%s", e.text);
}

static bool same(const char *key, const char *text)
{
	CLEANUP(buf_stop) struct buf b = BUF_INIT(1000, "test");
	struct err e = {0};

	return store_get_bytes(store, key, &b, &e) && b.len == strlen(text) &&
	       memcmp(b.len ? b.data : "", text, b.len) == 0;
}

static bool see(void *ctx, const struct store_object *o, struct err *e)
{
	char *keys = ctx;

	(void)e;
	snprintf(keys + strlen(keys), 1000 - strlen(keys), "%s;", o->key);
	return true;
}

static void lists(const char *prefix, const char *expected)
{
	char keys[1000] = "";
	struct err e = {0};

	cr_assert(store_list(store, prefix, see, keys, &e), "%s", e.text);
	cr_assert_str_eq(keys, expected, "%s: %s", prefix, keys);
}

/* How many directory entries there are in all, partial files too. */
static int entries;

static int count_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)path, (void)st, (void)ftw;
	entries += type == FTW_F;
	return 0;
}

static int files(void)
{
	entries = 0;
	nftw(root, count_one, 16, FTW_PHYS);
	return entries;
}

Test(store_file, nothing_is_visible_before_commit)
{
	struct err e = {0};
	CLEANUP(sink_freep) struct sink *k = store_put(store, "2026/11/a", NULL, &e);
	struct store_object o;

	cr_assert(k && sink_write(k, "hello", 5, &e), "%s", e.text);
	cr_assert(!store_stat(store, "2026/11/a", &o, &e) && e.kind == ERR_MISSING);
	lists("", "");
	cr_assert(sink_commit(k, &e), "%s", e.text);
	lists("", "2026/11/a;");
	cr_assert(same("2026/11/a", "hello"));
	cr_assert_eq(files(), 1);
}

Test(store_file, freed_uncommitted_leaves_no_file)
{
	struct err e = {0};
	struct sink *k = store_put(store, "a/b", NULL, &e);

	cr_assert(k && sink_write(k, "hello", 5, &e), "%s", e.text);
	cr_assert_eq(files(), 1);
	sink_free(k);
	cr_assert_eq(files(), 0);
}

Test(store_file, taken_key_is_left_alone)
{
	struct err e = {0};

	put("k", "first");
	cr_assert(!store_put_bytes(store, "k", "second", 6, NULL, &e));
	cr_assert_eq(e.kind, ERR_EXISTS);
	cr_assert(strstr(e.text, "/k: already exists"), "%s", e.text);
	cr_assert(same("k", "first"));
	cr_assert_eq(files(), 1);
}

Test(store_file, of_two_writers_one_wins)
{
	struct err e = {0};
	CLEANUP(sink_freep) struct sink *a = store_put(store, "k", NULL, &e);
	CLEANUP(sink_freep) struct sink *b = store_put(store, "k", NULL, &e);

	cr_assert(a && b && sink_write(a, "a", 1, &e) && sink_write(b, "b", 1, &e), "%s", e.text);
	cr_assert(sink_commit(b, &e), "%s", e.text);
	cr_assert(!sink_commit(a, &e) && e.kind == ERR_EXISTS);
	cr_assert(same("k", "b"));
}

Test(store_file, only_the_owner_may_read)
{
	struct stat st;

	umask(0);
	put("d/k", "x");
	cr_assert(stat(path_of("d/k"), &st) == 0 && (st.st_mode & 07777) == 0600);
	cr_assert(stat(path_of("d"), &st) == 0 && (st.st_mode & 07777) == 0700);
}

Test(store_file, root_that_is_missing_is_not_made)
{
	char url[160];
	bool exclusive;
	struct err e = {0};
	CLEANUP(store_freep) struct store *s = NULL;

	snprintf(url, sizeof url, "file://%s/unmounted", root);
	s = store_open(url, NULL, &e);
	cr_assert(s, "%s", e.text);
	cr_assert(!store_prepare(s, 0, &exclusive, &e) && e.kind == ERR_MISSING);
	cr_assert(strstr(e.hint, "mounted"), "%s", e.hint);
	cr_assert(!store_put_bytes(s, "k", "x", 1, NULL, &e) && e.kind == ERR_MISSING);
	cr_assert(!store_list(s, "", see, NULL, &e) && e.kind == ERR_MISSING);
	cr_assert(access(path_of("unmounted"), F_OK) != 0);
}

Test(store_file, url_is_percent_decoded)
{
	char url[160];
	struct err e = {0};
	CLEANUP(store_freep) struct store *s = NULL;

	cr_assert_eq(mkdir(path_of("a b%"), 0700), 0);
	snprintf(url, sizeof url, "file://%s/a%%20b%%25", root);
	s = store_open(url, NULL, &e);
	cr_assert(s && store_put_bytes(s, "k", "x", 1, NULL, &e), "%s", e.text);
	cr_assert_str_eq(store_url(s), url);
	cr_assert_eq(access(path_of("a b%/k"), F_OK), 0);
}

Test(store_file, keys_come_in_byte_order)
{
	static const char *const keys[] = {"a/z", "a0", "a-", "a.b/c", "B", "\xc3\xa4", "a/b/c"};

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		put(keys[i], "x");
	lists("", "B;a-;a.b/c;a/b/c;a/z;a0;\xc3\xa4;");
	lists("a", "a-;a.b/c;a/b/c;a/z;a0;");
	lists("a/", "a/b/c;a/z;");
	lists("a/b", "a/b/c;");
	lists("a/z", "a/z;");
	lists("a/z/", "");
	lists("none/", "");
	lists("none", "");
}

Test(store_file, only_regular_files_are_objects)
{
	struct store_object o;
	struct err e = {0};
	CLEANUP(sink_freep) struct sink *null = sink_null();

	put("d/real", "x");
	cr_assert_eq(symlink("real", path_of("d/link")), 0);
	cr_assert_eq(symlink("d", path_of("dirlink")), 0);
	cr_assert_eq(symlink("/etc/passwd", path_of("passwd")), 0);
	cr_assert_eq(mkfifo(path_of("fifo"), 0600), 0);
	lists("", "d/real;");
	cr_assert(!store_stat(store, "passwd", &o, &e) && e.kind == ERR_MISSING);
	cr_assert(!store_get(store, "passwd", 0, 1, NULL, null, &e) && e.kind == ERR_MISSING);
	cr_assert(!store_get(store, "fifo", 0, 1, NULL, null, &e) && e.kind == ERR_MISSING);
	cr_assert(!store_get(store, "d", 0, 1, NULL, null, &e) && e.kind == ERR_MISSING);
	cr_assert(!store_stat(store, "d/real/x", &o, &e) && e.kind == ERR_MISSING);
}

/* Every range of a short object, those past its end too. */
Test(store_file, nothing_is_put_behind_a_link)
{
	struct err e = {0};

	cr_assert_eq(mkdir(path_of("d"), 0700), 0);
	cr_assert_eq(symlink("d", path_of("link")), 0);
	cr_assert(!store_put_bytes(store, "link/x", "x", 1, "text/plain", &e));
	cr_assert(strstr(e.text, "symbolic link"), "%s", e.text);
	cr_assert_eq(access(path_of("d/x"), F_OK), -1);
}

Test(store_file, every_range_is_exact_or_corrupt)
{
	static const char text[] = "0123456789abcdef";
	const size_t len = sizeof text - 1;

	put("k", text);
	for (uint64_t at = 0; at <= len + 2; at++) {
		for (uint64_t n = 0; n <= len + 3; n++) {
			bool rest = n == len + 3;
			bool fits = at <= len && (rest || at + n <= len);
			size_t want = rest ? len - (size_t)at : (size_t)n;
			struct probe p;
			struct err e = {0};

			probe_init(&p, SIZE_MAX);
			cr_assert_eq(
			    store_get(store, "k", at, rest ? UINT64_MAX : n, "", &p.sink, &e), fits,
			    "%s", e.text);
			cr_assert(!p.committed);
			if (fits)
				cr_assert(p.len == want &&
					  (!want || memcmp(p.data, text + at, want) == 0));
			else
				cr_assert(e.kind == ERR_CORRUPT && p.len == 0);
			probe_stop(&p);
		}
	}
}

Test(store_file, sink_that_fails_at_any_byte_is_the_error)
{
	put("k", "0123456789");
	for (size_t limit = 0; limit < 10; limit++) {
		struct probe p;
		struct err e = {0};

		probe_init(&p, limit);
		cr_assert(!store_get(store, "k", 0, UINT64_MAX, NULL, &p.sink, &e));
		cr_assert_eq(e.kind, ERR_TRANSIENT);
		probe_stop(&p);
	}
}

Test(store_file, large_object_comes_back)
{
	size_t len = 3 * MIB + 7;
	CLEANUP(freep) char *data = xcalloc(len, 1);
	CLEANUP(buf_stop) struct buf b = BUF_INIT(4 * MIB, "test");
	CLEANUP(store_object_stop) struct store_object o = {0};
	struct err e = {0};

	for (size_t i = 0; i < len; i++)
		data[i] = (char)(i * 2654435761u >> 13);
	cr_assert(store_put_bytes(store, "k", data, len, NULL, &e), "%s", e.text);
	cr_assert(store_get_bytes(store, "k", &b, &e), "%s", e.text);
	cr_assert(b.len == len && memcmp(b.data, data, len) == 0);
	cr_assert(store_stat(store, "k", &o, &e), "%s", e.text);
	cr_assert(o.bytes == len && strcmp(o.key, "k") == 0 && strcmp(o.etag, "") == 0);
	cr_assert_leq(labs((long)(time(NULL) - o.modified)), 60);
}

Test(store_file, removing_takes_empty_directories_along)
{
	struct err e = {0};

	put("2026/11/20/a", "x");
	put("2026/11/21/a", "x");
	cr_assert(store_remove(store, "2026/11/21/a", &e), "%s", e.text);
	cr_assert(store_remove(store, "2026/11/21/a", &e), "%s", e.text);
	cr_assert(store_remove(store, "2026/11/20/a/b", &e), "%s", e.text);
	cr_assert(access(path_of("2026/11/21"), F_OK) != 0);
	lists("", "2026/11/20/a;");
	cr_assert(store_remove(store, "2026/11/20/a", &e), "%s", e.text);
	cr_assert(access(path_of("2026"), F_OK) != 0);
	cr_assert_eq(access(root, F_OK), 0);
}

Test(store_file, directory_taken_away_meanwhile_is_an_error)
{
	struct err e = {0};
	CLEANUP(sink_freep) struct sink *k = store_put(store, "d/k", NULL, &e);

	cr_assert(k && sink_write(k, "x", 1, &e), "%s", e.text);
	nftw(path_of("d"), remove_one, 16, FTW_DEPTH | FTW_PHYS);
	cr_assert(!sink_commit(k, &e));
	lists("", "");
}

Test(store_file, prepare_removes_partial_files_of_the_dead_only)
{
	static const char *const names[] = {"d/.k.000000000000.partial",
					    "d/.locked.000000000000.partial", "d/k.partial",
					    "d/.hidden"};
	struct timespec old[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};
	bool exclusive = false;
	struct err e = {0};
	int fd[4];

	cr_assert_eq(mkdir(path_of("d"), 0700), 0);
	for (size_t i = 0; i < 4; i++) {
		fd[i] = open(path_of(names[i]), O_CREAT | O_WRONLY, 0600);
		cr_assert(fd[i] >= 0 && (i == 0 || futimens(fd[i], old) == 0));
	}
	cr_assert_eq(flock(fd[1], LOCK_EX), 0);
	CLEANUP(sink_freep) struct sink *k = store_put(store, "d/l", NULL, &e);
	cr_assert(k, "%s", e.text);
	lists("", "d/.hidden;d/k.partial;");
	cr_assert(store_prepare(store, 3600, &exclusive, &e), "%s", e.text);
	cr_assert(exclusive);
	cr_assert(access(path_of(names[0]), F_OK) != 0);
	for (size_t i = 1; i < 4; i++)
		cr_assert_eq(access(path_of(names[i]), F_OK), 0, "%s", names[i]);
	cr_assert(sink_write(k, "x", 1, &e) && sink_commit(k, &e), "%s", e.text);
	for (size_t i = 0; i < 4; i++)
		close(fd[i]);
}

Test(store_file, root_that_is_a_file_is_missing)
{
	CLEANUP(freep) char *url = xasprintf("file://%s/k", root);
	struct err e = {0};
	CLEANUP(store_freep) struct store *s = store_open(url, NULL, &e);

	put("k", "x");
	cr_assert(s && !store_list(s, "", see, NULL, &e) && e.kind == ERR_MISSING);
	cr_assert(strstr(e.text, "is no directory"), "%s", e.text);
}

Test(store_file, listing_has_an_end_and_stays_inside)
{
	CLEANUP(freep) char *deep = xstrdup(root);
	struct err e = {0};

	cr_assert(!store_list(store, "../", see, NULL, &e) && e.kind == ERR_USAGE, "%s", e.text);
	for (int i = 0; i < 70; i++) {
		xappend(&deep, "/d");
		cr_assert_eq(mkdir(deep, 0700), 0);
	}
	cr_assert(!store_list(store, "", see, NULL, &e));
	cr_assert(strstr(e.text, "directories nested deeper than 64"), "%s", e.text);
}

/* Shortens the object that is being read. */
struct shortening {
	struct sink sink;
	bool cancel;
};

static bool shorten(struct sink *sink, const void *data, size_t len, struct err *e)
{
	(void)data, (void)len, (void)e;
	if (((struct shortening *)sink)->cancel)
		return raise(SIGTERM) == 0;
	return truncate(path_of("k"), 1) == 0;
}

static enum err_kind get_while(bool cancel)
{
	static const struct sink_ops ops = {.write = shorten};
	struct shortening s = {.sink.ops = &ops, .cancel = cancel};
	struct err e = {0};

	return store_get(store, "k", 0, UINT64_MAX, NULL, &s.sink, &e) ? ERR_NONE : e.kind;
}

Test(store_file, object_that_shrinks_meanwhile_is_corrupt_and_a_signal_ends_reading)
{
	CLEANUP(freep) char *data = xcalloc(MIB, 1);
	bool exclusive;
	struct err e = {0};

	cr_assert(store_put_bytes(store, "k", data, MIB, NULL, &e), "%s", e.text);
	cr_assert_eq(get_while(false), ERR_CORRUPT);
	cr_assert_eq(truncate(path_of("k"), MIB), 0);
	cancel_install();
	cr_assert_eq(get_while(true), ERR_CANCELLED);
	cr_assert(!store_prepare(store, 0, &exclusive, &e) && e.kind == ERR_CANCELLED, "%s",
		  e.text);
}
