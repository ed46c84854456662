#include "base/log.h"
#include "base/text.h"

#include <criterion/criterion.h>
#include <locale.h>
#include <string.h>

static void utf8(void)
{
	cr_assert(setlocale(LC_CTYPE, "C.UTF-8"));
}

TestSuite(base_text, .init = utf8);

Test(base_text, characters_of_every_length)
{
	static const struct {
		const char *text;
		size_t len;
		uint32_t code;
	} rows[] = {{"a", 1, 'a'},
		    {"\x7f", 1, 0x7f},
		    {"\xc2\x80", 2, 0x80},
		    {"\xc3\xa9", 2, 0xe9},
		    {"\xdf\xbf", 2, 0x7ff},
		    {"\xe0\xa0\x80", 3, 0x800},
		    {"\xed\x9f\xbf", 3, 0xd7ff},
		    {"\xee\x80\x80", 3, 0xe000},
		    {"\xef\xbf\xbf", 3, 0xffff},
		    {"\xf0\x90\x80\x80", 4, 0x10000},
		    {"\xf4\x8f\xbf\xbf", 4, 0x10ffff}};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint32_t code = 0;

		cr_assert_eq(text_utf8(rows[i].text, &code), rows[i].len, "row %zu", i);
		cr_assert_eq(code, rows[i].code, "row %zu", i);
	}
}

Test(base_text, what_is_not_utf8_has_no_length)
{
	static const char *const rows[] = {"\x80",             /* a continuation alone */
					   "\xbf",             /* likewise */
					   "\xc0\x80",         /* an overlong NUL */
					   "\xc1\xbf",         /* an overlong 0x7f */
					   "\xe0\x9f\xbf",     /* overlong in three bytes */
					   "\xf0\x8f\xbf\xbf", /* overlong in four */
					   "\xed\xa0\x80",     /* surrogates */
					   "\xed\xbf\xbf",
					   "\xf4\x90\x80\x80", /* past U+10FFFF */
					   "\xf5\x80\x80\x80",
					   "\xf8\x88\x80\x80\x80",
					   "\xfe",
					   "\xff",
					   "\xc3",
					   "\xc3(", /* cut */
					   "\xe2\x82",
					   "\xe2\x82(",
					   "\xf0\x9f\x92",
					   "\xf0\x9f\x92("};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint32_t code;

		cr_assert_eq(text_utf8(rows[i], &code), 0, "row %zu", i);
	}
}

Test(base_text, width_is_in_columns)
{
	cr_assert_eq(text_width(""), 0);
	cr_assert_eq(text_width("abc"), 3);
	cr_assert_eq(text_width("ação"), 4);
	cr_assert_eq(text_width("日本"), 4);
	cr_assert_eq(text_width("e\xcc\x81"), 1); /* a combining accent */
	cr_assert_eq(text_width("a\xff\xfe"), 3);
	cr_assert_eq(text_width("\xf0\x9f\x92"), 3); /* cut before its last byte */
}

Test(base_text, what_fits_is_whole_characters)
{
	static const char text[] = "a日\xcc\x81本";
	static const size_t fits[] = {0, 1, 1, 6, 6, 9, 9};

	for (size_t columns = 0; columns < sizeof fits / sizeof *fits; columns++)
		cr_assert_eq(text_fit(text, columns), fits[columns], "%zu", columns);
}

Test(base_text, safe_text_has_no_control_characters)
{
	static const struct {
		const char *text, *safe;
	} rows[] = {
	    {"", ""},
	    {"ação 日本", "ação 日本"},
	    {"a\nb\r\t", "a\\x0ab\\x0d\\x09"},
	    {"\x1b[2J\x7f", "\\x1b[2J\\x7f"},
	    {"\xc2\x9b", "\\xc2\\x9b"},            /* CSI in one character */
	    {"\xe2\x80\xae", "\\xe2\\x80\\xae"},   /* right-to-left override */
	    {"\xe2\x81\xa6x", "\\xe2\\x81\\xa6x"}, /* an isolate */
	    {"\xe2\x80\xa8", "\\xe2\\x80\\xa8"},   /* a line separator */
	    {"\xff\xc3(", "\\xff\\xc3("},          /* no UTF-8 */
	    {"\xe2\x80\x9c", "\xe2\x80\x9c"},      /* a quote is harmless */
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char safe[100];

		log_safe(rows[i].text, safe, sizeof safe);
		cr_assert_str_eq(safe, rows[i].safe);
	}
}

Test(base_text, safe_text_is_cut_between_characters_and_escapes)
{
	static const char text[] = "a\n日é\xff";
	static const char *const beginnings[] = {"a", "a\\x0a", "a\\x0a日", "a\\x0a日é",
						 "a\\x0a日é\\xff"};

	for (size_t max = 1; max < 20; max++) {
		char safe[21];
		bool found = false;

		memset(safe, '#', sizeof safe);
		log_safe(text, safe, max);
		cr_assert(strlen(safe) < max);
		cr_assert_eq(safe[max], '#');
		for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++)
			found |= strcmp(safe, beginnings[i]) == 0;
		cr_assert(found || safe[0] == '\0', "%zu: %s", max, safe);
	}
}
