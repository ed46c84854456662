/*
 * Rows of a COPY: count, bytes and fingerprint are those of the lines, whatever the pieces they come
 * in and the order they are in; and follow says the same of them within a dump.
 *
 * covers: lib/sql/rows.c lib/sql/split.c
 */
#include "fuzz/fuzz.h"
#include "sql/follow.h"
#include "sql/rows.h"

#include <stdlib.h>
#include <string.h>

static bool take(void *ctx, const void *piece, size_t len, struct err *e)
{
	void **both = ctx;

	(void)e;
	rows_add(both[0], both[1], piece, len);
	return true;
}

static struct roll_table count(const uint8_t *data, size_t size, size_t longest)
{
	CLEANUP(rows_stop) struct rows rows;
	struct roll_table t = {0};
	struct err e = {0};

	rows_init(&rows);
	assert(fuzz_in_pieces(data, size, longest, take, (void *[]){&rows, &t}, &e));
	return t;
}

/* Without the code under test, and the last line first. */
static struct roll_table count_backwards(const uint8_t *data, size_t size)
{
	struct roll_table t = {.bytes = size};

	while (size > 0) {
		const uint8_t *before = size > 1 ? memrchr(data, '\n', size - 1) : NULL;
		const uint8_t *line = before ? before + 1 : data;
		size_t len = size - (size_t)(line - data);

		if (line[len - 1] == '\n') {
			fingerprint_add(&t.fingerprint, fingerprint_of(line, len - 1));
			t.rows++;
		}
		size -= len;
	}
	return t;
}

static void same(const struct roll_table *a, const struct roll_table *b)
{
	assert(a->rows == b->rows && a->bytes == b->bytes);
	assert(fingerprint_equal(a->fingerprint, b->fingerprint));
}

static bool has_end(const uint8_t *data, size_t size)
{
	static const char *const ends[] = {"\n\\.\n", "\n\\.\r\n", "\\.\n", "\\.\r\n"};

	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		size_t len = strlen(ends[i]);

		if (i < 2 ? memmem(data, size, ends[i], len) != NULL
			  : size >= len && memcmp(data, ends[i], len) == 0)
			return true;
	}
	return false;
}

static bool write_on(void *ctx, const void *piece, size_t len, struct err *e)
{
	return sink_write(ctx, piece, len, e);
}

static void follow(const uint8_t *data, size_t size, size_t longest, const struct roll_table *want)
{
	static const char before[] = "COPY public.t (a, b) FROM stdin;\n", after[] = "\\.\n";
	CLEANUP(roll_stop) struct roll roll = {0};
	const struct follow_options options = {.part = true, .database = "d"};
	CLEANUP(sink_freep) struct sink *f = sink_follow(NULL, &options, &roll);
	struct err e = {0};
	bool ok = sink_write(f, before, strlen(before), &e) &&
		  fuzz_in_pieces(data, size, longest, write_on, f, &e) &&
		  sink_write(f, after, strlen(after), &e) && sink_commit(f, &e);

	assert(ok && roll.database_count == 1 && roll.databases[0].table_count == 1);
	same(&roll.databases[0].tables[0], want);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct roll_table want = count_backwards(data, size);

	for (size_t i = 0; i < FUZZ_PIECES; i++) {
		struct roll_table t = count(data, size, fuzz_pieces[i]);

		same(&t, &want);
		if (size > 0 && data[size - 1] == '\n' && !has_end(data, size))
			follow(data, size, fuzz_pieces[i], &want);
	}
	return 0;
}
