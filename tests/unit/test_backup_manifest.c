#include "backup/manifest.h"
#include "test_backup_store.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(backup_manifest);

/* Names that JSON, a terminal or a careless reader trips over. */
static const char *const odd_names[] = {
    "plain",
    "with \"quotes\" and 'quotes'",
    "back\\slash / slash",
    "two\nlines\r\n",
    "tab\tand \001 control \177",
    "\303\274n\303\257c\303\266de \360\237\230\200 \342\200\256",
    "latin1 \374\377\200",
    "\377",
    "",
    "name_hex",
    "null",
};
#define ODD_NAMES (sizeof odd_names / sizeof *odd_names)

static char *odd(size_t i)
{
	return xstrdup(odd_names[i % ODD_NAMES]);
}

static struct fingerprint print_of(size_t i)
{
	return fingerprint_of(&i, sizeof i);
}

static void fill_database(struct manifest *m, size_t i, uint64_t at, uint64_t end, size_t tables)
{
	struct roll_database *r = &m->roll.databases[i];
	struct pg_database *d = &m->databases[i];

	*r = (struct roll_database){.name = odd(i),
				    .range = {at, end},
				    .data_at = at + 10,
				    .post_at = end - 10,
				    .schema = print_of(i),
				    .large_objects = {i, i << 40, print_of(i + 1)}};
	r->tables = xcalloc(tables + 1, sizeof *r->tables);
	r->table_count = r->table_cap = tables;
	for (size_t j = 0; j < tables; j++)
		r->tables[j] = (struct roll_table){odd(j),
						   xasprintf("%s %zu", odd_names[j % ODD_NAMES], j),
						   odd(j + 1),
						   (uint64_t)INT64_MAX - j,
						   j << 30,
						   print_of(j),
						   {at + 10, j + 1 < tables ? at + 10 : end - 10}};
	r->sequences = xcalloc(3, sizeof *r->sequences);
	r->sequence_count = r->sequence_cap = 2;
	r->sequences[0] = (struct roll_sequence){odd(i), odd(i + 1), INT64_MIN, true};
	r->sequences[1] = (struct roll_sequence){odd(i), odd(i + 2), INT64_MAX, false};
	*d = (struct pg_database){
	    .name = odd(i),
	    .owner = odd(i + 1),
	    .encoding = odd(i + 2),
	    .provider = odd(i + 3),
	    .collate = odd(i + 4),
	    .ctype = odd(i + 5),
	    .locale = odd(i + 6),
	    .lc_monetary = odd(i + 7),
	    .tablespace = odd(i + 8),
	    .not_dumped = odd(i + 9),
	    .bytes = INT64_MAX,
	};
	d->extensions = xcalloc(3, sizeof *d->extensions);
	d->extension_count = 2;
	d->extensions[0] = (struct pg_extension){.name = odd(i), .version = odd(i + 1)};
	d->extensions[1] = (struct pg_extension){.name = odd(i + 5), .version = odd(i + 6)};
}

static void texts(char ***list, size_t *count, size_t n)
{
	*list = xcalloc(n + 1, sizeof **list);
	*count = n;
	for (size_t i = 0; i < n; i++)
		(*list)[i] = odd(i);
}

static void fill(struct manifest *m, size_t databases, size_t tables)
{
	*m = (struct manifest){
	    .id = "000102030405060708090a0b0c0d0e0f",
	    .key = odd(5),
	    .tool = xstrdup("pgmuster 0.1.0"),
	    .started = NIGHT,
	    .finished = NIGHT + 61,
	    .object = {.sha256 = {1, 2, 255}, .bytes = 123456789},
	    .plain_bytes = 1000 * (databases + 1),
	    .frames = 7,
	    .system_identifier = xstrdup("7573829472938472"),
	    .bootstrap_user = odd(6),
	    .preload_libraries = xstrdup("vchord.so, timescaledb"),
	    .ways = {xstrdup("Europe/Berlin"), NULL, xstrdup("iso_8601")},
	    .server_version = xstrdup("15.20 (Debian \"x\")"),
	    .server_version_num = 150020,
	    .client_version = xstrdup("18.6"),
	    .role_passwords = true,
	};
	texts(&m->excluded, &m->excluded_count, ODD_NAMES);
	texts(&m->warnings.lines, &m->warnings.count, ODD_NAMES);
	texts(&m->roll.roles, &m->roll.role_count, ODD_NAMES);
	texts(&m->roll.tablespaces, &m->roll.tablespace_count, 3);
	m->roll.globals = (struct range){0, 999};
	m->roll.has_globals_sum = true;
	m->roll.globals_sum = print_of(999);
	m->roll.databases = xcalloc(databases + 1, sizeof *m->roll.databases);
	m->databases = xcalloc(databases + 1, sizeof *m->databases);
	m->roll.database_count = m->database_count = databases;
	for (size_t i = 0; i < databases; i++)
		fill_database(m, i, 1000 * (i + 1), 1000 * (i + 2), tables);
}

static void same_texts(char *const *a, size_t a_count, char *const *b, size_t b_count)
{
	cr_assert_eq(a_count, b_count);
	for (size_t i = 0; i < a_count; i++)
		cr_assert_str_eq(a[i], b[i]);
}

static void same_table(const struct roll_table *a, const struct roll_table *b)
{
	cr_assert_str_eq(a->schema, b->schema);
	cr_assert_str_eq(a->name, b->name);
	cr_assert_str_eq(a->columns, b->columns);
	cr_assert_eq(a->rows, b->rows);
	cr_assert_eq(a->bytes, b->bytes);
	cr_assert(fingerprint_equal(a->fingerprint, b->fingerprint));
	cr_assert_eq(a->range.at, b->range.at);
	cr_assert_eq(a->range.end, b->range.end);
}

static void same_roll(const struct roll_database *a, const struct roll_database *b)
{
	cr_assert_str_eq(a->name, b->name);
	cr_assert_eq(a->range.at, b->range.at);
	cr_assert_eq(a->range.end, b->range.end);
	cr_assert_eq(a->data_at, b->data_at);
	cr_assert_eq(a->post_at, b->post_at);
	cr_assert(b->complete);
	cr_assert(fingerprint_equal(a->schema, b->schema));
	cr_assert_eq(a->table_count, b->table_count);
	for (size_t i = 0; i < a->table_count; i++)
		same_table(&a->tables[i], &b->tables[i]);
	cr_assert_eq(a->sequence_count, b->sequence_count);
	for (size_t i = 0; i < a->sequence_count; i++) {
		cr_assert_str_eq(a->sequences[i].schema, b->sequences[i].schema);
		cr_assert_str_eq(a->sequences[i].name, b->sequences[i].name);
		cr_assert_eq(a->sequences[i].value, b->sequences[i].value);
		cr_assert_eq(a->sequences[i].called, b->sequences[i].called);
	}
	cr_assert_eq(a->large_objects.count, b->large_objects.count);
	cr_assert_eq(a->large_objects.bytes, b->large_objects.bytes);
	cr_assert(fingerprint_equal(a->large_objects.fingerprint, b->large_objects.fingerprint));
}

static void same_database(const struct pg_database *a, const struct pg_database *b)
{
	cr_assert_str_eq(a->name, b->name);
	cr_assert_str_eq(a->owner, b->owner);
	cr_assert_str_eq(a->encoding, b->encoding);
	cr_assert_str_eq(a->provider, b->provider);
	cr_assert_str_eq(a->collate, b->collate);
	cr_assert_str_eq(a->ctype, b->ctype);
	cr_assert_str_eq(a->locale, b->locale);
	cr_assert_str_eq(a->lc_monetary, b->lc_monetary);
	cr_assert_str_eq(a->tablespace, b->tablespace);
	cr_assert_str_eq(a->not_dumped, b->not_dumped);
	cr_assert_eq(a->bytes, b->bytes);
	cr_assert_eq(a->extension_count, b->extension_count);
	for (size_t i = 0; i < a->extension_count; i++) {
		cr_assert_str_eq(a->extensions[i].name, b->extensions[i].name);
		cr_assert_str_eq(a->extensions[i].version, b->extensions[i].version);
	}
}

static void same_head(const struct manifest *a, const struct manifest *b)
{
	cr_assert_str_eq(a->id, b->id);
	cr_assert_str_eq(a->key, b->key);
	cr_assert_str_eq(a->tool, b->tool);
	cr_assert_eq(a->started, b->started);
	cr_assert_eq(a->finished, b->finished);
	cr_assert_eq(a->object.bytes, b->object.bytes);
	cr_assert_arr_eq(a->object.sha256, b->object.sha256, 32);
	cr_assert_eq(a->plain_bytes, b->plain_bytes);
	cr_assert_eq(a->frames, b->frames);
	cr_assert_str_eq(a->system_identifier, b->system_identifier);
	cr_assert_str_eq(a->bootstrap_user, b->bootstrap_user);
	cr_assert_str_eq(a->preload_libraries, b->preload_libraries);
	for (size_t i = 0; i < PG_WAYS; i++) {
		cr_assert_eq(!a->ways[i], !b->ways[i]);
		cr_assert(!a->ways[i] || strcmp(a->ways[i], b->ways[i]) == 0);
	}
	cr_assert_str_eq(a->server_version, b->server_version);
	cr_assert_eq(a->server_version_num, b->server_version_num);
	cr_assert_str_eq(a->client_version, b->client_version);
	cr_assert_eq(a->role_passwords, b->role_passwords);
	same_texts(a->excluded, a->excluded_count, b->excluded, b->excluded_count);
	same_texts(a->warnings.lines, a->warnings.count, b->warnings.lines, b->warnings.count);
	same_texts(a->roll.roles, a->roll.role_count, b->roll.roles, b->roll.role_count);
	same_texts(a->roll.tablespaces, a->roll.tablespace_count, b->roll.tablespaces,
		   b->roll.tablespace_count);
}

static void comes_back(const struct manifest *m)
{
	CLEANUP(manifest_stop) struct manifest again = {0};
	CLEANUP(freep) char *text = manifest_write(m);
	struct err e = {0};

	cr_assert(manifest_read(text, strlen(text), &again, &e), "%s", e.text);
	same_head(m, &again);
	cr_assert_eq(again.roll.globals.at, m->roll.globals.at);
	cr_assert_eq(again.roll.globals.end, m->roll.globals.end);
	cr_assert(again.roll.has_globals_sum &&
		  fingerprint_equal(again.roll.globals_sum, m->roll.globals_sum));
	cr_assert(again.roll.complete);
	cr_assert_eq(again.roll.bytes, m->plain_bytes);
	cr_assert_eq(again.roll.database_count, m->roll.database_count);
	cr_assert_eq(again.database_count, m->database_count);
	for (size_t i = 0; i < m->database_count; i++) {
		same_roll(&m->roll.databases[i], &again.roll.databases[i]);
		same_database(&m->databases[i], &again.databases[i]);
		cr_assert_eq(manifest_database(&again, m->databases[i].name), &again.databases[i]);
	}
	cr_assert_null(manifest_database(&again, "no such database"));
	CLEANUP(freep) char *text_again = manifest_write(&again);
	cr_assert_str_eq(text_again, text);
}

Test(backup_manifest, comes_back_field_by_field)
{
	CLEANUP(manifest_stop) struct manifest m = {0};

	fill(&m, ODD_NAMES, 2 * ODD_NAMES);
	comes_back(&m);
}

Test(backup_manifest, of_many_tables_comes_back)
{
	CLEANUP(manifest_stop) struct manifest m = {0};

	fill(&m, 1, 20000);
	comes_back(&m);
}

Test(backup_manifest, of_nothing_but_nulls_comes_back)
{
	CLEANUP(manifest_stop) struct manifest m = {0}, again = {0};
	CLEANUP(freep) char *text = NULL;
	struct err e = {0};

	memset(m.id, '0', 32);
	text = manifest_write(&m);
	cr_assert(manifest_read(text, strlen(text), &again, &e), "%s", e.text);
	cr_assert_str_empty(again.key);
	cr_assert_eq(again.roll.database_count, 0);
}

static char *small_manifest(void)
{
	CLEANUP(manifest_stop) struct manifest m = {0};

	fill(&m, 1, 1);
	return manifest_write(&m);
}

Test(backup_manifest, cut_short_anywhere_is_refused)
{
	CLEANUP(freep) char *text = small_manifest();

	for (size_t len = 0; len < strlen(text); len++) {
		CLEANUP(manifest_stop) struct manifest m = {0};
		CLEANUP(freep) char *cut = xcalloc(len + 1, 1);
		struct err e = {0};

		memcpy(cut, text, len);
		cr_assert(!manifest_read(cut, len, &m, &e), "%zu bytes", len);
		cr_assert_eq(e.kind, ERR_CORRUPT);
	}
}

Test(backup_manifest, with_any_bit_flipped_is_refused)
{
	CLEANUP(freep) char *text = small_manifest();
	size_t len = strlen(text);

	for (size_t bit = 0; bit < 8 * len; bit++) {
		CLEANUP(manifest_stop) struct manifest m = {0};
		struct err e = {0};

		text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
		cr_assert(!manifest_read(text, len, &m, &e), "bit %zu of byte %zu", bit % 8,
			  bit / 8);
		cr_assert_eq(e.kind, ERR_CORRUPT, "%s", e.text);
		text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
	}
}

Test(backup_manifest, with_anything_behind_it_is_refused)
{
	CLEANUP(freep) char *text = small_manifest();
	static const char *const tails[] = {"\n", " ", "}", "{}", "x"};

	for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
		CLEANUP(manifest_stop) struct manifest m = {0};
		CLEANUP(freep) char *longer = xasprintf("%s%s", text, tails[i]);
		struct err e = {0};

		cr_assert(!manifest_read(longer, strlen(longer), &m, &e), "%s", tails[i]);
		cr_assert_eq(e.kind, ERR_CORRUPT);
	}
}

Test(backup_mark, has_the_id_and_nothing_else)
{
	char mark[BACKUP_MARK_SIZE], id[BACKUP_ID_SIZE];

	backup_mark("000102030405060708090a0b0c0d0e0f", mark);
	cr_assert_str_eq(mark, "pgmuster 1 000102030405060708090a0b0c0d0e0f\n");
	cr_assert(backup_mark_id(mark, id));
	cr_assert_str_eq(id, "000102030405060708090a0b0c0d0e0f");
	for (size_t i = 0; i < strlen(mark); i++) {
		char other[BACKUP_MARK_SIZE];

		snprintf(other, sizeof other, "%s", mark);
		other[i] = 'x';
		cr_assert(!backup_mark_id(other, id), "byte %zu", i);
		other[i] = '\0';
		cr_assert(!backup_mark_id(other, id), "%zu bytes", i);
	}
}
