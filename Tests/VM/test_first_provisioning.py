"""From new DIMMs to what the profile says, and still so after a reboot."""

import pytest

from lab import Fault
from support import Daxprov, contents, namespace, ndctl, profile, region
from support.inventory import GIB, MIB

# Starts at 4, 5.5, 7 and 8.5 GiB: the kernel numbers them in another order at the next boot.
SIX = profile(
    region(
        0,
        namespace(name="files", mode="fsdax", size="1.5 GiB"),
        namespace(name="heap", mode="devdax", size="1.5 GiB"),
        namespace(name="journal", mode="sector", size="1.5 GiB"),
        namespace(name="scratch", mode="raw", size="remaining"),
        labels="init"),
    region(
        1,
        namespace(name="large pages", mode="devdax", size="2 GiB", align="1 GiB", map="mem"),
        namespace(name="rest", mode="fsdax", size="25%"),
        labels="init"))


def test_two_new_dimms_become_six_namespaces_in_four_modes_and_stay_so_after_a_reboot(machine):
    vm = machine("nvdimm")
    daxprov = Daxprov(vm)
    ndctl.assert_agrees(vm)
    plan = daxprov.plan(SIX)
    assert [change["kind"] for change in plan["changes"]].count("create") == 6

    # Nobody can tell from outside that 6 GiB hold nothing.
    assert {each["code"] for each in daxprov.refused(SIX)["refusals"]} == {"consent_missing"}
    first = daxprov.applied(SIX, allow=["region0", "region1"])
    assert {each["name"]: each["mode"] for each in first.namespaces} == {
        "files": "fsdax", "heap": "devdax", "journal": "sector", "scratch": "raw",
        "large pages": "devdax", "rest": "fsdax"}
    assert first.named("scratch")["raw_size"] == 6 * GIB - 3 * 1536 * MIB
    assert first.named("large pages")["align"] == 1 * GIB and first.named("large pages")["map"] == "mem"
    assert first.named("rest")["raw_size"] == 1536 * MIB
    for change in plan["changes"]:
        if change["kind"] == "create":
            created = first.named(change["address"].split("/")[1])
            assert {key: created[key] for key in ("resource", "raw_size", "usable_size", "mode")} == {
                key: change["after"][key] for key in ("resource", "raw_size", "usable_size", "mode")}
    ndctl.assert_agrees(vm)

    again = daxprov.apply(SIX)
    assert again.status == 0 and "No changes" in again.out
    assert daxprov.inventory().document == first.document
    assert daxprov.is_settled(SIX)

    vm.run(f"head -c 1M /dev/urandom > /tmp/bytes; dd if=/tmp/bytes of={first.node('scratch')} bs=64k oflag=direct")
    written = vm.run("sha256sum < /tmp/bytes").out
    file = contents.make_file(vm, first.node("files"), "/mnt/files", "files")
    heap = contents.fill(vm, first.node("heap"), "heap", 64 << 10)
    journal = contents.fill(vm, first.node("journal"), "journal", 64 << 10)
    vm.reboot()

    after = daxprov.inventory()
    assert after.facts() == first.facts()
    assert after.addresses() != first.addresses(), "the kernel kept its numbers: this test shows less than it should"
    assert daxprov.is_settled(SIX)
    assert daxprov.apply(SIX).status == 0
    ndctl.assert_agrees(vm)

    vm.run(f"mkdir -p /mnt/files && mount -o dax {after.node('files')} /mnt/files", check=True)
    assert contents.file_digest(vm, "/mnt/files") == file
    assert vm.run(f"head -c 1M {after.node('scratch')} | sha256sum").out == written
    assert vm.run(f"{contents.DAXMAP} read {after.node('heap')} | head -c 65536").stdout == heap
    assert vm.run(f"head -c 65536 {after.node('journal')}").stdout == journal


@pytest.mark.each_kernel
def test_the_kernel_renumbers_namespaces_at_a_reboot_and_nothing_follows_its_numbers(labelled):
    daxprov = Daxprov(labelled)
    labelled.run("for name in low gap high; do ndctl create-namespace -r 0 -m raw -s 64M -n $name; done; "
                 "ndctl destroy-namespace -f namespace0.1", check=True)
    wanted = profile(region(0, *(namespace(name=name, mode="raw", size="64 MiB") for name in ("low", "high", "new"))))
    first = daxprov.applied(wanted)
    assert first.named("low")["resource"] < first.named("new")["resource"] < first.named("high")["resource"]
    assert first.named("new")["dev"] > first.named("high")["dev"]

    labelled.reboot()
    after = daxprov.inventory()
    assert after.named("new")["dev"] < after.named("high")["dev"]
    assert after.facts() == first.facts()
    assert daxprov.is_settled(wanted)


@pytest.mark.parametrize("unit", ["4 KiB", "2 MiB", "1 GiB"])
@pytest.mark.each_kernel
def test_a_new_devdax_namespace_has_the_alignment_and_the_size_that_the_plan_said(machine, unit):
    vm = machine("nvdimm", labelled=True)
    daxprov = Daxprov(vm)
    wanted = profile(region(0, namespace(name="one", mode="devdax", usable_size="1 GiB", align=unit, map="mem")))
    [change] = daxprov.plan(wanted)["changes"]
    created = daxprov.applied(wanted).named("one")
    assert created["usable_size"] == change["after"]["usable_size"] >= 1 * GIB
    assert vm.run(f"cat /sys/bus/dax/devices/{created['chardev']}/align").out.strip() == str(created["align"])
    ndctl.assert_agrees(vm)


# What tools that set no mode leave: a table of version 1.1 that names no parent, so that the kernel takes it for anybody's.
ANYBODYS_TABLE = """
cd /sys/bus/nd/devices && echo namespace0.0 > /sys/bus/nd/drivers/nd_pmem/unbind
claim=$(cat region0/btt_seed) && echo 4096 > $claim/sector_size && cat /proc/sys/kernel/random/uuid > $claim/uuid
echo namespace0.0 > $claim/namespace && echo $claim > /sys/bus/nd/drivers/nd_pmem/bind
"""


@pytest.fixture
def anybodys(machine):
    """daxprov on a region without labels whose translation table names no parent; its state is on another DIMM."""
    vm = machine("nvdimm-small")
    vm.run("mkfs.ext4 -q /dev/pmem1 && mkdir -p /mnt/state && mount /dev/pmem1 /mnt/state", check=True)
    vm.run(ANYBODYS_TABLE, check=True)
    contents.fill(vm, "/dev/pmem0s", "table")
    return Daxprov(vm)


STATE = ("--state-dir", "/mnt/state/daxprov")
WHOLE = profile(region(0, namespace(name="whole", mode="raw", size="100%"), labels="init"), unmanaged="destroy")


def relabel(daxprov, **options):
    """Gives the region labels and a raw namespace; what was there before, and the result."""
    [old] = daxprov.inventory().region(0)["namespaces"]
    assert old["mode"] == "sector"
    digest = contents.start_digest(daxprov.vm, "/dev/pmem0s")
    allow = [word for name in ("region0", old["uuid"]) for word in ("--allow-destroy", name)]
    return old, digest, daxprov.run("apply", "--yes", *allow, *STATE, profile=WHOLE, **options)


def assert_back(daxprov, old, digest):
    daxprov.vm.reboot()
    assert daxprov.inventory().region(0)["namespaces"] == [old]
    assert contents.start_digest(daxprov.vm, "/dev/pmem0s") == digest


def test_a_translation_table_that_names_no_parent_does_not_come_back_under_a_raw_namespace(anybodys):
    old, digest, done = relabel(anybodys)
    assert done.status == 0, done
    anybodys.vm.run("ndctl disable-region region0 && ndctl enable-region region0", check=True)
    assert anybodys.inventory().named("whole")["mode"] == "raw" and anybodys.is_settled(WHOLE)
    undone = anybodys.run("rollback", "--yes", "--allow-destroy", "whole", *STATE)
    assert undone.status == 0 and "after the next reboot" in undone.out, undone
    assert_back(anybodys, old, digest)


def test_a_translation_table_that_names_no_parent_is_recovered_from_under_a_half_made_namespace(anybodys):
    place = anybodys.vm.run("readlink -f /sys/bus/nd/devices/region0", check=True).out.strip()
    # Stores to the namespace itself: three to save its media (in between the kernel counts what is written); four to
    # allocate the new one; then its media is wiped.
    old, digest, killed = relabel(anybodys, fault=Fault(8, "kill-before", paths=(f"{place}/namespace0.0/",)))
    assert killed.signal == 9, killed
    [half] = anybodys.inventory().region(0)["namespaces"]
    assert half["name"] == "whole" and half["state"] == "disabled"
    recovered = anybodys.run("recover", *STATE)
    assert recovered.status == 0 and "after the next reboot" in recovered.err, recovered
    assert_back(anybodys, old, digest)
