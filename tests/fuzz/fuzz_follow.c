/*
 * The roll of a dump: it does not depend on the pieces that the dump comes in, its ranges lie within
 * each other, and a manifest that holds it can be read.
 *
 * covers: lib/sql/follow.c lib/sql/follow_database.c lib/sql/entry.c lib/sql/array_cast.c lib/sql/large_object.c lib/sql/token.c
 */
#include "backup/manifest.h"
#include "fuzz/fuzz.h"
#include "sql/follow.h"

#include <stdlib.h>
#include <string.h>

static bool take(void *ctx, const void *piece, size_t len, struct err *e)
{
	return sink_write(ctx, piece, len, e);
}

static bool follow(const uint8_t *data, size_t size, size_t longest, struct roll *roll)
{
	const struct follow_options options = {.entries = true, .part = size % 2, .database = "d"};
	CLEANUP(buf_stop) struct buf passed = BUF_INIT(256 * MIB, "text");
	CLEANUP(sink_freep) struct sink *out = sink_buf(&passed);
	CLEANUP(sink_freep) struct sink *f = sink_follow(out, &options, roll);
	struct err e = {0};

	if (!fuzz_in_pieces(data, size, longest, take, f, &e) || !sink_commit(f, &e)) {
		assert(e.kind == ERR_CORRUPT);
		return false;
	}
	assert(passed.len == size && roll->bytes == size);
	assert(size == 0 || memcmp(passed.data, data, size) == 0);
	return true;
}

/* All of the roll that a manifest has, as its text. */
static char *written(const struct roll *roll)
{
	struct pg_database *said = xcalloc(roll->database_count + 1, sizeof *said);
	struct manifest m = {.id = "0123456789abcdef0123456789abcdef",
			     .plain_bytes = roll->bytes,
			     .roll = *roll,
			     .databases = said,
			     .database_count = roll->database_count};
	char *text = manifest_write(&m);

	free(said);
	return text;
}

static void check_entries(const struct roll_entry *a, size_t count, const struct roll_entry *b,
			  size_t other)
{
	assert(count == other);
	for (size_t i = 0; i < count; i++)
		assert(strcmp(a[i].type, b[i].type) == 0 && strcmp(a[i].name, b[i].name) == 0 &&
		       strcmp(a[i].schema, b[i].schema) == 0 &&
		       fingerprint_equal(a[i].fingerprint, b[i].fingerprint));
}

static void check_same(const struct roll *a, const struct roll *b)
{
	CLEANUP(freep) char *one = written(a);
	CLEANUP(freep) char *other = written(b);

	assert(a->complete == b->complete && strcmp(one, other) == 0);
	check_entries(a->entries, a->entry_count, b->entries, b->entry_count);
	for (size_t i = 0; i < a->database_count; i++) {
		const struct roll_database *d = &a->databases[i], *e = &b->databases[i];

		assert(d->complete == e->complete && d->extension_count == e->extension_count);
		check_entries(d->entries, d->entry_count, e->entries, e->entry_count);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(roll_stop) struct roll whole = {0};
	bool ok = follow(data, size, 0, &whole);

	if (ok) {
		CLEANUP(freep) char *text = written(&whole);
		CLEANUP(manifest_stop) struct manifest m = {0};
		struct err e = {0};

		assert(manifest_read(text, strlen(text), &m, &e));
		assert(m.roll.database_count == whole.database_count);
	}
	for (size_t i = 1; i < FUZZ_PIECES; i++) {
		CLEANUP(roll_stop) struct roll roll = {0};

		assert(follow(data, size, fuzz_pieces[i], &roll) == ok);
		if (ok)
			check_same(&whole, &roll);
	}
	return 0;
}
