"""A store that the kernel refuses, at every point: nothing half-made stays behind."""

import errno
import json

import pytest

from lab import Fault
from support import Daxprov, contents, namespace, ndctl, profile, region
from support.daxprov import PARTIAL, ROLLED_BACK

SYSFS = ("/sys",)
# The switch of a block device's count of writes.
COUNTING = b"/queue/iostats"
ERRORS = (errno.EIO, errno.ENOSPC, errno.EBUSY)
KEPT = namespace(name="kept", mode="fsdax", size="32 MiB")
TWO = (namespace(name="one", mode="fsdax", size="64 MiB"), namespace(name="two", mode="sector", size="32 MiB"))


def fault_at(number):
    """The fault that one store after the other meets, each with a log of its own."""
    return Fault(number, f"errno:{ERRORS[number % len(ERRORS)]}", paths=SYSFS, log=f"/tmp/fault-{number}.log")


def was_reached(vm, fault):
    return len(vm.read_file(fault.log).splitlines()) >= fault.at


def traces(vm):
    """What ndctl sees of namespaces, idle ones included, without the objects that await their first use."""
    return [each for each in ndctl.listed(vm, "-N", "-i") if each.get("size") or each.get("uuid", "0").strip("0-")]


def test_whichever_store_of_two_creations_fails_the_host_is_as_before(labelled):
    daxprov = Daxprov(labelled)
    before = daxprov.applied(profile(region(0, KEPT)))
    digest = contents.start_digest(labelled, before.node("kept"))
    theirs = traces(labelled)
    wanted = profile(region(0, KEPT, *TWO))

    statuses, at = [], 0
    while True:
        at += 1
        fault = fault_at(at)
        result = daxprov.run("apply", "--yes", "--json", profile=wanted, fault=fault)
        if not was_reached(labelled, fault):
            break
        report = json.loads(result.stdout)
        # EBUSY as well, the kernel's word for a device in use: a store that it refuses is no policy of ours.
        assert result.status == ROLLED_BACK, f"store {at}: {result}"
        assert report["outcome"] == "undone" and report["error"]["errno"] == ERRORS[at % len(ERRORS)]
        assert traces(labelled) == theirs, f"store {at}: {result}"
        statuses.append(result.status)
    assert result.status == 0 and len(statuses) >= 12
    after = daxprov.inventory()
    assert after.named("kept") == before.named("kept")
    assert contents.start_digest(labelled, after.node("kept")) == digest
    assert daxprov.is_settled(wanted)


def test_after_a_failure_that_cannot_be_undone_the_report_says_what_was_done_and_what_not(labelled):
    daxprov = Daxprov(labelled)
    before = daxprov.applied(profile(region(0, KEPT)))
    wanted = profile(region(0, KEPT, *TWO))
    counted = Fault(paths=SYSFS)
    assert daxprov.run("apply", "--yes", profile=wanted, fault=counted).status == 0
    log = labelled.read_file(counted.log).decode().splitlines()
    [_, second] = [number for number, line in enumerate(log, 1) if line.endswith("/size")]
    daxprov.applied(profile(region(0, KEPT), unmanaged="destroy"), allow=["one", "two"])

    # From the second allocation on nothing can be stored, so nothing can be undone either.
    broken = Fault(second, f"errno-from:{errno.EIO}", paths=SYSFS, log="/tmp/broken.log")
    guarded = profile(region(0, KEPT, namespace(name="one", mode="fsdax", size="64 MiB", protect="true"), TWO[1]))
    result = daxprov.run("apply", "--yes", "--json", profile=guarded, fault=broken)
    assert result.status == PARTIAL, result
    report = json.loads(result.stdout)
    assert [step["action"] for step in report["done"]] == ["create"]
    assert report["failed"]["action"] == "create" and report["error"]["errno"] == errno.EIO
    after = daxprov.inventory()
    assert after.named("kept") == before.named("kept") and after.named("one")["state"] == "active"
    # What it made and was to protect is protected.
    [protected] = json.loads(daxprov.run("status", "--json").stdout)["protected"]
    assert protected["name"] == "one", protected
    ndctl.assert_agrees(labelled)
    assert daxprov.apply(wanted).status == 0 and daxprov.is_settled(wanted)


@pytest.mark.each_kernel
def test_a_failure_after_labels_were_written_brings_the_namespace_back_with_the_next_reboot(machine):
    vm = machine("nvdimm-small")
    daxprov = Daxprov(vm)
    before = daxprov.inventory()
    wanted = profile(region(0, *TWO, labels="init"))
    agreed = ("apply", "--yes", "--allow-destroy", "region0")
    result = daxprov.run(*agreed, profile=wanted, fault=Fault(21, f"errno:{errno.ENOSPC}", paths=SYSFS))
    assert result.status == ROLLED_BACK, result
    assert "No space left on device" in result.out and "after the next reboot" in result.out
    assert daxprov.inventory().region(0)["namespaces"] == []
    vm.reboot()
    assert daxprov.inventory().facts() == before.facts()
    assert daxprov.run(*agreed, profile=wanted).status == 0 and daxprov.is_settled(wanted)


@pytest.mark.each_kernel
def test_a_store_that_fails_during_a_reconfiguration_leaves_the_old_namespace_or_says_what_is_there(labelled):
    daxprov = Daxprov(labelled)
    daxprov.applied(profile(region(0, KEPT, TWO[0])))
    wanted = profile(region(0, KEPT, namespace(name="one", mode="devdax", size="64 MiB")))
    before = daxprov.inventory()
    digest = contents.start_digest(labelled, before.node("kept"))
    seen = set()
    at = 0
    while True:
        at += 1
        fault = fault_at(at)
        result = daxprov.run(
            "apply", "--yes", "--allow-destroy", "one", profile=wanted, fault=fault)
        if not was_reached(labelled, fault):
            break
        seen.add(result.status)
        if labelled.read_file(fault.log).splitlines()[at - 1].endswith(COUNTING):
            # Without it recovery asks where it need not; the change itself does not depend on it.
            assert result.status == 0, f"store {at}: {result}"
            assert daxprov.run("rollback", "--yes", "--allow-destroy", "one").status == 0
            assert daxprov.inventory().facts() == before.facts()
            continue
        assert result.status in (ROLLED_BACK, PARTIAL), f"store {at}: {result}"
        after = daxprov.inventory()
        assert after.named("kept") == before.named("kept")
        if result.status != PARTIAL:
            assert after.facts() == before.facts(), f"store {at}: {result}"
        else:
            assert "Done, and left as it is:" in result.out and "Not done:" in result.out
            before = after
    assert result.status == 0 and 0 in seen and len(seen) > 1
    assert contents.start_digest(labelled, daxprov.inventory().node("kept")) == digest
    assert daxprov.is_settled(wanted)


@pytest.mark.parametrize("mode", ("sector", "fsdax"))
def test_what_fails_around_the_wiping_of_an_info_block_leaves_the_old_namespace(labelled, mode):
    """Whatever fails once the info block is wiped, also the end of the raw access by which that was done."""
    daxprov = Daxprov(labelled)
    old = profile(region(0, KEPT, namespace(name="one", mode=mode, size="64 MiB")))
    wanted = profile(region(0, KEPT, namespace(name="one", mode="raw", size="64 MiB")))
    daxprov.applied(old)
    contents.fill(labelled, daxprov.inventory().node("one"), "one")
    before, digest = daxprov.inventory(), contents.digest(labelled, daxprov.inventory().node("one"))
    calls = {"calls": ("write", "sync", "open"), "paths": ("/sys", "/dev/pmem")}
    agreed = ("apply", "--yes", "--allow-destroy", "one")

    def put_back():
        assert daxprov.run("rollback", "--yes", "--allow-destroy", "one").status == 0

    def assert_old(at, result):
        after = daxprov.inventory()
        assert after.facts() == before.facts(), f"call {at}: {result}"
        assert contents.digest(labelled, after.node("one")) == digest, f"call {at}: {result}"

    counted = Fault(**calls)
    assert daxprov.run(*agreed, profile=wanted, fault=counted).status == 0
    put_back()
    log = labelled.read_file(counted.log).decode().splitlines()
    wipe = next(number for number, line in enumerate(log, 1) if " pwrite /dev/pmem" in line)
    for at in range(wipe - (mode == "sector"), wipe + 8, 2):
        for action in (f"errno:{ERRORS[at % len(ERRORS)]}", *[f"errno-from:{errno.EIO}"] * (at % 3 == 0)):
            result = daxprov.run(*agreed, profile=wanted, fault=Fault(at, action, **calls))
            if result.status == PARTIAL:
                recovered = daxprov.run("recover", "--allow-destroy", "one")
                assert recovered.status == 0, f"call {at}, {action}: {result} {recovered}"
            elif result.status == 0:
                put_back()
            else:
                assert result.status == ROLLED_BACK and "is not what it was" not in result.out, f"call {at}, {action}: {result}"
            assert_old(at, result)
