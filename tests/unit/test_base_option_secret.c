#include "base/options.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char path[] = "/tmp/secret-XXXXXX";

static void setup(void)
{
	int fd = mkstemp(path);

	cr_assert(fd >= 0);
	close(fd);
	unsetenv("SECRET");
	unsetenv("SECRET_FILE");
}

static void teardown(void)
{
	unlink(path);
}

TestSuite(base_option_secret, .init = setup, .fini = teardown);

static void in_file(const char *content, size_t len)
{
	FILE *f = fopen(path, "w");

	cr_assert(f && fwrite(content, 1, len, f) == len && fclose(f) == 0);
	setenv("SECRET_FILE", path, 1);
}

static void is(const char *expected)
{
	CLEANUP(freep) char *secret = NULL;
	struct err e = {0};

	cr_assert(option_secret("SECRET", &secret, &e), "%s", e.text);
	if (expected)
		cr_assert_str_eq(secret, expected);
	else
		cr_assert_null(secret);
}

static void fails(const char *text)
{
	char *secret = path;
	struct err e = {0};

	cr_assert(!option_secret("SECRET", &secret, &e));
	cr_assert_eq(e.kind, ERR_USAGE);
	cr_assert(strstr(e.text, text), "%s", e.text);
	cr_assert_null(secret);
}

Test(base_option_secret, is_nothing_when_nothing_is_set)
{
	is(NULL);
}

Test(base_option_secret, comes_from_the_environment)
{
	setenv("SECRET", "hunter2\n", 1);
	is("hunter2\n");
}

Test(base_option_secret, an_empty_variable_is_not_set)
{
	setenv("SECRET", "", 1);
	setenv("SECRET_FILE", "", 1);
	is(NULL);
	in_file("from the file", 13);
	is("from the file");
}

Test(base_option_secret, of_a_file_is_without_its_last_newline)
{
	static const struct {
		const char *content, *secret;
	} rows[] = {{"hunter2", "hunter2"},
		    {"hunter2\n", "hunter2"},
		    {"two\n\n", "two\n"},
		    {" x \n", " x "},
		    {"", ""},
		    {"\n", ""},
		    {"a\nb", "a\nb"}};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		in_file(rows[i].content, strlen(rows[i].content));
		is(rows[i].secret);
	}
}

Test(base_option_secret, both_are_one_too_many)
{
	in_file("x", 1);
	setenv("SECRET", "y", 1);
	fails("both SECRET and SECRET_FILE are set");
}

Test(base_option_secret, a_file_that_cannot_be_read_is_named)
{
	setenv("SECRET_FILE", "/nowhere/secret", 1);
	fails("SECRET_FILE: open /nowhere/secret: No such file");
	setenv("SECRET_FILE", "/tmp", 1);
	fails("SECRET_FILE: read /tmp: Is a directory");
	if (geteuid() != 0) {
		in_file("x", 1);
		chmod(path, 0);
		fails("Permission denied");
	}
}

Test(base_option_secret, a_file_of_another_kind_is_refused)
{
	size_t max = 64 * 1024;
	CLEANUP(freep) char *long_one = xcalloc(max + 1, 1);

	memset(long_one, 'x', max + 1);
	in_file(long_one, max);
	long_one[max] = '\0';
	is(long_one);
	long_one[max] = 'x';
	in_file(long_one, max + 1);
	fails("is longer than 65536 bytes");
	in_file("a\0b", 3);
	fails("has a byte 0 in it");
}

Test(base_option_secret, never_shows_in_a_message)
{
	char *secret = NULL;
	struct err e = {0};

	in_file("hunter2\0", 8);
	cr_assert(!option_secret("SECRET", &secret, &e));
	cr_assert(!strstr(e.text, "hunter2") && !strstr(e.hint, "hunter2"));
	setenv("SECRET", "hunter2", 1);
	cr_assert(!option_secret("SECRET", &secret, &e));
	cr_assert(!strstr(e.text, "hunter2") && !strstr(e.hint, "hunter2"));
}
