#include "sql/array_cast.h"

#include "sql/token.h"

#include <stdlib.h>
#include <string.h>

#define NONE SIZE_MAX
#define PARENS_MAX 65536     /* within each other */
#define ARRAYS_MAX 65536     /* in a statement */
#define MARKS_MAX (1U << 20) /* two for each element */
#define DIMENSIONS_MAX 32    /* PostgreSQL: MAXDIM is 6 */
#define TYPE_BYTES_MAX 1024  /* two quoted names and a modifier */

struct array {
	size_t parent;    /* that it is a whole element of; or NONE */
	const char *type; /* that it is cast to, without "[]"; or NULL */
	size_t type_len;
	const char *end; /* behind it and its cast */
	bool of_arrays;
	unsigned dimension;
};

enum mark_kind {
	MARK_NOTHING,
	MARK_OPEN,  /* before the "(" of a cast */
	MARK_BEGIN, /* before an element */
	MARK_END,   /* behind one */
	MARK_CLOSE, /* behind the "]" */
};

struct mark {
	enum mark_kind kind;
	const char *at;
	size_t array;
};

/* Something in parentheses or brackets. */
struct frame {
	char close;
	size_t array; /* or NONE */
	bool parens;  /* an array, in "(" and ")" */
	const char *item;
	size_t item_mark, item_array; /* its mark; the array that begins with it, or NONE */
};

struct push {
	const char *text;
	size_t len;
	struct array *arrays;
	struct mark *marks;
	struct frame *frames;
	size_t array_count, array_cap, mark_count, mark_cap, frame_count, frame_cap;
	struct sql_token before[3]; /* the tokens before this one, the last one first */
	bool any;                   /* there is a cast */
};

static void push_stop(struct push *p)
{
	free(p->arrays);
	free(p->marks);
	free(p->frames);
}

static const char *end_of(const struct sql_token *t)
{
	return t->text + t->len;
}

static bool is_name(const struct sql_token *t)
{
	return t->kind == SQL_WORD || t->kind == SQL_QUOTED;
}

static size_t mark(struct push *p, enum mark_kind kind, const char *at, size_t array)
{
	p->marks = xgrow(p->marks, p->mark_count, &p->mark_cap, sizeof *p->marks);
	p->marks[p->mark_count] = (struct mark){kind, at, array};
	return p->mark_count++;
}

static struct frame *top(struct push *p)
{
	return p->frame_count > 0 ? &p->frames[p->frame_count - 1] : NULL;
}

static void open_frame(struct push *p, char close)
{
	p->frames = xgrow(p->frames, p->frame_count, &p->frame_cap, sizeof *p->frames);
	p->frames[p->frame_count++] =
	    (struct frame){.close = close, .array = NONE, .item_array = NONE};
}

/* "(10,2)" of a type, with scan behind its "(". */
static bool skip_modifier(struct sql_scan *scan)
{
	for (struct sql_token t = sql_next(scan); t.kind != SQL_END; t = sql_next(scan)) {
		if (sql_is_char(&t, ')'))
			return true;
		if (t.kind != SQL_NUMBER && t.kind != SQL_WORD && !sql_is_char(&t, ',') &&
		    !sql_is_char(&t, '-'))
			return false;
	}
	return false;
}

/* ")::T[]", right behind an array. */
static bool read_cast(const struct push *p, const char *at, struct array *a)
{
	const char *end = p->text + p->len, *type = at + 3, *last = type;
	struct sql_scan scan = {type, end};
	struct sql_token t;

	if (end - at < 3 || memcmp(at, ")::", 3) != 0)
		return false;
	for (t = sql_next(&scan); is_name(&t) || (last > type && sql_is_char(&t, '.')) ||
				  (last > type && sql_is_char(&t, '(') && skip_modifier(&scan));
	     t = sql_next(&scan))
		last = scan.p;
	if (last == type || last - type > TYPE_BYTES_MAX || end - last < 2 ||
	    memcmp(last, "[]", 2) != 0 || (end - last > 2 && last[2] == '['))
		return false;
	a->type = type;
	a->type_len = (size_t)(last - type);
	a->end = last + 2;
	return true;
}

/* The "(" before "ARRAY" is that of a cast, and not that of a call. */
static bool is_in_parens(const struct push *p)
{
	const struct sql_token *word = &p->before[0], *paren = &p->before[1], *t = &p->before[2];

	if (!sql_is_char(paren, '(') || end_of(paren) != word->text)
		return false;
	return t->kind == SQL_END || end_of(t) != paren->text ||
	       (t->kind == SQL_OTHER && !sql_is_char(t, ')') && !sql_is_char(t, ']'));
}

/* "ARRAY[": t is its "[". False when it is deeper than any array. */
static bool open_array(struct push *p, const struct sql_token *t)
{
	bool parens = is_in_parens(p);
	const char *begin = p->before[parens].text;
	size_t around = p->frame_count - parens;
	struct frame *parent = around > 0 ? &p->frames[around - 1] : NULL;
	struct array a = {.parent = NONE};

	if (parent && parent->item == begin && parent->array != NONE) {
		parent->item_array = p->array_count;
		a.dimension = p->arrays[parent->array].dimension + 1;
	}
	if (a.dimension >= DIMENSIONS_MAX || p->array_count == ARRAYS_MAX)
		return false;
	if (parens)
		mark(p, MARK_OPEN, begin, p->array_count);
	open_frame(p, ']');
	top(p)->array = p->array_count;
	top(p)->parens = parens;
	a.end = end_of(t);
	p->arrays = xgrow(p->arrays, p->array_count, &p->array_cap, sizeof *p->arrays);
	p->arrays[p->array_count++] = a;
	return true;
}

/* An element ends before a "," or "]". */
static void end_item(struct push *p, struct frame *f)
{
	const struct sql_token *last = &p->before[0];
	struct array *a = &p->arrays[f->array];

	if (f->item && f->item_array != NONE && p->arrays[f->item_array].end == end_of(last)) {
		p->arrays[f->item_array].parent = f->array;
		p->marks[f->item_mark].kind = MARK_NOTHING;
		a->of_arrays = true;
	} else if (f->item) {
		a->of_arrays |= sql_is_char(last, ']') && sql_is_char(&p->before[1], '[');
		mark(p, MARK_END, end_of(last), f->array);
	}
	f->item = NULL;
	f->item_array = NONE;
}

/* False when it closes nothing. */
static bool close_frame(struct push *p, const struct sql_token *t)
{
	struct frame *f = top(p);

	if (!f || f->close != *t->text)
		return false;
	if (f->array != NONE) {
		struct array *a = &p->arrays[f->array];

		end_item(p, f);
		/* What is empty keeps its cast: it is all that says a type. */
		if (end_of(&p->before[0]) != a->end) {
			a->end = end_of(t);
			p->any |= f->parens && read_cast(p, a->end, a);
			mark(p, MARK_CLOSE, end_of(t), f->array);
		}
	}
	p->frame_count--;
	return true;
}

static void begin_item(struct push *p, const struct sql_token *t)
{
	struct frame *f = top(p);

	if (f && f->array != NONE && !f->item) {
		f->item = t->text;
		f->item_mark = mark(p, MARK_BEGIN, t->text, f->array);
	}
}

static bool take(struct push *p, const struct sql_token *t)
{
	const struct sql_token *last = &p->before[0];
	bool opens = sql_is_char(t, '(') || sql_is_char(t, '[');

	if (sql_is_char(t, ')') || sql_is_char(t, ']'))
		return close_frame(p, t);
	if (sql_is_char(t, ',') && top(p) && top(p)->array != NONE) {
		end_item(p, top(p));
		return true;
	}
	begin_item(p, t);
	if (opens && p->frame_count == PARENS_MAX)
		return false;
	if (sql_is_char(t, '[') && last->kind == SQL_WORD && last->len == 5 &&
	    memcmp(last->text, "ARRAY[", 6) == 0)
		return open_array(p, t);
	if (opens)
		open_frame(p, *t->text == '(' ? ')' : ']');
	return true;
}

static bool find(struct push *p)
{
	struct sql_scan scan = {p->text, p->text + p->len};

	for (struct sql_token t = sql_next(&scan); t.kind != SQL_END; t = sql_next(&scan)) {
		if (p->mark_count > MARKS_MAX || !take(p, &t))
			return false;
		p->before[2] = p->before[1];
		p->before[1] = p->before[0];
		p->before[0] = t;
	}
	return p->frame_count == 0 && p->any;
}

/* Before or behind an element: the casts of all arrays that it is in. */
static bool put_casts(const struct push *p, const struct mark *m, struct buf *out, struct err *e)
{
	const struct array *of = &p->arrays[m->array];

	for (size_t i = m->array; i != NONE; i = p->arrays[i].parent) {
		const struct array *a = &p->arrays[i];

		if (!a->type)
			continue;
		if (m->kind == MARK_BEGIN) {
			if (!buf_add(out, "(", 1, e))
				return false;
		} else if (!buf_add(out, ")::", 3, e) || !buf_add(out, a->type, a->type_len, e) ||
			   !buf_add(out, "[]", of->of_arrays ? 2 : 0, e)) {
			return false;
		}
	}
	return true;
}

static bool put(const struct push *p, struct buf *out, struct err *e)
{
	const char *from = p->text;

	for (const struct mark *m = p->marks; m < p->marks + p->mark_count; m++) {
		const struct array *a = &p->arrays[m->array];
		bool item = m->kind == MARK_BEGIN || m->kind == MARK_END;

		if (m->kind == MARK_NOTHING || (!item && !a->type))
			continue;
		if (!buf_add(out, from, (size_t)(m->at - from), e))
			return false;
		from = m->at;
		if (item && !put_casts(p, m, out, e))
			return false;
		if (m->kind == MARK_OPEN)
			from++;
		else if (m->kind == MARK_CLOSE)
			from = a->end;
	}
	return buf_add(out, from, (size_t)(p->text + p->len - from), e);
}

char *array_cast_push(const char *text, size_t len, size_t *pushed_len)
{
	CLEANUP(push_stop) struct push p = {.text = text, .len = len};
	CLEANUP(buf_stop) struct buf out = BUF_INIT(ARRAY_CAST_MAX, "statement");
	struct err e;

	if (!memmem(text, len, "(ARRAY[", 7) || !find(&p) || !put(&p, &out, &e))
		return NULL;
	*pushed_len = out.len;
	return STEAL(out.data);
}
