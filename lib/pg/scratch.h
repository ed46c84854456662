/*
 * scratch: a PostgreSQL server that is ours, to restore into and to throw away.
 *
 *	CLEANUP(scratch_stop) struct scratch s = {0};
 *	if (!scratch_start(&s, &(struct scratch_options){...}, e))
 *		return false;
 *	... connect to s.target ...
 *
 * initdb in a fresh subdirectory, a private Unix socket, no TCP, no durability, an environment of
 * its own with nothing of ours. As root it runs as another user (nobody, else postgres). It dies
 * with the thread that started it. A directory whose owner process is gone (its lock is free) is
 * removed, its server stopped, by the next scratch_start in the same place.
 */
#ifndef SCRATCH_H
#define SCRATCH_H

#include "pg/client.h"
#include "pg/conn.h"
#include "pg/facts.h"
#include "proc/proc.h"

struct scratch_options {
	const struct pg_client *client; /* with server programs */
	const char *parent;             /* where its directory goes; NULL: TMPDIR, else /tmp */
	const char *superuser;          /* initdb -U; NULL: postgres */
	/* of template0, template1 and postgres, as in the dump; NULL: UTF8, libc, C */
	const char *encoding, *provider, *collate, *ctype, *locale;
	const char *preload_libraries; /* NULL or "": none */
	/* See pg_ways. NULL, and with a warning what it does not take: UTC, or as initdb says. */
	const char *ways[PG_WAYS];
	int start_timeout_s; /* 0 means 60 */
	/* Programs that its SQL starts end with it, whatever they do to outlive it. This process must
	 * have no other child when it is stopped. */
	bool ends_programs;
};

struct scratch {
	struct pg_target target; /* isolated */
	char *directory;         /* everything of it */
	char *socket_directory;  /* as we reach it, which our death ends */
	char *socket_path;       /* where it is, if that is too long for a socket's path; or NULL */
	char *log;               /* the server's log file */
	char *superuser;
	struct proc server;
	char **argv, **env; /* the server's */
	int lock_fd, socket_fd;
	bool started, ends_programs;
};

/* ERR_SYSTEM with the last lines of its log when it does not come up in time. */
MUST_USE bool scratch_start(struct scratch *, const struct scratch_options *, struct err *);

/* Stop it (immediately: there is nothing to save) and remove the directory. Never fails. */
void scratch_stop(struct scratch *);

/* False once it has died, with the last lines of its log. */
MUST_USE bool scratch_alive(struct scratch *, struct err *);

/* After a failure that may be the server's own: if it has died, or does so within a second, that is the
 * error; if its disk is nearly full, that is the hint. */
void scratch_explain(struct scratch *, struct err *);

#endif
