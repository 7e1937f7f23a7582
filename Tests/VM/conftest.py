"""Fixtures of the suite that runs against a real kernel in virtual machines. See README.md."""

import os

import pytest

from lab import LabError, Machine, kernel, payload, stacks, tools

SKIP = "DAXPROV_VM_SKIP"
SKIP_STACK = "DAXPROV_VM_SKIP_STACK"


def pytest_configure(config):
    config.addinivalue_line("markers", "each_kernel: also run on the newer kernel by make test and make vm-newer (docs/kernels.md)")
    config.addinivalue_line("markers", "crash_points: dies or fails at a few of many points, and at each with make crash-matrix (support/strides.py)")
    config.addinivalue_line("markers", "only_on(stacks): for kernels that have what is tested")


def pytest_report_header():
    stack = stacks.chosen()
    return [f"daxprov under test: {payload.binary() or 'none (build it, or set DAXPROV_BINARY)'}",
            f"stack: {stack.name}, {stack.describes}"]


def pytest_collection_modifyitems(config, items):
    """What a kernel does not have is left out. A machine that cannot run the suite fails it, unless it was told to skip; it never passes."""
    name = stacks.chosen().name
    left_out = [item for item in items if (only := item.get_closest_marker("only_on")) and name not in only.args]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
    if os.environ.get(SKIP) == "1":
        for item in items:
            item.add_marker(pytest.mark.skip(reason=f"{SKIP}=1: NOT TESTED on a real kernel"))


def pytest_terminal_summary(terminalreporter):
    if skipped := terminalreporter.stats.get("skipped"):
        terminalreporter.write_sep("!", f"{len(skipped)} tests SKIPPED, not passed", red=True, bold=True)
    _write_crash_table(terminalreporter)
    _write_holder_table(terminalreporter)


def _write_crash_table(terminalreporter):
    """What test_crash.py counted: how many points of how many were tried, and in which state they ended."""
    rows = [
        value for reports in terminalreporter.stats.values() for report in reports
        if getattr(report, "when", "") == "call" for key, value in report.user_properties if key == "crash"]
    if not rows:
        return
    line = "{:24} {:14} {:>6} {:>6} {:>5} {:>5} {:>5}"
    terminalreporter.write_sep("-", "crashes")
    for row in [("what", "plan", "tried", "of", "old", "new", "third"), *sorted(rows)]:
        terminalreporter.write_line(line.format(*map(str, row)))


def _write_holder_table(terminalreporter):
    """What test_in_use.py counted: which uses of a device daxprov and ndctl find."""
    rows = [
        value for reports in terminalreporter.stats.values() for report in reports
        if getattr(report, "when", "") == "call" for key, value in report.user_properties if key == "holder"]
    if not rows:
        return
    line = "{:36} {:9} {:18} {}"
    terminalreporter.write_sep("-", "uses of a device")
    heads = ("used by", "daxprov", "disable-namespace", "destroy-namespace -f")
    sums = [f"{sum(row[column] == 'found' for row in rows)} of {len(rows)}" for column in (1, 2, 3)]
    for row in [heads, *sorted(map(tuple, rows)), ("found", *sums)]:
        terminalreporter.write_line(line.format(*row))


@pytest.fixture(scope="session")
def qemu_is_there():
    try:
        for program in ("busybox", "mkfs.ext4", "gcc", "cpio", "depmod"):
            tools.require(program)
    except LabError as error:
        pytest.fail(f"this machine cannot run virtual machines: {error}. "
                    f"Set {SKIP}=1 to skip the suite and say so.", pytrace=False)
    stack = stacks.chosen()
    try:
        stack.qemu, stack.programs.require("ndctl"), kernel.newest(stack)
    except LabError as error:
        if os.environ.get(SKIP_STACK) == "1":
            pytest.skip(f"{SKIP_STACK}=1: NOT TESTED on {stack.name}, which cannot be had: {error}")
        pytest.fail(f"the stack {stack.name} cannot be had: {error}\n"
                    f"Set {SKIP_STACK}=1 to skip the suite where that is so, and say so.", pytrace=False)


@pytest.fixture
def machine(qemu_is_there):
    """A factory: machine("nvdimm") starts a machine, which ends with the test."""
    started = []

    def start(topology="nvdimm", **options):
        started.append(Machine(topology, **options))
        return started[-1]

    yield start
    for each in started:
        each.close()


@pytest.fixture
def labelled(machine):
    """A machine with two small NVDIMMs whose label areas are initialised (v1.2), and no namespaces."""
    return machine("nvdimm-small", labelled=True)
