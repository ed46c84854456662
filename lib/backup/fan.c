#include "backup/fan.h"

#include "base/log.h"

#include <stdlib.h>

struct fan_sink {
	struct sink sink;
	struct fan_branch *branches;
	size_t count;
};

static void fail(struct fan_branch *b, const struct err *e)
{
	b->failed = true;
	b->error = *e;
	sink_free(b->sink); /* at once: an upload that nobody will finish holds memory and parts */
	b->sink = NULL;
	log_warn("%s: %s", b->name, e->text);
}

static bool any_left(const struct fan_sink *f, struct err *e)
{
	for (size_t i = 0; i < f->count; i++)
		if (!f->branches[i].failed)
			return true;
	*e = f->branches[0].error;
	return err_in(e, "%s", f->branches[0].name);
}

static bool fan_write(struct sink *s, const void *data, size_t len, struct err *e)
{
	struct fan_sink *f = (struct fan_sink *)s;

	for (size_t i = 0; i < f->count; i++) {
		struct fan_branch *b = &f->branches[i];

		if (b->failed || sink_write(b->sink, data, len, e))
			continue;
		if (e->kind == ERR_CANCELLED)
			return false;
		fail(b, e);
	}
	return any_left(f, e);
}

static bool fan_commit(struct sink *s, struct err *e)
{
	struct fan_sink *f = (struct fan_sink *)s;

	for (size_t i = 0; i < f->count; i++) {
		struct fan_branch *b = &f->branches[i];

		if (b->failed || sink_commit(b->sink, e))
			continue;
		if (e->kind == ERR_CANCELLED)
			return false;
		fail(b, e);
	}
	return any_left(f, e);
}

static void fan_free(struct sink *s)
{
	free(s);
}

struct sink *sink_fan(struct fan_branch *branches, size_t count)
{
	static const struct sink_ops ops = {fan_write, fan_commit, fan_free};
	struct fan_sink *f = xcalloc(1, sizeof *f);

	f->sink.ops = &ops;
	f->branches = branches;
	f->count = count;
	return &f->sink;
}
