/*
 * cmd: one file a verb: its options, the wiring, one report or one error, the exit code.
 */
#ifndef CMD_H
#define CMD_H

#include "backup/tally.h"
#include "base/options.h"
#include "report/report.h"
#include "store/store.h"

#define TOOL "pgmuster " VERSION

enum exit_code {
	EXIT_GOOD = 0,
	EXIT_BAD = 1, /* the check ran, and the backup is bad */
	EXIT_USAGE = 2,
	EXIT_UNKNOWN = 3, /* it could not be told */
};

/* What verbs have in common; the tables below point into it. */
struct common {
	struct option_list stores;
	struct store_options store;
	const char *server, *pg_bin;
	bool json, quiet, verbose;
	int log_format; /* enum log_format */
	long parts_in_flight, max_parts, attempts;
	uint64_t part_bytes;
	int64_t stall_s;
};

extern struct common common;
extern const struct option common_options[]; /* store and output */

/* --server and --pg-bin; a verb's table may include them. Only a restore's server may come from the
 * environment: a drill must never find the one that a restore was meant for. */
#define SERVER_OPTIONS(environment, what)                                                          \
	{                                                                                          \
		.name = "server", .type = OPTION_STRING, .into = &common.server,                   \
		.argument = "CONNINFO", .env = (environment), .help = what                         \
	}
#define PG_BIN_OPTION                                                                              \
	{                                                                                          \
		.name = "pg-bin", .type = OPTION_STRING, .into = &common.pg_bin,                   \
		.argument = "DIR", .env = "PGMUSTER_PG_BIN",                                       \
		.help = "Directory of PostgreSQL's own programs; looked for when not given."       \
	}

/* Options that several verbs have, into a variable of theirs. */
/* Which backup: into a struct backup_choice. */
#define WHICH_OPTIONS(variable)                                                                    \
	{.name = "key",                                                                            \
	 .letter = 'k',                                                                            \
	 .type = OPTION_STRING,                                                                    \
	 .into = &(variable).key,                                                                  \
	 .argument = "KEY",                                                                        \
	 .env = "PGMUSTER_KEY",                                                                    \
	 .help = "Which dump; the newest complete backup when not given. A dump of another "       \
		 "script (.sql.zst, .sql.gz) has to be named."},                                   \
	{                                                                                          \
		.name = "day", .type = OPTION_STRING, .into = &(variable).day,                     \
		.argument = "YYYY-MM-DD", .env = "PGMUSTER_DAY",                                   \
		.help = "The newest complete backup of this day, as keys name it."                 \
	}
#define MAX_AGE_OPTION(variable)                                                                   \
	{                                                                                          \
		.name = "max-age", .type = OPTION_DURATION, .into = &(variable),                   \
		.argument = "TIME", .help = "Fail when the backup is older, such as 26h."          \
	}
#define TIMEOUT_S ((int64_t)24 * 3600)
#define TIMEOUT_OPTION(variable)                                                                   \
	{                                                                                          \
		.name = "timeout", .type = OPTION_DURATION, .into = &(variable),                   \
		.argument = "TIME",                                                                \
		.help = "Give up after this long, with exit code 3; 0s is never."                  \
	}
#define EXPECT_OPTION(variable)                                                                    \
	{                                                                                          \
		.name = "expect", .type = OPTION_STRING, .into = &(variable), .argument = "FILE",  \
		.help = "A JSON list of names of databases; fail when one is not in the dump."     \
	}
#define JOBS_OPTION(variable, what)                                                                \
	{                                                                                          \
		.name = "jobs", .letter = 'j', .type = OPTION_INT, .into = &(variable),            \
		.argument = "N", .min = 1, .max = 64, .help = what                                 \
	}
#define ALLOW_ERROR_OPTION(variable)                                                               \
	{                                                                                          \
		.name = "allow-error", .type = OPTION_LIST, .into = &(variable),                   \
		.argument = "SQLSTATE[:TEXT]",                                                     \
		.help =                                                                            \
		    "Tolerate this error of statements (that contain TEXT); it is reported all "   \
		    "the same. May be given several times."                                        \
	}

/* For --help. */
#define EXIT_CODES                                                                                 \
	"Exit codes: 0 good; 1 the check ran and the backup is bad; 2 usage; 3 it could\n"         \
	"not be told (network, server, disk); 128 + N cancelled by signal N.\n"

/* A verb: false with e, or true with *code. */
typedef bool verb_fn(int argc, char **argv, int *code, struct err *e);

verb_fn cmd_dump, cmd_upload, cmd_list, cmd_show, cmd_verify, cmd_drill, cmd_restore;

/* Parse; prints --help and sets *done when that was asked for. Sets up the log. */
MUST_USE bool cmd_parse(const struct options *, int argc, char **argv, size_t *count, bool *done,
			struct err *);

/* A duration as an int, or the most that its milliseconds leave room for: 24 days. */
int cmd_seconds(int64_t duration_s);

/* The one store that all verbs but dump take. */
struct store *cmd_store(struct err *);

/* The report on stdout, as JSON or text. */
MUST_USE bool cmd_print(const struct report *, struct err *);

#endif
