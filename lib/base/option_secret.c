#include "base/options.h"

#include <stdlib.h>
#include <string.h>

#define SECRET_MAX ((size_t)64 * 1024)

static bool read_secret(const char *path, char **out, struct err *e)
{
	CLEANUP(freep) char *text = xcalloc(SECRET_MAX + 1, 1);
	FILE *file = fopen(path, "re");
	size_t len;

	if (!file)
		return err_sys(e, "open %s", path);
	len = fread(text, 1, SECRET_MAX + 1, file);
	if (ferror(file)) {
		err_sys(e, "read %s", path);
		fclose(file);
		return false;
	}
	fclose(file);
	if (len > SECRET_MAX)
		return err_set(e, ERR_USAGE, "%s is longer than %zu bytes", path, SECRET_MAX);
	if (memchr(text, '\0', len))
		return err_set(e, ERR_USAGE, "%s has a byte 0 in it", path);
	if (len > 0 && text[len - 1] == '\n')
		len--;
	*out = xstrndup(text, len);
	return true;
}

bool option_secret(const char *name, char **out, struct err *e)
{
	CLEANUP(freep) char *file_variable = xasprintf("%s_FILE", name);
	const char *value = getenv(name), *path = getenv(file_variable);
	bool has_value = value && *value != '\0', has_path = path && *path != '\0';

	*out = NULL;
	if (has_value && has_path)
		return err_set(e, ERR_USAGE, "both %s and %s are set", name, file_variable);
	if (has_path && !read_secret(path, out, e)) {
		e->kind = ERR_USAGE;
		return err_in(e, "%s", file_variable);
	}
	if (has_value)
		*out = xstrdup(value);
	return true;
}
