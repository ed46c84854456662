/*
 * options: a verb's options are a table; parser, environment, --help are outputs of it.
 *
 * Flag over environment over default; an empty variable counts as not set. "--name value" and
 * "--name=value" both work; "--" ends the options. An unknown option is ERR_USAGE with the nearest
 * known name as the hint.
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "base/base.h"

#include <stdio.h>

enum option_type {
	OPTION_FLAG,   /* bool; in the environment 1, true, yes, on, 0, false, no, off */
	OPTION_STRING, /* const char * */
	OPTION_LIST,   /* struct option_list: may be given several times; one in the environment */
	OPTION_INT,    /* long, within min..max */
	OPTION_BYTES,  /* uint64_t; 512K, 16M, 1G, 2T and plain bytes, powers of 1024 */
	OPTION_DURATION, /* int64_t seconds; 26h, 90m, 30s, 7d */
	OPTION_CHOICE,   /* int, the index of one of choices */
};

struct option_list {
	const char **items; /* borrowed from argv or the environment */
	size_t count, cap;
};

struct option {
	const char *name; /* without dashes; NULL ends the table */
	char letter;      /* short form, or 0 */
	enum option_type type;
	void *into;           /* where the value goes; the value there is the default */
	const char *argument; /* what --help calls the value, such as "URL" */
	const char *env;      /* environment variable that gives the default, or NULL */
	const char *const *choices;
	long min, max;
	const char *help; /* one sentence; --help wraps it */
};

struct options {
	const char *verb;            /* "dump" */
	const char *synopsis;        /* "pgmuster dump --store URL [OPTION...]" */
	const char *summary;         /* one or two sentences */
	const struct option *own;    /* the verb's table */
	const struct option *shared; /* what several verbs have in common, or NULL */
	const char *shared_title;    /* of those in --help; NULL means "Common options:" */
	size_t max_arguments;        /* operands allowed after the options */
	const char *epilog;          /* examples and exit codes for --help, or NULL */
};

/* Fills what the tables point to; operands are left in argv[0 .. *count). ERR_USAGE on the rest.
 * *help is set when --help was given: nothing else is checked then. */
MUST_USE bool options_parse(const struct options *, int argc, char **argv, size_t *count,
			    bool *help, struct err *);

void options_help(const struct options *, FILE *);
void option_list_stop(struct option_list *);

/* "26h", "90m", "30s", "7d" in seconds; false for anything else. */
bool option_duration(const char *text, int64_t *seconds);

/* A secret: NAME's value, or the content of the file that NAME_FILE names without its last newline.
 * *out is NULL when neither is set, or empty; the caller frees. Both set, or an unreadable file, or
 * one of more than 64 KiB or with a byte 0: ERR_USAGE. */
MUST_USE bool option_secret(const char *name, char **out, struct err *);

#endif
