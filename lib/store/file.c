#include "store/file.h"

#include "base/cancel.h"
#include "base/log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

static char *path_of(const struct file_store *s, const char *key)
{
	return xasprintf("%s%s%s", strcmp(s->root, "/") == 0 ? "" : s->root, key[0] ? "/" : "",
			 key);
}

bool file_check_root(const struct file_store *s, struct err *e)
{
	struct stat st;

	if (stat(s->root, &st) != 0) {
		err_sys(e, "directory %s", s->root);
		return err_hint(e, "is the volume mounted? pgmuster does not create it");
	}
	if (!S_ISDIR(st.st_mode))
		return err_set(e, ERR_MISSING, "%s is no directory", s->root);
	return true;
}

bool file_is_partial(const char *name)
{
	static const size_t dice = 12, suffix = sizeof ".partial" - 1;
	size_t len = strlen(name);
	const char *end = name + len - suffix;

	return name[0] == '.' && len > 2 + dice + suffix && strcmp(end, ".partial") == 0 &&
	       end[-(ptrdiff_t)dice - 1] == '.' && strspn(end - dice, "0123456789abcdef") == dice;
}

static int open_regular(const struct file_store *s, const char *key, struct stat *st, struct err *e)
{
	CLEANUP(freep) char *path = path_of(s, key);
	/* Not blocking: a FIFO would. */
	CLEANUP(closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	int opened = fd;

	if (fd < 0 && (errno == ENOTDIR || errno == ELOOP))
		errno = ENOENT;
	if (fd < 0 || fstat(fd, st) != 0) {
		err_sys(e, "%s", path);
		return -1;
	}
	if (!S_ISREG(st->st_mode)) {
		err_set(e, ERR_MISSING, "%s is no regular file", path);
		return -1;
	}
	fd = -1;
	return opened;
}

static bool file_get(struct store *store, const char *key, uint64_t at, uint64_t bytes,
		     const char *etag, struct sink *into, struct err *e)
{
	struct stat st;
	CLEANUP(closep) int fd = open_regular((struct file_store *)store, key, &st, e);
	CLEANUP(freep) char *buf = xcalloc(1, 128 << 10);
	uint64_t end, size;

	(void)etag; /* files have none */
	if (fd < 0)
		return err_in(e, "get %s/%s", store->url, key);
	size = (uint64_t)st.st_size;
	end = bytes == UINT64_MAX ? size : at + bytes;
	if (end > size || at > size)
		return err_set(e, ERR_CORRUPT, "get %s/%s: it has only %llu bytes", store->url, key,
			       (unsigned long long)size);
	posix_fadvise(fd, (off_t)at, (off_t)(end - at), POSIX_FADV_SEQUENTIAL);
	while (at < end) {
		size_t want = end - at < 128 << 10 ? (size_t)(end - at) : (size_t)128 << 10;
		ssize_t n;

		if (!cancel_check(e))
			return false;
		n = pread(fd, buf, want, (off_t)at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "get %s/%s", store->url, key);
		if (n == 0)
			return err_set(e, ERR_CORRUPT, "get %s/%s: it became shorter meanwhile",
				       store->url, key);
		if (!sink_write(into, buf, (size_t)n, e))
			return err_in(e, "get %s/%s", store->url, key);
		at += (uint64_t)n;
	}
	return true;
}

static bool file_stat(struct store *store, const char *key, struct store_object *out, struct err *e)
{
	CLEANUP(freep) char *path = path_of((struct file_store *)store, key);
	struct stat st;

	if (lstat(path, &st) != 0) {
		if (errno == ENOTDIR)
			errno = ENOENT;
		return err_sys(e, "stat %s/%s", store->url, key);
	}
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_MISSING, "stat %s/%s: no regular file", store->url, key);
	*out = (struct store_object){
	    .key = xstrdup(key),
	    .bytes = (uint64_t)st.st_size,
	    .modified = st.st_mtim.tv_sec,
	    .etag = xstrdup(""),
	};
	return true;
}

/* Directories that become empty go too; a put that loses its directory so makes it again. */
static bool file_remove(struct store *store, const char *key, struct err *e)
{
	CLEANUP(freep) char *path = path_of((struct file_store *)store, key);
	size_t root = strlen(((struct file_store *)store)->root);
	char *slash;

	if (unlink(path) != 0 && errno != ENOENT && errno != ENOTDIR)
		return err_sys(e, "remove %s/%s", store->url, key);
	while ((slash = strrchr(path, '/')) != NULL && slash > path + root) {
		*slash = '\0';
		if (rmdir(path) != 0)
			break;
	}
	return true;
}

struct walk {
	file_handler *handler;
	void *ctx;
};

static void closedirp(DIR **d)
{
	if (*d)
		closedir(*d);
}

static bool walk_directory(const struct walk *w, int parent, const char *name, const char *key,
			   int depth, struct err *e);

static bool walk_entry(const struct walk *w, DIR *dir, const char *in, const char *name, int depth,
		       struct err *e)
{
	CLEANUP(freep) char *key = xasprintf("%s%s%s", in, in[0] ? "/" : "", name);
	struct stat st;

	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return true;
	if (fstatat(dirfd(dir), name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT || err_sys(e, "%s", key); /* gone meanwhile */
	if (S_ISREG(st.st_mode))
		return w->handler(w->ctx, key, name, &st, e);
	if (S_ISDIR(st.st_mode))
		return walk_directory(w, dirfd(dir), name, key, depth + 1, e);
	return true;
}

static bool walk_directory(const struct walk *w, int parent, const char *name, const char *key,
			   int depth, struct err *e)
{
	int follow = depth == 0 ? 0 : O_NOFOLLOW;
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | follow);
	CLEANUP(closedirp) DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *d;

	if (!dir && depth > 0 && (errno == ENOENT || errno == ENOTDIR))
		return true;
	/* fsck's, at the root of a volume; root's alone */
	if (!dir && errno == EACCES && strcmp(key, "lost+found") == 0)
		return true;
	if (!dir)
		return err_sys(e, "directory %s", name);
	if (depth > FILE_DEPTH_MAX)
		return err_set(e, ERR_SYSTEM, "directories nested deeper than %d", FILE_DEPTH_MAX);
	while (errno = 0, (d = readdir(dir)) != NULL)
		if (!cancel_check(e) || !walk_entry(w, dir, key, d->d_name, depth, e))
			return false;
	return errno == 0 || err_sys(e, "directory %s", name);
}

bool file_walk(const struct file_store *s, const char *directory, file_handler *handler, void *ctx,
	       struct err *e)
{
	struct walk w = {.handler = handler, .ctx = ctx};
	CLEANUP(freep) char *path = path_of(s, directory);
	struct stat st;

	if (!file_check_root(s, e))
		return false;
	if (directory[0] && lstat(path, &st) != 0)
		return errno == ENOENT || errno == ENOTDIR || err_sys(e, "directory %s", path);
	if (directory[0] && !S_ISDIR(st.st_mode))
		return true; /* no key begins with it */
	return walk_directory(&w, AT_FDCWD, path[0] ? path : "/", directory, 0, e);
}

struct listing {
	const char *prefix;
	struct store_objects *into;
};

static bool list_one(void *ctx, const char *key, const char *name, const struct stat *st,
		     struct err *e)
{
	const struct listing *l = ctx;
	struct store_object o = {
	    .bytes = (uint64_t)st->st_size,
	    .modified = st->st_mtim.tv_sec,
	};
	CLEANUP(freep) char *copy = xstrdup(key);

	if (file_is_partial(name) || strncmp(key, l->prefix, strlen(l->prefix)) != 0)
		return true;
	o.key = copy;
	return store_objects_add(l->into, &o, e);
}

/* Only the directory that the prefix names is walked. */
static bool file_list(struct store *store, const char *prefix, struct store_objects *into,
		      struct err *e)
{
	struct listing l = {.prefix = prefix, .into = into};
	const char *slash = strrchr(prefix, '/');
	CLEANUP(freep)
	char *directory = xstrndup(prefix, slash ? (size_t)(slash - prefix) : 0);

	if (directory[0] && !store_check_key("prefix", directory, e))
		return false;
	return file_walk((struct file_store *)store, directory, list_one, &l, e);
}

struct sweep {
	const struct file_store *s;
	time_t before;
};

/* The lock goes with the process that held it. Where there are no locks, only the age tells. */
static bool is_abandoned(int fd, const struct stat *st, time_t before)
{
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
		return true;
	return (fd < 0 || errno != EWOULDBLOCK) && st->st_mtim.tv_sec <= before;
}

static bool sweep_one(void *ctx, const char *key, const char *name, const struct stat *st,
		      struct err *e)
{
	const struct sweep *w = ctx;
	CLEANUP(freep) char *path = path_of(w->s, key);

	(void)e;
	if (!file_is_partial(name))
		return true;
	/* For writing: over NFS a lock is had no other way. */
	CLEANUP(closep) int fd = open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (!is_abandoned(fd, st, w->before))
		return true;
	if (unlink(path) == 0)
		log_info("removed the abandoned %s", path);
	else
		log_info("the abandoned %s is left: %s", path, strerror(errno));
	return true;
}

/* Whether a file can be written, and made visible without replacing one: that it is refused says so, too. */
static bool probe(struct file_store *s, struct err *e)
{
	struct err why = {0};

	if (!file_check_root(s, e))
		return false;
	if (store_put_bytes(&s->store, FILE_PROBE, "", 0, NULL, &why))
		return file_remove(&s->store, FILE_PROBE, e);
	if (why.kind == ERR_EXISTS)
		return true;
	*e = why;
	return false;
}

static bool file_prepare(struct store *store, int64_t stale_s, bool *exclusive, struct err *e)
{
	struct file_store *s = (struct file_store *)store;
	struct sweep w = {.s = s, .before = time(NULL) - (time_t)stale_s};
	struct err why = {0};

	if (!probe(s, e))
		return err_in(e, "prepare %s", store->url);
	*exclusive = true;
	/* Leftovers cost space and nothing else. */
	if (!file_walk(s, "", sweep_one, &w, &why)) {
		if (why.kind == ERR_CANCELLED) {
			*e = why;
			return false;
		}
		log_info("%s: stale files are left: %s", store->url, why.text);
	}
	return true;
}

static void file_free(struct store *store)
{
	free(((struct file_store *)store)->root);
	free(store->url);
	free(store);
}

struct store *file_open(const char *path, struct err *e)
{
	static const struct store_ops ops = {
	    file_put, file_get, file_list, file_stat, file_remove, file_prepare, file_free,
	};
	struct file_store *s;
	size_t len = strlen(path);

	if (path[0] != '/') {
		err_set(e, ERR_USAGE, "store file://%.200s names a host", path);
		err_hint(e, "write file:///directory, with three slashes");
		return NULL;
	}
	while (len > 1 && path[len - 1] == '/')
		len--;
	s = xcalloc(1, sizeof *s);
	s->store.ops = &ops;
	s->store.url = xasprintf("file://%.*s", (int)len, path);
	s->root = xstrndup(path, len);
	if (!store_url_decode(s->root, false)) {
		err_set(e, ERR_USAGE, "store %s: not percent-encoded rightly", s->store.url);
		err_hint(e, "write a percent sign as %%25");
		file_free(&s->store);
		return NULL;
	}
	return &s->store;
}
