#include "cmd.h"

#include "base/cancel.h"
#include "base/log.h"
#include "pg/conn.h"

#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct {
	const char *name;
	verb_fn *run;
	const char *summary;
} verbs[] = {
    {"dump", cmd_dump, "dump a whole server into a store"},
    {"upload", cmd_upload, "put any file into a store, with its .sha256"},
    {"list", cmd_list, "what a store holds, how old it is, and how its last drill went"},
    {"show", cmd_show, "one backup's muster roll: databases, tables, rows"},
    {"verify", cmd_verify, "read a backup back and check it, without a server"},
    {"drill", cmd_drill, "restore a backup into a scratch server and count everything back"},
    {"restore", cmd_restore, "restore all, one database or one table into a server"},
};

static void help(FILE *out)
{
	fprintf(out, "pgmuster: PostgreSQL backups that are counted back on board\n\n"
		     "Usage: pgmuster VERB [OPTION...]\n\nVerbs:\n");
	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
		fprintf(out, "  %-9s %s\n", verbs[i].name, verbs[i].summary);
	fprintf(out,
		"\n`pgmuster VERB --help` explains one. `pgmuster --version` prints the "
		"version.\n\n%s",
		EXIT_CODES);
}

/* The one place that says what went wrong, once. */
static int exit_code_of(const struct err *e)
{
	switch (e->kind) {
	case ERR_USAGE:
		return EXIT_USAGE;
	case ERR_CORRUPT:
		return EXIT_BAD;
	case ERR_CANCELLED:
		return cancel_signal() ? 128 + cancel_signal() : EXIT_UNKNOWN;
	default:
		return EXIT_UNKNOWN;
	}
}

static int run(const char *verb, int argc, char **argv)
{
	struct err e = {0};
	int code = EXIT_GOOD;

	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
		if (strcmp(verbs[i].name, verb) != 0)
			continue;
		if (!verbs[i].run(argc, argv, &code, &e)) {
			log_failure(verb, &e);
			code = exit_code_of(&e);
		}
		option_list_stop(&common.stores);
		return code;
	}
	fprintf(stderr, "pgmuster: no verb %s\nhint: `pgmuster --help` lists the verbs\n", verb);
	return EXIT_USAGE;
}

int main(int argc, char *argv[])
{
	static const char link[] = "pgmuster-";
	const char *slash = strrchr(argv[0], '/');
	const char *name = slash ? slash + 1 : argv[0];

	/* A store's file must never be what is taken for stderr, nor a closed stdin be an empty file. */
	int fd;
	do
		fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	while (fd >= 0 && fd <= STDERR_FILENO);
	closep(&fd);
	umask(S_IRWXG | S_IRWXO);
	/* A restored dump may run programs as our user: no core file, no /proc/PID/environ for them. */
	prctl(PR_SET_DUMPABLE, 0);
	/* For children, who get the password: the kernel obeys 0 for files alone, 1 for programs in
	 * core_pattern too. Where the limit is 0 already, it stays. */
	(void)setrlimit(RLIMIT_CORE, &(struct rlimit){1, 1});
	setlocale(LC_CTYPE, "C.UTF-8");
	pg_forget_settings();
	cancel_install();
	if (strncmp(name, link, sizeof link - 1) == 0)
		return run(name + sizeof link - 1, argc - 1, argv + 1);
	if (argc < 2) {
		help(stderr);
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
	    strcmp(argv[1], "help") == 0) {
		help(stdout);
		return fflush(stdout) == 0 ? EXIT_GOOD : EXIT_UNKNOWN;
	}
	if (strcmp(argv[1], "--version") == 0) {
		printf("%s\n", TOOL);
		return fflush(stdout) == 0 ? EXIT_GOOD : EXIT_UNKNOWN;
	}
	return run(argv[1], argc - 2, argv + 2);
}
