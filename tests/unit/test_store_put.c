#include "test_store_fake.h"

#include <stdlib.h>
#include <time.h>

#define MD5_X "\"9dd4e461268c8034f5c8564e155c67a6\"" /* of "x" */

static bool put_x(struct store *s, struct err *e)
{
	return store_put_bytes(s, "k", "x", 1, NULL, e);
}

/* Runs the script against one put of "x"; the error's kind, or ERR_NONE. */
static enum err_kind run_put(const struct fake_step *script, const struct store_options *o,
			     struct err *e)
{
	struct store *s = fake_open(script, o, NULL);
	bool ok = put_x(s, e);

	fake_close(&s);
	return ok ? ERR_NONE : e->kind;
}

Test(store_put, small_body_is_one_conditional_put)
{
	static const struct fake_step script[] = {
	    {"HEAD /b/a/b%20c%2B%25", .status = 404, .lacks = "if-none-match"},
	    {"PUT /b/a/b%20c%2B%25", .has = "if-none-match: *",
	     .has_too = "content-type: text/plain", .body_has = "hello", .body_len = 5},
	    FAKE_END};
	struct store *s = fake_open(script, NULL, "s3://b/a/");
	struct err e = {0};

	cr_assert_str_eq(store_url(s), "s3://b/a");
	cr_assert(store_put_bytes(s, "b c+%", "hello", 5, "text/plain", &e), "%s", e.text);
	fake_close(&s);
}

Test(store_put, empty_body_is_one_put)
{
	static const struct fake_step script[] = {
	    {"HEAD /b/k", .status = 404},
	    {"PUT /b/k", .has = "content-length: 0",
	     .has_too = "content-type: application/octet-stream"},
	    FAKE_END};
	struct store *s = fake_open(script, NULL, NULL);
	struct err e = {0};

	cr_assert(store_put_bytes(s, "k", "", 0, NULL, &e), "%s", e.text);
	fake_close(&s);
}

Test(store_put, uncommitted_small_body_sends_nothing)
{
	static const struct fake_step script[] = {FAKE_END};
	struct store *s = fake_open(script, NULL, NULL);
	struct err e = {0};
	struct sink *k = store_put(s, "k", NULL, &e);

	cr_assert(k && sink_write(k, "x", 1, &e));
	sink_free(k);
	fake_close(&s);
}

Test(store_put, taken_key_is_left_alone_even_if_the_store_ignores_conditions)
{
	static const struct fake_step script[] = {
	    {"HEAD /b/k", .headers = "ETag: " MD5_X "\r\n", .length = "1"}, FAKE_END};
	struct err e = {0};

	cr_assert_eq(run_put(script, NULL, &e), ERR_EXISTS);
	cr_assert(strstr(e.text, "put s3://b/k: already exists"), "%s", e.text);
}

Test(store_put, failed_condition_is_exists)
{
	static const struct fake_step taken[] = {
	    {"HEAD /b/k", .status = 404},
	    {"PUT /b/k", .status = 412, .body = FAKE_ERROR("PreconditionFailed")},
	    FAKE_END};
	static const struct fake_step conflict[] = {
	    {"HEAD /b/k", .status = 404},
	    {"PUT /b/k", .status = 409, .body = FAKE_ERROR("ConditionalRequestConflict")},
	    FAKE_END};
	struct err e = {0};

	cr_assert_eq(run_put(taken, NULL, &e), ERR_EXISTS);
	cr_assert_eq(run_put(conflict, NULL, &e), ERR_EXISTS);
}

Test(store_put, writer_who_may_not_read_still_writes)
{
	static const struct fake_step script[] = {
	    {"HEAD /b/k", .status = 403}, {"PUT /b/k", .has = "if-none-match: *"}, FAKE_END};
	struct err e = {0};

	cr_assert_eq(run_put(script, NULL, &e), ERR_NONE, "%s", e.text);
}

Test(store_put, lost_answer_is_settled_by_stat)
{
	static const struct fake_step script[] = {
	    {"HEAD /b/k", .status = 404},
	    {"PUT /b/k", .then = FAKE_DROP},
	    {"PUT /b/k", .status = 412, .body = FAKE_ERROR("PreconditionFailed")},
	    {"HEAD /b/k", .headers = "ETag: " MD5_X "\r\n", .length = "1"},
	    FAKE_END};
	struct err e = {0};

	cr_assert_eq(run_put(script, NULL, &e), ERR_NONE, "%s", e.text);
}

Test(store_put, lost_answer_that_cannot_be_settled_says_so)
{
	static const struct fake_step script[] = {
	    {"HEAD /b/k", .status = 404},
	    {"PUT /b/k", .then = FAKE_DROP},
	    {"HEAD /b/k", .then = FAKE_DROP},
	    {"HEAD /b/k", .then = FAKE_DROP}, /* libcurl's own */
	    FAKE_END};
	struct store_options o = {.attempts = 1};
	struct err e = {0};

	cr_assert_eq(run_put(script, &o, &e), ERR_TRANSIENT);
	cr_assert(strstr(e.text, "put s3://b/k: whether it is stored is not known: "), "%s",
		  e.text);
}

Test(store_put, all_answers_lost_is_settled_by_stat)
{
	static const struct fake_step script[] = {
	    {"HEAD /b/k", .status = 404},
	    {"PUT /b/k", .then = FAKE_DROP},
	    {"PUT /b/k", .then = FAKE_DROP},
	    {"HEAD /b/k", .headers = "ETag: " MD5_X "\r\n", .length = "1"},
	    FAKE_END};
	struct store_options o = {.attempts = 2};
	struct err e = {0};

	cr_assert_eq(run_put(script, &o, &e), ERR_NONE, "%s", e.text);
}

Test(store_put, lost_answer_and_an_object_of_somebody_else_is_exists)
{
	static const char *const others[] = {"ETag: \"00d4e461268c8034f5c8564e155c67a6\"\r\n",
					     "ETag: " MD5_X "\r\n"};
	static const char *const lengths[] = {"1", "2"};

	for (size_t i = 0; i < 2; i++) {
		const struct fake_step script[] = {
		    {"HEAD /b/k", .status = 404},
		    {"PUT /b/k", .then = FAKE_DROP},
		    {"PUT /b/k", .status = 412, .body = FAKE_ERROR("PreconditionFailed")},
		    {"HEAD /b/k", .headers = others[i], .length = lengths[i]},
		    FAKE_END};
		struct err e = {0};

		cr_assert_eq(run_put(script, NULL, &e), ERR_EXISTS);
	}
}

Test(store_put, what_is_transient_is_tried_again)
{
	static const struct {
		int status;
		const char *body;
	} answers[] = {
	    {408, NULL},
	    {429, FAKE_ERROR("SlowDown")},
	    {500, FAKE_ERROR("InternalError")},
	    {502, "<html>bad gateway</html>"},
	    {503, FAKE_ERROR("SlowDown")},
	    {504, NULL},
	    {400, FAKE_ERROR("RequestTimeout")},
	    {400, FAKE_ERROR("BadDigest")},
	};

	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
		const struct fake_step script[] = {
		    {"HEAD /b/k", .status = 404},
		    {"PUT /b/k", .status = answers[i].status, .body = answers[i].body},
		    {"PUT /b/k", .has = "if-none-match: *", .body_has = "x"},
		    FAKE_END};
		struct err e = {0};

		cr_assert_eq(run_put(script, NULL, &e), ERR_NONE, "%d: %s", answers[i].status,
			     e.text);
	}
}

Test(store_put, what_is_not_transient_is_sent_once_and_named)
{
	static const struct {
		int status;
		const char *headers, *body;
		enum err_kind kind;
		const char *says, *hint;
	} answers[] = {
	    {404, "", FAKE_ERROR("NoSuchBucket"), ERR_MISSING, "bucket b does not exist at http://",
	     "endpoint"},
	    {403, "", FAKE_ERROR("AccessDenied"), ERR_DENIED, "may not write", "s3:PutObject"},
	    {403, "", FAKE_ERROR("InvalidAccessKeyId"), ERR_DENIED, "access key",
	     "AWS_ACCESS_KEY_ID"},
	    {403, "", FAKE_ERROR("SignatureDoesNotMatch"), ERR_DENIED, "signature",
	     "AWS_SECRET_ACCESS_KEY"},
	    {400, "", FAKE_ERROR("ExpiredToken"), ERR_DENIED, "expired", "AWS_SESSION_TOKEN"},
	    {301, "x-amz-bucket-region: eu-west-9\r\n", FAKE_ERROR("PermanentRedirect"), ERR_USAGE,
	     "not the right endpoint", "eu-west-9"},
	    {307, "Location: http://elsewhere/\r\n", "", ERR_USAGE,
	     "redirects to http://elsewhere/", "AWS_REGION"},
	    {400, "",
	     "<Error><Code>AuthorizationHeaderMalformed</Code><Region>r-2</Region></Error>",
	     ERR_USAGE, "not the region", "r-2"},
	    {404, "Content-Type: text/html\r\n", "<html>nginx</html>", ERR_USAGE, "no S3 API",
	     "port"},
	    {507, "", FAKE_ERROR("XMinioStorageFull"), ERR_SYSTEM, "full", "free space"},
	    {400, "", "Client sent an HTTP request to an HTTPS server.\n", ERR_SYSTEM,
	     "400: Client sent", ""},
	    {501, "", FAKE_ERROR("NotImplemented"), ERR_SYSTEM, "does not implement", ""},
	    {418, "", "\x1b[2J", ERR_SYSTEM, "418: \\x1b[2J", ""},
	};

	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
		const struct fake_step script[] = {{"HEAD /b/k", .status = 404},
						   {"PUT /b/k", .status = answers[i].status,
						    .headers = answers[i].headers,
						    .body = answers[i].body},
						   FAKE_END};
		struct err e = {0};

		cr_assert_eq(run_put(script, NULL, &e), answers[i].kind, "%zu: %s", i, e.text);
		cr_assert(strstr(e.text, answers[i].says), "%zu: %s", i, e.text);
		cr_assert(strstr(e.hint, answers[i].hint), "%zu: %s", i, e.hint);
		cr_assert(!strstr(e.text, "SKFAKE") && !strstr(e.hint, "SKFAKE"));
	}
}

Test(store_put, wrong_clock_is_named_with_its_error)
{
	time_t then = time(NULL) + 3723;
	char headers[100];
	struct err e = {0};
	const struct fake_step script[] = {{"HEAD /b/k", .status = 404},
					   {"PUT /b/k", .status = 403, .headers = headers,
					    .body = FAKE_ERROR("RequestTimeTooSkewed")},
					   FAKE_END};

	strftime(headers, sizeof headers, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", gmtime(&then));
	cr_assert_eq(run_put(script, NULL, &e), ERR_SYSTEM);
	cr_assert(strstr(e.text, "clock of this machine is 1 h 02 m 0"), "%s", e.text);
	cr_assert(strstr(e.text, "behind"), "%s", e.text);
	cr_assert(strstr(e.hint, "NTP"), "%s", e.hint);
}

Test(store_put, attempts_are_bounded)
{
	static const struct fake_step script[] = {
	    {"HEAD /b/k", .status = 404},
	    {"PUT /b/k", .status = 503, .body = FAKE_ERROR("SlowDown")},
	    {"PUT /b/k", .status = 503, .body = FAKE_ERROR("SlowDown")},
	    {"PUT /b/k", .status = 503, .body = FAKE_ERROR("SlowDown")},
	    {"HEAD /b/k", .status = 404},
	    FAKE_END};
	struct store_options o = {.attempts = 3};
	struct err e = {0};

	cr_assert_eq(run_put(script, &o, &e), ERR_TRANSIENT);
	cr_assert(strstr(e.text, "after 3 attempts") && strstr(e.text, "503 SlowDown"), "%s",
		  e.text);
}

Test(store_put, nobody_listening_is_transient_and_names_the_endpoint)
{
	static const struct fake_step script[] = {FAKE_END};
	struct store_options o = {.attempts = 3};
	struct store *s = fake_open(script, &o, NULL);
	struct err e = {0};

	fake_s3_stop(); /* the port is now closed */
	cr_assert(!put_x(s, &e));
	cr_assert_eq(e.kind, ERR_TRANSIENT);
	cr_assert(strstr(e.text, "http://127.0.0.1:"), "%s", e.text);
	store_freep(&s);
}

/* The one test that waits: times in signatures are of whole seconds. */
Test(store_put, retry_after_is_obeyed_and_each_attempt_signed_afresh)
{
	static const struct fake_step script[] = {
	    {"HEAD /b/k", .status = 404},
	    {"PUT /b/k", .status = 503, .headers = "Retry-After: 2\r\n"},
	    {"PUT /b/k", .new_signature = true},
	    FAKE_END};
	struct err e = {0};
	int64_t start = clock_ms();

	cr_assert_eq(run_put(script, NULL, &e), ERR_NONE, "%s", e.text);
	cr_assert_geq(clock_ms() - start, 2000);
}

Test(store_put, session_token_is_sent)
{
	static const struct fake_step script[] = {
	    {"HEAD /b/k", .status = 404, .has = "x-amz-security-token: TOK/EN=="},
	    {"PUT /b/k", .has = "x-amz-security-token: TOK/EN=="},
	    FAKE_END};
	struct err e = {0};

	setenv("AWS_SESSION_TOKEN", "TOK/EN==", 1);
	cr_assert_eq(run_put(script, NULL, &e), ERR_NONE, "%s", e.text);
}

/* Whatever answers so, it is no S3. */
Test(store_put, good_answer_without_etag_is_not_believed)
{
	static const struct fake_step script[] = {{"HEAD /b/k", .status = 404},
						  {"PUT /b/k", .headers = ""},
						  {"PUT /b/k", .status = 200},
						  FAKE_END};
	struct err e = {0};

	cr_assert_eq(run_put(script, NULL, &e), ERR_NONE, "%s", e.text);
}

Test(store_put, stalled_request_is_sent_again)
{
	static const struct fake_step script[] = {{"HEAD /b/k", .status = 404},
						  {"PUT /b/k", .then = FAKE_STALL},
						  {"PUT /b/k", .status = 200},
						  FAKE_END};
	struct store_options o = {.stall_s = 1};
	struct err e = {0};

	cr_assert_eq(run_put(script, &o, &e), ERR_NONE, "%s", e.text);
}
