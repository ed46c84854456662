#include "cmd.h"

#include "backup/dump.h"
#include "backup/key.h"
#include "base/cancel.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

static long level = 3, threads;
static int64_t idle_timeout_s = 2 * 3600, timeout_s = TIMEOUT_S;
static const char *key_format = KEY_DEFAULT_FORMAT;
static bool no_role_passwords, allow_omissions;
static struct option_list exclude;

static const struct option own[] = {
    SERVER_OPTIONS(NULL,
		   "The server to dump; libpq's own settings (PGHOST, PGUSER, PGPASSFILE, ...) "
		   "otherwise. A password does not belong here."),
    {.name = "level",
     .type = OPTION_INT,
     .into = &level,
     .argument = "N",
     .min = 1,
     .max = 19,
     .help = "zstd's compression level."},
    {.name = "threads",
     .type = OPTION_INT,
     .into = &threads,
     .argument = "N",
     .min = 0,
     .max = 64,
     .help = "Threads that compress; 0 means one for each processor, at most 4."},
    {.name = "no-role-passwords",
     .type = OPTION_FLAG,
     .into = &no_role_passwords,
     .help = "Leave the passwords of roles out: what a role that is no superuser has to do."},
    {.name = "exclude-database",
     .type = OPTION_LIST,
     .into = &exclude,
     .argument = "NAME",
     .help = "Leave a database out; may be given several times. The manifest says so."},
    {.name = "allow-omissions",
     .type = OPTION_FLAG,
     .into = &allow_omissions,
     .help = "Accept what pg_dump leaves out with a warning, such as subscriptions."},
    {.name = "key-format",
     .type = OPTION_STRING,
     .into = &key_format,
     .env = "PGMUSTER_KEY_FORMAT",
     .argument = "FORMAT",
     .help = "Name of the day's dump, as strftime writes it. If it is taken, the time of day is "
	     "added: nothing is ever overwritten."},
    {.name = "idle-timeout",
     .type = OPTION_DURATION,
     .into = &idle_timeout_s,
     .argument = "TIME",
     .help = "Give up when the server or pg_dump says nothing for so long, such as "
	     "for a lock; 0s: never."},
    TIMEOUT_OPTION(timeout_s),
    PG_BIN_OPTION,
    {0},
};

static const struct options options = {
    .verb = "dump",
    .synopsis = "pgmuster dump --store URL [--store URL] [OPTION...]",
    .summary = "Dump a whole PostgreSQL server: what pg_dumpall writes, compressed, hashed, "
	       "indexed and counted as it streams into one or two stores. Needs no disk.",
    .own = own,
    .shared = common_options,
    .epilog = EXIT_CODES,
};

static unsigned processors(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : n > 4 ? 4 : (unsigned)n;
}

static bool check_stores(struct err *e)
{
	if (common.stores.count == 0) {
		err_set(e, ERR_USAGE, "no store was named");
		return err_hint(e,
				"--store URL, such as file:///backup/postgresql or s3://bucket/x");
	}
	for (size_t i = 1; i < common.stores.count; i++)
		if (strcmp(common.stores.items[i], common.stores.items[0]) == 0)
			return err_set(e, ERR_USAGE, "--store %s: is named twice",
				       common.stores.items[i]);
	return true;
}

bool cmd_dump(int argc, char **argv, int *code, struct err *e)
{
	CLEANUP(report_freep) struct report *r = report_new();
	CLEANUP(option_list_stop) struct option_list excluded = {0};
	size_t count;
	bool done, ok;

	(void)code;
	ok = cmd_parse(&options, argc, argv, &count, &done, e);
	excluded = exclude;
	if (!ok || done)
		return ok;
	if (!check_stores(e))
		return false;
	cancel_after(timeout_s);
	const struct pg_target target = {.conninfo = common.server,
					 .idle_timeout_s = cmd_seconds(idle_timeout_s)};
	struct dump_options o = {
	    .target = &target,
	    .client_directory = common.pg_bin,
	    .stores = common.stores.items,
	    .store_count = common.stores.count,
	    .store_options = &common.store,
	    .key_format = key_format,
	    .level = (int)level,
	    .threads = threads ? (unsigned)threads : processors(),
	    .no_role_passwords = no_role_passwords,
	    .allow_omissions = allow_omissions,
	    .exclude = excluded.items,
	    .exclude_count = excluded.count,
	    .tool = TOOL,
	    .now = time(NULL),
	};
	if (getrandom(o.random, sizeof o.random, 0) != (ssize_t)sizeof o.random)
		return err_sys(e, "getrandom");
	bool everywhere = false;
	struct err printing = {0};
	if (!dump_run(&o, r, &everywhere, e))
		return false;
	/* One store of two may have failed: the report says which, then the error is told. */
	if (!cmd_print(r, everywhere ? e : &printing))
		return false;
	return everywhere;
}
