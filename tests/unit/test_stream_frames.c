#include "stream/frames.h"
#include "support/fault.h"
#include "support/probe.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zstd.h>

extern char **environ;

/* Lines like those of a COPY block; the caller frees. */
static char *lines(size_t len)
{
	char *text = xcalloc(1, len + 64);
	uint32_t x = 1;

	for (size_t at = 0, row = 0; at < len; row++) {
		x = x * 1664525 + 1013904223;
		at += (size_t)snprintf(text + at, 64, "%zu\tname-%u\t%u\\N\tt\n", row, x >> 24, x);
	}
	return text;
}

static bool compress(struct sink *next, const struct frames_options *o, const char *data,
		     size_t len, size_t step, struct frame_table *table, struct err *e)
{
	CLEANUP(sink_freep) struct sink *s = sink_frames(next, o, table, e);

	if (!s)
		return false;
	for (size_t at = 0; at < len; at += step)
		if (!sink_write(s, data + at, len - at < step ? len - at : step, e))
			return false;
	return sink_commit(s, e);
}

static void unpacks_to(const struct probe *packed, const char *data, size_t len)
{
	CLEANUP(freep) char *plain = xcalloc(1, len + 1);
	size_t n = ZSTD_decompress(plain, len + 1, packed->data, packed->len);

	cr_assert(!ZSTD_isError(n), "%s", ZSTD_getErrorName(n));
	cr_assert(n == len && memcmp(plain, data, len) == 0);
}

Test(frames, any_number_of_threads_and_any_pieces_make_the_same_file)
{
	static const int levels[] = {1, 3, 6, 12, 16};
	static const size_t steps[] = {100, 4096, 65536, 1000000};
	size_t len = 1000000;
	CLEANUP(freep) char *text = lines(len);

	for (size_t l = 0; l < sizeof levels / sizeof *levels; l++) {
		struct probe first = {0};

		for (unsigned threads = 1; threads <= 4; threads++) {
			struct frames_options o = {.level = levels[l],
						   .threads = threads,
						   .frame_bytes = 50000,
						   .mark = "m"};
			struct probe far;
			struct err e = {0};

			probe_init(&far, SIZE_MAX);
			cr_assert(compress(&far.sink, &o, text, len, steps[threads - 1], NULL, &e));
			if (threads == 1) {
				first = far;
				unpacks_to(&first, text, len);
				continue;
			}
			cr_assert(far.len == first.len &&
				      memcmp(far.data, first.data, far.len) == 0,
				  "level %d, %u threads", levels[l], threads);
			probe_stop(&far);
		}
		probe_stop(&first);
	}
}

/* Where the frames begin follows from the content alone: after the last line end that fits. */
Test(frames, frames_end_with_a_line_where_they_can)
{
	size_t len = 30000;
	CLEANUP(freep) char *text = lines(len);
	struct frames_options o = {.frame_bytes = 1000, .mark = "m"};
	CLEANUP(frame_table_stop) struct frame_table table = {0};
	struct probe far;
	struct err e = {0};

	memset(text + 10000, 'x', 4500); /* a line that is longer than a frame */
	probe_init(&far, SIZE_MAX);
	cr_assert(compress(&far.sink, &o, text, len, 77, &table, &e));
	for (size_t i = 1; i + 1 < table.count; i++) {
		const struct frame *f = &table.frames[i];
		const char *begin = text + f->plain_at, *end = begin + f->plain_bytes;

		cr_assert_leq(f->plain_bytes, 1000);
		if (end[-1] != '\n') {
			cr_assert_eq(f->plain_bytes, 1000);
			cr_assert_null(memchr(begin, '\n', 1000));
		} else {
			cr_assert_null(memchr(end, '\n', 1000 - f->plain_bytes), "frame %zu", i);
		}
	}
	unpacks_to(&far, text, len);
	probe_stop(&far);
}

Test(frames, table_describes_each_frame)
{
	size_t len = 20000;
	CLEANUP(freep) char *text = lines(len);
	struct frames_options o = {.threads = 3, .frame_bytes = 1000, .mark = "pgmuster 1"};
	CLEANUP(frame_table_stop) struct frame_table table = {0};
	uint64_t at = 0, plain_at = 0;
	struct probe far;
	struct err e = {0};

	probe_init(&far, SIZE_MAX);
	cr_assert(compress(&far.sink, &o, text, len, len, &table, &e));
	cr_assert_eq(memcmp(far.data, "\x57\x2a\x4d\x18\x0a\0\0\0pgmuster 1", 18), 0);
	cr_assert_eq(table.frames[0].bytes, 18);
	cr_assert_eq(table.frames[0].plain_bytes, 0);
	for (size_t i = 0; i < table.count; i++) {
		const struct frame *f = &table.frames[i];
		const char *begin = far.data + f->at;

		cr_assert(f->at == at && f->plain_at == plain_at);
		at += f->bytes;
		plain_at += f->plain_bytes;
		cr_assert_eq(ZSTD_findFrameCompressedSize(begin, far.len - f->at), f->bytes);
		if (i == 0)
			continue;
		cr_assert_eq(ZSTD_getFrameContentSize(begin, f->bytes), f->plain_bytes);
		cr_assert(begin[4] & 4, "frame %zu has no checksum", i);
	}
	cr_assert_eq(plain_at, len);
	/* What follows is the seek table: 8 bytes an entry, its header and its footer. */
	cr_assert_eq(far.len - at, 8 * table.count + 17);
	probe_stop(&far);
}

Test(frames, nothing_becomes_a_valid_file)
{
	struct frames_options o = {.mark = "m"};
	CLEANUP(frame_table_stop) struct frame_table table = {0};
	struct probe far;
	struct err e = {0};

	probe_init(&far, SIZE_MAX);
	cr_assert(compress(&far.sink, &o, "", 0, 1, &table, &e));
	cr_assert_eq(table.count, 1);
	cr_assert_eq(far.len, 9 + 8 + 8 + 9);
	unpacks_to(&far, "", 0);
	probe_stop(&far);
}

Test(frames, downstream_failure_always_surfaces)
{
	size_t len = 1500;
	CLEANUP(freep) char *text = lines(len);

	for (unsigned threads = 1; threads <= 2; threads++) {
		struct frames_options o = {.threads = threads, .frame_bytes = 300, .mark = "m"};
		size_t whole = SIZE_MAX;

		for (size_t limit = 0; limit < whole; limit++) {
			struct probe far;
			struct err e = {0};
			bool ok;

			probe_init(&far, limit);
			ok = compress(&far.sink, &o, text, len, 100, NULL, &e);
			if (ok)
				whole = limit;
			else
				cr_assert_eq(e.kind, ERR_TRANSIENT);
			cr_assert_eq(ok, far.committed);
			probe_stop(&far);
		}
		cr_assert_gt(whole, 500);
	}
}

Test(frames, failure_at_the_mark_of_an_empty_file_surfaces)
{
	struct frames_options o = {.mark = "m"};
	struct probe far;
	struct err e = {0};

	probe_init(&far, 0);
	cr_assert(!compress(&far.sink, &o, "", 0, 1, NULL, &e));
	cr_assert_eq(e.kind, ERR_TRANSIENT);
	probe_stop(&far);
}

static bool compress_nothing(const void *ctx, struct err *e)
{
	struct frames_options o = {.mark = "m", .threads = 3};
	CLEANUP(sink_freep) struct sink *null = sink_null();

	(void)ctx;
	return compress(null, &o, "", 0, 1, NULL, e);
}

Test(frames, without_a_thread_nothing_is_compressed)
{
	static const int calls[] = {SYS_clone3, SYS_clone, -1};
	struct fault f = {
	    .calls = calls, .number = EAGAIN, .lasting = true, .run = compress_nothing};

	while (fault_next(&f))
		cr_assert(!f.ok && strstr(f.e.text, "start a compressing thread"), "%s", f.e.text);
	cr_assert(f.ok && f.nth == 4, "%s", f.e.text);
}

Test(frames, refused_commit_surfaces)
{
	struct frames_options o = {.mark = "m"};
	struct probe far;
	struct err e = {0};

	probe_init(&far, SIZE_MAX);
	far.fail_commit = true;
	cr_assert(!compress(&far.sink, &o, "abc\n", 4, 4, NULL, &e));
	cr_assert_eq(e.kind, ERR_TRANSIENT);
	probe_stop(&far);
}

Test(frames, can_be_freed_at_any_moment)
{
	size_t len = 60000;
	CLEANUP(freep) char *text = lines(len);

	for (size_t n = 0; n < len; n += 499) {
		struct frames_options o = {
		    .threads = 1 + (unsigned)(n % 4), .frame_bytes = 5000, .mark = "m"};
		struct probe far;
		struct err e = {0};

		probe_init(&far, SIZE_MAX);
		struct sink *s = sink_frames(&far.sink, &o, NULL, &e);
		cr_assert(sink_write(s, text, n, &e));
		sink_free(s);
		cr_assert(!far.committed);
		probe_stop(&far);
	}
}

struct same_thread {
	struct sink sink;
	pthread_t thread;
	size_t calls;
};

static bool same_thread_write(struct sink *s, const void *data, size_t len, struct err *e)
{
	struct same_thread *t = (struct same_thread *)s;

	(void)data, (void)len;
	t->calls++;
	return pthread_equal(t->thread, pthread_self()) ||
	       err_set(e, ERR_SYSTEM, "called from another thread");
}

static bool same_thread_commit(struct sink *s, struct err *e)
{
	return same_thread_write(s, NULL, 0, e);
}

Test(frames, next_is_called_by_the_writers_thread_only)
{
	static const struct sink_ops ops = {same_thread_write, same_thread_commit, NULL};
	struct same_thread t = {.sink.ops = &ops, .thread = pthread_self()};
	struct frames_options o = {.threads = 4, .frame_bytes = 1000, .mark = "m"};
	CLEANUP(freep) char *text = lines(50000);
	struct err e = {0};

	cr_assert(compress(&t.sink, &o, text, 50000, 123, NULL, &e), "%s", e.text);
	cr_assert_gt(t.calls, 50);
}

Test(frames, levels_that_zstd_does_not_have_are_refused)
{
	static const int levels[] = {-1, 20, 99};

	for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
		struct frames_options o = {.level = levels[i], .mark = "m"};
		struct probe far;
		struct err e = {0};

		probe_init(&far, 0);
		cr_assert_null(sink_frames(&far.sink, &o, NULL, &e));
		cr_assert_eq(e.kind, ERR_USAGE);
	}
}

Test(frames, level_is_obeyed_and_3_is_the_default)
{
	static const int levels[] = {1, 19, 3, 0};
	size_t sizes[4], len = 200000;
	CLEANUP(freep) char *text = lines(len);

	for (size_t i = 0; i < 4; i++) {
		struct frames_options o = {.level = levels[i], .mark = "m"};
		struct probe far;
		struct err e = {0};

		probe_init(&far, SIZE_MAX);
		cr_assert(compress(&far.sink, &o, text, len, len, NULL, &e));
		sizes[i] = far.len;
		probe_stop(&far);
	}
	cr_assert_gt(sizes[0], sizes[1]);
	cr_assert_gt(sizes[2], sizes[1]);
	cr_assert_eq(sizes[2], sizes[3]);
}

/* Run zstd with its stdout in a file; its exit status. */
static int run_zstd(const char *const argv[], const char *out)
{
	posix_spawn_file_actions_t actions;
	pid_t pid;
	int status;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 1, out, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
	if (posix_spawnp(&pid, "zstd", &actions, NULL, (char *const *)argv, environ) != 0)
		cr_skip_test("the program zstd is not installed");
	posix_spawn_file_actions_destroy(&actions);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	return status;
}

static void zstd_program_reads(const char *text, size_t len)
{
	struct frames_options o = {.threads = 2, .frame_bytes = 10000, .mark = "pgmuster 1"};
	char dir[] = "/tmp/frames-XXXXXX", file[64], out[64];
	CLEANUP(freep) char *plain = xcalloc(1, len + 2);
	struct probe far;
	struct err e = {0};
	FILE *f;

	cr_assert(mkdtemp(dir));
	snprintf(file, sizeof file, "%s/full.sql.zst", dir);
	snprintf(out, sizeof out, "%s/out", dir);
	probe_init(&far, SIZE_MAX);
	cr_assert(compress(&far.sink, &o, text, len, 4096, NULL, &e));
	cr_assert((f = fopen(file, "w")));
	cr_assert_eq(fwrite(far.data, 1, far.len, f), far.len);
	fclose(f);
	probe_stop(&far);

	cr_expect_eq(run_zstd((const char *[]){"zstd", "-t", file, NULL}, out), 0);
	cr_expect_eq(run_zstd((const char *[]){"zstd", "-lv", file, NULL}, out), 0);
	cr_expect_eq(run_zstd((const char *[]){"zstd", "-dc", file, NULL}, out), 0);
	cr_assert((f = fopen(out, "r")));
	cr_expect_eq(fread(plain, 1, len + 1, f), len);
	cr_expect_eq(memcmp(plain, text, len), 0);
	fclose(f);
	unlink(file);
	unlink(out);
	rmdir(dir);
}

Test(frames, zstd_program_reads_the_file)
{
	CLEANUP(freep) char *text = lines(200000);

	zstd_program_reads(text, 200000);
	zstd_program_reads(text, 0);
}
