"""Media errors of sector mode: what cannot be read is written over, and no byte of another sector changes.

What can happen around such a clearing, and what must come of it:
  the error lies in a block that a sector has: that sector alone is lost, as a whole; it reads as zeroes, and can be written again
  an error reaches over two blocks, which belong to two sectors somewhere: both are lost, their neighbours stay
  the error lies in a block that no sector has: nothing is written, nothing is called cleared, and it is said that nothing is lost
  it lies in the map, the log or an info block: refused, also for errors in the data beside it: sectors fail then whose data is good
  a range that leaves out an error of the data: refused, since which sector lies where only the table knows
  somebody has the device open, or mounts it: refused; a scrub runs: refused
  somebody writes to a sector between the look and the write: what can be read is not written over
  the program is killed at any of its stores: no sector but one that could not be read has changed, the namespace stays online
  all of it is found out from what the kernel lists and reads afterwards, and after another scrub
"""

import json

import pytest

from lab import Fault
from support import Daxprov, namespace, profile, region
from support.daxprov import DONE, ERROR
from support.media_errors import LABELS, SCRUB, SECTOR, address, clear, found, node, node_of, refused

# A sector-mode namespace of 16 MiB with 4 KiB sectors, by drivers/nvdimm/btt.c: the info block, 4085 blocks, and at 32696 (in units of
# 512 bytes) the map. 256 blocks are free; of a fresh table these are the last ones, and the very last is that of a processor which no
# machine of ours has.
SECTORS, LAST_BLOCK, MAP = 3829, 32680, 32696
SIZE = "16 MiB"


def inject(vm, device, *errors):
    for start, count in errors:
        vm.run(f"ndctl inject-error --no-notify -B {start} -n {count} {device}", check=True)


def fill(vm, disk):
    """Writes something else to each sector."""
    vm.run(f"dd if=/dev/urandom of=/tmp/{disk} bs=4096 count={SECTORS} 2>/dev/null && "
           f"dd if=/tmp/{disk} of=/dev/{disk} bs=1M oflag=direct 2>/dev/null && sync", check=True)


def holds(vm, disk, lost=()):
    """Whether every sector is as it was filled, but for these, which are zero or cannot be read."""
    for each in lost:
        vm.run(f"dd if=/dev/zero of=/tmp/{disk} bs=4096 count=1 seek={each} conv=notrunc 2>/dev/null", check=True)
    return vm.run(f"dd if=/dev/{disk} bs=4096 iflag=direct conv=noerror,sync 2>/dev/null | cmp - /tmp/{disk}").status == 0


def ready(vm):
    vm.run("ndctl wait-scrub all", check=True)
    return Daxprov(vm)


@pytest.mark.each_kernel
def test_the_sectors_that_cannot_be_read_are_lost_and_no_other(machine):
    vm = machine("nfit-large")
    daxprov = ready(vm)
    inject(vm, "namespace1.0", (1000, 2), (2007, 2))
    inject(vm, "namespace0.0", (LAST_BLOCK, 1), (32768 + 1000, 1), (32768 + MAP + 4, 1))
    vm.run(LABELS, check=True)
    sector = {"mode": "sector", "size": SIZE}
    daxprov.applied(profile(
        region(0, namespace(name="spare", **sector), namespace(name="table", **sector)),
        region(1, namespace(name="log", **sector))))
    disks = {name: node_of(daxprov, name) for name in ("log", "spare", "table")}
    for disk in disks.values():
        fill(vm, disk)
    vm.run(SCRUB, check=True)
    log = {("data", "log", 1000, 2), ("data", "log", 2007, 2)}
    rest = {("data", "spare", LAST_BLOCK, 1), ("data", "table", 32768 + 1000, 1),
            ("translation_table", "table", 32768 + MAP + 4, 1)}
    assert found(daxprov) == log | rest

    vm.run(f"chown 77:78 /dev/{disks['log']} && chmod 640 /dev/{disks['log']}", check=True)
    before = node(vm, disks["log"])
    pid = vm.run(f"setsid sleep 1000 < /dev/{disks['log']} > /dev/null 2>&1 & echo $!", check=True).out.strip()
    assert refused(daxprov, "log", allow="log") == {"busy"}
    vm.run(f"kill {pid}", check=True)
    assert refused(daxprov, "log") == {"consent_missing"}
    part = ("--range", f"{address(daxprov, 1000):#x}+1024")
    assert refused(daxprov, "log", *part, allow="log") == {"clear_impossible"}
    assert found(daxprov) == log | rest

    result, report = clear(daxprov, "log", allow="log")
    assert (result.status, report["outcome"], report["content"]) == (DONE, "cleared", "zeroes"), report
    lost = [each["offset"] // 4096 for each in report["lost_sectors"]]
    assert len(lost) == 3 and all(each["length"] == 4096 for each in report["lost_sectors"]), report
    assert holds(vm, disks["log"], lost)
    assert found(daxprov) == rest
    assert node(vm, disks["log"]) == before
    fill(vm, disks["log"])
    vm.run(SCRUB, check=True)
    assert holds(vm, disks["log"]) and found(daxprov) == rest

    # No sector has the block: nothing is lost there, and nothing is called cleared.
    result, report = clear(daxprov, "spare", allow="spare")
    assert (result.status, report["outcome"]) == (ERROR, "failed") and "lost_sectors" not in report, result
    assert "a block that no sector has" in report["ranges"][0]["error"]["reason"]
    assert holds(vm, disks["spare"])
    # A sector may fail for its entry of the table alone.
    assert refused(daxprov, "table", allow="table") == {"media_errors"}
    data = ("--range", f"{daxprov.inventory().region(0)['resource'] + (32768 + 1000) * SECTOR:#x}+512")
    assert refused(daxprov, "table", *data, allow="table") == {"media_errors"}
    assert found(daxprov) == rest
    assert [daxprov.inventory().named(name)["mode"] for name in disks] == ["sector"] * 3


def test_a_clearing_that_is_killed_at_any_store_changes_no_other_sector(machine):
    vm = machine("nfit-large")
    daxprov = ready(vm)
    inject(vm, "namespace1.0", (1000, 2), (2007, 2))
    vm.run(LABELS, check=True)
    daxprov.applied(profile(region(1, namespace(name="log", mode="sector", size=SIZE))))
    disk = node_of(daxprov, "log")
    fill(vm, disk)
    vm.run(SCRUB, check=True)
    # What the sectors that cannot be read are replaced with is all that may change.
    vm.run(f"dd if=/dev/{disk} of=/tmp/{disk} bs=4096 iflag=direct conv=noerror,sync 2>/dev/null", check=True)
    made, left = daxprov.inventory().named("log"), found(daxprov)
    assert len(left) == 2
    kills, ends = 0, set()
    for at in range(1, 60):
        result = daxprov.run(
            "errors", "clear", "--yes", "log", "--allow-destroy", "log",
            fault=Fault(at, "kill-before" if at % 2 else "kill-after", calls=("write", "rename", "sync"),
                        paths=("/dev/pmem", "/var/lib/daxprov"), log=f"/tmp/fault-{at}.log"))
        if result.signal != 9:
            break
        kills += 1
        recovered = daxprov.run("recover", "--json")
        assert recovered.status == DONE, recovered
        ends |= {each["outcome"] for each in json.loads(recovered.stdout)["recovered"]}
        now = daxprov.inventory().named("log")
        assert {key: now[key] for key in ("uuid", "raw_uuid", "mode", "blockdev", "size")} == {
            key: made[key] for key in ("uuid", "raw_uuid", "mode", "blockdev", "size")}
        if found(daxprov) != left:
            left = found(daxprov)
            assert holds(vm, disk), at
    assert result.status == DONE, result
    assert kills > 5 and "incomplete" in ends and found(daxprov) == set()
    assert holds(vm, disk)
    assert vm.run(f"dd if=/dev/{disk} of=/dev/null bs=1M iflag=direct").status == 0
