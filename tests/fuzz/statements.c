/*
 * statements FILE...: what our splitter sees in each file, for tests/fuzz/psql to compare with psql.
 *
 *	S LENGTH COPY      a statement; COPY is 1 when data follows; then its bytes and a line end
 *	D LENGTH           a piece of that data
 *	P                  psql does not see the end of the statement before it, nor what follows
 *	R REASON           the rest was refused: the splitter's message, or a backslash command
 *	E                  the file's end
 */
#include "sql/meta.h"
#include "sql/split.h"

#include <stdio.h>
#include <stdlib.h>

static bool print(void *ctx, const struct sql_part *part, struct err *e)
{
	CLEANUP(freep) char *dbname = NULL;
	enum sql_meta what;

	(void)ctx;
	switch (part->kind) {
	case SQL_STATEMENT:
		printf("S %zu %d\n", part->len, part->copy_in);
		break;
	case SQL_COPY_DATA:
		printf("D %zu\n", part->len);
		break;
	case SQL_META:
		return sql_meta_parse(part->text, part->len, &what, &dbname, e) &&
		       (what == SQL_META_IGNORED || err_set(e, ERR_USAGE, "backslash \\connect"));
	default:
		return true;
	}
	fwrite(part->text, 1, part->len, stdout);
	printf(part->goes_on_in_psql ? "\nP\n" : "\n");
	return true;
}

static bool run(const char *path, struct err *e)
{
	struct sql_split *s =
	    sql_split_new(&(struct sql_split_options){.statement_max = 16 * MIB, .handler = print});
	FILE *f = fopen(path, "rb");
	bool ok = f || err_sys(e, "open %s", path);
	char piece[512];
	size_t len;

	while (ok && (len = fread(piece, 1, sizeof piece, f)) > 0)
		ok = sql_split_write(s, piece, len, e);
	ok = ok && sql_split_end(s, e);
	if (f)
		fclose(f);
	sql_split_freep(&s);
	return ok;
}

int main(int argc, char *argv[])
{
	for (int i = 1; i < argc; i++) {
		struct err e = {0};

		if (!run(argv[i], &e))
			printf("R %s\n", e.text);
		printf("E\n");
	}
	return fflush(stdout) == 0 ? 0 : 1;
}
