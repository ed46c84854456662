#include "test_backup_outcome.h"

#include "backup/digest.h"
#include "test_backup_store.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

char *dump, *manifest;
size_t dump_len, manifest_len;

void night_verify_init(void)
{
	night_store_init();
	night_backup(&(struct night_backup){0});
	dump = peek(DUMP, &dump_len);
	manifest = peek(MANIFEST, &manifest_len);
}

void night_verify_stop(void)
{
	free(dump);
	free(manifest);
	night_store_stop();
}

const struct verify_options newest = {.now = NIGHT + 3600};

void outcome_stop(struct outcome *o)
{
	free(o->json);
}

void verify(const struct verify_options *o, struct outcome *out)
{
	CLEANUP(report_freep) struct report *r = report_new();

	free(out->json);
	*out = (struct outcome){0};
	out->told = verify_run(night_store, o, r, &out->good, &out->e);
	out->json = report_json(r);
	cr_assert(out->told || out->e.kind == ERR_CORRUPT, "%s", out->e.text);
}

void passes(const struct verify_options *o)
{
	CLEANUP(outcome_stop) struct outcome out = {0};

	verify(o, &out);
	cr_assert(out.told && out.good, "%s%s", out.e.text, out.json);
	cr_assert(strstr(out.json, "\"verdict\": \"pass\""), "%s", out.json);
	cr_assert(strstr(out.json, "\"difference_count\": 0"), "%s", out.json);
	cr_assert(!strstr(out.json, "FAIL"), "%s", out.json);
}

void fails(const struct verify_options *o, size_t count, const char *sentence)
{
	CLEANUP(outcome_stop) struct outcome out = {0};
	CLEANUP(freep) char *counted = xasprintf("\"difference_count\": %zu,", count);

	verify(o, &out);
	cr_assert(out.told && !out.good, "%s: %s%s", sentence, out.e.text, out.json);
	cr_assert(strstr(out.json, "\"verdict\": \"fail\""), "%s", out.json);
	cr_assert(strstr(out.json, sentence), "%s: %s", sentence, out.json);
	cr_assert(strstr(out.json, counted), "%s: %s", counted, out.json);
}

void is_refused(const struct verify_options *o, const char *sentence)
{
	CLEANUP(outcome_stop) struct outcome out = {0};

	verify(o, &out);
	cr_assert(!out.told, "%s", out.json);
	cr_assert(strstr(out.e.text, sentence), "%s", out.e.text);
}

bool is_bad(const struct verify_options *o)
{
	CLEANUP(outcome_stop) struct outcome out = {0};

	verify(o, &out);
	return !out.told || (!out.good && strstr(out.json, "\"difference\": "));
}

void put(const char *key, const char *text)
{
	poke(key, text, strlen(text));
}

void put_fitting(const char *bytes, size_t len)
{
	CLEANUP(manifest_stop) struct manifest m = {0};
	struct err e = {0};

	cr_assert(manifest_read(manifest, manifest_len, &m, &e), "%s", e.text);
	m.object.bytes = len;
	sha256_of(bytes, len, m.object.sha256);
	CLEANUP(freep) char *fitting = manifest_write(&m);
	CLEANUP(freep) char *sidecar = sidecar_write(m.object.sha256, DUMP);
	poke(DUMP, bytes, len);
	put(MANIFEST, fitting);
	put(SIDECAR, sidecar);
}
