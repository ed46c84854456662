/*
 * seek_table: what frames and unframe share of the table of frames. Private to stream.
 */
#ifndef SEEK_TABLE_H
#define SEEK_TABLE_H

#include "stream/frames.h"

#define SKIPPABLE_MAGIC 0x184D2A50u /* to 0x184D2A5F */
#define SEEK_TABLE_MAGIC 0x184D2A5Eu
#define SKIPPABLE_HEADER 8 /* magic, length of the content */

uint32_t le32(const void *p);
void put_le32(void *p, uint32_t n);

/* Append the frame that follows the last one. False when the table cannot hold it: it already has
 * FRAMES_MAX, or a size does not fit struct frame. */
MUST_USE bool frame_table_add(struct frame_table *, uint64_t bytes, uint64_t plain_bytes);

/* Where the frame after the last one begins; zeroes for an empty table. */
void frame_table_end(const struct frame_table *, uint64_t *at, uint64_t *plain_at);

/* Bytes that a seek table of so many frames and its skippable header take, without checksums. */
uint64_t seek_table_bytes(size_t count);

/* Write it as a skippable frame. */
MUST_USE bool seek_table_write(const struct frame_table *, struct sink *next, struct err *);

#endif
