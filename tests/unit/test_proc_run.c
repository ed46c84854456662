#include "test_proc_run.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

size_t read_all(int fd, char *out, size_t size)
{
	size_t len = 0;
	ssize_t n;

	while (len < size - 1 && (n = read(fd, out + len, size - 1 - len)) != 0) {
		cr_assert(n > 0 || errno == EINTR);
		len += n > 0 ? (size_t)n : 0;
	}
	out[len] = '\0';
	return len;
}

bool run(const char *const argv[], char *said, size_t size, struct err *e)
{
	CLEANUP(proc_stop) struct proc p = {.argv = argv};
	bool ok = proc_start(&p, e) && proc_wait(&p, e);

	if (said)
		snprintf(said, size, "%s", p.errors.data ? p.errors.data : "");
	return ok;
}

void outputs(struct proc *p, const char *expected)
{
	struct err e = {0};
	char text[4096];

	p->capture_out = true;
	cr_assert(proc_start(p, &e), "%s", e.text);
	read_all(p->out, text, sizeof text);
	cr_assert(proc_wait(p, &e), "%s", e.text);
	cr_assert_str_eq(text, expected);
	proc_stop(p);
}
