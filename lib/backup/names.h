/* names: what is to be found by its name, in a list that may be long. */
#ifndef NAMES_H
#define NAMES_H

#include "base/base.h"

/* Pointers to elements of an array, which has to stay; sorted. */
struct names {
	const void **items;
	size_t count;
	int (*order)(const void *a, const void *b); /* of two elements, as strcmp */
};

struct names names_of(const void *array, size_t count, size_t size,
		      int (*order)(const void *a, const void *b));

struct names names_of_texts(char *const *texts, size_t count);

/* Any element that is equal to the key, which is like an element; or NULL. */
const void *names_find(const struct names *, const void *key);

void names_stop(struct names *);

#endif
