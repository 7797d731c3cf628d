# Thin front for CMake: sets up, builds, tests. `make help` lists the targets.

BUILD        ?= build
PREFIX       ?= /usr/local
DESTDIR      ?=
JOBS         ?= $(shell nproc 2>/dev/null || echo 2)
CMAKE_FLAGS  ?=
SETUP        ?= yes
PROBLEM      ?= ccf
FUZZ_SECONDS ?= 60
# test programs for valgrind, by name without test_: all but those that take longer than the rest together
SLOW         ?= program $(patsubst tests/test_%.c,%,$(shell grep -lwE 'az_solve|az_resume|az_scan_run' tests/test_*.c 2>/dev/null))
VALGRIND     ?= $(filter-out $(SLOW),$(patsubst tests/test_%.c,%,$(wildcard tests/test_*.c)))

# SETUP=no builds with what is there
ifeq ($(SETUP),no)
setup := :
else
setup := sh tools/setup.sh
endif
# only warnings and errors are shown
configure = cmake -S . -B $(1) $(CMAKE_FLAGS) >/dev/null
build     = cmake --build $(1) -j $(JOBS) --target

MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := all
.PHONY: all run check setup install uninstall bench sanitize asan tsan valgrind fuzz fuzz-corpus clean dist help

all: ## release build: build/ansatz, build/libansatz.so.0, build/libansatz.a
	@$(setup) --dry-run run
	@$(call configure,$(BUILD))
	@$(call build,$(BUILD)) products

run: ## installs what is missing, builds, solves ccf (PROBLEM=name for another)
	@$(setup) run
	@$(MAKE) SETUP=no all
	$(BUILD)/ansatz solve $(PROBLEM)

check: ## installs what is missing, builds, runs all tests
	@$(setup) run check
	@$(call configure,$(BUILD)) -DAZ_TESTS=ON
	@$(call build,$(BUILD)) all_tests
	ctest --test-dir $(BUILD) -j $(JOBS) --output-on-failure

setup: ## installs the packages for run, check, sanitize, fuzz
	sh tools/setup.sh run check clang sanitize

install: ## PREFIX=/usr/local DESTDIR=: program, libraries, header, pkg-config and CMake files, manual, completion
	@$(setup) --dry-run run
	@$(call configure,$(BUILD)) -DCMAKE_INSTALL_PREFIX="$(PREFIX)"
	@$(call build,$(BUILD)) products
	DESTDIR="$(DESTDIR)" cmake --install $(BUILD)

uninstall: ## removes what the last `make install` wrote (same DESTDIR)
	@test -f $(BUILD)/install_manifest.txt || { echo "nothing is known to be installed from $(BUILD)" >&2; exit 1; }
	@sed -e '$$a\' $(BUILD)/install_manifest.txt | while IFS= read -r f; do rm -fv "$(DESTDIR)$$f"; done
	@rm $(BUILD)/install_manifest.txt

bench: ## measurements beside the published figures, kept in build/bench (its PyTorch part: sh tools/setup.sh check bench)
	@$(setup) --dry-run run
	@$(call configure,$(BUILD))
	@$(call build,$(BUILD)) benchmarks
	@BUILD=$(BUILD) bash tools/bench.sh

sanitize: asan tsan valgrind ## ASan+UBSan, TSan, valgrind

asan:
	@$(setup) run check clang sanitize
	@$(call configure,$(BUILD)/asan) -DAZ_TESTS=ON -DCMAKE_BUILD_TYPE=RelWithDebInfo -DAZ_SANITIZE=address,undefined -DAZ_TEST_SECONDS=3600
	@$(call build,$(BUILD)/asan) all_tests
	ctest --test-dir $(BUILD)/asan -j $(JOBS) --output-on-failure

# Clang's OpenMP with Archer, which tells the sanitizer what a parallel region orders. Address randomisation off: the sanitizer's
# memory map does not fit the widest one. No TEST_TMPDIR: the file the sanitizer would map from there dies of a test's file size limit.
tsan:
	@$(setup) run check clang sanitize
	@$(call configure,$(BUILD)/tsan) -DAZ_TESTS=ON -DCMAKE_BUILD_TYPE=RelWithDebInfo -DAZ_SANITIZE=thread -DAZ_TEST_SECONDS=3600 \
	    -DCMAKE_C_COMPILER=clang
	@$(call build,$(BUILD)/tsan) all_tests
	TEST_TMPDIR=/nonexistent TSAN_OPTIONS="ignore_noninstrumented_modules=1 $(TSAN_OPTIONS)" \
	OMP_TOOL_LIBRARIES="$$(ls /usr/lib/llvm-*/lib/libarcher.so 2>/dev/null | tail -n 1)" \
	setarch -R ctest --test-dir $(BUILD)/tsan -j $(JOBS) --output-on-failure

# AVX2 at most: valgrind does not know AVX-512
valgrind:
	@$(setup) run check clang sanitize
	@$(call configure,$(BUILD)/valgrind) -DAZ_TESTS=ON -DCMAKE_BUILD_TYPE=RelWithDebInfo -DAZ_NATIVE=OFF \
	    $(if $(filter x86_64,$(shell uname -m)),-DCMAKE_C_FLAGS=-march=x86-64-v3)
	@$(call build,$(BUILD)/valgrind) all_tests
	@for t in $(VALGRIND); do echo $$t; done | xargs -P $(JOBS) -I{} sh -c '\
	    valgrind -q --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite --show-leak-kinds=definite \
	        $(BUILD)/valgrind/tests/test_{} >$(BUILD)/valgrind/{}.log 2>&1 && echo "clean   {}" || \
	        { cat $(BUILD)/valgrind/{}.log; echo "FAILED  {}"; exit 1; }'
	@echo "$(words $(VALGRIND)) test programs clean under valgrind; left to the sanitizers: $(SLOW)"

fuzz: ## libFuzzer on every tests/fuzz_*.c, FUZZ_SECONDS=60 each; findings go to build/fuzz
	@$(setup) run clang sanitize
	@$(call configure,$(BUILD)/fuzz) -DAZ_TESTS=OFF -DAZ_FUZZ=ON -DAZ_SANITIZE=address,undefined -DCMAKE_BUILD_TYPE=RelWithDebInfo \
	    -DCMAKE_C_COMPILER=clang
	@$(call build,$(BUILD)/fuzz) fuzzers
	@set -e; for t in $(patsubst tests/fuzz_%.c,%,$(wildcard tests/fuzz_*.c)); do \
	    mkdir -p $(BUILD)/fuzz/corpus/$$t; seeds=tests/corpus/$$t; test -d $$seeds || seeds=; \
	    $(BUILD)/fuzz/tests/fuzz_$$t -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=4096 -print_final_stats=1 \
	        -artifact_prefix=$(BUILD)/fuzz/$$t- $(BUILD)/fuzz/corpus/$$t $$seeds; \
	done

fuzz-corpus: ## keeps what the last `make fuzz` found: merged into tests/corpus
	@set -e; for t in $(patsubst tests/fuzz_%.c,%,$(wildcard tests/fuzz_*.c)); do mkdir -p tests/corpus/$$t; \
	    $(BUILD)/fuzz/tests/fuzz_$$t -merge=1 tests/corpus/$$t $(BUILD)/fuzz/corpus/$$t; done

clean: ## removes the build folder
	rm -rf build

dist: ## build/ansatz-VERSION.tar.gz of the committed tree
	@mkdir -p build
	version=$$(sed -n 's/^#define AZ_VERSION "\(.*\)"/\1/p' include/ansatz.h) && \
	git archive --format=tar.gz --prefix=ansatz-$$version/ -o build/ansatz-$$version.tar.gz HEAD && echo build/ansatz-$$version.tar.gz

help:
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile
	@echo "variables: BUILD=build PREFIX=/usr/local DESTDIR= CMAKE_FLAGS= JOBS= SETUP=no (build with what is there)"
