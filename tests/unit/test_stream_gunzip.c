#include "stream/sink.h"
#include "support/probe.h"

#include <criterion/criterion.h>
#include <string.h>
#include <zlib.h>

static const char text[] = "the quick brown fox jumps over the lazy dog; the quick brown fox";

/* One member holding data, appended to out. */
static void gzip(const void *data, size_t len, struct buf *out)
{
	CLEANUP(freep) unsigned char *packed = xcalloc(1, len + 100);
	struct err e = {0};
	z_stream z = {.next_in = (unsigned char *)(uintptr_t)data,
		      .avail_in = (uInt)len,
		      .next_out = packed,
		      .avail_out = (uInt)len + 100};

	cr_assert_eq(deflateInit2(&z, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
	cr_assert_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
	cr_assert(buf_add(out, packed, z.total_out, &e));
	deflateEnd(&z);
}

/* Push len bytes in pieces of step, and commit. */
static bool gunzip(const char *data, size_t len, size_t step, struct probe *far, struct err *e)
{
	CLEANUP(sink_freep) struct sink *s = sink_gunzip(&far->sink, e);

	for (size_t at = 0; at < len; at += step)
		if (!sink_write(s, data + at, len - at < step ? len - at : step, e))
			return false;
	return sink_commit(s, e);
}

Test(gunzip, every_cut_into_pieces_gives_the_same)
{
	CLEANUP(buf_stop) struct buf packed = BUF_INIT(4096, "gzip");

	gzip(text, sizeof text, &packed);
	for (size_t step = 1; step <= packed.len; step++) {
		struct probe far;
		struct err e = {0};

		probe_init(&far, SIZE_MAX);
		cr_assert(gunzip(packed.data, packed.len, step, &far, &e), "%s", e.text);
		cr_assert(far.len == sizeof text && memcmp(far.data, text, sizeof text) == 0);
		probe_stop(&far);
	}
}

Test(gunzip, members_are_joined)
{
	CLEANUP(buf_stop) struct buf packed = BUF_INIT(4096, "gzip");

	gzip("abc", 3, &packed);
	gzip("", 0, &packed);
	gzip("def", 3, &packed);
	for (size_t step = 1; step <= packed.len; step++) {
		struct probe far;
		struct err e = {0};

		probe_init(&far, SIZE_MAX);
		cr_assert(gunzip(packed.data, packed.len, step, &far, &e), "%s", e.text);
		cr_assert(far.len == 6 && memcmp(far.data, "abcdef", 6) == 0);
		probe_stop(&far);
	}
}

Test(gunzip, output_much_larger_than_a_buffer_comes_whole)
{
	CLEANUP(buf_stop) struct buf packed = BUF_INIT(2 * MIB, "gzip");
	CLEANUP(freep) char *zeroes = xcalloc(1, MIB);
	struct probe far;
	struct err e = {0};

	gzip(zeroes, MIB, &packed);
	cr_assert_lt(packed.len, 2000);
	probe_init(&far, SIZE_MAX);
	cr_assert(gunzip(packed.data, packed.len, packed.len, &far, &e), "%s", e.text);
	cr_assert(far.len == MIB && memcmp(far.data, zeroes, MIB) == 0);
	probe_stop(&far);
}

Test(gunzip, truncation_never_commits)
{
	CLEANUP(buf_stop) struct buf packed = BUF_INIT(4096, "gzip");
	size_t first;

	gzip(text, sizeof text, &packed);
	first = packed.len;
	gzip(text, sizeof text, &packed);
	for (size_t cut = 0; cut <= packed.len; cut++) {
		struct probe far;
		struct err e = {0};
		bool whole = cut == first || cut == packed.len;

		probe_init(&far, SIZE_MAX);
		cr_assert_eq(gunzip(packed.data, cut, 7, &far, &e), whole, "cut at %zu", cut);
		cr_assert_eq(far.committed, whole);
		if (!whole)
			cr_assert_eq(e.kind, ERR_CORRUPT);
		probe_stop(&far);
	}
}

Test(gunzip, garbage_after_the_last_member_is_refused)
{
	for (int byte = 0; byte < 256; byte++) {
		CLEANUP(buf_stop) struct buf packed = BUF_INIT(4096, "gzip");
		struct probe far;
		struct err e = {0};
		char garbage = (char)byte;

		gzip(text, sizeof text, &packed);
		cr_assert(buf_add(&packed, &garbage, 1, &e));
		probe_init(&far, SIZE_MAX);
		cr_assert(!gunzip(packed.data, packed.len, packed.len, &far, &e));
		cr_assert_eq(e.kind, ERR_CORRUPT);
		probe_stop(&far);
	}
}

/* Of the header, gzip protects neither time, flags nor system. */
Test(gunzip, flipped_bits_never_commit_other_content)
{
	CLEANUP(buf_stop) struct buf packed = BUF_INIT(4096, "gzip");

	gzip(text, sizeof text, &packed);
	for (size_t bit = 0; bit < packed.len * 8; bit++) {
		struct probe far;
		struct err e = {0};

		packed.data[bit / 8] = (char)(packed.data[bit / 8] ^ 1 << bit % 8);
		probe_init(&far, SIZE_MAX);
		if (gunzip(packed.data, packed.len, packed.len, &far, &e))
			cr_assert(bit < 80 && far.len == sizeof text &&
				      memcmp(far.data, text, sizeof text) == 0,
				  "bit %zu", bit);
		else
			cr_assert_eq(e.kind, ERR_CORRUPT);
		packed.data[bit / 8] = (char)(packed.data[bit / 8] ^ 1 << bit % 8);
		probe_stop(&far);
	}
}

Test(gunzip, other_formats_are_refused)
{
	const char *const others[] = {"-- PostgreSQL database dump\n", "\x78\x9c\x4b\x04\x00",
				      "(\xb5/\xfd\x20\x01\x09"};

	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		struct probe far;
		struct err e = {0};

		probe_init(&far, SIZE_MAX);
		cr_assert(!gunzip(others[i], strlen(others[i]), 100, &far, &e));
		cr_assert_eq(e.kind, ERR_CORRUPT);
		cr_assert_str_eq(e.text, "gzip: incorrect header check");
		probe_stop(&far);
	}
}

Test(gunzip, downstream_failure_always_surfaces)
{
	CLEANUP(buf_stop) struct buf packed = BUF_INIT(4096, "gzip");

	gzip(text, sizeof text, &packed);
	for (size_t limit = 0; limit < sizeof text; limit++) {
		struct probe far;
		struct err e = {0};

		probe_init(&far, limit);
		cr_assert(!gunzip(packed.data, packed.len, packed.len, &far, &e));
		cr_assert_eq(e.kind, ERR_TRANSIENT);
		cr_assert(!far.committed);
		probe_stop(&far);
	}
}
