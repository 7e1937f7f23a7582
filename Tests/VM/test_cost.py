"""How often daxprov goes to the kernel: exact counts, which are the same on every machine."""

import pytest

from lab import syscalls
from support import Daxprov, namespace, profile, region

# Four of a creation look at what lies there: docs/decisions/0023.
STORES_A_CREATE, STORES_A_DESTROY = 16, 10


def names(count):
    return [f"namespace {number:02}" for number in range(count)]


def of(count, **more):
    return profile(region(0, *(namespace(name=name, mode="devdax", size="16 MiB") for name in names(count))), **more)


def counted(vm, command, **options):
    result, calls = vm.count_syscalls(command, timeout=300, **options)
    assert result.status == 0, result
    return syscalls.total(calls, "openat", ""), syscalls.total(calls, "write", "/sys/")


def test_stores_and_opens_of_an_apply_grow_with_the_number_of_namespaces_alone(labelled):
    daxprov = Daxprov(labelled)
    opens, stores = {}, {}
    for count in (1, 5, 17):
        opens[count], stores[count] = counted(
            labelled, ["daxprov", "apply", "--yes", "-"], stdin=of(count).encode())
        assert len(daxprov.inventory().namespaces) == count
        assert stores[count] <= STORES_A_CREATE * count
        assert opens[count] <= 500 + 130 * count

        if count == 17:
            ours, _ = counted(labelled, ["daxprov", "inventory", "--json"])
            theirs, _ = counted(labelled, ["ndctl", "list", "-BDRNXv"])
            assert ours <= theirs
        allow = [word for name in names(count) for word in ("--allow-destroy", name)]
        _, destroying = counted(
            labelled, ["daxprov", "apply", "--yes", *allow, "-"], stdin=of(0, unmanaged="destroy").encode())
        assert destroying <= STORES_A_DESTROY * count
        assert daxprov.inventory().namespaces == []

    first, later = (opens[5] - opens[1]) / 4, (opens[17] - opens[5]) / 12
    assert later <= 1.1 * first, f"the first four cost {first} opens each, the last {later}"
    assert (stores[17] - stores[5]) / 12 <= (stores[5] - stores[1]) / 4


@pytest.mark.each_kernel
def test_a_plan_and_an_inventory_store_nothing(labelled):
    daxprov = Daxprov(labelled)
    daxprov.applied(of(2))
    for command in (["inventory"], ["inventory", "--json"], ["inventory", "--ndctl-json"], ["plan", "-"]):
        stdin = of(2).encode() if "-" in command else None
        _, stores = counted(labelled, ["daxprov", *command], stdin=stdin)
        assert stores == 0


def test_an_inventory_opens_no_more_files_than_ndctl_on_a_small_host(machine):
    for topology in ("nvdimm-small", "e820"):
        vm = machine(topology)
        ours, _ = counted(vm, ["daxprov", "inventory", "--json"])
        theirs, _ = counted(vm, ["ndctl", "list", "-BDRNXv"])
        assert ours <= theirs
