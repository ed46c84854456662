#include "base/base.h"
#include "base/text.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

TestSuite(base_clock);

Test(base_clock, only_goes_forward)
{
	int64_t last = clock_ms();

	for (int i = 0; i < 1000; i++) {
		int64_t now = clock_ms();

		cr_assert(now >= last);
		last = now;
	}
}

Test(base_clock, times_come_back_as_they_were)
{
	static const struct {
		time_t t;
		const char *text;
	} rows[] = {{0, "1970-01-01T00:00:00Z"},           {-1, "1969-12-31T23:59:59Z"},
		    {1795228200, "2026-11-21T02:30:00Z"},  {951782400, "2000-02-29T00:00:00Z"},
		    {4107542399, "2100-02-28T23:59:59Z"},  {253402300799, "9999-12-31T23:59:59Z"},
		    {-30610224000, "1000-01-01T00:00:00Z"}};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char text[ISO8601_SIZE];
		time_t t = 1;

		clock_iso8601(rows[i].t, text);
		cr_assert_str_eq(text, rows[i].text);
		cr_assert(clock_parse_iso8601(text, &t), "%s", text);
		cr_assert_eq(t, rows[i].t, "%s", text);
	}
}

Test(base_clock, a_time_that_does_not_fit_is_no_time)
{
	static const time_t times[] = {253402300800, -30610224001, INT64_MAX, INT64_MIN};

	for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
		char text[ISO8601_SIZE];
		time_t t;

		clock_iso8601(times[i], text);
		cr_assert_str_eq(text, "0000-00-00T00:00:00Z");
		cr_assert(!clock_parse_iso8601(text, &t));
	}
}

Test(base_clock, other_forms_are_refused)
{
	static const char *const rows[] = {"",
					   " 2026-11-21T02:30:00Z",
					   "2026-11-21T02:30:00Z ",
					   "2026-11-21T02:30:00",
					   "2026-11-21 02:30:00Z",
					   "2026-11-21T02:30:00+00",
					   "2026-11-21T02:30Z",
					   "2026-1-21T02:30:00Z",
					   "2026-02-29T00:00:00Z",
					   "2026-13-01T00:00:00Z",
					   "2026-11-31T00:00:00Z",
					   "2026-11-21T24:00:00Z",
					   "2026-11-21T02:60:00Z",
					   "2026-11-21T02:30:60Z",
					   "2026-00-21T02:30:00Z",
					   "+2026-11-21T02:30:00Z",
					   "12026-11-21T02:30:00Z",
					   "20261121T023000Z"};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		time_t t;

		cr_assert(!clock_parse_iso8601(rows[i], &t), "\"%s\"", rows[i]);
	}
}

Test(base_clock, a_time_cut_or_changed_anywhere_is_refused_or_another_one)
{
	static const char good[] = "2026-11-21T02:30:00Z";
	time_t right, t;

	cr_assert(clock_parse_iso8601(good, &right));
	for (size_t at = 0; at < sizeof good - 1; at++)
		for (int c = 0; c < 256; c++) {
			char text[sizeof good];

			memcpy(text, good, sizeof good);
			text[at] = (char)c;
			if (text[at] != good[at] && clock_parse_iso8601(text, &t))
				cr_assert_neq(t, right, "%s", text);
		}
}

Test(base_clock, bytes_for_people)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} rows[] = {{0, "0 B"},
		    {17, "17 B"},
		    {1023, "1023 B"},
		    {1024, "1.0 KiB"},
		    {1536, "1.5 KiB"},
		    {1048524, "1023.9 KiB"},
		    {1048525, "1.0 MiB"},
		    {16 * MIB, "16.0 MiB"},
		    {(uint64_t)3 << 29, "1.5 GiB"},
		    {(uint64_t)1 << 40, "1.0 TiB"},
		    {(uint64_t)1 << 50, "1.0 PiB"},
		    {UINT64_MAX, "16384.0 PiB"}};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char text[HUMAN_SIZE];

		cr_assert_str_eq(human_bytes(rows[i].bytes, text), rows[i].text);
	}
}

Test(base_clock, seconds_for_people)
{
	static const struct {
		double seconds;
		const char *text;
	} rows[] = {{0, "0.0 s"},
		    {12.34, "12.3 s"},
		    {59.94, "59.9 s"},
		    {59.96, "1 m 00 s"},
		    {63.2, "1 m 03 s"},
		    {119.9, "2 m 00 s"},
		    {3599.4, "59 m 59 s"},
		    {3599.6, "1 h 00 m"},
		    {7500, "2 h 05 m"},
		    {86400, "1 d 00 h"},
		    {273600, "3 d 04 h"},
		    {-0.1, "-"},
		    {NAN, "-"},
		    {INFINITY, "-"},
		    {1e12, "-"},
		    {1e11, "1157407 d 09 h"}};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char text[TEXT_SECONDS_SIZE];

		cr_assert_str_eq(text_seconds(rows[i].seconds, text), rows[i].text);
	}
}

Test(base_clock, hexadecimal_both_ways)
{
	unsigned char bytes[256], back[256];
	char text[2 * sizeof bytes + 1];

	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (unsigned char)i;
	for (size_t len = 0; len <= sizeof bytes; len++) {
		hex_encode(bytes, len, text);
		cr_assert_eq(strlen(text), 2 * len);
		cr_assert(hex_decode(text, back, len));
		cr_assert_eq(memcmp(bytes, back, len), 0);
	}
	cr_assert_eq(strncmp(text, "000102030405060708090a0b0c0d0e0f10", 34), 0);
}

Test(base_clock, hexadecimal_of_another_length_or_other_digits_is_refused)
{
	unsigned char out[2];

	cr_assert(hex_decode("00ff", out, 2));
	for (size_t len = 0; len < 4; len++) {
		char text[5] = "00ff";

		text[len] = '\0';
		cr_assert(!hex_decode(text, out, 2), "%s", text);
	}
	cr_assert(!hex_decode("00ff0", out, 2));
	for (size_t at = 0; at < 4; at++)
		for (int c = 1; c < 256; c++) {
			char text[5] = "00ff";

			text[at] = (char)c;
			cr_assert_eq(hex_decode(text, out, 2),
				     strchr("0123456789abcdef", c) != NULL, "%s", text);
		}
}
