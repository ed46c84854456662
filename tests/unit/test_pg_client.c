#include "pg/client.h"

#include "support/server.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char root[] = "/tmp/pgmuster-client-XXXXXX";

/* Programs that say only their version: what is looked at before one is chosen. */
static char *fake(const char *name, const char *version, bool server)
{
	static const char *const programs[] = {"pg_dump", "pg_dumpall", "initdb", "postgres"};
	char *directory = xasprintf("%s/%s", root, name);

	mkdir(directory, 0755);
	for (size_t i = 0; i < (server ? 4 : 2); i++) {
		CLEANUP(freep) char *path = xasprintf("%s/%s", directory, programs[i]);
		FILE *f = fopen(path, "w");

		cr_assert(f);
		fprintf(f, "#!/bin/sh\necho '%s %s'\n", programs[i], version);
		fclose(f);
		chmod(path, 0755);
	}
	return directory;
}

static void setup(void)
{
	cr_assert(mkdtemp(root));
}

static void teardown(void)
{
	char *const argv[] = {(char *)"rm", (char *)"-rf", root, NULL};
	pid_t child = fork();

	if (child == 0) {
		execvp(argv[0], argv);
		_exit(127);
	}
	waitpid(child, NULL, 0);
}

TestSuite(pg_client, .init = setup, .fini = teardown);

Test(pg_client, versions_of_every_form_are_read)
{
	static const struct {
		const char *says;
		int version;
		const char *text;
	} rows[] = {
	    {"(PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)", 150020,
	     "15.20 (Debian 15.20-0+deb12u1)"},
	    {"(PostgreSQL) 18.6", 180006, "18.6"},
	    {"(PostgreSQL) 19devel", 190000, "19devel"},
	    {"(PostgreSQL) 18beta1", 180000, "18beta1"},
	    {"(PostgreSQL) 17.0", 170000, "17.0"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CLEANUP(freep) char *directory = fake("one", rows[i].says, false);
		CLEANUP(pg_client_stop) struct pg_client c = {0};
		struct err e = {0};

		cr_assert(pg_client_find(directory, 14, false, &c, &e), "%s", e.text);
		cr_assert_eq(c.version, rows[i].version);
		cr_assert_str_eq(c.version_text, rows[i].text);
		cr_assert_str_eq(c.directory, directory);
	}
}

Test(pg_client, other_programs_are_refused)
{
	static const char *const says[] = {"",
					   "(Postgres) 15.1",
					   "(PostgreSQL) ",
					   "(PostgreSQL) x",
					   "(PostgreSQL) -3",
					   "(PostgreSQL) 99999999999999999999",
					   "(PostgreSQL) 15.99999"};

	for (size_t i = 0; i < sizeof says / sizeof *says; i++) {
		CLEANUP(freep) char *directory = fake("one", says[i], false);
		CLEANUP(pg_client_stop) struct pg_client c = {0};
		struct err e = {0};

		cr_assert(!pg_client_find(directory, 14, false, &c, &e), "%s", says[i]);
		cr_assert(strstr(e.text, "is no PostgreSQL program"), "%s", e.text);
	}
}

Test(pg_client, named_directory_that_will_not_do_says_why)
{
	CLEANUP(freep) char *old = fake("old", "(PostgreSQL) 14.2", false);
	struct pg_client c;
	struct err e = {0};

	cr_assert(!pg_client_find(old, 15, false, &c, &e));
	cr_assert_eq(e.kind, ERR_USAGE);
	cr_assert(strstr(e.text, "has PostgreSQL 14.2, and 15 or newer is needed"), "%s", e.text);
	cr_assert(!pg_client_find(old, 14, true, &c, &e));
	cr_assert_eq(e.kind, ERR_USAGE);
	cr_assert(strstr(e.text, "has no initdb"), "%s", e.text);
	cr_assert(!pg_client_find("/nonexistent", 14, true, &c, &e));
	cr_assert_eq(e.kind, ERR_USAGE);
	cr_assert(strstr(e.text, "/nonexistent"), "%s", e.text);
}

static void set_path(const char *a, const char *b, const char *c)
{
	CLEANUP(freep) char *path = xasprintf("%s:%s:%s:/usr/bin:/bin", a, b, c);

	setenv("PATH", path, 1);
}

Test(pg_client, oldest_that_is_new_enough_is_taken)
{
	CLEANUP(freep) char *older = fake("90", "(PostgreSQL) 90.1", true);
	CLEANUP(freep) char *newer = fake("92", "(PostgreSQL) 92.1", true);
	CLEANUP(freep) char *client_only = fake("91", "(PostgreSQL) 91.1", false);
	CLEANUP(pg_client_stop) struct pg_client c = {0};
	struct err e = {0};

	set_path(newer, client_only, older);
	cr_assert(pg_client_find(NULL, 90, false, &c, &e), "%s", e.text);
	cr_assert_str_eq(c.directory, older);
	pg_client_stop(&c);
	cr_assert(pg_client_find(NULL, 91, false, &c, &e), "%s", e.text);
	cr_assert_str_eq(c.directory, client_only);
	pg_client_stop(&c);
	cr_assert(pg_client_find(NULL, 91, true, &c, &e), "%s", e.text);
	cr_assert_str_eq(c.directory, newer);
	pg_client_stop(&c);
	cr_assert(!pg_client_find(NULL, 93, true, &c, &e));
	cr_assert_eq(e.kind, ERR_USAGE);
	cr_assert(strstr(e.text, "PostgreSQL 93 or newer"), "%s", e.text);
	cr_assert(strstr(e.text, "92.1 in "), "%s", e.text);
	cr_assert(e.hint[0] != '\0');
}

/* A profile's directory may hold links to pg_dump alone; the server's programs are where they lead.
 * Debian's wrapper is passed over. */
Test(pg_client, links_in_path_are_followed_where_that_helps)
{
	CLEANUP(freep) char *real = fake("real", "(PostgreSQL) 94.1", true);
	CLEANUP(freep) char *profile = xasprintf("%s/profile", root);
	CLEANUP(freep) char *debian = xasprintf("%s/debian", root);
	CLEANUP(freep) char *from = xasprintf("%s/pg_dump", real);
	CLEANUP(freep) char *to = xasprintf("%s/pg_dump", profile);
	CLEANUP(freep) char *wrapper = fake("wrapper", "(PostgreSQL) 94.0", true);
	CLEANUP(freep) char *wrapper_from = xasprintf("%s/pg_wrapper", wrapper);
	CLEANUP(freep) char *wrapper_dump = xasprintf("%s/pg_dump", wrapper);
	CLEANUP(pg_client_stop) struct pg_client c = {0};
	struct err e = {0};

	cr_assert(mkdir(profile, 0755) == 0 && symlink(from, to) == 0);
	cr_assert(rename(wrapper_dump, wrapper_from) == 0 &&
		  symlink(wrapper_from, wrapper_dump) == 0);
	set_path(wrapper, profile, debian);
	cr_assert(pg_client_find(NULL, 94, true, &c, &e), "%s", e.text);
	cr_assert_str_eq(c.directory, real);
	cr_assert_eq(c.version, 940001);
}

Test(pg_client, programs_of_this_machine_are_found)
{
	const struct pg_client *c = server_client(15);

	cr_assert(c->directory[0] == '/');
	cr_assert_eq(c->version / 10000, 15);
	cr_assert(strncmp(c->version_text, "15.", 3) == 0, "%s", c->version_text);
}
