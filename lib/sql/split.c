#include "sql/split.h"

#include "sql/lex.h"
#include "sql/token.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum state {
	BETWEEN, /* outside any part */
	LEXING,  /* in what is a statement unless it turns out to be something else */
	LINE,    /* in a comment or a backslash command */
	LINE_CR, /* behind a carriage return in a comment: its end, unless a newline follows */
	ENDED,   /* a statement, whose newline may follow */
	COPY_EOL,
	COPY_ROW_START,
	COPY_ROW,
};

struct sql_split {
	struct sql_split_options options;
	struct lex lex;
	enum state state;

	const char *chunk; /* being written, and its place in the stream */
	uint64_t chunk_at;
	size_t chunk_len;

	enum sql_kind kind;            /* of the part at hand */
	uint64_t begin, begin_line;    /* where it began */
	uint64_t text_end;             /* of a statement: behind its semicolon */
	struct buf kept;               /* of it, from earlier chunks */
	size_t held;                   /* bytes of "\.\r" at the end of the last chunk */
	uint64_t newlines, counted_at; /* newlines before counted_at */
	uint64_t last_line;
};

static const char end_of_data[] = "\\.\r";

struct sql_split *sql_split_new(const struct sql_split_options *options)
{
	struct sql_split *s = xcalloc(1, sizeof *s);

	assert(options->statement_max > 0);
	s->options = *options;
	s->chunk_at = s->counted_at = options->at;
	s->kept = BUF_INIT(options->statement_max, "sql statement");
	return s;
}

void sql_split_freep(struct sql_split **s)
{
	if (!*s)
		return;
	buf_stop(&(*s)->kept);
	free(*s);
	*s = NULL;
}

uint64_t sql_split_line(const struct sql_split *s)
{
	return s->last_line;
}

static uint64_t offset_of(const struct sql_split *s, const char *p)
{
	return s->chunk_at + (uint64_t)(p - s->chunk);
}

/* The line of p, which is in the chunk; never asked of an earlier place than before. */
static uint64_t line_of(struct sql_split *s, const char *p)
{
	const char *q = s->chunk + (s->counted_at - s->chunk_at);

	while ((q = memchr(q, '\n', (size_t)(p - q)))) {
		s->newlines++;
		q++;
	}
	s->counted_at = offset_of(s, p);
	return s->newlines + 1;
}

static void begin_part(struct sql_split *s, const char *p)
{
	s->begin = offset_of(s, p);
	s->begin_line = line_of(s, p);
	buf_clear(&s->kept);
}

static bool too_long(const struct sql_split *s, struct err *e)
{
	return err_set(e, ERR_CORRUPT,
		       "the statement at byte %llu, line %llu, is longer than %zu bytes",
		       (unsigned long long)s->begin, (unsigned long long)s->begin_line,
		       s->options.statement_max);
}

/* Keep the part's bytes of this chunk, up to offset end. */
static bool keep(struct sql_split *s, uint64_t end, struct err *e)
{
	uint64_t from = s->begin > s->chunk_at ? s->begin : s->chunk_at;
	size_t room = s->kept.max - s->kept.len;

	if (end <= from)
		return true;
	if (end - s->begin > s->kept.max && !s->options.cut_long)
		return too_long(s, e);
	if (end - from < room)
		room = (size_t)(end - from);
	return buf_add(&s->kept, s->chunk + (from - s->chunk_at), room, e);
}

/* Does it turn standard_conforming_strings off, or on again? */
static void note_setting(struct sql_split *s, const char *text, size_t len)
{
	struct sql_scan scan = {text, text + len};
	struct sql_token t = sql_next(&scan);
	char *value;

	if (!sql_is(&t, "set"))
		return;
	t = sql_next(&scan);
	if (sql_is(&t, "session") || sql_is(&t, "local"))
		t = sql_next(&scan);
	if (!sql_is(&t, "standard_conforming_strings"))
		return;
	sql_next(&scan);
	t = sql_next(&scan);
	value = sql_value(&t);
	if (value)
		s->lex.plain_escapes = strcmp(value, "off") == 0;
	free(value);
}

/* The part's text is the stream's bytes from s->begin to text_end. */
static bool hand_on(struct sql_split *s, enum sql_kind kind, uint64_t text_end, uint64_t end,
		    struct err *e)
{
	uint64_t len = text_end - s->begin;
	bool kept = s->begin < s->chunk_at;
	struct sql_part part = {
	    .kind = kind,
	    .cut = len > s->options.statement_max,
	    .copy_in = kind == SQL_STATEMENT && s->lex.copy_in,
	    .goes_on_in_psql = kind == SQL_STATEMENT && s->lex.psql_begins > 0,
	    .at = s->begin,
	    .end = end,
	};

	if (kept && !keep(s, text_end, e))
		return false;
	if (part.cut && !s->options.cut_long)
		return too_long(s, e);
	part.len = part.cut ? s->options.statement_max : (size_t)len;
	part.text = kept ? s->kept.data : s->chunk + (s->begin - s->chunk_at);
	if (memchr(part.text, '\0', part.len))
		return err_set(e, ERR_CORRUPT,
			       "a NUL byte in the statement at byte %llu, line %llu",
			       (unsigned long long)s->begin, (unsigned long long)s->begin_line);
	if (kind == SQL_STATEMENT && part.len < 100)
		note_setting(s, part.text, part.len);
	s->last_line = s->begin_line;
	return s->options.handler(s->options.ctx, &part, e);
}

static bool statement_ended(struct sql_split *s, uint64_t end, struct err *e)
{
	bool copy_in = s->lex.copy_in;

	if (!hand_on(s, SQL_STATEMENT, s->text_end, end, e))
		return false;
	s->state = copy_in ? COPY_ROW_START : BETWEEN;
	lex_reset(&s->lex);
	return true;
}

static bool lexing(struct sql_split *s, const char **p, const char *end, struct err *e)
{
	enum lex_event event = lex_run(&s->lex, p, end);

	if (event == LEX_STATEMENT) {
		s->text_end = offset_of(s, *p);
		s->state = s->lex.copy_in ? COPY_EOL : ENDED;
	} else if (event == LEX_COMMENT || (event == LEX_BACKSLASH && !s->lex.any)) {
		s->kind = event == LEX_COMMENT ? SQL_COMMENT : SQL_META;
		s->state = LINE;
		lex_reset(&s->lex);
	} else if (event == LEX_NOTHING) {
		s->state = BETWEEN;
		lex_reset(&s->lex);
	} else if (event == LEX_BACKSLASH) {
		return err_set(e, ERR_CORRUPT,
			       "a backslash command at byte %llu, line %llu, inside the statement "
			       "that began at byte %llu, line %llu",
			       (unsigned long long)offset_of(s, *p) - 1,
			       (unsigned long long)line_of(s, *p), (unsigned long long)s->begin,
			       (unsigned long long)s->begin_line);
	} else if (event == LEX_BAD) {
		return err_set(e, ERR_CORRUPT,
			       "a dollar quote at byte %llu, line %llu, has a tag longer than %d "
			       "bytes",
			       (unsigned long long)offset_of(s, *p) - LEX_TAG_MAX,
			       (unsigned long long)line_of(s, *p), LEX_TAG_MAX - 2);
	}
	return true;
}

static bool in_line(struct sql_split *s, const char **p, const char *end, struct err *e)
{
	const char *q = *p;

	if (s->state == LINE_CR && *q != '\n') {
		s->state = BETWEEN;
		return hand_on(s, s->kind, offset_of(s, q) - 1, offset_of(s, q), e);
	}
	while (q < end && *q != '\n' && (*q != '\r' || s->kind == SQL_META))
		q++;
	*p = q < end ? q + 1 : end;
	if (q == end)
		return true;
	s->state = *q == '\r' ? LINE_CR : BETWEEN;
	return s->state == LINE_CR || hand_on(s, s->kind, offset_of(s, q), offset_of(s, *p), e);
}

/* psql reads data from the line after the statement's; pg_dump puts nothing in between. */
static bool copy_eol(struct sql_split *s, const char **p, const char *end, struct err *e)
{
	while (*p < end && (**p == ' ' || **p == '\t' || **p == '\r'))
		++*p;
	if (*p == end)
		return true;
	if (**p != '\n')
		return err_set(
		    e, ERR_CORRUPT,
		    "more text on the line of the COPY statement at byte %llu, line %llu",
		    (unsigned long long)s->begin, (unsigned long long)s->begin_line);
	++*p;
	return statement_ended(s, offset_of(s, *p), e);
}

static bool copy_run(struct sql_split *s, const char *from, const char *to, uint64_t line,
		     struct err *e)
{
	struct sql_part part = {.kind = SQL_COPY_DATA, .text = from, .len = (size_t)(to - from)};

	if (from == to)
		return true;
	part.at = offset_of(s, from);
	part.end = offset_of(s, to);
	s->last_line = line;
	return s->options.handler(s->options.ctx, &part, e);
}

/* The start of a row: bytes that an earlier chunk held back turn out to be one. */
static bool copy_held(struct sql_split *s, struct err *e)
{
	struct sql_part part = {.kind = SQL_COPY_DATA,
				.text = end_of_data,
				.len = s->held,
				.at = s->chunk_at - s->held,
				.end = s->chunk_at};

	s->held = 0;
	if (part.len == 0)
		return true;
	s->last_line = s->newlines + 1;
	return s->options.handler(s->options.ctx, &part, e);
}

static bool copy_end(struct sql_split *s, size_t len, uint64_t end, struct err *e)
{
	struct sql_part part = {
	    .kind = SQL_COPY_END, .text = end_of_data, .len = len, .at = end - len - 1, .end = end};

	s->held = 0;
	s->state = BETWEEN;
	s->last_line = s->newlines + 1;
	return s->options.handler(s->options.ctx, &part, e);
}

/* Pass over whole rows and the beginning of one, as far as "\\" at a row's start. */
static const char *skip_rows(struct sql_split *s, const char *q, const char *end)
{
	while (q < end && (s->state == COPY_ROW || *q != end_of_data[0])) {
		const char *newline = memchr(q, '\n', (size_t)(end - q));

		s->state = newline ? COPY_ROW_START : COPY_ROW;
		s->newlines += newline != NULL;
		q = newline ? newline + 1 : end;
	}
	s->counted_at = offset_of(s, q);
	return q;
}

static bool copying(struct sql_split *s, const char **p, const char *end, struct err *e)
{
	const char *run = *p, *q = *p;
	uint64_t line = line_of(s, q);

	for (;;) {
		const char *r;
		size_t n = s->held;

		if (n == 0)
			q = skip_rows(s, q, end);
		for (r = q; r < end && n < sizeof end_of_data - 1 && *r == end_of_data[n]; r++)
			n++;
		if (r == end || (*r == '\n' && n >= 2)) {
			*p = r == end ? end : r + 1;
			if (!copy_run(s, run, q, line, e))
				return false;
			s->held = n;
			return r == end || copy_end(s, n, offset_of(s, *p), e);
		}
		s->state = COPY_ROW;
		if (!copy_held(s, e))
			return false;
		q = r;
	}
}

/* Take a first piece of what is left of the chunk. */
static bool advance(struct sql_split *s, const char **p, const char *end, struct err *e)
{
	switch (s->state) {
	case BETWEEN:
		while (*p < end && (**p == ' ' || (**p >= '\t' && **p <= '\r')))
			++*p;
		if (*p < end) {
			begin_part(s, *p);
			s->state = LEXING;
		}
		return true;
	case LEXING:
		return lexing(s, p, end, e);
	case LINE:
	case LINE_CR:
		return in_line(s, p, end, e);
	case ENDED:
		if (**p == '\n')
			++*p;
		return statement_ended(s, offset_of(s, *p), e);
	case COPY_EOL:
		return copy_eol(s, p, end, e);
	case COPY_ROW_START:
	case COPY_ROW:
		return copying(s, p, end, e);
	}
	return true;
}

bool sql_split_write(struct sql_split *s, const void *data, size_t len, struct err *e)
{
	const char *p = data, *end = p + len;

	s->chunk = data;
	while (p < end)
		if (!advance(s, &p, end, e))
			return false;

	if ((s->state == LEXING || s->state == LINE || s->state == LINE_CR) &&
	    !keep(s, offset_of(s, end), e))
		return false;
	if ((s->state == ENDED || s->state == COPY_EOL) && !keep(s, s->text_end, e))
		return false;
	line_of(s, end);
	s->chunk_at += len;
	s->chunk = NULL;
	return true;
}

bool sql_split_end(struct sql_split *s, struct err *e)
{
	const char *inside;

	if (s->state == BETWEEN)
		return true;
	if (s->state == LINE || s->state == LINE_CR)
		return hand_on(s, s->kind, s->chunk_at, s->chunk_at, e);
	if (s->state == ENDED)
		return statement_ended(s, s->text_end, e);
	inside = s->state == LEXING ? lex_inside(&s->lex) : "the data of the COPY statement";
	return err_set(e, ERR_CORRUPT, "the text ends inside %s that began at byte %llu, line %llu",
		       inside, (unsigned long long)s->begin, (unsigned long long)s->begin_line);
}
