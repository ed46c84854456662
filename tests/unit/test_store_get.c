#include "test_store_fake.h"

#include "support/probe.h"

#include <poll.h>
#include <stdint.h>
#include <stdio.h>

#define BODY "0123456789abcdefghijklmnopqrstuvwxyz"
#define BODY_LEN (sizeof BODY - 1)
#define ETAG "ETag: \"v1\"\r\n"

struct range {
	uint64_t at, bytes;
	const char *etag;
};

/* Runs the script against one get of "k" into p; the error's kind, or ERR_NONE. */
static enum err_kind run_get(const struct fake_step *script, struct range r, struct probe *p,
			     struct err *e)
{
	struct store_options o = {.attempts = 3};
	struct store *s = fake_open(script, &o, NULL);
	bool ok = store_get(s, "k", r.at, r.bytes, r.etag, &p->sink, e);

	cr_assert(!p->committed);
	fake_close(&s);
	return ok ? ERR_NONE : e->kind;
}

static const struct range whole = {.bytes = UINT64_MAX};

/* The same, when it does not matter what has come. */
static enum err_kind get(const struct fake_step *script, struct range r, struct err *e)
{
	struct probe p;
	enum err_kind kind;

	probe_init(&p, SIZE_MAX);
	kind = run_get(script, r, &p, e);
	probe_stop(&p);
	return kind;
}

Test(store_get, whole_object_is_asked_for_without_a_range)
{
	static const struct fake_step script[] = {
	    {"GET /b/k", .lacks = "range", .headers = ETAG, .body = BODY}, FAKE_END};
	struct probe p;
	struct err e = {0};

	probe_init(&p, SIZE_MAX);
	cr_assert_eq(run_get(script, whole, &p, &e), ERR_NONE, "%s", e.text);
	cr_assert(p.len == BODY_LEN && memcmp(p.data, BODY, BODY_LEN) == 0);
	probe_stop(&p);
}

Test(store_get, empty_object_is_nothing)
{
	static const struct fake_step script[] = {{"GET /b/k", .headers = ETAG}, FAKE_END};
	struct probe p;
	struct err e = {0};

	probe_init(&p, SIZE_MAX);
	cr_assert_eq(run_get(script, whole, &p, &e), ERR_NONE, "%s", e.text);
	cr_assert_eq(p.len, 0);
	probe_stop(&p);
}

Test(store_get, range_is_inclusive_on_the_wire)
{
	static const struct fake_step script[] = {
	    {"GET /b/k", .has = "range: bytes=10-14", .has_too = "if-match: \"v1\"", .status = 206,
	     .headers = ETAG "Content-Range: bytes 10-14/36\r\n", .body = "abcde"},
	    FAKE_END};
	struct probe p;
	struct err e = {0};

	probe_init(&p, SIZE_MAX);
	cr_assert_eq(run_get(script, (struct range){10, 5, "\"v1\""}, &p, &e), ERR_NONE, "%s",
		     e.text);
	cr_assert(p.len == 5 && memcmp(p.data, "abcde", 5) == 0);
	probe_stop(&p);
}

/* Cut the connection at every byte: it goes on there, if it is still the same object. */
Test(store_get, download_goes_on_where_it_broke)
{
	for (size_t cut = 1; cut < BODY_LEN; cut++) {
		char range[40], content[80];
		struct probe p;
		struct err e = {0};
		const struct fake_step script[] = {
		    {"GET /b/k", .headers = ETAG, .body = BODY, .then = FAKE_CUT, .cut = cut},
		    {"GET /b/k", .has = range, .has_too = "if-match: \"v1\"", .status = 206,
		     .headers = content, .body = &BODY[cut]},
		    FAKE_END};

		snprintf(range, sizeof range, "range: bytes=%zu-%zu", cut, BODY_LEN - 1);
		snprintf(content, sizeof content, ETAG "Content-Range: bytes %zu-%zu/%zu\r\n", cut,
			 BODY_LEN - 1, BODY_LEN);
		probe_init(&p, SIZE_MAX);
		cr_assert_eq(run_get(script, whole, &p, &e), ERR_NONE, "%zu: %s", cut, e.text);
		cr_assert(p.len == BODY_LEN && memcmp(p.data, BODY, BODY_LEN) == 0);
		probe_stop(&p);
	}
}

/* libcurl takes what has come of the head for all of it. The Content-Length comes last: no byte of the body
 * is missed. */
Test(store_get, answer_that_ends_in_its_head_is_no_answer)
{
	for (size_t cut = 1; cut < strlen("HTTP/1.1 200 X\r\nContent-Length: "); cut++) {
		struct probe p;
		struct err e = {0};
		const struct fake_step script[] = {
		    {"GET /b/k", .headers = ETAG, .body = BODY, .then = FAKE_BEHEAD, .cut = cut},
		    {"GET /b/k", .headers = ETAG, .body = BODY},
		    FAKE_END};

		probe_init(&p, SIZE_MAX);
		cr_assert_eq(run_get(script, whole, &p, &e), ERR_NONE, "%zu: %s", cut, e.text);
		cr_assert(p.len == BODY_LEN && memcmp(p.data, BODY, BODY_LEN) == 0, "%zu", cut);
		probe_stop(&p);
	}
}

/* A body that breaks after so many bytes, as often as it takes. */
static enum err_kind get_in_pieces(size_t len, size_t piece, struct err *e)
{
	static char ranges[40][60], contents[40][100];
	struct fake_step script[41] = {FAKE_END};
	CLEANUP(freep) char *body = xcalloc(len + 1, 1);
	struct probe p;
	enum err_kind kind;

	memset(body, 'x', len);
	for (size_t i = 0; i < 40 && i * piece < len; i++) {
		snprintf(ranges[i], sizeof ranges[i], "range: bytes=%zu-%zu", i * piece, len - 1);
		snprintf(contents[i], sizeof contents[i],
			 ETAG "Content-Range: bytes %zu-%zu/%zu\r\n", i * piece, len - 1, len);
		script[i] = (struct fake_step){"GET /b/k",
					       .has = i == 0 ? NULL : ranges[i],
					       .status = i == 0 ? 200 : 206,
					       .headers = i == 0 ? ETAG : contents[i],
					       .body = body + i * piece,
					       .then = FAKE_CUT,
					       .cut = piece};
	}
	probe_init(&p, SIZE_MAX);
	kind = run_get(script, whole, &p, e);
	cr_assert(kind != ERR_NONE || p.len == len);
	probe_stop(&p);
	return kind;
}

Test(store_get, download_that_moves_on_may_break_more_often_than_attempts_are)
{
	struct err e = {0};

	cr_assert_eq(get_in_pieces(8 * MIB, MIB, &e), ERR_NONE, "%s", e.text);
	cr_assert_eq(get_in_pieces(8 * MIB, MIB / 2 + 1, &e), ERR_NONE, "%s", e.text);
}

Test(store_get, download_that_moves_on_by_a_few_bytes_is_given_up)
{
	static const struct fake_step script[] = {
	    {"GET /b/k", .headers = ETAG, .body = BODY, .then = FAKE_CUT, .cut = 1},
	    {"GET /b/k", .status = 206, .headers = ETAG "Content-Range: bytes 1-35/36\r\n",
	     .body = &BODY[1], .then = FAKE_CUT, .cut = 1},
	    {"GET /b/k", .status = 206, .headers = ETAG "Content-Range: bytes 2-35/36\r\n",
	     .body = &BODY[2], .then = FAKE_CUT, .cut = 1},
	    FAKE_END};
	struct err e = {0};

	cr_assert_eq(get(script, whole, &e), ERR_TRANSIENT);
	cr_assert(strstr(e.text, "get s3://b/k: after 3 attempts"), "%s", e.text);
}

/* Ten times the stall time: a second of it would not do. */
Test(store_get, download_that_trickles_is_given_up)
{
	static const struct fake_step script[] = {
	    {"GET /b/k", .headers = ETAG, .body = BODY BODY BODY BODY, .then = FAKE_TRICKLE},
	    FAKE_END};
	struct store_options o = {.attempts = 1, .stall_s = 1};
	struct store *s = fake_open(script, &o, NULL);
	struct buf all = BUF_INIT(MIB, "object");
	struct err e = {0};

	cr_assert_not(store_get_bytes(s, "k", &all, &e));
	cr_assert_eq(e.kind, ERR_TRANSIENT);
	cr_assert(strstr(e.text, "too slow, less than 1 MiB in 10 s"), "%s", e.text);
	buf_stop(&all);
	fake_close(&s);
}

static bool slow_write(struct sink *s, const void *data, size_t len, struct err *e)
{
	(void)s, (void)data, (void)len, (void)e;
	poll(NULL, 0, 1500);
	return true;
}

/* A statement of a restore may take hours; meanwhile nobody reads. And servers give such a client up. */
Test(store_get, slow_consumer_is_no_stall)
{
	static const struct sink_ops ops = {.write = slow_write};
	static const struct fake_step script[] = {
	    {"GET /b/k", .headers = ETAG, .body = BODY, .then = FAKE_CUT, .cut = 1},
	    {"GET /b/k", .status = 206, .headers = ETAG "Content-Range: bytes 1-35/36\r\n",
	     .body = &BODY[1], .then = FAKE_CUT, .cut = 1},
	    {"GET /b/k", .status = 206, .headers = ETAG "Content-Range: bytes 2-35/36\r\n",
	     .body = &BODY[2]},
	    FAKE_END};
	struct store_options o = {.attempts = 2, .stall_s = 1};
	struct store *s = fake_open(script, &o, NULL);
	struct sink slow = {.ops = &ops};
	struct err e = {0};

	cr_assert(store_get(s, "k", 0, UINT64_MAX, NULL, &slow, &e), "%s", e.text);
	fake_close(&s);
}

Test(store_get, download_that_broke_before_its_first_byte_begins_again)
{
	static const struct fake_step script[] = {
	    {"GET /b/k", .headers = ETAG, .body = BODY, .then = FAKE_CUT, .cut = 0},
	    {"GET /b/k", .lacks = "range", .headers = "ETag: \"v2\"\r\n", .body = BODY},
	    FAKE_END};
	struct err e = {0};

	cr_assert_eq(get(script, whole, &e), ERR_NONE, "%s", e.text);
}

Test(store_get, download_that_does_not_move_on_is_given_up)
{
	static const struct fake_step script[] = {{"GET /b/k", .then = FAKE_DROP},
						  {"GET /b/k", .then = FAKE_DROP},
						  {"GET /b/k", .then = FAKE_DROP},
						  FAKE_END};
	struct err e = {0};

	cr_assert_eq(get(script, whole, &e), ERR_TRANSIENT);
	cr_assert(strstr(e.text, "get s3://b/k: after 3 attempts"), "%s", e.text);
}

Test(store_get, object_that_changed_is_corrupt)
{
	static const struct fake_step condition[] = {
	    {"GET /b/k", .headers = ETAG, .body = BODY, .then = FAKE_CUT, .cut = 7},
	    {"GET /b/k", .status = 412, .body = FAKE_ERROR("PreconditionFailed")},
	    FAKE_END};
	static const struct fake_step other_etag[] = {
	    {"GET /b/k", .headers = ETAG, .body = BODY, .then = FAKE_CUT, .cut = 7},
	    {"GET /b/k", .status = 206,
	     .headers = "ETag: \"v2\"\r\nContent-Range: bytes 7-35/36\r\n", .body = &BODY[7]},
	    FAKE_END};
	static const struct fake_step other_size[] = {
	    {"GET /b/k", .body = BODY, .then = FAKE_CUT, .cut = 7},
	    {"GET /b/k", .status = 206, .headers = "Content-Range: bytes 7-35/37\r\n",
	     .body = &BODY[7]},
	    FAKE_END};
	static const struct fake_step other_than_asked[] = {
	    {"GET /b/k", .has = "if-match: \"v0\"", .headers = ETAG, .body = BODY}, FAKE_END};
	struct range v0 = {.bytes = UINT64_MAX, .etag = "\"v0\""};
	struct err e = {0};

	cr_assert_eq(get(condition, whole, &e), ERR_CORRUPT, "%s", e.text);
	cr_assert_eq(get(other_etag, whole, &e), ERR_CORRUPT, "%s", e.text);
	cr_assert_eq(get(other_size, whole, &e), ERR_CORRUPT, "%s", e.text);
	cr_assert_eq(get(other_than_asked, v0, &e), ERR_CORRUPT, "%s", e.text);
	cr_assert(strstr(e.text, "changed while it was being read"), "%s", e.text);
}

Test(store_get, range_past_the_end_is_corrupt)
{
	static const struct fake_step short_range[] = {
	    {"GET /b/k", .status = 206, .headers = "Content-Range: bytes 30-35/36\r\n",
	     .body = "uvwxyz"},
	    FAKE_END};
	static const struct fake_step behind[] = {
	    {"GET /b/k", .status = 416, .body = FAKE_ERROR("InvalidRange")}, FAKE_END};
	struct err e = {0};

	cr_assert_eq(get(short_range, (struct range){30, 10, NULL}, &e), ERR_CORRUPT, "%s", e.text);
	cr_assert_eq(get(behind, (struct range){36, 1, NULL}, &e), ERR_CORRUPT, "%s", e.text);
}

Test(store_get, rest_of_an_object_that_ends_there_is_nothing)
{
	static const struct fake_step script[] = {
	    {"GET /b/k", .status = 416, .body = FAKE_ERROR("InvalidRange")},
	    {"HEAD /b/k", .length = "36"},
	    FAKE_END};
	static const struct fake_step behind[] = {
	    {"GET /b/k", .status = 416, .body = FAKE_ERROR("InvalidRange")},
	    {"HEAD /b/k", .length = "35"},
	    FAKE_END};
	struct range rest = {36, UINT64_MAX, NULL};
	struct err e = {0};

	cr_assert_eq(get(script, rest, &e), ERR_NONE, "%s", e.text);
	cr_assert_eq(get(behind, rest, &e), ERR_CORRUPT, "%s", e.text);
}

/* Asked for bytes 10..14: none of these answers may reach the sink. */
Test(store_get, wrong_answers_to_a_range_are_refused)
{
	static const struct {
		int status;
		const char *range, *body, *length;
	} wrong[] = {
	    {200, "", BODY, NULL},
	    {206, "", "abcde", NULL},
	    {206, "Content-Range: bytes 9-13/36\r\n", "9abcd", NULL},
	    {206, "Content-Range: bytes 11-14/36\r\n", "bcde", NULL},
	    {206, "Content-Range: bytes 10-15/36\r\n", "abcdef", NULL},
	    {206, "Content-Range: bytes 10-13/36\r\n", "abcd", NULL},
	    {206, "Content-Range: bytes 10-14/14\r\n", "abcde", NULL},
	    {206, "Content-Range: bytes 10-14/*\r\n", "abcde", NULL},
	    {206, "Content-Range: bytes 10-14\r\n", "abcde", NULL},
	    {206, "Content-Range: bytes -10-14/36\r\n", "abcde", NULL},
	    {206, "Content-Range: bytes 18446744073709551626-14/36\r\n", "abcde", NULL},
	    {206, "Content-Range: items 10-14/36\r\n", "abcde", NULL},
	    {206, "Content-Range: bytes 10-14/36\r\n", "abcdef", NULL},
	    {206, "Content-Range: bytes 10-14/36\r\n", "abcd", NULL},
	    {204, "", "", NULL},
	};

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		const struct fake_step script[] = {
		    {"GET /b/k", .status = wrong[i].status, .headers = wrong[i].range,
		     .body = wrong[i].body, .length = wrong[i].length},
		    FAKE_END};
		struct probe p;
		struct err e = {0};

		probe_init(&p, SIZE_MAX);
		cr_assert_eq(run_get(script, (struct range){10, 5, NULL}, &p, &e), ERR_SYSTEM,
			     "%zu: %s", i, e.text);
		cr_assert_eq(p.len, 0, "%zu", i);
		probe_stop(&p);
	}
}

Test(store_get, sink_that_fails_at_any_byte_is_the_error_and_not_tried_again)
{
	for (size_t limit = 0; limit < BODY_LEN; limit++) {
		static const struct fake_step script[] = {
		    {"GET /b/k", .headers = ETAG, .body = BODY}, FAKE_END};
		struct probe p;
		struct err e = {0};

		probe_init(&p, limit);
		cr_assert_eq(run_get(script, whole, &p, &e), ERR_TRANSIENT);
		cr_assert(strstr(e.text, "probe full"), "%s", e.text);
		probe_stop(&p);
	}
}

Test(store_get, missing_object_is_missing)
{
	static const struct fake_step script[] = {
	    {"GET /b/k", .status = 404, .body = FAKE_ERROR("NoSuchKey")}, FAKE_END};
	struct err e = {0};

	cr_assert_eq(get(script, whole, &e), ERR_MISSING);
	cr_assert(strstr(e.text, "get s3://b/k: no such object"), "%s", e.text);
}

Test(store_get, no_bytes_still_needs_the_object)
{
	static const struct fake_step there[] = {{"HEAD /b/k", .length = "36"}, FAKE_END};
	static const struct fake_step gone[] = {{"HEAD /b/k", .status = 404}, FAKE_END};
	struct err e = {0};

	cr_assert_eq(get(there, (struct range){36, 0, NULL}, &e), ERR_NONE, "%s", e.text);
	cr_assert_eq(get(there, (struct range){37, 0, NULL}, &e), ERR_CORRUPT);
	cr_assert_eq(get(gone, (struct range){0, 0, NULL}, &e), ERR_MISSING);
}

Test(store_get, buffer_keeps_its_ceiling)
{
	static const struct fake_step script[] = {{"GET /b/k", .headers = ETAG, .body = BODY},
						  FAKE_END};
	struct store *s = fake_open(script, NULL, NULL);
	CLEANUP(buf_stop) struct buf b = BUF_INIT(10, "manifest");
	struct err e = {0};

	cr_assert(!store_get_bytes(s, "k", &b, &e));
	cr_assert_eq(e.kind, ERR_CORRUPT, "%s", e.text);
	fake_close(&s);
}

Test(store_get, stat_says_size_time_and_etag)
{
	static const struct fake_step script[] = {
	    {"HEAD /b/k", .headers = ETAG "Last-Modified: Sat, 21 Nov 2026 02:30:00 GMT\r\n",
	     .length = "123456789012"},
	    FAKE_END};
	struct store *s = fake_open(script, NULL, NULL);
	CLEANUP(store_object_stop) struct store_object o = {0};
	struct err e = {0};

	cr_assert(store_stat(s, "k", &o, &e), "%s", e.text);
	cr_assert_str_eq(o.key, "k");
	cr_assert_str_eq(o.etag, "\"v1\"");
	cr_assert_eq(o.bytes, 123456789012u);
	cr_assert_eq(o.modified, 1795228200);
	fake_close(&s);
}

Test(store_get, removing_what_is_not_there_succeeds)
{
	static const struct fake_step script[] = {
	    {"DELETE /b/k", .status = 204},
	    {"DELETE /b/k", .status = 404, .body = FAKE_ERROR("NoSuchKey")},
	    {"DELETE /b/k", .status = 404, .body = FAKE_ERROR("NoSuchBucket")},
	    {"DELETE /b/k", .status = 403, .body = FAKE_ERROR("AccessDenied")},
	    FAKE_END};
	struct store *s = fake_open(script, NULL, NULL);
	struct err e = {0};

	cr_assert(store_remove(s, "k", &e));
	cr_assert(store_remove(s, "k", &e));
	cr_assert(!store_remove(s, "k", &e) && e.kind == ERR_MISSING);
	cr_assert(!store_remove(s, "k", &e) && e.kind == ERR_DENIED);
	cr_assert(strstr(e.hint, "s3:DeleteObject"), "%s", e.hint);
	fake_close(&s);
}
