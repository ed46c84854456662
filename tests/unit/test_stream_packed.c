#include "unit/test_stream_packed.h"

#include <criterion/criterion.h>
#include <string.h>
#include <zstd.h>

void pack_ours(struct probe *packed, struct frame_table *table)
{
	struct frames_options o = {.frame_bytes = 20, .mark = "pgmuster 1"};
	struct err e = {0};

	probe_init(packed, SIZE_MAX);
	CLEANUP(sink_freep) struct sink *s = sink_frames(&packed->sink, &o, table, &e);
	cr_assert(sink_write(s, TEXT, TEXT_LEN, &e) && sink_commit(s, &e));
}

void pack(struct buf *b, const void *data, size_t len)
{
	struct err e = {0};

	cr_assert(buf_add(b, data, len, &e));
}

void pack_frame(struct buf *b, const void *data, size_t len, int window_log)
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
	pack(b, packed, out.pos);
}

void pack_skippable(struct buf *b, uint32_t magic, const void *data, uint32_t len)
{
	unsigned char header[SKIPPABLE_HEADER];

	put_le32(header, magic);
	put_le32(header + 4, len);
	pack(b, header, sizeof header);
	if (len > 0)
		pack(b, data, len);
}

bool unframe_into(struct sink *next, const char *data, size_t len, size_t step,
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

bool gives_text(const char *data, size_t len, size_t step, struct unframe_seen *seen, struct err *e)
{
	struct unframe_options o = {.seen = seen};
	struct probe far;
	bool ok;

	probe_init(&far, SIZE_MAX);
	ok = unframe_into(&far.sink, data, len, step, &o, e);
	cr_assert_eq(ok, far.committed);
	if (ok)
		cr_assert(far.len == TEXT_LEN && memcmp(far.data, TEXT, TEXT_LEN) == 0);
	else
		cr_assert_eq(e->kind, ERR_CORRUPT);
	probe_stop(&far);
	return ok;
}
