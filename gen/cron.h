/*
 * cron: schedules and time zones as Kubernetes takes them.
 *
 * What kube-apiserver accepts for .spec.schedule of a CronJob: five fields as robfig/cron v3's
 * ParseStandard reads them (lists, ranges, steps, names, "?"), @yearly, @annually, @monthly,
 * @weekly, @daily, @midnight, @hourly, and "@every 1h30m" (Go's durations; less than a second is a
 * second). No TZ= or CRON_TZ= in front. Day of week is 0 to 6, no 7. When day of month and day of
 * week are both restricted, either will do. Stricter in three ways that no schedule needs: at most
 * CRON_MAX bytes, of printable ASCII, between blanks of ASCII.
 */
#ifndef CRON_H
#define CRON_H

#include "base/base.h"

#define CRON_MAX 500

struct cron {
	uint64_t minutes, hours, days, months, weekdays; /* bit n: n is in the set */
	bool any_day, any_weekday;                       /* the field has a * or ? without a step */
	int64_t every_s;                                 /* of @every, else 0 */
};

/* ERR_USAGE says which field, what it has, and what it may have. */
MUST_USE bool cron_parse(const char *line, struct cron *out, struct err *);

/* The longest time between two runs that follow each other, by the calendar (leap years
 * included, so that 29 February waits eight years across 2100; clock changes not); 0 when it
 * never runs, such as on 31 February. */
int64_t cron_longest_gap_s(const struct cron *);

/* Once a year so many minutes of a day are left out, from this one of the day on, and once as many come twice;
 * 0: clocks never change. */
struct clock_change {
	int from, minutes;
};

/* The same where clocks change. Kubernetes does not make up for runs in the time that is left out, nor in the rest of
 * that hour, nor, where clocks change by half an hour, on the day of it; and a day may be longer. */
int64_t cron_changed_gap_s(const struct cron *, struct clock_change);

/* Is there such a run that no other one stands in for? */
bool cron_can_be_skipped(const struct cron *, struct clock_change);

/* A name of the IANA time zone database, as Go's time.LoadLocation finds it in the copy that
 * kube-apiserver brings along ("America/Sao_Paulo", "UTC", links such as "Brazil/East" included);
 * not "", not "Local". Spelling matters. */
bool time_zone_known(const char *name);

/* Of a zone whose clocks change every year. */
struct clock_change time_zone_change(const char *name);

/* The known name nearest to this one, whole or by its last part ("sao paulo" too), or NULL when
 * none is near: for a hint. Never one with digits: Etc/GMT+3 is three hours behind, not ahead. */
const char *time_zone_near(const char *name);

#endif
