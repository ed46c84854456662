#include "fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

const size_t fuzz_pieces[FUZZ_PIECES] = {0, 1, 7};

static bool hand_on(const uint8_t *data, size_t len, fuzz_take *take, void *ctx, struct err *e)
{
	CLEANUP(freep) void *piece = malloc(len ? len : 1);

	assert(piece);
	memcpy(piece, data, len);
	return take(ctx, piece, len, e);
}

bool fuzz_in_pieces(const uint8_t *data, size_t size, size_t longest, fuzz_take *take, void *ctx,
		    struct err *e)
{
	uint32_t random = (uint32_t)size;

	if (longest == 0)
		return size == 0 || hand_on(data, size, take, ctx, e);
	while (size > 0) {
		size_t len = 1 + random % longest;

		len = len < size ? len : size;
		random = random * 1664525 + 1013904223 + *data;
		if (!hand_on(data, len, take, ctx, e))
			return false;
		data += len;
		size -= len;
	}
	return true;
}

char *fuzz_text(const uint8_t *data, size_t size)
{
	char *text = xcalloc(size + 1, 1);

	if (size > 0)
		memcpy(text, data, size);
	return text;
}
