/*
 * S3's XML: paths and texts have their limits, elements are no more than the document can have, the
 * first of a path is what find finds, and a document with more behind it is none.
 *
 * covers: lib/store/s3_xml.c
 */
#include "fuzz/fuzz.h"
#include "store/s3_xml.h"

#include <stdlib.h>
#include <string.h>

struct seen {
	size_t elements, bytes;
	char *code; /* of the first Error/Code */
};

static bool note(void *ctx, const char *path, const char *text, struct err *e)
{
	struct seen *s = ctx;
	size_t depth = 1;

	assert(path[0] && strlen(path) < 256 && strlen(text) <= S3_XML_TEXT_MAX);
	for (const char *p = path; (p = strchr(p, '/')); p++)
		depth++;
	assert(depth <= 16);
	s->elements++;
	s->bytes += strlen(text);
	if (!s->code && strcmp(path, "Error/Code") == 0)
		s->code = xstrdup(text);
	/* One that refuses ends it. */
	return strcmp(text, "refuse") != 0 || err_set(e, ERR_DENIED, "refused");
}

static bool parse(const char *data, size_t size, struct seen *s, struct err *e)
{
	bool ok = s3_xml_parse(data, size, note, s, e);

	assert(ok || e->kind == ERR_SYSTEM || e->kind == ERR_DENIED);
	/* <a/> is four bytes; a byte of ISO 8859-1 becomes two. */
	assert(s->elements <= size / 4 && s->bytes <= 2 * size);
	return ok;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(freep) char *longer = fuzz_text(data, size);
	CLEANUP(freep) char *found = s3_xml_find((const char *)data, size, "Error/Code");
	struct seen seen = {0}, more = {0};
	struct err e = {0};

	if (parse((const char *)data, size, &seen, &e)) {
		assert(seen.elements > 0);
		assert(seen.code ? found && strcmp(found, seen.code) == 0 : !found);
		longer[size] = '<';
		assert(!parse(longer, size + 1, &more, &e));
	} else {
		assert(e.kind == ERR_DENIED || !found);
	}
	free(seen.code);
	free(more.code);
	return 0;
}
