/*
 * text: what text is to a terminal, and times for people. For the log and for reports.
 */
#ifndef TEXT_H
#define TEXT_H

#include "base/base.h"

/* Length of the character at text, 1 to 4 bytes, and its code point; 0 when it is not UTF-8 as
 * RFC 3629 has it (no surrogates, no overlong forms, nothing past U+10FFFF). */
size_t text_utf8(const char *text, uint32_t *code);

/* How many columns text takes: wide characters two, combining ones none, as far as the locale of
 * this thread knows them; else one for each character. */
size_t text_width(const char *text);

/* The beginning of text that takes at most columns, in bytes. */
size_t text_fit(const char *text, size_t columns);

/* "12.3 s", "1 m 03 s", "2 h 05 m", "3 d 04 h"; "-" when it is negative or not a number. */
#define TEXT_SECONDS_SIZE 24
const char *text_seconds(double seconds, char out[TEXT_SECONDS_SIZE]);

/* How many characters have to be changed, added or removed to make a of b (Levenshtein), for a
 * name's nearest relative; SIZE_MAX when b is longer than TEXT_DISTANCE_MAX bytes. */
#define TEXT_DISTANCE_MAX 64
size_t text_distance(const char *a, const char *b);

#endif
