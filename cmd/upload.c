#include "cmd.h"

#include "backup/upload.h"
#include "base/cancel.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *key;
static uint64_t size;

static const struct option own[] = {
    {.name = "key",
     .letter = 'k',
     .type = OPTION_STRING,
     .into = &key,
     .argument = "KEY",
     .help = "Its name in the store; the file's own name when not given."},
    {.name = "size",
     .type = OPTION_BYTES,
     .into = &size,
     .argument = "SIZE",
     .help = "An upper bound of what comes through stdin, to choose the size of parts."},
    {0},
};

static const struct options options = {
    .verb = "upload",
    .synopsis = "pgmuster upload --store URL [--key KEY] FILE|-",
    .summary = "Put a file, or stdin, into a store: whole or not at all, never over another "
	       "object, with a .sha256 beside it.",
    .own = own,
    .shared = common_options,
    .epilog = EXIT_CODES,
    .max_arguments = 1,
};

bool cmd_upload(int argc, char **argv, int *code, struct err *e)
{
	CLEANUP(report_freep) struct report *r = report_new();
	CLEANUP(closep) int fd = -1;
	struct stat st;
	size_t count;
	bool done;

	(void)code;
	if (!cmd_parse(&options, argc, argv, &count, &done, e) || done)
		return done;
	const char *path = count == 1 ? argv[0] : "-";
	bool from_stdin = strcmp(path, "-") == 0;
	if (from_stdin && !key) {
		err_set(e, ERR_USAGE, "stdin has no name");
		return err_hint(e, "give its name in the store with --key");
	}
	fd = from_stdin ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) != 0) /* a FIFO without a writer waits */
		return cancel_check(e) && err_sys(e, "open %s", path);
	if (S_ISDIR(st.st_mode))
		return err_set(e, ERR_USAGE, "%s is a directory", path);
	if (!key) {
		const char *slash = strrchr(path, '/');

		key = slash ? slash + 1 : path;
	}
	CLEANUP(store_freep) struct store *store = cmd_store(e);
	return store &&
	       upload_run(store, key, fd, S_ISREG(st.st_mode) ? (uint64_t)st.st_size : size, r,
			  e) &&
	       cmd_print(r, e);
}
