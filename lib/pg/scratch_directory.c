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
#include <time.h>
#include <unistd.h>

#define PREFIX "pgmuster-drill-"
#define MAX_DEPTH 64      /* of directories at once; PostgreSQL's are a few deep */
#define MIN_AGE_S 60      /* a directory without a lock may be one that is being made */
#define QUIT_WAIT_MS 5000 /* then SIGKILL */

struct removal {
	const char *directory;
	unsigned raised; /* directories that were moved to its top */
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
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (!remove_at(r, dirfd(dir), entry->d_name, depth))
			failed = errno;
	}
	closedir(dir);
	errno = failed;
	return failed == 0;
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
	if (!empty_at(r, fd, depth + 1))
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

/* The lock appears under its name only once it is held: whoever finds it free is right to think
 * that its owner is gone. */
static int take_lock(const char *directory, struct err *e)
{
	CLEANUP(freep) char *early = xasprintf("%s/lock.new", directory);
	CLEANUP(freep) char *path = xasprintf("%s/lock", directory);
	CLEANUP(closep) int fd = open(early, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
	int held = fd;

	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) != 0 || rename(early, path) != 0) {
		err_sys(e, "lock %s", path);
		return -1;
	}
	fd = -1;
	return held;
}

char *scratch_directory_new(const char *parent, int *lock_fd, struct err *e)
{
	CLEANUP(freep) char *directory = xasprintf("%s/" PREFIX "XXXXXX", parent);

	if (!mkdtemp(directory)) {
		err_sys(e, "scratch directory in %s", parent);
		return NULL;
	}
	*lock_fd = take_lock(directory, e);
	if (*lock_fd < 0) {
		scratch_directory_remove(directory);
		return NULL;
	}
	return STEAL(directory);
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

static bool is_abandoned(const char *directory, int *lock_fd)
{
	CLEANUP(freep) char *path = xasprintf("%s/lock", directory);
	struct stat st;

	if (lstat(directory, &st) != 0 || !S_ISDIR(st.st_mode) || st.st_uid != geteuid())
		return false;
	*lock_fd = open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (*lock_fd < 0)
		return errno == ENOENT && time(NULL) - st.st_ctime > MIN_AGE_S;
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
