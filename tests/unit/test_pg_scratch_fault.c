/* A scratch server that cannot be made: any system call fails, or the programs are not what they should be. */
#include "pg/scratch.h"

#include "base/cancel.h"
#include "base/log.h"
#include "support/fault.h"
#include "support/server.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static char root[] = "/tmp/pgmuster-scratch-XXXXXX";
static char *parent, *programs; /* in root; the first with a name too long for a socket */

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type;
	return ftw->level > 0 ? remove(path) : 0;
}

static void empty(const char *path)
{
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void setup(void)
{
	log_setup(LOG_QUIET, LOG_TEXT);
	cr_assert(mkdtemp(root) && chmod(root, 0755) == 0);
	parent = xasprintf("%s/%0100d", root, 0);
	programs = xasprintf("%s/bin", root);
	cr_assert(mkdir(parent, 0755) == 0 && mkdir(programs, 0755) == 0);
}

static void teardown(void)
{
	empty(root);
	rmdir(root);
	freep(&parent);
	freep(&programs);
}

TestSuite(pg_scratch_fault, .init = setup, .fini = teardown, .timeout = 120);

static void write_program(const char *name, const char *script)
{
	CLEANUP(freep) char *path = xasprintf("%s/%s", programs, name);
	FILE *f = fopen(path, "w");

	cr_assert(f && fprintf(f, "#!/bin/sh\n%s\n", script) > 0 && fclose(f) == 0);
	cr_assert_eq(chmod(path, 0755), 0);
}

/* Fails unless nothing comes of it. */
static bool start(int timeout_s, struct err *e)
{
	const struct pg_client client = {.directory = programs, .version = 150000};
	const struct scratch_options o = {
	    .client = &client, .parent = parent, .start_timeout_s = timeout_s};
	struct scratch s;
	bool ok = scratch_start(&s, &o, e);

	scratch_stop(&s);
	return ok;
}

static size_t entries(void)
{
	DIR *dir = opendir(parent);
	const struct dirent *entry;
	size_t n = 0;

	while (dir && (entry = readdir(dir)) != NULL)
		n += entry->d_name[0] != '.';
	closedir(dir);
	return n;
}

/* A directory that a dead process left, with the process number of something that lives. */
static void leave_one_behind(void)
{
	CLEANUP(freep) char *directory = xasprintf("%s/pgmuster-drill-old", parent);
	CLEANUP(freep) char *lock = xasprintf("%s/lock", directory);
	CLEANUP(freep) char *data = xasprintf("%s/data", directory);
	CLEANUP(freep) char *pid = xasprintf("%s/postmaster.pid", data);
	FILE *f;

	cr_assert(mkdir(directory, 0755) == 0 && mkdir(data, 0755) == 0);
	close(open(lock, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	f = fopen(pid, "w");
	cr_assert(f && fprintf(f, "%d\n", (int)getpid()) > 0 && fclose(f) == 0);
}

static bool start_in_vain(const void *ctx, struct err *e)
{
	(void)ctx;
	return start(0, e);
}

static bool as_nobody_known(const void *ctx, struct err *e)
{
	if (geteuid() == 0 && setresuid(54321, 54321, 54321) != 0)
		return err_set(e, ERR_NONE, "cannot become another user");
	return start_in_vain(ctx, e);
}

/* initdb fails, so that each try ends soon. What is left behind in the end is nothing. */
Test(pg_scratch_fault, server_that_cannot_be_prepared_leaves_nothing)
{
	struct fault f = {.calls = fault_file_calls, .number = EIO, .run = start_in_vain};

	write_program("initdb", "echo 'initdb: error: no' >&2; exit 1");
	leave_one_behind();
	while (fault_next(&f)) {
		cr_assert(!f.ok && f.e.kind != ERR_NONE, "call %u", f.nth);
		empty(parent);
		leave_one_behind();
	}
	cr_assert(strstr(f.e.text, "initdb: error: no"), "%s", f.e.text);
	cr_assert_gt(f.nth, 30);
	cr_assert_eq(entries(), 0);
}

Test(pg_scratch_fault, user_without_a_name_is_told_what_to_do)
{
	static const int open_only[] = {SYS_openat, -1};
	struct fault f = {
	    .calls = open_only, .number = EIO, .lasting = true, .run = as_nobody_known};

	cr_assert(fault_next(&f) && !f.ok);
	cr_assert(strstr(f.e.text, "no entry in /etc/passwd"), "%s", f.e.text);
	cr_assert(strstr(f.e.hint, "/etc/passwd"), "%s", f.e.hint);
	if (geteuid() != 0)
		return;
	f = (struct fault){
	    .calls = open_only, .number = EIO, .lasting = true, .run = start_in_vain};
	cr_assert(fault_next(&f) && !f.ok);
	cr_assert(strstr(f.e.text, "there is no user"), "%s", f.e.text);
}

Test(pg_scratch_fault, initdb_that_may_not_is_said_with_a_hint)
{
	struct err e = {0};

	write_program("initdb",
		      "echo 'initdb: error: could not access: Permission denied' >&2; exit 1");
	cr_assert(!start(0, &e));
	cr_assert(strstr(e.text, "scratch server: initdb: "), "%s", e.text);
	cr_assert(strstr(e.hint, "must be able to reach"), "%s", e.hint);
}

/* Its superuser is another one than it was asked for. */
Test(pg_scratch_fault, server_that_refuses_us_is_not_waited_for)
{
	CLEANUP(freep)
	char *initdb =
	    xasprintf("for a; do shift; case $a in --username=*) a=--username=other;; esac\n"
		      "set -- \"$@\" \"$a\"; done; exec %s/initdb \"$@\"",
		      server_client(15)->directory);
	CLEANUP(freep)
	char *postgres = xasprintf("exec %s/postgres \"$@\"", server_client(15)->directory);
	struct err e = {0};

	write_program("initdb", initdb);
	write_program("postgres", postgres);
	cr_assert(!start(0, &e));
	cr_assert_eq(e.kind, ERR_DENIED, "%s", e.text);
	cr_assert(strstr(e.text, "scratch server: cannot connect"), "%s", e.text);
	cr_assert_eq(entries(), 0);
}

static void *interrupt(void *ctx)
{
	CLEANUP(freep) char *started = xasprintf("%s/started", root);

	(void)ctx;
	unlink(started); /* of the try before */
	while (access(started, F_OK) != 0)
		usleep(10000);
	kill(getpid(), SIGTERM);
	return NULL;
}

Test(pg_scratch_fault, server_that_never_comes_up_is_given_up)
{
	CLEANUP(freep)
	char *mark = xasprintf("echo waiting >&2; : >%s/started; exec sleep 300", root);
	struct err e = {0};
	pthread_t t;

	cr_assert_eq(chmod(root, 0777), 0); /* for the server's user */
	write_program("initdb", "");
	write_program("postgres", mark);
	cr_assert(!start(1, &e));
	cr_assert(strstr(e.text, "did not start in time; cannot connect to "), "%s", e.text);
	cr_assert(strstr(e.text, "; its log: waiting"), "%s", e.text);

	cancel_install();
	cr_assert_eq(pthread_create(&t, NULL, interrupt, NULL), 0);
	cr_assert(!start(300, &e));
	cr_assert_eq(e.kind, ERR_CANCELLED, "%s", e.text);
	pthread_join(t, NULL);
	cr_assert_eq(entries(), 0);
}
