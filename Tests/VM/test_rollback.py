"""`rollback` brings back what a transaction changed: layout, identity and data; and refuses where that is not so."""

import pytest

from support import Daxprov, contents, namespace, profile, region
from support.daxprov import DONE, REFUSED
from support.snapshot import Snapshot

KEEP = namespace(name="keep", mode="fsdax", size="32 MiB")
BEFORE = (
    KEEP,
    namespace(name="wal", mode="fsdax", size="48 MiB"),
    namespace(name="heap", mode="devdax", size="32 MiB"),
    namespace(name="journal", mode="sector", size="32 MiB"),
    namespace(name="scratch", mode="raw", size="32 MiB"),
    namespace(name="map", mode="fsdax", size="32 MiB", map="mem"),
    namespace(name="pages", mode="devdax", size="32 MiB", align="2 MiB"),
    namespace(name="large", mode="devdax", size="64 MiB"),
    namespace(name="gone", mode="fsdax", size="32 MiB"))
AFTER = (
    KEEP,
    namespace(name="wal", mode="devdax", size="48 MiB"),
    namespace(name="heap2", renamed_from="heap", mode="devdax", size="32 MiB"),
    namespace(name="journal", mode="raw", size="32 MiB"),
    namespace(name="scratch", mode="sector", size="32 MiB"),
    namespace(name="map", mode="fsdax", size="32 MiB", map="dev"),
    namespace(name="pages", mode="devdax", size="32 MiB", align="4 KiB"),
    namespace(name="large", mode="devdax", size="96 MiB"))
CHANGED = ("wal", "journal", "scratch", "map", "pages", "large")


def consents(*names):
    return [word for name in names for word in ("--allow-destroy", name)]


def rollback(daxprov, *names):
    return daxprov.run("rollback", "--yes", *consents(*names))


@pytest.mark.each_kernel
def test_every_kind_of_change_is_undone_with_its_data_while_a_neighbour_stays_mounted(labelled):
    vm, daxprov = labelled, Daxprov(labelled)
    found = daxprov.applied(profile(region(0, *BEFORE)))
    kept = contents.make_file(vm, found.node("keep"), "/mnt/keep", "keep")
    wal = contents.make_file(vm, found.node("wal"), "/mnt/wal", "wal")
    vm.run("umount /mnt/wal", check=True)
    for name in ("heap", "journal", "scratch", "map", "pages", "large", "gone"):
        contents.fill(vm, found.node(name), name)
    seen = {name: contents.start_digest(vm, found.node(name)) for name in ("heap", "journal", "scratch", "pages")}
    before = Snapshot(vm, daxprov.inventory(), ("keep",))

    after = daxprov.applied(
        profile(region(0, *AFTER), unmanaged="destroy"), allow=[*CHANGED, "gone"])
    assert before.differences(Snapshot(vm, after, ("keep",)))
    unasked = rollback(daxprov, "wal")
    assert unasked.status == REFUSED and "--allow-destroy" in unasked.out, unasked
    assert daxprov.inventory().document == after.document

    undone = rollback(daxprov, *CHANGED)
    assert undone.status == DONE, undone
    found = daxprov.inventory()
    assert before.differences(Snapshot(vm, found, ("keep",))) == []
    assert {name: contents.start_digest(vm, found.node(name)) for name in seen} == seen
    vm.run(f"mount -o dax {found.node('wal')} /mnt/wal", check=True)
    assert contents.file_digest(vm, "/mnt/wal") == wal
    assert contents.file_digest(vm, "/mnt/keep") == kept
    vm.run("echo more > /mnt/keep/log && sync && findmnt /mnt/keep", check=True)
    vm.reboot()
    assert before.differences(Snapshot(vm, daxprov.inventory(), ("keep", "wal"))) == []


@pytest.mark.each_kernel
def test_initialised_labels_are_undone_and_the_namespace_is_back_after_a_reboot(machine):
    vm = machine("nvdimm-small")
    daxprov = Daxprov(vm)
    contents.fill(vm, "/dev/pmem0", "whole")
    before = Snapshot(vm, daxprov.inventory())
    daxprov.applied(profile(region(0, labels="init")), allow=["region0"])
    assert before.differences(Snapshot(vm, daxprov.inventory()))
    undone = rollback(daxprov)
    assert undone.status == DONE and "after the next reboot" in undone.out, undone
    vm.reboot()
    assert before.differences(Snapshot(vm, daxprov.inventory())) == []


def test_what_others_changed_since_is_not_undone(labelled):
    daxprov = Daxprov(labelled)
    two = (KEEP, namespace(name="more", mode="raw", size="32 MiB"))
    daxprov.applied(profile(region(0, *two)))
    labelled.run("ndctl create-namespace -r 0 -m raw -s 32M -n theirs", check=True)
    before = daxprov.inventory()
    refused = rollback(daxprov, "keep", "more")
    assert refused.status == REFUSED and "theirs" in refused.out, refused
    assert daxprov.inventory().document == before.document
