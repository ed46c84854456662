#include "gen/job.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define USER 10001                /* pgmuster's, in the toolbox image */
#define STARTING_DEADLINE_S 21600 /* a run that was missed is made up for within six hours */
#define RESTORE_KEPT_S 3600       /* restore-postgres reads its log when it has ended */
#define TERMINATION_GRACE_S 60    /* the scratch server stops, an upload is aborted */

static char *dollars_doubled(const char *text)
{
	char *out = xcalloc(2 * strlen(text) + 1, 1), *at = out;

	for (; *text; text++) {
		if (*text == '$')
			*at++ = '$';
		*at++ = *text;
	}
	return out;
}

void args_add(json_t *args, const char *fmt, ...)
{
	CLEANUP(freep) char *escaped = NULL;
	char *text;
	va_list list;

	va_start(list, fmt);
	if (vasprintf(&text, fmt, list) < 0)
		abort();
	va_end(list);
	escaped = dollars_doubled(text);
	json_array_append_new(args, json_string(escaped));
	free(text);
}

void env_add(json_t *env, const char *name, const char *value)
{
	CLEANUP(freep) char *escaped = dollars_doubled(value);

	json_array_append_new(env, json_pack("{s:s, s:s}", "name", name, "value", escaped));
}

void env_add_secret(json_t *env, const char *name, const char *secret, const char *key)
{
	json_array_append_new(env, json_pack("{s:s, s:{s:{s:s, s:s}}}", "name", name, "valueFrom",
					     "secretKeyRef", "name", secret, "key", key));
}

json_t *env_new(const struct input *in, bool reader)
{
	const struct settings *s = in->settings;
	const char *secret = setting_text(s, reader ? "store.reader.name" : "store.secret.name");
	const char *prefix = setting_text(s, "store.prefix");
	CLEANUP(freep)
	char *store =
	    xasprintf("s3://%s%s%s", setting_text(s, "store.bucket"), *prefix ? "/" : "", prefix);
	json_t *env = json_array();

	env_add(env, "TZ", setting_text(s, "timeZone"));
	env_add(env, "PGMUSTER_STORE", store);
	if (setting_text(s, "store.endpoint"))
		env_add(env, "AWS_ENDPOINT_URL", setting_text(s, "store.endpoint"));
	env_add(env, "AWS_REGION", setting_text(s, "store.region"));
	if (setting_text(s, "certificates.configMap"))
		env_add(env, "AWS_CA_BUNDLE", CERTIFICATES_PATH);
	env_add_secret(env, "AWS_ACCESS_KEY_ID", secret, "access-key-id");
	env_add_secret(env, "AWS_SECRET_ACCESS_KEY", secret, "secret-access-key");
	return env;
}

/* The Service's own name within the cluster, as homelab's function says it. */
static json_t *server_host(const struct input *in)
{
	const char *host = setting_text(in->settings, "postgres.host");
	const char *service = setting_text(in->settings, "postgres.service");
	struct part namespace = namespace_of_server(in);
	CLEANUP(freep)
	char *nix = xasprintf(
	    "kubenix.lib.serviceHostFor \"%s\" %s%s%s", service, namespace.nix ? "" : "\"",
	    namespace.nix ? namespace.nix : namespace.value, namespace.nix ? "" : "\"");
	CLEANUP(freep)
	char *value = xasprintf("%s.%s.svc.cluster.local", service, namespace.value);

	return host ? json_string(host) : tree_string(&(struct part){nix, value}, 1);
}

void env_add_server(json_t *env, const struct input *in, bool restores)
{
	const struct settings *s = in->settings;
	struct login login = login_of(s, restores);
	const char *ssl_mode = setting_text(s, "postgres.sslMode");
	char port[16];

	snprintf(port, sizeof port, "%ld", setting_int(s, "postgres.port"));
	json_array_append_new(env,
			      json_pack("{s:s, s:o}", "name", "PGHOST", "value", server_host(in)));
	env_add(env, "PGPORT", port);
	env_add(env, "PGUSER", login.user);
	env_add_secret(env, "PGPASSWORD", login.secret, login.key);
	env_add(env, "PGSSLMODE", ssl_mode);
	if (strncmp(ssl_mode, "verify-", 7) == 0)
		env_add(env, "PGSSLROOTCERT",
			setting_text(s, "certificates.configMap") ? CERTIFICATES_PATH : "system");
}

json_t *job_mebibytes(double bytes)
{
	char text[32];

	snprintf(text, sizeof text, "%.0fMi", ceil(bytes / (double)MIB));
	return json_string(text);
}

json_t *job_resources(const struct settings *s, const char *section, double storage_bytes)
{
	json_t *storage = job_mebibytes(storage_bytes);
	json_t *resources = json_pack(
	    "{s:{s:s, s:s, s:O}, s:{s:s, s:s, s:O}}", "requests", "cpu",
	    setting_in(s, section, "resources.requests.cpu"), "memory",
	    setting_in(s, section, "resources.requests.memory"), "ephemeral-storage", storage,
	    "limits", "cpu", setting_in(s, section, "resources.limits.cpu"), "memory",
	    setting_in(s, section, "resources.limits.memory"), "ephemeral-storage", storage);

	json_decref(storage);
	return resources;
}

/* The caller's config_map is taken over. */
static void add_config_map(struct job *j, const char *name, json_t *config_map,
			   const char *directory)
{
	if (!j->volumes)
		j->volumes = json_array();
	if (!j->mounts)
		j->mounts = json_array();
	json_array_append_new(j->volumes,
			      json_pack("{s:s, s:o}", "name", name, "configMap", config_map));
	json_array_append_new(j->mounts, json_pack("{s:s, s:s, s:b}", "name", name, "mountPath",
						   directory, "readOnly", true));
}

void job_add_databases(struct job *j)
{
	add_config_map(j, "databases", json_pack("{s:s}", "name", DATABASES_CONFIG_MAP),
		       CONFIG_DIRECTORY);
}

static void add_certificates(struct job *j, const struct settings *s)
{
	const char *name = setting_text(s, "certificates.configMap");

	if (name)
		add_config_map(j, "certificates",
			       json_pack("{s:s, s:[{s:s, s:s}]}", "name", name, "items", "key",
					 setting_text(s, "certificates.key"), "path",
					 CERTIFICATES_NAME),
			       CERTIFICATES_DIRECTORY);
}

json_t *job_security(long run_as)
{
	json_t *security = json_pack("{s:b, s:b, s:{s:[s]}}", "allowPrivilegeEscalation", false,
				     "readOnlyRootFilesystem", true, "capabilities", "drop", "ALL");

	if (run_as)
		json_object_set_new(security, "runAsUser", json_integer(run_as));
	return security;
}

static json_t *container(const struct input *in, const struct job *j)
{
	json_t *c = json_pack("{s:s, s:s, s:o, s:o, s:o}", "name", CONTAINER, "image",
			      setting_text(in->settings, "image"), "args", j->args, "env", j->env,
			      "resources", j->resources);

	if (j->mounts)
		json_object_set_new(c, "volumeMounts", j->mounts);
	json_object_set_new(c, "securityContext", job_security(0));
	json_object_set_new(c, "terminationMessagePolicy", json_string("FallbackToLogsOnError"));
	return c;
}

static json_t *pod(const struct input *in, struct job *j)
{
	json_t *security =
	    json_pack("{s:b, s:i, s:i, s:{s:s}}", "runAsNonRoot", true, "runAsUser", USER,
		      "runAsGroup", USER, "seccompProfile", "type", "RuntimeDefault");
	json_t *spec = json_pack(
	    "{s:s, s:s, s:b, s:b, s:i, s:o}", "restartPolicy", "Never", "serviceAccountName",
	    SERVICE_ACCOUNT, "automountServiceAccountToken", false, "enableServiceLinks", false,
	    "terminationGracePeriodSeconds", TERMINATION_GRACE_S, "securityContext", security);

	add_certificates(j, in->settings);
	if (j->group_writes)
		json_object_set_new(security, "fsGroup", json_integer(USER));
	if (j->sidecar)
		json_object_set_new(spec, "initContainers", json_pack("[o]", j->sidecar));
	json_object_set_new(spec, "containers", json_pack("[o]", container(in, j)));
	if (j->volumes)
		json_object_set_new(spec, "volumes", j->volumes);
	return spec;
}

/* What is bad stays bad; a pod that was evicted is no failure of the job. Of one that is tried once, it is:
 * to ignore it would be to run another. */
static json_t *failure_policy(bool once)
{
	json_t *rules =
	    json_pack("[{s:s, s:{s:s, s:s, s:[i, i]}}]", "action", "FailJob", "onExitCodes",
		      "containerName", CONTAINER, "operator", "In", "values", 1, 2);

	if (!once)
		json_array_append_new(rules, json_pack("{s:s, s:[{s:s, s:s}]}", "action", "Ignore",
						       "onPodConditions", "type",
						       "DisruptionTarget", "status", "True"));
	return json_pack("{s:o}", "rules", rules);
}

/* A failed Job is what an alert rings for: it stays until the next run must have succeeded. */
static int64_t seconds_kept(const struct settings *s, const struct job *j)
{
	int64_t keep = setting_seconds(s, "history.keep");
	int64_t late = j->suspended ? RESTORE_KEPT_S : job_late_s(s, j->section);

	return keep > late ? keep : late;
}

json_t *job_new(const struct input *in, struct job j)
{
	const struct settings *s = in->settings;
	struct part namespace = namespace_of_jobs(in);
	json_t *cron = object_new("batch/v1", "CronJob", j.name, &namespace, j.component);
	json_t *labels = object_labels(j.name, j.component);
	json_t *spec = json_pack(
	    "{s:i, s:I, s:I, s:o, s:{s:{s:O}, s:o}}", "backoffLimit",
	    j.suspended ? 0 : (int)setting_int_in(s, j.section, "retries"), "activeDeadlineSeconds",
	    (json_int_t)setting_seconds_in(s, j.section, "deadline"), "ttlSecondsAfterFinished",
	    (json_int_t)seconds_kept(s, &j), "podFailurePolicy", failure_policy(j.suspended),
	    "template", "metadata", "labels", labels, "spec", pod(in, &j));

	json_object_set_new(
	    cron, "spec",
	    json_pack("{s:s, s:s, s:s, s:i, s:i, s:i, s:{s:{s:o}, s:o}}", "schedule",
		      j.suspended ? "@yearly" : setting_in(s, j.section, "schedule"), "timeZone",
		      setting_text(s, "timeZone"), "concurrencyPolicy", "Forbid",
		      "startingDeadlineSeconds", STARTING_DEADLINE_S, "successfulJobsHistoryLimit",
		      (int)setting_int(s, "history.successful"), "failedJobsHistoryLimit",
		      (int)setting_int(s, "history.failed"), "jobTemplate", "metadata", "labels",
		      labels, "spec", spec));
	if (j.suspended)
		json_object_set_new(json_object_get(cron, "spec"), "suspend", json_true());
	return cron;
}
