#include "gen/cron.h"

#include <criterion/criterion.h>
#include <string.h>

/* Each as Go 1.26's time.LoadLocation has it, with no other database than its own. */
Test(gen_time_zone, names_and_links_of_the_database_are_known)
{
	static const char *const rows[] = {
	    "UTC",          "Etc/UTC",           "GMT",
	    "Zulu",         "Europe/Lisbon",     "America/Sao_Paulo",
	    "Brazil/East",  "Europe/Kiev",       "Europe/Kyiv",
	    "EST5EDT",      "Etc/GMT+12",        "America/Argentina/ComodRivadavia",
	    "GB",           "Etc/GMT-14",        "America/North_Dakota/New_Salem",
	    "W-SU",         "Africa/Abidjan",    "America/Ciudad_Juarez",
	    "Asia/Kolkata", "America/Coyhaique", "America/Port-au-Prince",
	    "Factory"};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		cr_assert(time_zone_known(rows[i]), "%s", rows[i]);
}

Test(gen_time_zone, others_are_not)
{
	static const char *const rows[] = {"",
					   "Local",
					   "local",
					   "utc",
					   "europe/lisbon",
					   "Lisbon",
					   "Europe",
					   "Europe/",
					   "/UTC",
					   "Europe//Lisbon",
					   "UTC ",
					   " UTC",
					   "UTC\n",
					   "BRT",
					   "GMT+3",
					   "Etc/GMT+13",
					   "Etc/GMT-15",
					   "EST5EDT4",
					   "localtime",
					   "posixrules",
					   "posix/UTC",
					   "right/UTC",
					   "../UTC",
					   "tzdata.zi",
					   "America/S\xc3\xa3o_Paulo",
					   "US/Pacific-New",
					   "/etc/localtime"};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		cr_assert(!time_zone_known(rows[i]), "%s", rows[i]);
}

Test(gen_time_zone, a_slip_has_the_name_that_was_meant)
{
	static const char *const rows[][2] = {{"europe/lisbon", "Europe/Lisbon"},
					      {"EUROPE/LISBON", "Europe/Lisbon"},
					      {"Eurpoe/Lisbon", "Europe/Lisbon"},
					      {"Europe/Lisboa", "Europe/Lisbon"},
					      {"Lisbon", "Europe/Lisbon"},
					      {"sao paulo", "America/Sao_Paulo"},
					      {"America/S\xc3\xa3o Paulo", "America/Sao_Paulo"},
					      {"Europe/Sao_Paulo", "America/Sao_Paulo"},
					      {"posix/Asia/Tokyo", "Asia/Tokyo"},
					      {"New York", "America/New_York"},
					      {"utc", "UTC"},
					      {"etc/utc", "Etc/UTC"},
					      {"Brasil/East", "Brazil/East"}};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *near = time_zone_near(rows[i][0]);

		cr_assert(near, "%s", rows[i][0]);
		cr_assert_str_eq(near, rows[i][1], "%s", rows[i][0]);
		cr_assert(time_zone_known(near));
	}
}

Test(gen_time_zone, what_is_far_from_all_names_has_none)
{
	static const char *const rows[] = {"",    "/",       "America",  "America/",     "Local",
					   "BRT", "Londres", "xxxxxxxx", "Europe/Xyzxyz"};
	CLEANUP(freep) char *long_name = xcalloc(100001, 1);

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		cr_assert_null(time_zone_near(rows[i]), "%s", rows[i]);
	memset(long_name, 'A', 100000);
	cr_assert_null(time_zone_near(long_name));
	cr_assert(!time_zone_known(long_name));
}

/* Who writes GMT+3 may mean three hours ahead, which is Etc/GMT-3. */
Test(gen_time_zone, an_offset_has_none)
{
	static const char *const rows[] = {"GMT+3", "UTC+3", "UTC-3", "etc/gmt+3", "GMT0 "};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		cr_assert_null(time_zone_near(rows[i]), "%s", rows[i]);
}

Test(gen_time_zone, what_clocks_leave_out_every_year)
{
	static const struct {
		const char *name;
		int from, minutes;
	} rows[] = {
	    {"Europe/Berlin", 120, 60},
	    {"Europe/Lisbon", 60, 60},
	    {"Eire", 60, 60},
	    {"Atlantic/Azores", 0, 60},
	    {"America/New_York", 120, 60},
	    {"America/Havana", 0, 60},
	    {"America/Santiago", 0, 60},
	    {"Africa/Cairo", 0, 60},
	    {"Australia/Sydney", 120, 60},
	    {"Australia/Lord_Howe", 120, 30},
	    {"Pacific/Chatham", 165, 60},
	    {"Antarctica/Troll", 60, 120},
	    {"Pacific/Easter", 1320, 60},
	    {"America/Nuuk", 1380, 60},
	    {"America/Scoresbysund", 1380, 60},
	    {"America/Sao_Paulo", 0, 0},
	    {"Etc/GMT+3", 0, 0},
	    {"nowhere", 0, 0},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct clock_change change = time_zone_change(rows[i].name);

		cr_expect_eq(change.from, rows[i].from, "%s: %d", rows[i].name, change.from);
		cr_expect_eq(change.minutes, rows[i].minutes, "%s: %d", rows[i].name,
			     change.minutes);
	}
}
