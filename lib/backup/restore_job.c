#include "backup/restore_job.h"

#include "backup/reader.h"
#include "backup/restore.h"
#include "backup/results.h"
#include "backup/target.h"
#include "base/log.h"

#include <stdlib.h>
#include <string.h>

struct job {
	const struct restore_options *o;
	struct catalogue catalogue;
	const struct backup *backup;
	struct reader reader;
	struct pg_facts facts;
	struct pg_client client;
	struct restore restore;
	struct differences found;
	bool table_exists, creates_databases;
	int64_t started_ms;
};

static void job_stop(struct job *j)
{
	restore_stop(&j->restore);
	differences_stop(&j->found);
	pg_client_stop(&j->client);
	pg_facts_stop(&j->facts);
	reader_stop(&j->reader);
	catalogue_stop(&j->catalogue);
}

static const char *into(const struct job *j)
{
	return j->o->as ? j->o->as : j->o->database;
}

static bool open_backup(struct job *j, struct err *e)
{
	if (!reader_choose(&j->reader, &j->catalogue, j->o->store, &j->o->which, e))
		return false;
	j->backup = j->reader.backup;
	return true;
}

static struct restore_table table_of(const struct job *j)
{
	return (struct restore_table){
	    .database = j->o->database,
	    .schema = j->o->schema,
	    .name = j->o->table,
	    .into = into(j),
	    .data_only = j->table_exists,
	};
}

/* What is asked for has to be in the backup, and must not be on the server. */
static bool check_table(struct job *j, struct err *e)
{
	bool exists, has_tables;

	if (!target_has_database(j->o->target, into(j), &exists, &has_tables, e))
		return false;
	if (!exists) {
		err_set(e, ERR_MISSING, "the server has no database %s to restore a table into",
			into(j));
		return err_hint(e, "create it, or name another one with --as");
	}
	if (!target_has_table(j->o->target, into(j), j->o->schema, j->o->table, &j->table_exists,
			      e))
		return false;
	if (!j->table_exists || j->o->existing)
		return target_may_fill_table(j->o->target, &j->facts, into(j), j->o->schema,
					     j->table_exists ? j->o->table : NULL, e);
	err_set(e, ERR_EXISTS, "database %s has a table %s.%s already", into(j), j->o->schema,
		j->o->table);
	return err_hint(e, "restore into another database with --as, or add the rows to it with "
			   "--allow-existing");
}

/* initdb makes them, and dumps only connect to them. */
static bool is_initial(const char *database)
{
	return strcmp(database, "postgres") == 0 || strcmp(database, "template1") == 0;
}

static bool check_database(struct job *j, struct err *e)
{
	bool exists, has_tables;

	if (!target_has_database(j->o->target, into(j), &exists, &has_tables, e))
		return false;
	if (j->o->as && is_initial(j->o->database) && !exists) {
		err_set(e, ERR_USAGE, "a dump does not create %s, so it cannot be restored as %s",
			j->o->database, j->o->as);
		return err_hint(e, "create %s first, and restore with --allow-existing", j->o->as);
	}
	j->restore.run.rewrite.skip_create_database = exists;
	j->creates_databases = !exists;
	if (!exists)
		return target_may_create_databases(j->o->target, &j->facts, e);
	/* postgres and template1 are there in every server, and a dump does not create them. */
	if (j->o->existing ||
	    (!has_tables && is_initial(into(j)) && strcmp(into(j), j->o->database) == 0))
		return true;
	err_set(e, ERR_EXISTS, "the server has a database %s already", into(j));
	return err_hint(e, "restore it under another name with --as, or into it with "
			   "--allow-existing");
}

static bool is_there(const struct pg_facts *f, const char *database)
{
	for (size_t i = 0; i < f->database_count; i++)
		if (strcmp(f->databases[i].name, database) == 0)
			return true;
	return false;
}

/* Of a dump without a manifest nobody knows. */
static bool creates_databases(const struct job *j)
{
	const struct manifest *m = &j->reader.manifest;

	for (size_t i = 0; j->reader.complete && i < m->database_count; i++)
		if (!is_there(&j->facts, m->databases[i].name))
			return true;
	return !j->reader.complete;
}

static bool check_server(struct job *j, struct err *e)
{
	j->creates_databases = creates_databases(j);
	if (j->creates_databases && !target_may_create_databases(j->o->target, &j->facts, e))
		return false;
	if (j->o->existing)
		return true;
	if (j->reader.complete && !target_is_not_source(&j->facts, &j->reader.manifest, e))
		return false;
	return target_is_empty(j->o->target, &j->facts, e);
}

static bool check_needs(struct job *j, struct differences *missing, struct err *e)
{
	const struct preflight p = {.only_database = j->o->database,
				    .try_locales = !j->o->dry_run && j->creates_databases,
				    .need_globals = j->o->database != NULL};

	return !j->reader.complete || j->o->table ||
	       target_preflight(j->o->target, &j->facts, &j->reader.manifest, &p, missing, e);
}

/* Missing roles leave their objects to whoever restores, and a tablespace may be another database's; anything else
 * would fail half-way. */
static bool refuse_missing(const struct differences *missing, struct report *r, struct err *e)
{
	const struct difference *fatal = NULL;

	report_list(r, "missing");
	for (size_t i = 0; i < missing->count && i < DIFFERENCES_KEPT; i++) {
		const struct difference *m = &missing->items[i];

		report_item(r, "missing", m->what);
		if (strncmp(m->what, "role ", 5) == 0 || strncmp(m->what, "tablespace ", 11) == 0)
			log_warn("%s: statements that name it will fail", m->what);
		else if (!fatal)
			fatal = m;
	}
	if (!fatal)
		return true;
	return err_set(e, ERR_SYSTEM, "the server cannot take it: %s%s%s", fatal->database,
		       fatal->database[0] ? ": " : "", fatal->what);
}

static bool plan(struct job *j, struct report *r, struct err *e)
{
	const struct restore_table table = table_of(j);
	struct range ranges[3];
	size_t count = 0;
	uint64_t bytes = 0;

	if (j->o->database) {
		if (!restore_ranges(&j->reader, j->o->database, j->o->table ? &table : NULL, ranges,
				    &count, e))
			return false;
	} else if (j->reader.complete) {
		ranges[count++] = (struct range){0, j->reader.manifest.plain_bytes};
	} else {
		bytes = j->backup->bytes;
	}
	for (size_t i = 0; i < count; i++) {
		uint64_t cost;

		if (!reader_cost(&j->reader, ranges[i], &cost, e))
			return false;
		bytes += cost;
	}
	report_string(r, "store", store_url(j->o->store));
	report_string(r, "key", j->backup->key);
	report_time(r, "backup_time", j->backup->time);
	report_string(r, "target", j->facts.server);
	report_string(r, "target_user", j->facts.user);
	report_string(r, "target_version", j->facts.version_text);
	report_string(r, "database", j->o->database ? j->o->database : "all");
	if (j->o->table) {
		CLEANUP(freep) char *name = xasprintf("%s.%s", j->o->schema, j->o->table);

		report_string(r, "table", name);
	}
	if (into(j))
		report_string(r, "into", into(j));
	report_bytes(r, "fetches_bytes", bytes);
	return true;
}

static bool restore(struct job *j, struct err *e)
{
	const struct restore_table table = table_of(j);
	struct restore *re = &j->restore;

	re->reader = &j->reader;
	re->store = j->o->store;
	re->store_options = j->o->store_options;
	re->jobs = j->o->jobs;
	re->entries = j->o->check == CHECK_CONTENT;
	re->run.target = j->o->target;
	re->run.allowed = j->o->allowed;
	re->run.rewrite.own_role = j->facts.user;
	if (!j->o->database)
		return restore_all(re, e);
	if (j->o->table)
		return restore_table(re, &table, e);
	if (j->o->as) {
		re->run.rewrite.rename_from = j->o->database;
		re->run.rewrite.rename_to = j->o->as;
	}
	return restore_database(re, j->o->database, e);
}

/* Of a table alone, its rows. Rows that were there before are not on the roll. */
static bool count_table(struct job *j, struct err *e)
{
	const struct roll_database *db = roll_database(&j->reader.manifest.roll, j->o->database);
	struct roll_database only = *db;
	struct roll roll = {.databases = &only, .database_count = 1};
	const struct countback options = {.target = j->o->target, .level = j->o->check, .jobs = 1};

	if (j->table_exists)
		return true;
	only.tables = roll_table(db, j->o->schema, j->o->table);
	only.table_count = 1;
	only.sequence_count = 0;
	if (options.level == CHECK_CONTENT || options.level == CHECK_COUNTS)
		return countback_table(&options, &roll.databases[0], into(j), &j->found, e);
	return countback(&options, &roll, into(j), &j->found, e);
}

static bool count_back(struct job *j, struct err *e)
{
	const struct roll *roll = &j->restore.roll;
	const struct countback options = {
	    .target = j->o->target,
	    .level = j->o->check,
	    .jobs = j->o->jobs,
	    .client = &j->client,
	    .no_role_passwords = j->reader.complete && !j->reader.manifest.role_passwords,
	    .globals = j->o->database == NULL,
	    .server_version = j->facts.version,
	    .superuser = j->facts.user,
	};

	if (j->o->table)
		return count_table(j, e);
	if (j->o->check == CHECK_CONTENT &&
	    !pg_client_find(j->o->client_directory, j->facts.version / 10000, false, &j->client, e))
		return false;
	return countback(&options, roll, j->o->as, &j->found, e);
}

static void report_result(struct job *j, struct report *r, bool good)
{
	report_seconds(r, "seconds", (double)(clock_ms() - j->started_ms) / 1000);
	report_string(r, "check", check_level_names[j->o->check]);
	report_string(r, "verdict", good ? "pass" : "fail");
	tally_report(&j->restore.tally, r);
	report_databases(r, &j->restore.roll, &j->found, "restored");
	report_differences(r, &j->found, NULL);
	report_list(r, "not_proved");
	if (j->o->check < CHECK_COUNTS || j->table_exists)
		report_item(r, "not_proved", "rows: they were not counted");
	else if (j->o->check < CHECK_CONTENT || j->o->table)
		report_item(r, "not_proved", "content: rows were counted, and not looked into");
	else if (j->o->as)
		report_item(r, "not_proved", "definitions: they say another name than the dump's");
	report_closing(r, "%s; planner statistics are not in a dump: run vacuumdb --analyze-only",
		       !good ? "FAIL: restored with differences"
		       : j->o->check < CHECK_COUNTS || j->table_exists
			   ? "restored"
			   : "restored and counted back");
}

bool restore_run(const struct restore_options *o, struct report *r, bool *good, struct err *e)
{
	CLEANUP(job_stop)
	struct job j = {.o = o, .restore = RESTORE_INIT, .started_ms = clock_ms()};
	CLEANUP(differences_stop) struct differences missing = {0};

	if (!open_backup(&j, e))
		return false;
	if (!pg_facts_read(o->target, &j.facts, e))
		return false;
	if (!j.facts.superuser)
		log_warn("role %s is no superuser: statements about what others own will fail",
			 j.facts.user);
	if (!(o->table      ? check_table(&j, e)
	      : o->database ? check_database(&j, e)
			    : check_server(&j, e)))
		return false;
	if (!plan(&j, r, e) || !check_needs(&j, &missing, e) || !refuse_missing(&missing, r, e))
		return false;
	if (o->dry_run) {
		report_closing(r, "a dry run: nothing was changed");
		return *good = true;
	}
	if (!restore(&j, e)) {
		if (e->kind == ERR_CORRUPT)
			err_hint(e,
				 "`pgmuster verify --key %.150s` tells whether the store has it so",
				 j.backup->key);
		return false;
	}
	if (!count_back(&j, e))
		return false;
	progress_end();
	*good = j.found.count == 0 && j.restore.tally.failed == 0;
	report_result(&j, r, *good);
	return true;
}
