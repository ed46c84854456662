#include "gen/cron.h"

#include <string.h>

#define BLANKS " \t\n\v\f\r"
#define DIGITS "0123456789"
#define FIELDS 5
#define SECOND_NS ((uint64_t)1000000000)
#define DURATION_MOST_NS ((uint64_t)1 << 63) /* with a minus; else one less */
#define DAY_S 86400
#define LEAP_CYCLE_DAYS 146097 /* 400 years, also a whole number of weeks */
#define LEAP_CYCLE_YEARS 400

struct field {
	const char *name;
	uint64_t least, most;
	const char *words; /* of three letters each, the first for least */
	const char *values;
};

static const struct field fields[FIELDS] = {
    {"minute", 0, 59, "", "0 to 59"},
    {"hour", 0, 23, "", "0 to 23"},
    {"day of month", 1, 31, "", "1 to 31"},
    {"month", 1, 12, "janfebmaraprmayjunjulaugsepoctnovdec", "1 to 12 or jan to dec"},
    {"day of week", 0, 6, "sunmontuewedthufrisat", "0 to 6 or sun to sat; Sunday is 0"},
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool parse_digits(const char *text, size_t len, uint64_t most, uint64_t *out)
{
	uint64_t n = 0;

	for (size_t i = 0; i < len; i++) {
		if (!is_digit(text[i]) || n > most / 10)
			return false;
		n = n * 10 + (uint64_t)(text[i] - '0');
	}
	*out = n;
	return len > 0 && n <= most;
}

/* As Go reads an int: "+05" is 5. */
static bool parse_number(const char *text, size_t len, uint64_t *out)
{
	size_t sign = len > 0 && text[0] == '+';

	return parse_digits(text + sign, len - sign, INT64_MAX, out);
}

static bool parse_word(const struct field *f, const char *text, size_t len, uint64_t *out)
{
	for (size_t i = 0; len == 3 && f->words[i]; i += 3)
		/* With bit 0x20 an upper case letter is its lower case, and nothing else is. */
		if ((text[0] | 0x20) == f->words[i] && (text[1] | 0x20) == f->words[i + 1] &&
		    (text[2] | 0x20) == f->words[i + 2]) {
			*out = f->least + i / 3;
			return true;
		}
	return false;
}

static bool parse_value(const struct field *f, const char *text, size_t len, uint64_t *out,
			struct err *e)
{
	if ((parse_word(f, text, len, out) || parse_number(text, len, out)) && *out >= f->least &&
	    *out <= f->most)
		return true;
	return err_set(e, ERR_USAGE, "%s: %.*s is not within %s", f->name, (int)len, text,
		       f->values);
}

/* Whatever is between the star and a / counts for nothing: "*-5" is "*". */
static bool is_star(const char *item)
{
	return (item[0] == '*' || item[0] == '?') && strcspn(item, "-/") == 1;
}

static bool parse_range(const struct field *f, const char *item, uint64_t *low, uint64_t *high,
			struct err *e)
{
	size_t len = strcspn(item, "/"), low_len = strcspn(item, "-/");
	size_t high_len = low_len < len ? len - low_len - 1 : 0;
	const char *second = item + len - high_len;

	*low = f->least;
	*high = f->most;
	if (is_star(item))
		return true;
	if (low_len == 0 || (low_len < len && high_len == 0))
		return err_set(e, ERR_USAGE, "%s: %s lacks a value within %s", f->name, item,
			       f->values);
	if (memchr(second, '-', high_len))
		return err_set(e, ERR_USAGE, "%s: %s has more than one -", f->name, item);
	if (!parse_value(f, item, low_len, low, e) ||
	    (high_len > 0 && !parse_value(f, second, high_len, high, e)))
		return false;
	if (item[low_len] == '\0') /* while N/STEP goes on to the end */
		*high = *low;
	return *low <= *high || err_set(e, ERR_USAGE,
					"%s: %s ends before it begins; such a range has to be "
					"written as two, with a comma",
					f->name, item);
}

/* What RANGE or RANGE/STEP adds to the set. */
static bool parse_item(const struct field *f, const char *item, uint64_t *set, bool *any,
		       struct err *e)
{
	const char *slash = strchr(item, '/');
	uint64_t low, high, step = 1;

	if (!parse_range(f, item, &low, &high, e))
		return false;
	if (slash && (!parse_number(slash + 1, strlen(slash + 1), &step) || step == 0))
		return err_set(e, ERR_USAGE, "%s: %s: expected a number from 1 after the /",
			       f->name, item);
	for (uint64_t i = low; i <= high; i += step)
		*set |= (uint64_t)1 << i;
	*any = *any || (is_star(item) && step == 1);
	return true;
}

static bool parse_field(const struct field *f, const char *text, uint64_t *set, bool *any,
			struct err *e)
{
	size_t len;

	/* Commas may also be doubled, or be all there is: a field that nothing matches. */
	for (text += strspn(text, ","); (len = strcspn(text, "," BLANKS)) > 0;
	     text += strspn(text, ",")) {
		CLEANUP(freep) char *item = xstrndup(text, len);

		if (!parse_item(f, item, set, any, e))
			return false;
		text += len;
	}
	return true;
}

static bool parse_fields(const char *line, struct cron *out, struct err *e)
{
	uint64_t *sets[FIELDS] = {&out->minutes, &out->hours, &out->days, &out->months,
				  &out->weekdays};
	bool any[FIELDS] = {false};
	const char *texts[FIELDS];
	size_t count = 0;

	for (line += strspn(line, BLANKS); *line; line += strspn(line, BLANKS)) {
		if (count < FIELDS)
			texts[count] = line;
		count++;
		line += strcspn(line, BLANKS);
	}
	if (count != FIELDS)
		return err_set(e, ERR_USAGE,
			       "expected 5 fields (minute, hour, day of month, month, day of week) "
			       "such as 30 2 * * *, found %zu%s",
			       count, count == 6 ? "; seconds are not among them" : "");
	for (size_t i = 0; i < FIELDS; i++)
		if (!parse_field(&fields[i], texts[i], sets[i], &any[i], e))
			return false;
	out->any_day = any[2];
	out->any_weekday = any[4];
	return true;
}

/* The digits at *text, which moves on, in units of 1 / *scale; those that do not fit are ignored. */
static uint64_t read_fraction(const char **text, double *scale)
{
	uint64_t n = 0;
	bool full = false;

	for (*scale = 1; is_digit(**text); (*text)++) {
		full = full || n > INT64_MAX / 10;
		if (full)
			continue;
		n = n * 10 + (uint64_t)(**text - '0');
		*scale *= 10;
	}
	return n;
}

/* One "1.5h" at *text, which moves on. */
static bool read_duration_part(const char **text, uint64_t *ns)
{
	static const struct {
		const char *name;
		uint64_t ns;
	} units[] = {{"ns", 1},        {"us", 1000},          {"ms", 1000000},
		     {"s", SECOND_NS}, {"m", 60 * SECOND_NS}, {"h", 3600 * SECOND_NS}};
	size_t digits = strspn(*text, DIGITS), len;
	const char *dot = *text + digits;
	uint64_t whole = 0, fraction = 0;
	double scale = 1;

	if (digits > 0 && !parse_digits(*text, digits, DURATION_MOST_NS, &whole))
		return false;
	*text = dot;
	if (*dot == '.') {
		(*text)++;
		fraction = read_fraction(text, &scale);
		digits += (size_t)(*text - dot - 1);
	}
	len = strcspn(*text, "." DIGITS);
	for (size_t i = 0; digits > 0 && i < sizeof units / sizeof *units; i++)
		if (strlen(units[i].name) == len && memcmp(*text, units[i].name, len) == 0) {
			*text += len;
			if (whole > DURATION_MOST_NS / units[i].ns)
				return false;
			*ns = whole * units[i].ns;
			*ns += (uint64_t)((double)fraction * ((double)units[i].ns / scale));
			return true;
		}
	return false;
}

/* As Go's time.ParseDuration reads it, and as the schedule takes it: what is less than a second,
 * even less than nothing, is a second. */
static bool parse_every(const char *text, int64_t *seconds)
{
	bool minus = *text == '-';
	uint64_t sum = 0, part;

	text += minus || *text == '+';
	if (*text == '\0')
		return false;
	if (strcmp(text, "0") == 0) /* the only number that needs no unit */
		text++;
	while (*text) {
		if (!read_duration_part(&text, &part) || part > DURATION_MOST_NS - sum)
			return false;
		sum += part;
	}
	if (sum == DURATION_MOST_NS && !minus)
		return false;
	*seconds = minus || sum < SECOND_NS ? 1 : (int64_t)(sum / SECOND_NS);
	return true;
}

static bool parse_shorthand(const char *line, struct cron *out, struct err *e)
{
	static const struct {
		const char *name, *fields;
	} shorthands[] = {{"@yearly", "0 0 1 1 *"},  {"@annually", "0 0 1 1 *"},
			  {"@monthly", "0 0 1 * *"}, {"@weekly", "0 0 * * 0"},
			  {"@daily", "0 0 * * *"},   {"@midnight", "0 0 * * *"},
			  {"@hourly", "0 * * * *"}};

	for (size_t i = 0; i < sizeof shorthands / sizeof *shorthands; i++)
		if (strcmp(line, shorthands[i].name) == 0)
			return parse_fields(shorthands[i].fields, out, e);
	if (strncmp(line, "@every ", 7) != 0)
		return err_set(e, ERR_USAGE,
			       "expected @yearly, @annually, @monthly, @weekly, @daily, @midnight, "
			       "@hourly or @every with a duration such as 1h30m");
	return parse_every(line + 7, &out->every_s) ||
	       err_set(e, ERR_USAGE,
		       "@every: expected one blank and a duration such as 1h30m, with the units h, "
		       "m, s, ms, us and ns");
}

bool cron_parse(const char *line, struct cron *out, struct err *e)
{
	size_t len = strlen(line);

	*out = (struct cron){0};
	if (len > CRON_MAX)
		return err_set(e, ERR_USAGE, "is %zu bytes long, expected at most %d", len,
			       CRON_MAX);
	for (size_t i = 0; i < len; i++)
		if ((line[i] < ' ' || line[i] > '~') && !strchr(BLANKS, line[i]))
			return err_set(e, ERR_USAGE, "byte %zu is 0x%02x, expected printable ASCII",
				       i + 1, (unsigned char)line[i]);
	if (strstr(line, "TZ"))
		return err_set(e, ERR_USAGE,
			       "TZ has no place in a schedule: its time zone is a setting of its "
			       "own");
	return *line == '@' ? parse_shorthand(line, out, e) : parse_fields(line, out, e);
}

/* Points in time, as they come by. */
struct runs {
	int64_t first, last, longest_gap;
	bool any;
};

static void run_at(struct runs *r, int64_t at)
{
	if (!r->any)
		r->first = at;
	else if (at - r->last > r->longest_gap)
		r->longest_gap = at - r->last;
	r->last = at;
	r->any = true;
}

static bool is_in(uint64_t set, int64_t n)
{
	return set >> n & 1;
}

static bool runs_on(const struct cron *c, int day, int weekday)
{
	bool day_fits = is_in(c->days, day), weekday_fits = is_in(c->weekdays, weekday);

	return c->any_day || c->any_weekday ? day_fits && weekday_fits : day_fits || weekday_fits;
}

static int days_of(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return days[month - 1] + (month == 2 && leap);
}

/* Without the minutes of a day from this one on. */
static int64_t longest_gap_without(const struct cron *c, int from, int end)
{
	struct runs times = {0}, days = {0};
	int64_t date = 6; /* a Saturday, as 1 January 2000 was, when Sundays are multiples of 7 */
	int64_t overnight;

	for (int minute = 0; minute < 24 * 60; minute++)
		if (is_in(c->hours, minute / 60) && is_in(c->minutes, minute % 60) &&
		    (minute < from || minute >= end))
			run_at(&times, minute * 60);
	for (int year = 2000; year < 2000 + LEAP_CYCLE_YEARS; year++)
		for (int month = 1; month <= 12; month++)
			for (int day = 1; day <= days_of(year, month); day++, date++)
				if (is_in(c->months, month) && runs_on(c, day, (int)(date % 7)))
					run_at(&days, date * DAY_S);
	if (!times.any || !days.any)
		return 0;
	run_at(&days, days.first + (int64_t)LEAP_CYCLE_DAYS * DAY_S);
	overnight = days.longest_gap - (times.last - times.first);
	return overnight > times.longest_gap ? overnight : times.longest_gap;
}

int64_t cron_longest_gap_s(const struct cron *c)
{
	return c->every_s > 0 ? c->every_s : longest_gap_without(c, 0, 0);
}

/* Across the time that is left out; that day is shorter by it. */
static int64_t skipped_gap_s(const struct cron *c, struct clock_change change)
{
	int end = (change.from + change.minutes + 59) / 60 * 60;
	int64_t gap;

	if (c->every_s > 0 || change.minutes == 0)
		return 0;
	/* Kubernetes looks for a run hour by hour; where clocks went back by half an hour it meets none for a day. */
	if (change.minutes % 60 != 0)
		return 2 * cron_longest_gap_s(c) + change.minutes * 60;
	gap = longest_gap_without(c, change.from, end);
	return gap > 0 ? gap - change.minutes * 60 : 2 * cron_longest_gap_s(c);
}

bool cron_can_be_skipped(const struct cron *c, struct clock_change change)
{
	return skipped_gap_s(c, change) > cron_longest_gap_s(c);
}

int64_t cron_changed_gap_s(const struct cron *c, struct clock_change change)
{
	int64_t longest = cron_longest_gap_s(c), skipped = skipped_gap_s(c, change);
	int64_t twice_s = change.minutes * 60;

	/* Who runs as often as that runs within the time that comes twice, both times. */
	if (c->every_s == 0 && longest > twice_s)
		longest += twice_s;
	return skipped > longest ? skipped : longest;
}
