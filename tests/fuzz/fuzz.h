/*
 * fuzz: what the fuzz targets share.
 *
 * Each target is one file, fuzz_NAME.c, with LLVMFuzzerTestOneInput, and ends the process (assert)
 * when something does not hold that has to hold for any input. libFuzzer and AFL++ call it with
 * what they make up (`make fuzz`); replay.c calls it with the files of corpus/NAME (`make replay`).
 * "covers:" in a target's first comment are the files whose coverage is reported for it.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include "base/base.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Called with each piece of an input, each in memory of its own, so that a read outside of it is
 * found. */
typedef bool fuzz_take(void *ctx, const void *piece, size_t len, struct err *);

/* Hand on an input in pieces of 1 .. longest bytes that follow from the input; longest 0: in one.
 * False when take fails. */
MUST_USE bool fuzz_in_pieces(const uint8_t *data, size_t size, size_t longest, fuzz_take *take,
			     void *ctx, struct err *e);

/* The lengths of pieces worth trying: the first, 0, is what the others are compared with. */
#define FUZZ_PIECES 3
extern const size_t fuzz_pieces[FUZZ_PIECES];

/* The input with a NUL behind it; the caller frees. */
char *fuzz_text(const uint8_t *data, size_t size);

#endif
