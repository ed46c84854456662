/* facts_private: what the files of facts share. Inside lib/pg only. */
#ifndef FACTS_PRIVATE_H
#define FACTS_PRIVATE_H

#include "pg/facts.h"

/* Fills d->not_dumped, by a connection to it. */
MUST_USE bool pg_read_not_dumped(struct pg_conn *, struct pg_database *, struct err *);

/* Fills d->left_out, likewise. */
MUST_USE bool pg_read_left_out(struct pg_conn *, struct pg_database *, struct err *);

#endif
