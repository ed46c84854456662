#include "backup/evidence.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static bool is_verdict(const char *text)
{
	return strcmp(text, "pass") == 0 || strcmp(text, "fail") == 0 ||
	       strcmp(text, "unknown") == 0;
}

bool evidence_read(const char *data, size_t len, struct evidence *ev)
{
	json_t *root = json_loadb(data, len, JSON_REJECT_DUPLICATES, NULL);
	const char *format = json_string_value(json_object_get(root, "format"));
	const char *key = json_string_value(json_object_get(root, "key"));
	const char *id = json_string_value(json_object_get(root, "id"));
	json_int_t bytes = json_integer_value(json_object_get(root, "backup_bytes"));
	const char *verdict = json_string_value(json_object_get(root, "verdict"));
	const char *finished = json_string_value(json_object_get(root, "finished"));
	bool ok = format && strcmp(format, EVIDENCE_FORMAT) == 0 && key && verdict &&
		  is_verdict(verdict) && finished && clock_parse_iso8601(finished, &ev->finished);

	if (ok) {
		ev->key = xstrdup(key);
		ev->id = xstrdup(id ? id : "");
		ev->bytes = (uint64_t)bytes;
		ev->verdict = xstrdup(verdict);
	}
	json_decref(root);
	return ok;
}

void evidence_stop(struct evidence *ev)
{
	free(ev->key);
	free(ev->id);
	free(ev->verdict);
	*ev = (struct evidence){0};
}
