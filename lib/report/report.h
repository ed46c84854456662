/*
 * report: one result, printed as JSON for programs and as text for people.
 *
 * A report is an ordered object of values, objects and lists of objects. Text shows values as
 * "name  value" lines, then each list as a table with a heading; numbers right-aligned, bytes and
 * durations in units for people. JSON has every value, in the order of insertion, numbers as
 * numbers.
 */
#ifndef REPORT_H
#define REPORT_H

#include "base/base.h"

#include <stdio.h>
#include <time.h>

struct report;

struct report *report_new(void);
void report_freep(struct report **);

/* key is the JSON key, in snake_case; text shows it with spaces and without "_seconds" at its end. */
void report_string(struct report *, const char *key, const char *value); /* NULL: null, not shown */
void report_int(struct report *, const char *key, int64_t value);
void report_bytes(struct report *, const char *key, uint64_t value); /* text: 1.5 GiB */
void report_seconds(struct report *, const char *key,
		    double value);                              /* text: 1 m 03 s; JSON: 63.2 */
void report_time(struct report *, const char *key, time_t);     /* 2026-11-21T02:30:00Z */
void report_bool(struct report *, const char *key, bool value); /* text: yes, no */

/* Append an object to the list key, created at first use. Text prints it as a row; the columns are
 * the keys of all rows in the order of their first use. */
struct report *report_row(struct report *, const char *list);

/* Append a string to the list key. Text: one line each under the heading. */
void report_item(struct report *, const char *list, const char *value);

/* Make an empty list appear in JSON as []. */
void report_list(struct report *, const char *list);

/* Leave this key (of this object, or in this list's rows) out of text. */
void report_hide(struct report *, const char *key);

/* The last line of the text, such as the verdict. Not in JSON. */
void report_closing(struct report *, const char *fmt, ...) PRINTF(2, 3);

/* JSON is one object, indented by 2, and a newline. False (ERR_SYSTEM) when the stream cannot take
 * it. */
enum report_format { REPORT_TEXT, REPORT_JSON };
MUST_USE bool report_print(const struct report *, enum report_format, FILE *, struct err *);

/* The JSON as a string; the caller frees. */
char *report_json(const struct report *);

#endif
