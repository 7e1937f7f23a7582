"""Label indexes on a label-less region: over what is known to be empty, or with consent; never over labels."""

import pytest

from support import Daxprov, labels, namespace, profile, region
from support.inventory import MIB

WANTED = profile(region(0, namespace(name="one", mode="devdax", size="64 MiB"), labels="init"))


def look(daxprov):
    """The change of the region's labels, and the notes on it."""
    plan = daxprov.plan(WANTED)
    [change] = [each for each in plan["changes"] if each["kind"] == "initialize_labels"]
    return change, [each for each in plan["notes"] if each["address"] == "region0"]


@pytest.mark.parametrize("offset", [1023 * MIB + 1020 * 1024, 513 * MIB + 12 * 1024, None])
def test_a_region_that_was_not_looked_at_wholly_counts_as_used(machine, offset):
    vm = machine("nvdimm-small")
    daxprov = Daxprov(vm)
    if offset is not None:
        vm.run(f"head -c 4096 /dev/urandom | dd of=/dev/pmem0 bs=4k seek={offset // 4096} oflag=direct", check=True)
    change, [note] = look(daxprov)
    at_the_end = offset is not None and offset > 1000 * MIB
    assert change["consent"] == "region0"
    assert note["code"] == ("content_found" if at_the_end else "content_unknown")
    assert (f"{offset >> 10} KiB" if at_the_end else "of its 1 GiB") in note["message"]
    assert {each["code"] for each in daxprov.refused(WANTED)["refusals"]} == {"consent_missing"}
    if offset is None:
        assert daxprov.applied(WANTED, allow=["region0"]).named("one")["mode"] == "devdax"


def test_labels_whose_index_is_lost_are_not_written_over(machine):
    vm = machine("nvdimm-small", labelled=True)
    daxprov = Daxprov(vm)
    daxprov.applied(profile(region(0, namespace(name="low", mode="raw", size="64 MiB"),
                                   namespace(name="files", mode="fsdax", size="64 MiB"))))
    facts = daxprov.inventory().facts()
    area = labels.read(vm)
    vm.run("ndctl disable-region region0", check=True)
    vm.write_file("/tmp/broken", bytes(labels.INDEXES) + bytes(area[labels.INDEXES:]))
    vm.run("ndctl write-labels -i /tmp/broken nmem0", check=True)
    vm.reboot()
    assert daxprov.inventory().region(0)["labels"] == "label-less"

    report = daxprov.refused(WANTED, allow=["region0"])
    [refusal] = report["refusals"]
    assert refusal["code"] == "labels_without_index"
    assert all(name in refusal["message"] for name in ("low", "files")) and "ndctl read-labels" in refusal["advice"]

    vm.write_file("/tmp/labels", bytes(area))
    vm.run("ndctl disable-region region0 && ndctl write-labels -i /tmp/labels nmem0", check=True)
    vm.reboot()
    assert daxprov.inventory().facts() == facts


@pytest.mark.each_kernel
def test_what_undo_takes_away_again_is_not_taken_for_lost_labels(machine):
    vm = machine("nvdimm-small")
    daxprov = Daxprov(vm)
    before = labels.read(vm)
    daxprov.applied(WANTED, allow=["region0"])
    undone = daxprov.run("rollback", "--yes", "--allow-destroy", "one")
    assert undone.status == 0, undone
    assert labels.read(vm) == before
    vm.reboot()
    assert daxprov.applied(WANTED, allow=["region0"]).named("one")["mode"] == "devdax"
