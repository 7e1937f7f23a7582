# What make can do: a line `## NAME  text` for each target that people call; `make help` prints them.

## help          this list
## demo          builds, and provisions a simulated server: neither root nor persistent memory is needed
## release       builds the program as it is installed
## install       installs it with manual pages, completions and documents into PREFIX (/usr/local), below DESTDIR; sudo make install
## uninstall     removes what install has put there
## deb           makes a Debian package of it, with a list of what is in it (SPDX), in .build/deb
## rpm           makes an RPM package of it, in .build/rpm
## test          every test, those on real kernels in virtual machines included (more than an hour)
## unit          the tests that need no virtual machine
## vm-test       the tests on a real kernel, Linux 6.1; STACK=6.12 or 7.3 takes that one
## vm-newer      the part of them that is chosen for Linux 6.12
## deb-test      installs, uses, upgrades, removes and purges the package in a clean Debian 12 and 13, and makes it under reprotest; as root
## rpm-test      makes the RPM package twice, compares, and checks it
## vm            a shell in a virtual machine with the current build; RUN=FILE runs a script there, STACK=6.12 has that kernel
## ansible-test  the Ansible collection on simulated hosts, with Debian's ansible-core and with that of PyPI
## ansible-lint  what ansible-lint, antsibull-docs and ansible-test sanity say of the collection; needs PyPI
## bench         times it against ndctl in a virtual machine, and planning for many hosts
## lint          formatting and style
## clean         removes everything that was built
##
## For longer runs:
## crash-matrix  kills daxprov, its recovery and the machine at every write (hours; EVERY=k, UNDO_CASES=n: docs/crash-safety.md)
## undo-sweeps   random situations on the simulated host, at every store of each (SWEEPS=20): docs/crash-safety.md
## client-rounds clients of persistent memory beside daxprov, and the power goes (ROUNDS=100, SEED=1): docs/crash-safety.md
## dax-sequences random changes of dax devices, disturbed, by daxprov and by daxctl (SEQUENCES=100, SEED=1): docs/crash-safety.md
## differential  random sequences on two kinds of machine (N=2000, SEED=...): docs/differential.md
## fuzz          an hour of fuzzing every reader of what others may have written (SECONDS=...): docs/fuzzing.md
## fuzz-smoke    the same for a minute in all
## mutants       small changes of the code, and which of them no test notices (MUTANTS=300|all, SEED=..., FILES=...): docs/mutation.md
## sanitize      the unit tests under the address sanitizer; SANITIZER=thread is for what runs in threads
## build-on      builds the program inside another release of Debian, with this toolchain: SUITE=trixie
## ansible-bench a play over 200 simulated hosts beside one of a module that does nothing

SWIFT ?= swift
PREFIX ?= /usr/local
DESTDIR ?=
PYTHON = /usr/bin/python3
VM_JOBS ?= 2
N ?= 2000
SEQUENCES ?= 100
SECONDS ?= 3600
SEED ?=
MUTANTS ?= 300
FILES ?=
# The kernel of the virtual machines, with the QEMU and the tools that belong to it (Tests/VM/lab/stacks.py).
STACK ?= $(DAXPROV_VM_STACK)
NEWER_STACK = 6.12
SUITE ?= trixie
# What runs elsewhere than beside this toolchain: one binary that needs the C libraries alone.
# Every library is bound at the start, and none is looked for beside the program.
HARDENED = -Xlinker -z -Xlinker now --disable-local-rpath
RELEASE = --scratch-path .build/release-static -c release --static-swift-stdlib $(HARDENED)
BINARY = .build/release-static/release/daxprov
# What the built program tells of itself: manual pages and completions.
GENERATED = .build/release-static/generated
# Whereto other than packaging/place says: Debian's zsh looks below /usr in vendor-completions, for one.
BASH_COMPLETIONS ?=
ZSH_COMPLETIONS ?=
FISH_COMPLETIONS ?=
PLACE = BINARY="$(BINARY)" GENERATED="$(GENERATED)" DESTDIR="$(DESTDIR)" PREFIX="$(PREFIX)" \
	BASH_COMPLETIONS="$(BASH_COMPLETIONS)" ZSH_COMPLETIONS="$(ZSH_COMPLETIONS)" FISH_COMPLETIONS="$(FISH_COMPLETIONS)" \
	sh packaging/place
# What the binary is made of: where it is newer than all of these, installing it builds nothing.
SOURCES := Package.swift $(shell find Sources -type f)

.DEFAULT_GOAL := help
# Several targets install packages or write the same folder, and swift uses every processor by itself.
.NOTPARALLEL:

export SWIFT_BACKTRACE ?= enable=no
export DAXPROV_VM_STACK := $(STACK)

SANITIZED = PLAN_CASES=200 UNDO_CASES=2 CRASH_EVERY=15
SANITIZER ?= address
# For threads: the tests of what runs in them, and of what a signal handler writes. For addresses: all but those that spend their time in
# the simulated host, in which all is Swift.
SIMULATED_TESTS = UndoAttackTests|ZeroedNamespaceTests|MemmapOnMemoryTests|DaxRightsTests|DeviceRightsTests|DaxDivisionTests|LabelWrittenBackTests|OlderPlaceholderTests|UndoPlacesTests|UndoneDivisionTests|UndoEvidenceTests|UndoLastLookTests|HostContractTests|LabelIndexTests|SpentConsentTests|InterruptedLookTests|MemoryPolicyTests|OfflineMemoryTests|KeptDeviceTests|DaxContractTests|DaxBindingTests
SANITIZED_TESTS = $(if $(filter thread,$(SANITIZER)),--filter 'Fleet|HostileName|Signal',--skip '$(SIMULATED_TESTS)')
FUZZ_CONFIGURATION = release
FUZZ_PROGRAM = .build-fuzz/$(FUZZ_CONFIGURATION)/fuzz
VM_BINARY = DAXPROV_BINARY=$(CURDIR)/$(BINARY)
# The slowest are named: the suite is to stay within an hour.
VM_SUITE = $(PYTHON) -m pytest -q -n $(VM_JOBS) --durations 20 Tests/VM
EVERY ?= 1
UNDO_CASES ?= 100

.PHONY: ansible-test ansible-lint ansible-bench schema-test schema-packages
.PHONY: help demo test unit unit-tests sanitized-tests make-test listing-test fuzz fuzz-smoke fuzz-program mutants sanitize vm-test vm-newer crash-matrix vm bench differential lint build-on
.PHONY: client-rounds undo-sweeps dax-sequences may-install install uninstall deb rpm deb-test rpm-test packaging-test release clean differential-program
.PHONY: build-packages packaging-packages vm-packages all-packages ansible-packages

help:
	@sh packaging/help Makefile

demo: release
	sh packaging/demo $(BINARY)

# The packages of all parts come first: what only root can do is said before an hour of work, not after.
test: all-packages ansible-packages schema-packages unit make-test packaging-test rpm-test deb-test listing-test schema-test \
	ansible-test ansible-lint vm-test vm-newer

# The Makefile itself, with stand-ins for apt, sudo and swift; and how mutants are made, without building any.
make-test:
	$(PYTHON) -m unittest discover -q -s Tests/Make
	$(PYTHON) -B -m unittest discover -q -s Tests/Mutants

# Manual pages, completions in their shells, and the Debian package.
packaging-test: packaging-packages release
	DAXPROV_BINARY="$(CURDIR)/$(BINARY)" $(PYTHON) -B -m pytest -q -n $(VM_JOBS) --dist loadfile \
	-p no:cacheprovider --ignore Tests/Packaging/test_rpm.py Tests/Packaging

# What daxprov prints of made /sys trees, beside what the real ndctl prints of them.
listing-test: all-packages release
	$(PYTHON) Tests/MadeSysfs/compare_with_ndctl.py $(CURDIR)/$(BINARY) \
	$(filter-out %.ndctl.json,$(wildcard Tests/Fixtures/inventory/*.json))

# Where PyPI cannot be reached, the tests with its ansible-core are skipped, and the last lines say so.
ansible-test: ansible-packages release
	DAXPROV_BINARY=$(CURDIR)/$(BINARY) $(PYTHON) -m pytest -q -rs -n 2 Tests/Ansible

ansible-lint: ansible-packages
	$(PYTHON) Tests/Ansible/lint.py

ansible-bench: ansible-packages release
	DAXPROV_BINARY=$(CURDIR)/$(BINARY) $(PYTHON) Tests/Bench/ansible.py

# What daxprov reads and prints against its schemas, by Debian's validator, and profiles in an editor's language server, which is PyPI's.
schema-test: schema-packages release
	DAXPROV_BINARY=$(CURDIR)/$(BINARY) $(PYTHON) -m pytest -q -rs -n 2 Tests/Schema

unit: unit-tests
	$(SWIFT) test --skip-build --parallel

unit-tests: build-packages
	@sh packaging/ensure-swift $(SWIFT)
	$(SWIFT) build --build-tests

fuzz: fuzz-program
	$(PYTHON) Tests/Fuzz/run $(FUZZ_PROGRAM) --seconds $(SECONDS)

# Building without optimising takes a third of the time; reading some inputs, ten times as long.
fuzz-smoke: FUZZ_CONFIGURATION = debug
fuzz-smoke: fuzz-program
	$(PYTHON) Tests/Fuzz/run $(FUZZ_PROGRAM) --seconds 60 --input-seconds 60

# The linker must be lld and keep what looks unused: else the coverage counters are gone and the fuzzer is blind. Both
# sanitizers must be one option, the last: of several, the compiler heeds that alone.
fuzz-program: build-packages
	@sh packaging/ensure-swift $(SWIFT) --scratch-path .build-fuzz
	DAXPROV_FUZZ=1 $(SWIFT) build --scratch-path .build-fuzz -c $(FUZZ_CONFIGURATION) --product fuzz \
	--sanitize fuzzer -Xswiftc -sanitize=fuzzer,address -Xcc -fsanitize=address --disable-dead-strip \
	-Xswiftc -use-ld=lld -Xswiftc -enable-testing

mutants: build-packages
	$(PYTHON) Tests/Mutants/run --swift $(SWIFT) --mutants $(MUTANTS) --seed "$(SEED)" --files "$(FILES)"

# Each sanitizer has a build of its own; what tries many cases tries fewer there. The program has threads in one place
# (ParallelMap), so that the thread sanitizer runs what comes by there.
sanitize: sanitized-tests
	$(SANITIZED) $(SWIFT) test --skip-build --parallel --sanitize $(SANITIZER) --scratch-path .build-$(SANITIZER) \
	$(SANITIZED_TESTS)

sanitized-tests: build-packages
	$(SWIFT) build --build-tests --sanitize $(SANITIZER) --scratch-path .build-$(SANITIZER)

vm-test: all-packages release differential-program
	$(VM_BINARY) $(VM_SUITE)

vm-newer: all-packages release differential-program
	DAXPROV_VM_STACK=$(NEWER_STACK) DAXPROV_DIFFERENTIAL_SECONDS=10 DAXPROV_UNDO_CASES=1 DAXPROV_CLIENT_ROUNDS=1 DAXPROV_DAX_SEQUENCES=2 DAXPROV_GRID=6 \
	$(VM_BINARY) $(VM_SUITE) -m each_kernel

crash-matrix: all-packages release
	DAXPROV_CRASH_EVERY=$(EVERY) DAXPROV_UNDO_CASES=$(UNDO_CASES) $(VM_BINARY) \
	$(PYTHON) -m pytest -v -n $(VM_JOBS) -m crash_points Tests/VM

undo-sweeps: build-packages
	$(SWIFT) build --build-tests
	UNDO_SWEEPS=$(or $(SWEEPS),20) $(SWIFT) test --skip-build --filter UndoPropertyTests/noStore

client-rounds: all-packages release
	DAXPROV_CLIENT_ROUNDS=$(or $(ROUNDS),100) DAXPROV_CLIENT_SEED=$(SEED) $(VM_BINARY) $(PYTHON) -m pytest -q -rP Tests/VM/test_clients.py

# Its own sequences must keep everything; those of daxctl are counted.
dax-sequences: all-packages release
	DAXPROV_DAX_SEQUENCES=$(SEQUENCES) DAXPROV_DAXCTL_SEQUENCES=$(SEQUENCES) DAXPROV_DAX_SEED=$(or $(SEED),1) $(VM_BINARY) \
	$(PYTHON) -m pytest -q -rP -n $(VM_JOBS) Tests/VM/test_dax_sequences.py

vm: all-packages release
	$(VM_BINARY) Tests/VM/run $(VMFLAGS) $(RUN)

bench: all-packages release
	$(PYTHON) Tests/Bench/fleet.py $(BINARY)
	$(PYTHON) Tests/Bench/record.py $(BINARY)
	$(PYTHON) Tests/Bench/profile.py $(BINARY)
	DAXPROV_BINARY=$(CURDIR)/$(BINARY) $(PYTHON) Tests/Bench/vm.py
	DAXPROV_BINARY=$(CURDIR)/$(BINARY) $(PYTHON) Tests/Bench/wipe.py

differential: all-packages release differential-program
	DAXPROV_BINARY=$(CURDIR)/$(BINARY) DAXPROV_DIFFERENTIAL_N=$(N) DAXPROV_DIFFERENTIAL_SEED=$(SEED) \
	DAXPROV_DIFFERENTIAL_SECONDS=86400 $(PYTHON) -m pytest -q -rP -n 2 -k random_sequences Tests/VM/test_differential.py

lint: build-packages
	$(SWIFT) format lint --strict --recursive Sources Tests Package.swift
	sh packaging/lint

release: $(BINARY) $(GENERATED)/complete

# The packages are looked for here, and not as a prerequisite: installing a binary that is there needs none of them. Swift
# leaves an unchanged binary alone, so it is touched, or it would count as old for ever.
$(BINARY): $(SOURCES)
	@sh packaging/ensure-packages packaging/build-packages.txt
	@sh packaging/ensure-swift $(SWIFT) --scratch-path .build/release-static
	$(SWIFT) build $(RELEASE) --product daxprov
	@touch $@

$(GENERATED)/complete: $(BINARY) packaging/generate docs/profile.md $(wildcard packaging/man/*.md packaging/man/*.py) packaging/man/generate
	@PYTHON=$(PYTHON) sh packaging/generate $(BINARY) $(GENERATED)

# The dependencies are fetched here: inside there is no configuration of the network.
build-on: build-packages
	@sh packaging/ensure-swift $(SWIFT) --scratch-path .build-on-$(SUITE)
	$(PYTHON) packaging/build-on $(SUITE) $(SWIFT)

# Not shipped: it destroys what it finds.
differential-program: build-packages
	@sh packaging/ensure-swift $(SWIFT) --scratch-path .build/release-static
	$(SWIFT) build $(RELEASE) --product differential

deb: release
	@sh packaging/ensure-packages packaging/deb/packages.txt
	@sh packaging/deb/build $(BINARY) .build/deb

rpm: release
	@sh packaging/ensure-packages packaging/deb/packages.txt packaging/rpm/packages.txt
	@sh packaging/rpm/build $(BINARY) .build/rpm

# The clean Debians are made once, and kept where the virtual machines' parts are.
deb-test: packaging-packages release
	@sh packaging/ensure-packages Tests/Packaging/reprotest-packages.txt
	DAXPROV_BINARY="$(CURDIR)/$(BINARY)" $(PYTHON) -B -m pytest -q -n $(VM_JOBS) --dist loadscope -p no:cacheprovider \
	Tests/Packaging/in_a_clean_debian.py Tests/Packaging/under_reprotest.py

rpm-test: packaging-packages release
	DAXPROV_BINARY="$(CURDIR)/$(BINARY)" $(PYTHON) -B -m pytest -q -p no:cacheprovider Tests/Packaging/test_rpm.py

may-install:
	@sh packaging/may-install "$(DESTDIR)$(PREFIX)/bin" $(BINARY)
	@sh packaging/may-install "$(DESTDIR)$(PREFIX)/share" $(BINARY)

install: may-install release
	@$(PLACE) install

# What it recorded of this host (/var/lib/daxprov) stays.
uninstall:
	@$(PLACE) uninstall

build-packages:
	@sh packaging/ensure-packages packaging/build-packages.txt

packaging-packages:
	@sh packaging/ensure-packages packaging/build-packages.txt packaging/deb/packages.txt packaging/rpm/packages.txt \
	Tests/Packaging/packages.txt

# In one go, so that one list says all that is missing.
all-packages:
	@sh packaging/ensure-packages packaging/build-packages.txt packaging/deb/packages.txt packaging/rpm/packages.txt \
	Tests/Packaging/packages.txt Tests/Packaging/reprotest-packages.txt Tests/VM/packages.txt

vm-packages:
	@sh packaging/ensure-packages Tests/VM/packages.txt

schema-packages:
	@sh packaging/ensure-packages packaging/build-packages.txt Tests/Schema/packages.txt

ansible-packages:
	@sh packaging/ensure-packages packaging/build-packages.txt Tests/Ansible/packages.txt

clean:
	rm -rf .build .build-fuzz .build-mutants .build-address .build-thread .build-on-*
