#include "backup/redact.h"

#include "sql/token.h"

#include <ctype.h>
#include <string.h>

static bool in_identifier(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '$' || (unsigned char)c >= 0x80;
}

static void cut_after(char *text, const char *word)
{
	size_t len = strlen(word);

	for (char *p = text; (p = strcasestr(p, word)); p++)
		if ((p == text || !in_identifier(p[-1])) && !in_identifier(p[len]))
			p[len] = '\0';
}

/* ALTER DATABASE x SET "app.key" TO 'secret' */
static void cut_setting(char *text)
{
	struct sql_scan scan = {text, text + strlen(text)};
	struct sql_token verb = sql_next(&scan), what = sql_next(&scan), t;
	const char *name;

	if (!sql_is(&verb, "alter") || (!sql_is(&what, "database") && !sql_is(&what, "role")))
		return;
	do
		t = sql_next(&scan);
	while (t.kind != SQL_END && !sql_is(&t, "set"));
	name = scan.p;
	do
		t = sql_next(&scan);
	while (t.kind != SQL_END && !sql_is(&t, "to"));
	if (t.kind != SQL_END && memchr(name, '.', (size_t)(t.text - name)))
		text[scan.p - text] = '\0';
}

void redact(char *text)
{
	cut_after(text, "password");
	cut_after(text, "options");
	if (strcasestr(text, "subscription"))
		cut_after(text, "connection");
	cut_setting(text);
}
