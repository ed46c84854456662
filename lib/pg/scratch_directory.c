#include "pg/scratch_private.h"

#include "base/cancel.h"
#include "base/log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <unistd.h>

#define PREFIX "pgmuster-drill-"
#define LOCK "lock"
#define MAX_DEPTH 64 /* of directories at once; PostgreSQL's are a few deep */
#define NEW_TRIES 10
#define QUIT_WAIT_MS 5000 /* then SIGKILL */

struct removal {
	const char *directory; /* its lock goes last: without it nobody takes the rest for ours */
	unsigned raised;       /* directories that were moved to its top */
};

static bool remove_at(struct removal *r, int parent_fd, const char *name, int depth);

/* False with errno when something is left. */
static bool empty_at(struct removal *r, int fd, int depth)
{
	DIR *dir = fdopendir(fd);
	const struct dirent *entry;
	int failed = 0;

	if (!dir) {
		close(fd);
		return false;
	}
	while ((entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
		    (depth == 1 && strcmp(entry->d_name, LOCK) == 0))
			continue;
		if (!remove_at(r, dirfd(dir), entry->d_name, depth))
			failed = errno;
	}
	closedir(dir);
	errno = failed;
	return failed == 0;
}

static bool remove_lock(struct removal *r)
{
	CLEANUP(freep) char *path = xasprintf("%s/" LOCK, r->directory);

	return remove_at(r, AT_FDCWD, path, 1);
}

/* Too deep for our descriptors and stack: its turn comes again, at the top. */
static bool raise_up(struct removal *r, int parent_fd, const char *name)
{
	CLEANUP(freep) char *top = xasprintf("%s/raised.%u", r->directory, r->raised);

	if (renameat(parent_fd, name, AT_FDCWD, top) == 0)
		r->raised++;
	return false;
}

/* The server's superuser may have put links to anywhere into it, and we may be root. */
static bool remove_at(struct removal *r, int parent_fd, const char *name, int depth)
{
	const int how = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int fd;

	if (unlinkat(parent_fd, name, 0) == 0 || errno == ENOENT)
		return true;
	if (errno != EISDIR && errno != EPERM)
		return false;
	if (depth >= MAX_DEPTH)
		return raise_up(r, parent_fd, name);
	fd = openat(parent_fd, name, how);
	if (fd < 0 && errno == EACCES && fchmodat(parent_fd, name, 0700, 0) == 0)
		fd = openat(parent_fd, name, how);
	if (fd < 0)
		return false;
	if (fchmod(fd, 0700) != 0) {
		close(fd);
		return false;
	}
	if (!empty_at(r, fd, depth + 1) || (depth == 0 && !remove_lock(r)))
		return false;
	return unlinkat(parent_fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT;
}

void scratch_directory_remove(const char *directory)
{
	struct removal r = {directory, 0};
	unsigned before;
	bool gone;

	do {
		before = r.raised;
		gone = remove_at(&r, AT_FDCWD, directory, 0);
	} while (!gone && r.raised > before);
	if (!gone)
		log_warn("cannot remove %s: %s", directory, strerror(errno));
}

/* -1 with ENOENT or EWOULDBLOCK: one who cleans up took it for abandoned before it was locked. */
static int take_lock(const char *directory)
{
	CLEANUP(freep) char *path = xasprintf("%s/" LOCK, directory);
	CLEANUP(closep) int fd = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
	struct stat st;
	int held = fd;

	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) != 0 || fstat(fd, &st) != 0)
		return -1;
	if (st.st_nlink == 0) {
		errno = ENOENT;
		return -1;
	}
	fd = -1;
	return held;
}

char *scratch_directory_new(const char *parent, int *lock_fd, struct err *e)
{
	for (int tries = 1;; tries++) {
		CLEANUP(freep) char *directory = xasprintf("%s/" PREFIX "XXXXXX", parent);

		if (!mkdtemp(directory)) {
			err_sys(e, "scratch directory in %s", parent);
			return NULL;
		}
		*lock_fd = take_lock(directory);
		if (*lock_fd >= 0)
			return STEAL(directory);

		bool again = tries < NEW_TRIES && (errno == ENOENT || errno == EWOULDBLOCK);
		if (!again)
			err_sys(e, "lock %s", directory);
		scratch_directory_remove(directory);
		if (!again)
			return NULL;
	}
}

/* The server chdirs to its data directory; a process number alone may be anybody's by now. */
static bool works_in(pid_t pid, const char *data)
{
	CLEANUP(freep) char *link = xasprintf("/proc/%d/cwd", (int)pid);
	char cwd[4096];
	ssize_t n = readlink(link, cwd, sizeof cwd - 1);

	if (n < 0)
		return false;
	cwd[n] = '\0';
	return strcmp(cwd, data) == 0;
}

static pid_t read_pid(const char *data)
{
	CLEANUP(freep) char *path = xasprintf("%s/postmaster.pid", data);
	CLEANUP(closep) int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	char text[32];
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	long pid;

	if (n <= 0)
		return 0;
	text[n] = '\0';
	pid = strtol(text, NULL, 10);
	return pid > 1 && pid <= 0x7fffffff ? (pid_t)pid : 0;
}

static void stop_server(const char *directory)
{
	CLEANUP(freep) char *data = xasprintf("%s/data", directory);
	pid_t pid = read_pid(data);
	CLEANUP(closep) int fd = pid ? pidfd_open(pid, 0) : -1;
	struct pollfd ended = {.fd = fd, .events = POLLIN};

	/* Looked at after the descriptor is open: it cannot become another process any more. */
	if (fd < 0 || !works_in(pid, data))
		return;
	pidfd_send_signal(fd, SIGQUIT, NULL, 0);
	if (poll(&ended, 1, QUIT_WAIT_MS) > 0)
		return;
	pidfd_send_signal(fd, SIGKILL, NULL, 0);
	poll(&ended, 1, QUIT_WAIT_MS);
}

/* Whose owner died before it had a lock goes at once, if it is empty; one that lives makes another. */
static bool is_abandoned(const char *directory, int *lock_fd)
{
	CLEANUP(freep) char *path = xasprintf("%s/" LOCK, directory);
	struct stat st;

	if (lstat(directory, &st) != 0 || !S_ISDIR(st.st_mode) || st.st_uid != geteuid())
		return false;
	*lock_fd = open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (*lock_fd < 0) {
		rmdir(directory);
		return false;
	}
	return flock(*lock_fd, LOCK_EX | LOCK_NB) == 0;
}

void scratch_directory_clean(const char *parent)
{
	DIR *dir = opendir(parent);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir)) != NULL) {
		CLEANUP(freep) char *directory = xasprintf("%s/%s", parent, entry->d_name);
		CLEANUP(closep) int lock_fd = -1;

		if (strncmp(entry->d_name, PREFIX, sizeof PREFIX - 1) != 0 ||
		    !is_abandoned(directory, &lock_fd))
			continue;
		log_info("removing the scratch server that a dead process left in %s", directory);
		stop_server(directory);
		scratch_directory_remove(directory);
	}
	if (dir)
		closedir(dir);
}
