#include "sql/follow.h"

#include "sql/entry.h"
#include "sql/follow_private.h"
#include "sql/meta.h"

#include <stdlib.h>
#include <string.h>

/* Longer statements are known by their beginnings and lengths: views and functions are shorter. */
#define STATEMENT_MAX (8 * MIB)
#define ROLL_MAX_BYTES (512 * MIB)

static const char *after(const char *text, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(text, prefix, len) == 0 ? text + len : NULL;
}

static void version_seen(char **version, const char *text)
{
	if (!*version)
		*version = xstrdup(text);
}

/* A comment line of a block that begins with a bare "--": a header, or nothing. */
static bool header(struct follow *f, const char *text, struct err *e)
{
	const char *database = after(text, "-- Database \"");
	size_t len = database ? strlen(database) : 0;

	if (database && len >= 6 && strcmp(database + len - 6, "\" dump") == 0) {
		CLEANUP(freep) char *name = xstrndup(database, len - 6);

		follow_database_begins(f, name, f->block_at);
		f->named = true;
	} else if (strcmp(text, "-- PostgreSQL database dump") == 0) {
		follow_dump_begins(f, f->block_at);
	} else if (strcmp(text, "-- PostgreSQL database dump complete") == 0) {
		f->closing = CLOSING_DUMP;
	} else if (strcmp(text, "-- PostgreSQL database cluster dump") == 0) {
		if (f->cluster || f->roll->database_count > 0)
			return err_set(e, ERR_CORRUPT, "another pg_dumpall begins at byte %llu",
				       (unsigned long long)f->block_at);
		f->cluster = true;
		f->roll->globals.at = f->block_at;
	} else if (strcmp(text, "-- PostgreSQL database cluster dump complete") == 0) {
		f->closing = CLOSING_CLUSTER;
	} else {
		follow_entry_begins(f, text);
	}
	return true;
}

/* Headers stand between two lines that are "--": nothing in names, data or bodies is taken for one,
 * as only comments outside statements come here. */
static bool comment(struct follow *f, const struct sql_part *part, struct err *e)
{
	CLEANUP(freep) char *text = xstrndup(part->text, part->len);
	size_t len = strlen(text);
	const char *version;
	bool bare;

	if (len > 0 && text[len - 1] == '\r')
		text[len - 1] = '\0';
	bare = strcmp(text, "--") == 0;
	if (part->at != f->block_end) {
		f->block_at = part->at;
		f->block_bare = bare;
		f->closing = CLOSING_NONE;
	}
	f->block_end = part->end;
	if (bare) {
		follow_closed(f);
		return true;
	}
	f->closing = CLOSING_NONE;
	if (f->block_bare)
		return header(f, text, e);
	if ((version = after(text, "-- Dumped from database version ")))
		version_seen(&f->roll->server_version, version);
	else if ((version = after(text, "-- Dumped by pg_dump version ")))
		version_seen(&f->roll->dump_version, version);
	return true;
}

static bool meta(struct follow *f, const struct sql_part *part, struct err *e)
{
	CLEANUP(freep) char *text = xstrndup(part->text, part->len);
	CLEANUP(freep) char *dbname = NULL;
	const char *key;
	enum sql_meta what;

	text[strcspn(text, "\r")] = '\0';
	if (!sql_meta_parse(part->text, part->len, &what, &dbname, e))
		return err_in(e, "byte %llu", (unsigned long long)part->at);
	if (what == SQL_META_CONNECT) {
		follow_connected(f, dbname);
		return true;
	}
	if ((key = after(text, "\\restrict "))) {
		free(f->restrict_key);
		f->restrict_key = xstrdup(key);
	} else if (f->restrict_key && (key = after(text, "\\unrestrict ")) &&
		   strcmp(key, f->restrict_key) == 0) {
		free(f->restrict_key);
		f->restrict_key = NULL;
	}
	return true;
}

static bool follow_part(struct follow *f, const struct sql_part *part, struct err *e)
{
	switch (part->kind) {
	case SQL_COPY_DATA:
		rows_add(&f->rows, f->table, part->text, part->len);
		return true;
	case SQL_COPY_END:
		f->table->range.end = part->end;
		f->table = NULL;
		return true;
	case SQL_STATEMENT:
		return follow_statement(f, part, e);
	case SQL_COMMENT:
		return comment(f, part, e);
	case SQL_META:
		return meta(f, part, e);
	}
	return true;
}

static bool on_part(void *ctx, const struct sql_part *part, struct err *e)
{
	struct follow *f = ctx;

	if (!follow_part(f, part, e))
		return false;
	return f->roll_bytes <= ROLL_MAX_BYTES ||
	       err_set(e, ERR_CORRUPT, "more names than any server has, at byte %llu",
		       (unsigned long long)part->at);
}

static bool follow_write(struct sink *s, const void *data, size_t len, struct err *e)
{
	struct follow *f = (struct follow *)s;

	if (f->next && !sink_write(f->next, data, len, e))
		return false;
	f->roll->bytes += len;
	return sql_split_write(f->split, data, len, e);
}

/* Say where in the dump the text ended: "the dump ends inside database immich, in ...". */
static bool ended(const struct follow *f, struct err *e)
{
	const struct roll *r = f->roll;
	CLEANUP(freep) char *what = NULL;

	if (f->table)
		what = xasprintf(", in the data of table %.100s.%.100s", f->table->schema,
				 f->table->name);
	else if (f->object.open)
		what = xasprintf(", in large object %s", f->object.oid);
	else if (f->entry.active)
		what = xasprintf(", in %.100s %.100s%s%.100s", f->entry.type, f->entry.schema,
				 f->entry.schema[0] ? "." : "", f->entry.name);
	if (f->in_database)
		return err_in(e, "the dump ends inside database %.100s%s",
			      r->databases[r->database_count - 1].name, what ? what : "");
	return err_in(e, "the dump ends inside the %s", f->cluster ? "globals" : "text");
}

/* Is there a closing comment for everything that has one? */
static bool closed(const struct follow *f, struct err *e)
{
	const struct roll *r = f->roll;

	if (!f->cluster && r->database_count == 0)
		return err_set(e, ERR_CORRUPT, "this is not the output of pg_dumpall or pg_dump");
	for (size_t i = 0; i < r->database_count; i++)
		if (!r->databases[i].complete)
			return err_set(e, ERR_CORRUPT,
				       "database %.100s: the closing comment of pg_dump is missing",
				       r->databases[i].name);
	if (f->cluster && !f->cluster_complete)
		return err_set(e, ERR_CORRUPT, "the closing comment of pg_dumpall is missing");
	return true;
}

static bool whole(const struct follow *f, struct err *e)
{
	const struct roll *r = f->roll;

	if (f->object.open) {
		err_set(e, ERR_CORRUPT, "its lo_close is missing");
		return ended(f, e);
	}
	if (f->options.excerpt)
		return true;
	if (f->in_database && f->dump_begun && !r->databases[r->database_count - 1].complete) {
		err_set(e, ERR_CORRUPT, "the closing comment of pg_dump is missing");
		return ended(f, e);
	}
	if (!f->options.part && !closed(f, e))
		return false;
	if (f->restrict_key)
		return err_set(e, ERR_CORRUPT, "the dump ends before its last \\unrestrict");
	return true;
}

static bool follow_commit(struct sink *s, struct err *e)
{
	struct follow *f = (struct follow *)s;
	struct roll *r = f->roll;

	if (!sql_split_end(f->split, e))
		return ended(f, e);
	if (!whole(f, e))
		return false;
	follow_database_ends(f, f->options.at + r->bytes);
	r->complete = f->cluster ? f->cluster_complete : r->database_count > 0;
	for (size_t i = 0; i < r->database_count; i++)
		r->complete = r->complete && r->databases[i].complete;
	return !f->next || sink_commit(f->next, e);
}

static void follow_free(struct sink *s)
{
	struct follow *f = (struct follow *)s;

	sql_split_freep(&f->split);
	rows_stop(&f->rows);
	entry_stop(&f->entry);
	large_object_stop(&f->object);
	free(f->restrict_key);
	free(f->database);
	free(f);
}

struct sink *sink_follow(struct sink *next, const struct follow_options *options, struct roll *roll)
{
	static const struct sink_ops ops = {follow_write, follow_commit, follow_free};
	struct follow *f = xcalloc(1, sizeof *f);

	f->sink.ops = &ops;
	f->next = next;
	f->options = *options;
	f->database = options->database ? xstrdup(options->database) : NULL;
	f->roll = roll;
	f->block_end = UINT64_MAX;
	roll->globals = (struct range){options->at, options->at};
	rows_init(&f->rows);
	entry_init(&f->entry);
	large_object_init(&f->object);
	f->split = sql_split_new(&(struct sql_split_options){.at = options->at,
							     .statement_max = STATEMENT_MAX,
							     .cut_long = true,
							     .handler = on_part,
							     .ctx = f});
	return &f->sink;
}
