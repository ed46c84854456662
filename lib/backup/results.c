#include "backup/results.h"

#include "backup/redact.h"

#include <string.h>

void report_databases(struct report *r, const struct roll *roll, const struct differences *d,
		      const char *good_word)
{
	report_list(r, "databases");
	for (size_t i = 0; i < roll->database_count; i++) {
		const struct roll_database *db = &roll->databases[i];
		struct report *row = report_row(r, "databases");
		uint64_t bytes = 0;

		for (size_t j = 0; j < db->table_count; j++)
			bytes += db->tables[j].bytes;
		report_string(row, "database", db->name);
		report_int(row, "tables", (int64_t)db->table_count);
		report_int(row, "rows", (int64_t)roll_rows(db));
		report_bytes(row, "bytes", bytes);
		report_int(row, "sequences", (int64_t)db->sequence_count);
		report_int(row, "large_objects", (int64_t)db->large_objects.count);
		report_string(row, "verdict", differences_of(d, db->name) ? "FAIL" : good_word);
	}
}

static void report_kept(struct report *r, const struct differences *d)
{
	size_t shown = d->count < DIFFERENCES_KEPT ? d->count : DIFFERENCES_KEPT;

	for (size_t i = 0; i < shown; i++) {
		struct report *row = report_row(r, "differences");

		report_string(row, "database", d->items[i].database);
		report_string(row, "difference", d->items[i].what);
	}
}

void report_differences(struct report *r, const struct differences *d,
			const struct differences *more)
{
	report_int(r, "difference_count", (int64_t)(d->count + (more ? more->count : 0)));
	report_hide(r, "difference_count");
	report_list(r, "differences");
	report_kept(r, d);
	if (more)
		report_kept(r, more);
}

void report_not_dumped(struct report *r, const struct pg_database *db, bool for_log)
{
	const char *line = db->not_dumped ? db->not_dumped : "";

	while (*line) {
		size_t len = strcspn(line, "\n");
		CLEANUP(freep) char *statement = xstrndup(line, len);
		struct report *row = report_row(r, "not_in_a_dump");

		if (for_log)
			redact(statement);
		report_string(row, "database", db->name);
		report_string(row, "statement", statement);
		line += len + strspn(line + len, "\n");
	}
}

void report_foreign(struct report *r, const struct backup *b)
{
	if (b->status == BACKUP_COMPLETE)
		return;
	report_item(r, "not_proved", "no manifest: what the server held is not recorded");
	if (!b->has_sidecar)
		report_item(r, "not_proved", "no .sha256: the bytes may not be those written");
}
