/* Running small scripts, and what they say. */
#ifndef TEST_PROC_RUN_H
#define TEST_PROC_RUN_H

#include "proc/proc.h"

#include <criterion/criterion.h>

#define SH(script) ((const char *[]){"sh", "-c", (script), NULL})

/* All there is to read, at most size - 1 bytes; terminated. */
size_t read_all(int fd, char *out, size_t size);

/* Start and wait. False with e; its stderr is in said, unless that is NULL. */
bool run(const char *const argv[], char *said, size_t size, struct err *e);

/* It must succeed, and write exactly this to stdout. */
void outputs(struct proc *, const char *expected);

#endif
