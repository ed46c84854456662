/*
 * rows: the rows of one COPY block, counted and fingerprinted as they pass in pieces of any length.
 * Private to follow.
 */
#ifndef ROWS_H
#define ROWS_H

#include "sql/roll.h"

#include <xxhash.h>

struct rows {
	XXH3_state_t *state; /* of a row that began in an earlier piece */
	bool partial;
};

void rows_init(struct rows *);
void rows_stop(struct rows *);

/* Adds to the table's rows, bytes and fingerprint. */
void rows_add(struct rows *, struct roll_table *, const char *p, size_t len);

struct fingerprint rows_digest(const XXH3_state_t *);

#endif
