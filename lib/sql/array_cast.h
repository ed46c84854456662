/*
 * array_cast: one of the two forms in which PostgreSQL writes the cast of an array. Private to
 * entry.
 *
 * Where an ARRAY[] is of another type than an operator or function takes, the cast is of the
 * whole: status IN ('a', 'b') of a varchar is "(ARRAY['a'::character varying, ...])::text[]". When
 * that text is parsed again, as in a restore, the cast becomes one of each element (PostgreSQL:
 * src/backend/parser/parse_expr.c, transformTypeCast and transformArrayExpr), and the same
 * definition is written "ARRAY[('a'::character varying)::text, ...]".
 */
#ifndef ARRAY_CAST_H
#define ARRAY_CAST_H

#include "base/base.h"

/*
 * A statement with each "(ARRAY[a, b])::T[]" as "ARRAY[(a)::T, (b)::T]", also within each other,
 * and every other byte as it was; the caller frees. Elements that are ARRAY[]s take the cast on to
 * their own; where one is an array in another way, seen by a type that ends in [], "(a)::T[]" it
 * is. What is in quotes is never looked into.
 *
 * NULL when there is nothing to change, parentheses do not match, or there are more parentheses,
 * arrays or elements than in any definition: time is linear and memory bounded for any text.
 */
char *array_cast_push(const char *text, size_t len, size_t *pushed_len);

#define ARRAY_CAST_MAX (64 * MIB) /* bytes of what is returned */

#endif
