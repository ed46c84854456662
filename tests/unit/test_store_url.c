#include "store/store.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void clean_environment(void)
{
	static const char *const names[] = {
	    "AWS_ACCESS_KEY_ID_FILE", "AWS_SECRET_ACCESS_KEY_FILE",
	    "AWS_SESSION_TOKEN",      "AWS_REGION",
	    "AWS_DEFAULT_REGION",     "AWS_ENDPOINT_URL",
	    "AWS_ENDPOINT_URL_S3",    "AWS_CA_BUNDLE",
	};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		unsetenv(names[i]);
	setenv("AWS_ACCESS_KEY_ID", "AKFAKE", 1);
	setenv("AWS_SECRET_ACCESS_KEY", "SKFAKE", 1);
}

TestSuite(store_url, .init = clean_environment);

static bool opens(const char *url, const struct store_options *o, struct err *e)
{
	CLEANUP(store_freep) struct store *s = store_open(url, o, e);

	return s != NULL;
}

Test(store_url, final_slash_is_dropped)
{
	static const char *const urls[][2] = {
	    {"s3://bucket", "s3://bucket"},
	    {"s3://bucket/", "s3://bucket"},
	    {"s3://bucket/a/b/", "s3://bucket/a/b"},
	    {"file:///backup/x//", "file:///backup/x"},
	    {"file:///", "file:///"},
	};

	for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
		struct err e = {0};
		CLEANUP(store_freep) struct store *s = store_open(urls[i][0], NULL, &e);

		cr_assert(s, "%s", e.text);
		cr_assert_str_eq(store_url(s), urls[i][1]);
	}
}

Test(store_url, malformed_ones_are_usage_errors)
{
	static const char *const urls[] = {
	    "",
	    "/backup",
	    "backup",
	    "http://b/p",
	    "S3://b",
	    "s3:/b",
	    "s3://",
	    "s3:///p",
	    "s3://b//p",
	    "s3://b/p//",
	    "s3://b/../p",
	    "s3://b/p/.",
	    "s3://b c/p",
	    "s3://u:p@b/p",
	    "s3://b?x",
	    "s3://b/p\n",
	    "s3://.b/p",
	    "file://host/dir",
	    "file://dir",
	    "file:///a%2",
	    "file:///a%zzb",
	    "file:///a%00b",
	    "file:/dir",
	};

	for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
		struct err e = {0};

		cr_assert(!opens(urls[i], NULL, &e), "%s", urls[i]);
		cr_assert_eq(e.kind, ERR_USAGE, "%s: %s", urls[i], e.text);
	}
}

Test(store_url, missing_credentials_are_named)
{
	struct err e = {0};

	unsetenv("AWS_SECRET_ACCESS_KEY");
	cr_assert(!opens("s3://b", NULL, &e));
	cr_assert_eq(e.kind, ERR_USAGE);
	cr_assert(strstr(e.text, "AWS_SECRET_ACCESS_KEY is not set"), "%s", e.text);
	cr_assert(strstr(e.hint, "AWS_SECRET_ACCESS_KEY_FILE"), "%s", e.hint);
}

Test(store_url, secrets_may_come_from_files)
{
	char path[] = "/tmp/pgmuster-secret-XXXXXX";
	int fd = mkstemp(path);
	struct err e = {0};

	cr_assert(fd >= 0 && write(fd, "SKFILE\n", 7) == 7);
	unsetenv("AWS_SECRET_ACCESS_KEY");
	setenv("AWS_SECRET_ACCESS_KEY_FILE", path, 1);
	cr_assert(opens("s3://b", NULL, &e), "%s", e.text);
	close(fd);
	unlink(path);
}

Test(store_url, secret_that_cannot_be_read_is_an_error)
{
	struct err e = {0};

	unsetenv("AWS_SECRET_ACCESS_KEY");
	setenv("AWS_SECRET_ACCESS_KEY_FILE", "/nonexistent/secret", 1);
	cr_assert(!opens("s3://b", NULL, &e));
	cr_assert(strstr(e.text, "/nonexistent/secret"), "%s", e.text);
}

Test(store_url, region_too_long_for_a_host_is_refused)
{
	CLEANUP(freep) char *region = xasprintf("%061d", 0);
	struct err e = {0};

	cr_assert(!opens("s3://b", &(struct store_options){.region = region}, &e) &&
		  e.kind == ERR_USAGE);
}

Test(store_url, secret_that_would_break_a_header_is_refused_and_not_shown)
{
	struct err e = {0};

	setenv("AWS_SESSION_TOKEN", "hush\r\nX: y", 1);
	cr_assert(!opens("s3://b", NULL, &e));
	cr_assert_eq(e.kind, ERR_USAGE);
	cr_assert(strstr(e.text, "AWS_SESSION_TOKEN") && !strstr(e.text, "hush"), "%s", e.text);
}

Test(store_url, endpoints_are_checked_and_never_shown)
{
	static const char *const bad[] = {
	    "minio.lan:9000",     "ftp://minio.lan",    "http://user:hush@minio.lan",
	    "http://minio.lan?x", "http://minio.lan#x", "http://",
	};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct store_options o = {.endpoint = bad[i]};
		struct err e = {0};

		cr_assert(!opens("s3://b", &o, &e), "%s", bad[i]);
		cr_assert_eq(e.kind, ERR_USAGE);
		cr_assert(!strstr(e.text, "hush") && !strstr(e.hint, "hush"), "%s", e.text);
	}
}

Test(store_url, region_cannot_smuggle_a_setting)
{
	struct store_options o = {.region = "us:east/1"};
	struct err e = {0};

	cr_assert(!opens("s3://b", &o, &e));
	cr_assert_eq(e.kind, ERR_USAGE);
}

Test(store_url, part_sizes_that_s3_does_not_take_are_usage_errors)
{
	struct store_options small = {.part_bytes = 5 * MIB - 1};
	struct store_options large = {.part_bytes = 5 * 1024 * MIB + 1};
	struct err e = {0};

	cr_assert(!opens("s3://b", &small, &e) && e.kind == ERR_USAGE);
	cr_assert(!opens("s3://b", &large, &e) && e.kind == ERR_USAGE);
}

Test(store_url, keys_are_plain_relative_paths)
{
	static const char *const bad[] = {
	    "", "/a", "a/", "a//b", ".", "..", "a/../b", "a/./b", "../a", "a\nb", "a\177b",
	};
	static const char *const stores[] = {"s3://b", "file:///tmp"};
	char longest[1026];

	memset(longest, 'a', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	for (size_t j = 0; j < 2; j++) {
		struct err e = {0};
		CLEANUP(store_freep) struct store *s = store_open(stores[j], NULL, &e);
		CLEANUP(sink_freep) struct sink *null = sink_null();
		struct store_object o;

		cr_assert(s, "%s", e.text);
		for (size_t i = 0; i <= sizeof bad / sizeof *bad; i++) {
			const char *key = i < sizeof bad / sizeof *bad ? bad[i] : longest;

			cr_assert(!store_put(s, key, NULL, &e) && e.kind == ERR_USAGE, "%s", key);
			cr_assert(!store_get(s, key, 0, 1, NULL, null, &e) && e.kind == ERR_USAGE);
			cr_assert(!store_stat(s, key, &o, &e) && e.kind == ERR_USAGE);
			cr_assert(!store_remove(s, key, &e) && e.kind == ERR_USAGE);
		}
	}
}
