/*
 * entry: one thing of a schema while its statements pass. Private to follow.
 *
 * pg_dump states the tablespace and access method of a table by a SET before its header, and only
 * when it is another than before. So that an entry does not depend on its neighbours, such a SET
 * belongs to none, and its value is part of those entries that it says something about: as lines
 * "default_tablespace = VALUE" and "default_table_access_method = VALUE" before their statements.
 */
#ifndef ENTRY_H
#define ENTRY_H

#include "sql/roll.h"

#include <xxhash.h>

struct entry {
	bool active;
	bool data;   /* TABLE DATA, SEQUENCE SET or BLOBS */
	bool listed; /* a part of the schema */
	bool begun;  /* a statement was seen */
	char *type, *schema, *name;
	struct fingerprint unordered; /* sum over statements whose order means nothing */
	/* Of its statements, array casts pushed; as they are, and of its type, schema and name too. */
	XXH3_state_t *text, *whole;
	char *tablespace, *access_method;
};

void entry_init(struct entry *);
void entry_stop(struct entry *);

/* comment is "-- [Data for |Statistics for ]Name: N; Type: T; Schema: S; Owner: O", perhaps with
 * "; Tablespace: P" behind it. False when it is not of that form. */
bool entry_begin(struct entry *, const char *comment, size_t len);

/* A SET that belongs to no entry. False when it is an ordinary statement. */
bool entry_setting(struct entry *, const char *text, size_t len);
void entry_settings_reset(struct entry *); /* a new session */

/* len bytes of a statement of which the text was full_len bytes. */
void entry_statement(struct entry *, const char *text, size_t len, uint64_t full_len);

/* Count it into its database, and list it if so asked. */
void entry_end(struct entry *, struct roll_database *, bool list);

/* One statement of the globals. */
void entry_global(struct roll *, const char *text, size_t len, bool list);

#endif
