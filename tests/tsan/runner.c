#include <criterion/criterion.h>
#include <criterion/hooks.h>
#include <fnmatch.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define TIMEOUT_S 300
#define SKIPPED 77

static struct shim_test *tests, **last = &tests;

void shim_add(struct shim_test *t)
{
	*last = t;
	last = &t->next;
}

void shim_fail(const char *file, int line, const char *what, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fprintf(stderr, "%s:%d: %s:", file, line, what);
	vfprintf(stderr, fmt, ap);
	fprintf(stderr, "\n");
	va_end(ap);
	_exit(1);
}

void shim_skip(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fprintf(stderr, "skipped:");
	vfprintf(stderr, fmt, ap);
	fprintf(stderr, "\n");
	va_end(ap);
	_exit(SKIPPED);
}

static const struct shim_options *suite_options(const struct shim_test *t)
{
	static const struct shim_options none;

	for (const struct shim_test *s = tests; s; s = s->next)
		if (!s->name && strcmp(s->suite, t->suite) == 0)
			return &s->options;
	return &none;
}

static void call(void (*fn)(void))
{
	if (fn)
		fn();
}

/* Ends by exit, so that the sanitizer has its say: then the status is not 0. */
static void run(const struct shim_test *t, const struct shim_options *suite)
{
	call(suite->init);
	call(t->options.init);
	t->run();
	call(t->options.fini);
	call(suite->fini);
	exit(0);
}

/* How many times longer than usual tests may take: valgrind's need it. */
static double patience(void)
{
	const char *factor = getenv("PATIENCE");

	return factor ? strtod(factor, NULL) : 1;
}

/* Arguments are patterns of "suite/name"; a test that one matches which begins with "!" is left out. */
static bool is_wanted(const struct shim_test *t, char *const patterns[])
{
	bool wanted = !patterns[0] || patterns[0][0] == '!';
	char name[300];

	snprintf(name, sizeof name, "%s/%s", t->suite, t->name ? t->name : "");
	for (; *patterns; patterns++)
		if (fnmatch(*patterns + (**patterns == '!'), name, 0) == 0)
			wanted = **patterns != '!';
	return wanted && t->name;
}

/* Its status, as waitpid gives it. */
static int status_of(const struct shim_test *t)
{
	const struct shim_options *suite = suite_options(t);
	double timeout = t->options.timeout > 0 ? t->options.timeout
			 : suite->timeout > 0   ? suite->timeout
						: TIMEOUT_S;
	pid_t pid = fork();
	int status = 1;

	if (pid == 0) {
		alarm((unsigned)(timeout * patience()) + 1);
		run(t, suite);
	}
	waitpid(pid, &status, 0);
	return status;
}

int main(int argc, char **argv)
{
	unsigned tested = 0, passing = 0, crashing = 0;

	(void)argc;
	if (shim_PRE_ALL)
		shim_PRE_ALL(NULL);
	for (const struct shim_test *t = tests; t; t = t->next) {
		int status;

		if (!is_wanted(t, argv + 1))
			continue;
		status = status_of(t);
		tested++;
		passing += status == 0;
		crashing += WIFSIGNALED(status) ? 1 : 0;
		if (WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED)
			tested--;
		else if (status != 0)
			fprintf(stderr, "failed: %s::%s\n", t->suite, t->name);
	}
	if (shim_POST_ALL)
		shim_POST_ALL(NULL);
	printf("Tested: %u | Passing: %u | Failing: %u | Crashing: %u\n", tested, passing,
	       tested - passing - crashing, crashing);
	return passing == tested ? 0 : 1;
}
