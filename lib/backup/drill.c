#include "backup/drill.h"

#include "backup/digest.h"
#include "backup/evidence.h"
#include "backup/key.h"
#include "backup/reader.h"
#include "backup/restore.h"
#include "backup/results.h"
#include "backup/target.h"
#include "backup/verify.h"
#include "base/cancel.h"
#include "base/log.h"
#include "pg/scratch.h"

#include <stdlib.h>
#include <string.h>

#define NAME_TRIES 10 /* another drill may end in the same second */

struct drill {
	const struct drill_options *o;
	struct catalogue catalogue;
	const struct backup *backup;
	struct reader reader;
	struct pg_client client;
	struct scratch scratch;
	const struct pg_target *target; /* the scratch server, ours or the caller's */
	struct pg_facts facts;          /* of it, before the restore */
	struct restore restore;
	struct differences found; /* what did not come back */
	struct differences
	    unmet;       /* what came back and is not what was asked for: its age, databases */
	bool unreadable; /* the dump's own bytes are bad */
	int64_t started_ms, start_ms, restore_ms, count_ms; /* clock, then how long each took */
};

static void drill_stop(struct drill *d)
{
	restore_stop(&d->restore);
	differences_stop(&d->found);
	differences_stop(&d->unmet);
	pg_facts_stop(&d->facts);
	scratch_stop(&d->scratch);
	pg_client_stop(&d->client);
	reader_stop(&d->reader);
	catalogue_stop(&d->catalogue);
}

static bool choose(struct drill *d, struct err *e)
{
	if (!reader_choose(&d->reader, &d->catalogue, d->o->store, &d->o->which, e))
		return false;
	d->backup = d->reader.backup;
	check_age(d->backup, d->o->max_age_s, d->o->now, &d->unmet);
	return true;
}

/* The facts of the database that initdb's own ones have to be like. */
static struct scratch_options scratch_like(const struct drill *d)
{
	const struct manifest *m = &d->reader.manifest;
	const struct pg_database *like = manifest_database(m, "template1");
	struct scratch_options s = {
	    .client = &d->client, .parent = d->o->scratch_directory, .ends_programs = true};

	if (!like)
		like = manifest_database(m, "postgres");
	if (!d->reader.complete)
		return s;
	s.superuser = m->bootstrap_user;
	s.preload_libraries = m->preload_libraries;
	memcpy(s.ways, m->ways, sizeof s.ways);
	if (!like)
		return s;
	s.encoding = like->encoding;
	s.provider = like->provider;
	s.collate = like->collate;
	s.ctype = like->ctype;
	s.locale = like->locale;
	return s;
}

static bool find_client(struct drill *d, int major, bool server, struct err *e)
{
	return pg_client_find(d->o->client_directory, major, server, &d->client, e);
}

static bool start_own(struct drill *d, struct err *e)
{
	struct scratch_options options;

	if (!find_client(d, d->reader.manifest.server_version_num / 10000, true, e))
		return false;
	options = scratch_like(d);
	log_info("scratch server: PostgreSQL %s", d->client.version_text);
	if (!scratch_start(&d->scratch, &options, e))
		return err_in(e, "scratch server");
	d->target = &d->scratch.target;
	return target_match_postgres(d->target, &d->reader.manifest, e) &&
	       pg_facts_read(d->target, &d->facts, e);
}

static bool use_callers(struct drill *d, struct err *e)
{
	d->target = d->o->server;
	if (!pg_facts_read(d->target, &d->facts, e) ||
	    !find_client(d, d->facts.version / 10000, false, e))
		return err_in(e, "scratch server");
	if (d->reader.complete && !target_is_not_source(&d->facts, &d->reader.manifest, e))
		return err_in(e, "scratch server");
	if (!target_is_empty(d->target, &d->facts, e))
		return err_in(e, "scratch server");
	return true;
}

static bool preflight(struct drill *d, struct err *e)
{
	const struct preflight p = {.try_locales = true};
	CLEANUP(differences_stop) struct differences missing = {0};

	if (!d->reader.complete)
		return true;
	if (!target_preflight(d->target, &d->facts, &d->reader.manifest, &p, &missing, e))
		return err_in(e, "scratch server");
	if (missing.count == 0)
		return true;
	for (size_t i = 0; i < missing.count && i < DIFFERENCES_KEPT; i++)
		log_warn("scratch server: %s%s%s", missing.items[i].database,
			 missing.items[i].database[0] ? ": " : "", missing.items[i].what);
	err_set(e, ERR_SYSTEM, "the scratch server cannot take this backup: %s%s%s%s",
		missing.items[0].database, missing.items[0].database[0] ? ": " : "",
		missing.items[0].what, missing.count > 1 ? ", and more" : "");
	return err_hint(e, "give it what is missing, or name a server that has it with --server");
}

/* It may have been damaged on its way here, and a good backup is not to be condemned for that. */
static bool condemn(struct drill *d, struct err *e)
{
	const struct err bad = *e;
	bool sound;

	log_info("%s: %s; reading it again, to be sure", d->backup->key, bad.text);
	if (!verify_again(d->o->store, d->backup->key, &sound, e))
		return err_in(e, "reading it again (at first: %s)", bad.text);
	if (sound)
		return err_set(
		    e, ERR_TRANSIENT,
		    "damaged on its way from the store, where it is as it was written: %s",
		    bad.text);
	differences_add(&d->found, "", "%s", bad.text);
	roll_stop(&d->restore.roll);
	return d->unreadable = true;
}

static bool restore(struct drill *d, struct err *e)
{
	int64_t before_ms = clock_ms();
	bool ok;

	d->restore.reader = &d->reader;
	d->restore.store = d->o->store;
	d->restore.store_options = d->o->store_options;
	d->restore.jobs = d->o->jobs;
	d->restore.entries = d->o->check == CHECK_CONTENT;
	d->restore.run = (struct runner_options){
	    .target = d->target,
	    .rewrite = {.own_role = d->facts.user, .in_place_tablespaces = true},
	    .truncate_first = d->o->server == NULL,
	    .allowed = d->o->allowed,
	};
	ok = restore_all(&d->restore, e);
	d->restore_ms = clock_ms() - before_ms;
	/* Bytes that are bad are a finding, and there is nothing to count back. */
	return ok || (e->kind == ERR_CORRUPT && condemn(d, e));
}

/* The sidecar of a dump that has nothing else to hold it against. */
static bool check_foreign(struct drill *d, struct err *e)
{
	CLEANUP(freep) char *key = xasprintf("%s" KEY_SHA256_SUFFIX, d->backup->key);
	CLEANUP(buf_stop) struct buf text = BUF_INIT(4096, "sidecar");
	unsigned char expected[32];

	if (d->reader.complete || !d->backup->has_sidecar)
		return true;
	if (!store_get_bytes(d->o->store, key, &text, e))
		return false;
	if (!sidecar_read(text.data ? text.data : "", expected, e))
		differences_add(&d->found, "", "%s: %s", key, e->text);
	else if (memcmp(expected, d->restore.seen.digest.sha256, 32) != 0)
		differences_add(&d->found, "", "its sha256 is not that of the sidecar");
	return true;
}

/* Rows of INSERT statements are on no roll. */
static bool rows_unknown(const struct drill *d)
{
	const struct roll *roll = &d->restore.roll;

	for (size_t i = 0; i < roll->database_count; i++)
		if (roll->databases[i].table_count > 0)
			return false;
	return !d->reader.complete;
}

static bool count_back(struct drill *d, struct err *e)
{
	const struct manifest *m = &d->reader.manifest;
	const struct range *globals = &d->restore.roll.globals;
	const struct countback options = {
	    .target = d->target,
	    .level = d->o->check,
	    .jobs = d->o->jobs,
	    .client = &d->client,
	    .no_role_passwords = d->reader.complete && !m->role_passwords,
	    .globals = globals->end > globals->at, /* a lone pg_dump has none */
	    .server_version = d->facts.version,
	    .superuser = d->facts.user,
	    .rows_unknown = rows_unknown(d),
	};
	int64_t before_ms = clock_ms();
	bool ok = countback(&options, &d->restore.roll, NULL, &d->found, e);

	d->count_ms = clock_ms() - before_ms;
	return ok;
}

/* Extensions are created in the version that the scratch server has. */
static bool note_versions(struct drill *d, struct report *r, struct err *e)
{
	const struct manifest *m = &d->reader.manifest;

	report_list(r, "notes");
	for (size_t i = 0; i < m->database_count; i++) {
		const struct pg_database *was = &m->databases[i];
		struct pg_facts one = {.databases = xcalloc(1, sizeof *one.databases),
				       .database_count = 1};
		CLEANUP(pg_facts_stop) struct pg_facts is = one;

		is.databases[0].name = xstrdup(was->name);
		if (was->extension_count == 0 || differences_of(&d->found, was->name))
			continue;
		if (!pg_facts_database(d->target, &is.databases[0], e))
			return false;
		for (size_t j = 0; j < was->extension_count; j++)
			for (size_t k = 0; k < is.databases[0].extension_count; k++) {
				const struct pg_extension *a = &was->extensions[j];
				const struct pg_extension *b = &is.databases[0].extensions[k];

				if (strcmp(a->name, b->name) != 0 ||
				    strcmp(a->version, b->version) == 0)
					continue;
				CLEANUP(freep)
				char *note = xasprintf("%s: extension %s is %s there and %s here",
						       was->name, a->name, a->version, b->version);
				report_item(r, "notes", note);
			}
	}
	return true;
}

static bool run(struct drill *d, struct report *r, struct err *e)
{
	int64_t before_ms = clock_ms();

	if (!(d->o->server ? use_callers(d, e) : start_own(d, e)))
		return false;
	d->start_ms = clock_ms() - before_ms;
	if (!preflight(d, e) || !restore(d, e))
		return false;
	if (d->unreadable)
		return true;
	if (!check_foreign(d, e) || !count_back(d, e))
		return false;
	if (d->o->expected)
		report_int(r, "databases_not_expected",
			   (int64_t)expected_compare(d->o->expected, &d->restore.roll, &d->unmet));
	return note_versions(d, r, e);
}

static double seconds(int64_t ms)
{
	return (double)ms / 1000;
}

static void report_subject(const struct drill *d, struct report *r)
{
	const struct manifest *m = &d->reader.manifest;
	char sha256[SHA256_HEX];

	report_string(r, "format", EVIDENCE_FORMAT);
	report_int(r, "version", EVIDENCE_VERSION);
	report_string(r, "tool", d->o->tool);
	report_string(r, "store", store_url(d->o->store));
	report_string(r, "key", d->backup->key);
	report_time(r, "backup_time", d->backup->time);
	report_bytes(r, "backup_bytes", d->backup->bytes);
	if (d->reader.complete) {
		sha256_hex(m->object.sha256, sha256);
		report_string(r, "id", m->id);
		report_string(r, "sha256", sha256);
		report_string(r, "source_version", m->server_version);
	}
	report_hide(r, "format");
	report_hide(r, "version");
	report_hide(r, "tool");
}

static void report_run(const struct drill *d, struct report *r)
{
	report_string(r, "scratch_version", d->facts.version_text);
	report_string(r, "scratch", d->o->server ? "named by --server" : "own");
	report_string(r, "check", check_level_names[d->o->check]);
	report_int(r, "jobs", d->o->jobs);
	report_time(r, "started", d->o->now);
	report_time(r, "finished", d->o->now + (time_t)((clock_ms() - d->started_ms) / 1000));
	report_seconds(r, "scratch_seconds", seconds(d->start_ms));
	report_seconds(r, "restore_seconds", seconds(d->restore_ms));
	report_seconds(r, "count_seconds", seconds(d->count_ms));
	report_seconds(r, "seconds", seconds(clock_ms() - d->started_ms));
}

static void report_unproved(const struct drill *d, struct report *r)
{
	report_list(r, "not_proved");
	if (d->o->check == CHECK_SMOKE)
		report_item(r, "not_proved", "rows: --check smoke looks at tables alone");
	if (d->o->check == CHECK_COUNTS)
		report_item(r, "not_proved", "content: --check counts does not look into rows");
	if (d->reader.complete)
		return;
	if (d->restore.roll.database_count > 0 && rows_unknown(d))
		report_item(r, "not_proved",
			    "rows: the dump has none that can be counted; those of "
			    "INSERT statements are not");
	report_foreign(r, d->backup);
}

static void leave_evidence(const struct drill *d, const struct report *r)
{
	time_t ended = d->o->now + (time_t)((clock_ms() - d->started_ms) / 1000);
	CLEANUP(freep) char *json = report_json(r);

	for (int i = 0; i < NAME_TRIES && !d->o->no_evidence; i++) {
		CLEANUP(freep) char *key = key_of_evidence(d->backup->key, ended + i);
		struct err e = {0};

		if (store_put_bytes(d->o->store, key, json, strlen(json), "application/json", &e))
			return;
		if (e.kind == ERR_EXISTS && i + 1 < NAME_TRIES)
			continue;
		log_warn("the evidence could not be stored as %s: %s", key, e.text);
		return;
	}
}

static void describe_statements(const struct drill *d, struct differences *found)
{
	for (size_t i = 0; i < d->restore.tally.kept; i++) {
		const struct sql_failure *f = &d->restore.tally.items[i];

		if (!f->tolerated)
			differences_add(found, f->database, "%s: %s (%s)", f->sqlstate, f->message,
					f->statement);
	}
}

bool drill_run(const struct drill_options *o, struct report *r, bool *good, struct err *e)
{
	static const char *const proved[] = {
	    [CHECK_SMOKE] = "was restored",
	    [CHECK_COUNTS] = "came back, every row counted",
	    [CHECK_CONTENT] = "came back, row by row",
	};
	CLEANUP(drill_stop)
	struct drill d = {
	    .o = o, .restore = RESTORE_INIT, .scratch = {.lock_fd = -1}, .started_ms = clock_ms()};
	bool told, came_back;

	if (!choose(&d, e))
		return false;
	report_subject(&d, r);
	log_info("drill of %s", d.backup->key);
	told = run(&d, r, e);
	progress_end();
	if (!told)
		scratch_explain(&d.scratch, e);
	describe_statements(&d, &d.found);
	came_back = d.found.count == 0 && d.restore.tally.failed == 0;
	*good = told && came_back && d.unmet.count == 0;
	report_run(&d, r);
	report_string(r, "verdict", !told ? "unknown" : came_back ? "pass" : "fail");
	if (!told)
		report_string(r, "error", e->text);
	tally_report(&d.restore.tally, r);
	if (told)
		report_databases(r, &d.restore.roll, &d.found, "pass");
	report_differences(r, &d.found, &d.unmet);
	report_unproved(&d, r);
	if (told)
		report_closing(r, "%s: %s %s%s", *good ? "pass" : "FAIL", d.backup->key,
			       came_back ? proved[o->check] : "did not come back as it was",
			       came_back && !*good ? ", but see the differences" : "");
	cancel_after(0); /* that a drill had no end is worth its upload */
	leave_evidence(&d, r);
	return told;
}
