#include "sql/rows.h"

#include <stdlib.h>
#include <string.h>

void rows_init(struct rows *r)
{
	r->state = XXH3_createState();
	if (!r->state)
		abort();
	r->partial = false;
}

void rows_stop(struct rows *r)
{
	XXH3_freeState(r->state);
}

struct fingerprint rows_digest(const XXH3_state_t *state)
{
	XXH128_hash_t h = XXH3_128bits_digest(state);

	return (struct fingerprint){.high = h.high64, .low = h.low64};
}

/* The first or the last piece of a row that is in several. */
static void add_piece(struct rows *r, struct fingerprint *sum, const char *p, size_t len, bool last)
{
	if (!r->partial)
		XXH3_128bits_reset(r->state);
	XXH3_128bits_update(r->state, p, len);
	r->partial = !last;
	if (last)
		fingerprint_add(sum, rows_digest(r->state));
}

void rows_add(struct rows *r, struct roll_table *t, const char *p, size_t len)
{
	const char *end = p + len;
	struct fingerprint sum = t->fingerprint;
	uint64_t rows = 0;

	while (p < end) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));
		size_t n = (size_t)((newline ? newline : end) - p);

		if (newline && !r->partial)
			fingerprint_add(&sum, fingerprint_of(p, n));
		else
			add_piece(r, &sum, p, n, newline);
		rows += newline != NULL;
		p += newline ? n + 1 : n;
	}
	t->fingerprint = sum;
	t->rows += rows;
	t->bytes += len;
}
