#include "pg/scratch.h"

#include "base/cancel.h"
#include "base/log.h"
#include "pg/child.h"
#include "pg/scratch_private.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/un.h>
#include <unistd.h>

#define START_TIMEOUT_S 60
#define START_PAUSE_MS 50
#define STOP_WAIT_MS 5000
#define LITTLE_SPACE (64 * MIB)
#define DEATH_WAIT_MS 1000
#define PORT "5432"
#define SOCKET_NAME "/.s.PGSQL.5432"

/* Without durability, without the network, without anything that outlives it. On the command line
 * they win over postgresql.conf and over ALTER SYSTEM. */
static const char *const settings[] = {
    "listen_addresses=",
    "port=5432",
    "unix_socket_directories=../socket", /* of the data directory: short, however deep that is */
    "unix_socket_permissions=0700",
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "wal_level=minimal",
    "max_wal_senders=0", /* wal_level=minimal demands it */
    "max_wal_size=4GB",
    "checkpoint_timeout=1h",
    "autovacuum=off",
    "shared_buffers=128MB",
    "maintenance_work_mem=128MB",
    "max_parallel_maintenance_workers=1",
    "max_connections=100",
    "TimeZone=UTC",                    /* the last of two wins */
    "max_locks_per_transaction=1024",  /* one transaction restores thousands of tables */
    "dynamic_shared_memory_type=mmap", /* /dev/shm has 64 MiB in a pod, and keeps what we leave */
    "jit=off",
    "restart_after_crash=off",
    "logging_collector=off",
    "log_destination=stderr",
    "log_min_messages=log", /* above ERROR: what fails is reported by its own connection, and a */
    "log_min_error_statement=panic", /* statement or a row may hold a secret */
};

static bool fail_with_log(const struct scratch *s, struct err *e, const char *what)
{
	CLEANUP(closep) int fd = open(s->log, O_RDONLY | O_CLOEXEC);
	char tail[600];
	off_t size = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
	off_t at = size > (off_t)sizeof tail - 1 ? size - (off_t)(sizeof tail - 1) : 0;
	ssize_t n = fd < 0 ? 0 : pread(fd, tail, sizeof tail - 1, at);
	const char *text = tail;

	if (n < 0)
		n = 0;
	while (n > 0 && tail[n - 1] == '\n')
		n--;
	tail[n] = '\0';
	if (at > 0 && strchr(tail, '\n'))
		text = strchr(tail, '\n') + 1;
	for (char *p = tail; *p != '\0'; p++)
		if (*p == '\n' || *p == '\t')
			*p = *p == '\n' ? ';' : ' ';
	return err_set(e, ERR_SYSTEM, "%s: %s", what, *text ? text : "its log is empty");
}

/* PostgreSQL refuses to run as root. Not as postgres where there is another: a program that the dump runs
 * would own the production server of this machine. */
static bool choose_user(struct proc *p, struct err *e)
{
	const struct passwd *user;

	if (geteuid() != 0) {
		if (getpwuid(geteuid()))
			return true;
		err_set(e, ERR_SYSTEM,
			"user id %u has no entry in /etc/passwd, and initdb wants one",
			(unsigned)geteuid());
		return err_hint(e, "mount an /etc/passwd that has it");
	}
	user = getpwnam("nobody");
	if (!user)
		user = getpwnam("postgres");
	if (!user || user->pw_uid == 0)
		return err_set(e, ERR_SYSTEM,
			       "there is no user nobody and no user postgres, and "
			       "PostgreSQL refuses to run as root");
	p->own_user = true;
	p->uid = user->pw_uid;
	p->gid = user->pw_gid;
	return true;
}

static bool make_for_user(const struct scratch *s, const char *path, struct err *e)
{
	if (mkdir(path, 0700) != 0)
		return err_sys(e, "create %s", path);
	if (s->server.own_user && chown(path, s->server.uid, s->server.gid) != 0)
		return err_sys(e, "chown %s", path);
	return true;
}

static bool make_file(const struct scratch *s, const char *path, const char *text, struct err *e)
{
	CLEANUP(closep) int fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
	size_t len = strlen(text);

	if (fd < 0 || write(fd, text, len) != (ssize_t)len)
		return err_sys(e, "create %s", path);
	if (s->server.own_user && fchown(fd, s->server.uid, s->server.gid) != 0)
		return err_sys(e, "chown %s", path);
	return true;
}

/* A socket's path has at most 107 bytes. Through /proc we reach the directory by a short one, and a child
 * as the directory it runs in: what is not dumpable shows its /proc/PID/fd to nobody else. */
static bool name_socket(struct scratch *s, const char *path, struct err *e)
{
	struct sockaddr_un address;

	if (strlen(path) + strlen(SOCKET_NAME) < sizeof address.sun_path) {
		s->socket_directory = xstrdup(path);
		return true;
	}
	s->socket_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (s->socket_fd < 0)
		return err_sys(e, "open %s", path);
	s->socket_directory = xasprintf("/proc/%d/fd/%d", (int)getpid(), s->socket_fd);
	s->socket_path = xstrdup(path);
	return true;
}

/* The directory itself stays ours: the server's user cannot touch the lock. */
static bool make_directory(struct scratch *s, const struct scratch_options *o, struct err *e)
{
	const char *tmp = getenv("TMPDIR");
	const char *parent = o->parent ? o->parent : tmp && *tmp ? tmp : "/tmp";
	CLEANUP(freep) char *real = realpath(parent, NULL);

	if (!real)
		return err_sys(e, "scratch directory in %s", parent);
	scratch_directory_clean(real);
	s->directory = scratch_directory_new(real, &s->lock_fd, e);
	if (!s->directory)
		return false;
	if (s->server.own_user && chmod(s->directory, 0711) != 0)
		return err_sys(e, "chmod %s", s->directory);

	CLEANUP(freep) char *data = xasprintf("%s/data", s->directory);
	CLEANUP(freep) char *hba = xasprintf("%s/pg_hba.conf", s->directory);
	CLEANUP(freep) char *socket = xasprintf("%s/socket", s->directory);
	s->log = xasprintf("%s/log", s->directory);
	return make_for_user(s, data, e) && make_for_user(s, socket, e) &&
	       name_socket(s, socket, e) && make_file(s, hba, "local all all trust\n", e) &&
	       make_file(s, s->log, "", e);
}

struct proc scratch_program(const struct scratch *s, const char *const argv[])
{
	return (struct proc){.argv = argv,
			     .env = (const char *const *)s->env,
			     .own_user = s->server.own_user,
			     .uid = s->server.uid,
			     .gid = s->server.gid,
			     .directory = s->directory};
}

static bool run_initdb(const struct scratch *s, const struct scratch_options *o, struct err *e)
{
	const char *provider = o->provider ? o->provider : "libc";
	CLEANUP(freep) char *program = xasprintf("%s/initdb", o->client->directory);
	CLEANUP(freep) char *data = xasprintf("--pgdata=%s/data", s->directory);
	CLEANUP(freep) char *user = xasprintf("--username=%s", s->superuser);
	CLEANUP(freep)
	char *encoding = xasprintf("--encoding=%s", o->encoding ? o->encoding : "UTF8");
	CLEANUP(freep) char *collate = xasprintf("--lc-collate=%s", o->collate ? o->collate : "C");
	CLEANUP(freep) char *ctype = xasprintf("--lc-ctype=%s", o->ctype ? o->ctype : "C");
	CLEANUP(freep) char *kind = xasprintf("--locale-provider=%s", provider);
	CLEANUP(freep)
	char *locale = xasprintf("--%s-locale=%s", provider, o->locale ? o->locale : "");
	const char *argv[16] = {program,
				data,
				user,
				"--auth=trust",
				"--no-sync",
				"--no-locale",
				"--no-instructions",
				encoding,
				collate,
				ctype};
	size_t n = 10;

	/* Version 14 has libc only and does not know the option. */
	if (strcmp(provider, "libc") != 0) {
		argv[n++] = kind;
		if (o->locale && o->locale[0] != '\0')
			argv[n++] = locale;
	}

	CLEANUP(proc_stop) struct proc p = scratch_program(s, argv);
	if (proc_start(&p, e) && proc_wait(&p, e))
		return true;
	pg_child_failed("initdb", &p.errors, e);
	if (p.errors.data && strstr(p.errors.data, "ermission denied"))
		err_hint(e, "user id %u must be able to reach %s", (unsigned)p.uid, s->directory);
	return err_in(e, "scratch server");
}

static bool wait_until_up(struct scratch *s, int timeout_s, struct err *e)
{
	int64_t deadline = clock_ms() + (int64_t)timeout_s * 1000;

	for (;;) {
		CLEANUP(pg_freep) struct pg_conn *c = NULL;

		if (!scratch_alive(s, e))
			return false;
		c = pg_open(&s->target, "postgres", e);
		if (c)
			return true;
		if (e->kind != ERR_TRANSIENT)
			return err_in(e, "scratch server");
		if (clock_ms() >= deadline) {
			CLEANUP(freep)
			char *what = xasprintf(
			    "the scratch server did not start in time; %s; its log", e->text);

			return fail_with_log(s, e, what);
		}
		if (!cancel_wait(-1, 0, START_PAUSE_MS, e) && e->kind != ERR_TRANSIENT)
			return false;
	}
}

void scratch_add_setting(struct scratch *s, char *setting)
{
	size_t n = 0;

	while (s->argv[n])
		n++;
	s->argv[n] = xstrdup("-c");
	s->argv[n + 1] = setting;
}

static void make_argv(struct scratch *s, const struct scratch_options *o)
{
	size_t count = sizeof settings / sizeof *settings;
	const char *preload = o->preload_libraries ? o->preload_libraries : "";

	s->argv = xcalloc(3 + 2 * (count + 4 + PG_WAYS) + 1, sizeof *s->argv);
	s->argv[0] = xasprintf("%s/postgres", o->client->directory);
	s->argv[1] = xstrdup("-D");
	s->argv[2] = xasprintf("%s/data", s->directory);
	for (size_t i = 0; i < count; i++)
		scratch_add_setting(s, xstrdup(settings[i]));
	scratch_add_setting(s, xasprintf("hba_file=%s/pg_hba.conf", s->directory));
	scratch_add_setting(s, xasprintf("shared_preload_libraries=%s", preload));
	if (o->client->version >= 140005)
		scratch_add_setting(s, xstrdup("allow_in_place_tablespaces=on"));
	if (o->client->version >= 170000) /* those on login would change what is counted */
		scratch_add_setting(s, xstrdup("event_triggers=off"));
}

static bool run_server(struct scratch *s, const struct scratch_options *o, struct err *e)
{
	make_argv(s, o);
	if (!scratch_add_ways(s, o, e))
		return false;
	s->server.argv = (const char *const *)s->argv;
	s->server.env = (const char *const *)s->env;
	s->server.stderr_log = s->log;
	s->server.directory = s->directory;
	s->server.stop_signal = SIGQUIT; /* an immediate shutdown */
	s->server.stop_wait_ms = STOP_WAIT_MS;
	s->server.no_network = true;
	s->started = proc_start(&s->server, e);
	if (s->server.network_error)
		log_info("what a dump runs on the scratch server may open connections: this "
			 "kernel or container grants no network of its own (%s)",
			 strerror(s->server.network_error));
	return s->started &&
	       wait_until_up(s, o->start_timeout_s ? o->start_timeout_s : START_TIMEOUT_S, e);
}

static bool start(struct scratch *s, const struct scratch_options *o, struct err *e)
{
	if (!choose_user(&s->server, e) || !make_directory(s, o, e))
		return false;
	s->ends_programs = o->ends_programs;
	if (s->ends_programs)
		proc_adopt();

	CLEANUP(freep) char *home = xasprintf("HOME=%s", s->directory);
	s->env = pg_child_environment((const char *const[]){home, NULL});
	s->superuser = xstrdup(o->superuser ? o->superuser : "postgres");
	s->target = (struct pg_target){.host = s->socket_directory,
				       .port = PORT,
				       .user = s->superuser,
				       .isolated = true,
				       .directory = s->socket_path};
	return run_initdb(s, o, e) && run_server(s, o, e);
}

bool scratch_start(struct scratch *s, const struct scratch_options *o, struct err *e)
{
	*s = (struct scratch){.lock_fd = -1, .socket_fd = -1};
	if (start(s, o, e))
		return true;
	scratch_stop(s);
	return false;
}

void scratch_stop(struct scratch *s)
{
	if (s->started)
		proc_stop(&s->server);
	if (s->ends_programs) /* before the directory goes: they may write to it */
		proc_end_children(STOP_WAIT_MS);
	if (s->directory) {
		scratch_directory_remove(s->directory);
		closep(&s->socket_fd);
		closep(&s->lock_fd);
	}
	free(s->directory);
	free(s->socket_directory);
	free(s->socket_path);
	free(s->log);
	free(s->superuser);
	proc_env_freep(&s->argv);
	proc_env_freep(&s->env);
	*s = (struct scratch){.lock_fd = -1, .socket_fd = -1};
}

bool scratch_alive(struct scratch *s, struct err *e)
{
	return proc_running(&s->server) || fail_with_log(s, e, "the scratch server died");
}

/* Not every message of a server whose disk is full says so. */
static void hint_space(const struct scratch *s, struct err *e)
{
	struct statvfs disk;
	char size[HUMAN_SIZE];

	if (statvfs(s->directory, &disk) != 0 || disk.f_bavail * disk.f_frsize >= LITTLE_SPACE)
		return;
	err_hint(e, "%s are left for the scratch server in %.150s",
		 human_bytes(disk.f_bavail * disk.f_frsize, size), s->directory);
}

/* A crash of one process takes the others along, and the connection is lost first. */
static void explain_death(struct scratch *s, struct err *e)
{
	int64_t deadline = clock_ms() + DEATH_WAIT_MS;
	struct err death = {0}, waited = {0};

	while (scratch_alive(s, &death)) {
		if (e->kind != ERR_TRANSIENT || clock_ms() >= deadline)
			return;
		if (!cancel_wait(-1, 0, START_PAUSE_MS, &waited) && waited.kind != ERR_TRANSIENT)
			return;
	}
	*e = death;
}

void scratch_explain(struct scratch *s, struct err *e)
{
	if (!s->started || (e->kind != ERR_TRANSIENT && e->kind != ERR_SYSTEM))
		return;
	explain_death(s, e);
	hint_space(s, e);
}
