#include "pg/params.h"

#include "base/options.h"

#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

extern char **environ;

#define CONNECT_TIMEOUT_S "15"

const char *const pg_transport[5][2] = {
    {"keepalives", "1"},       {"keepalives_idle", "30"},     {"keepalives_interval", "10"},
    {"keepalives_count", "3"}, {"tcp_user_timeout", "60000"}, /* milliseconds */
};

void pg_forget_settings(void)
{
	unsetenv("PGTZ");
	unsetenv("PGDATESTYLE");
	unsetenv("PGGEQO");
	unsetenv("PGCLIENTENCODING");
}

void pg_forget_environment(void)
{
	for (char **v = environ; *v;) {
		size_t len = strcspn(*v, "=");

		if (strncmp(*v, "PG", 2) != 0 || strncmp(*v, "PGMUSTER_", 9) == 0 ||
		    (*v)[len] == '\0') {
			v++;
			continue;
		}
		CLEANUP(freep) char *name = xstrndup(*v, len);
		unsetenv(name);
		v = environ;
	}
}

void pg_params_stop(struct pg_params *p)
{
	for (size_t i = 0; i < p->count; i++) {
		free(p->items[i].keyword);
		free(p->items[i].value);
	}
	free(p->items);
	free(p->password);
	free(p->options);
	*p = (struct pg_params){0};
}

static struct pg_param *find(const struct pg_params *p, const char *keyword)
{
	for (size_t i = 0; i < p->count; i++)
		if (strcmp(p->items[i].keyword, keyword) == 0)
			return &p->items[i];
	return NULL;
}

const char *pg_params_value(const struct pg_params *p, const char *keyword)
{
	const struct pg_param *item = find(p, keyword);

	return item ? item->value : "";
}

struct pg_param *pg_params_set(struct pg_params *p, const char *keyword, const char *value)
{
	struct pg_param *item = find(p, keyword);

	if (item) {
		free(item->value);
		item->value = xstrdup(value);
		return item;
	}
	p->items = xgrow(p->items, p->count, &p->cap, sizeof *p->items);
	item = &p->items[p->count++];
	*item = (struct pg_param){.keyword = xstrdup(keyword), .value = xstrdup(value)};
	return item;
}

static void take(struct pg_params *p, const PQconninfoOption *o, bool host_given)
{
	if (strcmp(o->keyword, "dbname") == 0 || strcmp(o->keyword, "client_encoding") == 0)
		return;
	/* libpq prefers hostaddr to host: the caller's host would change nothing. */
	if (strcmp(o->keyword, "hostaddr") == 0 && host_given)
		return;
	if (strcmp(o->keyword, "password") == 0) {
		p->password = xstrdup(o->val);
	} else if (strcmp(o->keyword, "options") == 0) {
		p->options = xstrdup(o->val);
	} else {
		pg_params_set(p, o->keyword, o->val)->secret = strchr(o->dispchar, '*') != NULL;
	}
}

/* A password with "/" or "@" in it that was not percent-encoded: libpq would take the rest of it for a
 * host or a port, and say so. */
static bool has_stray_at(const char *conninfo)
{
	const char *at = strstr(conninfo, "://");
	size_t end, slash;

	if (!at ||
	    (strncmp(conninfo, "postgresql:", 11) != 0 && strncmp(conninfo, "postgres:", 9) != 0))
		return false;
	at += 3;
	end = strcspn(at, "?");
	slash = strcspn(at, "/");
	for (size_t i = 0, count = 0; i < end; i++)
		if (at[i] == '@' && (i > slash || ++count > 1))
			return true;
	return false;
}

bool pg_conninfo_has_secret(const char *conninfo)
{
	PQconninfoOption *list = PQconninfoParse(conninfo, NULL);
	bool has = false;

	for (const PQconninfoOption *o = list; o && o->keyword; o++)
		has |= o->val && strchr(o->dispchar, '*');
	PQconninfoFree(list);
	return has;
}

static bool take_conninfo(const struct pg_target *t, struct pg_params *p, struct err *e)
{
	PQconninfoOption *list =
	    has_stray_at(t->conninfo) ? NULL : PQconninfoParse(t->conninfo, NULL);

	if (!list) {
		err_set(e, ERR_USAGE, "the connection string cannot be parsed");
		return err_hint(e, "\"host=... port=... user=...\" or postgresql://user@host:port, "
				   "with / and @ in a name as %%2F and %%40");
	}
	for (const PQconninfoOption *o = list; o->keyword; o++)
		if (o->val)
			take(p, o, t->host != NULL);
	PQconninfoFree(list);
	return true;
}

bool pg_params_read(const struct pg_target *t, struct pg_params *p, struct err *e)
{
	/* What a scratch server logs may be quoted, and a statement may hold a secret: these win over
	 * what the dump sets for roles and databases. */
	static const char quiet[] = "-c track_activities=off -c log_statement=none"
				    " -c log_min_error_statement=panic"
				    " -c log_min_duration_statement=-1";
	const char *options = t->isolated ? quiet : getenv("PGOPTIONS");
	const char *timeout = t->isolated ? NULL : getenv("PGCONNECT_TIMEOUT");

	pg_params_set(p, "connect_timeout",
		      timeout && timeout[0] != '\0' ? timeout : CONNECT_TIMEOUT_S);
	if (t->conninfo && !take_conninfo(t, p, e))
		return false;
	if (t->host)
		pg_params_set(p, "host", t->host);
	if (t->port)
		pg_params_set(p, "port", t->port);
	if (t->user)
		pg_params_set(p, "user", t->user);
	if (!p->options)
		p->options = xstrdup(options ? options : "");
	if (!p->password && !t->isolated && !option_secret("PGPASSWORD", &p->password, e))
		return false;
	/* Any password keeps libpq, a child's too, from PGPASSWORD and from the password file, for which it
	 * needs no HOME. */
	if (!p->password && t->isolated)
		p->password = xstrdup("none");
	return true;
}

void pg_params_isolate(struct pg_params *p)
{
	PQconninfoOption *list = PQconninfoParse("", NULL);
	const struct pg_param *host;

	for (const PQconninfoOption *o = list; o && o->keyword; o++) {
		if (find(p, o->keyword) || strcmp(o->keyword, "password") == 0)
			continue;
		if (strcmp(o->keyword, "require_auth") == 0)
			pg_params_set(p, o->keyword, "none");
		else if (o->envvar && o->compiled && o->compiled[0] != '\0')
			pg_params_set(p, o->keyword, o->compiled);
	}
	PQconninfoFree(list);
	/* An empty value is an unset one, so PGHOSTADDR would take us to another server. A list of
	 * two empty ones is set; it needs two hosts. */
	host = find(p, "host");
	if (host) {
		char *twice = xasprintf("%s,%s", host->value, host->value);

		pg_params_set(p, "host", twice);
		pg_params_set(p, "hostaddr", ",");
		free(twice);
	}
}
