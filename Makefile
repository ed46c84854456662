# make            build/bin/pgmuster
# make demo       a throwaway PostgreSQL, dumped, verified, drilled: the muster roll
# make test       all tests: unit tests, then real PostgreSQL and real S3 servers
# make check      lint, layers, sanitizers
# make bench      the budgets of docs/ARCHITECTURE.md, as ratios
# make golden     write the golden files anew, for review as a diff
# make install    PREFIX=/usr/local DESTDIR=
#
# MODULES="base stream" builds and tests only these folders of lib/; B=dir builds elsewhere.

B       := build
PREFIX  ?= /usr/local
VERSION := $(shell cat VERSION)
MODULES ?= $(notdir $(wildcard lib/*))
VERBS   := dump upload list show verify drill restore

CFLAGS  ?= -O2 -g
WARN    := -Wall -Wextra -Werror -Wshadow -Wconversion -Wvla -Wformat=2 -Wundef
WARN    += -Wstrict-prototypes -Wmissing-prototypes -Wwrite-strings
HARDEN  := -fstack-protector-strong -fPIE $(if $(SAN),,-D_FORTIFY_SOURCE=2)
DEPS    := libpq libzstd libcurl libcrypto jansson expat libxxhash zlib
DEPS_CFLAGS = $(shell pkg-config --cflags $(DEPS))
DEPS_LIBS   = $(shell pkg-config --libs $(DEPS)) -pthread
ALL_CFLAGS  = -std=c17 -D_GNU_SOURCE -DVERSION='"$(VERSION)"' -Ilib -Itests -MMD -MP -pthread \
              $(WARN) $(HARDEN) $(DEPS_CFLAGS) $(CFLAGS) $(SAN)
ALL_LDFLAGS = -pie -Wl,-z,relro,-z,now $(LDFLAGS) $(SAN)

LIB  := $(patsubst %.c,$B/%.o,$(foreach m,$(MODULES),$(wildcard lib/$m/*.c)))
CMD  := $(patsubst %.c,$B/%.o,$(wildcard cmd/*.c))
TEST := $(patsubst %.c,$B/%.o,$(foreach m,$(MODULES),$(wildcard tests/unit/test_$m*.c)) \
        $(wildcard tests/support/*.c))

all: $B/bin/pgmuster

$B/bin/pgmuster: $(CMD) $B/lib.a
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(DEPS_LIBS)

$B/lib.a: $(LIB)
	@rm -f $@
	$(AR) rcs $@ $^

$B/unit: $(TEST) $B/lib.a
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(DEPS_LIBS) -lcriterion

$B/%.o: %.c Makefile VERSION
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -c -o $@ $<

# Criterion lets a leaking test pass, so a sanitizer's log is itself a failure.
unit: $B/unit
	@rm -f $B/san.*
	ASAN_OPTIONS=log_path=$B/san UBSAN_OPTIONS=print_stacktrace=1:log_path=$B/san \
	TSAN_OPTIONS=log_path=$B/san $B/unit $(UNIT_ARGS)
	@! cat $B/san.* 2>/dev/null

clean:
	rm -rf $B

.PHONY: all unit clean
.SECONDARY:
-include $(shell find $B -name '*.d' 2>/dev/null)
