#include "test_store_fake.h"

#include "base/cancel.h"

#include <pthread.h>
#include <stdio.h>

/* The ETag of two parts, of 5 MiB of 'x' and of one 'x'. */
#define ETAG_TWO "\"a71cd6f620798b8c58d5fe8b0a3f12d4-2\""
#define PART(n) "PUT /b/k?partNumber=" #n "&uploadId=U%261"
#define START "POST /b/k?uploads="
#define COMPLETE "POST /b/k?uploadId=U%261"
#define ABORT "DELETE /b/k?uploadId=U%261"

static const struct store_options one_worker = {.part_bytes = FAKE_PART, .parts_in_flight = 1};

/* Runs the script against a put of two parts; the error's kind, or ERR_NONE. */
static enum err_kind run_two(const struct fake_step *script, struct err *e)
{
	struct store *s = fake_open(script, &one_worker, NULL);
	bool ok = fake_put(s, "k", 0, FAKE_PART + 1, e);

	fake_close(&s);
	return ok ? ERR_NONE : e->kind;
}

#define BEGIN                                                                                      \
	{START, .body = FAKE_UPLOAD_ID, .has = "content-type: application/octet-stream"},          \
	    {PART(1), .headers = "ETag: \"p1\"\r\n", .body_len = FAKE_PART},                       \
	    {PART(2), .headers = "ETag: \"p2\"\r\n", .body_len = 1},                               \
	{                                                                                          \
		"HEAD /b/k", .status = 404                                                         \
	}

Test(store_multipart, body_that_fits_one_part_is_one_put)
{
	static const struct fake_step script[] = {
	    {"HEAD /b/k", .status = 404}, {"PUT /b/k", .body_len = FAKE_PART}, FAKE_END};
	struct store *s = fake_open(script, &one_worker, NULL);
	struct err e = {0};

	cr_assert(fake_put(s, "k", 0, FAKE_PART, &e), "%s", e.text);
	fake_close(&s);
}

Test(store_multipart, one_byte_more_is_two_parts)
{
	static const struct fake_step script[] = {
	    BEGIN,
	    {COMPLETE, .has = "if-none-match: *",
	     .body_has = "<Part><PartNumber>1</PartNumber><ETag>\"p1\"</ETag></Part>"
			 "<Part><PartNumber>2</PartNumber><ETag>\"p2\"</ETag></Part>",
	     .body = FAKE_COMPLETED},
	    FAKE_END};
	struct err e = {0};

	cr_assert_eq(run_two(script, &e), ERR_NONE, "%s", e.text);
}

Test(store_multipart, parts_in_flight_are_completed_in_order)
{
#define ANY(n, etag_of)                                                                            \
	{                                                                                          \
		PART(n), .any_order = true, .headers = "ETag: \"" etag_of "<&\"\r\n",              \
			 .body_len = FAKE_PART                                                     \
	}
	static const struct fake_step script[] = {
	    {START, .body = FAKE_UPLOAD_ID},
	    ANY(1, "a"),
	    ANY(2, "b"),
	    ANY(3, "c"),
	    ANY(4, "d"),
	    ANY(5, "e"),
	    ANY(6, "f"),
	    {"HEAD /b/k", .status = 404},
	    {COMPLETE,
	     .body_has = "1</PartNumber><ETag>\"a&lt;&amp;\"</ETag></Part><Part><PartNumber>"
			 "2</PartNumber><ETag>\"b&lt;&amp;\"</ETag></Part><Part><PartNumber>"
			 "3</PartNumber><ETag>\"c&lt;&amp;\"</ETag></Part><Part><PartNumber>"
			 "4</PartNumber><ETag>\"d&lt;&amp;\"</ETag></Part><Part><PartNumber>"
			 "5</PartNumber><ETag>\"e&lt;&amp;\"</ETag></Part><Part><PartNumber>"
			 "6</PartNumber><ETag>\"f&lt;&amp;\"</ETag></Part></Complete",
	     .body = FAKE_COMPLETED},
	    FAKE_END};
	struct store_options o = {.part_bytes = FAKE_PART, .parts_in_flight = 4};
	struct store *s = fake_open(script, &o, NULL);
	struct err e = {0};

	cr_assert(fake_put(s, "k", 0, 6 * FAKE_PART, &e), "%s", e.text);
	fake_close(&s);
}

Test(store_multipart, any_request_may_break_once)
{
	static const struct fake_step whole[] = {
	    BEGIN, {COMPLETE, .body = FAKE_COMPLETED}, FAKE_END};
	const size_t steps = 5;

	for (size_t broken = 0; broken < steps; broken++) {
		struct fake_step script[8] = {FAKE_END};
		struct err e = {0};
		size_t n = 0;

		for (size_t i = 0; i < steps; i++) {
			if (i == broken)
				script[n++] =
				    (struct fake_step){whole[i].expect, .then = FAKE_DROP};
			script[n++] = whole[i];
		}
		cr_assert_eq(run_two(script, &e), ERR_NONE, "%s: %s", whole[broken].expect, e.text);
	}
}

Test(store_multipart, any_refused_request_leaves_nothing)
{
	static const struct fake_step whole[] = {
	    BEGIN, {COMPLETE, .status = 200}, {ABORT, .status = 204}, FAKE_END};

	for (size_t refused = 0; refused < 5; refused++) {
		struct fake_step script[8] = {FAKE_END};
		struct err e = {0};
		size_t n = 0;

		if (refused == 3)
			continue; /* the HEAD: the server's word comes with the Complete */
		for (size_t i = 0; i < refused; i++)
			script[n++] = whole[i];
		script[n++] = (struct fake_step){whole[refused].expect, .status = 403,
						 .body = FAKE_ERROR("AccessDenied")};
		if (refused > 0)
			script[n] = whole[5];
		cr_assert_eq(run_two(script, &e), ERR_DENIED, "%s: %s", whole[refused].expect,
			     e.text);
		cr_assert(strstr(e.text, "put s3://b/k: "), "%s", e.text);
	}
}

Test(store_multipart, freed_uncommitted_is_aborted)
{
	static const struct fake_step script[] = {{START, .body = FAKE_UPLOAD_ID},
						  {PART(1), .then = FAKE_STALL},
						  {ABORT, .status = 204},
						  FAKE_END};
	struct store *s = fake_open(script, &one_worker, NULL);
	struct err e = {0};
	struct sink *k = store_put(s, "k", NULL, &e);
	static char part[FAKE_PART + 1];

	cr_assert(k && sink_write(k, part, sizeof part, &e), "%s", e.text);
	fake_s3_wait(2); /* the part is under way */
	sink_free(k);
	fake_close(&s);
}

Test(store_multipart, part_without_etag_is_sent_again)
{
	static const struct fake_step script[] = {{START, .body = FAKE_UPLOAD_ID},
						  {PART(1), .headers = ""},
						  {PART(1), .status = 200},
						  {PART(2), .status = 200},
						  {"HEAD /b/k", .status = 404},
						  {COMPLETE, .body = FAKE_COMPLETED},
						  FAKE_END};
	struct err e = {0};

	cr_assert_eq(run_two(script, &e), ERR_NONE, "%s", e.text);
}

/* S3 may send its 200 before it knows. */
Test(store_multipart, complete_that_fails_inside_its_200_is_tried_again)
{
	static const char *const bad[] = {
	    FAKE_ERROR("InternalError"),
	    "",
	    "<CompleteMultipartUploadResult></CompleteMultipartUploadResult>",
	    "<CompleteMultipartUploadResult><ETag></ETag></CompleteMultipartUploadResult>",
	    "<CompleteMultipartUploadResult><ETag>\"e\"</ETag>",
	};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		const struct fake_step script[] = {BEGIN,
						   {COMPLETE, .body = bad[i]},
						   {COMPLETE, .body = FAKE_COMPLETED},
						   FAKE_END};
		struct err e = {0};

		cr_assert_eq(run_two(script, &e), ERR_NONE, "%zu: %s", i, e.text);
	}
}

Test(store_multipart, final_error_inside_a_200_is_a_failure)
{
	static const struct fake_step script[] = {
	    BEGIN, {COMPLETE, .body = FAKE_ERROR("InvalidPart")}, {ABORT, .status = 204}, FAKE_END};
	struct err e = {0};

	cr_assert_eq(run_two(script, &e), ERR_SYSTEM);
	cr_assert(strstr(e.text, "InvalidPart"), "%s", e.text);
}

Test(store_multipart, lost_answer_to_complete_is_settled_by_stat)
{
	static const char *const seconds[] = {"NoSuchUpload", "PreconditionFailed"};
	static const struct {
		const char *headers, *length;
		bool ours;
	} there[] = {
	    {"ETag: " ETAG_TWO "\r\n", "5242881", true},
	    {"ETag: " ETAG_TWO "\r\n", "5242880", false},
	    {"ETag: \"00000000000000000000000000000000-2\"\r\n", "5242881", false},
	};

	for (size_t i = 0; i < 6; i++) {
		bool gone = i < 3, ours = there[i % 3].ours;
		const struct fake_step script[] = {
		    BEGIN,
		    {COMPLETE, .then = FAKE_DROP},
		    {COMPLETE, .status = gone ? 404 : 412,
		     .body = gone ? FAKE_ERROR("NoSuchUpload") : FAKE_ERROR("PreconditionFailed")},
		    {"HEAD /b/k", .headers = there[i % 3].headers, .length = there[i % 3].length},
		    {ours ? NULL : ABORT, .status = 404, .body = FAKE_ERROR("NoSuchUpload")},
		    FAKE_END};
		struct err e = {0};
		enum err_kind kind = run_two(script, &e);

		cr_assert_eq(kind,
			     ours   ? ERR_NONE
			     : gone ? ERR_SYSTEM
				    : ERR_EXISTS,
			     "%s %zu: %s", seconds[!gone], i, e.text);
	}
}

Test(store_multipart, taken_key_at_complete_is_exists_and_aborted)
{
	static const struct fake_step condition[] = {
	    BEGIN,
	    {COMPLETE, .status = 412, .body = FAKE_ERROR("PreconditionFailed")},
	    {ABORT, .status = 204},
	    FAKE_END};
	static const struct fake_step head[] = {{START, .body = FAKE_UPLOAD_ID},
						{PART(1), .headers = "ETag: \"p1\"\r\n"},
						{PART(2), .headers = "ETag: \"p2\"\r\n"},
						{"HEAD /b/k", .length = "7"},
						{ABORT, .status = 204},
						FAKE_END};
	struct err e = {0};

	cr_assert_eq(run_two(condition, &e), ERR_EXISTS, "%s", e.text);
	cr_assert_eq(run_two(head, &e), ERR_EXISTS, "%s", e.text);
}

Test(store_multipart, abort_that_is_denied_is_not_the_error)
{
	static const struct fake_step script[] = {
	    {START, .body = FAKE_UPLOAD_ID},
	    {PART(1), .status = 400, .body = FAKE_ERROR("EntityTooLarge")},
	    {ABORT, .status = 403, .body = FAKE_ERROR("AccessDenied")},
	    FAKE_END};
	struct err e = {0};

	cr_assert_eq(run_two(script, &e), ERR_SYSTEM);
	cr_assert(strstr(e.text, "part 1: too large"), "%s", e.text);
}

Test(store_multipart, more_parts_than_allowed_fail_with_the_options_names)
{
	static const struct fake_step script[] = {{START, .body = FAKE_UPLOAD_ID},
						  {PART(1), .headers = "ETag: \"p1\"\r\n"},
						  {PART(2), .headers = "ETag: \"p2\"\r\n"},
						  {ABORT, .status = 204},
						  FAKE_END};
	static char three[2 * FAKE_PART + 1];
	struct store_options o = one_worker;
	struct err e = {0};
	struct store *s;
	struct sink *k;

	o.max_parts = 2;
	s = fake_open(script, &o, NULL);
	k = store_put(s, "k", NULL, &e);
	cr_assert(k && sink_write(k, three, sizeof three, &e), "%s", e.text);
	fake_s3_wait(3); /* both parts have arrived */
	cr_assert(!sink_commit(k, &e));
	sink_free(k);
	cr_assert_eq(e.kind, ERR_USAGE, "%s", e.text);
	cr_assert(strstr(e.text, "larger than 2 parts of 5.0 MiB"), "%s", e.text);
	cr_assert(strstr(e.hint, "--part-size") && strstr(e.hint, "--max-parts"), "%s", e.hint);
	fake_close(&s);
}

/* 8 MiB at least; a tenth more than needed; 16 MiB for what nobody knows. */
Test(store_multipart, part_size_follows_the_announced_size)
{
	static const struct {
		uint64_t at_most;
		unsigned max_parts;
		size_t part;
	} sizes[] = {
	    {0, 0, 16 * MIB},
	    {1, 0, 8 * MIB},
	    {100 * MIB, 0, 8 * MIB},
	    {100 * MIB, 10, 12 * MIB},
	    {10000 * 10 * (uint64_t)MIB, 0, 12 * MIB},
	};

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		const struct fake_step script[] = {
		    {START, .body = FAKE_UPLOAD_ID},
		    {PART(1), .headers = "ETag: \"p1\"\r\n", .body_len = sizes[i].part},
		    {PART(2), .headers = "ETag: \"p2\"\r\n", .body_len = 1},
		    {"HEAD /b/k", .status = 404},
		    {COMPLETE, .body = FAKE_COMPLETED},
		    FAKE_END};
		struct store_options o = {.parts_in_flight = 1, .max_parts = sizes[i].max_parts};
		struct store *s = fake_open(script, &o, NULL);
		struct err e = {0};

		cr_assert(fake_put(s, "k", sizes[i].at_most, sizes[i].part + 1, &e), "%zu: %s", i,
			  e.text);
		fake_close(&s);
	}
}

/* Runs an upload that SIGTERM meets in its first part, and returns its milliseconds. */
static int64_t cancel_in_a_part(const struct fake_step *script)
{
	struct store *s = fake_open(script, &one_worker, NULL);
	struct err e = {0};
	struct fake_interrupt in_a_part = {.steps = 2};
	int64_t start = clock_ms();
	pthread_t t;

	cancel_install();
	cr_assert_eq(pthread_create(&t, NULL, fake_interrupt, &in_a_part), 0);
	cr_assert(!fake_put(s, "k", 0, FAKE_PART + 1, &e));
	cr_assert_eq(e.kind, ERR_CANCELLED, "%s", e.text);
	pthread_join(t, NULL);
	fake_close(&s);
	return clock_ms() - start;
}

Test(store_multipart, cancelled_upload_is_aborted_within_seconds)
{
	static const struct fake_step script[] = {{START, .body = FAKE_UPLOAD_ID},
						  {PART(1), .then = FAKE_STALL},
						  {ABORT, .status = 204},
						  FAKE_END};

	cr_assert_lt(cancel_in_a_part(script), 3000);
}

/* A pod that is told to end has 30 seconds. */
Test(store_multipart, cancelled_upload_is_aborted_before_a_server_wants_to_be_asked_again)
{
	static const struct fake_step script[] = {{START, .body = FAKE_UPLOAD_ID},
						  {PART(1), .then = FAKE_STALL},
						  {ABORT, .status = 503,
						   .headers = "Retry-After: 60\r\n",
						   .body = FAKE_ERROR("SlowDown")},
						  {ABORT, .status = 204},
						  FAKE_END};

	cr_assert_lt(cancel_in_a_part(script), 5000);
}
