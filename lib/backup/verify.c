#include "backup/verify.h"

#include "backup/digest.h"
#include "backup/key.h"
#include "backup/meter.h"
#include "backup/reader.h"
#include "backup/results.h"
#include "base/log.h"
#include "base/text.h"
#include "sql/follow.h"

#include <inttypes.h>
#include <string.h>

#define CLOCKS_DIFFER_S 3600 /* of honest machines */

static bool check_digest(const unsigned char *expected, const char *whose,
			 const struct digest *seen, struct differences *d)
{
	char want[SHA256_HEX], have[SHA256_HEX];

	if (memcmp(expected, seen->sha256, 32) == 0)
		return true;
	sha256_hex(expected, want);
	sha256_hex(seen->sha256, have);
	differences_add(d, "", "sha256 is %s, and %s by %s", have, want, whose);
	return false;
}

/* What an old script left beside its dump may say another name, or none. Ours must do for sha256sum -c. */
static bool is_as_written(const char *text, size_t len, const struct digest *seen, const char *key)
{
	CLEANUP(freep) char *proper = sidecar_write(seen->sha256, key);

	return len == strlen(proper) && memcmp(text, proper, len) == 0;
}

static bool check_sidecar(struct store *store, const struct backup *b, const struct digest *seen,
			  struct differences *d, struct err *e)
{
	CLEANUP(freep) char *key = xasprintf("%s" KEY_SHA256_SUFFIX, b->key);
	CLEANUP(buf_stop) struct buf text = BUF_INIT(4096, "sidecar");
	unsigned char expected[32];
	const char *said;

	if (!b->has_sidecar) {
		if (b->status == BACKUP_COMPLETE)
			differences_add(d, "", "the sidecar %s is missing", key);
		return true;
	}
	if (!store_get_bytes(store, key, &text, e)) {
		if (e->kind != ERR_CORRUPT)
			return false;
		differences_add(d, "", "%s: %s", key, e->text);
	} else if (!sidecar_read(said = text.data ? text.data : "", expected, e)) {
		differences_add(d, "", "%s: %s", key, e->text);
	} else if (!check_digest(expected, "the sidecar", seen, d)) {
		return true;
	} else if (b->status == BACKUP_COMPLETE && !is_as_written(said, text.len, seen, b->key)) {
		differences_add(
		    d, "", "%s: its digest is right, but it is not as sha256sum writes it", key);
	}
	return true;
}

/* Behind the mark, each has text: anything else is not of our making. */
static void check_frames(const struct frame_table *t, struct differences *d)
{
	for (size_t i = 1; i < t->count; i++)
		if (t->frames[i].plain_bytes == 0)
			differences_add(d, "", "frame %zu at byte %" PRIu64 ": has no text", i,
					t->frames[i].at);
}

/* What the manifest says of the server and the text says too. */
static void check_source(const struct manifest *m, const struct roll *roll, struct differences *d)
{
	const char *server = roll->server_version, *client = roll->dump_version;
	bool known = false;

	if (server && strcmp(server, m->server_version) != 0)
		differences_add(d, "", "the dump is of PostgreSQL %s, and of %s by the manifest",
				server, m->server_version);
	if (client && strcmp(client, m->client_version) != 0)
		differences_add(d, "", "the dump is by pg_dump %s, and by %s by the manifest",
				client, m->client_version);
	for (size_t i = 0; i < roll->role_count; i++)
		known |= strcmp(roll->roles[i], m->bootstrap_user) == 0;
	if (!known)
		differences_add(d, "", "role %s: not in the dump, and initdb's by the manifest",
				m->bootstrap_user);
	if (roll->role_passwords && !m->role_passwords)
		differences_add(d, "",
				"roles have passwords in the dump, and none by the manifest");
}

/* The stored file against its manifest: identity, frames, and every entry of the roll. */
static void check_manifest(const struct reader *r, const struct reader_seen *seen,
			   const struct roll *roll, struct differences *d)
{
	const struct manifest *m = &r->manifest;
	char id[BACKUP_ID_SIZE] = "";
	struct err e;

	if (!backup_mark_id(seen->frames.mark, id) || strcmp(id, m->id) != 0)
		differences_add(d, "", "the dump bears the id \"%s\", the manifest %s", id, m->id);
	check_frames(&seen->frames.table, d);
	check_source(m, roll, d);
	if (!seen->frames.has_seek_table)
		differences_add(d, "", "the seek table is missing");
	else if (!frame_table_compare(&seen->frames.table, &seen->frames.seek_table, &e))
		differences_add(d, "", "%s", e.text);
	if (seen->digest.bytes != m->object.bytes)
		differences_add(d, "", "%" PRIu64 " bytes, and %" PRIu64 " by the manifest",
				seen->digest.bytes, m->object.bytes);
	check_digest(m->object.sha256, "the manifest", &seen->digest, d);
	compare_rolls(&m->roll, roll, &(struct compare_options){.ranges = true}, d);
}

/* Read it all. What is wrong with the bytes is a difference, not a failure to tell. */
static bool read_back(struct store *store, const struct reader *r, struct roll *roll,
		      struct differences *d, struct err *e)
{
	struct meter meter = {.what = "verify", .total = r->complete ? r->manifest.plain_bytes : 0};
	CLEANUP(reader_seen_stop) struct reader_seen seen = {0};
	CLEANUP(sink_freep)
	struct sink *follow = sink_follow(NULL, &(struct follow_options){0}, roll);
	CLEANUP(sink_freep) struct sink *metered = sink_meter(follow, &meter);

	if (!reader_whole(r, store, metered, &seen, e)) {
		if (e->kind != ERR_CORRUPT)
			return false;
		differences_add(d, "", "%s", e->text);
		return true;
	}
	if (!check_sidecar(store, r->backup, &seen.digest, d, e))
		return false;
	if (r->complete)
		check_manifest(r, &seen, roll, d);
	return true;
}

void check_age(const struct backup *b, int64_t max_age_s, time_t now, struct differences *d)
{
	int64_t age_s = (int64_t)(now - b->time);
	char age[TEXT_SECONDS_SIZE], limit[TEXT_SECONDS_SIZE];

	if (max_age_s > 0 && age_s > max_age_s)
		differences_add(d, "", "the backup is %s old, more than %s",
				text_seconds((double)age_s, age),
				text_seconds((double)max_age_s, limit));
	if (max_age_s > 0 && age_s < -CLOCKS_DIFFER_S)
		differences_add(d, "", "the backup is of a time %s from now",
				text_seconds((double)-age_s, age));
}

static void report_head(struct report *r, const struct store *store, const struct backup *b,
			const struct reader *reader, time_t now)
{
	report_string(r, "store", store_url(store));
	report_string(r, "key", b->key);
	report_string(r, "status", backup_status_name(b->status));
	report_time(r, "backup_time", b->time);
	report_seconds(r, "age_seconds", (double)(now - b->time));
	report_bytes(r, "bytes", b->bytes);
	if (!reader->complete)
		return;
	report_bytes(r, "plain_bytes", reader->manifest.plain_bytes);
	report_int(r, "frames", (int64_t)reader->manifest.frames);
	report_string(r, "server_version", reader->manifest.server_version);
}

struct verify {
	struct catalogue catalogue;
	struct reader reader;
	struct differences found;
	struct roll roll;
};

static void verify_stop(struct verify *v)
{
	roll_stop(&v->roll);
	differences_stop(&v->found);
	reader_stop(&v->reader);
	catalogue_stop(&v->catalogue);
}

static bool look(struct verify *v, struct store *store, const struct backup_choice *which,
		 struct err *e)
{
	if (!reader_choose(&v->reader, &v->catalogue, store, which, e))
		return false;
	return read_back(store, &v->reader, &v->roll, &v->found, e) ||
	       err_in(e, "%s", v->reader.backup->key);
}

/* What is wrong may have become so on its way here: only what is wrong twice is the backup's. */
static bool look_twice(struct verify *v, struct store *store, const struct backup_choice *which,
		       char **first, struct err *e)
{
	CLEANUP(freep) char *key = NULL;

	if (!look(v, store, which, e))
		return false;
	if (v->found.count == 0)
		return true;
	*first = xstrdup(v->found.items[0].what);
	key = xstrdup(v->reader.backup->key); /* a newer one may be there by now */
	log_info("%s: %s; reading it again, to be sure", key, *first);
	verify_stop(v);
	return look(v, store, &(struct backup_choice){.key = key}, e) ||
	       err_in(e, "reading it again (at first: %s)", *first);
}

bool verify_again(struct store *store, const char *key, bool *sound, struct err *e)
{
	CLEANUP(verify_stop) struct verify v = {0};

	*sound = false;
	if (!look(&v, store, &(struct backup_choice){.key = key}, e))
		return e->kind == ERR_CORRUPT;
	*sound = v.found.count == 0;
	return true;
}

bool verify_run(struct store *store, const struct verify_options *o, struct report *r, bool *good,
		struct err *e)
{
	CLEANUP(verify_stop) struct verify v = {0};
	CLEANUP(freep) char *first = NULL;
	struct differences *d = &v.found;
	int64_t started_ms = clock_ms();
	const struct backup *b;

	if (!look_twice(&v, store, &o->which, &first, e))
		return false;
	progress_end();
	b = v.reader.backup;
	if (first && d->count == 0) {
		CLEANUP(freep)
		char *note =
		    xasprintf("read twice; the first time, what came was damaged: %s", first);

		log_warn("%s: %s", b->key, note);
		report_list(r, "notes");
		report_item(r, "notes", note);
	}
	check_age(b, o->max_age_s, o->now, d);
	report_head(r, store, b, &v.reader, o->now);
	report_seconds(r, "seconds", (double)(clock_ms() - started_ms) / 1000);
	if (o->expected)
		report_int(r, "databases_not_expected",
			   (int64_t)expected_compare(o->expected, &v.roll, d));
	*good = d->count == 0;
	report_string(r, "verdict", *good ? "pass" : "fail");
	report_databases(r, &v.roll, d, "pass");
	report_differences(r, d, NULL);
	report_list(r, "not_proved");
	report_foreign(r, b);
	report_closing(
	    r, *good ? "pass: %s reads back as it was written" : "FAIL: %s, see the differences",
	    b->key);
	return true;
}
