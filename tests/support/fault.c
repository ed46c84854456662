#include "support/fault.h"

#include <criterion/criterion.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define SILENCE_MS 60000 /* then it hangs */

const int fault_file_calls[] = {
#ifdef SYS_mkdir /* x86-64 has these besides the ones that take a directory */
    SYS_open,     SYS_stat,       SYS_lstat,      SYS_mkdir,      SYS_rmdir,
    SYS_link,     SYS_unlink,     SYS_rename,     SYS_chmod,      SYS_chown,
    SYS_readlink,
#endif
    SYS_openat,   SYS_newfstatat, SYS_fstat,      SYS_mkdirat,    SYS_linkat,
    SYS_unlinkat, SYS_renameat,   SYS_renameat2,  SYS_fchmodat,   SYS_fchmod,
    SYS_fchownat, SYS_fchown,     SYS_readlinkat, SYS_getdents64, SYS_pread64,
    SYS_write,    SYS_fsync,      SYS_flock,      SYS_getrandom,  -1,
};

const int fault_socket_calls[] = {SYS_sendto, SYS_recvfrom, -1};

/* In memory that the process under test and its parent share. */
struct shared {
	int listener;
	bool ok;
	struct err e;
};

static int listen_to(const int *calls)
{
	struct sock_filter code[80] = {
	    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr))};
	unsigned short n = 1;

	for (; *calls >= 0; calls++) {
		code[n++] =
		    (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)*calls, 0, 1);
		code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
	}
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
			    &(struct sock_fprog){.len = n, .filter = code});
}

/* It stops until the parent has fetched the listener. */
static void child(const struct fault *f, struct shared *s)
{
	s->listener = listen_to(f->calls);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	raise(SIGSTOP);
	s->ok = f->run(f->ctx, &s->e);
	_exit(0);
}

static bool is_of(pid_t process, pid_t thread)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/task/%d", (int)process, (int)thread);
	return access(path, F_OK) == 0;
}

/* As when the other side went away at this moment. */
static void cut(int process, const struct seccomp_notif *asked)
{
	int fd = (int)syscall(SYS_pidfd_getfd, process, (int)asked->data.args[0], 0);

	shutdown(fd, SHUT_RDWR);
	close(fd);
}

static void answer(const struct fault *f, int listener, int process, pid_t pid, unsigned *seen)
{
	struct seccomp_notif asked = {0};
	struct seccomp_notif_resp reply = {.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};
	bool fail = false;

	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &asked) != 0)
		return; /* it was interrupted meanwhile */
	if (is_of(pid, (pid_t)asked.pid) && ++*seen >= f->nth)
		fail = *seen == f->nth || f->lasting;
	if (fail && f->number == FAULT_CUT)
		cut(process, &asked);
	else if (fail)
		reply = (struct seccomp_notif_resp){.error = -f->number};
	reply.id = asked.id;
	ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &reply);
}

bool fault_next(struct fault *f)
{
	struct shared *s =
	    mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	unsigned seen = 0;
	int status;
	pid_t pid = fork();

	if (pid == 0)
		child(f, s);
	f->nth++;
	waitpid(pid, &status, WUNTRACED);
	cr_assert(WIFSTOPPED(status) && s->listener >= 0, "no seccomp filter with a listener");
	struct pollfd fds[] = {{.fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN},
			       {.events = POLLIN}};
	fds[1].fd = (int)syscall(SYS_pidfd_getfd, fds[0].fd, s->listener, 0);
	kill(pid, SIGCONT);
	while (poll(fds, 2, SILENCE_MS) > 0 && !(fds[0].revents & POLLIN))
		if (fds[1].revents & POLLIN)
			answer(f, fds[1].fd, fds[0].fd, pid, &seen);
	if (!fds[0].revents)
		kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	close(fds[0].fd);
	close(fds[1].fd);
	f->ok = s->ok;
	f->e = s->e;
	munmap(s, sizeof *s);
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "call %u: status %x", f->nth,
		  (unsigned)status);
	cr_assert(f->ok || f->e.text[0], "call %u: no reason", f->nth);
	return seen >= f->nth;
}
