#include "store/s3.h"

#include "base/cancel.h"
#include "base/log.h"
#include "store/s3_xml.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

#define DELAY_MAX_MS 20000
#define RETRY_AFTER_MAX_S 60
#define LAST_WILL_WAIT_MS 1000

/* The answers that are worth another attempt; http.c has the failures without an answer. */
static const struct {
	int status;
	const char *code;
} transient[] = {
    {408, NULL},
    {429, NULL},
    {500, NULL},
    {502, NULL},
    {503, NULL},
    {504, NULL},
    {0, "RequestTimeout"},
    {0, "SlowDown"},
    {0, "InternalError"},
    {0, "ServiceUnavailable"},
    {0, "BadDigest"}, /* damaged on its way */
    {0, "XAmzContentSHA256Mismatch"},
    {0, "IncompleteBody"},
};

static const struct cause {
	const char *code; /* NULL: any with this status */
	int status;
	enum err_kind kind;
	const char *text, *hint;
} causes[] = {
    {"NoSuchKey", 0, ERR_MISSING, "no such object", NULL},
    {"NoSuchUpload", 0, ERR_SYSTEM, "the multipart upload is gone", "was it aborted meanwhile?"},
    {"InvalidAccessKeyId", 0, ERR_DENIED, "the server does not know the access key",
     "check AWS_ACCESS_KEY_ID, and that the endpoint is the right one"},
    {"XAdminUserNotFound", 0, ERR_DENIED, "the server does not know the access key",
     "check AWS_ACCESS_KEY_ID, and that the endpoint is the right one"},
    {"SignatureDoesNotMatch", 0, ERR_DENIED, "the server does not accept the signature",
     "check AWS_SECRET_ACCESS_KEY and AWS_REGION"},
    {"ExpiredToken", 0, ERR_DENIED, "the session token has expired", "renew AWS_SESSION_TOKEN"},
    {"InvalidToken", 0, ERR_DENIED, "the session token is not valid", "check AWS_SESSION_TOKEN"},
    {"InvalidTokenId", 0, ERR_DENIED, "the session token is not valid", "check AWS_SESSION_TOKEN"},
    {"PreconditionFailed", 0, ERR_EXISTS, "already exists", NULL},
    {"ConditionalRequestConflict", 0, ERR_EXISTS, "somebody else is writing it", NULL},
    {"EntityTooSmall", 0, ERR_SYSTEM, "a part is too small for this server", "raise --part-size"},
    {"EntityTooLarge", 0, ERR_SYSTEM, "too large for this server", "change --part-size"},
    {"XMinioStorageFull", 0, ERR_SYSTEM, "the store is full", "free space there"},
    {"QuotaExceeded", 0, ERR_SYSTEM, "the store's quota is used up", "free space there"},
    {NULL, 404, ERR_MISSING, "does not exist", NULL},
    {NULL, 412, ERR_EXISTS, "already exists", NULL},
    {NULL, 501, ERR_SYSTEM, "the server does not implement this", NULL},
    {NULL, 507, ERR_SYSTEM, "the store is full", "free space there"},
};

static const struct {
	const char *text, *hint;
} actions[] = {
    [S3_READ] = {"read", "s3:GetObject"},
    [S3_WRITE] = {"write", "s3:PutObject"},
    [S3_LIST] = {"list", "s3:ListBucket"},
    [S3_REMOVE] = {"remove", "s3:DeleteObject"},
    [S3_LIST_UPLOADS] = {"list multipart uploads", "s3:ListBucketMultipartUploads"},
    [S3_ABORT] = {"abort multipart uploads", "s3:AbortMultipartUpload"},
};

void s3_answer_stop(struct s3_answer *a)
{
	http_response_stop(&a->http);
	free(a->value);
	a->value = NULL;
}

static bool is_transient(const struct s3_answer *a)
{
	for (size_t i = 0; i < sizeof transient / sizeof *transient; i++)
		if (transient[i].code ? strcmp(transient[i].code, a->code) == 0
				      : transient[i].status == a->http.status)
			return true;
	return false;
}

static bool is_html(const struct http_response *r)
{
	return strncasecmp(r->content_type, "text/html", 9) == 0 ||
	       (r->body.len > 5 && (strncasecmp(r->body.data, "<!doc", 5) == 0 ||
				    strncasecmp(r->body.data, "<html", 5) == 0));
}

/* The server's own words, fit for a terminal: they are foreign bytes. */
static void server_words(const struct s3_answer *a, char *out, size_t max)
{
	const struct buf *body = &a->http.body;
	CLEANUP(freep)
	char *message = body->len > 0 ? s3_xml_find(body->data, body->len, "Error/Message") : NULL;
	char shown[200] = "", code[80];

	if (message)
		log_safe(message, shown, sizeof shown);
	else if (body->len > 0 && body->data[0] != '<')
		log_safe(body->data, shown, sizeof shown);
	log_safe(a->code, code, sizeof code);
	snprintf(out, max, "%d%s%s%s%s", a->http.status, code[0] ? " " : "", code,
		 shown[0] ? ": " : "", shown);
}

static bool explain_skew(const struct s3_answer *a, const char *words, struct err *e)
{
	int64_t ahead = a->http.date > 0 ? (int64_t)time(NULL) - (int64_t)a->http.date : 0;
	int64_t off = ahead < 0 ? -ahead : ahead;

	err_set(e, ERR_SYSTEM, "the clock of this machine is %lld h %02lld m %02lld s %s (%s)",
		(long long)(off / 3600), (long long)(off / 60 % 60), (long long)(off % 60),
		ahead < 0 ? "behind the server's" : "ahead of the server's", words);
	return err_hint(e, "set the clocks of this machine and of the server by NTP");
}

static bool explain_region(const struct s3 *s, const struct s3_answer *a, const char *words,
			   struct err *e)
{
	const struct buf *body = &a->http.body;
	CLEANUP(freep)
	char *named = body->len > 0 ? s3_xml_find(body->data, body->len, "Error/Region") : NULL;
	const char *region = named ? named : a->http.region;
	char shown[100], location[200];

	log_safe(region, shown, sizeof shown);
	log_safe(a->http.location, location, sizeof location);
	err_set(e, ERR_USAGE, "%s is not the right endpoint, or %s not the region (%s)%s%s",
		s->server.endpoint, s->server.region, words,
		location[0] ? "; it redirects to " : "", location);
	if (shown[0])
		return err_hint(e, "the bucket is in region %s: set AWS_REGION", shown);
	return err_hint(e, "set AWS_ENDPOINT_URL and AWS_REGION to the bucket's own");
}

static bool explain_denied(const struct s3_call *c, const struct s3_answer *a, const char *words,
			   struct err *e)
{
	int64_t ahead = a->http.date > 0 ? (int64_t)time(NULL) - (int64_t)a->http.date : 0;

	/* The answer to a HEAD has no code; S3 tolerates 15 minutes. */
	if (a->code[0] == '\0' && (ahead > 900 || ahead < -900))
		return explain_skew(a, words, e);
	err_set(e, ERR_DENIED, "these credentials may not %s (%s)", actions[c->action].text, words);
	return err_hint(e, "their policy has to allow %s here%s", actions[c->action].hint,
			a->code[0] ? "" : ", and key and secret have to be right");
}

static bool explain(const struct s3 *s, const struct s3_call *c, const struct s3_answer *a,
		    struct err *e)
{
	int status = a->http.status;
	char words[400];

	server_words(a, words, sizeof words);
	if (a->http.transient)
		return err_set(e, ERR_TRANSIENT, "the server answers %s", words);
	if (strcmp(a->code, "NoSuchBucket") == 0) {
		err_set(e, ERR_MISSING, "bucket %s does not exist at %s", s->bucket,
			s->server.endpoint);
		return err_hint(e, "create it, or check the store's URL and the endpoint");
	}
	if (strcmp(a->code, "RequestTimeTooSkewed") == 0)
		return explain_skew(a, words, e);
	if ((status >= 300 && status < 400) || strcmp(a->code, "AuthorizationHeaderMalformed") == 0)
		return explain_region(s, a, words, e);
	for (size_t i = 0; i < sizeof causes / sizeof *causes; i++) {
		const struct cause *k = &causes[i];

		if (k->code ? strcmp(k->code, a->code) != 0
			    : k->status != status || (is_html(&a->http) && a->code[0] == '\0'))
			continue;
		err_set(e, k->kind, "%s (%s)", k->text, words);
		return k->hint ? err_hint(e, "%s", k->hint) : false;
	}
	if (is_html(&a->http)) {
		err_set(e, ERR_USAGE, "%s is no S3 API: it answers %d with a web page",
			s->server.endpoint, status);
		return err_hint(e,
				"check the endpoint and its port (MinIO: 9000, not the console)");
	}
	if (status == 401 || status == 403)
		return explain_denied(c, a, words, e);
	return err_set(e, ERR_SYSTEM, "the server answers %s", words);
}

/* True for success; otherwise the answer's code and transient are set, and e. */
static bool judge(const struct s3 *s, const struct s3_call *c, struct s3_answer *a, struct err *e)
{
	struct http_response *r = &a->http;
	CLEANUP(freep) char *code = NULL;
	bool success = r->status >= 200 && r->status < 300;

	if (success && c->wants_etag && r->etag[0] == '\0') {
		r->transient = true;
		return err_set(e, ERR_TRANSIENT, "the server's answer has no ETag");
	}
	if (success && !c->wants)
		return true;
	if (success)
		a->value = s3_xml_find(r->body.data, r->body.len, c->wants);
	if (a->value && (a->value[0] != '\0' || !strchr(c->wants, '/')))
		return true;
	if (r->body.len > 0)
		code = s3_xml_find(r->body.data, r->body.len, "Error/Code");
	snprintf(a->code, sizeof a->code, "%s", code ? code : "");
	r->transient = is_transient(a);
	if (success && !code && !is_html(r)) {
		r->transient = true; /* cut short, or by something in between */
		return err_set(e, ERR_TRANSIENT, "the server's answer has no %s", c->wants);
	}
	return explain(s, c, a, e);
}

/* Half of the delay is random, so that several clients do not come back at once. */
static int64_t delay_ms(const struct s3 *s, int failed, const struct http_response *r)
{
	int64_t delay = s->retry_delay_ms;
	int64_t after = r->retry_after_s;
	uint32_t dice = 0;

	for (int i = 1; i < failed && delay < DELAY_MAX_MS; i++)
		delay *= 2;
	if (delay > DELAY_MAX_MS)
		delay = DELAY_MAX_MS;
	if (getrandom(&dice, sizeof dice, GRND_NONBLOCK) != (ssize_t)sizeof dice)
		dice = (uint32_t)clock_ms();
	delay -= (int64_t)(dice % (uint32_t)(delay / 2 + 1));
	if (after > RETRY_AFTER_MAX_S)
		after = RETRY_AFTER_MAX_S;
	return after * 1000 > delay ? after * 1000 : delay;
}

static bool wait_ms(const struct s3_call *c, int64_t ms, struct err *e)
{
	int64_t deadline = clock_ms() + ms;

	for (;;) {
		int64_t left = deadline - clock_ms();

		if (!c->request.last_will && !cancel_check(e))
			return false;
		if (c->stop && atomic_load(c->stop))
			return err_set(e, ERR_CANCELLED, "stopped");
		if (left <= 0)
			return true;
		poll(NULL, 0, left < 200 ? (int)left : 200);
	}
}

/* A long download may break any number of times as long as it moves on. One that waited for us may have been
 * given up by the server meanwhile, and that again and again, between statements that take their time. */
static bool moves_on(const struct s3 *s, const struct http_response *r, uint64_t *gained)
{
	*gained += r->moved;
	if (*gained < HTTP_STEP_BYTES && r->kept_waiting_ms < (int64_t)s->server.stall_s * 1000)
		return false;
	*gained = 0;
	return r->moved > 0;
}

bool s3_call(struct s3 *s, struct http *h, struct s3_call *c, struct s3_answer *a, struct err *e)
{
	int most = c->attempts > 0 ? c->attempts : s->attempts;
	int failed = 0;
	uint64_t gained = 0;

	a->attempts = 0;
	for (;;) {
		struct err why = {0};
		int64_t ms;

		a->attempts++;
		a->code[0] = '\0';
		freep(&a->value);
		a->value = NULL;
		if (c->before)
			c->before(c->request.ctx, &c->request);
		if (http_try(h, &c->request, &a->http, &why) && judge(s, c, a, &why))
			return true;
		failed = moves_on(s, &a->http, &gained) ? 1 : failed + 1;
		*e = why;
		if (!a->http.transient || failed >= most)
			break;
		ms = delay_ms(s, failed, &a->http);
		/* It does not look at a cancellation, so no server must keep it waiting. */
		if (c->request.last_will && ms > LAST_WILL_WAIT_MS)
			ms = LAST_WILL_WAIT_MS;
		log_warn("%s; attempt %d of %d in %.1f s", e->text, failed + 1, most,
			 (double)ms / 1000);
		if (!wait_ms(c, ms, e))
			return false;
	}
	if (failed > 1)
		err_in(e, "after %d attempts", failed);
	return false;
}
