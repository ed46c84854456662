/* hooks.h: what runs before the first test and after the last one. One of each in a program. */
#ifndef SHIM_HOOKS_H
#define SHIM_HOOKS_H

struct criterion_test_set;
struct criterion_global_stats;

#define ReportHook(when) void shim_##when

__attribute__((weak)) void shim_PRE_ALL(struct criterion_test_set *);
__attribute__((weak)) void shim_POST_ALL(struct criterion_global_stats *);

#endif
