/*
 * criterion.h: as much of Criterion as the tests here use, because Criterion 2.4.1 does not start
 * under ThreadSanitizer. Each test is a process, as there; a failed expectation ends its test too.
 * The format of a message must be a literal.
 */
#ifndef SHIM_CRITERION_H
#define SHIM_CRITERION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct shim_options {
	void (*init)(void), (*fini)(void);
	double timeout; /* seconds; 0 means the suite's, or the runner's */
	bool none;
};

struct shim_test {
	const char *suite, *name; /* without a name: the options of a suite */
	void (*run)(void);
	struct shim_options options;
	struct shim_test *next;
};

void shim_add(struct shim_test *);
_Noreturn void shim_fail(const char *file, int line, const char *what, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
_Noreturn void shim_skip(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#define SHIM_ADD(id, ...)                                                                          \
	static struct shim_test id##_test = {__VA_ARGS__};                                         \
	__attribute__((constructor)) static void id##_add(void)                                    \
	{                                                                                          \
		shim_add(&id##_test);                                                              \
	}

#define Test(s, n, ...)                                                                            \
	static void s##_##n##_impl(void);                                                          \
	SHIM_ADD(s##_##n, .suite = #s, .name = #n, .run = s##_##n##_impl,                          \
		 .options = {.none = true, __VA_ARGS__})                                           \
	static void s##_##n##_impl(void)
#define TestSuite(s, ...)                                                                          \
	SHIM_ADD(s##_suite, .suite = #s, .options = {.none = true, __VA_ARGS__})                   \
	struct shim_test

/* The message's arguments may make sense in a failure only. */
#define SHIM_CHECK(ok, what, ...)                                                                  \
	((ok) ? (void)0 : shim_fail(__FILE__, __LINE__, what, " " __VA_ARGS__))
#define SHIM_COMPARE(a, op, b, ...) SHIM_CHECK((a)op(b), #a " " #op " " #b, __VA_ARGS__)

#define cr_assert(c, ...) SHIM_CHECK(c, #c, __VA_ARGS__)
#define cr_assert_not(c, ...) SHIM_CHECK(!(c), "not " #c, __VA_ARGS__)
#define cr_assert_fail(...) SHIM_CHECK(false, "fail", __VA_ARGS__)
#define cr_assert_eq(a, b, ...) SHIM_COMPARE(a, ==, b, __VA_ARGS__)
#define cr_assert_neq(a, b, ...) SHIM_COMPARE(a, !=, b, __VA_ARGS__)
#define cr_assert_lt(a, b, ...) SHIM_COMPARE(a, <, b, __VA_ARGS__)
#define cr_assert_leq(a, b, ...) SHIM_COMPARE(a, <=, b, __VA_ARGS__)
#define cr_assert_gt(a, b, ...) SHIM_COMPARE(a, >, b, __VA_ARGS__)
#define cr_assert_geq(a, b, ...) SHIM_COMPARE(a, >=, b, __VA_ARGS__)
#define cr_assert_null(a, ...) SHIM_COMPARE(a, ==, NULL, __VA_ARGS__)
#define cr_assert_not_null(a, ...) SHIM_COMPARE(a, !=, NULL, __VA_ARGS__)
#define cr_assert_str_eq(a, b, ...) SHIM_CHECK(strcmp(a, b) == 0, #a " is " #b, __VA_ARGS__)
#define cr_assert_str_empty(a, ...) SHIM_CHECK(*(a) == '\0', #a " is empty", __VA_ARGS__)
#define cr_assert_arr_eq(a, b, n, ...) SHIM_CHECK(memcmp(a, b, n) == 0, #a " is " #b, __VA_ARGS__)

#define cr_assert_float_eq(a, b, within, ...)                                                      \
	SHIM_CHECK((a) - (b) <= (within) && (b) - (a) <= (within), #a " == " #b, __VA_ARGS__)

#define cr_expect cr_assert
#define cr_expect_not cr_assert_not
#define cr_expect_eq cr_assert_eq
#define cr_expect_null cr_assert_null
#define cr_expect_str_eq cr_assert_str_eq
#define cr_skip_test(...) shim_skip(" " __VA_ARGS__)

#endif
