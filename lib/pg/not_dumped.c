#include "pg/facts_private.h"

#include <stdlib.h>
#include <string.h>

#define NOT_DUMPED_MAX (4 * MIB)

/* Rows of a statement's beginning and, unless NULL, the text of a literal that ends it.
 *
 * pg_dumpall lets pg_dump write these two databases without --create, so that all that pg_dump says
 * of a database itself is lost. What initdb gave them is not repeated. Settings of all roles in all
 * databases are lost anyway, and stand with template1. */
static const char statements_query[] =
    "WITH d AS (SELECT *, pg_catalog.quote_ident(datname) AS ident,"
    "  pg_catalog.acldefault('d', datdba) AS usual"
    "  FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()),"
    " has AS (SELECT a.grantee, a.privilege_type, a.is_grantable"
    "  FROM d, pg_catalog.aclexplode(COALESCE(d.datacl, d.usual)) a),"
    /* initdb: REVOKE TEMPORARY ON DATABASE template1 FROM PUBLIC */
    " had AS (SELECT a.grantee, a.privilege_type, a.is_grantable"
    "  FROM d, pg_catalog.aclexplode(d.usual) a"
    "  WHERE NOT (d.datname = 'template1' AND a.grantee = 0"
    "             AND a.privilege_type = 'TEMPORARY')),"
    " taken AS (TABLE had EXCEPT TABLE has), given AS (TABLE has EXCEPT TABLE had),"
    /* pg_dumpall loops over roles and over databases, and ALTER ROLE ALL SET is of none. */
    " set AS (SELECT CASE WHEN s.setdatabase = 0 THEN 'ALTER ROLE ALL' WHEN s.setrole = 0"
    "    THEN 'ALTER DATABASE ' || ident ELSE 'ALTER ROLE '"
    "    || pg_catalog.quote_ident(r.rolname) || ' IN DATABASE ' || ident END AS of, n,"
    "   pg_catalog.quote_ident(pg_catalog.split_part(c, '=', 1)) AS name,"
    "   pg_catalog.split_part(c, '=', 1) IN ('local_preload_libraries', 'search_path',"
    "    'session_preload_libraries', 'shared_preload_libraries', 'temp_tablespaces',"
    "    'unix_socket_directories') AS list,"
    "   pg_catalog.substr(c, pg_catalog.strpos(c, '=') + 1) AS value"
    "  FROM d JOIN pg_catalog.pg_db_role_setting s ON s.setdatabase = d.oid"
    "   OR (d.datname = 'template1' AND s.setdatabase = 0 AND s.setrole = 0)"
    "  LEFT JOIN pg_catalog.pg_roles r ON r.oid = s.setrole,"
    "  pg_catalog.unnest(s.setconfig) WITH ORDINALITY AS u(c, n)"
    "  WHERE s.setrole = 0 OR r.rolname IS NOT NULL),"
    " text(part, a, b, statement, literal) AS ("
    " SELECT 1, '', 0, 'ALTER DATABASE ' || ident || ' OWNER TO '"
    "  || pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(datdba)), NULL"
    "  FROM d WHERE datdba <> 10"
    " UNION ALL SELECT 2, '', 0, 'ALTER DATABASE ' || ident || ' CONNECTION LIMIT '"
    "  || datconnlimit, NULL FROM d WHERE datconnlimit <> -1"
    " UNION ALL SELECT 3, '', 0, 'ALTER DATABASE ' || ident || ' IS_TEMPLATE '"
    "  || datistemplate, NULL FROM d WHERE datistemplate <> (datname = 'template1')"
    " UNION ALL SELECT 4, '', 0, 'COMMENT ON DATABASE ' || ident || ' IS ',"
    "  pg_catalog.shobj_description(oid, 'pg_database') FROM d"
    "  WHERE pg_catalog.shobj_description(oid, 'pg_database') <> CASE datname"
    "   WHEN 'postgres' THEN 'default administrative connection database'"
    "   ELSE 'default template for new databases' END"
    " UNION ALL SELECT 5, privilege_type, 0, 'REVOKE ' || privilege_type || ' ON DATABASE '"
    "  || ident || ' FROM ' || CASE grantee WHEN 0 THEN 'PUBLIC' ELSE"
    "  pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(grantee)) END, NULL FROM taken, d"
    " UNION ALL SELECT 6, privilege_type, 0, 'GRANT ' || privilege_type || ' ON DATABASE '"
    "  || ident || ' TO ' || CASE grantee WHEN 0 THEN 'PUBLIC' ELSE"
    "  pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(grantee)) END"
    "  || CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END, NULL FROM given, d"
    /* Of a list each element is a literal of its own. */
    " UNION ALL SELECT 7, of, n, of || ' SET ' || name || ' TO ' || CASE WHEN list THEN COALESCE(("
    "   SELECT pg_catalog.string_agg(pg_catalog.quote_literal("
    "    COALESCE(pg_catalog.replace(m[1], '\"\"', '\"'), m[2])), ', ' ORDER BY o)"
    "   FROM pg_catalog.regexp_matches(value, '\"((?:[^\"]|\"\")*)\"|([^\",[:space:]]+)', 'g')"
    "   WITH ORDINALITY AS x(m, o)), '''''') ELSE '' END,"
    "  CASE WHEN NOT list THEN value END FROM set"
    " UNION ALL SELECT 8, provider, 0, 'SECURITY LABEL FOR ' || pg_catalog.quote_ident(provider)"
    "  || ' ON DATABASE ' || ident || ' IS ', label FROM pg_catalog.pg_shseclabel s JOIN d"
    "  ON s.objoid = d.oid AND s.classoid = 'pg_catalog.pg_database'::pg_catalog.regclass)"
    " SELECT statement, literal FROM text ORDER BY part, a, b, statement";

/* One line, whatever is in it. */
static bool add_literal(struct buf *out, const char *text, struct err *e)
{
	bool escape = strpbrk(text, "\\\n\r") != NULL;
	bool ok = buf_add(out, escape ? "E'" : "'", escape ? 2 : 1, e);

	for (const char *p = text; ok && *p != '\0'; p++) {
		const char *as = *p == '\''   ? "''"
				 : *p == '\\' ? "\\\\"
				 : *p == '\n' ? "\\n"
					      : "\\r";
		bool plain = !strchr("'\\\n\r", *p);

		ok = buf_add(out, plain ? p : as, plain ? 1 : 2, e);
	}
	return ok && buf_add(out, "'", 1, e);
}

bool pg_read_not_dumped(struct pg_conn *c, struct pg_database *d, struct err *e)
{
	CLEANUP(pg_rows_stop) struct pg_rows rows = {0};
	CLEANUP(buf_stop) struct buf text = BUF_INIT(NOT_DUMPED_MAX, "statements about a database");
	bool ok = true;

	if (strcmp(d->name, "postgres") == 0 || strcmp(d->name, "template1") == 0)
		if (!pg_query(c, &rows, e, "%s", statements_query))
			return false;
	for (int i = 0; ok && i < rows.rows; i++) {
		const char *statement = pg_value(&rows, i, 0);

		ok = buf_add(&text, statement, strlen(statement), e) &&
		     (pg_is_null(&rows, i, 1) || add_literal(&text, pg_value(&rows, i, 1), e)) &&
		     buf_add(&text, ";\n", 2, e);
	}
	d->not_dumped = xstrdup(text.data ? text.data : "");
	return ok;
}
