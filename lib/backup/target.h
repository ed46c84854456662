/*
 * backup/target: is this server one that a backup may be restored into, and can it take it?
 */
#ifndef BACKUP_TARGET_H
#define BACKUP_TARGET_H

#include "backup/compare.h"
#include "backup/manifest.h"

/* ERR_USAGE when it is the very server that the backup was made from. */
MUST_USE bool target_is_not_source(const struct pg_facts *, const struct manifest *, struct err *);

/* ERR_EXISTS, naming what is there, unless it holds nothing but what initdb makes. */
MUST_USE bool target_is_empty(const struct pg_target *, const struct pg_facts *, struct err *);

/* Is there a database of this name, and are there tables in it? */
MUST_USE bool target_has_database(const struct pg_target *, const char *database, bool *exists,
				  bool *has_tables, struct err *);
MUST_USE bool target_has_table(const struct pg_target *, const char *database, const char *schema,
			       const char *table, bool *exists, struct err *);

/* ERR_DENIED, naming the role and what helps, unless it may create databases. */
MUST_USE bool target_may_create_databases(const struct pg_target *, const struct pg_facts *,
					  struct err *);

/* Likewise, unless it may add rows to this table, or with table NULL create one in this schema. */
MUST_USE bool target_may_fill_table(const struct pg_target *, const struct pg_facts *,
				    const char *database, const char *schema, const char *table,
				    struct err *);

/* Of an own scratch server: initdb made postgres like template1, which in the source may have been made anew since.
 * What the server refuses is left as it is, for target_preflight to name. */
MUST_USE bool target_match_postgres(const struct pg_target *, const struct manifest *,
				    struct err *);

/* Which databases of a manifest are meant: one by name, or NULL for all. */
struct preflight {
	const char *only_database;
	bool try_locales;  /* by making, and dropping, an empty database for each */
	bool need_globals; /* roles and tablespaces have to be there already */
};

/* What a restore needs and the server lacks: version, extensions, locales, roles, tablespaces; each
 * named, in *missing. False only when it cannot be found out. */
MUST_USE bool target_preflight(const struct pg_target *, const struct pg_facts *,
			       const struct manifest *, const struct preflight *,
			       struct differences *missing, struct err *);

#endif
