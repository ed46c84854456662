/*
 * proc: run a program, no shell. Its exit status is part of the result.
 *
 *	CLEANUP(proc_stop) struct proc p = {.argv = argv, .capture_out = true};
 *	if (!proc_start(&p, e) || !sink_pump(s, p.out, e) || !proc_wait(&p, e))
 *		return false;
 *
 * The child's stderr is read by a thread of this module and kept, up to PROC_STDERR_MAX bytes (its
 * beginning and its end, with a line "..." between them); proc_wait has all of it. It is the leader
 * of a process group, and what is left of that group when it ends is killed. It dies with the
 * thread that started it (PR_SET_PDEATHSIG), so that thread is the one that waits for it.
 */
#ifndef PROC_H
#define PROC_H

#include "base/base.h"

#include <pthread.h>
#include <sys/types.h>

#define PROC_STDERR_MAX ((size_t)256 * 1024)

struct proc {
	/* described by the caller */
	const char *const *argv; /* argv[0] is searched in PATH when it has no slash */
	const char *const *env;  /* the whole environment, or NULL for ours */
	bool capture_out;        /* stdout on the pipe .out; otherwise to /dev/null */
	bool own_user;           /* run as .uid, .gid with no other groups (we must be root) */
	uid_t uid;
	gid_t gid;
	bool no_network; /* in a network of its own that leads nowhere, if the kernel lets us */
	const char *directory;  /* working directory, or NULL */
	const char *stderr_log; /* append stderr to this file instead of keeping it, or NULL */
	int stop_signal;        /* for proc_stop and the parent's death; 0 means SIGTERM */
	int stop_wait_ms;       /* then SIGKILL; 0 means 10 s */

	/* filled by proc_start */
	pid_t pid;         /* 0 once waited for */
	int network_error; /* errno: why it has our network in spite of no_network; or 0 */
	int out;           /* read end of its stdout, or -1 */
	struct buf errors; /* what it wrote to stderr, after proc_wait or proc_stop */
	int errors_fd, ended_fd;
	pthread_t reader;
	bool reading;
	int status; /* as waitpid gives it, once waited for */
};

/* False when it cannot be started at all (ERR_SYSTEM, or ERR_MISSING for no such program): then
 * nothing is left of it, and proc_stop has nothing to do. */
MUST_USE bool proc_start(struct proc *, struct err *);

/* Wait for it; false unless it exited 0, with the last line of its stderr in the message.
 * End of file on .out does not mean success: this does. Looks at the cancel flag. */
MUST_USE bool proc_wait(struct proc *, struct err *);

/* True while it runs; reaps it otherwise, and proc_wait tells how it ended. */
bool proc_running(struct proc *);

/* Signal and reap whatever is still running, and free everything. */
void proc_stop(struct proc *);

/* What a child leaves running when it ends becomes ours from now on, not init's. */
void proc_adopt(void);

/* Kill and reap all children but those from before proc_adopt; what is still there after wait_ms is
 * logged. For the end of a job: nothing else of this process may run any. */
void proc_end_children(int wait_ms);

/* Our environment without the variables named in drop, with the "NAME=value" of add, both ended by
 * NULL. Free the result with proc_env_freep; it owns its strings. */
char **proc_env(const char *const drop[], const char *const add[]);
void proc_env_freep(char ***env);

#endif
