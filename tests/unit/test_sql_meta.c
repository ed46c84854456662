#include "sql/meta.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

/* text is at the end of its memory, as a part of a dump may be. */
static bool parse(const char *text, enum sql_meta *what, char **dbname, struct err *e)
{
	size_t len = strlen(text);
	CLEANUP(freep) char *bare = xcalloc(len ? len : 1, 1);

	memcpy(bare, text, len);
	*dbname = NULL;
	*e = (struct err){0};
	return sql_meta_parse(bare, len, what, dbname, e);
}

static void accept(const char *text, const char *expected)
{
	CLEANUP(freep) char *dbname = NULL;
	enum sql_meta what;
	struct err e;

	cr_assert(parse(text, &what, &dbname, &e), "%s: %s", text, e.text);
	cr_assert_eq(what, SQL_META_CONNECT, "%s", text);
	cr_assert_str_eq(dbname, expected, "%s: %s", text, dbname);
}

static void refuse(const char *text, const char *why)
{
	CLEANUP(freep) char *dbname = NULL;
	enum sql_meta what;
	struct err e;

	cr_assert(!parse(text, &what, &dbname, &e), "%s", text);
	cr_assert_eq(e.kind, ERR_CORRUPT);
	cr_assert(strstr(e.text, why), "%s: %s", text, e.text);
	cr_assert_null(dbname);
}

/* As pg_dumpall of 15.20 and of 18 wrote them for databases of these names. */
Test(sql_meta, every_form_of_connect_that_pg_dump_writes_is_understood)
{
	static const char *const forms[][2] = {
	    {"\\connect postgres", "postgres"},
	    {"\\connect plain_1", "plain_1"},
	    {"\\connect database", "database"},
	    {"\\connect \"1st\"", "1st"},
	    {"\\connect \"Name\"", "Name"},
	    {"\\connect \"a.b\"", "a.b"},
	    {"\\connect \"select\"", "select"},
	    {"\\connect -reuse-previous=on \"dbname=' lead '\"", " lead "},
	    {"\\connect -reuse-previous=on \"dbname='$x'\"", "$x"},
	    {"\\connect -reuse-previous=on \"dbname='-'\"", "-"},
	    {"\\connect -reuse-previous=on \"dbname=':v'\"", ":v"},
	    {"\\connect -reuse-previous=on \"dbname='\\'\\''\"", "''"},
	    {"\\connect -reuse-previous=on \"dbname='\\\\'\"", "\\"},
	    {"\\connect -reuse-previous=on \"dbname='`date`'\"", "`date`"},
	    {"\\connect -reuse-previous=on \"dbname='a b'\"", "a b"},
	    {"\\connect -reuse-previous=on \"dbname='back\\\\slash'\"", "back\\slash"},
	    {"\\connect -reuse-previous=on \"dbname='dbname=\\'x\\''\"", "dbname='x'"},
	    {"\\connect -reuse-previous=on \"dbname='dq\"\"x'\"", "dq\"x"},
	    {"\\connect -reuse-previous=on \"dbname='host=evil dbname=x'\"", "host=evil dbname=x"},
	    {"\\connect -reuse-previous=on \"dbname='it\\'s'\"", "it's"},
	    {"\\connect -reuse-previous=on \"dbname='k=v'\"", "k=v"},
	    {"\\connect -reuse-previous=on \"dbname='postgresql://x'\"", "postgresql://x"},
	    {"\\connect -reuse-previous=on \"dbname='tab\tx'\"", "tab\tx"},
	    {"\\connect -reuse-previous=on \"dbname='|x'\"", "|x"},
	    {"\\connect -reuse-previous=on \"dbname='\303\274n\303\257code'\"",
	     "\303\274n\303\257code"},
	    {"\\connect -reuse-previous=on \"dbname='\374'\"", "\374"},
	    {"\\connect postgres\r", "postgres"},
	    {"\\connect postgres ", "postgres"},
	};

	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
		accept(forms[i][0], forms[i][1]);
	refuse("\\connect -reuse-previous=on \"dbname='a\\\"", "\\connect");
}

Test(sql_meta, what_concerns_psql_alone_is_ignored)
{
	static const char *const ignored[] = {
	    "\\restrict 06KKW0FLPa2b3vyaP9a4MrrOYoqgfJWxnqYaKVxDVG7k",
	    "\\unrestrict 06KKW0FLPa2b3vyaP9a4MrrOYoqgfJWxnqYaKVxDVG7k",
	    "\\restrict",
	    "\\unrestrict\r",
	    "\\encoding SQL_ASCII",
	};

	for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++) {
		CLEANUP(freep) char *dbname = NULL;
		enum sql_meta what;
		struct err e;

		cr_assert(parse(ignored[i], &what, &dbname, &e), "%s: %s", ignored[i], e.text);
		cr_assert_eq(what, SQL_META_IGNORED);
		cr_assert_null(dbname);
	}
}

Test(sql_meta, other_commands_are_refused_by_name)
{
	static const char *const commands[][2] = {
	    {"\\! rm -rf /", "\\! "},
	    {"\\!", "\\!"},
	    {"\\copy t from '/etc/passwd'", "\\copy"},
	    {"\\i /tmp/x.sql", "\\i "},
	    {"\\ir x.sql", "\\ir"},
	    {"\\gexec", "\\gexec"},
	    {"\\g |sh", "\\g "},
	    {"\\o |sh", "\\o"},
	    {"\\set x `id`", "\\set"},
	    {"\\setenv PATH /tmp", "\\setenv"},
	    {"\\c other", "\\c "},
	    {"\\connected x", "\\connected"},
	    {"\\connect\tx", "\\connect"},
	    {"\\restricted x", "\\restricted"},
	    {"\\CONNECT x", "\\CONNECT"},
	    {"\\q", "\\q"},
	    {"\\", "\\"},
	};

	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		refuse(commands[i][0], commands[i][1]);
}

/* psql goes on behind the argument of a command that is ignored here. */
Test(sql_meta, nothing_hides_behind_a_command_that_is_ignored)
{
	static const char *const texts[] = {
	    "\\restrict k \\! id", "\\unrestrict k\\! id", "\\encoding UTF8 \\\\ select 1;",
	    "\\restrict `id`",     "\\encoding :x",        "\\restrict k l",
	};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		refuse(texts[i], "more than a name");
}

Test(sql_meta, connect_to_anything_but_a_database_is_refused)
{
	static const char *const texts[] = {
	    "\\connect",
	    "\\connect ",
	    "\\connect \"\"",
	    "\\connect -",
	    "\\connect \"-\"",
	    "\\connect a b",
	    "\\connect a \"b\"",
	    "\\connect \"a\" b",
	    "\\connect \"a\"\"",
	    "\\connect \"a\"b",
	    "\\connect a\"b\"",
	    "\\connect 'a'",
	    "\\connect :name",
	    "\\connect `id`",
	    "\\connect a|b",
	    "\\connect a\\b",
	    "\\connect - - evil.example 5432",
	    "\\connect a postgres evil.example 5432",
	    "\\connect host=evil.example",
	    "\\connect \"host=evil.example\"",
	    "\\connect \"dbname=a host=evil.example\"",
	    "\\connect postgresql://evil.example/a",
	    "\\connect \"postgresql://evil.example/a\"",
	    "\\connect \"postgres://evil.example/a\"",
	    "\\connect -reuse-previous=off a",
	    "\\connect -reuse-previous=off \"dbname='a'\"",
	    "\\connect -reuse-previous=on",
	    "\\connect \"a b\"",
	    "\\connect \"-U\"",
	    "\\connect -reuse-previous=on a",
	    "\\connect -reuse-previous=on \"a\"",
	    "\\connect -reuse-previous=on \"dbname=a\"",
	    "\\connect -reuse-previous=on dbname='a'",
	    "\\connect -reuse-previous=on \"dbname=''\"",
	    "\\connect -reuse-previous=on \"dbname='a' host='evil.example'\"",
	    "\\connect -reuse-previous=on \"host='evil.example' dbname='a'\"",
	    "\\connect -reuse-previous=on \"dbname='a' dbname='b'\"",
	    "\\connect -reuse-previous=on \"user='x'\"",
	    "\\connect -reuse-previous=on \"dbname = 'a'\"",
	    "\\connect -reuse-previous=on \"postgresql://evil.example/a\"",
	    "\\connect -reuse-previous=on \"dbname='a'\" \"user\"",
	    "\\connect -reuse-previous=on \"dbname='a\"",
	    "\\connect -reuse-previous=on \"dbname='a\\'\"",
	    "\\connect -reuse-previous=on \"dbname='a\\",
	    "\\connect -reuse-previous=on \"dbname='a'",
	    "\\connect -reuse-previous=onx \"dbname='a'\"",
	    "\\connect \"a",
	    "\\connect \"",
	    "\\connect \"a\"\"b",
	};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		refuse(texts[i], "\\connect to something else than a database: \\connect");
}

Test(sql_meta, a_connect_cut_short_anywhere_is_refused)
{
	static const char whole[] = "\\connect -reuse-previous=on \"dbname='it\\'s'\"";

	for (size_t len = 0; len < sizeof whole - 1; len++) {
		CLEANUP(freep) char *text = xstrndup(whole, len);
		CLEANUP(freep) char *dbname = NULL;
		enum sql_meta what;
		struct err e;

		cr_assert(!parse(text, &what, &dbname, &e), "%s", text);
	}
}

Test(sql_meta, a_message_shows_no_more_than_the_command)
{
	static const char text[] = "\\connect a b\nsecret";
	CLEANUP(freep) char *dbname = NULL;
	enum sql_meta what;
	struct err e = {0};

	cr_assert(!sql_meta_parse(text, strlen("\\connect a b"), &what, &dbname, &e));
	cr_assert(!strstr(e.text, "secret"), "%s", e.text);
}
