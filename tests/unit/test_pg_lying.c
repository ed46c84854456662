/* A server that speaks PostgreSQL's protocol, but not the truth. */
#include "pg/facts.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define READY "Z\0\0\0\5I"
#define NO_ROWS "T\0\0\0\6\0\0C\0\0\0\15SELECT 0\0" READY
#define LENGTH_OF_NOTHING "T\0\0\0\1"
#define ANSWER(bytes)                                                                              \
	{                                                                                          \
		bytes, sizeof(bytes) - 1                                                           \
	}

struct answer {
	const char *bytes;
	size_t len;
};

static const struct answer hello = ANSWER("R\0\0\0\10\0\0\0\0S\0\0\0\26server_version\0"
					  "15\0" READY);

static char directory[] = "/tmp/pgmuster-lying-XXXXXX";
static char *path;
static int listening;
static const struct answer
    *script; /* for each query, the last for all others; ends with no bytes */
static pthread_t thread;

static bool skip(int fd, size_t len)
{
	char c;

	while (len > 0 && read(fd, &c, 1) == 1)
		len--;
	return len == 0;
}

/* A message's body, behind its length. */
static bool skip_body(int fd)
{
	unsigned char n[4];

	return read(fd, n, 4) == 4 && skip(fd, ((size_t)n[2] << 8 | n[3]) - 4);
}

static void *serve(void *ctx)
{
	int fd = accept(listening, NULL, NULL);
	const struct answer *next = script;
	char type;

	(void)ctx;
	cr_assert(skip_body(fd) && send(fd, hello.bytes, hello.len, 0) == (ssize_t)hello.len);
	while (read(fd, &type, 1) == 1 && skip_body(fd))
		if (type == 'Q' && next->bytes) {
			send(fd, next->bytes, next->len, MSG_NOSIGNAL);
			next += next[1].bytes != NULL; /* the last for all that follow */
		}
	close(fd);
	return NULL;
}

static struct pg_target start(const struct answer *answers)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};

	script = answers;
	snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
	unlink(path);
	listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	cr_assert_eq(bind(listening, (struct sockaddr *)&at, sizeof at), 0);
	cr_assert_eq(listen(listening, 1), 0);
	cr_assert_eq(pthread_create(&thread, NULL, serve, NULL), 0);
	return (struct pg_target){.host = directory, .port = "5432", .user = "u", .isolated = true};
}

static void stop(void)
{
	pthread_join(thread, NULL);
	close(listening);
}

static void setup(void)
{
	cr_assert(mkdtemp(directory));
	path = xasprintf("%s/.s.PGSQL.5432", directory);
}

static void teardown(void)
{
	unlink(path);
	rmdir(directory);
	freep(&path);
}

TestSuite(pg_lying, .init = setup, .fini = teardown, .timeout = 30);

Test(pg_lying, role_that_is_not_there_is_an_error)
{
	static const struct answer answers[] = {ANSWER(NO_ROWS), ANSWER(NO_ROWS), {NULL, 0}};
	struct pg_target t = start(answers);
	struct pg_facts f;
	struct err e = {0};

	cr_assert(!pg_facts_read(&t, &f, &e) && e.kind == ERR_SYSTEM);
	cr_assert(strstr(e.text, "does not know the current role"), "%s", e.text);
	stop();
}

Test(pg_lying, rows_that_do_not_come_are_empty_ones)
{
	static const struct answer answers[] = {ANSWER(NO_ROWS), {NULL, 0}};
	struct pg_target t = start(answers);
	struct pg_facts f = {.databases = xcalloc(1, sizeof *f.databases), .database_count = 1};
	struct err e = {0};

	f.databases[0].name = xstrdup("d");
	cr_assert(pg_facts_database(&t, &f.databases[0], &e), "%s", e.text);
	cr_assert_str_eq(f.databases[0].lc_monetary, "");
	pg_facts_stop(&f);
	stop();
}

#define COLUMN "x\0\0\0\0\0\0\0\0\0\0\31\377\377\377\377\377\377\0\0"
#define ROW_OF_NONE "D\0\0\0\6\0\0"
#define ROW_OF_ONE "D\0\0\0\13\0\1\0\0\0\1a"
#define ROW_OF_TWO "D\0\0\0\20\0\2\0\0\0\1a\0\0\0\1b"
#define DONE "C\0\0\0\15SELECT 0\0"

static bool query(const struct answer *answers, struct pg_rows *rows, struct err *e)
{
	struct pg_target t = start(answers);
	struct pg_conn *c = pg_open(&t, "d", e); /* asks for something itself */
	bool ok;

	cr_assert(c, "%s", e->text);
	ok = pg_query(c, rows, e, "SELECT");
	pg_freep(&c);
	stop();
	return ok;
}

/* They would cost nothing of what an answer may have, and libpq refuses to hold both kinds. */
Test(pg_lying, rows_of_different_widths_are_refused)
{
	static const struct answer
	    nothing[] = {ANSWER(NO_ROWS),
			 ANSWER("T\0\0\0\6\0\0" ROW_OF_NONE ROW_OF_NONE DONE READY),
			 {NULL, 0}},
	    both[] = {ANSWER(NO_ROWS),
		      ANSWER("T\0\0\0\32\0\1" COLUMN ROW_OF_ONE DONE
			     "T\0\0\0\56\0\2" COLUMN COLUMN ROW_OF_TWO DONE READY),
		      {NULL, 0}},
	    good[] = {ANSWER(NO_ROWS),
		      ANSWER("T\0\0\0\32\0\1" COLUMN ROW_OF_ONE ROW_OF_ONE DONE READY),
		      {NULL, 0}};
	CLEANUP(pg_rows_stop) struct pg_rows rows = {0};
	struct err e = {0};

	cr_assert(!query(nothing, &rows, &e) && strstr(e.text, "a row of 0 columns"), "%s", e.text);
	pg_rows_stop(&rows);
	cr_assert(!query(both, &rows, &e) && strstr(e.text, "a row of 2 columns"), "%s", e.text);
	pg_rows_stop(&rows);
	cr_assert(query(good, &rows, &e) && rows.rows == 2, "%s", e.text);
}

/* Each database takes more memory than its row has, if that has next to nothing. */
Test(pg_lying, databases_without_their_columns_are_refused)
{
	static const struct answer answers[] = {
	    ANSWER(NO_ROWS), ANSWER("T\0\0\0\32\0\1" COLUMN ROW_OF_ONE DONE READY), {NULL, 0}};
	struct pg_target t = start(answers);
	struct pg_facts f;
	struct err e = {0};

	cr_assert(!pg_facts_read(&t, &f, &e));
	cr_assert(strstr(e.text, "databases with 1 columns"), "%s", e.text);
	stop();
}

Test(pg_lying, message_that_is_none_ends_the_connection)
{
	static const struct answer answers[] = {
	    ANSWER(NO_ROWS), ANSWER(LENGTH_OF_NOTHING), {NULL, 0}};

	for (int query = 0; query < 2; query++) {
		struct pg_target t = start(answers);
		struct err e = {0};
		struct pg_conn *c = pg_open(&t, "d", &e);
		struct pg_rows rows = {0};
		struct pg_error what;

		cr_assert(c, "%s", e.text);
		cr_assert(query ? !pg_query(c, &rows, &e, "SELECT")
				: !pg_execute(c, "SELECT", 6, &what, NULL, &e));
		cr_assert_eq(e.kind, ERR_TRANSIENT, "%s", e.text);
		pg_freep(&c);
		stop();
	}
}
