#include "backup/evidence.h"
#include "backup/expect.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[] = "/tmp/pgmuster-expect-XXXXXX";

static void init(void)
{
	int fd = mkstemp(path);

	cr_assert(fd >= 0);
	close(fd);
}

static void stop(void)
{
	unlink(path);
}

TestSuite(backup_expect, .init = init, .fini = stop);
TestSuite(backup_evidence);

static bool read_list(const char *text, struct expected *x, struct err *e)
{
	FILE *f = fopen(path, "w");

	cr_assert(f && fputs(text, f) >= 0 && fclose(f) == 0);
	*e = (struct err){0};
	return expected_read(path, x, e);
}

Test(backup_expect, a_list_of_names_is_read)
{
	CLEANUP(expected_stop) struct expected x = {0};
	struct err e;

	cr_assert(read_list("[\"linkwarden\",\"immich\",\"f\\u00e9rias \\\"x\\\"\"]\n", &x, &e),
		  "%s", e.text);
	cr_assert_eq(x.count, 3);
	cr_assert_str_eq(x.names[0], "linkwarden");
	cr_assert_str_eq(x.names[1], "immich");
	cr_assert_str_eq(x.names[2], "f\303\251rias \"x\"");
}

Test(backup_expect, anything_else_is_refused_with_its_place)
{
	static const char *const rows[][2] = {
	    {"", "line 1: "},
	    {"[\"a\"", "line 1: "},
	    {"[\n\"a\",\n]", "line 3: "},
	    {"[\"a\"] x", "line 1: "},
	    {"{\"names\": [\"a\"]}", "$: expected a list of database names"},
	    {"\"a\"", "line 1: "},
	    {"[]", "the list is empty"},
	    {"[\"a\", 1]", "$[1]: expected a string"},
	    {"[\"a\", null, \"b\"]", "$[1]: expected a string"},
	    {"[[\"a\"]]", "$[0]: expected a string"},
	    {"[{\"name\": \"a\"}]", "$[0]: expected a string"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CLEANUP(expected_stop) struct expected x = {0};
		struct err e;

		cr_assert(!read_list(rows[i][0], &x, &e), "%s", rows[i][0]);
		cr_assert_eq(e.kind, ERR_USAGE);
		cr_assert(strstr(e.text, rows[i][1]), "%s: %s", rows[i][0], e.text);
		cr_assert(strstr(e.text, path), "%s", e.text);
	}
}

Test(backup_expect, a_file_that_is_not_there_is_named)
{
	CLEANUP(expected_stop) struct expected x = {0};
	struct err e = {0};

	cr_assert(!expected_read("/no/such/file.json", &x, &e));
	cr_assert_eq(e.kind, ERR_USAGE);
	cr_assert(strstr(e.text, "/no/such/file.json"), "%s", e.text);
	cr_assert(strstr(e.text, "No such file"), "%s", e.text);
	cr_assert(!strstr(e.text, "line"), "%s", e.text);
}

Test(backup_expect, each_missing_database_is_a_difference_and_others_are_counted)
{
	CLEANUP(expected_stop) struct expected x = {0};
	CLEANUP(differences_stop) struct differences d = {0};
	struct roll_database databases[] = {{.name = (char[]){"template1"}},
					    {.name = (char[]){"immich"}},
					    {.name = (char[]){"forgotten"}},
					    {.name = (char[]){"postgres"}},
					    {.name = (char[]){"Immich"}}};
	const struct roll roll = {.databases = databases, .database_count = 5};
	struct err e;

	cr_assert(read_list("[\"immich\", \"linkwarden\", \"lost\"]", &x, &e), "%s", e.text);
	cr_assert_eq(expected_compare(&x, &roll, &d), 2);
	cr_assert_eq(d.count, 2);
	cr_assert_str_eq(d.items[0].database, "linkwarden");
	cr_assert_str_eq(d.items[1].database, "lost");
	cr_assert_str_eq(d.items[1].what, "is expected, and not in the dump");
}

#define EVIDENCE                                                                                   \
	"{\"format\": \"pgmuster-drill\", \"version\": 1, \"key\": \"a/full.sql.zst\", "           \
	"\"verdict\": \"pass\", \"finished\": \"2026-11-21T03:00:00Z\"}"

Test(backup_evidence, of_a_drill_is_read)
{
	static const char *const verdicts[] = {"pass", "fail", "unknown"};

	for (size_t i = 0; i < 3; i++) {
		CLEANUP(evidence_stop) struct evidence ev = {0};
		CLEANUP(freep)
		char *text =
		    xasprintf("{\"format\": \"pgmuster-drill\", \"key\": \"a\", \"verdict\": "
			      "\"%s\", \"finished\": \"2026-11-21T03:00:00Z\", \"more\": []}",
			      verdicts[i]);

		cr_assert(evidence_read(text, strlen(text), &ev));
		cr_assert_str_eq(ev.key, "a");
		cr_assert_str_eq(ev.verdict, verdicts[i]);
		cr_assert_eq(ev.finished, 1795230000);
	}
}

Test(backup_evidence, cut_short_anywhere_is_none)
{
	for (size_t len = 0; len < strlen(EVIDENCE); len++) {
		CLEANUP(evidence_stop) struct evidence ev = {0};
		CLEANUP(freep) char *cut = xcalloc(len + 1, 1);

		memcpy(cut, EVIDENCE, len);
		cr_assert(!evidence_read(cut, len, &ev), "%zu bytes", len);
	}
}

Test(backup_evidence, garbage_is_none)
{
	static const char *const texts[] = {
	    "null",
	    "[]",
	    "{}",
	    "\377\376",
	    "{\"format\": \"pgmuster-manifest\", \"key\": \"a\", \"verdict\": \"pass\", "
	    "\"finished\": \"2026-11-21T03:00:00Z\"}",
	    "{\"format\": \"pgmuster-drill\", \"key\": 1, \"verdict\": \"pass\", "
	    "\"finished\": \"2026-11-21T03:00:00Z\"}",
	    "{\"format\": \"pgmuster-drill\", \"key\": \"a\", \"verdict\": \"perfect\", "
	    "\"finished\": \"2026-11-21T03:00:00Z\"}",
	    "{\"format\": \"pgmuster-drill\", \"key\": \"a\", \"verdict\": true, "
	    "\"finished\": \"2026-11-21T03:00:00Z\"}",
	    "{\"format\": \"pgmuster-drill\", \"key\": \"a\", \"verdict\": \"pass\", "
	    "\"finished\": \"yesterday\"}",
	    "{\"format\": \"pgmuster-drill\", \"key\": \"a\", \"verdict\": \"pass\"}",
	    "{\"format\": \"pgmuster-drill\", \"key\": \"a\", \"verdict\": \"fail\", \"verdict\": "
	    "\"pass\", \"finished\": \"2026-11-21T03:00:00Z\"}",
	};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		CLEANUP(evidence_stop) struct evidence ev = {0};

		cr_assert(!evidence_read(texts[i], strlen(texts[i]), &ev), "%s", texts[i]);
	}
}
