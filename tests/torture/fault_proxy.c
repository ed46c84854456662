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
#include "torture/fault_proxy.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

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

static void die(const char *what)
{
	perror(what);
	exit(1);
}

bool is(const struct link *l, const char *fault)
{
	return l->faulty && strcmp(o.fault, fault) == 0;
}

bool send_all(int fd, const char *data, size_t len)
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

bool pass(struct link *l, enum way way, char *data, size_t len)
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

int dial(void)
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

void hang_up(struct link *l)
{
	if (l->reset)
		setsockopt(l->fd[DOWN], SOL_SOCKET, SO_LINGER, &(struct linger){1, 0},
			   sizeof(struct linger));
	close(l->fd[DOWN]);
}

void note(const struct link *l, const char *request)
{
	char line[4096];
	int n = snprintf(line, sizeof line, "%lu %.3900s %llu %llu %s\n", l->number, request,
			 (unsigned long long)l->seen[UP], (unsigned long long)l->seen[DOWN],
			 l->faulty ? o.fault : "-");

	if (write(o.log, line, (size_t)n) != n)
		die("log");
}

bool begin(struct link *l)
{
	l->number = atomic_fetch_add(&count, 1) + 1;
	l->faulty = l->number == o.which || (o.onwards && l->number > o.which);
	if (!is(l, "refuse"))
		return true;
	shutdown(o.listener, SHUT_RDWR);
	l->reset = true;
	return false;
}

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
