#include "cmd.h"

#include "backup/restore_job.h"
#include "sql/token.h"

#include <stdlib.h>
#include <string.h>

static struct backup_choice which;
static const char *database, *as, *table;
static int check = CHECK_COUNTS;
static long jobs = 2;
static bool dry_run, existing;
static struct option_list allow_errors;

static const struct option own[] = {
    SERVER_OPTIONS("PGMUSTER_SERVER",
		   "The server to restore into; libpq's own settings (PGHOST, PGUSER, ...) "
		   "otherwise."),
    WHICH_OPTIONS(which),
    {.name = "database",
     .letter = 'd',
     .type = OPTION_STRING,
     .into = &database,
     .argument = "NAME",
     .env = "PGMUSTER_DATABASE",
     .help = "Only this database; only its part of the dump is fetched."},
    {.name = "as",
     .type = OPTION_STRING,
     .into = &as,
     .argument = "NAME",
     .env = "PGMUSTER_AS",
     .help = "Restore the database under this name; with --table, into the database of this name."},
    {.name = "table",
     .letter = 't',
     .type = OPTION_STRING,
     .into = &table,
     .argument = "SCHEMA.TABLE",
     .env = "PGMUSTER_TABLE",
     .help =
	 "Only this table of the database, with its sequences, indexes, constraints and "
	 "triggers. What it refers to has to be there. A partition comes as a table of its own."},
    {.name = "allow-existing",
     .type = OPTION_FLAG,
     .into = &existing,
     .env = "PGMUSTER_ALLOW_EXISTING",
     .help = "Restore into a server, database or table that holds such objects already. Rows are "
	     "added to an existing table."},
    {.name = "dry-run",
     .type = OPTION_FLAG,
     .into = &dry_run,
     .env = "PGMUSTER_DRY_RUN",
     .help = "Check everything, say what would be fetched, change nothing."},
    {.name = "check",
     .type = OPTION_CHOICE,
     .into = &check,
     .argument = "LEVEL",
     .choices = check_level_names,
     .env = "PGMUSTER_CHECK",
     .help = "What is counted back afterwards: none, smoke, counts or content."},
    JOBS_OPTION(jobs, "Databases restored at once."),
    ALLOW_ERROR_OPTION(allow_errors),
    PG_BIN_OPTION,
    {0},
};

static const struct options options = {
    .verb = "restore",
    .synopsis = "pgmuster restore --store URL [--database NAME [--table SCHEMA.TABLE]]",
    .summary = "Restore a whole server, one database or one table into a server that you name, and "
	       "count it back. Refuses to touch what is there already.",
    .own = own,
    .shared = common_options,
    .epilog = EXIT_CODES,
};

static bool split_table(char **schema, char **name, struct err *e)
{
	struct sql_scan scan = {table, table + strlen(table)};

	if (sql_qualified(&scan, schema, name) && *schema && sql_next(&scan).kind == SQL_END)
		return true;
	err_set(e, ERR_USAGE, "--table %s: expected SCHEMA.TABLE", table);
	return err_hint(e, "quote names as in SQL, such as 'public.\"My Table\"'");
}

bool cmd_restore(int argc, char **argv, int *code, struct err *e)
{
	CLEANUP(report_freep) struct report *r = report_new();
	CLEANUP(allow_list_stop) struct allow_list allowed = {0};
	CLEANUP(option_list_stop) struct option_list allow = {0};
	CLEANUP(freep) char *schema = NULL;
	CLEANUP(freep) char *name = NULL;
	bool done, good = false, ok;
	size_t count;

	ok = cmd_parse(&options, argc, argv, &count, &done, e);
	allow = allow_errors;
	if (!ok || done)
		return ok;
	if ((database && !*database) || (as && !*as))
		return err_set(e, ERR_USAGE, "%s: the name is empty",
			       database && *database ? "--as" : "--database");
	if ((table || as) && !database)
		return err_set(e, ERR_USAGE, "%s needs --database", table ? "--table" : "--as");
	if (table && !split_table(&schema, &name, e))
		return false;
	CLEANUP(store_freep) struct store *store = cmd_store(e);
	if (!store || !allow_list_parse(allow.items, allow.count, &allowed, e))
		return false;
	const struct pg_target target = {.conninfo = common.server};
	const struct restore_options o = {
	    .store = store,
	    .store_options = &common.store,
	    .which = which,
	    .target = &target,
	    .client_directory = common.pg_bin,
	    .database = database,
	    .as = as,
	    .schema = schema,
	    .table = name,
	    .existing = existing,
	    .dry_run = dry_run,
	    .check = (enum check_level)check,
	    .jobs = (unsigned)jobs,
	    .allowed = &allowed,
	    .now = time(NULL),
	};
	if (!restore_run(&o, r, &good, e))
		return false;
	*code = good ? EXIT_GOOD : EXIT_BAD;
	return cmd_print(r, e);
}
