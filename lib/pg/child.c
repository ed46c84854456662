#include "pg/child.h"

#include <stdio.h>
#include <string.h>

/* A program's own "x: error: why", or a server's "2026-11-21 05:29:25 UTC [77] FATAL:  why". */
static const char *find_error(const char *text)
{
	const char *error = strstr(text, ": error: ");
	const char *fatal = strstr(text, "FATAL:  ");

	if (fatal && (!error || fatal < error))
		return fatal;
	while (error && error > text && error[-1] != '\n')
		error--;
	return error;
}

bool pg_child_failed(const char *program, const struct buf *errors, struct err *e)
{
	const char *line = find_error(errors->data ? errors->data : "");
	const char *status = strstr(e->text, "exit status ");
	char copy[64];

	if (!line || !status || e->kind == ERR_CANCELLED)
		return false;
	snprintf(copy, sizeof copy, "%.*s", (int)strcspn(status, ":"), status);
	return err_set(e, e->kind, "%s: %s: %.*s", program, copy, (int)strcspn(line, "\n"), line);
}
