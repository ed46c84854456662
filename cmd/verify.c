#include "cmd.h"

#include "backup/verify.h"
#include "base/cancel.h"

static struct backup_choice which;
static const char *expect;
static int64_t max_age_s, timeout_s = TIMEOUT_S;

static const struct option own[] = {
    WHICH_OPTIONS(which),
    MAX_AGE_OPTION(max_age_s),
    TIMEOUT_OPTION(timeout_s),
    EXPECT_OPTION(expect),
    {0},
};

static const struct options options = {
    .verb = "verify",
    .synopsis = "pgmuster verify --store URL [--key KEY] [OPTION...]",
    .summary = "Read a backup back out of the store and check all that its sidecar and its "
	       "manifest say: digest, frames, structure, every table's rows and fingerprint. "
	       "Needs no server.",
    .own = own,
    .shared = common_options,
    .epilog = EXIT_CODES,
};

bool cmd_verify(int argc, char **argv, int *code, struct err *e)
{
	CLEANUP(report_freep) struct report *r = report_new();
	CLEANUP(expected_stop) struct expected expected = {0};
	bool done, good = false;
	size_t count;

	if (!cmd_parse(&options, argc, argv, &count, &done, e) || done)
		return done;
	cancel_after(timeout_s);
	CLEANUP(store_freep) struct store *store = cmd_store(e);
	if (!store || (expect && !expected_read(expect, &expected, e)))
		return false;
	const struct verify_options o = {
	    .which = which,
	    .max_age_s = max_age_s,
	    .expected = expect ? &expected : NULL,
	    .now = time(NULL),
	};
	if (!verify_run(store, &o, r, &good, e))
		return false;
	*code = good ? EXIT_GOOD : EXIT_BAD;
	return cmd_print(r, e);
}
