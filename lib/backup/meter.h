/* backup/meter: counts bytes on their way and shows where a job stands. */
#ifndef BACKUP_METER_H
#define BACKUP_METER_H

#include "stream/sink.h"

#include <stdatomic.h>

struct meter {
	const char *what; /* "dump" */
	uint64_t total;   /* 0: not known */
	atomic_uint_least64_t done;
};

/* Passes bytes through; several sinks may share a meter, from several threads. */
struct sink *sink_meter(struct sink *next, struct meter *);

/* Passes bytes through, but not commit: for a sink that several streams are pushed into. */
struct sink *sink_uncommitted(struct sink *next);

#endif
