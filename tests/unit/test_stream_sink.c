#include "base/cancel.h"
#include "stream/sink.h"
#include "support/probe.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

Test(sink, null_accepts_everything)
{
	CLEANUP(sink_freep) struct sink *s = sink_null();
	struct err e = {0};

	cr_assert(sink_write(s, "x", 1, &e));
	cr_assert(sink_commit(s, &e));
}

Test(sink, writing_nothing_reaches_no_stage)
{
	struct probe far;
	struct err e = {0};

	probe_init(&far, 0);
	CLEANUP(sink_freep) struct sink *s = sink_tee(&far.sink, &far.sink);
	cr_assert(sink_write(s, NULL, 0, &e));
	cr_assert_null(far.data);
}

Test(sink, buf_collects_up_to_its_ceiling)
{
	CLEANUP(buf_stop) struct buf b = BUF_INIT(5, "small object");
	CLEANUP(sink_freep) struct sink *s = sink_buf(&b);
	struct err e = {0};

	cr_assert(sink_write(s, "ab", 2, &e) && sink_write(s, "cde", 3, &e));
	cr_assert_str_eq(b.data, "abcde");
	cr_assert(!sink_write(s, "f", 1, &e));
	cr_assert_eq(e.kind, ERR_CORRUPT);
	cr_assert_str_eq(e.text, "small object is longer than 5 bytes");
	cr_assert_str_eq(b.data, "abcde");
}

Test(sink, tee_gives_both_the_same)
{
	struct probe a, b;
	struct err e = {0};

	probe_init(&a, SIZE_MAX);
	probe_init(&b, SIZE_MAX);
	CLEANUP(sink_freep) struct sink *s = sink_tee(&a.sink, &b.sink);
	cr_assert(sink_write(s, "abc", 3, &e) && sink_write(s, "d", 1, &e));
	cr_assert(!a.committed && !b.committed);
	cr_assert(sink_commit(s, &e));
	cr_assert(a.committed && b.committed);
	cr_assert(a.len == 4 && memcmp(a.data, "abcd", 4) == 0);
	cr_assert(b.len == 4 && memcmp(b.data, "abcd", 4) == 0);
	probe_stop(&a);
	probe_stop(&b);
}

Test(sink, tee_fails_when_either_does)
{
	for (int which = 0; which < 2; which++) {
		struct probe a, b;
		struct err e = {0};

		probe_init(&a, which == 0 ? 2 : SIZE_MAX);
		probe_init(&b, which == 1 ? 2 : SIZE_MAX);
		struct sink *s = sink_tee(&a.sink, &b.sink);
		cr_assert(!sink_write(s, "abc", 3, &e));
		cr_assert_eq(e.kind, ERR_TRANSIENT);
		sink_free(s);
		probe_stop(&a);
		probe_stop(&b);
	}
}

Test(sink, tee_commits_the_second_only_after_the_first)
{
	struct probe a, b;
	struct err e = {0};

	probe_init(&a, SIZE_MAX);
	probe_init(&b, SIZE_MAX);
	a.fail_commit = true;
	CLEANUP(sink_freep) struct sink *s = sink_tee(&a.sink, &b.sink);
	cr_assert(!sink_commit(s, &e));
	cr_assert(!b.committed);
}

Test(sink, tee_fails_when_the_second_refuses_to_commit)
{
	struct probe a, b;
	struct err e = {0};

	probe_init(&a, SIZE_MAX);
	probe_init(&b, SIZE_MAX);
	b.fail_commit = true;
	CLEANUP(sink_freep) struct sink *s = sink_tee(&a.sink, &b.sink);
	cr_assert(!sink_commit(s, &e));
	cr_assert(a.committed && !b.committed);
}

static void window_passes(const char *text, size_t skip, size_t take, size_t step)
{
	size_t len = strlen(text), end = skip + take;
	struct probe far;
	struct err e = {0};
	bool ok = true;

	probe_init(&far, SIZE_MAX);
	struct sink *s = sink_window(&far.sink, skip, take);
	for (size_t at = 0; at < len; at += step)
		ok = ok && sink_write(s, text + at, len - at < step ? len - at : step, &e);
	cr_assert(ok);
	cr_assert_eq(sink_commit(s, &e), end <= len, "%zu + %zu of %zu", skip, take, len);
	cr_assert_eq(far.committed, end <= len);
	if (end <= len)
		cr_assert(far.len == take &&
			  (take == 0 || memcmp(far.data, text + skip, take) == 0));
	else
		cr_assert_eq(e.kind, ERR_CORRUPT);
	sink_free(s);
	probe_stop(&far);
}

Test(sink, window_passes_on_exactly_its_range)
{
	for (size_t skip = 0; skip <= 11; skip++)
		for (size_t take = 0; take <= 11; take++)
			for (size_t step = 1; step <= 10; step++)
				window_passes("0123456789", skip, take, step);
}

Test(sink, window_to_the_end_needs_only_its_beginning)
{
	for (size_t skip = 0; skip <= 4; skip++) {
		struct probe far;
		struct err e = {0};

		probe_init(&far, SIZE_MAX);
		struct sink *s = sink_window(&far.sink, skip, UINT64_MAX);
		cr_assert(sink_write(s, "a", 1, &e) && sink_write(s, "bc", 2, &e));
		cr_assert_eq(sink_commit(s, &e), skip <= 3);
		if (skip <= 3)
			cr_assert(far.len == 3 - skip &&
				  (far.len == 0 || memcmp(far.data, &"abc"[skip], far.len) == 0));
		else
			cr_assert_str_eq(e.text, "the stream ends 1 bytes too early");
		sink_free(s);
		probe_stop(&far);
	}
}

Test(sink, window_swallows_the_rest_without_its_next)
{
	struct probe far;
	struct err e = {0};

	probe_init(&far, 2);
	CLEANUP(sink_freep) struct sink *s = sink_window(&far.sink, 1, 2);
	cr_assert(sink_write(s, "abcdefgh", 8, &e) && sink_write(s, "ij", 2, &e));
	cr_assert(sink_commit(s, &e));
	cr_assert(far.len == 2 && memcmp(far.data, "bc", 2) == 0);
	probe_stop(&far);
}

Test(sink, pump_moves_everything_from_a_file_and_does_not_commit)
{
	struct probe far;
	struct err e = {0};
	FILE *f = tmpfile();

	cr_assert(f);
	for (int i = 0; i < 50000; i++)
		fprintf(f, "%d\n", i);
	fflush(f);
	rewind(f);
	probe_init(&far, SIZE_MAX);
	cr_assert(sink_pump(&far.sink, fileno(f), &e), "%s", e.text);
	cr_assert_eq(far.len, 288890);
	cr_assert_eq(memcmp(far.data + far.len - 6, "49999\n", 6), 0);
	cr_assert(!far.committed);
	fclose(f);
	probe_stop(&far);
}

Test(sink, pump_reads_a_pipe_to_its_end)
{
	struct probe far;
	struct err e = {0};
	int fds[2];

	cr_assert_eq(pipe(fds), 0);
	cr_assert_eq(write(fds[1], "abc", 3), 3);
	close(fds[1]);
	probe_init(&far, SIZE_MAX);
	cr_assert(sink_pump(&far.sink, fds[0], &e));
	cr_assert(far.len == 3 && memcmp(far.data, "abc", 3) == 0);
	close(fds[0]);
	probe_stop(&far);
}

Test(sink, pump_stops_at_a_failure_downstream)
{
	struct probe far;
	struct err e = {0};
	int fds[2];

	cr_assert_eq(pipe(fds), 0);
	cr_assert_eq(write(fds[1], "abc", 3), 3);
	probe_init(&far, 2);
	cr_assert(!sink_pump(&far.sink, fds[0], &e)); /* though the pipe is still open */
	cr_assert_eq(e.kind, ERR_TRANSIENT);
	close(fds[0]);
	close(fds[1]);
}

Test(sink, pump_reports_what_cannot_be_read)
{
	CLEANUP(sink_freep) struct sink *s = sink_null();
	struct err e = {0};
	int fds[2];

	cr_assert_eq(pipe(fds), 0);
	close(fds[0]);
	close(fds[1]);
	cr_assert(!sink_pump(s, fds[0], &e));
	cr_assert_str_eq(e.text, "read: Bad file descriptor");
}

Test(sink, pump_ends_when_cancelled)
{
	CLEANUP(sink_freep) struct sink *s = sink_null();
	struct err e = {0};
	int fds[2];

	cancel_install();
	cr_assert_eq(pipe(fds), 0);
	raise(SIGTERM);
	cr_assert(!sink_pump(s, fds[0], &e));
	cr_assert_eq(e.kind, ERR_CANCELLED);
	close(fds[0]);
	close(fds[1]);
}

static void digest_is(const char *text, size_t step, const char *hex)
{
	size_t len = strlen(text);
	struct probe far;
	struct digest d;
	char is[65];
	struct err e = {0};

	probe_init(&far, SIZE_MAX);
	struct sink *s = sink_sha256(&far.sink, &d);
	for (size_t at = 0; at < len; at += step)
		cr_assert(sink_write(s, text + at, len - at < step ? len - at : step, &e));
	cr_assert(sink_commit(s, &e));
	cr_assert(far.committed);
	cr_assert_eq(d.bytes, len);
	hex_encode(d.sha256, sizeof d.sha256, is);
	cr_assert_str_eq(is, hex);
	cr_assert(far.len == len && (len == 0 || memcmp(far.data, text, len) == 0));
	sink_free(s);
	probe_stop(&far);
}

/* The examples of FIPS 180-2, appendix B. */
Test(sink, sha256_is_that_of_the_bytes_passed_on)
{
	const char *two_blocks = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";

	digest_is("", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	digest_is("abc", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	for (size_t step = 1; step <= 56; step++)
		digest_is(two_blocks, step,
			  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

Test(sink, sha256_fails_with_its_next)
{
	struct probe far;
	struct digest d;
	struct err e = {0};

	probe_init(&far, 2);
	far.fail_commit = true;
	CLEANUP(sink_freep) struct sink *s = sink_sha256(&far.sink, &d);
	cr_assert(!sink_write(s, "abc", 3, &e));
	cr_assert(!sink_commit(s, &e));
	cr_assert_eq(e.kind, ERR_TRANSIENT);
}
