#include "backup/compare.h"
#include "sql/follow.h"
#include "test_backup_store.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* small.sql, followed twice with entries; each test then changes one of the two. */
static struct roll want, have;

static void follow(struct roll *roll)
{
	size_t len;
	CLEANUP(freep) char *text = slurp(SMALL, &len);
	CLEANUP(sink_freep)
	struct sink *s = sink_follow(NULL, &(struct follow_options){.entries = true}, roll);
	struct err e = {0};

	cr_assert(sink_write(s, text, len, &e) && sink_commit(s, &e), "%s", e.text);
}

static void init(void)
{
	follow(&want);
	follow(&have);
}

static void stop(void)
{
	roll_stop(&want);
	roll_stop(&have);
}

TestSuite(backup_compare, .init = init, .fini = stop);

static const struct compare_options all = {.ranges = true, .entries = true};

static void finds_nothing(const struct compare_options *o)
{
	CLEANUP(differences_stop) struct differences d = {0};

	compare_rolls(&want, &have, o, &d);
	cr_assert_eq(d.count, 0, "%s: %s", d.items[0].database, d.items[0].what);
}

/* Exactly one sentence, of this database. */
static void finds(const struct compare_options *o, const char *database, const char *what)
{
	CLEANUP(differences_stop) struct differences d = {0};

	compare_rolls(&want, &have, o, &d);
	cr_assert_eq(d.count, 1, "%s: %zu differences, the last: %s", what, d.count,
		     d.count ? d.items[d.count - 1].what : "");
	cr_assert_str_eq(d.items[0].what, what);
	cr_assert_str_eq(d.items[0].database, database);
	cr_assert_eq(differences_of(&d, database), 1);
	cr_assert_eq(differences_of(&d, "another"), 0);
}

static struct roll_database *immich(void)
{
	return roll_database(&have, "immich");
}

static struct roll_table *assets(void)
{
	return roll_table(immich(), "public", "assets");
}

static struct roll_entry *entry(struct roll_database *d, const char *type, const char *name)
{
	for (size_t i = 0; i < d->entry_count; i++)
		if (strcmp(d->entries[i].type, type) == 0 && strcmp(d->entries[i].name, name) == 0)
			return &d->entries[i];
	cr_assert_fail("no %s %s", type, name);
	return NULL;
}

static struct roll_entry *global(struct roll *r, const char *name)
{
	for (size_t i = 0; i < r->entry_count; i++)
		if (strncmp(r->entries[i].name, name, strlen(name)) == 0)
			return &r->entries[i];
	cr_assert_fail("no %s", name);
	return NULL;
}

static void replace(char **text, const char *by)
{
	free(*text);
	*text = xstrdup(by);
}

static void drop_table(struct roll_database *d, size_t i)
{
	free(d->tables[i].schema);
	free(d->tables[i].name);
	free(d->tables[i].columns);
	memmove(&d->tables[i], &d->tables[i + 1], (--d->table_count - i) * sizeof *d->tables);
}

static void drop_entry(struct roll_entry *entries, size_t *count, const struct roll_entry *x)
{
	size_t i = (size_t)(x - entries);

	free(entries[i].type);
	free(entries[i].schema);
	free(entries[i].name);
	memmove(&entries[i], &entries[i + 1], (--*count - i) * sizeof *entries);
}

Test(backup_compare, equal_rolls_differ_in_nothing)
{
	finds_nothing(&all);
	finds_nothing(&(struct compare_options){.superuser = "postgres"});
}

Test(backup_compare, order_makes_no_difference)
{
	struct roll_database *d = immich();
	struct roll_table t = d->tables[0];
	struct roll_entry x = d->entries[0];
	struct roll_sequence s = d->sequences[0];

	d->tables[0] = d->tables[1];
	d->tables[1] = t;
	d->entries[0] = d->entries[d->entry_count - 1];
	d->entries[d->entry_count - 1] = x;
	d->sequences[0] = d->sequences[1];
	d->sequences[1] = s;
	finds_nothing(&all);
}

Test(backup_compare, a_row_less_is_counted)
{
	assets()->rows--;
	finds(&all, "immich", "table public.assets: 59 rows instead of 60");
}

Test(backup_compare, another_content_is_told_from_another_count)
{
	assets()->fingerprint.low++;
	finds(&all, "immich", "table public.assets: the content of its 60 rows differs");
}

Test(backup_compare, another_length_is_another_content)
{
	assets()->bytes++;
	finds(&all, "immich", "table public.assets: the content of its 60 rows differs");
}

Test(backup_compare, other_columns_are_shown)
{
	replace(&assets()->columns, "id, name");
	finds(&all, "immich",
	      "table public.assets: columns (id, name) instead of (id, name, taken, size)");
}

Test(backup_compare, a_missing_table_is_named_with_its_rows)
{
	drop_table(immich(), (size_t)(assets() - immich()->tables));
	finds(&all, "immich", "table public.assets: missing, with its 60 rows");
}

Test(backup_compare, a_table_too_many_is_named)
{
	struct roll_database *d = roll_database(&want, "immich");

	drop_table(d, (size_t)(roll_table(d, "public", "assets") - d->tables));
	finds(&all, "immich", "table public.assets: not on the roll");
}

Test(backup_compare, tables_of_two_schemas_are_two)
{
	CLEANUP(differences_stop) struct differences d = {0};

	replace(&assets()->schema, "other");
	compare_rolls(&want, &have, &(struct compare_options){0}, &d);
	cr_assert_eq(d.count, 2);
	cr_assert_str_eq(d.items[0].what, "table other.assets: not on the roll");
	cr_assert_str_eq(d.items[1].what, "table public.assets: missing, with its 60 rows");
}

Test(backup_compare, a_table_elsewhere_matters_only_for_the_same_dump)
{
	assets()->range.at--;
	finds(&all, "immich", "table public.assets: is at another place in the dump");
	finds_nothing(&(struct compare_options){.entries = true});
}

Test(backup_compare, a_sequence_s_value_is_shown_with_its_use)
{
	struct roll_sequence *s = &immich()->sequences[0];

	cr_assert_str_eq(s->name, "albums_id_seq");
	s->value = -7;
	s->called = false;
	finds(&all, "immich", "sequence public.albums_id_seq: at -7 (not used yet) instead of 5");
}

Test(backup_compare, a_sequence_used_or_not_is_a_difference)
{
	immich()->sequences[0].called = false;
	finds(&all, "immich", "sequence public.albums_id_seq: at 5 (not used yet) instead of 5");
}

Test(backup_compare, a_missing_sequence_is_named)
{
	struct roll_database *d = immich();

	cr_assert_eq(d->sequence_count, 2);
	free(d->sequences[1].schema);
	free(d->sequences[1].name);
	d->sequence_count--;
	finds(&all, "immich", "sequence public.assets_id_seq: missing");
}

Test(backup_compare, a_sequence_too_many_is_named)
{
	struct roll_database *d = roll_database(&want, "immich");

	free(d->sequences[1].schema);
	free(d->sequences[1].name);
	d->sequence_count--;
	finds(&all, "immich", "sequence public.assets_id_seq: not on the roll");
}

Test(backup_compare, large_objects_are_counted)
{
	immich()->large_objects.count++;
	finds(&all, "immich", "large objects: 3 instead of 2");
}

Test(backup_compare, large_objects_are_compared_by_content)
{
	immich()->large_objects.fingerprint.high++;
	finds(&all, "immich", "large objects: the content of the 2 differs");
}

Test(backup_compare, large_objects_are_compared_by_length)
{
	immich()->large_objects.bytes++;
	finds(&all, "immich", "large objects: the content of the 2 differs");
}

Test(backup_compare, a_missing_index_is_named)
{
	struct roll_database *d = immich();

	drop_entry(d->entries, &d->entry_count, entry(d, "INDEX", "assets_name"));
	finds(&(struct compare_options){.entries = true}, "immich",
	      "INDEX public.assets_name: missing");
}

Test(backup_compare, a_grant_too_many_is_named)
{
	struct roll_database *d = roll_database(&want, "immich");

	drop_entry(d->entries, &d->entry_count, entry(d, "ACL", "TABLE assets"));
	finds(&(struct compare_options){.entries = true}, "immich",
	      "ACL public.TABLE assets: not in the dump");
}

Test(backup_compare, another_definition_is_named_unless_only_names_count)
{
	entry(immich(), "EXTENSION", "pg_trgm")->fingerprint.low++;
	finds(&(struct compare_options){.entries = true}, "immich",
	      "EXTENSION pg_trgm: its definition differs");
	finds_nothing(&(struct compare_options){.entries = true, .entry_names_only = true});
	finds_nothing(&(struct compare_options){.ranges = true});
}

Test(backup_compare, two_entries_of_one_name_are_matched_by_their_text)
{
	struct roll_database *w = roll_database(&want, "immich"), *h = immich();
	struct roll_entry *pair[2] = {entry(w, "INDEX", "assets_name"),
				      entry(h, "INDEX", "assets_name")};

	for (size_t i = 0; i < 2; i++) {
		struct roll_entry *other = entry(i ? h : w, "COMMENT", "TABLE assets");

		replace(&other->type, "INDEX");
		replace(&other->name, "assets_name");
		if (i == 1) { /* the other way round */
			struct roll_entry swap = *other;

			*other = *pair[i];
			*pair[i] = swap;
		}
	}
	finds_nothing(&(struct compare_options){.entries = true});
}

Test(backup_compare, a_missing_global_is_shown_as_its_statement)
{
	drop_entry(have.entries, &have.entry_count, global(&have, "GRANT reader"));
	finds(&(struct compare_options){.entries = true}, "",
	      "GRANT reader TO immich GRANTED BY postgres;: missing");
}

Test(backup_compare, the_superuser_s_own_role_may_differ_and_nothing_else)
{
	const struct compare_options o = {.entries = true, .superuser = "postgres"};

	global(&have, "ALTER ROLE postgres WITH")->fingerprint.low++;
	finds_nothing(&o);
	drop_entry(have.entries, &have.entry_count, global(&have, "CREATE ROLE postgres;"));
	finds_nothing(&o);
	finds(&(struct compare_options){.entries = true,
					.superuser = "immich",
					.entry_names_only = true},
	      "", "CREATE ROLE postgres;: missing");
	global(&have, "GRANT reader")->fingerprint.low++;
	finds(&o, "", "GRANT reader TO immich GRANTED BY postgres;: its definition differs");
}

/* Each as the only entry, which the other side lacks. */
Test(backup_compare, only_create_and_alter_with_of_that_very_role_are_the_superuser_s)
{
	static const struct {
		const char *type, *name, *superuser;
		bool tolerated;
	} rows[] = {
	    {"CREATE ROLE", "CREATE ROLE postgres;", "postgres", true},
	    {"ALTER ROLE", "ALTER ROLE postgres WITH SUPERUSER;", "postgres", true},
	    {"CREATE ROLE", "CREATE ROLE \"od;d \"\"x\";", "od;d \"x", true},
	    {"ALTER ROLE", "ALTER ROLE \"od;d \"\"x\" WITH LOGIN;", "od;d \"x", true},
	    {"ALTER ROLE", "ALTER ROLE postgres SET work_mem TO '1';", "postgres", false},
	    {"ALTER ROLE", "ALTER ROLE postgres IN DATABASE x SET a TO '1';", "postgres", false},
	    {"CREATE ROLE", "CREATE ROLE postgres2;", "postgres", false},
	    {"CREATE ROLE", "CREATE ROLE postgre;", "postgres", false},
	    {"CREATE ROLE", "CREATE ROLE \"postgres \";", "postgres", false},
	    {"CREATE ROLE", "CREATE ROLE \"Postgres\";", "postgres", false},
	    {"CREATE ROLE", "CREATE ROLE postgres;", NULL, false},
	    {"COMMENT ON", "COMMENT ON ROLE postgres IS 'x';", "postgres", false},
	    {"GRANT", "GRANT a TO postgres;", "postgres", false},
	    {"CREATE TABLESPACE", "CREATE TABLESPACE postgres OWNER a;", "postgres", false},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CLEANUP(differences_stop) struct differences d = {0};
		CLEANUP(freep) char *type = xstrdup(rows[i].type);
		CLEANUP(freep) char *name = xstrdup(rows[i].name);
		struct roll_entry only = {.type = type, .schema = (char[]){""}, .name = name};
		const struct roll one = {.entries = &only, .entry_count = 1}, none = {0};

		compare_globals(&one, &none,
				&(struct compare_options){.superuser = rows[i].superuser}, &d);
		cr_assert_eq(d.count, rows[i].tolerated ? 0 : 1, "%s", name);
	}
}

Test(backup_compare, a_missing_database_is_one_difference)
{
	replace(&immich()->name, "other");
	CLEANUP(differences_stop) struct differences d = {0};

	compare_rolls(&want, &have, &all, &d);
	cr_assert_eq(d.count, 2);
	cr_assert_str_eq(d.items[0].database, "immich");
	cr_assert_str_eq(d.items[0].what, "the whole database is missing");
	cr_assert_str_eq(d.items[1].database, "other");
	cr_assert_str_eq(d.items[1].what, "the database is not on the roll");
}

Test(backup_compare, what_else_is_of_the_same_dump_is_compared_for_it)
{
	immich()->schema.low++;
	finds(&(struct compare_options){.ranges = true}, "immich", "the definitions differ");
	immich()->schema.low--;

	uint64_t *const places[] = {&immich()->range.at, &immich()->range.end, &immich()->data_at,
				    &immich()->post_at};
	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		++*places[i];
		finds(&all, "immich", "is at another place in the dump");
		finds_nothing(&(struct compare_options){.entries = true});
		--*places[i];
	}
	have.globals.end++;
	finds(&all, "", "the globals are at another place in the dump");
	have.globals.end--;
	have.bytes++;
	CLEANUP(freep)
	char *bytes = xasprintf("%llu bytes of SQL instead of %llu", (unsigned long long)have.bytes,
				(unsigned long long)want.bytes);
	finds(&all, "", bytes);
	have.bytes--;
	finds_nothing(&all);
}

Test(backup_compare, names_of_the_same_dump_are_compared_for_it)
{
	const struct compare_options same = {.ranges = true};

	have.role_count--;
	finds(&same, "", "role reader: missing");
	finds_nothing(&(struct compare_options){.entries = true});
	have.role_count++;
	want.role_count--;
	finds(&same, "", "role reader: not on the roll");
	want.role_count++;
	have.tablespace_count--;
	finds(&same, "", "tablespace fast: missing");
	have.tablespace_count++;
	want.tablespace_count--;
	finds(&same, "", "tablespace fast: not on the roll");
	want.tablespace_count++;
	roll_database(&want, "immich")->extension_count--;
	finds(&same, "immich", "extension pg_trgm: not on the roll");
	roll_database(&want, "immich")->extension_count++;
	immich()->extension_count--; /* a template's own are on the roll, and not in the dump */
	finds_nothing(&same);
	immich()->extension_count++;
}

Test(backup_compare, differences_without_end_are_counted_and_not_kept)
{
	CLEANUP(differences_stop) struct differences d = {0};

	for (int i = 0; i < 3 * DIFFERENCES_KEPT; i++)
		differences_add(&d, i % 2 ? "odd" : "even", "number %d", i);
	cr_assert_eq(d.count, 3 * DIFFERENCES_KEPT);
	cr_assert_eq(differences_of(&d, "odd"), DIFFERENCES_KEPT / 2);
	cr_assert_str_eq(d.items[DIFFERENCES_KEPT - 1].what, "number 999");
}

#define MANY 200000

/* A forged roll, in the order that is worst for who looks from the front. */
static struct roll long_roll(char **texts, bool backwards)
{
	struct roll_database *databases = xcalloc(MANY, sizeof *databases);
	struct roll_sequence *sequences = xcalloc(MANY, sizeof *sequences);
	char **roles = xcalloc(MANY, sizeof *roles);

	for (size_t i = 0; i < MANY; i++) {
		char *text = texts[backwards ? MANY - 1 - i : i];

		databases[i].name = roles[i] = text;
		sequences[i] = (struct roll_sequence){.schema = text, .name = text};
	}
	databases[0].sequences = sequences;
	databases[MANY - 1].sequences = sequences;
	databases[0].sequence_count = databases[MANY - 1].sequence_count = MANY;
	return (struct roll){
	    .databases = databases, .database_count = MANY, .roles = roles, .role_count = MANY};
}

Test(backup_compare, many_names_take_no_longer_than_their_sorting, .timeout = 30)
{
	CLEANUP(differences_stop) struct differences d = {0};
	char **texts = xcalloc(MANY, sizeof *texts);
	struct roll a, b;

	for (size_t i = 0; i < MANY; i++)
		texts[i] = xasprintf("n%06zu", i);
	a = long_roll(texts, false);
	b = long_roll(texts, true);
	compare_rolls(&a, &b, &(struct compare_options){.ranges = true}, &d);
	cr_assert_eq(d.count, 0, "%s: %s", d.items[0].database, d.items[0].what);
	for (size_t i = 0; i < MANY; i++)
		free(texts[i]);
	free(texts);
	for (struct roll *r = &a; r; r = r == &a ? &b : NULL) {
		free(r->databases[0].sequences);
		free(r->databases);
		free(r->roles);
	}
}
