#include "test_backup_store.h"

#include "backup/digest.h"
#include "backup/manifest_json.h"
#include "sql/follow.h"
#include "stream/frames.h"

#include <criterion/criterion.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct store *night_store;
static char directory[] = "/tmp/pgmuster-night-XXXXXX";

void night_store_init(void)
{
	struct err e = {0};

	cr_assert(mkdtemp(directory));
	CLEANUP(freep) char *url = xasprintf("file://%s", directory);
	night_store = store_open(url, NULL, &e);
	cr_assert(night_store, "%s", e.text);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void night_store_stop(void)
{
	store_freep(&night_store);
	nftw(directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

char *slurp(const char *path, size_t *len)
{
	FILE *f = fopen(path, "rb");
	size_t cap = 1 << 16, n;
	char *text = xcalloc(cap + 1, 1);

	cr_assert(f, "%s", path);
	for (*len = 0; (n = fread(text + *len, 1, cap - *len, f)) > 0; *len += n)
		if (*len + n == cap)
			text = xrealloc(text, (cap *= 2) + 1);
	fclose(f);
	text[*len] = '\0';
	return text;
}

char *peek(const char *key, size_t *len)
{
	CLEANUP(freep) char *path = xasprintf("%s/%s", directory, key);

	return access(path, F_OK) == 0 ? slurp(path, len) : NULL;
}

void poke(const char *key, const void *data, size_t len)
{
	CLEANUP(freep) char *path = xasprintf("%s/%s", directory, key);
	struct err e = {0};

	unlink(path);
	cr_assert(store_put_bytes(night_store, key, data, len, NULL, &e), "%s", e.text);
}

char *reworded(const char *manifest, const char *old, const char *new)
{
	const char *at = strstr(manifest, old), *seal = strstr(manifest, MANIFEST_SEAL);
	unsigned char sha256[32];
	char hex[SHA256_HEX];

	cr_assert(at && seal && at < seal, "no %s in the manifest", old);
	CLEANUP(freep)
	char *body = xasprintf("%.*s%s%.*s", (int)(at - manifest), manifest, new,
			       (int)(seal - at - (ptrdiff_t)strlen(old)), at + strlen(old));
	sha256_of(body, strlen(body), sha256);
	sha256_hex(sha256, hex);
	return xasprintf("%s" MANIFEST_SEAL "%s\"\n}\n", body, hex);
}

/* What a server would have said of the databases that the text has. */
static void describe(struct manifest *m, const struct night_backup *b)
{
	m->tool = xstrdup("pgmuster 0.1.0");
	m->started = (b->finished ? b->finished : NIGHT) - 60;
	m->finished = m->started + 60;
	m->plain_bytes = m->roll.bytes;
	m->system_identifier = xstrdup("7573829472938472");
	m->bootstrap_user = xstrdup("postgres");
	m->server_version = xstrdup("15.20 (Debian 15.20-0+deb12u1)");
	m->server_version_num = 150020;
	m->client_version = xstrdup("15.20 (Debian 15.20-0+deb12u1)");
	m->databases = xcalloc(m->roll.database_count + 1, sizeof *m->databases);
	m->database_count = m->roll.database_count;
	for (size_t i = 0; i < m->database_count; i++) {
		struct roll_database *r = &m->roll.databases[i];
		struct pg_database *d = &m->databases[i];

		d->name = xstrdup(r->name);
		d->encoding = xstrdup("UTF8");
		d->extensions = xcalloc(r->extension_count + 1, sizeof *d->extensions);
		d->extension_count = r->extension_count;
		for (size_t j = 0; j < r->extension_count; j++) {
			d->extensions[j].name = xstrdup(r->extensions[j]);
			d->extensions[j].version = xstrdup("1.6");
		}
	}
}

static void put_dump(const struct night_backup *b, const char *text, size_t len, struct manifest *m)
{
	CLEANUP(frame_table_stop) struct frame_table frames = {0};
	char mark[BACKUP_MARK_SIZE];
	unsigned char id[16];
	struct err e = {0};

	memset(id, b->id, sizeof id);
	hex_encode(id, sizeof id, m->id);
	backup_mark(m->id, mark);
	CLEANUP(sink_freep) struct sink *put = store_put(night_store, m->key, NULL, &e);
	cr_assert(put, "%s", e.text);
	CLEANUP(sink_freep) struct sink *hash = sink_sha256(put, &m->object);
	CLEANUP(sink_freep)
	struct sink *framed =
	    sink_frames(hash,
			&(struct frames_options){
			    .frame_bytes = b->frame_bytes ? b->frame_bytes : 1024, .mark = mark},
			&frames, &e);
	cr_assert(framed, "%s", e.text);
	CLEANUP(sink_freep)
	struct sink *follow = sink_follow(framed, &(struct follow_options){0}, &m->roll);
	cr_assert(sink_write(follow, text, len, &e) && sink_commit(follow, &e), "%s", e.text);
	m->frames = frames.count;
}

static void put_text(const char *key, const char *suffix, const char *text)
{
	CLEANUP(freep) char *name = xasprintf("%s%s", key, suffix);
	struct err e = {0};

	cr_assert(store_put_bytes(night_store, name, text, strlen(text), NULL, &e), "%s", e.text);
}

void night_backup(const struct night_backup *b)
{
	CLEANUP(manifest_stop) struct manifest m = {0};
	CLEANUP(freep) char *small = NULL;
	size_t len = b->len;

	if (!b->text)
		small = slurp(SMALL, &len);
	m.key = xstrdup(b->key ? b->key : "full.sql.zst");
	put_dump(b, b->text ? b->text : small, len, &m);
	describe(&m, b);
	CLEANUP(freep) char *manifest = manifest_write(&m);
	CLEANUP(freep) char *sidecar = sidecar_write(m.object.sha256, m.key);
	if (!b->no_sidecar)
		put_text(m.key, ".sha256", sidecar);
	if (!b->no_manifest)
		put_text(m.key, ".manifest.json", manifest);
}
