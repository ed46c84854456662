/*
 * The hand-over. Each worker has one frame at a time, and its state says whose that frame is:
 *
 *   IDLE    the writer's: it puts content into plain and makes it FILLED;
 *   FILLED  the worker's: it compresses plain into packed and makes it PACKED;
 *   PACKED  the writer's again: it takes packed.
 *
 * A worker's lock guards its state and quit; everything else of it belongs to whom the state says.
 * The writer and the worker never wait on changed at the same time. Frame n goes to worker n modulo
 * their number, and the writer takes what that worker made before it hands over the next: order
 * needs no more than that.
 *
 * The writer has one plain and one packed buffer of its own. It swaps them for the worker's, so
 * that the worker compresses while the writer passes on the frame before and fills the one after.
 */
#include "stream/seek_table.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

enum worker_state { IDLE, FILLED, PACKED };

struct worker {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	enum worker_state state;
	bool quit;
	ZSTD_CCtx *ctx;
	char *plain, *packed;
	size_t plain_len, packed_cap;
	size_t packed_len; /* or zstd's error code */
};

struct frames_sink {
	struct sink sink;
	struct sink *next;
	struct frame_table *out;
	struct frame_table table;
	char mark[SKIPPABLE_HEADER + FRAMES_MARK_MAX];
	size_t mark_len;
	char *plain, *packed;
	size_t plain_len, frame_bytes;
	unsigned worker_count; /* those that have been started */
	unsigned turn;
	struct worker workers[];
};

static void *work(void *arg)
{
	struct worker *w = arg;

	pthread_mutex_lock(&w->lock);
	while (!w->quit) {
		if (w->state != FILLED) {
			pthread_cond_wait(&w->changed, &w->lock);
			continue;
		}
		pthread_mutex_unlock(&w->lock);
		w->packed_len =
		    ZSTD_compress2(w->ctx, w->packed, w->packed_cap, w->plain, w->plain_len);
		pthread_mutex_lock(&w->lock);
		w->state = PACKED;
		pthread_cond_signal(&w->changed);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

/* Wait until w is the writer's. */
static enum worker_state await(struct worker *w)
{
	enum worker_state state;

	pthread_mutex_lock(&w->lock);
	while (w->state == FILLED)
		pthread_cond_wait(&w->changed, &w->lock);
	state = w->state;
	pthread_mutex_unlock(&w->lock);
	return state;
}

static void set_state(struct worker *w, enum worker_state state)
{
	pthread_mutex_lock(&w->lock);
	w->state = state;
	pthread_cond_signal(&w->changed);
	pthread_mutex_unlock(&w->lock);
}

static void swap(char **a, char **b)
{
	char *c = *a;

	*a = *b;
	*b = c;
}

/* Pass on one frame, of packed_len bytes for plain_len, or what went wrong with it. */
static bool emit(struct frames_sink *f, const char *packed, size_t packed_len, size_t plain_len,
		 struct err *e)
{
	if (ZSTD_isError(packed_len))
		abort(); /* there is room for whatever it makes, so it was out of memory */
	if (!frame_table_add(&f->table, packed_len, plain_len)) {
		err_set(e, ERR_USAGE, "compress: more than %zu frames", FRAMES_MAX);
		return err_hint(e, "larger frames hold more");
	}
	return sink_write(f->next, packed, packed_len, e);
}

/* Before the first frame. */
static bool emit_mark(struct frames_sink *f, struct err *e)
{
	return f->table.count > 0 || emit(f, f->mark, f->mark_len, 0, e);
}

/* The first len bytes become a frame; what is behind them stays with the writer. */
static bool hand_over(struct frames_sink *f, size_t len, struct err *e)
{
	struct worker *w = &f->workers[f->turn];
	bool made = await(w) == PACKED;
	size_t packed_len = w->packed_len, plain_len = w->plain_len;

	f->turn = (f->turn + 1) % f->worker_count;
	swap(&f->plain, &w->plain);
	swap(&f->packed, &w->packed);
	f->plain_len -= len;
	memcpy(f->plain, w->plain + len, f->plain_len);
	w->plain_len = len;
	set_state(w, FILLED);
	return !made || emit(f, f->packed, packed_len, plain_len, e);
}

static bool frames_write(struct sink *s, const void *data, size_t len, struct err *e)
{
	struct frames_sink *f = (struct frames_sink *)s;
	const char *p = data;

	if (!emit_mark(f, e))
		return false;
	while (len > 0) {
		size_t room = f->frame_bytes - f->plain_len;
		size_t piece = len < room ? len : room;

		memcpy(f->plain + f->plain_len, p, piece);
		f->plain_len += piece;
		p += piece;
		len -= piece;
		if (f->plain_len == f->frame_bytes) {
			const char *line_end = memrchr(f->plain, '\n', f->plain_len);
			size_t cut = line_end ? (size_t)(line_end + 1 - f->plain) : f->plain_len;

			if (!hand_over(f, cut, e))
				return false;
		}
	}
	return true;
}

static bool frames_commit(struct sink *s, struct err *e)
{
	struct frames_sink *f = (struct frames_sink *)s;

	if (!emit_mark(f, e))
		return false;
	if (f->plain_len > 0 && !hand_over(f, f->plain_len, e))
		return false;
	for (unsigned i = 0; i < f->worker_count; i++) {
		struct worker *w = &f->workers[(f->turn + i) % f->worker_count];

		if (await(w) == PACKED && !emit(f, w->packed, w->packed_len, w->plain_len, e))
			return false;
	}
	if (!seek_table_write(&f->table, f->next, e))
		return false;
	if (f->out) {
		*f->out = f->table;
		f->table = (struct frame_table){0};
	}
	return sink_commit(f->next, e);
}

static void worker_free(struct worker *w)
{
	pthread_cond_destroy(&w->changed);
	pthread_mutex_destroy(&w->lock);
	ZSTD_freeCCtx(w->ctx);
	free(w->plain);
	free(w->packed);
}

static void frames_free(struct sink *s)
{
	struct frames_sink *f = (struct frames_sink *)s;

	for (unsigned i = 0; i < f->worker_count; i++) {
		struct worker *w = &f->workers[i];

		pthread_mutex_lock(&w->lock);
		w->quit = true;
		pthread_cond_signal(&w->changed);
		pthread_mutex_unlock(&w->lock);
	}
	for (unsigned i = 0; i < f->worker_count; i++) {
		struct worker *w = &f->workers[i];

		pthread_join(w->thread, NULL);
		worker_free(w);
	}
	frame_table_stop(&f->table);
	free(f->plain);
	free(f->packed);
	free(f);
}

static bool worker_start(struct worker *w, int level, size_t frame_bytes, struct err *e)
{
	sigset_t all, before;

	w->ctx = ZSTD_createCCtx();
	if (!w->ctx)
		abort();
	if (ZSTD_isError(ZSTD_CCtx_setParameter(w->ctx, ZSTD_c_compressionLevel, level)) ||
	    ZSTD_isError(ZSTD_CCtx_setParameter(w->ctx, ZSTD_c_contentSizeFlag, 1)) ||
	    ZSTD_isError(ZSTD_CCtx_setParameter(w->ctx, ZSTD_c_checksumFlag, 1)))
		abort();
	w->packed_cap = ZSTD_compressBound(frame_bytes);
	w->plain = xcalloc(1, frame_bytes);
	w->packed = xcalloc(1, w->packed_cap);
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->changed, NULL);

	/* Signals are for the thread that waits for descriptors: they have to wake it. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	errno = pthread_create(&w->thread, NULL, work, w);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (errno == 0)
		return true;
	err_sys(e, "start a compressing thread");
	worker_free(w);
	return false;
}

struct sink *sink_frames(struct sink *next, const struct frames_options *o, struct frame_table *out,
			 struct err *e)
{
	static const struct sink_ops ops = {frames_write, frames_commit, frames_free};
	unsigned threads = o->threads ? o->threads : 1;
	int level = o->level ? o->level : 3;
	size_t mark_len = strlen(o->mark);
	CLEANUP(sink_freep) struct sink *s = NULL;
	struct frames_sink *f;

	assert(mark_len >= 1 && mark_len <= FRAMES_MARK_MAX);
	assert(o->frame_bytes <= 64 * MIB);
	if (level < 1 || level > 19) {
		err_set(e, ERR_USAGE, "zstd level %d: must be 1 to 19", level);
		return NULL;
	}
	f = xcalloc(1, sizeof *f + threads * sizeof *f->workers);
	f->sink.ops = &ops;
	s = &f->sink;
	f->next = next;
	f->out = out;
	put_le32(f->mark, FRAMES_MARK_MAGIC);
	put_le32(f->mark + 4, (uint32_t)mark_len);
	memcpy(f->mark + SKIPPABLE_HEADER, o->mark, mark_len);
	f->mark_len = SKIPPABLE_HEADER + mark_len;
	f->frame_bytes = o->frame_bytes ? o->frame_bytes : FRAMES_DEFAULT_BYTES;
	f->plain = xcalloc(1, f->frame_bytes);
	f->packed = xcalloc(1, ZSTD_compressBound(f->frame_bytes));
	for (; f->worker_count < threads; f->worker_count++)
		if (!worker_start(&f->workers[f->worker_count], level, f->frame_bytes, e))
			return NULL;
	return STEAL(s);
}
