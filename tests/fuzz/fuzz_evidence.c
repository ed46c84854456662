/*
 * Evidence: what is accepted is complete, and says the same when it is written again.
 *
 * covers: lib/backup/evidence.c
 */
#include "backup/evidence.h"
#include "fuzz/fuzz.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(evidence_stop) struct evidence ev = {0}, again = {0};
	char finished[ISO8601_SIZE];
	json_t *document;
	char *text;

	if (!evidence_read((const char *)data, size, &ev)) {
		assert(!ev.key && !ev.verdict);
		return 0;
	}
	assert(ev.key && (strcmp(ev.verdict, "pass") == 0 || strcmp(ev.verdict, "fail") == 0 ||
			  strcmp(ev.verdict, "unknown") == 0));
	clock_iso8601(ev.finished, finished);
	document = json_pack("{ss,ss,ss,ss}", "format", EVIDENCE_FORMAT, "key", ev.key, "verdict",
			     ev.verdict, "finished", finished);
	text = json_dumps(document, 0);
	assert(evidence_read(text, strlen(text), &again));
	assert(strcmp(ev.key, again.key) == 0 && strcmp(ev.verdict, again.verdict) == 0);
	assert(ev.finished == again.finished);
	free(text);
	json_decref(document);
	return 0;
}
