#include "unit/test_sql_rolls.h"

#include <criterion/criterion.h>
#include <string.h>

bool follow(const char *text, size_t len, size_t piece, const struct follow_options *o,
	    struct roll *roll, struct err *e)
{
	CLEANUP(sink_freep) struct sink *f = sink_follow(NULL, o, roll);

	for (size_t at = 0; at < len; at += piece)
		if (!sink_write(f, text + at, len - at < piece ? len - at : piece, e))
			return false;
	return sink_commit(f, e);
}

void follow_ok(const char *text, const struct follow_options *o, struct roll *roll)
{
	struct err e = {0};

	*roll = (struct roll){0};
	cr_assert(follow(text, strlen(text), SIZE_MAX, o, roll, &e), "%s: %s", text, e.text);
}

void follow_refused(const char *text, const struct follow_options *o, const char *message)
{
	struct roll roll = {0};
	struct err e = {0};

	cr_expect_not(follow(text, strlen(text), SIZE_MAX, o, &roll, &e), "%s", text);
	cr_expect_eq(e.kind, ERR_CORRUPT);
	cr_expect(strstr(e.text, message), "%s: %s", text, e.text);
	roll_stop(&roll);
}

const struct roll_entry *find_entry(const struct roll_database *d, const char *type,
				    const char *schema, const char *name)
{
	for (size_t i = 0; i < d->entry_count; i++)
		if (strcmp(d->entries[i].type, type) == 0 &&
		    strcmp(d->entries[i].schema, schema) == 0 &&
		    strcmp(d->entries[i].name, name) == 0)
			return &d->entries[i];
	return NULL;
}
