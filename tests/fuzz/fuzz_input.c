/*
 * The generator's input: what has no complaint makes objects and policies that all printers print;
 * the JSON reads back as the same objects, and the jobs run at some time.
 *
 * covers: gen/input.c gen/settings.c gen/objects.c gen/objects_jobs.c gen/objects_alerts.c gen/objects_network.c gen/job.c gen/print_nix.c gen/print_yaml.c gen/print_json.c
 */
#include "fuzz/fuzz.h"
#include "gen/files.h"
#include "gen/policy.h"
#include "gen/print.h"

#include <stdlib.h>
#include <string.h>

#define TEXT_MAX (16 * MIB)

static void check_json(const struct buf *text, const json_t *objects)
{
	CLEANUP(tree_freep) json_t *want = tree_resolve(objects);
	CLEANUP(tree_freep)
	json_t *got = json_loadb(text->data, text->len, JSON_REJECT_DUPLICATES, NULL);

	assert(got && json_equal(got, want));
}

static void check_module(const struct module *m)
{
	for (int format = FORMAT_NIX; format <= FORMAT_JSON; format++) {
		struct file file = {0};
		struct err e = {0};

		assert(file_make(m, (enum format)format, "Generated.\n", &file, &e));
		assert(file.text.len > 0 && memchr(file.text.data, '\0', file.text.len) == NULL);
		assert(!memmem(file.text.data, file.text.len, " \n", 2));
		file_stop(&file);
	}
	for (size_t i = 0; i < json_array_size(m->objects); i++) {
		CLEANUP(buf_stop) struct buf text = BUF_INIT(TEXT_MAX, "json");
		struct err e = {0};

		assert(print_json(json_array_get(m->objects, i), &text, &e));
		check_json(&text, json_array_get(m->objects, i));
	}
}

static void check_policies(const struct settings *s)
{
	json_t *policies[] = {policy_writer(s), policy_reader(s), policy_bucket(s, "w", "r"),
			      policy_lifecycle(s)};

	for (size_t i = 0; i < sizeof policies / sizeof *policies; i++) {
		CLEANUP(buf_stop) struct buf text = BUF_INIT(TEXT_MAX, "policy");
		struct err e = {0};

		assert(policies[i] && print_json(policies[i], &text, &e));
		json_decref(policies[i]);
	}
}

static void check_accepted(const struct input *in)
{
	static const char *const sections[] = {"dump", "verify", "drill"};
	struct module modules[MODULES];

	assert(json_array_size(in->databases) > 0);
	for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
		assert(job_late_s(in->settings, sections[i]) > 0);
	objects_make(in, 0, modules);
	for (size_t i = 0; i < MODULES; i++) {
		check_module(&modules[i]);
		json_decref(modules[i].objects);
	}
	check_policies(in->settings);
}

static void check_complaints(const struct complaints *c)
{
	size_t lines = 0;

	for (const char *p = c->text.data; p && *p; lines++) {
		p = strchr(p, '\n');
		assert(p);
		p++;
	}
	assert(lines <= c->count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(complaints_stop) struct complaints complaints = COMPLAINTS_INIT;
	CLEANUP(input_stop)
	struct input in = {.settings = settings_new(
			       "registry.lan/toolbox:1@sha256:"
			       "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")};
	struct err e = {0};

	if (!input_read(&in, (const char *)data, size, "input", &complaints, &e)) {
		assert(e.kind == ERR_USAGE);
		return 0;
	}
	input_check(&in, &complaints);
	check_complaints(&complaints);
	if (complaints.count == 0)
		check_accepted(&in);
	return 0;
}
