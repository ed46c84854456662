#include "backup/target.h"

#include "sql/token.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Whoever holds this lock in database postgres may make this database, and drop it. One that nobody can
 * connect to, and never could, is what a restore that was killed left; where that was in the midst of its
 * DROP, PostgreSQL has marked it as invalid (connection limit -2). */
#define TRIAL "pgmuster_trial_of_locales"
#define FIND_TRIAL                                                                                 \
	"SELECT FROM pg_catalog.pg_database WHERE datname = '" TRIAL                               \
	"' AND NOT datallowconn AND datconnlimit IN (0, -2)"
#define LOCK_TRIAL "SELECT pg_catalog.pg_advisory_lock(5791463)"

#define USER_TABLES                                                                                \
	"SELECT count(*) FROM pg_catalog.pg_class c WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')"  \
	" AND c.oid >= 16384 AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d"                   \
	" WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid"        \
	" AND d.deptype = 'e')"

bool target_is_not_source(const struct pg_facts *f, const struct manifest *m, struct err *e)
{
	if (m->system_identifier[0] == '\0' || f->system_identifier[0] == '\0' ||
	    strcmp(f->system_identifier, m->system_identifier) != 0)
		return true;
	err_set(e, ERR_USAGE,
		"this is the server that the backup was made from (system identifier %s)",
		f->system_identifier);
	return err_hint(e, "name another one; nothing was changed");
}

static bool count_tables(const struct pg_target *t, const char *database, long *count,
			 struct err *e)
{
	CLEANUP(pg_freep) struct pg_conn *conn = pg_open(t, database, e);
	CLEANUP(pg_rows_stop) struct pg_rows rows = {0};

	if (!conn || !pg_query(conn, &rows, e, "%s", USER_TABLES))
		return false;
	*count = strtol(pg_value(&rows, 0, 0), NULL, 10);
	return true;
}

bool target_is_empty(const struct pg_target *t, const struct pg_facts *f, struct err *e)
{
	for (size_t i = 0; i < f->database_count; i++) {
		const char *name = f->databases[i].name;
		bool own = strcmp(name, "postgres") == 0 || strcmp(name, "template1") == 0;
		long tables = 0;

		if (own && f->databases[i].connectable && !count_tables(t, name, &tables, e))
			return false;
		if ((own && tables == 0) ||
		    (!f->databases[i].connectable && strcmp(name, TRIAL) == 0))
			continue;
		err_set(e, ERR_EXISTS,
			own ? "the server is not empty: there are tables in %s"
			    : "the server is not empty: it has a database %s",
			name);
		return err_hint(e, "a whole server is restored into one that is fresh from initdb");
	}
	return true;
}

bool target_has_database(const struct pg_target *t, const char *database, bool *exists,
			 bool *has_tables, struct err *e)
{
	long tables = 0;

	*exists = *has_tables = false;
	if (count_tables(t, database, &tables, e)) {
		*exists = true;
		*has_tables = tables > 0;
		return true;
	}
	return e->kind == ERR_MISSING;
}

bool target_has_table(const struct pg_target *t, const char *database, const char *schema,
		      const char *table, bool *exists, struct err *e)
{
	CLEANUP(pg_freep) struct pg_conn *conn = pg_open(t, database, e);
	CLEANUP(pg_rows_stop) struct pg_rows rows = {0};
	CLEANUP(freep) char *s = sql_quote_literal(schema);
	CLEANUP(freep) char *n = sql_quote_literal(table);

	if (!conn || !pg_query(conn, &rows, e,
			       "SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n"
			       " ON n.oid = c.relnamespace WHERE n.nspname = %s AND c.relname = %s",
			       s, n))
		return false;
	*exists = rows.rows > 0;
	return true;
}

static bool refused(const struct pg_facts *f, struct err *e, const char *what)
{
	err_set(e, ERR_DENIED, "role %s may not %s", f->user, what);
	return err_hint(e, "restore as a superuser: PGUSER, user= in --server or TARGET, or "
			   "restore.user of pgmuster-gen");
}

/* A question of yes or no; without rows there is nothing that could be forbidden. */
static bool ask(const struct pg_target *t, const char *database, const char *question, bool *yes,
		struct err *e)
{
	CLEANUP(pg_freep) struct pg_conn *conn = pg_open(t, database, e);
	CLEANUP(pg_rows_stop) struct pg_rows rows = {0};

	if (!conn || !pg_query(conn, &rows, e, "%s", question))
		return false;
	*yes = rows.rows == 0 || strcmp(pg_value(&rows, 0, 0), "t") == 0;
	return true;
}

bool target_may_create_databases(const struct pg_target *t, const struct pg_facts *f, struct err *e)
{
	bool may = f->superuser;

	if (!may && !ask(t, "postgres",
			 "SELECT rolcreatedb FROM pg_catalog.pg_roles WHERE rolname = current_user",
			 &may, e))
		return false;
	return may || refused(f, e, "create databases");
}

bool target_may_fill_table(const struct pg_target *t, const struct pg_facts *f,
			   const char *database, const char *schema, const char *table,
			   struct err *e)
{
	CLEANUP(freep) char *s = sql_quote_literal(schema);
	CLEANUP(freep) char *n = table ? sql_quote_literal(table) : NULL;
	CLEANUP(freep)
	char *question =
	    table ? xasprintf("SELECT pg_catalog.has_table_privilege(c.oid, 'INSERT')"
			      " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n"
			      " ON n.oid = c.relnamespace WHERE n.nspname = %s AND c.relname = %s",
			      s, n)
		  : xasprintf("SELECT pg_catalog.has_schema_privilege(oid, 'CREATE')"
			      " FROM pg_catalog.pg_namespace WHERE nspname = %s",
			      s);
	CLEANUP(freep) char *what = NULL;
	bool may = f->superuser;

	if (!may && !ask(t, database, question, &may, e))
		return false;
	what = table ? xasprintf("add rows to table %s.%s of database %s", schema, table, database)
		     : xasprintf("create tables in schema %s of database %s", schema, database);
	return may || refused(f, e, what);
}

/* A name in the first column of a result. */
static bool has(const struct pg_rows *rows, const char *name)
{
	for (int i = 0; i < rows->rows; i++)
		if (strcmp(pg_value(rows, i, 0), name) == 0)
			return true;
	return false;
}

static bool wanted(const struct preflight *p, const struct pg_database *d)
{
	return !p->only_database || strcmp(p->only_database, d->name) == 0;
}

static bool check_extensions(struct pg_conn *conn, const struct manifest *m,
			     const struct preflight *p, struct differences *missing, struct err *e)
{
	CLEANUP(pg_rows_stop) struct pg_rows rows = {0};

	if (!pg_query(conn, &rows, e, "SELECT name FROM pg_catalog.pg_available_extensions"))
		return false;
	for (size_t i = 0; i < m->database_count; i++) {
		const struct pg_database *d = &m->databases[i];

		for (size_t j = 0; wanted(p, d) && j < d->extension_count; j++)
			if (!has(&rows, d->extensions[j].name))
				differences_add(missing, d->name,
						"extension %s (%s there) is not available",
						d->extensions[j].name, d->extensions[j].version);
	}
	return true;
}

/* Empty, and nobody's to connect to yet. */
static char *create_trial(const struct pg_database *d, int version)
{
	CLEANUP(freep) char *encoding = sql_quote_literal(d->encoding);
	CLEANUP(freep) char *collate = sql_quote_literal(d->collate);
	CLEANUP(freep) char *ctype = sql_quote_literal(d->ctype);
	CLEANUP(freep) char *locale = sql_quote_literal(d->locale);
	CLEANUP(freep) char *provider = NULL;
	bool icu = strcmp(d->provider, "icu") == 0, builtin = strcmp(d->provider, "builtin") == 0;

	if (version >= 150000)
		provider = xasprintf(" LOCALE_PROVIDER %s%s%s", d->provider,
				     icu       ? " ICU_LOCALE "
				     : builtin ? " BUILTIN_LOCALE "
					       : "",
				     icu || builtin ? locale : "");
	return xasprintf("CREATE DATABASE " TRIAL " TEMPLATE template0 ENCODING %s LC_COLLATE %s"
			 " LC_CTYPE %s ALLOW_CONNECTIONS false CONNECTION LIMIT 0%s",
			 encoding, collate, ctype, provider ? provider : "");
}

static bool same_locale(const struct pg_database *a, const struct pg_database *b)
{
	return strcmp(a->encoding, b->encoding) == 0 && strcmp(a->provider, b->provider) == 0 &&
	       strcmp(a->collate, b->collate) == 0 && strcmp(a->ctype, b->ctype) == 0 &&
	       strcmp(a->locale, b->locale) == 0;
}

static bool drop_trial(struct pg_conn *conn, struct err *e)
{
	CLEANUP(pg_rows_stop) struct pg_rows found = {0};
	CLEANUP(pg_rows_stop) struct pg_rows dropped = {0};

	return pg_query(conn, &found, e, FIND_TRIAL) &&
	       (found.rows == 0 || pg_query(conn, &dropped, e, "DROP DATABASE " TRIAL));
}

/* Only the server itself knows which locales it takes, and under which spellings. */
static bool try_locale(struct pg_conn *conn, const struct pg_database *d,
		       struct differences *missing, struct err *e)
{
	CLEANUP(freep) char *create = create_trial(d, pg_server_version(conn));
	struct pg_error refused = {0};

	if (!drop_trial(conn, e) || !pg_execute(conn, create, strlen(create), &refused, NULL, e) ||
	    !drop_trial(conn, e))
		return false;
	if (strcmp(refused.sqlstate, "42501") == 0) /* insufficient_privilege: not the locale's */
		return err_set(e, ERR_DENIED, "cannot try the locale of database %s: %s", d->name,
			       refused.message);
	if (pg_is_servers_own(refused.sqlstate))
		return err_set(e, ERR_SYSTEM, "%s (SQLSTATE %s)", refused.message,
			       refused.sqlstate);
	if (refused.sqlstate[0] != '\0')
		differences_add(missing, d->name,
				"locale (%s, collate %s, ctype %s%s%s, encoding %s): %s",
				d->provider, d->collate, d->ctype, d->locale[0] ? ", " : "",
				d->locale, d->encoding, refused.message);
	return true;
}

static bool check_locales(struct pg_conn *conn, const struct manifest *m, const struct preflight *p,
			  struct differences *missing, struct err *e)
{
	CLEANUP(pg_rows_stop) struct pg_rows locked = {0};

	if (!pg_query(conn, &locked, e, LOCK_TRIAL))
		return false;
	for (size_t i = 0; i < m->database_count; i++) {
		bool tried = !wanted(p, &m->databases[i]);

		for (size_t j = 0; j < i && !tried; j++)
			tried = wanted(p, &m->databases[j]) &&
				same_locale(&m->databases[i], &m->databases[j]);
		if (!tried && !try_locale(conn, &m->databases[i], missing, e))
			return false;
	}
	return true;
}

static bool recreate_postgres(const struct pg_target *t, const struct pg_database *like,
			      struct err *e)
{
	static const char *const renames[] = {
	    "DROP DATABASE postgres",
	    "ALTER DATABASE " TRIAL " RENAME TO postgres",
	    "ALTER DATABASE postgres ALLOW_CONNECTIONS true CONNECTION LIMIT -1",
	};
	CLEANUP(pg_freep) struct pg_conn *conn = pg_open(t, "template1", e);
	CLEANUP(freep) char *create = conn ? create_trial(like, pg_server_version(conn)) : NULL;
	struct pg_error refused = {0};

	if (!conn || !pg_execute(conn, create, strlen(create), &refused, NULL, e))
		return false;
	for (size_t i = 0; refused.sqlstate[0] == '\0' && i < sizeof renames / sizeof *renames;
	     i++) {
		CLEANUP(pg_rows_stop) struct pg_rows none = {0};

		if (!pg_query(conn, &none, e, "%s", renames[i]))
			return false;
	}
	return true;
}

bool target_match_postgres(const struct pg_target *t, const struct manifest *m, struct err *e)
{
	const struct pg_database *postgres = manifest_database(m, "postgres");
	const struct pg_database *template1 = manifest_database(m, "template1");

	return !postgres || !template1 || same_locale(postgres, template1) ||
	       recreate_postgres(t, postgres, e);
}

static bool check_names(struct pg_conn *conn, const char *what, const char *query,
			char *const *names, size_t count, struct differences *missing,
			struct err *e)
{
	CLEANUP(pg_rows_stop) struct pg_rows rows = {0};

	if (!pg_query(conn, &rows, e, "%s", query))
		return false;
	for (size_t i = 0; i < count; i++)
		if (!has(&rows, names[i]))
			differences_add(missing, "", "%s %s is not there", what, names[i]);
	return true;
}

bool target_preflight(const struct pg_target *t, const struct pg_facts *f, const struct manifest *m,
		      const struct preflight *p, struct differences *missing, struct err *e)
{
	CLEANUP(pg_freep) struct pg_conn *conn = pg_open(t, "postgres", e);

	if (!conn)
		return false;
	if (f->version / 10000 < m->server_version_num / 10000)
		differences_add(missing, "", "PostgreSQL %d or newer: this server is %s",
				m->server_version_num / 10000, f->version_text);
	if (!check_extensions(conn, m, p, missing, e))
		return false;
	if (p->try_locales && !check_locales(conn, m, p, missing, e))
		return false;
	if (!p->need_globals)
		return true;
	return check_names(conn, "role", "SELECT rolname FROM pg_catalog.pg_roles", m->roll.roles,
			   m->roll.role_count, missing, e) &&
	       check_names(conn, "tablespace", "SELECT spcname FROM pg_catalog.pg_tablespace",
			   m->roll.tablespaces, m->roll.tablespace_count, missing, e);
}
