/*
 * Compressed streams: what comes out does not depend on the pieces that go in, and the frames that
 * were seen add up to both.
 *
 * covers: lib/stream/unframe.c lib/stream/seek_table.c
 */
#include "fuzz/fuzz.h"
#include "stream/frames.h"

#include <stdlib.h>
#include <string.h>

#define PLAIN_MAX (256 * (size_t)1024) /* a small frame can be a large one */

static bool take(void *ctx, const void *piece, size_t len, struct err *e)
{
	return sink_write(ctx, piece, len, e);
}

static bool unframe(const uint8_t *data, size_t size, size_t longest, struct buf *plain,
		    struct unframe_seen *seen)
{
	const struct unframe_options options = {.seen = seen, .window_log_max = 20};
	CLEANUP(sink_freep) struct sink *out = sink_buf(plain);
	struct err e = {0};
	CLEANUP(sink_freep) struct sink *in = sink_unframe(out, &options, &e);

	assert(in);
	return fuzz_in_pieces(data, size, longest, take, in, &e) && sink_commit(in, &e);
}

static void check_seen(const struct unframe_seen *seen, size_t size, size_t plain)
{
	const struct frame_table *t = &seen->table;
	const struct frame *last = t->count > 0 ? &t->frames[t->count - 1] : NULL;

	assert(seen->plain_bytes == plain && !seen->table_overflow);
	assert(seen->mark_len <= FRAMES_MARK_MAX);
	assert(!last || last->plain_at + last->plain_bytes == plain);
	assert(seen->has_seek_table || (last && last->at + last->bytes == size));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(buf_stop) struct buf whole = BUF_INIT(PLAIN_MAX, "plain");
	CLEANUP(unframe_seen_stop) struct unframe_seen first = {0};
	bool ok = unframe(data, size, 0, &whole, &first);

	if (ok)
		check_seen(&first, size, whole.len);
	for (size_t i = 1; i < FUZZ_PIECES; i++) {
		CLEANUP(buf_stop) struct buf plain = BUF_INIT(PLAIN_MAX, "plain");
		CLEANUP(unframe_seen_stop) struct unframe_seen seen = {0};
		struct err e = {0};

		assert(unframe(data, size, fuzz_pieces[i], &plain, &seen) == ok);
		if (!ok)
			continue;
		assert(plain.len == whole.len && seen.mark_len == first.mark_len);
		assert(plain.len == 0 || memcmp(plain.data, whole.data, plain.len) == 0);
		assert(frame_table_compare(&seen.table, &first.table, &e));
		assert(seen.has_seek_table == first.has_seek_table);
	}
	return 0;
}
