"""Media errors: listed with what lies there, cleared where that is data, and never counted as cleared where they are not.

What can happen around a clearing, and what must come of it:
  another tool mounts, maps or opens the device before or while it is asked for: refused by name; a block device is held exclusively
  a scrub runs, and its result lists again what was cleared: refused until it has ended
  the kernel answers 0 and has cleared nothing, or a part: both lists and the bytes are read again, and what is left is said
  only the block device lists the error (the region's list does not have it): it is listed, and cleared by writing
  the error lies in an info block, a page map, a translation table: refused, with what to do instead
  the error lies in no namespace: cleared with the region's name as consent, and only as long as none lies there; read through a namespace
    that is made for the moment, and gone afterwards, also after a kill
  what was cleared cannot be read (devdax of the emulated NFIT): that is said
  an error at the start of a region keeps other namespaces from being enabled: said, and new ones are refused before the first step
  the program is killed between two ranges: recovery ends the transaction, and clears nothing more
  somebody rolls back: refused, it cannot be undone
  whose the node is, its mode and its number stay
  nothing looks for errors (QEMU's NVDIMM), the region is disabled: not known, which is not none
"""

import json

import pytest

from lab import Fault
from support import Daxprov, namespace, ndctl, profile, region
from support.daxprov import DONE, ERROR, REFUSED
from support.media_errors import (
    LABELS, SCRUB, SECTOR, address, clear, found, listed, node, node_of, refused)


@pytest.mark.each_kernel
def test_errors_of_every_mode_are_listed_and_cleared_where_they_are_data(machine):
    vm = machine("nfit-large")
    daxprov = Daxprov(vm)
    vm.run("ndctl wait-scrub all", check=True)
    # Before there are labels one raw namespace spans the region, so that every place can be reached.
    data = {
        ("data", "bulk", 10000, 2), ("page_map", "files", 33768, 1), ("data", "files", 36964, 2),
        ("data", "heap", 69732, 2), ("data", "log", 99304, 2), ("free", None, 131572, 3)}
    for _, _, start, count in data:
        vm.run(f"ndctl inject-error --no-notify -B {start} -n {count} namespace1.0", check=True)
    vm.run(f"{SCRUB} && {LABELS}", check=True)
    daxprov.applied(profile(region(
        1, namespace(name="bulk", mode="raw", size="16 MiB"), namespace(name="files", mode="fsdax", size="16 MiB"),
        namespace(name="heap", mode="devdax", size="16 MiB"), namespace(name="log", mode="sector", size="16 MiB"))))
    vm.run(SCRUB, check=True)

    assert found(daxprov) == data
    report = listed(daxprov)
    assert {(each["address"], each["offset"]) for each in report["errors"]} == {
        (address(daxprov, start), start * SECTOR) for _, _, start, _ in data}
    assert all(len(each["dimms"]) == 1 for each in report["errors"]), report
    assert [each.get("data_offset") for each in listed(daxprov, "files")["errors"]] == [None, 100 * SECTOR]
    text = daxprov.run("errors", "list").check().out
    assert "region1/log" in text and "page map" in text and "free" in text
    assert {each["region"]: each["code"] for each in report["unknown"]} == {
        each["dev"]: "no_scrub" for bus in daxprov.inventory().document["buses"] if "scrub_state" not in bus
        for each in bus["regions"]}
    ndctl.assert_agrees(vm)

    nodes = {name: node_of(daxprov, name) for name in ("bulk", "files", "heap")}
    for name in nodes.values():
        vm.run(f"chown 77:78 /dev/{name} && chmod 640 /dev/{name}", check=True)
    before = {name: node(vm, name) for name in nodes.values()}

    # Nobody in the kernel refuses it while it is in use.
    for name in ("bulk", "heap"):
        pid = vm.run(f"setsid sleep 1000 < /dev/{nodes[name]} > /dev/null 2>&1 & echo $!", check=True).out.strip()
        assert refused(daxprov, name, allow=name) == {"busy"}
        vm.run(f"kill {pid}", check=True)
    assert refused(daxprov, "bulk") == {"consent_missing"}
    assert refused(daxprov, "files", allow="files") == {"media_errors"}
    assert found(daxprov) == data

    disk = nodes["bulk"]
    vm.run(f"yes kept | tr -d '\\n' | dd of=/dev/{disk} bs=512 count=1 seek=9999 oflag=direct iflag=fullblock", check=True)
    result, report = clear(daxprov, "bulk", allow="bulk")
    assert (result.status, report["outcome"], report["content"]) == (DONE, "cleared", "zeroes"), result
    kept = vm.run(f"dd if=/dev/{disk} bs=512 skip=9999 count=3 iflag=direct 2>/dev/null", check=True).stdout
    assert kept == b"kept" * 128 + bytes(1024)
    assert vm.run(f"cat /sys/block/{disk}/badblocks", check=True).out.strip() == ""

    start = address(daxprov, 36960)
    result, report = clear(daxprov, "files", "--range", f"{start:#x}+8KiB", allow="files")
    assert (result.status, report["outcome"]) == (DONE, "cleared"), result
    assert [each["length"] for each in report["ranges"]] == [1024]
    # The kernel cannot map the memory of this bus: that nothing was read is said of each range.
    result, report = clear(daxprov, "heap", allow="heap")
    assert (result.status, report["outcome"]) == (DONE, "cleared"), result
    assert all("cannot be mapped" in each["unread"] for each in report["ranges"]), report
    free = f"{address(daxprov, 131572):#x}+1536"
    assert refused(daxprov, "--range", free) == {"consent_missing"}
    shown = daxprov.inventory().document
    result, report = clear(daxprov, "--range", free, allow="region1")
    assert (result.status, report["outcome"], report["content"]) == (DONE, "cleared", "undefined"), result
    # What was made to read it is gone.
    assert [each["dev"] for each in daxprov.inventory().region(1)["namespaces"]] == [
        each["dev"] for bus in shown["buses"] for each in bus["regions"] if each["dev"] == "region1"
        for each in each["namespaces"]]
    assert {name: node(vm, name) for name in nodes.values()} == before
    nothing, report = clear(daxprov, "bulk", allow="bulk")
    assert (nothing.status, report["outcome"]) == (DONE, "unchanged"), nothing

    # A scrub would list again what is still there.
    scrub = daxprov.run("errors", "scrub", "--wait", "--bus", "ndbus0").check()
    assert "the scrub has ended" in scrub.out
    left = {each for each in data if each[:2] in (("page_map", "files"), ("data", "log"))}
    assert found(daxprov) == left
    history = json.loads(daxprov.run("history", "--json").check().stdout)["transactions"]
    assert sorted(each["outcome"] for each in history) == ["committed"] * 5
    assert [each.get("clears_errors", False) for each in history] == [False] + [True] * 4
    assert "clear errors" in daxprov.run("history").check().out
    last = daxprov.run("rollback", "--yes")
    assert last.status == ERROR and "nothing brings it back" in last.err, last
    named = daxprov.run("rollback", "--yes", history[-1]["id"])
    assert named.status == REFUSED and "nothing brings it back" in named.out + named.err, named


@pytest.mark.each_kernel
def test_an_error_at_the_start_of_a_region_keeps_other_namespaces_from_coming_up(machine):
    vm = machine("nfit-large")
    daxprov = Daxprov(vm)
    vm.run(f"ndctl wait-scrub all && {LABELS}", check=True)
    first = (namespace(name="bulk", mode="raw", size="16 MiB"), namespace(name="files", mode="fsdax", size="16 MiB"))
    daxprov.applied(profile(region(1, *first)))
    device = daxprov.inventory().named("bulk")["dev"]
    vm.run(f"ndctl inject-error --no-notify -B 64 -n 8 {device} && {SCRUB}", check=True)

    [error] = listed(daxprov)["errors"]
    assert (error["name"], error["part"], error["blocks"]) == ("bulk", "data", ["files"])
    assert "keeps the kernel from enabling files" in daxprov.run("errors", "list").out
    more = profile(region(1, *first, namespace(name="more", mode="fsdax", size="16 MiB")))
    report = daxprov.refused(more)
    [refusal] = report["refusals"]
    assert refusal["code"] == "media_errors" and "daxprov errors clear bulk" in refusal["advice"]
    # What is foretold is what the kernel does.
    vm.run("ndctl disable-region region1 && ndctl enable-region region1", check=True)
    assert daxprov.inventory().named("files")["state"] == "disabled"

    result, _ = clear(daxprov, "bulk", allow="bulk")
    assert result.status == DONE, result
    vm.run("ndctl disable-region region1 && ndctl enable-region region1", check=True)
    assert daxprov.inventory().named("files")["state"] == "active"
    daxprov.applied(more)


def test_a_clearing_that_is_killed_is_ended_and_clears_nothing_more(machine):
    vm = machine("nfit-large")
    daxprov = Daxprov(vm)
    vm.run(f"ndctl wait-scrub all && {LABELS}", check=True)
    made = daxprov.applied(profile(region(1, namespace(name="bulk", mode="raw", size="32 MiB")))).named("bulk")
    for start in (20000, 30000):
        vm.run(f"ndctl inject-error --no-notify -B {start} -n 2 {made['dev']}", check=True)
    vm.run(SCRUB, check=True)
    both = {("data", "bulk", 20000, 2), ("data", "bulk", 30000, 2)}
    assert found(daxprov) == both

    # Before its first write, nothing is cleared; after it, one range is.
    for action, left in (("kill-before", both), ("kill-after", {("data", "bulk", 30000, 2)})):
        killed = daxprov.run(
            "errors", "clear", "--yes", "bulk", "--allow-destroy", "bulk",
            fault=Fault(1, action, calls=("write",), paths=("/dev/pmem",)))
        assert killed.signal == 9, killed
        assert found(daxprov) == left
        assert daxprov.run("status").status == 5
        result = daxprov.run("recover", "--json")
        assert result.status == DONE, result
        [recovered] = json.loads(result.stdout)["recovered"]
        assert recovered["outcome"] == "incomplete" and recovered["differences"], recovered
        assert found(daxprov) == left
    assert "not all is cleared" in daxprov.run("history").out
    result, _ = clear(daxprov, "bulk", allow="bulk")
    assert result.status == DONE and found(daxprov) == set(), result


def test_a_look_at_a_free_range_that_is_killed_leaves_nothing_unsaid(machine):
    vm = machine("nfit-large")
    daxprov = Daxprov(vm)
    vm.run("ndctl wait-scrub all", check=True)
    starts = [131072 + 500 * number for number in range(40)]
    vm.run(f"for start in {' '.join(map(str, starts))}; do "
           "ndctl inject-error --no-notify -B $start -n 1 namespace1.0 > /dev/null || exit 1; done", check=True)
    vm.run(f"{SCRUB} && {LABELS}", check=True)
    made = daxprov.applied(profile(region(1, namespace(name="bulk", mode="raw", size="32 MiB")))).region(1)["namespaces"]
    before = node(vm, made[0]["blockdev"])
    assert len(found(daxprov)) == len(starts)
    killed = kept = 0
    for at, start in enumerate(starts, 1):
        result = daxprov.run(
            "errors", "clear", "--yes", "--range", f"{address(daxprov, start):#x}+512", "--allow-destroy", "region1",
            fault=Fault(at, "kill-before", calls=("write",), paths=("/sys",), log=f"/tmp/fault-{at}.log"))
        if result.signal != 9:
            break
        killed += 1
        recovered = daxprov.run("recover", "--json")
        assert recovered.status == DONE, recovered
        [ended] = json.loads(recovered.stdout)["recovered"]
        assert ended["outcome"] == "incomplete" and "bytes were not looked at" in ended["differences"][0], ended
        # Once it was enabled, and before the count of what is written or after it, nobody can say that nothing was: it stays, and is named.
        for each in daxprov.inventory().region(1)["namespaces"]:
            if each["dev"] not in {one["dev"] for one in made}:
                kept += 1
                assert f"{each['dev']}, which was made to read" in " ".join(ended["differences"]), ended
                vm.run(f"ndctl destroy-namespace --force {each['dev']}", check=True)
        assert daxprov.inventory().region(1)["namespaces"] == made, at
    assert result.status == DONE and killed > 8 and kept <= 7, (result, killed, kept)
    assert daxprov.inventory().region(1)["namespaces"] == made and node(vm, made[0]["blockdev"]) == before


@pytest.mark.each_kernel
def test_what_cannot_be_cleared_is_not_called_cleared_and_what_is_not_known_not_none(labelled):
    daxprov = Daxprov(labelled)
    made = daxprov.applied(profile(region(0, namespace(name="bulk", mode="raw", size="32 MiB")))).named("bulk")
    disk = made["blockdev"]
    report = listed(daxprov)
    assert report["errors"] == [] and {each["code"] for each in report["unknown"]} == {"no_scrub"}
    scrub = daxprov.run("errors", "scrub")
    assert scrub.status == ERROR and "not supported" in scrub.err

    # Only the block device has it, and nothing behind the driver can clear it.
    labelled.run(f"echo '100 2' > /sys/block/{disk}/badblocks", check=True)
    [error] = listed(daxprov)["errors"]
    assert (error["name"], error["data_offset"], error["length"], error["listed_by"]) == (
        "bulk", 100 * SECTOR, 2 * SECTOR, ["block_device"])
    result, report = clear(daxprov, "bulk", allow="bulk")
    assert (result.status, report["outcome"]) == (ERROR, "failed"), result
    assert [each["cleared"] for each in report["ranges"]] == [False]
    assert "NOT cleared" in daxprov.run("errors", "clear", "--yes", "bulk", "--allow-destroy", "bulk").out
    assert len(listed(daxprov)["errors"]) == 1
    assert "not all is cleared" in daxprov.run("history").out

    labelled.run("ndctl disable-region region1", check=True)
    assert {"region": "region1", "code": "region_disabled"}.items() <= next(
        each for each in listed(daxprov)["unknown"] if each["region"] == "region1").items()
