#include "backup/digest.h"
#include "backup/verify.h"
#include "test_backup_store.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#define DUMP "full.sql.zst"
#define SIDECAR "full.sql.zst.sha256"
#define MANIFEST "full.sql.zst.manifest.json"

static char *dump, *manifest;
static size_t dump_len, manifest_len;

static void init(void)
{
	night_store_init();
	night_backup(&(struct night_backup){0});
	dump = peek(DUMP, &dump_len);
	manifest = peek(MANIFEST, &manifest_len);
}

static void stop(void)
{
	free(dump);
	free(manifest);
	night_store_stop();
}

TestSuite(backup_verify, .init = init, .fini = stop);

static const struct verify_options newest = {.now = NIGHT + 3600};

struct outcome {
	bool told, good; /* what verify_run gave */
	struct err e;
	char *json;
};

static void outcome_stop(struct outcome *o)
{
	free(o->json);
}

static void verify(const struct verify_options *o, struct outcome *out)
{
	CLEANUP(report_freep) struct report *r = report_new();

	free(out->json);
	*out = (struct outcome){0};
	out->told = verify_run(night_store, o, r, &out->good, &out->e);
	out->json = report_json(r);
	cr_assert(out->told || out->e.kind == ERR_CORRUPT, "%s", out->e.text);
}

static void passes(const struct verify_options *o)
{
	CLEANUP(outcome_stop) struct outcome out = {0};

	verify(o, &out);
	cr_assert(out.told && out.good, "%s%s", out.e.text, out.json);
	cr_assert(strstr(out.json, "\"verdict\": \"pass\""), "%s", out.json);
	cr_assert(strstr(out.json, "\"difference_count\": 0"), "%s", out.json);
	cr_assert(!strstr(out.json, "FAIL"), "%s", out.json);
}

/* The check ran, and the report says what is wrong: so many sentences, this one among them. */
static void fails(const struct verify_options *o, size_t count, const char *sentence)
{
	CLEANUP(outcome_stop) struct outcome out = {0};
	CLEANUP(freep) char *counted = xasprintf("\"difference_count\": %zu,", count);

	verify(o, &out);
	cr_assert(out.told && !out.good, "%s: %s%s", sentence, out.e.text, out.json);
	cr_assert(strstr(out.json, "\"verdict\": \"fail\""), "%s", out.json);
	cr_assert(strstr(out.json, sentence), "%s: %s", sentence, out.json);
	cr_assert(strstr(out.json, counted), "%s: %s", counted, out.json);
}

/* Found wrong before it could be read. */
static void is_refused(const struct verify_options *o, const char *sentence)
{
	CLEANUP(outcome_stop) struct outcome out = {0};

	verify(o, &out);
	cr_assert(!out.told, "%s", out.json);
	cr_assert(strstr(out.e.text, sentence), "%s", out.e.text);
}

static bool is_bad(const struct verify_options *o)
{
	CLEANUP(outcome_stop) struct outcome out = {0};

	verify(o, &out);
	return !out.told || (!out.good && strstr(out.json, "\"difference\": "));
}

static void put(const char *key, const char *text)
{
	poke(key, text, strlen(text));
}

/* A dump in the place of the intact one, with sidecar and manifest made to fit its bytes. */
static void put_fitting(const char *bytes, size_t len)
{
	CLEANUP(manifest_stop) struct manifest m = {0};
	struct err e = {0};

	cr_assert(manifest_read(manifest, manifest_len, &m, &e), "%s", e.text);
	m.object.bytes = len;
	sha256_of(bytes, len, m.object.sha256);
	CLEANUP(freep) char *fitting = manifest_write(&m);
	CLEANUP(freep) char *sidecar = sidecar_write(m.object.sha256, DUMP);
	poke(DUMP, bytes, len);
	put(MANIFEST, fitting);
	put(SIDECAR, sidecar);
}

Test(backup_verify, an_intact_backup_passes)
{
	CLEANUP(outcome_stop) struct outcome out = {0};

	passes(&newest);
	passes(&(struct verify_options){.key = DUMP, .now = NIGHT});
	verify(&newest, &out);
	static const char *const shown[] = {
	    "\"key\": \"full.sql.zst\"",
	    "\"status\": \"complete\"",
	    "\"time\": \"2026-11-21T02:30:00Z\"",
	    "\"server_version\": \"15.20\"",
	    "\"database\": \"it's odd\"",
	    "\"rows\": 65",
	    "\"large_objects\": 2",
	    "\"not_proved\": []",
	};
	for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
		cr_assert(strstr(out.json, shown[i]), "%s: %s", shown[i], out.json);
}

Test(backup_verify, an_empty_store_has_no_complete_backup)
{
	struct err e = {0};

	cr_assert(store_remove(night_store, DUMP, &e) && store_remove(night_store, MANIFEST, &e));
	is_refused(&newest, "no complete backup");
}

Test(backup_verify, a_backup_that_is_too_old_fails)
{
	passes(&(struct verify_options){.max_age_s = 3600, .now = NIGHT + 3600});
	fails(&(struct verify_options){.max_age_s = 3600, .now = NIGHT + 3601}, 1,
	      "old, more than");
	passes(&(struct verify_options){.now = NIGHT + 1000000});
}

Test(backup_verify, a_missing_expected_database_fails)
{
	char *names[] = {(char[]){"immich"}, (char[]){"linkwarden"}};
	const struct expected both = {names, 2}, one = {names, 1};

	passes(&(struct verify_options){.expected = &one, .now = NIGHT});
	fails(&(struct verify_options){.expected = &both, .now = NIGHT}, 1,
	      "is expected, and not in the dump");
}

Test(backup_verify, any_damaged_byte_of_the_dump_fails)
{
	for (size_t i = 0; i < dump_len; i += i < 100 || i > dump_len - 130 ? 1 : 11) {
		char was = dump[i];

		dump[i] = (char)(was ^ (1 << i % 8));
		poke(DUMP, dump, dump_len);
		cr_assert(is_bad(&newest), "byte %zu", i);
		dump[i] = was;
	}
	poke(DUMP, dump, dump_len);
	passes(&newest);
}

/* zstd's own reader finds the same text in it: it has bits that mean nothing. */
static bool says_the_same(const char *bytes, size_t len)
{
	size_t small_len;
	CLEANUP(freep) char *small = slurp(SMALL, &small_len);
	CLEANUP(freep) char *text = xcalloc(small_len, 1);

	return ZSTD_decompress(text, small_len, bytes, len) == small_len &&
	       memcmp(text, small, small_len) == 0;
}

/* Without the digests: the frames' checksums, the mark, the seek table and the roll. */
Test(backup_verify, any_damaged_byte_of_the_dump_fails_even_if_all_digests_were_made_to_fit)
{
	const size_t mark_len = 8 + 44;

	put_fitting(dump, dump_len);
	passes(&newest);
	for (size_t i = 0; i < dump_len; i += i < 100 || i > dump_len - 130 ? 1 : 23) {
		char was = dump[i];

		dump[i] = (char)(was ^ (1 << i % 8));
		put_fitting(dump, dump_len);
		bool in_frames = i >= mark_len && i < dump_len - 130;
		cr_assert(is_bad(&newest) || (in_frames && says_the_same(dump, dump_len)),
			  "byte %zu", i);
		dump[i] = was;
	}
}

Test(backup_verify, a_dump_cut_short_anywhere_fails)
{
	for (size_t len = 0; len < dump_len; len += len < 100 || len > dump_len - 30 ? 1 : 13) {
		poke(DUMP, dump, len);
		cr_assert(is_bad(&newest), "%zu bytes", len);
		put_fitting(dump, len);
		cr_assert(is_bad(&newest), "%zu bytes, fitting", len);
		put(MANIFEST, manifest);
	}
}

Test(backup_verify, a_dump_with_something_behind_it_fails)
{
	static const char *const tails[] = {"x", "\n", "\050\265\057\375\040\001\001\000\000x",
					    "\120\052\115\030\000\000\000\000"};
	static const size_t lens[] = {1, 1, 10, 8};

	for (size_t i = 0; i < 4; i++) {
		CLEANUP(freep) char *longer = xcalloc(dump_len + 16, 1);

		memcpy(longer, dump, dump_len);
		memcpy(longer + dump_len, tails[i], lens[i]);
		poke(DUMP, longer, dump_len + lens[i]);
		is_refused(&newest, "the newest backup is damaged");
		put_fitting(longer, dump_len + lens[i]);
		cr_assert(is_bad(&newest));
		put(MANIFEST, manifest);
	}
}

Test(backup_verify, another_backup_s_sidecar_fails)
{
	unsigned char sha256[32];

	sha256_of("x", 1, sha256);
	CLEANUP(freep) char *sidecar = sidecar_write(sha256, DUMP);
	put(SIDECAR, sidecar);
	fails(&newest, 1, "by the sidecar");
}

Test(backup_verify, a_sidecar_of_garbage_fails)
{
	put(SIDECAR, "garbage\n");
	fails(&newest, 1, "full.sql.zst.sha256: the .sha256 beside it is not");
	put(SIDECAR, "");
	fails(&newest, 1, "full.sql.zst.sha256: the .sha256 beside it is not");
	CLEANUP(freep) char *long_one = xasprintf("%05000d", 0);
	put(SIDECAR, long_one);
	fails(&newest, 1, "full.sql.zst.sha256: ");
}

Test(backup_verify, a_missing_sidecar_fails)
{
	struct err e = {0};

	cr_assert(store_remove(night_store, SIDECAR, &e));
	fails(&newest, 1, "the sidecar full.sql.zst.sha256 is missing");
}

Test(backup_verify, a_damaged_manifest_is_refused)
{
	for (size_t i = 0; i < manifest_len; i += 101) {
		manifest[i] ^= 1;
		put(MANIFEST, manifest);
		is_refused(&newest, "the newest backup is damaged");
		manifest[i] ^= 1;
	}
}

/* The text with one thing changed, as a backup of the same id, under the intact one's manifest. */
static void put_other(const char *old, const char *new)
{
	size_t len;
	CLEANUP(freep) char *text = slurp(SMALL, &len);
	char *at = strstr(text, old);

	cr_assert(at && strlen(old) == strlen(new));
	memcpy(at, new, strlen(new));
	night_backup(&(struct night_backup){.key = "other.sql.zst", .text = text, .len = len});
	CLEANUP(freep) char *other = peek("other.sql.zst", &len);
	static const char *const suffixes[] = {"", ".sha256", ".manifest.json"};
	for (size_t i = 0; i < 3; i++) {
		CLEANUP(freep) char *key = xasprintf("other.sql.zst%s", suffixes[i]);
		struct err e = {0};

		cr_assert(store_remove(night_store, key, &e), "%s", e.text);
	}
	put_fitting(other, len);
}

Test(backup_verify, a_changed_text_is_found_by_the_roll_alone)
{
	static const char *const rows[][3] = {
	    {"IMG_1.jpg", "IMG_0.jpg", "table public.assets: the content of its 60 rows differs"},
	    {"\n1\tone\n", "\n2\tone\n", "table public.T 1: the content of its 3 rows differs"},
	    {"'public.assets_id_seq', 60, true", "'public.assets_id_seq', 61, true",
	     "sequence public.assets_id_seq: at 61 instead of 60"},
	    {"00ff10", "00ff11", "large objects: the content of the 2 differs"},
	    {"photos; and videos", "photos, and videos", "the definitions differ"},
	    {"CREATE ROLE reader", "CREATE ROLE raeder", "role reader: missing"},
	};

	put_fitting(dump, dump_len);
	passes(&newest);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		put_other(rows[i][0], rows[i][1]);
		fails(&(struct verify_options){.key = DUMP, .now = NIGHT},
		      strstr(rows[i][0], "ROLE") ? 2 : 1, rows[i][2]);
	}
}

Test(backup_verify, another_backup_s_dump_fails_by_its_id)
{
	size_t len;

	night_backup(&(struct night_backup){.key = "other.sql.zst", .id = 0xee});
	CLEANUP(freep) char *other = peek("other.sql.zst", &len);
	cr_assert_eq(len, dump_len);
	poke(DUMP, other, len);
	fails(&(struct verify_options){.key = DUMP, .now = NIGHT}, 3,
	      "the dump bears the id \\\"eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee\\\", the manifest 0000");
	put_fitting(other, len);
	fails(&(struct verify_options){.key = DUMP, .now = NIGHT}, 1, "the dump bears the id");
}

/* Changed in the manifest, with the seal made anew. */
static struct roll_database *immich(struct manifest *m)
{
	return roll_database(&m->roll, "immich");
}

#define NUMBERS 20
static uint64_t *number(struct manifest *m, size_t i)
{
	struct roll_database *d = immich(m);
	struct roll_table *t = roll_table(d, "public", "assets");
	uint64_t *const numbers[NUMBERS] = {
	    &t->rows,
	    &t->bytes,
	    &t->fingerprint.low,
	    &t->fingerprint.high,
	    &t->range.at,
	    &t->range.end,
	    &d->large_objects.count,
	    &d->large_objects.bytes,
	    &d->large_objects.fingerprint.low,
	    &d->large_objects.fingerprint.high,
	    &d->schema.low,
	    &d->schema.high,
	    &d->range.at,
	    &d->range.end,
	    &d->data_at,
	    &d->post_at,
	    &m->roll.globals.at,
	    &m->roll.globals.end,
	    &m->plain_bytes,
	    (uint64_t *)&d->sequences[0].value,
	};

	return numbers[i];
}

Test(backup_verify, each_number_of_the_roll_is_proved)
{
	static const char *const sentences[NUMBERS] = {
	    "table public.assets: 60 rows instead of 61",
	    "table public.assets: the content of its 60 rows differs",
	    "table public.assets: the content of its 60 rows differs",
	    "table public.assets: the content of its 60 rows differs",
	    "table public.assets: is at another place in the dump",
	    "table public.assets: is at another place in the dump",
	    "large objects: 2 instead of 3",
	    "large objects: the content of the 2 differs",
	    "large objects: the content of the 2 differs",
	    "large objects: the content of the 2 differs",
	    "the definitions differ",
	    "the definitions differ",
	    "is at another place in the dump",
	    "is at another place in the dump",
	    "is at another place in the dump",
	    "is at another place in the dump",
	    "the globals are at another place in the dump",
	    "the globals are at another place in the dump",
	    "bytes of SQL instead of",
	    "sequence public.albums_id_seq: at 5 instead of 6",
	};

	for (size_t i = 0; i < NUMBERS; i++) {
		CLEANUP(manifest_stop) struct manifest m = {0};
		struct err e = {0};

		cr_assert(manifest_read(manifest, manifest_len, &m, &e), "%s", e.text);
		++*number(&m, i);
		CLEANUP(freep) char *changed = manifest_write(&m);
		put(MANIFEST, changed);
		fails(&newest, 1, sentences[i]);
	}
}

#define TEXTS 9
static char **text_of(struct manifest *m, size_t i)
{
	struct roll_database *d = immich(m);
	struct roll_table *t = roll_table(d, "public", "assets");
	char **const texts[TEXTS] = {
	    &t->schema,
	    &t->name,
	    &t->columns,
	    &d->sequences[0].schema,
	    &d->sequences[0].name,
	    &d->name,
	    &m->roll.roles[2],
	    &m->roll.tablespaces[0],
	    &m->databases[d - m->roll.databases].extensions[0].name,
	};

	return texts[i];
}

Test(backup_verify, each_name_of_the_roll_is_proved)
{
	static const struct {
		size_t count;
		const char *sentence;
	} rows[TEXTS] = {
	    {2, "table public.assets: not on the roll"},
	    {2, "table public.changed: missing, with its 60 rows"},
	    {1, "columns (id, name, taken, size) instead of (changed)"},
	    {2, "sequence changed.albums_id_seq: missing"},
	    {2, "sequence public.changed: missing"},
	    {2, "the whole database is missing"},
	    {2, "role changed: missing"},
	    {2, "tablespace changed: missing"},
	    {1, "extension pg_trgm: not on the roll"},
	};

	for (size_t i = 0; i < TEXTS; i++) {
		CLEANUP(manifest_stop) struct manifest m = {0};
		struct err e = {0};

		cr_assert(manifest_read(manifest, manifest_len, &m, &e), "%s", e.text);
		char **text = text_of(&m, i);
		free(*text);
		*text = xstrdup("changed");
		CLEANUP(freep) char *changed = manifest_write(&m);
		put(MANIFEST, changed);
		fails(&newest, rows[i].count, rows[i].sentence);
	}
}

Test(backup_verify, what_the_manifest_says_of_the_file_is_proved)
{
	static const char *const rows[][3] = {
	    {"\"sha256\": \"", "\"sha256\": \"00", "by the manifest"},
	    {"\"id\": \"00", "\"id\": \"01", "the manifest 01000000000000000000000000000000"},
	    {"\"called\": true", "\"called\": false",
	     "sequence public.albums_id_seq: at 5 instead"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CLEANUP(freep) char *changed = reworded(manifest, rows[i][0], rows[i][1]);

		if (i == 0) { /* two digits in front, so two less behind */
			char *at =
			    strstr(changed, "\"sha256\": \"") + strlen("\"sha256\": \"") + 64;
			char two[4] = {at[0], at[1], '"', '\0'};
			CLEANUP(freep) char *again = reworded(changed, two, "\"");

			put(MANIFEST, again);
		} else {
			put(MANIFEST, changed);
		}
		fails(&newest, 1, rows[i][2]);
	}
	CLEANUP(freep) char *frames = reworded(manifest, "\"frames\": 1", "\"frames\": 2");
	put(MANIFEST, frames);
	is_refused(&newest, "frames in the seek table, 2");
	CLEANUP(freep) char *bytes = reworded(manifest, "\"bytes\": ", "\"bytes\": 1");
	put(MANIFEST, bytes);
	is_refused(&newest, "by its manifest");
}

/* A dump of an old script: plain zstd, named. */
static void put_foreign(const char *key, const char *text, size_t len, bool sidecar)
{
	size_t cap = ZSTD_compressBound(len);
	CLEANUP(freep) char *packed = xcalloc(cap, 1);
	unsigned char sha256[32];

	cap = ZSTD_compress(packed, cap, text, len, 3);
	poke(key, packed, cap);
	if (!sidecar)
		return;
	CLEANUP(freep) char *sidecar_key = xasprintf("%s.sha256", key);
	sha256_of(packed, cap, sha256);
	CLEANUP(freep) char *line = sidecar_write(sha256, key);
	put(sidecar_key, line);
}

Test(backup_verify, an_old_script_s_dump_passes_and_says_what_is_not_proved)
{
	CLEANUP(outcome_stop) struct outcome out = {0};
	size_t len;
	CLEANUP(freep) char *small = slurp(SMALL, &len);

	put_foreign("old.sql.zst", small, len, true);
	put_foreign("older.sql.zst", small, len, false);
	passes(&(struct verify_options){.key = "old.sql.zst", .now = NIGHT});
	verify(&(struct verify_options){.key = "older.sql.zst", .now = NIGHT}, &out);
	cr_assert(out.told && out.good, "%s", out.json);
	cr_assert(strstr(out.json, "\"status\": \"foreign\""), "%s", out.json);
	cr_assert(strstr(out.json, "no manifest: "), "%s", out.json);
	cr_assert(strstr(out.json, "no .sha256: "), "%s", out.json);
	verify(&(struct verify_options){.key = "old.sql.zst", .now = NIGHT}, &out);
	cr_assert(!strstr(out.json, "no .sha256: "), "%s", out.json);
}

Test(backup_verify, an_old_script_s_dump_that_is_no_whole_dump_fails)
{
	const struct verify_options old = {.key = "old.sql.zst", .now = NIGHT};
	size_t len;
	CLEANUP(freep) char *small = slurp(SMALL, &len);

	put_foreign("old.sql.zst", small, len / 2, false);
	fails(&old, 1, "the dump ends inside database");
	put_foreign("old.sql.zst", "SELECT 1;\n", 10, false);
	fails(&old, 1, "closing comment of pg_dump is missing");
	put("old.sql.zst", "not zstd at all");
	fails(&old, 1, "this is not a zstd frame");
	put("old.sql.zst", "");
	fails(&old, 1, "the input is empty");
	put_foreign("old.sql.zst", small, len, true);
	put("old.sql.zst.sha256",
	    "0000000000000000000000000000000000000000000000000000000000000000  old.sql.zst\n");
	fails(&old, 1, "by the sidecar");
	put("old.sql.gz", "not gzip at all");
	fails(&(struct verify_options){.key = "old.sql.gz", .now = NIGHT}, 1, "\"difference\": \"");
}
