# muster: build, test, install. `make help` lists the targets.
#
# Sources are found by wildcard, so a new file needs no line here:
#   lib/*/*.c providers/*.c providers/*/*.c policies/*.c   -> $(BUILD)/libmuster.a
#   cmd/NAME/*.c                                           -> $(BUILD)/NAME
#   tests/unit/test_X.c                                    -> $(BUILD)/tests/test_X
#   tests/sim/*.c                                          -> $(BUILD)/tests/sim-runner
#   tests/integration/X.c                                  -> $(BUILD)/probes/X
#   tests/fuzz/fuzz_X.c, tests/bench/bench_X.c             -> $(BUILD)/fuzz/fuzz_X, $(BUILD)/bench/bench_X
#
# Variables: BUILD=dir  WERROR=1  VARIANT=release|debug|asan|tsan|cover|fuzz|analyze  V=1 (show commands)
#            ONLY=text (tests with that in their name)  FUZZ_SECONDS=20
#            PREFIX=/usr/local  DESTDIR=  CC= CFLAGS= LDFLAGS= (yours are added last)
# A file config.mk, if there is one, is read first: put your own settings there.

-include config.mk

VERSION := 0.1.0
BUILD   ?= build
VARIANT ?= release
WERROR  ?= 0
PREFIX  ?= /usr/local
PYTHON  ?= python3
VENV    ?= .venv

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules
SHELL := /bin/bash

Q := $(if $(V),,@)
# What is being made, in a word; nothing under -s.
say = @$(if $(findstring s,$(firstword -$(MAKEFLAGS))),:,printf '  %-7s %s\n') $(1) $(2)

# For the targets that are one command for a stranger: all cores, unless make was given its own -j.
parallel = $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(shell nproc))
quietly  = $(MAKE) --no-print-directory $(parallel) BUILD=$(BUILD)

# ---- what there is to build ------------------------------------------------------------------

LIB_SRC   := $(sort $(wildcard lib/*/*.c providers/*.c providers/*/*.c policies/*.c))
CMD_NAMES := $(sort $(notdir $(patsubst %/,%,$(dir $(wildcard cmd/*/*.c)))))
UNIT_SRC  := $(sort $(wildcard tests/unit/test_*$(ONLY)*.c))
UNIT_HELP := $(sort $(filter-out tests/unit/test_%,$(wildcard tests/unit/*.c)))
SIM_SRC   := $(sort $(wildcard tests/sim/*.c))
FUZZ_SRC  := $(sort $(wildcard tests/fuzz/fuzz_*.c))
BENCH_SRC := $(sort $(wildcard tests/bench/*.c))
PROBE_SRC := $(sort $(wildcard tests/integration/*.c))

LIB       := $(BUILD)/libmuster.a
LIB_OBJ   := $(LIB_SRC:%.c=$(BUILD)/obj/%.o)
PROGRAMS  := $(CMD_NAMES:%=$(BUILD)/%)
UNIT      := $(UNIT_SRC:tests/unit/%.c=$(BUILD)/tests/%)
UNIT_OOM  := $(filter $(BUILD)/tests/test_oom_%,$(UNIT))
UNIT_FAST := $(filter-out $(UNIT_OOM),$(UNIT))
SIM       := $(if $(wildcard tests/sim/main.c),$(BUILD)/tests/sim-runner)
SCENARIOS := $(sort $(wildcard tests/sim/*$(ONLY)*.scenario))
FUZZ      := $(FUZZ_SRC:tests/fuzz/%.c=$(BUILD)/fuzz/%)
BENCH     := $(BENCH_SRC:tests/bench/%.c=$(BUILD)/bench/%)
PROBES    := $(PROBE_SRC:tests/integration/%.c=$(BUILD)/probes/%)

ALL_SRC   := $(LIB_SRC) $(wildcard cmd/*/*.c) $(UNIT_SRC) $(UNIT_HELP) $(SIM_SRC) $(FUZZ_SRC) $(BENCH_SRC) \
             $(PROBE_SRC)
# Unit tests that do not run under valgrind, which is some twenty times slower.
# Their children are cut off in the middle, with all they hold; the store's other tests have the rest:
VALGRIND_SKIP := test_store_kill test_store_power test_store_full
# They measure time, or hold the system against it:
VALGRIND_SKIP += test_http test_http_client test_http_server
# Hundreds of small worlds, and 1,000 seconds with 3,000 machines, in virtual time; the sanitizers have both:
VALGRIND_SKIP += test_aws_burst test_aws_remedies
# It writes as many rows as a year does, and nothing that test_store does not:
VALGRIND_SKIP += test_prune
# Millions of jobs; test_sim_run has the same code with few:
VALGRIND_SKIP += test_sim_queueing
# They watch processes by pidfd_open, which valgrind does not know:
VALGRIND_SKIP += test_agent_worker test_local test_node_dir test_process

# ---- libraries -------------------------------------------------------------------------------

# name:lowest version:Debian package. All in Debian 12; deploy/install-deps.sh installs them.
PKGS      := libuv:1.44.0:libuv1-dev libcurl:7.88.0:libcurl4-openssl-dev openssl:3.0.0:libssl-dev \
             libcjson:1.7.15:libcjson-dev expat:2.5.0:libexpat1-dev \
             libmicrohttpd:0.9.75:libmicrohttpd-dev libfyaml:0.7.12:libfyaml-dev \
             sqlite3:3.40.0:libsqlite3-dev hiredis:0.14.1:libhiredis-dev
TEST_PKGS := cmocka:1.1.5:libcmocka-dev

pkg_name  = $(foreach p,$(1),$(firstword $(subst :, ,$(p))))
# System headers answer to their own authors' warnings, hence -isystem.
pkg_flags = $(patsubst -I%,-isystem %,$(shell pkg-config --cflags $(call pkg_name,$(1)) 2>/dev/null))
pkg_libs  = $(shell pkg-config --libs $(call pkg_name,$(1)) 2>/dev/null)

# ---- flags -----------------------------------------------------------------------------------

CC       ?= gcc
ifeq ($(origin CC),default)
CC       := gcc
endif

WARN := -Wall -Wextra -Wpedantic -Wformat=2 -Wconversion -Wsign-conversion \
    -Wdouble-promotion -Wfloat-equal -Wshadow -Wvla -Walloca -Wstrict-prototypes \
    -Wmissing-prototypes -Wold-style-definition -Wnull-dereference -Wcast-qual -Wpointer-arith \
    -Wwrite-strings -Wundef -Wredundant-decls -Wswitch-enum -Werror=format-security \
    -Werror=implicit -Werror=incompatible-pointer-types -Werror=int-conversion \
    -Werror=return-type
# -Wformat-truncation stays at 1: snprintf into a bounded text is how texts are cut short here.
WARN_GCC := -Wformat-signedness -Wformat-overflow=2 -Wformat-truncation=1 -Warith-conversion -Wduplicated-cond \
    -Wduplicated-branches -Wlogical-op -Wcast-align=strict -Wimplicit-fallthrough=5 \
    -Wstack-usage=16384 -Wtrampolines -Wbidi-chars=any,ucn -Wstringop-overflow=4 \
    -Wuse-after-free=3

# Behaviour that both gcc and clang, and every variant, share.
SAFE     := -fno-delete-null-pointer-checks -fno-strict-overflow -fno-strict-aliasing -fno-common
HARDEN   := -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fstack-protector-strong \
    -fstack-clash-protection -fcf-protection=full -ftrivial-auto-var-init=zero \
    -fzero-call-used-regs=used-gpr -fexceptions
# -z nodlopen marks only the program itself; name-service modules of the C library still load.
HARDEN_LD := -pie -Wl,-z,relro,-z,now,-z,noexecstack,-z,nodlopen,-z,separate-code \
    -Wl,--as-needed,--no-copy-dt-needed-entries,--fatal-warnings

is_clang  := $(findstring clang,$(shell $(CC) --version 2>/dev/null))
cf_arch   := $(filter x86_64 i686,$(shell uname -m))
ifeq ($(cf_arch),)
HARDEN    := $(filter-out -fcf-protection=full,$(HARDEN))
endif

FLAGS_release := -O2 $(HARDEN)
FLAGS_debug   := -Og
FLAGS_asan    := -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
FLAGS_tsan    := -O1 -fno-omit-frame-pointer -fsanitize=thread
FLAGS_cover   := -O0 --coverage
FLAGS_fuzz    := -O1 -fno-omit-frame-pointer -fsanitize=address,undefined,fuzzer-no-link \
    -fno-sanitize-recover=all
# gcc 12's analyzer sees one file at a time. Memory handed over through a pointer it calls a leak, and
# that an error_...() of another file returns less than 0, so that outputs stay unused, it cannot know.
# The address sanitizer and valgrind look for both.
FLAGS_analyze := -O2 $(HARDEN) -fanalyzer -Wno-analyzer-malloc-leak \
    -Wno-analyzer-use-of-uninitialized-value
LD_release    := $(HARDEN_LD)
LD_asan       := -fsanitize=address,undefined
LD_tsan       := -fsanitize=thread
LD_cover      := --coverage
LD_fuzz       := -fsanitize=address,undefined,fuzzer
ifeq ($(FLAGS_$(VARIANT)),)
$(error VARIANT=$(VARIANT) is none of release debug asan tsan cover fuzz analyze)
endif

# _GNU_SOURCE is defined as empty, so that a file that says `#define _GNU_SOURCE` itself agrees.
BASE_CPP    := -I. -Ilib -D_GNU_SOURCE= -DMUSTER_VERSION='"$(VERSION)"' $(call pkg_flags,$(PKGS))
BASE_CFLAGS  = -std=gnu17 -g -fPIE $(SAFE) $(FLAGS_$(VARIANT)) $(WARN) $(if $(is_clang),-Wno-unknown-warning-option,$(WARN_GCC))
COMPILE      = $(CC) $(BASE_CPP) $(CPPFLAGS) $(BASE_CFLAGS) $(CFLAGS)
werror       = $(if $(filter 1,$(WERROR)),-Werror)
LINK         = $(CC) -pie $(LD_$(VARIANT)) $(LDFLAGS)
LIBS        := $(call pkg_libs,$(PKGS)) -lm
TEST_LIBS   := $(call pkg_libs,$(TEST_PKGS))
# Tests named test_oom_* replace the allocator, to fail each allocation in turn.
# Tests that wait for minutes in virtual time: see tests/unit/virtual_timers.h.
WRAP_TIMERS := -Wl,--wrap=uv_timer_init,--wrap=uv_timer_start,--wrap=uv_timer_stop,--wrap=uv_is_active,--wrap=uv_close,--wrap=uv_now
WRAP_OOM    := -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=strdup,--wrap=strndup

# ---- build -----------------------------------------------------------------------------------

##@ Build
.PHONY: all
all: $(BUILD)/.deps $(LIB) $(PROGRAMS) ## build the library and the programs into $(BUILD)

# One clear sentence instead of a compiler's "no such file": asked once per build directory.
need = missing=; for p in $(1); do IFS=: read -r name version package <<<"$$p"; \
    pkg-config --atleast-version=$$version $$name 2>/dev/null && continue; \
    have=$$(pkg-config --modversion $$name 2>/dev/null || echo none); \
    echo "muster needs $$name >= $$version (found: $$have), Debian package $$package" >&2; \
    missing="$$missing $$package"; done; \
    for tool in pkg-config $(CC); do command -v $$tool >/dev/null && continue; \
        echo "muster needs the program $$tool" >&2; missing=" $$tool$$missing"; done; \
    [ -z "$$missing" ] || { echo "Install with: $(2)   (or: apt-get install$$missing)" >&2; exit 1; }
$(BUILD)/.deps: Makefile
	@mkdir -p $(@D)
	@$(call need,$(PKGS),make deps)
	@touch $@

# Objects are stale when the flags they were compiled with have changed.
$(BUILD)/.flags: force | $(BUILD)/.deps
	@flags='$(subst ','\'',$(COMPILE))'; \
	    [ "$$flags" = "$$(cat $@ 2>/dev/null)" ] || printf '%s\n' "$$flags" >$@
.PHONY: force

$(BUILD)/obj/%.o: %.c $(BUILD)/.flags
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(COMPILE) $(werror) -MMD -MP -c $< -o $@

# The dashboard's files are compiled in (.incbin), which the compiler does not tell make.
$(BUILD)/obj/lib/status/dashboard.o: $(wildcard lib/status/dashboard/*)

# Tests may take an allocation for granted, so the analyzer leaves them alone; the warnings do not.
$(BUILD)/obj/tests/%: FLAGS_analyze := $(filter-out -fanalyzer,$(FLAGS_analyze))

$(LIB): $(LIB_OBJ) | $(BUILD)/.deps
	$(call say,AR,$@)
	@rm -f $@
	$(Q)ar rcsD $@ $(LIB_OBJ)

define program
$(BUILD)/$(1): $(patsubst %.c,$(BUILD)/obj/%.o,$(sort $(wildcard cmd/$(1)/*.c))) $(LIB)
	$$(call say,LINK,$$@)
	$$(Q)$$(LINK) -o $$@ $$^ $$(LIBS)
endef
$(foreach name,$(CMD_NAMES),$(eval $(call program,$(name))))

# Everything compiled, nothing linked.
.PHONY: objects
objects: $(ALL_SRC:%.c=$(BUILD)/obj/%.o)

.PHONY: deps test-deps
deps: ## install the Debian packages that a build needs
	$(Q)deploy/install-deps.sh build

test-deps: ## install the Debian packages that `make test` needs
	$(Q)deploy/install-deps.sh test

.PHONY: clean
clean: ## remove what was built
	rm -rf $(BUILD)

# ---- run -------------------------------------------------------------------------------------

##@ Run
# What is missing is installed before make looks for libraries again, hence the second make.
.PHONY: demo run
demo: ## install what is missing, build, and show the main job on real work (about a minute)
	$(Q)deploy/install-deps.sh build
	@echo "building muster in $(BUILD)"
	+$(Q)$(quietly) -s all
	$(Q)BUILD=$(BUILD) deploy/demo/run.sh

run: ## the set-up of the demo, until Ctrl-C
	$(Q)deploy/install-deps.sh build
	+$(Q)$(quietly) -s all
	$(Q)BUILD=$(BUILD) deploy/demo/run.sh --stay

# ---- test programs ---------------------------------------------------------------------------

$(UNIT_OOM): wrap = $(WRAP_OOM)
$(BUILD)/tests/test_aws_burst $(BUILD)/tests/test_aws_remedies $(BUILD)/tests/test_asg: wrap = $(WRAP_TIMERS)
$(UNIT): $(BUILD)/tests/%: $(BUILD)/obj/tests/unit/%.o $(UNIT_HELP:%.c=$(BUILD)/obj/%.o) $(LIB) $(BUILD)/.test-deps
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(LINK) $(wrap) -o $@ $(filter-out %.test-deps,$^) $(TEST_LIBS) $(LIBS)

$(BUILD)/tests/sim-runner: $(SIM_SRC:%.c=$(BUILD)/obj/%.o) $(LIB)
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(LINK) -o $@ $^ $(LIBS)

$(PROBES): $(BUILD)/probes/%: $(BUILD)/obj/tests/integration/%.o $(LIB)
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(LINK) -o $@ $^ $(LIBS)

$(BENCH): $(BUILD)/bench/%: $(BUILD)/obj/tests/bench/%.o $(LIB)
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(LINK) -o $@ $^ $(LIBS)

# With clang's fuzzer the target grows its own corpus; without, it replays the files it is given.
FUZZ_MAIN := $(if $(filter-out fuzz,$(VARIANT)),$(BUILD)/obj/tests/fuzz/replay.o)
$(FUZZ): $(BUILD)/fuzz/%: $(BUILD)/obj/tests/fuzz/%.o $(FUZZ_MAIN) $(LIB)
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(LINK) -o $@ $^ $(LIBS)

$(BUILD)/.test-deps: Makefile
	@mkdir -p $(@D)
	@$(call need,$(TEST_PKGS),make test-deps)
	@touch $@

# ---- test ------------------------------------------------------------------------------------

again     = $(MAKE) --no-print-directory BUILD=$(BUILD)/$(1) VARIANT=$(1)
RESULTS  ?= $(abspath $(BUILD))/results
export RESULTS PYTHON

##@ Test
# One sub-make after the other, so that the packages are there before make looks for them. The last
# line is the sum: N passed, N failed[, N skipped].
.PHONY: test
test: ## everything: packages, build, lint, check, sanitizers, valgrind, allocation failures, integration
	$(Q)deploy/install-deps.sh test
	+$(Q)tests/driver/all.sh "$(quietly) WERROR=1" \
	    all lint check check-asan check-oom check-valgrind fuzz-replay integration

.PHONY: check
check: $(UNIT_FAST) $(SIM) ## unit tests and scenarios: seconds
	$(Q)tests/driver/unit.sh $(BUILD) unit$(TAG) $(UNIT_FAST)
	$(Q)$(if $(SIM),tests/driver/scenarios.sh $(BUILD) scenarios$(TAG) $(SIM) $(SCENARIOS),true)

.PHONY: check-asan check-tsan check-oom oom check-valgrind
check-asan: ## the same under the address and undefined-behaviour sanitizers
	+$(Q)$(call again,asan) TAG=-asan check

check-tsan: ## the same under the thread sanitizer
	+$(Q)$(call again,tsan) TAG=-tsan check

check-oom: ## each allocation made to fail in turn, under the sanitizers
	+$(Q)$(call again,asan) oom
oom: $(UNIT_OOM)
	$(Q)tests/driver/unit.sh $(BUILD) oom $(UNIT_OOM)

check-valgrind: $(UNIT_FAST) ## unit tests under valgrind
	@echo "not under valgrind (see the Makefile): $(VALGRIND_SKIP)"
	$(Q)WRAPPER="valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite \
	    --child-silent-after-fork=yes" TEST_TIMEOUT=120 tests/driver/unit.sh $(BUILD) unit-valgrind \
	    $(filter-out $(VALGRIND_SKIP:%=$(BUILD)/tests/%),$(UNIT_FAST))

.PHONY: integration venv
integration: all $(PROBES) venv ## tests against real servers (pytest, in $(VENV))
	$(Q)BUILD=$(BUILD) VENV=$(VENV) tests/driver/integration.sh $(BUILD) $(PYTEST_ARGS)

venv: $(VENV)/.made ## the Python environment of the integration tests
$(VENV)/.made: tests/requirements.txt
	@echo "  VENV    $(VENV)"
	$(Q)$(PYTHON) -m venv $(VENV)
	$(Q)$(VENV)/bin/pip install --quiet --disable-pip-version-check -r tests/requirements.txt
	@touch $@

FUZZ_SECONDS ?= 20
.PHONY: fuzz fuzz-run fuzz-replay replay
fuzz: ## each fuzz target for FUZZ_SECONDS (20) with clang; without clang, a replay of the corpus
	+$(Q)if command -v clang >/dev/null; then $(call again,fuzz) CC=clang fuzz-run; \
	    else echo "no clang here: replaying the corpus instead"; $(call again,asan) replay; fi
fuzz-run: $(FUZZ)
	$(Q)tests/driver/fuzz.sh $(BUILD) fuzz $(FUZZ_SECONDS) $(FUZZ)
fuzz-replay: ## every file of the fuzz corpus once, under the sanitizers
	+$(Q)$(call again,asan) replay
replay: $(FUZZ)
	$(Q)tests/driver/fuzz.sh $(BUILD) fuzz-replay 0 $(FUZZ)

.PHONY: bench
bench: all $(BENCH) ## measure; prints the figures with machine and commit
	$(Q)BUILD=$(BUILD) tests/driver/bench.sh $(BUILD) $(filter-out %/bench_policies,$(BENCH))

.PHONY: bench-policies
bench-policies: $(BUILD)/bench/bench_policies ## muster's policies beside what others would do, on the shipped traces (minutes)
	$(Q)$(BUILD)/bench/bench_policies $(BENCH_ARGS)

.PHONY: cover
cover: ## line coverage of the unit tests and scenarios, by floor
	+$(Q)$(call again,cover) TAG=-cover all check
	$(Q)tests/driver/cover.sh $(BUILD)/cover

##@ Care
.PHONY: lint
lint: all ## floors, banned calls, format, words, state, hardening, warnings and gcc -fanalyzer
	+$(Q)MAKE="$(MAKE)" tests/lint/run.sh $(BUILD) $(PROGRAMS)

.PHONY: format
format: ## write all C files as clang-format wants them
	$(Q)find lib providers policies cmd tests -name '*.[ch]' -print0 2>/dev/null | xargs -0 -r clang-format -i

# ---- install ---------------------------------------------------------------------------------

##@ Install
BINDIR     := $(DESTDIR)$(PREFIX)/bin
MANDIR     := $(DESTDIR)$(PREFIX)/share/man
SHAREDIR   := $(DESTDIR)$(PREFIX)/share
UNITDIR    := $(DESTDIR)$(PREFIX)/lib/systemd/system
# $(call put,mode,folder,files): nothing is made where there are no files.
put = $(if $(strip $(3)),$(Q)install -d $(2) && install -m $(1) $(3) $(2)/)

.PHONY: install deb
install: all ## programs, man pages, completions, systemd unit, policy schema (DESTDIR, PREFIX)
	$(call put,755,$(BINDIR),$(PROGRAMS))
	$(call put,644,$(MANDIR)/man1,$(wildcard docs/man/*.1))
	$(call put,644,$(MANDIR)/man5,$(wildcard docs/man/*.5))
	$(call put,644,$(MANDIR)/man8,$(wildcard docs/man/*.8))
	$(call put,644,$(SHAREDIR)/bash-completion/completions,$(wildcard deploy/completions/bash/*))
	$(call put,644,$(SHAREDIR)/zsh/site-functions,$(wildcard deploy/completions/zsh/_*))
	$(call put,644,$(UNITDIR),$(wildcard deploy/systemd/*.service))
	$(if $(wildcard deploy/systemd/*.service),$(Q)sed -i 's|/usr/local/bin/|$(PREFIX)/bin/|' $(UNITDIR)/*.service)
	$(Q)install -d $(SHAREDIR)/muster && $(BUILD)/muster check --schema >$(SHAREDIR)/muster/policy.schema.json
	$(call put,644,$(SHAREDIR)/muster/policies,$(wildcard policies/examples/*.yaml))
	@echo "installed below $(DESTDIR)$(PREFIX)"

deb: all ## a Debian package for machines of one's own, in $(BUILD)
	+$(Q)MAKE="$(MAKE)" deploy/make-deb.sh $(BUILD) $(VERSION)

##@ Other
.PHONY: help
help: ## this list
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} \
	    /^[a-z][a-z-]*:.*## / {printf "  %-16s %s\n", $$1, $$2}' Makefile

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
