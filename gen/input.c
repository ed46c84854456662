#include "gen/input.h"

#include "base/text.h"
#include "gen/cron.h"
#include "gen/objects.h"

#include <stdlib.h>
#include <string.h>

#define OLDEST_MINOR 27 /* .spec.timeZone of a CronJob is stable since 1.27 */
#define SIDECAR_MINOR 29
#define MAX_LIST                                                                                   \
	(200 * 1024) /* bytes; kubectl apply writes the object into an annotation of 256 KiB */

static const char *const own_keys[] = {"version", "namespaces", "databases", "backup"};

/* What is there, and not null. */
static json_t *given(const json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);

	return json_is_null(value) ? NULL : value;
}

void input_stop(struct input *in)
{
	tree_freep(&in->databases);
	tree_freep(&in->document);
	settings_freep(&in->settings);
	complaints_stop(&in->warnings);
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

static void read_foreign_key(struct input *in, const char *key, bool homelab, struct complaints *c)
{
	CLEANUP(freep) char *where = path_inside("$", key);
	const char *near = NULL;

	for (size_t i = 0; i < sizeof own_keys / sizeof *own_keys; i++)
		if (text_distance(key, own_keys[i]) <= 2)
			near = own_keys[i];
	if (!homelab)
		complain(c, where, "there is no such key%s%s%s", near ? "; did you mean " : "",
			 near ? near : ": databases and backup are what is read here",
			 near ? "?" : "");
	else if (near)
		complain(&in->warnings, where, "is not read; did you mean %s?", near);
}

/* The 34 of "1.34", "v1.34" or "1.34.2"; -1 for what is no version of Kubernetes. */
static long minor_of(const char *version)
{
	size_t digits;

	if (!version)
		return -1;
	version += *version == 'v';
	if (strncmp(version, "1.", 2) != 0)
		return -1;
	version += 2;
	digits = strspn(version, "0123456789");
	return digits > 0 && digits <= 3 && (version[digits] == '\0' || version[digits] == '.')
		   ? strtol(version, NULL, 10)
		   : -1;
}

static void read_version(const json_t *version, struct complaints *c)
{
	const char *text = json_string_value(version);

	if (minor_of(text) < 0)
		complain(c, "$.version", "expected the version of Kubernetes, such as \"1.34\"");
	else if (minor_of(text) < OLDEST_MINOR)
		complain(c, "$.version", "%s: Kubernetes 1.%d is the oldest with time zones", text,
			 OLDEST_MINOR);
}

/* Where homelab has namespaces, the modules refer to them by homelab's own names. */
static void read_namespace(const json_t *namespaces, const char *key, const char *setting,
			   const struct input *in, struct part *out, struct complaints *c)
{
	CLEANUP(freep) char *where = xasprintf("$.namespaces.%s", key);
	const json_t *value = given(namespaces, key);
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
	json_t *databases = given(object, "databases"), *value;
	const char *key;

	json_object_foreach(object, key, value)
	{
		if (!is_own(key))
			read_foreign_key(in, key, homelab, c);
	}
	if (given(object, "backup"))
		settings_read(in->settings, given(object, "backup"), "$.backup", c);
	if (given(object, "version"))
		read_version(given(object, "version"), c);
	if (json_is_object(databases) && given(databases, "postgres"))
		read_databases(in, given(databases, "postgres"), "$.databases.postgres", c);
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

static void check_databases(const struct input *in, struct complaints *c)
{
	CLEANUP(tree_freep) json_t *names = json_object();
	const json_t *name, *excluded = setting_json(in->settings, "dump.excludeDatabases");
	size_t i, bytes = 0;

	json_array_foreach(in->databases, i, name)
	{
		bytes += json_string_length(name) + strlen("  \"\",\n");
		if (json_is_string(name))
			json_object_set_new(names, json_string_value(name), json_true());
	}
	if (bytes > MAX_LIST)
		complain(c, "$.databases.postgres",
			 "%zu names are too long for a ConfigMap that kubectl applies", i);
	json_array_foreach(excluded, i, name)
	{
		if (json_object_get(names, json_string_value(name)))
			complain(c, "$.backup.dump.excludeDatabases",
				 "\"%s\" is among the databases that have to be there",
				 json_string_value(name));
	}
}

static void check_sidecar(const struct input *in, struct complaints *c)
{
	long minor = minor_of(json_string_value(json_object_get(in->document, "version")));

	if (strcmp(setting_text(in->settings, "drill.shape"), "sidecar") != 0)
		return;
	if (!setting_text(in->settings, "drill.sidecar.image"))
		complain(c, "$.backup.drill.sidecar.image",
			 "is missing: the image of the server, pinned by its digest");
	if (minor >= 0 && minor < SIDECAR_MINOR)
		complain(c, "$.backup.drill.shape",
			 "sidecar: needs Kubernetes 1.%d, and $.version is 1.%ld", SIDECAR_MINOR,
			 minor);
}

/* Kubernetes refuses a pod that asks for more than it may have. */
static void check_resources(const struct settings *s, struct complaints *c)
{
	static const char *const sections[] = {"dump", "verify", "drill", "restore"};
	static const char *const kinds[] = {"cpu", "memory"};

	for (size_t i = 0; i < 8; i++) {
		CLEANUP(freep)
		char *request =
		    xasprintf("%s.resources.requests.%s", sections[i / 2], kinds[i % 2]);
		CLEANUP(freep)
		char *limit = xasprintf("%s.resources.limits.%s", sections[i / 2], kinds[i % 2]);
		CLEANUP(freep) char *where = xasprintf("$.backup.%s", request);
		struct err e = {0};
		double asked = 0, most = 0;

		if (parse_quantity(setting_text(s, request), &asked, &e) &&
		    parse_quantity(setting_text(s, limit), &most, &e) && asked > most)
			complain(c, where, "%s is more than the limit, %s",
				 setting_text(s, request), setting_text(s, limit));
	}
}

static bool same(const struct settings *s, const char *one, const char *other)
{
	return strcmp(setting_text(s, one), setting_text(s, other)) == 0;
}

/* One Secret cannot be two. */
static void check_server_secret(const struct settings *s, const char *setting, struct complaints *c)
{
	CLEANUP(freep) char *where = xasprintf("$.backup.%s", setting);

	if (setting_text(s, setting) &&
	    (same(s, setting, "store.secret.name") || same(s, setting, "store.reader.name")))
		complain(c, where, "\"%s\" is the Secret of the store's keys already",
			 setting_text(s, setting));
}

static void check_restorer(const struct settings *s, struct complaints *c)
{
	const char *user = setting_text(s, "restore.user");
	bool secret =
	    setting_text(s, "restore.secret.name") || setting_text(s, "restore.secret.key");

	if (user && !secret)
		complain(c, "$.backup.restore.secret",
			 "is missing: role %s has a password of its own, in another Secret (name) "
			 "or at another key of postgres.secret (key)",
			 user);
	if (!user && secret)
		complain(c, "$.backup.restore.user",
			 "is missing: whose password restore.secret is");
}

static void check_secrets(const struct settings *s, struct complaints *c)
{
	check_server_secret(s, "postgres.secret.name", c);
	check_server_secret(s, "restore.secret.name", c);
	check_restorer(s, c);
	if (same(s, "store.secret.name", "store.reader.name") &&
	    !same(s, "store.secret.sops", "store.reader.sops"))
		complain(c, "$.backup.store.reader.sops",
			 "\"%s\": the reader's Secret is the writer's, whose keys are \"%s\"",
			 setting_text(s, "store.reader.sops"),
			 setting_text(s, "store.secret.sops"));
}

/* The rule of the bucket does not ask whether there is a newer dump. */
static void check_times(struct input *in, struct complaints *c)
{
	static const char *const sections[] = {"dump", "verify", "drill"};
	const struct settings *s = in->settings;
	const struct clock_change change = time_zone_change(setting_text(s, "timeZone"));
	int64_t late_s = job_late_s(s, "dump");

	if ((int64_t)setting_int(s, "retention.days") * 86400 < late_s + 86400)
		complain(c, "$.backup.retention.days",
			 "%ld: too few, a dump may be the newest for %lld days",
			 setting_int(s, "retention.days"), (long long)(late_s / 86400 + 1));
	for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
		CLEANUP(freep) char *where = xasprintf("$.backup.%s.schedule", sections[i]);

		if (job_can_be_skipped(s, sections[i]))
			complain(
			    &in->warnings, where,
			    "\"%s\" may not come when clocks in %s go forward: Kubernetes then "
			    "skips the run, and alerts wait for the next; on any other hour than "
			    "that from %d:%02d it always comes",
			    setting_in(s, sections[i], "schedule"), setting_text(s, "timeZone"),
			    change.from / 60, change.from % 60);
	}
}

/* A drill runs what the dump contains: it had better not reach the server. */
static void check_network(struct input *in)
{
	const struct settings *s = in->settings;
	const char *endpoint = setting_text(s, "store.endpoint");
	CLEANUP(freep) char *host = NULL;
	CLEANUP(freep) char *namespace = NULL;
	struct err e = {0};
	long port;

	if (!endpoint || !parse_endpoint(endpoint, &host, &port, &e))
		return;
	namespace = service_namespace(host);
	if (namespace && strcmp(namespace, namespace_of_server(in).value) == 0 &&
	    json_object_size(setting_json(s, "network.storeLabels")) == 0)
		complain(&in->warnings, "$.backup.network.storeLabels",
			 "is not set: store and server are in one namespace, and the policy of the "
			 "drill "
			 "lets it reach both");
}

void input_check(struct input *in, struct complaints *c)
{
	const json_t *spaces = given(in->document, "namespaces");

	if (spaces && !json_is_object(spaces))
		complain(c, "$.namespaces", "expected an object");
	for (size_t i = 0; i < sizeof namespaces / sizeof *namespaces; i++)
		read_namespace(spaces, namespaces[i].key, namespaces[i].setting, in,
			       (struct part *)((char *)in + namespaces[i].at), c);
	if (!setting_text(in->settings, "image"))
		complain(c, "$.backup.image",
			 "is missing: the toolbox image, pinned by its digest");
	check_databases(in, c);
	check_sidecar(in, c);
	check_resources(in->settings, c);
	check_secrets(in->settings, c);
	check_times(in, c);
	check_network(in);
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
