#include "sql/roll.h"

#include <criterion/criterion.h>
#include <string.h>

Test(sql_roll, a_sum_of_fingerprints_carries)
{
	struct fingerprint sum = {.high = 1, .low = UINT64_MAX};

	fingerprint_add(&sum, (struct fingerprint){.high = 2, .low = 2});
	cr_expect(fingerprint_equal(sum, (struct fingerprint){.high = 4, .low = 1}));
	sum = (struct fingerprint){.high = UINT64_MAX, .low = UINT64_MAX};
	fingerprint_add(&sum, (struct fingerprint){.low = 1});
	cr_expect(fingerprint_equal(sum, (struct fingerprint){0}));
	cr_expect_not(fingerprint_equal(sum, (struct fingerprint){.low = 1}));
	cr_expect_not(fingerprint_equal(sum, (struct fingerprint){.high = 1}));
}

Test(sql_roll, a_fingerprint_reads_back_from_its_digits)
{
	struct fingerprint f = {.high = 0x0123456789abcdef, .low = 0xfedcba9876543210}, g;
	char hex[FINGERPRINT_HEX];

	fingerprint_hex(f, hex);
	cr_expect_str_eq(hex, "0123456789abcdeffedcba9876543210");
	cr_expect(fingerprint_parse(hex, &g) && fingerprint_equal(f, g));
	for (size_t i = 0; i < 32; i++) {
		char bad[FINGERPRINT_HEX];

		memcpy(bad, hex, sizeof bad);
		bad[i] = 'g';
		cr_expect_not(fingerprint_parse(bad, &g));
		bad[i] = '\0';
		cr_expect_not(fingerprint_parse(bad, &g));
	}
	cr_expect_not(fingerprint_parse("0123456789abcdeffedcba98765432100", &g));
}

/* xxHash's own test vector: XXH3_128bits of nothing, seed 0. */
Test(sql_roll, fingerprints_are_xxh3)
{
	char hex[FINGERPRINT_HEX];

	fingerprint_hex(fingerprint_of("", 0), hex);
	cr_expect_str_eq(hex, "99aa06d3014798d86001c324468d497f");
}

Test(sql_roll, things_are_found_by_name)
{
	char first[] = "a", second[] = "b", t[] = "t", x[] = "x", y[] = "y";
	struct roll_table tables[] = {{.schema = first, .name = t, .rows = 3},
				      {.schema = second, .name = t, .rows = 4}};
	struct roll_database databases[] = {{.name = x},
					    {.name = y, .tables = tables, .table_count = 2}};
	struct roll roll = {.databases = databases, .database_count = 2};

	cr_expect_eq(roll_database(&roll, "y"), &databases[1]);
	cr_expect_null(roll_database(&roll, "z"));
	cr_expect_eq(roll_table(&databases[1], "b", "t"), &tables[1]);
	cr_expect_null(roll_table(&databases[1], "c", "t"));
	cr_expect_null(roll_table(&databases[0], "b", "t"));
	cr_expect_eq(roll_rows(&databases[1]), 7);
	cr_expect_eq(roll_rows(&databases[0]), 0);
}

Test(sql_roll, stopping_an_empty_roll_does_nothing)
{
	struct roll roll = {0};

	roll_stop(&roll);
	roll_stop(&roll);
}
