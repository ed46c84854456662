#include "gen/files.h"

#include "proc/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define MARK "pgmuster-gen" /* all that is generated has it, in its heading or a label */

static bool read_all(int fd, struct buf *out, const char *path, struct err *e)
{
	char block[65536];

	for (;;) {
		ssize_t n = read(fd, block, sizeof block);

		if (n == 0)
			return true;
		if (n < 0 && errno != EINTR)
			return err_sys(e, "read %s", path);
		if (n > 0 && !buf_add(out, block, (size_t)n, e))
			return err_in(e, "%s", path);
	}
}

bool file_read(const char *path, struct buf *out, struct err *e)
{
	CLEANUP(closep) int fd = -1;

	if (strcmp(path, "-") == 0)
		return read_all(STDIN_FILENO, out, "standard input", e);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? err_sys(e, "open %s", path) : read_all(fd, out, path, e);
}

static bool write_all(int fd, const struct buf *text)
{
	for (size_t done = 0; done < text->len;) {
		ssize_t n = write(fd, text->data + done, text->len - done);

		if (n < 0 && errno != EINTR)
			return false;
		done += n > 0 ? (size_t)n : 0;
	}
	return true;
}

static bool write_new(const char *path, const struct buf *text, struct err *e)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);

	if (fd < 0)
		return err_sys(e, "create %s", path);
	if (!write_all(fd, text) || fsync(fd) != 0) {
		err_sys(e, "write %s", path);
		close(fd);
		return false;
	}
	return close(fd) == 0 || err_sys(e, "close %s", path);
}

/* What one file of the directory is, compared with what it is to be. */
enum state { ABSENT, SAME, GENERATED, FOREIGN };

static bool state_of(const char *path, const struct file *f, enum state *state, struct err *e)
{
	CLEANUP(buf_stop) struct buf old = BUF_INIT(f->text.max, "file");

	if (access(path, F_OK) != 0 && errno == ENOENT) {
		*state = ABSENT;
		return true;
	}
	if (!file_read(path, &old, e))
		return false;
	if (old.len == f->text.len &&
	    (old.len == 0 || memcmp(old.data, f->text.data, old.len) == 0))
		*state = SAME;
	else
		*state = old.data && strstr(old.data, MARK) ? GENERATED : FOREIGN;
	return true;
}

struct writing {
	char *path, *partial; /* partial NULL: nothing to be renamed */
};

static void unlink_all(struct writing *all, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (all[i].partial)
			unlink(all[i].partial);
		free(all[i].partial);
		free(all[i].path);
	}
	free(all);
}

static bool prepare(const char *directory, const struct file *f, bool force, struct writing *w,
		    struct err *e)
{
	enum state state;

	w->path = xasprintf("%s/%s", directory, f->name);
	if (!state_of(w->path, f, &state, e))
		return false;
	if (state == FOREIGN && !force) {
		err_set(e, ERR_EXISTS, "%s is there, and was not generated", w->path);
		return err_hint(e, "move it away, or take --force to replace it");
	}
	if (state == SAME)
		return true;
	w->partial = xasprintf("%s/.%s.%ld.partial", directory, f->name, (long)getpid());
	return write_new(w->partial, &f->text, e);
}

static bool rename_all(struct writing *all, size_t count, size_t *changed, struct err *e)
{
	for (size_t i = 0; i < count; i++) {
		if (!all[i].partial)
			continue;
		if (rename(all[i].partial, all[i].path) != 0)
			return err_sys(e, "rename %s to %s", all[i].partial, all[i].path);
		free(STEAL(all[i].partial));
		++*changed;
	}
	return true;
}

bool files_write(const char *directory, const struct file files[], size_t count, bool force,
		 size_t *changed, struct err *e)
{
	struct writing *all;
	bool ok = true;

	*changed = 0;
	if (mkdir(directory, 0777) != 0 && errno != EEXIST)
		return err_sys(e, "make directory %s", directory);
	all = xcalloc(count, sizeof *all);
	for (size_t i = 0; ok && i < count; i++)
		ok = prepare(directory, &files[i], force, &all[i], e);
	ok = ok && rename_all(all, count, changed, e);
	unlink_all(all, count);
	return ok;
}

/* diff exits with 1 where there is a difference. */
static bool print_diff(const char *path, const char *other, struct err *e)
{
	CLEANUP(freep) char *label = xasprintf("%s (generated)", path);
	const char *const argv[] = {"diff",    "-u",  "-N", "--label", path,
				    "--label", label, path, other,     NULL};
	CLEANUP(proc_stop) struct proc diff = {.argv = argv, .capture_out = true};
	CLEANUP(buf_stop) struct buf text = BUF_INIT(64 * MIB, "diff");

	if (!proc_start(&diff, e) || !read_all(diff.out, &text, "diff", e))
		return false;
	if (!proc_wait(&diff, e) && !(WIFEXITED(diff.status) && WEXITSTATUS(diff.status) == 1))
		return false;
	*e = (struct err){0};
	fwrite(text.data, 1, text.len, stdout);
	return fflush(stdout) == 0 || err_sys(e, "write to standard output");
}

bool files_compare(const char *directory, const struct file files[], size_t count,
		   size_t *different, struct err *e)
{
	const char *tmp = getenv("TMPDIR");
	CLEANUP(freep)
	char *fresh = xasprintf("%s/pgmuster-gen.XXXXXX", tmp && *tmp ? tmp : "/tmp");
	bool ok = true;

	*different = 0;
	if (!mkdtemp(fresh))
		return err_sys(e, "make directory %s", fresh);
	for (size_t i = 0; ok && i < count; i++) {
		CLEANUP(freep) char *path = xasprintf("%s/%s", directory, files[i].name);
		CLEANUP(freep) char *other = xasprintf("%s/%s", fresh, files[i].name);
		enum state state;

		ok = state_of(path, &files[i], &state, e);
		if (!ok || state == SAME)
			continue;
		++*different;
		ok = write_new(other, &files[i].text, e) && print_diff(path, other, e);
		unlink(other);
	}
	rmdir(fresh);
	return ok;
}
