#include "backup/digest.h"
#include "backup/key.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define NIGHT 1795228200 /* 2026-11-21T02:30:00Z */

static void zone(void)
{
	setenv("TZ", "UTC", 1);
	tzset();
}

TestSuite(backup_key, .init = zone);
TestSuite(backup_digest);

static void gives(const char *format, const char *expected)
{
	struct err e = {0};
	CLEANUP(freep) char *key = key_of_day(format, NIGHT, &e);

	cr_assert(key, "%s: %s", format, e.text);
	cr_assert_str_eq(key, expected);
}

Test(backup_key, is_the_date_in_the_given_format)
{
	gives(KEY_DEFAULT_FORMAT, "2026/11/21/full.sql.zst");
	gives("full.sql.zst", "full.sql.zst");
	gives("%F/%H%M%S.sql.zst", "2026-11-21/023000.sql.zst");
	gives("a b/..x/%%.sql.zst", "a b/..x/%.sql.zst");
}

Test(backup_key, is_of_the_local_day)
{
	setenv("TZ", "America/Sao_Paulo", 1);
	tzset();
	gives("%Y/%m/%d/%H.sql.zst", "2026/11/20/23.sql.zst");
}

Test(backup_key, names_its_day_whatever_separates_the_parts)
{
	static const char *const keys[] = {"2026/11/21/full.sql.zst",
					   "2026-11-21.sql.zst",
					   "pg_2026_11_21.sql.gz",
					   "pg.2026.11.21.sql.zst",
					   "full-20261121T023000.sql.zst",
					   "full-20261121023000.sql.zst",
					   "15/2026-11-21/2026-11-22.sql.zst"};
	char day[KEY_DAY_SIZE];

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		cr_assert(key_day(keys[i], day), "%s", keys[i]);
		cr_assert_str_eq(day, "2026-11-21", "%s", keys[i]);
	}
}

Test(backup_key, without_a_date_names_no_day)
{
	static const char *const keys[] = {"full.sql.zst",
					   "2026/full.sql.zst",
					   "2026/11/x.sql.zst",
					   "2026-11/21.sql.zst",
					   "120261121.sql.zst",
					   "2026-00-21.sql.zst",
					   "2026-11-00.sql.zst",
					   "2026",
					   "2026/11",
					   "2026/11/2",
					   "202611",
					   ""};
	char day[KEY_DAY_SIZE];

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		cr_assert(!key_day(keys[i], day), "%s", keys[i]);
}

Test(backup_key, that_is_no_plain_path_or_no_dump_is_refused)
{
	CLEANUP(freep) char *longest = xcalloc(600, 1);
	memset(longest, 'a', 520);
	memcpy(longest + 520, ".sql.zst", 9);
	const char *const formats[] = {
	    "",
	    ".sql.zst",
	    "full.sql",
	    "full.sql.gz",
	    "full.sql.zst ",
	    "full.sql.zst.%d",
	    "/full.sql.zst",
	    "a//full.sql.zst",
	    "../full.sql.zst",
	    "a/../full.sql.zst",
	    "./full.sql.zst",
	    "a/./full.sql.zst",
	    "a/\n/full.sql.zst",
	    "a%n/full.sql.zst",
	    "a\177.sql.zst",
	    longest,
	};

	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
		struct err e = {0};

		cr_assert_null(key_of_day(formats[i], NIGHT, &e), "%s", formats[i]);
		cr_assert_eq(e.kind, ERR_USAGE, "%s", formats[i]);
		cr_assert(strstr(e.text, "key format"), "%s", e.text);
	}
}

Test(backup_key, beside_another_has_the_time_and_keeps_the_suffix)
{
	CLEANUP(freep) char *plain = key_beside("2026/11/21/full.sql.zst", NIGHT, NULL);
	CLEANUP(freep) char *unique = key_beside("full.sql.zst", NIGHT, "1a2b3c4d");

	cr_assert_str_eq(plain, "2026/11/21/full-023000.sql.zst");
	cr_assert_str_eq(unique, "full-023000-1a2b3c4d.sql.zst");
}

Test(backup_key, of_evidence_is_in_the_folder_of_the_dump_and_in_utc)
{
	setenv("TZ", "America/Sao_Paulo", 1);
	tzset();
	CLEANUP(freep) char *folder = key_of_evidence("2026/11/21/full.sql.zst", NIGHT);
	CLEANUP(freep) char *top = key_of_evidence("full.sql.gz", NIGHT);

	cr_assert_str_eq(folder, "2026/11/21/drill-20261121T023000Z.json");
	cr_assert_str_eq(top, "drill-20261121T023000Z.json");
	cr_assert(key_is_evidence(folder));
	cr_assert(key_is_evidence(top));
}

Test(backup_key, suffixes_tell_what_an_object_is)
{
	cr_assert(key_is_dump("a/full.sql.zst"));
	cr_assert(key_is_dump("a/full.sql.gz"));
	cr_assert(!key_is_dump("a/full.sql.zst.sha256"));
	cr_assert(!key_is_dump("a/full.sql.zst.manifest.json"));
	cr_assert(!key_is_dump("a/full.sql"));
	cr_assert(!key_is_dump(".sql.zst"));
	cr_assert(!key_is_dump(""));
	cr_assert(!key_has_suffix("st", ".sql.zst"));
	cr_assert(!key_is_evidence("a/drill-x.txt"));
	cr_assert(!key_is_evidence("drill-x/full.json"));
	cr_assert(!key_is_evidence("a/mydrill-x.json"));
	cr_assert(!key_is_evidence("a/drill-x.sql.zst.manifest.json"));
	cr_assert_str_eq(key_name("a/b/c"), "c");
	cr_assert_str_eq(key_name("c"), "c");
	cr_assert_str_eq(key_name("a/"), "");
}

/* From FIPS 180-2, B.1, and of nothing. */
Test(backup_digest, is_sha256)
{
	unsigned char sha256[32];
	char hex[SHA256_HEX];

	sha256_of("abc", 3, sha256);
	sha256_hex(sha256, hex);
	cr_assert_str_eq(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	sha256_of("", 0, sha256);
	sha256_hex(sha256, hex);
	cr_assert_str_eq(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

Test(backup_digest, a_sidecar_is_read_as_it_was_written)
{
	unsigned char sha256[32], again[32];
	struct err e = {0};

	sha256_of("x", 1, sha256);
	CLEANUP(freep) char *text = sidecar_write(sha256, "2026/11/21/full.sql.zst");
	cr_assert_str_eq(text, "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
			       "  full.sql.zst\n");
	cr_assert(sidecar_read(text, again, &e), "%s", e.text);
	cr_assert_arr_eq(again, sha256, 32);
}

Test(backup_digest, a_sidecar_of_an_old_script_is_read_too)
{
	unsigned char sha256[32], again[32];
	char hex[SHA256_HEX];
	struct err e = {0};

	sha256_of("x", 1, sha256);
	sha256_hex(sha256, hex);
	const char *const rests[] = {"", "\n", " *full.sql.zst\n", "  /tmp/dump.sql.zst\n",
				     "  -\n"};
	for (size_t i = 0; i < sizeof rests / sizeof *rests; i++) {
		CLEANUP(freep) char *text = xasprintf("%s%s", hex, rests[i]);

		cr_assert(sidecar_read(text, again, &e), "%s: %s", text, e.text);
		cr_assert_arr_eq(again, sha256, 32);
	}
}

Test(backup_digest, a_sidecar_cut_within_its_digest_is_refused)
{
	unsigned char sha256[32], again[32];

	sha256_of("x", 1, sha256);
	CLEANUP(freep) char *text = sidecar_write(sha256, "full.sql.zst");
	for (size_t len = 0; len <= strlen(text); len++) {
		CLEANUP(freep) char *cut = xstrndup(text, len);
		struct err e = {0};

		cr_assert_eq(sidecar_read(cut, again, &e), len >= 64, "%zu bytes", len);
		cr_assert_eq(e.kind, len >= 64 ? ERR_NONE : ERR_CORRUPT);
	}
}

Test(backup_digest, a_sidecar_with_any_digit_that_is_none_is_refused)
{
	unsigned char sha256[32], again[32];

	sha256_of("x", 1, sha256);
	for (size_t i = 0; i < 65; i++) {
		CLEANUP(freep) char *text = sidecar_write(sha256, "full.sql.zst");
		struct err e = {0};

		text[i] = 'g';
		cr_assert(!sidecar_read(text, again, &e), "byte %zu", i);
		text[i] = 'A';
		cr_assert(!sidecar_read(text, again, &e), "byte %zu", i);
	}
}
