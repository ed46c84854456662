/*
 * base: errors as values, scope-bound cleanup, growing memory, time. Knows nothing about backups.
 */
#ifndef BASE_H
#define BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define MUST_USE __attribute__((warn_unused_result))
#define PRINTF(f, a) __attribute__((format(printf, f, a)))

/* Run fn(&variable) when the variable leaves scope, in reverse order of declaration. */
#define CLEANUP(fn) __attribute__((cleanup(fn)))

/* Hand a cleanup-managed pointer to the caller: yields p and leaves NULL behind. */
#define STEAL(p)                                                                                   \
	__extension__({                                                                            \
		__typeof__(p) stolen_ = (p);                                                       \
		(p) = NULL;                                                                        \
		stolen_;                                                                           \
	})

#define MIB ((size_t)1 << 20)

/* What a caller can do about a failure, not where it happened. */
enum err_kind {
	ERR_NONE,
	ERR_USAGE,     /* the operator must change something: exit 2 */
	ERR_SYSTEM,    /* the machine, server or store refused: exit 3 */
	ERR_TRANSIENT, /* worth trying again: exit 3 once the retries are used up */
	ERR_MISSING,   /* the thing asked for does not exist: exit 3 */
	ERR_EXISTS,    /* something is already there, and it was left alone: exit 3 */
	ERR_DENIED,    /* no permission: exit 3 */
	ERR_CORRUPT,   /* the check ran, and the bytes are wrong: exit 1 */
	ERR_CANCELLED, /* SIGINT or SIGTERM: exit 130 or 143 */
};

struct err {
	enum err_kind kind;
	char text[1000]; /* lower case, no full stop: what failed, on what, why */
	char hint[300];  /* what to do about it, or empty */
};

/* Record a failure. Always false, so that callers write: return err_set(e, ...); */
bool err_set(struct err *e, enum err_kind kind, const char *fmt, ...) PRINTF(3, 4);

/* The same, for errno: appends ": <strerror(errno)>". ENOENT is ERR_MISSING, EEXIST ERR_EXISTS,
 * EACCES, EPERM and EROFS ERR_DENIED, all others ERR_SYSTEM. */
bool err_sys(struct err *e, const char *fmt, ...) PRINTF(2, 3);

/* Say what was being attempted: "upload s3://b/k: " goes in front; kind and hint stay. */
bool err_in(struct err *e, const char *fmt, ...) PRINTF(2, 3);

/* Say what to do about it; a hint that is already there stays. */
bool err_hint(struct err *e, const char *fmt, ...) PRINTF(2, 3);

/* Allocation never fails: out of memory ends the process, and nothing half-written is visible. */
#define NEVER_NULL __attribute__((returns_nonnull))
NEVER_NULL void *xcalloc(size_t count, size_t size);
NEVER_NULL void *xrealloc(void *p, size_t size);
NEVER_NULL char *xstrdup(const char *s);
NEVER_NULL char *xstrndup(const char *s, size_t len);
NEVER_NULL char *xasprintf(const char *fmt, ...) PRINTF(1, 2);

/* Put more behind *text, which moves. */
void xappend(char **text, const char *fmt, ...) PRINTF(2, 3);

/* Room for one more element: returns p, moved and doubled when count has reached *cap. */
void *xgrow(void *p, size_t count, size_t *cap, size_t size);

void freep(void *pointer_to_pointer);
void closep(int *fd); /* closes unless negative */

/* No buffer without a ceiling: input that would pass it costs an error, not the machine. */
struct buf {
	char *data; /* always terminated by a NUL that len does not count; NULL while empty */
	size_t len, cap;
	size_t max;       /* bytes */
	const char *what; /* for the message, such as "sql statement" */
};

#define BUF_INIT(max_bytes, what_it_holds)                                                         \
	(struct buf)                                                                               \
	{                                                                                          \
		.max = (max_bytes), .what = (what_it_holds)                                        \
	}

/* False (ERR_CORRUPT) when it would grow past max; the buffer stays as it was. */
MUST_USE bool buf_add(struct buf *, const void *data, size_t len, struct err *);
void buf_clear(struct buf *); /* keeps the memory */
void buf_stop(struct buf *);  /* frees it */

/* Milliseconds that only go forward. */
int64_t clock_ms(void);

/* "2026-11-21T02:30:00Z", 20 characters and a NUL. */
#define ISO8601_SIZE 21
void clock_iso8601(time_t t, char out[ISO8601_SIZE]);

/* The reverse; false unless text is exactly of that form. */
bool clock_parse_iso8601(const char *text, time_t *out);

/* "1.5 GiB", "17 B": for people. */
#define HUMAN_SIZE 16
const char *human_bytes(uint64_t bytes, char out[HUMAN_SIZE]);

/* len bytes as 2 * len lower-case hexadecimal digits and a NUL; the reverse fails on others. */
void hex_encode(const void *data, size_t len, char *out);
bool hex_decode(const char *text, void *out, size_t len);

#endif
