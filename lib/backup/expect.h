/* backup/expect: the databases that an operator expects to be in a backup. */
#ifndef BACKUP_EXPECT_H
#define BACKUP_EXPECT_H

#include "backup/compare.h"

struct expected {
	char **names;
	size_t count;
};

/* A JSON list of names, as `nix eval --json` writes it. ERR_USAGE with the file and the JSON path. */
MUST_USE bool expected_read(const char *path, struct expected *, struct err *);
void expected_stop(struct expected *);

/* Each one that is not on the roll is a difference. Returns how many databases of the roll are not
 * expected (template1 and postgres always are). */
size_t expected_compare(const struct expected *, const struct roll *, struct differences *);

#endif
