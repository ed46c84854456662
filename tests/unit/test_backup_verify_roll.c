#include "test_backup_outcome.h"
#include "test_backup_store.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

TestSuite(backup_verify_roll, .init = night_verify_init, .fini = night_verify_stop);

/* The text with one thing changed, as a backup of the same id, under the intact one's manifest. */
static void put_other(const char *old, const char *new)
{
	size_t len;
	CLEANUP(freep) char *text = slurp(SMALL, &len);
	char *at = strstr(text, old);

	cr_assert(at && strlen(old) == strlen(new));
	memcpy(at, new, strlen(new));
	night_backup(&(struct night_backup){.key = "other.sql.zst", .text = text, .len = len});
	CLEANUP(freep) char *other = peek("other.sql.zst", &len);
	static const char *const suffixes[] = {"", ".sha256", ".manifest.json"};
	for (size_t i = 0; i < 3; i++) {
		CLEANUP(freep) char *key = xasprintf("other.sql.zst%s", suffixes[i]);
		struct err e = {0};

		cr_assert(store_remove(night_store, key, &e), "%s", e.text);
	}
	put_fitting(other, len);
}

Test(backup_verify_roll, a_changed_text_is_found_by_the_roll_alone)
{
	static const char *const rows[][3] = {
	    {"IMG_1.jpg", "IMG_0.jpg", "table public.assets: the content of its 60 rows differs"},
	    {"\n1\tone\n", "\n2\tone\n", "table public.T 1: the content of its 3 rows differs"},
	    {"'public.assets_id_seq', 60, true", "'public.assets_id_seq', 61, true",
	     "sequence public.assets_id_seq: at 61 instead of 60"},
	    {"00ff10", "00ff11", "large objects: the content of the 2 differs"},
	    {"photos; and videos", "photos, and videos", "the definitions differ"},
	    {"CREATE ROLE reader", "CREATE ROLE raeder", "role reader: missing"},
	    {"GRANT reader TO immich", "GRANT immich TO reader", "the globals differ"},
	};

	put_fitting(dump, dump_len);
	passes(&newest);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		put_other(rows[i][0], rows[i][1]);
		fails(&(struct verify_options){.which.key = DUMP, .now = NIGHT},
		      strstr(rows[i][0], "CREATE ROLE") ? 3 : 1, rows[i][2]);
	}
}

Test(backup_verify_roll, another_backup_s_dump_fails_by_its_id)
{
	size_t len;

	night_backup(&(struct night_backup){.key = "other.sql.zst", .id = 0xee});
	CLEANUP(freep) char *other = peek("other.sql.zst", &len);
	cr_assert_eq(len, dump_len);
	poke(DUMP, other, len);
	fails(&(struct verify_options){.which.key = DUMP, .now = NIGHT}, 3,
	      "the dump bears the id \\\"eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee\\\", the manifest 0000");
	put_fitting(other, len);
	fails(&(struct verify_options){.which.key = DUMP, .now = NIGHT}, 1,
	      "the dump bears the id");
}

/* Changed in the manifest, with the seal made anew. */
static struct roll_database *immich(struct manifest *m)
{
	return roll_database(&m->roll, "immich");
}

#define NUMBERS 21
static uint64_t *number(struct manifest *m, size_t i)
{
	struct roll_database *d = immich(m);
	struct roll_table *t = roll_table(d, "public", "assets");
	uint64_t *const numbers[NUMBERS] = {
	    &t->rows,
	    &t->bytes,
	    &t->fingerprint.low,
	    &t->fingerprint.high,
	    &t->range.at,
	    &t->range.end,
	    &d->large_objects.count,
	    &d->large_objects.bytes,
	    &d->large_objects.fingerprint.low,
	    &d->large_objects.fingerprint.high,
	    &d->schema.low,
	    &d->schema.high,
	    &d->range.at,
	    &d->range.end,
	    &d->data_at,
	    &d->post_at,
	    &m->roll.globals.at,
	    &m->roll.globals.end,
	    &m->plain_bytes,
	    (uint64_t *)&d->sequences[0].value,
	    &m->roll.globals_sum.low,
	};

	return numbers[i];
}

Test(backup_verify_roll, each_number_of_the_roll_is_proved)
{
	static const char *const sentences[NUMBERS] = {
	    "table public.assets: 60 rows instead of 61",
	    "table public.assets: the content of its 60 rows differs",
	    "table public.assets: the content of its 60 rows differs",
	    "table public.assets: the content of its 60 rows differs",
	    "table public.assets: is at another place in the dump",
	    "table public.assets: is at another place in the dump",
	    "large objects: 2 instead of 3",
	    "large objects: the content of the 2 differs",
	    "large objects: the content of the 2 differs",
	    "large objects: the content of the 2 differs",
	    "the definitions differ",
	    "the definitions differ",
	    "is at another place in the dump",
	    "is at another place in the dump",
	    "is at another place in the dump",
	    "is at another place in the dump",
	    "the globals are at another place in the dump",
	    "the globals are at another place in the dump",
	    "bytes of SQL instead of",
	    "sequence public.albums_id_seq: at 5 instead of 6",
	    "the globals differ",
	};

	for (size_t i = 0; i < NUMBERS; i++) {
		CLEANUP(manifest_stop) struct manifest m = {0};
		struct err e = {0};

		cr_assert(manifest_read(manifest, manifest_len, &m, &e), "%s", e.text);
		*number(&m, i) += i == 13 || i == 17 ? UINT64_MAX : 1; /* into what follows it */
		CLEANUP(freep) char *changed = manifest_write(&m);
		put(MANIFEST, changed);
		fails(&newest, 1, sentences[i]);
	}
}

#define TEXTS 9
static char **text_of(struct manifest *m, size_t i)
{
	struct roll_database *d = immich(m);
	struct roll_table *t = roll_table(d, "public", "assets");
	char **const texts[TEXTS] = {
	    &t->schema,
	    &t->name,
	    &t->columns,
	    &d->sequences[0].schema,
	    &d->sequences[0].name,
	    &d->name,
	    &m->roll.roles[2],
	    &m->roll.tablespaces[0],
	    &m->databases[d - m->roll.databases].extensions[0].name,
	};

	return texts[i];
}

Test(backup_verify_roll, each_name_of_the_roll_is_proved)
{
	static const struct {
		size_t count;
		const char *sentence;
	} rows[TEXTS] = {
	    {2, "table public.assets: not on the roll"},
	    {2, "table public.changed: missing, with its 60 rows"},
	    {1, "columns (id, name, taken, size) instead of (changed)"},
	    {2, "sequence changed.albums_id_seq: missing"},
	    {2, "sequence public.changed: missing"},
	    {2, "the whole database is missing"},
	    {2, "role changed: missing"},
	    {2, "tablespace changed: missing"},
	    {1, "extension pg_trgm: not on the roll"},
	};

	for (size_t i = 0; i < TEXTS; i++) {
		CLEANUP(manifest_stop) struct manifest m = {0};
		struct err e = {0};

		cr_assert(manifest_read(manifest, manifest_len, &m, &e), "%s", e.text);
		char **text = text_of(&m, i);
		free(*text);
		*text = xstrdup("changed");
		CLEANUP(freep) char *changed = manifest_write(&m);
		put(MANIFEST, changed);
		fails(&newest, rows[i].count, rows[i].sentence);
	}
}

Test(backup_verify_roll, what_the_manifest_says_of_the_file_is_proved)
{
	static const char *const rows[][3] = {
	    {"\"sha256\": \"", "\"sha256\": \"00", "by the manifest"},
	    {"\"id\": \"00", "\"id\": \"01", "the manifest 01000000000000000000000000000000"},
	    {"\"server_version\": \"15.20 (", "\"server_version\": \"15.20 [",
	     "and of 15.20 [Debian 15.20-0+deb12u1) by the manifest"},
	    {"\"client_version\": \"15", "\"client_version\": \"16",
	     "and by 16.20 (Debian 15.20-0+deb12u1) by the manifest"},
	    {"\"bootstrap_user\": \"p", "\"bootstrap_user\": \"P",
	     "role Postgres: not in the dump"},
	    {"\"name\": \"reader\"", "\"name\": \"reader\"}, {\"name\": \"reader\"",
	     "roles: 4 on the roll, and 3 in the dump"},
	    {"\"schema\": \"public\",\n      \"name\": \"albums_id_seq\",",
	     "\"schema\": \"public\", \"name\": \"albums_id_seq\", \"value\": 5, \"called\": "
	     "true}, "
	     "{\"schema\": \"public\", \"name\": \"albums_id_seq\",",
	     "sequences: 3 on the roll, and 2 in the dump"},
	    {"\"called\": true", "\"called\": false",
	     "sequence public.albums_id_seq: at 5 instead"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CLEANUP(freep) char *changed = reworded(manifest, rows[i][0], rows[i][1]);

		if (i == 0) { /* two digits in front, so two less behind */
			char *at =
			    strstr(changed, "\"sha256\": \"") + strlen("\"sha256\": \"") + 64;
			char two[4] = {at[0], at[1], '"', '\0'};
			CLEANUP(freep) char *again = reworded(changed, two, "\"");

			put(MANIFEST, again);
		} else {
			put(MANIFEST, changed);
		}
		fails(&newest, 1, rows[i][2]);
	}
	CLEANUP(freep) char *frames = reworded(manifest, "\"frames\": 1", "\"frames\": 2");
	put(MANIFEST, frames);
	is_refused(&newest, "frames in the seek table, 2");
	CLEANUP(freep) char *bytes = reworded(manifest, "\"bytes\": ", "\"bytes\": 1");
	put(MANIFEST, bytes);
	is_refused(&newest, "by its manifest");
}
