/* pgmuster-gen: one JSON in, manifests out. */
#include "base/log.h"
#include "gen/files.h"
#include "gen/policy.h"
#include "gen/print.h"
#include "gen/scratch_size.h"
#include "gen/toolbox_image.h"

#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_INPUT (16 * MIB)

enum { EXIT_GOOD, EXIT_DIFFERENT, EXIT_USAGE, EXIT_UNKNOWN };

static const char *out_directory, *settings_file, *manifest_file, *source_name;
static const char *writer_name = "postgres-backup", *reader_name = "postgres-restore-drill";
static int format; /* enum format */
static bool check, force;

#define SETTINGS_FILE                                                                              \
	{                                                                                          \
		.name = "settings", .type = OPTION_STRING, .into = &settings_file,                 \
		.argument = "FILE", .help = "An object of settings, where the input has none."     \
	}

static const struct option generate_options[] = {
    {.name = "out",
     .letter = 'o',
     .type = OPTION_STRING,
     .into = &out_directory,
     .argument = "DIR",
     .help =
	 "Where the files go; all of them or none. yaml and json go to standard output without."},
    {.name = "format",
     .letter = 'f',
     .type = OPTION_CHOICE,
     .into = &format,
     .argument = "FORMAT",
     .choices = (const char *const[]){"nix", "yaml", "json", NULL},
     .help = "nix (modules for kubenix), yaml or json; the last two without Secrets."},
    {.name = "check",
     .type = OPTION_FLAG,
     .into = &check,
     .help = "Write nothing; print how the files in DIR differ, and exit with 1 if they do."},
    {.name = "force",
     .type = OPTION_FLAG,
     .into = &force,
     .help = "Replace files of these names that were not generated."},
    SETTINGS_FILE,
    {.name = "manifest",
     .type = OPTION_STRING,
     .into = &manifest_file,
     .argument = "FILE",
     .help = "The manifest of a backup: the drill's scratch volume is made large enough for it."},
    {.name = "source",
     .type = OPTION_STRING,
     .into = &source_name,
     .argument = "NAME",
     .help = "What the files say they were generated from; the name of FILE otherwise."},
    {0},
};

static const struct option policy_options[] = {
    SETTINGS_FILE,
    {.name = "writer",
     .type = OPTION_STRING,
     .into = &writer_name,
     .argument = "USER",
     .help = "bucket: the user that writes; for AWS its ARN."},
    {.name = "reader",
     .type = OPTION_STRING,
     .into = &reader_name,
     .argument = "USER",
     .help = "bucket: the user that reads; for AWS its ARN."},
    {0},
};

static const char epilog[] =
    "The input is the list of databases, [\"openwebui\", \"n8n\"], or the whole of\n"
    "homelab.kubernetes, or {\"databases\": {\"postgres\": [...]}, \"backup\": {...}} with\n"
    "settings. `pgmuster-gen schema` prints its JSON Schema.\n"
    "\n"
    "  nix eval --json .#homelab.kubernetes | pgmuster-gen --out modules/postgres\n"
    "  pgmuster-gen --check --out modules/postgres homelab.json\n"
    "  pgmuster-gen policy writer homelab.json > writer.json\n"
    "\n"
    "Exit codes: 0 good; 1 --check found a difference; 2 usage, or the input is bad;\n"
    "3 it could not be done.\n";

static const struct options generate = {
    .verb = "generate",
    .synopsis = "pgmuster-gen [--out DIR] [OPTION...] [FILE]",
    .summary = "One JSON (FILE, or standard input) in; out come the CronJobs, alerts, network "
	       "policies and Secrets that back PostgreSQL up, verify, drill and restore it. See "
	       "also: pgmuster-gen schema; pgmuster-gen policy --help.",
    .own = generate_options,
    .max_arguments = 1,
    .epilog = epilog,
};

static const struct options policies = {
    .verb = "policy",
    .synopsis = "pgmuster-gen policy writer|reader|bucket|lifecycle [OPTION...] [FILE]",
    .summary = "The least that the bucket's users have to be allowed: of the writer (dump), of "
	       "the reader (verify, drill, restore), or of both as one policy of the bucket; and "
	       "the rule that removes what is old. As mc and aws take them.",
    .own = policy_options,
    .max_arguments = 2,
    .epilog = epilog,
};

/* "name:tag@sha256:...", of the image that goes with this program. */
static char *toolbox_image(void)
{
	json_t *pin = json_loads(TOOLBOX_IMAGE_JSON, 0, NULL);
	char *image = xasprintf("%s:%s@%s", json_string_value(json_object_get(pin, "name")),
				json_string_value(json_object_get(pin, "tag")),
				json_string_value(json_object_get(pin, "digest")));

	json_decref(pin);
	return image;
}

/* False when any of it is wrong: e has why, or the complaints. */
static bool read_input(struct input *in, const char *path, struct complaints *c, struct err *e)
{
	CLEANUP(buf_stop) struct buf text = BUF_INIT(MAX_INPUT, "input");
	CLEANUP(buf_stop) struct buf more = BUF_INIT(MAX_INPUT, "settings");
	CLEANUP(tree_freep) json_t *settings = NULL;

	if (settings_file) {
		CLEANUP(freep) char *where = xasprintf("%s: $", settings_file);

		if (!file_read(settings_file, &more, e) ||
		    !(settings = input_parse(more.data, more.len, settings_file, e)))
			return false;
		settings_read(in->settings, settings, where, c);
	}
	if (!file_read(path, &text, e) ||
	    !input_read(in, text.data, text.len, strcmp(path, "-") == 0 ? "the input" : path, c, e))
		return false;
	settings_flags(in->settings, c);
	input_check(in, c);
	return c->count == 0;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* " --settings FILE", or nothing */
static char *flag_of(const char *name, const char *value)
{
	CLEANUP(freep) char *word = value ? shell_word(value) : NULL;

	return value ? xasprintf(" --%s %s", name, word) : xstrdup("");
}

/* Where the files come from, and how they are made again; the same wherever that is done. */
static char *heading_of(const struct input *in, const char *path)
{
	bool standard = strcmp(path, "-") == 0;
	const char *source = source_name ? source_name : standard ? "its input" : base_name(path);
	CLEANUP(freep) char *given = settings_given(in->settings);
	CLEANUP(freep) char *form = flag_of("format", format == FORMAT_YAML ? "yaml" : NULL);
	CLEANUP(freep)
	char *more = flag_of("settings", settings_file ? base_name(settings_file) : NULL);
	CLEANUP(freep)
	char *last = flag_of("manifest", manifest_file ? base_name(manifest_file) : NULL);
	CLEANUP(freep) char *name = flag_of("source", source_name);
	CLEANUP(freep) char *file = shell_word(standard ? "-" : base_name(path));
	CLEANUP(freep)
	char *text = xasprintf("Generated by pgmuster-gen from %s: change that, not this.", source);
	CLEANUP(freep)
	char *command = xasprintf("Made by: pgmuster-gen --out DIR%s%s%s%s%s %s", form, more, last,
				  name, given, file);
	size_t size = 4 * (strlen(text) + strlen(command)) + 1;
	CLEANUP(freep) char *safe_text = xcalloc(size, 1);
	CLEANUP(freep) char *safe_command = xcalloc(size, 1);

	log_safe(text, safe_text, size);
	log_safe(command, safe_command, size);
	return xasprintf("%s\n%s\n", safe_text, safe_command);
}

static void print_lines(const char *before, const struct complaints *c)
{
	for (const char *line = c->text.data; line && *line; line = strchr(line, '\n') + 1)
		fprintf(stderr, "pgmuster-gen: %s%.*s\n", before, (int)strcspn(line, "\n"), line);
}

/* What whoever applies them has to know. */
static void advise(const struct input *in, const struct module modules[])
{
	const json_t *secret;
	size_t i;

	print_lines("warning: ", &in->warnings);
	if (strstr(setting_text(in->settings, "image"), "@sha256:0000000000000000"))
		fprintf(stderr,
			"pgmuster-gen: warning: the toolbox image is not published yet, its digest "
			"is a placeholder; name one that is by --image\n");
	for (size_t m = 0; format != FORMAT_NIX && m < MODULES; m++) {
		if (!modules[m].secret)
			continue;
		json_array_foreach(modules[m].objects, i, secret)
		{
			const char *key;
			json_t *value;

			fprintf(stderr, "pgmuster-gen: note: these need the Secret %s/%s with",
				namespace_of_jobs(in).value,
				json_string_value(
				    json_object_get(json_object_get(secret, "metadata"), "name")));
			json_object_foreach(json_object_get(secret, "stringData"), key, value)
			{
				fprintf(stderr, " %s", key);
			}
			fprintf(stderr, "\n");
		}
	}
}

/* Without a directory, all objects as one text. */
static bool print_all(const struct module modules[], const char *heading, struct err *e)
{
	struct module all = {.name = "all", .objects = json_array()};
	struct file file = {0};
	bool ok;

	for (size_t i = 0; i < MODULES; i++)
		if (!modules[i].secret)
			json_array_extend(all.objects, modules[i].objects);
	ok = file_make(&all, (enum format)format, heading, &file, e) && file_print(&file.text, e);
	file_stop(&file);
	json_decref(all.objects);
	return ok;
}

static bool put_files(const struct module modules[], const char *heading, int *code, struct err *e)
{
	struct file files[MODULES] = {0};
	size_t count = 0, changed = 0;
	bool ok = true;

	for (size_t i = 0; ok && i < MODULES; i++)
		if (format == FORMAT_NIX || !modules[i].secret)
			ok = file_make(&modules[i], (enum format)format, heading, &files[count++],
				       e);
	if (ok && check) {
		ok = files_compare(out_directory, files, count, &changed, e);
		*code = changed > 0 ? EXIT_DIFFERENT : EXIT_GOOD;
		if (ok && changed > 0)
			fprintf(stderr, "pgmuster-gen: %zu of %zu files in %s differ\n", changed,
				count, out_directory);
	} else if (ok) {
		ok = files_write(out_directory, files, count, force, &changed, e);
		if (ok)
			fprintf(stderr, "pgmuster-gen: %zu files in %s, %zu of them changed\n",
				count, out_directory, changed);
	}
	for (size_t i = 0; i < count; i++)
		file_stop(&files[i]);
	return ok;
}

static bool run_generate(struct input *in, const char *path, int *code, struct err *e)
{
	CLEANUP(buf_stop) struct buf manifest = BUF_INIT(MAX_INPUT * 16, "manifest");
	CLEANUP(freep) char *heading = heading_of(in, path);
	struct module modules[MODULES];
	double scratch_bytes = 0;
	bool ok;

	if ((!out_directory || !*out_directory) && (out_directory || check || format == FORMAT_NIX))
		return err_set(e, ERR_USAGE, "--out DIR is missing: where the files %s",
			       check ? "are" : "go");
	if (manifest_file &&
	    (!file_read(manifest_file, &manifest, e) ||
	     !scratch_size(manifest.data, manifest.len, manifest_file, &scratch_bytes, e)))
		return false;
	objects_make(in, scratch_bytes, modules);
	advise(in, modules);
	ok = out_directory ? put_files(modules, heading, code, e) : print_all(modules, heading, e);
	for (size_t i = 0; i < MODULES; i++)
		json_decref(modules[i].objects);
	return ok;
}

static bool print_document(json_t *document, struct err *e)
{
	CLEANUP(buf_stop) struct buf text = BUF_INIT(MAX_INPUT, "document");
	CLEANUP(tree_freep) json_t *owned = document;

	return print_json(owned, &text, e) && file_print(&text, e);
}

static bool run_policy(const struct input *in, const char *kind, struct err *e)
{
	const struct settings *s = in->settings;

	if (!check_text(writer_name, e))
		return err_in(e, "--writer");
	if (!check_text(reader_name, e))
		return err_in(e, "--reader");
	if (strcmp(kind, "writer") == 0)
		return print_document(policy_writer(s), e);
	if (strcmp(kind, "reader") == 0)
		return print_document(policy_reader(s), e);
	if (strcmp(kind, "bucket") == 0)
		return print_document(policy_bucket(s, writer_name, reader_name), e);
	if (strcmp(kind, "lifecycle") == 0)
		return print_document(policy_lifecycle(s), e);
	return err_set(e, ERR_USAGE, "policy %s: expected writer, reader, bucket or lifecycle",
		       kind);
}

/* Parses, reads, and does what was asked for. policy: the first argument says which. */
static bool run(bool policy, int argc, char **argv, int *code, struct complaints *c, struct err *e)
{
	CLEANUP(freep) char *image = toolbox_image();
	CLEANUP(input_stop) struct input in = INPUT_INIT;
	struct options all = policy ? policies : generate;
	const char *path;
	size_t count;
	bool help;

	in.settings = settings_new(image);
	all.shared = settings_options(in.settings);
	all.shared_title = "Settings (--drill-schedule is backup.drill.schedule in the input):";
	if (!options_parse(&all, argc, argv, &count, &help, e))
		return false;
	if (help) {
		options_help(&all, stdout);
		return true;
	}
	if (policy && count == 0)
		return err_set(e, ERR_USAGE, "policy: which? writer, reader, bucket or lifecycle");
	path = count > (size_t)policy ? argv[policy] : "-";
	return read_input(&in, path, c, e) &&
	       (policy ? run_policy(&in, argv[0], e) : run_generate(&in, path, code, e));
}

int main(int argc, char *argv[])
{
	CLEANUP(complaints_stop) struct complaints complaints = COMPLAINTS_INIT;
	struct err e = {0};
	int code = EXIT_GOOD;
	const char *verb = argc > 1 ? argv[1] : "";
	bool policy = strcmp(verb, "policy") == 0, ok;
	char text[4 * sizeof e.text];

	setlocale(LC_CTYPE, "C.UTF-8");
	signal(SIGPIPE, SIG_IGN); /* an error like others, so that nothing temporary stays */
	if (argc == 2 && strcmp(verb, "--version") == 0)
		ok = printf("pgmuster-gen " VERSION "\n") > 0;
	else if (argc == 2 && strcmp(verb, "schema") == 0)
		ok = print_document(input_schema(), &e);
	else
		ok = run(policy, argc - 1 - policy, argv + 1 + policy, &code, &complaints, &e);
	print_lines("", &complaints);
	if (complaints.count > 1)
		fprintf(stderr, "pgmuster-gen: %zu errors, nothing was written\n",
			complaints.count);
	if (ok && fflush(stdout) != 0)
		ok = err_sys(&e, "write to standard output");
	if (ok)
		return code;
	if (e.kind == ERR_NONE)
		return EXIT_USAGE;
	log_safe(e.text, text, sizeof text);
	fprintf(stderr, "pgmuster-gen: %s\n", text);
	if (e.hint[0])
		fprintf(stderr, "hint: %s\n", e.hint);
	return e.kind == ERR_USAGE ? EXIT_USAGE : EXIT_UNKNOWN;
}
