#include "pg/dump.h"

#include "pg/child.h"
#include "pg/params.h"
#include "proc/proc.h"
#include "sql/roll.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

extern char **environ;

#define CONNINFO_MAX ((size_t)64 * 1024)

static const char closing[] = ROLL_CLOSING;

void pg_warnings_stop(struct pg_warnings *w)
{
	for (size_t i = 0; i < w->count; i++)
		free(w->lines[i]);
	free(w->lines);
	*w = (struct pg_warnings){0};
}

static void note_warnings(struct pg_warnings *w, const char *of, const struct buf *errors)
{
	const char *p = errors->data ? errors->data : "";

	while (*p != '\0') {
		size_t len = strcspn(p, "\n");

		if (len > 0) {
			w->lines = xgrow(w->lines, w->count, &w->cap, sizeof *w->lines);
			w->lines[w->count++] = xasprintf("%s: %.*s", of, (int)len, p);
		}
		p += len + (p[len] == '\n');
	}
}

static bool add_text(struct buf *b, const char *text, struct err *e)
{
	return buf_add(b, text, strlen(text), e);
}

/* keyword='value' as libpq reads it: a backslash before a quote or a backslash. */
static bool add_param(struct buf *b, const char *keyword, const char *value, struct err *e)
{
	bool ok = add_text(b, b->len > 0 ? " " : "", e) && add_text(b, keyword, e) &&
		  add_text(b, "='", e);

	for (const char *p = value; ok && *p != '\0'; p++)
		ok = ((*p != '\'' && *p != '\\') || buf_add(b, "\\", 1, e)) && buf_add(b, p, 1, e);
	return ok && add_text(b, "'", e);
}

/* What a child gets in its argv: everything but secrets. dbname NULL: the child chooses. here: it runs in the
 * directory that is its host. */
static bool make_conninfo(const struct pg_params *params, const char *dbname, bool here,
			  struct buf *out, struct err *e)
{
	bool ok = true;

	for (size_t i = 0; i < sizeof pg_transport / sizeof *pg_transport; i++)
		ok = ok && add_param(out, pg_transport[i][0], pg_transport[i][1], e);
	for (size_t i = 0; ok && i < params->count; i++) {
		const struct pg_param *p = &params->items[i];
		bool cwd = here && strcmp(p->keyword, "host") == 0;

		if (p->secret)
			return err_set(e, ERR_USAGE,
				       "%s cannot be handed to pg_dump, only a password can",
				       p->keyword);
		ok = add_param(out, p->keyword, cwd ? "/proc/self/cwd" : p->value, e);
	}
	return ok && (!dbname || add_param(out, "dbname", dbname, e));
}

/* Over the settings of roles and databases. pg_dump sets some of them itself; pg_dumpall does not,
 * and then writes a VALID UNTIL that no other server reads. */
static const char settings[] = " -c bytea_output=hex -c DateStyle=ISO -c IntervalStyle=postgres"
			       " -c standard_conforming_strings=on";

/* No secret of the store's, nor of a proxy's; at our own scratch server, where foreign programs can
 * read its environment, nothing of ours at all. */
static bool is_withheld(const char *variable, const struct pg_params *params, bool isolated)
{
	static const char *const prefixes[] = {"AWS_", "PGMUSTER_", "PGPASSWORD_FILE="};
	size_t len = strcspn(variable, "=");

	if (isolated)
		return !pg_child_needs(variable);
	for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
		if (strncmp(variable, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	if (len > 6 && strncasecmp(variable + len - 6, "_proxy", 6) == 0)
		return true;
	return params->password && strncmp(variable, "PGPASSWORD=", 11) == 0;
}

static char **make_environment(const struct pg_params *params, bool isolated, bool superuser)
{
	/* PG_COLOR would hide warnings and errors from who looks for the words. */
	static const char *const replaced[] = {
	    "PGOPTIONS",  "PGTZ",   "PGDATESTYLE", "PGGEQO",  "PGCLIENTENCODING",
	    "PGDATABASE", "LC_ALL", "LANGUAGE",    "PG_COLOR"};
	size_t replaced_count = sizeof replaced / sizeof *replaced;
	size_t count = 0;
	size_t n = 0;

	while (environ[count])
		count++;

	CLEANUP(freep) char **copies = xcalloc(count + 1, sizeof *copies);
	CLEANUP(freep) const char **drop = xcalloc(count + replaced_count + 1, sizeof *drop);
	for (size_t i = 0; i < count; i++) {
		const char *v = environ[i];

		if (is_withheld(v, params, isolated))
			drop[n] = copies[n] = xstrndup(v, strcspn(v, "=")), n++;
	}
	for (size_t i = 0; i < replaced_count; i++)
		drop[n + i] = replaced[i];

	CLEANUP(freep)
	char *options = xasprintf("PGOPTIONS=%s%s%s", params->options, settings,
				  superuser ? " -c role=none" : "");
	CLEANUP(freep)
	char *password = params->password ? xasprintf("PGPASSWORD=%s", params->password) : NULL;
	const char *add[] = {options, "PGTZ=UTC", "LC_ALL=C", password, NULL};
	char **env = proc_env(drop, add);

	for (size_t i = 0; i < n; i++)
		free(copies[i]);
	return env;
}

/* What an operator can do about a refusal. */
static bool advise(const struct buf *errors, struct err *e)
{
	const char *text = errors->data ? errors->data : "";

	bool hidden_rows = strstr(text, "row-level security") != NULL;

	if (e->kind == ERR_CANCELLED ||
	    (!hidden_rows && !strstr(text, "permission denied") && !strstr(text, "may lack")))
		return false;
	e->kind = ERR_DENIED;
	if (hidden_rows)
		return err_hint(e, "ALTER ROLE ... BYPASSRLS, or use a superuser");
	if (strstr(text, "pg_authid"))
		return err_hint(e, "use --no-role-passwords, or a superuser");
	if (strstr(text, "large object"))
		return err_hint(
		    e, "GRANT SELECT ON LARGE OBJECT to the role, each, or use a superuser");
	return err_hint(e, "grant the role pg_read_all_data, or use a superuser");
}

/* One run of a dump program. */
struct child {
	const struct pg_dump_options *options;
	const char *program;
	const char *dbname; /* or NULL: the program chooses */
	const char *const *arguments;
	const char *of; /* what is dumped, for warnings and errors */
};

/* A setting of the role or the database may ask for another client encoding, which the text does
 * not fit into; then pg_dump fails half-way. Or for another role, which a superuser is never more
 * by. */
static bool ask_database(const struct pg_target *target, const char *dbname, char **encoding,
			 bool *superuser, struct err *e)
{
	CLEANUP(pg_freep) struct pg_conn *conn = pg_open(target, dbname, e);
	CLEANUP(pg_rows_stop) struct pg_rows rows = {0};

	if (!conn || !pg_query(conn, &rows, e,
			       "SELECT pg_catalog.getdatabaseencoding(), (" PG_SUPERUSER_QUERY ")"))
		return false;
	*encoding = xasprintf("--encoding=%s", pg_value(&rows, 0, 0));
	*superuser = strcmp(pg_value(&rows, 0, 1), "t") == 0;
	return true;
}

/* Its text into s; a silent one is given up. */
static bool pump(const struct child *c, int fd, struct sink *s, struct err *e)
{
	int idle_s = c->options->target->idle_timeout_s;
	bool idle = false;

	if (sink_pump_while(s, fd, idle_s > 0 ? idle_s * 1000 : -1, &idle, e))
		return true;
	if (!idle)
		return false;
	err_set(e, ERR_TRANSIENT, "%s: nothing came from it for %d s", c->program, idle_s);
	return err_hint(e, "it waits for a lock (see pg_locks there), or the server does not "
			   "answer; --idle-timeout says how long is too long");
}

static bool run_child(const struct child *c, struct sink *s, struct pg_warnings *w, struct err *e)
{
	const struct pg_dump_options *o = c->options;
	CLEANUP(pg_params_stop) struct pg_params params = {0};
	CLEANUP(buf_stop) struct buf conninfo = BUF_INIT(CONNINFO_MAX, "connection string");
	CLEANUP(freep) char *encoding = NULL;
	const char *argv[9] = {0};
	size_t n = 0;
	bool superuser;

	if (!pg_params_read(o->target, &params, e) ||
	    !make_conninfo(&params, c->dbname, o->target->directory != NULL, &conninfo, e))
		return false;
	if (!ask_database(o->target, c->dbname, &encoding, &superuser, e))
		return err_in(e, "%s", c->of);

	CLEANUP(freep) char *path = xasprintf("%s/%s", o->client->directory, c->program);
	CLEANUP(freep)
	char *where = xasprintf("--dbname=%s", conninfo.data ? conninfo.data : "");
	argv[n++] = path;
	argv[n++] = "--no-password";
	argv[n++] = where;
	argv[n++] = encoding;
	for (const char *const *a = c->arguments; *a; a++)
		argv[n++] = *a;

	CLEANUP(proc_env_freep)
	char **env = make_environment(&params, o->target->isolated, superuser);
	CLEANUP(proc_stop)
	struct proc p = {.argv = argv,
			 .env = (const char *const *)env,
			 .capture_out = true,
			 .directory = o->target->directory};
	if (!proc_start(&p, e) || !pump(c, p.out, s, e))
		return err_in(e, "%s", c->of);
	if (!proc_wait(&p, e)) {
		note_warnings(w, c->of, &p.errors);
		pg_child_failed(c->program, &p.errors, e);
		advise(&p.errors, e);
		return err_in(e, "%s", c->of);
	}
	note_warnings(w, c->of, &p.errors);
	return true;
}

/* Passes on all but the last sizeof closing - 1 bytes; commit demands that they are it. */
struct strip_sink {
	struct sink sink;
	struct sink *next;
	char held[sizeof closing - 1];
	size_t len;
};

static bool strip_write(struct sink *sink, const void *data, size_t len, struct err *e)
{
	struct strip_sink *s = (struct strip_sink *)sink;
	size_t all = s->len + len;
	size_t keep = all < sizeof s->held ? all : sizeof s->held;
	size_t out_held = all - keep < s->len ? all - keep : s->len;
	size_t out_data = all - keep - out_held;

	if (!sink_write(s->next, s->held, out_held, e) || !sink_write(s->next, data, out_data, e))
		return false;
	s->len -= out_held;
	memmove(s->held, s->held + out_held, s->len);
	memcpy(s->held + s->len, (const char *)data + out_data, len - out_data);
	s->len = keep;
	return true;
}

static bool strip_commit(struct sink *sink, struct err *e)
{
	struct strip_sink *s = (struct strip_sink *)sink;

	if (s->len == sizeof s->held && memcmp(s->held, closing, s->len) == 0)
		return true;
	return err_set(e, ERR_SYSTEM, "pg_dumpall's output lacks its closing comment");
}

static void strip_free(struct sink *sink)
{
	free(sink);
}

static struct sink *sink_strip(struct sink *next)
{
	static const struct sink_ops ops = {strip_write, strip_commit, strip_free};
	struct strip_sink *s = xcalloc(1, sizeof *s);

	s->sink.ops = &ops;
	s->next = next;
	return &s->sink;
}

bool pg_dump_globals(const struct pg_dump_options *o, struct sink *s, struct pg_warnings *w,
		     struct err *e)
{
	static const char heading[] = "--\n-- Databases\n--\n\n";
	const char *arguments[] = {"--globals-only",
				   o->no_role_passwords ? "--no-role-passwords" : NULL, NULL};
	const struct child child = {o, "pg_dumpall", NULL, arguments, "globals"};

	CLEANUP(sink_freep) struct sink *strip = sink_strip(s);
	if (!run_child(&child, strip, w, e))
		return false;
	/* Of the stripping only: the caller's sink has more to come. */
	if (!sink_commit(strip, e))
		return err_in(e, "globals");
	return sink_write(s, heading, sizeof heading - 1, e);
}

bool pg_dump_database(const struct pg_dump_options *o, const char *name, struct sink *s,
		      struct pg_warnings *w, struct err *e)
{
	/* pg_dumpall expects these two on every server, and only connects to them. */
	bool present = strcmp(name, "postgres") == 0 || strcmp(name, "template1") == 0;
	const char *arguments[4] = {"--format=plain"};
	size_t n = 1;

	if (strpbrk(name, "\n\r"))
		return err_set(e, ERR_USAGE,
			       "database %.*s...: no dump can hold a name with a line break",
			       (int)strcspn(name, "\n\r"), name);
	if (!present)
		arguments[n++] = "--create";
	if (o->schema_only)
		arguments[n++] = "--schema-only";

	CLEANUP(freep) char *of = xasprintf("database %s", name);
	CLEANUP(freep) char *connect = present ? xasprintf("\\connect %s\n\n", name) : xstrdup("");
	CLEANUP(freep)
	char *head = xasprintf("--\n-- Database \"%s\" dump\n--\n\n%s", name, connect);
	const struct child child = {o, "pg_dump", name, arguments, of};

	return sink_write(s, head, strlen(head), e) && run_child(&child, s, w, e);
}

bool pg_dump_closing(struct sink *s, struct err *e)
{
	return sink_write(s, closing, sizeof closing - 1, e);
}
