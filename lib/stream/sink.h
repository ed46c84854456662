/*
 * sink: the one byte-stream interface.
 *
 * Bytes are pushed. A stage takes them with sink_write and passes what it makes of them to the
 * stage after it. Nothing is visible at the far end until sink_commit returns true; freeing an
 * uncommitted sink discards everything written to it. So a failure needs no undo: it only has to
 * return.
 *
 * A stage borrows the stage after it. The caller keeps both, declared in order, and scope exit
 * frees them in reverse. After a failed write or commit, only free may follow.
 */
#ifndef SINK_H
#define SINK_H

#include "base/base.h"

struct sink {
	const struct sink_ops *ops;
};

struct sink_ops {
	bool (*write)(struct sink *, const void *data, size_t len, struct err *);
	bool (*commit)(struct sink *, struct err *);
	void (*free)(struct sink *);
};

/* Every byte or an error; len 0 does nothing. */
MUST_USE bool sink_write(struct sink *, const void *data, size_t len, struct err *);

/* Flush every stage, then make the result visible and durable. At most once, last. */
MUST_USE bool sink_commit(struct sink *, struct err *);

void sink_free(struct sink *); /* NULL is fine */
void sink_freep(struct sink **);

/* Push everything readable from fd, up to end of file, into a sink. Does not commit. Looks at the
 * cancel flag. fd may be a file, a pipe or a socket. */
MUST_USE bool sink_pump(struct sink *, int fd, struct err *);

/* The same, but false with *idle (and ERR_TRANSIENT) when nothing comes for idle_ms. */
MUST_USE bool sink_pump_while(struct sink *, int fd, int idle_ms, bool *idle, struct err *);

/* Accepts everything, keeps nothing. */
struct sink *sink_null(void);

/* Collects into a buffer that the caller owns; past its ceiling a write fails. */
struct sink *sink_buf(struct buf *into);

/* Passes bytes to both; commits a, then b. Either may be the one that fails. */
struct sink *sink_tee(struct sink *a, struct sink *b);

/* Passes on bytes skip .. skip + take of its input, and swallows the others. Commit fails with
 * ERR_CORRUPT when the input ended before skip + take. take may be UINT64_MAX: up to the end. */
struct sink *sink_window(struct sink *next, uint64_t skip, uint64_t take);

struct digest {
	unsigned char sha256[32];
	uint64_t bytes;
};

/* Passes bytes through unchanged; commit fills *out, which must outlive the sink. */
struct sink *sink_sha256(struct sink *next, struct digest *out);

/* Gunzips RFC 1952 members, one or several. Refuses to commit an input that ends inside one. */
struct sink *sink_gunzip(struct sink *next, struct err *);

#endif
