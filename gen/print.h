/*
 * print: one tree of objects, three printers. The text has no trailing blanks and is the same for
 * the same tree; that of JSON and YAML ends with a line end. False (ERR_CORRUPT) only when out is
 * full.
 */
#ifndef PRINT_H
#define PRINT_H

#include "gen/tree.h"

/* Indented by 2, references resolved. */
MUST_USE bool print_json(const json_t *, struct buf *out, struct err *);

/*
 * One YAML document in block style, references resolved, without "---". Read as JSON by any YAML
 * 1.1 or 1.2 parser: a string that could be read as anything else (a number, yes, null, a date,
 * 1:30, a leading or trailing blank, an indicator, ...) is in double quotes; one with several lines
 * of ordinary text is a literal block.
 */
MUST_USE bool print_yaml(const json_t *, struct buf *out, struct err *);

/*
 * A Nix expression, as nixfmt (RFC 166 style) leaves it: indented by 2 from depth * 2, sets and
 * lists one item a line, empty ones as { } and [ ], a set of one item as a path (a.b.c = ...), a
 * list of one short string on its line. Starts where the cursor is, ends without a line end; a
 * string of nothing but a reference, or a negative number, has no parentheses around it. Names that
 * are no identifiers are quoted; a string of several lines is an indented string if it is ordinary
 * text. References stand as their expression, alone or as ${...} within text.
 */
MUST_USE bool print_nix(const json_t *, int depth, struct buf *out, struct err *);

#endif
