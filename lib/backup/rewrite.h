/*
 * backup/rewrite: the few statements of a dump that a restore must not run as they stand.
 */
#ifndef BACKUP_REWRITE_H
#define BACKUP_REWRITE_H

#include "base/base.h"

struct rewrite_options {
	/* The role we restore as: its password, login and superuser right stay as they are, or the next
	 * \connect would fail. NULL: nobody. */
	const char *own_role;
	bool in_place_tablespaces; /* CREATE TABLESPACE ... LOCATION '' */
	/* A database restored under another name; both NULL or neither. */
	const char *rename_from, *rename_to;
	bool skip_create_database; /* it is there already */
};

enum rewrite_verdict {
	REWRITE_AS_IS,
	REWRITE_CHANGED,           /* run *out instead; the caller frees it */
	REWRITE_SKIP,              /* do not run it */
	REWRITE_EXISTING_OWN_ROLE, /* run it: duplicate_object (42710) is expected */
};

enum rewrite_verdict rewrite_statement(const struct rewrite_options *, const char *text, size_t len,
				       char **out);

#endif
