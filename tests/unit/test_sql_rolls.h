#ifndef TEST_SQL_ROLLS_H
#define TEST_SQL_ROLLS_H

#include "sql/follow.h"
#include "unit/test_sql_parts.h"

/* Follow text in pieces of at most piece bytes. The caller stops the roll in either case. */
bool follow(const char *text, size_t len, size_t piece, const struct follow_options *,
	    struct roll *, struct err *);

/* The text is followed to its end, or is ERR_CORRUPT with this in the message. */
void follow_ok(const char *text, const struct follow_options *, struct roll *);
void follow_refused(const char *text, const struct follow_options *, const char *message);

const struct roll_entry *find_entry(const struct roll_database *, const char *type,
				    const char *schema, const char *name);

#endif
