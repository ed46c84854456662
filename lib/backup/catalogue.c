#include "backup/catalogue.h"

#include "backup/evidence.h"
#include "backup/key.h"
#include "stream/frames.h"

#include <stdlib.h>
#include <string.h>

const char *backup_status_name(enum backup_status status)
{
	static const char *const names[] = {"complete", "damaged", "incomplete", "foreign"};

	return names[status];
}

/* What the listing gave, before anything was read. */
struct listing {
	struct catalogue *catalogue;
	char **keys; /* all of them, in key order */
	size_t count, cap;
};

static void listing_stop(struct listing *l)
{
	for (size_t i = 0; i < l->count; i++)
		free(l->keys[i]);
	free(l->keys);
}

static bool on_object(void *ctx, const struct store_object *o, struct err *e)
{
	struct listing *l = ctx;
	struct catalogue *c = l->catalogue;

	(void)e;
	l->keys = xgrow(l->keys, l->count, &l->cap, sizeof *l->keys);
	l->keys[l->count++] = xstrdup(o->key);
	if (!key_is_dump(o->key))
		return true;
	c->backups = xgrow(c->backups, c->count, &c->cap, sizeof *c->backups);
	c->backups[c->count++] = (struct backup){
	    .key = xstrdup(o->key),
	    .bytes = o->bytes,
	    .time = o->modified,
	    .etag = xstrdup(o->etag ? o->etag : ""),
	};
	return true;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool listed(const struct listing *l, const char *key, const char *suffix)
{
	CLEANUP(freep) char *name = xasprintf("%s%s", key, suffix);

	return bsearch(&name, l->keys, l->count, sizeof *l->keys, by_text) != NULL;
}

bool backup_manifest(struct store *store, const char *key, struct manifest *m, struct err *e)
{
	CLEANUP(freep) char *name = xasprintf("%s" KEY_MANIFEST_SUFFIX, key);
	CLEANUP(buf_stop) struct buf text = BUF_INIT(MANIFEST_MAX_BYTES, "manifest");

	if (!store_get_bytes(store, name, &text, e))
		return false;
	if (!manifest_read(text.data ? text.data : "", text.len, m, e))
		return err_in(e, "%s", name);
	if (strcmp(m->key, key) != 0)
		return err_set(e, ERR_CORRUPT, "%s: is the manifest of %s", name, m->key);
	return true;
}

/* What one object is like must not hide the other backups: it is damaged, kept from us (archived, of another
 * owner), of a name that we would not give, or went away since it was listed. A store that is down must. */
static bool is_its_own(const struct err *e)
{
	return e->kind == ERR_CORRUPT || e->kind == ERR_SYSTEM || e->kind == ERR_DENIED ||
	       e->kind == ERR_MISSING || e->kind == ERR_USAGE;
}

static bool note_problem(struct backup *b, enum backup_status status, const struct err *e)
{
	b->status = status;
	b->problem = xstrdup(e->text);
	b->problem_kind = e->kind == ERR_USAGE ? ERR_SYSTEM : e->kind;
	return is_its_own(e);
}

static bool read_manifest(struct store *store, struct backup *b, struct err *e)
{
	CLEANUP(manifest_stop) struct manifest m = {0};

	if (!backup_manifest(store, b->key, &m, e))
		return note_problem(b, BACKUP_DAMAGED, e);
	b->status = BACKUP_COMPLETE;
	b->time = m.finished;
	memcpy(b->id, m.id, sizeof b->id);
	b->databases = m.roll.database_count;
	b->plain_bytes = m.plain_bytes;
	for (size_t i = 0; i < m.roll.database_count; i++)
		b->rows += roll_rows(&m.roll.databases[i]);
	if (b->bytes != m.object.bytes) {
		b->status = BACKUP_DAMAGED;
		b->problem_kind = ERR_CORRUPT;
		b->problem =
		    xasprintf("%s has %llu bytes, and %llu by its manifest", b->key,
			      (unsigned long long)b->bytes, (unsigned long long)m.object.bytes);
	}
	return true;
}

/* Without a manifest it is ours and incomplete, or an old script's: its first bytes tell. */
static bool read_mark(struct store *store, struct backup *b, struct err *e)
{
	const uint64_t head = 8 + BACKUP_MARK_SIZE;
	CLEANUP(buf_stop) struct buf start = BUF_INIT(head, "mark");
	CLEANUP(sink_freep) struct sink *into = sink_buf(&start);
	char id[BACKUP_ID_SIZE], mark[BACKUP_MARK_SIZE];
	uint32_t magic = FRAMES_MARK_MAGIC;

	b->status = BACKUP_FOREIGN;
	if (b->bytes < head || !key_has_suffix(b->key, KEY_DUMP_SUFFIX))
		return true;
	if (!store_get(store, b->key, 0, head, b->etag, into, e))
		return note_problem(b, BACKUP_FOREIGN, e);
	/* Magic and length are little-endian, as this is on every machine we run on or not. */
	for (int i = 0; i < 4; i++)
		if ((unsigned char)start.data[i] != (magic >> (8 * i) & 0xff))
			return true;
	memcpy(mark, start.data + 8, sizeof mark - 1);
	mark[strlen("pgmuster 1 ") + 33] = '\0';
	if (backup_mark_id(mark, id))
		b->status = BACKUP_INCOMPLETE;
	return true;
}

static struct backup *find(const struct catalogue *c, const char *key)
{
	for (size_t i = 0; i < c->count; i++)
		if (strcmp(c->backups[i].key, key) == 0)
			return &c->backups[i];
	return NULL;
}

/* Another dump may have had the key before. */
static bool is_evidence_of(const struct backup *b, const struct evidence *ev)
{
	return strcmp(b->id, ev->id) == 0 && b->bytes == ev->bytes;
}

static bool read_evidence(struct store *store, struct catalogue *c, const char *key, struct err *e)
{
	CLEANUP(buf_stop) struct buf text = BUF_INIT(EVIDENCE_MAX_BYTES, "evidence");
	CLEANUP(evidence_stop) struct evidence ev = {0};
	struct backup *b;

	if (!store_get_bytes(store, key, &text, e)) {
		if (!is_its_own(e))
			return false;
		c->unreadable_evidence++;
		return true;
	}
	if (!evidence_read(text.data ? text.data : "", text.len, &ev)) {
		c->unreadable_evidence++;
		return true;
	}
	b = find(c, ev.key);
	if (b && is_evidence_of(b, &ev) && ev.finished >= b->drilled) {
		b->drilled = ev.finished;
		free(b->drill_verdict);
		b->drill_verdict = STEAL(ev.verdict);
	}
	return true;
}

/* A manifest whose dump is gone is a backup that was lost, not one that never was. */
static bool add_lost(struct store *store, struct catalogue *c, const char *manifest_key,
		     struct err *e)
{
	CLEANUP(freep)
	char *key = xstrndup(manifest_key, strlen(manifest_key) - strlen(KEY_MANIFEST_SUFFIX));
	struct backup *b;

	if (!key_is_dump(key) || find(c, key))
		return true;
	c->backups = xgrow(c->backups, c->count, &c->cap, sizeof *c->backups);
	b = &c->backups[c->count++];
	*b = (struct backup){.key = STEAL(key), .etag = xstrdup("")};
	if (!read_manifest(store, b, e))
		return false;
	b->status = BACKUP_DAMAGED;
	free(b->problem);
	b->problem_kind = ERR_CORRUPT;
	b->problem = xasprintf("%s is gone, though its manifest is there", b->key);
	return true;
}

static int by_time(const void *a, const void *b)
{
	const struct backup *x = a, *y = b;

	if (x->time != y->time)
		return x->time < y->time ? -1 : 1;
	/* Within one second: what was put beside another, "full-HHMMSS", came after it. */
	if (strlen(x->key) != strlen(y->key))
		return strlen(x->key) < strlen(y->key) ? -1 : 1;
	return strcmp(x->key, y->key);
}

/* Then it is not the objects, but what we may. */
static bool is_all_denied(const struct catalogue *c)
{
	for (size_t i = 0; i < c->count; i++)
		if (!c->backups[i].problem || c->backups[i].problem_kind != ERR_DENIED)
			return false;
	return c->count > 0;
}

bool catalogue_read(struct store *store, struct catalogue *c, struct err *e)
{
	CLEANUP(listing_stop) struct listing l = {.catalogue = c};

	if (!store_list(store, "", on_object, &l, e))
		return false;
	for (size_t i = 0; i < c->count; i++) {
		struct backup *b = &c->backups[i];

		b->has_sidecar = listed(&l, b->key, KEY_SHA256_SUFFIX);
		if (listed(&l, b->key, KEY_MANIFEST_SUFFIX) ? !read_manifest(store, b, e)
							    : !read_mark(store, b, e))
			return false;
	}
	if (is_all_denied(c)) {
		err_set(e, ERR_DENIED, "%s", c->backups[0].problem);
		return err_hint(e, "the store can be listed, but none of its backups read");
	}
	for (size_t i = 0; i < l.count; i++) {
		if (key_is_evidence(l.keys[i]) && !read_evidence(store, c, l.keys[i], e))
			return false;
		if (key_has_suffix(l.keys[i], KEY_MANIFEST_SUFFIX) &&
		    !add_lost(store, c, l.keys[i], e))
			return false;
	}
	if (c->count > 0)
		qsort(c->backups, c->count, sizeof *c->backups, by_time);
	return true;
}

void catalogue_stop(struct catalogue *c)
{
	for (size_t i = 0; i < c->count; i++) {
		free(c->backups[i].key);
		free(c->backups[i].problem);
		free(c->backups[i].etag);
		free(c->backups[i].drill_verdict);
	}
	free(c->backups);
	*c = (struct catalogue){0};
}

static struct backup *choose_named(const struct catalogue *c, const char *key, struct err *e)
{
	struct backup *b = find(c, key);

	if (!b) {
		err_set(e, ERR_MISSING, "no dump named %s", key);
		err_hint(e, "`pgmuster list` shows what the store holds");
		return NULL;
	}
	if (b->status == BACKUP_DAMAGED) {
		err_set(e, b->problem_kind, "%s", b->problem);
		return NULL;
	}
	if (b->status == BACKUP_INCOMPLETE) {
		err_set(e, ERR_CORRUPT,
			"%s: incomplete: its dump was cut short before the manifest", key);
		return NULL;
	}
	return b;
}

static void day_of(const struct backup *b, char day[KEY_DAY_SIZE])
{
	struct tm tm;

	if (key_day(b->key, day))
		return;
	localtime_r(&b->time, &tm);
	if (strftime(day, KEY_DAY_SIZE, "%Y-%m-%d", &tm) == 0)
		day[0] = '\0';
}

static bool is_of_day(const struct backup *b, const char *day)
{
	char own[KEY_DAY_SIZE];

	day_of(b, own);
	return !day || strcmp(own, day) == 0;
}

/* What there is instead, newest first, as many as a hint holds. */
static void no_such_day(const struct catalogue *c, const char *day, struct err *e)
{
	CLEANUP(freep) char *days = xstrdup("");
	char last[KEY_DAY_SIZE] = "", own[KEY_DAY_SIZE];
	size_t count = 0;

	for (size_t i = c->count; i-- > 0 && count < 20;) {
		day_of(&c->backups[i], own);
		if (c->backups[i].status != BACKUP_COMPLETE || strcmp(own, last) == 0)
			continue;
		xappend(&days, "%s%s", count++ ? ", " : "", own);
		memcpy(last, own, sizeof last);
	}
	err_set(e, ERR_MISSING, "no complete backup of %s", day);
	err_hint(e, "complete ones are of %s%s", days, count == 20 ? ", ..." : "");
}

static bool check_choice(const struct backup_choice *choice, struct err *e)
{
	char day[KEY_DAY_SIZE];

	if (choice->key && choice->day)
		return err_set(e, ERR_USAGE, "key %s and day %s: only one of them can choose",
			       choice->key, choice->day);
	if (choice->day && (!key_day(choice->day, day) || strcmp(choice->day, day) != 0))
		return err_set(e, ERR_USAGE, "day %s: expected YYYY-MM-DD", choice->day);
	return true;
}

struct backup *catalogue_choose(const struct catalogue *c, const struct backup_choice *choice,
				struct err *e)
{
	bool any = false;

	if (!check_choice(choice, e))
		return NULL;
	if (choice->key)
		return choose_named(c, choice->key, e);
	for (size_t i = c->count; i-- > 0;) {
		struct backup *b = &c->backups[i];

		any = any || b->status == BACKUP_COMPLETE;
		if (!is_of_day(b, choice->day))
			continue;
		if (b->status == BACKUP_COMPLETE)
			return b;
		if (b->status == BACKUP_DAMAGED) {
			err_set(e, b->problem_kind, "the newest backup%s%s is damaged: %s",
				choice->day ? " of " : "", choice->day ? choice->day : "",
				b->problem);
			err_hint(e, "name an older one with --key; `pgmuster list` shows them");
			return NULL;
		}
	}
	if (any) {
		no_such_day(c, choice->day, e);
		return NULL;
	}
	err_set(e, ERR_CORRUPT, "no complete backup");
	if (c->count > 0)
		err_hint(e, "there are %zu dumps that are incomplete or foreign; --key names one",
			 c->count);
	return NULL;
}
