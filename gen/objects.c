#include "gen/objects.h"

#include "gen/cron.h"

#include <assert.h>
#include <string.h>

static struct part chosen(const struct input *in, const char *setting, struct part otherwise)
{
	const char *text = setting_text(in->settings, setting);

	if (text)
		otherwise = (struct part){.value = text};
	return otherwise;
}

struct part namespace_of_jobs(const struct input *in)
{
	return chosen(in, "namespace", in->backup);
}

struct part namespace_of_server(const struct input *in)
{
	return chosen(in, "postgres.namespace", in->applications);
}

struct part namespace_of_rules(const struct input *in)
{
	return chosen(in, "alerts.namespace", in->monitoring);
}

static char *path_in(const char *section, const char *name)
{
	return xasprintf("%s.%s", section, name);
}

const char *setting_in(const struct settings *s, const char *section, const char *name)
{
	CLEANUP(freep) char *path = path_in(section, name);

	return setting_text(s, path);
}

long setting_int_in(const struct settings *s, const char *section, const char *name)
{
	CLEANUP(freep) char *path = path_in(section, name);

	return setting_int(s, path);
}

int64_t setting_seconds_in(const struct settings *s, const char *section, const char *name)
{
	CLEANUP(freep) char *path = path_in(section, name);

	return setting_seconds(s, path);
}

static struct cron schedule_of(const struct settings *s, const char *section)
{
	struct err e = {0};
	struct cron cron;
	bool ok = cron_parse(setting_in(s, section, "schedule"), &cron, &e);

	assert(ok); /* checked when it was taken */
	return cron;
}

bool job_can_be_skipped(const struct settings *s, const char *section)
{
	struct cron cron = schedule_of(s, section);

	return cron_can_be_skipped(&cron, time_zone_change(setting_text(s, "timeZone")));
}

int64_t job_late_s(const struct settings *s, const char *section)
{
	struct cron cron = schedule_of(s, section);

	return cron_changed_gap_s(&cron, time_zone_change(setting_text(s, "timeZone"))) +
	       setting_seconds_in(s, section, "deadline") + setting_seconds(s, "alerts.grace");
}

struct login login_of(const struct settings *s, bool restores)
{
	const char *user = restores ? setting_text(s, "restore.user") : NULL;
	const char *name = user ? setting_text(s, "restore.secret.name") : NULL;
	const char *key = user ? setting_text(s, "restore.secret.key") : NULL;

	return (struct login){
	    .user = user ? user : setting_text(s, "postgres.user"),
	    .secret = name ? name : setting_text(s, "postgres.secret.name"),
	    .key = key ? key : setting_text(s, "postgres.secret.key"),
	    .sops = setting_text(s, user ? "restore.secret.sops" : "postgres.secret.sops"),
	};
}

json_t *object_labels(const char *name, const char *component)
{
	return json_pack("{s:s, s:s, s:s*, s:s}", "app.kubernetes.io/name", "pgmuster",
			 "app.kubernetes.io/instance", name, "app.kubernetes.io/component",
			 component, "app.kubernetes.io/managed-by", "pgmuster-gen");
}

json_t *object_new(const char *api_version, const char *kind, const char *name,
		   const struct part *namespace, const char *component)
{
	return json_pack("{s:s, s:s, s:{s:s, s:o, s:o}}", "apiVersion", api_version, "kind", kind,
			 "metadata", "name", name, "namespace", tree_string(namespace, 1), "labels",
			 object_labels(name, component));
}

/* Its name may be longer than a label. */
static json_t *secret_new(const char *name, const struct part *namespace)
{
	json_t *secret = object_new("v1", "Secret", DUMP_JOB, namespace, NULL);

	json_object_set_new(json_object_get(secret, "metadata"), "name", json_string(name));
	return secret;
}

/* {access-key-id, secret-access-key} of one user of the store. */
static json_t *store_secret(const struct input *in, const char *user)
{
	static const char *const keys[][2] = {{"access-key-id", "access_key_id"},
					      {"secret-access-key", "secret_access_key"}};
	struct part namespace = namespace_of_jobs(in);
	json_t *data = json_object();
	json_t *secret = secret_new(setting_in(in->settings, user, "name"), &namespace);

	for (size_t i = 0; i < 2; i++) {
		CLEANUP(freep)
		char *nix = xasprintf("kubenix.lib.secretsFor \"%s_%s\"",
				      setting_in(in->settings, user, "sops"), keys[i][1]);

		json_object_set_new(data, keys[i][0], tree_string(&(struct part){nix, ""}, 1));
	}
	json_object_set_new(secret, "stringData", data);
	return secret;
}

static void add_password(json_t *data, struct login login)
{
	CLEANUP(freep) char *nix = xasprintf("kubenix.lib.secretsFor \"%s\"", login.sops);

	if (!json_object_get(data, login.key))
		json_object_set_new(data, login.key, tree_string(&(struct part){nix, ""}, 1));
}

/* A pod reads Secrets of its own namespace alone. */
static void add_server_secrets(const struct input *in, json_t *list)
{
	struct part namespace = namespace_of_jobs(in);
	json_t *secret = NULL, *data = NULL;
	const char *before = "";

	for (int restores = 0; restores < 2; restores++) {
		struct login login = login_of(in->settings, restores);

		if (strcmp(login.secret, before) != 0) {
			secret = secret_new(login.secret, &namespace);
			data = json_object();
			json_object_set_new(secret, "stringData", data);
			json_array_append_new(list, secret);
		}
		add_password(data, login);
		before = login.secret;
	}
}

json_t *objects_secrets(const struct input *in)
{
	const struct settings *s = in->settings;
	json_t *list = json_pack("[o]", store_secret(in, "store.secret"));

	if (strcmp(setting_text(s, "store.secret.name"), setting_text(s, "store.reader.name")) != 0)
		json_array_append_new(list, store_secret(in, "store.reader"));
	if (setting_text(s, "postgres.host") ||
	    strcmp(namespace_of_jobs(in).value, namespace_of_server(in).value) != 0)
		add_server_secrets(in, list);
	return list;
}

void objects_make(const struct input *in, double scratch_bytes, struct module out[MODULES])
{
	struct module modules[MODULES] = {
	    {.name = "postgres-backup", .objects = objects_dump(in)},
	    {.name = "postgres-restore-drill", .objects = objects_drill(in, scratch_bytes)},
	    {.name = "postgres-verify", .objects = objects_verify(in)},
	    {.name = "postgres-backup-s3-credentials",
	     .secret = true,
	     .objects = objects_secrets(in)},
	    {.name = "postgres-backup-alerts", .objects = objects_alerts(in)},
	    {.name = "postgres-backup-network", .objects = objects_network(in)},
	};

	memcpy(out, modules, sizeof modules);
}
