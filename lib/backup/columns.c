#include "backup/columns.h"

#include "sql/token.h"

#include <stdlib.h>
#include <string.h>

struct names {
	char **items;
	size_t count, cap;
};

static void names_stop(struct names *n)
{
	for (size_t i = 0; i < n->count; i++)
		free(n->items[i]);
	free(n->items);
}

static struct names read_names(const char *columns)
{
	struct sql_scan scan = {columns, columns + strlen(columns)};
	struct names n = {0};

	for (struct sql_token t = sql_next(&scan); t.kind != SQL_END; t = sql_next(&scan)) {
		char *name = sql_value(&t);

		if (!name)
			continue;
		n.items = xgrow(n.items, n.count, &n.cap, sizeof *n.items);
		n.items[n.count++] = name;
	}
	return n;
}

static bool equal(const struct names *a, const struct names *b)
{
	for (size_t i = 0; i < a->count && i < b->count; i++)
		if (strcmp(a->items[i], b->items[i]) != 0)
			return false;
	return a->count == b->count;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void sort(struct names *n)
{
	if (n->count > 0)
		qsort(n->items, n->count, sizeof *n->items, by_name);
}

bool columns_same(const char *a, const char *b)
{
	if (strcmp(a, b) == 0)
		return true;
	CLEANUP(names_stop) struct names x = read_names(a);
	CLEANUP(names_stop) struct names y = read_names(b);
	return equal(&x, &y);
}

bool columns_reordered(const char *a, const char *b)
{
	if (strcmp(a, b) == 0)
		return false;
	CLEANUP(names_stop) struct names x = read_names(a);
	CLEANUP(names_stop) struct names y = read_names(b);
	if (equal(&x, &y))
		return false;
	sort(&x);
	sort(&y);
	return equal(&x, &y);
}
