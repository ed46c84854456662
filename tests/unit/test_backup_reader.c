#include "backup/digest.h"
#include "backup/reader.h"
#include "support/probe.h"
#include "test_backup_store.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

static char *small;
static size_t small_len;

static void init(void)
{
	night_store_init();
	small = slurp(SMALL, &small_len);
}

static void stop(void)
{
	free(small);
	night_store_stop();
}

TestSuite(backup_reader, .init = init, .fini = stop);

struct opened {
	struct catalogue catalogue;
	struct reader reader;
};

static void open_key(struct opened *o, const char *key)
{
	struct err e = {0};
	struct backup *b;

	cr_assert(catalogue_read(night_store, &o->catalogue, &e), "%s", e.text);
	b = catalogue_choose(&o->catalogue, &(struct backup_choice){.key = key}, &e);
	cr_assert(b && reader_open(&o->reader, night_store, b, &e), "%s", e.text);
}

static void close_key(struct opened *o)
{
	reader_stop(&o->reader);
	catalogue_stop(&o->catalogue);
}

static void part_is_right(const struct opened *o, uint64_t at, uint64_t end)
{
	struct probe p;
	struct err e = {0};
	uint64_t cost;

	probe_init(&p, SIZE_MAX);
	cr_assert(reader_part(&o->reader, night_store, (struct range){at, end}, &p.sink, &e), "%s",
		  e.text);
	cr_assert(p.committed);
	cr_assert_eq(p.len, end - at);
	cr_assert(p.len == 0 || memcmp(p.data, small + at, p.len) == 0, "%zu..%zu", (size_t)at,
		  (size_t)end);
	cr_assert(reader_cost(&o->reader, (struct range){at, end}, &cost, &e), "%s", e.text);
	cr_assert_eq(cost == 0, at == end);
	probe_stop(&p);
}

Test(backup_reader, any_part_is_the_text_there)
{
	CLEANUP(close_key) struct opened o = {0};
	unsigned seed = 4711;

	night_backup(&(struct night_backup){.frame_bytes = 700});
	open_key(&o, NULL);
	cr_assert_gt(o.reader.frames.count, 10);
	part_is_right(&o, 0, small_len);
	part_is_right(&o, 0, 0);
	part_is_right(&o, small_len, small_len);
	for (size_t i = 0; i < o.reader.frames.count; i++) {
		uint64_t at = o.reader.frames.frames[i].plain_at;

		part_is_right(&o, at, at);
		part_is_right(&o, at, at + 1);
		part_is_right(&o, at > 0 ? at - 1 : 0, at + 1);
	}
	for (int i = 0; i < 300; i++) {
		uint64_t a = (uint64_t)rand_r(&seed) % (small_len + 1);
		uint64_t b = (uint64_t)rand_r(&seed) % (small_len + 1);

		part_is_right(&o, a < b ? a : b, a < b ? b : a);
	}
}

Test(backup_reader, a_part_costs_only_its_own_frames)
{
	CLEANUP(close_key) struct opened o = {0};
	struct err e = {0};
	uint64_t cost, all;

	night_backup(&(struct night_backup){.frame_bytes = 700});
	open_key(&o, NULL);
	const struct frame *f = &o.reader.frames.frames[5];
	cr_assert(reader_cost(&o.reader, (struct range){f->plain_at, f->plain_at + f->plain_bytes},
			      &cost, &e));
	cr_assert_eq(cost, f->bytes);
	cr_assert(
	    reader_cost(&o.reader, (struct range){f->plain_at + 1, f[1].plain_at + 1}, &cost, &e));
	cr_assert_eq(cost, f[0].bytes + f[1].bytes);
	cr_assert(reader_cost(&o.reader, (struct range){0, small_len}, &all, &e));
	cr_assert_lt(all, o.reader.backup->bytes);
}

Test(backup_reader, a_part_past_the_end_is_refused)
{
	CLEANUP(close_key) struct opened o = {0};
	static const struct range beyond[] = {{0, UINT64_MAX}, {UINT64_MAX - 1, UINT64_MAX}};
	uint64_t cost;

	night_backup(&(struct night_backup){0});
	open_key(&o, NULL);
	for (size_t i = 0; i < 3; i++) {
		struct range r = i < 2 ? beyond[i] : (struct range){small_len, small_len + 1};
		struct probe p;
		struct err e = {0};

		probe_init(&p, SIZE_MAX);
		cr_assert(!reader_part(&o.reader, night_store, r, &p.sink, &e));
		cr_assert_eq(e.kind, ERR_CORRUPT);
		cr_assert(strstr(e.text, "full.sql.zst: "), "%s", e.text);
		cr_assert(!p.committed);
		cr_assert(!reader_cost(&o.reader, r, &cost, &e));
		probe_stop(&p);
	}
}

Test(backup_reader, a_sink_that_fails_at_any_byte_is_not_committed)
{
	CLEANUP(close_key) struct opened o = {0};

	night_backup(&(struct night_backup){0});
	open_key(&o, NULL);
	for (size_t limit = 0; limit < 600; limit++) {
		struct probe p;
		struct err e = {0};

		probe_init(&p, limit);
		cr_assert(
		    !reader_part(&o.reader, night_store, (struct range){3000, 3600}, &p.sink, &e));
		cr_assert_eq(e.kind, ERR_TRANSIENT);
		cr_assert(!p.committed);
		probe_stop(&p);
	}
}

static void whole_is_right(const char *key, bool ours)
{
	CLEANUP(close_key) struct opened o = {0};
	CLEANUP(reader_seen_stop) struct reader_seen seen = {0};
	struct probe p;
	struct err e = {0};
	unsigned char sha256[32];
	size_t len;

	open_key(&o, key);
	cr_assert_eq(o.reader.complete, ours);
	probe_init(&p, SIZE_MAX);
	cr_assert(reader_whole(&o.reader, night_store, &p.sink, &seen, &e), "%s", e.text);
	cr_assert(p.committed);
	cr_assert_eq(p.len, small_len);
	cr_assert_arr_eq(p.data, small, small_len);
	CLEANUP(freep) char *stored = peek(key, &len);
	sha256_of(stored, len, sha256);
	cr_assert_arr_eq(seen.digest.sha256, sha256, 32);
	cr_assert_eq(seen.digest.bytes, len);
	cr_assert_eq(seen.frames.has_seek_table, ours);
	probe_stop(&p);
}

Test(backup_reader, the_whole_of_ours_is_the_text)
{
	night_backup(&(struct night_backup){0});
	whole_is_right("full.sql.zst", true);
}

Test(backup_reader, the_whole_of_an_old_script_s_zstd_is_the_text)
{
	size_t cap = ZSTD_compressBound(small_len);
	CLEANUP(freep) char *packed = xcalloc(cap, 1);

	poke("old.sql.zst", packed, ZSTD_compress(packed, cap, small, small_len, 3));
	whole_is_right("old.sql.zst", false);
}

Test(backup_reader, the_whole_of_an_old_script_s_gzip_is_the_text)
{
	CLEANUP(freep) unsigned char *packed = xcalloc(small_len + 1000, 1);
	z_stream z = {.next_in = (unsigned char *)small,
		      .avail_in = (unsigned)small_len,
		      .next_out = packed,
		      .avail_out = (unsigned)small_len + 1000};

	cr_assert_eq(deflateInit2(&z, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
	cr_assert_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
	poke("old.sql.gz", packed, z.total_out);
	deflateEnd(&z);
	whole_is_right("old.sql.gz", false);
}

Test(backup_reader, a_seek_table_larger_than_the_first_guess_is_fetched)
{
	CLEANUP(close_key) struct opened o = {0};
	CLEANUP(buf_stop) struct buf text = BUF_INIT(64 * MIB, "text");
	const char *copy = strstr(small, "IMG_1.jpg");
	const char *line = copy - 2;
	struct err e = {0};

	/* A frame a line: of 9000 rows, whose entries take 72000 bytes. */
	cr_assert(buf_add(&text, small, (size_t)(line - small), &e));
	for (int i = 0; i < 9000; i++)
		cr_assert(buf_add(&text, line, (size_t)(strchr(line, '\n') + 1 - line), &e));
	cr_assert(buf_add(&text, line, strlen(line), &e));
	night_backup(&(struct night_backup){.text = text.data, .len = text.len, .frame_bytes = 64});
	open_key(&o, NULL);
	cr_assert_gt(o.reader.frames.count, 8192 + 1000);
	free(small);
	small = xstrdup(text.data);
	small_len = text.len;
	part_is_right(&o, text.len - 3000, text.len);
	part_is_right(&o, 300000, 300100);
}

static void refuses(const char *message)
{
	CLEANUP(catalogue_stop) struct catalogue c = {0};
	CLEANUP(reader_stop) struct reader r = {0};
	struct err e = {0};
	struct backup *b;

	cr_assert(catalogue_read(night_store, &c, &e), "%s", e.text);
	b = catalogue_choose(&c, &(struct backup_choice){0}, &e);
	cr_assert(b, "%s", e.text);
	cr_assert(!reader_open(&r, night_store, b, &e));
	cr_assert_eq(e.kind, ERR_CORRUPT);
	cr_assert(strstr(e.text, message), "%s", e.text);
}

Test(backup_reader, a_dump_without_its_seek_table_is_not_opened)
{
	size_t len;

	night_backup(&(struct night_backup){0});
	CLEANUP(freep) char *dump = peek("full.sql.zst", &len);
	dump[len - 1] ^= 1;
	poke("full.sql.zst", dump, len);
	refuses("full.sql.zst: seek table: ");
}

Test(backup_reader, a_manifest_with_another_number_of_frames_is_refused)
{
	size_t len;

	night_backup(&(struct night_backup){0});
	CLEANUP(freep) char *manifest = peek("full.sql.zst.manifest.json", &len);
	CLEANUP(freep) char *other = reworded(manifest, "\"frames\": 1", "\"frames\": 2");
	poke("full.sql.zst.manifest.json", other, strlen(other));
	refuses("frames in the seek table, 2");
}
