"""A state directory that cannot take what undo needs is found before anything is touched."""

from lab import Fault
from support import Daxprov, contents, namespace, profile, region
from support.daxprov import DONE, ERROR

BEFORE = profile(region(0, namespace(name="one", mode="fsdax", size="256 MiB", map="mem")))
AFTER = profile(region(0, namespace(name="one", mode="fsdax", size="256 MiB", map="dev")))
PLACE = "/mnt/state"


def apply(daxprov, **options):
    return daxprov.run("apply", "--yes", "--allow-destroy", "one", "--state-dir", f"{PLACE}/daxprov",
                       profile=AFTER, **options)


def assert_untouched(daxprov, before, words, **options):
    fault = Fault(paths=("/sys", "/dev/pmem"))
    daxprov.vm.run(f"rm -f {fault.log}; touch {fault.log}")
    result = apply(daxprov, fault=fault, **options)
    assert result.status == ERROR and words in result.err, result
    assert daxprov.vm.read_file(fault.log) == b"", "it wrote to a device"
    assert daxprov.inventory().document == before.document
    status = daxprov.run("status", "--state-dir", f"{PLACE}/daxprov")
    assert "interrupted" not in status.out + status.err, status


def test_a_disk_without_room_for_the_backup_is_found_before_the_first_step(labelled):
    vm, daxprov = labelled, Daxprov(labelled)
    before = daxprov.applied(BEFORE)
    contents.fill(vm, before.node("one"), "one")
    vm.run(f"mkdir -p {PLACE} && mount -t tmpfs -o size=3m,mode=755 state {PLACE}", check=True)
    assert_untouched(daxprov, before, "No space left")
    vm.run(f"mount -o remount,size=16m {PLACE}", check=True)
    done = apply(daxprov)
    assert done.status == DONE, done
    undone = daxprov.run("rollback", "--yes", "--allow-destroy", "one", "--state-dir", f"{PLACE}/daxprov")
    assert undone.status == DONE, undone
    assert daxprov.inventory().facts() == before.facts()


def test_a_disk_that_only_reads_is_found_before_the_first_step(labelled):
    vm, daxprov = labelled, Daxprov(labelled)
    before = daxprov.applied(BEFORE)
    vm.run(f"mkdir -p {PLACE} && mount -t tmpfs -o ro,size=16m,mode=755 state {PLACE}", check=True)
    assert_untouched(daxprov, before, "Read-only file system")
