/*
 * The seek table of a file: what is accepted adds up to the file, takes no more memory than the
 * input is worth, is the same after it is written, and finds only what is there.
 *
 * covers: lib/stream/seek_table.c
 */
#include "fuzz/fuzz.h"
#include "stream/seek_table.h"

#include <stdlib.h>
#include <string.h>

static void check_find(const struct frame_table *t, uint64_t at, uint64_t bytes)
{
	struct frame_range r;
	struct err e = {0};
	uint64_t end, plain_end;

	frame_table_end(t, &end, &plain_end);
	if (!frame_table_find(t, at, bytes, &r, &e)) {
		assert(e.kind == ERR_CORRUPT && (at > plain_end || bytes > plain_end - at));
		return;
	}
	assert(at + bytes <= plain_end && r.at + r.bytes <= end);
	assert((r.bytes > 0) == (bytes > 0));
	for (size_t i = 0; i < t->count && bytes > 0; i++)
		if (t->frames[i].at == r.at)
			assert(r.skip < t->frames[i].plain_bytes &&
			       t->frames[i].plain_at + r.skip == at);
}

static void check_table(const struct frame_table *t, uint64_t table_at)
{
	uint64_t at = 0, plain_at = 0;

	for (size_t i = 0; i < t->count; i++) {
		const struct frame *f = &t->frames[i];

		assert(f->at == at && f->plain_at == plain_at && f->bytes > 0);
		at += f->bytes;
		plain_at += f->plain_bytes;
	}
	assert(at == table_at);
	check_find(t, 0, plain_at);
	check_find(t, plain_at, 0);
	check_find(t, plain_at, 1);
	check_find(t, UINT64_MAX, UINT64_MAX);
	for (size_t i = 0; i < 16; i++)
		check_find(t, plain_at * i / 16, plain_at / 16 + i);
}

static void check_again(const struct frame_table *t, uint64_t table_at)
{
	CLEANUP(frame_table_stop) struct frame_table again = {0};
	CLEANUP(buf_stop) struct buf text = BUF_INIT(MIB, "seek table");
	CLEANUP(sink_freep) struct sink *sink = sink_buf(&text);
	struct err e = {0};
	uint64_t need;

	assert(seek_table_write(t, sink, &e) && sink_commit(sink, &e));
	assert(text.len == seek_table_bytes(t->count));
	assert(seek_table_parse(text.data, text.len, table_at + text.len, &again, &need, &e));
	assert(need == text.len && frame_table_compare(t, &again, &e));
}

static void parse(const uint8_t *tail, size_t len, uint64_t file_bytes)
{
	CLEANUP(frame_table_stop) struct frame_table t = {0};
	struct err e = {0};
	uint64_t need = 0;

	if (!seek_table_parse(tail, len, file_bytes, &t, &need, &e)) {
		assert(e.kind == ERR_CORRUPT && !t.frames && t.count == 0);
		return;
	}
	/* A file has to be worth what reading its table takes. */
	assert(need <= file_bytes &&
	       need <= SKIPPABLE_HEADER + 12 * FRAMES_MAX + SEEK_TABLE_FOOTER);
	if (need > len) {
		assert(t.count == 0);
		return;
	}
	assert(t.cap <= 16 || t.cap <= len / 4);
	check_table(&t, file_bytes - need);
	check_again(&t, file_bytes - need);
}

/* Eight bytes say how long the file was that ends with the others. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t more;

	if (size < 8 + SEEK_TABLE_FOOTER)
		return 0;
	memcpy(&more, data, 8);
	data += 8;
	size -= 8;
	more %= UINT64_MAX - size;
	parse(data, size, size);
	parse(data, size, size + more);
	parse(data + size - SEEK_TABLE_FOOTER, SEEK_TABLE_FOOTER, size + more);
	return 0;
}
