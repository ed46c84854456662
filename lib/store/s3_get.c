#include "store/s3.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct get {
	struct s3 *s;
	struct sink *into;
	uint64_t at;  /* the next byte */
	uint64_t end; /* UINT64_MAX: the object's, until the first answer says it */
	bool ranged;  /* asks for a part, so only a 206 will do */
	bool empty;   /* nothing is left from at on, says a 416 */
	uint64_t total;
	char etag[200]; /* of the first answer, or the one that the caller insists on */
	char range[80], if_match[220];
};

static void before(void *ctx, struct http_request *q)
{
	struct get *g = ctx;
	size_t n = 0;

	g->ranged = g->at > 0 || g->end != UINT64_MAX;
	if (g->ranged && g->end == UINT64_MAX)
		snprintf(g->range, sizeof g->range, "Range: bytes=%llu-",
			 (unsigned long long)g->at);
	else if (g->ranged)
		snprintf(g->range, sizeof g->range, "Range: bytes=%llu-%llu",
			 (unsigned long long)g->at, (unsigned long long)(g->end - 1));
	if (g->ranged)
		q->headers[n++] = g->range;
	if (g->etag[0]) {
		snprintf(g->if_match, sizeof g->if_match, "If-Match: %s", g->etag);
		q->headers[n++] = g->if_match;
	}
	q->headers[n] = NULL;
}

static bool changed(struct err *e)
{
	return err_set(e, ERR_CORRUPT, "the object changed while it was being read");
}

/* "bytes 5-9/100"; strtoull alone would also take signs and spaces. */
static bool parse_range(const char *text, uint64_t n[3])
{
	if (strncmp(text, "bytes ", 6) != 0)
		return false;
	text += 6;
	for (int i = 0; i < 3; i++) {
		char *end;

		if (*text < '0' || *text > '9')
			return false;
		n[i] = strtoull(text, &end, 10);
		if (*end != "-/"[i]) /* the third is the terminator */
			return false;
		text = end + 1;
	}
	return true;
}

static bool begin_part(struct get *g, const struct http_response *r, struct err *e)
{
	uint64_t n[3]; /* first, last, total */

	if (r->status != 206) {
		err_set(e, ERR_SYSTEM, "the server ignores ranges: it answers %d", r->status);
		return err_hint(e, "a proxy in between may be the cause");
	}
	if (!parse_range(r->content_range, n) || n[0] != g->at || n[1] < n[0] || n[1] >= n[2] ||
	    (g->end != UINT64_MAX && n[1] >= g->end))
		return err_set(e, ERR_SYSTEM,
			       "the server sends a wrong range: %.80s instead of %llu-",
			       r->content_range, (unsigned long long)g->at);
	if (g->total != UINT64_MAX && n[2] != g->total)
		return changed(e);
	if (g->end != UINT64_MAX && n[2] < g->end)
		return err_set(e, ERR_CORRUPT, "the object has only %llu bytes",
			       (unsigned long long)n[2]);
	g->total = n[2];
	if (g->end == UINT64_MAX)
		g->end = n[2];
	/* Less than asked for is allowed by HTTP, but S3 does not do it. With a length, the
	 * transfer is over at the last byte, so that one which breaks has something left to ask for.
	 */
	if (n[1] != g->end - 1 || !r->has_length || r->length != g->end - g->at)
		return err_set(e, ERR_SYSTEM, "the server sends less than the range: %.80s",
			       r->content_range);
	return true;
}

static bool begin(void *ctx, const struct http_response *r, struct err *e)
{
	struct get *g = ctx;

	if (g->etag[0] && !r->etag[0])
		return err_set(e, ERR_SYSTEM, "the server's answer has no ETag");
	if (g->etag[0] && strcmp(g->etag, r->etag) != 0)
		return changed(e);
	if (g->ranged) {
		if (!begin_part(g, r, e))
			return false;
	} else {
		/* Without a length, a cut connection would look like the end. */
		if (r->status != 200 || !r->has_length)
			return err_set(e, ERR_SYSTEM, "the server's answer has no length");
		g->end = g->total = r->length;
	}
	if (!g->etag[0])
		snprintf(g->etag, sizeof g->etag, "%s", r->etag);
	return true;
}

static bool data(void *ctx, const void *bytes, size_t len, struct err *e)
{
	struct get *g = ctx;

	if (len > g->end - g->at)
		return err_set(e, ERR_SYSTEM, "the server sends more than it announced");
	if (!sink_write(g->into, bytes, len, e))
		return false;
	g->at += len;
	return true;
}

/* A range without bytes cannot be asked for, and one at the very end is answered with 416. */
static bool get_nothing(struct store *store, const char *key, uint64_t at, const char *etag,
			struct err *e)
{
	CLEANUP(store_object_stop) struct store_object o = {0};

	if (!s3_stat(store, key, &o, e))
		return false;
	if (etag[0] && strcmp(etag, o.etag) != 0)
		return changed(e);
	if (at > o.bytes)
		return err_set(e, ERR_CORRUPT, "the object has only %llu bytes",
			       (unsigned long long)o.bytes);
	return true;
}

static bool get_range(struct get *g, const char *key, struct err *e)
{
	struct s3 *s = g->s;
	CLEANUP(freep) char *target = s3_target(s, key, NULL);
	CLEANUP(s3_answer_stop) struct s3_answer a = {0};
	struct s3_call call = {
	    .request = {.method = "GET", .target = target, .begin = begin, .data = data, .ctx = g},
	    .action = S3_READ,
	    .before = before,
	};

	if (!s3_call(s, s->http, &call, &a, e)) {
		if (a.http.status == 416 && g->end == UINT64_MAX)
			return get_nothing(&s->store, key, g->at, g->etag, e);
		if (a.http.status == 416)
			return err_set(e, ERR_CORRUPT, "the object ends before byte %llu",
				       (unsigned long long)g->at);
		if (a.http.status == 412)
			return changed(e);
		return false;
	}
	if (g->at != g->end)
		return err_set(e, ERR_SYSTEM, "the server sends %llu bytes less than announced",
			       (unsigned long long)(g->end - g->at));
	return true;
}

bool s3_get(struct store *store, const char *key, uint64_t at, uint64_t bytes, const char *etag,
	    struct sink *into, struct err *e)
{
	struct get g = {
	    .s = (struct s3 *)store,
	    .into = into,
	    .at = at,
	    .end = bytes == UINT64_MAX ? UINT64_MAX : at + bytes,
	    .total = UINT64_MAX,
	};
	bool ok;

	if (strlen(etag) >= sizeof g.etag || strpbrk(etag, "\r\n"))
		return err_set(e, ERR_USAGE, "get %s/%s: not an ETag", store->url, key);
	snprintf(g.etag, sizeof g.etag, "%s", etag);
	ok = bytes == 0 ? get_nothing(store, key, at, etag, e) : get_range(&g, key, e);
	return ok || err_in(e, "get %s/%s", store->url, key);
}
