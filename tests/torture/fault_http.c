/* fault_http: HTTP as far as a fault needs it: where a request and its answer begin and end. Each request gets
 * a connection to the server of its own. */
#include "torture/fault_proxy.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define HEAD_MAX 65536

static const struct answer {
	const char *fault, *status, *code, *headers;
} answers[] = {
    {"500", "500 Internal Server Error", "InternalError", ""},
    {"503", "503 Slow Down", "SlowDown", "Retry-After: 1\r\n"},
    {"429", "429 Too Many Requests", "TooManyRequests", ""},
    {"403", "403 Forbidden", "AccessDenied", ""},
    {"301", "301 Moved Permanently", "PermanentRedirect", "Location: http://elsewhere.test/\r\n"},
    {"200", "200 OK", "InternalError", ""},
};

struct message {
	char head[HEAD_MAX + 1];
	size_t head_len;
	char body[65536]; /* what has come with the head */
	size_t body_len;
};

/* Up to the empty line. */
static bool read_head(int fd, struct message *m)
{
	char *end = NULL;
	size_t len = 0;

	while (!end && len < HEAD_MAX) {
		ssize_t n = read(fd, m->head + len, HEAD_MAX - len);

		if (n <= 0)
			return false;
		len += (size_t)n;
		m->head[len] = '\0';
		end = strstr(m->head, "\r\n\r\n");
	}
	if (!end)
		return false;
	m->head_len = (size_t)(end + 4 - m->head);
	m->body_len = len - m->head_len;
	memcpy(m->body, end + 4, m->body_len);
	*(end + 4) = '\0';
	return true;
}

/* The value of a header, "" when it is not there. */
static char *header(struct message *m, const char *name)
{
	static char none[] = "";
	char *p = strcasestr(m->head, name);

	return p ? p + strlen(name) : none;
}

/* What the head announces, from one to the other; chunks are passed on as they are. */
static bool pass_body(struct link *l, enum way way, struct message *m)
{
	bool chunked = strncasecmp(header(m, "\r\ntransfer-encoding: "), "chunked", 7) == 0;
	uint64_t left = strtoull(header(m, "\r\ncontent-length: "), NULL, 10);
	bool good = true;

	while (chunked || left > 0) {
		size_t n = m->body_len;

		if (n == 0) {
			ssize_t got = read(l->fd[!way], m->body, sizeof m->body);

			if (got <= 0)
				return false;
			n = (size_t)got;
		}
		m->body_len = 0;
		left -= chunked || n > left ? left : n;
		/* The last chunk; the XML before it never looks so. */
		if (chunked && n >= 5 && memcmp(m->body + n - 5, "0\r\n\r\n", 5) == 0)
			chunked = false;
		if (good && !pass(l, way, m->body, n))
			good = false;
		/* A server that has refused is still to be listened to, a client that left is not. */
		if (!good && (way == DOWN || l->broken))
			return false;
	}
	return good || way == UP;
}

static bool pass_request(struct link *l, struct message *q)
{
	static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";

	l->from[UP] = q->head_len;
	if (!pass(l, UP, q->head, q->head_len) && l->broken)
		return false;
	if (header(q, "\r\nexpect: 100-")[0] && !send_all(l->fd[DOWN], go_on, sizeof go_on - 1))
		return false;
	return pass_body(l, UP, q);
}

static void falsify(const struct link *l, struct message *a)
{
	char *length = header(a, "\r\ncontent-length: "),
	     *range = header(a, "\r\ncontent-range: bytes ");

	/* Of as many digits, at the second one of them. */
	if (is(l, "longer") && length[0] && length[1] >= '0')
		length[1] = length[1] < '9' ? length[1] + 1 : '9';
	if (is(l, "shorter") && length[0] && length[1] >= '0')
		length[1] = length[1] > '0' ? length[1] - 1 : '0';
	if (is(l, "range") && range[0])
		range[0] = range[0] < '9' ? range[0] + 1 : '0';
}

static bool pass_answer(struct link *l, struct message *a, bool has_body)
{
	do
		if (!read_head(l->fd[UP], a))
			return false;
	while (strncmp(a->head + 8, " 1", 2) == 0); /* 100 Continue */
	falsify(l, a);
	l->from[DOWN] = a->head_len;
	if (is(l, "lost"))
		l->fd[DOWN] = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (!pass(l, DOWN, a->head, a->head_len))
		return false;
	if (has_body && strncmp(a->head + 8, " 204", 4) != 0 && !pass_body(l, DOWN, a))
		return false;
	return !is(l, "lost") && !is(l, "longer") && !is(l, "shorter") &&
	       strncasecmp(header(a, "\r\nconnection: "), "close", 5) != 0;
}

static bool answer_ourselves(struct link *l, const struct answer *a, bool has_body)
{
	char body[200], text[600];
	int len = snprintf(body, sizeof body,
			   "<?xml version=\"1.0\"?><Error><Code>%s</Code><Message>the fault "
			   "proxy says so</Message></Error>",
			   a->code);
	int n = snprintf(
	    text, sizeof text,
	    "HTTP/1.1 %s\r\n%sContent-Type: application/xml\r\nContent-Length: %d\r\n\r\n%s",
	    a->status, a->headers, len, has_body ? body : "");

	return send_all(l->fd[DOWN], text, (size_t)n);
}

static bool exchange(struct link *l, struct message *q, struct message *a, bool has_body)
{
	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++)
		if (is(l, answers[i].fault)) {
			l->fd[UP] = open("/dev/null", O_WRONLY | O_CLOEXEC);
			return pass_request(l, q) && answer_ourselves(l, &answers[i], has_body);
		}
	l->fd[UP] = dial();
	if (l->fd[UP] < 0)
		return !(l->reset = true);
	return pass_request(l, q) && pass_answer(l, a, has_body);
}

void serve_http(int client)
{
	struct message *q = malloc(sizeof *q), *a = malloc(sizeof *a);
	bool going = q && a;

	while (going && read_head(client, q)) {
		struct link l = {.fd = {[DOWN] = client, [UP] = -1}};
		size_t method = strcspn(q->head, " ");
		char request[3900];

		snprintf(request, sizeof request, "%.*s",
			 (int)(method + 1 + strcspn(q->head + method + 1, " ")), q->head);
		going = begin(&l) && exchange(&l, q, a, strncmp(q->head, "HEAD ", 5) != 0);
		note(&l, request);
		close(l.fd[UP]);
		if (l.fd[DOWN] != client)
			close(l.fd[DOWN]);
		l.fd[DOWN] = client;
		if (!going && l.reset)
			hang_up(&l), client = -1;
	}
	if (client >= 0)
		close(client);
	free(q);
	free(a);
}
