#include "sql/roll.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

void fingerprint_add(struct fingerprint *sum, struct fingerprint f)
{
	sum->low += f.low;
	sum->high += f.high + (sum->low < f.low);
}

bool fingerprint_equal(struct fingerprint a, struct fingerprint b)
{
	return a.high == b.high && a.low == b.low;
}

void fingerprint_hex(struct fingerprint f, char out[FINGERPRINT_HEX])
{
	snprintf(out, FINGERPRINT_HEX, "%016" PRIx64 "%016" PRIx64, f.high, f.low);
}

bool fingerprint_parse(const char *hex, struct fingerprint *f)
{
	unsigned char bytes[16];
	uint64_t half[2] = {0, 0};

	if (strlen(hex) != FINGERPRINT_HEX - 1 || !hex_decode(hex, bytes, sizeof bytes))
		return false;
	for (size_t i = 0; i < sizeof bytes; i++)
		half[i / 8] = half[i / 8] << 8 | bytes[i];
	*f = (struct fingerprint){.high = half[0], .low = half[1]};
	return true;
}

struct fingerprint fingerprint_of(const void *data, size_t len)
{
	XXH128_hash_t h = XXH3_128bits(data, len);

	return (struct fingerprint){.high = h.high64, .low = h.low64};
}

static void strings_stop(char **strings, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(strings[i]);
	free(strings);
}

static void entries_stop(struct roll_entry *entries, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(entries[i].type);
		free(entries[i].schema);
		free(entries[i].name);
	}
	free(entries);
}

static void database_stop(struct roll_database *d)
{
	for (size_t i = 0; i < d->table_count; i++) {
		free(d->tables[i].schema);
		free(d->tables[i].name);
		free(d->tables[i].columns);
	}
	for (size_t i = 0; i < d->sequence_count; i++) {
		free(d->sequences[i].schema);
		free(d->sequences[i].name);
	}
	free(d->name);
	free(d->tables);
	free(d->sequences);
	strings_stop(d->extensions, d->extension_count);
	strings_stop(d->not_for_psql, d->not_for_psql_count);
	entries_stop(d->entries, d->entry_count);
}

void roll_stop(struct roll *r)
{
	for (size_t i = 0; i < r->database_count; i++)
		database_stop(&r->databases[i]);
	free(r->databases);
	free(r->server_version);
	free(r->dump_version);
	entries_stop(r->entries, r->entry_count);
	strings_stop(r->roles, r->role_count);
	strings_stop(r->tablespaces, r->tablespace_count);
	*r = (struct roll){0};
}

struct roll_database *roll_database(const struct roll *r, const char *name)
{
	for (size_t i = 0; i < r->database_count; i++)
		if (strcmp(r->databases[i].name, name) == 0)
			return &r->databases[i];
	return NULL;
}

struct roll_table *roll_table(const struct roll_database *d, const char *schema, const char *name)
{
	for (size_t i = 0; i < d->table_count; i++)
		if (strcmp(d->tables[i].name, name) == 0 &&
		    strcmp(d->tables[i].schema, schema) == 0)
			return &d->tables[i];
	return NULL;
}

uint64_t roll_rows(const struct roll_database *d)
{
	uint64_t rows = 0;

	for (size_t i = 0; i < d->table_count; i++)
		rows += d->tables[i].rows;
	return rows;
}

static int by_name(const void *a, const void *b)
{
	const struct roll_table *x = a, *y = b;
	int order = strcmp(x->schema, y->schema);

	if (order == 0)
		order = strcmp(x->name, y->name);
	return order ? order : (x->range.at > y->range.at) - (x->range.at < y->range.at);
}

struct roll_table *roll_totals(const struct roll_database *d, size_t *count)
{
	struct roll_table *all = xcalloc(d->table_count + 1, sizeof *all);
	size_t n = 0;

	if (d->table_count > 0)
		memcpy(all, d->tables, d->table_count * sizeof *all);
	qsort(all, d->table_count, sizeof *all, by_name);
	for (size_t i = 0; i < d->table_count; i++) {
		struct roll_table *last = n > 0 ? &all[n - 1] : NULL;

		if (!last || strcmp(last->name, all[i].name) != 0 ||
		    strcmp(last->schema, all[i].schema) != 0) {
			all[n++] = all[i];
			continue;
		}
		last->rows += all[i].rows;
		last->bytes += all[i].bytes;
		fingerprint_add(&last->fingerprint, all[i].fingerprint);
		last->range.end = all[i].range.end;
	}
	*count = n;
	return all;
}
