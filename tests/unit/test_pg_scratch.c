#include "pg/scratch.h"

#include "pg/scratch_private.h"
#include "support/server.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char parent[] = "/tmp/pgmuster-parent-XXXXXX";

static void setup(void)
{
	cr_assert(mkdtemp(parent));
	cr_assert(chmod(parent, 0755) == 0);
}

static size_t entries(const char *path)
{
	DIR *dir = opendir(path);
	const struct dirent *entry;
	size_t n = 0;

	cr_assert(dir, "%s", path);
	while ((entry = readdir(dir)) != NULL)
		n += entry->d_name[0] != '.';
	closedir(dir);
	return n;
}

static void teardown(void)
{
	cr_assert_eq(entries(parent), 0);
	rmdir(parent);
}

TestSuite(pg_scratch, .init = setup, .fini = teardown, .timeout = 60);

static char *slurp(const char *path)
{
	CLEANUP(closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *text = xcalloc(1, 65536);
	ssize_t n = fd < 0 ? -1 : read(fd, text, 65535);

	cr_assert(n >= 0, "%s", path);
	for (ssize_t i = 0; i + 1 < n; i++)
		if (text[i] == '\0')
			text[i] = '\n';
	return text;
}

static void start(struct scratch *s, struct scratch_options o)
{
	struct err e = {0};

	if (!o.client)
		o.client = server_client(15);
	if (!o.parent)
		o.parent = parent;
	cr_assert(scratch_start(s, &o, &e), "%s; %s", e.text, e.hint);
}

Test(pg_scratch, server_has_the_ways_of_another_as_far_as_it_can)
{
	CLEANUP(scratch_stop) struct scratch s = {0};

	start(&s, (struct scratch_options){.ways = {"Asia/Tokyo", "No, such", "iso_8601"}});
	CLEANUP(pg_freep)
	struct pg_conn *c = pg_open_plain(&s.target, "postgres", &(struct err){0});
	CLEANUP(freep)
	char *got = server_ask(c, "SELECT concat_ws(' ', current_setting('TimeZone'),"
				  " current_setting('DateStyle'), '1 day'::interval)");
	cr_assert_str_eq(got, "Asia/Tokyo ISO, MDY P1D");
}

/* Nothing in its log says why, when it is the connection that cannot be made. */
Test(pg_scratch, server_that_cannot_be_reached_is_told_with_the_reason)
{
	struct scratch_options o = {
	    .client = server_client(15), .parent = parent, .start_timeout_s = 1};
	struct scratch s;
	struct err e = {0};

	setenv("PGREQUIREPEER", "nobody such", 1);
	cr_assert(!scratch_start(&s, &o, &e));
	cr_assert(strstr(e.text, "did not start in time"), "%s", e.text);
	cr_assert(strstr(e.text, "requirepeer"), "%s", e.text);
	cr_assert(strstr(e.text, "ready to accept connections"), "%s", e.text);
}

static void check_environment(pid_t pid)
{
	CLEANUP(freep) char *path = xasprintf("/proc/%d/environ", (int)pid);
	CLEANUP(freep) char *env = slurp(path);

	cr_assert(strstr(env, "HOME="), "%s", env);
	cr_assert(!strstr(env, "AWS_") && !strstr(env, "hunter2"), "%s", env);
	cr_assert(!strstr(env, "PGMUSTER") && !strstr(env, "PGPASS"), "%s", env);
}

static void check_nobody_else_gets_in(const struct scratch *s)
{
	CLEANUP(pg_freep) struct pg_conn *c = server_open(&s->target, "postgres");
	CLEANUP(freep) char *listen = server_ask(c, "SHOW listen_addresses");
	CLEANUP(freep)
	char *hba = server_ask(c, "SELECT string_agg(concat_ws(' ', type, database, user_name, "
				  "address, auth_method), ';')"
				  " FROM pg_hba_file_rules");
	CLEANUP(freep) char *socket = xasprintf("%s/socket", s->directory);
	CLEANUP(freep) char *data = xasprintf("%s/data", s->directory);
	struct stat st;

	cr_assert_str_eq(listen, "");
	cr_assert_str_eq(hba, "local {all} {all} trust");
	cr_assert(stat(socket, &st) == 0);
	cr_assert_eq(st.st_mode & 0777, 0700);
	cr_assert(stat(data, &st) == 0);
	cr_assert_eq(st.st_mode & 0777, 0700);
	cr_assert(st.st_uid != 0);
}

static void check_settings(const struct scratch *s)
{
	static const char *const wanted[][2] = {{"fsync", "off"},
						{"synchronous_commit", "off"},
						{"full_page_writes", "off"},
						{"autovacuum", "off"},
						{"wal_level", "minimal"},
						{"restart_after_crash", "off"},
						{"jit", "off"},
						{"allow_in_place_tablespaces", "on"},
						{"server_encoding", "UTF8"},
						{"lc_collate", "C"},
						{"log_statement", "none"}};
	CLEANUP(pg_freep) struct pg_conn *c = server_open(&s->target, "postgres");

	for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
		CLEANUP(freep)
		char *sql = xasprintf(
		    "SELECT coalesce((SELECT setting FROM pg_settings WHERE name = '%s'), (SELECT "
		    "datcollate FROM pg_database WHERE datname = 'postgres'))",
		    wanted[i][0]);
		CLEANUP(freep) char *got = server_ask(c, sql);

		cr_assert_str_eq(got, wanted[i][1], "%s is %s", wanted[i][0], got);
	}
}

Test(pg_scratch, server_is_private_and_gone_afterwards)
{
	struct scratch s = {0};
	struct err e = {0};
	pid_t pid;

	setenv("AWS_SECRET_ACCESS_KEY", "hunter2", 1);
	setenv("PGPASSWORD", "hunter2", 1);
	start(&s, (struct scratch_options){0});
	pid = s.server.pid;
	cr_assert(scratch_alive(&s, &e), "%s", e.text);
	check_environment(pid);
	check_nobody_else_gets_in(&s);
	check_settings(&s);
	scratch_stop(&s);
	cr_assert(kill(pid, 0) != 0);
	cr_assert_eq(entries(parent), 0);
	scratch_stop(&s);
}

Test(pg_scratch, nothing_started_is_nothing_to_stop)
{
	struct scratch s = {0};

	scratch_stop(&s);
	cr_assert(fcntl(STDIN_FILENO, F_GETFD) >= 0);
}

Test(pg_scratch, superuser_and_locale_are_the_dumps)
{
	CLEANUP(scratch_stop) struct scratch s = {0};

	start(&s,
	      (struct scratch_options){
		  .superuser = "Odd One", .encoding = "UTF8", .collate = "C", .ctype = "C.UTF-8"});
	CLEANUP(pg_freep) struct pg_conn *c = server_open(&s.target, "postgres");
	CLEANUP(freep)
	char *got = server_ask(
	    c, "SELECT concat_ws(',', current_user, (SELECT oid FROM pg_roles WHERE rolname = "
	       "current_user), pg_encoding_to_char(encoding), datcollate, datctype)"
	       " FROM pg_database WHERE datname = 'postgres'");
	cr_assert_str_eq(got, "Odd One,10,UTF8,C,C.UTF-8");
}

Test(pg_scratch, builtin_provider_of_18_is_the_dumps)
{
	CLEANUP(scratch_stop) struct scratch s = {0};

	start(&s, (struct scratch_options){.client = server_client(18),
					   .encoding = "UTF8",
					   .provider = "builtin",
					   .collate = "C",
					   .ctype = "C",
					   .locale = "C.UTF-8"});
	CLEANUP(pg_freep) struct pg_conn *c = server_open(&s.target, "template1");
	CLEANUP(freep)
	char *got = server_ask(c, "SELECT concat(datlocprovider, ' ', datlocale) FROM "
				  "pg_database WHERE datname = 'template1'");
	cr_assert_str_eq(got, "b C.UTF-8");
}

Test(pg_scratch, icu_locale_of_15_is_the_dumps)
{
	CLEANUP(scratch_stop) struct scratch s = {0};

	start(&s, (struct scratch_options){.provider = "icu", .locale = "de"});
	CLEANUP(pg_freep) struct pg_conn *c = server_open(&s.target, "template1");
	CLEANUP(freep)
	char *got = server_ask(c, "SELECT concat(datlocprovider, ' ', daticulocale) FROM "
				  "pg_database WHERE datname = 'template1'");
	cr_assert_str_eq(got, "i de");
}

Test(pg_scratch, tablespaces_need_no_directory)
{
	static const char *const create[] = {"CREATE TABLESPACE fast LOCATION ''",
					     "CREATE TABLE public.t TABLESPACE fast AS SELECT 1",
					     NULL};

	server_run(server_target(), "postgres", create);
}

Test(pg_scratch, locale_that_is_not_there_is_an_error_and_leaves_nothing)
{
	struct scratch s;
	struct err e = {0};
	const struct scratch_options o = {
	    .client = server_client(15), .parent = parent, .collate = "xx_XX.nonsense"};

	cr_assert(!scratch_start(&s, &o, &e));
	cr_assert(strstr(e.text, "invalid locale name"), "%s", e.text);
	cr_assert_eq(entries(parent), 0);
}

Test(pg_scratch, server_that_does_not_start_says_why)
{
	struct scratch s;
	struct err e = {0};
	const struct scratch_options o = {
	    .client = server_client(15), .parent = parent, .preload_libraries = "no_such_library"};

	cr_assert(!scratch_start(&s, &o, &e));
	cr_assert_eq(e.kind, ERR_SYSTEM);
	cr_assert(strstr(e.text, "no_such_library"), "%s", e.text);
	cr_assert_eq(entries(parent), 0);
}

Test(pg_scratch, parent_that_is_not_there_is_missing)
{
	struct scratch s;
	struct err e = {0};
	const struct scratch_options o = {.client = server_client(15), .parent = "/nonexistent/x"};

	cr_assert(!scratch_start(&s, &o, &e));
	cr_assert_eq(e.kind, ERR_MISSING, "%s", e.text);
}

Test(pg_scratch, socket_is_reached_however_long_its_path)
{
	CLEANUP(freep) char *deep = xasprintf("%s/%0150d", parent, 0);
	struct scratch s;

	cr_assert(mkdir(deep, 0755) == 0);
	start(&s, (struct scratch_options){.parent = deep});
	pg_freep(&(struct pg_conn *){server_open(&s.target, "postgres")});
	scratch_stop(&s);
	cr_assert(rmdir(deep) == 0);
}

Test(pg_scratch, death_of_the_server_is_told_with_its_log)
{
	CLEANUP(scratch_stop) struct scratch s = {0};
	struct err e = {0};
	int64_t start_ms = clock_ms();

	start(&s, (struct scratch_options){0});
	cr_assert(kill(s.server.pid, SIGQUIT) == 0);
	while (scratch_alive(&s, &e) && clock_ms() - start_ms < 10000)
		;
	cr_assert(!scratch_alive(&s, &e));
	cr_assert(strstr(e.text, "the scratch server died: "), "%s", e.text);
	cr_assert(strstr(e.text, "immediate shutdown"), "%s", e.text);
	cr_assert(!strchr(e.text, '\n'));
}

Test(pg_scratch, lost_connection_is_explained_by_the_servers_death)
{
	CLEANUP(scratch_stop) struct scratch s = {0};
	struct err e = {0};

	start(&s, (struct scratch_options){0});
	err_set(&e, ERR_SYSTEM, "something else");
	scratch_explain(&s, &e);
	cr_assert_str_eq(e.text, "something else");
	cr_assert(kill(s.server.pid, SIGQUIT) == 0);
	err_set(&e, ERR_TRANSIENT, "connection lost");
	scratch_explain(&s, &e);
	cr_assert(strstr(e.text, "the scratch server died: "), "%s", e.text);
}

Test(pg_scratch, failing_statements_and_their_secrets_are_not_logged)
{
	static const char sql[] = "ALTER ROLE nobody PASSWORD 'hunter2'";
	struct pg_error what;
	struct err e = {0};

	CLEANUP(pg_freep) struct pg_conn *c = server_open(server_target(), "postgres");
	cr_assert(pg_execute(c, sql, sizeof sql - 1, &what, NULL, &e), "%s", e.text);
	cr_assert_str_eq(what.sqlstate, "42704");
	CLEANUP(freep) char *path = xasprintf("%s/../log", server_target()->host);
	CLEANUP(freep) char *log = slurp(path);
	cr_assert(strstr(log, "ready to accept connections"));
	cr_assert(!strstr(log, "hunter2") && !strstr(log, "ERROR"), "%s", log);
}

/* A child that starts a server and is killed: it has no time to clean up. */
static void leave_one_behind(pid_t *server)
{
	int fd[2];
	int status;
	pid_t child;

	cr_assert(pipe(fd) == 0);
	child = fork();
	if (child == 0) {
		struct scratch s = {0};
		struct err e = {0};
		const struct scratch_options o = {.client = server_client(15), .parent = parent};

		if (!scratch_start(&s, &o, &e) ||
		    write(fd[1], &s.server.pid, sizeof s.server.pid) != sizeof s.server.pid)
			_exit(1);
		raise(SIGKILL);
	}
	close(fd[1]);
	cr_assert(read(fd[0], server, sizeof *server) == sizeof *server);
	close(fd[0]);
	cr_assert(waitpid(child, &status, 0) == child && WIFSIGNALED(status));
}

static bool ends_within(pid_t pid, int64_t ms)
{
	int64_t start_ms = clock_ms();

	while (kill(pid, 0) == 0)
		if (clock_ms() - start_ms > ms)
			return false;
	return true;
}

Test(pg_scratch, killed_owner_takes_its_server_along_and_the_next_start_cleans_up_after_it_alone)
{
	CLEANUP(scratch_stop) struct scratch a = {0};
	CLEANUP(scratch_stop) struct scratch b = {0};
	struct err e = {0};
	pid_t server;

	leave_one_behind(&server);
	cr_assert(ends_within(server, 10000));
	cr_assert_eq(entries(parent), 1);
	start(&a, (struct scratch_options){0});
	cr_assert_eq(entries(parent), 1);
	start(&b, (struct scratch_options){0});
	cr_assert(scratch_alive(&a, &e) && scratch_alive(&b, &e), "%s", e.text);
	cr_assert_eq(entries(parent), 2);
}

Test(pg_scratch, server_that_outlived_its_owner_is_ended)
{
	struct scratch s = {0};
	struct scratch orphan = {0};
	pid_t pid;

	start(&orphan, (struct scratch_options){0});
	pid = orphan.server.pid;
	closep(&orphan.lock_fd); /* as the kernel does when its owner dies */
	start(&s, (struct scratch_options){0});
	cr_assert(!proc_running(&orphan.server));
	cr_assert(kill(pid, 0) != 0);
	cr_assert_eq(entries(parent), 1);
	scratch_stop(&orphan);
	scratch_stop(&s);
}

/* Without a lock, what is not empty is not ours; nor is a file or a link of the name; and links in the
 * server's own directory may lead anywhere. */
Test(pg_scratch, what_may_be_anothers_is_left_alone)
{
	CLEANUP(freep) char *theirs = xasprintf("%s/pgmuster-drill-theirs", parent);
	CLEANUP(freep) char *inside = xasprintf("%s/file", theirs);
	CLEANUP(freep) char *link = xasprintf("%s/pgmuster-drill-link", parent);
	CLEANUP(freep) char *other = xasprintf("%s/other", parent);
	CLEANUP(freep) char *lock = xasprintf("%s/lock", other);
	struct scratch s = {0};

	cr_assert(mkdir(theirs, 0755) == 0 && mkdir(other, 0755) == 0 && symlink(other, link) == 0);
	close(open(inside, O_CREAT | O_WRONLY, 0600));
	close(open(lock, O_CREAT | O_WRONLY, 0600));
	start(&s, (struct scratch_options){0});
	CLEANUP(freep) char *within = xasprintf("%s/data/link", s.directory);
	cr_assert(symlink(other, within) == 0);
	scratch_stop(&s);
	cr_assert_eq(entries(parent), 3);
	cr_assert(unlink(inside) == 0 && rmdir(theirs) == 0);
	cr_assert(unlink(link) == 0 && unlink(lock) == 0 && rmdir(other) == 0);
}

/* Its owner died at once. */
Test(pg_scratch, directory_without_a_lock_goes_if_it_is_empty)
{
	CLEANUP(freep) char *empty = xasprintf("%s/pgmuster-drill-empty", parent);

	cr_assert(mkdir(empty, 0700) == 0);
	scratch_directory_clean(parent);
	cr_assert_eq(entries(parent), 0);
}

/* One that cleans up all the time meets directories that have no lock yet. */
Test(pg_scratch, directory_is_its_owners_however_others_clean_up)
{
	pid_t cleaner = fork();
	struct err e = {0};
	int lock_fd;

	if (cleaner == 0)
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* should an assertion fail */
	while (cleaner == 0)
		scratch_directory_clean(parent);
	for (int i = 0; i < 3000; i++) {
		CLEANUP(freep) char *directory = scratch_directory_new(parent, &lock_fd, &e);

		cr_assert(directory, "%s", e.text);
		CLEANUP(freep) char *path = xasprintf("%s/lock", directory);
		cr_assert(access(path, F_OK) == 0, "%d", i);
		scratch_directory_remove(directory);
		close(lock_fd);
		cr_assert(access(directory, F_OK) != 0);
	}
	kill(cleaner, SIGKILL);
	waitpid(cleaner, NULL, 0);
}

/* As programs of a restored dump could leave it. */
Test(pg_scratch, directory_goes_however_deep_and_closed_it_is)
{
	struct scratch s = {0};
	int fd;

	start(&s, (struct scratch_options){0});
	CLEANUP(freep) char *data = xasprintf("%s/data", s.directory);
	fd = open(data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (int i = 0; i < 500; i++) {
		int next;

		cr_assert(mkdirat(fd, "d", 0700) == 0);
		next = openat(fd, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		close(fd);
		fd = next;
	}
	cr_assert(mkdirat(fd, "closed", 0) == 0 && mkdirat(fd, "d", 0700) == 0);
	cr_assert(mkdirat(fd, "d/file", 0700) == 0 && fchmodat(fd, "d", 0500, 0) == 0);
	close(fd);
	scratch_stop(&s);
	cr_assert_eq(entries(parent), 0);
}
