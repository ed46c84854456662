#include "pg/facts.h"

#include "pg/facts_private.h"

#include <stdlib.h>
#include <string.h>

const char *const pg_ways[PG_WAYS] = {"TimeZone", "DateStyle", "IntervalStyle"};

static void stop_database(struct pg_database *d)
{
	for (size_t i = 0; i < d->extension_count; i++) {
		free(d->extensions[i].name);
		free(d->extensions[i].version);
	}
	free(d->extensions);
	for (size_t i = 0; i < d->left_out_count; i++)
		free(d->left_out[i]);
	free(d->left_out);
	free(d->name);
	free(d->owner);
	free(d->encoding);
	free(d->provider);
	free(d->collate);
	free(d->ctype);
	free(d->locale);
	free(d->tablespace);
	free(d->lc_monetary);
	free(d->not_dumped);
}

void pg_facts_stop(struct pg_facts *f)
{
	for (size_t i = 0; i < f->database_count; i++)
		stop_database(&f->databases[i]);
	free(f->databases);
	free(f->server);
	free(f->version_text);
	free(f->system_identifier);
	free(f->user);
	free(f->bootstrap_user);
	free(f->preload_libraries);
	*f = (struct pg_facts){0};
}

static bool is_true(const struct pg_rows *rows, int row, int column)
{
	return strcmp(pg_value(rows, row, column), "t") == 0;
}

static char *copy(const struct pg_rows *rows, int row, int column)
{
	return xstrdup(pg_value(rows, row, column));
}

/* pg_settings hides from most roles what current_setting would refuse them. */
static const char server_query[] =
    "SELECT pg_catalog.current_setting('server_version'), current_user,"
    " (SELECT rolname FROM pg_catalog.pg_roles WHERE oid = 10),"
    " r.rolsuper, pg_catalog.has_table_privilege('pg_catalog.pg_authid', 'SELECT'),"
    " pg_catalog.pg_has_role('pg_read_all_data', 'USAGE'), r.rolsuper OR r.rolbypassrls,"
    " (SELECT setting FROM pg_catalog.pg_settings WHERE name = 'shared_preload_libraries'),"
    " pg_catalog.pg_has_role('pg_read_all_settings', 'USAGE')"
    " FROM pg_catalog.pg_roles r WHERE r.rolname = current_user";

static bool read_server(struct pg_conn *c, struct pg_facts *f, struct err *e)
{
	CLEANUP(pg_rows_stop) struct pg_rows rows = {0};

	if (!pg_query(c, &rows, e, "%s", server_query))
		return false;
	if (rows.rows != 1)
		return err_set(e, ERR_SYSTEM, "PostgreSQL does not know the current role");
	f->version = pg_server_version(c);
	f->version_text = copy(&rows, 0, 0);
	f->user = copy(&rows, 0, 1);
	f->bootstrap_user = copy(&rows, 0, 2);
	f->superuser = is_true(&rows, 0, 3);
	f->reads_role_passwords = is_true(&rows, 0, 4);
	f->reads_all_data = is_true(&rows, 0, 5);
	f->bypasses_row_security = is_true(&rows, 0, 6);
	f->preload_libraries = copy(&rows, 0, 7);
	f->sees_settings = is_true(&rows, 0, 8);
	return true;
}

static bool read_system_identifier(struct pg_conn *c, struct pg_facts *f, struct err *e)
{
	CLEANUP(pg_rows_stop) struct pg_rows rows = {0};

	f->system_identifier = xstrdup("");
	if (!pg_query(c, &rows, e, "SELECT system_identifier FROM pg_catalog.pg_control_system()"))
		return e->kind == ERR_DENIED;
	free(f->system_identifier);
	f->system_identifier = copy(&rows, 0, 0);
	return true;
}

#define DATABASE_COLUMNS 11

/* The order is pg_dumpall's; it skips databases whose creation or removal was cut short
 * (datconnlimit -2) like those that do not accept connections. */
static const char databases_query[] =
    "SELECT d.datname, d.datallowconn AND d.datconnlimit <> -2, d.datistemplate,"
    " pg_catalog.pg_get_userbyid(d.datdba), pg_catalog.pg_encoding_to_char(d.encoding),"
    " CASE %s WHEN 'c' THEN 'libc' WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' ELSE '' END,"
    " d.datcollate, d.datctype, %s, t.spcname,"
    " CASE WHEN pg_catalog.has_database_privilege(d.oid, 'CONNECT')"
    " OR pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE')"
    " THEN pg_catalog.pg_database_size(d.oid) ELSE 0 END"
    " FROM pg_catalog.pg_database d"
    " LEFT JOIN pg_catalog.pg_tablespace t ON t.oid = d.dattablespace"
    " WHERE d.datname <> 'template0'"
    " ORDER BY (d.datname <> 'template1'), d.datname";

static bool read_databases(struct pg_conn *c, struct pg_facts *f, struct err *e)
{
	const char *provider = f->version >= 150000 ? "d.datlocprovider" : "'c'";
	const char *locale = f->version >= 170000   ? "d.datlocale"
			     : f->version >= 150000 ? "d.daticulocale"
						    : "NULL";
	CLEANUP(pg_rows_stop) struct pg_rows rows = {0};

	if (!pg_query(c, &rows, e, databases_query, provider, locale))
		return false;
	/* What is missing takes memory too. */
	if (rows.rows > 0 && rows.columns != DATABASE_COLUMNS)
		return err_set(e, ERR_TRANSIENT, "PostgreSQL: databases with %d columns",
			       rows.columns);
	f->databases = xcalloc((size_t)rows.rows + 1, sizeof *f->databases);
	f->database_count = (size_t)rows.rows;
	for (int i = 0; i < rows.rows; i++)
		f->databases[i] = (struct pg_database){
		    .name = copy(&rows, i, 0),
		    .connectable = is_true(&rows, i, 1),
		    .is_template = is_true(&rows, i, 2),
		    .owner = copy(&rows, i, 3),
		    .encoding = copy(&rows, i, 4),
		    .provider = copy(&rows, i, 5),
		    .collate = copy(&rows, i, 6),
		    .ctype = copy(&rows, i, 7),
		    .locale = copy(&rows, i, 8),
		    .tablespace = copy(&rows, i, 9),
		    .bytes = strtoull(pg_value(&rows, i, 10), NULL, 10),
		};
	return true;
}

bool pg_facts_ways(const struct pg_target *t, char *values[PG_WAYS], struct err *e)
{
	CLEANUP(pg_rows_stop) struct pg_rows rows = {0};
	CLEANUP(pg_freep) struct pg_conn *c = pg_open_plain(t, NULL, e);

	if (!c || !pg_query(c, &rows, e,
			    "SELECT name, setting FROM pg_catalog.pg_settings WHERE source IN"
			    " ('default', 'environment variable', 'configuration file',"
			    " 'command line') AND name IN ('%s', '%s', '%s')",
			    pg_ways[0], pg_ways[1], pg_ways[2]))
		return false;
	for (int i = 0; i < rows.rows; i++)
		for (size_t j = 0; j < PG_WAYS; j++)
			if (!values[j] && strcmp(pg_value(&rows, i, 0), pg_ways[j]) == 0)
				values[j] = copy(&rows, i, 1);
	return true;
}

static bool read_facts(const struct pg_target *t, struct pg_facts *f, struct err *e)
{
	CLEANUP(pg_freep) struct pg_conn *c = pg_open(t, NULL, e);

	if (c)
		f->server = pg_server(c);
	return c && read_server(c, f, e) && read_system_identifier(c, f, e) &&
	       read_databases(c, f, e);
}

bool pg_facts_read(const struct pg_target *t, struct pg_facts *f, struct err *e)
{
	*f = (struct pg_facts){0};
	if (read_facts(t, f, e))
		return true;
	pg_facts_stop(f);
	return false;
}

static bool read_extensions(struct pg_conn *c, struct pg_database *d, struct err *e)
{
	CLEANUP(pg_rows_stop) struct pg_rows rows = {0};

	if (!pg_query(c, &rows, e,
		      "SELECT extname, extversion,"
		      " COALESCE(pg_catalog.cardinality(extconfig), 0) > 0"
		      " FROM pg_catalog.pg_extension ORDER BY extname"))
		return false;
	d->extensions = xcalloc((size_t)rows.rows + 1, sizeof *d->extensions);
	d->extension_count = (size_t)rows.rows;
	for (int i = 0; i < rows.rows; i++)
		d->extensions[i] = (struct pg_extension){
		    .name = copy(&rows, i, 0),
		    .version = copy(&rows, i, 1),
		    .config = is_true(&rows, i, 2),
		};
	return true;
}

static bool read_monetary(struct pg_conn *c, struct pg_database *d, struct err *e)
{
	CLEANUP(pg_rows_stop) struct pg_rows rows = {0};

	if (!pg_query(c, &rows, e, "SELECT pg_catalog.current_setting('lc_monetary')"))
		return false;
	d->lc_monetary = copy(&rows, 0, 0);
	return true;
}

/* pg_dump reads a view that shows to most roles no options, which hold passwords, and writes the mapping
 * without them. Who may not look behind it cannot tell from those that have none. */
static bool read_hidden_mappings(struct pg_conn *c, struct pg_database *d, struct err *e)
{
	static const char query[] = "SELECT pg_catalog.count(*) FROM pg_catalog.pg_user_mappings v"
				    " WHERE v.umoptions IS NULL%s";
	/* The view shows the options of one's own mappings, and of the servers one owns. */
	static const char hidden[] =
	    " AND NOT EXISTS (SELECT FROM pg_catalog.pg_foreign_server s WHERE s.oid = v.srvid AND"
	    " (v.umuser = 0 AND pg_catalog.pg_has_role(s.srvowner, 'USAGE') OR"
	    " v.umuser <> 0 AND v.usename = current_user AND"
	    " (pg_catalog.pg_has_role(s.srvowner, 'USAGE') OR"
	    " pg_catalog.has_server_privilege(s.oid, 'USAGE'))))";
	static const char behind[] = " AND EXISTS (SELECT FROM pg_catalog.pg_user_mapping m"
				     " WHERE m.oid = v.umid AND m.umoptions IS NOT NULL)";
	CLEANUP(pg_rows_stop) struct pg_rows may = {0};
	CLEANUP(pg_rows_stop) struct pg_rows rows = {0};

	if (!pg_query(c, &may, e,
		      "SELECT pg_catalog.has_table_privilege('pg_catalog.pg_user_mapping',"
		      " 'SELECT')") ||
	    !pg_query(c, &rows, e, query, is_true(&may, 0, 0) ? behind : hidden))
		return false;
	d->hidden_mappings = strtoull(pg_value(&rows, 0, 0), NULL, 10);
	return true;
}

/* On a standby pg_dump leaves the rows of unlogged tables out, and does not say so. */
static bool read_unlogged_tables(struct pg_conn *c, struct pg_database *d, struct err *e)
{
	CLEANUP(pg_rows_stop) struct pg_rows rows = {0};

	if (!pg_query(c, &rows, e,
		      "SELECT pg_catalog.count(*) FROM pg_catalog.pg_class WHERE relkind = 'r' AND"
		      " relpersistence = 'u' AND pg_catalog.pg_is_in_recovery()"))
		return false;
	d->unlogged_tables = strtoull(pg_value(&rows, 0, 0), NULL, 10);
	return true;
}

bool pg_facts_database(const struct pg_target *t, struct pg_database *d, struct err *e)
{
	CLEANUP(pg_freep) struct pg_conn *c = pg_open(t, d->name, e);

	return c && read_extensions(c, d, e) && read_monetary(c, d, e) &&
	       read_unlogged_tables(c, d, e) && read_hidden_mappings(c, d, e) &&
	       pg_read_not_dumped(c, d, e) && pg_read_left_out(c, d, e);
}
