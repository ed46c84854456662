#include "cmd.h"

#include "backup/catalogue.h"
#include "backup/results.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct backup_choice which;
static const char *database;
static bool tables;

static const struct option own[] = {
    WHICH_OPTIONS(which),
    {.name = "database",
     .letter = 'd',
     .type = OPTION_STRING,
     .into = &database,
     .argument = "NAME",
     .help = "Only this database, with its tables."},
    {.name = "tables", .type = OPTION_FLAG, .into = &tables, .help = "List every table."},
    {0},
};

static const struct options options = {
    .verb = "show",
    .synopsis = "pgmuster show --store URL [--key KEY] [--database NAME] [--tables]",
    .summary = "The muster roll of one backup: what it holds, by its manifest.",
    .own = own,
    .shared = common_options,
    .epilog = EXIT_CODES,
};

static char *extensions(const struct pg_database *d)
{
	char *all = NULL;
	size_t len;
	FILE *out = open_memstream(&all, &len);

	if (!out)
		abort();
	for (size_t i = 0; i < d->extension_count; i++)
		fprintf(out, "%s%s %s", i ? ", " : "", d->extensions[i].name,
			d->extensions[i].version);
	if (fclose(out) != 0)
		abort();
	return all;
}

static void show_database(struct report *r, const struct roll_database *db,
			  const struct pg_database *facts)
{
	struct report *row = report_row(r, "databases");
	CLEANUP(freep) char *list = extensions(facts);
	CLEANUP(freep)
	char *locale =
	    xasprintf("%s %s", facts->encoding, facts->locale[0] ? facts->locale : facts->collate);
	uint64_t bytes = 0;

	for (size_t i = 0; i < db->table_count; i++)
		bytes += db->tables[i].bytes;
	report_string(row, "database", db->name);
	report_string(row, "owner", facts->owner);
	report_string(row, "locale", locale);
	report_int(row, "tables", (int64_t)db->table_count);
	report_int(row, "rows", (int64_t)roll_rows(db));
	report_bytes(row, "bytes", bytes);
	report_int(row, "sequences", (int64_t)db->sequence_count);
	report_int(row, "large_objects", (int64_t)db->large_objects.count);
	report_string(row, "extensions", list);
}

static void show_tables(struct report *r, const struct roll_database *db)
{
	for (size_t i = 0; i < db->table_count; i++) {
		const struct roll_table *t = &db->tables[i];
		struct report *row = report_row(r, "tables");
		char hex[FINGERPRINT_HEX];

		fingerprint_hex(t->fingerprint, hex);
		report_string(row, "database", db->name);
		report_string(row, "schema", t->schema);
		report_string(row, "table", t->name);
		report_int(row, "rows", (int64_t)t->rows);
		report_bytes(row, "bytes", t->bytes);
		report_string(row, "fingerprint", hex);
	}
}

static void show(struct report *r, const struct manifest *m)
{
	char when[ISO8601_SIZE];

	clock_iso8601(m->finished, when);
	report_string(r, "key", m->key);
	report_string(r, "id", m->id);
	report_string(r, "finished", when);
	report_string(r, "tool", m->tool);
	report_string(r, "server_version", m->server_version);
	report_string(r, "client_version", m->client_version);
	report_string(r, "system_identifier", m->system_identifier);
	report_string(r, "preload_libraries",
		      m->preload_libraries[0] ? m->preload_libraries : NULL);
	for (size_t i = 0; i < PG_WAYS; i++)
		if (m->ways[i])
			report_string(r, pg_ways[i], m->ways[i]);
	report_string(r, "bootstrap_user", m->bootstrap_user);
	report_bytes(r, "bytes", m->object.bytes);
	report_bytes(r, "plain_bytes", m->plain_bytes);
	report_int(r, "frames", (int64_t)m->frames);
	report_bool(r, "role_passwords", m->role_passwords);
	report_int(r, "roles", (int64_t)m->roll.role_count);
	report_int(r, "tablespaces", (int64_t)m->roll.tablespace_count);
	for (size_t i = 0; i < m->roll.database_count; i++) {
		const struct roll_database *db = &m->roll.databases[i];

		if (database && strcmp(database, db->name) != 0)
			continue;
		show_database(r, db, &m->databases[i]);
		if (tables || database)
			show_tables(r, db);
		report_not_dumped(r, &m->databases[i], false);
	}
	for (size_t i = 0; i < m->excluded_count; i++)
		report_item(r, "excluded_databases", m->excluded[i]);
	for (size_t i = 0; i < m->warnings.count; i++)
		report_item(r, "warnings", m->warnings.lines[i]);
}

bool cmd_show(int argc, char **argv, int *code, struct err *e)
{
	CLEANUP(report_freep) struct report *r = report_new();
	CLEANUP(catalogue_stop) struct catalogue c = {0};
	CLEANUP(manifest_stop) struct manifest m = {0};
	struct backup *b;
	size_t count;
	bool done;

	(void)code;
	if (!cmd_parse(&options, argc, argv, &count, &done, e) || done)
		return done;
	CLEANUP(store_freep) struct store *store = cmd_store(e);
	if (!store || !catalogue_read(store, &c, e))
		return false;
	b = catalogue_choose(&c, &which, e);
	if (!b)
		return err_in(e, "%s", store_url(store));
	if (b->status == BACKUP_FOREIGN) {
		err_set(e, ERR_USAGE, "%s has no manifest to show", b->key);
		return err_hint(e, "`pgmuster verify --key` reads it through and counts");
	}
	if (!backup_manifest(store, b->key, &m, e))
		return false;
	if (database && !roll_database(&m.roll, database))
		return err_set(e, ERR_MISSING, "%s has no database %s", b->key, database);
	show(r, &m);
	return cmd_print(r, e);
}
