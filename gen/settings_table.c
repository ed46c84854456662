#include "gen/settings.h"

/* Site-specific values, such as a time zone or a bucket, belong into the input. What stands here
 * is neutral, or a policy that fits most: a dump a night, a drill a week, two weeks kept. */

static const char *const ssl_modes[] = {"disable", "prefer", "require", "verify-full", NULL};
static const char *const levels[] = {"smoke", "counts", "content", NULL};
static const char *const shapes[] = {"owned", "sidecar", NULL};
static const char *const severities[] = {"critical", "warning", "info", NULL};

/* clang-format off */
#define TEXT(p, value, function, arg, text)                                                        \
	{.path = p, .type = SETTING_STRING, .fallback = value, .check = function, .argument = arg, .help = text}
#define CHOICE(p, value, list, arg, text)                                                          \
	{.path = p, .type = SETTING_STRING, .fallback = value, .choices = list, .argument = arg, .help = text}
#define INT(p, value, from, to, text)                                                              \
	{.path = p, .type = SETTING_INT, .fallback = value, .min = from, .max = to, .argument = "N", .help = text}
#define BOOL(p, value, text)                                                                       \
	{.path = p, .type = SETTING_BOOL, .fallback = value, .argument = "true|false", .help = text}
#define LIST(p, function, arg, text)                                                               \
	{.path = p, .type = SETTING_LIST, .fallback = "[]", .check = function, .argument = arg, .help = text}
#define MAP(p, names, values, text)                                                                \
	{.path = p, .type = SETTING_MAP, .fallback = "{}", .check = values, .check_name = names,   \
	 .argument = "NAME=VALUE", .help = text}
#define JOB(p, when, deadline, retries, what)                                                      \
	TEXT(p ".schedule", when, check_schedule, "CRON", "When to " what "."),                    \
	TEXT(p ".deadline", deadline, check_duration, "TIME", "The job is stopped, and failed, after so long, all its pods together; pgmuster gives up a little earlier, to say why."), \
	INT(p ".retries", retries, 0, 10, "New pods after one that could not tell (exit code 3); what is bad is not tried again.")
#define RESOURCES(p, cpu, memory, cpu_limit, memory_limit)                                         \
	TEXT(p ".resources.requests.cpu", cpu, check_cpu, "QUANTITY", "CPU that the pod asks for."), \
	TEXT(p ".resources.requests.memory", memory, check_bytes, "QUANTITY", "Memory that the pod asks for."), \
	TEXT(p ".resources.limits.cpu", cpu_limit, check_cpu, "QUANTITY", "CPU that the pod gets at most."), \
	TEXT(p ".resources.limits.memory", memory_limit, check_bytes, "QUANTITY", "Memory that the pod gets at most.")

const struct setting settings_table[] = {
	TEXT("image", NULL, check_image, "NAME@DIGEST", "The toolbox image, pinned by its digest; the one that goes with this version when not given."),
	TEXT("timeZone", "\"Etc/UTC\"", check_time_zone, "ZONE", "Of the schedules and of the dates in keys."),
	TEXT("keyFormat", "\"%Y/%m/%d/full.sql.zst\"", check_key_format, "FORMAT", "Name of the day's dump, as strftime writes it."),
	TEXT("namespace", NULL, check_namespace, "NAME", "Where the jobs run; namespaces.backup when not given."),

	TEXT("postgres.service", "\"postgresql\"", check_service, "NAME", "The server's Service."),
	TEXT("postgres.namespace", NULL, check_namespace, "NAME", "Of that Service; namespaces.applications when not given."),
	TEXT("postgres.host", NULL, check_host, "HOST", "A server that is no Service: its host name or address."),
	INT("postgres.port", "5432", 1, 65535, "The server's port."),
	TEXT("postgres.user", "\"postgres\"", check_text, "ROLE", "Who dumps; docs/runbooks/install-kubenix.md says what it has to be allowed."),
	CHOICE("postgres.sslMode", "\"prefer\"", ssl_modes, "MODE", "libpq's sslmode; verify-full trusts the certificate authorities of the system, or certificates.configMap."),
	TEXT("postgres.secret.name", "\"postgresql-auth\"", check_object_name, "NAME", "The Secret with its password."),
	TEXT("postgres.secret.key", "\"admin-password\"", check_secret_key, "KEY", "The password's key in that Secret."),
	TEXT("postgres.secret.sops", "\"postgresql_admin_password\"", check_sops_name, "NAME", "Name of the password for kubenix.lib.secretsFor: a pod reads Secrets of its own namespace alone, so where the jobs run in another one the Secret is made there too."),

	TEXT("store.endpoint", NULL, check_endpoint, "URL", "The S3 server, such as http://minio.lan:9000; AWS's own when not given."),
	TEXT("store.region", "\"us-east-1\"", check_region, "NAME", "The region."),
	TEXT("store.bucket", "\"postgres-backup\"", check_bucket, "NAME", "The bucket of the backups."),
	TEXT("store.prefix", "\"postgresql\"", check_prefix, "PREFIX", "What all keys begin with."),
	TEXT("store.secret.name", "\"postgres-backup-s3-credentials\"", check_object_name, "NAME", "The Secret with the writer's keys: access-key-id, secret-access-key."),
	TEXT("store.secret.sops", "\"minio_postgres_backup\"", check_sops_name, "NAME", "The same for kubenix.lib.secretsFor: NAME_access_key_id, NAME_secret_access_key."),
	TEXT("store.reader.name", "\"postgres-restore-drill-s3-credentials\"", check_object_name, "NAME", "The Secret with the reader's keys, for drill, verify and restore; may be the writer's."),
	TEXT("store.reader.sops", "\"minio_postgres_drill\"", check_sops_name, "NAME", "The same for kubenix.lib.secretsFor."),

	TEXT("certificates.configMap", NULL, check_object_name, "NAME", "A ConfigMap in the jobs' namespace with your own certificate authority, in PEM: trusted, instead of the system's, for an https:// store and by verify-full."),
	TEXT("certificates.key", "\"ca.crt\"", check_secret_key, "KEY", "Its key in that ConfigMap."),

	INT("retention.days", "14", 1, 3650, "Days that the bucket's lifecycle rule keeps a dump."),

	JOB("dump", "\"30 2 * * *\"", "\"3h\"", "2", "dump"),
	BOOL("dump.rolePasswords", "true", "false leaves the passwords of roles out: what a role that is no superuser has to do."),
	BOOL("dump.allowOmissions", "false", "Accept what pg_dump leaves out with a warning."),
	LIST("dump.excludeDatabases", check_database, "NAME", "Databases to leave out; may be given several times."),
	RESOURCES("dump", "\"250m\"", "\"128Mi\"", "\"2\"", "\"512Mi\""),

	JOB("verify", "\"0 6 * * *\"", "\"2h\"", "2", "verify the newest backup"),
	TEXT("verify.maxAge", NULL, check_duration, "TIME", "A newest backup older than this is a failure; what the dump's schedule, deadline and alerts.grace allow when not given."),
	RESOURCES("verify", "\"100m\"", "\"64Mi\"", "\"1\"", "\"256Mi\""),

	JOB("drill", "\"0 3 * * 0\"", "\"6h\"", "1", "drill the newest backup"),
	CHOICE("drill.check", "\"counts\"", levels, "LEVEL", "smoke, counts (every table's rows) or content (every row, every definition)."),
	INT("drill.jobs", "2", 1, 64, "Databases restored and counted at once."),
	CHOICE("drill.shape", "\"owned\"", shapes, "SHAPE", "The scratch server: owned (the image's own, a child of the drill) or sidecar (the production image, with its extensions)."),
	TEXT("drill.scratch.size", NULL, check_bytes, "QUANTITY", "Of the scratch volume; from --manifest when not given, or 32Gi."),
	RESOURCES("drill", "\"500m\"", "\"512Mi\"", "\"2\"", "\"2Gi\""),
	TEXT("drill.sidecar.image", NULL, check_image, "NAME@DIGEST", "The production image; needs a shell, initdb, postgres and pg_isready in its PATH."),
	INT("drill.sidecar.user", "999", 1, 65535, "The uid that PostgreSQL has in that image; it needs an entry in /etc/passwd there."),
	TEXT("drill.sidecar.superuser", "\"postgres\"", check_superuser, "ROLE", "The bootstrap superuser; as in the source, pgmuster show tells it."),
	LIST("drill.sidecar.preloadLibraries", check_library, "NAME", "shared_preload_libraries; may be given several times."),
	MAP("drill.sidecar.parameters", check_scratch_parameter, check_text, "More settings of the scratch server; may be given several times."),

	TEXT("restore.deadline", "\"1d\"", check_duration, "TIME", "A restore that is started in the cluster is stopped after so long."),
	TEXT("restore.user", NULL, check_text, "ROLE", "Who restores, a superuser; postgres.user when not given."),
	TEXT("restore.secret.name", NULL, check_object_name, "NAME", "The Secret with the password of restore.user; that of postgres.secret when not given."),
	TEXT("restore.secret.key", NULL, check_secret_key, "KEY", "The password's key in that Secret; as in postgres.secret when not given."),
	TEXT("restore.secret.sops", "\"postgresql_restore_password\"", check_sops_name, "NAME", "Name of that password for kubenix.lib.secretsFor, where the Secret is made in the jobs' namespace."),
	RESOURCES("restore", "\"250m\"", "\"256Mi\"", "\"2\"", "\"1Gi\""),

	INT("history.successful", "3", 1, 100, "Finished jobs that stay to be looked at, by backup-postgres and restore-postgres too."),
	INT("history.failed", "3", 1, 100, "Failed jobs that stay to be looked at."),
	TEXT("history.keep", "\"7d\"", check_duration, "TIME", "And no longer than this; a failed job always until the next one must have succeeded, a restore at least an hour."),

	TEXT("alerts.namespace", NULL, check_namespace, "NAME", "Of the PrometheusRule; namespaces.monitoring when not given."),
	MAP("alerts.labels", check_own_label, check_label_value, "Labels that your Prometheus selects its rules by, such as release=kube-prometheus-stack."),
	TEXT("alerts.grace", "\"1h\"", check_duration, "TIME", "A success may be later than its schedule's interval and deadline by so much."),
	CHOICE("alerts.severity", "\"critical\"", severities, "LEVEL", "The label severity of the alerts."),

	MAP("network.postgresLabels", check_label_name, check_label_value, "Labels of the server's pods; all pods of its namespace when not given."),
	INT("network.postgresPort", "0", 0, 65535, "The port of its pods, where it is not that of the Service; 0: postgres.port."),
	MAP("network.storeLabels", check_label_name, check_label_value, "Labels of the store's pods, where it is a Service (minio.storage.svc); all pods of its namespace when not given."),
	INT("network.storePort", "0", 0, 65535, "The port of the store's pods, where it is a Service; 0: any."),
	TEXT("network.storeCidr", NULL, check_cidr, "CIDR", "Where the store is; from store.endpoint if that is an address, else anywhere."),
	{.path = NULL},
};
