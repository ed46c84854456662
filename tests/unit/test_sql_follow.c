#include "support/probe.h"
#include "unit/test_sql_rolls.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const samples[] = {"test_sql_pg15.sql", "test_sql_pg18.sql"};

/* The roll as text: what must not depend on the pieces. */
static char *describe(const struct roll *r)
{
	char *out = NULL, hex[FINGERPRINT_HEX];
	size_t len;
	FILE *f = open_memstream(&out, &len);

	fprintf(f, "%d %llu %llu..%llu %s %s\n", r->complete, (unsigned long long)r->bytes,
		(unsigned long long)r->globals.at, (unsigned long long)r->globals.end,
		r->server_version, r->dump_version);
	for (size_t i = 0; i < r->entry_count; i++) {
		fingerprint_hex(r->entries[i].fingerprint, hex);
		fprintf(f, "%s|%s|%s\n", r->entries[i].type, r->entries[i].name, hex);
	}
	for (size_t i = 0; i < r->database_count; i++) {
		const struct roll_database *d = &r->databases[i];

		fingerprint_hex(d->schema, hex);
		fprintf(f, "database %s %llu..%llu..%llu..%llu %d %s\n", d->name,
			(unsigned long long)d->range.at, (unsigned long long)d->data_at,
			(unsigned long long)d->post_at, (unsigned long long)d->range.end,
			d->complete, hex);
		for (size_t j = 0; j < d->table_count; j++) {
			const struct roll_table *t = &d->tables[j];

			fingerprint_hex(t->fingerprint, hex);
			fprintf(f, "table %s|%s|%s %llu %llu %llu..%llu %s\n", t->schema, t->name,
				t->columns, (unsigned long long)t->rows,
				(unsigned long long)t->bytes, (unsigned long long)t->range.at,
				(unsigned long long)t->range.end, hex);
		}
		for (size_t j = 0; j < d->sequence_count; j++)
			fprintf(f, "sequence %s|%s %lld %d\n", d->sequences[j].schema,
				d->sequences[j].name, (long long)d->sequences[j].value,
				d->sequences[j].called);
		fingerprint_hex(d->large_objects.fingerprint, hex);
		fprintf(f, "large objects %llu %llu %s\n",
			(unsigned long long)d->large_objects.count,
			(unsigned long long)d->large_objects.bytes, hex);
		for (size_t j = 0; j < d->entry_count; j++) {
			fingerprint_hex(d->entries[j].fingerprint, hex);
			fprintf(f, "%s|%s|%s|%s\n", d->entries[j].type, d->entries[j].schema,
				d->entries[j].name, hex);
		}
	}
	fclose(f);
	return out;
}

static void check_table(const struct roll_database *d, const char *schema, const char *name,
			const char *columns, const char *const rows[])
{
	const struct roll_table *t = roll_table(d, schema, name);
	struct fingerprint sum = {0};
	size_t count = 0, bytes = 0;

	cr_assert(t, "%s.%s", schema, name);
	for (; rows[count]; count++) {
		fingerprint_add(&sum, fingerprint_of(rows[count], strlen(rows[count])));
		bytes += strlen(rows[count]) + 1;
	}
	cr_expect_str_eq(t->columns, columns);
	cr_expect_eq(t->rows, count, "%s", name);
	cr_expect_eq(t->bytes, bytes, "%s", name);
	cr_expect(fingerprint_equal(t->fingerprint, sum), "%s", name);
}

static void check_tables(const struct roll_database *d)
{
	check_table(d, "Odd.Schema", "T a\"b; Type: TABLE; Schema: foo",
		    "\"c 1\", \"c\"\"2\", \"c,3)\", \"(x\"",
		    (const char *[]){"1\ta\\nb\\tc\\\\.\t\\\\.\t\\\\.\\n-- Database \"x\" dump",
				     "2\t\\N\t\t", NULL});
	check_table(d, "public", "new\nline", "\"a\nb\"",
		    (const char *[]){"\\\\.", "", "-- x", NULL});
	check_table(d, "public", "zero_col", "", (const char *[]){"", "", NULL});
	check_table(d, "public", "empty", "t", (const char *[]){NULL});
	check_table(d, "public", "gen", "id, a",
		    (const char *[]){"5\t5", "1\t1", "2\t2", "3\t3", "4\t4", NULL});
	check_table(d, "public", "twice", "t",
		    (const char *[]){"same", "same",
				     "\xc3\xbc"
				     "bung",
				     NULL});
	check_table(d, "public", "select", "\"from\", stdin",
		    (const char *[]){"copy x from stdin;\t1", NULL});
	cr_expect_eq(d->table_count, 10);
	cr_expect_eq(roll_rows(d), 17);
}

static void check_others(const struct roll_database *d)
{
	struct fingerprint sum = {0};
	char third[2 * 40 + sizeof "10003:"] = "10003:";

	cr_assert_eq(d->sequence_count, 3);
	cr_expect_str_eq(d->sequences[0].schema, "Odd.Schema");
	cr_expect_str_eq(d->sequences[0].name, "Seq'q\"x");
	cr_expect(d->sequences[0].value == -5 && !d->sequences[0].called);
	cr_expect(d->sequences[1].value == 1 && d->sequences[1].called);
	cr_assert_eq(d->extension_count, 2);
	cr_expect_str_eq(d->extensions[0], "hstore");
	cr_expect_str_eq(d->extensions[1], "uuid-ossp");

	for (size_t i = 0; i < 80; i++)
		third[6 + i] = i % 2 ? 'b' : 'a';
	fingerprint_add(&sum, fingerprint_of("10001:010203", 12));
	fingerprint_add(&sum, fingerprint_of("10002:", 6));
	fingerprint_add(&sum, fingerprint_of(third, sizeof third - 1));
	cr_expect_eq(d->large_objects.count, 3);
	cr_expect_eq(d->large_objects.bytes, 43);
	cr_expect(fingerprint_equal(d->large_objects.fingerprint, sum));
}

static void check_ranges(const struct roll *r, const char *text)
{
	uint64_t at = r->globals.end;

	cr_expect_eq(r->globals.at, 0);
	for (size_t i = 0; i < r->database_count; i++) {
		const struct roll_database *d = &r->databases[i];

		cr_expect_eq(d->range.at, at, "%s", d->name);
		cr_expect_eq(strncmp(text + at, "--\n-- Database \"", 16), 0);
		for (size_t j = 0; j < d->table_count; j++) {
			const struct range *t = &d->tables[j].range;

			cr_expect_eq(strncmp(text + t->at, "COPY ", 5), 0);
			cr_expect_eq(strncmp(text + t->end - 4, "\n\\.\n", 4), 0);
			cr_expect(d->data_at < t->at && t->end < d->post_at);
		}
		at = d->range.end;
	}
	cr_expect_str_eq(text + at, "--\n-- PostgreSQL database cluster dump complete\n--\n\n");
}

Test(sql_follow, real_dumps_are_on_the_roll)
{
	for (size_t i = 0; i < 2; i++) {
		size_t len;
		CLEANUP(freep) char *text = sample_dump(samples[i], &len);
		struct roll r;
		const struct roll_database *d;

		follow_ok(text, &(struct follow_options){.entries = true}, &r);
		cr_expect(r.complete);
		cr_expect_eq(r.bytes, len);
		cr_expect_eq(strncmp(r.server_version, i ? "18.6 (" : "15.20 (", 6), 0);
		cr_expect_str_eq(r.server_version, r.dump_version);
		cr_assert_eq(r.database_count, 4);
		cr_expect_str_eq(r.databases[0].name, "template1");
		cr_expect_str_eq(r.databases[2].name, "postgres");
		cr_expect_str_eq(r.databases[3].name, "we\"ird; 'X'");
		cr_expect_eq(r.databases[2].data_at, r.databases[2].range.end);
		d = roll_database(&r, "app");
		cr_assert(d);
		check_tables(d);
		check_others(d);
		check_ranges(&r, text);
		cr_expect_eq(strncmp(text + d->data_at, "--\n-- Data for Name: T a\"b;", 27), 0);
		cr_expect_eq(strncmp(text + d->post_at, "--\n-- Name: gen gen_pkey;", 25), 0);
		roll_stop(&r);
	}
}

Test(sql_follow, globals_are_entries_without_secrets)
{
	for (size_t i = 0; i < 2; i++) {
		size_t len, passwords = 0, secrets = 0;
		CLEANUP(freep) char *text = sample_dump(samples[i], &len);
		struct roll r;

		follow_ok(text, &(struct follow_options){.entries = true}, &r);
		cr_assert_eq(r.role_count, 3);
		cr_expect_str_eq(r.roles[0], "Bob; \"x\"");
		cr_assert_eq(r.tablespace_count, 1);
		cr_expect_str_eq(r.tablespaces[0], "ts1");
		cr_assert_eq(r.entry_count, 10);
		for (size_t j = 0; j < r.entry_count; j++) {
			const struct roll_entry *n = &r.entries[j];
			CLEANUP(freep) char *line = xasprintf("%s\n", n->name);

			cr_expect_eq(strncmp(n->name, n->type, strlen(n->type)), 0);
			secrets +=
			    !fingerprint_equal(n->fingerprint, fingerprint_of(line, strlen(line)));
			cr_expect_not(strstr(n->name, "SCRAM"));
			cr_expect_not(strstr(n->name, "LOCATION"));
			passwords += strstr(n->name, "PASSWORD") != NULL;
		}
		cr_expect_eq(secrets, 1, "%zu fingerprints are of more than the name", secrets);
		cr_expect_eq(passwords, 1, "in a comment, where it is none");
		cr_expect_str_eq(r.entries[9].name, "CREATE TABLESPACE ts1 OWNER postgres;");
		roll_stop(&r);
	}
}

Test(sql_follow, entries_are_what_the_headers_say)
{
	for (size_t i = 0; i < 2; i++) {
		size_t len;
		CLEANUP(freep) char *text = sample_dump(samples[i], &len);
		struct roll r;
		const struct roll_database *d;

		follow_ok(text, &(struct follow_options){.entries = true}, &r);
		d = roll_database(&r, "app");
		cr_expect(find_entry(d, "DATABASE", "", "app"));
		cr_expect(find_entry(d, "DATABASE PROPERTIES", "", "app"));
		cr_expect(find_entry(d, "ACL", "", "DATABASE app"));
		cr_expect(find_entry(d, "TABLE", "Odd.Schema", "T a\"b; Type: TABLE; Schema: foo"));
		cr_expect(find_entry(d, "COMMENT", "public", "COLUMN gen.a"));
		cr_expect(find_entry(d, "FK CONSTRAINT", "public", "fk fk_a_fkey"));
		cr_expect(find_entry(d, "INDEX", "public", "gen_a"));
		cr_expect_not(find_entry(d, "TABLE", "public", "fake"));
		for (size_t j = 0; j < d->entry_count; j++)
			cr_expect_not(strstr(d->entries[j].type, "DATA") &&
					  strncmp(d->entries[j].type, "DATABASE", 8) != 0 &&
					  strcmp(d->entries[j].type, "BLOB METADATA") != 0,
				      "%s", d->entries[j].type);
		roll_stop(&r);
	}
}

static struct fingerprint definition(const char *columns, const char *rest)
{
	CLEANUP(freep)
	char *text = xasprintf("--\n-- PostgreSQL database dump\n--\n\n--\n"
			       "-- Name: t; Type: TABLE; Schema: public; Owner: o\n--\n\n"
			       "CREATE TABLE public.t (\n%s\n)%s;\n\n--\n"
			       "-- PostgreSQL database dump complete\n--\n\n",
			       columns, rest);
	struct follow_options o = {.entries = true, .part = true, .database = "d"};
	struct fingerprint f;
	struct roll r;

	follow_ok(text, &o, &r);
	cr_assert_eq(r.databases[0].entry_count, 1);
	f = r.databases[0].entries[0].fingerprint;
	roll_stop(&r);
	return f;
}

Test(sql_follow, columns_have_an_order_unless_the_table_inherits)
{
	static const char two[] = "a numeric(3,1),\n b text DEFAULT ','::text";
	static const char other_order[] = "b text DEFAULT ','::text,\n a numeric(3,1)";
	static const char other_type[] = "a numeric(3,2),\n b text DEFAULT ','::text";
	static const char inherits[] = "\nINHERITS (public.p, public.q)";

	cr_expect_not(fingerprint_equal(definition(two, ""), definition(other_order, "")));
	cr_expect(fingerprint_equal(definition(two, inherits), definition(other_order, inherits)));
	cr_expect_not(
	    fingerprint_equal(definition(two, inherits), definition(other_type, inherits)));
	cr_expect_not(fingerprint_equal(definition(two, inherits),
					definition(two, "\nINHERITS (public.q, public.p)")));
	cr_expect(fingerprint_equal(definition("", inherits), definition("", inherits)));
}

Test(sql_follow, the_roll_does_not_depend_on_the_pieces)
{
	for (size_t i = 0; i < 2; i++) {
		size_t len;
		CLEANUP(freep) char *text = sample_dump(samples[i], &len);
		struct follow_options o = {.entries = true};
		struct roll r;
		CLEANUP(freep) char *want = NULL;

		follow_ok(text, &o, &r);
		want = describe(&r);
		roll_stop(&r);
		for (size_t piece = 1; piece < 200; piece += piece / 8 + 1) {
			struct err e = {0};
			CLEANUP(freep) char *got = NULL;

			r = (struct roll){0};
			cr_assert(follow(text, len, piece, &o, &r, &e), "%s", e.text);
			got = describe(&r);
			cr_expect_str_eq(got, want, "pieces of %zu", piece);
			roll_stop(&r);
		}
	}
}

Test(sql_follow, a_dump_cut_anywhere_is_refused)
{
	for (size_t i = 0; i < 2; i++) {
		size_t len, whole;
		CLEANUP(freep) char *text = sample_dump(samples[i], &len);

		for (whole = len; isspace((unsigned char)text[whole - 1]);)
			whole--;
		for (size_t cut = 0; cut < len; cut++) {
			struct roll r = {0};
			struct err e = {0};
			bool ok = follow(text, cut, SIZE_MAX, &(struct follow_options){0}, &r, &e);

			cr_assert_eq(ok, cut >= whole, "%s cut at %zu of %zu: %s", samples[i], cut,
				     len, e.text);
			cr_assert(ok || e.kind == ERR_CORRUPT);
			roll_stop(&r);
		}
	}
}

/* The part of one database, which has a \unrestrict as its last line. */
Test(sql_follow, a_part_cut_anywhere_is_refused_once_it_began)
{
	for (size_t i = 0; i < 2; i++) {
		size_t len, begun, end;
		CLEANUP(freep) char *text = sample_dump(samples[i], &len);
		struct follow_options o = {.part = true};
		struct roll r;

		follow_ok(text, &(struct follow_options){0}, &r);
		begun = (size_t)r.databases[3].range.at;
		end = (size_t)r.databases[3].range.end;
		roll_stop(&r);
		for (; isspace((unsigned char)text[end - 1]); end--)
			;
		text[end] = '\0';
		o.at = begun;
		follow_ok(text + begun, &o, &r);
		cr_assert_eq(r.database_count, 1);
		cr_expect_eq(r.databases[0].range.at, begun);
		cr_expect_eq(r.databases[0].range.end, end);
		cr_expect(r.complete);
		roll_stop(&r);
		for (size_t cut = (size_t)(strstr(text + begun, "database dump\n") - text) + 14;
		     cut < end; cut++) {
			struct err e = {0};

			r = (struct roll){0};
			cr_assert_not(follow(text + begun, cut - begun, SIZE_MAX, &o, &r, &e),
				      "cut at %zu", cut);
			roll_stop(&r);
		}
	}
}

Test(sql_follow, bytes_go_on_unchanged_and_failures_surface)
{
	size_t len;
	CLEANUP(freep) char *text = sample_dump(samples[0], &len);

	for (size_t limit = 0; limit <= len; limit += limit + 97 < len ? 97 : 1) {
		struct probe far;
		struct roll r = {0};
		struct err e = {0};
		bool ok = true;

		probe_init(&far, limit);
		struct sink *f = sink_follow(&far.sink, &(struct follow_options){0}, &r);
		for (size_t at = 0; ok && at < len; at += 100)
			ok = sink_write(f, text + at, len - at < 100 ? len - at : 100, &e);
		ok = ok && sink_commit(f, &e);
		cr_assert_eq(ok, limit == len);
		cr_assert_eq(far.committed, ok);
		cr_assert(ok || e.kind == ERR_TRANSIENT);
		cr_assert(!ok || memcmp(far.data, text, len) == 0);
		sink_free(f);
		roll_stop(&r);
		probe_stop(&far);
	}
}

Test(sql_follow, a_refused_dump_is_not_committed)
{
	struct probe far;
	struct roll r = {0};
	struct err e = {0};

	probe_init(&far, SIZE_MAX);
	struct sink *f = sink_follow(&far.sink, &(struct follow_options){0}, &r);
	cr_expect(sink_write(f, "select 1;\n", 10, &e));
	cr_expect_not(sink_commit(f, &e));
	cr_expect_not(far.committed);
	sink_free(f);
	roll_stop(&r);
	probe_stop(&far);
}
