/*
 * roll: the muster roll, all that a dump holds and that has to come back.
 *
 * A row's fingerprint is XXH3-128 (seed 0) of its COPY text line without the newline, a table's is
 * the sum of its rows' modulo 2^128: independent of their order, and unlike XOR it counts
 * duplicates. A large object's is XXH3-128 of "<oid>:" and its content in lower-case hexadecimal; a
 * database's large objects' is their sum. Not cryptographic: it finds faults, not forgers (the
 * sha256 of the file does).
 */
#ifndef ROLL_H
#define ROLL_H

#include "base/base.h"

struct fingerprint {
	uint64_t high, low;
};

#define FINGERPRINT_HEX 33 /* 32 digits and a NUL */

void fingerprint_add(struct fingerprint *sum, struct fingerprint f); /* modulo 2^128 */
bool fingerprint_equal(struct fingerprint a, struct fingerprint b);
void fingerprint_hex(struct fingerprint, char out[FINGERPRINT_HEX]); /* high digits first */
bool fingerprint_parse(const char *hex, struct fingerprint *);
struct fingerprint fingerprint_of(const void *data, size_t len);

/* A part of the plain stream. */
struct range {
	uint64_t at, end;
};

struct roll_table {
	char *schema, *name;
	char *columns;        /* the COPY statement's own list, without parentheses; "" for none */
	uint64_t rows, bytes; /* bytes of the rows, newlines included */
	struct fingerprint fingerprint;
	struct range range; /* the COPY statement up to its "\." line, both included */
};

struct roll_sequence {
	char *schema, *name;
	int64_t value;
	bool called;
};

struct roll_large_objects {
	uint64_t count, bytes; /* bytes of content */
	struct fingerprint fingerprint;
};

/*
 * One thing of a schema: what pg_dump introduces with "-- Name: N; Type: T; Schema: S; Owner: O",
 * or, of the globals, one statement, its name being its first 200 bytes. The fingerprint is that of
 * its statements' text, one "\n" after each, with two lines more where they say something of it:
 * "default_tablespace = X" before a table's, index's or key's, "default_table_access_method = X"
 * before a table's. Statements SET, SELECT and DROP of the globals are none, nor are entries of
 * data (TABLE DATA, SEQUENCE SET, BLOBS, MATERIALIZED VIEW DATA, STATISTICS DATA). An ACL's or a
 * comment's name says of what, as pg_dump writes it. Left out of names: a role's PASSWORD '...'; of
 * names and fingerprints: a tablespace's LOCATION '...'. Here, not in a database's sum, casts of
 * arrays are pushed to the elements (array_cast.h).
 */
struct roll_entry {
	char *type, *schema, *name; /* schema is "" where pg_dump writes "-" */
	struct fingerprint fingerprint;
};

struct roll_database {
	char *name;
	/* From its "-- Database" header (or pg_dump's first line) up to the next. */
	struct range range;
	/* Where the first data entry (TABLE DATA, SEQUENCE SET, BLOBS) begins, and where the first
	 * entry after the last one does, with the SET before it; range.end if there is none. */
	uint64_t data_at, post_at;
	bool complete; /* pg_dump's closing comment was there */
	/* Sum over all entries of XXH3-128 of "type\0schema\0name\0" and text. */
	struct fingerprint schema;
	struct roll_table *tables;
	size_t table_count, table_cap;
	struct roll_sequence *sequences;
	size_t sequence_count, sequence_cap;
	struct roll_large_objects large_objects;
	char **extensions; /* names of CREATE EXTENSION */
	size_t extension_count, extension_cap;
	/* Statements whose end psql does not see, each up to its first parenthesis: "CREATE FUNCTION
	 * public.f"; "" when that is far. */
	char **not_for_psql;
	size_t not_for_psql_count, not_for_psql_cap;
	struct roll_entry *entries; /* only when asked for */
	size_t entry_count, entry_cap;
};

/* What pg_dumpall writes behind the last database. */
#define ROLL_CLOSING "--\n-- PostgreSQL database cluster dump complete\n--\n\n"

struct roll {
	struct range globals;
	/* Sum over all statements of the globals of XXH3-128 of their text; has_globals_sum is false
	 * for a manifest of 0.1.0. */
	struct fingerprint globals_sum;
	bool has_globals_sum;
	bool role_passwords; /* a statement of the globals has one */
	/* pg_dumpall's closing comment (or pg_dump's, for a lone database) was there. */
	bool complete;
	uint64_t bytes; /* of the plain stream */
	/* "15.20 (Debian ...)", of the first pg_dump part; or NULL. */
	char *server_version, *dump_version;
	struct roll_database *databases;
	size_t database_count, database_cap;
	struct roll_entry *entries; /* the globals', only when asked for */
	size_t entry_count, entry_cap;
	char **roles, **tablespaces; /* names of CREATE ROLE, CREATE TABLESPACE */
	size_t role_count, role_cap, tablespace_count, tablespace_cap;
};

void roll_stop(struct roll *);

/* By name; NULL when it is not there. */
struct roll_database *roll_database(const struct roll *, const char *name);
struct roll_table *roll_table(const struct roll_database *, const char *schema, const char *name);

/*
 * The tables sorted by schema and name, those of one name as one: pg_dump loads some partitions through
 * their root, a COPY of the root's name for each, and which row belongs to which partition may differ
 * from server to server. Shallow copies: the caller frees the array alone.
 */
struct roll_table *roll_totals(const struct roll_database *, size_t *count);

/* Sums over a database or over all: rows of tables. */
uint64_t roll_rows(const struct roll_database *);

#endif
