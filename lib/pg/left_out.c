#include "pg/facts_private.h"

/* Rows of sentences. */
static const char left_out_query[] =
    /* Made its member by ALTER EXTENSION ADD TABLE, say. */
    "SELECT pg_catalog.format('rows of table %s are not in the dump: it is of extension %s,"
    " which does not call them configuration', c.oid::pg_catalog.regclass, x.extname)"
    " FROM pg_catalog.pg_extension x JOIN pg_catalog.pg_depend d ON d.refobjid = x.oid"
    " AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND d.deptype = 'e'"
    " JOIN pg_catalog.pg_class c ON c.oid = d.objid"
    " AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass"
    " WHERE c.relkind = 'r' AND c.oid <> ALL (COALESCE(x.extconfig, '{}'))"
    " AND pg_catalog.pg_relation_size(c.oid) > 0"
    " UNION ALL SELECT pg_catalog.format('what the prepared transaction %s did is not in the dump:"
    " it is not committed', gid)"
    " FROM pg_catalog.pg_prepared_xacts WHERE database = pg_catalog.current_database()"
    /* CREATE TABLE ... INHERITS puts the parents' columns first; values of the row's type keep
     * the order of their fields. */
    " UNION ALL SELECT pg_catalog.format('column %s of %s: a restore takes the fields of its values"
    " for others, as the columns that table %s inherits come first there', a.attname,"
    " a.attrelid::pg_catalog.regclass, c.oid::pg_catalog.regclass)"
    " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_type t ON t.oid = c.reltype"
    " JOIN pg_catalog.pg_attribute a ON a.atttypid IN (t.oid, t.typarray) AND a.attnum > 0"
    " JOIN pg_catalog.pg_class u ON u.oid = a.attrelid AND u.relkind IN ('r', 'p')"
    " WHERE c.relkind = 'r' AND NOT c.relispartition AND EXISTS (SELECT"
    "  FROM pg_catalog.pg_attribute mine JOIN pg_catalog.pg_attribute inherited"
    "  ON inherited.attrelid = mine.attrelid AND inherited.attnum > mine.attnum"
    "  WHERE mine.attrelid = c.oid AND mine.attnum > 0 AND NOT mine.attisdropped"
    "  AND mine.attinhcount = 0 AND inherited.attinhcount > 0 AND NOT inherited.attisdropped)"
    " ORDER BY 1";

bool pg_read_left_out(struct pg_conn *c, struct pg_database *d, struct err *e)
{
	CLEANUP(pg_rows_stop) struct pg_rows rows = {0};

	if (!pg_query(c, &rows, e, "%s", left_out_query))
		return false;
	d->left_out = xcalloc((size_t)rows.rows + 1, sizeof *d->left_out);
	for (int i = 0; i < rows.rows; i++)
		d->left_out[d->left_out_count++] = xstrdup(pg_value(&rows, i, 0));
	return true;
}
