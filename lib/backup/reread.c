#include "backup/reread.h"

#include "backup/columns.h"
#include "sql/follow.h"
#include "sql/token.h"

#include <stdlib.h>
#include <string.h>

/* Tables come in the same order, or nearly. */
static const struct roll_table *same_table(const struct roll_database *d, size_t hint,
					   const struct roll_table *t)
{
	const struct roll_table *c = &d->tables[hint];

	if (hint < d->table_count && strcmp(c->name, t->name) == 0 &&
	    strcmp(c->schema, t->schema) == 0)
		return c;
	return roll_table(d, t->schema, t->name);
}

/* What the server refuses to read stays as it was: a difference. */
static bool read_table(struct pg_conn *conn, const struct roll_table *want, struct roll_table *have,
		       struct err *e)
{
	CLEANUP(roll_stop) struct roll roll = {0};
	CLEANUP(sink_freep)
	struct sink *follow =
	    sink_follow(NULL, &(struct follow_options){.part = true, .database = ""}, &roll);
	CLEANUP(freep) char *schema = sql_quote_ident(want->schema);
	CLEANUP(freep) char *name = sql_quote_ident(want->name);
	CLEANUP(freep)
	char *from = xasprintf("COPY %s.%s (%s) FROM stdin;\n", schema, name, want->columns);
	CLEANUP(freep)
	char *to = xasprintf("COPY %s.%s (%s) TO stdout", schema, name, want->columns);
	struct pg_error what;
	struct roll_table *read;

	if (!sink_write(follow, from, strlen(from), e) || !pg_copy_out(conn, to, follow, &what, e))
		return false;
	if (what.sqlstate[0] != '\0')
		return true;
	if (!sink_write(follow, "\\.\n", 3, e) || !sink_commit(follow, e))
		return false;
	read = &roll.databases[0].tables[0];
	free(have->columns);
	have->columns = STEAL(read->columns);
	have->rows = read->rows;
	have->bytes = read->bytes;
	have->fingerprint = read->fingerprint;
	return true;
}

bool reread(const struct pg_target *target, const char *database, const struct roll_database *want,
	    struct roll_database *have, struct err *e)
{
	CLEANUP(pg_freep) struct pg_conn *conn = NULL;

	for (size_t i = 0; i < have->table_count; i++) {
		const struct roll_table *w = same_table(want, i, &have->tables[i]);

		if (!w || !columns_reordered(w->columns, have->tables[i].columns))
			continue;
		if (!conn && !(conn = pg_open(target, database, e)))
			return false;
		if (!read_table(conn, w, &have->tables[i], e))
			return false;
	}
	return true;
}
