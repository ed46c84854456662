#include "gen/files.h"

#include "gen/print.h"

#include <assert.h>
#include <string.h>

#define MAX_TEXT (16 * MIB)

/* kubenix's name of a kind's attribute, beneath kubernetes.resources. */
static const char *const attributes[][2] = {
    {"ServiceAccount", "serviceAccounts"},
    {"ConfigMap", "configMaps"},
    {"Secret", "secrets"},
    {"CronJob", "cronJobs"},
    {"NetworkPolicy", "networkPolicies"},
    {"PrometheusRule", "prometheusRules"},
};

static const char *attribute_of(const json_t *object)
{
	const char *kind = json_string_value(json_object_get(object, "kind"));

	for (size_t i = 0; i < sizeof attributes / sizeof *attributes; i++)
		if (strcmp(kind, attributes[i][0]) == 0)
			return attributes[i][1];
	assert(false && "a kind without an attribute");
	return NULL;
}

static bool put(struct buf *out, const char *text, struct err *e)
{
	return buf_add(out, text, strlen(text), e);
}

static bool put_heading(struct buf *out, const char *heading, struct err *e)
{
	while (*heading) {
		size_t len = strcspn(heading, "\n");

		if (!put(out, "# ", e) || !buf_add(out, heading, len, e) || !put(out, "\n", e))
			return false;
		heading += len + (heading[len] == '\n');
	}
	return true;
}

/* {cronJobs: {postgres-backup: {metadata, spec}}}: kubenix adds apiVersion, kind and name. */
static json_t *resources_of(const json_t *objects)
{
	json_t *resources = json_object();
	const json_t *object;
	size_t i;

	json_array_foreach(objects, i, object)
	{
		const char *attribute = attribute_of(object);
		json_t *copy = json_deep_copy(object);
		json_t *metadata = json_object_get(copy, "metadata");
		CLEANUP(freep)
		char *name = xstrdup(json_string_value(json_object_get(metadata, "name")));

		json_object_del(copy, "apiVersion");
		json_object_del(copy, "kind");
		json_object_del(metadata, "name");
		if (!json_object_get(resources, attribute))
			json_object_set_new(resources, attribute, json_object());
		json_object_set_new(json_object_get(resources, attribute), name, copy);
	}
	return resources;
}

/* What kubenix has to be told of a kind that is not Kubernetes' own. */
static json_t *custom_types(const json_t *objects)
{
	const json_t *object;
	size_t i;

	json_array_foreach(objects, i, object)
	{
		const char *api = json_string_value(json_object_get(object, "apiVersion"));
		const char *slash = strchr(api, '/');

		if (strncmp(api, "monitoring.coreos.com/", slash ? (size_t)(slash - api) + 1 : 1))
			continue;
		return json_pack("[{s:s%, s:s, s:O, s:s}]", "group", api, (size_t)(slash - api),
				 "version", slash + 1, "kind", json_object_get(object, "kind"),
				 "attrName", attribute_of(object));
	}
	return NULL;
}

static bool make_nix(const json_t *objects, const char *heading, struct buf *out, struct err *e)
{
	CLEANUP(tree_freep) json_t *resources = resources_of(objects);
	CLEANUP(tree_freep) json_t *types = custom_types(objects);
	CLEANUP(tree_freep) json_t *both = NULL;

	if (types)
		both = json_pack("{s:O, s:O}", "customTypes", types, "resources", resources);
	return put_heading(out, heading, e) && put(out, "{ kubenix, homelab, ... }:\n{\n", e) &&
	       put(out, both ? "  kubernetes = " : "  kubernetes.resources = ", e) &&
	       print_nix(both ? both : resources, 1, out, e) && put(out, ";\n}\n", e);
}

static bool make_yaml(const json_t *objects, const char *heading, struct buf *out, struct err *e)
{
	const json_t *object;
	size_t i;

	if (!put_heading(out, heading, e))
		return false;
	json_array_foreach(objects, i, object)
	{
		if (!put(out, "---\n", e) || !print_yaml(object, out, e))
			return false;
	}
	return true;
}

static bool make_json(const json_t *objects, struct buf *out, struct err *e)
{
	CLEANUP(tree_freep)
	json_t *list =
	    json_pack("{s:s, s:s, s:O}", "apiVersion", "v1", "kind", "List", "items", objects);

	return print_json(list, out, e);
}

void file_stop(struct file *f)
{
	freep(&f->name);
	buf_stop(&f->text);
}

bool file_make(const struct module *m, enum format format, const char *heading, struct file *out,
	       struct err *e)
{
	static const char *const suffixes[] = {"nix", "yaml", "json"};

	out->name = xasprintf("%s%s.%s", m->name, m->secret ? ".enc" : "", suffixes[format]);
	out->text = BUF_INIT(MAX_TEXT, "generated file");
	switch (format) {
	case FORMAT_NIX:
		return make_nix(m->objects, heading, &out->text, e);
	case FORMAT_YAML:
		return make_yaml(m->objects, heading, &out->text, e);
	case FORMAT_JSON:
		return make_json(m->objects, &out->text, e);
	}
	return false;
}
