#include "store/s3_parts.h"

#include "base/cancel.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * The hand-over. A buffer belongs to the writer while it is PART_TAKEN and to one worker while it
 * is PART_SENDING; its state changes under the lock, and nobody touches the others. All that comes
 * after "under the lock" is read and written under it. The store's settings do not change.
 * stop is set once, by the first failure or by freep, and ends requests in flight and waits.
 */
struct s3_parts {
	struct s3 *s;
	const char *key;
	size_t part_bytes;
	atomic_bool stop;
	pthread_mutex_t lock;
	pthread_cond_t changed;

	/* under the lock */
	struct s3_part *parts;
	size_t part_count;
	struct s3_part_done *done;
	size_t done_count, done_cap;
	bool failed;
	struct err why;

	/* the writer's */
	pthread_t *threads;
	size_t thread_count;
};

struct s3_parts *s3_parts_new(struct s3 *s, const char *key, size_t part_bytes)
{
	struct s3_parts *p = xcalloc(1, sizeof *p);
	pthread_condattr_t attr;

	p->s = s;
	p->key = key;
	p->part_bytes = part_bytes;
	p->part_count = (size_t)s->parts_in_flight + 1;
	p->parts = xcalloc(p->part_count, sizeof *p->parts);
	p->threads = xcalloc(s->parts_in_flight, sizeof *p->threads);
	pthread_mutex_init(&p->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&p->changed, &attr);
	pthread_condattr_destroy(&attr);
	return p;
}

static void stop(struct s3_parts *p)
{
	pthread_mutex_lock(&p->lock);
	atomic_store(&p->stop, true);
	pthread_cond_broadcast(&p->changed);
	pthread_mutex_unlock(&p->lock);
}

void s3_parts_freep(struct s3_parts **at)
{
	struct s3_parts *p = *at;

	if (!p)
		return;
	*at = NULL;
	stop(p);
	for (size_t i = 0; i < p->thread_count; i++)
		pthread_join(p->threads[i], NULL);
	for (size_t i = 0; i < p->part_count; i++)
		free(p->parts[i].data);
	pthread_cond_destroy(&p->changed);
	pthread_mutex_destroy(&p->lock);
	free(p->threads);
	free(p->parts);
	free(p->done);
	free(p);
}

static bool send_part(struct s3_parts *p, struct http *http, const struct s3_part *part,
		      struct s3_part_done *done, struct err *e)
{
	CLEANUP(freep) char *id = s3_encode(part->id, 0);
	CLEANUP(freep) char *query = xasprintf("partNumber=%u&uploadId=%s", part->number, id);
	CLEANUP(freep) char *target = s3_target(p->s, p->key, query);
	CLEANUP(s3_answer_stop) struct s3_answer a = {0};
	char md5[S3_MD5_HEADER];
	struct s3_call call = {
	    .request = {.method = "PUT",
			.target = target,
			.headers = {"Content-Type: application/octet-stream", md5},
			.body = part->data,
			.len = part->len},
	    .action = S3_WRITE,
	    .wants_etag = true,
	    .stop = &p->stop,
	};

	s3_md5(part->data, part->len, done->md5, md5);
	if (!s3_call(p->s, http, &call, &a, e))
		return err_in(e, "part %u", part->number);
	snprintf(done->etag, sizeof done->etag, "%s", a.http.etag);
	return true;
}

/* The lowest number first, so that a short upload ends in order. Under the lock. */
static struct s3_part *find_ready(const struct s3_parts *p)
{
	struct s3_part *found = NULL;

	for (size_t i = 0; i < p->part_count; i++)
		if (p->parts[i].state == PART_READY &&
		    (!found || p->parts[i].number < found->number))
			found = &p->parts[i];
	return found;
}

static void *work(void *ctx)
{
	struct s3_parts *p = ctx;
	CLEANUP(http_freep) struct http *http = http_new(&p->s->server, &p->stop);

	pthread_mutex_lock(&p->lock);
	while (!atomic_load(&p->stop)) {
		struct s3_part *part = find_ready(p);
		struct s3_part_done done = {0};
		struct err why = {0};
		bool ok;

		if (!part) {
			pthread_cond_wait(&p->changed, &p->lock);
			continue;
		}
		part->state = PART_SENDING;
		pthread_mutex_unlock(&p->lock);
		ok = send_part(p, http, part, &done, &why);
		pthread_mutex_lock(&p->lock);
		part->state = PART_EMPTY;
		if (ok) {
			p->done[part->number - 1] = done;
		} else if (!p->failed) {
			p->failed = true;
			p->why = why;
			atomic_store(&p->stop, true);
		}
		pthread_cond_broadcast(&p->changed);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

/* Under the lock, which it lets go meanwhile. */
static bool wait_for_change(struct s3_parts *p, struct err *e)
{
	struct timespec until;

	if (p->failed) {
		*e = p->why;
		return false;
	}
	if (!cancel_check(e))
		return false;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += 200000000;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	pthread_cond_timedwait(&p->changed, &p->lock, &until);
	return true;
}

static struct s3_part *find_empty(const struct s3_parts *p)
{
	for (size_t i = 0; i < p->part_count; i++)
		if (p->parts[i].state == PART_EMPTY)
			return &p->parts[i];
	return NULL;
}

struct s3_part *s3_parts_take(struct s3_parts *p, struct err *e)
{
	struct s3_part *part = NULL;
	bool ok = true;

	pthread_mutex_lock(&p->lock);
	while (ok && (p->failed || !(part = find_empty(p))))
		ok = wait_for_change(p, e);
	if (ok)
		part->state = PART_TAKEN;
	pthread_mutex_unlock(&p->lock);
	if (!ok)
		return NULL;
	if (!part->data)
		part->data = xcalloc(p->part_bytes, 1);
	part->len = 0;
	return part;
}

/* Signals are for the thread that waits in poll, so that it wakes up at once. */
static bool start_thread(struct s3_parts *p, struct err *e)
{
	sigset_t all, old;
	int rc;

	if (p->thread_count == p->s->parts_in_flight)
		return true;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = pthread_create(&p->threads[p->thread_count], NULL, work, p);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (rc == 0)
		p->thread_count++;
	else if (p->thread_count == 0)
		return err_set(e, ERR_SYSTEM, "start a thread: %s", strerror(rc));
	return true;
}

bool s3_parts_send(struct s3_parts *p, struct s3_part *part, const char *id, struct err *e)
{
	pthread_mutex_lock(&p->lock);
	p->done = xgrow(p->done, p->done_count, &p->done_cap, sizeof *p->done);
	part->number = (unsigned)++p->done_count;
	part->id = id;
	part->state = PART_READY;
	pthread_cond_broadcast(&p->changed);
	pthread_mutex_unlock(&p->lock);
	return start_thread(p, e);
}

static bool all_empty(const struct s3_parts *p)
{
	for (size_t i = 0; i < p->part_count; i++)
		if (p->parts[i].state != PART_EMPTY)
			return false;
	return true;
}

bool s3_parts_wait(struct s3_parts *p, struct err *e)
{
	bool ok = true;

	pthread_mutex_lock(&p->lock);
	while (ok && (p->failed || !all_empty(p)))
		ok = wait_for_change(p, e);
	pthread_mutex_unlock(&p->lock);
	return ok;
}

const struct s3_part_done *s3_parts_done(const struct s3_parts *p, size_t *count)
{
	*count = p->done_count;
	return p->done;
}
