#include "gen/tree.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* NULL is text that is not UTF-8: our own mistake. */
static json_t *made(json_t *node)
{
	assert(node);
	return node;
}

static void append(json_t *array, json_t *item)
{
	if (json_array_append_new(array, made(item)) != 0)
		abort();
}

/* Moves the text to the end of the array, unless it is empty. */
static void flush(char **text, json_t *array)
{
	if (**text != '\0')
		append(array, json_string(*text));
	**text = '\0';
}

json_t *tree_string(const struct part *parts, size_t count)
{
	CLEANUP(freep) char *literal = xstrdup("");
	CLEANUP(tree_freep) json_t *array = json_array();

	for (size_t i = 0; i < count; i++) {
		if (!parts[i].nix) {
			xappend(&literal, "%s", parts[i].value);
			continue;
		}
		flush(&literal, array);
		append(array,
		       json_pack("{s:s, s:s}", "nix", parts[i].nix, "value", parts[i].value));
	}
	if (json_array_size(array) == 0)
		return made(json_string(literal));
	flush(&literal, array);
	return made(json_pack("{s:O}", "$parts", array));
}

const json_t *tree_parts(const json_t *node)
{
	const json_t *parts = json_object_get(node, "$parts");

	return json_object_size(node) == 1 && json_is_array(parts) ? parts : NULL;
}

static json_t *resolve_parts(const json_t *parts)
{
	CLEANUP(freep) char *text = xstrdup("");
	const json_t *part;
	size_t i;

	json_array_foreach(parts, i, part)
	{
		const json_t *value = json_object_get(part, "value");

		xappend(&text, "%s", json_string_value(value ? value : part));
	}
	return made(json_string(text));
}

json_t *tree_resolve(const json_t *tree)
{
	const json_t *parts = tree_parts(tree);
	json_t *copy, *value;
	const char *key;
	size_t i;

	if (parts)
		return resolve_parts(parts);
	copy = made(json_copy((json_t *)tree)); /* shallow, and leaves the tree alone */
	json_object_foreach(copy, key, value)
	{
		if (json_object_set_new(copy, key, tree_resolve(value)) != 0)
			abort();
	}
	json_array_foreach(copy, i, value)
	{
		if (json_array_set_new(copy, i, tree_resolve(value)) != 0)
			abort();
	}
	return copy;
}

void tree_freep(json_t **tree)
{
	json_decref(*tree);
}
