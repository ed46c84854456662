#include "gen/input.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#define OLDEST_MINOR 27 /* .spec.timeZone of a CronJob is stable since 1.27 */
#define SIDECAR_MINOR 29

static const char *const own_keys[] = {"version", "namespaces", "databases", "backup"};

void input_stop(struct input *in)
{
	tree_freep(&in->databases);
	tree_freep(&in->document);
	settings_freep(&in->settings);
}

json_t *input_parse(const char *text, size_t len, const char *name, struct err *e)
{
	json_error_t error;
	json_t *value =
	    json_loadb(len ? text : "", len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);

	if (!value)
		err_set(e, ERR_USAGE, "%s is no JSON: line %d, column %d: %s", name, error.line,
			error.column, error.text);
	return value;
}

static void read_databases(struct input *in, json_t *list, const char *where, struct complaints *c)
{
	CLEANUP(tree_freep) json_t *seen = json_object();
	const json_t *item;
	size_t i;

	if (!json_is_array(list)) {
		complain(c, where, "expected a list of names of databases");
		return;
	}
	if (json_array_size(list) == 0)
		complain(c, where,
			 "no database is named: a backup that lacks one could not be told");
	json_array_foreach(list, i, item)
	{
		CLEANUP(freep) char *path = xasprintf("%s[%zu]", where, i);
		const char *name = json_string_value(item);
		const json_t *before = name ? json_object_get(seen, name) : NULL;
		struct err e = {0};

		if (!name)
			complain(c, path, "expected the name of a database, a string");
		else if (!check_database(name, &e))
			complain(c, path, "\"%.100s\": %s", name, e.text);
		else if (before)
			complain(c, path, "\"%s\" is there already, as %s", name,
				 json_string_value(before));
		else
			json_object_set_new(seen, name, json_string(path));
	}
	in->databases = json_incref(list);
}

static bool is_own(const char *key)
{
	for (size_t i = 0; i < sizeof own_keys / sizeof *own_keys; i++)
		if (strcmp(own_keys[i], key) == 0)
			return true;
	return false;
}

static void read_foreign_key(const char *key, bool homelab, struct complaints *c)
{
	CLEANUP(freep) char *where = xasprintf("$.%s", key);

	for (size_t i = 0; i < sizeof own_keys / sizeof *own_keys; i++)
		if (text_distance(key, own_keys[i]) <= 2) {
			complain(c, where, "there is no such key; did you mean %s?", own_keys[i]);
			return;
		}
	if (!homelab)
		complain(c, where,
			 "there is no such key; databases and backup are what is read here");
}

static void read_version(const json_t *version, struct complaints *c)
{
	const char *text = json_string_value(version);
	size_t digits = text && strncmp(text, "1.", 2) == 0 ? strspn(text + 2, "0123456789") : 0;

	if (digits == 0 || digits > 3 || (text[2 + digits] != '\0' && text[2 + digits] != '.'))
		complain(c, "$.version", "expected the version of Kubernetes, such as \"1.34\"");
	else if (atoi(text + 2) < OLDEST_MINOR)
		complain(c, "$.version", "%s: Kubernetes 1.%d is the oldest with time zones", text,
			 OLDEST_MINOR);
}

/* Where homelab has namespaces, the modules refer to them by homelab's own names. */
static void read_namespace(const json_t *namespaces, const char *key, const char *setting,
			   const struct input *in, struct part *out, struct complaints *c)
{
	CLEANUP(freep) char *where = xasprintf("$.namespaces.%s", key);
	const json_t *value = json_object_get(namespaces, key);
	struct err e = {0};

	if (!value) {
		if (namespaces && !setting_text(in->settings, setting))
			complain(c, where, "is missing; add it, or set $.backup.%s", setting);
	} else if (!json_is_string(value))
		complain(c, where, "expected a string");
	else if (!check_namespace(json_string_value(value), &e))
		complain(c, where, "\"%.100s\": %s", json_string_value(value), e.text);
	else
		out->value = json_string_value(value);
}

static const struct {
	const char *key, *setting;
	size_t at;
	struct part usual;
} namespaces[] = {
    {"applications",
     "postgres.namespace",
     offsetof(struct input, applications),
     {"homelab.kubernetes.namespaces.applications", "apps"}},
    {"backup",
     "namespace",
     offsetof(struct input, backup),
     {"homelab.kubernetes.namespaces.backup", "backup"}},
    {"monitoring",
     "alerts.namespace",
     offsetof(struct input, monitoring),
     {"homelab.kubernetes.namespaces.monitoring", "monitoring"}},
};

static void read_object(struct input *in, json_t *object, struct complaints *c)
{
	bool homelab = json_object_get(object, "version") || json_object_get(object, "namespaces");
	json_t *databases = json_object_get(object, "databases"), *value;
	const char *key;

	json_object_foreach(object, key, value)
	{
		if (!is_own(key))
			read_foreign_key(key, homelab, c);
	}
	if (json_object_get(object, "backup"))
		settings_read(in->settings, json_object_get(object, "backup"), "$.backup", c);
	if (json_object_get(object, "version"))
		read_version(json_object_get(object, "version"), c);
	if (json_is_object(databases) && json_object_get(databases, "postgres"))
		read_databases(in, json_object_get(databases, "postgres"), "$.databases.postgres",
			       c);
	else
		complain(c, "$.databases.postgres", "is missing: a list of names of databases");
}

bool input_read(struct input *in, const char *text, size_t len, const char *name,
		struct complaints *c, struct err *e)
{
	json_t *document = input_parse(text, len, name, e);

	if (!document)
		return false;
	in->document = document;
	for (size_t i = 0; i < sizeof namespaces / sizeof *namespaces; i++)
		*(struct part *)((char *)in + namespaces[i].at) = namespaces[i].usual;
	if (json_is_array(document))
		read_databases(in, document, "$", c);
	else if (json_is_object(document))
		read_object(in, document, c);
	else
		complain(c, "$", "expected a list of names, or an object");
	return true;
}

/* $.version, or 0 */
static int kubernetes_minor(const struct input *in)
{
	const char *text = json_string_value(json_object_get(in->document, "version"));

	return text && strlen(text) > 2 ? atoi(text + 2) : 0;
}

void input_check(struct input *in, struct complaints *c)
{
	const struct settings *s = in->settings;
	const json_t *given = json_object_get(in->document, "namespaces");
	bool sidecar = strcmp(setting_text(s, "drill.shape"), "sidecar") == 0;

	if (given && !json_is_object(given))
		complain(c, "$.namespaces", "expected an object");
	for (size_t i = 0; i < sizeof namespaces / sizeof *namespaces; i++)
		read_namespace(given, namespaces[i].key, namespaces[i].setting, in,
			       (struct part *)((char *)in + namespaces[i].at), c);
	if (!setting_text(s, "image"))
		complain(c, "$.backup.image",
			 "is missing: the toolbox image, pinned by its digest");
	if (sidecar && !setting_text(s, "drill.sidecar.image"))
		complain(c, "$.backup.drill.sidecar.image",
			 "is missing: the image of the server, pinned by its digest");
	if (sidecar && kubernetes_minor(in) > 0 && kubernetes_minor(in) < SIDECAR_MINOR)
		complain(c, "$.backup.drill.shape",
			 "sidecar: needs Kubernetes 1.%d, and $.version is 1.%d", SIDECAR_MINOR,
			 kubernetes_minor(in));
	for (size_t i = 0; i < json_array_size(setting_json(s, "dump.excludeDatabases")); i++)
		for (size_t j = 0; j < json_array_size(in->databases); j++)
			if (json_equal(json_array_get(setting_json(s, "dump.excludeDatabases"), i),
				       json_array_get(in->databases, j)))
				complain(c, "$.backup.dump.excludeDatabases",
					 "\"%s\" is among the databases that have to be there",
					 json_string_value(json_array_get(in->databases, j)));
}

json_t *input_schema(void)
{
	json_t *names =
	    json_pack("{s:s, s:{s:s, s:i, s:i}, s:b, s:i, s:s}", "type", "array", "items", "type",
		      "string", "minLength", 1, "maxLength", 63, "uniqueItems", true, "minItems", 1,
		      "description", "Names of the databases that every backup has to contain.");
	json_t *namespace = json_pack("{s:s, s:s}", "type", "string", "pattern",
				      "^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$");
	json_t *homelab = json_pack(
	    "{s:s, s:[s], s:{s:{s:s, s:s}, s:{s:s, s:{s:O, s:O, s:O}}, s:{s:s, s:[s], s:{s:{s:s}}},"
	    " s:{s:s}}}",
	    "type", "object", "required", "databases", "properties", "version", "type", "string",
	    "pattern", "^1\\.[0-9]+(\\.|$)", "namespaces", "type", "object", "properties",
	    "applications", namespace, "backup", namespace, "monitoring", namespace, "databases",
	    "type", "object", "required", "postgres", "properties", "postgres", "$ref",
	    "#/$defs/databases", "backup", "$ref", "#/$defs/settings");

	json_decref(namespace);
	return json_pack("{s:s, s:s, s:[{s:s}, o], s:{s:o, s:o}}", "$schema",
			 "https://json-schema.org/draft/2020-12/schema", "title",
			 "Input of pgmuster-gen", "oneOf", "$ref", "#/$defs/databases", homelab,
			 "$defs", "databases", names, "settings", settings_schema());
}
