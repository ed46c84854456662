# make            build/bin/pgmuster
# make demo       a throwaway PostgreSQL, dumped, verified, drilled: the muster roll
# make test       all tests: unit tests, then real PostgreSQL and real S3 servers
# make check      lint, layers, sanitizers
# make bench      the budgets of docs/ARCHITECTURE.md, as ratios
# make golden     write the golden files anew, for review as a diff
# make install    PREFIX=/usr/local DESTDIR=
#
# V=1 shows every command. MODULES="base stream" builds and tests only these folders of lib/; B=dir builds elsewhere.

B       := build
PREFIX  ?= /usr/local
VERSION := $(shell cat VERSION)
MODULES ?= $(notdir $(wildcard lib/*))
TESTS   ?= $(MODULES)
Q       := $(if $(V),,@)
VERBS   := dump upload list show verify drill restore

CFLAGS  ?= -O2 -g
WARN    := -Wall -Wextra -Werror -Wshadow -Wconversion -Wvla -Wformat=2 -Wundef
WARN    += -Wstrict-prototypes -Wmissing-prototypes -Wwrite-strings
HARDEN  := -fstack-protector-strong -fPIE $(if $(SAN),,-D_FORTIFY_SOURCE=2)
DEPS    := libpq libzstd libcurl libcrypto jansson expat libxxhash zlib
DEPS_CFLAGS := $(shell pkg-config --cflags $(DEPS) 2>/dev/null)
DEPS_LIBS   := $(shell pkg-config --libs $(DEPS) 2>/dev/null) -pthread -lm
ALL_CFLAGS  = -std=c17 -D_GNU_SOURCE -DVERSION='"$(VERSION)"' -Ilib -Itests -MMD -MP -pthread \
              $(addprefix -isystem ,$(SHIM)) $(WARN) $(HARDEN) $(DEPS_CFLAGS) $(CFLAGS) $(SAN)
ALL_LDFLAGS = -pie -Wl,-z,relro,-z,now $(LDFLAGS) $(SAN)

LIB  := $(patsubst %.c,$B/%.o,$(foreach m,$(MODULES),$(wildcard lib/$m/*.c)))
CMD  := $(patsubst %.c,$B/%.o,$(wildcard cmd/*.c))
TEST := $(patsubst %.c,$B/%.o,$(foreach m,$(TESTS),$(wildcard tests/unit/test_$m*.c)) \
        $(wildcard tests/support/*.c $(addsuffix /*.c,$(SHIM))))

all: $B/bin/pgmuster

$B/bin/pgmuster: $(CMD) $B/lib.a
	$Qmkdir -p $(@D)
	@echo "  LD $@"
	$Q$(CC) $(ALL_LDFLAGS) -o $@ $^ $(DEPS_LIBS)

$B/lib.a: $(LIB)
	$Qrm -f $@
	$Q$(AR) rcs $@ $^

$B/unit: $(TEST) $B/lib.a
	@echo "  LD $@"
	$Q$(CC) $(ALL_LDFLAGS) -o $@ $^ $(DEPS_LIBS) $(if $(SHIM),,-lcriterion)

$B/%.o: %.c Makefile VERSION
	$Qmkdir -p $(@D)
	@echo "  CC $@"
	$Q$(CC) $(ALL_CFLAGS) -c -o $@ $<

# Where tools/setup keeps what Debian does not have. The servers' user must be able to reach it.
PGMUSTER_CACHE ?= $(if $(filter 0,$(shell id -u)),/var/cache,$(HOME)/.cache)/pgmuster
PGMUSTER_PG18  ?= $(PGMUSTER_CACHE)/pg18/usr/lib/postgresql/18/bin
export PGMUSTER_CACHE PGMUSTER_PG18

# Criterion lets a leaking test pass, so a sanitizer's log is itself a failure.
unit: $B/unit
	@rm -f $B/san.*
	@ASAN_OPTIONS=log_path=$B/san UBSAN_OPTIONS=print_stacktrace=1:log_path=$B/san \
	TSAN_OPTIONS=log_path=$B/san $B/unit $(UNIT_ARGS); \
	code=$$?; ! cat $B/san.* 2>/dev/null && exit $$code

# Everything that the tests and the demo need is installed by the script when it is missing.
test:
	tools/setup test
	$(MAKE) all
	status=0; $(MAKE) unit || status=1; tests/run || status=1; exit $$status

demo:
	tools/setup demo
	$(MAKE) all
	tools/demo

SAN_FLAGS := -fno-sanitize-recover=all -fno-omit-frame-pointer -O1 -g
# Criterion does not start under ThreadSanitizer, tests/tsan stands in for it. sql and report have no
# threads, and those of sql take minutes there.
check: lint
	$(MAKE) B=$B/asan CFLAGS= SAN="-fsanitize=address,undefined $(SAN_FLAGS)" unit
	$(MAKE) B=$B/tsan CFLAGS= SAN="-fsanitize=thread $(SAN_FLAGS)" SHIM=tests/tsan \
	    TESTS="base proc stream store pg backup" unit
	$(MAKE) B=$B/clang CC=clang all $B/clang/unit

SOURCES := $(wildcard lib/*/*.[ch] cmd/*.[ch] tests/*/*.[ch] tests/tsan/*/*.h)
lint:
	.ci/layers
	@clang-format --dry-run -Werror $(SOURCES)
	cppcheck -q --std=c11 --error-exitcode=1 --inline-suppr --enable=warning,performance,portability \
	    --suppress=missingInclude -Ilib -DVERSION='""' lib cmd
	shellcheck -s bash -x tools/setup tools/demo tests/run tests/lib.sh tests/bench tests/pg-beside.sh tests/integration/*.sh .ci/run

bench: all
	tests/bench

golden: all
	GOLDEN=write tests/run --filter '*golden*'

install: all
	install -d $(DESTDIR)$(PREFIX)/bin
	install -m 755 $B/bin/pgmuster $(DESTDIR)$(PREFIX)/bin/pgmuster
	for verb in $(VERBS); do ln -sf pgmuster $(DESTDIR)$(PREFIX)/bin/pgmuster-$$verb; done

clean:
	rm -rf $B

.PHONY: all unit test demo check lint bench golden install clean
.SECONDARY:
-include $(shell find $B -name '*.d' 2>/dev/null)
