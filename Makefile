# gooseplus: build, install and test with PGXS.
#
#   make, make install, make installcheck   as for any extension; PG_CONFIG=...
#                                           chooses the server
#   make demo, make test, make bench,       do all their own set-up, in a
#   make fuzz, make soak                    throw-away server; they need no
#                                           PostgreSQL at hand when run as root
#
# The version number lives in gooseplus.control and nowhere else.

EXTENSION = gooseplus
MODULE_big = gooseplus
DATA = src/gooseplus--1.0.sql
PGFILEDESC = "gooseplus - runs goose migrations inside the server"

# One group a floor: a file includes only what stands below it.
GROUND = annotation character copy_command filename interpolate \
	interpolate_substring lexer line linemap plan routine script \
	script_annotation script_buffer script_cuts script_data
FIRST  = client encoding extension_version options problem query query_scan \
	query_table report session setting_text settings timer transaction
SECOND = history history_table history_text migration_lock source \
	source_bundle source_directory source_folder source_function \
	source_looks trust version_table
THIRD  = atomic_rules bundle changes check check_grammar checksum collect \
	commit_rules copy_data deferred deploy_migration deploy_resume \
	deploy_retry deploy_return deploy_rules deploy_statement files \
	hazard hazard_enums hazard_expressions hazard_tables hazards indexes \
	languages launch launch_worker look pattern plan_look plan_names \
	plan_objects rehearsal repair repeatable replay run run_atomic \
	run_begin run_boundary run_command run_deploy run_record \
	run_rehearse run_statements statement steps stored unfinished wait \
	watch
TOP    = api api_run gooseplus

OBJS = $(patsubst %,src/%.o,$(GROUND) $(FIRST) $(SECOND) $(THIRD) $(TOP))

GOOSEPLUS_VERSION := $(shell sed -n "s/^default_version = '\(.*\)'/\1/p" gooseplus.control)
PG_CPPFLAGS = -Isrc -DGOOSEPLUS_VERSION='"$(GOOSEPLUS_VERSION)"'
PG_CFLAGS = -fvisibility=hidden
# Before 16, PGDLLEXPORT means nothing outside Windows, and hidden is hidden.
PG_CPPFLAGS += $(if $(filter 15,$(MAJORVERSION)),-DPGDLLEXPORT='__attribute__((visibility("default")))')

# pg_regress: every sql/*.sql is a test, so a new one joins by itself.
REGRESS = $(sort $(basename $(notdir $(wildcard sql/*.sql))))
REGRESS_OPTS = --inputdir=. --load-extension=gooseplus --encoding=UTF8 --no-locale

EXTRA_CLEAN = results regression.diffs regression.out output_iso tmp_check

# Goals that find, or as root install, a server by themselves.
SELF_SUFFICIENT = demo test test-interop test-matrix test-assert fuzz soak bench \
	deb dist test-deb test-install
.PHONY: $(SELF_SUFFICIENT)

ifneq ($(filter-out $(SELF_SUFFICIENT),$(or $(MAKECMDGOALS),all)),)
PG_CONFIG ?= pg_config
PGXS := $(wildcard $(shell $(PG_CONFIG) --pgxs 2>/dev/null))
ifeq ($(PGXS),)
$(error $(PG_CONFIG) does not lead to PostgreSQL's server headers: install postgresql-server-dev-NN (or your system's postgresql-devel), or set PG_CONFIG)
endif

# A server built with LLVM wants clang for bitcode; the extension works
# without, so a machine that lacks that clang just builds none.
CLANG := $(shell sed -n 's/^CLANG *= *//p' $(dir $(PGXS))../Makefile.global)
ifeq ($(shell command -v "$(CLANG)" 2>/dev/null),)
override with_llvm := no
endif

include $(PGXS)

# A changed header rebuilds everything: it takes seconds, and nothing stale
# can stay behind.
$(OBJS) $(OBJS:.o=.bc): $(wildcard src/*.h) Makefile gooseplus.control

clean: clean-tests
.PHONY: clean-tests
clean-tests:
	if [ -f test/unit/Makefile ]; then $(MAKE) -C test/unit clean; fi
	if [ -f test/fuzz/Makefile ]; then $(MAKE) -C test/fuzz clean; fi
endif

demo:
	@test/demo

# make test SUITES="regress tap" runs only those.
test:
	@test/run $(SUITES)

# The real goose beside gooseplus; a part of make test, too.
test-interop:
	@test/run interop

# On every server version; make test-matrix VERSIONS="18 19" SUITES="unit tap".
test-matrix:
	@test/matrix/run $(SUITES)

# On a server that checks itself, and under valgrind.
test-assert:
	@test/assert/run $(PARTS)

# Random input for everything; make fuzz FUZZ_SECONDS=300 is that long for each
# kind, where make test takes a second.
fuzz:
	@test/run fuzz

bench:
	@test/bench/run

# The long form of a part of make test: SOAK_SECONDS=3600 SOAK_DATABASES=20, and
# GOOSEPLUS_SEED=... for the same histories and scenes again.
soak: export SOAK_SECONDS := $(or $(SOAK_SECONDS),600)
soak: export SOAK_DATABASES := $(or $(SOAK_DATABASES),100)
soak: export GOOSEPLUS_SEED := $(GOOSEPLUS_SEED)
soak:
	@test/run soak

# Debian packages and the PGXN distribution, in dist/.
deb:
	@test/package/deb
dist:
	@test/package/dist

# They, and the recipes of doc/install.md, on fresh systems: as root, and it
# takes minutes.  test-deb is the Debian package alone.
test-install:
	@test/package/try
test-deb:
	@test/package/try deb
