/* What a server may answer and none should; and what happens to us in the middle of a request. */
#include "test_store_fake.h"

#include "base/cancel.h"
#include "support/fault.h"
#include "support/probe.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/syscall.h>

#define LIST "GET /b?encoding-type=url&list-type=2&prefix="
#define AGAIN(token) "GET /b?continuation-token=" token "&encoding-type=url&list-type=2&prefix="
#define UPLOADS "GET /b?encoding-type=url&prefix=&uploads="
#define START "POST /b/k?uploads="

static const struct store_options one_worker = {.part_bytes = FAKE_PART, .parts_in_flight = 1};

static enum err_kind run_stat(const struct fake_step *script, struct err *e)
{
	struct store *s = fake_open(script, NULL, NULL);
	CLEANUP(store_object_stop) struct store_object o = {0};
	bool ok = store_stat(s, "k", &o, e);

	fake_close(&s);
	return ok ? ERR_NONE : e->kind;
}

static enum err_kind run_get(const struct fake_step *script, uint64_t bytes, const char *etag,
			     struct err *e)
{
	struct store *s = fake_open(script, NULL, NULL);
	CLEANUP(sink_freep) struct sink *null = sink_null();
	bool ok = store_get(s, "k", 0, bytes, etag, null, e);

	fake_close(&s);
	return ok ? ERR_NONE : e->kind;
}

static bool see(void *ctx, const struct store_object *o, struct err *e)
{
	(void)ctx, (void)o, (void)e;
	return true;
}

static enum err_kind run_list(const struct fake_step *script, struct err *e)
{
	struct store *s = fake_open(script, NULL, NULL);
	bool ok = store_list(s, "", see, NULL, e);

	fake_close(&s);
	return ok ? ERR_NONE : e->kind;
}

Test(store_odd, object_without_a_length_cannot_be_told)
{
	static const struct fake_step head[] = {{"HEAD /b/k", .length = ""}, FAKE_END};
	static const struct fake_step body[] = {
	    {"GET /b/k", .length = "", .body = "0123456789", .then = FAKE_CUT, .cut = 10},
	    FAKE_END};
	struct err e = {0};

	cr_assert_eq(run_stat(head, &e), ERR_SYSTEM);
	cr_assert(strstr(e.text, "stat s3://b/k: the server does not say its length"), "%s",
		  e.text);
	cr_assert_eq(run_get(body, UINT64_MAX, NULL, &e), ERR_SYSTEM);
	cr_assert(strstr(e.text, "the server's answer has no length"), "%s", e.text);
}

Test(store_odd, answer_that_does_not_say_which_object_it_is_of_is_refused)
{
	static const struct fake_step script[] = {
	    {"GET /b/k", .headers = "Server: x\r\n", .body = "01234"}, FAKE_END};
	struct err e = {0};

	cr_assert_eq(run_get(script, UINT64_MAX, "\"v1\"", &e), ERR_SYSTEM);
	cr_assert(strstr(e.text, "the server's answer has no ETag"), "%s", e.text);
}

/* Of two lengths, chunks win; then nothing but us counts. */
Test(store_odd, more_than_was_announced_is_refused)
{
	static const struct fake_step script[] = {{"GET /b/k", .length = "3",
						   .headers = "Transfer-Encoding: chunked\r\n",
						   .body = "5\r\n01234\r\n0\r\n\r\n"},
						  FAKE_END};
	struct err e = {0};

	cr_assert_eq(run_get(script, UINT64_MAX, NULL, &e), ERR_SYSTEM);
	cr_assert(strstr(e.text, "the server sends more than it announced"), "%s", e.text);
}

/* libcurl would keep each of them. */
Test(store_odd, endless_trailers_are_refused)
{
	static const char data[] = "5\r\n01234\r\n0\r\n";
	static const char trailer[] = "X: 0123456789012345678901234567890123456789\r\n";
	CLEANUP(buf_stop) struct buf body = BUF_INIT(MIB, "body");
	struct fake_step script[] = {{"GET /b/k", .length = "5",
				      .headers = "ETag: \"v1\"\r\nTransfer-Encoding: chunked\r\n"},
				     FAKE_END};
	struct err e = {0};

	cr_assert(buf_add(&body, data, sizeof data - 1, &e));
	while (body.len < 700000)
		cr_assert(buf_add(&body, trailer, sizeof trailer - 1, &e));
	cr_assert(buf_add(&body, "", 1, &e));
	script[0].body = body.data;
	cr_assert_eq(run_get(script, UINT64_MAX, NULL, &e), ERR_SYSTEM, "%s", e.text);
	cr_assert(strstr(e.text, "headers of more than 524288 bytes"), "%s", e.text);
}

Test(store_odd, empty_range_of_another_object_is_corrupt)
{
	static const struct fake_step script[] = {
	    {"HEAD /b/k", .headers = "ETag: \"v2\"\r\n", .length = "9"}, FAKE_END};
	static const struct fake_step gone[] = {{"HEAD /b/k", .status = 404}, FAKE_END};
	struct err e = {0};

	cr_assert_eq(run_get(script, 0, "\"v1\"", &e), ERR_CORRUPT, "%s", e.text);
	cr_assert_eq(run_get(gone, 0, NULL, &e), ERR_MISSING, "%s", e.text);
}

/* The answer to a HEAD has no body that could tell why. */
Test(store_odd, denial_by_a_server_of_another_time_is_the_clocks)
{
	static const struct fake_step script[] = {
	    {"HEAD /b/k", .status = 403, .headers = "Date: Mon, 01 Jan 2001 00:00:00 GMT\r\n"},
	    FAKE_END};
	struct err e = {0};

	cr_assert_eq(run_stat(script, &e), ERR_SYSTEM);
	cr_assert(strstr(e.text, "ahead of the server's"), "%s", e.text);
	cr_assert(strstr(e.hint, "NTP"), "%s", e.hint);
}

Test(store_odd, arguments_that_would_break_a_header_are_refused)
{
	static const struct fake_step script[] = {FAKE_END};
	struct store *s = fake_open(script, NULL, NULL);
	CLEANUP(sink_freep) struct sink *null = sink_null();
	struct err e = {0};

	cr_assert(!store_get(s, "k", 0, 1, "\"v1\"\r\nX: y", null, &e) && e.kind == ERR_USAGE);
	cr_assert(!store_put_bytes(s, "k", "x", 1, "text/plain\nX: y", &e) && e.kind == ERR_USAGE);
	cr_assert(!store_get(s, "k", 2, UINT64_MAX - 1, NULL, null, &e) && e.kind == ERR_USAGE);
	fake_close(&s);
}

#define MORE(token)                                                                                \
	"<IsTruncated>true</IsTruncated><NextContinuationToken>" token "</NextContinuationToken>"
#define PAGE(token) "<ListBucketResult>" MORE(token) "</ListBucketResult>"

/* Two pages that name each other. */
Test(store_odd, listing_ends_even_if_the_server_does_not)
{
	static const struct fake_step script[] = {
	    {LIST, .body = PAGE("t")},
	    {AGAIN("t"), .times = 2500, .any_order = true, .body = PAGE("u")},
	    {AGAIN("u"), .times = 2499, .any_order = true, .body = PAGE("t")},
	    FAKE_END};
	struct err e = {0};

	cr_assert_eq(run_list(script, &e), ERR_SYSTEM);
	cr_assert(strstr(e.text, "the server's listing does not end"), "%s", e.text);
}

/* Many objects, with keys of this length. */
static char *large_page(const char *head, size_t count, int key_bytes)
{
	static const char tail[] = "</ListBucketResult>";
	CLEANUP(freep)
	char *entry = xasprintf("<Contents><Key>%0*d</Key></Contents>", key_bytes, 0);
	size_t each = strlen(entry);
	char *page = xcalloc(strlen(head) + count * each + sizeof tail, 1);
	char *at = stpcpy(page, head);

	for (size_t i = 0; i < count; i++, at += each)
		memcpy(at, entry, each);
	memcpy(at, tail, sizeof tail);
	return page;
}

static void refuses_pages_of(size_t count, int key_bytes, unsigned pages, const char *why)
{
	CLEANUP(freep) char *t = large_page("<ListBucketResult>" MORE("t"), count, key_bytes);
	CLEANUP(freep) char *u = large_page("<ListBucketResult>" MORE("u"), count, key_bytes);
	const struct fake_step script[] = {
	    {LIST, .body = t},
	    {AGAIN("t"), .times = pages / 2, .any_order = true, .body = u},
	    {AGAIN("u"), .times = (pages - 1) / 2, .any_order = true, .body = t},
	    FAKE_END};
	struct err e = {0};

	cr_assert_eq(run_list(script, &e), ERR_SYSTEM);
	cr_assert(strstr(e.text, why), "%s", e.text);
}

Test(store_odd, listing_of_more_than_any_bucket_of_ours_has_is_refused)
{
	refuses_pages_of(200000, 1, 6, "more than 1000000 objects");
	refuses_pages_of(7500, 1000, 36, "the names of its objects are longer than");
}

/* Leftovers are no reason to fail; the store was proved before. */
static void prepares_with(const struct fake_step *rest)
{
	struct fake_step script[8] = {{"PUT /b/.pgmuster-probe", .times = 2}, FAKE_END};
	bool exclusive = true;
	struct err e = {0};
	struct store *s;

	for (size_t i = 0; rest[i].expect; i++)
		script[1 + i] = rest[i];
	s = fake_open(script, NULL, NULL);
	cr_assert(store_prepare(s, 0, &exclusive, &e), "%s", e.text);
	cr_assert(!exclusive);
	fake_close(&s);
}

Test(store_odd, stale_uploads_that_cannot_be_aborted_are_left)
{
	static const struct fake_step denied[] = {
	    {UPLOADS,
	     .body =
		 "<ListMultipartUploadsResult><Upload><Key>a.sql.zst</Key><UploadId>1</UploadId>"
		 "<Initiated>2020-01-01T00:00:00Z</Initiated></Upload></"
		 "ListMultipartUploadsResult>"},
	    {"DELETE /b/a.sql.zst?uploadId=1", .status = 403, .body = FAKE_ERROR("AccessDenied")},
	    FAKE_END};
	static const struct fake_step endless[] = {
	    {UPLOADS, .body = "<ListMultipartUploadsResult><IsTruncated>true</IsTruncated>"
			      "</ListMultipartUploadsResult>"},
	    FAKE_END};

	prepares_with(denied);
	prepares_with(endless);
}

Test(store_odd, upload_of_more_parts_than_allowed_says_what_to_change)
{
	static const struct fake_step script[] = {
	    {START, .body = FAKE_UPLOAD_ID},
	    {"PUT /b/k?partNumber=1&uploadId=U%261", .headers = "ETag: \"p\"\r\n"},
	    {"DELETE /b/k?uploadId=U%261", .status = 204},
	    FAKE_END};
	struct store_options o = {.part_bytes = FAKE_PART, .parts_in_flight = 1, .max_parts = 1};
	struct store *s = fake_open(script, &o, NULL);
	CLEANUP(freep) char *part = xcalloc(FAKE_PART, 1);
	struct err e = {0};
	struct sink *k = store_put(s, "k", NULL, &e);

	cr_assert(k && sink_write(k, part, FAKE_PART, &e) && sink_write(k, "x", 1, &e), "%s",
		  e.text);
	fake_s3_wait(2);
	cr_assert(!sink_write(k, part, FAKE_PART, &e));
	cr_assert_eq(e.kind, ERR_USAGE, "%s", e.text);
	cr_assert(strstr(e.hint, "--part-size"), "%s", e.hint);
	sink_free(k);
	fake_close(&s);
}

/* One part waits for its next attempt while the other one is refused. */
Test(store_odd, part_that_fails_ends_the_others)
{
	static const struct fake_step script[] = {{START, .body = FAKE_UPLOAD_ID},
						  {"PUT /b/k?partNumber=1&uploadId=U%261",
						   .status = 503, .headers = "Retry-After: 30\r\n"},
						  {"PUT /b/k?partNumber=2&uploadId=U%261",
						   .status = 403,
						   .body = FAKE_ERROR("AccessDenied")},
						  {"DELETE /b/k?uploadId=U%261", .status = 204},
						  FAKE_END};
	struct store_options o = {.part_bytes = FAKE_PART, .parts_in_flight = 2};
	struct store *s = fake_open(script, &o, NULL);
	CLEANUP(freep) char *part = xcalloc(FAKE_PART, 1);
	struct err e = {0};
	struct sink *k = store_put(s, "k", NULL, &e);
	int64_t start_ms = clock_ms();

	cr_assert(k && sink_write(k, part, FAKE_PART, &e) && sink_write(k, "x", 1, &e), "%s",
		  e.text);
	fake_s3_wait(2);
	cr_assert(!sink_commit(k, &e) && e.kind == ERR_DENIED, "%s", e.text);
	sink_free(k);
	fake_close(&s);
	cr_assert_lt(clock_ms() - start_ms, 20000);
}

Test(store_odd, part_that_fails_ends_writing)
{
	static const struct fake_step script[] = {{START, .body = FAKE_UPLOAD_ID},
						  {"PUT /b/k?partNumber=1&uploadId=U%261",
						   .status = 403,
						   .body = FAKE_ERROR("AccessDenied")},
						  {"DELETE /b/k?uploadId=U%261", .status = 204},
						  FAKE_END};
	struct store *s = fake_open(script, &one_worker, NULL);
	struct err e = {0};

	cr_assert(!fake_put(s, "k", 0, 4 * FAKE_PART, &e) && e.kind == ERR_DENIED, "%s", e.text);
	fake_close(&s);
}

static bool put_two_parts(const void *ctx, struct err *e)
{
	struct store *s = fake_open_at(ctx, &one_worker, NULL);
	bool ok = fake_put(s, "k", 0, FAKE_PART + 1, e);

	store_freep(&s);
	return ok;
}

/* clone3 is how glibc starts a thread. */
Test(store_odd, upload_without_a_thread_is_aborted)
{
	static const int calls[] = {SYS_clone3, SYS_clone, -1};
	static const struct fake_step script[] = {{START, .body = FAKE_UPLOAD_ID},
						  {"DELETE /b/k?uploadId=U%261", .status = 204},
						  FAKE_END};
	struct fault f = {.calls = calls,
			  .number = EAGAIN,
			  .lasting = true,
			  .run = put_two_parts,
			  .ctx = fake_s3_start(script)};

	cr_assert(fault_next(&f) && !f.ok);
	cr_assert(strstr(f.e.text, "start a thread"), "%s", f.e.text);
	fake_s3_stop();
}

Test(store_odd, cancelled_between_two_attempts)
{
	static const struct fake_step script[] = {
	    {"GET /b/k", .status = 503, .headers = "Retry-After: 30\r\n"}, FAKE_END};
	struct store *s = fake_open(script, NULL, NULL);
	CLEANUP(sink_freep) struct sink *null = sink_null();
	struct err e = {0};
	struct fake_interrupt behind_the_answer = {.steps = 1, .ms = 300};
	int64_t start_ms = clock_ms();
	pthread_t t;

	cancel_install();
	cr_assert_eq(pthread_create(&t, NULL, fake_interrupt, &behind_the_answer), 0);
	cr_assert(!store_get(s, "k", 0, UINT64_MAX, NULL, null, &e));
	cr_assert_eq(e.kind, ERR_CANCELLED, "%s", e.text);
	cr_assert_lt(clock_ms() - start_ms, 20000);
	pthread_join(t, NULL);
	fake_close(&s);
}

/* Nobody else knows the upload that the server has made by then. */
Test(store_odd, cancelled_while_an_upload_begins_it_is_aborted)
{
	static const struct fake_step script[] = {
	    {START, .body = FAKE_UPLOAD_ID, .then = FAKE_INTERRUPT},
	    {"DELETE /b/k?uploadId=U%261", .status = 204},
	    FAKE_END};
	const char *endpoint = fake_s3_start(script);
	struct err e = {0};

	cancel_install();
	cr_assert(!put_two_parts(endpoint, &e));
	cr_assert_eq(e.kind, ERR_CANCELLED, "%s", e.text);
	fake_s3_stop();
}
