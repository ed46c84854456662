/*
 * frames: a byte stream as independent zstd frames with a seek table.
 *
 * What sink_frames writes, in order:
 *   1. the mark: a skippable frame (RFC 8878, 3.1.2; magic 0x184D2A57) with the caller's content;
 *   2. frames of at most frame_bytes of content each, cut after the last line end that fits, or
 *      anywhere when there is none; each with its content size and a checksum in the frame;
 *   3. the seek table: a skippable frame (magic 0x184D2A5E) in the zstd seekable format 0.1.0
 *      (zstd's contrib/seekable_format/zstd_seekable_compression_format.md): one entry a frame, the
 *      mark included with a decompressed size of 0, without checksums.
 * So `zstd -dc` reads it whole, and a reader of the table can start at any frame.
 */
#ifndef FRAMES_H
#define FRAMES_H

#include "stream/sink.h"

#define FRAMES_MARK_MAGIC 0x184D2A57u
#define FRAMES_MARK_MAX 256 /* bytes of content that a reader accepts in a mark */
#define FRAMES_DEFAULT_BYTES (4 * MIB)
#define SEEK_TABLE_FOOTER 9              /* bytes at the very end of a file that has one */
#define SEEK_TABLE_MAX_FRAMES 0x8000000u /* the format's own limit */

/* Frames of one file that a table here holds, 16 TiB of content with frames of the default size:
 * what a hostile file can make us keep is 24 bytes for each. */
#define FRAMES_MAX ((size_t)1 << 22)

/* One frame: where it is in the stored file and in the plain stream. */
struct frame {
	uint64_t at, plain_at;
	uint32_t bytes, plain_bytes; /* plain_bytes 0: a skippable frame such as the mark */
};

/* In file order and without gaps, without the seek table's own frame. */
struct frame_table {
	struct frame *frames;
	size_t count, cap;
};

void frame_table_stop(struct frame_table *);

struct frames_options {
	int level;          /* zstd's, 1..19; 0 means 3 */
	unsigned threads;   /* compressing beside the writer's, whole frames; 0 means 1 */
	size_t frame_bytes; /* 0 means FRAMES_DEFAULT_BYTES; at most 64 MiB */
	const char *mark;   /* content of the mark, 1..FRAMES_MARK_MAX bytes */
};

/*
 * Compress into next. The order of frames is the order of bytes, whatever the number of threads,
 * and the output depends on it not at all. next is only ever called from the thread that calls
 * write and commit. *out (may be NULL; must outlive the sink) has the frames after commit. Memory:
 * per thread one frame in and one out, and one more of each. ERR_USAGE for another level, and from
 * a write that would make more than FRAMES_MAX frames. free waits for at most the frames that are
 * being compressed, one a thread.
 */
struct sink *sink_frames(struct sink *next, const struct frames_options *, struct frame_table *out,
			 struct err *);

/* What a reader saw of a compressed stream. */
struct unframe_seen {
	struct frame_table table; /* every frame but a final seek table's */
	char
	    mark[FRAMES_MARK_MAX + 1]; /* the first frame's content if it is our mark, else empty */
	size_t mark_len;
	struct frame_table seek_table; /* as the file itself states it at its end */
	bool has_seek_table;
	uint64_t plain_bytes;
	/* The file has more than FRAMES_MAX frames, or one of 4 GiB or more, stored or plain (as
	 * `zstd` makes of a large file): table is empty then, and nothing else is different. */
	bool table_overflow;
};

void unframe_seen_stop(struct unframe_seen *);

struct unframe_options {
	struct unframe_seen *seen; /* all zeroes, and must outlive the sink; or NULL */
	/* Largest window a frame may ask for, as a power of two; 0 means 27 (128 MiB), zstd's own
	 * default limit. Frames of ours need 22 at most, or 23 above 4 MiB a frame. */
	int window_log_max;
};

/*
 * Decompress any sequence of zstd and skippable frames into next. Commit refuses (ERR_CORRUPT) an
 * input that is empty or ends inside a frame, one that ends with a seek table that is malformed or
 * does not add up to the file, and one that begins with our mark and does not end with a seek
 * table: it was cut off between two frames. So a range out of a file must not begin with the mark,
 * and must not end with the seek table; frame_table_find's ranges do neither.
 * It does not compare the seek table with the frames: frame_table_compare does.
 * A message names the frame's number and its offset in the file. Memory is bounded by the window
 * and FRAMES_MAX.
 */
struct sink *sink_unframe(struct sink *next, const struct unframe_options *, struct err *);

/* False (ERR_CORRUPT) naming the first frame in which they differ. */
MUST_USE bool frame_table_compare(const struct frame_table *frames,
				  const struct frame_table *seek_table, struct err *);

/*
 * Read the seek table from the last bytes of a file of file_bytes. *need is the length of tail that
 * is required: when tail_len is less (but at least SEEK_TABLE_FOOTER), returns true with *need >
 * tail_len and leaves the table empty. ERR_CORRUPT when it is none, lies about its size, has more
 * entries than fit the file or than FRAMES_MAX, or its entries do not add up to the bytes before
 * it. The table is empty before, and after a failure.
 */
MUST_USE bool seek_table_parse(const void *tail, size_t tail_len, uint64_t file_bytes,
			       struct frame_table *, uint64_t *need, struct err *);

/*
 * The stored range that holds plain bytes plain_at .. plain_at + plain_bytes: where to start
 * reading, how much, and how many plain bytes to skip there. The range begins and ends with a frame
 * that has content of it; no bytes for an empty one. False (ERR_CORRUPT) when it passes the end.
 */
struct frame_range {
	uint64_t at, bytes, skip;
};
MUST_USE bool frame_table_find(const struct frame_table *, uint64_t plain_at, uint64_t plain_bytes,
			       struct frame_range *, struct err *);

#endif
