#include "backup/manifest.h"
#include "test_backup_store.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *intact;

static void init(void)
{
	size_t len;

	night_store_init();
	night_backup(&(struct night_backup){0});
	intact = peek("full.sql.zst.manifest.json", &len);
}

static void stop(void)
{
	free(intact);
	night_store_stop();
}

TestSuite(backup_manifest_faults, .init = init, .fini = stop);

static bool read_text(const char *text, struct err *e)
{
	CLEANUP(manifest_stop) struct manifest m = {0};

	*e = (struct err){0};
	return manifest_read(text, strlen(text), &m, e);
}

Test(backup_manifest_faults, the_intact_one_is_read)
{
	CLEANUP(freep) char *again = reworded(intact, "150020", "150020");
	struct err e;

	cr_assert(read_text(intact, &e), "%s", e.text);
	cr_assert_str_eq(again, intact);
}

/* Each row: what becomes what, with the seal made anew, and how the message begins. */
static const struct {
	const char *old, *new, *message;
} faults[] = {
    {"\"pgmuster-manifest\"", "\"another-manifest\"", "$.format: not a manifest"},
    {"\"pgmuster-manifest\"", "1", "$.format: not a manifest"},
    {"\"version\": 1", "\"version\": \"1\"", "$.version: expected an integer"},
    {"\"version\": 1", "\"version\": 1.0", "$.version: expected an integer"},
    {"\"version\": 1", "\"Version\": 1", "$.version: expected an integer"},
    {"\"tool\": \"", "\"toll\": \"", "$.tool: expected a string"},
    {"\"id\": \"00", "\"id\": \"0", "$.id: expected 32 hexadecimal digits"},
    {"\"id\": \"00", "\"id\": \"0x", "$.id: expected 32 hexadecimal digits"},
    {"\"id\": \"00", "\"id\": \"0000", "$.id: expected 32 hexadecimal digits"},
    {"\"key\": \"full.sql.zst\"", "\"key\": null", "$.key: expected a string"},
    {"2026-11-21T02:29:00Z", "2026-11-21T02:29:61Z", "$.started: expected a time"},
    {"\"2026-11-21T02:30:00Z\"", "1795228200", "$.finished: expected a time"},
    {"2026-11-21T02:30:00Z", "2026-02-30T02:30:00Z", "$.finished: expected a time"},
    {"\"object\": {", "\"object\": 1, \"x\": {", "$.object: expected an object"},
    {"\"object\": {", "\"object\": [], \"x\": {", "$.object: expected an object"},
    {"\"bytes\": ", "\"bytes\": -", "$.object.bytes: expected a number that is not negative"},
    {"\"bytes\": ", "\"bytes\": 9999999999999999999", "the manifest is not JSON: line"},
    {"\"sha256\": \"", "\"sha256\": \"f", "$.object.sha256: expected 64 hexadecimal digits"},
    {"\"sha256\": \"", "\"sha256\": \"x\", \"y\": \"", "$.object.sha256: expected 64"},
    {"\"plain_bytes\": ", "\"plain_bytes\": -", "$.object.plain_bytes: expected a number"},
    {"\"frames\": ", "\"frames\": true, \"x\": ", "$.object.frames: expected an integer"},
    {"\"server_version_num\": 150020", "\"server_version_num\": 99999999999",
     "$.source.server_version_num: expected a version"},
    {"\"server_version_num\": 150020", "\"server_version_num\": 160020",
     "$.source.server_version_num: expected the number of server_version"},
    {"\"server_version_num\": 150020", "\"server_version_num\": -1",
     "$.source.server_version_num: expected a version"},
    {"\"role_passwords\": false", "\"role_passwords\": 0",
     "$.source.role_passwords: expected true or false"},
    {"\"excluded_databases\": []", "\"excluded_databases\": {}",
     "$.source.excluded_databases: expected a list"},
    {"\"excluded_databases\": []", "\"excluded_databases\": [1]",
     "$.source.excluded_databases[0]: expected an object"},
    {"\"warnings\": []", "\"warnings\": [{\"text\": \"a\"}, {\"text\": 1}]",
     "$.warnings[1].text: expected a string"},
    {"\"warnings\": []", "\"warnings\": [{\"text_hex\": \"0\"}]",
     "$.warnings[0].text_hex: expected hexadecimal digits"},
    {"\"warnings\": []", "\"warnings\": [{\"text_hex\": \"61FF\"}]",
     "$.warnings[0].text_hex: expected hexadecimal digits"},
    {"\"warnings\": []", "\"warnings\": \"none\"", "$.warnings: expected a list"},
    {"\"roll\": {", "\"roll\": null, \"x\": {", "$.roll: expected an object"},
    {"\"globals\": {", "\"globals\": {\"at\": 5, \"end\": 4}, \"x\": {",
     "$.roll.globals.end: expected a number not below at"},
    {"\"globals\": {", "\"globals\": {\"at\": 0, \"end\": 99999999}, \"x\": {",
     "$.roll.globals.end: expected an offset within the dump"},
    {"\"roles\": [", "\"roles\": [7,", "$.roll.roles[0]: expected an object"},
    {"\"tablespaces\": [", "\"tablespaces\": 7, \"x\": [", "$.roll.tablespaces: expected a list"},
    {"\"databases\": [", "\"databases\": {}, \"x\": [", "$.roll.databases: expected a list"},
    {"\"databases\": [", "\"databases\": [[],", "$.roll.databases[0]: expected an object"},
    {"\"name\": \"template1\",\n    \"at\": ", "\"name\": \"template1\",\n    \"at\": 999999",
     "$.roll.databases[0].end: expected a number not below at"},
    {"\"data_at\": ", "\"data_at\": 9999999",
     "$.roll.databases[0].data_at: expected at <= data_at"},
    {"\"post_at\": ", "\"post_at\": 9999999",
     "$.roll.databases[0].data_at: expected at <= data_at"},
    {"\"post_at\": ", "\"post_at\": 1, \"x\": ",
     "$.roll.databases[0].data_at: expected at <= data_at"},
    {"\"schema\": \"", "\"schema\": \"0", "$.roll.databases[0].schema: expected 32 hexa"},
    {"\"owner\": \"\"", "\"owner\": []", "$.roll.databases[0].owner: expected a string"},
    {"\"owner\": \"\"", "\"owner_hex\": \"6\"",
     "$.roll.databases[0].owner_hex: expected hexadecimal digits"},
    {"\"not_dumped\": \"\"", "\"not_dumped\": 1",
     "$.roll.databases[0].not_dumped: expected a string"},
    {"\"bytes_on_disk\": 0", "\"bytes_on_disk\": -5",
     "$.roll.databases[0].bytes_on_disk: expected a number"},
    {"\"extensions\": []", "\"extensions\": [{\"name\": \"x\"}]",
     "$.roll.databases[0].extensions[0].version: expected a string"},
    {"\"large_objects\": {", "\"large_objects\": [], \"x\": {",
     "$.roll.databases[0].large_objects: expected an object"},
    {"\"count\": 0", "\"count\": -1", "$.roll.databases[0].large_objects.count: expected a"},
    {"\"tables\": []", "\"tables\": [{\"schema\": \"s\"}]",
     "$.roll.databases[0].tables[0].name: expected a string"},
    {"\"rows\": 5,", "\"rows\": \"5\",", "$.roll.databases[1].tables[0].rows: expected an int"},
    {"\"columns\": \"id, title\"", "\"columns\": 2",
     "$.roll.databases[1].tables[0].columns: expected a string"},
    {"\"rows\": 5,", "\"rows\": 5, \"at\": 1, \"end\": 2, \"x\": {", "the manifest is not JSON"},
    {"\"sequences\": []", "\"sequences\": [{\"schema\": \"s\", \"name\": \"n\", \"value\": 1e3}]",
     "$.roll.databases[0].sequences[0].value: expected an integer"},
    {"\"called\": true", "\"called\": 1", "$.roll.databases[1].sequences[0].called: expected true"},
    {"\"key\": \"full.sql.zst\"", "\"key\": \"a\", \"key\": \"full.sql.zst\"",
     "the manifest is not JSON: line"},
    {"\"rows\": 5,", "\"rows\": 5, \"rows\": 6,", "the manifest is not JSON: line"},
    {"\"tool\": \"", "\"tool\": \"\\u0000", "the manifest is not JSON: line"},
    {"\"tool\": \"", "\"tool\": \"\377", "the manifest is not JSON: line"},
};

Test(backup_manifest_faults, each_is_refused_with_its_json_path)
{
	for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
		CLEANUP(freep) char *text = reworded(intact, faults[i].old, faults[i].new);
		struct err e;

		cr_assert(!read_text(text, &e), "%s -> %s", faults[i].old, faults[i].new);
		cr_assert_eq(e.kind, ERR_CORRUPT);
		cr_assert(strncmp(e.text, faults[i].message, strlen(faults[i].message)) == 0,
			  "%s -> %s: %s", faults[i].old, faults[i].new, e.text);
	}
}

Test(backup_manifest_faults, a_table_outside_its_database_is_refused)
{
	CLEANUP(manifest_stop) struct manifest m = {0};
	struct err e = {0};

	cr_assert(manifest_read(intact, strlen(intact), &m, &e), "%s", e.text);
	m.roll.databases[1].tables[0].range.at = m.roll.databases[1].range.at - 1;
	CLEANUP(freep) char *early = manifest_write(&m);
	m.roll.databases[1].tables[0].range.at = m.roll.databases[1].range.at;
	m.roll.databases[1].tables[0].range.end = m.roll.databases[1].range.end + 1;
	CLEANUP(freep) char *late = manifest_write(&m);
	cr_assert(!read_text(early, &e));
	cr_assert(strstr(e.text, "databases[1].tables[0].at"), "%s", e.text);
	cr_assert(!read_text(late, &e));
	cr_assert(strstr(e.text, "databases[1].tables[0].at"), "%s", e.text);
}

Test(backup_manifest_faults, what_is_there_twice_is_refused)
{
	CLEANUP(manifest_stop) struct manifest m = {0};
	struct err e = {0};

	cr_assert(manifest_read(intact, strlen(intact), &m, &e), "%s", e.text);
	struct roll_table *t = m.roll.databases[1].tables;
	t[1].range = t[0].range;
	CLEANUP(freep) char *table = manifest_write(&m);
	m.roll.databases[1].range = m.roll.databases[0].range;
	CLEANUP(freep) char *database = manifest_write(&m);
	cr_assert(!read_text(table, &e));
	cr_assert(strstr(e.text, "databases[1].tables[1].at: expected a place behind"), "%s",
		  e.text);
	cr_assert(!read_text(database, &e));
	cr_assert_eq(e.kind, ERR_CORRUPT);
}

Test(backup_manifest_faults, another_version_asks_for_another_pgmuster)
{
	static const char *const versions[] = {"\"version\": 2", "\"version\": 0",
					       "\"version\": 9223372036854775807"};

	for (size_t i = 0; i < sizeof versions / sizeof *versions; i++) {
		CLEANUP(freep) char *text = reworded(intact, "\"version\": 1", versions[i]);
		struct err e;

		cr_assert(!read_text(text, &e));
		cr_assert_eq(e.kind, ERR_SYSTEM);
		cr_assert(strstr(e.text, "$.version: manifest version"), "%s", e.text);
		cr_assert(strstr(e.hint, "newer"), "%s", e.hint);
	}
}

Test(backup_manifest_faults, what_is_no_manifest_is_refused)
{
	static const char *const texts[] = {
	    "", "null", "[]", "1", "{}", "garbage", "{\"format\": \"pgmuster-drill\"}"};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct err e;

		cr_assert(!read_text(texts[i], &e), "%s", texts[i]);
		cr_assert_eq(e.kind, ERR_CORRUPT);
	}
}

Test(backup_manifest_faults, nesting_without_end_is_refused)
{
	static const char *const units[] = {"[", "{\"a\":", "[[{\"b\":[", "[{}, "};

	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		size_t len = strlen(units[i]), count = 100000;
		CLEANUP(freep) char *text = xcalloc(len * count + 1, 1);
		struct err e;

		for (size_t j = 0; j < count; j++)
			memcpy(text + j * len, units[i], len);
		cr_assert(!read_text(text, &e));
		cr_assert_eq(e.kind, ERR_CORRUPT);

		CLEANUP(freep)
		char *inside = xasprintf("{\"format\": \"pgmuster-manifest\", \"x\": %s", text);
		cr_assert(!read_text(inside, &e));
		cr_assert_eq(e.kind, ERR_CORRUPT);
	}
}

Test(backup_manifest_faults, numbers_of_any_length_are_refused_or_read)
{
	char digits[5001];

	memset(digits, '9', sizeof digits - 1);
	digits[sizeof digits - 1] = '\0';
	CLEANUP(freep) char *number = xasprintf("\"bytes\": %s, \"x\": ", digits);
	CLEANUP(freep) char *text = reworded(intact, "\"bytes\": ", number);
	struct err e;

	cr_assert(!read_text(text, &e));
	cr_assert_eq(e.kind, ERR_CORRUPT);
}
