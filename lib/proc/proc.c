#include "proc/proc.h"

#include "base/cancel.h"
#include "base/log.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define STOP_WAIT_MS 10000
#define POLL_MS 10
#define CHUNK 4096
#define PIPE_MAX ((size_t)1 << 20) /* of stderr: what can be in it when the child ends */
#define STATUS_LOST (-1)

/* Which step between fork and exec failed. A literal is at the same address in parent and child. */
struct exec_failure {
	const char *step;
	int number;
};

static const char leave_network[] = "unshare"; /* the step that may fail */

/* Only async-signal-safe calls from here to exec: other threads may hold locks. */
static bool tell(int report, const char *step)
{
	struct exec_failure f = {.step = step, .number = errno};

	return write(report, &f, sizeof f) == (ssize_t)sizeof f;
}

static void child_fails(int report, const char *step)
{
	_exit(tell(report, step) ? 127 : 126);
}

static void child_signals(void)
{
	struct sigaction action = {.sa_handler = SIG_DFL};
	sigset_t none;

	sigemptyset(&action.sa_mask);
	for (int i = 1; i < NSIG; i++)
		sigaction(i, &action, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Out of the way of 0 to 3: a descriptor that is one of them already, because ours were closed, would
 * be overwritten, or keep its close-on-exec. Like all copies, closed at exec. */
static int moved(int fd, int report)
{
	int above = fcntl(fd, F_DUPFD_CLOEXEC, 4);

	if (above < 0)
		child_fails(report, "redirect");
	return above;
}

static void redirect(int out, int err, int *report)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0)
		child_fails(*report, "open /dev/null");
	null = moved(null, *report);
	out = out >= 0 ? moved(out, *report) : null;
	err = moved(err, *report);
	*report = moved(*report, *report);
	if (dup2(null, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
	    dup2(err, STDERR_FILENO) < 0 || dup3(*report, 3, O_CLOEXEC) < 0)
		child_fails(*report, "redirect");
	*report = 3;
	/* Those of libraries that were opened without close-on-exec; ENOSYS before Linux 5.9. */
	syscall(SYS_close_range, 4U, ~0U, 0U);
}

static void child(const struct proc *p, int out, int err, int report, pid_t parent)
{
	int death = p->stop_signal ? p->stop_signal : SIGTERM;

	setpgid(0, 0);
	child_signals();
	redirect(out, err, &report);
	/* Who is not root has the right to it in a user namespace alone. That has no names of users, which
	 * changes nothing for files. Sockets that have a path are reached from all networks. */
	if (p->no_network && unshare(CLONE_NEWNET | (geteuid() == 0 ? 0 : CLONE_NEWUSER)) != 0 &&
	    !tell(report, leave_network))
		_exit(126);
	if (p->own_user && (setgroups(0, NULL) != 0 || setgid(p->gid) != 0 || setuid(p->uid) != 0))
		child_fails(report, "change user");
	/* After the change of user, which would clear it. */
	if (prctl(PR_SET_PDEATHSIG, death) != 0)
		child_fails(report, "prctl");
	if (getppid() != parent)
		_exit(126);
	if (p->directory && chdir(p->directory) != 0)
		child_fails(report, "chdir");
	execvpe(p->argv[0], (char *const *)p->argv, p->env ? (char *const *)p->env : environ);
	child_fails(report, "");
}

/* The beginning and the end of a long stderr; the middle says the least. */
static void keep(struct buf *b, const char *data, size_t len)
{
	static const char cut[] = "\n...\n";
	const size_t half = PROC_STDERR_MAX / 2;
	struct err never;

	if (b->len + len > PROC_STDERR_MAX) {
		size_t drop = b->len + len - PROC_STDERR_MAX;

		b->len -= drop;
		memmove(b->data + half, b->data + half + drop, b->len - half);
		memcpy(b->data + half - (sizeof cut - 1), cut, sizeof cut - 1);
	}
	if (!buf_add(b, data, len, &never))
		abort();
}

/* False at the end of the file, or when there is nothing to read. */
static bool read_chunk(struct proc *p)
{
	char chunk[CHUNK];
	ssize_t n = read(p->errors_fd, chunk, sizeof chunk);

	if (n > 0)
		keep(&p->errors, chunk, (size_t)n);
	return n > 0 || (n < 0 && errno == EINTR);
}

/* Until it is joined, this thread owns errors and errors_fd. */
static void *read_errors(void *arg)
{
	struct proc *p = arg;
	struct pollfd fds[] = {{.fd = p->errors_fd, .events = POLLIN},
			       {.fd = p->ended_fd, .events = POLLIN}};

	for (;;) {
		if (poll(fds, 2, -1) < 0) /* EINTR */
			continue;
		if (fds[1].revents || !read_chunk(p))
			return NULL;
	}
}

/* The child has ended, so what it wrote is in the pipe. Not until the end of file: a daemon that it
 * started may keep its stderr open. */
static void stop_reading(struct proc *p)
{
	if (p->reading) {
		eventfd_write(p->ended_fd, 1);
		pthread_join(p->reader, NULL);
		for (size_t n = 0; n < PIPE_MAX / CHUNK && read_chunk(p); n++)
			;
	}
	p->reading = false;
	closep(&p->errors_fd);
	closep(&p->ended_fd);
}

/* Did the child get as far as exec? */
static bool await_exec(struct proc *p, int report, struct err *e)
{
	struct exec_failure f;
	ssize_t n;

	do {
		n = read(report, &f, sizeof f);
		if (n == (ssize_t)sizeof f && f.step == leave_network)
			p->network_error = f.number;
	} while (n < 0 ? errno == EINTR : n > 0 && f.step == leave_network);
	if (n != (ssize_t)sizeof f)
		return true;
	errno = f.number;
	return f.step[0] ? err_sys(e, "%s: %s", p->argv[0], f.step) : err_sys(e, "%s", p->argv[0]);
}

static bool open_errors(struct proc *p, int *child_end, struct err *e)
{
	int fd[2];

	if (p->stderr_log) {
		*child_end = open(p->stderr_log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
		if (*child_end < 0)
			return err_sys(e, "open %s", p->stderr_log);
		return p->own_user && fchown(*child_end, p->uid, p->gid) != 0
			   ? err_sys(e, "chown %s", p->stderr_log)
			   : true;
	}
	if (pipe2(fd, O_CLOEXEC) != 0)
		return err_sys(e, "pipe");
	p->errors_fd = fd[0];
	*child_end = fd[1];
	p->ended_fd = eventfd(0, EFD_CLOEXEC);
	if (p->ended_fd < 0)
		return err_sys(e, "eventfd");
	return fcntl(p->errors_fd, F_SETFL, O_NONBLOCK) == 0 || err_sys(e, "fcntl");
}

static bool launch(struct proc *p, int out, int err, struct err *e)
{
	CLEANUP(closep) int report_read = -1;
	CLEANUP(closep) int report_write = -1;
	pid_t parent = getpid();
	int fd[2];

	if (pipe2(fd, O_CLOEXEC) != 0)
		return err_sys(e, "pipe");
	report_read = fd[0];
	report_write = fd[1];
	p->pid = fork();
	if (p->pid < 0) {
		p->pid = 0;
		return err_sys(e, "fork");
	}
	if (p->pid == 0)
		child(p, out, err, report_write, parent);
	setpgid(p->pid, p->pid);
	closep(&report_write);
	return await_exec(p, report_read, e);
}

static bool start(struct proc *p, struct err *e)
{
	CLEANUP(closep) int out = -1;
	CLEANUP(closep) int err = -1;
	int fd[2];

	if (p->capture_out) {
		if (pipe2(fd, O_CLOEXEC) != 0)
			return err_sys(e, "pipe");
		p->out = fd[0];
		out = fd[1];
		/* pg_dump writes 4 KiB at a time: a wider pipe costs fewer switches. A refusal is fine. */
		(void)fcntl(out, F_SETPIPE_SZ, 1 << 20);
	}
	if (!open_errors(p, &err, e) || !launch(p, out, err, e))
		return false;
	if (p->stderr_log)
		return true;
	if (pthread_create(&p->reader, NULL, read_errors, p) != 0)
		return err_set(e, ERR_SYSTEM, "%s: no thread to read its stderr", p->argv[0]);
	return p->reading = true;
}

bool proc_start(struct proc *p, struct err *e)
{
	p->pid = 0;
	p->network_error = 0;
	p->out = p->errors_fd = p->ended_fd = -1;
	p->reading = false;
	p->status = STATUS_LOST;
	p->errors = BUF_INIT(PROC_STDERR_MAX, "stderr of a child");
	if (start(p, e))
		return true;
	proc_stop(p);
	return false;
}

/* Reap it if it has ended. Its group is killed first: once the leader is reaped, the number may be
 * another's. */
static bool reap(struct proc *p)
{
	siginfo_t info = {0};

	if (waitid(P_PID, (id_t)p->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0) {
		if (info.si_pid == 0)
			return false;
		kill(-p->pid, SIGKILL);
		if (waitpid(p->pid, &p->status, 0) != p->pid)
			p->status = STATUS_LOST;
	} /* else the kernel has reaped it, because SIGCHLD is ignored */
	p->pid = 0;
	return true;
}

bool proc_running(struct proc *p)
{
	return p->pid > 0 && !reap(p);
}

static void last_line(const struct buf *b, char *out, size_t size)
{
	size_t end = b->len, start;

	while (end > 0 && strchr(" \t\r\n", b->data[end - 1]))
		end--;
	for (start = end; start > 0 && b->data[start - 1] != '\n'; start--)
		;
	snprintf(out, size, "%.*s", (int)(end - start), b->data ? b->data + start : "");
}

static bool judge(const struct proc *p, struct err *e)
{
	char line[500], how[40];

	if (p->status == STATUS_LOST)
		return err_set(e, ERR_SYSTEM, "%s: its exit status was lost", p->argv[0]);
	if (WIFEXITED(p->status) && WEXITSTATUS(p->status) == 0)
		return true;
	if (WIFEXITED(p->status))
		snprintf(how, sizeof how, "exit status %d", WEXITSTATUS(p->status));
	else if (sigabbrev_np(WTERMSIG(p->status)))
		snprintf(how, sizeof how, "killed by SIG%s", sigabbrev_np(WTERMSIG(p->status)));
	else
		snprintf(how, sizeof how, "killed by signal %d", WTERMSIG(p->status));
	last_line(&p->errors, line, sizeof line);
	return err_set(e, ERR_SYSTEM, "%s: %s%s%s", p->argv[0], how, line[0] ? ": " : "", line);
}

/* Becomes readable when it ends; -1 before Linux 5.3. */
static int end_of(const struct proc *p)
{
	return p->pid > 0 ? (int)syscall(SYS_pidfd_open, p->pid, 0) : -1;
}

static void pause_until_end(int end)
{
	struct pollfd fd = {.fd = end, .events = POLLIN};

	poll(&fd, 1, POLL_MS);
}

bool proc_wait(struct proc *p, struct err *e)
{
	CLEANUP(closep) int end = end_of(p);

	assert(p->errors.what); /* it was started */
	while (proc_running(p)) {
		if (end < 0)
			pause_until_end(end);
		if (end < 0 ? !cancel_check(e) : !cancel_wait(end, POLLIN, -1, e))
			return false;
	}
	stop_reading(p);
	return judge(p, e);
}

static void kill_all(const struct proc *p, int number)
{
	if (kill(-p->pid, number) != 0)
		kill(p->pid, number);
}

void proc_stop(struct proc *p)
{
	int64_t deadline = clock_ms() + (p->stop_wait_ms ? p->stop_wait_ms : STOP_WAIT_MS);

	if (!p->errors.what)
		return; /* never started */
	CLEANUP(closep) int end = end_of(p);
	closep(&p->out);
	if (proc_running(p))
		kill_all(p, p->stop_signal ? p->stop_signal : SIGTERM);
	while (proc_running(p)) {
		if (clock_ms() >= deadline)
			kill_all(p, SIGKILL);
		pause_until_end(end);
	}
	stop_reading(p);
	buf_stop(&p->errors);
}

static bool named(const char *entry, const char *const names[])
{
	for (size_t i = 0; names && names[i]; i++) {
		size_t n = strcspn(names[i], "=");

		if (strncmp(entry, names[i], n) == 0 && entry[n] == '=')
			return true;
	}
	return false;
}

char **proc_env(const char *const drop[], const char *const add[])
{
	size_t count = 0, cap = 0;
	char **env = NULL;

	for (char **p = environ; *p; p++) {
		if (named(*p, drop) || named(*p, add))
			continue;
		env = xgrow(env, count, &cap, sizeof *env);
		env[count++] = xstrdup(*p);
	}
	for (size_t i = 0; add && add[i]; i++) {
		env = xgrow(env, count, &cap, sizeof *env);
		env[count++] = xstrdup(add[i]);
	}
	env = xgrow(env, count, &cap, sizeof *env);
	env[count] = NULL;
	return env;
}

void proc_env_freep(char ***env)
{
	for (char **p = *env; p && *p; p++)
		free(*p);
	free(*env);
	*env = NULL;
}
