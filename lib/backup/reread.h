/*
 * backup/reread: a table that inherits is restored with its parents' columns first, wherever they stood
 * before; pg_dump then writes the same rows in another order of columns.
 */
#ifndef BACKUP_REREAD_H
#define BACKUP_REREAD_H

#include "pg/conn.h"
#include "sql/roll.h"

/* Rows of those tables are read from the server once more, in the columns' order of want; columns, rows,
 * bytes and fingerprint of the table in *have are then of these. */
MUST_USE bool reread(const struct pg_target *, const char *database,
		     const struct roll_database *want, struct roll_database *have, struct err *);

#endif
