#include "gen/cron.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define DAY ((int64_t)86400)
#define SET(first, last) ((((uint64_t)2 << (last)) - 1) & ~(((uint64_t)1 << (first)) - 1))
#define ONE(n) ((uint64_t)1 << (n))
#define ANY_MINUTE SET(0, 59)
#define ANY_HOUR SET(0, 23)
#define ANY_DAY SET(1, 31)
#define ANY_MONTH SET(1, 12)
#define ANY_WEEKDAY SET(0, 6)

static struct cron parsed(const char *line)
{
	struct cron c;
	struct err e = {0};

	cr_assert(cron_parse(line, &c, &e), "%s: %s", line, e.text);
	return c;
}

static void refused(const char *line, const char *text)
{
	struct cron c;
	struct err e = {0};

	cr_assert(!cron_parse(line, &c, &e), "%s was taken", line);
	cr_assert_eq(e.kind, ERR_USAGE);
	cr_assert_str_eq(e.text, text, "%s", line);
}

Test(gen_cron, every_field_has_its_set)
{
	struct cron c = parsed("30 2 15 6 3");

	cr_assert_eq(c.minutes, ONE(30));
	cr_assert_eq(c.hours, ONE(2));
	cr_assert_eq(c.days, ONE(15));
	cr_assert_eq(c.months, ONE(6));
	cr_assert_eq(c.weekdays, ONE(3));
	cr_assert(!c.any_day && !c.any_weekday);
	cr_assert_eq(c.every_s, 0);

	c = parsed("* * * * *");
	cr_assert_eq(c.minutes, ANY_MINUTE);
	cr_assert_eq(c.hours, ANY_HOUR);
	cr_assert_eq(c.days, ANY_DAY);
	cr_assert_eq(c.months, ANY_MONTH);
	cr_assert_eq(c.weekdays, ANY_WEEKDAY);
	cr_assert(c.any_day && c.any_weekday);
}

/* What robfig/cron v3.0.1 makes of each, of the first field. */
Test(gen_cron, lists_ranges_and_steps)
{
	static const struct {
		const char *field;
		uint64_t minutes;
	} rows[] = {
	    {"?", ANY_MINUTE},
	    {"0", ONE(0)},
	    {"59", ONE(59)},
	    {"+5", ONE(5)},
	    {"000000000000000000000000000005", ONE(5)},
	    {"5,7", ONE(5) | ONE(7)},
	    {"7,5,7", ONE(5) | ONE(7)},
	    {",5,,7,", ONE(5) | ONE(7)},
	    {",", 0},
	    {"5-7", SET(5, 7)},
	    {"5-5", ONE(5)},
	    {"*/20", ONE(0) | ONE(20) | ONE(40)},
	    {"?/20", ONE(0) | ONE(20) | ONE(40)},
	    {"*/+20", ONE(0) | ONE(20) | ONE(40)},
	    {"*/60", ONE(0)},
	    {"*/9223372036854775807", ONE(0)},
	    {"20/15", ONE(20) | ONE(35) | ONE(50)},
	    {"59/2", ONE(59)},
	    {"20/1", SET(20, 59)},
	    {"20-40/15", ONE(20) | ONE(35)},
	    {"1-2,10/25,59", ONE(1) | ONE(2) | ONE(10) | ONE(35) | ONE(59)},
	    {"*-5", ANY_MINUTE},
	    {"*-x-y/30", ONE(0) | ONE(30)},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CLEANUP(freep) char *line = xasprintf("%s * * * *", rows[i].field);

		cr_assert_eq(parsed(line).minutes, rows[i].minutes, "%s", line);
	}
}

Test(gen_cron, months_and_weekdays_have_names_in_any_case)
{
	static const char *const months[] = {"jan", "Feb", "MAR", "aPr", "may", "jun",
					     "jul", "aug", "sep", "oct", "nov", "dec"};
	static const char *const weekdays[] = {"SUN", "mon", "Tue", "wed", "thu", "fri", "sat"};

	for (size_t i = 0; i < 12; i++) {
		CLEANUP(freep) char *line = xasprintf("0 0 1 %s *", months[i]);

		cr_assert_eq(parsed(line).months, ONE(i + 1), "%s", line);
	}
	for (size_t i = 0; i < 7; i++) {
		CLEANUP(freep) char *line = xasprintf("0 0 * * %s", weekdays[i]);

		cr_assert_eq(parsed(line).weekdays, ONE(i), "%s", line);
	}
	cr_assert_eq(parsed("0 0 * * mon-FRI").weekdays, SET(1, 5));
	cr_assert_eq(parsed("0 0 * * 1-fri/2").weekdays, ONE(1) | ONE(3) | ONE(5));
	cr_assert_eq(parsed("0 0 * oct/2 *").months, ONE(10) | ONE(12));
}

Test(gen_cron, only_a_star_without_a_step_leaves_the_day_to_the_other_field)
{
	static const struct {
		const char *line;
		bool any_day, any_weekday;
	} rows[] = {
	    {"0 0 ? * 1", true, false},     {"0 0 1 * ?", false, true},
	    {"0 0 */1 * 1", true, false},   {"0 0 */2 * 1", false, false},
	    {"0 0 1 * */2", false, false},  {"0 0 5,* * 1", true, false},
	    {"0 0 1-31 * 1", false, false}, {"0 0 1 * 0-6", false, false},
	    {"0 0 *,*/2 * 1", true, false}, {"0 0 1 * */2,*", false, true},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct cron c = parsed(rows[i].line);

		cr_assert_eq(c.any_day, rows[i].any_day, "%s", rows[i].line);
		cr_assert_eq(c.any_weekday, rows[i].any_weekday, "%s", rows[i].line);
	}
}

Test(gen_cron, fields_are_apart_by_any_blanks)
{
	struct cron c = parsed("\t30  2\n15\v\f6 \r3 ");

	cr_assert_eq(c.minutes, ONE(30));
	cr_assert_eq(c.weekdays, ONE(3));
}

Test(gen_cron, shorthands_are_fields)
{
	static const char *const rows[][2] = {{"@yearly", "0 0 1 1 *"},  {"@annually", "0 0 1 1 *"},
					      {"@monthly", "0 0 1 * *"}, {"@weekly", "0 0 * * 0"},
					      {"@daily", "0 0 * * *"},   {"@midnight", "0 0 * * *"},
					      {"@hourly", "0 * * * *"}};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct cron a = parsed(rows[i][0]), b = parsed(rows[i][1]);

		cr_assert(a.minutes == b.minutes && a.hours == b.hours && a.days == b.days &&
			      a.months == b.months && a.weekdays == b.weekdays &&
			      a.any_day == b.any_day && a.any_weekday == b.any_weekday,
			  "%s", rows[i][0]);
	}
}

Test(gen_cron, every_takes_what_go_calls_a_duration)
{
	static const struct {
		const char *duration;
		int64_t seconds;
	} rows[] = {
	    {"1h30m", 5400},
	    {"30m1h", 5400},
	    {"1h1h", 7200},
	    {"+2s", 2},
	    {"1.5h", 5400},
	    {".5h", 1800},
	    {"1.h", 3600},
	    {"90s", 90},
	    {"1999ms", 1},
	    {"1s999999999ns", 1},
	    {"2000000us", 2},
	    {"1.99999999999999999999999999999s", 2}, /* Go's float rounds it too */
	    {"0", 1},
	    {"-0", 1},
	    {"+0", 1},
	    {"0s", 1},
	    {"1ns", 1},
	    {"-5h", 1},
	    {"2562047h", 2562047 * (int64_t)3600},
	    {"9223372036.854775807s", 9223372036},
	    {"9223372036854775807ns", 9223372036},
	    {"-9223372036854775808ns", 1},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CLEANUP(freep) char *line = xasprintf("@every %s", rows[i].duration);
		struct cron c = parsed(line);

		cr_assert_eq(c.every_s, rows[i].seconds, "%s", line);
		cr_assert_eq(cron_longest_gap_s(&c), rows[i].seconds, "%s", line);
	}
}

Test(gen_cron, every_refuses_what_go_does)
{
	static const char *const rows[] = {"",
					   " 1h",
					   "1h ",
					   "1 h",
					   "1",
					   "00",
					   "1h0",
					   "-",
					   "+",
					   "--1h",
					   "h",
					   ".",
					   ".h",
					   "-.s",
					   "1d",
					   "1w",
					   "1H",
					   "1hh",
					   "1e3s",
					   "0x1s",
					   "1_0s",
					   "1..5s",
					   "1,5s",
					   "1hr",
					   "2562048h",
					   "5124096h",
					   "9223372036854775808ns",
					   "-9223372036854775809ns",
					   "9223372037s",
					   "9223372036.9s",
					   "18446744073709551617ns",
					   "2562047h1000000h",
					   "9223372036s1s"};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CLEANUP(freep) char *line = xasprintf("@every %s", rows[i]);

		refused(line, "@every: expected one blank and a duration such as 1h30m, with the "
			      "units h, m, s, ms, us and ns");
	}
}

Test(gen_cron, what_is_wrong_is_said_with_its_field)
{
	static const char *const rows[][2] = {
	    {"60 * * * *", "minute: 60 is not within 0 to 59"},
	    {"x * * * *", "minute: x is not within 0 to 59"},
	    {"* 24 * * *", "hour: 24 is not within 0 to 23"},
	    {"* 20-24 * * *", "hour: 24 is not within 0 to 23"},
	    {"* * 0 * *", "day of month: 0 is not within 1 to 31"},
	    {"* * 1,32 * *", "day of month: 32 is not within 1 to 31"},
	    {"* * L * *", "day of month: L is not within 1 to 31"},
	    {"* * jan * *", "day of month: jan is not within 1 to 31"},
	    {"* * * 13 *", "month: 13 is not within 1 to 12 or jan to dec"},
	    {"* * * mon *", "month: mon is not within 1 to 12 or jan to dec"},
	    {"* * * ja *", "month: ja is not within 1 to 12 or jan to dec"},
	    {"* * * * 7", "day of week: 7 is not within 0 to 6 or sun to sat; Sunday is 0"},
	    {"* * * * Sunday",
	     "day of week: Sunday is not within 0 to 6 or sun to sat; Sunday is 0"},
	    {"* * * * 1#2", "day of week: 1#2 is not within 0 to 6 or sun to sat; Sunday is 0"},
	    {"* * * * sun7", "day of week: sun7 is not within 0 to 6 or sun to sat; Sunday is 0"},
	    {"4294967296 * * * *", "minute: 4294967296 is not within 0 to 59"},
	    {"18446744073709551616 * * * *", "minute: 18446744073709551616 is not within 0 to 59"},
	    {"++5 * * * *", "minute: ++5 is not within 0 to 59"},
	    {"+ * * * *", "minute: + is not within 0 to 59"},
	    {"5.0 * * * *", "minute: 5.0 is not within 0 to 59"},
	    {"*5 * * * *", "minute: *5 is not within 0 to 59"},
	    {"** * * * *", "minute: ** is not within 0 to 59"},
	    {"5-* * * * *", "minute: * is not within 0 to 59"},
	    {"-5 * * * *", "minute: -5 lacks a value within 0 to 59"},
	    {"5- * * * *", "minute: 5- lacks a value within 0 to 59"},
	    {"- * * * *", "minute: - lacks a value within 0 to 59"},
	    {"/5 * * * *", "minute: /5 lacks a value within 0 to 59"},
	    {"5-/5 * * * *", "minute: 5-/5 lacks a value within 0 to 59"},
	    {"5--7 * * * *", "minute: 5--7 has more than one -"},
	    {"* 1-2-3/4 * * *", "hour: 1-2-3/4 has more than one -"},
	    {"* * * * fri-mon",
	     "day of week: fri-mon ends before it begins; such a range has to be "
	     "written as two, with a comma"},
	    {"*/ * * * *", "minute: */: expected a number from 1 after the /"},
	    {"*/0 * * * *", "minute: */0: expected a number from 1 after the /"},
	    {"*/-1 * * * *", "minute: */-1: expected a number from 1 after the /"},
	    {"1-5/2/3 * * * *", "minute: 1-5/2/3: expected a number from 1 after the /"},
	    {"* * * * */mon", "day of week: */mon: expected a number from 1 after the /"},
	    {"*/9223372036854775808 * * * *",
	     "minute: */9223372036854775808: expected a number from 1 after the /"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		refused(rows[i][0], rows[i][1]);
}

#define FIVE                                                                                       \
	"expected 5 fields (minute, hour, day of month, month, day of week) such as 30 2 * * *, "  \
	"found "

Test(gen_cron, there_are_five_fields)
{
	refused("", FIVE "0");
	refused(" \t\n", FIVE "0");
	refused(" @daily", FIVE "1");
	refused("* * * *", FIVE "4");
	refused("* * * * * *", FIVE "6; seconds are not among them");
	refused("* * * * * * *", FIVE "7");
}

Test(gen_cron, other_shorthands_are_refused)
{
	static const char *const rows[] = {"@",       "@reboot",    "@Daily",
					   "@daily ", "@daily\t",   "@minutely",
					   "@every",  "@every\t1h", "@Every 1h"};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		refused(rows[i], "expected @yearly, @annually, @monthly, @weekly, @daily, "
				 "@midnight, @hourly or @every with a duration such as 1h30m");
}

/* kube-apiserver looks for it anywhere, even where robfig/cron ignores what is written. */
Test(gen_cron, a_time_zone_has_no_place)
{
	static const char *const rows[] = {"TZ=UTC 0 0 * * *", "CRON_TZ=UTC @daily",
					   "TZ=", "*-TZ * * * *"};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		refused(rows[i], "TZ has no place in a schedule: its time zone is a setting of its "
				 "own");
	cr_assert_eq(parsed("*-tz * * * *").minutes, ANY_MINUTE);
}

Test(gen_cron, what_is_not_printable_is_not_shown)
{
	refused("0 0 * * *\x1b", "byte 10 is 0x1b, expected printable ASCII");
	refused("0 0 * * fri\x7f", "byte 12 is 0x7f, expected printable ASCII");
	refused("0\xc2\xa0"
		"0 * * *",
		"byte 2 is 0xc2, expected printable ASCII");
	refused("@every 1\xc2\xb5s", "byte 9 is 0xc2, expected printable ASCII");
}

Test(gen_cron, a_schedule_ends_somewhere)
{
	char line[CRON_MAX + 2];

	memset(line, ' ', sizeof line);
	memcpy(line, "* * * * *", 9);
	line[CRON_MAX] = '\0';
	parsed(line);
	line[CRON_MAX] = ' ';
	line[CRON_MAX + 1] = '\0';
	refused(line, "is 501 bytes long, expected at most 500");
}

Test(gen_cron, a_message_fits_the_longest_item)
{
	char line[CRON_MAX + 1], text[CRON_MAX + 100];
	int len = CRON_MAX - (int)strlen(" * * * *");

	memset(line, '9', sizeof line);
	memcpy(line + len, " * * * *", sizeof " * * * *");
	snprintf(text, sizeof text, "minute: %.*s is not within 0 to 59", len, line);
	refused(line, text);
}

Test(gen_cron, every_beginning_is_taken_or_refused_with_a_reason)
{
	static const char *const rows[] = {"*/20,5-40/3 +2,22 ?,1-31 JAN-dec/2 sun,1-fri,*",
					   "@every 2h30m1.5s7ms8us9ns", "@midnight"};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		for (size_t len = 0; len <= strlen(rows[i]); len++) {
			CLEANUP(freep) char *line = xstrndup(rows[i], len);
			struct err e = {0};
			struct cron c;

			cr_assert(cron_parse(line, &c, &e) ? cron_longest_gap_s(&c) > 0
							   : e.kind == ERR_USAGE && e.text[0],
				  "%s", line);
		}
}

/* Each as robfig/cron's Next has it over 400 years. */
Test(gen_cron, the_longest_gap_is_of_the_calendar)
{
	static const struct {
		const char *line;
		int64_t gap_s;
	} rows[] = {
	    {"* * * * *", 60},
	    {"*/7 * * * *", 7 * 60},
	    {"@hourly", 3600},
	    {"0 */5 * * *", 5 * 3600},
	    {"30 2 * * *", DAY},
	    {"0 1,4 * * *", 21 * 3600},
	    {"59 23 1 * *", 31 * DAY},
	    {"0 2 * * 0", 7 * DAY},
	    {"0 2 * * 1-5", 3 * DAY},
	    {"0 0,23 * * 6", 6 * DAY + 3600},
	    {"0 2 31 * *", 61 * DAY},
	    {"0 2 30 * *", 60 * DAY}, /* across a leap year's February */
	    {"0 2 29 * *", 59 * DAY},
	    {"@yearly", 366 * DAY},
	    {"0 0 31 12 *", 366 * DAY},
	    {"0 0 29 2 *", 2921 * DAY},
	    {"0 0 29 2 */2", 340 * DAY},
	    {"0 0 31 2 1", 350 * DAY}, /* either will do: the Mondays of February */
	    {"0 0 ? 2 1", 350 * DAY},
	    {"0 0 13 * 5", 7 * DAY},
	    {"* 12 * 6 *", 336 * DAY + 23 * 3600 + 60},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct cron c = parsed(rows[i].line);

		cr_assert_eq(cron_longest_gap_s(&c), rows[i].gap_s, "%s: %lld", rows[i].line,
			     (long long)cron_longest_gap_s(&c));
	}
}

Test(gen_cron, what_never_runs_has_no_gap)
{
	static const char *const rows[] = {"0 0 31 2 *", "0 0 30 2 ?", "0 0 31 4,6,9,11 *",
					   ", * * * *",  "* , * * *",  "* * , * *",
					   "* * * , *",  "0 0 , * ,",  "* * * * ,"};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct cron c = parsed(rows[i]);

		cr_assert_eq(cron_longest_gap_s(&c), 0, "%s", rows[i]);
	}
}

/* As Europe/Berlin, Africa/Cairo, America/Nuuk, Australia/Lord_Howe, Pacific/Chatham and Antarctica/Troll have it. */
#define BERLIN                                                                                     \
	{                                                                                          \
		120, 60                                                                            \
	}
#define CAIRO                                                                                      \
	{                                                                                          \
		0, 60                                                                              \
	}
#define NUUK                                                                                       \
	{                                                                                          \
		1380, 60                                                                           \
	}
#define LORD_HOWE                                                                                  \
	{                                                                                          \
		120, 30                                                                            \
	}
#define CHATHAM                                                                                    \
	{                                                                                          \
		165, 60                                                                            \
	}
#define TROLL                                                                                      \
	{                                                                                          \
		60, 120                                                                            \
	}

Test(gen_cron, a_run_in_the_hour_that_is_left_out_may_be_skipped)
{
	static const struct {
		const char *line;
		struct clock_change change;
		int64_t minutes;
	} rows[] = {
	    {"30 2 * * *", BERLIN, 48 * 60},
	    {"59 2 * * 0", BERLIN, 14 * 24 * 60},
	    {"0 2,14 * * *", BERLIN, 23 * 60},
	    {"30 2,9,15,21 * * *", BERLIN, 11 * 60},
	    {"@daily", CAIRO, 48 * 60},
	    {"30 23 * * *", NUUK, 48 * 60},
	    {"29 2 * * *", LORD_HOWE, 48 * 60 + 30},
	    {"0 5 * * *", LORD_HOWE, 48 * 60 + 30},
	    {"0 2,14 * * *", LORD_HOWE, 24 * 60 + 30},
	    {"50 2 * * *", CHATHAM, 48 * 60},
	    {"15 3 * * *", CHATHAM, 48 * 60},
	    {"50 3 * * *", CHATHAM, 48 * 60},
	    {"30 1 * * *", TROLL, 48 * 60},
	    {"30 2 * * *", TROLL, 48 * 60},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct cron cron = parsed(rows[i].line);

		cr_expect(cron_can_be_skipped(&cron, rows[i].change), "%s", rows[i].line);
		cr_expect_eq(cron_changed_gap_s(&cron, rows[i].change), rows[i].minutes * 60,
			     "%s: %lld", rows[i].line,
			     (long long)cron_changed_gap_s(&cron, rows[i].change));
	}
}

Test(gen_cron, any_other_run_comes_on_a_day_of_up_to_25_hours)
{
	static const struct {
		const char *line;
		struct clock_change change;
		int64_t minutes;
	} rows[] = {
	    {"0 3 * * 0", BERLIN, (7 * 24 + 1) * 60},
	    {"59 1 * * *", BERLIN, 25 * 60},
	    {"0 5 * * *", BERLIN, 25 * 60},
	    {"0 22 * * *", BERLIN, 25 * 60},
	    {"@hourly", BERLIN, 60},
	    {"* * * * *", BERLIN, 1},
	    {"59 0-3 * * *", BERLIN, 22 * 60},
	    {"0 1,2,14 * * *", BERLIN, 13 * 60},
	    {"@every 24h", BERLIN, 24 * 60},
	    {"30 2 * * *", CAIRO, 25 * 60},
	    {"0 0 * * *", NUUK, 25 * 60},
	    {"0 0 * * *", {0, 0}, 24 * 60},
	    {"0 4 * * *", CHATHAM, 25 * 60},
	    {"@hourly", CHATHAM, 60},
	    {"0 3 * * *", TROLL, 26 * 60},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct cron cron = parsed(rows[i].line);

		cr_expect(!cron_can_be_skipped(&cron, rows[i].change), "%s", rows[i].line);
		cr_expect_eq(cron_changed_gap_s(&cron, rows[i].change), rows[i].minutes * 60,
			     "%s: %lld", rows[i].line,
			     (long long)cron_changed_gap_s(&cron, rows[i].change));
	}
}
