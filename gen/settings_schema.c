#include "gen/settings.h"

#include <stdlib.h>
#include <string.h>

static json_t *type_schema(const struct setting *s)
{
	switch (s->type) {
	case SETTING_STRING:
		break;
	case SETTING_INT:
		return json_pack("{s:s, s:I, s:I}", "type", "integer", "minimum",
				 (json_int_t)s->min, "maximum", (json_int_t)s->max);
	case SETTING_BOOL:
		return json_pack("{s:s}", "type", "boolean");
	case SETTING_LIST:
		return json_pack("{s:s, s:{s:s}}", "type", "array", "items", "type", "string");
	case SETTING_MAP:
		return json_pack("{s:s, s:{s:s}}", "type", "object", "additionalProperties", "type",
				 "string");
	}
	return s->fallback ? json_pack("{s:s}", "type", "string")
			   : json_pack("{s:[s, s]}", "type", "string", "null");
}

static json_t *row_schema(const struct setting *s)
{
	json_t *schema = type_schema(s);

	if (s->choices) {
		json_t *choices = json_array();

		for (size_t i = 0; s->choices[i]; i++)
			json_array_append_new(choices, json_string(s->choices[i]));
		json_object_set_new(schema, "enum", choices);
	}
	json_object_set_new(schema, "description", json_string(s->help));
	json_object_set_new(schema, "default",
			    s->fallback ? json_loads(s->fallback, JSON_DECODE_ANY, NULL)
					: json_null());
	return schema;
}

static json_t *object_schema(void)
{
	return json_pack("{s:s, s:b, s:{}}", "type", "object", "additionalProperties", false,
			 "properties");
}

json_t *settings_schema(void)
{
	json_t *root = object_schema();

	for (const struct setting *s = settings_table; s->path; s++) {
		json_t *properties = json_object_get(root, "properties");
		const char *name = s->path;

		for (const char *dot = strchr(name, '.'); dot; dot = strchr(name, '.')) {
			CLEANUP(freep) char *section = xstrndup(name, (size_t)(dot - name));

			if (!json_object_get(properties, section))
				json_object_set_new(properties, section, object_schema());
			properties =
			    json_object_get(json_object_get(properties, section), "properties");
			name = dot + 1;
		}
		json_object_set_new(properties, name, row_schema(s));
	}
	return root;
}
