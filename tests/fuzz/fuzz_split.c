/*
 * The splitter: parts lie in order in the text, between them is nothing but white space and
 * comments, and they do not depend on the pieces that the text comes in. A statement on its own is
 * the same statement.
 *
 * covers: lib/sql/split.c lib/sql/lex.c lib/sql/meta.c
 */
#include "fuzz/fuzz.h"
#include "sql/meta.h"
#include "sql/split.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATEMENT_MAX 4096

struct parts {
	struct sql_split *split;
	const uint8_t *source;
	size_t size;
	uint64_t end; /* of the last one */
	bool in_data, cut_long;
	struct buf text; /* a line and the text of each, data joined */
};

/* Behind white space and block comments, from p on. */
static const uint8_t *skip_gap(const uint8_t *p, const uint8_t *end)
{
	size_t depth = 0;

	for (; p < end; p++) {
		bool two = p + 1 < end;

		if (two && p[0] == '/' && p[1] == '*') {
			depth++;
			p++;
		} else if (depth > 0 && two && p[0] == '*' && p[1] == '/') {
			depth--;
			p++;
		} else if (depth == 0 && *p != ' ' && (*p < '\t' || *p > '\r')) {
			break;
		}
	}
	return p;
}

static bool is_gap(const struct parts *p, uint64_t from, uint64_t to)
{
	return skip_gap(p->source + from, p->source + to) == p->source + to;
}

static void check_meta(const struct sql_part *part)
{
	CLEANUP(freep) char *dbname = NULL;
	enum sql_meta what;
	struct err e = {0};

	if (part->kind != SQL_META || !sql_meta_parse(part->text, part->len, &what, &dbname, &e))
		return;
	assert((what == SQL_META_CONNECT) == (dbname != NULL));
	assert(!dbname || *dbname);
}

static bool note(void *ctx, const struct sql_part *part, struct err *e)
{
	struct parts *p = ctx;
	bool data = part->kind == SQL_COPY_DATA;
	char head[100];

	assert(part->at >= p->end && part->end <= p->size && part->at + part->len <= part->end);
	assert(part->len <= STATEMENT_MAX || data);
	assert(part->cut || part->kind == SQL_COPY_END ||
	       is_gap(p, part->at + part->len, part->end));
	assert(!part->cut || (p->cut_long && part->len == STATEMENT_MAX));
	assert(memcmp(p->source + part->at, part->text, part->len) == 0);
	assert(is_gap(p, p->end, part->at));
	assert(!data || part->len > 0);
	check_meta(part);
	p->end = part->end;
	snprintf(head, sizeof head, "\n%d %llu..%llu l%llu %d %d ", part->kind,
		 (unsigned long long)part->at, data ? 0 : (unsigned long long)part->end,
		 (unsigned long long)sql_split_line(p->split), part->cut, part->copy_in);
	if (!(data && p->in_data) && !buf_add(&p->text, head, strlen(head), e))
		return false;
	p->in_data = data;
	return buf_add(&p->text, part->text, part->len, e);
}

static bool take(void *ctx, const void *piece, size_t len, struct err *e)
{
	struct parts *p = ctx;

	return sql_split_write(p->split, piece, len, e);
}

static bool split(struct parts *p, size_t longest)
{
	struct err e = {0};
	bool ok;

	p->text = BUF_INIT(256 * MIB, "parts");
	p->split = sql_split_new(&(struct sql_split_options){
	    .statement_max = STATEMENT_MAX, .cut_long = p->cut_long, .handler = note, .ctx = p});
	ok =
	    fuzz_in_pieces(p->source, p->size, longest, take, p, &e) && sql_split_end(p->split, &e);
	assert(ok || e.kind == ERR_CORRUPT);
	assert(!ok || is_gap(p, p->end, p->size));
	sql_split_freep(&p->split);
	return ok;
}

static void stop(struct parts *p)
{
	buf_stop(&p->text);
}

struct alone {
	const struct sql_part *part;
	size_t count;
};

static bool is_same(void *ctx, const struct sql_part *part, struct err *e)
{
	struct alone *a = ctx;

	(void)e;
	a->count++;
	assert(part->kind == SQL_STATEMENT && part->copy_in == a->part->copy_in);
	assert(part->len == a->part->len && memcmp(part->text, a->part->text, part->len) == 0);
	return true;
}

static bool check_alone(void *ctx, const struct sql_part *part, struct err *e)
{
	struct alone a = {.part = part};
	struct sql_split *s;

	(void)ctx;
	if (part->kind != SQL_STATEMENT)
		return true;
	s = sql_split_new(&(struct sql_split_options){
	    .statement_max = STATEMENT_MAX, .handler = is_same, .ctx = &a});
	assert(sql_split_write(s, part->text, part->len, e));
	if (part->copy_in)
		assert(sql_split_write(s, "\n", 1, e));
	else
		assert(sql_split_end(s, e));
	assert(a.count == 1);
	sql_split_freep(&s);
	return true;
}

/* Only without the setting that changes how quotes are read. */
static void each_alone(const uint8_t *data, size_t size)
{
	struct err e = {0};
	struct sql_split *s;
	bool ignored;

	if (memmem(data, size, "strings", 7) || memmem(data, size, "STRINGS", 7))
		return;
	s = sql_split_new(
	    &(struct sql_split_options){.statement_max = STATEMENT_MAX, .handler = check_alone});
	ignored = sql_split_write(s, data, size, &e);
	(void)ignored;
	sql_split_freep(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bool cut_long = size % 2;

	CLEANUP(stop) struct parts whole = {.source = data, .size = size, .cut_long = cut_long};
	bool ok = split(&whole, 0);

	for (size_t i = 1; i < FUZZ_PIECES; i++) {
		CLEANUP(stop)
		struct parts p = {.source = data, .size = size, .cut_long = cut_long};
		bool same = split(&p, fuzz_pieces[i]) == ok;

		assert(same);
		assert(p.text.len == whole.text.len);
		assert(p.text.len == 0 || memcmp(p.text.data, whole.text.data, p.text.len) == 0);
	}
	if (size > 0)
		each_alone(data, size);
	return 0;
}
