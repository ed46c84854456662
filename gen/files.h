/*
 * files: the generated texts, on disk: all of them or none.
 */
#ifndef FILES_H
#define FILES_H

#include "gen/objects.h"

enum format { FORMAT_NIX, FORMAT_YAML, FORMAT_JSON };

struct file {
	char *name; /* "postgres-backup.nix" */
	struct buf text;
};

void file_stop(struct file *);

/* The text of one module in this format. heading: one or two lines, without comment signs, of
 * where it comes from; not in JSON, which has no comments. */
MUST_USE bool file_make(const struct module *, enum format, const char *heading, struct file *out,
			struct err *);

/*
 * Write them all into directory, which is made if need be: beside first, then renamed. A file of
 * that name that was not generated is not touched: ERR_EXISTS, unless force. Files that are the
 * same already stay as they are. *changed counts the others.
 */
MUST_USE bool files_write(const char *directory, const struct file[], size_t count, bool force,
			  size_t *changed, struct err *);

/* Print, as diff -u does, how the directory's files differ from these; *different counts them. */
MUST_USE bool files_compare(const char *directory, const struct file[], size_t count,
			    size_t *different, struct err *);

/* All of it on stdout, now. */
MUST_USE bool file_print(const struct buf *, struct err *);

/* A small file, "-" for stdin. */
MUST_USE bool file_read(const char *path, struct buf *, struct err *);

#endif
