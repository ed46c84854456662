#include "unit/test_stream_packed.h"

#include <criterion/criterion.h>
#include <string.h>
#include <sys/resource.h>

Test(unframe_hostile, mark_has_a_largest_size)
{
	char content[FRAMES_MARK_MAX + 1];

	memset(content, 'm', sizeof content);
	for (uint32_t len = FRAMES_MARK_MAX; len <= FRAMES_MARK_MAX + 1; len++) {
		CLEANUP(buf_stop) struct buf b = BUF_INIT(4096, "file");
		CLEANUP(unframe_seen_stop) struct unframe_seen seen = {0};
		struct err e = {0};
		bool is_mark = len == FRAMES_MARK_MAX;

		pack_skippable(&b, FRAMES_MARK_MAGIC, content, len);
		pack_frame(&b, TEXT, TEXT_LEN, 17);
		cr_assert_eq(gives_text(b.data, b.len, 100, &seen, &e), !is_mark);
		cr_assert_eq(seen.mark_len, is_mark ? FRAMES_MARK_MAX : 0);
		cr_assert_eq(seen.mark[seen.mark_len], '\0');
	}
}

Test(unframe_hostile, window_above_the_limit_is_refused)
{
	CLEANUP(buf_stop) struct buf b = BUF_INIT(4096, "file");

	pack_frame(&b, TEXT, TEXT_LEN, 21);
	for (int limit = 20; limit <= 21; limit++) {
		struct unframe_options o = {.window_log_max = limit};
		CLEANUP(sink_freep) struct sink *null = sink_null();
		struct err e = {0};

		cr_assert_eq(unframe_into(null, b.data, b.len, 100, &o, &e), limit == 21);
		cr_assert_eq(e.hint[0] != '\0', limit == 20);
	}
}

Test(unframe_hostile, window_limit_that_zstd_does_not_have_is_refused)
{
	CLEANUP(sink_freep) struct sink *null = sink_null();
	struct err e = {0};

	cr_assert_null(sink_unframe(null, &(struct unframe_options){.window_log_max = 99}, &e));
	cr_assert_eq(e.kind, ERR_USAGE);
}

/* Behind its magic number, this frame's header looks like that of a skippable frame. */
Test(unframe_hostile, a_frame_is_not_taken_for_another_in_the_middle_of_it)
{
	static const char file[] = "\x28\xB5\x2F\xFD\x50\x2A\x4D\x18\x03\x00\x00\x00xyz";

	for (size_t step = 1; step < sizeof file; step++) {
		struct unframe_options o = {0};
		CLEANUP(sink_freep) struct sink *null = sink_null();
		struct err e = {0};

		cr_assert_not(unframe_into(null, file, sizeof file - 1, step, &o, &e), "%zu", step);
		cr_assert_eq(e.kind, ERR_CORRUPT);
	}
}

/* More than one buffer of it, and no checksum behind it that is still to be read. */
Test(unframe_hostile, output_that_is_pending_at_the_end_of_the_input_comes_out)
{
	static const char file[] = "\x28\xB5\x2F\xFD\x00\x38" /* a window of 128 KiB */
				   "\x42\x1F\x00x"            /* 1000 times x */
				   "\x03\x00\x10y";           /* the last: 131072 times y */
	struct unframe_options o = {0};
	struct probe far;
	struct err e = {0};

	probe_init(&far, SIZE_MAX);
	cr_assert(unframe_into(&far.sink, file, sizeof file - 1, 100, &o, &e), "%s", e.text);
	cr_assert_eq(far.len, 1000 + 131072);
	cr_assert(far.data[999] == 'x' && far.data[1000] == 'y' && far.data[far.len - 1] == 'y');
	probe_stop(&far);
}

static size_t max_rss_kib(void)
{
	struct rusage r;

	getrusage(RUSAGE_SELF, &r);
	return (size_t)r.ru_maxrss;
}

/* 128 KiB that become 4 GiB: a hostile file, and what `zstd` makes of an ordinary large one. */
Test(unframe_hostile, frame_of_4_gib_costs_no_memory_and_no_table)
{
	CLEANUP(buf_stop) struct buf b = BUF_INIT(MIB, "file");
	CLEANUP(unframe_seen_stop) struct unframe_seen seen = {0};
	CLEANUP(sink_freep) struct sink *null = sink_null();
	struct unframe_options o = {.seen = &seen};
	size_t before;
	struct err e = {0};

	pack_frame(&b, TEXT, TEXT_LEN, 17);
	/* No content size, no checksum, a window of 128 KiB; then blocks of 128 KiB of one byte. */
	pack(&b, "\x28\xB5\x2F\xFD\x00\x38", 6);
	for (int i = 0; i < 32768; i++)
		pack(&b, i == 32767 ? "\x03\x00\x10" : "\x02\x00\x10", 4);
	pack_frame(&b, TEXT, TEXT_LEN, 17);
	before = max_rss_kib();
	cr_assert(unframe_into(null, b.data, b.len, b.len, &o, &e), "%s", e.text);
	cr_assert_lt(max_rss_kib() - before, 16 * 1024);
	cr_assert_eq(seen.plain_bytes, ((uint64_t)1 << 32) + 2 * TEXT_LEN);
	cr_assert(seen.table_overflow && seen.table.count == 0);
}

Test(unframe_hostile, seek_table_that_claims_4_gib_costs_no_memory)
{
	CLEANUP(buf_stop) struct buf b = BUF_INIT(4096, "file");
	CLEANUP(freep) char *zeroes = xcalloc(1, MIB);
	CLEANUP(sink_freep) struct sink *null = sink_null();
	CLEANUP(sink_freep)
	struct sink *s = sink_unframe(null, &(struct unframe_options){0}, &(struct err){0});
	size_t before;
	struct err e = {0};

	pack_frame(&b, TEXT, TEXT_LEN, 17);
	pack(&b, "\x5E\x2A\x4D\x18\xFF\xFF\xFF\xFF", 8);
	cr_assert(sink_write(s, b.data, b.len, &e));
	before = max_rss_kib();
	for (int i = 0; i < 4095; i++)
		cr_assert(sink_write(s, zeroes, MIB, &e));
	cr_assert(sink_write(s, zeroes, MIB - 1, &e));
	cr_assert_lt(max_rss_kib() - before, 16 * 1024);
	cr_assert(!sink_commit(s, &e));
	cr_assert_eq(e.kind, ERR_CORRUPT);
	cr_assert_str_eq(e.text, "seek table: 4294967303 bytes are too many for this file");
}

Test(unframe_hostile, seek_table_of_the_smallest_frames_and_largest_entries_is_read)
{
	CLEANUP(buf_stop) struct buf b = BUF_INIT(4096, "file");
	CLEANUP(unframe_seen_stop) struct unframe_seen seen = {0};
	CLEANUP(sink_freep) struct sink *null = sink_null();
	struct unframe_options o = {.seen = &seen};
	unsigned char table[50 * 12 + SEEK_TABLE_FOOTER] = {0};
	struct err e = {0};

	for (size_t i = 0; i < 50; i++) {
		pack_skippable(&b, 0x184D2A50, "", 0);
		put_le32(table + 12 * i, SKIPPABLE_HEADER);
	}
	put_le32(table + 600, 50);
	table[604] = 0x80;
	put_le32(table + 605, 0x8F92EAB1);
	pack_skippable(&b, SEEK_TABLE_MAGIC, table, sizeof table);
	cr_assert(unframe_into(null, b.data, b.len, 99, &o, &e), "%s", e.text);
	cr_assert(seen.has_seek_table && seen.seek_table.count == 50);
}

/* A footer that claims more or fewer entries than its frame has, within what the file can hold. */
Test(unframe_hostile, seek_table_that_lies_about_its_length_is_refused)
{
	for (uint32_t claimed = 0; claimed < 20; claimed++) {
		CLEANUP(buf_stop) struct buf b = BUF_INIT(4096, "file");
		unsigned char table[8 + SEEK_TABLE_FOOTER] = {0};
		struct err e = {0};

		pack_frame(&b, TEXT, TEXT_LEN, 17);
		put_le32(table, (uint32_t)b.len);
		put_le32(table + 4, TEXT_LEN);
		put_le32(table + 8, claimed);
		put_le32(table + 13, 0x8F92EAB1);
		pack_skippable(&b, SEEK_TABLE_MAGIC, table, sizeof table);
		cr_assert_eq(gives_text(b.data, b.len, b.len, NULL, &e), claimed == 1);
	}
}

Test(unframe_hostile, downstream_failure_always_surfaces)
{
	struct probe packed;

	pack_ours(&packed, NULL);
	for (size_t limit = 0; limit < TEXT_LEN; limit++) {
		struct unframe_options o = {0};
		struct probe far;
		struct err e = {0};

		probe_init(&far, limit);
		cr_assert(!unframe_into(&far.sink, packed.data, packed.len, 10, &o, &e));
		cr_assert_eq(e.kind, ERR_TRANSIENT);
		probe_stop(&far);
	}
	probe_stop(&packed);
}

/* Bytes changed, removed and repeated at random: an error or the text, never anything else. */
Test(unframe_hostile, mutated_files_never_crash_and_never_lie)
{
	struct probe packed;
	uint32_t x = 1;

	pack_ours(&packed, NULL);
	for (int i = 0; i < 20000; i++) {
		CLEANUP(buf_stop) struct buf b = BUF_INIT(4096, "file");
		size_t cut[2];
		struct err e = {0};

		for (size_t k = 0; k < 2; k++)
			cut[k] = ((x = x * 1664525 + 1013904223) >> 8) % packed.len;
		pack(&b, packed.data, cut[0]);
		pack(&b, packed.data + cut[1], packed.len - cut[1]);
		if (i % 2 == 0)
			b.data[x % b.len] = (char)(x >> 24);
		gives_text(b.data, b.len, 1 + x % 97, NULL, &e);
	}
	probe_stop(&packed);
}
