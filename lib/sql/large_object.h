/*
 * large_object: the content of large objects, as pg_dump writes it:
 *
 *	SELECT pg_catalog.lo_open('10001', 131072);
 *	SELECT pg_catalog.lowrite(0, '\x010203');
 *	SELECT pg_catalog.lo_close(0);
 *
 * Private to follow.
 */
#ifndef LARGE_OBJECT_H
#define LARGE_OBJECT_H

#include "sql/roll.h"
#include "sql/split.h"

#include <xxhash.h>

struct large_object {
	bool open;
	char oid[24];
	uint64_t bytes;
	XXH3_state_t *state;
};

void large_object_init(struct large_object *);
void large_object_stop(struct large_object *);

/* True when it is none of these statements, or was counted. ERR_CORRUPT when one comes out of
 * order, or writes anything but lower-case hexadecimal. */
MUST_USE bool large_object_statement(struct large_object *, const struct sql_part *,
				     struct roll_large_objects *, struct err *);

#endif
