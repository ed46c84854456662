/*
 * lex: where a statement ends, byte by byte, as psql's scanner sees it (src/fe_utils/psqlscan.l), but
 * for the body of a function: psql takes each BEGIN in CREATE FUNCTION for one, the server (and so we)
 * only BEGIN ATOMIC. Private to split.
 */
#ifndef LEX_H
#define LEX_H

#include "base/base.h"

#define LEX_TAG_MAX 256 /* "$", a dollar quote's tag, "$"; pg_dump's own are a few bytes */

enum lex_state {
	LEX_TEXT,
	LEX_WORD,
	LEX_NUMBER,
	LEX_JUNK,  /* letters behind a number */
	LEX_DASH,  /* after "-", perhaps of "--" */
	LEX_SLASH, /* after "/", perhaps of a block comment's start */
	LEX_LINE,  /* in a "--" comment */
	LEX_BLOCK,
	LEX_BLOCK_STAR, /* in a block comment, after "*" */
	LEX_BLOCK_SLASH,
	LEX_QUOTE,
	LEX_ESCAPE, /* in a quote where backslashes escape */
	LEX_ESCAPED,
	LEX_CLOSED,     /* behind such a quote, which another one right there continues */
	LEX_IDENTIFIER, /* in double quotes */
	LEX_DOLLAR,     /* in what may become "$tag$" */
	LEX_BODY,       /* between two "$tag$" */
};

enum lex_event {
	LEX_MORE,      /* all bytes taken, nothing ended */
	LEX_STATEMENT, /* the last byte taken was the semicolon that ends it */
	LEX_COMMENT,   /* "--" where no statement has begun */
	LEX_NOTHING,   /* a block comment where no statement has begun */
	LEX_BACKSLASH,
	LEX_BAD, /* a dollar quote's tag is longer than LEX_TAG_MAX */
};

struct lex {
	enum lex_state state;
	bool plain_escapes; /* standard_conforming_strings is off */
	bool any;           /* a token has begun */
	unsigned parens, comments;
	/* Open blocks; for psql no fewer. At LEX_STATEMENT, psql goes on with those that it has. */
	unsigned begins, psql_begins;
	bool begin;    /* the last token was the word BEGIN */
	char word[10]; /* in lower case; word_len may be more */
	size_t word_len;
	unsigned words;
	char heads[4]; /* psqlscan's cur_state->identifiers */
	bool copy, from,
	    copy_in; /* first word COPY; the last token was FROM; FROM STDIN was seen */
	char tag[LEX_TAG_MAX];
	size_t tag_len, matched;
};

/* Forget the statement; plain_escapes stays. */
void lex_reset(struct lex *);

/* Take bytes from *p on, up to end or the first event. */
enum lex_event lex_run(struct lex *, const char **p, const char *end);

/* What it is in the middle of: "a quoted string". */
const char *lex_inside(const struct lex *);

#endif
