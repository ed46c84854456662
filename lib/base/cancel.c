#include "base/cancel.h"

#include "base/text.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>

static atomic_int arrived;                   /* a handler sets it, any thread reads it */
static _Atomic int64_t timeout, deadline_ms; /* a timeout of 0 s is none */

static void on_signal(int number)
{
	int none = 0;

	atomic_compare_exchange_strong(&arrived, &none, number);
}

void cancel_install(void)
{
	/* No SA_RESTART: a wait in poll or waitpid ends at once, not after its second. */
	struct sigaction action = {.sa_handler = on_signal}, hangup;

	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	if (sigaction(SIGHUP, NULL, &hangup) == 0 &&
	    hangup.sa_handler != SIG_IGN) /* as nohup does */
		sigaction(SIGHUP, &action, NULL);
	action.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &action, NULL);
	sigaction(SIGXFSZ, &action, NULL); /* a limit of a file's size is then an error as others */
	/* Whoever started us may ignore it, and exit statuses of children would be lost. */
	action.sa_handler = SIG_DFL;
	sigaction(SIGCHLD, &action, NULL);
}

void cancel_after(int64_t timeout_s)
{
	deadline_ms = timeout_s < INT64_MAX / 2000 ? clock_ms() + timeout_s * 1000 : INT64_MAX;
	timeout = timeout_s;
}

int cancel_signal(void)
{
	return arrived;
}

bool cancel_check(struct err *e)
{
	char after[TEXT_SECONDS_SIZE];
	int number = arrived;

	if (number)
		return err_set(e, ERR_CANCELLED, "cancelled by SIG%s", sigabbrev_np(number));
	if (timeout == 0 || clock_ms() < deadline_ms)
		return true;
	return err_set(e, ERR_CANCELLED, "no end after %s", text_seconds((double)timeout, after));
}

bool cancel_wait(int fd, short events, int timeout_ms, struct err *e)
{
	int64_t deadline = clock_ms() + timeout_ms;

	for (;;) {
		struct pollfd p = {.fd = fd, .events = events};
		int64_t left = timeout_ms < 0 ? 1000 : deadline - clock_ms();
		int n;

		if (!cancel_check(e))
			return false;
		n = poll(&p, 1, left > 1000 ? 1000 : left < 0 ? 0 : (int)left);
		if (n > 0)
			return true;
		if (n < 0 && errno != EINTR)
			return err_sys(e, "poll");
		if (n == 0 && timeout_ms >= 0 && clock_ms() >= deadline)
			return err_set(e, ERR_TRANSIENT, "timed out after %g s",
				       timeout_ms / 1000.0);
	}
}
