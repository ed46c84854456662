#include "cmd.h"

#include "backup/catalogue.h"

#include <time.h>

static const struct options options = {
    .verb = "list",
    .synopsis = "pgmuster list --store URL [OPTION...]",
    .summary = "What a store holds, oldest first: backups with a manifest (complete), dumps that "
	       "were cut short (incomplete), those of other scripts (foreign), and how the last "
	       "drill of each went.",
    .own = (const struct option[]){{0}},
    .shared = common_options,
    .epilog = EXIT_CODES,
};

static void row(struct report *r, const struct backup *b, time_t now)
{
	struct report *line = report_row(r, "backups");
	char when[ISO8601_SIZE];
	bool complete = b->status == BACKUP_COMPLETE;

	clock_iso8601(b->time, when);
	report_string(line, "time", when);
	report_seconds(line, "age_seconds", (double)(now - b->time));
	report_string(line, "key", b->key);
	report_string(line, "status", backup_status_name(b->status));
	report_bytes(line, "bytes", b->bytes);
	if (complete) {
		report_int(line, "databases", (int64_t)b->databases);
		report_int(line, "rows", (int64_t)b->rows);
	} else {
		report_string(line, "databases", NULL);
		report_string(line, "rows", NULL);
	}
	clock_iso8601(b->drilled, when);
	report_string(line, "drilled", b->drilled ? when : NULL);
	report_string(line, "drill",
		      b->drill_verdict ? b->drill_verdict
		      : complete       ? "never"
				       : NULL);
	if (b->problem)
		report_string(line, "problem", b->problem);
}

bool cmd_list(int argc, char **argv, int *code, struct err *e)
{
	CLEANUP(report_freep) struct report *r = report_new();
	CLEANUP(catalogue_stop) struct catalogue c = {0};
	size_t count, complete = 0;
	bool done;

	(void)code;
	if (!cmd_parse(&options, argc, argv, &count, &done, e) || done)
		return done;
	CLEANUP(store_freep) struct store *store = cmd_store(e);
	if (!store || !catalogue_read(store, &c, e))
		return false;
	report_string(r, "store", store_url(store));
	report_list(r, "backups");
	for (size_t i = 0; i < c.count; i++) {
		row(r, &c.backups[i], time(NULL));
		complete += c.backups[i].status == BACKUP_COMPLETE;
	}
	report_int(r, "unreadable_evidence", (int64_t)c.unreadable_evidence);
	report_hide(r, "unreadable_evidence");
	report_closing(r, "%zu complete of %zu", complete, c.count);
	return cmd_print(r, e);
}
