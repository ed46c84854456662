#include "support/fake_s3.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <ctype.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define STEPS_MAX 64
#define CONNECTIONS_MAX 16
#define HEAD_MAX 8192

/* One server at a time. Its thread owns all of this until it is joined, but for what is under the
 * lock. */
static struct {
	const struct fake_step *script;
	unsigned used[STEPS_MAX]; /* how often */
	int listening, wake[2];
	int connections[CONNECTIONS_MAX];
	pthread_t thread;
	char endpoint[64];
	char signature[300];
	char fault[1000];
	pthread_mutex_t lock;
	pthread_cond_t came;
	size_t steps; /* under the lock */
} fake;

struct request {
	int fd;
	char head[HEAD_MAX];
	char line[HEAD_MAX]; /* "PUT /b/k" */
	char *body;
	size_t len;
};

static void fault(const struct request *q, const char *what, const char *detail)
{
	if (fake.fault[0] == '\0')
		snprintf(fake.fault, sizeof fake.fault, "%.400s: %s %.400s", q->line, what, detail);
}

/* The value of a header, "" when it is not there. */
static void header(const struct request *q, const char *name, char *out, size_t max)
{
	size_t len = strlen(name);

	out[0] = '\0';
	for (const char *p = q->head; (p = strstr(p, "\r\n")) != NULL;) {
		p += 2;
		if (strncasecmp(p, name, len) == 0 && p[len] == ':') {
			p += len + 1;
			while (*p == ' ')
				p++;
			snprintf(out, max, "%.*s", (int)strcspn(p, "\r"), p);
			return;
		}
	}
}

static bool write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, data, len, MSG_NOSIGNAL);

		if (n <= 0)
			return false;
		data += n;
		len -= (size_t)n;
	}
	return true;
}

static bool read_body(struct request *q, const char *already, size_t have)
{
	char value[100];

	header(q, "content-length", value, sizeof value);
	q->len = (size_t)strtoull(value, NULL, 10);
	q->body = xcalloc(q->len + 1, 1);
	have = have < q->len ? have : q->len;
	memcpy(q->body, already, have);
	header(q, "expect", value, sizeof value);
	if (value[0] && !write_all(q->fd, "HTTP/1.1 100 Continue\r\n\r\n", 25))
		return false;
	while (have < q->len) {
		ssize_t n = read(q->fd, q->body + have, q->len - have);

		if (n <= 0)
			return false;
		have += (size_t)n;
	}
	return true;
}

/* False when the client hung up. */
static bool read_request(struct request *q)
{
	size_t have = 0;
	char *end = NULL;

	while (!end && have < sizeof q->head - 1) {
		ssize_t n = read(q->fd, q->head + have, sizeof q->head - 1 - have);

		if (n <= 0)
			return false;
		have += (size_t)n;
		q->head[have] = '\0';
		end = strstr(q->head, "\r\n\r\n");
	}
	if (!end)
		return false;
	end += 4;
	end[-2] = '\0'; /* what follows is the body */
	snprintf(q->line, sizeof q->line, "%.*s", (int)(strstr(q->head, " HTTP/1.1\r") - q->head),
		 q->head);
	return read_body(q, end, have - (size_t)(end - q->head));
}

static void check_digests(const struct request *q)
{
	unsigned char digest[32], base64[64];
	char hex[65], value[300];

	EVP_Digest(q->body, q->len, digest, NULL, EVP_sha256(), NULL);
	hex_encode(digest, 32, hex);
	header(q, "x-amz-content-sha256", value, sizeof value);
	if (strcmp(hex, value) != 0)
		fault(q, "x-amz-content-sha256 is", value);
	if (strncmp(q->line, "PUT ", 4) != 0)
		return;
	EVP_Digest(q->body, q->len, digest, NULL, EVP_md5(), NULL);
	EVP_EncodeBlock(base64, digest, 16);
	header(q, "content-md5", value, sizeof value);
	if (strcmp((char *)base64, value) != 0)
		fault(q, "content-md5 is", value);
}

static void check_signature(const struct request *q, const struct fake_step *step)
{
	char value[600];
	const char *signature;

	header(q, "authorization", value, sizeof value);
	signature = strstr(value, "Signature=");
	if (strncmp(value, "AWS4-HMAC-SHA256 Credential=AKFAKE/", 35) != 0 || !signature ||
	    !strstr(value, "/us-east-1/s3/aws4_request") ||
	    !strstr(value, "x-amz-content-sha256") || !strstr(value, "x-amz-date"))
		fault(q, "is signed wrongly:", value);
	else if (step->new_signature && strcmp(signature, fake.signature) == 0)
		fault(q, "has the signature of the request before:", signature);
	snprintf(fake.signature, sizeof fake.signature, "%.200s", signature ? signature : "");
}

static void check_header(const struct request *q, const char *wanted)
{
	char name[100], value[600];
	const char *colon = wanted ? strchr(wanted, ':') : NULL;

	if (!colon)
		return;
	snprintf(name, sizeof name, "%.*s", (int)(colon - wanted), wanted);
	header(q, name, value, sizeof value);
	if (strcmp(value, colon + 2) != 0)
		fault(q, wanted, value[0] ? value : "(not there)");
}

static void check_step(const struct request *q, const struct fake_step *step)
{
	char value[300];

	check_digests(q);
	check_signature(q, step);
	check_header(q, step->has);
	check_header(q, step->has_too);
	if (step->lacks) {
		header(q, step->lacks, value, sizeof value);
		if (value[0])
			fault(q, step->lacks, value);
	}
	if (step->body_has && !strstr(q->body, step->body_has))
		fault(q, "has the body", q->body);
	if (step->body_len && step->body_len != q->len) {
		snprintf(value, sizeof value, "%zu", q->len);
		fault(q, "has a body of length", value);
	}
}

static const struct fake_step *use(size_t step)
{
	fake.used[step]++;
	pthread_mutex_lock(&fake.lock);
	fake.steps++;
	pthread_cond_broadcast(&fake.came);
	pthread_mutex_unlock(&fake.lock);
	return &fake.script[step];
}

static bool is_used_up(size_t step)
{
	unsigned times = fake.script[step].times;

	return fake.used[step] == (times ? times : 1);
}

static const struct fake_step *find_step(const struct request *q)
{
	size_t i = 0;

	while (fake.script[i].expect && is_used_up(i))
		i++;
	for (; fake.script[i].expect; i++) {
		if (!is_used_up(i) && strcmp(fake.script[i].expect, q->line) == 0)
			return use(i);
		if (!is_used_up(i) && !fake.script[i].any_order)
			break;
	}
	fault(q, "comes instead of",
	      fake.script[i].expect ? fake.script[i].expect : "the end of the script");
	return NULL;
}

/* True when the connection stays open. */
static bool answer(const struct request *q, const struct fake_step *step)
{
	bool stored = strncmp(q->line, "PUT ", 4) == 0 && step->status / 100 != 4;
	const char *headers = stored ? "ETag: \"e\"\r\n" : "";
	const char *body = step->body ? step->body : "";
	size_t len = strlen(body);
	char *head, length[24];
	bool ok;

	if (step->then == FAKE_STALL)
		return true;
	if (step->then == FAKE_DROP)
		return false;
	if (step->then == FAKE_INTERRUPT)
		kill(getpid(), SIGTERM);
	snprintf(length, sizeof length, "%zu", len);
	if (step->length)
		snprintf(length, sizeof length, "%s", step->length);
	head = xasprintf("HTTP/1.1 %d X\r\n%s%s%s%s\r\n", step->status ? step->status : 200,
			 length[0] ? "Content-Length: " : "", length, length[0] ? "\r\n" : "",
			 step->headers ? step->headers : headers);
	ok = write_all(q->fd, head, step->then == FAKE_BEHEAD ? step->cut : strlen(head));
	free(head);
	if (step->then == FAKE_BEHEAD)
		return false;
	if (strncmp(q->line, "HEAD ", 5) == 0)
		return ok;
	if (step->then == FAKE_CUT && step->cut < len)
		len = step->cut;
	for (; ok && step->then == FAKE_TRICKLE && len > 0; len--) {
		poll(NULL, 0, 100);
		ok = write_all(q->fd, body++, 1);
	}
	return ok && write_all(q->fd, body, len) && step->then != FAKE_CUT;
}

static bool serve(int fd)
{
	struct request q = {.fd = fd};
	const struct fake_step *step = NULL;
	bool stays = false;

	if (read_request(&q)) {
		step = find_step(&q);
		if (step) {
			check_step(&q, step);
			stays = answer(&q, step);
		}
	}
	free(q.body);
	return stays;
}

static void accept_one(void)
{
	int fd = accept(fake.listening, NULL, NULL);
	struct timeval limit = {.tv_sec = 10};
	int at_once = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
		if (fake.connections[i] < 0) {
			fake.connections[i] = fd;
			return;
		}
	}
	close(fd);
}

static void *run(void *ctx)
{
	(void)ctx;
	for (;;) {
		struct pollfd p[CONNECTIONS_MAX + 2] = {
		    {.fd = fake.wake[0], .events = POLLIN},
		    {.fd = fake.listening, .events = POLLIN},
		};

		for (size_t i = 0; i < CONNECTIONS_MAX; i++)
			p[i + 2] = (struct pollfd){.fd = fake.connections[i], .events = POLLIN};
		poll(p, CONNECTIONS_MAX + 2, -1);
		for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
			if (p[i + 2].revents && !serve(fake.connections[i])) {
				close(fake.connections[i]);
				fake.connections[i] = -1;
			}
		}
		if (p[1].revents)
			accept_one();
		if (p[0].revents)
			return NULL;
	}
}

const char *fake_s3_start(const struct fake_step *script)
{
	struct sockaddr_in at = {.sin_family = AF_INET};
	socklen_t len = sizeof at;
	size_t steps = 0;

	while (script[steps].expect)
		steps++;
	cr_assert_lt(steps, STEPS_MAX);
	memset(&fake, 0, sizeof fake);
	fake.script = script;
	pthread_mutex_init(&fake.lock, NULL);
	pthread_cond_init(&fake.came, NULL);
	for (size_t i = 0; i < CONNECTIONS_MAX; i++)
		fake.connections[i] = -1;
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	fake.listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	cr_assert(fake.listening >= 0 && pipe(fake.wake) == 0);
	cr_assert_eq(bind(fake.listening, (struct sockaddr *)&at, sizeof at), 0);
	cr_assert_eq(listen(fake.listening, 16), 0);
	cr_assert_eq(getsockname(fake.listening, (struct sockaddr *)&at, &len), 0);
	snprintf(fake.endpoint, sizeof fake.endpoint, "http://127.0.0.1:%d", ntohs(at.sin_port));
	cr_assert_eq(pthread_create(&fake.thread, NULL, run, NULL), 0);
	return fake.endpoint;
}

void fake_s3_wait(size_t steps)
{
	pthread_mutex_lock(&fake.lock);
	while (fake.steps < steps)
		pthread_cond_wait(&fake.came, &fake.lock);
	pthread_mutex_unlock(&fake.lock);
}

void fake_s3_stop(void)
{
	cr_assert_eq(write(fake.wake[1], "", 1), 1);
	pthread_join(fake.thread, NULL);
	for (size_t i = 0; i < CONNECTIONS_MAX; i++)
		closep(&fake.connections[i]);
	close(fake.listening);
	close(fake.wake[0]);
	close(fake.wake[1]);
	pthread_cond_destroy(&fake.came);
	pthread_mutex_destroy(&fake.lock);
	cr_assert_eq(fake.fault[0], '\0', "%s", fake.fault);
	for (size_t i = 0; fake.script[i].expect; i++)
		cr_assert(is_used_up(i), "step %zu never came: %s", i, fake.script[i].expect);
}
