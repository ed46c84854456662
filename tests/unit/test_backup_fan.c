#include "backup/fan.h"
#include "base/log.h"
#include "support/probe.h"

#include <criterion/criterion.h>
#include <string.h>

static void quiet(void)
{
	log_setup(LOG_QUIET, LOG_TEXT);
}

TestSuite(backup_fan, .init = quiet);

#define TEXT "the same bytes to several stores"
#define LEN (sizeof TEXT - 1)

struct two {
	struct probe probe[2];
	struct fan_branch branches[2];
};

static void init(struct two *t, size_t limit_a, size_t limit_b)
{
	probe_init(&t->probe[0], limit_a);
	probe_init(&t->probe[1], limit_b);
	t->branches[0] = (struct fan_branch){.name = "file:///a", .sink = &t->probe[0].sink};
	t->branches[1] = (struct fan_branch){.name = "file:///b", .sink = &t->probe[1].sink};
}

static void stop(struct two *t)
{
	probe_stop(&t->probe[0]);
	probe_stop(&t->probe[1]);
}

static bool push(struct two *t, struct err *e)
{
	CLEANUP(sink_freep) struct sink *fan = sink_fan(t->branches, 2);

	for (size_t i = 0; i < LEN; i++)
		if (!sink_write(fan, &TEXT[i], 1, e))
			return false;
	return sink_commit(fan, e);
}

static bool is_whole(const struct probe *p)
{
	return p->committed && p->len == LEN && memcmp(p->data, TEXT, LEN) == 0;
}

Test(backup_fan, both_get_everything)
{
	CLEANUP(stop) struct two t = {0};
	struct err e = {0};

	init(&t, LEN, LEN);
	cr_assert(push(&t, &e), "%s", e.text);
	cr_assert(is_whole(&t.probe[0]) && is_whole(&t.probe[1]));
	cr_assert(!t.branches[0].failed && !t.branches[1].failed);
}

Test(backup_fan, one_that_fails_at_any_byte_leaves_the_other_whole)
{
	for (int bad = 0; bad < 2; bad++)
		for (size_t limit = 0; limit < LEN; limit++) {
			CLEANUP(stop) struct two t = {0};
			struct err e = {0};

			init(&t, bad == 0 ? limit : LEN, bad == 1 ? limit : LEN);
			cr_assert(push(&t, &e), "%s", e.text);
			cr_assert(is_whole(&t.probe[1 - bad]));
			cr_assert(!t.branches[1 - bad].failed);
			cr_assert(!t.probe[bad].committed);
			cr_assert(t.branches[bad].failed);
			cr_assert_null(t.branches[bad].sink, "it is freed at once");
			cr_assert_eq(t.branches[bad].error.kind, ERR_TRANSIENT);
			cr_assert_str_eq(t.branches[bad].error.text, "probe full");
		}
}

Test(backup_fan, one_that_fails_to_commit_leaves_the_other_whole)
{
	for (int bad = 0; bad < 2; bad++) {
		CLEANUP(stop) struct two t = {0};
		struct err e = {0};

		init(&t, LEN, LEN);
		t.probe[bad].fail_commit = true;
		cr_assert(push(&t, &e), "%s", e.text);
		cr_assert(is_whole(&t.probe[1 - bad]));
		cr_assert(t.branches[bad].failed && !t.branches[1 - bad].failed);
		cr_assert_str_eq(t.branches[bad].error.text, "probe refuses");
	}
}

Test(backup_fan, both_failing_is_the_first_one_s_error)
{
	for (size_t limit = 0; limit < LEN; limit++) {
		CLEANUP(stop) struct two t = {0};
		struct err e = {0};

		init(&t, limit, LEN - 1);
		cr_assert(!push(&t, &e));
		cr_assert_eq(e.kind, ERR_TRANSIENT);
		cr_assert_str_eq(e.text, "file:///a: probe full");
		cr_assert(t.branches[0].failed && t.branches[1].failed);
		cr_assert(!t.probe[0].committed && !t.probe[1].committed);
	}
}

Test(backup_fan, both_failing_to_commit_is_an_error)
{
	CLEANUP(stop) struct two t = {0};
	struct err e = {0};

	init(&t, LEN, LEN);
	t.probe[0].fail_commit = t.probe[1].fail_commit = true;
	cr_assert(!push(&t, &e));
	cr_assert_str_eq(e.text, "file:///a: probe refuses");
}

Test(backup_fan, one_that_failed_before_it_began_is_passed_over)
{
	CLEANUP(stop) struct two t = {0};
	struct err e = {0};

	init(&t, LEN, LEN);
	t.branches[0] = (struct fan_branch){.name = "file:///a", .failed = true};
	cr_assert(push(&t, &e), "%s", e.text);
	cr_assert(is_whole(&t.probe[1]));
}

/* Says that it was cancelled, at write or at commit. */
struct cancelled {
	struct sink sink;
	bool at_commit;
};

static bool cancelled_write(struct sink *s, const void *data, size_t len, struct err *e)
{
	(void)data;
	(void)len;
	return ((struct cancelled *)s)->at_commit || err_set(e, ERR_CANCELLED, "cancelled");
}

static bool cancelled_commit(struct sink *s, struct err *e)
{
	(void)s;
	return err_set(e, ERR_CANCELLED, "cancelled");
}

static void cancelled_free(struct sink *s)
{
	(void)s;
}

Test(backup_fan, cancelling_is_no_failure_of_a_branch)
{
	static const struct sink_ops ops = {cancelled_write, cancelled_commit, cancelled_free};

	for (int at_commit = 0; at_commit < 2; at_commit++) {
		CLEANUP(stop) struct two t = {0};
		struct cancelled c = {.sink.ops = &ops, .at_commit = at_commit};
		struct err e = {0};

		init(&t, LEN, LEN);
		t.branches[0].sink = &c.sink;
		cr_assert(!push(&t, &e));
		cr_assert_eq(e.kind, ERR_CANCELLED);
		cr_assert(!t.branches[0].failed && !t.branches[1].failed);
		cr_assert(!t.probe[1].committed);
	}
}
