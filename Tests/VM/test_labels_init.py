"""Label indexes on a label-less region: over what is known to be empty, or with consent; never over labels, nor over what is not shown.

What a label index can hide or write over: data in the region, at any place; labels whose index is lost; what the region held before
indexes that were taken away again, until a boot shows it; what another region on the same DIMMs holds, while its owner has disabled it.
"""

import pytest

from support import Daxprov, contents, labels, namespace, profile, region
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
    contents.fill(vm, "/dev/pmem0", "before", 4 << 20)
    digest = contents.image_digest(vm, "dimm0", 0, 80 * MIB)
    before = labels.read(vm)
    daxprov.applied(WANTED, allow=["region0"])
    undone = daxprov.run("rollback", "--yes", "--allow-destroy", "one")
    assert undone.status == 0, undone
    assert labels.read(vm) == before
    # Until the boot the kernel calls the region labelled and empty.
    assert {each["code"] for each in daxprov.refused(WANTED)["refusals"]} == {"labels_gone"}
    assert labels.read(vm) == before
    vm.reboot()
    assert contents.image_digest(vm, "dimm0", 0, 80 * MIB) == digest
    assert daxprov.applied(WANTED, allow=["region0"]).named("one")["mode"] == "devdax"


def test_labels_do_not_hide_what_a_disabled_region_on_the_same_dimms_holds(machine):
    vm = machine("nfit")
    vm.run("ndctl wait-scrub all", check=True)
    daxprov = Daxprov(vm)
    node = f"/dev/{daxprov.inventory().region(0)['namespaces'][0]['blockdev']}"
    contents.fill(vm, node, "sibling")
    digest = contents.digest(vm, node)
    dimms = [each["dimm"] for each in daxprov.inventory().region(1)["mappings"]]
    assert {each["dimm"] for each in daxprov.inventory().region(0)["mappings"]} < set(dimms)
    vm.run("ndctl disable-region region0", check=True)
    areas = [labels.read(vm, dimm) for dimm in dimms]
    wanted = profile(region(1, namespace(name="a", mode="raw", size="16 MiB"), labels="init"))
    for allow in ([], ["region1"], ["region0", "region1"]):
        report = daxprov.refused(wanted, allow=allow)
        assert "labels_hide_others" in {each["code"] for each in report["refusals"]}, report
    assert [labels.read(vm, dimm) for dimm in dimms] == areas
    vm.run("ndctl enable-region region0", check=True)
    assert daxprov.inventory().region(0)["labels"] == "label-less" and contents.digest(vm, node) == digest
