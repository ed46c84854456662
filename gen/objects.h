/*
 * objects: what the settings come to: Kubernetes objects, grouped by the file that holds them.
 */
#ifndef OBJECTS_H
#define OBJECTS_H

#include "gen/input.h"

#define CONFIG_DIRECTORY "/etc/pgmuster"
#define CERTIFICATES_DIRECTORY "/etc/pgmuster-certificates"
#define CERTIFICATES_NAME "ca.pem"
#define CERTIFICATES_PATH CERTIFICATES_DIRECTORY "/" CERTIFICATES_NAME
#define SCRATCH_DIRECTORY "/scratch"
#define SOCKET_DIRECTORY "/run/postgresql"
#define SERVICE_ACCOUNT "postgres-backup"
#define DATABASES_CONFIG_MAP "postgres-backup-databases"
#define CONTAINER "pgmuster"

/* The jobs: names of their CronJobs, and of their sections among the settings. */
#define DUMP_JOB "postgres-backup"
#define DRILL_JOB "postgres-restore-drill"
#define VERIFY_JOB "postgres-verify"
#define RESTORE_JOB "postgres-restore"

struct module {
	const char *name; /* of the file, without its suffix */
	bool secret;      /* Secrets, whose values only kubenix.lib.secretsFor knows: Nix alone */
	json_t *objects;
};

#define MODULES 6

/* The caller decrefs each one's objects. scratch_bytes: of the scratch volume where the settings do
 * not say it. */
void objects_make(const struct input *, double scratch_bytes, struct module out[MODULES]);

/* Parts of it; each returns new objects. */
json_t *objects_dump(const struct input *);
json_t *objects_drill(const struct input *, double scratch_bytes);
json_t *objects_verify(const struct input *);
json_t *objects_secrets(const struct input *);
json_t *objects_alerts(const struct input *);
json_t *objects_network(const struct input *);

/* apiVersion, kind, metadata with the labels of that component, which may be NULL: of all. */
json_t *object_new(const char *api_version, const char *kind, const char *name,
		   const struct part *namespace, const char *component);
json_t *object_labels(const char *name, const char *component);

/* The namespace of "minio.storage.svc", also with the cluster's domain; the caller frees. NULL for a
 * host that is no Service. */
char *service_namespace(const char *host);

/* Where the jobs run, the server and the rules are. */
struct part namespace_of_jobs(const struct input *);
struct part namespace_of_server(const struct input *);
struct part namespace_of_rules(const struct input *);

/* A success of this job is late after so long: the longest time between two runs (also
 * where the change to summer time swallows one), its deadline and the grace. section: "dump",
 * "verify" or "drill". */
int64_t job_late_s(const struct settings *, const char *section);

/* May the change to summer time swallow a run? */
bool job_can_be_skipped(const struct settings *, const char *section);

/* Who connects to the server, and where the password is: who dumps, or who restores. Borrowed. */
struct login {
	const char *user, *secret, *key, *sops;
};
struct login login_of(const struct settings *, bool restores);

/* A setting of a section: setting_in(s, "dump", "schedule"). */
const char *setting_in(const struct settings *, const char *section, const char *name);
long setting_int_in(const struct settings *, const char *section, const char *name);
int64_t setting_seconds_in(const struct settings *, const char *section, const char *name);

#endif
