/*
 * Frame boundaries are found here and not by libzstd: the magic number of each frame is collected
 * first, and says whether libzstd decodes it or it is a skippable one, to be read or passed over.
 *
 * libzstd gets the header byte by byte: of a header that comes in two pieces, it may take the second
 * for the beginning of a frame (1.5.4, ZSTD_decompressStream), and see other content than zstd -dc.
 *
 * Only the end of the input tells whether a seek table's frame is the last. So it is held back, and
 * counted as any other skippable frame once something follows it.
 */
#include "base/cancel.h"
#include "stream/seek_table.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>
#include <zstd_errors.h>

#define ZSTD_MAGIC 0xFD2FB528u
#define MAGIC_BYTES 4
#define FRAME_HEADER_MAX 18
#define ENTRY_MAX_BYTES 12

enum unframe_state { HEADER, PACKED, SKIPPED };

struct unframe_sink {
	struct sink sink;
	struct sink *next;
	struct unframe_seen *seen;
	struct unframe_seen own; /* when the caller wants none */
	ZSTD_DCtx *ctx;
	enum unframe_state state;
	uint64_t number;      /* of this frame, from 0 */
	uint64_t at;          /* where it begins */
	uint64_t bytes;       /* what of it has been read */
	uint64_t plain_bytes; /* what came out of it */
	unsigned char header[SKIPPABLE_HEADER];
	uint64_t skipped_bytes; /* of the whole skippable frame */
	bool keep;              /* it is being collected in kept: a mark or a seek table */
	struct buf kept;
	uint64_t held_bytes; /* of a seek table's frame that nothing has followed; 0: none */
	bool held_kept;      /* it was small enough to be one of this file */
	size_t out_cap;
	char out[];
};

static bool fail(const struct unframe_sink *u, const char *why, struct err *e)
{
	return err_set(e, ERR_CORRUPT, "frame %" PRIu64 " at byte %" PRIu64 ": %s", u->number,
		       u->at, why);
}

static bool fail_zstd(const struct unframe_sink *u, size_t rc, struct err *e)
{
	if (ZSTD_getErrorCode(rc) == ZSTD_error_memory_allocation)
		abort();
	fail(u, ZSTD_getErrorName(rc), e);
	if (ZSTD_getErrorCode(rc) == ZSTD_error_frameParameter_windowTooLarge)
		err_hint(e, "an intact frame asks for so much only if it was made by zstd --long");
	return false;
}

/* Whatever does not fit leaves an empty table: half of one would be wrong. */
static void record(struct unframe_sink *u, uint64_t bytes, uint64_t plain_bytes)
{
	if (u->seen->table_overflow || frame_table_add(&u->seen->table, bytes, plain_bytes))
		return;
	frame_table_stop(&u->seen->table);
	u->seen->table_overflow = true;
}

static void next_frame(struct unframe_sink *u)
{
	u->at += u->bytes;
	u->number++;
	u->bytes = u->plain_bytes = 0;
	u->state = HEADER;
}

/* Something follows the seek table that was held back. */
static void release_held(struct unframe_sink *u)
{
	if (u->held_bytes > 0)
		record(u, u->held_bytes, 0);
	u->held_bytes = 0;
}

static bool unpack(struct unframe_sink *u, const void *data, size_t len, size_t *used,
		   struct err *e)
{
	ZSTD_inBuffer in = {data, len, 0};
	ZSTD_outBuffer out;
	size_t rc;

	do {
		out = (ZSTD_outBuffer){u->out, u->out_cap, 0};
		rc = ZSTD_decompressStream(u->ctx, &out, &in);
		if (ZSTD_isError(rc))
			return fail_zstd(u, rc, e);
		u->plain_bytes += out.pos;
		u->seen->plain_bytes += out.pos;
		/* A few bytes can become gigabytes before this returns. */
		if (!cancel_check(e) || !sink_write(u->next, u->out, out.pos, e))
			return false;
	} while (rc != 0 && (in.pos < in.size || out.pos == out.size));
	u->bytes += in.pos;
	*used = in.pos;
	if (rc == 0) {
		record(u, u->bytes, u->plain_bytes);
		next_frame(u);
	}
	return true;
}

static void end_skipped(struct unframe_sink *u)
{
	if (le32(u->header) == SEEK_TABLE_MAGIC) {
		u->held_bytes = u->bytes;
		u->held_kept = u->keep;
	} else {
		if (u->keep) {
			u->seen->mark_len = u->kept.len - SKIPPABLE_HEADER;
			memcpy(u->seen->mark, u->kept.data + SKIPPABLE_HEADER, u->seen->mark_len);
		}
		record(u, u->bytes, 0);
	}
	next_frame(u);
}

static bool skip(struct unframe_sink *u, const void *data, size_t len, size_t *used, struct err *e)
{
	uint64_t left = u->skipped_bytes - u->bytes;
	bool ok;

	*used = len < left ? len : (size_t)left;
	ok = !u->keep || buf_add(&u->kept, data, *used, e);
	u->bytes += *used;
	if (ok && u->bytes == u->skipped_bytes)
		end_skipped(u);
	return ok;
}

static bool begin_skipped(struct unframe_sink *u, struct err *e)
{
	uint64_t content = le32(u->header + MAGIC_BYTES);
	/* What a table of the frames before it can need at most, however many it claims. */
	uint64_t frames =
	    u->at / SKIPPABLE_HEADER < FRAMES_MAX ? u->at / SKIPPABLE_HEADER : FRAMES_MAX;
	bool mark =
	    le32(u->header) == FRAMES_MARK_MAGIC && u->number == 0 && content <= FRAMES_MARK_MAX;
	bool seek_table = le32(u->header) == SEEK_TABLE_MAGIC &&
			  content <= frames * ENTRY_MAX_BYTES + SEEK_TABLE_FOOTER;
	bool ok;

	u->skipped_bytes = SKIPPABLE_HEADER + content;
	u->keep = mark || seek_table;
	buf_clear(&u->kept);
	u->state = SKIPPED;
	ok = !u->keep || buf_add(&u->kept, u->header, SKIPPABLE_HEADER, e);
	if (ok && content == 0)
		end_skipped(u);
	return ok;
}

static bool read_header(struct unframe_sink *u, const void *data, size_t len, size_t *used,
			struct err *e)
{
	size_t want = u->bytes < MAGIC_BYTES ? MAGIC_BYTES : SKIPPABLE_HEADER;
	size_t fed;

	*used = len < want - u->bytes ? len : (size_t)(want - u->bytes);
	memcpy(u->header + u->bytes, data, *used);
	u->bytes += *used;
	if (u->bytes < want)
		return true;
	if (want == SKIPPABLE_HEADER)
		return begin_skipped(u, e);
	release_held(u);
	if ((le32(u->header) & ~15u) == SKIPPABLE_MAGIC)
		return true;
	if (le32(u->header) != ZSTD_MAGIC)
		return fail(u, "this is not a zstd frame", e);
	u->state = PACKED;
	u->bytes = 0; /* unpack counts these again */
	return unpack(u, u->header, MAGIC_BYTES, &fed, e);
}

static bool unframe_write(struct sink *s, const void *data, size_t len, struct err *e)
{
	struct unframe_sink *u = (struct unframe_sink *)s;
	const char *p = data;

	while (len > 0) {
		size_t used = 0, packed = u->bytes < FRAME_HEADER_MAX ? 1 : len;
		bool ok = u->state == HEADER   ? read_header(u, p, len, &used, e)
			  : u->state == PACKED ? unpack(u, p, packed, &used, e)
					       : skip(u, p, len, &used, e);

		if (!ok)
			return false;
		p += used;
		len -= used;
	}
	return true;
}

/* The frame that was held back is the last one: a seek table. */
static bool end_seek_table(struct unframe_sink *u, struct err *e)
{
	uint64_t need;

	if (u->held_bytes < SKIPPABLE_HEADER + SEEK_TABLE_FOOTER)
		return err_set(e, ERR_CORRUPT, "seek table: its frame has %" PRIu64 " bytes",
			       u->held_bytes);
	if (!u->held_kept)
		return err_set(e, ERR_CORRUPT,
			       "seek table: %" PRIu64 " bytes are too many for this file",
			       u->held_bytes);
	if (!seek_table_parse(u->kept.data, u->kept.len, u->at, &u->seen->seek_table, &need, e))
		return false;
	if (need != u->held_bytes)
		return err_set(e, ERR_CORRUPT, "seek table: its frame has another length than it");
	u->seen->has_seek_table = true;
	return true;
}

static bool unframe_commit(struct sink *s, struct err *e)
{
	struct unframe_sink *u = (struct unframe_sink *)s;

	if (u->bytes > 0)
		return fail(u, "the input ends inside it", e);
	if (u->at == 0)
		return err_set(e, ERR_CORRUPT, "the input is empty");
	if (u->held_bytes > 0 && !end_seek_table(u, e))
		return false;
	if (u->seen->mark_len > 0 && !u->seen->has_seek_table)
		return err_set(e, ERR_CORRUPT,
			       "the input ends before its seek table, after %" PRIu64 " frames",
			       u->number);
	return sink_commit(u->next, e);
}

void unframe_seen_stop(struct unframe_seen *seen)
{
	frame_table_stop(&seen->table);
	frame_table_stop(&seen->seek_table);
}

static void unframe_free(struct sink *s)
{
	struct unframe_sink *u = (struct unframe_sink *)s;

	ZSTD_freeDCtx(u->ctx);
	unframe_seen_stop(&u->own);
	buf_stop(&u->kept);
	free(u);
}

struct sink *sink_unframe(struct sink *next, const struct unframe_options *o, struct err *e)
{
	static const struct sink_ops ops = {unframe_write, unframe_commit, unframe_free};
	struct unframe_sink *u = xcalloc(1, sizeof *u + ZSTD_DStreamOutSize());
	int window_log_max = o->window_log_max ? o->window_log_max : 27;

	u->sink.ops = &ops;
	u->next = next;
	u->seen = o->seen ? o->seen : &u->own;
	u->kept = BUF_INIT(SKIPPABLE_HEADER + FRAMES_MAX * ENTRY_MAX_BYTES + SEEK_TABLE_FOOTER,
			   "seek table");
	u->out_cap = ZSTD_DStreamOutSize();
	u->ctx = ZSTD_createDCtx();
	if (!u->ctx)
		abort();
	if (ZSTD_isError(ZSTD_DCtx_setParameter(u->ctx, ZSTD_d_windowLogMax, window_log_max))) {
		err_set(e, ERR_USAGE, "zstd window of 2^%d bytes: must be 10 to 31",
			window_log_max);
		unframe_free(&u->sink);
		return NULL;
	}
	return &u->sink;
}
