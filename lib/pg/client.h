/*
 * client: PostgreSQL's own programs (pg_dump, pg_dumpall, initdb, postgres), and which of them to
 * use.
 */
#ifndef CLIENT_H
#define CLIENT_H

#include "base/base.h"

struct pg_client {
	char *directory;    /* absolute */
	int version;        /* 150020; of pg_dump, or of postgres when asked for a server */
	char *version_text; /* "15.20 (Debian 15.20-0+deb12u1)" */
};

/*
 * Programs of major version at_least_major or newer, the oldest such. directory (an option) is
 * taken as it is, and its version checked; otherwise PATH and /usr/lib/postgresql/<n>/bin are
 * looked through. server: initdb and postgres are needed too. ERR_USAGE with what was found and how
 * to name a directory.
 */
MUST_USE bool pg_client_find(const char *directory, int at_least_major, bool server,
			     struct pg_client *, struct err *);
void pg_client_stop(struct pg_client *);

#endif
