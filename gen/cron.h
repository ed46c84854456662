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

/* The same where clocks go forward, between midnight and four: Kubernetes does not make up for runs in the
 * hour that is left out, which makes that day shorter, too. Never less. */
int64_t cron_skipped_gap_s(const struct cron *);

/* Is that longer? */
bool cron_can_be_skipped(const struct cron *);

/* A name of the IANA time zone database, as Go's time.LoadLocation finds it in the copy that
 * kube-apiserver brings along ("America/Sao_Paulo", "UTC", links such as "Brazil/East" included);
 * not "", not "Local". Spelling matters. */
bool time_zone_known(const char *name);

/* Do this zone's clocks change every year? */
bool time_zone_changes(const char *name);

/* The known name nearest to this one, whole or by its last part ("sao paulo" too), or NULL when
 * none is near: for a hint. Never one with digits: Etc/GMT+3 is three hours behind, not ahead. */
const char *time_zone_near(const char *name);

#endif
