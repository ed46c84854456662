/*
 * follow: fill the roll from a dump's text as it passes.
 *
 *	struct roll roll = {0};
 *	CLEANUP(sink_freep) struct sink *f =
 *	    sink_follow(next, &(struct follow_options){.entries = true}, &roll);
 *
 * Understands the output of pg_dumpall, of its parts (globals, or one database's), and of pg_dump
 * alone, versions 14 to 19. Bytes go to next unchanged, before they are looked at. Constant memory
 * but for one statement and the roll itself; of more than 512 MiB that is ERR_CORRUPT, because a few
 * packed bytes may name tables without end. Rows that are INSERT statements (pg_dump --inserts)
 * are not counted. A backslash command that no dump has (see meta.h) is ERR_CORRUPT.
 */
#ifndef FOLLOW_H
#define FOLLOW_H

#include "sql/roll.h"
#include "stream/sink.h"

struct follow_options {
	uint64_t at;  /* the stream offset of the first byte, for ranges */
	bool entries; /* list the entries of schemas and globals one by one */
	/* A part of a dump: pg_dumpall's frame and closing comment are not required. A text that
	 * ends in the middle of something, with a pg_dump that began but did not close, or before
	 * its \unrestrict, is ERR_CORRUPT in any case; without part, so is one in which any
	 * database, or pg_dumpall, lacks its closing comment. */
	bool part;
	/* A part whose middle or end is left out: it may end between any two entries. */
	bool excerpt;
	/* The database that a text is of which has neither a "-- Database" header nor \connect, or
	 * NULL. */
	const char *database;
};

/* next may be NULL. The roll must outlive the sink; it is whole after commit. */
struct sink *sink_follow(struct sink *next, const struct follow_options *, struct roll *);

#endif
