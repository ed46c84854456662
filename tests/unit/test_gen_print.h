/* Trees written as JSON, and the text that a printer makes of them. */
#ifndef TEST_GEN_PRINT_H
#define TEST_GEN_PRINT_H

#include "gen/print.h"

#include <criterion/criterion.h>

typedef bool printer_fn(const json_t *, struct buf *, struct err *);

/* The tree of this JSON, in which ' stands for " and ` for '. */
json_t *tree_of(const char *json);

/* What the printer makes of a tree, or of a string, is exactly this. */
void prints_tree(printer_fn *, const json_t *, const char *expected);
void prints(printer_fn *, const char *json, const char *expected);
void prints_string(printer_fn *, const char *string, const char *expected);

/* The printer fails with any room that is less than it needs, and takes no more than that. */
void fails_when_full(printer_fn *, const char *json);

#endif
