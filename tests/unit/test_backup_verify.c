#include "backup/digest.h"
#include "test_backup_outcome.h"
#include "test_backup_store.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

TestSuite(backup_verify, .init = night_verify_init, .fini = night_verify_stop);

Test(backup_verify, an_intact_backup_passes)
{
	CLEANUP(outcome_stop) struct outcome out = {0};

	passes(&newest);
	passes(&(struct verify_options){.which.key = DUMP, .now = NIGHT});
	verify(&newest, &out);
	static const char *const shown[] = {
	    "\"key\": \"full.sql.zst\"",
	    "\"status\": \"complete\"",
	    "\"backup_time\": \"2026-11-21T02:30:00Z\"",
	    "\"server_version\": \"15.20 (Debian 15.20-0+deb12u1)\"",
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
	passes(&(struct verify_options){.max_age_s = 60, .now = NIGHT - 3600});
	fails(&(struct verify_options){.max_age_s = 60, .now = NIGHT - 3601}, 1,
	      "the backup is of a time");
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

Test(backup_verify, a_sidecar_that_sha256sum_would_not_write_fails)
{
	static const char *const odd[] = {"%.64s\n",
					  "%.64s  other.sql.zst\n",
					  "%.64s *full.sql.zst\n",
					  "%.64s  full.sql.zst",
					  "%.64s  full.sql.zst\r\n",
					  "%.64s  full.sql.zst\n\n"};
	size_t len;
	CLEANUP(freep) char *sidecar = peek(SIDECAR, &len);

	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
		char text[200];

		snprintf(text, sizeof text, "%.64s%s", sidecar, odd[i] + strlen("%.64s"));
		put(SIDECAR, text);
		fails(&newest, 1, "its digest is right, but it is not as sha256sum writes it");
	}
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
	passes(&(struct verify_options){.which.key = "old.sql.zst", .now = NIGHT});
	verify(&(struct verify_options){.which.key = "older.sql.zst", .now = NIGHT}, &out);
	cr_assert(out.told && out.good, "%s", out.json);
	cr_assert(strstr(out.json, "\"status\": \"foreign\""), "%s", out.json);
	cr_assert(strstr(out.json, "no manifest: "), "%s", out.json);
	cr_assert(strstr(out.json, "no .sha256: "), "%s", out.json);
	verify(&(struct verify_options){.which.key = "old.sql.zst", .now = NIGHT}, &out);
	cr_assert(!strstr(out.json, "no .sha256: "), "%s", out.json);
}

Test(backup_verify, an_old_script_s_dump_that_is_no_whole_dump_fails)
{
	const struct verify_options old = {.which.key = "old.sql.zst", .now = NIGHT};
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
	fails(&(struct verify_options){.which.key = "old.sql.gz", .now = NIGHT}, 1,
	      "\"difference\": \"");
}
