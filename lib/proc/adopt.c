#include "proc/proc.h"

#include "base/log.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define POLL_MS 20

/* /proc/PID/stat is "PID (NAME) STATE PARENT ...", with anything in the name. */
static bool is_child(const char *pid)
{
	CLEANUP(freep) char *path = xasprintf("/proc/%s/stat", pid);
	CLEANUP(closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	char text[512];
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	const char *behind;

	text[n < 0 ? 0 : n] = '\0';
	behind = strrchr(text, ')');
	return behind && strlen(behind) > 4 && strtol(behind + 4, NULL, 10) == getpid();
}

/* Our children now, ended by 0. */
static pid_t *children(void)
{
	DIR *proc = opendir("/proc");
	const struct dirent *entry;
	size_t count = 0, cap = 0;
	pid_t *pids = NULL;

	while (proc && (entry = readdir(proc)) != NULL)
		if (strspn(entry->d_name, "0123456789") > 0 && is_child(entry->d_name)) {
			pids = xgrow(pids, count, &cap, sizeof *pids);
			pids[count++] = (pid_t)strtol(entry->d_name, NULL, 10);
		}
	if (proc)
		closedir(proc);
	pids = xgrow(pids, count, &cap, sizeof *pids);
	pids[count] = 0;
	return pids;
}

/* Started by the program that became ours by exec: none of our business. */
static pid_t *inherited;

void proc_adopt(void)
{
	free(inherited);
	inherited = children();
	prctl(PR_SET_CHILD_SUBREAPER, 1);
}

static bool is_inherited(pid_t pid)
{
	for (const pid_t *p = inherited; p && *p; p++)
		if (*p == pid)
			return true;
	return false;
}

static bool kill_children(void)
{
	pid_t *pids = children();
	bool any = false;

	for (const pid_t *p = pids; *p; p++)
		if (!is_inherited(*p)) {
			kill(*p, SIGKILL);
			any = true;
		}
	free(pids);
	return any;
}

/* Reaps those that have ended. Is another one left, which /proc may not show us? */
static bool reap_children(void)
{
	pid_t ended;

	while ((ended = waitpid(-1, NULL, WNOHANG)) > 0)
		;
	return ended == 0 && !(inherited && *inherited);
}

void proc_end_children(int wait_ms)
{
	int64_t deadline = clock_ms() + wait_ms;

	for (;;) {
		bool hidden = reap_children(), seen = kill_children();

		if (!hidden && !seen)
			return;
		if (clock_ms() >= deadline) {
			log_warn(
			    "a program that was started is still running, and cannot be ended");
			return;
		}
		poll(NULL, 0, POLL_MS); /* whoever loses its parent comes to us meanwhile */
	}
}
