#include "backup/rewrite.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

TestSuite(backup_rewrite);

struct row {
	const char *text, *changed; /* NULL: as is */
};

/* What is left out leaves white space. */
static void squeeze(char *text)
{
	char *to = text;

	for (const char *p = text; *p; p++)
		if (*p != ' ' || p[1] != ' ')
			*to++ = *p;
	*to = '\0';
}

static void check(const struct rewrite_options *o, const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t len = strlen(rows[i].text);
		CLEANUP(freep) char *bare = xcalloc(len, 1); /* not ended by NUL */
		CLEANUP(freep) char *out = NULL;

		memcpy(bare, rows[i].text, len);
		enum rewrite_verdict verdict = rewrite_statement(o, bare, len, &out);
		cr_assert_eq(verdict, rows[i].changed ? REWRITE_CHANGED : REWRITE_AS_IS, "%s: %s",
			     rows[i].text, out ? out : "as is");
		if (out)
			squeeze(out);
		if (rows[i].changed)
			cr_assert_str_eq(out, rows[i].changed);
		else
			cr_assert_null(out);
	}
}
#define CHECK(o, rows) check(o, rows, sizeof rows / sizeof *rows)

static enum rewrite_verdict verdict_of(const struct rewrite_options *o, const char *text)
{
	CLEANUP(freep) char *out = NULL;

	return rewrite_statement(o, text, strlen(text), &out);
}

Test(backup_rewrite, creating_the_own_role_is_expected_to_fail)
{
	const struct rewrite_options o = {.own_role = "postgres"};
	const struct rewrite_options odd = {.own_role = "Odd \" role;"};

	cr_assert_eq(verdict_of(&o, "CREATE ROLE postgres;"), REWRITE_EXISTING_OWN_ROLE);
	cr_assert_eq(verdict_of(&o, "CREATE ROLE \"postgres\";"), REWRITE_EXISTING_OWN_ROLE);
	cr_assert_eq(verdict_of(&odd, "CREATE ROLE \"Odd \"\" role;\";"),
		     REWRITE_EXISTING_OWN_ROLE);
	cr_assert_eq(verdict_of(&o, "CREATE ROLE postgres2;"), REWRITE_AS_IS);
	cr_assert_eq(verdict_of(&o, "CREATE ROLE \"Postgres\";"), REWRITE_AS_IS);
	cr_assert_eq(verdict_of(&o, "CREATE TABLE postgres (a int);"), REWRITE_AS_IS);
	cr_assert_eq(verdict_of(&(struct rewrite_options){0}, "CREATE ROLE postgres;"),
		     REWRITE_AS_IS);
}

Test(backup_rewrite, the_own_role_is_not_locked_out)
{
	const struct rewrite_options o = {.own_role = "postgres"};
	static const struct row rows[] = {
	    {"ALTER ROLE postgres WITH SUPERUSER INHERIT LOGIN REPLICATION BYPASSRLS PASSWORD "
	     "'SCRAM-SHA-256$4096:x' VALID UNTIL '2020-01-01 00:00:00+00';",
	     "ALTER ROLE postgres WITH SUPERUSER INHERIT LOGIN REPLICATION BYPASSRLS ;"},
	    {"ALTER ROLE postgres WITH NOSUPERUSER NOINHERIT NOLOGIN CONNECTION LIMIT 3;",
	     "ALTER ROLE postgres WITH NOINHERIT CONNECTION LIMIT 3;"},
	    {"ALTER ROLE postgres WITH SUPERUSER;", "ALTER ROLE postgres WITH SUPERUSER;"},
	    {"ALTER ROLE postgres SET password_encryption TO 'md5';", NULL},
	    {"ALTER ROLE postgres IN DATABASE a SET work_mem TO '1';", NULL},
	    {"ALTER ROLE other WITH NOSUPERUSER NOLOGIN PASSWORD 'x' VALID UNTIL 'infinity';",
	     NULL},
	    {"ALTER ROLE \"Postgres\" WITH NOLOGIN PASSWORD 'x';", NULL},
	    {"ALTER USER MAPPING FOR postgres SERVER s OPTIONS (password 'x');", NULL},
	    {"GRANT a TO postgres;", NULL},
	};

	CHECK(&o, rows);
}

Test(backup_rewrite, a_role_called_like_a_keyword_of_it_keeps_its_name)
{
	static const struct {
		const char *role, *text, *changed;
	} rows[] = {
	    {"password", "ALTER ROLE password WITH LOGIN PASSWORD 'x';",
	     "ALTER ROLE password WITH LOGIN ;"},
	    {"valid", "ALTER ROLE valid WITH LOGIN NOSUPERUSER;", "ALTER ROLE valid WITH LOGIN ;"},
	    {"nologin", "ALTER ROLE nologin WITH NOLOGIN;", "ALTER ROLE nologin WITH ;"},
	    {"od;d \"WITH PASSWORD", "ALTER ROLE \"od;d \"\"WITH PASSWORD\" WITH PASSWORD E'\\'x';",
	     "ALTER ROLE \"od;d \"\"WITH PASSWORD\" WITH ;"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct rewrite_options o = {.own_role = rows[i].role};
		const struct row row = {rows[i].text, rows[i].changed};

		check(&o, &row, 1);
	}
}

Test(backup_rewrite, tablespaces_become_in_place_ones)
{
	const struct rewrite_options o = {.in_place_tablespaces = true};
	static const struct row rows[] = {
	    {"CREATE TABLESPACE fast OWNER postgres LOCATION '/srv/fast';",
	     "CREATE TABLESPACE fast OWNER postgres LOCATION '';"},
	    {"CREATE TABLESPACE \"a LOCATION 'x'\" OWNER b LOCATION E'/srv\\'/x';",
	     "CREATE TABLESPACE \"a LOCATION 'x'\" OWNER b LOCATION '';"},
	    {"CREATE TABLESPACE location OWNER location LOCATION '/srv' WITH (seq_page_cost='1');",
	     "CREATE TABLESPACE location OWNER location LOCATION '' WITH (seq_page_cost='1');"},
	    {"CREATE TABLESPACE fast OWNER postgres LOCATION '';",
	     "CREATE TABLESPACE fast OWNER postgres LOCATION '';"},
	    {"ALTER TABLESPACE fast SET (seq_page_cost=1);", NULL},
	    {"GRANT ALL ON TABLESPACE fast TO a;", NULL},
	    {"CREATE TABLE location (location text);", NULL},
	};

	CHECK(&o, rows);
	cr_assert_eq(verdict_of(&(struct rewrite_options){0},
				"CREATE TABLESPACE a OWNER b LOCATION '/srv';"),
		     REWRITE_AS_IS);
}

Test(backup_rewrite, a_database_gets_another_name_wherever_a_dump_has_it)
{
	const struct rewrite_options o = {.rename_from = "immich", .rename_to = "immich 2"};
	static const struct row rows[] = {
	    {"CREATE DATABASE immich WITH TEMPLATE = template0 ENCODING = 'UTF8';",
	     "CREATE DATABASE \"immich 2\" WITH TEMPLATE = template0 ENCODING = 'UTF8';"},
	    {"ALTER DATABASE immich OWNER TO immich;",
	     "ALTER DATABASE \"immich 2\" OWNER TO immich;"},
	    {"ALTER DATABASE immich SET work_mem TO '8MB';",
	     "ALTER DATABASE \"immich 2\" SET work_mem TO '8MB';"},
	    {"COMMENT ON DATABASE immich IS 'of immich';",
	     "COMMENT ON DATABASE \"immich 2\" IS 'of immich';"},
	    {"GRANT ALL ON DATABASE immich TO immich;",
	     "GRANT ALL ON DATABASE \"immich 2\" TO immich;"},
	    {"REVOKE CONNECT,TEMPORARY ON DATABASE immich FROM PUBLIC;",
	     "REVOKE CONNECT,TEMPORARY ON DATABASE \"immich 2\" FROM PUBLIC;"},
	    {"SECURITY LABEL FOR selinux ON DATABASE immich IS 'x';",
	     "SECURITY LABEL FOR selinux ON DATABASE \"immich 2\" IS 'x';"},
	    {"ALTER ROLE immich IN DATABASE immich SET work_mem TO '1';",
	     "ALTER ROLE immich IN DATABASE \"immich 2\" SET work_mem TO '1';"},
	    {"ALTER ROLE ALL IN DATABASE \"immich\" SET work_mem TO '1';",
	     "ALTER ROLE ALL IN DATABASE \"immich 2\" SET work_mem TO '1';"},
	    {"UPDATE pg_catalog.pg_database SET datistemplate = true WHERE datname = 'immich';",
	     "UPDATE pg_catalog.pg_database SET datistemplate = true WHERE datname = 'immich 2';"},
	    {"ALTER DATABASE other OWNER TO immich;", NULL},
	    {"CREATE DATABASE \"Immich\";", NULL},
	    {"ALTER ROLE immich WITH LOGIN;", NULL},
	    {"UPDATE pg_catalog.pg_database SET datistemplate = true WHERE datname = 'other';",
	     NULL},
	    {"CREATE TABLE public.immich (a int);", NULL},
	    {"COMMENT ON TABLE public.immich IS 'DATABASE immich';", NULL},
	    {"GRANT immich TO other;", NULL},
	    {"SELECT pg_catalog.set_config('search_path', '', false);", NULL},
	};

	CHECK(&o, rows);
}

/* It is no reserved word: roles, columns and databases are called so without quotes. */
Test(backup_rewrite, names_that_contain_the_word_database_mislead_nobody)
{
	const struct rewrite_options text = {.rename_from = "text", .rename_to = "t2"};
	const struct rewrite_options database = {.rename_from = "database", .rename_to = "d2"};
	static const struct row of_text[] = {
	    {"CREATE TABLE public.t (\n    database text,\n    a integer\n);", NULL},
	    {"CREATE VIEW public.v AS\n SELECT t.database text FROM public.t;", NULL},
	    {"CREATE FUNCTION public.f(database text) RETURNS text LANGUAGE sql;", NULL},
	    {"ALTER TABLE public.t ADD COLUMN database text;", NULL},
	    {"COMMENT ON COLUMN public.t.database IS 'text';", NULL},
	    {"COMMENT ON FUNCTION public.f(database text) IS 'x';", NULL},
	    {"COMMENT ON SCHEMA database IS 'x';", NULL},
	    {"GRANT database TO text;", NULL},
	    {"GRANT ALL ON FUNCTION public.f(database text) TO x;", NULL},
	    {"SECURITY LABEL FOR p ON FUNCTION public.f(database text) IS 'x';", NULL},
	    {"ALTER ROLE database SET a TO 'text';", NULL},
	    {"ALTER ROLE database IN DATABASE text SET a TO '1';",
	     "ALTER ROLE database IN DATABASE t2 SET a TO '1';"},
	    {"ALTER ROLE \"in database\" IN DATABASE text SET a TO '1';",
	     "ALTER ROLE \"in database\" IN DATABASE t2 SET a TO '1';"},
	    {"SECURITY LABEL FOR database ON DATABASE text IS 'x';",
	     "SECURITY LABEL FOR database ON DATABASE t2 IS 'x';"},
	};
	static const struct row of_database[] = {
	    {"CREATE DATABASE database WITH TEMPLATE = template0;",
	     "CREATE DATABASE d2 WITH TEMPLATE = template0;"},
	    {"ALTER DATABASE database OWNER TO database;", "ALTER DATABASE d2 OWNER TO database;"},
	    {"GRANT ALL ON DATABASE database TO database;",
	     "GRANT ALL ON DATABASE d2 TO database;"},
	    {"GRANT database TO x;", NULL},
	    {"CREATE ROLE database;", NULL},
	};

	CHECK(&text, of_text);
	CHECK(&database, of_database);
}

Test(backup_rewrite, odd_names_of_databases_are_quoted)
{
	const struct rewrite_options o = {.rename_from = "O'd \"d\"", .rename_to = "it's \"x\""};
	static const struct row rows[] = {
	    {"CREATE DATABASE \"O'd \"\"d\"\"\" WITH TEMPLATE = template0;",
	     "CREATE DATABASE \"it's \"\"x\"\"\" WITH TEMPLATE = template0;"},
	    {"UPDATE pg_catalog.pg_database SET datistemplate = true WHERE datname = 'O''d \"d\"';",
	     "UPDATE pg_catalog.pg_database SET datistemplate = true WHERE datname = 'it''s "
	     "\"x\"';"},
	};

	CHECK(&o, rows);
}

Test(backup_rewrite, a_database_that_is_there_is_not_created)
{
	const struct rewrite_options o = {
	    .rename_from = "a", .rename_to = "b", .skip_create_database = true};

	cr_assert_eq(verdict_of(&o, "CREATE DATABASE a WITH TEMPLATE = template0;"), REWRITE_SKIP);
	cr_assert_eq(verdict_of(&o, "ALTER DATABASE a OWNER TO x;"), REWRITE_CHANGED);
	cr_assert_eq(verdict_of(&o, "CREATE TABLE database (a int);"), REWRITE_AS_IS);
}

Test(backup_rewrite, statements_cut_short_are_left_alone)
{
	static const char whole[] =
	    "ALTER ROLE postgres WITH NOLOGIN PASSWORD 'x' VALID UNTIL 'y' LOCATION '/z' IN "
	    "DATABASE a;";
	const struct rewrite_options o = {.own_role = "postgres",
					  .in_place_tablespaces = true,
					  .rename_from = "a",
					  .rename_to = "b"};

	for (size_t len = 0; len < sizeof whole; len++) {
		CLEANUP(freep) char *bare = xcalloc(len ? len : 1, 1);
		CLEANUP(freep) char *out = NULL;

		memcpy(bare, whole, len);
		enum rewrite_verdict v = rewrite_statement(&o, bare, len, &out);
		cr_assert_eq(v == REWRITE_CHANGED, out != NULL);
	}
}
