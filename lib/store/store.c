#include "store/store.h"

#include "base/log.h"
#include "store/backend.h"

#include <stdlib.h>
#include <string.h>

#define KEY_MAX_BYTES 1024 /* S3's limit */

bool store_check_key(const char *what, const char *key, struct err *e)
{
	char shown[200];
	size_t part = 0;

	log_safe(key, shown, sizeof shown);
	if (strlen(key) > KEY_MAX_BYTES)
		return err_set(e, ERR_USAGE, "%s %s is longer than %d bytes", what, shown,
			       KEY_MAX_BYTES);
	for (size_t i = 0;; i++) {
		unsigned char c = (unsigned char)key[i];

		if ((c > 0 && c < 0x20) || c == 0x7f)
			return err_set(e, ERR_USAGE, "%s %s has a control character", what, shown);
		if (c != '/' && c != '\0')
			continue;
		if (i == part)
			return err_set(e, ERR_USAGE, "%s \"%s\" has an empty part", what, shown);
		if (strncmp(key + part, "..", i - part) == 0 && i - part <= 2)
			return err_set(e, ERR_USAGE, "%s %s has a \".\" or \"..\" part", what,
				       shown);
		if (c == '\0')
			return true;
		part = i + 1;
	}
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool store_url_decode(char *text, bool plus_is_space)
{
	char *out = text;

	for (const char *in = text; *in; in++) {
		int high, low;

		if (*in != '%') {
			*out++ = *in == '+' && plus_is_space ? ' ' : *in;
			continue;
		}
		high = hex_digit(in[1]);
		low = high < 0 ? -1 : hex_digit(in[2]);
		if (low < 0 || (high == 0 && low == 0))
			return false;
		*out++ = (char)(high << 4 | low);
		in += 2;
	}
	*out = '\0';
	return true;
}

/* An "@" with a ":" or "@" in what stands before the path, where a bucket's name has neither. */
static bool has_credentials(const char *url)
{
	const char *host = strstr(url, "://");
	size_t len = host ? strcspn(host + 3, "/") : 0;

	return host && strchr(host, '@') &&
	       (memchr(host + 3, '@', len) || memchr(host + 3, ':', len));
}

struct store *store_open(const char *url, const struct store_options *options, struct err *e)
{
	static const struct store_options defaults;
	char shown[200];

	if (!options)
		options = &defaults;
	if (has_credentials(url)) {
		err_set(e, ERR_USAGE, "the store's URL has credentials in it"); /* not shown */
		return err_hint(e, "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"), NULL;
	}
	if (strncmp(url, "s3://", 5) == 0)
		return s3_open(url + 5, options, e);
	if (strncmp(url, "file://", 7) == 0)
		return file_open(url + 7, e);
	log_safe(url, shown, sizeof shown);
	err_set(e, ERR_USAGE, "store %s is neither s3:// nor file://", shown);
	err_hint(e, "write s3://bucket/prefix or file:///directory");
	return NULL;
}

void store_freep(struct store **s)
{
	if (*s)
		(*s)->ops->free(*s);
	*s = NULL;
}

const char *store_url(const struct store *s)
{
	return s->url;
}

void store_object_stop(struct store_object *o)
{
	free(o->key);
	free(o->etag);
	*o = (struct store_object){0};
}

struct sink *store_put(struct store *s, const char *key, const struct store_put *put, struct err *e)
{
	static const struct store_put defaults;

	if (!store_check_key("key", key, e))
		return NULL;
	return s->ops->put(s, key, put ? put : &defaults, e);
}

bool store_put_bytes(struct store *s, const char *key, const void *data, size_t len,
		     const char *content_type, struct err *e)
{
	struct store_put put = {.at_most_bytes = len, .content_type = content_type};
	CLEANUP(sink_freep) struct sink *sink = store_put(s, key, &put, e);

	return sink && sink_write(sink, data, len, e) && sink_commit(sink, e);
}

bool store_get(struct store *s, const char *key, uint64_t at, uint64_t bytes, const char *etag,
	       struct sink *into, struct err *e)
{
	if (!store_check_key("key", key, e))
		return false;
	if (bytes != UINT64_MAX && bytes > UINT64_MAX - at)
		return err_set(e, ERR_USAGE, "get %s/%s: range past the largest number", s->url,
			       key);
	return s->ops->get(s, key, at, bytes, etag ? etag : "", into, e);
}

bool store_get_bytes(struct store *s, const char *key, struct buf *into, struct err *e)
{
	CLEANUP(sink_freep) struct sink *sink = sink_buf(into);

	return store_get(s, key, 0, UINT64_MAX, NULL, sink, e);
}

bool store_objects_add(struct store_objects *l, const struct store_object *o, struct err *e)
{
	if (l->count == STORE_OBJECTS_MAX)
		return err_set(e, ERR_SYSTEM, "more than %d objects", STORE_OBJECTS_MAX);
	l->bytes += strlen(o->key) + (o->etag ? strlen(o->etag) : 0);
	if (l->bytes > STORE_OBJECTS_MAX_BYTES)
		return err_set(e, ERR_SYSTEM, "the names of its objects are longer than %zu bytes",
			       STORE_OBJECTS_MAX_BYTES);
	l->items = xgrow(l->items, l->count, &l->cap, sizeof *l->items);
	l->items[l->count++] = (struct store_object){
	    .key = xstrdup(o->key),
	    .bytes = o->bytes,
	    .modified = o->modified,
	    .etag = xstrdup(o->etag ? o->etag : ""),
	};
	return true;
}

static void objects_stop(struct store_objects *l)
{
	for (size_t i = 0; i < l->count; i++)
		store_object_stop(&l->items[i]);
	free(l->items);
}

static int by_key(const void *a, const void *b)
{
	return strcmp(((const struct store_object *)a)->key, ((const struct store_object *)b)->key);
}

/* Not every server lists in byte order, and directories never do: so everything is sorted here. */
bool store_list(struct store *s, const char *prefix, store_handler *handler, void *ctx,
		struct err *e)
{
	CLEANUP(objects_stop) struct store_objects all = {0};

	if (!s->ops->list(s, prefix ? prefix : "", &all, e))
		return err_in(e, "list %s", s->url);
	if (all.count > 0)
		qsort(all.items, all.count, sizeof *all.items, by_key);
	for (size_t i = 0; i < all.count; i++)
		if (!handler(ctx, &all.items[i], e))
			return false;
	return true;
}

bool store_stat(struct store *s, const char *key, struct store_object *out, struct err *e)
{
	*out = (struct store_object){0};
	return store_check_key("key", key, e) && s->ops->stat(s, key, out, e);
}

bool store_remove(struct store *s, const char *key, struct err *e)
{
	return store_check_key("key", key, e) && s->ops->remove(s, key, e);
}

bool store_prepare(struct store *s, int64_t stale_s, bool *exclusive, struct err *e)
{
	*exclusive = false;
	return s->ops->prepare(s, stale_s, exclusive, e);
}
