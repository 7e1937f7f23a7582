"""What the planner accepts, the kernel does, and the simulated host does the same. See docs/differential.md."""

import os
import random
import time

import pytest

from lab import labels, payload

# A region each on two DIMMs, and one region on two and one on four interleaved DIMMs.
BUSES = {"nvdimm-small": "ACPI.NFIT", "nfit-large": "nfit_test.0"}

SEQUENCES = int(os.environ.get("DAXPROV_DIFFERENTIAL_N", "100"))
SECONDS = int(os.environ.get("DAXPROV_DIFFERENTIAL_SECONDS", "15"))
SEED = int(os.environ.get("DAXPROV_DIFFERENTIAL_SEED") or random.randrange(1 << 32))
PROGRAM = "/opt/daxprov/bin/differential"


PIECE = 25


@pytest.mark.parametrize("topology", BUSES)
@pytest.mark.each_kernel
def test_kernel_and_simulated_host_agree_on_random_sequences(machine, topology):
    if "differential" not in payload.programs():
        pytest.fail("there is no program `differential` beside daxprov: make vm-test builds it")
    vm = machine(topology)
    vm.run(labels.initialise(BUSES[topology]), check=True)
    applied, end, first = 0, time.monotonic() + SECONDS, 0
    while first < SEQUENCES and (left := int(end - time.monotonic())) > 0:
        count = min(PIECE, SEQUENCES - first)  # libndctl leaks a little at each enumeration
        run = vm.run([PROGRAM, "--seed", str(SEED), "--first", str(first), "--count", str(count),
                      "--seconds", str(left)], timeout=left + 300)
        print(run.out)
        assert run.status == 0, f"seed {SEED} on {topology}: {run.out[-6000:]}{run.err}"
        applied += run.out.count("profile applied")
        first += count
    assert applied > 0


@pytest.mark.each_kernel
def test_the_kernel_keeps_the_contract_of_a_host(machine):
    vm = machine("nvdimm-small")
    run = vm.run([PROGRAM, "--label-less-contract"], timeout=300)
    assert run.status == 0, run.out + run.err
    vm.run(labels.INITIALISE, check=True)
    run = vm.run([PROGRAM, "--contract"], timeout=600)
    assert run.status == 0, run.out + run.err


@pytest.mark.each_kernel
def test_the_kernel_keeps_the_contract_of_dax_regions(machine):
    run = machine("hmem").run([PROGRAM, "--dax-contract"], timeout=600)
    assert run.status == 0, run.out + run.err
