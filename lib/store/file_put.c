#include "store/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <unistd.h>

struct put {
	struct sink sink;
	struct file_store *s;
	char *key;
	char *path, *partial; /* partial is NULL unless it exists */
	int fd;               /* its lock says that we live: see file_is_abandoned */
	bool visible;         /* under path, though not yet for good */
};

/* Each failure of the disk's, with what helps against it. */
static bool fail(const struct put *p, const char *what, struct err *e)
{
	int number = errno;

	if (number == EEXIST)
		return err_set(e, ERR_EXISTS, "put %s/%s: already exists", p->s->store.url, p->key);
	err_sys(e, "put %s/%s: %s", p->s->store.url, p->key, what);
	if (number == ENOSPC || number == EDQUOT)
		err_hint(e, "free space in %s", p->s->root);
	return false;
}

static bool put_write(struct sink *sink, const void *data, size_t len, struct err *e)
{
	struct put *p = (struct put *)sink;
	const char *at = data;

	while (len > 0) {
		ssize_t n = write(p->fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail(p, "write", e);
		at += n;
		len -= (size_t)n;
	}
	return true;
}

static bool sync_directory(const struct put *p, const char *path, struct err *e)
{
	CLEANUP(closep) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return (fd >= 0 && fsync(fd) == 0) || fail(p, "sync directory", e);
}

/* A new name survives a crash only once its directory is on disk; a new directory is a name too. */
static bool sync_directories(const struct put *p, struct err *e)
{
	CLEANUP(freep) char *path = xstrdup(p->path);
	size_t root = strlen(p->s->root);
	char *slash;

	while ((slash = strrchr(path, '/')) != NULL && slash > path && slash >= path + root) {
		*slash = '\0';
		if (!sync_directory(p, path, e))
			return false;
	}
	return strcmp(p->s->root, "/") != 0 || sync_directory(p, "/", e);
}

/* Over NFS, a repeated request answers EEXIST for the link that the lost first one made. */
static bool is_ours(const struct put *p)
{
	struct stat partial, there;

	return lstat(p->partial, &partial) == 0 && lstat(p->path, &there) == 0 &&
	       partial.st_dev == there.st_dev && partial.st_ino == there.st_ino;
}

/* One that stays is a second name of the file, and goes with the next sweep. */
static void remove_partial(struct put *p)
{
	if (p->partial)
		unlink(p->partial);
	freep(&p->partial);
	p->partial = NULL;
}

/* rename() would replace what is there; link() does not. */
static bool make_visible(struct put *p, struct err *e)
{
	if (link(p->partial, p->path) != 0 && !(errno == EEXIST && is_ours(p))) {
		if (errno != EPERM && errno != EOPNOTSUPP && errno != ENOSYS)
			return fail(p, "link", e);
		/* no hard links here */
		if (renameat2(AT_FDCWD, p->partial, AT_FDCWD, p->path, RENAME_NOREPLACE) != 0)
			return fail(p, "rename without replacing", e) ||
			       err_hint(e, "a store needs a file system with hard links, or that "
					   "can rename without replacing");
	}
	remove_partial(p);
	return p->visible = true;
}

static bool close_file(struct put *p, struct err *e)
{
	int fd = p->fd;

	p->fd = -1;
	return close(fd) == 0 || fail(p, "close", e);
}

/* What failed must not be there, as far as the disk lets us. */
static bool take_back(struct put *p, struct err *e)
{
	if (p->visible && unlink(p->path) != 0)
		err_hint(e, "%.200s is there all the same, and may not survive a crash", p->path);
	p->visible = false;
	return false;
}

static bool put_commit(struct sink *sink, struct err *e)
{
	struct put *p = (struct put *)sink;

	if (fsync(p->fd) != 0)
		return fail(p, "sync", e);
	/* Closed last: the lock has to outlive the partial name. */
	if (!make_visible(p, e) || !sync_directories(p, e) || !close_file(p, e))
		return take_back(p, e);
	return true;
}

static void put_free(struct sink *sink)
{
	struct put *p = (struct put *)sink;

	remove_partial(p);
	closep(&p->fd);
	free(p->path);
	free(p->key);
	free(p);
}

/* A listing does not follow it, so that what is put behind it would be lost from sight. */
static bool is_link(const char *path)
{
	struct stat st;
	bool link = lstat(path, &st) == 0 && S_ISLNK(st.st_mode);

	errno = link ? ELOOP : EEXIST;
	return link;
}

/* Below the root only: a root that is missing is a volume that is not mounted. */
static bool make_directories(const struct put *p)
{
	CLEANUP(freep) char *path = xstrdup(p->path);

	for (char *at = path + strlen(p->s->root) + 1; (at = strchr(at, '/')) != NULL; at++) {
		*at = '\0';
		if (mkdir(path, 0700) != 0 && (errno != EEXIST || is_link(path)))
			return false;
		*at = '/';
	}
	return true;
}

/* Locked, so that nobody takes it for abandoned. Where there are no locks, its age has to tell. */
static bool take_lock(int fd)
{
	struct stat st;

	if (flock(fd, LOCK_EX | LOCK_NB) != 0)
		return errno != EWOULDBLOCK;
	return fstat(fd, &st) == 0 && st.st_nlink > 0;
}

static bool open_partial(struct put *p, struct err *e)
{
	const char *name = strrchr(p->path, '/') + 1;
	unsigned char dice[6];
	char hex[2 * sizeof dice + 1];

	/* A removal may take the empty directory away, a sweep the file before it is locked. */
	for (int tries = 0; tries < 3; tries++) {
		if (getrandom(dice, sizeof dice, 0) != (ssize_t)sizeof dice)
			return fail(p, "random name", e);
		hex_encode(dice, sizeof dice, hex);
		if (!make_directories(p))
			break;
		CLEANUP(freep)
		char *partial =
		    xasprintf("%.*s.%s.%s.partial", (int)(name - p->path), p->path, name, hex);
		p->fd = open(partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		if (p->fd < 0 && errno != ENOENT)
			break;
		if (p->fd < 0)
			continue;
		p->partial = STEAL(partial);
		if (take_lock(p->fd))
			return true;
		remove_partial(p);
		closep(&p->fd);
	}
	return fail(p, "create a file", e);
}

/* What would be swept, or could not be listed any more. */
static bool check_name(const char *key, struct err *e)
{
	const char *slash = strrchr(key, '/'), *name = slash ? slash + 1 : key;
	int depth = 0;

	for (const char *p = key; *p != '\0'; p++)
		depth += *p == '/';
	if (depth > FILE_DEPTH_MAX)
		return err_set(e, ERR_USAGE, "key %.100s...: more than %d directories", key,
			       FILE_DEPTH_MAX);
	if (file_is_partial(name) && strcmp(key, FILE_PROBE) != 0)
		return err_set(e, ERR_USAGE,
			       "key %s: is how unfinished files are called, which "
			       "are removed",
			       key);
	return true;
}

struct sink *file_put(struct store *store, const char *key, const struct store_put *put,
		      struct err *e)
{
	static const struct sink_ops ops = {put_write, put_commit, put_free};
	CLEANUP(sink_freep) struct sink *sink = NULL;
	struct file_store *s = (struct file_store *)store;
	struct put *p = xcalloc(1, sizeof *p);

	(void)put;
	sink = &p->sink;
	p->sink.ops = &ops;
	p->s = s;
	p->fd = -1;
	p->key = xstrdup(key);
	p->path = xasprintf("%s/%s", strcmp(s->root, "/") == 0 ? "" : s->root, key);
	if (!check_name(key, e) || !file_check_root(s, e)) {
		err_in(e, "put %s/%s", store->url, key);
		return NULL;
	}
	return open_partial(p, e) ? STEAL(sink) : NULL;
}
