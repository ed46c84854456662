#include "cmd.h"

#include "base/log.h"
#include "pg/conn.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const log_formats[] = {"text", "json", NULL};

struct common common = {.parts_in_flight = 3, .max_parts = 10000, .attempts = 6, .stall_s = 60};

const struct option common_options[] = {
    {.name = "store",
     .letter = 's',
     .type = OPTION_LIST,
     .into = &common.stores,
     .argument = "URL",
     .env = "PGMUSTER_STORE",
     .help = "Where backups are: file:///directory or s3://bucket/prefix."},
    {.name = "endpoint",
     .type = OPTION_STRING,
     .into = &common.store.endpoint,
     .argument = "URL",
     .help = "The S3 server, such as http://minio.lan:9000; AWS_ENDPOINT_URL otherwise."},
    {.name = "region",
     .type = OPTION_STRING,
     .into = &common.store.region,
     .argument = "NAME",
     .help = "The S3 region; AWS_REGION otherwise, or us-east-1."},
    {.name = "ca-file",
     .type = OPTION_STRING,
     .into = &common.store.ca_file,
     .argument = "FILE",
     .help = "Certificates to trust for https; AWS_CA_BUNDLE otherwise, or the system's."},
    {.name = "part-size",
     .type = OPTION_BYTES,
     .into = &common.part_bytes,
     .argument = "SIZE",
     .help = "Of a multipart upload; chosen from the server's size when not given."},
    {.name = "max-parts",
     .type = OPTION_INT,
     .into = &common.max_parts,
     .argument = "N",
     .min = 1,
     .max = 10000,
     .help = "Parts that the store allows in one upload; some allow 1000."},
    {.name = "parts-in-flight",
     .type = OPTION_INT,
     .into = &common.parts_in_flight,
     .argument = "N",
     .min = 1,
     .max = 32,
     .help = "Parts uploaded at once; each takes one part of memory."},
    {.name = "attempts",
     .type = OPTION_INT,
     .into = &common.attempts,
     .argument = "N",
     .min = 1,
     .max = 100,
     .help = "Tries of one request before a store counts as down."},
    {.name = "stall-timeout",
     .type = OPTION_DURATION,
     .into = &common.stall_s,
     .argument = "TIME",
     .help = "A request that moves no byte for so long, or less than 1 MiB in ten times as "
	     "long, is broken and tried again."},
    {.name = "json",
     .type = OPTION_FLAG,
     .into = &common.json,
     .help = "Print the result as JSON."},
    {.name = "quiet",
     .letter = 'q',
     .type = OPTION_FLAG,
     .into = &common.quiet,
     .help = "Log warnings alone, and show no progress."},
    {.name = "verbose",
     .letter = 'v',
     .type = OPTION_FLAG,
     .into = &common.verbose,
     .help = "Log more."},
    {.name = "log-format",
     .type = OPTION_CHOICE,
     .into = &common.log_format,
     .argument = "FORMAT",
     .env = "PGMUSTER_LOG_FORMAT",
     .choices = log_formats,
     .help = "Of the log on stderr: text or json."},
    {0},
};

int cmd_seconds(int64_t duration_s)
{
	return duration_s < INT_MAX / 1000 ? (int)duration_s : INT_MAX / 1000;
}

bool cmd_parse(const struct options *o, int argc, char **argv, size_t *count, bool *done,
	       struct err *e)
{
	if (!options_parse(o, argc, argv, count, done, e))
		return err_hint(e, "`pgmuster %s --help` explains", o->verb);
	if (*done) {
		options_help(o, stdout);
		*done = fflush(stdout) == 0 && !ferror(stdout);
		return *done || err_sys(e, "write the help");
	}
	if (common.stall_s < 1)
		return err_set(e, ERR_USAGE, "--stall-timeout: expected at least 1s");
	/* From the environment it may. */
	const char *server = getenv("PGMUSTER_SERVER");
	if (common.server && common.server != server && pg_conninfo_has_secret(common.server)) {
		err_set(e, ERR_USAGE,
			"--server has a password in it, which all users of this machine "
			"can see");
		return err_hint(e, "give it in a file: PGPASSFILE or PGPASSWORD_FILE");
	}
	log_setup(common.quiet     ? LOG_WARN
		  : common.verbose ? LOG_DEBUG
				   : LOG_INFO,
		  (enum log_format)common.log_format);
	common.store.parts_in_flight = (unsigned)common.parts_in_flight;
	common.store.max_parts = (unsigned)common.max_parts;
	common.store.attempts = (int)common.attempts;
	common.store.stall_s = cmd_seconds(common.stall_s);
	common.store.part_bytes = common.part_bytes;
	return true;
}

struct store *cmd_store(struct err *e)
{
	if (common.stores.count != 1) {
		err_set(e, ERR_USAGE,
			common.stores.count ? "more than one --store" : "no store was named");
		err_hint(e, "--store URL, such as file:///backup/postgresql or s3://bucket/prefix");
		return NULL;
	}
	return store_open(common.stores.items[0], &common.store, e);
}

bool cmd_print(const struct report *r, struct err *e)
{
	return report_print(r, common.json ? REPORT_JSON : REPORT_TEXT, stdout, e);
}
