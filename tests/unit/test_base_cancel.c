#include "base/cancel.h"

#include <criterion/criterion.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

TestSuite(base_cancel, .init = cancel_install, .timeout = 30);

Test(base_cancel, nothing_is_cancelled_before_a_signal)
{
	struct err e = {0};

	cr_assert_eq(cancel_signal(), 0);
	cr_assert(cancel_check(&e));
}

Test(base_cancel, the_first_signal_counts)
{
	struct err e = {0};

	raise(SIGTERM);
	raise(SIGINT);
	raise(SIGTERM);
	cr_assert_eq(cancel_signal(), SIGTERM);
	cr_assert(!cancel_check(&e));
	cr_assert_eq(e.kind, ERR_CANCELLED);
	cr_assert_str_eq(e.text, "cancelled by SIGTERM");
}

Test(base_cancel, an_interrupt_is_told_from_a_termination)
{
	struct err e = {0};

	raise(SIGINT);
	cr_assert_eq(cancel_signal(), SIGINT);
	cr_assert(!cancel_check(&e));
	cr_assert_str_eq(e.text, "cancelled by SIGINT");
}

Test(base_cancel, a_broken_pipe_is_an_error_and_not_the_end)
{
	int fd[2];

	cr_assert_eq(pipe(fd), 0);
	close(fd[0]);
	cr_assert_eq(write(fd[1], "x", 1), -1);
	cr_assert_eq(cancel_signal(), 0);
}

Test(base_cancel, exit_statuses_are_kept_even_if_our_parent_ignored_them)
{
	struct sigaction now;

	signal(SIGCHLD, SIG_IGN);
	cancel_install();
	sigaction(SIGCHLD, NULL, &now);
	cr_assert(now.sa_handler == SIG_DFL);
}

Test(base_cancel, wait_ends_when_there_is_something_to_read)
{
	struct err e = {0};
	int fd[2];

	cr_assert_eq(pipe(fd), 0);
	cr_assert_eq(write(fd[1], "x", 1), 1);
	cr_assert(cancel_wait(fd[0], POLLIN, 0, &e), "%s", e.text);
	cr_assert(cancel_wait(fd[0], POLLIN, -1, &e), "%s", e.text);
	cr_assert(cancel_wait(fd[1], POLLOUT, -1, &e), "%s", e.text);
	close(fd[1]);
	cr_assert_eq(read(fd[0], fd, 1), 1);
	cr_assert(cancel_wait(fd[0], POLLIN, -1, &e), "the end of the file is something too");
}

Test(base_cancel, wait_times_out)
{
	static const struct {
		int timeout_ms;
		const char *text;
	} rows[] = {{0, "timed out after 0 s"},
		    {1, "timed out after 0.001 s"},
		    {250, "timed out after 0.25 s"},
		    {1000, "timed out after 1 s"}};
	int fd[2];

	cr_assert_eq(pipe(fd), 0);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		int64_t start = clock_ms();
		struct err e = {0};

		cr_assert(!cancel_wait(fd[0], POLLIN, rows[i].timeout_ms, &e));
		cr_assert_eq(e.kind, ERR_TRANSIENT);
		cr_assert_str_eq(e.text, rows[i].text);
		cr_assert(clock_ms() - start >= rows[i].timeout_ms);
	}
}

Test(base_cancel, without_a_descriptor_it_only_waits)
{
	struct err e = {0};

	cr_assert(!cancel_wait(-1, 0, 20, &e));
	cr_assert_eq(e.kind, ERR_TRANSIENT);
}

Test(base_cancel, a_signal_before_the_wait_ends_it_at_once)
{
	struct err e = {0};

	raise(SIGTERM);
	cr_assert(!cancel_wait(-1, 0, -1, &e));
	cr_assert_eq(e.kind, ERR_CANCELLED);
}

Test(base_cancel, a_signal_during_the_wait_ends_it_within_a_second)
{
	static const struct itimerval soon = {.it_value.tv_usec = 50000};
	struct sigaction term;
	int64_t start = clock_ms();
	struct err e = {0};

	/* The timer's signal takes the handler of a termination. */
	sigaction(SIGTERM, NULL, &term);
	sigaction(SIGALRM, &term, NULL);
	setitimer(ITIMER_REAL, &soon, NULL);
	cr_assert(!cancel_wait(-1, 0, -1, &e));
	cr_assert_eq(e.kind, ERR_CANCELLED);
	cr_assert_str_eq(e.text, "cancelled by SIGALRM");
	cr_assert_lt(clock_ms() - start, 1000);
}

struct waiting {
	struct err e;
	int timeout_ms;
	bool ended_well;
};

static void *waiting(void *arg)
{
	struct waiting *w = arg;
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, NULL); /* it looks at the flag all the same */
	w->ended_well = cancel_wait(-1, 0, w->timeout_ms, &w->e);
	return NULL;
}

Test(base_cancel, threads_that_get_no_signal_stop_within_a_second_too)
{
	static struct waiting w[] = {{.timeout_ms = -1}, {.timeout_ms = 20000}};
	pthread_t threads[2];
	struct err e = {0};
	int64_t start;

	for (size_t i = 0; i < 2; i++)
		cr_assert_eq(pthread_create(&threads[i], NULL, waiting, &w[i]), 0);
	cr_assert(!cancel_wait(-1, 0, 100, &e)); /* so that they wait */
	start = clock_ms();
	raise(SIGINT);
	for (size_t i = 0; i < 2; i++) {
		pthread_join(threads[i], NULL);
		cr_assert(!w[i].ended_well);
		cr_assert_eq(w[i].e.kind, ERR_CANCELLED);
	}
	cr_assert_lt(clock_ms() - start, 2500, "a second, and a busy machine");
}

Test(base_cancel, a_timeout_cancels_whoever_waits)
{
	struct err e = {0};

	cancel_after(1);
	cr_assert(cancel_check(&e));
	cr_assert(!cancel_wait(-1, 0, -1, &e));
	cr_assert_eq(e.kind, ERR_CANCELLED);
	cr_assert_str_eq(e.text, "no end after 1.0 s");
	cr_assert_eq(cancel_signal(), 0);
	cancel_after(0);
	cr_assert(cancel_check(&e));
}
