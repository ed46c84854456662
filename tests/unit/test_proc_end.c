#include "test_proc_run.h"

#include "base/cancel.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

TestSuite(proc_end, .timeout = 60);

Test(proc_end, output_that_ends_early_says_nothing_about_the_status)
{
	CLEANUP(proc_stop)
	struct proc p = {.argv = SH("echo x; exec >&-; sleep 0.1; exit 3"), .capture_out = true};
	struct err e = {0};
	char text[10];

	cr_assert(proc_start(&p, &e), "%s", e.text);
	read_all(p.out, text, sizeof text);
	cr_assert_str_eq(text, "x\n");
	cr_assert(!proc_wait(&p, &e));
	cr_assert_str_eq(e.text, "sh: exit status 3");
}

/* We ignore it; programs expect to be ended by it. */
Test(proc_end, a_reader_that_goes_away_ends_it_by_sigpipe)
{
	CLEANUP(proc_stop)
	struct proc p = {.argv = (const char *[]){"yes", NULL}, .capture_out = true};
	struct err e = {0};

	cancel_install();
	cr_assert(proc_start(&p, &e), "%s", e.text);
	closep(&p.out);
	cr_assert(!proc_wait(&p, &e));
	cr_assert_str_eq(e.text, "yes: killed by SIGPIPE");
}

Test(proc_end, running_is_told_and_so_is_how_it_ended)
{
	CLEANUP(proc_stop)
	struct proc p = {.argv = SH("echo said >&2; sleep 0.1; exit 3"), .capture_out = true};
	struct err e = {0};

	cr_assert(!proc_running(&p));
	cr_assert(proc_start(&p, &e), "%s", e.text);
	cr_assert(proc_running(&p));
	while (proc_running(&p))
		(void)!cancel_wait(p.out, POLLIN, 10, &e);
	cr_assert_eq(p.pid, 0);
	for (int i = 0; i < 2; i++) {
		cr_assert(!proc_wait(&p, &e));
		cr_assert_str_eq(e.text, "sh: exit status 3: said");
	}
}

/* With SIGCHLD ignored the kernel throws the status away: no success without one. */
Test(proc_end, a_lost_exit_status_is_no_success)
{
	struct err e = {0};

	signal(SIGCHLD, SIG_IGN);
	cr_assert(!run((const char *[]){"true", NULL}, NULL, 0, &e));
	cr_assert_str_eq(e.text, "true: its exit status was lost");
	cr_assert_eq(e.kind, ERR_SYSTEM);
}

/* Whoever has the other end of its stdout open still runs. */
static void nobody_is_left(int out)
{
	char text[100];
	struct err e = {0};

	while (cancel_wait(out, POLLIN, 10000, &e) && read(out, text, sizeof text) > 0)
		;
	cr_assert_eq(e.kind, ERR_NONE, "%s", e.text);
	close(out);
}

Test(proc_end, stop_ends_its_children_too)
{
	struct proc p = {.argv = SH("sh -c 'echo ready; sleep 1000' & sleep 1000 & wait"),
			 .capture_out = true};
	struct err e = {0};
	char text[7];

	cr_assert(proc_start(&p, &e), "%s", e.text);
	int out = fcntl(p.out, F_DUPFD_CLOEXEC, 0);
	read_all(out, text, sizeof text);
	int64_t start = clock_ms();
	proc_stop(&p);
	nobody_is_left(out);
	cr_assert_lt(clock_ms() - start, 5000);
}

Test(proc_end, children_that_it_leaves_behind_end_with_it)
{
	CLEANUP(proc_stop) struct proc p = {.argv = SH("sleep 1000 & exit 0"), .capture_out = true};
	struct err e = {0};

	cr_assert(proc_start(&p, &e), "%s", e.text);
	int out = fcntl(p.out, F_DUPFD_CLOEXEC, 0);
	cr_assert(proc_wait(&p, &e), "%s", e.text);
	nobody_is_left(out);
}

Test(proc_end, a_daemon_that_keeps_its_stderr_open_is_not_waited_for)
{
	int64_t start = clock_ms();
	struct err e = {0};
	char said[100];

	cr_assert(run(SH("echo said >&2; setsid sleep 5 & sleep 0.2"), said, sizeof said, &e));
	cr_assert_lt(clock_ms() - start, 4000);
	cr_assert_str_eq(said, "said\n");
}

Test(proc_end, stop_uses_the_signal_that_was_asked_for)
{
	struct proc p = {.argv = SH("trap 'echo quit; exit' QUIT; echo ready; sleep 1000 & wait"),
			 .capture_out = true,
			 .stop_signal = SIGQUIT};
	struct err e = {0};
	char text[100];

	cr_assert(proc_start(&p, &e), "%s", e.text);
	CLEANUP(closep) int out = fcntl(p.out, F_DUPFD_CLOEXEC, 0);
	read_all(out, text, 7);
	proc_stop(&p);
	read_all(out, text, sizeof text);
	cr_assert_str_eq(text, "quit\n");
}

Test(proc_end, one_that_ignores_the_signal_is_killed)
{
	struct proc p = {.argv = SH("trap '' TERM; echo ready; while :; do sleep 0.05; done"),
			 .capture_out = true,
			 .stop_wait_ms = 100};
	struct err e = {0};
	int64_t start;
	char text[7];

	cr_assert(proc_start(&p, &e), "%s", e.text);
	int out = fcntl(p.out, F_DUPFD_CLOEXEC, 0);
	read_all(out, text, sizeof text);
	start = clock_ms();
	proc_stop(&p);
	cr_assert(clock_ms() - start >= 100 && clock_ms() - start < 5000);
	nobody_is_left(out);
}

Test(proc_end, stop_without_a_start_or_twice_is_no_harm)
{
	struct proc never = {0}, p = {.argv = SH("exit 0"), .capture_out = true};
	struct err e = {0};

	proc_stop(&never);
	cr_assert(fcntl(STDIN_FILENO, F_GETFD) >= 0);
	cr_assert(proc_start(&p, &e) && proc_wait(&p, &e), "%s", e.text);
	proc_stop(&p);
	proc_stop(&p);
	cr_assert(fcntl(STDIN_FILENO, F_GETFD) >= 0);
	cr_assert(proc_start(&p, &e) && proc_wait(&p, &e), "it can be started again");
	proc_stop(&p);
}

Test(proc_end, a_signal_ends_the_wait_within_a_second)
{
	CLEANUP(proc_stop) struct proc p = {.argv = SH("kill -TERM $PPID; sleep 1000")};
	int64_t start = clock_ms();
	struct err e = {0};

	cancel_install();
	cr_assert(proc_start(&p, &e), "%s", e.text);
	cr_assert(!proc_wait(&p, &e));
	cr_assert_eq(e.kind, ERR_CANCELLED);
	cr_assert_lt(clock_ms() - start, 3000, "a second, and a busy machine");
}

/* Blocked and ignored signals are ours, not its. */
Test(proc_end, it_starts_with_signals_as_they_are_by_default)
{
	CLEANUP(proc_stop)
	struct proc p = {.argv = SH("sed -En 's/^Sig(Blk|Ign):.//p' /proc/self/status"),
			 .capture_out = true};
	struct err e = {0};
	unsigned long long blocked, ignored;
	char text[100];
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	cr_assert(proc_start(&p, &e), "%s", e.text);
	read_all(p.out, text, sizeof text);
	cr_assert_eq(sscanf(text, "%llx %llx", &blocked, &ignored), 2, "%s", text);
	cr_assert_eq(blocked, 0);
	cr_assert_eq(ignored & ~(3ULL << 31), 0, "%llx", ignored); /* 32 and 33 are glibc's own */
}

Test(proc_end, it_dies_with_us)
{
	int ready[2];
	pid_t parent, child = 0;

	cr_assert_eq(pipe(ready), 0);
	parent = fork();
	cr_assert(parent >= 0);
	if (parent == 0) {
		struct proc p = {.argv = (const char *[]){"sleep", "1000", NULL}};
		struct err e;

		if (!proc_start(&p, &e) || write(ready[1], &p.pid, sizeof p.pid) < 0)
			_exit(1);
		for (;;)
			pause();
	}
	cr_assert_eq(read(ready[0], &child, sizeof child), sizeof child);
	CLEANUP(closep) int fd = (int)syscall(SYS_pidfd_open, child, 0);
	cr_assert(fd >= 0);
	kill(parent, SIGKILL);
	waitpid(parent, NULL, 0);
	struct pollfd p = {.fd = fd, .events = POLLIN};
	cr_assert_eq(poll(&p, 1, 10000), 1);
	close(ready[0]);
	close(ready[1]);
}

Test(proc_end, it_runs_as_another_user_with_no_other_groups)
{
	if (geteuid() != 0)
		cr_skip_test("needs root");
	cr_assert_eq(setgroups(2, (const gid_t[]){0, 4}), 0);
	outputs(&(struct proc){.argv = SH("id -u; id -g; id -G; grep CapEff /proc/self/status"),
			       .own_user = true,
			       .uid = 65534,
			       .gid = 65533,
			       .directory = "/"},
		"65534\n65533\n65533\nCapEff:\t0000000000000000\n");
}

Test(proc_end, a_change_of_user_that_is_refused_is_an_error)
{
	struct err e = {0};
	pid_t pid;
	int status;

	if (geteuid() != 0)
		cr_skip_test("needs root");
	pid = fork();
	if (pid == 0) {
		CLEANUP(proc_stop)
		struct proc p = {.argv = SH("exit 0"), .own_user = true, .uid = 1, .gid = 1};

		if (setuid(65534) != 0 || proc_start(&p, &e) || e.kind != ERR_DENIED)
			_exit(1);
		_exit(strncmp(e.text, "sh: change user: ", 17) != 0);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert_eq(status, 0);
}

/* In another network than ours, and without a way out of it. False where none is granted. */
static bool is_alone(struct proc *p)
{
	static const char *const script[] = {
	    "sh", "-c", "readlink /proc/self/ns/net; sed 1d /proc/net/route", NULL};
	struct err e = {0};
	char said[400], ours[60] = "";

	p->argv = script;
	p->no_network = p->capture_out = true;
	cr_assert(readlink("/proc/self/ns/net", ours, sizeof ours - 1) > 0);
	cr_assert(proc_start(p, &e), "%s", e.text);
	read_all(p->out, said, sizeof said);
	cr_assert(proc_wait(p, &e), "%s", e.text);
	if (p->network_error)
		return false;
	cr_assert(strncmp(said, "net:[", 5) == 0 && strcspn(said, "\n") == strlen(said) - 1, "%s",
		  said);
	cr_assert(strncmp(said, ours, strlen(ours)) != 0, "%s", said);
	proc_stop(p);
	return true;
}

/* Nor is one granted to a user's process with threads, such as ThreadSanitizer's. */
Test(proc_end, a_network_of_its_own_leads_nowhere)
{
	bool granted = is_alone(&(struct proc){0});
	pid_t pid;
	int status;

	if (granted && geteuid() == 0) {
		is_alone(&(struct proc){.own_user = true, .uid = 65534, .gid = 65534});
		pid = fork();
		if (pid == 0)
			_exit(setuid(65534) != 0 ? 1 : is_alone(&(struct proc){0}) ? 0 : 77);
		cr_assert_eq(waitpid(pid, &status, 0), pid);
		granted = WEXITSTATUS(status) != 77;
		cr_assert(WIFEXITED(status) && (!granted || WEXITSTATUS(status) == 0));
	}
	if (!granted)
		cr_skip_test("no network of its own is granted here");
}

static void refuse_unshare(void)
{
	struct sock_filter code[] = {
	    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_unshare, 0, 1),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
	const struct sock_fprog filter = {sizeof code / sizeof *code, code};

	cr_assert_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	cr_assert_eq(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter), 0);
}

/* As in most containers. */
Test(proc_end, where_no_network_of_its_own_is_granted_it_runs_and_that_is_known)
{
	struct err e = {0};

	refuse_unshare();
	CLEANUP(proc_stop) struct proc p = {.argv = SH("exit 0"), .no_network = true};
	cr_assert(proc_start(&p, &e) && proc_wait(&p, &e), "%s", e.text);
	cr_assert_eq(p.network_error, EPERM);
	CLEANUP(proc_stop)
	struct proc none = {.argv = (const char *const[]){"/nowhere/x", NULL}, .no_network = true};
	cr_assert(!proc_start(&none, &e));
	cr_assert_eq(e.kind, ERR_MISSING);
}

static void *run_some(void *arg)
{
	bool *ok = arg;

	*ok = true;
	for (int i = 0; i < 20 && *ok; i++) {
		CLEANUP(proc_stop)
		struct proc p = {.argv = SH("echo out; echo err >&2; exit 3"), .capture_out = true};
		struct err e = {0};
		char text[100];

		*ok = proc_start(&p, &e) && read_all(p.out, text, sizeof text) == 4 &&
		      !proc_wait(&p, &e) && strcmp(e.text, "sh: exit status 3: err") == 0 &&
		      strcmp(p.errors.data, "err\n") == 0;
	}
	return NULL;
}

Test(proc_end, several_threads_start_at_once)
{
	pthread_t threads[8];
	bool ok[8];

	for (size_t i = 0; i < 8; i++)
		cr_assert_eq(pthread_create(&threads[i], NULL, run_some, &ok[i]), 0);
	for (size_t i = 0; i < 8; i++) {
		pthread_join(threads[i], NULL);
		cr_assert(ok[i], "thread %zu", i);
	}
}

Test(proc_end, what_a_child_left_running_ends_however_it_hid)
{
	struct err e = {0};
	char text[20];
	pid_t left;

	proc_adopt();
	CLEANUP(proc_stop)
	struct proc p = {
	    .argv = SH("setsid sh -c 'setsid sleep 1000 >&- & echo $!; exec sleep 1000 >&-' &"),
	    .capture_out = true};
	cr_assert(proc_start(&p, &e), "%s", e.text);
	read_all(p.out, text, sizeof text);
	cr_assert(proc_wait(&p, &e), "%s", e.text);
	left = (pid_t)strtol(text, NULL, 10);
	cr_assert(left > 1 && kill(left, 0) == 0, "%s", text);
	proc_end_children(10000);
	cr_assert_eq(kill(left, 0), -1);
	cr_assert_eq(waitpid(-1, NULL, 0), -1);
	proc_end_children(10000); /* of nobody */
}

/* As when a shell with jobs of its own becomes us by exec. */
Test(proc_end, what_was_there_before_us_stays)
{
	pid_t before = fork(), after;

	if (before == 0) {
		pause();
		_exit(0);
	}
	proc_adopt();
	after = fork();
	if (after == 0) {
		pause();
		_exit(0);
	}
	proc_end_children(10000);
	cr_assert_eq(kill(after, 0), -1);
	cr_assert_eq(waitpid(before, NULL, WNOHANG), 0, "it was killed");
	kill(before, SIGKILL);
	waitpid(before, NULL, 0);
}

/* As with hidepid, or a child that dumps no core. */
static bool waits_for_hidden(void)
{
	pid_t hidden;
	int64_t since_ms;

	proc_adopt();
	hidden = fork();
	if (hidden == 0) {
		pause();
		_exit(0);
	}
	if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount("none", "/proc", "tmpfs", 0, NULL) != 0)
		return false;
	since_ms = clock_ms();
	proc_end_children(300);
	if (clock_ms() - since_ms < 300)
		return false;
	kill(hidden, SIGKILL);
	proc_end_children(10000);
	return waitpid(-1, NULL, 0) == -1;
}

/* In a child, which leaves our /proc to the leak sanitizer. */
Test(proc_end, a_child_that_proc_does_not_show_is_waited_for)
{
	pid_t pid;
	int status;

	if (geteuid() != 0)
		cr_skip_test("needs root");
	pid = fork();
	if (pid == 0)
		_exit(!waits_for_hidden());
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert_eq(status, 0);
}
