#include "backup/meter.h"

#include "base/log.h"

#include <stdlib.h>

struct meter_sink {
	struct sink sink;
	struct sink *next;
	struct meter *meter;
};

static bool meter_write(struct sink *s, const void *data, size_t len, struct err *e)
{
	struct meter_sink *m = (struct meter_sink *)s;
	uint64_t done = atomic_fetch_add(&m->meter->done, len) + len;

	progress_set(m->meter->what, done, m->meter->total);
	return sink_write(m->next, data, len, e);
}

static bool meter_commit(struct sink *s, struct err *e)
{
	return sink_commit(((struct meter_sink *)s)->next, e);
}

static void meter_free(struct sink *s)
{
	free(s);
}

struct sink *sink_meter(struct sink *next, struct meter *meter)
{
	static const struct sink_ops ops = {meter_write, meter_commit, meter_free};
	struct meter_sink *m = xcalloc(1, sizeof *m);

	m->sink.ops = &ops;
	m->next = next;
	m->meter = meter;
	return &m->sink;
}

static bool uncommitted_write(struct sink *s, const void *data, size_t len, struct err *e)
{
	return sink_write(((struct meter_sink *)s)->next, data, len, e);
}

static bool uncommitted_commit(struct sink *s, struct err *e)
{
	(void)s, (void)e;
	return true;
}

struct sink *sink_uncommitted(struct sink *next)
{
	static const struct sink_ops ops = {uncommitted_write, uncommitted_commit, meter_free};
	struct meter_sink *m = xcalloc(1, sizeof *m);

	m->sink.ops = &ops;
	m->next = next;
	return &m->sink;
}
