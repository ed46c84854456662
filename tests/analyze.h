/* For analyzers (make analyze), put in front of all but base.c: they cannot see that these never return true. */
#include "base/base.h"

#define err_set(...) __extension__({ err_set(__VA_ARGS__); false; })
#define err_sys(...) __extension__({ err_sys(__VA_ARGS__); false; })
#define err_in(...) __extension__({ err_in(__VA_ARGS__); false; })
#define err_hint(...) __extension__({ err_hint(__VA_ARGS__); false; })
