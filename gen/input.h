/*
 * input: the JSON that the generator is given, checked.
 *
 *   ["openwebui", "n8n"]                               homelab.kubernetes.databases.postgres
 *   {"version": "1.34", "namespaces": {...}, "databases": {"postgres": [...]}, ...}
 *                                                      homelab.kubernetes; may have "backup" too
 *   {"databases": {"postgres": [...]}, "backup": {...}}   with settings
 *
 * Of homelab.kubernetes, keys that are not ours are left alone, with a warning if they look like a
 * slip of one of ours; an object without "version" and "namespaces" may have no other keys. null is the
 * same as nothing.
 */
#ifndef INPUT_H
#define INPUT_H

#include "gen/settings.h"
#include "gen/tree.h"

struct input {
	json_t *databases; /* names, in the order given */
	struct settings *settings;

	/* As homelab says them, or their usual names. */
	struct part applications, backup, monitoring;
	json_t *document; /* what the parts above are borrowed from */

	struct complaints warnings; /* what may be a slip, or surprise */
};

#define INPUT_INIT                                                                                 \
	(struct input)                                                                             \
	{                                                                                          \
		.warnings = COMPLAINTS_INIT                                                        \
	}
void input_stop(struct input *);

/* Read the document into in, whose settings are there already: the settings file before, the flags
 * after. name: what it is called in messages. ERR_USAGE if it is no JSON; else what is wrong is
 * among the complaints. */
MUST_USE bool input_read(struct input *, const char *text, size_t len, const char *name,
			 struct complaints *, struct err *);

/* After all settings were taken: what they cannot be together, or with the rest of the input. */
void input_check(struct input *, struct complaints *);

/* JSON, strictly: no duplicate keys, no byte 0. NULL with ERR_USAGE, line and column. */
json_t *input_parse(const char *text, size_t len, const char *name, struct err *);

/* JSON Schema (draft 2020-12) of all three forms. */
json_t *input_schema(void);

#endif
