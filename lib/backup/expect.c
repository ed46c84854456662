#include "backup/expect.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

bool expected_read(const char *path, struct expected *x, struct err *e)
{
	json_error_t why;
	json_t *root = json_load_file(path, 0, &why);
	bool ok = true;

	if (!root && why.line < 0) /* not read at all; the text names the file */
		return err_set(e, ERR_USAGE, "--expect: %s", why.text);
	if (!root)
		return err_set(e, ERR_USAGE, "--expect %s: line %d: %s", path, why.line, why.text);
	if (!json_is_array(root))
		ok = err_set(e, ERR_USAGE, "--expect %s: $: expected a list of database names",
			     path);
	x->names = xcalloc(json_array_size(root) + 1, sizeof *x->names);
	for (size_t i = 0; ok && i < json_array_size(root); i++) {
		const char *name = json_string_value(json_array_get(root, i));

		if (name)
			x->names[x->count++] = xstrdup(name);
		else
			ok = err_set(e, ERR_USAGE, "--expect %s: $[%zu]: expected a string", path,
				     i);
	}
	if (ok && x->count == 0)
		ok = err_set(e, ERR_USAGE, "--expect %s: the list is empty", path);
	json_decref(root);
	return ok;
}

void expected_stop(struct expected *x)
{
	for (size_t i = 0; i < x->count; i++)
		free(x->names[i]);
	free(x->names);
	*x = (struct expected){0};
}

static bool is_expected(const struct expected *x, const char *name)
{
	for (size_t i = 0; i < x->count; i++)
		if (strcmp(x->names[i], name) == 0)
			return true;
	return strcmp(name, "template1") == 0 || strcmp(name, "postgres") == 0;
}

size_t expected_compare(const struct expected *x, const struct roll *roll, struct differences *d)
{
	size_t others = 0;

	for (size_t i = 0; i < x->count; i++)
		if (!roll_database(roll, x->names[i]))
			differences_add(d, x->names[i], "is expected, and not in the dump");
	for (size_t i = 0; i < roll->database_count; i++)
		others += !is_expected(x, roll->databases[i].name);
	return others;
}
