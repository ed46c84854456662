#include "unit/test_sql_parts.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *sample_dump(const char *name, size_t *len)
{
	CLEANUP(freep) char *path = xasprintf("tests/unit/%s", name);
	FILE *f = fopen(path, "rb");
	char *text = xcalloc(1, MIB);

	cr_assert(f, "%s", path);
	*len = fread(text, 1, MIB - 1, f);
	fclose(f);
	return text;
}

static bool note(void *ctx, const struct sql_part *part, struct err *e)
{
	static const char *const names[] = {"STATEMENT", "META", "COMMENT", "DATA", "END"};
	struct parts *p = ctx;
	bool data = part->kind == SQL_COPY_DATA;
	char head[100];

	cr_assert_leq(part->at + part->len, part->end);
	cr_assert_eq(memcmp(p->source + (part->at - p->at), part->text, part->len), 0);
	if (data && p->data_end == part->at && p->text.len > 0) {
		p->text.len -= 2; /* the bar and the newline behind the piece before */
		p->data_end = part->end;
		return buf_add(&p->text, part->text, part->len, e) &&
		       buf_add(&p->text, "|\n", 2, e);
	}
	p->data_end = data ? part->end : 0;
	/* Where a run of data ends depends on the pieces that it comes in. */
	if (data)
		snprintf(head, sizeof head, "DATA %llu l%llu |", (unsigned long long)part->at,
			 (unsigned long long)sql_split_line(p->split));
	else
		snprintf(head, sizeof head, "%s %llu..%llu l%llu%s%s%s |", names[part->kind],
			 (unsigned long long)part->at, (unsigned long long)part->end,
			 (unsigned long long)sql_split_line(p->split), part->cut ? " cut" : "",
			 part->copy_in ? " copy" : "", part->goes_on_in_psql ? " goes-on" : "");
	return buf_add(&p->text, head, strlen(head), e) &&
	       buf_add(&p->text, part->text, part->len, e) && buf_add(&p->text, "|\n", 2, e);
}

bool parts_of(struct parts *p, const struct sql_split_options *options, const char *text,
	      size_t len, const size_t *cuts, size_t cut_count, struct err *e)
{
	struct sql_split_options o = *options;
	size_t from = 0;

	o.handler = note;
	o.ctx = p;
	if (!o.statement_max)
		o.statement_max = MIB;
	*p = (struct parts){.text = BUF_INIT(16 * MIB, "parts"), .source = text, .at = o.at};
	p->split = sql_split_new(&o);
	for (size_t i = 0; i <= cut_count; i++) {
		size_t to = i < cut_count ? cuts[i] : len;
		/* A piece of its own memory, so that a read outside it is found. */
		char *piece = xcalloc(1, to - from + 1);
		bool ok;

		memcpy(piece, text + from, to - from);
		ok = sql_split_write(p->split, piece, to - from, e);
		free(piece);
		if (!ok)
			return false;
		from = to;
	}
	return sql_split_end(p->split, e);
}

void parts_stop(struct parts *p)
{
	sql_split_freep(&p->split);
	buf_stop(&p->text);
}
