#include "test_store_fake.h"

#include <stdio.h>

#define LIST "GET /b?encoding-type=url&list-type=2&prefix="
#define RESULT(inside) "<ListBucketResult>" inside "</ListBucketResult>"
#define URL "<EncodingType>url</EncodingType>"
#define OBJECT(key) "<Contents><Key>" key "</Key><Size>1</Size></Contents>"
#define MORE(token)                                                                                \
	"<IsTruncated>true</IsTruncated><NextContinuationToken>" token "</NextContinuationToken>"

/* Keys as they come, each with a ";" behind. */
struct seen {
	char keys[2000];
	size_t count, enough;
	struct store_object last;
};

static bool see(void *ctx, const struct store_object *o, struct err *e)
{
	struct seen *s = ctx;
	size_t len = strlen(s->keys);

	snprintf(s->keys + len, sizeof s->keys - len, "%s;", o->key);
	s->last = *o;
	s->count++;
	return s->count != s->enough || err_set(e, ERR_CANCELLED, "enough");
}

static enum err_kind run_list(const struct fake_step *script, const char *url, const char *prefix,
			      struct seen *seen, struct err *e)
{
	struct store *s = fake_open(script, NULL, url);
	bool ok = store_list(s, prefix, see, seen, e);

	fake_close(&s);
	return ok ? ERR_NONE : e->kind;
}

Test(store_list, pages_follow_each_other_and_keys_are_relative_and_sorted)
{
	static const struct fake_step script[] = {
	    {"GET /b?encoding-type=url&list-type=2&prefix=p%2Fq%2F2026%2F",
	     .body = RESULT(OBJECT("p/q/2026/b") OBJECT("p/q/2026/a/z") MORE("t+/="))},
	    {"GET /b?continuation-token=t%2B%2F%3D&encoding-type=url&list-type=2"
	     "&prefix=p%2Fq%2F2026%2F",
	     .body = RESULT(OBJECT("p/q/2026/a-")
				OBJECT("p/q/2026/c") "<IsTruncated>false</IsTruncated>")},
	    FAKE_END};
	struct seen seen = {0};
	struct err e = {0};

	cr_assert_eq(run_list(script, "s3://b/p/q", "2026/", &seen, &e), ERR_NONE, "%s", e.text);
	cr_assert_str_eq(seen.keys, "2026/a-;2026/a/z;2026/b;2026/c;");
}

Test(store_list, object_has_size_time_and_etag)
{
	static const struct fake_step script[] = {
	    {LIST,
	     .body =
		 "<?xml version=\"1.0\"?><s3:ListBucketResult xmlns:s3=\"http://x\"><s3:Contents>"
		 "<s3:Key>k</s3:Key><s3:LastModified>2026-11-21T02:30:00.123Z</s3:LastModified>"
		 "<s3:ETag>&quot;v1&quot;</s3:ETag><s3:Size>5000000000</s3:Size>"
		 "<s3:Owner><s3:ID>me</s3:ID></s3:Owner></s3:Contents></s3:ListBucketResult>"},
	    FAKE_END};
	struct store *s = fake_open(script, NULL, NULL);
	struct seen seen = {0};
	struct err e = {0};

	cr_assert(store_list(s, "", see, &seen, &e), "%s", e.text);
	cr_assert_str_eq(seen.keys, "k;");
	cr_assert_eq(seen.last.bytes, 5000000000u);
	cr_assert_eq(seen.last.modified, 1795228200);
	fake_close(&s);
}

/* Names that XML cannot hold survive by their encoding, which a server may also not offer. */
Test(store_list, hostile_names_survive)
{
	static const struct fake_step encoded[] = {
	    {LIST, .body = RESULT(OBJECT("a+b%2Bc%0A%01%3C%c3%a4") OBJECT("%zz") OBJECT("nul%00")
				      OBJECT("cut%4") URL)},
	    FAKE_END};
	static const struct fake_step plain[] = {{LIST, .body = RESULT(OBJECT("a+b%2Bc&lt;"))},
						 FAKE_END};
	struct seen seen = {0};
	struct err e = {0};

	cr_assert_eq(run_list(encoded, NULL, "", &seen, &e), ERR_NONE, "%s", e.text);
	cr_assert_str_eq(seen.keys, "a b+c\n\x01<\xc3\xa4;");
	memset(&seen, 0, sizeof seen);
	cr_assert_eq(run_list(plain, NULL, "", &seen, &e), ERR_NONE, "%s", e.text);
	cr_assert_str_eq(seen.keys, "a+b%2Bc<;");
}

Test(store_list, what_is_not_below_the_prefix_is_left_out)
{
	static const struct fake_step script[] = {
	    {LIST "p%2F", .body = RESULT(OBJECT("p/") OBJECT("p") OBJECT("q/x") OBJECT("p/x"))},
	    FAKE_END};
	struct seen seen = {0};
	struct err e = {0};

	cr_assert_eq(run_list(script, "s3://b/p", "", &seen, &e), ERR_NONE, "%s", e.text);
	cr_assert_str_eq(seen.keys, "x;");
}

Test(store_list, handler_ends_it)
{
	static const struct fake_step script[] = {
	    {LIST, .body = RESULT(OBJECT("1") OBJECT("2") OBJECT("3"))}, FAKE_END};
	struct seen seen = {.enough = 2};
	struct err e = {0};

	cr_assert_eq(run_list(script, NULL, "", &seen, &e), ERR_CANCELLED);
	cr_assert_str_eq(e.text, "enough");
	cr_assert_str_eq(seen.keys, "1;2;");
}

Test(store_list, page_that_was_cut_short_is_asked_for_again)
{
	static const char page[] = RESULT(OBJECT("1") OBJECT("2"));

	for (size_t cut = 1; cut < sizeof page - 1; cut += 7) {
		char half[sizeof page];
		struct seen seen = {0};
		struct err e = {0};
		const struct fake_step script[] = {
		    {LIST, .body = half}, {LIST, .body = page}, FAKE_END};

		snprintf(half, sizeof half, "%.*s", (int)cut, page);
		cr_assert_eq(run_list(script, NULL, "", &seen, &e), ERR_NONE, "%s", e.text);
		cr_assert_str_eq(seen.keys, "1;2;");
	}
}

Test(store_list, listing_that_goes_in_a_circle_is_refused)
{
	static const struct fake_step script[] = {
	    {LIST, .body = RESULT(OBJECT("1") MORE("again"))},
	    {"GET /b?continuation-token=again&encoding-type=url&list-type=2&prefix=",
	     .body = RESULT(OBJECT("2") MORE("again"))},
	    FAKE_END};
	struct seen seen = {0};
	struct err e = {0};

	cr_assert_eq(run_list(script, NULL, "", &seen, &e), ERR_SYSTEM);
	cr_assert(strstr(e.text, "goes in a circle"), "%s", e.text);
}

Test(store_list, listing_without_continuation_is_refused)
{
	static const struct fake_step script[] = {
	    {LIST, .body = RESULT(OBJECT("1") "<IsTruncated>true</IsTruncated>")}, FAKE_END};
	struct seen seen = {0};
	struct err e = {0};

	cr_assert_eq(run_list(script, NULL, "", &seen, &e), ERR_SYSTEM);
	cr_assert(strstr(e.text, "list s3://b: the server's listing has no continuation"), "%s",
		  e.text);
	cr_assert_eq(seen.count, 0);
}

Test(store_list, web_page_is_no_listing)
{
	static const struct fake_step script[] = {
	    {LIST, .headers = "Content-Type: text/html\r\n", .body = "<!DOCTYPE html><p>Console"},
	    FAKE_END};
	struct seen seen = {0};
	struct err e = {0};

	cr_assert_eq(run_list(script, NULL, "", &seen, &e), ERR_USAGE, "%s", e.text);
	cr_assert(strstr(e.text, "is no S3 API"), "%s", e.text);
}

Test(store_list, denied_listing_says_so)
{
	static const struct fake_step script[] = {
	    {LIST, .status = 403, .body = FAKE_ERROR("AccessDenied")}, FAKE_END};
	struct seen seen = {0};
	struct err e = {0};

	cr_assert_eq(run_list(script, NULL, "", &seen, &e), ERR_DENIED);
	cr_assert(strstr(e.text, "may not list") && strstr(e.hint, "s3:ListBucket"), "%s", e.text);
}
