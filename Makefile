# Groundnut: make, make demo, make install, make uninstall (README.md); make test, make test SAN=1 and all the others (tests/README.md).
VERSION := 0.2.0
PREFIX  ?= /usr/local
CC      ?= gcc
PKG_CONFIG ?= pkg-config
SAN     ?= 0

B := build/$(if $(filter gcc cc,$(CC)),plain,$(CC))
FLAGS_SAN :=
ifeq ($(SAN),1)
B := build/asan
FLAGS_SAN := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
endif
ifeq ($(SAN),thread)
B := build/tsan
FLAGS_SAN := -fsanitize=thread
endif
ifeq ($(SAN),fuzz)
B := build/fuzz
FLAGS_SAN := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
endif

# Host names with other than ASCII letters, by libidn2; IDN=0 is a build without it.
IDN     ?= 1
# A filter of system calls of our own, where libseccomp is to be had.
SECCOMP := $(if $(shell $(PKG_CONFIG) --modversion libseccomp 2>/dev/null),libseccomp)
PACKAGES := libuv openssl jansson sqlite3 $(if $(filter 0,$(IDN)),,libidn2) $(SECCOMP)
WARN     := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2 \
            -Werror=implicit-function-declaration -Werror=int-conversion -Werror=incompatible-pointer-types
CFLAGS   ?= -O2 -g
HARDEN   := -fstack-protector-strong -fPIE $(if $(filter 0,$(SAN)),-D_FORTIFY_SOURCE=2)
ALL_C    := -std=gnu11 $(WARN) $(HARDEN) $(FLAGS_SAN) -I. -DGROUNDNUT_VERSION='"$(VERSION)"' -DGROUNDNUT_IDN=$(IDN) \
            $(if $(SECCOMP),-DGROUNDNUT_SECCOMP) $(shell $(PKG_CONFIG) --cflags $(PACKAGES) 2>/dev/null) $(CFLAGS) -MMD -MP
LINK      = $(CC) $(FLAGS_SAN) -pie -Wl,-z,relro,-z,now $(LDFLAGS)
LIBS     := $(shell $(PKG_CONFIG) --libs $(PACKAGES) 2>/dev/null) -lhttp_parser -lldns -lpthread

# What --version tells: of the tree, or of the tree that this copy was made from.
COMMIT   := $(or $(shell cat commit 2>/dev/null),$(shell git rev-parse --short=12 HEAD 2>/dev/null))

# Changes with each commit, so it is in the programs and in no library.
INFO_C   := shared/net/build_info.c
SHARED_C := $(sort $(filter-out $(INFO_C),$(wildcard shared/*/*.c)))
RELAY_C  := $(sort $(filter-out relay/main.c,$(wildcard relay/*.c relay/*/*.c)))
AGENT_C  := $(sort $(filter-out agent/main.c,$(wildcard agent/*.c agent/*/*.c)))
UNIT_C   := $(sort $(wildcard tests/unit/*/test_*.c tests/unit/*/*/test_*.c))
say       = $(if $(V),,@printf '  %-4s %s\n' $(1);)
obj       = $(patsubst %.c,$(B)/%.o,$(1))
UNITS    := $(patsubst %.c,$(B)/%,$(UNIT_C))

.PHONY: all check test test-programs test-unit test-e2e test-attacks attacks test-services test-house test-replay lint fuzz fuzz-run soak bench bench-dashboard bench-homes bench-names bench-paths bench-rivals bench-resume demo clean
all: $(B)/groundnut-relay $(B)/groundnut-agent

$(B)/groundnut-relay: $(call obj,relay/main.c $(INFO_C)) $(B)/relay.a $(B)/shared.a
	$(call say,LINK $@)$(LINK) -o $@ $^ $(LIBS)
$(B)/groundnut-agent: $(call obj,agent/main.c $(INFO_C)) $(B)/agent.a $(B)/shared.a
	$(call say,LINK $@)$(LINK) -o $@ $^ $(LIBS)

$(B)/shared.a: $(call obj,$(SHARED_C))
$(B)/relay.a: $(call obj,$(RELAY_C))
$(B)/agent.a: $(call obj,$(AGENT_C))
$(B)/%.a:
	@rm -f $@
	$(call say,AR $@)ar rcs $@ $^

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC $@)$(CC) $(ALL_C) -c -o $@ $<

$(B)/commit: force
	@mkdir -p $(@D)
	@echo "$(COMMIT)" | cmp -s - $@ || echo "$(COMMIT)" >$@
.PHONY: force
$(B)/shared/net/build_info.o: ALL_C += $(if $(COMMIT),-DGROUNDNUT_COMMIT='"$(COMMIT)"')
$(B)/shared/net/build_info.o: $(B)/commit

# What a source takes in by .incbin: as it is, and packed without a name or time, so that each build gives the same bytes.
packed = $(1) $(patsubst %,$(B)/packed/%.gz,$(1))
$(B)/packed/%.gz: %
	@mkdir -p $(@D)
	$(call say,GZIP $@)gzip -9 -n -c <$< >$@.new && mv $@.new $@
$(B)/shared/admin/web_files.o: $(call packed,$(wildcard shared/web/*))
$(B)/relay/admin/relay_web_files.o: $(call packed,$(wildcard relay/admin/web/*) relay/admin/openapi.json)
$(B)/agent/admin/agent_web_files.o: $(call packed,$(wildcard agent/admin/web/*) agent/admin/openapi.json)
$(B)/shared/admin/web_files.o $(B)/relay/admin/relay_web_files.o $(B)/agent/admin/agent_web_files.o: ALL_C += -Wa,-I$(B)/packed

# As another system would build it: the files that ask for __linux__ with what they have instead, and all else as it is.
ELSEWHERE_C := $(shell grep -l __linux__ $(SHARED_C) $(AGENT_C))
ELSEWHERE   := $(B)/elsewhere/groundnut-relay $(B)/elsewhere/groundnut-agent
$(B)/elsewhere/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC $@)$(CC) $(ALL_C) -U__linux__ -c -o $@ $<
$(B)/elsewhere/groundnut-%: $(B)/%/main.o $(call obj,$(INFO_C)) $(patsubst %.c,$(B)/elsewhere/%.o,$(ELSEWHERE_C)) $(B)/%.a $(B)/shared.a
	$(call say,LINK $@)$(LINK) -o $@ $(filter $(B)/$*/main.o $(call obj,$(INFO_C)) $(B)/elsewhere/shared/% $(B)/elsewhere/$*/% %.a,$^) $(LIBS)

# What moves bytes is tested with the readiness of elsewhere, too.
ELSEWHERE_UNITS := $(patsubst %,$(B)/elsewhere/tests/unit/shared/net/test_%,io listener loop splice tls_context transport udp_socket poller)
$(ELSEWHERE_UNITS): $(B)/elsewhere/%: $(B)/%.o $(B)/elsewhere/shared/net/poller.o $(B)/shared.a
	@mkdir -p $(@D)
	$(call say,LINK $@)$(LINK) -o $@ $^ $(LIBS) -lcmocka

$(B)/tests/unit/shared/%: $(B)/tests/unit/shared/%.o $(B)/shared.a
	$(call say,LINK $@)$(LINK) -o $@ $^ $(LIBS) -lcmocka
$(B)/tests/unit/relay/%: $(B)/tests/unit/relay/%.o $(B)/relay.a $(B)/shared.a
	$(call say,LINK $@)$(LINK) -o $@ $^ $(LIBS) -lcmocka
$(B)/tests/unit/agent/%: $(B)/tests/unit/agent/%.o $(B)/agent.a $(B)/shared.a
	$(call say,LINK $@)$(LINK) -o $@ $^ $(LIBS) -lcmocka

$(B)/tests/tools/%: $(B)/tests/tools/%.o $(B)/agent.a $(B)/shared.a
	$(call say,LINK $@)$(LINK) -o $@ $^ $(LIBS)

test-unit: $(UNITS) $(ELSEWHERE_UNITS)
	@tests/run-unit $(UNITS) $(ELSEWHERE_UNITS)

# Fuzzing: what was found once is played again by every `make test`; `make fuzz` looks for more, FUZZ_S seconds each, with clang.
FUZZ_C  := $(sort $(wildcard tests/fuzz/fuzz_*.c))
REPLAYS := $(patsubst tests/fuzz/fuzz_%.c,$(B)/tests/fuzz/replay_%,$(FUZZ_C))
FUZZERS := $(patsubst %.c,$(B)/%,$(FUZZ_C))
FUZZ_S  ?= 60
$(B)/tests/fuzz/replay_%: $(B)/tests/fuzz/fuzz_%.o $(B)/tests/fuzz/replay.o $(B)/relay.a $(B)/agent.a $(B)/shared.a
	$(call say,LINK $@)$(LINK) -o $@ $^ $(LIBS)
$(B)/tests/fuzz/fuzz_%: $(B)/tests/fuzz/fuzz_%.o $(B)/relay.a $(B)/agent.a $(B)/shared.a
	$(call say,LINK $@)$(LINK) -fsanitize=fuzzer -o $@ $^ $(LIBS)
# Those that read JSON are given JSON.
$(patsubst %,$(B)/tests/fuzz/fuzz_%,$(shell grep -l json_mutator_keys $(FUZZ_C) | sed 's/.*fuzz_//; s/\.c$$//')): $(B)/tests/fuzz/json_mutator.o
test-replay: $(REPLAYS)
	@tests/run-fuzz replay $(REPLAYS)
CLANG   ?= $(or $(shell command -v clang),$(shell command -v clang-14),clang)
fuzz:
	@$(MAKE) --no-print-directory CC=$(CLANG) SAN=fuzz fuzz-run
fuzz-run: $(FUZZERS)
	@tests/run-fuzz $(FUZZ_S) $(FUZZERS)

# Deadlines of the end-to-end tests are stretched for builds that run slower.
SLOW ?= $(if $(filter 0,$(SAN)),1,3)
E2E   = BUILD=$(abspath $(B)) SLOW=$(SLOW) tests/e2e/run
E2E_TOOLS    := $(B)/tests/tools/swarm $(B)/tests/tools/acme_order
ATTACK_TOOLS := $(patsubst %,$(B)/tests/attacks/peers/%,key_updates clock.so) $(B)/tests/bench/idle_agents

# The packages first, and then a make that sees them. All is built on all CPUs; what is tested beside what is up to the runners.
test:
	@deploy/install-deps build test
	@$(MAKE) --no-print-directory -j"$$(nproc)" test-programs
	@$(MAKE) --no-print-directory test-house test-unit test-replay test-e2e test-attacks
test-programs: all $(ELSEWHERE) $(UNITS) $(ELSEWHERE_UNITS) $(REPLAYS) $(E2E_TOOLS) $(ATTACK_TOOLS)
test-house: all $(ELSEWHERE)
	@BUILD=$(abspath $(B)) tests/house
# clang-tidy and cppcheck.
lint:
	@deploy/install-deps build lint
	@tests/lint
test-e2e: all $(ELSEWHERE) $(E2E_TOOLS)
	@$(if $(TESTS),,bash tests/e2e/pebble.sh)
	@$(E2E) $(TESTS)
# Hostile peers, in short: what no clock decides. `make attacks` is the long form, with limits for waits; it writes tests/ATTACKS.md.
# ATTACKS: the names of some of them.
RUN_ATTACKS  = BUILD=$(abspath $(B)) SLOW=$(SLOW) KNOWN=$(CURDIR)/tests/attacks/known
ATTACK_NAMES = $(or $(addprefix ../attacks/,$(ATTACKS)),../attacks)
$(B)/tests/attacks/peers/%.so: tests/attacks/peers/%.c
	@mkdir -p $(@D)
	$(call say,LINK $@)$(CC) -std=gnu11 $(WARN) -O2 -fPIC -shared -o $@ $<
$(B)/tests/attacks/peers/%: $(B)/tests/attacks/peers/%.o
	$(call say,LINK $@)$(LINK) -o $@ $^ $(LIBS)
test-attacks: all $(ATTACK_TOOLS)
	@$(RUN_ATTACKS) tests/e2e/run $(ATTACK_NAMES)
attacks: all $(ATTACK_TOOLS)
	@mkdir -p $(B)/attacks
	@$(RUN_ATTACKS) FULL=1 RESULTS=$(abspath $(B))/attacks tests/e2e/run -j 1 $(ATTACK_NAMES); code=$$?; \
		python3 tests/attacks/figures.py $(B)/attacks tests/ATTACKS.md || code=1; exit $$code
test-services: all
	@deploy/install-deps test services
	@$(E2E) services

BENCH := $(patsubst %,$(B)/tests/bench/%,load web packets shaper bare idle_agents wan)
$(B)/tests/bench/%: $(B)/tests/bench/%.o $(B)/tests/bench/gauge.o $(B)/agent.a $(B)/shared.a
	$(call say,LINK $@)$(LINK) -o $@ $^ $(LIBS)

# All of it takes about 45 minutes; with CASES or WAYS only bench.py runs, and with QUICK=1 it is a look whether it works.
bench: all $(BENCH) $(B)/tests/tools/swarm
	@code=0; python3 tests/bench/bench.py $(B) || code=1; if [ -z "$(CASES)$(WAYS)" ]; then \
		$(MAKE) --no-print-directory bench-resume || code=1; $(MAKE) --no-print-directory bench-names || code=1; fi; exit $$code

# 100,000 names, 1,000 updates a second, and answers a second beside NSD and Knot.
bench-names: all
	@python3 tests/bench/names.py $(B)

# Kernels' own TCP over long and lossy paths, in namespaces, as root; about an hour a column (CELLS, WAYS, ROUNDS, COLUMNS, LEG, FULL).
bench-paths: all $(B)/tests/bench/wan
	@BUILD=$(abspath $(B)) tests/bench/paths

# Many homes attach, are cut off for a minute and come back, and their busy visitors share (HOMES=1000, CUT_S, DNS).
bench-homes: all $(B)/tests/bench/load $(B)/tests/tools/swarm
	@BUILD=$(abspath $(B)) tests/bench/homes
# What the relay's dashboard costs with many homes, and how soon a browser paints it (HOMES=1000, SHARE_S, LOADS, ROUNDS).
bench-dashboard: all $(B)/tests/bench/load $(B)/tests/tools/swarm
	@BUILD=$(abspath $(B)) tests/bench/dashboard
# frp and rathole, for bench and bench-paths; by the network
bench-rivals:
	@tests/bench/rival_programs

# Both in namespaces: the time that visitors wait when the home's address changes; SOAK_S seconds (900) of streams and troubles.
bench-resume: all $(B)/tests/tools/swarm
	@BUILD=$(abspath $(B)) $(if $(filter 1,$(QUICK)),CHANGES_WANTED=3 BLOAT_S=15) tests/bench/resume
	@BUILD=$(abspath $(B)) STRICT=1 tests/e2e/many_agents_come_back
soak: all
	@BUILD=$(abspath $(B)) SOAK_S=$(SOAK_S) tests/bench/soak

demo:
	@BUILD=$(abspath $(B)) deploy/demo

include deploy/packages.mk

clean:
	rm -rf build

-include $(shell find $(B) -type f -name '*.d' 2>/dev/null)
.SECONDARY:
