#include "stream/sink.h"

#include "base/cancel.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

bool sink_write(struct sink *s, const void *data, size_t len, struct err *e)
{
	return len == 0 || s->ops->write(s, data, len, e);
}

bool sink_commit(struct sink *s, struct err *e)
{
	return s->ops->commit(s, e);
}

void sink_free(struct sink *s)
{
	if (s)
		s->ops->free(s);
}

void sink_freep(struct sink **s)
{
	sink_free(*s);
}

bool sink_pump_while(struct sink *s, int fd, int idle_ms, bool *idle, struct err *e)
{
	char buf[65536];

	for (;;) {
		ssize_t n;

		if (!cancel_wait(fd, POLLIN, idle_ms, e)) {
			*idle = e->kind == ERR_TRANSIENT;
			return false;
		}
		n = read(fd, buf, sizeof buf);
		if (n == 0)
			return true;
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n < 0)
			return err_sys(e, "read");
		if (!sink_write(s, buf, (size_t)n, e))
			return false;
	}
}

bool sink_pump(struct sink *s, int fd, struct err *e)
{
	bool idle;

	return sink_pump_while(s, fd, -1, &idle, e);
}

static void free_only(struct sink *s)
{
	free(s);
}

static bool null_write(struct sink *s, const void *data, size_t len, struct err *e)
{
	(void)s, (void)data, (void)len, (void)e;
	return true;
}

static bool null_commit(struct sink *s, struct err *e)
{
	(void)s, (void)e;
	return true;
}

struct sink *sink_null(void)
{
	static const struct sink_ops ops = {null_write, null_commit, free_only};
	struct sink *s = xcalloc(1, sizeof *s);

	s->ops = &ops;
	return s;
}

struct buf_sink {
	struct sink sink;
	struct buf *into;
};

static bool buf_write(struct sink *s, const void *data, size_t len, struct err *e)
{
	return buf_add(((struct buf_sink *)s)->into, data, len, e);
}

struct sink *sink_buf(struct buf *into)
{
	static const struct sink_ops ops = {buf_write, null_commit, free_only};
	struct buf_sink *b = xcalloc(1, sizeof *b);

	b->sink.ops = &ops;
	b->into = into;
	return &b->sink;
}

struct tee_sink {
	struct sink sink;
	struct sink *a, *b;
};

static bool tee_write(struct sink *s, const void *data, size_t len, struct err *e)
{
	struct tee_sink *t = (struct tee_sink *)s;

	return sink_write(t->a, data, len, e) && sink_write(t->b, data, len, e);
}

static bool tee_commit(struct sink *s, struct err *e)
{
	struct tee_sink *t = (struct tee_sink *)s;

	return sink_commit(t->a, e) && sink_commit(t->b, e);
}

struct sink *sink_tee(struct sink *a, struct sink *b)
{
	static const struct sink_ops ops = {tee_write, tee_commit, free_only};
	struct tee_sink *t = xcalloc(1, sizeof *t);

	t->sink.ops = &ops;
	t->a = a;
	t->b = b;
	return &t->sink;
}

struct window_sink {
	struct sink sink;
	struct sink *next;
	uint64_t skip, take; /* still to skip, still to pass on */
	bool to_the_end;
};

static bool window_write(struct sink *s, const void *data, size_t len, struct err *e)
{
	struct window_sink *w = (struct window_sink *)s;
	size_t skip = len < w->skip ? len : (size_t)w->skip;
	size_t take = len - skip < w->take ? len - skip : (size_t)w->take;

	w->skip -= skip;
	if (!w->to_the_end)
		w->take -= take;
	return sink_write(w->next, (const char *)data + skip, take, e);
}

static bool window_commit(struct sink *s, struct err *e)
{
	struct window_sink *w = (struct window_sink *)s;

	if (w->skip > 0 || (w->take > 0 && !w->to_the_end))
		return err_set(e, ERR_CORRUPT, "the stream ends %llu bytes too early",
			       (unsigned long long)(w->skip + (w->to_the_end ? 0 : w->take)));
	return sink_commit(w->next, e);
}

struct sink *sink_window(struct sink *next, uint64_t skip, uint64_t take)
{
	static const struct sink_ops ops = {window_write, window_commit, free_only};
	struct window_sink *w = xcalloc(1, sizeof *w);

	w->sink.ops = &ops;
	w->next = next;
	w->skip = skip;
	w->take = take;
	w->to_the_end = take == UINT64_MAX;
	return &w->sink;
}
