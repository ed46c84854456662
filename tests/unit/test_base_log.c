#include "base/log.h"

#include "base/cancel.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[] = "/tmp/log-XXXXXX";
static int saved;

/* stderr goes to a file until the test ends. */
static void to_file(void)
{
	int fd = mkostemp(path, O_APPEND | O_CLOEXEC);

	saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
	cr_assert(fd >= 0 && saved >= 0 && dup2(fd, STDERR_FILENO) == STDERR_FILENO);
	close(fd);
}

static void back(void)
{
	dup2(saved, STDERR_FILENO);
	close(saved);
	unlink(path);
}

TestSuite(base_log, .init = to_file, .fini = back);

/* What has been written since the last time; the caller frees. */
static char *logged(void)
{
	char *text = xcalloc(1 << 20, 1);
	FILE *f = fopen(path, "r");

	cr_assert(f);
	cr_assert(fread(text, 1, (1 << 20) - 1, f) < (1 << 20) - 1);
	fclose(f);
	cr_assert_eq(truncate(path, 0), 0);
	return text;
}

static size_t lines(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

/* "2026-11-21T02:30:00Z  ": a time of now in front of each line. */
static const char *after_time(const char *line)
{
	char time_text[ISO8601_SIZE] = "";
	time_t t;

	memcpy(time_text, line, ISO8601_SIZE - 1);
	cr_assert(clock_parse_iso8601(time_text, &t), "%s", line);
	cr_assert(t <= time(NULL) && t >= time(NULL) - 60);
	cr_assert_eq(strncmp(line + ISO8601_SIZE - 1, "  ", 2), 0);
	return line + ISO8601_SIZE + 1;
}

Test(base_log, text_is_one_line_an_event_with_its_time)
{
	log_setup(LOG_DEBUG, LOG_TEXT);
	log_info("dump of %s", "x");
	CLEANUP(freep) char *info = logged();
	cr_assert_str_eq(after_time(info), "dump of x\n");
	log_warn("slow");
	CLEANUP(freep) char *warning = logged();
	cr_assert_str_eq(after_time(warning), "warning: slow\n");
	log_debug("detail");
	CLEANUP(freep) char *debug = logged();
	cr_assert_str_eq(after_time(debug), "debug: detail\n");
}

Test(base_log, a_level_leaves_out_what_is_below_it)
{
	static const size_t counts[] = {
	    [LOG_QUIET] = 0, [LOG_WARN] = 1, [LOG_INFO] = 2, [LOG_DEBUG] = 3};

	for (int level = LOG_QUIET; level <= LOG_DEBUG; level++)
		for (int format = LOG_TEXT; format <= LOG_JSON; format++) {
			log_setup((enum log_level)level, (enum log_format)format);
			log_warn("a");
			log_info("b");
			log_debug("c");
			CLEANUP(freep) char *text = logged();
			cr_assert_eq(lines(text), counts[level], "%s", text);
		}
}

Test(base_log, quiet_shows_no_progress)
{
	log_setup(LOG_WARN, LOG_TEXT);
	progress_set_at(0, "dump", 0, 100);
	progress_set_at(20000, "dump", 50, 100);
	progress_end();
	CLEANUP(freep) char *text = logged();
	cr_assert_str_eq(text, "");
}

Test(base_log, a_hostile_name_cannot_forge_a_line)
{
	log_setup(LOG_INFO, LOG_TEXT);
	log_info("database %s", "x\n2026-11-21T02:30:00Z  all is well\x1b[1A\r\xff");
	CLEANUP(freep) char *text = logged();
	cr_assert_eq(lines(text), 1);
	cr_assert_str_eq(after_time(text),
			 "database x\\x0a2026-11-21T02:30:00Z  all is well\\x1b[1A\\x0d\\xff\n");
}

/* The only JSON object of a line; the caller releases it. */
static json_t *parsed(const char *line)
{
	json_error_t why;
	json_t *o = json_loads(line, JSON_REJECT_DUPLICATES, &why);

	cr_assert(o, "%s: %s", why.text, line);
	cr_assert_eq(lines(line), 1);
	return o;
}

Test(base_log, json_is_an_object_an_event)
{
	log_setup(LOG_DEBUG, LOG_JSON);
	static void (*const functions[])(const char *, ...) = {log_warn, log_info, log_debug};
	static const char *const levels[] = {"warning", "info", "debug"};

	for (size_t i = 0; i < 3; i++) {
		functions[i]("%s", "it is so");
		CLEANUP(freep) char *text = logged();
		json_t *o = parsed(text);
		const char *at = json_string_value(json_object_get(o, "time"));
		time_t t;

		cr_assert(clock_parse_iso8601(at, &t), "%s", at);
		cr_assert_str_eq(json_string_value(json_object_get(o, "level")), levels[i]);
		cr_assert_str_eq(json_string_value(json_object_get(o, "event")), "it is so");
		cr_assert_eq(json_object_size(o), 3);
		json_decref(o);
	}
}

Test(base_log, failure_is_the_last_word_in_either_format)
{
	struct err e = {0};

	err_set(&e, ERR_SYSTEM, "no \"%s\"", "disk\x1b[0m");
	log_setup(LOG_QUIET, LOG_TEXT);
	log_failure("dump", &e);
	CLEANUP(freep) char *bare = logged();
	cr_assert_str_eq(bare, "pgmuster dump: no \"disk\\x1b[0m\"\n");
	err_hint(&e, "buy one");
	log_failure("dump", &e);
	CLEANUP(freep) char *text = logged();
	cr_assert_str_eq(text, "pgmuster dump: no \"disk\\x1b[0m\"\nhint: buy one\n");
	log_setup(LOG_QUIET, LOG_JSON);
	log_failure("dump", &e);
	CLEANUP(freep) char *json = logged();
	json_t *o = parsed(json);
	cr_assert_str_eq(json_string_value(json_object_get(o, "level")), "error");
	cr_assert_str_eq(json_string_value(json_object_get(o, "verb")), "dump");
	cr_assert_str_eq(json_string_value(json_object_get(o, "event")), "no \"disk\\x1b[0m\"");
	cr_assert_str_eq(json_string_value(json_object_get(o, "hint")), "buy one");
	json_decref(o);
}

/* Every byte, and pairs with what is special in JSON. */
Test(base_log, json_parses_whatever_is_in_a_value)
{
	log_setup(LOG_INFO, LOG_JSON);
	for (int c = 1; c < 256; c++)
		for (size_t i = 0; i < 4; i++) {
			char text[8], safe[40];

			snprintf(text, sizeof text, "%c%c%c", c, "\"\\/\xc3"[i], c);
			log_safe(text, safe, sizeof safe);
			log_info("%s", text);
			progress_set_at(0, text, 1, 0);
			progress_set_at(11000, text, 2, 0);
			progress_end();
			CLEANUP(freep) char *written = logged();
			char *second = strchr(written, '\n') + 1;
			json_t *progress = parsed(second);
			*second = '\0';
			json_t *o = parsed(written);

			cr_assert_str_eq(json_string_value(json_object_get(o, "event")), safe);
			cr_assert_str_eq(json_string_value(json_object_get(progress, "what")),
					 safe);
			json_decref(o);
			json_decref(progress);
		}
}

static json_int_t number(const json_t *o, const char *key)
{
	cr_assert(json_is_integer(json_object_get(o, key)), "%s", key);
	return json_integer_value(json_object_get(o, key));
}

Test(base_log, json_progress_has_what_is_known)
{
	log_setup(LOG_INFO, LOG_JSON);
	progress_set_at(0, "dump", 0, 3000);
	progress_set_at(10000, "dump", 1000, 3000);
	CLEANUP(freep) char *text = logged();
	json_t *o = parsed(text);

	cr_assert_str_eq(json_string_value(json_object_get(o, "event")), "progress");
	cr_assert_str_eq(json_string_value(json_object_get(o, "what")), "dump");
	cr_assert_eq(number(o, "done_bytes"), 1000);
	cr_assert_eq(number(o, "total_bytes"), 3000);
	cr_assert_eq(number(o, "bytes_per_second"), 100);
	cr_assert_eq(number(o, "seconds_left"), 20);
	json_decref(o);

	progress_set_at(20000, "verify", 5, 0);
	CLEANUP(freep) char *unknown = logged();
	o = parsed(unknown);
	cr_assert_eq(number(o, "done_bytes"), 5);
	cr_assert_null(json_object_get(o, "total_bytes"));
	cr_assert_null(json_object_get(o, "bytes_per_second"));
	cr_assert_null(json_object_get(o, "seconds_left"));
	json_decref(o);
	progress_end();
}

Test(base_log, progress_is_an_event_every_ten_seconds)
{
	log_setup(LOG_INFO, LOG_TEXT);
	for (int64_t now = 0; now <= 60000; now += 10)
		progress_set_at(now, "dump", (uint64_t)now, 120000);
	progress_end();
	CLEANUP(freep) char *text = logged();
	cr_assert_eq(lines(text), 6, "%s", text);
	cr_assert(strstr(text, "dump: 9.8 KiB of 117.2 KiB, 1000 B/s, 1 m 50 s left\n"), "%s",
		  text);
	cr_assert(!strchr(text, '\r') && !strchr(text, '\033'));
}

Test(base_log, a_short_job_says_nothing)
{
	log_setup(LOG_INFO, LOG_TEXT);
	progress_set_at(5000, "dump", 0, 100);
	progress_set_at(14999, "dump", 100, 100);
	progress_end();
	CLEANUP(freep) char *text = logged();
	cr_assert_str_eq(text, "");
}

Test(base_log, more_than_the_estimate_is_no_estimate)
{
	log_setup(LOG_INFO, LOG_TEXT);
	progress_set_at(0, "dump", 0, 10);
	progress_set_at(10000, "dump", 20480, 10);
	progress_end();
	CLEANUP(freep) char *text = logged();
	cr_assert_str_eq(after_time(text), "dump: 20.0 KiB, 2.0 KiB/s\n");
}

Test(base_log, extreme_numbers_fit)
{
	for (int format = LOG_TEXT; format <= LOG_JSON; format++) {
		log_setup(LOG_INFO, (enum log_format)format);
		progress_set_at(0, "dump", 0, UINT64_MAX);
		progress_set_at(INT64_MAX / 2, "dump", UINT64_MAX, UINT64_MAX);
		progress_set_at(INT64_MAX, "dump", 1, UINT64_MAX);
		progress_end();
		CLEANUP(freep) char *text = logged();
		cr_assert_eq(lines(text), 2, "%s", text);
	}
}

Test(base_log, errno_stays)
{
	log_setup(LOG_INFO, LOG_TEXT);
	close(STDERR_FILENO); /* so that writing fails */
	errno = ENOSPC;
	log_warn("x");
	cr_assert_eq(errno, ENOSPC);
	progress_set_at(0, "x", 0, 1);
	progress_set_at(20000, "x", 1, 1);
	progress_end();
	cr_assert_eq(errno, ENOSPC);
}

static void *talk(void *arg)
{
	const char *name = arg;

	for (int i = 0; i < 200; i++) {
		log_info("thread %s says %d", name, i);
		progress_set(name, (uint64_t)i, 200);
	}
	return NULL;
}

Test(base_log, lines_of_several_threads_stay_whole)
{
	static char names[4][2] = {"a", "b", "c", "d"};
	pthread_t threads[4];

	log_setup(LOG_INFO, LOG_TEXT);
	for (size_t i = 0; i < 4; i++)
		cr_assert_eq(pthread_create(&threads[i], NULL, talk, names[i]), 0);
	for (size_t i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	progress_end();
	CLEANUP(freep) char *text = logged();
	cr_assert_eq(lines(text), 800);
	for (char *line = text; *line; line = strchr(line, '\n') + 1)
		cr_assert_eq(strncmp(after_time(line), "thread ", 7), 0, "%s", line);
}

Test(base_log, a_terminal_gets_a_bar_that_goes_away)
{
	int terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	char text[4096] = "";
	int64_t start = clock_ms() - 1000;
	size_t len = 0;
	struct err e = {0};

	cr_assert(terminal >= 0 && grantpt(terminal) == 0 && unlockpt(terminal) == 0);
	int other_end = open(ptsname(terminal), O_RDWR | O_NOCTTY | O_CLOEXEC);
	cr_assert(other_end >= 0 && dup2(other_end, STDERR_FILENO) >= 0);
	setenv("TERM", "xterm", 1);
	setenv("COLUMNS", "90", 1);
	log_setup(LOG_INFO, LOG_TEXT);
	for (uint64_t ms = 0; ms <= 1000; ms += 10) /* ten times a second, and at the start */
		progress_set_at(start + (int64_t)ms, "dump", ms, 2000);
	log_info("between");
	progress_end();
	const char *line = NULL;
	while (!line || !strstr(line, "\033[K\r\033[K")) { /* the bar after it, cleared */
		cr_assert(cancel_wait(terminal, POLLIN, 5000, &e), "%s", text);
		len += (size_t)read(terminal, text + len, sizeof text - 1 - len);
		line = strstr(text, "between");
	}
	cr_assert(strstr(text, "dump  ["), "%s", text);
	cr_assert(strstr(text, " 50 %"), "%s", text);
	cr_assert(strstr(text, "\r\033[Kbetween\r\n"), "%s", text);
	cr_assert_str_eq(text + len - 4, "\r\033[K", "%s", text);
	size_t bars = 0;
	for (const char *p = text; (p = strstr(p, "dump  ")) != NULL; p++)
		bars++;
	cr_assert_eq(bars, 12, "eleven, and one after the line: %zu", bars);
	close(other_end);
	close(terminal);
}
