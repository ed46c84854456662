#include "stream/seek_table.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

#define FOOTER_MAGIC 0x8F92EAB1u
#define HAS_CHECKSUMS 0x80
#define RESERVED_BITS 0x7C

uint32_t le32(const void *p)
{
	const unsigned char *b = p;

	return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

void put_le32(void *p, uint32_t n)
{
	unsigned char *b = p;

	for (int i = 0; i < 4; i++)
		b[i] = (unsigned char)(n >> 8 * i);
}

void frame_table_stop(struct frame_table *t)
{
	free(t->frames);
	*t = (struct frame_table){0};
}

void frame_table_end(const struct frame_table *t, uint64_t *at, uint64_t *plain_at)
{
	const struct frame *last = t->count > 0 ? &t->frames[t->count - 1] : NULL;

	*at = last ? last->at + last->bytes : 0;
	*plain_at = last ? last->plain_at + last->plain_bytes : 0;
}

bool frame_table_add(struct frame_table *t, uint64_t bytes, uint64_t plain_bytes)
{
	struct frame f = {.bytes = (uint32_t)bytes, .plain_bytes = (uint32_t)plain_bytes};

	if (t->count == FRAMES_MAX || bytes > UINT32_MAX || plain_bytes > UINT32_MAX)
		return false;
	frame_table_end(t, &f.at, &f.plain_at);
	t->frames = xgrow(t->frames, t->count, &t->cap, sizeof *t->frames);
	t->frames[t->count++] = f;
	return true;
}

uint64_t seek_table_bytes(size_t count)
{
	return SKIPPABLE_HEADER + 8 * (uint64_t)count + SEEK_TABLE_FOOTER;
}

bool seek_table_write(const struct frame_table *t, struct sink *next, struct err *e)
{
	unsigned char piece[8192];
	size_t len = SKIPPABLE_HEADER;

	put_le32(piece, SEEK_TABLE_MAGIC);
	put_le32(piece + 4, (uint32_t)(seek_table_bytes(t->count) - SKIPPABLE_HEADER));
	for (size_t i = 0; i < t->count; i++) {
		if (len + 8 > sizeof piece) {
			if (!sink_write(next, piece, len, e))
				return false;
			len = 0;
		}
		put_le32(piece + len, t->frames[i].bytes);
		put_le32(piece + len + 4, t->frames[i].plain_bytes);
		len += 8;
	}
	if (!sink_write(next, piece, len, e))
		return false;
	put_le32(piece, (uint32_t)t->count);
	piece[4] = 0;
	put_le32(piece + 5, FOOTER_MAGIC);
	return sink_write(next, piece, SEEK_TABLE_FOOTER, e);
}

/* The entries of a table whose footer is sound. They must describe the file up to the table. */
static bool parse_entries(const unsigned char *p, size_t count, size_t entry_bytes,
			  uint64_t table_at, struct frame_table *t, struct err *e)
{
	uint64_t at, plain_at;

	for (size_t i = 0; i < count; i++, p += entry_bytes) {
		/* Every frame has a magic number and at least a block's or a length's bytes. */
		if (le32(p) < SKIPPABLE_HEADER)
			return err_set(e, ERR_CORRUPT,
				       "seek table: frame %zu cannot be of %" PRIu32 " bytes", i,
				       le32(p));
		if (!frame_table_add(t, le32(p), le32(p + 4)))
			abort(); /* the count was looked at */
	}
	frame_table_end(t, &at, &plain_at);
	if (at != table_at)
		return err_set(e, ERR_CORRUPT,
			       "seek table: its frames have %" PRIu64
			       " bytes, but it begins at byte %" PRIu64,
			       at, table_at);
	return true;
}

bool seek_table_parse(const void *tail, size_t tail_len, uint64_t file_bytes, struct frame_table *t,
		      uint64_t *need, struct err *e)
{
	const unsigned char *end, *footer;
	size_t entry_bytes, count;

	*need = SEEK_TABLE_FOOTER;
	if (file_bytes < SKIPPABLE_HEADER + SEEK_TABLE_FOOTER)
		return err_set(e, ERR_CORRUPT, "seek table: the file is too short to have one");
	assert(tail_len >= SEEK_TABLE_FOOTER && tail_len <= file_bytes);
	end = (const unsigned char *)tail + tail_len;
	footer = end - SEEK_TABLE_FOOTER;
	if (le32(footer + 5) != FOOTER_MAGIC || (footer[4] & RESERVED_BITS) != 0)
		return err_set(e, ERR_CORRUPT, "seek table: the file does not end with one");
	count = le32(footer);
	entry_bytes = (footer[4] & HAS_CHECKSUMS) != 0 ? 12 : 8;
	*need = SKIPPABLE_HEADER + (uint64_t)count * entry_bytes + SEEK_TABLE_FOOTER;
	/* Before the caller fetches what a hostile footer asks for. */
	if (count > FRAMES_MAX || *need + (uint64_t)count * SKIPPABLE_HEADER > file_bytes)
		return err_set(e, ERR_CORRUPT,
			       "seek table: %zu frames do not fit a file of %" PRIu64 " bytes",
			       count, file_bytes);
	if (tail_len < *need)
		return true;
	if (le32(end - *need) != SEEK_TABLE_MAGIC ||
	    le32(end - *need + 4) != *need - SKIPPABLE_HEADER)
		return err_set(e, ERR_CORRUPT, "seek table: its frame has another length than it");
	if (!parse_entries(end - *need + SKIPPABLE_HEADER, count, entry_bytes, file_bytes - *need,
			   t, e)) {
		frame_table_stop(t);
		return false;
	}
	return true;
}

bool frame_table_compare(const struct frame_table *frames, const struct frame_table *seek_table,
			 struct err *e)
{
	size_t both = frames->count < seek_table->count ? frames->count : seek_table->count;

	for (size_t i = 0; i < both; i++) {
		const struct frame *is = &frames->frames[i], *said = &seek_table->frames[i];

		/* Where a frame begins follows from the sizes of those before it. */
		if (is->bytes != said->bytes || is->plain_bytes != said->plain_bytes)
			return err_set(
			    e, ERR_CORRUPT,
			    "frame %zu at byte %" PRIu64 ": has %" PRIu32 " bytes, %" PRIu32
			    " plain, but the seek table says %" PRIu32 ", %" PRIu32 " plain",
			    i, is->at, is->bytes, is->plain_bytes, said->bytes, said->plain_bytes);
	}
	if (frames->count != seek_table->count)
		return err_set(e, ERR_CORRUPT,
			       "frame %zu: the file has %zu frames, but the seek table says %zu",
			       both, frames->count, seek_table->count);
	return true;
}

/* The first frame whose plain end is past plain_at, or count. */
static size_t frame_past(const struct frame_table *t, uint64_t plain_at)
{
	size_t low = 0, high = t->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		const struct frame *f = &t->frames[mid];

		if (f->plain_at + f->plain_bytes > plain_at)
			high = mid;
		else
			low = mid + 1;
	}
	return low;
}

bool frame_table_find(const struct frame_table *t, uint64_t plain_at, uint64_t plain_bytes,
		      struct frame_range *r, struct err *e)
{
	uint64_t end, plain_end;
	const struct frame *first, *last;

	frame_table_end(t, &end, &plain_end);
	if (plain_at > plain_end || plain_bytes > plain_end - plain_at)
		return err_set(e, ERR_CORRUPT,
			       "range of %" PRIu64 " bytes at %" PRIu64
			       " passes the end of the plain stream at %" PRIu64,
			       plain_bytes, plain_at, plain_end);
	*r = (struct frame_range){.at = end};
	if (plain_bytes == 0)
		return true;
	first = &t->frames[frame_past(t, plain_at)];
	last = &t->frames[frame_past(t, plain_at + plain_bytes - 1)];
	r->at = first->at;
	r->bytes = last->at + last->bytes - first->at;
	r->skip = plain_at - first->plain_at;
	return true;
}
