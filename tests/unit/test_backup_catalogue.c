#include "backup/catalogue.h"
#include "backup/key.h"
#include "test_backup_store.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(backup_catalogue, .init = night_store_init, .fini = night_store_stop);

static void read_store(struct catalogue *c)
{
	struct err e = {0};

	cr_assert(catalogue_read(night_store, c, &e), "%s", e.text);
}

static const struct backup *only(const struct catalogue *c, enum backup_status status)
{
	cr_assert_eq(c->count, 1);
	cr_assert_eq(c->backups[0].status, status, "%s: %s",
		     backup_status_name(c->backups[0].status), c->backups[0].problem);
	return &c->backups[0];
}

static void text(const char *key, const char *content)
{
	poke(key, content, strlen(content));
}

static void put_evidence(const char *folder, const char *when, const struct backup *b,
			 const char *verdict)
{
	CLEANUP(freep) char *name = xasprintf("%sdrill-%s.json", folder, when);
	CLEANUP(freep)
	char *json =
	    xasprintf("{\"format\": \"pgmuster-drill\", \"key\": \"%s\", \"verdict\": \"%s\", "
		      "\"finished\": \"%s\", \"backup_bytes\": %llu, \"id\": \"%s\"}",
		      b->key, verdict, when, (unsigned long long)b->bytes, b->id);

	text(name, json);
}

/* Of the dump that has the key now, if there is one. */
static void evidence(const char *folder, const char *when, const char *key, const char *verdict)
{
	CLEANUP(catalogue_stop) struct catalogue c = {0};
	char named[64];
	struct backup of = {.key = named};

	snprintf(named, sizeof named, "%s", key);
	read_store(&c);
	for (size_t i = 0; i < c.count; i++)
		if (strcmp(c.backups[i].key, key) == 0)
			of = c.backups[i];
	put_evidence(folder, when, &of, verdict);
}

static void remove_object(const char *key)
{
	struct err e = {0};

	cr_assert(store_remove(night_store, key, &e), "%s", e.text);
}

static const char *chosen(const struct catalogue *c, const char *key)
{
	struct err e = {0};
	const struct backup *b = catalogue_choose(c, &(struct backup_choice){.key = key}, &e);

	cr_assert(b, "%s", e.text);
	return b->key;
}

static const char *chosen_of_day(const struct catalogue *c, const char *day)
{
	struct err e = {0};
	const struct backup *b = catalogue_choose(c, &(struct backup_choice){.day = day}, &e);

	cr_assert(b, "%s: %s", day, e.text);
	return b->key;
}

static struct err refused(const struct catalogue *c, const struct backup_choice *choice,
			  enum err_kind kind)
{
	struct err e = {0};

	cr_assert_null(catalogue_choose(c, choice, &e));
	cr_assert_eq(e.kind, kind, "%s", e.text);
	return e;
}

static void chooses_none(const struct catalogue *c, const char *key, enum err_kind kind,
			 const char *message)
{
	struct err e = refused(c, &(struct backup_choice){.key = key}, kind);

	cr_assert(strstr(e.text, message), "%s", e.text);
}

Test(backup_catalogue, of_an_empty_store_is_empty)
{
	CLEANUP(catalogue_stop) struct catalogue c = {0};

	read_store(&c);
	cr_assert_eq(c.count, 0);
	chooses_none(&c, NULL, ERR_CORRUPT, "no complete backup");
	chooses_none(&c, "full.sql.zst", ERR_MISSING, "no dump named full.sql.zst");
}

Test(backup_catalogue, a_complete_backup_is_described_by_its_manifest)
{
	CLEANUP(catalogue_stop) struct catalogue c = {0};
	size_t len, plain;

	night_backup(&(struct night_backup){.key = "2026/11/21/full.sql.zst"});
	free(slurp(SMALL, &plain));
	free(peek("2026/11/21/full.sql.zst", &len));
	read_store(&c);
	const struct backup *b = only(&c, BACKUP_COMPLETE);
	cr_assert_str_eq(b->key, "2026/11/21/full.sql.zst");
	cr_assert_eq(b->bytes, len);
	cr_assert_eq(b->plain_bytes, plain);
	cr_assert_eq(b->time, NIGHT);
	cr_assert_eq(b->databases, 4);
	cr_assert_eq(b->rows, 60 + 5 + 3);
	cr_assert(b->has_sidecar);
	cr_assert_eq(b->drilled, 0);
	cr_assert_null(b->problem);
	cr_assert_str_eq(chosen(&c, NULL), b->key);
	cr_assert_str_eq(chosen(&c, b->key), b->key);
}

Test(backup_catalogue, a_missing_sidecar_is_seen)
{
	CLEANUP(catalogue_stop) struct catalogue c = {0};

	night_backup(&(struct night_backup){.no_sidecar = true});
	read_store(&c);
	cr_assert(!only(&c, BACKUP_COMPLETE)->has_sidecar);
}

Test(backup_catalogue, a_marked_dump_without_manifest_is_incomplete)
{
	CLEANUP(catalogue_stop) struct catalogue c = {0};

	night_backup(&(struct night_backup){.no_manifest = true});
	read_store(&c);
	only(&c, BACKUP_INCOMPLETE);
	chooses_none(&c, NULL, ERR_CORRUPT, "no complete backup");
	chooses_none(&c, "full.sql.zst", ERR_CORRUPT, "full.sql.zst: incomplete");
}

Test(backup_catalogue, an_unmarked_dump_is_foreign_and_chosen_only_by_name)
{
	static const struct {
		const char *key;
		const char *bytes;
		size_t len;
	} dumps[] = {
	    {"a.sql.gz", "\037\213\010", 3},
	    {"b.sql.zst", "\050\265\057\375", 4},
	    {"c.sql.zst", "", 0},
	    /* Our mark's magic with something else in it, and with too little behind it. */
	    {"d.sql.zst",
	     "\127\052\115\030\054\0\0\0pgmuster 2 "
	     "000102030405060708090a0b0c0d0e0f\n......................"
	     "............................",
	     100},
	    {"e.sql.zst", "\127\052\115\030\054\0\0\0pgmuster 1 000102030405060708090a0b0c0d0e0f\n",
	     52},
	};
	CLEANUP(catalogue_stop) struct catalogue c = {0};

	for (size_t i = 0; i < sizeof dumps / sizeof *dumps; i++)
		poke(dumps[i].key, dumps[i].bytes, dumps[i].len);
	read_store(&c);
	cr_assert_eq(c.count, 5);
	for (size_t i = 0; i < c.count; i++) {
		cr_assert_eq(c.backups[i].status, BACKUP_FOREIGN, "%s", c.backups[i].key);
		cr_assert_str_eq(chosen(&c, c.backups[i].key), c.backups[i].key);
	}
	chooses_none(&c, NULL, ERR_CORRUPT, "no complete backup");
	struct err e = refused(&c, &(struct backup_choice){0}, ERR_CORRUPT);
	cr_assert(strstr(e.hint, "5 dumps"), "%s", e.hint);
}

Test(backup_catalogue, other_objects_are_none)
{
	CLEANUP(catalogue_stop) struct catalogue c = {0};

	text("readme.txt", "x");
	text("a/full.sql", "x");
	text("a/full.sql.zst.sha256", "x");
	text(".pgmuster-probe", "x");
	text("a/other.manifest.json", "x");
	read_store(&c);
	cr_assert_eq(c.count, 0);
}

static void damaged(const char *problem)
{
	CLEANUP(catalogue_stop) struct catalogue c = {0};

	read_store(&c);
	cr_assert(strstr(only(&c, BACKUP_DAMAGED)->problem, problem), "%s", c.backups[0].problem);
	chooses_none(&c, NULL, ERR_CORRUPT, "the newest backup is damaged: ");
	chooses_none(&c, NULL, ERR_CORRUPT, problem);
	chooses_none(&c, "full.sql.zst", ERR_CORRUPT, problem);
}

Test(backup_catalogue, a_manifest_of_garbage_makes_a_damaged_backup)
{
	night_backup(&(struct night_backup){0});
	text("full.sql.zst.manifest.json", "garbage");
	damaged("full.sql.zst.manifest.json: the manifest is not JSON");
}

Test(backup_catalogue, an_empty_manifest_makes_a_damaged_backup)
{
	night_backup(&(struct night_backup){0});
	text("full.sql.zst.manifest.json", "");
	damaged("full.sql.zst.manifest.json: the manifest is not JSON");
}

Test(backup_catalogue, of_two_in_one_second_the_one_put_beside_is_newer)
{
	CLEANUP(catalogue_stop) struct catalogue c = {0};

	night_backup(&(struct night_backup){.key = "full-023000.sql.zst"});
	night_backup(&(struct night_backup){0});
	read_store(&c);
	cr_assert_str_eq(chosen(&c, NULL), "full-023000.sql.zst");
}

/* Not bad, as far as anyone can tell: a newer pgmuster has to be asked. */
Test(backup_catalogue, a_manifest_of_a_newer_version_cannot_be_told)
{
	CLEANUP(catalogue_stop) struct catalogue c = {0};
	size_t len;

	night_backup(&(struct night_backup){0});
	CLEANUP(freep) char *manifest = peek("full.sql.zst.manifest.json", &len);
	CLEANUP(freep) char *newer = reworded(manifest, "\"version\": 1", "\"version\": 2");
	text("full.sql.zst.manifest.json", newer);
	read_store(&c);
	only(&c, BACKUP_DAMAGED);
	chooses_none(&c, NULL, ERR_SYSTEM, "manifest version 2");
	chooses_none(&c, "full.sql.zst", ERR_SYSTEM, "manifest version 2");
}

Test(backup_catalogue, another_dump_s_manifest_makes_a_damaged_backup)
{
	size_t len;

	night_backup(&(struct night_backup){.key = "other.sql.zst"});
	CLEANUP(freep) char *manifest = peek("other.sql.zst.manifest.json", &len);
	night_backup(&(struct night_backup){.no_manifest = true});
	text("full.sql.zst.manifest.json", manifest);
	remove_object("other.sql.zst");
	remove_object("other.sql.zst.manifest.json");
	damaged("is the manifest of other.sql.zst");
}

Test(backup_catalogue, a_dump_of_another_size_is_damaged)
{
	size_t len;

	night_backup(&(struct night_backup){0});
	CLEANUP(freep) char *dump = peek("full.sql.zst", &len);
	poke("full.sql.zst", dump, len - 1);
	damaged(" by its manifest");
	poke("full.sql.zst", dump, 0);
	damaged("full.sql.zst has 0 bytes");
}

Test(backup_catalogue, a_dump_that_is_gone_is_a_damaged_backup)
{
	night_backup(&(struct night_backup){0});
	remove_object("full.sql.zst");
	damaged("full.sql.zst is gone, though its manifest is there");
}

Test(backup_catalogue, the_newest_is_so_by_the_manifest_and_not_by_name_or_file_time)
{
	CLEANUP(catalogue_stop) struct catalogue c = {0};

	night_backup(&(struct night_backup){.key = "a.sql.zst", .finished = NIGHT + 2});
	night_backup(&(struct night_backup){.key = "b.sql.zst", .finished = NIGHT + 3});
	night_backup(&(struct night_backup){.key = "c.sql.zst", .finished = NIGHT + 1});
	read_store(&c);
	cr_assert_eq(c.count, 3);
	cr_assert_str_eq(c.backups[0].key, "c.sql.zst");
	cr_assert_str_eq(c.backups[1].key, "a.sql.zst");
	cr_assert_str_eq(c.backups[2].key, "b.sql.zst");
	cr_assert_str_eq(chosen(&c, NULL), "b.sql.zst");
	cr_assert_str_eq(chosen(&c, "a.sql.zst"), "a.sql.zst");
}

/* Both lie there since just now, long after NIGHT. */
Test(backup_catalogue, incomplete_and_foreign_dumps_are_passed_over)
{
	CLEANUP(catalogue_stop) struct catalogue c = {0};

	night_backup(&(struct night_backup){.key = "good.sql.zst"});
	night_backup(&(struct night_backup){.key = "incomplete.sql.zst", .no_manifest = true});
	text("foreign.sql.gz", "\037\213\010");
	text("foreign.sql.zst", "x");
	read_store(&c);
	cr_assert_eq(c.count, 4);
	cr_assert_str_eq(chosen(&c, NULL), "good.sql.zst");
}

Test(backup_catalogue, a_newer_backup_that_is_damaged_is_not_passed_over)
{
	CLEANUP(catalogue_stop) struct catalogue c = {0}, older = {0};
	size_t len;

	night_backup(&(struct night_backup){.key = "old.sql.zst", .finished = NIGHT - 86400});
	night_backup(&(struct night_backup){.key = "new.sql.zst"});
	CLEANUP(freep) char *dump = peek("new.sql.zst", &len);
	poke("new.sql.zst", dump, len / 2);
	read_store(&c);
	chooses_none(&c, NULL, ERR_CORRUPT, "the newest backup is damaged: new.sql.zst has");
	cr_assert_str_eq(chosen(&c, "old.sql.zst"), "old.sql.zst");

	night_backup(&(struct night_backup){.key = "newest.sql.zst", .finished = NIGHT + 1});
	read_store(&older);
	cr_assert_str_eq(chosen(&older, NULL), "newest.sql.zst");
}

Test(backup_catalogue, of_a_day_the_newest_complete_one_is_chosen)
{
	CLEANUP(catalogue_stop) struct catalogue c = {0};

	night_backup(&(struct night_backup){.key = "2026/11/19/full.sql.zst"});
	night_backup(
	    &(struct night_backup){.key = "2026/11/20/full.sql.zst", .finished = NIGHT + 1});
	night_backup(
	    &(struct night_backup){.key = "2026/11/20/full-120000.sql.zst", .finished = NIGHT + 2});
	night_backup(
	    &(struct night_backup){.key = "2026/11/20/full-130000.sql.zst", .no_manifest = true});
	text("2026/11/20/old.sql.gz", "\037\213\010");
	read_store(&c);
	cr_assert_str_eq(chosen_of_day(&c, "2026-11-19"), "2026/11/19/full.sql.zst");
	cr_assert_str_eq(chosen_of_day(&c, "2026-11-20"), "2026/11/20/full-120000.sql.zst");
}

/* The job's own day is in the key: one made late in Sao Paulo is of the day before. */
Test(backup_catalogue, a_day_is_the_key_s_own_and_the_local_one_where_the_key_has_none)
{
	CLEANUP(catalogue_stop) struct catalogue c = {0};

	setenv("TZ", "America/Sao_Paulo", 1);
	tzset();
	night_backup(&(struct night_backup){.key = "2026/11/22/full.sql.zst"});
	night_backup(&(struct night_backup){.key = "full.sql.zst"});
	read_store(&c);
	cr_assert_str_eq(chosen_of_day(&c, "2026-11-22"), "2026/11/22/full.sql.zst");
	cr_assert_str_eq(chosen_of_day(&c, "2026-11-20"), "full.sql.zst");
	setenv("TZ", "UTC", 1);
	tzset();
	cr_assert_str_eq(chosen_of_day(&c, "2026-11-21"), "full.sql.zst");
}

Test(backup_catalogue, a_day_without_complete_backup_names_the_days_there_are)
{
	CLEANUP(catalogue_stop) struct catalogue c = {0};
	struct err e;

	text("2026-11-18.sql.gz", "\037\213\010");
	read_store(&c);
	e = refused(&c, &(struct backup_choice){.day = "2026-11-18"}, ERR_CORRUPT);
	cr_assert_str_eq(e.text, "no complete backup");
	catalogue_stop(&c);

	for (int day = 1; day <= 25; day++) {
		CLEANUP(freep) char *key = xasprintf("2026/10/%02d/full.sql.zst", day);

		night_backup(
		    &(struct night_backup){.key = key, .finished = NIGHT - 86400 * (30 - day)});
		if (day != 2)
			continue;
		read_store(&c);
		e = refused(&c, &(struct backup_choice){.day = "2026-11-18"}, ERR_MISSING);
		cr_assert_str_eq(e.text, "no complete backup of 2026-11-18");
		cr_assert_str_eq(e.hint, "complete ones are of 2026-10-02, 2026-10-01");
		catalogue_stop(&c);
	}
	read_store(&c);
	e = refused(&c, &(struct backup_choice){.day = "2026-11-18"}, ERR_MISSING);
	cr_assert(strstr(e.hint, "are of 2026-10-25, 2026-10-24, "), "%s", e.hint);
	cr_assert(strstr(e.hint, " 2026-10-06, ..."), "%s", e.hint);
}

Test(backup_catalogue, the_newest_of_a_day_that_is_damaged_is_not_passed_over)
{
	CLEANUP(catalogue_stop) struct catalogue c = {0};
	struct err e;

	night_backup(
	    &(struct night_backup){.key = "2026-11-20.sql.zst", .finished = NIGHT - 86400});
	night_backup(&(struct night_backup){.key = "2026-11-21.sql.zst"});
	night_backup(&(struct night_backup){.key = "2026-11-21-b.sql.zst", .finished = NIGHT + 1});
	remove_object("2026-11-21-b.sql.zst");
	read_store(&c);
	e = refused(&c, &(struct backup_choice){.day = "2026-11-21"}, ERR_CORRUPT);
	cr_assert(strstr(e.text, "the newest backup of 2026-11-21 is damaged: 2026-11-21-b"), "%s",
		  e.text);
	cr_assert_str_eq(chosen_of_day(&c, "2026-11-20"), "2026-11-20.sql.zst");
}

Test(backup_catalogue, a_day_that_is_none_is_refused_and_so_is_a_second_choice)
{
	static const char *const days[] = {
	    "",           "20261121", "2026/11/21",  "2026-11-2",   "2026-13-21", "2026-11-32",
	    "21-11-2026", "today",    "2026-11-211", "x2026-11-21", "2026-1-21"};
	CLEANUP(catalogue_stop) struct catalogue c = {0};

	night_backup(&(struct night_backup){.key = "2026/11/21/full.sql.zst"});
	read_store(&c);
	for (size_t i = 0; i < sizeof days / sizeof *days; i++)
		refused(&c, &(struct backup_choice){.day = days[i]}, ERR_USAGE);
	refused(&c, &(struct backup_choice){.key = "2026/11/21/full.sql.zst", .day = "2026-11-21"},
		ERR_USAGE);
}

Test(backup_catalogue, the_last_drill_of_each_backup_is_told)
{
	CLEANUP(catalogue_stop) struct catalogue c = {0};

	night_backup(&(struct night_backup){.key = "a/full.sql.zst"});
	night_backup(&(struct night_backup){.key = "b/full.sql.zst", .finished = NIGHT + 1});
	text("c.sql.gz", "\037\213\010");
	evidence("a/", "2026-11-22T03:00:00Z", "a/full.sql.zst", "pass");
	evidence("a/", "2026-11-23T03:00:00Z", "a/full.sql.zst", "fail");
	evidence("a/", "2026-11-21T03:00:00Z", "a/full.sql.zst", "unknown");
	evidence("", "2026-11-24T03:00:00Z", "c.sql.gz", "unknown");
	evidence("", "2026-11-25T03:00:00Z", "gone.sql.zst", "pass");
	read_store(&c);
	cr_assert_eq(c.count, 3);
	cr_assert_str_eq(c.backups[0].key, "a/full.sql.zst");
	cr_assert_str_eq(c.backups[0].drill_verdict, "fail");
	cr_assert_eq(c.backups[0].drilled, NIGHT + 2 * 86400 + 1800);
	cr_assert_eq(c.backups[1].drilled, 0);
	cr_assert_null(c.backups[1].drill_verdict);
	cr_assert_str_eq(c.backups[2].drill_verdict, "unknown");
	cr_assert_eq(c.unreadable_evidence, 0);
}

Test(backup_catalogue, drill_of_what_had_the_key_before_is_another_dumps)
{
	CLEANUP(catalogue_stop) struct catalogue before = {0};
	CLEANUP(catalogue_stop) struct catalogue c = {0};

	night_backup(&(struct night_backup){.key = "a/full.sql.zst", .id = 1});
	text("b.sql.gz", "\037\213\010");
	evidence("", "2026-11-22T03:00:00Z", "a/full.sql.zst", "pass");
	evidence("", "2026-11-23T03:00:00Z", "b.sql.gz", "pass");
	read_store(&before);
	cr_assert_str_eq(before.backups[0].drill_verdict, "pass");
	cr_assert_str_eq(before.backups[1].drill_verdict, "pass");
	remove_object("a/full.sql.zst");
	remove_object("a/full.sql.zst" KEY_SHA256_SUFFIX);
	remove_object("a/full.sql.zst" KEY_MANIFEST_SUFFIX);
	night_backup(&(struct night_backup){.key = "a/full.sql.zst", .id = 2});
	text("b.sql.gz", "\037\213\010\010");
	read_store(&c);
	cr_assert_eq(c.count, 2);
	cr_assert_null(c.backups[0].drill_verdict);
	cr_assert_null(c.backups[1].drill_verdict);
}

Test(backup_catalogue, evidence_that_cannot_be_read_is_counted)
{
	CLEANUP(catalogue_stop) struct catalogue c = {0};

	night_backup(&(struct night_backup){0});
	text("drill-1.json", "garbage");
	text("drill-2.json", "");
	text("x/drill-3.json", "{}");
	evidence("", "2026-11-22T03:00:00Z", "full.sql.zst", "pass");
	read_store(&c);
	cr_assert_eq(c.unreadable_evidence, 3);
	cr_assert_str_eq(c.backups[0].drill_verdict, "pass");
	cr_assert_str_eq(chosen(&c, NULL), "full.sql.zst");
}

Test(backup_catalogue, a_store_that_cannot_be_listed_is_an_error)
{
	CLEANUP(catalogue_stop) struct catalogue c = {0};
	struct err e = {0};
	CLEANUP(store_freep) struct store *none = store_open("file:///no/such/directory", NULL, &e);

	cr_assert(none, "%s", e.text);
	cr_assert(!catalogue_read(none, &c, &e));
	cr_assert_eq(e.kind, ERR_MISSING);
}
