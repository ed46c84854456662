/*
 * fault_proxy: stands between a client and a server of this machine, and breaks one thing.
 *
 *	fault-proxy http|raw UPSTREAM LOG [FAULT WHICH [uBYTE|dBYTE]]
 *
 * UPSTREAM is a port of 127.0.0.1 or the path of a Unix socket. It prints the port it listens on and runs
 * until it is killed. Each run counts from 1: requests with http, over all connections, and
 * connections with raw. "3" is the third, "3+" the third and all later ones.
 *
 * reset, cut (an orderly close), stall, trickle (10 bytes/s), flip (a bit) happen at a byte that goes up, to
 * the server, or down: of the request or answer with http (flip: of its body), else of the connection. All
 * that comes before it is passed on. refuse needs no byte: nobody listens any more. For http also:
 *
 *	500 503 429 403 301 200   what the client gets instead; the server hears nothing (200: an error's body)
 *	lost                      the server does it, the answer is dropped
 *	longer shorter range      a wrong Content-Length, a wrong Content-Range
 *
 * LOG gets a line for each request or connection that is over: its number, method and target ("-" with raw),
 * bytes up, bytes down, and the fault that it had, or "-". Requests are passed on as they are: the
 * signature covers the Host that the client wrote.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define HEAD_MAX 65536

enum way { UP, DOWN };

/* Of the whole run; written before the first connection. */
static struct {
	const char *upstream, *fault;
	unsigned long which;
	bool http, onwards;
	enum way way;
	uint64_t byte;
	int listener, log;
} o = {.fault = ""};

static atomic_ulong count;

/* A connection, or a request with its answer. */
struct link {
	int fd[2];        /* where bytes of each way go: [UP] the server, [DOWN] the client */
	uint64_t seen[2]; /* of each way */
	uint64_t from[2]; /* where the bytes begin that a flip counts */
	unsigned long number;
	bool faulty; /* the fault is for this one */
	bool broken; /* and it has happened, or somebody hung up: it is over */
	bool reset;  /* and ends with a reset */
};

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

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static bool is(const struct link *l, const char *fault)
{
	return l->faulty && strcmp(o.fault, fault) == 0;
}

static bool send_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno != EINTR)
			return false;
		data += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return true;
}

static void until_hang_up(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLRDHUP};

	while (poll(&p, 1, -1) < 0)
		;
}

static bool trickle(int fd, const char *data, size_t len)
{
	while (len-- > 0) {
		poll(NULL, 0, 100);
		if (!send_all(fd, data++, 1))
			return false;
	}
	return true;
}

/* The fault, at the first byte of data. */
static bool strike(struct link *l, enum way way, char *data, size_t len)
{
	if (is(l, "flip") && l->seen[way] == o.byte + l->from[way])
		data[0] ^= (char)(1 << o.byte % 8);
	if (is(l, "flip"))
		return send_all(l->fd[way], data, len);
	if (is(l, "trickle"))
		return trickle(l->fd[way], data, len);
	if (is(l, "stall"))
		until_hang_up(l->fd[DOWN]);
	l->reset = is(l, "reset");
	l->broken = true;
	return false;
}

/* Hand data on. False: the link is over, or, upwards, the server does not want more. */
static bool pass(struct link *l, enum way way, char *data, size_t len)
{
	static const char *const at_a_byte[] = {"reset", "cut", "stall", "trickle", "flip"};
	uint64_t byte = o.byte + (is(l, "flip") ? l->from[way] : 0), before = len;
	bool good;

	for (size_t i = 0; way == o.way && i < sizeof at_a_byte / sizeof *at_a_byte; i++)
		if (is(l, at_a_byte[i]))
			before = byte > l->seen[way] ? byte - l->seen[way] : 0;
	before = before < len ? before : len;
	good = send_all(l->fd[way], data, before);
	l->seen[way] += before;
	if (!good || before == len)
		return good;
	good = strike(l, way, data + before, len - before);
	l->seen[way] += len - before;
	return good;
}

static int dial(void)
{
	struct sockaddr_un unix_address = {.sun_family = AF_UNIX};
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				      .sin_port = htons((uint16_t)atol(o.upstream))};
	bool local = o.upstream[0] == '/';
	int fd = socket(local ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(unix_address.sun_path, sizeof unix_address.sun_path, "%s", o.upstream);
	if (local ? connect(fd, (struct sockaddr *)&unix_address, sizeof unix_address)
		  : connect(fd, (struct sockaddr *)&address, sizeof address)) {
		close(fd);
		return -1;
	}
	return fd;
}

static void hang_up(struct link *l)
{
	if (l->reset)
		setsockopt(l->fd[DOWN], SOL_SOCKET, SO_LINGER, &(struct linger){1, 0},
			   sizeof(struct linger));
	close(l->fd[DOWN]);
}

static void note(const struct link *l, const char *request)
{
	char line[4096];
	int n = snprintf(line, sizeof line, "%lu %.3900s %llu %llu %s\n", l->number, request,
			 (unsigned long long)l->seen[UP], (unsigned long long)l->seen[DOWN],
			 l->faulty ? o.fault : "-");

	if (write(o.log, line, (size_t)n) != n)
		die("log");
}

/* The next number, and what is to happen to it. False: it is refused. */
static bool begin(struct link *l)
{
	l->number = atomic_fetch_add(&count, 1) + 1;
	l->faulty = l->number == o.which || (o.onwards && l->number > o.which);
	if (!is(l, "refuse"))
		return true;
	shutdown(o.listener, SHUT_RDWR);
	l->reset = true;
	return false;
}

/* raw: bytes, whatever they mean. */

static bool relay(struct link *l, enum way way)
{
	char data[65536];
	ssize_t n = read(l->fd[!way], data, sizeof data);

	if (n > 0)
		return pass(l, way, data, (size_t)n);
	/* Half-closed: the other way may have more. */
	return n == 0 && way == UP && shutdown(l->fd[UP], SHUT_WR) == 0;
}

static void serve_raw(int client)
{
	struct link l = {.fd = {[DOWN] = client, [UP] = dial()}};
	struct pollfd p[] = {{.fd = l.fd[DOWN], .events = POLLIN},
			     {.fd = l.fd[UP], .events = POLLIN}};
	bool going = begin(&l) && l.fd[UP] >= 0;

	while (going && (poll(p, 2, -1) > 0 || errno == EINTR)) {
		if (p[1].revents)
			going = relay(&l, DOWN);
		else if (p[0].revents)
			going = relay(&l, UP);
		if (p[0].revents & (POLLHUP | POLLERR))
			going = false;
	}
	note(&l, "- -");
	hang_up(&l);
	close(l.fd[UP]);
}

/* http: one request after another; each gets a connection to the server of its own. */

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

static void serve_http(int client)
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

static void *serve(void *client)
{
	(o.http ? serve_http : serve_raw)((int)(intptr_t)client);
	return NULL;
}

static void parse(char **argv, int argc)
{
	o.http = strcmp(argv[1], "http") == 0;
	o.upstream = argv[2];
	o.log = open(argv[3], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (o.log < 0)
		die(argv[3]);
	if (argc < 6)
		return;
	o.fault = argv[4];
	o.which = strtoul(argv[5], NULL, 10);
	o.onwards = strchr(argv[5], '+');
	if (argc > 6) {
		o.way = argv[6][0] == 'u' ? UP : DOWN;
		o.byte = strtoull(argv[6] + 1, NULL, 10);
	}
}

int main(int argc, char **argv)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof address;

	if (argc < 4)
		return 2;
	parse(argv, argc);
	signal(SIGPIPE, SIG_IGN);
	o.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(o.listener, (struct sockaddr *)&address, size) || listen(o.listener, 64) ||
	    getsockname(o.listener, (struct sockaddr *)&address, &size))
		die("listen");
	printf("%d\n", ntohs(address.sin_port));
	fflush(stdout);
	for (;;) {
		int client = accept4(o.listener, NULL, NULL, SOCK_CLOEXEC);
		pthread_t thread;

		if (client < 0) { /* refuse has shut it down */
			close(o.listener);
			for (;;)
				pause();
		}
		if (pthread_create(&thread, NULL, serve, (void *)(intptr_t)client) ||
		    pthread_detach(thread))
			die("thread");
	}
}
