#include "backup/countback.h"

#include "backup/meter.h"
#include "backup/parallel.h"
#include "backup/reread.h"
#include "sql/follow.h"
#include "sql/token.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

const char *const check_level_names[] = {"none", "smoke", "counts", "content", NULL};

/* Under lock: found. Everything else is read only. */
struct work {
	const struct countback *o;
	const struct roll *want;
	const char *as;
	pthread_mutex_t lock;
	struct differences *found;
	struct meter meter;
};

static void merge(struct work *w, struct differences *d)
{
	pthread_mutex_lock(&w->lock);
	for (size_t i = 0; i < d->count && i < DIFFERENCES_KEPT; i++)
		differences_add(w->found, d->items[i].database, "%s", d->items[i].what);
	if (d->count > DIFFERENCES_KEPT)
		w->found->count += d->count - DIFFERENCES_KEPT;
	pthread_mutex_unlock(&w->lock);
}

static int compare_pair(const char *schema_a, const char *name_a, const char *schema_b,
			const char *name_b)
{
	int order = strcmp(schema_a, schema_b);

	return order ? order : strcmp(name_a, name_b);
}

/* Rows of (schema, name, ...) sorted bytewise by these two; the index of one, or -1. */
static int find_row(const struct pg_rows *rows, const char *schema, const char *name)
{
	int low = 0, high = rows->rows;

	while (low < high) {
		int middle = low + (high - low) / 2;
		int order = compare_pair(pg_value(rows, middle, 0), pg_value(rows, middle, 1),
					 schema, name);

		if (order == 0)
			return middle;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return -1;
}

/* What a table is, beyond its name: relkind, and of an extension's configuration table the condition that
 * its rows in a dump meet. */
#define TABLES                                                                                     \
	"SELECT n.nspname, c.relname, c.relkind, coalesce(x.condition, '')"                        \
	" FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"     \
	" LEFT JOIN (SELECT unnest(extconfig) AS id, unnest(extcondition) AS condition"            \
	" FROM pg_catalog.pg_extension) x ON x.id = c.oid WHERE c.relkind IN ('r', 'p')"           \
	" ORDER BY n.nspname::text COLLATE \"C\", c.relname::text COLLATE \"C\""

/* pg_dump may load some partitions through their root, and others by their own names. */
static bool add_leaves(struct pg_conn *conn, const struct roll_database *r, const char *schema,
		       const char *name, uint64_t *rows, struct err *e)
{
	CLEANUP(pg_rows_stop) struct pg_rows leaves = {0};
	CLEANUP(freep) char *both = xasprintf("%s.%s", schema, name);
	CLEANUP(freep) char *literal = sql_quote_literal(both);

	if (!pg_query(conn, &leaves, e,
		      "SELECT n.nspname, c.relname FROM pg_catalog.pg_partition_tree(%s) t"
		      " JOIN pg_catalog.pg_class c ON c.oid = t.relid"
		      " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE t.isleaf",
		      literal))
		return false;
	for (int i = 0; i < leaves.rows; i++) {
		const struct roll_table *t =
		    roll_table(r, pg_value(&leaves, i, 0), pg_value(&leaves, i, 1));

		*rows += t ? t->rows : 0;
	}
	return true;
}

static bool count_table(struct pg_conn *conn, const struct roll_database *r,
			const struct roll_table *t, const struct pg_rows *tables,
			struct differences *d, struct err *e)
{
	CLEANUP(pg_rows_stop) struct pg_rows rows = {0};
	CLEANUP(freep) char *schema = sql_quote_ident(t->schema);
	CLEANUP(freep) char *name = sql_quote_ident(t->name);
	int row = find_row(tables, t->schema, t->name);
	bool root = row >= 0 && pg_value(tables, row, 2)[0] == 'p';
	uint64_t have, want = t->rows;

	if (root && !add_leaves(conn, r, schema, name, &want, e))
		return false;
	if (row < 0) {
		differences_add(d, r->name, "table %s.%s: missing, with its %llu rows", t->schema,
				t->name, (unsigned long long)want);
		return true;
	}
	if (!pg_query(conn, &rows, e, "SELECT pg_catalog.count(*) FROM %s %s.%s %s",
		      root ? "" : "ONLY", schema, name, pg_value(tables, row, 3))) {
		if (e->kind == ERR_CANCELLED || e->kind == ERR_TRANSIENT)
			return err_in(e, "database %s, table %s.%s", r->name, t->schema, t->name);
		differences_add(d, r->name, "table %s.%s: cannot be counted: %s", t->schema,
				t->name, e->text);
		return true;
	}
	have = strtoull(pg_value(&rows, 0, 0), NULL, 10);
	if (have != want)
		differences_add(d, r->name, "table %s.%s: %llu rows instead of %llu", t->schema,
				t->name, (unsigned long long)have, (unsigned long long)want);
	return true;
}

static bool count_tables(struct pg_conn *conn, const struct roll_database *r, struct differences *d,
			 struct err *e)
{
	CLEANUP(pg_rows_stop) struct pg_rows tables = {0};

	CLEANUP(freep) struct roll_table *totals = NULL;
	size_t count;

	if (!pg_query(conn, &tables, e, "%s", TABLES))
		return false;
	totals = roll_totals(r, &count);
	for (size_t i = 0; i < count; i++)
		if (!count_table(conn, r, &totals[i], &tables, d, e))
			return false;
	return true;
}

static bool check_tables(struct pg_conn *conn, const struct roll_database *r, struct differences *d,
			 struct err *e)
{
	CLEANUP(pg_rows_stop) struct pg_rows rows = {0};

	if (!pg_query(conn, &rows, e, "%s", TABLES))
		return false;
	for (size_t i = 0; i < r->table_count; i++)
		if (find_row(&rows, r->tables[i].schema, r->tables[i].name) < 0)
			differences_add(d, r->name, "table %s.%s: missing", r->tables[i].schema,
					r->tables[i].name);
	return true;
}

static bool check_sequence(struct pg_conn *conn, const struct roll_database *r,
			   const struct roll_sequence *s, struct differences *d, struct err *e)
{
	CLEANUP(pg_rows_stop) struct pg_rows rows = {0};
	CLEANUP(freep) char *schema = sql_quote_ident(s->schema);
	CLEANUP(freep) char *name = sql_quote_ident(s->name);

	if (!pg_query(conn, &rows, e, "SELECT last_value, is_called FROM %s.%s LIMIT 1", schema,
		      name)) {
		if (e->kind == ERR_CANCELLED || e->kind == ERR_TRANSIENT)
			return err_in(e, "database %s, sequence %s.%s", r->name, s->schema,
				      s->name);
		differences_add(d, r->name, "sequence %s.%s: %s", s->schema, s->name, e->text);
		return true;
	}
	if (strtoll(pg_value(&rows, 0, 0), NULL, 10) != s->value ||
	    (pg_value(&rows, 0, 1)[0] == 't') != s->called)
		differences_add(d, r->name, "sequence %s.%s: at %s instead of %lld", s->schema,
				s->name, pg_value(&rows, 0, 0), (long long)s->value);
	return true;
}

static bool check_large_objects(struct pg_conn *conn, const struct roll_database *r,
				struct differences *d, struct err *e)
{
	CLEANUP(pg_rows_stop) struct pg_rows rows = {0};

	if (!pg_query(conn, &rows, e,
		      "SELECT pg_catalog.count(*) FROM pg_catalog.pg_largeobject_metadata"))
		return false;
	if (strtoull(pg_value(&rows, 0, 0), NULL, 10) != r->large_objects.count)
		differences_add(d, r->name, "large objects: %s instead of %llu",
				pg_value(&rows, 0, 0), (unsigned long long)r->large_objects.count);
	return true;
}

static bool count_database(struct work *w, const struct roll_database *r, struct differences *d,
			   struct err *e)
{
	CLEANUP(pg_freep) struct pg_conn *conn = pg_open(w->o->target, w->as ? w->as : r->name, e);

	if (!conn && (e->kind == ERR_MISSING || e->kind == ERR_DENIED)) {
		differences_add(d, r->name, "cannot be connected to: %s", e->text);
		return true;
	}
	if (!conn)
		return false;
	if (w->o->level == CHECK_SMOKE)
		return check_tables(conn, r, d, e);
	if (!count_tables(conn, r, d, e) || !check_large_objects(conn, r, d, e))
		return false;
	for (size_t i = 0; i < r->sequence_count; i++)
		if (!check_sequence(conn, r, &r->sequences[i], d, e))
			return false;
	return true;
}

bool countback_table(const struct countback *o, const struct roll_database *r, const char *as,
		     struct differences *d, struct err *e)
{
	CLEANUP(pg_freep) struct pg_conn *conn = pg_open(o->target, as, e);

	return conn && count_tables(conn, r, d, e);
}

static bool same_majors(const struct work *w)
{
	const char *wrote = w->want->dump_version, *server = w->want->server_version;

	return wrote && server && strtol(wrote, NULL, 10) == w->o->client->version / 10000 &&
	       strtol(server, NULL, 10) == w->o->server_version / 10000;
}

/* The restored database dumped again, by the very code that followed the dump: whatever pg_dump would
 * write differently is a difference. */
static bool dump_again(struct work *w, const struct roll_database *r, struct differences *d,
		       struct err *e)
{
	const struct pg_dump_options dump = {
	    .client = w->o->client,
	    .target = w->o->target,
	    .no_role_passwords = w->o->no_role_passwords,
	};
	const struct compare_options compare = {.entries = !w->as, /* they say the old name */
						.entry_names_only = !same_majors(w),
						.superuser = w->o->superuser,
						.rows_unknown = w->o->rows_unknown};
	CLEANUP(pg_warnings_stop) struct pg_warnings warnings = {0};
	CLEANUP(roll_stop) struct roll have = {0};
	CLEANUP(sink_freep)
	struct sink *follow =
	    sink_follow(NULL, &(struct follow_options){.entries = true, .part = true}, &have);
	CLEANUP(sink_freep) struct sink *meter = sink_meter(follow, &w->meter);

	bool ok = (r ? pg_dump_database(&dump, w->as ? w->as : r->name, meter, &warnings, e)
		     : pg_dump_globals(&dump, meter, &warnings, e)) &&
		  sink_commit(meter, e);
	if (!ok && e->kind == ERR_CORRUPT) {
		differences_add(d, r ? r->name : "", "cannot be dumped again: %s", e->text);
		return true;
	}
	if (!ok)
		return false;
	if (r && have.database_count == 1 &&
	    !reread(w->o->target, w->as ? w->as : r->name, r, &have.databases[0], e))
		return false;
	if (r && have.database_count == 1)
		compare_databases(r, &have.databases[0], &compare, d);
	else if (r)
		differences_add(d, r->name, "cannot be dumped again: its text names another");
	else
		compare_globals(w->want, &have, &compare, d);
	return true;
}

static bool check_one(void *ctx, size_t i, struct err *e)
{
	struct work *w = ctx;
	const struct roll_database *r = i < w->want->database_count ? &w->want->databases[i] : NULL;
	CLEANUP(differences_stop) struct differences d = {0};

	if (!(!r || w->o->level == CHECK_CONTENT ? dump_again(w, r, &d, e)
						 : count_database(w, r, &d, e)))
		return false;
	merge(w, &d);
	return true;
}

bool countback(const struct countback *o, const struct roll *want, const char *as,
	       struct differences *found, struct err *e)
{
	struct work w = {
	    .o = o,
	    .want = want,
	    .as = as,
	    .lock = PTHREAD_MUTEX_INITIALIZER,
	    .found = found,
	    .meter = {.what = "count back", .total = want->bytes},
	};
	bool globals = o->level == CHECK_CONTENT && o->globals;

	if (o->level == CHECK_NONE)
		return true;
	return parallel(o->jobs, want->database_count + globals, check_one, &w, e);
}
