# make demo      installs what is needed, builds, and provisions the embedded simulated host
# make test      installs what is needed and runs every test, those on a real kernel in a VM included
# make unit      the tests that need no VM
# make vm        a shell in a VM with the current build; make vm RUN=SCRIPT runs a script there
# make bench     times it against ndctl in a VM, and planning for many hosts; ratios of one run
# make crash-matrix  kills daxprov, its recovery and the machine at every write, in a VM (hours; EVERY=k: every k-th)
# make differential N=2000 [SEED=...]   random sequences on two kinds of machine: docs/differential.md
# make fuzz      an hour of fuzzing every reader of what others may have written (SECONDS=...): docs/fuzzing.md
# make fuzz-smoke  the same for 20 seconds a target
# make sanitize  the unit tests under the address and the thread sanitizer
# make lint      formatting and style
# make install   installs the release build (PREFIX, DESTDIR)

SWIFT ?= swift
PREFIX ?= /usr/local
DESTDIR ?=
PYTHON = /usr/bin/python3
VM_JOBS ?= 2
N ?= 2000
SECONDS ?= 3600
SEED ?=
# What runs elsewhere than beside this toolchain: one binary that needs the C libraries alone.
RELEASE = --scratch-path .build/release-static -c release --static-swift-stdlib
BINARY = .build/release-static/release/daxprov

export SWIFT_BACKTRACE ?= enable=no

SANITIZED = PLAN_CASES=500
FUZZ_PROGRAM = .build-fuzz/release/fuzz
VM_BINARY = DAXPROV_BINARY=$(CURDIR)/$(BINARY)
EVERY ?= 1

.PHONY: demo test unit fuzz fuzz-smoke fuzz-program sanitize vm-test crash-matrix vm bench differential lint install release clean differential-program build-packages vm-packages

demo: release
	sh packaging/demo $(BINARY)

test: unit vm-test

unit: build-packages
	$(SWIFT) build --build-tests
	$(SWIFT) test --skip-build --parallel

fuzz: fuzz-program
	$(PYTHON) Tests/Fuzz/run $(FUZZ_PROGRAM) --seconds $(SECONDS)

fuzz-smoke: fuzz-program
	$(PYTHON) Tests/Fuzz/run $(FUZZ_PROGRAM) --seconds 180

# The linker must be lld and keep what looks unused: else the coverage counters are gone and the fuzzer is blind. Both
# sanitizers must be one option, the last: of several, the compiler heeds that alone.
fuzz-program: build-packages
	DAXPROV_FUZZ=1 $(SWIFT) build --scratch-path .build-fuzz -c release --product fuzz \
	--sanitize fuzzer -Xswiftc -sanitize=fuzzer,address -Xcc -fsanitize=address --disable-dead-strip \
	-Xswiftc -use-ld=lld -Xswiftc -enable-testing

# Each sanitizer has a build of its own; random planning tries fewer cases there (PLAN_CASES).
sanitize: build-packages
	$(SWIFT) build --build-tests --sanitize address --scratch-path .build-address
	$(SANITIZED) $(SWIFT) test --skip-build --parallel --sanitize address --scratch-path .build-address
	$(SWIFT) build --build-tests --sanitize thread --scratch-path .build-thread
	$(SANITIZED) $(SWIFT) test --skip-build --parallel --sanitize thread --scratch-path .build-thread

vm-test: release differential-program vm-packages
	$(VM_BINARY) $(PYTHON) -m pytest -q -n $(VM_JOBS) Tests/VM

crash-matrix: release vm-packages
	DAXPROV_CRASH_EVERY=$(EVERY) $(VM_BINARY) $(PYTHON) -m pytest -v -n $(VM_JOBS) Tests/VM/test_crash.py

vm: release vm-packages
	$(VM_BINARY) Tests/VM/run $(VMFLAGS) $(RUN)

bench: release vm-packages
	$(PYTHON) Tests/Bench/fleet.py $(BINARY)
	$(PYTHON) Tests/Bench/record.py $(BINARY)
	DAXPROV_BINARY=$(CURDIR)/$(BINARY) $(PYTHON) Tests/Bench/vm.py

differential: release differential-program vm-packages
	DAXPROV_BINARY=$(CURDIR)/$(BINARY) DAXPROV_DIFFERENTIAL_N=$(N) DAXPROV_DIFFERENTIAL_SEED=$(SEED) \
	DAXPROV_DIFFERENTIAL_SECONDS=86400 $(PYTHON) -m pytest -q -rP -n 2 -k random_sequences Tests/VM/test_differential.py

lint: build-packages
	$(SWIFT) format lint --strict --recursive Sources Tests Package.swift
	sh packaging/lint

release: build-packages
	$(SWIFT) build $(RELEASE) --product daxprov

# Not shipped: it destroys what it finds.
differential-program: build-packages
	$(SWIFT) build $(RELEASE) --product differential

install: release
	install -D -m 0755 -s $(BINARY) $(DESTDIR)$(PREFIX)/bin/daxprov

build-packages:
	@sh packaging/ensure-packages packaging/build-packages.txt

vm-packages:
	@sh packaging/ensure-packages Tests/VM/packages.txt

clean:
	rm -rf .build .build-fuzz .build-address .build-thread
