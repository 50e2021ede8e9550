# muster: build, test, install. `make help` lists the targets.
#
# Sources are found by wildcard, so a new file needs no line here:
#   lib/*/*.c providers/*.c providers/*/*.c policies/*.c   -> $(BUILD)/libmuster.a
#   cmd/NAME/*.c                                           -> $(BUILD)/NAME
#   tests/unit/test_X.c                                    -> $(BUILD)/tests/test_X
#   tests/sim/*.c                                          -> $(BUILD)/tests/sim-runner
#   tests/fuzz/fuzz_X.c, tests/bench/bench_X.c             -> $(BUILD)/fuzz/fuzz_X, $(BUILD)/bench/bench_X
#
# Variables: BUILD=dir  WERROR=1  VARIANT=release|debug|asan|tsan|cover  V=1 (show commands)
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

# Without -j, use the machine: a build is the same, only later.
ifeq ($(filter -j%,$(MAKEFLAGS)),)
MAKEFLAGS += -j$(shell nproc)
endif

Q := $(if $(V),,@)
say = @printf '  %-7s %s\n' $(1) $(2)

# ---- what there is to build ------------------------------------------------------------------

LIB_SRC   := $(sort $(wildcard lib/*/*.c providers/*.c providers/*/*.c policies/*.c))
CMD_NAMES := $(sort $(notdir $(patsubst %/,%,$(dir $(wildcard cmd/*/*.c)))))
UNIT_SRC  := $(sort $(wildcard tests/unit/test_*.c))
UNIT_HELP := $(sort $(filter-out $(UNIT_SRC),$(wildcard tests/unit/*.c)))
SIM_SRC   := $(sort $(wildcard tests/sim/*.c))
FUZZ_SRC  := $(sort $(wildcard tests/fuzz/fuzz_*.c))
BENCH_SRC := $(sort $(wildcard tests/bench/*.c))

LIB       := $(BUILD)/libmuster.a
LIB_OBJ   := $(LIB_SRC:%.c=$(BUILD)/obj/%.o)
PROGRAMS  := $(CMD_NAMES:%=$(BUILD)/%)
UNIT      := $(UNIT_SRC:tests/unit/%.c=$(BUILD)/tests/%)
UNIT_OOM  := $(filter $(BUILD)/tests/test_oom_%,$(UNIT))
UNIT_FAST := $(filter-out $(UNIT_OOM),$(UNIT))
SIM       := $(if $(wildcard tests/sim/main.c),$(BUILD)/tests/sim-runner)
SCENARIOS := $(sort $(wildcard tests/sim/*.scenario))
BENCH     := $(BENCH_SRC:tests/bench/%.c=$(BUILD)/bench/%)

ALL_SRC   := $(LIB_SRC) $(wildcard cmd/*/*.c) $(UNIT_SRC) $(UNIT_HELP) $(SIM_SRC) $(FUZZ_SRC) $(BENCH_SRC)

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

WARN := -Wall -Wextra -Wpedantic -Wformat=2 -Wformat-signedness -Wconversion -Wsign-conversion \
    -Wdouble-promotion -Wfloat-equal -Wshadow -Wvla -Walloca -Wstrict-prototypes \
    -Wmissing-prototypes -Wold-style-definition -Wnull-dereference -Wcast-qual -Wpointer-arith \
    -Wwrite-strings -Wundef -Wredundant-decls -Wswitch-enum -Werror=format-security \
    -Werror=implicit -Werror=incompatible-pointer-types -Werror=int-conversion \
    -Werror=return-type
WARN_GCC := -Wformat-overflow=2 -Wformat-truncation=2 -Warith-conversion -Wduplicated-cond \
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
FLAGS_analyze := -O2 -fanalyzer
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
BASE_CFLAGS := -std=gnu17 -g -fPIE $(SAFE) $(FLAGS_$(VARIANT)) $(WARN) $(if $(is_clang),,$(WARN_GCC))
COMPILE      = $(CC) $(BASE_CPP) $(CPPFLAGS) $(BASE_CFLAGS) $(CFLAGS)
werror       = $(if $(filter 1,$(WERROR)),-Werror)
LINK         = $(CC) -pie $(LD_$(VARIANT)) $(LDFLAGS)
LIBS        := $(call pkg_libs,$(PKGS)) -lm
TEST_LIBS   := $(call pkg_libs,$(TEST_PKGS))
# Tests named test_oom_* replace the allocator, to fail each allocation in turn.
WRAP_OOM    := -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=strdup,--wrap=strndup

# ---- build -----------------------------------------------------------------------------------

##@ Build
.PHONY: all
all: $(BUILD)/.deps $(LIB) $(PROGRAMS) ## build the library and the programs into $(BUILD)

# One clear sentence instead of a compiler's "no such file": asked once per build directory.
$(BUILD)/.deps: Makefile
	@mkdir -p $(@D)
	@missing=; for p in $(PKGS); do IFS=: read -r name version package <<<"$$p"; \
	    if ! pkg-config --atleast-version=$$version $$name 2>/dev/null; then \
	        have=$$(pkg-config --modversion $$name 2>/dev/null || echo none); \
	        echo "muster needs $$name >= $$version (found: $$have), Debian package $$package" >&2; \
	        missing="$$missing $$package"; fi; done; \
	    command -v pkg-config >/dev/null || { echo "muster needs pkg-config" >&2; missing=" pkg-config$$missing"; }; \
	    command -v $(CC) >/dev/null || { echo "muster needs a C compiler ($(CC))" >&2; missing=" gcc$$missing"; }; \
	    if [ -n "$$missing" ]; then \
	        echo "Install with: make deps   (or: apt-get install$$missing)" >&2; exit 1; fi
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

# ---- test programs ---------------------------------------------------------------------------

$(UNIT_OOM): wrap = $(WRAP_OOM)
$(UNIT): $(BUILD)/tests/%: $(BUILD)/obj/tests/unit/%.o $(UNIT_HELP:%.c=$(BUILD)/obj/%.o) $(LIB)
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(LINK) $(wrap) -o $@ $^ $(TEST_LIBS) $(LIBS)

$(BUILD)/tests/sim-runner: $(SIM_SRC:%.c=$(BUILD)/obj/%.o) $(LIB)
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(LINK) -o $@ $^ $(TEST_LIBS) $(LIBS)

$(BENCH): $(BUILD)/bench/%: $(BUILD)/obj/tests/bench/%.o $(LIB)
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(LINK) -o $@ $^ $(LIBS)

##@ Test
.PHONY: check
check: $(UNIT_FAST) $(SIM) ## unit tests and scenarios: seconds
	$(Q)tests/driver/unit.sh $(BUILD) unit $(UNIT_FAST)
	$(Q)$(if $(SIM),tests/driver/scenarios.sh $(BUILD) scenarios $(SIM) $(SCENARIOS),true)

##@ Other
.PHONY: clean
clean: ## remove what was built
	rm -rf $(BUILD)

.PHONY: help
help: ## this list
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} \
	    /^[a-z][a-z-]*:.*## / {printf "  %-16s %s\n", $$1, $$2}' Makefile

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
