/*
 * faulty_disk: a disk that fails at a chosen call. Preloaded (LD_PRELOAD), it counts the calls of this
 * process, not of its children, that touch something below one directory.
 *
 *	FAULTY_DIRECTORY=/store   everything below it, and itself; without links in its path
 *	FAULTY_CALL=17            the call that fails, from 1
 *	FAULTY_BYTE=5000          or: no more than the bytes before this one can be written
 *	FAULTY_HOW=EIO            or ENOSPC; or KILL: the process dies instead of making the call
 *	FAULTY_SINCE=1            all later calls fail too
 *	FAULTY_LOG=FILE           a line for each call: its name and its paths (of a write, path and bytes),
 *	                          with tabs between; "failed" instead of its name if it did, "fault" if we did
 *	FAULTY_LIE=file           fsync of files (or of directories: directory) does nothing, and says it did
 *
 * It sees open, write, fsync, close, link, renameat2, unlink, mkdir: what lib/store/file_put.c does. What
 * libc does inside (opendir) is not seen.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *directory, *how, *lie;
static long fault_call, fault_byte;
static bool since;
static atomic_long calls, bytes;
static atomic_bool broken;
static int log_fd = -1;

static const char *setting(const char *name)
{
	const char *value = getenv(name);

	return value ? value : "";
}

__attribute__((constructor)) static void start(void)
{
	directory = setting("FAULTY_DIRECTORY");
	how = setting("FAULTY_HOW");
	lie = setting("FAULTY_LIE");
	since = *setting("FAULTY_SINCE") != '\0';
	fault_call = strtol(setting("FAULTY_CALL"), NULL, 10);
	fault_byte = strtol(setting("FAULTY_BYTE"), NULL, 10);
	if (*setting("FAULTY_LOG"))
		log_fd = (int)syscall(SYS_openat, AT_FDCWD, setting("FAULTY_LOG"),
				      O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	unsetenv("LD_PRELOAD");
}

static bool below(const char *path)
{
	size_t len = directory ? strlen(directory) : 0;

	return len > 0 && strncmp(path, directory, len) == 0 &&
	       (path[len] == '/' || path[len] == '\0');
}

static const char *path_of(int fd, char path[PATH_MAX])
{
	char link[64];
	ssize_t n;

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	n = readlink(link, path, PATH_MAX - 1);
	path[n > 0 ? n : 0] = '\0';
	return path;
}

static long done(long result, const char *what, const char *path, const char *other)
{
	char line[2 * PATH_MAX + 32];
	int number = errno;
	int n = snprintf(line, sizeof line, "%s\t%s%s%s\n", result < 0 ? "failed" : what, path,
			 *other ? "\t" : "", other);

	if (log_fd >= 0 && syscall(SYS_write, log_fd, line, (size_t)n) != n)
		abort();
	errno = number;
	return result;
}

/* True, with errno, if this call is to fail. */
static bool strikes(bool now)
{
	if (!now && !(since && broken))
		return false;
	broken = true;
	done(0, "fault", how, "");
	if (strcmp(how, "KILL") == 0)
		kill(getpid(), SIGKILL);
	errno = strcmp(how, "ENOSPC") == 0 ? ENOSPC : EIO;
	return true;
}

static bool fails(void)
{
	return strikes(++calls == fault_call);
}

int open(const char *path, int flags, ...)
{
	mode_t mode = 0;

	if (flags & O_CREAT) {
		va_list ap;

		va_start(ap, flags);
		mode = va_arg(ap, mode_t);
		va_end(ap);
	}
	if (!below(path))
		return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
	if (fails())
		return -1;
	return (int)done(syscall(SYS_openat, AT_FDCWD, path, flags, mode),
			 flags & O_CREAT ? "create" : "open", path, "");
}

ssize_t write(int fd, const void *data, size_t len)
{
	char path[PATH_MAX], size[32];

	if (!below(path_of(fd, path)))
		return syscall(SYS_write, fd, data, len);
	long room = fault_byte - 1 - atomic_fetch_add(&bytes, (long)len);
	if (fails() || strikes(fault_byte > 0 && room <= 0))
		return -1;
	if (fault_byte > 0 && room < (long)len)
		len = (size_t)room;
	long n = syscall(SYS_write, fd, data, len);
	snprintf(size, sizeof size, "%ld", n);
	return done(n, "write", path, size);
}

int fsync(int fd)
{
	char path[PATH_MAX];
	struct stat st;

	if (!below(path_of(fd, path)))
		return (int)syscall(SYS_fsync, fd);
	if (fails())
		return -1;
	if (fstat(fd, &st) == 0 && strcmp(lie, S_ISDIR(st.st_mode) ? "directory" : "file") == 0)
		return 0;
	return (int)done(syscall(SYS_fsync, fd), "sync", path, "");
}

/* The descriptor is gone, whatever it says. */
int close(int fd)
{
	char path[PATH_MAX];
	bool ours = below(path_of(fd, path)), failed = ours && fails();
	int number = errno;
	int result = (int)syscall(SYS_close, fd);

	if (!failed)
		return ours ? (int)done(result, "close", path, "") : result;
	errno = number;
	return -1;
}

int link(const char *from, const char *to)
{
	if (!below(to))
		return (int)syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0);
	if (fails())
		return -1;
	return (int)done(syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0), "link", from, to);
}

int renameat2(int at, const char *from, int to_at, const char *to, unsigned flags)
{
	if (!below(to))
		return (int)syscall(SYS_renameat2, at, from, to_at, to, flags);
	if (fails())
		return -1;
	return (int)done(syscall(SYS_renameat2, at, from, to_at, to, flags), "rename", from, to);
}

int unlink(const char *path)
{
	if (!below(path))
		return (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
	if (fails())
		return -1;
	return (int)done(syscall(SYS_unlinkat, AT_FDCWD, path, 0), "unlink", path, "");
}

int mkdir(const char *path, mode_t mode)
{
	if (!below(path))
		return (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
	if (fails())
		return -1;
	return (int)done(syscall(SYS_mkdirat, AT_FDCWD, path, mode), "mkdir", path, "");
}
