/*
 * job: a CronJob whose pod runs pgmuster as it may run: no root, no capability, nothing to write
 * but its scratch volume, no token; and whose failures show: exit codes 1 and 2 fail the job at
 * once, 3 is tried again as often as the settings say.
 */
#ifndef JOB_H
#define JOB_H

#include "gen/objects.h"

struct job {
	const char *name;      /* of the CronJob */
	const char *component; /* of its labels: the verb */
	const char *section;   /* of the settings: schedule, deadline, retries */
	bool suspended;        /* a template for kubectl create job --from, tried once */
	bool group_writes;     /* volumes belong to the pod's group */

	/* Taken over by job_new; NULL for none. */
	json_t *args, *env;
	json_t *resources;
	json_t *volumes, *mounts;
	json_t *sidecar;
};

json_t *job_new(const struct input *, struct job);

/* {requests, limits} of a section, with room for this many bytes of logs and volumes. */
json_t *job_resources(const struct settings *, const char *section, double storage_bytes);

/* The environment of every job: time zone and store; reader: whose keys. */
json_t *env_new(const struct input *, bool reader);

/* Append to it. $ is doubled: Kubernetes expands $(NAME). */
void env_add(json_t *env, const char *name, const char *value);
void env_add_secret(json_t *env, const char *name, const char *secret, const char *key);

/* The server that is dumped, and restored into. */
void env_add_server(json_t *env, const struct input *, bool restores);

/* A volume of the ConfigMap with the databases, and where it is seen. */
void job_add_databases(struct job *);

/* runAs: 0 leaves it to the pod. */
json_t *job_security(long run_as);

/* A quantity in whole mebibytes. */
json_t *job_mebibytes(double bytes);

/* An argument; $ is doubled as in the environment. */
void args_add(json_t *args, const char *fmt, ...) PRINTF(2, 3);

#endif
