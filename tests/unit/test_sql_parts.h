#ifndef TEST_SQL_PARTS_H
#define TEST_SQL_PARTS_H

#include "sql/split.h"

/* What a splitter handed on, as lines "KIND at..end lLINE [cut] [copy] |text|", with neighbouring
 * pieces of COPY data joined. */
struct parts {
	struct buf text;
	struct sql_split *split;
	const char *source; /* the text being split, and its place in the stream */
	uint64_t at;
	uint64_t data_end; /* of the piece of data that is the last line; 0 when another part is */
};

/* A real dump of odd things, made by pg_dumpall --restrict-key; the caller frees. */
char *sample_dump(const char *name, size_t *len);

/* Split text in pieces that end at cuts; the result is in p->text. The caller stops it. */
bool parts_of(struct parts *p, const struct sql_split_options *, const char *text, size_t len,
	      const size_t *cuts, size_t cut_count, struct err *);
void parts_stop(struct parts *p);

#endif
