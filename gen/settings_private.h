/* What settings.c and settings_flags.c share. */
#ifndef SETTINGS_PRIVATE_H
#define SETTINGS_PRIVATE_H

#include "gen/settings.h"

#define NAME_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"

struct settings {
	json_t **values;           /* one for each row of the table */
	struct option *options;    /* likewise, and one that ends them */
	const char **texts;        /* what a flag of one value was given, or its default */
	char **defaults;           /* what texts began with */
	struct option_list *lists; /* of a flag that may be given several times */
};

/* drill.scratch.maxSize: drill-scratch-max-size. The caller frees. */
char *settings_flag_name(const char *path);

/* A flag of such a setting may be given several times. */
bool settings_has_list(const struct setting *);

/* Value number i of the table, if it is good. */
void settings_take(struct settings *, size_t i, json_t *value, const char *where,
		   struct complaints *);

#endif
