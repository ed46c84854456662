#include "backup/reader.h"

#include "backup/key.h"
#include "base/log.h"

#define WINDOW_LOG_OF_OURS 23 /* no frame of ours asks for more than 8 MiB */
#define TAIL_BYTES 65536      /* holds the seek table of some 30 GB of SQL */

static bool read_seek_table(struct reader *r, struct store *store, struct err *e)
{
	const struct backup *b = r->backup;
	uint64_t need = b->bytes < TAIL_BYTES ? b->bytes : TAIL_BYTES;

	for (;;) {
		uint64_t have = need;
		CLEANUP(buf_stop) struct buf tail = BUF_INIT(have, "seek table");
		CLEANUP(sink_freep) struct sink *into = sink_buf(&tail);

		if (!store_get(store, b->key, b->bytes - have, have, b->etag, into, e) ||
		    !seek_table_parse(tail.data, tail.len, b->bytes, &r->frames, &need, e))
			return false;
		if (need <= have)
			return true;
	}
}

bool reader_open(struct reader *r, struct store *store, const struct backup *b, struct err *e)
{
	r->backup = b;
	r->complete = b->status == BACKUP_COMPLETE;
	if (!r->complete)
		return true;
	if (!backup_manifest(store, b->key, &r->manifest, e) || !read_seek_table(r, store, e))
		return err_in(e, "%s", b->key);
	if (r->frames.count != r->manifest.frames)
		return err_set(e, ERR_CORRUPT,
			       "%s: %zu frames in the seek table, %llu in the manifest", b->key,
			       r->frames.count, (unsigned long long)r->manifest.frames);
	return true;
}

static bool choose_and_open(struct reader *r, struct catalogue *c, struct store *store,
			    const struct backup_choice *which, struct err *e)
{
	const struct backup *b;

	if (!catalogue_read(store, c, e))
		return false;
	b = catalogue_choose(c, which, e);
	return b ? reader_open(r, store, b, e) : err_in(e, "%s", store_url(store));
}

bool reader_choose(struct reader *r, struct catalogue *c, struct store *store,
		   const struct backup_choice *which, struct err *e)
{
	if (choose_and_open(r, c, store, which, e))
		return true;
	if (e->kind != ERR_CORRUPT)
		return false;
	log_info("%s; reading it again, to be sure", e->text);
	reader_stop(r);
	catalogue_stop(c);
	*e = (struct err){0};
	return choose_and_open(r, c, store, which, e);
}

void reader_stop(struct reader *r)
{
	manifest_stop(&r->manifest);
	frame_table_stop(&r->frames);
}

bool reader_cost(const struct reader *r, struct range range, uint64_t *bytes, struct err *e)
{
	struct frame_range stored;

	if (!frame_table_find(&r->frames, range.at, range.end - range.at, &stored, e))
		return err_in(e, "%s", r->backup->key);
	*bytes = stored.bytes;
	return true;
}

bool reader_part(const struct reader *r, struct store *store, struct range range, struct sink *into,
		 struct err *e)
{
	const struct unframe_options options = {.window_log_max = WINDOW_LOG_OF_OURS};
	struct frame_range stored;

	if (range.at == range.end)
		return sink_commit(into, e);
	if (!frame_table_find(&r->frames, range.at, range.end - range.at, &stored, e))
		return err_in(e, "%s", r->backup->key);

	CLEANUP(sink_freep)
	struct sink *window = sink_window(into, stored.skip, range.end - range.at);
	CLEANUP(sink_freep) struct sink *plain = sink_unframe(window, &options, e);
	if (!plain)
		return false;
	if (!store_get(store, r->backup->key, stored.at, stored.bytes, r->backup->etag, plain, e))
		return false;
	return sink_commit(plain, e);
}

void reader_seen_stop(struct reader_seen *seen)
{
	unframe_seen_stop(&seen->frames);
}

bool reader_whole(const struct reader *r, struct store *store, struct sink *into,
		  struct reader_seen *seen, struct err *e)
{
	const struct backup *b = r->backup;
	const struct unframe_options options = {
	    .seen = &seen->frames, .window_log_max = r->complete ? WINDOW_LOG_OF_OURS : 0};
	bool gzip = key_has_suffix(b->key, KEY_GZIP_SUFFIX);

	CLEANUP(sink_freep)
	struct sink *plain = gzip ? sink_gunzip(into, e) : sink_unframe(into, &options, e);
	if (!plain)
		return false;
	CLEANUP(sink_freep) struct sink *hash = sink_sha256(plain, &seen->digest);

	return store_get(store, b->key, 0, UINT64_MAX, b->etag, hash, e) && sink_commit(hash, e);
}
