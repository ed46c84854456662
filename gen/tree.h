/*
 * tree: Kubernetes objects as JSON, with strings that a Nix module computes.
 *
 * Objects are jansson values with their keys in the order of insertion. A string may be built of
 * parts: literal text, and references, which a Nix module writes as an expression (such as
 * homelab.kubernetes.namespaces.backup) and everything else as the value it stands for. In the tree
 * such a string is an object {"$parts": [...]}: no object of Kubernetes has a key like it. No
 * string and no key has a NUL, which is how jansson reads JSON.
 */
#ifndef TREE_H
#define TREE_H

#include "base/base.h"

#include <jansson.h>

/*
 * A piece of a string. nix NULL: literal text. Else a Nix expression that yields a string, on one
 * line and without parentheses around it, which the printer adds where they are needed: a name
 * (homelab.domain), or a function with at most two names or strings (f "x" homelab.domain). More
 * than that, or a name of more than 90 characters alone on a line of text, nixfmt would break.
 */
struct part {
	const char *nix;
	const char *value; /* what it stands for here; UTF-8 */
};

/* The string that these parts make, as a node of the tree: a plain JSON string when all are
 * literal. Borrows nothing. */
json_t *tree_string(const struct part *parts, size_t count);

/* A copy of the tree in which every such node is the plain string it stands for. */
json_t *tree_resolve(const json_t *);

/* Is this node a string with references? Then its parts: each a plain string, or an object with
 * "nix" and "value". NULL otherwise. */
const json_t *tree_parts(const json_t *);

void tree_freep(json_t **); /* json_decref, for CLEANUP */

#endif
