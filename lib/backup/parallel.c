#include "backup/parallel.h"

#include <pthread.h>
#include <stdlib.h>

/* Under lock: next, failed, first. Everything else is set before the threads start. */
struct pool {
	pthread_mutex_t lock;
	parallel_work *work;
	void *ctx;
	size_t count, next;
	bool failed;
	struct err first;
};

static bool take(struct pool *p, size_t *i)
{
	pthread_mutex_lock(&p->lock);
	bool some = !p->failed && p->next < p->count;
	*i = p->next;
	p->next += some;
	pthread_mutex_unlock(&p->lock);
	return some;
}

static void *run(void *arg)
{
	struct pool *p = arg;
	struct err e = {0};
	size_t i;

	while (take(p, &i)) {
		if (p->work(p->ctx, i, &e))
			continue;
		pthread_mutex_lock(&p->lock);
		if (!p->failed)
			p->first = e;
		p->failed = true;
		pthread_mutex_unlock(&p->lock);
	}
	return NULL;
}

bool parallel(unsigned jobs, size_t count, parallel_work *work, void *ctx, struct err *e)
{
	struct pool p = {
	    .lock = PTHREAD_MUTEX_INITIALIZER, .work = work, .ctx = ctx, .count = count};
	size_t helpers = jobs > 1 && count > 1 ? (jobs < count ? jobs : count) - 1 : 0;
	CLEANUP(freep) pthread_t *threads = xcalloc(helpers + 1, sizeof *threads);
	size_t started = 0;

	/* Fewer threads than wished for do the same work. */
	while (started < helpers && pthread_create(&threads[started], NULL, run, &p) == 0)
		started++;
	run(&p);
	for (size_t i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
	if (p.failed)
		*e = p.first;
	return !p.failed;
}
