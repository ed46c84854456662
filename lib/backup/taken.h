/* taken: is a key free for a new dump or upload? */
#ifndef TAKEN_H
#define TAKEN_H

#include "store/store.h"

/* *taken is set when there is an object of this key, or what belongs to one: a sidecar or
 * manifest of another would condemn ours. By a listing, since stat of what is not there needs
 * the right to list the whole bucket. */
MUST_USE bool key_is_taken(struct store *, const char *key, bool *taken, struct err *);

#endif
