#ifndef TEST_STREAM_PACKED_H
#define TEST_STREAM_PACKED_H

#include "stream/seek_table.h"
#include "support/probe.h"

#define TEXT "the\nquick\nbrown fox jumps over\nthe lazy\ndog\n\nand again\nand again"
#define TEXT_LEN (sizeof TEXT - 1)

/* The text as a file of ours, in several frames. */
void pack_ours(struct probe *packed, struct frame_table *);

void pack(struct buf *, const void *data, size_t len);

/* Append a frame as zstd makes it, with a checksum. */
void pack_frame(struct buf *, const void *data, size_t len, int window_log);
void pack_skippable(struct buf *, uint32_t magic, const void *data, uint32_t len);

/* Decompress in pieces of step bytes, and commit. */
bool unframe_into(struct sink *next, const char *data, size_t len, size_t step,
		  const struct unframe_options *, struct err *);

/* True when the input commits, and then as the text; every failure must be ERR_CORRUPT. */
bool gives_text(const char *data, size_t len, size_t step, struct unframe_seen *, struct err *);

#endif
