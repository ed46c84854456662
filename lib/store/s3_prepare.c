#include "store/s3.h"

#include "base/cancel.h"
#include "base/log.h"

#include <stdlib.h>
#include <string.h>

#define PROBE_KEY ".pgmuster-probe"
#define OURS ".sql.zst"

static const char probe_body[] = "pgmuster looks here whether this store refuses to overwrite\n";

enum probed { PROBE_FAILED, PROBE_STORED, PROBE_REFUSED };

/* 501: a store that does not even accept the condition; then nothing must ask for it. */
static enum probed outcome(struct s3 *s, bool ok, const struct s3_answer *a, const struct err *why)
{
	if (ok)
		return PROBE_STORED;
	if (why->kind == ERR_EXISTS)
		return PROBE_REFUSED;
	if (a->http.status == 501 && !s->unconditional) {
		s->unconditional = true;
		return PROBE_STORED;
	}
	return PROBE_FAILED;
}

static enum probed probe_put(struct s3 *s, struct err *e)
{
	CLEANUP(freep) char *target = s3_target(s, PROBE_KEY, NULL);
	CLEANUP(s3_answer_stop) struct s3_answer a = {0};
	unsigned char digest[16];
	char md5[S3_MD5_HEADER];
	struct s3_call call = {
	    .request = {.method = "PUT",
			.target = target,
			.headers = {"Content-Type: text/plain", md5,
				    s->unconditional ? NULL : "If-None-Match: *"},
			.body = probe_body,
			.len = sizeof probe_body - 1},
	    .action = S3_WRITE,
	};

	s3_md5(probe_body, sizeof probe_body - 1, digest, md5);
	return outcome(s, s3_call(s, s->http, &call, &a, e), &a, e);
}

/* The part is sent as those of a dump are, so this also shows whether uploads work at all. */
static enum probed probe_part(struct s3 *s, const char *id, struct err *e)
{
	CLEANUP(freep) char *upload = s3_encode(id, 0);
	CLEANUP(freep) char *query = xasprintf("partNumber=1&uploadId=%s", upload);
	CLEANUP(freep) char *target = s3_target(s, PROBE_KEY, query);
	CLEANUP(s3_answer_stop) struct s3_answer part = {0}, a = {0};
	struct s3_part_done done = {0};
	char md5[S3_MD5_HEADER];
	struct s3_call call = {
	    .request = {.method = "PUT",
			.target = target,
			.headers = {"Content-Type: application/octet-stream", md5},
			.body = probe_body,
			.len = sizeof probe_body - 1},
	    .action = S3_WRITE,
	};

	s3_md5(probe_body, sizeof probe_body - 1, done.md5, md5);
	if (!s3_call(s, s->http, &call, &part, e))
		return PROBE_FAILED;
	memcpy(done.etag, part.http.etag, sizeof done.etag);
	return outcome(s, s3_upload_complete(s, PROBE_KEY, id, &done, 1, &a, e), &a, e);
}

static enum probed probe_multipart(struct s3 *s, struct err *e)
{
	CLEANUP(freep) char *id = NULL;
	CLEANUP(freep) char *full = s3_full_key(s, PROBE_KEY);
	struct err why = {0};
	enum probed p;

	if (!s3_upload_start(s, PROBE_KEY, "text/plain", &id, e))
		return PROBE_FAILED;
	p = probe_part(s, id, e);
	/* Who may not abort leaves it to the bucket's lifecycle rules. Unconditional: only since the
	 * server did not take the condition, and so did nothing. */
	if ((p != PROBE_STORED || s->unconditional) && !s3_upload_abort(s, full, id, &why))
		log_debug("abort the probe of %s: %s", s->store.url, why.text);
	return p;
}

/* Twice: the first time, there was perhaps nothing to overwrite. */
static bool probe(struct s3 *s, bool *exclusive, struct err *e)
{
	enum probed p = probe_put(s, e);

	if (p == PROBE_STORED)
		p = probe_put(s, e);
	if (p == PROBE_REFUSED)
		p = probe_multipart(s, e);
	*exclusive = p == PROBE_REFUSED;
	return p != PROBE_FAILED;
}

struct sweep {
	struct s3 *s;
	time_t before;
	unsigned aborted;
};

static bool sweep_one(void *ctx, const struct s3_upload *u, struct err *e)
{
	struct sweep *w = ctx;
	size_t len = strlen(u->key);
	size_t ours = sizeof OURS - 1, mark = sizeof PROBE_KEY - 1;
	bool dump = len >= ours && strcmp(u->key + len - ours, OURS) == 0;
	bool probe = len >= mark && strcmp(u->key + len - mark, PROBE_KEY) == 0;

	if ((!dump && !probe) || u->initiated == 0 || u->initiated > w->before)
		return true;
	if (!cancel_check(e)) /* the abort itself goes out in any case, and may take long */
		return false;
	if (!s3_upload_abort(w->s, u->key, u->id, e))
		return err_in(e, "abort a stale upload");
	w->aborted++;
	return true;
}

/* Leftovers cost space and nothing else, so nothing here fails. */
static void sweep(struct s3 *s, int64_t stale_s)
{
	CLEANUP(freep) char *prefix = s3_full_key(s, "");
	struct sweep w = {.s = s, .before = time(NULL) - (time_t)stale_s};
	struct err why = {0};

	if (!s3_list_uploads(s, prefix, sweep_one, &w, &why))
		log_info("%s: stale uploads are left: %s", s->store.url, why.text);
	if (w.aborted > 0)
		log_info("%s: aborted %u stale uploads", s->store.url, w.aborted);
}

bool s3_prepare(struct store *store, int64_t stale_s, bool *exclusive, struct err *e)
{
	struct s3 *s = (struct s3 *)store;

	if (!probe(s, exclusive, e))
		return err_in(e, "prepare %s", store->url);
	sweep(s, stale_s);
	return true;
}
