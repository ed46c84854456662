#include "stream/sink.h"

#include <limits.h>
#include <stdlib.h>
#include <zlib.h>

#define OUT_BYTES (MIB / 8)

struct gunzip_sink {
	struct sink sink;
	struct sink *next;
	z_stream z;
	bool inside; /* a member has begun */
	bool ended;  /* a member has ended, so the input is not empty */
	unsigned char out[OUT_BYTES];
};

/* One piece of at most UINT_MAX bytes, which is all that a z_stream counts. Output that is still
 * pending afterwards comes out with the member's end, which is still to be read. */
static bool gunzip_piece(struct gunzip_sink *g, struct err *e)
{
	do {
		int rc;

		g->z.next_out = g->out;
		g->z.avail_out = OUT_BYTES;
		g->inside = true;
		rc = inflate(&g->z, Z_NO_FLUSH);
		if (rc == Z_MEM_ERROR)
			abort();
		if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR)
			return err_set(e, ERR_CORRUPT, "gzip: %s",
				       g->z.msg ? g->z.msg : zError(rc));
		if (!sink_write(g->next, g->out, OUT_BYTES - g->z.avail_out, e))
			return false;
		if (rc == Z_STREAM_END) {
			g->inside = false;
			g->ended = true;
			inflateReset(&g->z);
		}
	} while (g->z.avail_in > 0);
	return true;
}

static bool gunzip_write(struct sink *s, const void *data, size_t len, struct err *e)
{
	struct gunzip_sink *g = (struct gunzip_sink *)s;
	const unsigned char *p = data;

	while (len > 0) {
		uInt piece = len < UINT_MAX ? (uInt)len : UINT_MAX;

		g->z.next_in = (unsigned char *)p;
		g->z.avail_in = piece;
		if (!gunzip_piece(g, e))
			return false;
		p += piece;
		len -= piece;
	}
	return true;
}

static bool gunzip_commit(struct sink *s, struct err *e)
{
	struct gunzip_sink *g = (struct gunzip_sink *)s;

	if (g->inside)
		return err_set(e, ERR_CORRUPT, "gzip: the input ends inside a member");
	if (!g->ended)
		return err_set(e, ERR_CORRUPT, "gzip: the input is empty");
	return sink_commit(g->next, e);
}

static void gunzip_free(struct sink *s)
{
	struct gunzip_sink *g = (struct gunzip_sink *)s;

	inflateEnd(&g->z);
	free(g);
}

struct sink *sink_gunzip(struct sink *next, struct err *e)
{
	static const struct sink_ops ops = {gunzip_write, gunzip_commit, gunzip_free};
	struct gunzip_sink *g = xcalloc(1, sizeof *g);

	(void)e;
	g->sink.ops = &ops;
	g->next = next;
	/* 16: the gzip wrapper and nothing else. */
	if (inflateInit2(&g->z, 16 + MAX_WBITS) != Z_OK)
		abort();
	return &g->sink;
}
