#include "backup/runner.h"

#include "sql/meta.h"
#include "sql/split.h"
#include "sql/token.h"

#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATEMENT_MAX (256 * MIB)

enum copy_state {
	COPY_NONE,
	COPY_RUNNING,
	COPY_REFUSED, /* the server said no: its data is passed over */
	COPY_UNWANTED,
};

struct runner {
	struct sink sink;
	struct runner_options o;
	struct tally *tally;
	struct sql_split *split;
	struct pg_conn *conn; /* NULL while in a database that could not be connected to */
	char *database;
	void *created; /* tsearch tree of "schema.name" */
	enum copy_state copy;
	bool copy_in_transaction;
	char *copy_statement; /* for messages */
	uint64_t copy_at;
	bool aborted; /* a statement failed since our transaction, or savepoint, began */
	bool forgiving;
};

static int by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

static bool failed(struct runner *r, const struct pg_error *what, const char *statement, size_t len,
		   uint64_t at, const char *tolerated, struct err *e)
{
	const struct sql_site site = {r->database, statement, len, at};

	if (pg_is_servers_own(what->sqlstate))
		return err_set(e, ERR_SYSTEM, "database %s: %s (SQLSTATE %s)", r->database,
			       what->message, what->sqlstate);
	r->aborted = true;
	tally_add(r->tally, what, &site, tolerated, r->o.allowed);
	return true;
}

/* A statement of our own around the dump's; its failure is the dump statement's. */
static bool run_own(struct runner *r, const char *sql, uint64_t at, bool *ok, struct err *e)
{
	struct pg_error what = {0};

	if (!pg_execute(r->conn, sql, strlen(sql), &what, NULL, e))
		return false;
	*ok = what.sqlstate[0] == '\0';
	return *ok || failed(r, &what, sql, strlen(sql), at, NULL, e);
}

static bool begin(struct runner *r, struct err *e)
{
	static const char in_place[] = "SET allow_in_place_tablespaces = on";
	struct pg_error ignored = {0}; /* then CREATE TABLESPACE says what is wrong */
	bool ok;

	if (r->o.rewrite.in_place_tablespaces &&
	    !pg_execute(r->conn, in_place, strlen(in_place), &ignored, NULL, e))
		return false;
	r->aborted = false;
	return !r->o.one_transaction || run_own(r, "BEGIN", r->o.at, &ok, e);
}

static bool connect_to(struct runner *r, const char *database, uint64_t at, struct err *e)
{
	struct pg_error what = {.sqlstate = "3D000"};
	struct err why = {0};

	pg_freep(&r->conn);
	r->conn = NULL;
	char *name = xstrdup(database);
	free(r->database);
	r->database = name;
	r->conn = pg_open_plain(r->o.target, database, &why);
	if (r->conn)
		return begin(r, e);
	if (why.kind != ERR_MISSING && why.kind != ERR_DENIED) {
		*e = why;
		return false;
	}
	/* Its CREATE DATABASE failed. The other databases are still worth having. */
	snprintf(what.message, sizeof what.message, "%.390s", why.text);
	return failed(r, &what, "\\connect", strlen("\\connect"), at, NULL, e);
}

static bool on_meta(struct runner *r, const struct sql_part *p, struct err *e)
{
	CLEANUP(freep) char *database = NULL;
	enum sql_meta what;

	if (!sql_meta_parse(p->text, p->len, &what, &database, e))
		return err_in(e, "at byte %llu of the dump", (unsigned long long)p->at);
	if (what != SQL_META_CONNECT)
		return true;
	const char *to = database;
	if (r->o.rewrite.rename_from && strcmp(database, r->o.rewrite.rename_from) == 0)
		to = r->o.rewrite.rename_to;
	tdestroy(r->created, free);
	r->created = NULL;
	return connect_to(r, to, p->at, e);
}

/* The name in CREATE [UNLOGGED] TABLE, or of a COPY. NULL when it is another statement. */
static char *table_of(const struct sql_part *p)
{
	struct sql_scan scan = {p->text, p->text + p->len};
	struct sql_token verb = sql_next(&scan), noun = {0};
	CLEANUP(freep) char *schema = NULL;
	CLEANUP(freep) char *name = NULL;

	if (!sql_is(&verb, "copy")) {
		noun = sql_next(&scan);
		if (sql_is(&noun, "unlogged"))
			noun = sql_next(&scan);
		if (!sql_is(&verb, "create") || !sql_is(&noun, "table"))
			return NULL;
	}
	if (!sql_qualified(&scan, &schema, &name) || !schema)
		return NULL;
	CLEANUP(freep) char *s = sql_quote_ident(schema);
	CLEANUP(freep) char *n = sql_quote_ident(name);
	return xasprintf("%s.%s", s, n);
}

/* TRUNCATE ONLY refuses a partitioned table; rows come to one when pg_dump goes through the root. */
static bool is_partitioned(const struct sql_part *p)
{
	struct sql_scan scan = {p->text, p->text + p->len};

	for (struct sql_token t = sql_next(&scan); t.kind != SQL_END; t = sql_next(&scan))
		if (sql_is(&t, "partition")) {
			t = sql_next(&scan);
			if (sql_is(&t, "by"))
				return true;
		}
	return false;
}

static void remember_table(struct runner *r, const struct sql_part *p)
{
	char *table = is_partitioned(p) ? NULL : table_of(p);
	char **found = table ? tsearch(table, &r->created, by_text) : NULL;

	if (!found || *found != table)
		free(table);
}

/* The rows of a table that this dump created: replaced as a whole, they need no WAL. An extension's
 * configuration table has rows of its own, and is never created by the dump. */
static bool begin_copy(struct runner *r, const struct sql_part *p, struct err *e)
{
	CLEANUP(freep) char *table = r->o.truncate_first ? table_of(p) : NULL;
	bool ok;

	r->copy_in_transaction = table && tfind(table, &r->created, by_text);
	if (!r->copy_in_transaction)
		return true;
	CLEANUP(freep) char *truncate = xasprintf("TRUNCATE ONLY %s", table);
	return run_own(r, "BEGIN", p->at, &ok, e) && run_own(r, truncate, p->at, &ok, e);
}

static bool end_copy(struct runner *r, bool good, struct err *e)
{
	bool ok;

	r->copy = COPY_NONE;
	if (!r->copy_in_transaction)
		return true;
	r->copy_in_transaction = false;
	return run_own(r, good ? "COMMIT" : "ROLLBACK", r->copy_at, &ok, e);
}

/* In one transaction an error that is allowed, or forgiven, must not cost the rest: back to before its
 * statement. */
static bool keep_transaction(struct runner *r, uint64_t tolerated_before, uint64_t at,
			     struct err *e)
{
	bool ok;

	if (!r->aborted)
		return run_own(r, "RELEASE pgmuster", at, &ok, e);
	if (!r->forgiving && r->tally->tolerated == tolerated_before)
		return true;
	if (!run_own(r, "ROLLBACK TO pgmuster", at, &ok, e))
		return false;
	r->aborted = !ok;
	return true;
}

static bool run(struct runner *r, const struct sql_part *p, const char *text, size_t len,
		const char *expected_sqlstate, struct err *e)
{
	const char *why = "the role that the restore runs as is there already";
	bool savepoint = r->o.one_transaction && !p->copy_in && !r->aborted &&
			 (r->forgiving || (r->o.allowed && r->o.allowed->count > 0));
	uint64_t tolerated_before = r->tally->tolerated;
	struct pg_error what = {0};
	bool copying = false, ok;

	if (savepoint && !run_own(r, "SAVEPOINT pgmuster", p->at, &ok, e))
		return false;
	if (!pg_execute(r->conn, text, len, &what, &copying, e))
		return err_in(e, "database %s", r->database);
	r->tally->statements++;
	if (!expected_sqlstate || strcmp(what.sqlstate, expected_sqlstate) != 0)
		why = NULL;
	if (what.sqlstate[0] != '\0' && !failed(r, &what, p->text, p->len, p->at, why, e))
		return false;
	if (savepoint && !keep_transaction(r, tolerated_before, p->at, e))
		return false;
	if (!p->copy_in)
		return true;
	if (!copying && !end_copy(r, false, e))
		return false;
	r->copy = copying ? COPY_RUNNING : COPY_REFUSED;
	return true;
}

static bool is_event_trigger(const struct sql_part *p)
{
	return sql_begins(p->text, p->len,
			  (const char *const[]){"create", "event", "trigger", NULL});
}

/* pg_dump writes them before it refreshes materialized views, and what they do then is not the
 * dump's. Who may create one may set these; those that are enabled ALWAYS know the first alone. */
static bool silence_event_triggers(struct runner *r, struct err *e)
{
	static const char *const settings[] = {"SET event_triggers = off",
					       "SET session_replication_role = replica"};
	struct pg_error refused = {0};

	for (size_t i = pg_server_version(r->conn) >= 170000 ? 0 : 1; i < 2; i++) {
		if (!pg_execute(r->conn, settings[i], strlen(settings[i]), &refused, NULL, e))
			return err_in(e, "database %s", r->database);
		if (refused.sqlstate[0] == '\0')
			return true;
	}
	return true;
}

static bool on_statement(struct runner *r, const struct sql_part *p, struct err *e)
{
	CLEANUP(freep) char *changed = NULL;
	enum rewrite_verdict verdict;

	if (!r->conn ||
	    (r->o.only && !table_filter_wants(r->o.only, p->text, p->len) && !p->copy_in)) {
		r->copy = p->copy_in ? COPY_UNWANTED : COPY_NONE;
		return true;
	}
	if (p->copy_in) {
		free(r->copy_statement);
		r->copy_statement = xstrndup(p->text, p->len < 300 ? p->len : 300);
		r->copy_at = p->at;
		if (!begin_copy(r, p, e))
			return false;
	} else if (r->o.truncate_first) {
		remember_table(r, p);
	}
	verdict = rewrite_statement(&r->o.rewrite, p->text, p->len, &changed);
	if (verdict == REWRITE_SKIP)
		return true;
	if (verdict == REWRITE_CHANGED)
		return run(r, p, changed, strlen(changed), NULL, e);
	if (is_event_trigger(p) && !silence_event_triggers(r, e))
		return false;
	return run(r, p, p->text, p->len, verdict == REWRITE_EXISTING_OWN_ROLE ? "42710" : NULL, e);
}

static bool on_copy_end(struct runner *r, struct err *e)
{
	struct pg_error what = {0};
	enum copy_state state = r->copy;

	if (state != COPY_RUNNING) {
		r->copy = COPY_NONE;
		return true;
	}
	if (!pg_copy_end(r->conn, &what, e))
		return err_in(e, "database %s", r->database);
	if (what.sqlstate[0] != '\0' &&
	    !failed(r, &what, r->copy_statement, strlen(r->copy_statement), r->copy_at, NULL, e))
		return false;
	return end_copy(r, what.sqlstate[0] == '\0', e);
}

static bool on_part(void *ctx, const struct sql_part *p, struct err *e)
{
	struct runner *r = ctx;

	switch (p->kind) {
	case SQL_STATEMENT:
		return on_statement(r, p, e);
	case SQL_META:
		return on_meta(r, p, e);
	case SQL_COPY_DATA:
		return r->copy != COPY_RUNNING || pg_copy_data(r->conn, p->text, p->len, e);
	case SQL_COPY_END:
		return on_copy_end(r, e);
	case SQL_COMMENT:
		break;
	}
	return true;
}

static struct sql_split *new_split(struct runner *r, uint64_t at)
{
	return sql_split_new(&(struct sql_split_options){
	    .at = at, .statement_max = STATEMENT_MAX, .handler = on_part, .ctx = r});
}

static bool runner_write(struct sink *s, const void *data, size_t len, struct err *e)
{
	return sql_split_write(((struct runner *)s)->split, data, len, e);
}

static bool runner_commit(struct sink *s, struct err *e)
{
	struct runner *r = (struct runner *)s;
	bool ok;

	if (!sql_split_end(r->split, e))
		return false;
	if (!r->o.one_transaction || !r->conn)
		return true;
	if (!run_own(r, r->aborted ? "ROLLBACK" : "COMMIT", r->o.at, &ok, e))
		return false;
	return r->tally->failed > 0 || !r->aborted ||
	       err_set(e, ERR_SYSTEM,
		       "rows were refused with an error that is allowed, and nothing was kept");
}

static void runner_free(struct sink *s)
{
	struct runner *r = (struct runner *)s;

	sql_split_freep(&r->split);
	pg_freep(&r->conn);
	tdestroy(r->created, free);
	free(r->copy_statement);
	free(r->database);
	free(r);
}

struct sink *sink_runner(const struct runner_options *o, struct tally *tally, struct err *e)
{
	static const struct sink_ops ops = {runner_write, runner_commit, runner_free};
	struct runner *r = xcalloc(1, sizeof *r);

	r->sink.ops = &ops;
	r->o = *o;
	r->tally = tally;
	r->split = new_split(r, o->at);
	r->database = xstrdup(o->database ? o->database : "postgres");
	r->conn = pg_open_plain(o->target, r->database, e);
	if (!r->conn || !begin(r, e)) {
		runner_free(&r->sink);
		return NULL;
	}
	return &r->sink;
}

bool runner_go_on(struct sink *s, uint64_t at, struct err *e)
{
	struct runner *r = (struct runner *)s;

	if (!sql_split_end(r->split, e))
		return false;
	sql_split_freep(&r->split);
	r->split = new_split(r, at);
	return r->forgiving = true;
}
