/*
 * fault: system calls that fail, one after the other, so that each error return has a test.
 *
 *	struct fault f = {.calls = fault_file_calls, .number = EIO, .run = put_a_file};
 *	while (fault_next(&f))
 *		cr_assert(f.ok || f.e.kind == ERR_SYSTEM);
 *
 * The first time the first of these calls fails, the second time the second one, and so on; the loop ends
 * once run makes fewer calls than that. A seccomp filter hands each call to the parent, which answers it.
 */
#ifndef FAULT_H
#define FAULT_H

#include "base/base.h"

#define FAULT_CUT 0 /* they do not fail; the connection that they use breaks */

struct fault {
	const int *calls; /* their numbers, ended by -1 */
	int number;       /* the errno that they fail with, or FAULT_CUT */
	bool lasting;     /* the later ones fail too */
	bool (*run)(const void *ctx, struct err *);
	const void *ctx;

	/* filled by fault_next */
	unsigned nth; /* which one failed */
	bool ok;      /* what run returned */
	struct err e;
};

/* All that touch names, directories and regular files, but close: one that fails here leaves the descriptor open,
 * as no real one does. And sending and receiving. */
extern const int fault_file_calls[], fault_socket_calls[];

/* Calls run in a process of its own, where the next call fails; those of its children do not. Fails the
 * test if run crashes, or if it fails without a reason. False when there was no such call. */
bool fault_next(struct fault *);

#endif
