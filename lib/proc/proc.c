#include "proc/proc.h"

#include "base/cancel.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

#define STOP_WAIT_MS 10000
#define STDERR_GRACE_MS 1000 /* for a grandchild that keeps stderr open */

/* Where a step between fork and exec failed. */
struct exec_failure {
	int number;
	char step[16];
};

/* Only async-signal-safe calls from here to exec: other threads may hold locks. */
static void child_fails(int report, const char *step)
{
	struct exec_failure f = {.number = errno};
	ssize_t n;

	for (size_t i = 0; step[i] && i < sizeof f.step - 1; i++)
		f.step[i] = step[i];
	n = write(report, &f, sizeof f);
	_exit(n == (ssize_t)sizeof f ? 127 : 126);
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

static void child(const struct proc *p, int out, int err, int report, pid_t parent)
{
	int death = p->stop_signal ? p->stop_signal : SIGTERM;
	int null = open("/dev/null", O_RDWR);

	setpgid(0, 0);
	child_signals();
	if (null < 0 || dup2(null, STDIN_FILENO) < 0 ||
	    dup2(out >= 0 ? out : null, STDOUT_FILENO) < 0 || dup2(err, STDERR_FILENO) < 0)
		child_fails(report, "redirect");
	if (dup2(report, 3) < 0 || fcntl(3, F_SETFD, FD_CLOEXEC) < 0)
		child_fails(report, "redirect");
	report = 3;
	syscall(SYS_close_range, 4U, ~0U, 0U);
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
	const size_t half = PROC_STDERR_MAX / 2;
	struct err ignored;

	if (b->len + len > PROC_STDERR_MAX && b->len > half) {
		size_t drop = b->len + len - PROC_STDERR_MAX;

		if (drop > b->len - half)
			drop = b->len - half;
		memmove(b->data + half, b->data + half + drop, b->len - half - drop);
		b->len -= drop;
	}
	if (!buf_add(b, data, len, &ignored))
		b->len = half;
}

/* The reader's thread owns errors and errors_fd until it is joined. */
static void *read_errors(void *arg)
{
	struct proc *p = arg;
	char chunk[4096];
	ssize_t n;

	while ((n = read(p->errors_fd, chunk, sizeof chunk)) != 0) {
		if (n > 0)
			keep(&p->errors, chunk, (size_t)n);
		else if (errno != EINTR)
			break;
	}
	return NULL;
}

static void stop_reading(struct proc *p)
{
	struct timespec until;

	if (p->reading) {
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec += STDERR_GRACE_MS / 1000;
		if (pthread_timedjoin_np(p->reader, NULL, &until) != 0) {
			pthread_cancel(p->reader); /* it waits in read */
			pthread_join(p->reader, NULL);
		}
	}
	p->reading = false;
	closep(&p->errors_fd);
}

/* Did the child get as far as exec? */
static bool await_exec(struct proc *p, int report, struct err *e)
{
	struct exec_failure f;
	ssize_t n;

	do
		n = read(report, &f, sizeof f);
	while (n < 0 && errno == EINTR);
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
	return true;
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

bool proc_start(struct proc *p, struct err *e)
{
	CLEANUP(closep) int out = -1;
	CLEANUP(closep) int err = -1;
	int fd[2];

	p->pid = 0;
	p->out = p->errors_fd = -1;
	p->reading = false;
	p->errors = BUF_INIT(PROC_STDERR_MAX, "stderr of a child");
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
	closep(&err);
	if (p->stderr_log)
		return true;
	if (pthread_create(&p->reader, NULL, read_errors, p) != 0)
		return err_set(e, ERR_SYSTEM, "%s: no thread to read its stderr", p->argv[0]);
	return p->reading = true;
}

/* Reap it if it has ended. */
static bool reap(struct proc *p, int *status)
{
	pid_t pid;

	do
		pid = waitpid(p->pid, status, WNOHANG);
	while (pid < 0 && errno == EINTR);
	return pid != 0;
}

bool proc_running(struct proc *p)
{
	int status;

	if (p->pid > 0 && reap(p, &status))
		p->pid = 0;
	return p->pid > 0;
}

static const char *last_line(struct buf *b, char *out, size_t size)
{
	size_t end = b->len, start;

	while (end > 0 && (b->data[end - 1] == '\n' || b->data[end - 1] == ' '))
		end--;
	for (start = end; start > 0 && b->data[start - 1] != '\n'; start--)
		;
	snprintf(out, size, "%.*s", (int)(end - start), b->data ? b->data + start : "");
	return out;
}

static bool judge(struct proc *p, int status, struct err *e)
{
	char line[500];

	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return true;
	last_line(&p->errors, line, sizeof line);
	if (WIFSIGNALED(status))
		return err_set(e, ERR_SYSTEM, "%s: killed by SIG%s%s%s", p->argv[0],
			       sigabbrev_np(WTERMSIG(status)), line[0] ? ": " : "", line);
	return err_set(e, ERR_SYSTEM, "%s: exit status %d%s%s", p->argv[0], WEXITSTATUS(status),
		       line[0] ? ": " : "", line);
}

bool proc_wait(struct proc *p, struct err *e)
{
	int fd = (int)syscall(SYS_pidfd_open, p->pid, 0);
	int status = 0;
	bool ok = true;

	while (ok && !reap(p, &status)) {
		if (fd >= 0) {
			ok = cancel_wait(fd, POLLIN, -1, e);
		} else {
			poll(NULL, 0, 20); /* an old kernel */
			ok = cancel_check(e);
		}
	}
	closep(&fd);
	if (!ok)
		return false;
	p->pid = 0;
	stop_reading(p);
	return judge(p, status, e);
}

static void kill_all(struct proc *p, int number)
{
	if (kill(-p->pid, number) != 0)
		kill(p->pid, number);
}

void proc_stop(struct proc *p)
{
	int64_t deadline = clock_ms() + (p->stop_wait_ms ? p->stop_wait_ms : STOP_WAIT_MS);
	int status;

	if (p->pid == 0 && p->errors_fd == 0)
		return; /* never started */
	closep(&p->out);
	if (p->pid > 0) {
		kill_all(p, p->stop_signal ? p->stop_signal : SIGTERM);
		while (!reap(p, &status) && clock_ms() < deadline)
			poll(NULL, 0, 10);
		if (clock_ms() >= deadline && waitpid(p->pid, &status, WNOHANG) == 0) {
			kill_all(p, SIGKILL);
			waitpid(p->pid, &status, 0);
		}
		kill(-p->pid, SIGKILL); /* what it left behind in its group */
		p->pid = 0;
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
}
