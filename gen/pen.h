/*
 * pen: what the printers write with, and what their formats have in common. Nothing is written once
 * the buffer is full; the printer asks at its end.
 */
#ifndef PEN_H
#define PEN_H

#include "base/base.h"

#include <jansson.h>

struct pen {
	struct buf *out;
	struct err *err;
	bool full; /* and err says so */
};

void pen_bytes(struct pen *, const char *text, size_t len);
void pen_text(struct pen *, const char *text);
void pen_line(struct pen *, int depth); /* a line end, then 2 * depth blanks */

/* null, a boolean or a number, as JSON, YAML 1.1, YAML 1.2 and Nix read it: a real has a point, and
 * as few digits as make the same number. */
void pen_scalar(struct pen *, const json_t *);

/* In double quotes, as JSON and YAML read it; what is not printable is escaped. */
void pen_quoted(struct pen *, const char *text);

/* Are all characters printable, or one of besides? Controls are not, nor are line separators, the
 * byte order mark and what is no character. */
bool pen_printable(const char *text, const char *besides);

/* Several lines of ordinary text, which can stand as they are: printable but for tabs, no blanks at
 * the end of any, no tab at the beginning of any; the first begins with neither a blank nor a line
 * end, and there is at most one line end after the last. */
bool pen_lines(const char *text);

#endif
