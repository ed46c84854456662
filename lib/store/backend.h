/* store/backend: what file.c and s3.c offer to store.c. Keys are checked before they get here. */
#ifndef STORE_BACKEND_H
#define STORE_BACKEND_H

#include "store/store.h"

/* A listing in any order; store.c sorts it. */
struct store_objects {
	struct store_object *items;
	size_t count, cap, bytes; /* bytes of names */
};

/* Copies key and etag. False past either of these: a hostile listing has to end somewhere. */
#define STORE_OBJECTS_MAX 1000000
#define STORE_OBJECTS_MAX_BYTES (256 * MIB)
MUST_USE bool store_objects_add(struct store_objects *, const struct store_object *, struct err *);

struct store_ops {
	struct sink *(*put)(struct store *, const char *key, const struct store_put *,
			    struct err *);
	bool (*get)(struct store *, const char *key, uint64_t at, uint64_t bytes, const char *etag,
		    struct sink *, struct err *);
	bool (*list)(struct store *, const char *prefix, struct store_objects *, struct err *);
	bool (*stat)(struct store *, const char *key, struct store_object *, struct err *);
	bool (*remove)(struct store *, const char *key, struct err *);
	bool (*prepare)(struct store *, int64_t stale_s, bool *exclusive, struct err *);
	void (*free)(struct store *);
};

struct store {
	const struct store_ops *ops;
	char *url;
};

/* path: what follows "file://". */
struct store *file_open(const char *path, struct err *);

/* path: what follows "s3://". */
struct store *s3_open(const char *path, const struct store_options *, struct err *);

/* %XX in place, and for S3's listings "+". False for what is no such encoding, or has a NUL. */
MUST_USE bool store_url_decode(char *text, bool plus_is_space);

/* ERR_USAGE unless it is a plain relative path. what: "key" or "prefix", for the message. */
MUST_USE bool store_check_key(const char *what, const char *key, struct err *);

#endif
