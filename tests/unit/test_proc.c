#include "proc/proc.h"

#include "base/cancel.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

TestSuite(proc, .timeout = 60);

#define SH(script) ((const char *[]){"sh", "-c", (script), NULL})

/* All there is to read, at most size - 1 bytes. */
static size_t read_all(int fd, char *out, size_t size)
{
	size_t len = 0;
	ssize_t n;

	while (len < size - 1 && (n = read(fd, out + len, size - 1 - len)) != 0) {
		cr_assert(n > 0 || errno == EINTR);
		len += n > 0 ? (size_t)n : 0;
	}
	out[len] = '\0';
	return len;
}

/* False with e; its stderr is in said. */
static bool run(const char *const argv[], char *said, size_t size, struct err *e)
{
	CLEANUP(proc_stop) struct proc p = {.argv = argv};
	bool ok = proc_start(&p, e) && proc_wait(&p, e);

	if (said)
		snprintf(said, size, "%s", p.errors.data ? p.errors.data : "");
	return ok;
}

static void outputs(struct proc *p, const char *expected)
{
	struct err e = {0};
	char text[4096];

	p->capture_out = true;
	cr_assert(proc_start(p, &e), "%s", e.text);
	read_all(p->out, text, sizeof text);
	cr_assert(proc_wait(p, &e), "%s", e.text);
	cr_assert_str_eq(text, expected);
	proc_stop(p);
}

static size_t open_files(void)
{
	DIR *d = opendir("/proc/self/fd");
	size_t n = 0;

	cr_assert(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

Test(proc, success_is_exit_status_0_alone)
{
	static const int statuses[] = {0, 1, 2, 3, 126, 127, 255};

	for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
		CLEANUP(freep) char *script = xasprintf("exit %d", statuses[i]);
		CLEANUP(freep) char *text = xasprintf("sh: exit status %d", statuses[i]);
		struct err e = {0};

		cr_assert_eq(run(SH(script), NULL, 0, &e), statuses[i] == 0);
		if (statuses[i] == 0)
			continue;
		cr_assert_eq(e.kind, ERR_SYSTEM);
		cr_assert_str_eq(e.text, text);
	}
}

Test(proc, a_signal_is_named)
{
	struct err e = {0};

	cr_assert(!run(SH("kill -9 $$"), NULL, 0, &e));
	cr_assert_str_eq(e.text, "sh: killed by SIGKILL");
	cr_assert(!run(SH("echo why >&2; kill -40 $$"), NULL, 0, &e));
	cr_assert_str_eq(e.text, "sh: killed by signal 40: why");
}

Test(proc, a_program_that_is_not_there_is_missing)
{
	static const struct {
		const char *program;
		enum err_kind kind;
	} rows[] = {{"no-such-program", ERR_MISSING},
		    {"/nowhere/program", ERR_MISSING},
		    {"/etc/passwd", ERR_DENIED},
		    {"/tmp", ERR_DENIED}};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CLEANUP(proc_stop)
		struct proc p = {.argv = (const char *[]){rows[i].program, NULL},
				 .capture_out = true};
		struct err e = {0};

		cr_assert(!proc_start(&p, &e));
		cr_assert_eq(e.kind, rows[i].kind, "%s", e.text);
		cr_assert_eq(strncmp(e.text, rows[i].program, strlen(rows[i].program)), 0);
		cr_assert(p.pid == 0 && p.out == -1, "nothing is left to stop");
	}
}

Test(proc, a_step_before_exec_that_fails_is_named)
{
	CLEANUP(proc_stop) struct proc p = {.argv = SH("exit 0"), .directory = "/nowhere"};
	CLEANUP(proc_stop) struct proc log = {.argv = SH("exit 0"), .stderr_log = "/nowhere/log"};
	struct err e = {0};

	cr_assert(!proc_start(&p, &e));
	cr_assert_eq(strncmp(e.text, "sh: chdir: No such file", 23), 0, "%s", e.text);
	cr_assert(!proc_start(&log, &e));
	cr_assert_eq(strncmp(e.text, "open /nowhere/log: ", 19), 0, "%s", e.text);
}

Test(proc, the_last_line_of_stderr_is_in_the_message)
{
	static const struct {
		const char *script, *text;
	} rows[] = {
	    {"echo first >&2; echo last >&2; exit 3", "sh: exit status 3: last"},
	    {"printf 'no newline' >&2; exit 3", "sh: exit status 3: no newline"},
	    {"printf 'last\\n\\n \\t\\r\\n' >&2; exit 3", "sh: exit status 3: last"},
	    {"printf '\\n\\n' >&2; exit 3", "sh: exit status 3"},
	    {"echo not this; exit 3", "sh: exit status 3"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct err e = {0};

		cr_assert(!run(SH(rows[i].script), NULL, 0, &e));
		cr_assert_str_eq(e.text, rows[i].text);
	}
}

Test(proc, all_of_stderr_is_there_after_the_wait)
{
	struct err e = {0};
	char said[100000];

	for (int i = 0; i < 20; i++) {
		cr_assert(run(SH("seq 10000 >&2"), said, sizeof said, &e), "%s", e.text);
		cr_assert_eq(strlen(said), 48894);
		cr_assert_str_eq(said + 48894 - 6, "10000\n");
	}
}

Test(proc, a_huge_stderr_keeps_its_beginning_and_its_end)
{
	CLEANUP(proc_stop)
	struct proc p = {.argv =
			     SH("echo first >&2; yes | head -c 10M >&2; echo last >&2; exit 1")};
	struct err e = {0};

	cr_assert(proc_start(&p, &e), "%s", e.text);
	cr_assert(!proc_wait(&p, &e));
	cr_assert_str_eq(e.text, "sh: exit status 1: last");
	cr_assert(p.errors.len <= PROC_STDERR_MAX && p.errors.len > PROC_STDERR_MAX - 4096);
	cr_assert_eq(strncmp(p.errors.data, "first\ny\ny\n", 10), 0);
	cr_assert(strstr(p.errors.data, "\n...\n"));
}

Test(proc, a_stderr_of_any_length_around_the_limit_is_kept_or_cut)
{
	static const int around[] = {-4097, -1, 0, 1, 2, 5, 4095, 4096, 4097, 131072};

	for (size_t i = 0; i < sizeof around / sizeof *around; i++) {
		size_t len = (size_t)((int)PROC_STDERR_MAX + around[i]);
		CLEANUP(freep)
		char *script = xasprintf(
		    "printf begin >&2; head -c %zu /dev/zero | tr '\\0' x >&2; printf finish >&2",
		    len - 11);
		CLEANUP(proc_stop) struct proc p = {.argv = SH(script)};
		struct err e = {0};

		cr_assert(proc_start(&p, &e) && proc_wait(&p, &e), "%s", e.text);
		cr_assert_eq(p.errors.len, len < PROC_STDERR_MAX ? len : PROC_STDERR_MAX);
		cr_assert_eq(strlen(p.errors.data), p.errors.len);
		cr_assert_eq(strncmp(p.errors.data, "beginx", 6), 0);
		cr_assert_str_eq(p.errors.data + p.errors.len - 7, "xfinish");
		cr_assert_eq(strstr(p.errors.data, "\n...\n") != NULL, len > PROC_STDERR_MAX);
	}
}

Test(proc, its_environment_is_what_was_given)
{
	setenv("INHERITED", "yes", 1);
	outputs(&(struct proc){.argv = (const char *[]){"env", NULL},
			       .env = (const char *[]){"A=b", "C=d e", NULL}},
		"A=b\nC=d e\n");
	outputs(&(struct proc){.argv = SH("echo $INHERITED")}, "yes\n");
}

Test(proc, an_environment_is_ours_without_some_and_with_others)
{
	setenv("PGPASSWORD", "hunter2", 1);
	setenv("PGPASSWORD_FILE", "/x", 1);
	setenv("PGTZ", "Mars", 1);
	CLEANUP(proc_env_freep)
	char **env = proc_env((const char *[]){"PGPASSWORD", "ABSENT", NULL},
			      (const char *[]){"PGTZ=UTC", "EMPTY=", NULL});
	size_t ours = 0, count = 0, found = 0;

	while (environ[ours])
		ours++;
	for (; env[count]; count++) {
		cr_assert(strncmp(env[count], "PGPASSWORD=", 11) != 0);
		cr_assert(strcmp(env[count], "PGTZ=Mars") != 0);
		found += strcmp(env[count], "PGPASSWORD_FILE=/x") == 0 ||
			 strcmp(env[count], "PGTZ=UTC") == 0 || strcmp(env[count], "EMPTY=") == 0;
	}
	cr_assert_eq(found, 3);
	cr_assert_eq(count, ours - 1 - 1 + 2);
}

Test(proc, an_environment_without_changes_is_ours)
{
	CLEANUP(proc_env_freep) char **env = proc_env(NULL, NULL);

	for (size_t i = 0; env[i] || environ[i]; i++)
		cr_assert_str_eq(env[i], environ[i]);
}

Test(proc, its_directory_is_what_was_asked_for)
{
	outputs(&(struct proc){.argv = SH("pwd"), .directory = "/usr"}, "/usr\n");
}

Test(proc, its_stdin_is_empty)
{
	outputs(&(struct proc){.argv = (const char *[]){"cat", NULL}}, "");
}

Test(proc, stderr_goes_to_the_log_file_that_was_named)
{
	char path[] = "/tmp/proc-XXXXXX", text[100];
	CLEANUP(closep) int fd = mkstemp(path);
	struct err e = {0};

	cr_assert_eq(write(fd, "before\n", 7), 7);
	for (int i = 0; i < 2; i++) {
		CLEANUP(proc_stop)
		struct proc p = {.argv = SH("echo said >&2; exit 3"), .stderr_log = path};

		cr_assert(proc_start(&p, &e));
		cr_assert(!proc_wait(&p, &e));
		cr_assert_str_eq(e.text, "sh: exit status 3");
	}
	cr_assert_eq(lseek(fd, 0, SEEK_SET), 0);
	read_all(fd, text, sizeof text);
	unlink(path);
	cr_assert_str_eq(text, "before\nsaid\nsaid\n");
}

Test(proc, our_descriptors_are_not_within_its_reach)
{
	int fds[50];

	for (size_t i = 0; i < 50; i++)
		cr_assert((fds[i] = open("/dev/null", O_RDONLY)) >= 0); /* without close-on-exec */
	outputs(&(struct proc){.argv = (const char *[]){"ls", "/proc/self/fd", NULL}},
		"0\n1\n2\n3\n"); /* 3 is the directory that ls reads */
	for (size_t i = 0; i < 50; i++)
		close(fds[i]);
}

/* As it is under some launchers: then our pipes get the numbers 0 to 2. */
Test(proc, works_when_our_own_stdin_stdout_stderr_are_closed)
{
	for (int closed = 0; closed < 8; closed++) {
		struct proc p = {.argv = SH("cat; echo out; echo err >&2; exit 3"),
				 .capture_out = true};
		struct err e = {0};
		char out[100];
		int saved[3];
		bool started, waited;

		for (int fd = 0; fd < 3; fd++) {
			saved[fd] = fcntl(fd, F_DUPFD_CLOEXEC, 10);
			if (closed & 1 << fd)
				close(fd);
		}
		started = proc_start(&p, &e);
		if (started)
			read_all(p.out, out, sizeof out);
		waited = proc_wait(&p, &e);
		proc_stop(&p);
		for (int fd = 0; fd < 3; fd++) {
			dup2(saved[fd], fd);
			close(saved[fd]);
		}
		cr_assert(started && !waited);
		cr_assert_str_eq(out, "out\n");
		cr_assert_str_eq(e.text, "sh: exit status 3: err", "%d", closed);
	}
}

Test(proc, starts_leave_no_descriptors_behind)
{
	size_t before = open_files();

	for (int i = 0; i < 1000; i++) {
		CLEANUP(proc_stop) struct proc good = {.argv = (const char *[]){"true", NULL}};
		CLEANUP(proc_stop) struct proc bad = {.argv = (const char *[]){"/no", NULL}};
		struct err e = {0};

		good.capture_out = bad.capture_out = i % 2;
		cr_assert(proc_start(&good, &e) && proc_wait(&good, &e), "%s", e.text);
		cr_assert(!proc_start(&bad, &e));
	}
	cr_assert_eq(open_files(), before);
	cr_assert(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD, "no zombie either");
}

Test(proc, output_that_ends_early_says_nothing_about_the_status)
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
Test(proc, a_reader_that_goes_away_ends_it_by_sigpipe)
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

Test(proc, running_is_told_and_so_is_how_it_ended)
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
Test(proc, a_lost_exit_status_is_no_success)
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

Test(proc, stop_ends_its_children_too)
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

Test(proc, children_that_it_leaves_behind_end_with_it)
{
	CLEANUP(proc_stop) struct proc p = {.argv = SH("sleep 1000 & exit 0"), .capture_out = true};
	struct err e = {0};

	cr_assert(proc_start(&p, &e), "%s", e.text);
	int out = fcntl(p.out, F_DUPFD_CLOEXEC, 0);
	cr_assert(proc_wait(&p, &e), "%s", e.text);
	nobody_is_left(out);
}

Test(proc, a_daemon_that_keeps_its_stderr_open_is_not_waited_for)
{
	int64_t start = clock_ms();
	struct err e = {0};
	char said[100];

	cr_assert(run(SH("echo said >&2; setsid sleep 5 & sleep 0.2"), said, sizeof said, &e));
	cr_assert_lt(clock_ms() - start, 4000);
	cr_assert_str_eq(said, "said\n");
}

Test(proc, stop_uses_the_signal_that_was_asked_for)
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

Test(proc, one_that_ignores_the_signal_is_killed)
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

Test(proc, stop_without_a_start_or_twice_is_no_harm)
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

Test(proc, a_signal_ends_the_wait_within_a_second)
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
Test(proc, it_starts_with_signals_as_they_are_by_default)
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

Test(proc, it_dies_with_us)
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

Test(proc, it_runs_as_another_user_with_no_other_groups)
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

Test(proc, a_change_of_user_that_is_refused_is_an_error)
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

Test(proc, several_threads_start_at_once)
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
