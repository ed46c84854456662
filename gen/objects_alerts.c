#include "gen/objects.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where a text of this file has the jobs' namespace. */
#define NAMESPACE "\x01"

#define FAILED_FOR "1m"
#define MISSING_FOR "15m"

struct alert {
	const char *job, *section; /* of the CronJob, and of its settings */
	const char *what;          /* names of alerts begin with it */
	const char *fails, *is_missing;
};

static const struct alert alerts[] = {
    {DUMP_JOB, "dump", "PostgresBackup", "The PostgreSQL server was not backed up",
     "There is no new backup of the PostgreSQL server"},
    {VERIFY_JOB, "verify", "PostgresBackupVerification",
     "The newest PostgreSQL backup is bad, too old, or could not be read",
     "PostgreSQL backups are not verified"},
    {DRILL_JOB, "drill", "PostgresRestoreDrill",
     "The PostgreSQL restore drill failed: backups may not restore",
     "No PostgreSQL backup was proved to restore"},
};

/* The text with the namespace as a reference. */
static json_t *with_namespace(const struct input *in, const char *text)
{
	struct part parts[16], namespace = namespace_of_jobs(in);
	CLEANUP(freep) char *copy = xstrdup(text);
	char *rest = copy;
	size_t n = 0;

	for (char *mark = strpbrk(rest, NAMESPACE); mark; mark = strpbrk(rest, NAMESPACE)) {
		*mark = '\0';
		parts[n++] = (struct part){.value = rest};
		parts[n++] = namespace;
		rest = mark + 1;
	}
	parts[n++] = (struct part){.value = rest};
	return tree_string(parts, n);
}

static json_t *rule(const struct input *in, const char *name, const char *expression,
		    const char *wait, const char *summary, const char *description)
{
	return json_pack("{s:s, s:o, s:s, s:{s:s}, s:{s:s, s:o}}", "alert", name, "expr",
			 with_namespace(in, expression), "for", wait, "labels", "severity",
			 setting_text(in->settings, "alerts.severity"), "annotations", "summary",
			 summary, "description", with_namespace(in, description));
}

/* From a run that failed until a later one succeeds. kube-state-metrics tells of Jobs by their own
 * names: the CronJob's with a suffix. */
static json_t *failed(const struct input *in, const struct alert *a)
{
	CLEANUP(freep) char *name = xasprintf("%sFailed", a->what);
	CLEANUP(freep)
	char *expression = xasprintf(
	    "max(\n"
	    "  kube_job_status_start_time{namespace=\"" NAMESPACE "\", job_name=~\"%s-.+\"}\n"
	    "  and on (namespace, job_name)\n"
	    "  kube_job_failed{namespace=\"" NAMESPACE
	    "\", job_name=~\"%s-.+\", condition=\"true\"} == 1\n"
	    ")\n"
	    "> (\n"
	    "  max(kube_cronjob_status_last_successful_time{namespace=\"" NAMESPACE
	    "\", cronjob=\"%s\"})\n"
	    "  or vector(0)\n"
	    ")\n",
	    a->job, a->job, a->job);
	CLEANUP(freep)
	char *description = xasprintf(
	    "A Job of %s in %s failed, and none succeeded since. Exit code 1: the backup is bad; "
	    "3: it could not be told. kubectl -n %s logs -l app.kubernetes.io/instance=%s "
	    "--tail=-1",
	    a->job, NAMESPACE, NAMESPACE, a->job);

	return rule(in, name, expression, FAILED_FOR, a->fails, description);
}

/* Also where the CronJob never succeeded, is suspended or is gone. */
static json_t *missing(const struct input *in, const struct alert *a)
{
	const struct settings *s = in->settings;
	int64_t limit = job_late_s(s, a->section);
	CLEANUP(freep) char *name = xasprintf("%sMissing", a->what);
	CLEANUP(freep)
	char *expression = xasprintf(
	    "time() - (\n"
	    "  max(kube_cronjob_status_last_successful_time{namespace=\"" NAMESPACE
	    "\", cronjob=\"%s\"})\n"
	    "  or max(kube_cronjob_created{namespace=\"" NAMESPACE "\", cronjob=\"%s\"})\n"
	    ") > %lld\n"
	    "or absent(kube_cronjob_created{namespace=\"" NAMESPACE "\", cronjob=\"%s\"})\n",
	    a->job, a->job, (long long)limit, a->job);
	CLEANUP(freep)
	char *description = xasprintf("The CronJob %s in %s has not succeeded for longer than its "
				      "schedule (%s) allows, or is "
				      "not there.",
				      a->job, NAMESPACE, setting_in(s, a->section, "schedule"));

	return rule(in, name, expression, MISSING_FOR, a->is_missing, description);
}

json_t *objects_alerts(const struct input *in)
{
	struct part namespace = namespace_of_rules(in);
	json_t *object =
	    object_new("monitoring.coreos.com/v1", "PrometheusRule", DUMP_JOB, &namespace, NULL);
	json_t *rules = json_array();

	for (size_t i = 0; i < sizeof alerts / sizeof *alerts; i++) {
		json_array_append_new(rules, failed(in, &alerts[i]));
		json_array_append_new(rules, missing(in, &alerts[i]));
	}
	json_object_update(json_object_get(json_object_get(object, "metadata"), "labels"),
			   (json_t *)(uintptr_t)setting_json(in->settings, "alerts.labels"));
	json_object_set_new(
	    object, "spec",
	    json_pack("{s:[{s:s, s:o}]}", "groups", "name", DUMP_JOB, "rules", rules));
	return json_pack("[o]", object);
}
