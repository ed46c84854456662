#include "backup/restore.h"

#include "backup/compare.h"
#include "backup/meter.h"
#include "backup/parallel.h"
#include "sql/follow.h"
#include "sql/split.h"
#include "sql/token.h"

#include <stdlib.h>
#include <string.h>

/* Run one range of the plain stream; what was read goes into *roll. */
static bool run_range(struct restore *r, struct store *store, struct range range,
		      struct meter *meter, struct roll *roll, struct tally *tally, struct err *e)
{
	struct runner_options run = r->run;
	const struct follow_options follow = {.at = range.at, .entries = r->entries, .part = true};

	run.at = range.at;
	CLEANUP(sink_freep) struct sink *runner = sink_runner(&run, tally, e);
	if (!runner)
		return false;
	CLEANUP(sink_freep) struct sink *follower = sink_follow(runner, &follow, roll);
	CLEANUP(sink_freep) struct sink *metered = sink_meter(follower, meter);

	return reader_part(r->reader, store, range, metered, e);
}

/* Which database a thread does next: an index into the manifest's. */
struct order {
	size_t index;
	uint64_t bytes;
};

struct databases {
	struct restore *r;
	struct order *order;
	struct meter *meter;
};

static int largest_first(const void *a, const void *b)
{
	const struct order *x = a, *y = b;

	return (x->bytes < y->bytes) - (x->bytes > y->bytes);
}

static void move_database(struct roll *to, size_t index, struct roll *from)
{
	to->databases[index] = from->databases[0];
	from->database_count = 0;
	if (!to->dump_version) {
		to->dump_version = STEAL(from->dump_version);
		to->server_version = STEAL(from->server_version);
	}
}

static bool one_database(void *ctx, size_t i, struct err *e)
{
	struct databases *d = ctx;
	struct restore *r = d->r;
	size_t index = d->order[i].index;
	const struct roll_database *db = &r->reader->manifest.roll.databases[index];
	CLEANUP(store_freep)
	struct store *store = store_open(store_url(r->store), r->store_options, e);
	CLEANUP(roll_stop) struct roll roll = {0};
	struct tally tally = {0};
	bool ok = store && run_range(r, store, db->range, d->meter, &roll, &tally, e);

	if (ok && roll.database_count != 1)
		ok = err_set(e, ERR_CORRUPT, "the dump has no database at the place of its range");
	pthread_mutex_lock(&r->lock);
	tally_merge(&r->tally, &tally);
	if (ok)
		move_database(&r->roll, index, &roll);
	pthread_mutex_unlock(&r->lock);
	return ok || err_in(e, "database %s", db->name);
}

/* What was read must be what was dumped, before anyone asks what the server made of it. */
static bool check_roll(const struct restore *r, struct err *e)
{
	CLEANUP(differences_stop) struct differences d = {0};

	compare_rolls(&r->reader->manifest.roll, &r->roll,
		      &(struct compare_options){.ranges = true}, &d);
	if (d.count == 0)
		return true;
	return err_set(e, ERR_CORRUPT, "the dump is not what its manifest says: %s%s%s",
		       d.items[0].database, d.items[0].database[0] ? ": " : "", d.items[0].what);
}

static bool run_globals(struct restore *r, struct meter *meter, struct err *e)
{
	const struct roll *want = &r->reader->manifest.roll;

	if (!run_range(r, r->store, want->globals, meter, &r->roll, &r->tally, e))
		return err_in(e, "globals");
	r->roll.bytes = want->bytes;
	r->roll.globals = want->globals;
	return true;
}

static bool no_gap(uint64_t from, uint64_t to, struct err *e)
{
	return from == to ||
	       err_set(e, ERR_CORRUPT,
		       "the dump is not what its manifest says: what stands at bytes %llu to %llu "
		       "is of nothing on its roll",
		       (unsigned long long)from, (unsigned long long)to);
}

/* What is of nothing on the roll would not be read, and so not be missed. */
static bool covers_all(const struct reader *r, struct err *e)
{
	const struct roll *roll = &r->manifest.roll;
	const struct frame *last = r->frames.count ? &r->frames.frames[r->frames.count - 1] : NULL;
	uint64_t plain = last ? last->plain_at + last->plain_bytes : 0;
	uint64_t at = roll->globals.end;

	if (!no_gap(0, roll->globals.at, e))
		return false;
	for (size_t i = 0; i < roll->database_count; i++) {
		if (!no_gap(at, roll->databases[i].range.at, e))
			return false;
		at = roll->databases[i].range.end;
	}
	return plain - at == strlen(ROLL_CLOSING) || no_gap(at, plain, e);
}

static bool restore_indexed(struct restore *r, struct err *e)
{
	const struct roll *want = &r->reader->manifest.roll;
	struct meter meter = {.what = "restore", .total = want->bytes};
	CLEANUP(freep) struct order *order = xcalloc(want->database_count + 1, sizeof *order);
	struct databases all = {r, order, &meter};

	if (!run_globals(r, &meter, e))
		return false;
	r->roll.databases = xcalloc(want->database_count + 1, sizeof *r->roll.databases);
	r->roll.database_cap = want->database_count + 1;
	r->roll.database_count = want->database_count;
	for (size_t i = 0; i < want->database_count; i++)
		order[i] =
		    (struct order){i, want->databases[i].range.end - want->databases[i].range.at};
	qsort(order, want->database_count, sizeof *order, largest_first);
	return parallel(r->jobs, want->database_count, one_database, &all, e) && check_roll(r, e) &&
	       covers_all(r->reader, e);
}

static bool restore_foreign(struct restore *r, struct err *e)
{
	const struct follow_options follow = {
	    .entries = r->entries, .database = r->run.database ? r->run.database : "postgres"};
	struct meter meter = {.what = "restore"};

	CLEANUP(sink_freep) struct sink *runner = sink_runner(&r->run, &r->tally, e);
	if (!runner)
		return false;
	CLEANUP(sink_freep) struct sink *follower = sink_follow(runner, &follow, &r->roll);
	CLEANUP(sink_freep) struct sink *metered = sink_meter(follower, &meter);

	return reader_whole(r->reader, r->store, metered, &r->seen, e);
}

bool restore_all(struct restore *r, struct err *e)
{
	return r->reader->complete ? restore_indexed(r, e) : restore_foreign(r, e);
}

static const struct roll_database *database_of(const struct reader *r, const char *name,
					       struct err *e)
{
	const struct roll_database *db = NULL;

	if (!r->complete) {
		err_set(e, ERR_USAGE, "%s has no index: it can only be restored as a whole",
			r->backup->key);
		err_hint(e, "restore it into a scratch server, and take what you need from there");
		return NULL;
	}
	db = roll_database(&r->manifest.roll, name);
	if (!db) {
		err_set(e, ERR_MISSING, "%s has no database %s", r->backup->key, name);
		err_hint(e, "`pgmuster show --key %.150s` lists them", r->backup->key);
	}
	return db;
}

static const struct roll_table *table_of(const struct roll_database *db,
					 const struct restore_table *t, struct err *e)
{
	const struct roll_table *table = roll_table(db, t->schema, t->name);

	if (!table) {
		err_set(e, ERR_MISSING, "database %s has no table %s.%s with rows of its own",
			db->name, t->schema, t->name);
		err_hint(e, "`pgmuster show --database NAME --tables` lists them; a partitioned "
			    "table's rows are in its partitions");
	}
	return table;
}

bool restore_ranges(const struct reader *r, const char *database, const struct restore_table *t,
		    struct range ranges[3], size_t *count, struct err *e)
{
	const struct roll_database *db = database_of(r, database, e);
	const struct roll_table *table = db && t ? table_of(db, t, e) : NULL;

	*count = 1;
	if (!db || (t && !table))
		return false;
	ranges[0] = db->range;
	if (!t)
		return true;
	ranges[0] = table->range;
	if (t->data_only)
		return true;
	*count = 3;
	ranges[1] = (struct range){db->range.at, db->data_at};
	ranges[2] = (struct range){db->post_at, db->range.end};
	return true;
}

bool restore_database(struct restore *r, const char *name, struct err *e)
{
	const struct roll_database *db = database_of(r->reader, name, e);
	struct meter meter = {.what = "restore"};
	CLEANUP(differences_stop) struct differences d = {0};

	if (!db)
		return false;
	meter.total = db->range.end - db->range.at;
	if (!run_range(r, r->store, db->range, &meter, &r->roll, &r->tally, e))
		return false;
	if (r->roll.database_count != 1)
		return err_set(e, ERR_CORRUPT, "the dump has no database at the place of %s", name);
	compare_databases(db, &r->roll.databases[0], &(struct compare_options){.ranges = true}, &d);
	return d.count == 0 || err_set(e, ERR_CORRUPT, "the dump is not what its manifest says: %s",
				       d.items[0].what);
}

static bool learn(void *ctx, const struct sql_part *p, struct err *e)
{
	(void)e;
	if (p->kind == SQL_STATEMENT)
		table_filter_learn(ctx, p->text, p->len);
	return true;
}

/* A sink around a splitter whose statements only teach the filter. */
struct learn_sink {
	struct sink sink;
	struct sql_split *split;
};

static bool learn_write(struct sink *s, const void *data, size_t len, struct err *e)
{
	return sql_split_write(((struct learn_sink *)s)->split, data, len, e);
}

static bool learn_commit(struct sink *s, struct err *e)
{
	return sql_split_end(((struct learn_sink *)s)->split, e);
}

static void learn_free(struct sink *s)
{
	sql_split_freep(&((struct learn_sink *)s)->split);
}

/* Learn from all definitions of a database, and prove that they are those on the roll. */
static bool learn_definitions(struct restore *r, const struct roll_database *db,
			      struct table_filter *f, struct err *e)
{
	static const struct sink_ops ops = {learn_write, learn_commit, learn_free};
	const struct range pre = {db->range.at, db->data_at}, post = {db->post_at, db->range.end};
	const struct follow_options follow = {.at = pre.at, .excerpt = true, .database = db->name};
	CLEANUP(roll_stop) struct roll roll = {0};
	CLEANUP(sql_split_freep)
	struct sql_split *split = sql_split_new(&(struct sql_split_options){
	    .at = pre.at, .statement_max = MIB, .cut_long = true, .handler = learn, .ctx = f});
	struct learn_sink sink = {.sink.ops = &ops, .split = split};
	CLEANUP(sink_freep) struct sink *follower = sink_follow(&sink.sink, &follow, &roll);
	CLEANUP(sink_freep) struct sink *open_end = sink_uncommitted(follower);

	if (!reader_part(r->reader, r->store, pre, open_end, e) ||
	    !reader_part(r->reader, r->store, post, open_end, e) || !sink_commit(follower, e))
		return false;
	/* From 17 on, large objects are defined among the data, which is not read here. */
	if (db->large_objects.count > 0 && atol(r->reader->manifest.client_version) >= 17)
		return true;
	if (roll.database_count == 1 && fingerprint_equal(roll.databases[0].schema, db->schema))
		return true;
	return err_set(e, ERR_CORRUPT,
		       "the dump is not what its manifest says: the definitions differ");
}

/* Push a table's rows, and prove that they are those on the roll. */
static bool push_rows(struct restore *r, const struct roll_table *t, struct sink *into,
		      struct err *e)
{
	const struct follow_options follow = {.at = t->range.at, .part = true, .database = ""};
	struct roll_table table = *t;
	const struct roll_database want = {
	    .name = (char[]){""}, .tables = &table, .table_count = 1};
	const struct roll_database none = {0};
	CLEANUP(differences_stop) struct differences d = {0};
	CLEANUP(roll_stop) struct roll roll = {0};
	CLEANUP(sink_freep) struct sink *follower = sink_follow(into, &follow, &roll);

	if (!reader_part(r->reader, r->store, t->range, follower, e))
		return false;
	compare_databases(&want, roll.database_count == 1 ? &roll.databases[0] : &none,
			  &(struct compare_options){0}, &d);
	return d.count == 0 || err_set(e, ERR_CORRUPT, "the dump is not what its manifest says: %s",
				       d.items[0].what);
}

/* Their values are not in the table's own range, but they are on the roll. */
static bool set_sequences(const struct table_filter *f, const struct roll_database *db,
			  struct sink *into, struct err *e)
{
	for (size_t i = 0; i < db->sequence_count; i++) {
		const struct roll_sequence *s = &db->sequences[i];

		if (!table_filter_owns(f, s->schema, s->name))
			continue;
		CLEANUP(freep) char *schema = sql_quote_ident(s->schema);
		CLEANUP(freep) char *name = sql_quote_ident(s->name);
		CLEANUP(freep) char *both = xasprintf("%s.%s", schema, name);
		CLEANUP(freep) char *literal = sql_quote_literal(both);
		CLEANUP(freep)
		char *sql = xasprintf("SELECT pg_catalog.setval(%s, %lld, %s);\n", literal,
				      (long long)s->value, s->called ? "true" : "false");
		if (!sink_write(into, sql, strlen(sql), e))
			return false;
	}
	return true;
}

/* A range from the middle of a database lacks the settings that pg_dump writes at its beginning. */
static bool set_session(const struct restore *r, const struct restore_table *t, struct sink *into,
			struct err *e)
{
	const struct pg_database *d = manifest_database(&r->reader->manifest, t->database);
	CLEANUP(freep) char *encoding = sql_quote_literal(d->encoding);
	CLEANUP(freep)
	char *sql = xasprintf("SET client_encoding = %s;\n"
			      "SELECT pg_catalog.set_config('search_path', '', false);\n"
			      "SET check_function_bodies = false;\n"
			      "SET xmloption = content;\n"
			      "SET client_min_messages = warning;\n"
			      "SET row_security = off;\n",
			      encoding);

	return sink_write(into, sql, strlen(sql), e);
}

/* Through one connection, in one transaction: a restore that is cut short leaves no table. Indexes,
 * constraints and triggers may refer to what is not there: that costs them, and not the rows. */
static bool whole_table(struct restore *r, const struct runner_options *run,
			const struct roll_database *db, const struct roll_table *table,
			const struct restore_table *t, struct err *e)
{
	const struct range pre = {db->range.at, db->data_at};
	const struct range post = {db->post_at, db->range.end};
	struct meter meter = {.what = "restore", .total = table->range.end - table->range.at};

	CLEANUP(sink_freep) struct sink *runner = sink_runner(run, &r->tally, e);
	if (!runner)
		return false;
	CLEANUP(sink_freep) struct sink *open_end = sink_uncommitted(runner);
	CLEANUP(sink_freep) struct sink *metered = sink_meter(open_end, &meter);

	if (t->data_only ? !set_session(r, t, runner, e)
			 : !reader_part(r->reader, r->store, pre, open_end, e))
		return false;
	/* Rows that go through the root of a partitioned table come in several pieces. */
	for (size_t i = 0; i < db->table_count; i++)
		if (strcmp(db->tables[i].name, table->name) == 0 &&
		    strcmp(db->tables[i].schema, table->schema) == 0 &&
		    !push_rows(r, &db->tables[i], metered, e))
			return false;
	if (!t->data_only && !set_sequences(run->only, db, runner, e))
		return false;
	if (!t->data_only && r->tally.failed == 0 &&
	    (!runner_go_on(runner, post.at, e) ||
	     !reader_part(r->reader, r->store, post, open_end, e)))
		return false;
	return sink_commit(runner, e);
}

bool restore_table(struct restore *r, const struct restore_table *t, struct err *e)
{
	const struct roll_database *db = database_of(r->reader, t->database, e);
	const struct roll_table *table = db ? table_of(db, t, e) : NULL;
	CLEANUP(table_filter_stop) struct table_filter f = {.schema = t->schema, .name = t->name};
	struct runner_options run = r->run;

	if (!table)
		return false;
	run.database = t->into;
	run.rewrite.rename_from = t->database;
	run.rewrite.rename_to = t->into;
	run.only = &f;
	run.one_transaction = true;
	if (!t->data_only && !learn_definitions(r, db, &f, e))
		return false;
	return whole_table(r, &run, db, table, t, e);
}

void restore_stop(struct restore *r)
{
	roll_stop(&r->roll);
	tally_stop(&r->tally);
	reader_seen_stop(&r->seen);
}
