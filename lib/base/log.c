#include "base/log.h"

#include "base/text.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define REDRAW_MS 100
#define EVENT_MS 10000
#define BAR_MAX 40
#define BAR_MIN 10
#define LINE_MAX_BYTES 1000

static struct {
	pthread_mutex_t lock; /* held while anything is written, and for all of job */
	enum log_level level;
	enum log_format format;
	bool terminal, bars;
	struct job {
		bool active, drawn;
		char what[200]; /* escaped */
		uint64_t done, total, first_done;
		int64_t first_ms, shown_ms;
	} job;
} state = {.lock = PTHREAD_MUTEX_INITIALIZER, .level = LOG_WARN};

void log_setup(enum log_level level, enum log_format format)
{
	const char *term = getenv("TERM");

	state.level = level;
	state.format = format;
	state.terminal = isatty(STDERR_FILENO);
	state.bars = state.terminal && format == LOG_TEXT && level >= LOG_INFO &&
		     !(term && strcmp(term, "dumb") == 0);
}

/* Whatever a terminal could take for more than a character of its line. */
static bool is_control(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x61c || code == 0x200e ||
	       code == 0x200f || (code >= 0x2028 && code <= 0x202e) ||
	       (code >= 0x2066 && code <= 0x2069);
}

void log_safe(const char *text, char *out, size_t max)
{
	size_t len = 0;

	while (*text != '\0') {
		uint32_t code;
		size_t n = text_utf8(text, &code);
		bool escape = n == 0 || is_control(code);
		char escaped[17] = "";

		if (n == 0)
			n = 1;
		for (size_t i = 0; escape && i < n; i++)
			snprintf(escaped + 4 * i, 5, "\\x%02x", (unsigned char)text[i]);

		const char *from = escape ? escaped : text;
		size_t bytes = escape ? 4 * n : n;

		if (bytes >= max - len)
			break;
		memcpy(out + len, from, bytes);
		len += bytes;
		text += n;
	}
	out[len] = '\0';
}

/* In one write, so that lines of several processes stay whole. A log that takes no more is given up:
 * there is nobody left to tell. */
static void put(const char *line)
{
	size_t left = strlen(line);

	while (left > 0) {
		ssize_t n = write(STDERR_FILENO, line, left);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		line += n;
		left -= (size_t)n;
	}
}

static void clear_bar(void)
{
	if (state.job.drawn)
		put("\r\033[K");
	state.job.drawn = false;
}

static size_t terminal_columns(void)
{
	struct winsize size;
	const char *columns = getenv("COLUMNS");
	long n = columns ? strtol(columns, NULL, 10) : 0;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return size.ws_col;
	return n > 0 && n < 10000 ? (size_t)n : 80;
}

struct pace {
	double bytes_per_second, seconds_left; /* negative: not known */
};

static struct pace job_pace(const struct job *j, int64_t now)
{
	struct pace pace = {-1, -1};
	double seconds = (double)(now - j->first_ms) / 1000;

	if (seconds < 1 || j->done <= j->first_done)
		return pace;
	pace.bytes_per_second = (double)(j->done - j->first_done) / seconds;
	if (j->total >= j->done)
		pace.seconds_left = (double)(j->total - j->done) / pace.bytes_per_second;
	return pace;
}

/* "1.2 GiB of 2.7 GiB, 85.0 MiB/s, 17.0 s left"; an estimate that was too low is no longer said. */
static void describe(const struct job *j, int64_t now, char *out, size_t max)
{
	char done[HUMAN_SIZE], total[HUMAN_SIZE], rate[HUMAN_SIZE], left[TEXT_SECONDS_SIZE];
	struct pace pace = job_pace(j, now);
	int n = snprintf(out, max, "%s", human_bytes(j->done, done));

	if (j->total >= j->done && j->total > 0)
		n += snprintf(out + n, max - (size_t)n, " of %s", human_bytes(j->total, total));
	if (pace.bytes_per_second >= 0)
		n += snprintf(out + n, max - (size_t)n, ", %s/s",
			      human_bytes((uint64_t)pace.bytes_per_second, rate));
	if (pace.seconds_left >= 0)
		snprintf(out + n, max - (size_t)n, ", %s left",
			 text_seconds(pace.seconds_left, left));
}

static int percent(const struct job *j)
{
	return (int)((double)j->done / (double)j->total * 100);
}

/* One column stays free: a character in the last one makes some terminals wrap. */
static void draw_bar(int64_t now)
{
	struct job *j = &state.job;
	char rest[200], bar[BAR_MAX + 20] = "", line[LINE_MAX_BYTES], out[LINE_MAX_BYTES + 20];
	size_t columns = terminal_columns() - 1, used;

	describe(j, now, rest, sizeof rest);
	used = text_width(j->what) + strlen(rest) + strlen("    [] 100 %  ");
	if (j->total >= j->done && j->total > 0 && used + BAR_MIN <= columns) {
		size_t width = columns - used > BAR_MAX ? BAR_MAX : columns - used;
		size_t full = (size_t)((double)j->done / (double)j->total * (double)width);

		memset(bar, ' ', sizeof bar);
		bar[0] = '[';
		memset(bar + 1, '=', full);
		if (full < width)
			bar[1 + full] = '>';
		snprintf(bar + 1 + width, sizeof bar - 1 - width, "] %3d %%  ", percent(j));
	}
	snprintf(line, sizeof line, "%s  %s%s", j->what, bar, rest);
	snprintf(out, sizeof out, "\r%.*s\033[K", (int)text_fit(line, columns), line);
	put(out);
	j->drawn = true;
}

static char *json_escape(const char *safe)
{
	char *out = xcalloc(2 * strlen(safe) + 1, 1);
	size_t len = 0;

	for (; *safe != '\0'; safe++) {
		if (*safe == '"' || *safe == '\\')
			out[len++] = '\\';
		out[len++] = *safe;
	}
	return out;
}

/* text is safe already; fields are more of the JSON object, or "". */
static void put_event(enum log_level level, const char *text, const char *fields)
{
	const char *prefix = level == LOG_WARN ? "warning: " : level == LOG_DEBUG ? "debug: " : "";
	CLEANUP(freep) char *line = NULL;
	char now[ISO8601_SIZE];

	clock_iso8601(time(NULL), now);
	if (state.format == LOG_JSON) {
		CLEANUP(freep) char *event = json_escape(text);
		const char *name = level == LOG_WARN    ? "warning"
				   : level == LOG_DEBUG ? "debug"
							: "info";

		line = xasprintf("{\"time\":\"%s\",\"level\":\"%s\",\"event\":\"%s\"%s}\n", now,
				 name, event, fields);
	} else if (state.terminal) {
		line = xasprintf("%s%s\n", prefix, text);
	} else {
		line = xasprintf("%s  %s%s\n", now, prefix, text);
	}
	put(line);
}

static void PRINTF(2, 0) log_text(enum log_level level, const char *fmt, va_list ap)
{
	int saved_errno = errno;
	CLEANUP(freep) char *safe = NULL;
	CLEANUP(freep) char *text = NULL;
	size_t size;

	if (level > state.level)
		return;
	if (vasprintf(&text, fmt, ap) < 0)
		abort();
	size = 4 * strlen(text) + 1;
	safe = xcalloc(size, 1);
	log_safe(text, safe, size);

	pthread_mutex_lock(&state.lock);
	clear_bar();
	put_event(level, safe, "");
	if (state.bars && state.job.active)
		draw_bar(clock_ms());
	pthread_mutex_unlock(&state.lock);
	errno = saved_errno;
}

void log_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_text(LOG_WARN, fmt, ap);
	va_end(ap);
}

void log_info(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_text(LOG_INFO, fmt, ap);
	va_end(ap);
}

void log_debug(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_text(LOG_DEBUG, fmt, ap);
	va_end(ap);
}

void log_failure(const char *verb, const struct err *e)
{
	char text[4 * sizeof e->text], hint[4 * sizeof e->hint], now[ISO8601_SIZE];
	CLEANUP(freep) char *line = NULL;

	progress_end();
	log_safe(e->text, text, sizeof text);
	log_safe(e->hint, hint, sizeof hint);
	if (state.format == LOG_JSON) {
		CLEANUP(freep) char *event = json_escape(text);
		CLEANUP(freep) char *help = json_escape(hint);

		clock_iso8601(time(NULL), now);
		line = xasprintf("{\"time\":\"%s\",\"level\":\"error\",\"event\":\"%s\","
				 "\"verb\":\"%s\",\"hint\":\"%s\"}\n",
				 now, event, verb, help);
	} else {
		line = xasprintf("pgmuster %s: %s\n%s%s%s", verb, text, hint[0] ? "hint: " : "",
				 hint, hint[0] ? "\n" : "");
	}
	put(line);
}

static void progress_event(int64_t now)
{
	struct job *j = &state.job;

	if (state.format == LOG_JSON) {
		struct pace pace = job_pace(j, now);
		CLEANUP(freep) char *what = json_escape(j->what);
		char fields[LINE_MAX_BYTES];
		int n = snprintf(fields, sizeof fields, ",\"what\":\"%s\",\"done_bytes\":%llu",
				 what, (unsigned long long)j->done);

		if (j->total > 0)
			n += snprintf(fields + n, sizeof fields - (size_t)n,
				      ",\"total_bytes\":%llu", (unsigned long long)j->total);
		if (pace.bytes_per_second >= 0)
			n += snprintf(fields + n, sizeof fields - (size_t)n,
				      ",\"bytes_per_second\":%.0f", pace.bytes_per_second);
		if (pace.seconds_left >= 0)
			snprintf(fields + n, sizeof fields - (size_t)n, ",\"seconds_left\":%.0f",
				 pace.seconds_left);
		put_event(LOG_INFO, "progress", fields);
	} else {
		char rest[200], text[LINE_MAX_BYTES];

		describe(j, now, rest, sizeof rest);
		snprintf(text, sizeof text, "%s: %s", j->what, rest);
		put_event(LOG_INFO, text, "");
	}
}

void progress_set_at(int64_t now, const char *what, uint64_t done, uint64_t total)
{
	struct job *j = &state.job;
	int saved_errno = errno;
	char safe[sizeof j->what];

	if (state.level < LOG_INFO)
		return;
	log_safe(what, safe, sizeof safe);
	pthread_mutex_lock(&state.lock);
	/* A short job says nothing, and jobs that follow each other share the ten seconds. */
	if (!j->active)
		*j = (struct job){.active = true, .shown_ms = state.bars ? now - REDRAW_MS : now};
	if (strcmp(j->what, safe) != 0 || done < j->first_done) {
		memcpy(j->what, safe, sizeof safe);
		j->first_done = done;
		j->first_ms = now;
	}
	j->done = done;
	j->total = total;
	if (now - j->shown_ms >= (state.bars ? REDRAW_MS : EVENT_MS)) {
		j->shown_ms = now;
		if (state.bars)
			draw_bar(now);
		else
			progress_event(now);
	}
	pthread_mutex_unlock(&state.lock);
	errno = saved_errno;
}

void progress_set(const char *what, uint64_t done, uint64_t total)
{
	progress_set_at(clock_ms(), what, done, total);
}

void progress_end(void)
{
	int saved_errno = errno;

	pthread_mutex_lock(&state.lock);
	clear_bar();
	state.job.active = false;
	pthread_mutex_unlock(&state.lock);
	errno = saved_errno;
}
