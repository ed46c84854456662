#include "cmd.h"

#include "backup/drill.h"
#include "base/cancel.h"

#include <unistd.h>

static struct backup_choice which;
static const char *expect, *scratch_directory;
static int64_t max_age_s, timeout_s = TIMEOUT_S;
static int check = CHECK_COUNTS - CHECK_SMOKE; /* a drill that checks nothing is none */
static long jobs = 2;
static bool no_evidence;
static struct option_list allow_errors;

static const struct option own[] = {
    WHICH_OPTIONS(which),
    {.name = "check",
     .type = OPTION_CHOICE,
     .into = &check,
     .argument = "LEVEL",
     .choices = check_level_names + CHECK_SMOKE,
     .help = "smoke: databases and tables are there; counts: every table has its rows, every "
	     "sequence its value; content: every row, large object and definition is the same."},
    JOBS_OPTION(jobs, "Databases restored and counted at once."),
    SERVER_OPTIONS(NULL,
		   "An empty scratch server to restore into, such as a sidecar; without this one "
		   "is made, used and removed."),
    {.name = "scratch-directory",
     .type = OPTION_STRING,
     .into = &scratch_directory,
     .argument = "DIR",
     .help = "Where the own scratch server's data goes; TMPDIR otherwise, or /tmp."},
    ALLOW_ERROR_OPTION(allow_errors),
    MAX_AGE_OPTION(max_age_s),
    TIMEOUT_OPTION(timeout_s),
    EXPECT_OPTION(expect),
    {.name = "no-evidence",
     .type = OPTION_FLAG,
     .into = &no_evidence,
     .help = "Leave no drill-*.json in the store."},
    PG_BIN_OPTION,
    {0},
};

static const struct options options = {
    .verb = "drill",
    .synopsis = "pgmuster drill --store URL [--key KEY] [--check LEVEL] [OPTION...]",
    .summary = "Restore the newest backup into a scratch server and count everything back. The "
	       "evidence is printed, and stored beside the backup.",
    .own = own,
    .shared = common_options,
    .epilog = EXIT_CODES,
};

bool cmd_drill(int argc, char **argv, int *code, struct err *e)
{
	CLEANUP(report_freep) struct report *r = report_new();
	CLEANUP(expected_stop) struct expected expected = {0};
	CLEANUP(allow_list_stop) struct allow_list allowed = {0};
	CLEANUP(option_list_stop) struct option_list allow = {0};
	bool done, good = false, ok;
	size_t count;

	ok = cmd_parse(&options, argc, argv, &count, &done, e);
	allow = allow_errors;
	if (!ok || done)
		return ok;
	if (!common.server)
		pg_forget_environment();
	cancel_after(timeout_s);
	CLEANUP(store_freep) struct store *store = cmd_store(e);
	if (!store || (expect && !expected_read(expect, &expected, e)) ||
	    !allow_list_parse(allow.items, allow.count, &allowed, e))
		return false;
	const struct pg_target server = {.conninfo = common.server};
	const struct drill_options o = {
	    .store = store,
	    .store_options = &common.store,
	    .which = which,
	    .server = common.server ? &server : NULL,
	    .scratch_directory = scratch_directory,
	    .client_directory = common.pg_bin,
	    .check = (enum check_level)(check + CHECK_SMOKE),
	    .jobs = (unsigned)jobs,
	    .allowed = &allowed,
	    .expected = expect ? &expected : NULL,
	    .max_age_s = max_age_s,
	    .no_evidence = no_evidence,
	    .tool = TOOL,
	    .now = time(NULL),
	};
	if (!drill_run(&o, r, &good, e))
		return false;
	*code = good ? EXIT_GOOD : EXIT_BAD;
	return cmd_print(r, e);
}
