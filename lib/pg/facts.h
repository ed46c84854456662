/*
 * facts: what a server says about itself that its dump's text does not, or not in one place.
 */
#ifndef FACTS_H
#define FACTS_H

#include "pg/conn.h"

struct pg_extension {
	char *name, *version;
	bool config; /* has configuration tables, part of whose rows are the dump's */
};

struct pg_database {
	char *name;
	bool connectable, is_template;
	char *owner, *encoding;         /* "UTF8" */
	char *provider;                 /* "libc", "icu", "builtin" */
	char *collate, *ctype, *locale; /* locale: ICU's or builtin's, or "" */
	char *tablespace;
	uint64_t bytes; /* on disk; 0 when it may not be asked */
	/* of this database, by a connection of its own; filled by pg_facts_database */
	struct pg_extension *extensions;
	size_t extension_count;
	char *lc_monetary;
	/* What pg_dumpall does not keep of postgres and template1: their comment, grants, settings
	 * and owner as SQL statements that would bring them back, one a line; or "". */
	char *not_dumped;
	/* Other things that pg_dump passes over without a word, a sentence each. */
	char **left_out;
	size_t left_out_count;
	uint64_t unlogged_tables; /* whose rows a standby does not have */
	uint64_t hidden_mappings; /* user mappings whose options pg_dump would leave out unsaid */
};

struct pg_facts {
	int version;
	char *server;            /* see pg_server */
	char *version_text;      /* server_version */
	char *system_identifier; /* decimal; "" when the server does not tell */
	char *user;              /* who we are */
	char *bootstrap_user;    /* the superuser that initdb made (oid 10) */
	bool superuser, reads_role_passwords, reads_all_data, bypasses_row_security, sees_settings;
	char *preload_libraries;
	struct pg_database
	    *databases; /* in pg_dumpall's order; those that accept connections or not */
	size_t database_count;
};

/* How a server reads and writes times where no database or role says otherwise: TimeZone,
 * DateStyle, IntervalStyle. */
#define PG_WAYS 3
extern const char *const pg_ways[PG_WAYS];

/* A connection of its own; the caller frees. NULL for those that our database or role hides. */
MUST_USE bool pg_facts_ways(const struct pg_target *, char *values[PG_WAYS], struct err *);

/* One connection to the maintenance database. */
MUST_USE bool pg_facts_read(const struct pg_target *, struct pg_facts *, struct err *);

/* One connection to database itself. */
MUST_USE bool pg_facts_database(const struct pg_target *, struct pg_database *, struct err *);
void pg_facts_stop(struct pg_facts *);

#endif
