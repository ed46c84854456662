#include "backup/taken.h"

#include "backup/key.h"

#include <string.h>

struct search {
	const char *key;
	bool found;
};

static bool look(void *ctx, const struct store_object *object, struct err *e)
{
	static const char *const suffixes[] = {"", KEY_SHA256_SUFFIX, KEY_MANIFEST_SUFFIX};
	struct search *s = ctx;
	size_t len = strlen(s->key);

	(void)e;
	for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++)
		s->found |= strncmp(object->key, s->key, len) == 0 &&
			    strcmp(object->key + len, suffixes[i]) == 0;
	return true;
}

bool key_is_taken(struct store *store, const char *key, bool *taken, struct err *e)
{
	struct search s = {.key = key};

	if (!store_list(store, key, look, &s, e))
		return false;
	*taken |= s.found;
	return true;
}
