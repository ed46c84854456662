#include "sql/entry.h"

#include <criterion/criterion.h>
#include <string.h>

Test(sql_entry, only_the_settings_that_pg_dump_writes_belong_to_no_entry)
{
	static const struct {
		const char *text;
		bool setting;
	} rows[] = {
	    {"SET default_tablespace = fast;", true},
	    {"SET default_table_access_method = heap2;", true},
	    {"SET default_tablespace TO fast;", false},
	    {"SET work_mem = 1;", false},
	    {"SELECT 1;", false},
	};
	CLEANUP(entry_stop) struct entry n = {0};

	entry_init(&n);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		cr_assert_eq(entry_setting(&n, rows[i].text, strlen(rows[i].text)), rows[i].setting,
			     "%s", rows[i].text);
	cr_assert_str_eq(n.tablespace, "fast");
	cr_assert_str_eq(n.access_method, "heap2");
}
