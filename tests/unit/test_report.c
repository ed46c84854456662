#include "report/report.h"

#include "base/text.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <jansson.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void utf8(void)
{
	cr_assert(setlocale(LC_CTYPE, "C.UTF-8"));
}

TestSuite(report, .init = utf8);

static char *printed(const struct report *r, enum report_format format)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	struct err e = {0};

	cr_assert(out);
	cr_assert(report_print(r, format, out, &e), "%s", e.text);
	fclose(out);
	return text;
}

static void is_text(const struct report *r, const char *expected)
{
	CLEANUP(freep) char *text = printed(r, REPORT_TEXT);

	cr_assert_str_eq(text, expected);
}

static void is_json(const struct report *r, const char *expected)
{
	CLEANUP(freep) char *text = printed(r, REPORT_JSON);
	CLEANUP(freep) char *same = report_json(r);

	cr_assert_str_eq(text, expected);
	cr_assert_str_eq(same, expected);
}

static struct report *sample(void)
{
	struct report *r = report_new();
	struct report *row;

	report_string(r, "key", "2026/11/21/full.sql.zst");
	report_bytes(r, "plain_bytes", (uint64_t)3 << 29);
	report_int(r, "rows", 1234567);
	report_seconds(r, "age_seconds", 93600);
	report_seconds(r, "seconds", 63.2);
	report_bool(r, "role_passwords", false);
	report_string(r, "nothing", NULL);
	row = report_row(r, "databases");
	report_string(row, "database", "immich");
	report_int(row, "rows", 5);
	report_bytes(row, "bytes", 100);
	row = report_row(r, "databases");
	report_string(row, "database", "a");
	report_int(row, "rows", 1000);
	report_bytes(row, "bytes", 2048);
	report_item(r, "warnings", "first");
	report_item(r, "warnings", "second");
	report_closing(r, "%d databases", 2);
	return r;
}

Test(report, text_is_for_people)
{
	CLEANUP(report_freep) struct report *r = sample();

	is_text(r, "key             2026/11/21/full.sql.zst\n"
		   "plain bytes     1.5 GiB\n"
		   "rows            1234567\n"
		   "age             1 d 02 h\n"
		   "time            1 m 03 s\n"
		   "role passwords  no\n"
		   "\n"
		   "databases\n"
		   "  database  rows    bytes\n"
		   "  immich       5    100 B\n"
		   "  a         1000  2.0 KiB\n"
		   "\n"
		   "warnings\n"
		   "  first\n"
		   "  second\n"
		   "\n"
		   "2 databases\n");
}

Test(report, json_has_every_value_in_order)
{
	CLEANUP(report_freep) struct report *r = sample();

	is_json(r, "{\n"
		   "  \"key\": \"2026/11/21/full.sql.zst\",\n"
		   "  \"plain_bytes\": 1610612736,\n"
		   "  \"rows\": 1234567,\n"
		   "  \"age_seconds\": 93600.0,\n"
		   "  \"seconds\": 63.2,\n"
		   "  \"role_passwords\": false,\n"
		   "  \"nothing\": null,\n"
		   "  \"databases\": [\n"
		   "    {\n"
		   "      \"database\": \"immich\",\n"
		   "      \"rows\": 5,\n"
		   "      \"bytes\": 100\n"
		   "    },\n"
		   "    {\n"
		   "      \"database\": \"a\",\n"
		   "      \"rows\": 1000,\n"
		   "      \"bytes\": 2048\n"
		   "    }\n"
		   "  ],\n"
		   "  \"warnings\": [\n"
		   "    \"first\",\n"
		   "    \"second\"\n"
		   "  ]\n"
		   "}\n");
}

Test(report, an_empty_one_is_empty)
{
	CLEANUP(report_freep) struct report *r = report_new();

	is_text(r, "");
	is_json(r, "{}\n");
}

Test(report, an_empty_list_is_in_json_alone)
{
	CLEANUP(report_freep) struct report *r = report_new();

	report_list(r, "errors");
	report_string(r, "verdict", "good");
	is_text(r, "verdict  good\n");
	is_json(r, "{\n  \"errors\": [],\n  \"verdict\": \"good\"\n}\n");
}

Test(report, rows_without_columns_are_empty_lines)
{
	CLEANUP(report_freep) struct report *r = report_new();

	report_row(r, "things");
	is_json(r, "{\n  \"things\": [\n    {}\n  ]\n}\n");
	is_text(r, "\nthings\n\n\n");
}

Test(report, hidden_keys_are_in_json_alone)
{
	CLEANUP(report_freep) struct report *r = report_new();

	report_hide(r, "version");
	report_int(r, "version", 1);
	report_string(r, "shown", "x");
	for (int i = 0; i < 2; i++) {
		struct report *row = report_row(r, "errors");

		report_string(row, "what", "w");
		report_int(row, "at", 7);
		if (i == 1)
			report_hide(row, "at");
	}
	report_item(r, "items", "y");
	report_hide(r, "items");
	is_text(r, "shown  x\n\nerrors\n  what\n  w\n  w\n");
	CLEANUP(freep) char *json = report_json(r);
	cr_assert(strstr(json, "\"version\": 1") && strstr(json, "\"at\": 7") &&
		  strstr(json, "\"y\""));
}

Test(report, hiding_a_key_first_does_not_change_how_it_is_shown)
{
	CLEANUP(report_freep) struct report *r = report_new();

	report_string(r, "size", NULL);
	report_bytes(r, "size", 1024);
	is_text(r, "size  1.0 KiB\n");
}

Test(report, a_key_that_only_some_rows_have_is_a_column)
{
	CLEANUP(report_freep) struct report *r = report_new();
	struct report *row = report_row(r, "backups");

	report_string(row, "key", "a");
	report_string(row, "rows", NULL);
	row = report_row(r, "backups");
	report_string(row, "key", "b");
	report_int(row, "rows", 1000000);
	report_string(row, "problem", "cut short");
	is_text(r, "\nbackups\n"
		   "  key     rows  problem\n"
		   "  a          -  -\n"
		   "  b    1000000  cut short\n");
}

Test(report, sizes_have_units_even_if_the_first_row_has_none)
{
	CLEANUP(report_freep) struct report *r = report_new();

	report_string(report_row(r, "x"), "bytes", NULL);
	report_bytes(report_row(r, "x"), "bytes", 1 << 20);
	is_text(r, "\nx\n    bytes\n        -\n  1.0 MiB\n");
}

Test(report, seconds_are_without_the_word)
{
	static const char *const rows[][2] = {{"age_seconds", "age   1.0 s\n"},
					      {"seconds", "time  1.0 s\n"},
					      {"_seconds", "_seconds"},
					      {"seconds_left", "seconds left  1.0 s\n"}};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CLEANUP(report_freep) struct report *r = report_new();
		CLEANUP(report_freep) struct report *table = report_new();

		if (i == 2)
			continue;
		report_seconds(r, rows[i][0], 1);
		if (i == 0)
			report_string(r, "four", NULL);
		CLEANUP(freep) char *text = printed(r, REPORT_TEXT);
		cr_assert_str_eq(text, i == 0 ? "age  1.0 s\n" : rows[i][1]);
		report_seconds(report_row(table, "t"), "restore_seconds", 1);
		is_text(table, "\nt\n  restore\n    1.0 s\n");
	}
}

Test(report, numbers_that_are_none_are_null)
{
	CLEANUP(report_freep) struct report *r = report_new();

	report_seconds(r, "a", NAN);
	report_seconds(r, "b", INFINITY);
	report_seconds(r, "c", -5);
	is_json(r, "{\n  \"a\": null,\n  \"b\": null,\n  \"c\": -5.0\n}\n");
	is_text(r, "c  -\n");
}

Test(report, json_seconds_are_short)
{
	static const struct {
		double value;
		const char *json;
	} rows[] = {{63.2, "63.2"},  {0.1, "0.1"},       {0.0004, "0.0"},
		    {1.0005, "1.0"}, {12.345, "12.345"}, {99999999.999, "99999999.999"}};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CLEANUP(report_freep) struct report *r = report_new();
		CLEANUP(freep) char *expected = xasprintf("{\n  \"t\": %s\n}\n", rows[i].json);

		report_seconds(r, "t", rows[i].value);
		if (i != 3) /* a half that binary fractions cannot hold goes either way */
			is_json(r, expected);
	}
}

Test(report, hostile_text_is_escaped)
{
	CLEANUP(report_freep) struct report *r = report_new();

	report_string(r, "name", "a\nb\x1b[2J\x07");
	report_string(report_row(r, "rows"), "name", "x\r\nforged  1\n");
	report_item(r, "items", "\xe2\x80\xaegpj.exe");
	report_closing(r, "%s", "ends\nhere");
	is_text(r, "name  a\\x0ab\\x1b[2J\\x07\n"
		   "\nrows\n  name\n  x\\x0d\\x0aforged  1\\x0a\n"
		   "\nitems\n  \\xe2\\x80\\xaegpj.exe\n"
		   "\nends\\x0ahere\n");
}

/* Every byte in a value, alone and after a beginning of a character. */
Test(report, json_is_valid_whatever_is_in_a_value)
{
	for (int c = 1; c < 256; c++) {
		static const char *const before[] = {"", "\xc3", "\xe2\x82", "\xf0\x9f\x92"};

		for (size_t i = 0; i < 4; i++) {
			CLEANUP(report_freep) struct report *r = report_new();
			CLEANUP(freep) char *value = xasprintf("%s%c", before[i], c);

			report_string(r, "v", value);
			report_item(r, "list", value);
			CLEANUP(freep) char *json = report_json(r);
			CLEANUP(freep) char *text = printed(r, REPORT_TEXT);
			json_t *back = json_loads(json, 0, NULL);
			const char *got = json_string_value(json_object_get(back, "v"));

			cr_assert(back && got, "%s", json);
			if (c < 0x80 && i == 0)
				cr_assert_str_eq(got, value);
			json_decref(back);
			cr_assert_eq(strcspn(text, "\x1b\r\x7f\t"), strlen(text));
		}
	}
}

Test(report, long_values_are_whole_in_json_alone)
{
	CLEANUP(report_freep) struct report *r = report_new();
	CLEANUP(freep) char *text = NULL;
	char value[5001] = {0};

	memset(value, 'x', sizeof value - 1);
	report_string(r, "a", value);
	text = printed(r, REPORT_TEXT);
	cr_assert_eq(strlen(text), strlen("a  ") + 1000 + strlen("...\n"));
	free(text);
	text = printed(r, REPORT_JSON);
	cr_assert(strstr(text, value));
}

Test(report, wide_characters_are_aligned)
{
	static const char *const names[] = {"abc", "日本語", "ação", "e\xcc\x81", "\xff"};
	CLEANUP(report_freep) struct report *r = report_new();

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct report *row = report_row(r, "databases");

		report_string(row, "n", names[i]);
		report_int(row, "rows", (int64_t)i);
	}
	is_text(r, "\ndatabases\n"
		   "  n       rows\n"
		   "  abc        0\n"
		   "  日本語     1\n"
		   "  ação       2\n"
		   "  e\xcc\x81          3\n"
		   "  \\xff       4\n");
}

Test(report, no_line_ends_in_a_blank)
{
	CLEANUP(report_freep) struct report *r = sample();
	CLEANUP(freep) char *text = printed(r, REPORT_TEXT);

	cr_assert_null(strstr(text, " \n"));
}

Test(report, a_full_disk_is_an_error)
{
	for (int format = REPORT_TEXT; format <= REPORT_JSON; format++)
		for (int rows = 1; rows <= 1000; rows += 999) {
			CLEANUP(report_freep) struct report *r = report_new();
			FILE *full = fopen("/dev/full", "w");
			struct err e = {0};

			cr_assert(full);
			for (int i = 0; i < rows; i++)
				report_item(r, "items", "some text that fills the buffer");
			cr_assert(!report_print(r, (enum report_format)format, full, &e));
			cr_assert_eq(e.kind, ERR_SYSTEM);
			cr_assert(strstr(e.text, "write the result: No space left"), "%s", e.text);
			fclose(full);
		}
}

Test(report, many_rows_are_no_trouble)
{
	CLEANUP(report_freep) struct report *r = report_new();

	for (int i = 0; i < 20000; i++) {
		struct report *row = report_row(r, "tables");

		report_string(row, "table", "t");
		report_int(row, "rows", i);
		report_bytes(row, "bytes", 1);
	}
	CLEANUP(freep) char *text = printed(r, REPORT_TEXT);
	cr_assert_eq(strlen(text),
		     strlen("\ntables\n") + 20001 * strlen("  table   rows  bytes\n"));
}
