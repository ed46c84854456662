#include "backup/names.h"

#include <stdlib.h>
#include <string.h>

static int by_pointer(const void *a, const void *b, void *names)
{
	const struct names *n = names;

	return n->order(*(const void *const *)a, *(const void *const *)b);
}

struct names names_of(const void *array, size_t count, size_t size,
		      int (*order)(const void *a, const void *b))
{
	struct names n = {xcalloc(count + 1, sizeof *n.items), count, order};

	for (size_t i = 0; i < count; i++)
		n.items[i] = (const char *)array + i * size;
	qsort_r(n.items, count, sizeof *n.items, by_pointer, &n);
	return n;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

struct names names_of_texts(char *const *texts, size_t count)
{
	return names_of(texts, count, sizeof *texts, by_text);
}

const void *names_find(const struct names *n, const void *key)
{
	size_t low = 0, high = n->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = n->order(key, n->items[middle]);

		if (order == 0)
			return n->items[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

void names_stop(struct names *n)
{
	free(n->items);
}
