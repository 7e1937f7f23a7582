"""A state directory that cannot take what undo needs is found before anything is touched."""

from lab import Fault
from support import Daxprov, contents, namespace, profile, region
from support.daxprov import DONE, ERROR, PARTIAL, ROLLED_BACK

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


def test_a_record_that_could_not_be_made_durable_is_taken_back_and_the_run_undone(labelled):
    vm, daxprov = labelled, Daxprov(labelled)
    before = daxprov.applied(BEFORE)
    vm.run(f"mkdir -p {PLACE}", check=True)
    journal = f"{PLACE}/daxprov/transactions"
    ends = set()
    for at in range(1, 20):
        fault = Fault(at, "errno:5", calls=("sync",), paths=(journal,))
        vm.run(f"rm -rf {PLACE}/daxprov {fault.log}; touch {fault.log}")
        result = apply(daxprov, fault=fault)
        if len(vm.read_file(fault.log).splitlines()) < at:
            break
        if result.status == PARTIAL:  # the last record: everything was done
            result = daxprov.run("recover", "--state-dir", f"{PLACE}/daxprov")
            assert result.status == DONE and "committed" in result.err, result
            undone = daxprov.run("rollback", "--yes", "--allow-destroy", "one", "--state-dir", f"{PLACE}/daxprov")
            assert undone.status == DONE, undone
        else:
            assert result.status in (ERROR, ROLLED_BACK), f"{at}: {result}"
        ends.add(result.status)
        assert daxprov.inventory().facts() == before.facts(), at
        history = daxprov.run("history", "--state-dir", f"{PLACE}/daxprov")
        assert history.status == DONE, history
    assert ends == {ERROR, ROLLED_BACK, DONE}
