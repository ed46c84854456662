/*
 * Manifests: what is read, written and read again is the same. Inputs are manifests without their
 * seal, which no fuzzer could guess. The generator's reader of the same file has to cope too.
 *
 * covers: lib/backup/manifest_read.c lib/backup/manifest_write.c gen/scratch_size.c
 */
#include "backup/digest.h"
#include "backup/manifest_json.h"
#include "fuzz/fuzz.h"
#include "gen/scratch_size.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static char *sealed(const uint8_t *data, size_t size)
{
	CLEANUP(freep) char *text = fuzz_text(data, size);
	unsigned char sha256[32];
	char hex[SHA256_HEX];

	/* The format ends with a NUL here, and JSON has none. */
	sha256_of(text, strlen(text), sha256);
	sha256_hex(sha256, hex);
	return xasprintf("%s" MANIFEST_SEAL "%s\"\n}\n", text, hex);
}

static void check_read(const struct manifest *m)
{
	const struct roll *roll = &m->roll;

	assert(strlen(m->id) == 32 && m->key && m->tool && m->server_version_num >= 0);
	assert(m->database_count == roll->database_count && roll->globals.end <= m->plain_bytes);
	for (size_t i = 0; i < roll->database_count; i++) {
		const struct roll_database *r = &roll->databases[i];

		assert(manifest_database(m, r->name) && r->range.at <= r->data_at &&
		       r->data_at <= r->post_at && r->post_at <= r->range.end &&
		       r->range.end <= m->plain_bytes);
		for (size_t j = 0; j < r->table_count; j++)
			assert(r->range.at <= r->tables[j].range.at &&
			       r->tables[j].range.at <= r->tables[j].range.end &&
			       r->tables[j].range.end <= r->range.end);
	}
}

static void check_scratch_size(const char *text)
{
	struct err e = {0};
	double bytes;

	if (scratch_size(text, strlen(text), "manifest", &bytes, &e))
		assert(isfinite(bytes) && bytes > 0);
	else
		assert(e.kind != ERR_NONE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(freep) char *text = sealed(data, size);
	CLEANUP(freep) char *first = NULL;
	CLEANUP(freep) char *second = NULL;
	CLEANUP(manifest_stop) struct manifest m = {0}, again = {0}, damaged = {0};
	struct err e = {0};

	assert(!manifest_read((const char *)data, size, &damaged, &e));
	check_scratch_size(text);
	if (!manifest_read(text, strlen(text), &m, &e)) {
		assert(e.kind == ERR_CORRUPT || e.kind == ERR_SYSTEM);
		return 0;
	}
	check_read(&m);
	first = manifest_write(&m);
	assert(manifest_read(first, strlen(first), &again, &e));
	second = manifest_write(&again);
	assert(strcmp(first, second) == 0);
	return 0;
}
