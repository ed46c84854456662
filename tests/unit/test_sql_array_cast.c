#include "sql/array_cast.h"

#include "sql/entry.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

/* Terminated by NUL; NULL when nothing changes. The text is copied, so that its end is one. */
static char *push(const char *text, size_t len)
{
	CLEANUP(freep) char *copy = xcalloc(1, len + !len);
	size_t pushed_len = 0;

	memcpy(copy, text, len);
	CLEANUP(freep) char *pushed = array_cast_push(copy, len, &pushed_len);
	return pushed ? xstrndup(pushed, pushed_len) : NULL;
}

/* As PostgreSQL writes it, and writes it once it read that. */
static const struct {
	const char *made, *read;
} forms[] = {
    {"CHECK (((status)::text = ANY ((ARRAY['a'::character varying, 'b'::character "
     "varying])::text[])))",
     "CHECK (((status)::text = ANY (ARRAY[('a'::character varying)::text, ('b'::character "
     "varying)::text])))"},
    {"(ARRAY[1, '-3'::integer])::numeric(10,-2)[]",
     "ARRAY[(1)::numeric(10,-2), ('-3'::integer)::numeric(10,-2)]"},
    {"f(VARIADIC (ARRAY[d])::timestamp(3) with time zone[])",
     "f(VARIADIC ARRAY[(d)::timestamp(3) with time zone])"},
    {"(ARRAY[x])::\"Odd [S],\".\"t, \"\"[x]::\"[]", "ARRAY[(x)::\"Odd [S],\".\"t, \"\"[x]::\"]"},
    {"(ARRAY[x, y])::public.t[] || (ARRAY[z])::text[]",
     "ARRAY[(x)::public.t, (y)::public.t] || ARRAY[(z)::text]"},
    {"(ARRAY[ARRAY[1, 2], ARRAY[3, 4]])::numeric[]",
     "ARRAY[ARRAY[(1)::numeric, (2)::numeric], ARRAY[(3)::numeric, (4)::numeric]]"},
    {"(ARRAY[ARRAY[a, b], (ARRAY['x'::text])::character varying[]])::text[]",
     "ARRAY[ARRAY[(a)::text, (b)::text], ARRAY[(('x'::text)::character varying)::text]]"},
    {"ARRAY[ARRAY[(a)::text], (ARRAY[('x'::text)::character varying])::text[]]",
     "ARRAY[ARRAY[(a)::text], ARRAY[(('x'::text)::character varying)::text]]"},
    {"(ARRAY[list, ARRAY[b, 'a'::character varying]])::text[]",
     "ARRAY[(list)::text[], ARRAY[(b)::text, ('a'::character varying)::text]]"},
    {"(ARRAY[list, '{a,b}'::character varying[]])::text[]",
     "ARRAY[(list)::text[], ('{a,b}'::character varying[])::text[]]"},
    {"(ARRAY[ARRAY[]::character varying[], list])::text[]",
     "ARRAY[(ARRAY[]::character varying[])::text[], (list)::text[]]"},
    {"(ARRAY[( SELECT x\n   FROM t\n LIMIT 1), f((ARRAY[1])::bigint[])])::text[]",
     "ARRAY[(( SELECT x\n   FROM t\n LIMIT 1))::text, (f(ARRAY[(1)::bigint]))::text]"},
    {"(ARRAY['it''s, [', E'\\', ]', '])::x[]', \"a, ]\", $1])::text[]",
     "ARRAY[('it''s, [')::text, (E'\\', ]')::text, ('])::x[]')::text, (\"a, ]\")::text, "
     "($1)::text]"},
    {"((ARRAY[a, b[1], f(c, d)])::text[] COLLATE \"C\")",
     "(ARRAY[(a)::text, (b[1])::text, (f(c, d))::text] COLLATE \"C\")"},
    {"((ARRAY[a])::text[])[1]", "(ARRAY[(a)::text])[1]"},
    {"x[(ARRAY[a])::integer[]]", "x[ARRAY[(a)::integer]]"},
    /* neither this cast */
    {"SELECT 1", NULL},
    {"ARRAY[('a'::character varying)::text]", NULL},
    {"(ARRAY[]::character varying[])::text[]", NULL},
    {"(ARRAY[])::text[]", NULL},
    {"(ARRAY[a] COLLATE \"C\")::text[]", NULL},
    {"(ARRAY[a] || ARRAY[b])::text[]", NULL},
    {"(x || ARRAY[b])::text[]", NULL},
    {"(ARRAY[a])::public.list", NULL},
    {"(ARRAY[a])::text[][1]", NULL},
    {"(ARRAY[a])::text", NULL},
    {"(ARRAY[a])::text || x[1]", NULL},
    {"(ARRAY[a])::[]", NULL},
    {"(ARRAY[a])::f(x + 1)[]", NULL},
    {"f(ARRAY[a])::text[]", NULL},
    {"\"f\"(ARRAY[a])::text[]", NULL},
    {"x[1](ARRAY[a])::text[]", NULL},
    {"(ARRAY(SELECT a))::text[]", NULL},
    {"(array[a])::text[]", NULL},
    {"(MYARRAY[a])::text[]", NULL},
    {"(ARRAY [a])::text[]", NULL},
    /* nor in quotes */
    {"AS $$ BEGIN RETURN (ARRAY[a])::text[]; END $$", NULL},
    {"AS $_$ (ARRAY[a])::text[] $$ $_$", NULL},
    {"AS '(ARRAY[a])::text[]'", NULL},
    {"'''(ARRAY[a])::text[]'", NULL},
    {"E'\\'(ARRAY[a])::text[]'", NULL},
    {"\"(ARRAY[a])::text[]\"", NULL},
    {"1 /* (ARRAY[a])::text[] */", NULL},
    {"1 -- (ARRAY[a])::text[]", NULL},
    /* nor where it cannot be told */
    {"((ARRAY[a])::text[]", NULL},
    {"(ARRAY[a])::text[])", NULL},
    {"(ARRAY[a)]::text[]", NULL},
    {"(ARRAY[(a])::text[])", NULL},
    {"'(ARRAY[a])::text[]", NULL},
};

Test(sql_array_cast, both_forms_become_the_one_that_was_read)
{
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		CLEANUP(freep) char *made = push(forms[i].made, strlen(forms[i].made));

		if (!forms[i].read) {
			cr_expect_null(made, "%s became %s", forms[i].made, made);
			continue;
		}
		cr_assert(made, "%s stayed", forms[i].made);
		cr_expect_str_eq(made, forms[i].read);
		CLEANUP(freep) char *again = push(made, strlen(made));
		cr_expect_null(again, "%s became %s", made, again);
	}
}

Test(sql_array_cast, what_is_cut_anywhere_or_has_any_other_byte_is_pushed_once)
{
	static const char others[] = "()[],:'\"$aA \\/-*";

	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		size_t len = strlen(forms[i].made);

		for (size_t cut = 0; cut <= len; cut++) {
			CLEANUP(freep) char *once = push(forms[i].made, cut);
			CLEANUP(freep) char *twice = once ? push(once, strlen(once)) : NULL;

			cr_expect_null(twice, "%s became %s", once, twice);
		}
		for (size_t at = 0; at < len * (sizeof others - 1); at++) {
			CLEANUP(freep) char *text = xstrdup(forms[i].made);

			text[at % len] = others[at / len];
			CLEANUP(freep) char *once = push(text, len);
			CLEANUP(freep) char *twice = once ? push(once, strlen(once)) : NULL;

			cr_expect_null(twice, "%s: %s became %s", text, once, twice);
		}
	}
}

Test(sql_array_cast, other_values_types_and_orders_stay_others)
{
	static const char *const texts[] = {
	    "(ARRAY['a'::character varying, 'b'::character varying])::text[]",
	    "(ARRAY['a'::character varying, 'c'::character varying])::text[]",
	    "(ARRAY['b'::character varying, 'a'::character varying])::text[]",
	    "(ARRAY['a'::character varying])::text[]",
	    "(ARRAY['a'::bpchar, 'b'::bpchar])::text[]",
	    "(ARRAY['a'::character varying, 'b'::character varying])::bpchar[]",
	    "(ARRAY['a'::character varying, 'b'::character varying])::character varying(1)[]",
	    "(ARRAY['a'::character varying, 'b'::character varying])::character varying(2)[]",
	    "(ARRAY['a'::character varying, 'b'::character varying])::public.text[]",
	    "(ARRAY['a'::character varying, 'b'::character varying])::\"Text\"[]",
	    "(ARRAY['a, b'::character varying])::text[]",
	    "(ARRAY[ARRAY['a'::character varying, 'b'::character varying]])::text[]",
	    "ARRAY['a'::character varying, ('b'::character varying)::text]",
	};
	size_t count = sizeof texts / sizeof *texts;
	char *pushed[sizeof texts / sizeof *texts];

	for (size_t i = 0; i < count; i++) {
		pushed[i] = push(texts[i], strlen(texts[i]));
		pushed[i] = pushed[i] ? pushed[i] : xstrdup(texts[i]);
		for (size_t j = 0; j < i; j++)
			cr_expect_str_neq(pushed[i], pushed[j]);
	}
	for (size_t i = 0; i < count; i++)
		free(pushed[i]);
}

static char *repeated(const char *piece, size_t bytes)
{
	size_t len = strlen(piece), count = bytes / len;
	char *text = xcalloc(1, count * len + 1);

	for (size_t i = 0; i < count; i++)
		memcpy(text + i * len, piece, len);
	return text;
}

/* Seconds each, were any of it more than linear. */
Test(sql_array_cast, hostile_text_takes_linear_time_and_stays, .timeout = 120)
{
	static const struct {
		const char *piece, *behind, *close;
	} rows[] = {
	    {"(ARRAY[", "1", "])::text[]"},
	    {"(ARRAY[", "", ""},
	    {"ARRAY[", "1", "]"},
	    {"(", "(ARRAY[1])::text[]", ")"},
	    {"[", "(ARRAY[1])::text[]", "]"},
	    {"f((ARRAY[1, ", "1", "])::text[])"},
	    {"(ARRAY[1])::text[], ", "", ""},
	    {"(ARRAY[1])::text ", "", ""},
	    {"(ARRAY[1])::t(1,", "", ""},
	    {"(ARRAY[a])::\"", "", ""},
	    {"(ARRAY[$a$", "", ""},
	    {"(ARRAY[/*", "", ""},
	    {"(ARRAY['", "", ""},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CLEANUP(freep) char *open = repeated(rows[i].piece, 4 * MIB);
		size_t count = strlen(open) / strlen(rows[i].piece);
		CLEANUP(freep)
		char *close = repeated(rows[i].close[0] ? rows[i].close : " ",
				       count * strlen(rows[i].close[0] ? rows[i].close : " "));
		CLEANUP(freep) char *text = xasprintf("%s%s%s", open, rows[i].behind, close);
		CLEANUP(freep) char *pushed = push(text, strlen(text));

		cr_expect_null(pushed, "%s", rows[i].piece);
	}
}

Test(sql_array_cast, a_long_list_is_pushed_and_one_that_would_become_huge_stays)
{
	CLEANUP(freep) char *items = repeated("1, ", 300000);
	CLEANUP(freep) char *name = repeated("t", 1000);
	CLEANUP(freep) char *list = xasprintf("(ARRAY[%s1])::bigint[]", items);
	CLEANUP(freep) char *huge = xasprintf("(ARRAY[%s1])::%s[]", items, name);
	CLEANUP(freep) char *pushed = push(list, strlen(list));
	CLEANUP(freep) char *stays = push(huge, strlen(huge));

	cr_assert(pushed);
	cr_expect_eq(strlen(pushed), strlen("ARRAY[]") + 100001 * strlen("(1)::bigint, ") - 2);
	cr_expect_null(stays);
}

static struct roll_database entry_of(const char *text, uint64_t full_len)
{
	static const char comment[] = "-- Name: t; Type: TABLE; Schema: public; Owner: o";
	CLEANUP(entry_stop) struct entry n = {0};
	struct roll_database d = {0};

	entry_init(&n);
	cr_assert(entry_begin(&n, comment, strlen(comment)));
	entry_statement(&n, text, strlen(text), full_len);
	entry_end(&n, &d, true);
	cr_assert_eq(d.entry_count, 1);
	return d;
}

static void forget(struct roll_database *d)
{
	free(d->entries[0].type);
	free(d->entries[0].schema);
	free(d->entries[0].name);
	free(d->entries);
}

/* docs/FORMAT.md: definitions. */
static struct fingerprint sum_of(const char *text)
{
	static const char head[] = "TABLE\0public\0t";
	CLEANUP(freep)
	char *all = xasprintf("TABLE%cpublic%ct%cdefault_tablespace = ''\n"
			      "default_table_access_method = heap\n%s\n",
			      0, 0, 0, text);

	return fingerprint_of(all, sizeof head + strlen(all + sizeof head));
}

Test(sql_array_cast, entries_are_compared_pushed_and_a_manifests_sum_is_of_the_text)
{
	static const char *const behind[] = {";", " INHERITS (public.a);"};

	for (size_t i = 0; i < 2; i++) {
		CLEANUP(freep)
		char *made = xasprintf("CREATE TABLE public.t (x integer, CHECK ((x = ANY "
				       "((ARRAY[1, 2])::bigint[]))))%s",
				       behind[i]);
		CLEANUP(freep)
		char *read = xasprintf("CREATE TABLE public.t (x integer, CHECK ((x = ANY "
				       "(ARRAY[(1)::bigint, (2)::bigint]))))%s",
				       behind[i]);
		struct roll_database a = entry_of(made, strlen(made));
		struct roll_database b = entry_of(read, strlen(read));
		struct roll_database cut = entry_of(made, strlen(made) + 1);
		struct fingerprint f = a.entries[0].fingerprint;

		cr_expect(fingerprint_equal(f, b.entries[0].fingerprint));
		cr_expect_not(fingerprint_equal(f, cut.entries[0].fingerprint));
		cr_expect(fingerprint_equal(a.schema, sum_of(made)));
		cr_expect(fingerprint_equal(b.schema, sum_of(read)));
		forget(&a);
		forget(&b);
		forget(&cut);
	}
}
