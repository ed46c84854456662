/*
 * backup/tally: what went wrong in a restore, counted to the last statement.
 */
#ifndef BACKUP_TALLY_H
#define BACKUP_TALLY_H

#include "base/base.h"
#include "pg/conn.h"
#include "report/report.h"

/* An error that the operator expects: its SQLSTATE and, unless NULL, a part of the statement. */
struct allowed_error {
	char sqlstate[6];
	char *text;
};

struct allow_list {
	struct allowed_error *items;
	size_t count;
};

/* "42710" or "42710:CREATE ROLE admin". ERR_USAGE for anything else. */
MUST_USE bool allow_list_parse(const char *const *texts, size_t count, struct allow_list *,
			       struct err *);
void allow_list_stop(struct allow_list *);

struct sql_failure {
	char sqlstate[6];
	char *message;
	char *statement; /* its beginning, without passwords */
	char *database;
	uint64_t at;     /* offset in the plain stream */
	char *tolerated; /* why it is no failure of the restore, or NULL */
};

#define TALLY_KEPT 1000

struct tally {
	struct sql_failure *items; /* the first TALLY_KEPT */
	size_t kept, cap;
	uint64_t statements, failed, tolerated;
};

/* Where a failed statement stood. */
struct sql_site {
	const char *database, *statement;
	size_t statement_len;
	uint64_t at;
};

/* Count a failure; tolerated (may be NULL) says why it is expected, otherwise the allow-list is asked. */
void tally_add(struct tally *, const struct pg_error *, const struct sql_site *,
	       const char *tolerated, const struct allow_list *);

/* Move everything of one into another. */
void tally_merge(struct tally *into, struct tally *from);
void tally_stop(struct tally *);

/* Counts and the lists "errors" and "tolerated". */
void tally_report(const struct tally *, struct report *);

#endif
