#include "backup/tally.h"

#include "backup/redact.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

bool allow_list_parse(const char *const *texts, size_t count, struct allow_list *list,
		      struct err *e)
{
	list->items = xcalloc(count + 1, sizeof *list->items);
	for (size_t i = 0; i < count; i++) {
		struct allowed_error *a = &list->items[list->count++];
		size_t n = strspn(texts[i], "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ");

		if (n != 5 || (texts[i][5] != '\0' && texts[i][5] != ':')) {
			err_set(e, ERR_USAGE, "--allow-error %s: no SQLSTATE", texts[i]);
			return err_hint(e, "write five characters, such as 42704, or "
					   "42704:text-of-the-statement");
		}
		memcpy(a->sqlstate, texts[i], 5);
		a->text = texts[i][5] == ':' ? xstrdup(texts[i] + 6) : NULL;
	}
	return true;
}

void allow_list_stop(struct allow_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i].text);
	free(list->items);
	*list = (struct allow_list){0};
}

/* The beginning of a statement, on one line. */
static char *excerpt(const char *text, size_t len)
{
	char *out = xstrndup(text, len < 200 ? len : 200);

	redact(out);
	for (char *p = out; *p; p++)
		if (*p == '\n')
			*p = ' ';
	return out;
}

static bool is_allowed(const struct allow_list *list, const char *sqlstate, const char *statement)
{
	for (size_t i = 0; list && i < list->count; i++) {
		const struct allowed_error *a = &list->items[i];

		if (strcmp(a->sqlstate, sqlstate) == 0 && (!a->text || strstr(statement, a->text)))
			return true;
	}
	return false;
}

static void failure_stop(struct sql_failure *f)
{
	free(f->message);
	free(f->statement);
	free(f->database);
	free(f->tolerated);
}

static void keep(struct tally *t, struct sql_failure f)
{
	if (f.tolerated)
		t->tolerated++;
	else
		t->failed++;
	if (t->kept == TALLY_KEPT) {
		failure_stop(&f);
		return;
	}
	t->items = xgrow(t->items, t->kept, &t->cap, sizeof *t->items);
	t->items[t->kept++] = f;
}

void tally_add(struct tally *t, const struct pg_error *what, const struct sql_site *site,
	       const char *tolerated, const struct allow_list *allowed)
{
	CLEANUP(freep) char *whole = xstrndup(site->statement, site->statement_len);
	struct sql_failure f = {
	    .message = xstrdup(what->message),
	    .statement = excerpt(site->statement, site->statement_len),
	    .database = xstrdup(site->database),
	    .at = site->at,
	};

	memcpy(f.sqlstate, what->sqlstate, sizeof f.sqlstate);
	if (!tolerated && is_allowed(allowed, what->sqlstate, whole))
		tolerated = "allowed by option";
	f.tolerated = tolerated ? xstrdup(tolerated) : NULL;
	keep(t, f);
}

void tally_merge(struct tally *into, struct tally *from)
{
	uint64_t failed = from->failed + into->failed;
	uint64_t tolerated = from->tolerated + into->tolerated;

	for (size_t i = 0; i < from->kept; i++)
		keep(into, from->items[i]);
	into->statements += from->statements;
	into->failed = failed;
	into->tolerated = tolerated;
	free(from->items);
	*from = (struct tally){0};
}

void tally_stop(struct tally *t)
{
	for (size_t i = 0; i < t->kept; i++)
		failure_stop(&t->items[i]);
	free(t->items);
	*t = (struct tally){0};
}

void tally_report(const struct tally *t, struct report *r)
{
	report_int(r, "statements", (int64_t)t->statements);
	report_int(r, "failed_statements", (int64_t)t->failed);
	report_int(r, "tolerated_statements", (int64_t)t->tolerated);
	report_list(r, "errors");
	report_list(r, "tolerated");
	for (size_t i = 0; i < t->kept; i++) {
		const struct sql_failure *f = &t->items[i];
		struct report *row = report_row(r, f->tolerated ? "tolerated" : "errors");

		report_string(row, "database", f->database);
		report_string(row, "sqlstate", f->sqlstate);
		report_string(row, "message", f->message);
		report_string(row, "statement", f->statement);
		report_int(row, "at", (int64_t)f->at);
		report_hide(row, "at");
		if (f->tolerated)
			report_string(row, "why", f->tolerated);
	}
}
