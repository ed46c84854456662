#include "store/s3.h"

#include "store/s3_xml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGES_MAX 5000 /* a server that never says it is done */

/* S3's times are ISO 8601 with fractions of a second. */
static time_t parse_time(const char *text)
{
	struct tm tm = {0};

	return strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) ? timegm(&tm) : 0;
}

/* One entry of a listing: the values between its start and its end. */
struct entry {
	char *key, *etag, *id;
	uint64_t bytes;
	time_t time;
};

static void entry_stop(struct entry *n)
{
	free(n->key);
	free(n->etag);
	free(n->id);
	*n = (struct entry){0};
}

static void keep(char **into, const char *text)
{
	free(*into);
	*into = xstrdup(text);
}

struct page {
	const char *root;
	struct entry entry;
	bool truncated, encoded;
	char *next_token, *next_key, *next_id;
	bool (*handler)(void *ctx, const struct entry *, struct err *);
	void *ctx;
	const char *entry_name;
};

static void page_stop(struct page *p)
{
	entry_stop(&p->entry);
	freep(&p->next_token);
	freep(&p->next_key);
	freep(&p->next_id);
}

static bool on_entry_end(struct page *p, struct err *e)
{
	bool ok = true;

	if (p->entry.key && (!p->encoded || store_url_decode(p->entry.key, true)))
		ok = p->handler(p->ctx, &p->entry, e);
	entry_stop(&p->entry);
	return ok;
}

static bool on_element(void *ctx, const char *path, const char *text, struct err *e)
{
	struct page *p = ctx;
	size_t root = strlen(p->root), entry = strlen(p->entry_name);
	const char *name = path + root + 1;

	if (strncmp(path, p->root, root) != 0 || path[root] != '/')
		return true;
	if (strncmp(name, p->entry_name, entry) == 0 && name[entry] == '/') {
		name += entry + 1;
		if (strcmp(name, "Key") == 0)
			keep(&p->entry.key, text);
		else if (strcmp(name, "ETag") == 0)
			keep(&p->entry.etag, text);
		else if (strcmp(name, "UploadId") == 0)
			keep(&p->entry.id, text);
		else if (strcmp(name, "Size") == 0)
			p->entry.bytes = strtoull(text, NULL, 10);
		else if (strcmp(name, "LastModified") == 0 || strcmp(name, "Initiated") == 0)
			p->entry.time = parse_time(text);
	} else if (strcmp(name, p->entry_name) == 0) {
		return on_entry_end(p, e);
	} else if (strcmp(name, "IsTruncated") == 0) {
		p->truncated = strcmp(text, "true") == 0;
	} else if (strcmp(name, "NextContinuationToken") == 0) {
		keep(&p->next_token, text);
	} else if (strcmp(name, "NextKeyMarker") == 0) {
		keep(&p->next_key, text);
	} else if (strcmp(name, "NextUploadIdMarker") == 0) {
		keep(&p->next_id, text);
	}
	return true;
}

/* Whether keys are encoded may be said after them, so it is looked for first. */
static bool get_page(struct s3 *s, struct page *p, const char *query, enum s3_action action,
		     struct err *e)
{
	CLEANUP(freep) char *target = s3_target(s, "", query);
	CLEANUP(freep) char *path = xasprintf("%s/EncodingType", p->root);
	CLEANUP(freep) char *encoding = NULL;
	CLEANUP(s3_answer_stop) struct s3_answer a = {0};
	struct s3_call call = {
	    .request = {.method = "GET", .target = target},
	    .action = action,
	    .wants = p->root,
	};
	const struct buf *body = &a.http.body;

	if (!s3_call(s, s->http, &call, &a, e))
		return false;
	encoding = s3_xml_find(body->data, body->len, path);
	p->encoded = encoding && strcmp(encoding, "url") == 0;
	p->truncated = false;
	return s3_xml_parse(body->data, body->len, on_element, p, e);
}

struct objects {
	const struct s3 *s;
	const char *prefix; /* the full one */
	struct store_objects *into;
};

static bool add_object(void *ctx, const struct entry *n, struct err *e)
{
	const struct objects *o = ctx;
	size_t root = o->s->prefix[0] ? strlen(o->s->prefix) + 1 : 0;
	struct store_object object = {.bytes = n->bytes, .modified = n->time, .etag = n->etag};

	/* Of a server that did not look at the prefix, and the folder's own mark. */
	if (strncmp(n->key, o->prefix, strlen(o->prefix)) != 0 || n->key[root] == '\0')
		return true;
	object.key = n->key + root;
	return store_objects_add(o->into, &object, e);
}

bool s3_list(struct store *store, const char *prefix, struct store_objects *into, struct err *e)
{
	struct s3 *s = (struct s3 *)store;
	CLEANUP(freep) char *full = s3_full_key(s, prefix);
	CLEANUP(freep) char *encoded = s3_encode(full, 0);
	CLEANUP(freep) char *token = NULL;
	struct objects objects = {.s = s, .prefix = full, .into = into};

	for (int pages = 0; pages < PAGES_MAX; pages++) {
		CLEANUP(page_stop)
		struct page p = {
		    .root = "ListBucketResult",
		    .entry_name = "Contents",
		    .handler = add_object,
		    .ctx = &objects,
		};
		CLEANUP(freep)
		char *query = xasprintf("%s%s%sencoding-type=url&list-type=2&prefix=%s",
					token ? "continuation-token=" : "", token ? token : "",
					token ? "&" : "", encoded);

		if (!get_page(s, &p, query, S3_LIST, e))
			return false;
		if (!p.truncated)
			return true;
		if (!p.next_token || p.next_token[0] == '\0')
			return err_set(e, ERR_SYSTEM, "the server's listing has no continuation");
		CLEANUP(freep) char *last = STEAL(token);
		token = s3_encode(p.next_token, 0);
		if (last && strcmp(token, last) == 0)
			return err_set(e, ERR_SYSTEM, "the server's listing goes in a circle");
	}
	return err_set(e, ERR_SYSTEM, "the server's listing does not end");
}

struct uploads {
	const char *prefix;
	s3_upload_handler *handler;
	void *ctx;
};

static bool pass_upload(void *ctx, const struct entry *n, struct err *e)
{
	const struct uploads *u = ctx;
	struct s3_upload upload = {.key = n->key, .id = n->id, .initiated = n->time};

	if (!n->id || strncmp(n->key, u->prefix, strlen(u->prefix)) != 0)
		return true;
	return u->handler(u->ctx, &upload, e);
}

/* markers: what goes before and after the prefix in the next page's query. */
static bool next_uploads(const struct page *p, char *markers[2], struct err *e)
{
	CLEANUP(freep) char *key = p->next_key ? xstrdup(p->next_key) : NULL;
	CLEANUP(freep) char *encoded_key = NULL;
	CLEANUP(freep) char *id = NULL;

	if (!key || (p->encoded && !store_url_decode(key, true)))
		return err_set(e, ERR_SYSTEM, "the server's listing has no continuation");
	encoded_key = s3_encode(key, 0);
	id = s3_encode(p->next_id ? p->next_id : "", 0);
	free(markers[0]);
	free(markers[1]);
	markers[0] = xasprintf("&key-marker=%s", encoded_key);
	markers[1] = xasprintf("&upload-id-marker=%s", id);
	return true;
}

static bool uploads_pages(struct s3 *s, struct uploads *u, char *markers[2], struct err *e)
{
	for (int pages = 0; pages < 100; pages++) { /* what is left is for the next run */
		CLEANUP(page_stop)
		struct page p = {
		    .root = "ListMultipartUploadsResult",
		    .entry_name = "Upload",
		    .handler = pass_upload,
		    .ctx = u,
		};
		CLEANUP(freep)
		char *query =
		    xasprintf("encoding-type=url%s&prefix=%s&uploads=", markers[0], markers[1]);

		if (!get_page(s, &p, query, S3_LIST_UPLOADS, e))
			return false;
		if (!p.truncated)
			return true;
		if (!next_uploads(&p, markers, e))
			return false;
	}
	return true;
}

bool s3_list_uploads(struct s3 *s, const char *prefix, s3_upload_handler *handler, void *ctx,
		     struct err *e)
{
	struct uploads u = {.prefix = prefix, .handler = handler, .ctx = ctx};
	/* MinIO takes the prefix for an exact key, so everything is asked for, and filtered. */
	char *markers[2] = {xstrdup(""), xstrdup("")};
	bool ok = uploads_pages(s, &u, markers, e);

	free(markers[0]);
	free(markers[1]);
	return ok;
}
