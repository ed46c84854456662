#include "stream/seek_table.h"
#include "support/probe.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static const char text[] =
    "the\nquick\nbrown fox jumps over\nthe lazy\ndog\n\nand again\nand again";

#define TEXT_LEN (sizeof text - 1)

static struct probe packed;
static struct frame_table made;

static void setup(void)
{
	struct frames_options o = {.frame_bytes = 12, .mark = "mark"};
	struct err e = {0};

	probe_init(&packed, SIZE_MAX);
	CLEANUP(sink_freep) struct sink *s = sink_frames(&packed.sink, &o, &made, &e);
	cr_assert(sink_write(s, text, TEXT_LEN, &e) && sink_commit(s, &e));
	cr_assert_gt(made.count, 5);
}

static void teardown(void)
{
	probe_stop(&packed);
	frame_table_stop(&made);
}

TestSuite(seek_table, .init = setup, .fini = teardown);

/* Parse the whole of a file that is in memory. */
static bool parse(const void *file, size_t len, struct frame_table *t, struct err *e)
{
	uint64_t need;

	return seek_table_parse(file, len, len, t, &need, e) && need <= len;
}

Test(seek_table, says_what_was_written)
{
	CLEANUP(frame_table_stop) struct frame_table t = {0};
	struct err e = {0};

	cr_assert(parse(packed.data, packed.len, &t, &e), "%s", e.text);
	cr_assert_eq(t.count, made.count);
	for (size_t i = 0; i < t.count; i++) {
		cr_assert_eq(t.frames[i].at, made.frames[i].at);
		cr_assert_eq(t.frames[i].plain_at, made.frames[i].plain_at);
		cr_assert_eq(t.frames[i].bytes, made.frames[i].bytes);
		cr_assert_eq(t.frames[i].plain_bytes, made.frames[i].plain_bytes);
	}
	cr_assert(frame_table_compare(&made, &t, &e));
}

Test(seek_table, short_tail_learns_what_it_needs)
{
	uint64_t table_bytes = seek_table_bytes(made.count);

	for (size_t len = SEEK_TABLE_FOOTER; len <= packed.len; len++) {
		CLEANUP(frame_table_stop) struct frame_table t = {0};
		/* Of exactly its length, so that a sanitizer sees a read before it. */
		CLEANUP(freep) char *tail = xcalloc(1, len);
		uint64_t need = 0;
		struct err e = {0};

		memcpy(tail, packed.data + packed.len - len, len);
		cr_assert(seek_table_parse(tail, len, packed.len, &t, &need, &e), "%s", e.text);
		cr_assert_eq(need, table_bytes);
		cr_assert_eq(t.count, len < table_bytes ? 0 : made.count);
	}
}

Test(seek_table, every_flipped_bit_is_found)
{
	size_t begin = packed.len - (size_t)seek_table_bytes(made.count);

	for (size_t bit = 8 * begin; bit < 8 * packed.len; bit++) {
		CLEANUP(frame_table_stop) struct frame_table t = {0};
		struct err e = {0};
		bool intact;

		/* Two bits of the descriptor mean nothing. */
		if (bit / 8 == packed.len - 5 && bit % 8 < 2)
			continue;
		packed.data[bit / 8] = (char)(packed.data[bit / 8] ^ 1 << bit % 8);
		intact =
		    parse(packed.data, packed.len, &t, &e) && frame_table_compare(&made, &t, &e);
		cr_assert(!intact, "bit %zu of byte %zu", bit % 8, bit / 8 - begin);
		packed.data[bit / 8] = (char)(packed.data[bit / 8] ^ 1 << bit % 8);
	}
}

Test(seek_table, every_truncated_file_has_none)
{
	for (size_t len = SEEK_TABLE_FOOTER; len < packed.len; len++) {
		CLEANUP(frame_table_stop) struct frame_table t = {0};
		struct err e = {0};

		cr_assert(!parse(packed.data, len, &t, &e), "%zu of %zu", len, packed.len);
		cr_assert_eq(e.kind, ERR_CORRUPT);
		cr_assert_null(t.frames);
	}
}

Test(seek_table, tiny_files_have_none)
{
	for (size_t len = 0; len < SEEK_TABLE_FOOTER; len++) {
		struct frame_table t = {0};
		struct err e = {0};

		cr_assert(!parse(packed.data, len, &t, &e));
		cr_assert_eq(e.kind, ERR_CORRUPT);
	}
}

/* A table of count frames of the given size, made by hand. */
static size_t craft(unsigned char *p, uint32_t count, uint32_t bytes, size_t entry_bytes)
{
	size_t len = SKIPPABLE_HEADER;

	put_le32(p, SEEK_TABLE_MAGIC);
	for (uint32_t i = 0; i < count; i++, len += entry_bytes) {
		put_le32(p + len, bytes);
		put_le32(p + len + 4, 100);
		if (entry_bytes == 12)
			put_le32(p + len + 8, 0x12345678);
	}
	put_le32(p + len, count);
	p[len + 4] = entry_bytes == 12 ? 0x80 : 0;
	put_le32(p + len + 5, 0x8F92EAB1);
	len += SEEK_TABLE_FOOTER;
	put_le32(p + 4, (uint32_t)len - SKIPPABLE_HEADER);
	return len;
}

Test(seek_table, checksums_are_passed_over)
{
	unsigned char p[100];
	size_t len = craft(p, 3, 50, 12);
	CLEANUP(frame_table_stop) struct frame_table t = {0};
	uint64_t need;
	struct err e = {0};

	cr_assert(seek_table_parse(p, len, 150 + len, &t, &need, &e), "%s", e.text);
	cr_assert(t.count == 3 && t.frames[2].at == 100 && t.frames[2].plain_at == 200);
}

Test(seek_table, file_of_another_length_is_refused)
{
	unsigned char p[100];
	size_t len = craft(p, 3, 50, 8);

	for (uint64_t before = 0; before < 300; before++) {
		CLEANUP(frame_table_stop) struct frame_table t = {0};
		uint64_t need;
		struct err e = {0};
		bool ok = seek_table_parse(p, len, before + len, &t, &need, &e);

		cr_assert_eq(ok, before == 150);
		cr_assert_eq(t.count, ok ? 3 : 0);
	}
}

Test(seek_table, frames_too_small_to_be_any_are_refused)
{
	for (uint32_t bytes = 0; bytes < 10; bytes++) {
		unsigned char p[100];
		size_t len = craft(p, 2, bytes, 8);
		CLEANUP(frame_table_stop) struct frame_table t = {0};
		uint64_t need;
		struct err e = {0};

		cr_assert_eq(seek_table_parse(p, len, 2 * bytes + len, &t, &need, &e), bytes >= 8);
	}
}

Test(seek_table, sum_that_is_right_does_not_excuse_a_frame_too_small)
{
	unsigned char p[100];
	size_t len = craft(p, 2, 50, 8);
	struct frame_table t = {0};
	uint64_t need;
	struct err e = {0};

	put_le32(p + SKIPPABLE_HEADER, 93);
	put_le32(p + SKIPPABLE_HEADER + 8, 7);
	cr_assert(!seek_table_parse(p, len, 100 + len, &t, &need, &e));
	cr_assert_str_eq(e.text, "seek table: frame 1 cannot be of 7 bytes");
	cr_assert_null(t.frames);
}

/* Before anybody fetches or allocates what it claims. */
Test(seek_table, hostile_count_is_refused_from_the_footer_alone)
{
	static const uint32_t counts[] = {1000, FRAMES_MAX + 1, SEEK_TABLE_MAX_FRAMES, UINT32_MAX};
	static const uint64_t sizes[] = {100, 8000, (uint64_t)1 << 40, UINT64_MAX};

	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
		for (size_t j = 0; j < sizeof sizes / sizeof *sizes; j++) {
			unsigned char p[SEEK_TABLE_FOOTER] = {0};
			struct frame_table t = {0};
			uint64_t need = 0;
			struct err e = {0};
			bool fits = counts[i] <= FRAMES_MAX && sizes[j] > 16000;

			put_le32(p, counts[i]);
			put_le32(p + 5, 0x8F92EAB1);
			cr_assert_eq(seek_table_parse(p, sizeof p, sizes[j], &t, &need, &e), fits);
			cr_assert_null(t.frames);
			if (fits)
				cr_assert_eq(need, 8017);
			else
				cr_assert_eq(e.kind, ERR_CORRUPT);
		}
	}
}

Test(seek_table, long_table_is_written_in_pieces)
{
	CLEANUP(frame_table_stop) struct frame_table t = {0}, again = {0};
	uint64_t at, plain_at, need;
	struct probe far;
	struct err e = {0};

	for (uint64_t i = 0; i < 5000; i++)
		cr_assert(frame_table_add(&t, 20 + i, 3 * i));
	frame_table_end(&t, &at, &plain_at);
	probe_init(&far, SIZE_MAX);
	cr_assert(seek_table_write(&t, &far.sink, &e));
	cr_assert_eq(far.len, seek_table_bytes(5000));
	cr_assert(seek_table_parse(far.data, far.len, at + far.len, &again, &need, &e), "%s",
		  e.text);
	cr_assert(frame_table_compare(&t, &again, &e));
	probe_stop(&far);
	probe_init(&far, 100);
	cr_assert(!seek_table_write(&t, &far.sink, &e));
	probe_stop(&far);
}

Test(seek_table, table_holds_no_more_than_its_maximum)
{
	CLEANUP(frame_table_stop) struct frame_table t = {0};

	for (size_t i = 0; i < FRAMES_MAX; i++)
		if (!frame_table_add(&t, 10, 10))
			cr_assert_fail("frame %zu", i);
	cr_assert(!frame_table_add(&t, 10, 10));
	cr_assert_eq(t.count, FRAMES_MAX);
}

Test(seek_table, table_refuses_sizes_that_it_cannot_hold)
{
	CLEANUP(frame_table_stop) struct frame_table t = {0};

	cr_assert(frame_table_add(&t, UINT32_MAX, UINT32_MAX));
	cr_assert(!frame_table_add(&t, (uint64_t)UINT32_MAX + 1, 0));
	cr_assert(!frame_table_add(&t, 0, (uint64_t)UINT32_MAX + 1));
	cr_assert(frame_table_add(&t, 1, 1));
	cr_assert(t.count == 2 && t.frames[1].at == UINT32_MAX);
}

Test(seek_table, compare_names_the_first_frame_that_differs)
{
	CLEANUP(frame_table_stop) struct frame_table a = {0}, b = {0};
	struct err e = {0};

	cr_assert(frame_table_add(&a, 20, 0) && frame_table_add(&b, 20, 0));
	cr_assert(frame_table_add(&a, 30, 100));
	cr_assert(!frame_table_compare(&a, &b, &e));
	cr_assert_eq(e.kind, ERR_CORRUPT);
	cr_assert_str_eq(e.text, "frame 1: the file has 2 frames, but the seek table says 1");
	cr_assert(frame_table_add(&b, 30, 101));
	cr_assert(frame_table_add(&a, 40, 7) && frame_table_add(&b, 40, 7));
	cr_assert(!frame_table_compare(&a, &b, &e));
	cr_assert_str_eq(e.text, "frame 1 at byte 20: has 30 bytes, 100 plain, "
				 "but the seek table says 30, 101 plain");
	b.frames[1] = (struct frame){20, 0, 31, 100};
	cr_assert(!frame_table_compare(&a, &b, &e));
	b.frames[1] = a.frames[1];
	cr_assert(frame_table_compare(&a, &b, &e));
}

/* What a reader does with a range: fetch, decompress, skip, take. */
static void extracts(size_t at, size_t len)
{
	struct frame_range r;
	struct probe far;
	struct err e = {0};

	cr_assert(frame_table_find(&made, at, len, &r, &e), "%s", e.text);
	if (len == 0) {
		cr_assert_eq(r.bytes, 0);
		return;
	}
	cr_assert(r.skip < 12 && r.bytes <= packed.len - r.at);
	probe_init(&far, SIZE_MAX);
	CLEANUP(sink_freep) struct sink *window = sink_window(&far.sink, r.skip, len);
	CLEANUP(sink_freep)
	struct sink *s = sink_unframe(window, &(struct unframe_options){0}, &e);
	cr_assert(sink_write(s, packed.data + r.at, r.bytes, &e) && sink_commit(s, &e), "%s",
		  e.text);
	cr_assert(far.len == len && memcmp(far.data, text + at, len) == 0);
	probe_stop(&far);
}

Test(seek_table, every_range_is_found)
{
	for (size_t at = 0; at <= TEXT_LEN; at++)
		for (size_t len = 0; len <= TEXT_LEN - at; len++)
			extracts(at, len);
}

Test(seek_table, range_fetches_no_frame_that_it_does_not_need)
{
	for (size_t i = 1; i < made.count; i++) {
		const struct frame *f = &made.frames[i];
		struct frame_range r;
		struct err e = {0};

		cr_assert(frame_table_find(&made, f->plain_at, f->plain_bytes, &r, &e));
		cr_assert(r.at == f->at && r.bytes == f->bytes && r.skip == 0);
	}
}

Test(seek_table, range_past_the_end_is_refused)
{
	static const uint64_t ranges[][2] = {{0, TEXT_LEN + 1}, {TEXT_LEN, 1},
					     {TEXT_LEN + 1, 0}, {1, UINT64_MAX},
					     {UINT64_MAX, 1},   {UINT64_MAX, UINT64_MAX}};
	static const struct frame_table none;
	struct frame_range r;
	struct err e = {0};

	for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
		cr_assert(!frame_table_find(&made, ranges[i][0], ranges[i][1], &r, &e));
		cr_assert_eq(e.kind, ERR_CORRUPT);
	}
	cr_assert(!frame_table_find(&none, 0, 1, &r, &e));
	cr_assert(frame_table_find(&none, 0, 0, &r, &e));
}
