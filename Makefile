# make            build/bin/pgmuster, build/bin/pgmuster-gen
# make demo       a throwaway PostgreSQL, dumped, verified, drilled: the muster roll
# make test       all tests: unit tests, then real PostgreSQL and real S3 servers
# make check      lint, layers, sanitizers (docs/HYGIENE.md); also: make sanitize memcheck analyze tidy coverage
# make fuzz       every parser of foreign bytes against made-up input: TIME= seconds each, TARGET= some, ENGINE=afl
# make torture    faults, sudden death, lies: TIME= seconds for each attack; in make test 10
# make real-data  databases that others wrote, of PostgreSQL 15, 17 and 18, table by table too
# make bench      the budgets of docs/ARCHITECTURE.md, as ratios
# make golden     write the golden files anew, for review as a diff
# make install    PREFIX=/usr/local DESTDIR=
# make backup-postgres; make restore-postgres DATABASE= DATE= TARGET=      VIA=cluster: through Kubernetes
#
# V=1 shows every command. MODULES="base stream" builds and tests only these folders of lib/; B=dir builds elsewhere.

B       := build
PREFIX  ?= /usr/local
VERSION := $(shell cat VERSION)
MODULES ?= $(notdir $(wildcard lib/*))
TESTS   ?= $(MODULES) gen
Q       := $(if $(V),,@)
VERBS   := dump upload list show verify drill restore

CFLAGS  ?= -O2 -g
WARN    := -Wall -Wextra -Werror -Wshadow -Wconversion -Wvla -Wformat=2 -Wundef
WARN    += -Wstrict-prototypes -Wmissing-prototypes -Wwrite-strings
HARDEN  := -fstack-protector-strong -fPIE
# A sanitizer must see what these would paper over. Not every compiler and processor has all of them.
supported = $(shell $(CC) -Werror $1 -x c -c -o /dev/null /dev/null 2>/dev/null && echo $1)
ifndef SAN
HARDEN  += -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fno-strict-overflow -fno-strict-aliasing -fno-delete-null-pointer-checks
HARDEN  += $(foreach f,-fstack-clash-protection -fcf-protection -mbranch-protection=standard -ftrivial-auto-var-init=zero,$(call supported,$f))
endif
DEPS    := libpq libzstd libcurl libcrypto jansson expat libxxhash zlib
DEPS_CFLAGS := $(shell pkg-config --cflags $(DEPS) 2>/dev/null)
DEPS_LIBS   := $(shell pkg-config --libs $(DEPS) 2>/dev/null) -pthread -lm
# The generator needs nothing of PostgreSQL, S3 or zstd.
GEN_LIBS    := $(shell pkg-config --libs jansson 2>/dev/null) -pthread -lm
ALL_CFLAGS  = -std=c17 -D_GNU_SOURCE -DVERSION='"$(VERSION)"' -Ilib -Itests -I. -I$B -MMD -MP -pthread \
              $(addprefix -isystem ,$(SHIM)) $(WARN) $(HARDEN) $(DEPS_CFLAGS) $(CFLAGS) $(SAN)
ALL_LDFLAGS = -pie -Wl,-z,relro,-z,now,-z,noexecstack $(LDFLAGS) $(SAN)

LIB  := $(patsubst %.c,$B/%.o,$(foreach m,$(MODULES),$(wildcard lib/$m/*.c)) \
        $(filter-out gen/main.c,$(wildcard gen/*.c)))
CMD  := $(patsubst %.c,$B/%.o,$(wildcard cmd/*.c))
TEST := $(patsubst %.c,$B/%.o,$(foreach m,$(TESTS),$(wildcard tests/unit/test_$m*.c)) \
        $(wildcard tests/support/*.c $(addsuffix /*.c,$(SHIM))))

all: $B/bin/pgmuster $B/bin/pgmuster-gen

$B/bin/pgmuster: $(CMD) $B/lib.a
	$Qmkdir -p $(@D)
	@echo "  LD $@"
	$Q$(CC) $(ALL_LDFLAGS) -o $@ $^ $(DEPS_LIBS)

$B/bin/pgmuster-gen: $B/gen/main.o $B/lib.a
	$Qmkdir -p $(@D)
	@echo "  LD $@"
	$Q$(CC) $(ALL_LDFLAGS) -o $@ $^ $(GEN_LIBS)

$B/lib.a: $(LIB)
	$Qrm -f $@
	$Q$(AR) rcs $@ $^

$B/unit: $(TEST) $B/lib.a
	@echo "  LD $@"
	$Q$(CC) $(ALL_LDFLAGS) -o $@ $^ $(DEPS_LIBS) $(if $(SHIM),,-lcriterion)

# The pinned image that goes with this generator, as a string.
$B/gen/toolbox_image.h: nix/toolbox-image.json
	$Qmkdir -p $(@D)
	$Qsed 's/["\\]/\\&/g; s/.*/"&"/; 1s/^/#define TOOLBOX_IMAGE_JSON /; $$!s/$$/ \\/' $< >$@
$B/gen/main.o: $B/gen/toolbox_image.h

$B/%.o: %.c Makefile VERSION
	$Qmkdir -p $(@D)
	@echo "  CC $@"
	$Q$(CC) $(ALL_CFLAGS) -c -o $@ $<

# A fuzz target, called by replay.c with the files of its corpus, or by a fuzzer (tests/fuzz/run).
FUZZERS   := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_MAIN ?= $B/tests/fuzz/replay.o

$B/fuzz/%: $B/tests/fuzz/fuzz_%.o $B/tests/fuzz/fuzz.o $(FUZZ_MAIN) $B/lib.a
	$Qmkdir -p $(@D)
	@echo "  LD $@"
	$Q$(CC) $(ALL_LDFLAGS) -o $@ $^ $(FUZZ_ENGINE) $(DEPS_LIBS)

# Prints what our splitter sees, to be compared with psql.
$B/fuzz/statements: $B/tests/fuzz/statements.o $B/lib.a
	$Qmkdir -p $(@D)
	@echo "  LD $@"
	$Q$(CC) $(ALL_LDFLAGS) -o $@ $^ $(DEPS_LIBS)

# Stands between pgmuster and a server, and breaks one thing.
$B/fault-proxy: $B/tests/torture/fault_proxy.o $B/tests/torture/fault_http.o
	@echo "  LD $@"
	$Q$(CC) $(ALL_LDFLAGS) -o $@ $^ -pthread

# Preloaded by tests/torture: a disk that fails at a chosen call.
$B/faulty_disk.so: tests/torture/faulty_disk.c
	@echo "  LD $@"
	$Q$(CC) -std=c17 -D_GNU_SOURCE $(WARN) $(CFLAGS) -fPIC -shared -o $@ $<

fuzzers: $(addprefix $B/fuzz/,$(FUZZERS))

# Where tools/setup keeps what Debian does not have. The servers' user must be able to reach it.
PGMUSTER_CACHE ?= $(if $(filter 0,$(shell id -u)),/var/cache,$(HOME)/.cache)/pgmuster
PGMUSTER_PG17  ?= $(PGMUSTER_CACHE)/pg17/usr/lib/postgresql/17/bin
PGMUSTER_PG18  ?= $(PGMUSTER_CACHE)/pg18/usr/lib/postgresql/18/bin
export PGMUSTER_CACHE PGMUSTER_PG17 PGMUSTER_PG18

# Criterion lets a leaking test pass, so a sanitizer's log is itself a failure, but for what Criterion's runner
# allocated (frame 1) and leaks itself. Tests of faults start threads in a forked child.
unit: $B/unit
	@rm -f $B/san.*
	@ASAN_OPTIONS=log_path=$B/san UBSAN_OPTIONS=print_stacktrace=1:log_path=$B/san LSAN_OPTIONS=exitcode=0 \
	TSAN_OPTIONS=die_after_fork=0:log_path=$B/san $B/unit $(UNIT_ARGS); \
	code=$$?; \
	! grep -hsE '^ *#1 |fatal error' $B/san.* | grep -qv libcriterion || { cat $B/san.*; exit 1; }; exit $$code

# Everything that the tests and the demo need is installed by the script when it is missing.
test:
	tools/setup test
	$(MAKE) all $B/fuzz/statements $B/fault-proxy $B/faulty_disk.so
	status=0; $(MAKE) unit || status=1; $(MAKE) replay || status=1; tests/run || status=1; exit $$status

demo:
	tools/setup demo
	$(MAKE) all
	tools/demo

SAN_FLAGS := -fno-sanitize-recover=all -fno-omit-frame-pointer -O1 -g
ASAN      := -fsanitize=address,undefined $(SAN_FLAGS)
TSAN      := -fsanitize=thread $(SAN_FLAGS)
# Criterion does not start under ThreadSanitizer, tests/tsan stands in for it. sql and report have no
# threads, and those of sql take minutes there.
check: lint
	$(MAKE) B=$B/asan CFLAGS= SAN="$(ASAN)" all $B/asan/unit unit
	PGMUSTER_BINDIR=$(CURDIR)/$B/asan/bin tests/run --filter '10-backup:test_second_dump*' tests/integration/10-backup.sh
	$(MAKE) B=$B/tsan CFLAGS= SAN="$(TSAN)" SHIM=tests/tsan TESTS="base proc stream store pg backup" unit
	$(MAKE) B=$B/clang CC=clang all $B/clang/unit

# Real servers, and binaries that check themselves; faketime comes before ASan. The threads are those of dump, drill,
# verify and restore.
sanitize:
	tools/setup test
	$(MAKE) B=$B/asan CFLAGS= SAN="$(ASAN)" all
	$(MAKE) B=$B/tsan CFLAGS= SAN="$(TSAN)" SHIM=tests/tsan all
	SANITIZER_OPTIONS=verify_asan_link_order=0 PGMUSTER_BINDIR=$(CURDIR)/$B/asan/bin tests/run --timeout 1800 tests/integration/[1-7]*.sh
	PGMUSTER_BINDIR=$(CURDIR)/$B/tsan/bin tests/run --timeout 1800 tests/integration/10-backup.sh tests/integration/20-hostile.sh tests/integration/35-drill.sh

# Criterion and valgrind do not go together either. Left out is what valgrind 3.19 cannot run: it does not
# know pidfd_open (all that starts programs) and seccomp (faults).
MEMCHECK := base report store stream backup gen
memcheck:
	$(MAKE) B=$B/memcheck CFLAGS="-O1 -g" HARDEN=-fPIE SHIM=tests/tsan TESTS="$(MEMCHECK)" $B/memcheck/unit
	PATIENCE=100 valgrind -q --leak-check=full --errors-for-leak-kinds=definite --show-leak-kinds=definite \
	    --error-exitcode=99 $B/memcheck/unit '!*fault/*' '!*thread_nothing*' '!*without_a_thread*'

SOURCES := $(wildcard lib/*/*.[ch] cmd/*.[ch] gen/*.[ch] tests/*/*.[ch] tests/tsan/*/*.h)
lint:
	.ci/layers
	@clang-format --dry-run -Werror $(SOURCES)
	cppcheck -q --std=c11 --error-exitcode=1 --inline-suppr --enable=warning,performance,portability \
	    --suppress=missingInclude -Ilib -Itests -I. -DVERSION='""' lib cmd gen tests/fuzz
	shellcheck -s bash -x tools/* nix/*.sh tests/support/kubectl tests/run tests/fuzz/run tests/lib.sh tests/bench tests/coverage tests/pg-beside.sh tests/apt-suite.sh tests/real-data/fetch tests/real-data/*.sh tests/integration/*.sh tests/torture/*.sh .ci/run

# One file after another, again only what changed: make -j2 analyze tidy.
ANALYZED := $(wildcard lib/*/*.c cmd/*.c gen/*.c)
ANALYZER_FLAGS = -std=c17 -D_GNU_SOURCE -DVERSION='""' -Ilib -I. -I$B $(DEPS_CFLAGS) -Wno-unused-value \
                 $(if $(filter lib/base/base.c,$1),,-include tests/analyze.h)
analyze: $(ANALYZED:%.c=$B/analyze/%.ok)
tidy: $(ANALYZED:%.c=$B/tidy/%.ok)

$B/analyze/%.ok: %.c $(wildcard lib/*/*.h gen/*.h) $B/gen/toolbox_image.h tests/analyze.h Makefile
	$Qmkdir -p $(@D)
	@echo "  ANALYZE $<"
	$Qgcc -fanalyzer -Werror -O1 $(call ANALYZER_FLAGS,$<) -c -o /dev/null $<
	$Qtouch $@

$B/tidy/%.ok: %.c $(wildcard lib/*/*.h gen/*.h) $B/gen/toolbox_image.h tests/analyze.h Makefile .clang-tidy
	$Qmkdir -p $(@D)
	@echo "  TIDY $<"
	$Qclang-tidy --quiet $< -- $(call ANALYZER_FLAGS,$<)
	$Qtouch $@

# Where each place of the source was executed, by all tests; QUICK=1: by unit tests alone. clang's counters are
# kept in files that processes share, so that also a process that is killed is counted.
COVERAGE := -fprofile-instr-generate=$(CURDIR)/$B/coverage/raw/%m%c.profraw -fcoverage-mapping -fprofile-update=atomic \
            -mllvm -runtime-counter-relocation -Wno-unused-command-line-argument
coverage:
	tools/setup coverage
	rm -rf $B/coverage/raw $B/coverage/html
	mkdir -p $B/coverage/raw
	$(MAKE) B=$B/coverage CC=clang CFLAGS="-O1 -g" SAN="$(COVERAGE)" all $B/coverage/unit $B/coverage/fault-proxy
	$(MAKE) $B/faulty_disk.so
	B=$B/coverage tests/coverage $(if $(QUICK),quick)

# The corpora, without a fuzzer.
replay:
	$(MAKE) B=$B/asan CFLAGS= SAN="-fsanitize=address,undefined $(SAN_FLAGS)" fuzzers
	tests/fuzz/run replay $B/asan/fuzz

TIME   ?= 60
ENGINE ?= libfuzzer
TARGET ?= $(FUZZERS) psql
fuzz:
	tools/setup fuzz
	TIME=$(TIME) ENGINE=$(ENGINE) B=$B tests/fuzz/run fuzz $(TARGET)

torture:
	tools/setup test
	$(MAKE) all $B/fault-proxy $B/faulty_disk.so
	TORTURE_TIME=$(TIME) tests/run --timeout $$(($(TIME) * 10 + 300)) tests/torture/[0-9]*.sh

real-data:
	tools/setup real-data
	$(MAKE) all
	tests/run -j 1 --timeout 3600 tests/real-data/[0-9]*.sh

bench: all
	tests/bench

golden: all
	GOLDEN=write tests/run --filter '*golden*'
	$B/bin/pgmuster-gen --out kubenix/example kubenix/example/homelab.json
	$B/bin/pgmuster-gen schema >nix/modules/settings.schema.json

# From a workstation: tools/backup-postgres and tools/restore-postgres say what they take.
backup-postgres restore-postgres: all
	@PATH="$(CURDIR)/$B/bin:$$PATH" tools/$@

install: all
	install -d $(DESTDIR)$(PREFIX)/bin
	install -m 755 $B/bin/pgmuster $B/bin/pgmuster-gen $(DESTDIR)$(PREFIX)/bin
	for verb in $(VERBS); do ln -sf pgmuster $(DESTDIR)$(PREFIX)/bin/pgmuster-$$verb; done

clean:
	rm -rf $B

.PHONY: all unit test demo check sanitize memcheck analyze tidy coverage lint replay fuzz fuzzers torture real-data bench golden backup-postgres restore-postgres install clean
.SECONDARY:
-include $(shell find $B -name '*.d' 2>/dev/null)
