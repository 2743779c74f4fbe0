# leakwatch: one Makefile, everything it makes goes to $(OUT).
#
#   make V=1              show the commands
#   make CC=clang         another compiler
#   make SAN=address,undefined OUT=build/san check-san
#
# Adding a file to preload/, analyzer/ or tests/ needs no change here.

VERSION := 0.1.0
PREFIX  ?= /usr/local
DESTDIR ?=
OUT     ?= build
CC      ?= cc
CXX     ?= c++
AR      ?= ar
SAN     ?=
V       ?= 0
Q       := $(if $(filter 1,$(V)),,@)
say      = $(if $(filter 1,$(V)),,@printf '  %-5s %s\n' '$(1)' '$(2)')

WARN     := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla
CFLAGS   ?= -O2 -g
CXXFLAGS ?= -O2 -g
BASE     := -std=gnu17 -D_GNU_SOURCE -DLEAKWATCH_VERSION='"$(VERSION)"' -I. $(WARN) -MMD -MP
SANFLAGS := $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer)

# The shim keeps unwind tables (a cancelled thread unwinds through it) and its own symbols to itself.
# It is never built with a sanitizer: the sanitizers are hosts like any other.
PRELOAD_CFLAGS  := -fPIC -fvisibility=hidden -ftls-model=initial-exec -fasynchronous-unwind-tables \
                   -fno-stack-protector -fno-strict-aliasing
PRELOAD_LDFLAGS := -shared -Wl,-soname,libleakwatch.so -Wl,--version-script=preload/leakwatch.map \
                   -Wl,-z,nodelete -Wl,-z,now -Wl,-Bsymbolic -Wl,--no-undefined -Wl,--as-needed
ANALYZER_LIBS   := -ldw -lelf -lstdc++
DEMO_LIBS       := -pthread -lrt

preload_src  := $(wildcard preload/*.c)
analyzer_src := $(filter-out analyzer/main.c,$(wildcard analyzer/*.c))
demo_main    := demos/leaklab.c demos/leakserver.c demos/leakcheck.c
demo_src     := $(filter-out $(demo_main),$(wildcard demos/*.c))
unit_src     := $(wildcard tests/unit/*.c)
host_src     := $(wildcard tests/hosts/*.c) $(wildcard tests/hostile/*.c) $(wildcard tests/bench/*.c)
hostxx_src   := $(wildcard tests/hosts/*.cc) $(wildcard tests/hostile/*.cc)
pattern_src  := $(wildcard tests/patterns/*.c tests/patterns/*.cc)
pattern_lib  := $(wildcard tests/patterns/lib/*.c)
man_pages    := $(wildcard docs/man/*.1) $(wildcard docs/man/*.3) $(wildcard docs/man/*.5) $(wildcard docs/man/*.7)

preload_obj  := $(preload_src:%.c=$(OUT)/%.o)
analyzer_obj := $(analyzer_src:%.c=$(OUT)/%.o)
demo_obj     := $(demo_src:%.c=$(OUT)/%.o)
unit_bin     := $(unit_src:%.c=$(OUT)/%)
host_bin     := $(host_src:%.c=$(OUT)/%) $(hostxx_src:%.cc=$(OUT)/%)
pattern_bin  := $(addprefix $(OUT)/,$(basename $(pattern_src)))
pattern_obj  := $(pattern_lib:%.c=$(OUT)/%.o)

shim      := $(OUT)/libleakwatch.so
leakwatch := $(OUT)/leakwatch
demos     := $(demo_main:%.c=$(OUT)/%)

.DELETE_ON_ERROR:
.PHONY: all deps deps-services demo check check-suites check-san check-clang check-format bench accuracy accuracy-jitter accuracy-services patterns patterns-O0 install clean help

all: $(shim) $(leakwatch) $(demos) ## build everything

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | column -t -s '|'

# --- objects --------------------------------------------------------------------------------------

$(OUT)/preload/%.o: preload/%.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(BASE) $(CFLAGS) $(PRELOAD_CFLAGS) -c $< -o $@

$(OUT)/%.o: %.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(BASE) $(CFLAGS) $(SANFLAGS) -c $< -o $@

# --- products -------------------------------------------------------------------------------------

$(shim): $(preload_obj) preload/leakwatch.map
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(PRELOAD_LDFLAGS) $(preload_obj) -o $@

# For unit tests, which must call libc and not the interposers.
$(OUT)/preload.a: $(filter-out $(OUT)/preload/shim_%.o $(OUT)/preload/init.o,$(preload_obj))
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(OUT)/analyzer.a: $(analyzer_obj)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(leakwatch): $(OUT)/analyzer/main.o $(OUT)/analyzer.a
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(SANFLAGS) $^ -o $@ $(ANALYZER_LIBS)

$(OUT)/demos/leaklab: $(OUT)/demos/leaklab.o $(demo_obj)
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(SANFLAGS) $^ -o $@ $(DEMO_LIBS)

$(OUT)/demos/leakcheck: $(OUT)/demos/leakcheck.o
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(SANFLAGS) $^ -o $@ $(DEMO_LIBS)

$(OUT)/demos/leakserver: $(OUT)/demos/leakserver.o $(demo_obj)
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(SANFLAGS) $^ -o $@ $(DEMO_LIBS) -lmicrohttpd

# --- tests ----------------------------------------------------------------------------------------

$(unit_bin): $(OUT)/%: $(OUT)/%.o $(OUT)/analyzer.a $(OUT)/preload.a $(demo_obj)
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(SANFLAGS) $^ -o $@ -lcmocka $(ANALYZER_LIBS) $(DEMO_LIBS)

# Hosts are programs for the shim to live in. A line "build: FLAGS" in a comment adds flags.
hostflags = $(shell sed -n 's/^.*build: *\(.*[^ */]\)[ */]*$$/\1/p' $< | head -n 1)

$(OUT)/tests/%: tests/%.c
	$(call say,HOST,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(BASE) $(CFLAGS) $< -o $@ $(DEMO_LIBS) $(hostflags)

$(OUT)/tests/%: tests/%.cc
	$(call say,HOST,$<)
	@mkdir -p $(@D)
	$(Q)$(CXX) -D_GNU_SOURCE -I. -Wall -Wextra -Werror -MMD -MP -std=gnu++20 $(CXXFLAGS) $< -o $@ $(DEMO_LIBS) $(hostflags)

# Patterns are hosts too, on the channels of the demos and with company (tests/patterns/lib/).
$(pattern_bin): $(OUT)/%: $(OUT)/%.o $(pattern_obj) $(demo_obj)
	$(call say,LD,$@)
	$(Q)$(CXX) $(CFLAGS) -Wl,--as-needed $^ -o $@ $(DEMO_LIBS)

$(OUT)/tests/patterns/%.o: tests/patterns/%.cc
	$(call say,CXX,$<)
	@mkdir -p $(@D)
	$(Q)$(CXX) -D_GNU_SOURCE -I. -Wall -Wextra -Werror -MMD -MP -std=gnu++20 $(CXXFLAGS) -c $< -o $@

# prove prints the closing lines. Every test is an executable that speaks TAP.
PROVE    := CMOCKA_MESSAGE_OUTPUT=TAP LEAKWATCH_BUILD=$(abspath $(OUT)) prove --exec '' --timer
suites   := $(sort $(wildcard tests/house/*.t tests/golden/*.t tests/runs/*.t tests/hostile/*.t tests/services/*.t))

check: all $(unit_bin) $(host_bin) $(pattern_bin) check-format check-clang check-san ## run every test
	$(Q)$(PROVE) $(sort $(unit_bin)) $(suites)

check-suites: all ## the suites of stress-ng and Python, with and without the shim: some minutes
	$(Q)$(PROVE) $(sort $(wildcard tests/suites/*.t))

check-clang: ## the same sources under clang's warnings
	$(Q)$(MAKE) --no-print-directory CC=clang CXX=clang++ OUT=$(OUT)/clang all

# Units and golden dumps under the sanitizers: all that reads foreign input, and the pure parts of the shim.
check-san:
	$(Q)$(MAKE) --no-print-directory SAN=address,undefined OUT=$(OUT)/san check-san-here

# A unit that cannot run there says so, and why, in its first comment.
san_bin = $(patsubst %.c,$(OUT)/%,$(shell grep -L 'Not under the sanitizers' $(unit_src)))

check-san-here: $(leakwatch) $(san_bin)
	$(Q)$(PROVE) $(sort $(san_bin)) $(sort $(wildcard tests/golden/*.t))

c_files = $(shell git ls-files '*.c' '*.h' '*.cc' 2>/dev/null)
check-format:
	$(call say,FMT,clang-format and shellcheck)
	$(Q)clang-format --dry-run --Werror $(c_files)
	$(Q)shellcheck -x $(shell git grep -lE '^#!/(usr/)?bin/(env )?(ba)?sh' -- . ':!*.md' 2>/dev/null)

bench: all $(host_bin) ## measure; prints the tables of docs/performance.md
	$(Q)for b in tests/bench/*.sh; do LEAKWATCH_BUILD=$(abspath $(OUT)) $$b || exit 1; done

patterns: $(pattern_bin)

# Proofs depend on what the compiler keeps in registers and frames, so the patterns are built without optimisation too.
patterns-O0:
	$(Q)$(MAKE) --no-print-directory CFLAGS='-O0 -g' CXXFLAGS='-O0 -g' OUT=$(OUT)/O0 patterns

accuracy: all $(pattern_bin) patterns-O0 ## judge all patterns, leaking and fixed; writes docs/accuracy.md
	$(Q)LEAKWATCH_BUILD=$(abspath $(OUT)) tests/accuracy/accuracy.py

accuracy-jitter: all $(pattern_bin) patterns-O0 ## hunt wrong proofs in the fixed patterns, 200 runs of each: half an hour
	$(Q)LEAKWATCH_BUILD=$(abspath $(OUT)) tests/accuracy/accuracy.py --jitter 200 -j 40

accuracy-services: all ## hunt wrong proofs in the services, 100 proofs of each at work and 100 at rest: twenty minutes
	$(Q)PROOFS=100 LEAKWATCH_BUILD=$(abspath $(OUT)) $(PROVE) -v tests/services

demo: all ## run leak-recv and fix-recv under the shim and print both reports
	$(Q)demos/demo.sh $(abspath $(OUT))

# --- packages -------------------------------------------------------------------------------------

deps: ## install the Debian packages that build and tests need
	$(Q)sh .ci/deps.sh base

deps-services: ## install the services that the longer tests run
	$(Q)sh .ci/deps.sh services

# --- install --------------------------------------------------------------------------------------

install: $(shim) $(leakwatch) ## install below $(DESTDIR)$(PREFIX)
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/leakwatch $(DESTDIR)$(PREFIX)/include
	install -m 755 $(leakwatch) $(DESTDIR)$(PREFIX)/bin/leakwatch
	install -m 644 $(shim) $(DESTDIR)$(PREFIX)/lib/leakwatch/libleakwatch.so
	install -m 644 include/leakwatch.h $(DESTDIR)$(PREFIX)/include/leakwatch.h
	for page in $(man_pages); do \
		install -D -m 644 $$page $(DESTDIR)$(PREFIX)/share/man/man$${page##*.}/$${page##*/} || exit 1; done

clean: ## remove what was built
	rm -rf $(OUT)

-include $(shell find $(OUT) -name '*.d' 2>/dev/null)
