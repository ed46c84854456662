/*
 * split: the text that pg_dump, pg_dumpall and psql agree on, cut into its parts as it streams by.
 *
 * Knows what psql's own scanner knows (PostgreSQL: src/fe_utils/psqlscan.l): single quotes (with
 * backslashes in E'' or while standard_conforming_strings is off), double quotes, dollar quotes,
 * line and nested block comments, parentheses, BEGIN ATOMIC bodies (better: see lex.h), and that
 * after COPY ... FROM stdin the following lines are data up to a line that is "\.". It substitutes
 * no psql variables and runs no backslash command: the consumer decides. Refused (ERR_CORRUPT): a
 * backslash command inside a statement, text behind COPY ... FROM stdin; on its line, a NUL byte
 * outside COPY data.
 *
 * The parts come in order to one handler; text pointers live only during the call.
 */
#ifndef SPLIT_H
#define SPLIT_H

#include "base/base.h"

enum sql_kind {
	SQL_STATEMENT, /* from its first token to its semicolon, both included */
	SQL_META,      /* a backslash command, to the line's end, without the newline */
	/* A "--" line outside any statement, without the newline. It ends at a lone carriage return
	 * too. */
	SQL_COMMENT,
	SQL_COPY_DATA, /* any piece of any rows of the COPY statement before it */
	SQL_COPY_END,  /* its "\." line */
};

struct sql_part {
	enum sql_kind kind;
	const char *text; /* not terminated by NUL */
	size_t len;
	bool cut;     /* text is only the beginning: the part was longer than the splitter keeps */
	bool copy_in; /* a statement that data follows */
	bool goes_on_in_psql; /* psql would not see the statement's end, nor what comes behind */
	uint64_t at, end;     /* its bytes in the stream, newline included where there is one */
};

typedef bool sql_handler(void *ctx, const struct sql_part *, struct err *);

struct sql_split;

struct sql_split_options {
	uint64_t at;          /* the stream offset of the first byte */
	size_t statement_max; /* bytes of a statement, comment or command kept */
	bool cut_long; /* hand on the beginning of a longer one; otherwise it is ERR_CORRUPT */
	sql_handler *handler;
	void *ctx;
};

struct sql_split *sql_split_new(const struct sql_split_options *);
void sql_split_freep(struct sql_split **);

MUST_USE bool sql_split_write(struct sql_split *, const void *data, size_t len, struct err *);

/* ERR_CORRUPT when the text ends inside a statement, a quote, a comment or COPY data; the message
 * gives the offset and the line at which that began. */
MUST_USE bool sql_split_end(struct sql_split *, struct err *);

/* The line, counted from 1 at the first byte, in which the part handed on last began. */
uint64_t sql_split_line(const struct sql_split *);

#endif
