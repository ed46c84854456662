/*
 * log: what happens while it happens, on stderr. Results go to stdout.
 *
 * A terminal gets text and a progress bar on its last line; anything else gets one line an event,
 * with the time (UTC) in front. With LOG_JSON each event is one JSON object:
 *
 *	{"time":"2026-11-21T02:30:00Z","level":"info","event":"..."}
 *	{"time":...,"level":"info","event":"progress","what":"dump","done_bytes":N,"total_bytes":N,
 *	 "bytes_per_second":N,"seconds_left":N}
 *
 * (total_bytes and seconds_left only where known.) Control characters in values are escaped, so
 * that a hostile name cannot forge a line. Every function may be called by any thread, and leaves
 * errno as it was.
 */
#ifndef LOG_H
#define LOG_H

#include "base/base.h"

enum log_level { LOG_QUIET, LOG_WARN, LOG_INFO, LOG_DEBUG };
enum log_format { LOG_TEXT, LOG_JSON };

/* Once, before the first event; without it, only warnings are written. Progress bars need a terminal
 * on stderr (and a TERM other than dumb), text and LOG_INFO. */
void log_setup(enum log_level level, enum log_format format);

void log_warn(const char *fmt, ...) PRINTF(1, 2);
void log_info(const char *fmt, ...) PRINTF(1, 2);
void log_debug(const char *fmt, ...) PRINTF(1, 2);

/* Why a verb failed: its last words, of every level. Text has no time: "pgmuster dump: why", and the
 * hint on a line of its own; JSON has "level":"error", "verb" and "hint". */
void log_failure(const char *verb, const struct err *);

/* text with control characters (those that reorder or break lines as well) and what is not UTF-8
 * escaped as \xNN. At most max bytes, NUL included; a cut leaves whole characters and escapes. */
void log_safe(const char *text, char *out, size_t max);

/*
 * Where a long job stands. Safe from several threads; a bar is redrawn at most ten times a second,
 * an event is written at most every ten seconds. total 0: not known. The rate is the mean since
 * what was first given.
 */
void progress_set(const char *what, uint64_t done_bytes, uint64_t total_bytes);
void progress_end(void); /* clears the bar */

/* The same as progress_set, at a time of clock_ms. */
void progress_set_at(int64_t now_ms, const char *what, uint64_t done_bytes, uint64_t total_bytes);

#endif
