#include "backup/dump.h"

#include "backup/compare.h"
#include "backup/digest.h"
#include "backup/fan.h"
#include "backup/key.h"
#include "backup/meter.h"
#include "backup/omissions.h"
#include "backup/results.h"
#include "backup/taken.h"
#include "base/cancel.h"
#include "base/log.h"
#include "sql/follow.h"
#include "stream/frames.h"

#include <stdlib.h>
#include <string.h>

/* Everything that a running dump knows. */
struct dump {
	const struct dump_options *o;
	struct pg_facts facts;
	struct pg_client client;
	struct manifest manifest;
	struct store **stores;
	struct fan_branch *branches; /* one for each store, in its order */
	struct frame_table frames;
	size_t judged; /* of the manifest's warnings, by omissions_check */
	int64_t started_ms;
	bool beside; /* not the day's key: another dump took it while we ran */
};

static void dump_stop(struct dump *d)
{
	for (size_t i = 0; i < d->o->store_count; i++) {
		if (d->branches)
			sink_freep(&d->branches[i].sink);
		if (d->stores)
			store_freep(&d->stores[i]);
	}
	free(d->branches);
	free(d->stores);
	frame_table_stop(&d->frames);
	pg_client_stop(&d->client);
	/* The databases' facts moved into the manifest. */
	pg_facts_stop(&d->facts);
	manifest_stop(&d->manifest);
}

static bool is_excluded(const struct dump_options *o, const char *name)
{
	for (size_t i = 0; i < o->exclude_count; i++)
		if (strcmp(o->exclude[i], name) == 0)
			return true;
	return false;
}

static bool check_excluded(const struct dump *d, struct err *e)
{
	for (size_t i = 0; i < d->o->exclude_count; i++) {
		bool known = false;

		for (size_t j = 0; j < d->facts.database_count; j++)
			known |= strcmp(d->facts.databases[j].name, d->o->exclude[i]) == 0;
		if (!known)
			return err_set(e, ERR_USAGE, "--exclude-database %s: no such database",
				       d->o->exclude[i]);
	}
	return true;
}

static bool check_name(const struct pg_database *db, struct err *e)
{
	if (!strpbrk(db->name, "\r\n"))
		return true;
	char safe[200];

	log_safe(db->name, safe, sizeof safe);
	err_set(e, ERR_USAGE, "database \"%s\" has a line break in its name: no dump can hold it",
		safe);
	return err_hint(e, "rename it, or leave it out with --exclude-database");
}

static bool check_omissions(struct dump *d, struct err *e)
{
	return omissions_check(&d->manifest.warnings, &d->judged, d->o->allow_omissions, e);
}

static bool read_server(struct dump *d, struct err *e)
{
	if (!pg_facts_read(d->o->target, &d->facts, e) ||
	    !pg_facts_ways(d->o->target, d->manifest.ways, e))
		return false;
	if (!pg_client_find(d->o->client_directory, d->facts.version / 10000, false, &d->client, e))
		return err_in(e, "the server is PostgreSQL %s", d->facts.version_text);
	if (!d->o->no_role_passwords && !d->facts.reads_role_passwords) {
		err_set(e, ERR_DENIED, "role %s may not read the passwords of roles",
			d->facts.user);
		return err_hint(e, "dump without them (--no-role-passwords), or as a superuser");
	}
	if (!check_excluded(d, e))
		return false;
	omissions_of_server(&d->manifest.warnings, &d->facts);
	for (size_t i = 0; i < d->facts.database_count; i++) {
		struct pg_database *db = &d->facts.databases[i];

		if (is_excluded(d->o, db->name))
			continue;
		if (db->connectable &&
		    (!check_name(db, e) || !pg_facts_database(d->o->target, db, e)))
			return false;
		omissions_of_database(&d->manifest.warnings, &d->facts, db);
	}
	return check_omissions(d, e);
}

static bool open_stores(struct dump *d, struct err *e)
{
	size_t count = d->o->store_count;

	d->stores = xcalloc(count, sizeof(struct store *));
	d->branches = xcalloc(count, sizeof *d->branches);
	for (size_t i = 0; i < count; i++) {
		d->stores[i] = store_open(d->o->stores[i], d->o->store_options, e);
		if (!d->stores[i])
			return false;
		d->branches[i].name = store_url(d->stores[i]);
	}
	return true;
}

/* A store that is down must not cost the other's backup. */
static bool drop_store(struct dump *d, size_t i, struct err *e)
{
	bool left = false;

	if (e->kind == ERR_CANCELLED)
		return false;
	d->branches[i].failed = true;
	d->branches[i].error = *e;
	for (size_t j = 0; j < d->o->store_count; j++)
		left |= !d->branches[j].failed;
	if (!left)
		return err_in(e, "%s", d->branches[i].name);
	log_warn("%s: %s; going on without it", d->branches[i].name, e->text);
	return true;
}

/* One key for all stores: the day's, unless something is there already in one of them. */
static bool choose_key(struct dump *d, struct err *e)
{
	CLEANUP(freep) char *day = key_of_day(d->o->key_format, d->o->now, e);
	bool taken = false, unique_needed = d->beside;

	if (!day)
		return false;
	for (size_t i = 0; i < d->o->store_count; i++) {
		bool exclusive = true;

		if ((!store_prepare(d->stores[i], STORE_STALE_S, &exclusive, e) ||
		     !key_is_taken(d->stores[i], day, &taken, e)) &&
		    !drop_store(d, i, e))
			return false;
		unique_needed |= !exclusive;
	}
	/* A store that would overwrite gets keys that cannot collide. */
	char unique[9];
	hex_encode(d->o->random, 4, unique);
	d->manifest.key = unique_needed || taken
			      ? key_beside(day, d->o->now, unique_needed ? unique : NULL)
			      : STEAL(day);
	return true;
}

static uint64_t size_on_disk(const struct dump *d)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < d->facts.database_count; i++)
		if (!is_excluded(d->o, d->facts.databases[i].name))
			bytes += d->facts.databases[i].bytes;
	return bytes;
}

static bool open_uploads(struct dump *d, struct err *e)
{
	const struct store_put put = {.at_most_bytes = size_on_disk(d),
				      .content_type = "application/zstd"};

	for (size_t i = 0; i < d->o->store_count; i++) {
		struct fan_branch *b = &d->branches[i];

		if (b->failed)
			continue;
		b->sink = store_put(d->stores[i], d->manifest.key, &put, e);
		if (!b->sink && !drop_store(d, i, e))
			return false;
	}
	return true;
}

/* The text of pg_dumpall, part by part. */
static bool run_children(struct dump *d, struct sink *into, struct err *e)
{
	const struct pg_dump_options options = {.client = &d->client,
						.target = d->o->target,
						.no_role_passwords = d->o->no_role_passwords};
	struct pg_warnings *warnings = &d->manifest.warnings;

	if (!pg_dump_globals(&options, into, warnings, e))
		return false;
	for (size_t i = 0; i < d->facts.database_count; i++) {
		const struct pg_database *db = &d->facts.databases[i];

		if (!db->connectable || is_excluded(d->o, db->name))
			continue;
		log_debug("database %s", db->name);
		if (!pg_dump_database(&options, db->name, into, warnings, e))
			return false;
	}
	return pg_dump_closing(into, e);
}

static bool check_text(struct dump *d, struct err *e)
{
	for (size_t i = 0; i < d->manifest.roll.database_count; i++)
		omissions_of_psql(&d->manifest.warnings, &d->manifest.roll.databases[i]);
	return check_omissions(d, e);
}

/* Every database that was to be dumped, and none twice, is what the text holds. */
static bool take_facts(struct dump *d, struct err *e)
{
	struct manifest *m = &d->manifest;

	m->databases = xcalloc(m->roll.database_count + 1, sizeof *m->databases);
	for (size_t i = 0, j = 0; i < d->facts.database_count; i++) {
		struct pg_database *db = &d->facts.databases[i];

		if (!db->connectable || is_excluded(d->o, db->name))
			continue;
		if (j == m->roll.database_count || strcmp(m->roll.databases[j].name, db->name) != 0)
			return err_set(e, ERR_CORRUPT,
				       "database %s is not where it should be in the dump",
				       db->name);
		m->databases[j++] = *db;
		m->database_count = j;
		*db = (struct pg_database){0};
	}
	return m->database_count == m->roll.database_count ||
	       err_set(e, ERR_CORRUPT, "the dump has %zu databases instead of %zu",
		       m->roll.database_count, m->database_count);
}

static bool stream(struct dump *d, struct err *e)
{
	struct manifest *m = &d->manifest;
	char mark[BACKUP_MARK_SIZE];
	struct meter meter = {.what = "dump", .total = size_on_disk(d)};

	backup_mark(m->id, mark);
	if (!open_uploads(d, e))
		return false;
	CLEANUP(sink_freep) struct sink *fan = sink_fan(d->branches, d->o->store_count);
	CLEANUP(sink_freep) struct sink *hash = sink_sha256(fan, &m->object);
	CLEANUP(sink_freep)
	struct sink *frames = sink_frames(
	    hash,
	    &(struct frames_options){.level = d->o->level, .threads = d->o->threads, .mark = mark},
	    &d->frames, e);
	if (!frames)
		return false;
	CLEANUP(sink_freep)
	struct sink *follow = sink_follow(frames, &(struct follow_options){0}, &m->roll);
	CLEANUP(sink_freep) struct sink *metered = sink_meter(follow, &meter);

	return run_children(d, metered, e) && check_text(d, e) && sink_commit(metered, e);
}

/* What is in the manifest beside the roll. */
static void describe(struct dump *d)
{
	struct manifest *m = &d->manifest;

	m->tool = xstrdup(d->o->tool);
	m->started = d->o->now;
	m->finished = d->o->now + (time_t)((clock_ms() - d->started_ms) / 1000);
	m->plain_bytes = m->roll.bytes;
	m->frames = d->frames.count;
	m->system_identifier = xstrdup(d->facts.system_identifier);
	m->bootstrap_user = xstrdup(d->facts.bootstrap_user);
	m->preload_libraries = xstrdup(d->facts.preload_libraries);
	m->server_version = xstrdup(d->facts.version_text);
	m->server_version_num = d->facts.version;
	m->client_version = xstrdup(d->client.version_text);
	m->role_passwords = !d->o->no_role_passwords;
	m->excluded = xcalloc(d->o->exclude_count + 1, sizeof *m->excluded);
	for (size_t i = 0; i < d->o->exclude_count; i++)
		m->excluded[m->excluded_count++] = xstrdup(d->o->exclude[i]);
}

/* Whoever reads it has limits, of size for one. */
static bool can_be_read(const char *manifest, struct err *e)
{
	CLEANUP(manifest_stop) struct manifest again = {0};
	size_t len = strlen(manifest);

	if (len > MANIFEST_MAX_BYTES)
		return err_set(e, ERR_SYSTEM, "the manifest would have %zu bytes, and may have %zu",
			       len, MANIFEST_MAX_BYTES);
	return manifest_read(manifest, len, &again, e) || err_in(e, "the manifest of this dump");
}

/* The sidecar, and last the manifest: with it the backup is there, without it there is none. */
static bool seal(struct dump *d, struct err *e)
{
	const struct manifest *m = &d->manifest;
	CLEANUP(freep) char *manifest = manifest_write(m);
	CLEANUP(freep) char *sidecar = sidecar_write(m->object.sha256, m->key);
	CLEANUP(freep) char *manifest_key = xasprintf("%s" KEY_MANIFEST_SUFFIX, m->key);
	CLEANUP(freep) char *sidecar_key = xasprintf("%s" KEY_SHA256_SUFFIX, m->key);

	if (!can_be_read(manifest, e))
		return false;
	for (size_t i = 0; i < d->o->store_count; i++) {
		if (d->branches[i].failed)
			continue;
		if (!store_put_bytes(d->stores[i], sidecar_key, sidecar, strlen(sidecar),
				     "text/plain", e) ||
		    !store_put_bytes(d->stores[i], manifest_key, manifest, strlen(manifest),
				     "application/json", e))
			if (!drop_store(d, i, e))
				return false;
	}
	return true;
}

static void report_result(const struct dump *d, struct report *r)
{
	const struct manifest *m = &d->manifest;
	char sha256[SHA256_HEX];
	uint64_t tables = 0, rows = 0;

	for (size_t i = 0; i < m->roll.database_count; i++) {
		tables += m->roll.databases[i].table_count;
		rows += roll_rows(&m->roll.databases[i]);
	}
	sha256_hex(m->object.sha256, sha256);
	report_string(r, "key", m->key);
	report_string(r, "id", m->id);
	report_string(r, "server_version", m->server_version);
	report_string(r, "client_version", m->client_version);
	report_int(r, "databases", (int64_t)m->roll.database_count);
	report_int(r, "tables", (int64_t)tables);
	report_int(r, "rows", (int64_t)rows);
	report_bytes(r, "plain_bytes", m->plain_bytes);
	report_bytes(r, "bytes", m->object.bytes);
	report_int(r, "frames", (int64_t)m->frames);
	report_string(r, "sha256", sha256);
	report_seconds(r, "seconds", (double)(clock_ms() - d->started_ms) / 1000);
	for (size_t i = 0; i < d->o->store_count; i++) {
		struct report *row = report_row(r, "stores");

		report_string(row, "store", d->branches[i].name);
		report_string(row, "result",
			      d->branches[i].failed ? d->branches[i].error.text : "stored");
	}
	report_list(r, "warnings");
	for (size_t i = 0; i < m->warnings.count; i++)
		report_item(r, "warnings", m->warnings.lines[i]);
	for (size_t i = 0; i < m->database_count; i++)
		report_not_dumped(r, &m->databases[i], true);
}

static bool is_everywhere(const struct dump *d, struct report *r, struct err *e)
{
	size_t good = 0;
	bool all = true;

	for (size_t i = 0; i < d->o->store_count; i++) {
		good += !d->branches[i].failed;
		if (d->branches[i].failed && all) {
			*e = d->branches[i].error;
			all = err_in(e, "%s", d->branches[i].name);
		}
	}
	report_closing(r, "backup in %zu of %zu stores", good, d->o->store_count);
	return all;
}

static bool dump_once(const struct dump_options *o, bool beside, struct report *r, bool *everywhere,
		      struct err *e)
{
	CLEANUP(dump_stop)
	struct dump d = {.o = o, .started_ms = clock_ms(), .beside = beside};

	hex_encode(o->random, sizeof o->random, d.manifest.id);
	if (!open_stores(&d, e) || !read_server(&d, e) || !choose_key(&d, e))
		return false;
	log_info("dump of PostgreSQL %s to %s", d.facts.version_text, d.manifest.key);
	if (!stream(&d, e) || !take_facts(&d, e))
		return false;
	progress_end();
	describe(&d);
	if (!seal(&d, e))
		return false;
	report_result(&d, r);
	*everywhere = is_everywhere(&d, r, e);
	return true;
}

/* Another dump that began before us and ended before us has the key. What we dumped is as good as
 * lost then, but not the wish for a dump of now. */
bool dump_run(const struct dump_options *o, struct report *r, bool *everywhere, struct err *e)
{
	int64_t began_ms = clock_ms();
	struct dump_options again = *o;

	if (dump_once(o, false, r, everywhere, e))
		return true;
	if (e->kind != ERR_EXISTS)
		return false;
	log_warn("%s: another dump was faster; once more, beside it", e->text);
	*e = (struct err){0};
	again.now += (time_t)((clock_ms() - began_ms + 999) / 1000); /* not before the other's */
	return dump_once(&again, true, r, everywhere, e);
}
