/*
 * settings: what can be chosen about the objects. One table; the JSON's reader, the flags, --help
 * and the JSON Schema are outputs of it.
 *
 * A setting has a path, such as drill.schedule: $.backup.drill.schedule in the input,
 * --drill-schedule as a flag. Flag over input over settings file over default. What is wrong is
 * collected: one complaint each, with its path.
 */
#ifndef SETTINGS_H
#define SETTINGS_H

#include "base/options.h"
#include "gen/check.h"

#include <jansson.h>

enum setting_type {
	SETTING_STRING,
	SETTING_INT,
	SETTING_BOOL,
	SETTING_LIST, /* of strings */
	SETTING_MAP,  /* of strings, by name */
};

struct setting {
	const char *path;
	enum setting_type type;
	const char *fallback; /* the default as JSON; NULL: none, the setting is then null */
	check_fn *check;      /* of a string, each item, or each value of a map; may be NULL */
	check_fn *check_name; /* of a map's names */
	const char *const *choices;
	long min, max;
	const char *argument, *help;
};

extern const struct setting settings_table[]; /* ended by a path of NULL */

/* What is wrong with an input, one line each: "$.backup.drill.schedule: ...". */
struct complaints {
	struct buf text;
	size_t count;
};

#define COMPLAINTS_INIT                                                                            \
	(struct complaints)                                                                        \
	{                                                                                          \
		.text = BUF_INIT(MIB, "complaints")                                                \
	}
void complaints_stop(struct complaints *);
void complain(struct complaints *, const char *where, const char *fmt, ...) PRINTF(3, 4);

struct settings;

/* All at their defaults; image is that of image, which may be NULL. */
struct settings *settings_new(const char *image);
void settings_freep(struct settings **);

/* Take what this object has. where: its own path, such as "$.backup". */
void settings_read(struct settings *, const json_t *object, const char *where, struct complaints *);

/* A table of flags for options_parse, ended by a name of NULL; it lives as long as the settings.
 * settings_flags takes those that were given, and settings_given says them, each as a word for a
 * shell with a blank in front, in the table's order. */
const struct option *settings_options(struct settings *);
void settings_flags(struct settings *, struct complaints *);
char *settings_given(const struct settings *);

/* $.backup.drill, or $.backup["not a name"]. The caller frees. */
char *path_inside(const char *where, const char *key);

/* A word for a shell, on one line. The caller frees. */
char *shell_word(const char *text);

/* The value at a path of the table and of that type; text is NULL for null. Borrowed. */
const char *setting_text(const struct settings *, const char *path);
long setting_int(const struct settings *, const char *path);
bool setting_bool(const struct settings *, const char *path);
const json_t *setting_json(const struct settings *, const char *path);
int64_t setting_seconds(const struct settings *, const char *path); /* of a duration */

/* JSON Schema of an object with all settings. */
json_t *settings_schema(void);

#endif
