/*
 * backup/columns: a COPY statement's list of columns, compared by name: versions of PostgreSQL put different
 * names in quotes.
 */
#ifndef BACKUP_COLUMNS_H
#define BACKUP_COLUMNS_H

#include "base/base.h"

bool columns_same(const char *a, const char *b);

/* The same names, in another order. */
bool columns_reordered(const char *a, const char *b);

#endif
