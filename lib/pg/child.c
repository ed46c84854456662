#include "pg/child.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern char **environ;

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

bool pg_child_needs(const char *variable)
{
	/* The last three say where locales and time zones are, where they are not at their usual place. */
	static const char *const names[] = {
	    "PATH=", "LD_LIBRARY_PATH=", "TZ=", "LOCALE_ARCHIVE=", "LOCPATH=", "TZDIR="};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strncmp(variable, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

char **pg_child_environment(const char *const add[])
{
	size_t count = 0, n = 0;

	while (environ[count])
		count++;
	for (size_t i = 0; add && add[i]; i++)
		count++;

	char **env = xcalloc(count + 1, sizeof *env);
	for (char **v = environ; *v; v++)
		if (pg_child_needs(*v))
			env[n++] = xstrdup(*v);
	for (size_t i = 0; add && add[i]; i++)
		env[n++] = xstrdup(add[i]);
	return env;
}
