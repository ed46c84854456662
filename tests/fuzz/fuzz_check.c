/*
 * What settings may be, one text at a time: schedules run at some time or are refused, durations and
 * quantities are positive, and what is accepted says nothing but what it says.
 *
 * covers: gen/check.c gen/cron.c gen/time_zone.c
 */
#include "fuzz/fuzz.h"
#include "gen/check.h"
#include "gen/cron.h"
#include "gen/settings.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DAY_S 86400

static void check_cron(const char *text)
{
	struct cron cron;
	struct err e = {0}, other = {0};
	int64_t gap;

	if (!cron_parse(text, &cron, &e)) {
		assert(e.kind == ERR_USAGE && !check_schedule(text, &other));
		return;
	}
	gap = cron_longest_gap_s(&cron);
	assert(gap >= 0 && check_schedule(text, &other) == (gap > 0));
	if (cron.every_s) {
		assert(gap == cron.every_s);
	} else if (gap > 0) {
		assert(cron.minutes && cron.hours && cron.days && cron.months && cron.weekdays);
		/* 29 February, with no leap year in 2100; on a weekday, up to 40 years. */
		assert(gap <= (int64_t)41 * 366 * DAY_S && gap % 60 == 0);
	}
}

static void check_numbers(const char *text)
{
	struct err e = {0};
	int64_t seconds;
	double quantity;
	long port;

	if (parse_duration(text, &seconds, &e))
		assert(seconds > 0);
	if (parse_quantity(text, &quantity, &e))
		assert(isfinite(quantity) && quantity > 0);
	CLEANUP(freep) char *host = NULL;
	if (parse_endpoint(text, &host, &port, &e)) {
		CLEANUP(freep) char *cidr = host_cidr(host);

		assert(*host && port > 0 && port < 65536);
		assert(!cidr || check_cidr(cidr, &e));
	}
}

static void check_zone(const char *text)
{
	const char *near = time_zone_near(text);
	struct err e = {0};

	assert(!near || time_zone_known(near));
	assert(time_zone_known(text) == check_time_zone(text, &e));
}

static void check_one(check_fn *check, const char *text)
{
	struct err e = {0};

	/* These two may have line ends. */
	if (!check || check == check_database || check == check_schedule)
		return;
	if (check(text, &e))
		assert(strcspn(text, "\n\r\t\x01\x1b\x7f") == strlen(text));
	else
		assert(e.kind == ERR_USAGE && e.text[0]);
}

static void check_settings(const char *text)
{
	for (const struct setting *s = settings_table; s->path; s++) {
		check_one(s->check, text);
		check_one(s->check_name, text);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(freep) char *text = fuzz_text(data, size);

	check_cron(text);
	check_numbers(text);
	check_zone(text);
	check_settings(text);
	return 0;
}
