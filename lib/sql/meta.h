/* meta: the one backslash command of a dump that has to be obeyed. */
#ifndef META_H
#define META_H

#include "base/base.h"

enum sql_meta {
	SQL_META_CONNECT,
	SQL_META_IGNORED, /* \restrict, \unrestrict, \encoding: they concern psql alone */
};

/*
 * Understand a SQL_META part. pg_dump writes `\connect NAME`, `\connect "Name"` and, for names that
 * are neither, `\connect -reuse-previous=on "dbname='...'"` (PostgreSQL: appendPsqlMetaConnect in
 * src/fe_utils/string_utils.c). Any other command, another conninfo keyword than dbname, or more
 * behind \restrict, \unrestrict and \encoding than a name (such as "\\" and another command) is
 * ERR_CORRUPT: psql would obey it, and a dump has no business to. *dbname (only of a connect) is
 * the caller's to free.
 */
MUST_USE bool sql_meta_parse(const char *text, size_t len, enum sql_meta *, char **dbname,
			     struct err *);

#endif
