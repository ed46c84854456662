#include "store/s3.h"

#include "base/log.h"
#include "store/s3_parts.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PART_SMALLEST (8 * MIB)
#define PART_LARGEST (5 * 1024 * MIB)
#define PART_UNKNOWN (16 * MIB)
#define COMPLETE_MAX (64 * MIB)

bool s3_upload_start(struct s3 *s, const char *key, const char *content_type, char **id,
		     struct err *e)
{
	CLEANUP(freep) char *target = s3_target(s, key, "uploads=");
	CLEANUP(freep) char *type = xasprintf("Content-Type: %s", content_type);
	CLEANUP(s3_answer_stop) struct s3_answer a = {0};
	struct s3_call call = {
	    .request =
		{.method = "POST", .target = target, .headers = {type}, .body = "", .makes = true},
	    .action = S3_WRITE,
	    .wants = "InitiateMultipartUploadResult/UploadId",
	};

	if (!s3_call(s, s->http, &call, &a, e))
		return err_in(e, "start a multipart upload");
	*id = STEAL(a.value);
	return true;
}

bool s3_upload_abort(struct s3 *s, const char *full_key, const char *id, struct err *e)
{
	CLEANUP(freep) char *key = s3_encode(full_key, '/');
	CLEANUP(freep) char *upload = s3_encode(id, 0);
	CLEANUP(freep) char *target = xasprintf("/%s/%s?uploadId=%s", s->bucket, key, upload);
	CLEANUP(s3_answer_stop) struct s3_answer a = {0};
	struct s3_call call = {
	    .request = {.method = "DELETE", .target = target, .last_will = true},
	    .action = S3_ABORT,
	    .attempts = 2,
	};

	return s3_call(s, s->http, &call, &a, e) || strcmp(a.code, "NoSuchUpload") == 0;
}

/* ETags are foreign bytes. */
static bool add_escaped(struct buf *b, const char *text, struct err *e)
{
	bool ok = true;

	for (; ok && *text; text++) {
		const char *as = *text == '&' ? "&amp;" : *text == '<' ? "&lt;" : NULL;

		ok = buf_add(b, as ? as : text, as ? strlen(as) : 1, e);
	}
	return ok;
}

static bool complete_body(struct buf *b, const struct s3_part_done *parts, size_t count,
			  struct err *e)
{
	static const char head[] = "<CompleteMultipartUpload>",
			  tail[] = "</CompleteMultipartUpload>";
	static const char end[] = "</ETag></Part>";
	char start[80];
	bool ok = buf_add(b, head, sizeof head - 1, e);

	for (size_t i = 0; ok && i < count; i++) {
		int n = snprintf(start, sizeof start, "<Part><PartNumber>%zu</PartNumber><ETag>",
				 i + 1);

		ok = buf_add(b, start, (size_t)n, e) && add_escaped(b, parts[i].etag, e) &&
		     buf_add(b, end, sizeof end - 1, e);
	}
	return ok && buf_add(b, tail, sizeof tail - 1, e);
}

bool s3_upload_complete(struct s3 *s, const char *key, const char *id,
			const struct s3_part_done *parts, size_t count, struct s3_answer *a,
			struct err *e)
{
	CLEANUP(freep) char *upload = s3_encode(id, 0);
	CLEANUP(freep) char *query = xasprintf("uploadId=%s", upload);
	CLEANUP(freep) char *target = s3_target(s, key, query);
	CLEANUP(buf_stop) struct buf body = BUF_INIT(COMPLETE_MAX, "list of parts");
	struct s3_call call = {
	    .request = {.method = "POST",
			.target = target,
			.headers = {"Content-Type: application/xml",
				    s->unconditional ? NULL : "If-None-Match: *"},
			.fresh = true},
	    .action = S3_WRITE,
	    .wants = "CompleteMultipartUploadResult/ETag",
	};

	bool ok = complete_body(&body, parts, count, e);

	call.request.body = body.data;
	call.request.len = body.len;
	return ok && s3_call(s, s->http, &call, a, e);
}

struct upload {
	struct sink sink;
	struct s3 *s;
	char *key, *content_type;
	char *id; /* of the multipart upload; NULL as long as one part is enough */
	struct s3_parts *parts;
	struct s3_part *filling;
	size_t part_bytes;
	uint64_t total;
	unsigned sent;
	bool done;
};

/* All parts are of one size, which some stores require; only the last may be smaller. */
static size_t choose_part_bytes(const struct s3 *s, uint64_t at_most)
{
	uint64_t need = at_most / s->max_parts;

	if (s->part_bytes)
		return s->part_bytes;
	if (at_most == 0)
		return PART_UNKNOWN;
	need += need / 10 + 1; /* the bound is of a server that goes on working */
	if (need > PART_LARGEST)
		return PART_LARGEST;
	need = (need + MIB - 1) / MIB * MIB;
	return need < PART_SMALLEST ? PART_SMALLEST : (size_t)need;
}

static bool send_filled(struct upload *u, struct err *e)
{
	if (u->sent == u->s->max_parts) {
		char size[HUMAN_SIZE];

		err_set(e, ERR_USAGE, "larger than %u parts of %s", u->s->max_parts,
			human_bytes(u->part_bytes, size));
		return err_hint(e, "raise --part-size, or --max-parts where the store allows it");
	}
	if (!u->id && !s3_upload_start(u->s, u->key, u->content_type, &u->id, e))
		return false;
	if (!s3_parts_send(u->parts, u->filling, u->id, e))
		return false;
	u->filling = NULL;
	u->sent++;
	return true;
}

static bool upload_write(struct sink *sink, const void *data, size_t len, struct err *e)
{
	struct upload *u = (struct upload *)sink;
	const char *p = data;

	while (len > 0) {
		size_t n;

		/* Only when there is more: a body that just fits is one PUT. */
		if (u->filling && u->filling->len == u->part_bytes && !send_filled(u, e))
			return err_in(e, "put %s/%s", u->s->store.url, u->key);
		if (!u->filling && !(u->filling = s3_parts_take(u->parts, e)))
			return err_in(e, "put %s/%s", u->s->store.url, u->key);
		n = u->part_bytes - u->filling->len;
		n = n < len ? n : len;
		memcpy(u->filling->data + u->filling->len, p, n);
		u->filling->len += n;
		u->total += n;
		p += n;
		len -= n;
	}
	return true;
}

/* For stores that do not look at If-None-Match. Who may not read cannot ask; and of what else is
 * wrong, the answer to the upload says more than one to a HEAD can. */
static bool check_free(struct upload *u, struct err *e)
{
	CLEANUP(store_object_stop) struct store_object o = {0};
	struct err why = {0};

	if (s3_stat(&u->s->store, u->key, &o, &why))
		return err_set(e, ERR_EXISTS, "already exists");
	if (why.kind != ERR_TRANSIENT && why.kind != ERR_CANCELLED)
		return true;
	*e = why;
	return false;
}

/*
 * A request whose answer was lost may have done its work, and the next attempt then finds the key
 * taken or the upload gone. Ours is what has our size and our digest: that is a success.
 */
static bool settle(struct upload *u, const struct s3_answer *a, const char *etag, struct err *e)
{
	CLEANUP(store_object_stop) struct store_object o = {0};
	struct err why = {0};
	bool again =
	    a->attempts > 1 && (e->kind == ERR_EXISTS || strcmp(a->code, "NoSuchUpload") == 0);

	if (!again && e->kind != ERR_TRANSIENT)
		return false;
	if (!s3_stat(&u->s->store, u->key, &o, &why))
		return why.kind == ERR_TRANSIENT && err_in(e, "whether it is stored is not known");
	if (o.bytes != u->total || strcmp(o.etag, etag) != 0)
		return false;
	log_info("%s/%s: stored, although the answer was lost", u->s->store.url, u->key);
	return true;
}

static bool put_whole(struct upload *u, struct err *e)
{
	CLEANUP(freep) char *target = s3_target(u->s, u->key, NULL);
	CLEANUP(freep) char *type = xasprintf("Content-Type: %s", u->content_type);
	CLEANUP(s3_answer_stop) struct s3_answer a = {0};
	unsigned char digest[16];
	char md5[S3_MD5_HEADER], hex[33], etag[40];
	const char *body = u->filling ? u->filling->data : "";
	struct s3_call call = {
	    .request = {.method = "PUT",
			.target = target,
			.headers = {type, md5, u->s->unconditional ? NULL : "If-None-Match: *"},
			.body = body,
			.len = (size_t)u->total,
			.fresh = true},
	    .action = S3_WRITE,
	    .wants_etag = true,
	};

	s3_md5(body, (size_t)u->total, digest, md5);
	hex_encode(digest, sizeof digest, hex);
	snprintf(etag, sizeof etag, "\"%s\"", hex);
	return s3_call(u->s, u->s->http, &call, &a, e) || settle(u, &a, etag, e);
}

/* S3's ETag of an upload of several parts: the MD5 of their MD5s, and their number. */
static void multipart_etag(const struct s3_part_done *parts, size_t count, char out[64])
{
	CLEANUP(freep) unsigned char *all = xcalloc(count, 16);
	unsigned char digest[16];
	char header[S3_MD5_HEADER], hex[33];

	for (size_t i = 0; i < count; i++)
		memcpy(all + i * 16, parts[i].md5, 16);
	s3_md5(all, count * 16, digest, header);
	hex_encode(digest, sizeof digest, hex);
	snprintf(out, 64, "\"%s-%zu\"", hex, count);
}

static bool complete(struct upload *u, struct err *e)
{
	CLEANUP(s3_answer_stop) struct s3_answer a = {0};
	const struct s3_part_done *parts;
	size_t count;
	char etag[64];

	if (!send_filled(u, e) || !s3_parts_wait(u->parts, e) || !check_free(u, e))
		return false;
	parts = s3_parts_done(u->parts, &count);
	if (s3_upload_complete(u->s, u->key, u->id, parts, count, &a, e))
		return true;
	multipart_etag(parts, count, etag);
	return settle(u, &a, etag, e) || err_in(e, "complete the multipart upload");
}

static bool upload_commit(struct sink *sink, struct err *e)
{
	struct upload *u = (struct upload *)sink;

	u->done = u->id ? complete(u, e) : check_free(u, e) && put_whole(u, e);
	if (!u->done && e->kind == ERR_CANCELLED)
		err_hint(e, "the server may have stored it all the same");
	return u->done || err_in(e, "put %s/%s", u->s->store.url, u->key);
}

static void upload_free(struct sink *sink)
{
	struct upload *u = (struct upload *)sink;
	struct err why = {0};

	s3_parts_freep(&u->parts); /* before the abort, which a part in flight would outlive */
	if (u->id && !u->done) {
		CLEANUP(freep) char *full = s3_full_key(u->s, u->key);

		if (!s3_upload_abort(u->s, full, u->id, &why))
			log_warn("abort the upload of %s/%s: %s", u->s->store.url, u->key,
				 why.text);
	}
	free(u->id);
	free(u->key);
	free(u->content_type);
	free(u);
}

struct sink *s3_put(struct store *store, const char *key, const struct store_put *put,
		    struct err *e)
{
	static const struct sink_ops ops = {upload_write, upload_commit, upload_free};
	const char *type = put->content_type ? put->content_type : "application/octet-stream";
	struct upload *u;

	if (strpbrk(type, "\r\n")) {
		err_set(e, ERR_USAGE, "put %s/%s: not a content type", store->url, key);
		return NULL;
	}
	u = xcalloc(1, sizeof *u);
	u->sink.ops = &ops;
	u->s = (struct s3 *)store;
	u->key = xstrdup(key);
	u->content_type = xstrdup(type);
	u->part_bytes = choose_part_bytes(u->s, put->at_most_bytes);
	u->parts = s3_parts_new(u->s, u->key, u->part_bytes);
	return &u->sink;
}
