#include "unit/test_stream_packed.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

Test(unframe, every_cut_into_pieces_gives_the_same)
{
	CLEANUP(frame_table_stop) struct frame_table table = {0};
	struct probe packed;

	pack_ours(&packed, &table);
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

	pack_ours(&packed, NULL);
	cr_assert(gives_text(packed.data, packed.len, 13, NULL, &e), "%s", e.text);
	probe_stop(&packed);
}

/* Between two frames as well: the seek table is missing then. */
Test(unframe, truncation_of_our_file_never_commits)
{
	struct probe packed;

	pack_ours(&packed, NULL);
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

	pack_frame(&b, TEXT, TEXT_LEN, 17);
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

	pack_ours(&packed, &table);
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

	pack_ours(&packed, NULL);
	for (size_t n = 1; n < sizeof garbage; n++) {
		CLEANUP(buf_stop) struct buf b = BUF_INIT(4096, "file");
		struct err e = {0};

		pack(&b, packed.data, packed.len);
		pack(&b, garbage, n);
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

	pack_ours(&packed, &table);
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

	pack_skippable(&b, 0x184D2A50, "pzstd", 5);
	pack_frame(&b, TEXT, 10, 17);
	pack_skippable(&b, SEEK_TABLE_MAGIC, "not the last frame", 18);
	pack_skippable(&b, 0x184D2A5F, "", 0);
	pack_frame(&b, "", 0, 17);
	pack_skippable(&b, FRAMES_MARK_MAGIC, "not the first frame", 19);
	pack_frame(&b, &TEXT[10], TEXT_LEN - 10, 17);
	pack_skippable(&b, 0x184D2A50, "", 0);
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

	pack_frame(&b, TEXT, TEXT_LEN, 17);
	put_le32(table, (uint32_t)b.len);
	put_le32(table + 4, TEXT_LEN);
	put_le32(table + 12, 1);
	table[16] = 0x80; /* a checksum in each entry */
	put_le32(table + 17, 0x8F92EAB1);
	pack_skippable(&b, SEEK_TABLE_MAGIC, table, sizeof table);
	cr_assert(gives_text(b.data, b.len, 7, &seen, &e), "%s", e.text);
	cr_assert(seen.has_seek_table);
	cr_assert(frame_table_compare(&seen.table, &seen.seek_table, &e), "%s", e.text);
}

Test(unframe, seek_table_without_a_footer_is_refused)
{
	for (uint32_t len = 0; len < SEEK_TABLE_FOOTER; len++) {
		CLEANUP(buf_stop) struct buf b = BUF_INIT(4096, "file");
		CLEANUP(unframe_seen_stop) struct unframe_seen seen = {0};
		struct err e = {0};

		pack_frame(&b, TEXT, TEXT_LEN, 17);
		pack_skippable(&b, SEEK_TABLE_MAGIC, "12345678", len);
		cr_assert(!gives_text(b.data, b.len, 7, &seen, &e));
		cr_assert(strstr(e.text, "seek table: its frame has "), "%s", e.text);
	}
}

Test(unframe, our_files_one_behind_the_other_are_refused)
{
	struct probe packed;
	struct err e = {0};

	pack_ours(&packed, NULL);
	CLEANUP(buf_stop) struct buf b = BUF_INIT(4096, "file");
	pack(&b, packed.data, packed.len);
	pack(&b, packed.data, packed.len);
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

	pack_ours(&packed, &table);
	at = table.frames[1].at;
	end = packed.len - (size_t)seek_table_bytes(table.count);
	cr_assert(gives_text(packed.data + at, end - at, 11, NULL, &e), "%s", e.text);
	probe_stop(&packed);
}
