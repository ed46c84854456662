#include "gen/job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GIB 1073741824.0
#define LOG_BYTES (256.0 * 1048576) /* of a pod's logs, and what else the kubelet counts */
#define SCRATCH_BYTES (32 * GIB)
#define SOCKET_BYTES 1048576.0
#define LAST_WORDS_S 600 /* of a deadline: the pod's start, an error, a drill's evidence */

static json_t *args_new(const char *verb)
{
	return json_pack("[s]", verb);
}

/* 93600: "26h" */
static void add_duration(json_t *args, const char *option, int64_t seconds)
{
	args_add(args, seconds % 3600 == 0 ? "--%s=%lldh" : "--%s=%llds", option,
		 (long long)(seconds % 3600 == 0 ? seconds / 3600 : seconds));
}

/* Its own end comes before the Job's deadline, which counts from the Job's start and kills without a word; without
 * this, pgmuster would end after a day. */
static void add_timeout(json_t *args, const struct settings *s, const char *section)
{
	int64_t deadline = setting_seconds_in(s, section, "deadline"), tenth = deadline / 10;

	add_duration(args, "timeout", deadline - (tenth < LAST_WORDS_S ? tenth : LAST_WORDS_S));
}

/* The newest backup, and what it must have. */
static void add_expectations(json_t *args, const struct settings *s)
{
	add_duration(args, "max-age",
		     setting_text(s, "verify.maxAge") ? setting_seconds(s, "verify.maxAge")
						      : job_late_s(s, "dump"));
	args_add(args, "--expect=" CONFIG_DIRECTORY "/databases.json");
}

static json_t *databases_config_map(const struct input *in, const struct part *namespace)
{
	json_t *map = object_new("v1", "ConfigMap", DATABASES_CONFIG_MAP, namespace, NULL);
	char *text = json_dumps(in->databases, JSON_INDENT(2));
	CLEANUP(freep) char *lines = xasprintf("%s\n", text);

	free(text);
	json_object_set_new(map, "data", json_pack("{s:s}", "databases.json", lines));
	return map;
}

static json_t *dump_job(const struct input *in)
{
	const struct settings *s = in->settings;
	json_t *args = args_new("dump"), *env = env_new(in, false);
	const json_t *name;
	size_t i;

	add_timeout(args, s, "dump");
	args_add(args, "--key-format=%s", setting_text(s, "keyFormat"));
	if (!setting_bool(s, "dump.rolePasswords"))
		args_add(args, "--no-role-passwords");
	if (setting_bool(s, "dump.allowOmissions"))
		args_add(args, "--allow-omissions");
	json_array_foreach(setting_json(s, "dump.excludeDatabases"), i, name)
	{
		args_add(args, "--exclude-database=%s", json_string_value(name));
	}
	env_add_server(env, in, false);
	return job_new(in, (struct job){
			       .name = DUMP_JOB,
			       .component = "dump",
			       .section = "dump",
			       .args = args,
			       .env = env,
			       .resources = job_resources(s, "dump", LOG_BYTES),
			   });
}

/* Never runs by itself: what restore-postgres makes its jobs from. */
static json_t *restore_job(const struct input *in)
{
	json_t *env = env_new(in, true);

	env_add_server(env, in, true);
	return job_new(in, (struct job){
			       .name = RESTORE_JOB,
			       .component = "restore",
			       .section = "restore",
			       .suspended = true,
			       .args = args_new("restore"),
			       .env = env,
			       .resources = job_resources(in->settings, "restore", LOG_BYTES),
			   });
}

json_t *objects_dump(const struct input *in)
{
	struct part namespace = namespace_of_jobs(in);
	json_t *account = object_new("v1", "ServiceAccount", SERVICE_ACCOUNT, &namespace, NULL);

	json_object_set_new(account, "automountServiceAccountToken", json_false());
	return json_pack("[o, o, o, o]", account, databases_config_map(in, &namespace),
			 dump_job(in), restore_job(in));
}

json_t *objects_verify(const struct input *in)
{
	struct job job = {
	    .name = VERIFY_JOB,
	    .component = "verify",
	    .section = "verify",
	    .args = args_new("verify"),
	    .env = env_new(in, true),
	    .resources = job_resources(in->settings, "verify", LOG_BYTES),
	    .volumes = json_array(),
	    .mounts = json_array(),
	};

	add_timeout(job.args, in->settings, "verify");
	add_expectations(job.args, in->settings);
	job_add_databases(&job);
	return json_pack("[o]", job_new(in, job));
}

/* As pgmuster runs its own scratch server: nothing in it has to survive. */
static const char *const throw_away[][2] = {
    {"listen_addresses", ""},
    {"unix_socket_directories", SOCKET_DIRECTORY},
    {"fsync", "off"},
    {"synchronous_commit", "off"},
    {"full_page_writes", "off"},
    {"wal_level", "minimal"},
    {"max_wal_senders", "0"},
    {"max_wal_size", "4GB"},
    {"checkpoint_timeout", "1h"},
    {"autovacuum", "off"},
    {"maintenance_work_mem", "128MB"},
    {"max_locks_per_transaction", "1024"},
    {"dynamic_shared_memory_type", "mmap"}, /* /dev/shm has 64 MiB in a pod */
    {"jit", "off"},
};

static void add_parameter(json_t *command, const char *name, const char *value)
{
	args_add(command, "-c");
	args_add(command, "%s=%s", name, value);
}

/* One program after another in one container, also after a crash, so a shell; what is given goes past it as words. */
static json_t *sidecar_command(const struct settings *s)
{
	static const char script[] = "rm -rf \"$PGDATA\" && initdb --pgdata=\"$PGDATA\" "
				     "--username=\"$0\" --auth=trust --encoding=UTF8"
				     " --locale=C.UTF-8 --no-sync && exec postgres \"$@\"";
	const json_t *libraries = setting_json(s, "drill.sidecar.preloadLibraries"), *item;
	json_t *command = json_pack("[s, s]", "/bin/sh", "-ec");
	CLEANUP(freep) char *preload = xstrdup("");
	const char *name;
	size_t i;

	args_add(command, "%s", script);
	args_add(command, "%s", setting_text(s, "drill.sidecar.superuser"));
	for (i = 0; i < sizeof throw_away / sizeof *throw_away; i++)
		add_parameter(command, throw_away[i][0], throw_away[i][1]);
	json_array_foreach(libraries, i, item)
	{
		xappend(&preload, "%s%s", i ? "," : "", json_string_value(item));
	}
	if (*preload)
		add_parameter(command, "shared_preload_libraries", preload);
	/* jansson asks for an object that could be changed */
	json_object_foreach((json_t *)(uintptr_t)setting_json(s, "drill.sidecar.parameters"), name,
			    item)
	{
		add_parameter(command, name, json_string_value(item));
	}
	return command;
}

/* Ends with the Job, since it is an init container that is always restarted. */
static json_t *sidecar(const struct settings *s, double scratch_bytes)
{
	json_t *probe =
	    json_pack("{s:{s:[s, s, s, s, s]}, s:i, s:i}", "exec", "command", "pg_isready",
		      "--host=" SOCKET_DIRECTORY, "--quiet", "--dbname=postgres",
		      "--username=postgres", "periodSeconds", 2, "failureThreshold", 150);
	json_t *env = json_array();

	env_add(env, "TZ", setting_text(s, "timeZone"));
	env_add(env, "PGDATA", SCRATCH_DIRECTORY "/data");
	return json_pack(
	    "{s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:[{s:s, s:s}, {s:s, s:s}], s:o}", "name",
	    "scratch", "image", setting_text(s, "drill.sidecar.image"), "restartPolicy", "Always",
	    "command", sidecar_command(s), "env", env, "startupProbe", probe, "resources",
	    job_resources(s, "drill", scratch_bytes + LOG_BYTES), "volumeMounts", "name", "scratch",
	    "mountPath", SCRATCH_DIRECTORY, "name", "socket", "mountPath", SOCKET_DIRECTORY,
	    "securityContext", job_security(setting_int(s, "drill.sidecar.user")));
}

static void add_volume(struct job *j, const char *name, const char *directory, double bytes)
{
	json_array_append_new(j->volumes, json_pack("{s:s, s:{s:o}}", "name", name, "emptyDir",
						    "sizeLimit", job_mebibytes(bytes)));
	if (directory)
		json_array_append_new(
		    j->mounts, json_pack("{s:s, s:s}", "name", name, "mountPath", directory));
}

json_t *objects_drill(const struct input *in, double scratch_bytes)
{
	const struct settings *s = in->settings;
	const char *size = setting_text(s, "drill.scratch.size");
	bool own = strcmp(setting_text(s, "drill.shape"), "owned") == 0;
	struct err e = {0};
	double bytes = scratch_bytes > 0 ? scratch_bytes : SCRATCH_BYTES;
	struct job job = {
	    .name = DRILL_JOB,
	    .component = "drill",
	    .section = "drill",
	    .group_writes = true,
	    .args = args_new("drill"),
	    .env = env_new(in, true),
	    .volumes = json_array(),
	    .mounts = json_array(),
	};

	if (size && !parse_quantity(size, &bytes, &e))
		abort(); /* checked when it was taken */
	add_timeout(job.args, s, "drill");
	args_add(job.args, "--check=%s", setting_text(s, "drill.check"));
	args_add(job.args, "--jobs=%ld", setting_int(s, "drill.jobs"));
	add_expectations(job.args, s);
	job_add_databases(&job);
	add_volume(&job, "scratch", own ? SCRATCH_DIRECTORY : NULL, bytes);
	if (own) {
		args_add(job.args, "--scratch-directory=" SCRATCH_DIRECTORY);
		job.resources = job_resources(s, "drill", bytes + LOG_BYTES);
	} else {
		args_add(job.args, "--server=host=" SOCKET_DIRECTORY " user='%s' dbname=postgres",
			 setting_text(s, "drill.sidecar.superuser"));
		add_volume(&job, "socket", SOCKET_DIRECTORY, SOCKET_BYTES);
		job.sidecar = sidecar(s, bytes);
		/* It reads rows back, as large as they are. */
		job.resources = job_resources(s, "drill", LOG_BYTES);
	}
	return json_pack("[o]", job_new(in, job));
}
