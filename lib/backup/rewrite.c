#include "backup/rewrite.h"

#include "sql/token.h"

#include <stdlib.h>
#include <string.h>

static bool value_is(const struct sql_token *t, const char *expected)
{
	CLEANUP(freep) char *value = sql_value(t);

	return value && expected && strcmp(value, expected) == 0;
}

/* ALTER ROLE own WITH ...: everything but what would shut us out, which becomes white space. The
 * scan is behind WITH: the role itself may be called password. */
static char *without_lockout(const char *text, size_t len, struct sql_scan scan)
{
	char *out = xstrndup(text, len);

	for (struct sql_token t = sql_next(&scan); t.kind != SQL_END; t = sql_next(&scan)) {
		const char *from = t.text;

		if (sql_is(&t, "password")) {
			t = sql_next(&scan); /* its literal */
		} else if (sql_is(&t, "valid")) {
			sql_next(&scan); /* until */
			t = sql_next(&scan);
		} else if (!sql_is(&t, "nosuperuser") && !sql_is(&t, "nologin")) {
			continue;
		}
		memset(out + (from - text), ' ', (size_t)(t.text + t.len - from));
	}
	return out;
}

static char *replaced(const char *text, size_t len, const struct sql_token *t, const char *by)
{
	return xasprintf("%.*s%s%.*s", (int)(t->text - text), text, by,
			 (int)(text + len - (t->text + t->len)), t->text + t->len);
}

/* CREATE TABLESPACE name OWNER role LOCATION '/srv/fast'; -> LOCATION '' */
static char *in_place(const char *text, size_t len)
{
	struct sql_scan scan = {text, text + len};
	struct sql_token before = sql_next(&scan), t = sql_next(&scan);

	while (t.kind != SQL_END && !(sql_is(&before, "location") && t.kind == SQL_STRING)) {
		before = t;
		t = sql_next(&scan);
	}
	return t.kind == SQL_END ? NULL : replaced(text, len, &t, "''");
}

/* Behind the word DATABASE that says what a statement is about; false when it says none. Any other
 * DATABASE is the name of a column, a role or whatever, since it is no reserved word. */
static bool about_database(struct sql_scan *scan)
{
	struct sql_token verb = sql_next(scan), before = sql_next(scan), t;
	bool two_words = sql_is(&verb, "create") || sql_is(&verb, "alter");
	bool role = sql_is(&verb, "alter") && sql_is(&before, "role");

	if (two_words && sql_is(&before, "database"))
		return true;
	if (two_words && !role)
		return false;
	for (t = sql_next(scan); t.kind != SQL_END; t = sql_next(scan)) {
		if (sql_is(&before, role ? "in" : "on"))
			return sql_is(&t, "database");
		before = t;
	}
	return false;
}

/* A statement about a database, under another name. */
static char *renamed(const char *text, size_t len, const char *from, const char *to)
{
	struct sql_scan scan = {text, text + len};
	CLEANUP(freep) char *ident = sql_quote_ident(to);

	if (!about_database(&scan))
		return NULL;
	struct sql_token name = sql_next(&scan);
	return value_is(&name, from) ? replaced(text, len, &name, ident) : NULL;
}

/* UPDATE pg_catalog.pg_database SET datistemplate = true WHERE datname = 'name'; and the like. */
static char *renamed_in_catalog(const char *text, size_t len, const char *from, const char *to)
{
	struct sql_scan scan = {text, text + len};
	CLEANUP(freep) char *literal = sql_quote_literal(to);

	for (struct sql_token t = sql_next(&scan); t.kind != SQL_END; t = sql_next(&scan))
		if (t.kind == SQL_STRING && value_is(&t, from))
			return replaced(text, len, &t, literal);
	return NULL;
}

static bool of_own_role(const struct rewrite_options *o, const struct sql_token *name)
{
	return o->own_role && value_is(name, o->own_role);
}

enum rewrite_verdict rewrite_statement(const struct rewrite_options *o, const char *text,
				       size_t len, char **out)
{
	struct sql_scan scan = {text, text + len};
	struct sql_token verb = sql_next(&scan), noun = sql_next(&scan), name = sql_next(&scan);
	struct sql_token after = sql_next(&scan);

	*out = NULL;
	if (sql_is(&verb, "create") && sql_is(&noun, "role") && of_own_role(o, &name))
		return REWRITE_EXISTING_OWN_ROLE;
	if (sql_is(&verb, "alter") && sql_is(&noun, "role") && of_own_role(o, &name) &&
	    sql_is(&after, "with"))
		*out = without_lockout(text, len, scan);
	else if (sql_is(&verb, "create") && sql_is(&noun, "tablespace") && o->in_place_tablespaces)
		*out = in_place(text, len);
	else if (sql_is(&verb, "create") && sql_is(&noun, "database") && o->skip_create_database)
		return REWRITE_SKIP;
	else if (!o->rename_from)
		return REWRITE_AS_IS;
	else if (sql_is(&verb, "update") && sql_is(&noun, "pg_catalog"))
		*out = renamed_in_catalog(text, len, o->rename_from, o->rename_to);
	else if (sql_is(&verb, "create") || sql_is(&verb, "alter") || sql_is(&verb, "comment") ||
		 sql_is(&verb, "grant") || sql_is(&verb, "revoke") || sql_is(&verb, "security"))
		*out = renamed(text, len, o->rename_from, o->rename_to);
	return *out ? REWRITE_CHANGED : REWRITE_AS_IS;
}
