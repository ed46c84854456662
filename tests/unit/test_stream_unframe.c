#include "stream/seek_table.h"
#include "support/probe.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <zstd.h>

static const char text[] =
    "the\nquick\nbrown fox jumps over\nthe lazy\ndog\n\nand again\nand again";

#define TEXT_LEN (sizeof text - 1)

/* The text as a file of ours, in several frames. */
static void ours(struct probe *packed, struct frame_table *table)
{
	struct frames_options o = {.frame_bytes = 20, .mark = "pgmuster 1"};
	struct err e = {0};

	probe_init(packed, SIZE_MAX);
	CLEANUP(sink_freep) struct sink *s = sink_frames(&packed->sink, &o, table, &e);
	cr_assert(sink_write(s, text, TEXT_LEN, &e) && sink_commit(s, &e));
}

static void add(struct buf *b, const void *data, size_t len)
{
	struct err e = {0};

	cr_assert(buf_add(b, data, len, &e));
}

/* Append a frame as zstd makes it, with a checksum. */
static void add_frame(struct buf *b, const void *data, size_t len, int window_log)
{
	char packed[1024];
	ZSTD_CCtx *c = ZSTD_createCCtx();
	ZSTD_outBuffer out = {packed, sizeof packed, 0};
	ZSTD_inBuffer in = {data, len, 0};

	ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, 1);
	ZSTD_CCtx_setParameter(c, ZSTD_c_windowLog, window_log);
	/* Without the size beforehand, so that the window is as asked for. */
	cr_assert(!ZSTD_isError(ZSTD_compressStream2(c, &out, &in, ZSTD_e_flush)));
	cr_assert_eq(ZSTD_compressStream2(c, &out, &in, ZSTD_e_end), 0);
	ZSTD_freeCCtx(c);
	add(b, packed, out.pos);
}

static void add_skippable(struct buf *b, uint32_t magic, const void *data, uint32_t len)
{
	unsigned char header[SKIPPABLE_HEADER];

	put_le32(header, magic);
	put_le32(header + 4, len);
	add(b, header, sizeof header);
	if (len > 0)
		add(b, data, len);
}

static bool unframe_into(struct sink *next, const char *data, size_t len, size_t step,
			 const struct unframe_options *o, struct err *e)
{
	CLEANUP(sink_freep) struct sink *s = sink_unframe(next, o, e);

	if (!s)
		return false;
	for (size_t at = 0; at < len; at += step)
		if (!sink_write(s, data + at, len - at < step ? len - at : step, e))
			return false;
	return sink_commit(s, e);
}

/* True when the input commits, and then as the text. */
static bool gives_text(const char *data, size_t len, size_t step, struct unframe_seen *seen,
		       struct err *e)
{
	struct unframe_options o = {.seen = seen};
	struct probe far;
	bool ok;

	probe_init(&far, SIZE_MAX);
	ok = unframe_into(&far.sink, data, len, step, &o, e);
	cr_assert_eq(ok, far.committed);
	if (ok)
		cr_assert(far.len == TEXT_LEN && memcmp(far.data, text, TEXT_LEN) == 0);
	else
		cr_assert_eq(e->kind, ERR_CORRUPT);
	probe_stop(&far);
	return ok;
}

Test(unframe, every_cut_into_pieces_gives_the_same)
{
	CLEANUP(frame_table_stop) struct frame_table table = {0};
	struct probe packed;

	ours(&packed, &table);
	for (size_t step = 1; step <= packed.len; step++) {
		CLEANUP(unframe_seen_stop) struct unframe_seen seen = {0};
		struct err e = {0};

		cr_assert(gives_text(packed.data, packed.len, step, &seen, &e), "%s", e.text);
		cr_assert(seen.has_seek_table && !seen.table_overflow);
		cr_assert_eq(seen.plain_bytes, TEXT_LEN);
		cr_assert_eq(seen.mark_len, 10);
		cr_assert_str_eq(seen.mark, "pgmuster 1");
		cr_assert(frame_table_compare(&seen.table, &table, &e), "%s", e.text);
		cr_assert(frame_table_compare(&seen.seek_table, &table, &e), "%s", e.text);
	}
	probe_stop(&packed);
}

Test(unframe, works_without_anyone_to_tell)
{
	struct probe packed;
	struct err e = {0};

	ours(&packed, NULL);
	cr_assert(gives_text(packed.data, packed.len, 13, NULL, &e), "%s", e.text);
	probe_stop(&packed);
}

/* Between two frames as well: the seek table is missing then. */
Test(unframe, truncation_of_our_file_never_commits)
{
	struct probe packed;

	ours(&packed, NULL);
	for (size_t cut = 0; cut <= packed.len; cut++) {
		CLEANUP(unframe_seen_stop) struct unframe_seen seen = {0};
		struct err e = {0};

		cr_assert_eq(gives_text(packed.data, cut, 50, &seen, &e), cut == packed.len,
			     "cut at %zu of %zu", cut, packed.len);
	}
	probe_stop(&packed);
}

Test(unframe, truncation_inside_a_foreign_frame_never_commits)
{
	CLEANUP(buf_stop) struct buf b = BUF_INIT(4096, "file");

	add_frame(&b, text, TEXT_LEN, 17);
	for (size_t cut = 0; cut <= b.len; cut++) {
		struct err e = {0};

		cr_assert_eq(gives_text(b.data, cut, 50, NULL, &e), cut == b.len);
	}
}

/* Bits that change no content: the mark's, one without meaning in each frame's descriptor and one
 * that makes its content size a window size, and two without meaning in the seek table's. */
static bool changes_nothing(const struct frame_table *table, size_t file_bytes, size_t byte,
			    size_t bit)
{
	for (size_t i = 1; i < table->count; i++)
		if (byte == table->frames[i].at + 4)
			return bit == 4 || bit == 5;
	return byte < table->frames[1].at || (byte == file_bytes - 5 && bit < 2);
}

Test(unframe, flipped_bits_are_found)
{
	CLEANUP(frame_table_stop) struct frame_table table = {0};
	struct probe packed;

	ours(&packed, &table);
	for (size_t i = 0; i < packed.len * 8; i++) {
		CLEANUP(unframe_seen_stop) struct unframe_seen seen = {0};
		char flip = (char)(1 << i % 8);
		struct err e = {0};

		packed.data[i / 8] ^= flip;
		if (gives_text(packed.data, packed.len, packed.len, &seen, &e) &&
		    frame_table_compare(&seen.table, &seen.seek_table, &e))
			cr_assert(changes_nothing(&table, packed.len, i / 8, i % 8),
				  "bit %zu of byte %zu", i % 8, i / 8);
		packed.data[i / 8] ^= flip;
	}
	probe_stop(&packed);
}

Test(unframe, garbage_after_the_last_frame_is_refused)
{
	static const char garbage[] = "\n-- garbage";
	struct probe packed;

	ours(&packed, NULL);
	for (size_t n = 1; n < sizeof garbage; n++) {
		CLEANUP(buf_stop) struct buf b = BUF_INIT(4096, "file");
		struct err e = {0};

		add(&b, packed.data, packed.len);
		add(&b, garbage, n);
		cr_assert(!gives_text(b.data, b.len, b.len, NULL, &e));
	}
	probe_stop(&packed);
}

Test(unframe, message_names_frame_and_offset)
{
	CLEANUP(frame_table_stop) struct frame_table table = {0};
	char expected[100];
	struct probe packed;
	struct err e = {0};

	ours(&packed, &table);
	packed.data[table.frames[3].at] ^= 1;
	cr_assert(!gives_text(packed.data, packed.len, 9, NULL, &e));
	snprintf(expected, sizeof expected, "frame 3 at byte %d: this is not a zstd frame",
		 (int)table.frames[3].at);
	cr_assert_str_eq(e.text, expected);
	probe_stop(&packed);
}

Test(unframe, foreign_file_of_any_frames_is_read)
{
	CLEANUP(buf_stop) struct buf b = BUF_INIT(4096, "file");

	add_skippable(&b, 0x184D2A50, "pzstd", 5);
	add_frame(&b, text, 10, 17);
	add_skippable(&b, SEEK_TABLE_MAGIC, "not the last frame", 18);
	add_skippable(&b, 0x184D2A5F, "", 0);
	add_frame(&b, "", 0, 17);
	add_skippable(&b, FRAMES_MARK_MAGIC, "not the first frame", 19);
	add_frame(&b, text + 10, TEXT_LEN - 10, 17);
	add_skippable(&b, 0x184D2A50, "", 0);
	for (size_t step = 1; step <= b.len; step++) {
		CLEANUP(unframe_seen_stop) struct unframe_seen seen = {0};
		struct frame *last;
		struct err e = {0};

		cr_assert(gives_text(b.data, b.len, step, &seen, &e), "%s", e.text);
		cr_assert(seen.mark_len == 0 && !seen.has_seek_table);
		cr_assert_eq(seen.table.count, 8);
		cr_assert_eq(seen.table.frames[2].bytes, 26);
		last = &seen.table.frames[6];
		cr_assert_eq(last->at + last->bytes + 8, b.len);
		cr_assert_eq(last->plain_at, 10);
	}
}

Test(unframe, foreign_seek_table_needs_no_mark)
{
	CLEANUP(buf_stop) struct buf b = BUF_INIT(4096, "file");
	CLEANUP(unframe_seen_stop) struct unframe_seen seen = {0};
	unsigned char table[12 + SEEK_TABLE_FOOTER] = {0};
	struct err e = {0};

	add_frame(&b, text, TEXT_LEN, 17);
	put_le32(table, (uint32_t)b.len);
	put_le32(table + 4, TEXT_LEN);
	put_le32(table + 12, 1);
	table[16] = 0x80; /* a checksum in each entry */
	put_le32(table + 17, 0x8F92EAB1);
	add_skippable(&b, SEEK_TABLE_MAGIC, table, sizeof table);
	cr_assert(gives_text(b.data, b.len, 7, &seen, &e), "%s", e.text);
	cr_assert(seen.has_seek_table);
	cr_assert(frame_table_compare(&seen.table, &seen.seek_table, &e), "%s", e.text);
}

Test(unframe, our_files_one_behind_the_other_are_refused)
{
	struct probe packed;
	struct err e = {0};

	ours(&packed, NULL);
	CLEANUP(buf_stop) struct buf b = BUF_INIT(4096, "file");
	add(&b, packed.data, packed.len);
	add(&b, packed.data, packed.len);
	cr_assert(!gives_text(b.data, b.len, b.len, NULL, &e));
	cr_assert(strstr(e.text, "seek table: its frames have"), "%s", e.text);
	probe_stop(&packed);
}

Test(unframe, range_out_of_our_file_needs_no_seek_table)
{
	CLEANUP(frame_table_stop) struct frame_table table = {0};
	struct probe packed;
	struct err e = {0};
	size_t at, end;

	ours(&packed, &table);
	at = table.frames[1].at;
	end = packed.len - (size_t)seek_table_bytes(table.count);
	cr_assert(gives_text(packed.data + at, end - at, 11, NULL, &e), "%s", e.text);
	probe_stop(&packed);
}

Test(unframe, mark_has_a_largest_size)
{
	char content[FRAMES_MARK_MAX + 1];

	memset(content, 'm', sizeof content);
	for (uint32_t len = FRAMES_MARK_MAX; len <= FRAMES_MARK_MAX + 1; len++) {
		CLEANUP(buf_stop) struct buf b = BUF_INIT(4096, "file");
		CLEANUP(unframe_seen_stop) struct unframe_seen seen = {0};
		struct err e = {0};
		bool is_mark = len == FRAMES_MARK_MAX;

		add_skippable(&b, FRAMES_MARK_MAGIC, content, len);
		add_frame(&b, text, TEXT_LEN, 17);
		cr_assert_eq(gives_text(b.data, b.len, 100, &seen, &e), !is_mark);
		cr_assert_eq(seen.mark_len, is_mark ? FRAMES_MARK_MAX : 0);
		cr_assert_eq(seen.mark[seen.mark_len], '\0');
	}
}

Test(unframe, window_above_the_limit_is_refused)
{
	CLEANUP(buf_stop) struct buf b = BUF_INIT(4096, "file");

	add_frame(&b, text, TEXT_LEN, 21);
	for (int limit = 20; limit <= 21; limit++) {
		struct unframe_options o = {.window_log_max = limit};
		CLEANUP(sink_freep) struct sink *null = sink_null();
		struct err e = {0};

		cr_assert_eq(unframe_into(null, b.data, b.len, 100, &o, &e), limit == 21);
		cr_assert_eq(e.hint[0] != '\0', limit == 20);
	}
}

Test(unframe, window_limit_that_zstd_does_not_have_is_refused)
{
	CLEANUP(sink_freep) struct sink *null = sink_null();
	struct err e = {0};

	cr_assert_null(sink_unframe(null, &(struct unframe_options){.window_log_max = 99}, &e));
	cr_assert_eq(e.kind, ERR_USAGE);
}

/* The second block's end is still inside libzstd when all of the input has been taken. */
Test(unframe, output_that_is_pending_at_the_end_of_the_input_comes_out)
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
Test(unframe, frame_of_4_gib_costs_no_memory_and_no_table)
{
	CLEANUP(buf_stop) struct buf b = BUF_INIT(MIB, "file");
	CLEANUP(unframe_seen_stop) struct unframe_seen seen = {0};
	CLEANUP(sink_freep) struct sink *null = sink_null();
	struct unframe_options o = {.seen = &seen};
	size_t before;
	struct err e = {0};

	add_frame(&b, text, TEXT_LEN, 17);
	/* No content size, no checksum, a window of 128 KiB; then blocks of 128 KiB of one byte. */
	add(&b, "\x28\xB5\x2F\xFD\x00\x38", 6);
	for (int i = 0; i < 32768; i++)
		add(&b, i == 32767 ? "\x03\x00\x10" : "\x02\x00\x10", 4);
	add_frame(&b, text, TEXT_LEN, 17);
	before = max_rss_kib();
	cr_assert(unframe_into(null, b.data, b.len, b.len, &o, &e), "%s", e.text);
	cr_assert_lt(max_rss_kib() - before, 16 * 1024);
	cr_assert_eq(seen.plain_bytes, ((uint64_t)1 << 32) + 2 * TEXT_LEN);
	cr_assert(seen.table_overflow && seen.table.count == 0);
}

Test(unframe, seek_table_that_claims_4_gib_costs_no_memory)
{
	CLEANUP(buf_stop) struct buf b = BUF_INIT(4096, "file");
	CLEANUP(freep) char *zeroes = xcalloc(1, MIB);
	CLEANUP(sink_freep) struct sink *null = sink_null();
	CLEANUP(sink_freep)
	struct sink *s = sink_unframe(null, &(struct unframe_options){0}, &(struct err){0});
	size_t before;
	struct err e = {0};

	add_frame(&b, text, TEXT_LEN, 17);
	add(&b, "\x5E\x2A\x4D\x18\xFF\xFF\xFF\xFF", 8);
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

Test(unframe, seek_table_of_the_smallest_frames_and_largest_entries_is_read)
{
	CLEANUP(buf_stop) struct buf b = BUF_INIT(4096, "file");
	CLEANUP(unframe_seen_stop) struct unframe_seen seen = {0};
	CLEANUP(sink_freep) struct sink *null = sink_null();
	struct unframe_options o = {.seen = &seen};
	unsigned char table[50 * 12 + SEEK_TABLE_FOOTER] = {0};
	struct err e = {0};

	for (size_t i = 0; i < 50; i++) {
		add_skippable(&b, 0x184D2A50, "", 0);
		put_le32(table + 12 * i, SKIPPABLE_HEADER);
	}
	put_le32(table + 600, 50);
	table[604] = 0x80;
	put_le32(table + 605, 0x8F92EAB1);
	add_skippable(&b, SEEK_TABLE_MAGIC, table, sizeof table);
	cr_assert(unframe_into(null, b.data, b.len, 99, &o, &e), "%s", e.text);
	cr_assert(seen.has_seek_table && seen.seek_table.count == 50);
}

/* A footer that claims more or fewer entries than its frame has, within what the file could hold. */
Test(unframe, seek_table_that_lies_about_its_length_is_refused)
{
	for (uint32_t claimed = 0; claimed < 20; claimed++) {
		CLEANUP(buf_stop) struct buf b = BUF_INIT(4096, "file");
		unsigned char table[8 + SEEK_TABLE_FOOTER] = {0};
		struct err e = {0};

		add_frame(&b, text, TEXT_LEN, 17);
		put_le32(table, (uint32_t)b.len);
		put_le32(table + 4, TEXT_LEN);
		put_le32(table + 8, claimed);
		put_le32(table + 13, 0x8F92EAB1);
		add_skippable(&b, SEEK_TABLE_MAGIC, table, sizeof table);
		cr_assert_eq(gives_text(b.data, b.len, b.len, NULL, &e), claimed == 1);
	}
}

Test(unframe, downstream_failure_always_surfaces)
{
	struct probe packed;

	ours(&packed, NULL);
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
Test(unframe, mutated_files_never_crash_and_never_lie)
{
	struct probe packed;
	uint32_t x = 1;

	ours(&packed, NULL);
	for (int i = 0; i < 20000; i++) {
		CLEANUP(buf_stop) struct buf b = BUF_INIT(4096, "file");
		size_t cut[2];
		struct err e = {0};

		for (size_t k = 0; k < 2; k++)
			cut[k] = ((x = x * 1664525 + 1013904223) >> 8) % packed.len;
		add(&b, packed.data, cut[0]);
		add(&b, packed.data + cut[1], packed.len - cut[1]);
		if (i % 2 == 0)
			b.data[x % b.len] = (char)(x >> 24);
		gives_text(b.data, b.len, 1 + x % 97, NULL, &e);
	}
	probe_stop(&packed);
}
