#include "test_proc_run.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

TestSuite(proc, .timeout = 60);

static size_t open_files(void)
{
	DIR *d = opendir("/proc/self/fd");
	size_t n = 0;

	cr_assert(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

Test(proc, success_is_exit_status_0_alone)
{
	static const int statuses[] = {0, 1, 2, 3, 126, 127, 255};

	for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
		CLEANUP(freep) char *script = xasprintf("exit %d", statuses[i]);
		CLEANUP(freep) char *text = xasprintf("sh: exit status %d", statuses[i]);
		struct err e = {0};

		cr_assert_eq(run(SH(script), NULL, 0, &e), statuses[i] == 0);
		if (statuses[i] == 0)
			continue;
		cr_assert_eq(e.kind, ERR_SYSTEM);
		cr_assert_str_eq(e.text, text);
	}
}

Test(proc, a_signal_is_named)
{
	struct err e = {0};

	cr_assert(!run(SH("kill -9 $$"), NULL, 0, &e));
	cr_assert_str_eq(e.text, "sh: killed by SIGKILL");
	cr_assert(!run(SH("echo why >&2; kill -40 $$"), NULL, 0, &e));
	cr_assert_str_eq(e.text, "sh: killed by signal 40: why");
}

Test(proc, a_program_that_is_not_there_is_missing)
{
	static const struct {
		const char *program;
		enum err_kind kind;
	} rows[] = {{"no-such-program", ERR_MISSING},
		    {"/nowhere/program", ERR_MISSING},
		    {"/etc/passwd", ERR_DENIED},
		    {"/tmp", ERR_DENIED}};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CLEANUP(proc_stop)
		struct proc p = {.argv = (const char *[]){rows[i].program, NULL},
				 .capture_out = true};
		struct err e = {0};

		cr_assert(!proc_start(&p, &e));
		cr_assert_eq(e.kind, rows[i].kind, "%s", e.text);
		cr_assert_eq(strncmp(e.text, rows[i].program, strlen(rows[i].program)), 0);
		cr_assert(p.pid == 0 && p.out == -1, "nothing is left to stop");
	}
}

Test(proc, a_step_before_exec_that_fails_is_named)
{
	CLEANUP(proc_stop) struct proc p = {.argv = SH("exit 0"), .directory = "/nowhere"};
	CLEANUP(proc_stop) struct proc log = {.argv = SH("exit 0"), .stderr_log = "/nowhere/log"};
	struct err e = {0};

	cr_assert(!proc_start(&p, &e));
	cr_assert_eq(strncmp(e.text, "sh: chdir: No such file", 23), 0, "%s", e.text);
	cr_assert(!proc_start(&log, &e));
	cr_assert_eq(strncmp(e.text, "open /nowhere/log: ", 19), 0, "%s", e.text);
}

Test(proc, the_last_line_of_stderr_is_in_the_message)
{
	static const struct {
		const char *script, *text;
	} rows[] = {
	    {"echo first >&2; echo last >&2; exit 3", "sh: exit status 3: last"},
	    {"printf 'no newline' >&2; exit 3", "sh: exit status 3: no newline"},
	    {"printf 'last\\n\\n \\t\\r\\n' >&2; exit 3", "sh: exit status 3: last"},
	    {"printf '\\n\\n' >&2; exit 3", "sh: exit status 3"},
	    {"echo not this; exit 3", "sh: exit status 3"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct err e = {0};

		cr_assert(!run(SH(rows[i].script), NULL, 0, &e));
		cr_assert_str_eq(e.text, rows[i].text);
	}
}

Test(proc, all_of_stderr_is_there_after_the_wait)
{
	struct err e = {0};
	char said[100000];

	for (int i = 0; i < 20; i++) {
		cr_assert(run(SH("seq 10000 >&2"), said, sizeof said, &e), "%s", e.text);
		cr_assert_eq(strlen(said), 48894);
		cr_assert_str_eq(said + 48894 - 6, "10000\n");
	}
}

Test(proc, a_huge_stderr_keeps_its_beginning_and_its_end)
{
	CLEANUP(proc_stop)
	struct proc p = {.argv =
			     SH("echo first >&2; yes | head -c 10M >&2; echo last >&2; exit 1")};
	struct err e = {0};

	cr_assert(proc_start(&p, &e), "%s", e.text);
	cr_assert(!proc_wait(&p, &e));
	cr_assert_str_eq(e.text, "sh: exit status 1: last");
	cr_assert(p.errors.len <= PROC_STDERR_MAX && p.errors.len > PROC_STDERR_MAX - 4096);
	cr_assert_eq(strncmp(p.errors.data, "first\ny\ny\n", 10), 0);
	cr_assert(strstr(p.errors.data, "\n...\n"));
}

Test(proc, a_stderr_of_any_length_around_the_limit_is_kept_or_cut)
{
	static const int around[] = {-4097, -1, 0, 1, 2, 5, 4095, 4096, 4097, 131072};

	for (size_t i = 0; i < sizeof around / sizeof *around; i++) {
		size_t len = (size_t)((int)PROC_STDERR_MAX + around[i]);
		CLEANUP(freep)
		char *script = xasprintf(
		    "printf begin >&2; head -c %zu /dev/zero | tr '\\0' x >&2; printf finish >&2",
		    len - 11);
		CLEANUP(proc_stop) struct proc p = {.argv = SH(script)};
		struct err e = {0};

		cr_assert(proc_start(&p, &e) && proc_wait(&p, &e), "%s", e.text);
		cr_assert_eq(p.errors.len, len < PROC_STDERR_MAX ? len : PROC_STDERR_MAX);
		cr_assert_eq(strlen(p.errors.data), p.errors.len);
		cr_assert_eq(strncmp(p.errors.data, "beginx", 6), 0);
		cr_assert_str_eq(p.errors.data + p.errors.len - 7, "xfinish");
		cr_assert_eq(strstr(p.errors.data, "\n...\n") != NULL, len > PROC_STDERR_MAX);
	}
}

Test(proc, its_environment_is_what_was_given)
{
	setenv("INHERITED", "yes", 1);
	outputs(&(struct proc){.argv = (const char *[]){"env", NULL},
			       .env = (const char *[]){"A=b", "C=d e", NULL}},
		"A=b\nC=d e\n");
	outputs(&(struct proc){.argv = SH("echo $INHERITED")}, "yes\n");
}

Test(proc, an_environment_is_ours_without_some_and_with_others)
{
	setenv("PGPASSWORD", "hunter2", 1);
	setenv("PGPASSWORD_FILE", "/x", 1);
	setenv("PGTZ", "Mars", 1);
	CLEANUP(proc_env_freep)
	char **env = proc_env((const char *[]){"PGPASSWORD", "ABSENT", NULL},
			      (const char *[]){"PGTZ=UTC", "EMPTY=", NULL});
	size_t ours = 0, count = 0, found = 0;

	while (environ[ours])
		ours++;
	for (; env[count]; count++) {
		cr_assert(strncmp(env[count], "PGPASSWORD=", 11) != 0);
		cr_assert(strcmp(env[count], "PGTZ=Mars") != 0);
		found += strcmp(env[count], "PGPASSWORD_FILE=/x") == 0 ||
			 strcmp(env[count], "PGTZ=UTC") == 0 || strcmp(env[count], "EMPTY=") == 0;
	}
	cr_assert_eq(found, 3);
	cr_assert_eq(count, ours - 1 - 1 + 2);
}

Test(proc, an_environment_without_changes_is_ours)
{
	CLEANUP(proc_env_freep) char **env = proc_env(NULL, NULL);

	for (size_t i = 0; env[i] || environ[i]; i++)
		cr_assert_str_eq(env[i], environ[i]);
}

Test(proc, its_directory_is_what_was_asked_for)
{
	outputs(&(struct proc){.argv = SH("pwd"), .directory = "/usr"}, "/usr\n");
}

Test(proc, its_stdin_is_empty)
{
	outputs(&(struct proc){.argv = (const char *[]){"cat", NULL}}, "");
}

Test(proc, stderr_goes_to_the_log_file_that_was_named)
{
	char path[] = "/tmp/proc-XXXXXX", text[100];
	CLEANUP(closep) int fd = mkstemp(path);
	struct err e = {0};

	cr_assert_eq(write(fd, "before\n", 7), 7);
	for (int i = 0; i < 2; i++) {
		CLEANUP(proc_stop)
		struct proc p = {.argv = SH("echo said >&2; exit 3"), .stderr_log = path};

		cr_assert(proc_start(&p, &e));
		cr_assert(!proc_wait(&p, &e));
		cr_assert_str_eq(e.text, "sh: exit status 3");
	}
	cr_assert_eq(lseek(fd, 0, SEEK_SET), 0);
	read_all(fd, text, sizeof text);
	unlink(path);
	cr_assert_str_eq(text, "before\nsaid\nsaid\n");
}

Test(proc, our_descriptors_are_not_within_its_reach)
{
	int fds[50];

	for (size_t i = 0; i < 50; i++)
		cr_assert((fds[i] = open("/dev/null", O_RDONLY)) >= 0); /* without close-on-exec */
	outputs(&(struct proc){.argv = (const char *[]){"ls", "/proc/self/fd", NULL}},
		"0\n1\n2\n3\n"); /* 3 is the directory that ls reads */
	for (size_t i = 0; i < 50; i++)
		close(fds[i]);
}

/* As it is under some launchers: then our pipes get the numbers 0 to 2. */
Test(proc, works_when_our_own_stdin_stdout_stderr_are_closed)
{
	for (int closed = 0; closed < 8; closed++) {
		struct proc p = {.argv = SH("cat; echo out; echo err >&2; exit 3"),
				 .capture_out = true};
		struct err e = {0};
		char out[100];
		int saved[3];
		bool started, waited;

		for (int fd = 0; fd < 3; fd++) {
			saved[fd] = fcntl(fd, F_DUPFD_CLOEXEC, 10);
			if (closed & 1 << fd)
				close(fd);
		}
		started = proc_start(&p, &e);
		if (started)
			read_all(p.out, out, sizeof out);
		waited = proc_wait(&p, &e);
		proc_stop(&p);
		for (int fd = 0; fd < 3; fd++) {
			dup2(saved[fd], fd);
			close(saved[fd]);
		}
		cr_assert(started && !waited);
		cr_assert_str_eq(out, "out\n");
		cr_assert_str_eq(e.text, "sh: exit status 3: err", "%d", closed);
	}
}

Test(proc, starts_leave_no_descriptors_behind)
{
	size_t before = open_files();

	for (int i = 0; i < 1000; i++) {
		CLEANUP(proc_stop) struct proc good = {.argv = (const char *[]){"true", NULL}};
		CLEANUP(proc_stop) struct proc bad = {.argv = (const char *[]){"/no", NULL}};
		struct err e = {0};

		good.capture_out = bad.capture_out = i % 2;
		cr_assert(proc_start(&good, &e) && proc_wait(&good, &e), "%s", e.text);
		cr_assert(!proc_start(&bad, &e));
	}
	cr_assert_eq(open_files(), before);
	cr_assert(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD, "no zombie either");
}
