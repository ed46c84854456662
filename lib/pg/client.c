#include "pg/client.h"

#include "pg/child.h"
#include "proc/proc.h"
#include "stream/sink.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEBIAN_DIRECTORY "/usr/lib/postgresql"

struct search {
	int at_least_major;
	bool server;
	struct pg_client best; /* so far; empty at first */
	char found[500];       /* what was there but would not do */
	struct err broken;     /* why the last one did not run, if any */
};

void pg_client_stop(struct pg_client *c)
{
	free(c->directory);
	free(c->version_text);
	*c = (struct pg_client){0};
}

/* "pg_dump (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)", also "19devel" and "18beta1". */
static bool parse_version(const char *line, struct pg_client *c)
{
	static const char product[] = "(PostgreSQL) ";
	const char *text = strstr(line, product);
	char *end;
	long major;
	long minor = 0;

	if (!text)
		return false;
	text += sizeof product - 1;
	major = strtol(text, &end, 10);
	if (end == text || major < 1 || major > 999)
		return false;
	if (*end == '.')
		minor = strtol(end + 1, NULL, 10);
	if (minor < 0 || minor > 9999)
		return false;
	c->version = (int)(major * 10000 + minor);
	c->version_text = xstrndup(text, strcspn(text, "\n"));
	return true;
}

static bool ask_version(const char *directory, const char *program, struct pg_client *c,
			struct err *e)
{
	CLEANUP(freep) char *path = xasprintf("%s/%s", directory, program);
	const char *argv[] = {path, "--version", NULL};
	CLEANUP(buf_stop) struct buf said = BUF_INIT(4096, "version");
	CLEANUP(sink_freep) struct sink *sink = sink_buf(&said);
	CLEANUP(proc_env_freep) char **env = pg_child_environment(NULL);
	CLEANUP(proc_stop)
	struct proc p = {.argv = argv, .env = (const char *const *)env, .capture_out = true};

	if (!proc_start(&p, e) || !sink_pump(sink, p.out, e) || !proc_wait(&p, e))
		return false;
	if (!said.data || !parse_version(said.data, c))
		return err_set(e, ERR_SYSTEM, "%s: is no PostgreSQL program", path);
	c->directory = xstrdup(directory);
	return true;
}

static bool has(const char *directory, const char *program)
{
	CLEANUP(freep) char *path = xasprintf("%s/%s", directory, program);
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

/* The first program that is missing, or NULL. */
static const char *lacks(const char *directory, bool server)
{
	static const char *const programs[] = {"pg_dump", "pg_dumpall", "initdb", "postgres"};

	for (size_t i = 0; i < (server ? 4 : 2); i++)
		if (!has(directory, programs[i]))
			return programs[i];
	return NULL;
}

static bool examine(const char *directory, bool server, struct pg_client *c, struct err *e)
{
	const char *missing = lacks(directory, server);

	if (missing)
		return err_set(e, ERR_USAGE, "%s: has no %s", directory, missing);
	return ask_version(directory, server ? "postgres" : "pg_dump", c, e);
}

/* False when cancelled. Of equal versions the first wins. */
static bool consider(struct search *s, const char *directory, struct err *e)
{
	CLEANUP(pg_client_stop) struct pg_client c = {0};
	size_t used = strlen(s->found);

	if (lacks(directory, s->server))
		return true;
	if (!examine(directory, s->server, &c, e)) {
		s->broken =
		    *e; /* there, but it does not run: the reason if nothing else is found */
		return e->kind != ERR_CANCELLED;
	}
	if (c.version / 10000 < s->at_least_major) {
		snprintf(s->found + used, sizeof s->found - used, "%s%.30s in %.100s",
			 used ? ", " : "", c.version_text, directory);
		return true;
	}
	if (!s->best.directory || c.version / 10000 < s->best.version / 10000) {
		struct pg_client worse = s->best;

		s->best = c;
		c = worse;
	}
	return true;
}

static bool consider_debian(struct search *s, struct err *e)
{
	DIR *dir = opendir(DEBIAN_DIRECTORY);
	const struct dirent *entry;
	bool ok = true;

	if (!dir && errno != ENOENT)
		return err_sys(e, "open " DEBIAN_DIRECTORY);
	while (dir && ok && (entry = readdir(dir)) != NULL) {
		CLEANUP(freep) char *bin = NULL;

		if (entry->d_name[0] < '1' || entry->d_name[0] > '9')
			continue;
		bin = xasprintf(DEBIAN_DIRECTORY "/%s/bin", entry->d_name);
		ok = consider(s, bin, e);
	}
	if (dir)
		closedir(dir);
	return ok;
}

/* Debian's /usr/bin/pg_dump is a wrapper that picks a version of its own; elsewhere a link may lead
 * to the one directory that has the server's programs as well. */
static bool consider_path_entry(struct search *s, const char *directory, struct err *e)
{
	CLEANUP(freep) char *program = xasprintf("%s/pg_dump", directory);
	CLEANUP(freep) char *real = realpath(program, NULL);
	char *slash = real ? strrchr(real, '/') : NULL;

	if (!slash || strcmp(slash, "/pg_wrapper") == 0)
		return true;
	*slash = '\0';
	return consider(s, lacks(directory, s->server) ? real : directory, e);
}

static bool consider_path(struct search *s, struct err *e)
{
	const char *path = getenv("PATH");

	while (path && *path != '\0') {
		size_t len = strcspn(path, ":");
		CLEANUP(freep) char *directory = xstrndup(path, len);

		if (directory[0] == '/' && !consider_path_entry(s, directory, e))
			return false;
		path += len + (path[len] == ':');
	}
	return true;
}

static bool take_named(const char *directory, int at_least_major, bool server,
		       struct pg_client *out, struct err *e)
{
	CLEANUP(freep) char *real = realpath(directory, NULL);
	CLEANUP(pg_client_stop) struct pg_client c = {0};

	if (!real) {
		err_sys(e, "programs of PostgreSQL in %s", directory);
		e->kind = ERR_USAGE;
		return false;
	}
	if (!examine(real, server, &c, e))
		return false;
	if (c.version / 10000 < at_least_major)
		return err_set(e, ERR_USAGE, "%s: has PostgreSQL %s, and %d or newer is needed",
			       real, c.version_text, at_least_major);
	*out = c;
	c = (struct pg_client){0};
	return true;
}

bool pg_client_find(const char *directory, int at_least_major, bool server, struct pg_client *out,
		    struct err *e)
{
	struct search s = {.at_least_major = at_least_major, .server = server};

	*out = (struct pg_client){0};
	if (directory)
		return take_named(directory, at_least_major, server, out, e);
	if (!consider_debian(&s, e) || !consider_path(&s, e)) {
		pg_client_stop(&s.best);
		return false;
	}
	if (s.best.directory) {
		*out = s.best;
		return true;
	}
	if (s.broken.kind != ERR_NONE) {
		*e = s.broken;
		return false;
	}
	err_set(e, ERR_USAGE, "no %s programs of PostgreSQL %d or newer; found: %s",
		server ? "server" : "client", at_least_major, s.found[0] ? s.found : "none");
	return err_hint(e, "install them, or name the directory that has them");
}
