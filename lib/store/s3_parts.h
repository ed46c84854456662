/*
 * store/s3_parts: the parts of one multipart upload, several in flight.
 *
 *	part = s3_parts_take(p, e);      wait for an empty buffer
 *	... fill part->data, part->len
 *	s3_parts_send(p, part, e);       and forget it
 *	s3_parts_wait(p, e);             all of them are stored
 *
 * Memory: one buffer more than parts in flight. The first failure ends the others.
 */
#ifndef STORE_S3_PARTS_H
#define STORE_S3_PARTS_H

#include "store/s3.h"

struct s3_part {
	char *data;
	size_t len;
	const char *id;  /* of the upload */
	unsigned number; /* from 1, in the order of sending */
	enum { PART_EMPTY, PART_TAKEN, PART_READY, PART_SENDING } state;
};

struct s3_parts;

struct s3_parts *s3_parts_new(struct s3 *, const char *key, size_t part_bytes);
void s3_parts_freep(struct s3_parts **); /* ends what is in flight */

/* NULL when a part has failed, or we are cancelled. */
struct s3_part *s3_parts_take(struct s3_parts *, struct err *);

/* id: of the upload; lives as long as the parts. */
MUST_USE bool s3_parts_send(struct s3_parts *, struct s3_part *, const char *id, struct err *);
MUST_USE bool s3_parts_wait(struct s3_parts *, struct err *);

/* What was stored, after s3_parts_wait. */
const struct s3_part_done *s3_parts_done(const struct s3_parts *, size_t *count);

#endif
