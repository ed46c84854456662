#include "gen/input.h"
#include "gen/settings.h"

#include <criterion/criterion.h>
#include <string.h>

#define WORD(text) ((char[]){text})
#define IMAGE "a@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void read_text(struct settings *s, const char *text, struct complaints *c)
{
	CLEANUP(tree_freep) json_t *object = json_loads(text, 0, NULL);

	cr_assert(object);
	settings_read(s, object, "$.backup", c);
}

/* What the table itself promises: nobody would see a default that is refused, until it is given. */
Test(gen_settings, every_default_would_be_taken)
{
	for (const struct setting *row = settings_table; row->path; row++) {
		CLEANUP(settings_freep) struct settings *s = settings_new(IMAGE);
		CLEANUP(complaints_stop) struct complaints c = COMPLAINTS_INIT;
		CLEANUP(tree_freep) json_t *object = json_object();
		CLEANUP(freep) char *path = xstrdup(row->path);
		json_t *inner = object;
		char *name = path;

		if (!row->fallback)
			continue;
		for (char *dot = strchr(name, '.'); dot; dot = strchr(name, '.')) {
			*dot = '\0';
			json_object_set_new(inner, name, json_object());
			inner = json_object_get(inner, name);
			name = dot + 1;
		}
		json_object_set_new(inner, name, json_loads(row->fallback, JSON_DECODE_ANY, NULL));
		settings_read(s, object, "$", &c);
		cr_expect_eq(c.count, 0, "%s: %s", row->path, c.text.data);
		cr_expect(strlen(row->help) > 10 && row->argument, "%s has no help", row->path);
	}
}

Test(gen_settings, a_bad_value_leaves_the_default)
{
	CLEANUP(settings_freep) struct settings *s = settings_new(IMAGE);
	CLEANUP(complaints_stop) struct complaints c = COMPLAINTS_INIT;

	read_text(s, "{\"drill\": {\"jobs\": 65, \"schedule\": \"x\"}, \"image\": null}", &c);
	cr_assert_eq(c.count, 2);
	cr_assert_eq(setting_int(s, "drill.jobs"), 2);
	cr_assert_str_eq(setting_text(s, "drill.schedule"), "0 3 * * 0");
	cr_assert_str_eq(setting_text(s, "image"), IMAGE);
	cr_assert(
	    strstr(c.text.data, "$.backup.drill.jobs: expected a whole number from 1 to 64\n"));
}

Test(gen_settings, a_flag_wins_and_is_said_as_a_shell_takes_it)
{
	CLEANUP(settings_freep) struct settings *s = settings_new(IMAGE);
	CLEANUP(complaints_stop) struct complaints c = COMPLAINTS_INIT;
	char *argv[] = {WORD("--drill-jobs"),
			WORD("7"),
			WORD("--alerts-labels"),
			WORD("a=b"),
			WORD("--alerts-labels=c=d"),
			WORD("--dump-schedule"),
			WORD("1 2 * * *"),
			WORD("--postgres-user"),
			WORD("it's")};
	const struct options all = {.own = settings_options(s), .synopsis = "", .summary = ""};
	struct err e = {0};
	size_t count;
	bool help;

	read_text(s, "{\"drill\": {\"jobs\": 5, \"check\": \"smoke\"}}", &c);
	cr_assert(options_parse(&all, sizeof argv / sizeof *argv, argv, &count, &help, &e), "%s",
		  e.text);
	settings_flags(s, &c);
	cr_assert_eq(c.count, 0, "%s", c.text.data);
	cr_assert_eq(setting_int(s, "drill.jobs"), 7);
	cr_assert_str_eq(setting_text(s, "drill.check"), "smoke");
	cr_assert_eq(json_object_size(setting_json(s, "alerts.labels")), 2);
	CLEANUP(freep) char *given = settings_given(s);
	cr_assert_str_eq(given,
			 " --postgres-user 'it'\\''s' --dump-schedule '1 2 * * *' --drill-jobs 7"
			 " --alerts-labels a=b --alerts-labels c=d");
}

Test(gen_settings, a_flag_of_the_default_value_counts_as_given)
{
	CLEANUP(settings_freep) struct settings *s = settings_new(IMAGE);
	CLEANUP(complaints_stop) struct complaints c = COMPLAINTS_INIT;
	char *argv[] = {WORD("--drill-jobs"), WORD("2")};
	const struct options all = {.own = settings_options(s), .synopsis = "", .summary = ""};
	struct err e = {0};
	size_t count;
	bool help;

	read_text(s, "{\"drill\": {\"jobs\": 5}}", &c);
	cr_assert(options_parse(&all, 2, argv, &count, &help, &e));
	settings_flags(s, &c);
	cr_assert_eq(setting_int(s, "drill.jobs"), 2);
}

/* Each setting has its place in the schema, with its default. */
Test(gen_settings, schema_has_every_setting)
{
	CLEANUP(tree_freep) json_t *schema = settings_schema();

	for (const struct setting *row = settings_table; row->path; row++) {
		CLEANUP(freep) char *path = xstrdup(row->path);
		const json_t *at = schema;

		for (char *save, *name = strtok_r(path, ".", &save); name;
		     name = strtok_r(NULL, ".", &save))
			at = json_object_get(json_object_get(at, "properties"), name);
		cr_expect(json_object_get(at, "default"), "%s", row->path);
		cr_expect_str_eq(json_string_value(json_object_get(at, "description")), row->help);
	}
	cr_assert(json_is_false(json_object_get(schema, "additionalProperties")));
}
