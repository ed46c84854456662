#include "sql/meta.h"

#include <ctype.h>
#include <string.h>

/* A name with anything else makes pg_dump write a conninfo: to psql, "-", "a=b" and URIs are more than
 * names. */
static bool is_plain(const char *name)
{
	return name[0] != '\0' &&
	       !name[strspn(name,
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.")];
}

static bool starts(const char **p, const char *word)
{
	size_t n = strlen(word);

	if (strncmp(*p, word, n) != 0 || (word[n - 1] != '=' && (*p)[n] != ' ' && (*p)[n] != '\0'))
		return false;
	*p += n;
	*p += strspn(*p, " \t");
	return true;
}

/* One argument: bare, or in double quotes with "" for each one inside. Edits in place; NULL unless the
 * argument is all that is left. */
static char *argument(char *p)
{
	char *out = p, *to = p;
	bool closed = false;

	if (*p != '"')
		return is_plain(p) ? p : NULL;
	for (p++; *p != '\0' && !closed; p++) {
		if (*p == '"' && p[1] != '"')
			closed = true;
		else
			*to++ = *p == '"' ? *p++ : *p;
	}
	if (!closed || *p != '\0')
		return NULL;
	*to = '\0';
	return out;
}

/* "dbname='...'" with \' and \\ inside. Edits in place. */
static char *only_dbname(char *p)
{
	static const char key[] = "dbname='";
	char *out = p + sizeof key - 1, *to = out;

	if (strncmp(p, key, sizeof key - 1) != 0)
		return NULL;
	for (p = out; *p != '\'' && *p != '\0'; p++) {
		if (*p == '\\' && *++p == '\0')
			return NULL;
		*to++ = *p;
	}
	if (*p != '\'' || p[1] != '\0')
		return NULL;
	*to = '\0';
	return out;
}

bool sql_meta_parse(const char *text, size_t len, enum sql_meta *what, char **dbname, struct err *e)
{
	CLEANUP(freep) char *copy = xstrndup(text, len);
	int shown = (int)strnlen(copy, 100);
	const char *rest = copy;
	bool conninfo;
	char *name;

	for (size_t n = strlen(copy); n > 0 && isspace((unsigned char)copy[n - 1]); n--)
		copy[n - 1] = '\0';
	*what = SQL_META_IGNORED;
	if (starts(&rest, "\\restrict") || starts(&rest, "\\unrestrict") ||
	    starts(&rest, "\\encoding"))
		return *rest == '\0' || is_plain(rest) ||
		       err_set(e, ERR_CORRUPT, "backslash command with more than a name: %.*s",
			       shown, text);
	if (!starts(&rest, "\\connect")) {
		copy[strcspn(copy, " \t")] = '\0';
		return err_set(e, ERR_CORRUPT, "backslash command %.40s does not belong in a dump",
			       copy);
	}
	*what = SQL_META_CONNECT;
	conninfo = starts(&rest, "-reuse-previous=on");
	name = argument(copy + (rest - copy));
	if (name && conninfo)
		name = only_dbname(name);
	if (!name || *name == '\0' || (!conninfo && !is_plain(name)))
		return err_set(e, ERR_CORRUPT, "\\connect to something else than a database: %.*s",
			       shown, text);
	*dbname = xstrdup(name);
	return true;
}
