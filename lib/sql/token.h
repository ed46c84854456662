/*
 * token: the words of one statement, enough to recognise what pg_dump writes.
 */
#ifndef TOKEN_H
#define TOKEN_H

#include "base/base.h"

enum sql_token_kind {
	SQL_END,    /* no more */
	SQL_WORD,   /* a bare identifier or keyword */
	SQL_QUOTED, /* a "quoted identifier" */
	SQL_STRING, /* '...', E'...' or $tag$...$tag$ */
	SQL_NUMBER, /* digits, with . and exponent, sign not included */
	SQL_OTHER,  /* one byte of punctuation or operator */
};

struct sql_token {
	enum sql_token_kind kind;
	const char *text; /* in the statement, quotes included */
	size_t len;
};

struct sql_scan {
	const char *p, *end;
};

/* Comments and white space are passed over. */
struct sql_token sql_next(struct sql_scan *);

/* A bare word equal to keyword, in any case. */
bool sql_is(const struct sql_token *, const char *keyword);

/* Are these, up to a NULL, the first bare words? */
bool sql_begins(const char *text, size_t len, const char *const words[]);

/* One byte of punctuation. */
bool sql_is_char(const struct sql_token *, char c);

/* The name or string that a token stands for, unquoted; a bare word is folded to lower case. The
 * caller frees. NULL for other kinds. */
char *sql_value(const struct sql_token *);

/* name written as an identifier, in quotes unless it is all lower case, digits and _ and none of
 * PostgreSQL's keywords; the caller frees. A literal is for standard_conforming_strings on. */
char *sql_quote_ident(const char *name);
char *sql_quote_literal(const char *text);

/* "schema.name" read from a scan: one or two dotted identifiers. False when there is none. *schema
 * is NULL when only one is there. The caller frees both. */
MUST_USE bool sql_qualified(struct sql_scan *, char **schema, char **name);

#endif
