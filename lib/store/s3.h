/*
 * store/s3: what the files of the S3 store have in common.
 *
 *   s3.c         opens one; stat and remove
 *   s3_call.c    a request with its retries, and what an answer means
 *   s3_get.c     download, resumed
 *   s3_list.c    listings of objects and of multipart uploads
 *   s3_upload.c  the sink: one PUT, or a multipart upload
 *   s3_parts.c   its threads
 *   s3_prepare.c the probe before a long upload, and the sweep
 */
#ifndef STORE_S3_H
#define STORE_S3_H

#include "store/backend.h"
#include "store/http.h"

struct s3 {
	struct store store;
	struct http_server server;
	struct http *http; /* of the thread that the store belongs to */
	char *bucket;
	char *prefix; /* "" or "a/b" */
	unsigned parts_in_flight, max_parts;
	size_t part_bytes; /* 0: chosen for each upload */
	int attempts, retry_delay_ms;
	bool unconditional; /* the server refuses If-None-Match */
};

/* What may be denied. */
enum s3_action {
	S3_READ,
	S3_WRITE,
	S3_LIST,
	S3_REMOVE,
	S3_LIST_UPLOADS,
	S3_ABORT,
};

struct s3_call {
	struct http_request request;
	enum s3_action action;
	/* The element that the XML of a good answer has, as s3_xml_find takes it, or NULL. A 200
	 * without it is a failure: S3 answers so when it fails late. */
	const char *wants;
	bool wants_etag; /* a 200 without one is not S3's, and stored nothing */
	void (*before)(void *ctx, struct http_request *); /* each attempt, with request.ctx */
	int attempts;                                     /* 0: the store's */
	const atomic_bool *stop;                          /* ends the waits in between, or NULL */
};

struct s3_answer {
	struct http_response http;
	char code[64]; /* S3's, such as "NoSuchKey", or "" */
	char *value;   /* of the wanted element */
	int attempts;  /* how many requests were sent */
};

void s3_answer_stop(struct s3_answer *);

/*
 * A request, again after what is transient. False: e says why, the answer's status and code are
 * kept; ERR_EXISTS for a failed condition.
 */
MUST_USE bool s3_call(struct s3 *, struct http *, struct s3_call *, struct s3_answer *,
		      struct err *);

/* "/bucket/prefix/key?query"; key "" for the bucket itself, query NULL for none. */
char *s3_target(const struct s3 *, const char *key, const char *query);

/* Percent-encoded as SigV4 wants it; keep: a character that stays, such as '/', or 0. */
char *s3_encode(const char *text, char keep);

/* prefix and key joined. */
char *s3_full_key(const struct s3 *, const char *key);

/* The body's Content-MD5 header, and its digest. */
#define S3_MD5_HEADER 46
void s3_md5(const void *data, size_t len, unsigned char digest[16], char header[S3_MD5_HEADER]);

struct sink *s3_put(struct store *, const char *key, const struct store_put *, struct err *);
bool s3_get(struct store *, const char *key, uint64_t at, uint64_t bytes, const char *etag,
	    struct sink *, struct err *);
bool s3_list(struct store *, const char *prefix, struct store_objects *, struct err *);
bool s3_stat(struct store *, const char *key, struct store_object *, struct err *);
bool s3_prepare(struct store *, int64_t stale_s, bool *exclusive, struct err *);

/* Multipart uploads under way whose full key begins with prefix. */
struct s3_upload {
	const char *key; /* the full one */
	const char *id;
	time_t initiated;
};
typedef bool s3_upload_handler(void *ctx, const struct s3_upload *, struct err *);
MUST_USE bool s3_list_uploads(struct s3 *, const char *prefix, s3_upload_handler *, void *ctx,
			      struct err *);

/* Of one key: start (the caller frees *id), abort. */
MUST_USE bool s3_upload_start(struct s3 *, const char *key, const char *content_type, char **id,
			      struct err *);
MUST_USE bool s3_upload_abort(struct s3 *, const char *full_key, const char *id, struct err *);

struct s3_part_done {
	char etag[200];        /* the server's, with its quotes */
	unsigned char md5[16]; /* ours */
};

/* Complete one of these parts, if the key is free. */
MUST_USE bool s3_upload_complete(struct s3 *, const char *key, const char *id,
				 const struct s3_part_done *, size_t count, struct s3_answer *,
				 struct err *);

#endif
