#include "support/probe.h"

#include <stdlib.h>
#include <string.h>

static bool probe_write(struct sink *s, const void *data, size_t len, struct err *e)
{
	struct probe *p = (struct probe *)s;

	if (len > p->limit - p->len)
		return err_set(e, ERR_TRANSIENT, "probe full");
	p->data = xrealloc(p->data, p->len + len);
	memcpy(p->data + p->len, data, len);
	p->len += len;
	return true;
}

static bool probe_commit(struct sink *s, struct err *e)
{
	struct probe *p = (struct probe *)s;

	if (p->fail_commit)
		return err_set(e, ERR_TRANSIENT, "probe refuses");
	return p->committed = true;
}

static void probe_free(struct sink *s)
{
	(void)s; /* the test owns it, and looks at it afterwards */
}

void probe_init(struct probe *p, size_t limit)
{
	static const struct sink_ops ops = {probe_write, probe_commit, probe_free};

	*p = (struct probe){.sink.ops = &ops, .limit = limit};
}

void probe_stop(struct probe *p)
{
	free(p->data);
}
