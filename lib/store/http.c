#include "store/http.h"

#include "base/cancel.h"

#include <curl/curl.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define BODY_MAX ((size_t)8 << 20) /* a page of 1,000 keys, each of 1,024 encoded bytes, has 4 */
#define HEAD_MAX (512 * 1024)
#define CONNECT_S 15
#define LAST_WILL_S 10
#define SLOW 10 /* stall times, for a step of HTTP_STEP_BYTES */

struct http {
	const struct http_server *server;
	const atomic_bool *stop;
	CURL *curl;

	/* of the request under way */
	const struct http_request *request;
	struct http_response *response;
	struct err *e;
	/* the answer's head is whole: libcurl does not mind when the connection ends in it */
	bool headed;
	size_t head_bytes; /* trailers too, to which libcurl has no limit */
	bool begun, refused;
	char said[CURL_ERROR_SIZE];
	/* how many bytes have moved, when the last of them did, and when a step of them began; times in
	 * which the caller's data() kept us waiting are taken out */
	uint64_t bytes, step;
	int64_t byte_ms, step_ms;
	int64_t cancelled_ms; /* when we saw it, or 0 */
	bool stalled;
};

#define RENEW "renew the server's certificate, or set the clock of this machine"
#define TOO_OLD "the server has to offer TLS 1.2 or 1.3"
#define NO_TLS "if the server has no TLS, the endpoint is http://"

/* What libcurl's failures mean, with words of it that tell more, if any: the first row that matches. All
 * others are ERR_SYSTEM. */
static const struct {
	CURLcode code;
	const char *said;
	enum err_kind kind;
	const char *hint;
} failures[] = {
    {CURLE_COULDNT_RESOLVE_HOST, NULL, ERR_TRANSIENT, "check the endpoint's name and the resolver"},
    {CURLE_COULDNT_RESOLVE_PROXY, NULL, ERR_TRANSIENT, "check the proxy's name in the environment"},
    {CURLE_COULDNT_CONNECT, NULL, ERR_TRANSIENT, "check the endpoint, its port, and that it runs"},
    {CURLE_OPERATION_TIMEDOUT, NULL, ERR_TRANSIENT, NULL},
    {CURLE_SEND_ERROR, NULL, ERR_TRANSIENT, NULL},
    {CURLE_RECV_ERROR, NULL, ERR_TRANSIENT, NULL},
    {CURLE_GOT_NOTHING, NULL, ERR_TRANSIENT, NULL},
    {CURLE_PARTIAL_FILE, NULL, ERR_TRANSIENT, NULL},
    {CURLE_SSL_CONNECT_ERROR, "wrong version number", ERR_SYSTEM, NO_TLS},
    {CURLE_SSL_CONNECT_ERROR, "protocol version", ERR_SYSTEM, TOO_OLD},
    {CURLE_SSL_CONNECT_ERROR, "unsupported protocol", ERR_SYSTEM, TOO_OLD},
    {CURLE_SSL_CONNECT_ERROR, NULL, ERR_TRANSIENT, NO_TLS},
    {CURLE_PEER_FAILED_VERIFICATION, "expired", ERR_SYSTEM, RENEW},
    {CURLE_PEER_FAILED_VERIFICATION, "not yet valid", ERR_SYSTEM, RENEW},
    {CURLE_PEER_FAILED_VERIFICATION, "subject name", ERR_SYSTEM,
     "write the endpoint with a name that the server's certificate has"},
    {CURLE_PEER_FAILED_VERIFICATION, NULL, ERR_SYSTEM,
     "a certificate authority of your own goes into a file: --ca-file or AWS_CA_BUNDLE"},
    {CURLE_SSL_CACERT_BADFILE, NULL, ERR_USAGE,
     "--ca-file, or AWS_CA_BUNDLE, names a file with certificates in PEM"},
    {CURLE_WEIRD_SERVER_REPLY, NULL, ERR_SYSTEM, "the endpoint does not speak HTTP"},
    {CURLE_UNSUPPORTED_PROTOCOL, NULL, ERR_SYSTEM, "the endpoint does not speak HTTP"},
};

static void init_curl(void)
{
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		abort();
}

struct http *http_new(const struct http_server *server, const atomic_bool *stop)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct http *h = xcalloc(1, sizeof *h);

	pthread_once(&once, init_curl);
	h->server = server;
	h->stop = stop;
	h->curl = curl_easy_init();
	if (!h->curl)
		abort();
	return h;
}

void http_freep(struct http **h)
{
	if (*h) {
		curl_easy_cleanup((*h)->curl);
		free(*h);
	}
	*h = NULL;
}

void http_response_stop(struct http_response *r)
{
	buf_stop(&r->body);
}

const char *http_endpoint_fault(const char *endpoint)
{
	CURLU *u = curl_url();
	char *part = NULL;
	const char *fault = NULL;

	if (strncmp(endpoint, "http://", 7) != 0 && strncmp(endpoint, "https://", 8) != 0)
		fault = "begins with neither http:// nor https://";
	else if (curl_url_set(u, CURLUPART_URL, endpoint, 0) != CURLUE_OK)
		fault = "is malformed";
	else if (curl_url_get(u, CURLUPART_USER, &part, 0) == CURLUE_OK)
		fault = "has a user name in it";
	else if (strpbrk(endpoint, "?#"))
		fault = "has a query";
	curl_free(part);
	curl_url_cleanup(u);
	return fault;
}

/* The headers that matter, and where they go. */
static const struct {
	const char *name;
	size_t at, size;
} kept[] = {
#define KEPT(name, member)                                                                         \
	{                                                                                          \
		name, offsetof(struct http_response, member),                                      \
		    sizeof((struct http_response *)0)->member                                      \
	}
    KEPT("etag", etag),
    KEPT("content-range", content_range),
    KEPT("content-type", content_type),
    KEPT("location", location),
    KEPT("x-amz-bucket-region", region),
#undef KEPT
};

static void header_arrived(struct http_response *r, const char *name, const char *value)
{
	if (strcasecmp(name, "content-length") == 0) {
		char *end;
		unsigned long long n = strtoull(value, &end, 10);

		r->has_length = end > value && *end == '\0';
		r->length = n;
	} else if (strcasecmp(name, "date") == 0) {
		r->date = curl_getdate(value, NULL);
	} else if (strcasecmp(name, "last-modified") == 0) {
		r->modified = curl_getdate(value, NULL);
	}
	for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
		if (strcasecmp(name, kept[i].name) == 0)
			snprintf((char *)r + kept[i].at, kept[i].size, "%s", value);
}

/* A short count makes libcurl give up; h->e then has the reason. */
static size_t on_header(char *data, size_t size, size_t count, void *ctx)
{
	struct http *h = ctx;
	struct http_response *r = h->response;
	size_t len = size * count, end = len, colon = 0, value;
	char line[1024];

	while (end > 0 && (data[end - 1] == '\r' || data[end - 1] == '\n' || data[end - 1] == ' '))
		end--;
	h->head_bytes += len;
	if (h->head_bytes > HEAD_MAX) {
		err_set(h->e, ERR_SYSTEM, "%s: headers of more than %d bytes", h->server->endpoint,
			HEAD_MAX);
		h->refused = true;
		return 0;
	}
	if (end >= sizeof line)
		return len; /* none that we know is so long */
	memcpy(line, data, end);
	line[end] = '\0';
	if (end == 0)
		h->headed = true;
	if (strncmp(line, "HTTP/", 5) == 0) { /* the final answer, after a 100 Continue */
		*r = (struct http_response){.body = r->body};
		h->headed = false;
		return len;
	}
	while (line[colon] != '\0' && line[colon] != ':')
		colon++;
	if (line[colon] == '\0')
		return len;
	line[colon] = '\0';
	value = colon + 1;
	while (line[value] == ' ' || line[value] == '\t')
		value++;
	header_arrived(r, line, line + value);
	return len;
}

static int status_of(CURL *curl)
{
	long status = 0;

	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	return (int)status;
}

static bool begin(struct http *h)
{
	h->begun = true;
	return !h->request->begin || h->request->begin(h->request->ctx, h->response, h->e);
}

/* A short count: likewise. */
static size_t on_data(char *data, size_t size, size_t count, void *ctx)
{
	struct http *h = ctx;
	struct http_response *r = h->response;
	size_t len = size * count;
	int64_t before_ms = clock_ms(), kept_ms;
	bool ok;

	r->status = status_of(h->curl);
	if (!h->request->data || (r->status != 200 && r->status != 206)) {
		ok = buf_add(&r->body, data, len, h->e);
	} else {
		ok = (h->begun || begin(h)) && h->request->data(h->request->ctx, data, len, h->e);
		if (ok)
			r->moved += len;
	}
	h->refused = !ok;
	kept_ms = clock_ms() - before_ms;
	r->kept_waiting_ms += kept_ms;
	h->byte_ms += kept_ms;
	h->step_ms += kept_ms;
	return ok ? len : 0;
}

/* libcurl's own low-speed limit would count the time that data() takes. A server may send a byte now and
 * then to say that it is still at work, but not for ever. */
static bool is_stalled(struct http *h, uint64_t bytes)
{
	int64_t now_ms = clock_ms(), stall_ms = (int64_t)h->server->stall_s * 1000;

	if (bytes != h->bytes) {
		h->bytes = bytes;
		h->byte_ms = now_ms;
	}
	if (bytes - h->step >= HTTP_STEP_BYTES) {
		h->step = bytes;
		h->step_ms = now_ms;
	}
	return now_ms - h->byte_ms >= stall_ms || now_ms - h->step_ms >= SLOW * stall_ms;
}

static bool is_cancelled(struct http *h)
{
	struct err why;

	if (h->request->last_will || cancel_check(&why))
		return false;
	if (h->cancelled_ms == 0)
		h->cancelled_ms = clock_ms();
	return !h->request->makes || clock_ms() - h->cancelled_ms >= LAST_WILL_S * 1000;
}

static int on_progress(void *ctx, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
		       curl_off_t up)
{
	struct http *h = ctx;

	(void)down_total, (void)up_total;
	h->stalled = is_stalled(h, (uint64_t)(down + up));
	return h->stalled || (h->stop && atomic_load(h->stop)) || is_cancelled(h);
}

static void add_header(struct curl_slist **l, const char *text)
{
	struct curl_slist *longer = curl_slist_append(*l, text);

	if (!longer)
		abort();
	*l = longer;
}

/* Each body's own digest, so that the server checks what arrived; libcurl signs this header. */
static void add_digest(struct curl_slist **l, const struct http_request *q)
{
	unsigned char digest[32];
	char hex[65], header[100];

	if (EVP_Digest(q->body ? q->body : "", q->body ? q->len : 0, digest, NULL, EVP_sha256(),
		       NULL) != 1)
		abort();
	hex_encode(digest, sizeof digest, hex);
	snprintf(header, sizeof header, "x-amz-content-sha256: %s", hex);
	add_header(l, header);
}

static void add_headers(struct http *h, struct curl_slist **l)
{
	const struct http_request *q = h->request;

	add_digest(l, q);
	if (h->server->session_token) {
		CLEANUP(freep)
		char *token = xasprintf("x-amz-security-token: %s", h->server->session_token);

		add_header(l, token);
	}
	for (size_t i = 0; i < HTTP_HEADERS && q->headers[i]; i++)
		add_header(l, q->headers[i]);
}

static void set_method(CURL *c, const struct http_request *q)
{
	if (q->body) {
		curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)q->len);
		curl_easy_setopt(c, CURLOPT_POSTFIELDS, q->body);
		curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, q->method);
	} else if (strcmp(q->method, "HEAD") == 0) {
		curl_easy_setopt(c, CURLOPT_NOBODY, 1L);
	} else {
		curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, q->method);
	}
}

static void set_limits(CURL *c, const struct http *h)
{
	long stall = h->server->stall_s;

	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, stall < CONNECT_S ? stall : CONNECT_S);
	if (h->request->last_will)
		curl_easy_setopt(c, CURLOPT_TIMEOUT, (long)LAST_WILL_S);
	curl_easy_setopt(c, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(c, CURLOPT_UPLOAD_BUFFERSIZE, 256L << 10);
	curl_easy_setopt(c, CURLOPT_BUFFERSIZE, 128L << 10);
	curl_easy_setopt(c, CURLOPT_FRESH_CONNECT, (long)h->request->fresh);
	curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(c, CURLOPT_XFERINFODATA, h);
}

static void set_signing(CURL *c, const struct http_server *s)
{
	char sigv4[100];

	snprintf(sigv4, sizeof sigv4, "aws:amz:%s:s3", s->region);
	curl_easy_setopt(c, CURLOPT_AWS_SIGV4, sigv4);
	curl_easy_setopt(c, CURLOPT_USERNAME, s->access_key);
	curl_easy_setopt(c, CURLOPT_PASSWORD, s->secret_key);
	if (s->ca_file)
		curl_easy_setopt(c, CURLOPT_CAINFO, s->ca_file);
	curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
}

static CURLcode perform(struct http *h, const struct curl_slist *headers)
{
	CLEANUP(freep) char *url = xasprintf("%s%s", h->server->endpoint, h->request->target);
	CURL *c = h->curl;

	curl_easy_reset(c); /* keeps the connections */
	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(c, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(c, CURLOPT_USERAGENT, "pgmuster/" VERSION);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, h->said);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, h);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_data);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, h);
	set_method(c, h->request);
	set_limits(c, h);
	set_signing(c, h->server);
	return curl_easy_perform(c);
}

static bool stalled(const struct http *h, struct err *e)
{
	int stall_s = h->server->stall_s;

	h->response->transient = true;
	if (clock_ms() - h->byte_ms >= (int64_t)stall_s * 1000)
		return err_set(e, ERR_TRANSIENT, "%s: no byte moved for %d s", h->server->endpoint,
			       stall_s);
	return err_set(e, ERR_TRANSIENT, "%s: too slow, less than 1 MiB in %d s",
		       h->server->endpoint, SLOW * stall_s);
}

static bool explain(const struct http *h, CURLcode code, struct err *e)
{
	enum err_kind kind = ERR_SYSTEM;
	const char *hint = NULL;
	const char *said = h->said[0] ? h->said : curl_easy_strerror(code);

	if (h->refused)
		return false;
	if (h->stalled)
		return stalled(h, e);
	if (code == CURLE_ABORTED_BY_CALLBACK) {
		if (cancel_check(e))
			err_set(e, ERR_CANCELLED, "stopped");
		return false;
	}
	for (size_t i = 0; i < sizeof failures / sizeof *failures; i++) {
		if (failures[i].code != code ||
		    (failures[i].said && !strstr(h->said, failures[i].said)))
			continue;
		kind = failures[i].kind;
		hint = failures[i].hint;
		break;
	}
	/* Some servers hang up without a word. */
	if (code == CURLE_GOT_NOTHING && strncmp(h->server->endpoint, "http:", 5) == 0)
		hint = "if the server wants TLS, the endpoint is https://";
	/* libcurl goes on with the address, password and all. */
	if (strncmp(said, "Unsupported proxy", 17) == 0) {
		said = "the address of the proxy is none";
		hint =
		    "check http_proxy, https_proxy or all_proxy: scheme://user:password@host:port, "
		    "the password URL-encoded";
	}
	h->response->transient = kind == ERR_TRANSIENT;
	err_set(e, kind, "%s: %s", h->server->endpoint, said);
	return hint ? err_hint(e, "%s", hint) : false;
}

bool http_try(struct http *h, const struct http_request *q, struct http_response *r, struct err *e)
{
	struct curl_slist *headers = NULL;
	CURLcode code;
	curl_off_t after = 0;

	buf_stop(&r->body);
	*r = (struct http_response){.body = BUF_INIT(BODY_MAX, "answer of the server")};
	h->request = q;
	h->response = r;
	h->e = e;
	h->headed = h->begun = h->refused = h->stalled = false;
	h->said[0] = '\0';
	h->bytes = h->step = h->head_bytes = 0;
	h->byte_ms = h->step_ms = clock_ms();
	h->cancelled_ms = 0;
	add_headers(h, &headers);
	code = perform(h, headers);
	curl_slist_free_all(headers);
	r->status = status_of(h->curl);
	if (code != CURLE_OK)
		return explain(h, code, e);
	if (!h->headed) {
		r->transient = true;
		return err_set(e, ERR_TRANSIENT, "%s: connection closed in the head of the answer",
			       h->server->endpoint);
	}
	curl_easy_getinfo(h->curl, CURLINFO_RETRY_AFTER, &after);
	r->retry_after_s = after;
	/* An empty body does not come by on_data. */
	return !q->data || h->begun || (r->status != 200 && r->status != 206) || begin(h);
}
