/*
 * log: what happens while it happens, on stderr. Results go to stdout and errors to main.
 *
 * A terminal gets text and a progress bar on its last line; anything else gets one line an event.
 * With LOG_JSON each event is one JSON object: {"time":...,"level":...,"event":...,...}.
 * Control characters in values are escaped, so that a hostile name cannot forge a line.
 */
#ifndef LOG_H
#define LOG_H

#include "base/base.h"

enum log_level { LOG_QUIET, LOG_WARN, LOG_INFO, LOG_DEBUG };
enum log_format { LOG_TEXT, LOG_JSON };

/* Once, before the first event. Progress bars need a terminal on stderr and LOG_INFO. */
void log_setup(enum log_level level, enum log_format format);

void log_warn(const char *fmt, ...) PRINTF(1, 2);
void log_info(const char *fmt, ...) PRINTF(1, 2);
void log_debug(const char *fmt, ...) PRINTF(1, 2);

/* Print text with control characters and invalid UTF-8 escaped as \xNN. At most max bytes. */
void log_safe(const char *text, char *out, size_t max);

/*
 * Where a long job stands. Safe from several threads; a bar is redrawn at most ten times a second,
 * an event is written at most every ten seconds. total 0: not known.
 */
void progress_set(const char *what, uint64_t done_bytes, uint64_t total_bytes);
void progress_end(void); /* clears the bar */

#endif
