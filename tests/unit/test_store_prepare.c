#include "test_store_fake.h"

#include "base/cancel.h"

#include <signal.h>

#define PROBE "PUT /b/p/.pgmuster-probe"
#define START "POST /b/p/.pgmuster-probe?uploads="
#define PART "PUT /b/p/.pgmuster-probe?partNumber=1&uploadId=U%261"
#define COMPLETE "POST /b/p/.pgmuster-probe?uploadId=U%261"
#define ABORT "DELETE /b/p/.pgmuster-probe?uploadId=U%261"
#define UPLOADS "GET /b?encoding-type=url&prefix=&uploads="
#define NONE "<ListMultipartUploadsResult></ListMultipartUploadsResult>"
#define TAKEN .status = 412, .body = FAKE_ERROR("PreconditionFailed")
#define DENIED .status = 403, .body = FAKE_ERROR("AccessDenied")
#define CONDITION .has = "if-none-match: *"
#define MULTIPART                                                                                  \
	{START, .body = FAKE_UPLOAD_ID},                                                           \
	{                                                                                          \
		PART, .headers = "ETag: \"p1\"\r\n"                                                \
	}

static enum err_kind run_prepare(const struct fake_step *script, bool *exclusive, struct err *e)
{
	struct store *s = fake_open(script, NULL, "s3://b/p");
	bool ok = store_prepare(s, 3600, exclusive, e);

	fake_close(&s);
	return ok ? ERR_NONE : e->kind;
}

Test(store_prepare, store_that_refuses_both_ways_is_exclusive)
{
	static const struct fake_step script[] = {{PROBE, CONDITION},
						  {PROBE, CONDITION, TAKEN},
						  MULTIPART,
						  {COMPLETE, CONDITION, TAKEN},
						  {ABORT, .status = 204},
						  {UPLOADS, .body = NONE},
						  FAKE_END};
	bool exclusive = false;
	struct err e = {0};

	cr_assert_eq(run_prepare(script, &exclusive, &e), ERR_NONE, "%s", e.text);
	cr_assert(exclusive);
}

Test(store_prepare, writer_who_may_only_write_is_enough)
{
	static const struct fake_step script[] = {{PROBE, TAKEN},    MULTIPART,
						  {COMPLETE, TAKEN}, {ABORT, DENIED},
						  {UPLOADS, DENIED}, FAKE_END};
	bool exclusive = false;
	struct err e = {0};

	cr_assert_eq(run_prepare(script, &exclusive, &e), ERR_NONE, "%s", e.text);
	cr_assert(exclusive);
}

Test(store_prepare, store_that_overwrites_either_way_is_not_exclusive)
{
	static const struct fake_step put[] = {
	    {PROBE, .status = 200}, {PROBE, .status = 200}, {UPLOADS, .body = NONE}, FAKE_END};
	static const struct fake_step multipart[] = {{PROBE, TAKEN},
						     MULTIPART,
						     {COMPLETE, .body = FAKE_COMPLETED},
						     {UPLOADS, .body = NONE},
						     FAKE_END};
	bool exclusive = true;
	struct err e = {0};

	cr_assert_eq(run_prepare(put, &exclusive, &e), ERR_NONE, "%s", e.text);
	cr_assert(!exclusive);
	exclusive = true;
	cr_assert_eq(run_prepare(multipart, &exclusive, &e), ERR_NONE, "%s", e.text);
	cr_assert(!exclusive);
}

/* Some stores answer the condition itself with 501: then nothing may ask for it again. */
Test(store_prepare, store_that_does_not_know_the_condition_is_written_without_it)
{
	static const struct fake_step script[] = {
	    {PROBE, CONDITION, .status = 501, .body = FAKE_ERROR("NotImplemented")},
	    {PROBE, .lacks = "if-none-match"},
	    {UPLOADS, .body = NONE},
	    {"HEAD /b/p/k", .status = 404},
	    {"PUT /b/p/k", .lacks = "if-none-match"},
	    FAKE_END};
	struct store *s = fake_open(script, NULL, "s3://b/p");
	bool exclusive = true;
	struct err e = {0};

	cr_assert(store_prepare(s, 3600, &exclusive, &e), "%s", e.text);
	cr_assert(!exclusive);
	cr_assert(store_put_bytes(s, "k", "x", 1, NULL, &e), "%s", e.text);
	fake_close(&s);
}

Test(store_prepare, upload_that_may_not_be_completed_under_a_condition_is_aborted)
{
	static const struct fake_step script[] = {
	    {PROBE, CONDITION, TAKEN},
	    MULTIPART,
	    {COMPLETE, CONDITION, .status = 501, .body = FAKE_ERROR("NotImplemented")},
	    {ABORT, .status = 204},
	    {UPLOADS, .body = NONE},
	    FAKE_END};
	bool exclusive = true;
	struct err e = {0};

	cr_assert_eq(run_prepare(script, &exclusive, &e), ERR_NONE, "%s", e.text);
	cr_assert(!exclusive);
}

Test(store_prepare, store_that_cannot_be_written_fails)
{
	static const struct fake_step denied[] = {{PROBE, DENIED}, FAKE_END};
	static const struct fake_step missing[] = {
	    {PROBE, .status = 404, .body = FAKE_ERROR("NoSuchBucket")}, FAKE_END};
	static const struct fake_step part[] = {{PROBE, TAKEN},
						{START, .body = FAKE_UPLOAD_ID},
						{PART, DENIED},
						{ABORT, .status = 204},
						FAKE_END};
	bool exclusive;
	struct err e = {0};

	cr_assert_eq(run_prepare(denied, &exclusive, &e), ERR_DENIED);
	cr_assert(strstr(e.text, "prepare s3://b/p: these credentials may not write"), "%s",
		  e.text);
	cr_assert_eq(run_prepare(missing, &exclusive, &e), ERR_MISSING);
	cr_assert(strstr(e.text, "bucket b does not exist"), "%s", e.text);
	cr_assert_eq(run_prepare(part, &exclusive, &e), ERR_DENIED);
}

#define UPLOAD(key, id, when)                                                                      \
	"<Upload><Key>" key "</Key><UploadId>" id "</UploadId><Initiated>" when                    \
	"</Initiated></Upload>"
#define OLD "2020-01-01T00:00:00.000Z"

/* However many they are, and however slow the server. */
Test(store_prepare, who_is_cancelled_sweeps_no_more)
{
	static const struct fake_step script[] = {
	    {PROBE, .status = 200},
	    {PROBE, .status = 200},
	    {UPLOADS, .body = "<ListMultipartUploadsResult>" UPLOAD("p/1.sql.zst", "1", OLD)
			  UPLOAD("p/2.sql.zst", "2", OLD) "</ListMultipartUploadsResult>"},
	    {"DELETE /b/p/1.sql.zst?uploadId=1", .status = 204, .then = FAKE_INTERRUPT},
	    FAKE_END};
	bool exclusive;
	struct err e = {0};

	cancel_install();
	run_prepare(script, &exclusive, &e);
	cr_assert_eq(cancel_signal(), SIGTERM);
}

Test(store_prepare, only_stale_uploads_of_ours_are_aborted)
{
	static const struct fake_step script[] = {
	    {PROBE, .status = 200},
	    {PROBE, .status = 200},
	    {UPLOADS,
	     .body = "<ListMultipartUploadsResult><EncodingType>url</EncodingType>" UPLOAD(
		 "p/2020/a+b.sql.zst", "1/1", OLD) UPLOAD("q/other.sql.zst", "2", OLD)
		 UPLOAD("p/picture.png", "3", OLD) UPLOAD("p/young.sql.zst", "4",
							  "2099-01-01T00:00:00Z")
		     UPLOAD("p/.pgmuster-probe", "5", OLD) UPLOAD(
			 "p/undated.sql.zst", "6",
			 "?") "<IsTruncated>true</IsTruncated><NextKeyMarker>p/m+n</NextKeyMarker>"
			      "<NextUploadIdMarker>6</NextUploadIdMarker></"
			      "ListMultipartUploadsResult>"},
	    {"DELETE /b/p/2020/a%20b.sql.zst?uploadId=1%2F1", .status = 204},
	    {"DELETE /b/p/.pgmuster-probe?uploadId=5", .status = 404,
	     .body = FAKE_ERROR("NoSuchUpload")},
	    {"GET /b?encoding-type=url&key-marker=p%2Fm%20n&prefix=&upload-id-marker=6&uploads=",
	     .body = "<ListMultipartUploadsResult>" UPLOAD("p/last.sql.zst", "7",
							   OLD) "</ListMultipartUploadsResult>"},
	    {"DELETE /b/p/last.sql.zst?uploadId=7", .status = 204},
	    FAKE_END};
	bool exclusive = true;
	struct err e = {0};

	cr_assert_eq(run_prepare(script, &exclusive, &e), ERR_NONE, "%s", e.text);
}
