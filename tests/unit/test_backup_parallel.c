#include "backup/parallel.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

TestSuite(backup_parallel);

#define ITEMS 1000

struct work {
	atomic_uint done[ITEMS];
	size_t fails_at; /* from this item on, all fail */
	atomic_uint failures;
	pthread_barrier_t *together;
};

static bool work_on(void *ctx, size_t i, struct err *e)
{
	struct work *w = ctx;

	if (w->together)
		pthread_barrier_wait(w->together);
	atomic_fetch_add(&w->done[i], 1);
	if (i < w->fails_at)
		return true;
	atomic_fetch_add(&w->failures, 1);
	return err_set(e, ERR_SYSTEM, "item %zu", i);
}

Test(backup_parallel, every_item_is_done_once)
{
	static const unsigned jobs[] = {0, 1, 2, 7, 64};

	for (size_t n = 0; n < sizeof jobs / sizeof *jobs; n++) {
		struct work w = {.fails_at = ITEMS};
		struct err e = {0};

		cr_assert(parallel(jobs[n], ITEMS, work_on, &w, &e), "%s", e.text);
		for (size_t i = 0; i < ITEMS; i++)
			cr_assert_eq(w.done[i], 1, "item %zu", i);
		cr_assert_eq(e.kind, ERR_NONE);
	}
}

Test(backup_parallel, nothing_to_do_is_done)
{
	struct work w = {0};
	struct err e = {0};

	cr_assert(parallel(4, 0, work_on, &w, &e));
}

Test(backup_parallel, one_job_works_in_order_and_stops_at_the_first_failure)
{
	struct work w = {.fails_at = 10};
	struct err e = {0};

	cr_assert(!parallel(1, ITEMS, work_on, &w, &e));
	cr_assert_str_eq(e.text, "item 10");
	for (size_t i = 0; i < ITEMS; i++)
		cr_assert_eq(w.done[i], i <= 10 ? 1 : 0, "item %zu", i);
}

Test(backup_parallel, after_a_failure_no_other_item_begins)
{
	for (int round = 0; round < 50; round++) {
		struct work w = {.fails_at = 5};
		struct err e = {0};
		size_t item = 0, done = 0;

		cr_assert(!parallel(4, ITEMS, work_on, &w, &e));
		cr_assert_eq(e.kind, ERR_SYSTEM);
		cr_assert(strncmp(e.text, "item ", 5) == 0 && strtoul(e.text + 5, NULL, 10) >= 5);
		for (item = 0; item < ITEMS; item++)
			done += w.done[item];
		/* Those before, and at most one a thread. */
		cr_assert(done >= 6 && done <= 5 + 4, "%zu", done);
		cr_assert(w.failures >= 1 && w.failures <= 4);
	}
}

/* All wait for each other: with fewer threads this would not end. */
Test(backup_parallel, as_many_jobs_run_at_once_as_were_asked_for, .timeout = 20)
{
	pthread_barrier_t together;
	struct work w = {.fails_at = ITEMS, .together = &together};
	struct err e = {0};

	pthread_barrier_init(&together, NULL, 4);
	cr_assert(parallel(4, 400, work_on, &w, &e), "%s", e.text);
	pthread_barrier_destroy(&together);
}

Test(backup_parallel, more_jobs_than_items_are_no_harm)
{
	struct work w = {.fails_at = ITEMS};
	struct err e = {0};

	cr_assert(parallel(100, 3, work_on, &w, &e));
	cr_assert(w.done[0] == 1 && w.done[1] == 1 && w.done[2] == 1 && w.done[3] == 0);
}
