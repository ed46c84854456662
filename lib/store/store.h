/*
 * store: named objects in a place that a URL picks. put, get, list, stat, remove.
 *
 *   file:///backup/postgresql-18          a directory; it must exist
 *   s3://bucket/prefix                    any S3; AWS_ENDPOINT_URL picks the server
 *
 * Keys are relative to the URL: "2026/11/21/full.sql.zst". A key never begins with "/", and has no
 * empty, "." or ".." part and no control character (ERR_USAGE).
 *
 * Nothing is ever overwritten: put's commit fails with ERR_EXISTS when the key is taken.
 * Transient failures are retried here and nowhere else. Not safe for concurrent use of one struct
 * store, but each thread may open its own.
 */
#ifndef STORE_H
#define STORE_H

#include "base/base.h"
#include "stream/sink.h"

struct store;

/* Anything not set comes from the environment, where AWS's own tools look: AWS_ACCESS_KEY_ID,
 * AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN (each also as NAME_FILE), AWS_REGION or
 * AWS_DEFAULT_REGION (default us-east-1), AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL, AWS_CA_BUNDLE.
 */
struct store_options {
	const char *endpoint; /* "http://minio.lan:9000"; NULL: the environment, then AWS */
	const char *region;
	const char *ca_file;
	unsigned parts_in_flight; /* 0 means 3 */
	unsigned max_parts;       /* of one multipart upload; 0 means 10000 */
	size_t part_bytes;        /* 0 means: chosen from put's size */
	int attempts;             /* of one request, with doubling delays; 0 means 6 */
	int retry_delay_ms;       /* before the second attempt; 0 means 500 */
	/* A request that moves no byte for so long, or less than 1 MiB in ten times as long, is broken and
	 * tried again; 0 means 60. */
	int stall_s;
};

/* Parses, finds credentials; touches neither network nor disk. */
struct store *store_open(const char *url, const struct store_options *, struct err *);
void store_freep(struct store **);

/* The URL without secrets, without a final "/"; lives as long as the store. */
const char *store_url(const struct store *);

struct store_object {
	char *key;
	uint64_t bytes;
	time_t modified;
	char *etag; /* "" for a file store */
};

void store_object_stop(struct store_object *);

struct store_put {
	/* What is known of the size: an upper bound that part sizes are chosen from. 0: unknown. */
	uint64_t at_most_bytes;
	const char *content_type; /* NULL means application/octet-stream */
};

/*
 * A new object. The sink's commit makes it visible, whole, or fails: ERR_EXISTS (left alone),
 * ERR_DENIED, ERR_MISSING (no such bucket or directory), ERR_SYSTEM, ERR_TRANSIENT. Freeing it
 * uncommitted removes everything, parts of multipart uploads included.
 * S3: one PUT for a body of at most one part, else a multipart upload with several parts in flight.
 * Files: written beside as ".<name>.<random>.partial" under a lock, fsync, link, unlink, fsync
 * the directory; a commit that fails at the end takes the link back.
 */
struct sink *store_put(struct store *, const char *key, const struct store_put *, struct err *);

/* The same for a small body at hand. */
MUST_USE bool store_put_bytes(struct store *, const char *key, const void *data, size_t len,
			      const char *content_type, struct err *);

/*
 * Push bytes at .. at + bytes of an object into a sink, which is not committed. bytes UINT64_MAX:
 * up to the end. A broken download goes on where it broke, if the object is still the same one
 * (If-Match). ERR_MISSING; ERR_CORRUPT when the object changed or is shorter than the range. etag:
 * only if the object still has it; NULL or "" for any.
 */
MUST_USE bool store_get(struct store *, const char *key, uint64_t at, uint64_t bytes,
			const char *etag, struct sink *, struct err *);

/* A whole small object into buf, whose ceiling holds. */
MUST_USE bool store_get_bytes(struct store *, const char *key, struct buf *, struct err *);

/* Objects whose key begins with prefix ("" for all), in key order. The handler's false ends it. */
typedef bool store_handler(void *ctx, const struct store_object *, struct err *);
MUST_USE bool store_list(struct store *, const char *prefix, store_handler *, void *ctx,
			 struct err *);

/* ERR_MISSING when there is none. The caller stops *out. */
MUST_USE bool store_stat(struct store *, const char *key, struct store_object *out, struct err *);

/* Removing what is not there succeeds. */
MUST_USE bool store_remove(struct store *, const char *key, struct err *);

/*
 * Before a long upload: can this store be written, and does it refuse to overwrite? *exclusive is
 * false when it ignores If-None-Match: the caller then has to choose keys that cannot collide. Uses
 * one small object of constant content, ".pgmuster-probe", which stays. Also aborts multipart
 * uploads older than stale_s under this URL whose key ends like one of ours (".sql.zst"); those
 * that may not be listed or aborted are logged and left. File stores: removes partial files whose
 * owner is dead (their lock is free), or that are as old where nothing can be locked.
 */
#define STORE_STALE_S (24 * 3600)
MUST_USE bool store_prepare(struct store *, int64_t stale_s, bool *exclusive, struct err *);

#endif
