#include "backup/key.h"

#include <stdio.h>
#include <string.h>

bool key_has_suffix(const char *key, const char *suffix)
{
	size_t len = strlen(key), n = strlen(suffix);

	return len > n && strcmp(key + len - n, suffix) == 0;
}

bool key_is_dump(const char *key)
{
	return key_has_suffix(key, KEY_DUMP_SUFFIX) || key_has_suffix(key, KEY_GZIP_SUFFIX);
}

const char *key_name(const char *key)
{
	const char *slash = strrchr(key, '/');

	return slash ? slash + 1 : key;
}

bool key_is_evidence(const char *key)
{
	return strncmp(key_name(key), "drill-", 6) == 0 && key_has_suffix(key, ".json") &&
	       !key_has_suffix(key, KEY_MANIFEST_SUFFIX);
}

/* The format is the operator's own, and what it gives is checked. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static size_t format_time(char *out, size_t size, const char *format, const struct tm *tm)
{
	return strftime(out, size, format, tm);
}
#pragma GCC diagnostic pop

/* No part that is empty, "." or "..", and no control character. */
static bool is_plain_path(const char *key)
{
	for (const char *part = key;; part++) {
		size_t len = strcspn(part, "/");

		if (len == 0 || (len <= 2 && strspn(part, ".") >= len))
			return false;
		for (size_t i = 0; i < len; i++)
			if ((unsigned char)part[i] < ' ' || part[i] == 0x7f)
				return false;
		part += len;
		if (*part == '\0')
			return true;
	}
}

char *key_of_day(const char *format, time_t t, struct err *e)
{
	char key[512];
	struct tm tm;

	localtime_r(&t, &tm);
	if (format_time(key, sizeof key, format, &tm) == 0) {
		err_set(e, ERR_USAGE, "key format \"%s\" gives nothing, or more than %zu bytes",
			format, sizeof key - 1);
		return NULL;
	}
	if (!key_has_suffix(key, KEY_DUMP_SUFFIX) || !is_plain_path(key)) {
		err_set(e, ERR_USAGE, "key format \"%s\" gives \"%s\"", format, key);
		err_hint(e, "a key is relative and ends in " KEY_DUMP_SUFFIX ", such as %s",
			 KEY_DEFAULT_FORMAT);
		return NULL;
	}
	return xstrdup(key);
}

char *key_beside(const char *key, time_t t, const char *unique)
{
	int stem = (int)(strlen(key) - strlen(KEY_DUMP_SUFFIX));
	char clock[16];
	struct tm tm;

	localtime_r(&t, &tm);
	if (strftime(clock, sizeof clock, "%H%M%S", &tm) == 0)
		clock[0] = '\0';
	return xasprintf("%.*s-%s%s%s%s", stem, key, clock, unique ? "-" : "", unique ? unique : "",
			 KEY_DUMP_SUFFIX);
}

static int number(const char *digits, int count)
{
	int n = 0;

	for (int i = 0; i < count; i++) {
		if (digits[i] < '0' || digits[i] > '9')
			return -1;
		n = n * 10 + digits[i] - '0';
	}
	return n;
}

/* A date at the very beginning of text, with one separator twice or none. */
static bool starts_with_day(const char *text, char day[KEY_DAY_SIZE])
{
	const char *month, *date;
	size_t gap;

	if (number(text, 4) < 0)
		return false;
	gap = text[4] != '\0' && strchr("/-_.", text[4]) ? 1 : 0;
	month = text + 4 + gap;
	if (number(month, 2) < 1 || number(month, 2) > 12 || (gap && month[2] != text[4]))
		return false;
	date = month + 2 + gap;
	if (number(date, 2) < 1 || number(date, 2) > 31)
		return false;
	memcpy(day, "0000-00-00", KEY_DAY_SIZE);
	memcpy(day, text, 4);
	memcpy(day + 5, month, 2);
	memcpy(day + 8, date, 2);
	return true;
}

bool key_day(const char *key, char day[KEY_DAY_SIZE])
{
	bool in_number = false;

	for (; *key; key++) {
		if (!in_number && starts_with_day(key, day))
			return true;
		in_number = *key >= '0' && *key <= '9';
	}
	return false;
}

char *key_of_evidence(const char *key, time_t t)
{
	int folder = (int)(key_name(key) - key);
	char clock[32];
	struct tm tm;

	gmtime_r(&t, &tm);
	if (strftime(clock, sizeof clock, "%Y%m%dT%H%M%SZ", &tm) == 0)
		clock[0] = '\0';
	return xasprintf("%.*sdrill-%s.json", folder, key, clock);
}
