"""A state directory that cannot take what undo needs is found before anything is touched; one host has one lock, and
what was interrupted is found, whatever the state directory is."""

import json

import pytest

from lab import Fault
from support import Daxprov, contents, namespace, profile, region
from support.daxprov import DONE, ERROR, LOCKED, PARTIAL, ROLLED_BACK

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


TWO = profile(region(0, namespace(name="one", mode="fsdax", size="64 MiB"),
                     namespace(name="two", mode="devdax", size="64 MiB")))
ELSEWHERE = ("--state-dir", "/root/elsewhere")


def test_what_was_interrupted_is_found_whatever_state_directory_is_given(labelled):
    daxprov = Daxprov(labelled)
    before = daxprov.inventory()
    killed = daxprov.run("apply", "--yes", *ELSEWHERE, profile=TWO, fault=Fault(9, "kill-before"))
    assert killed.signal == 9, killed
    for option in ((), ("--state-dir", "/root/third")):
        for words in (("apply", "--yes"), ("rollback", "--yes"), ("unprotect", "one")):
            refused = daxprov.run(*words, *option, profile=TWO if words[0] == "apply" else None)
            assert refused.status == PARTIAL and "recorded in /root/elsewhere, was interrupted" in refused.err, refused
            assert "daxprov recover --state-dir /root/elsewhere" in refused.err
        for words in ("status", "recover"):
            told = daxprov.run(words, *option)
            assert told.status == PARTIAL and "daxprov recover --state-dir /root/elsewhere" in told.err, told
        labelled.run("rm -f /run/daxprov/state-directory", check=True)  # as a boot does
    recovered = daxprov.run("recover", *ELSEWHERE)
    assert recovered.status == DONE, recovered
    assert daxprov.inventory().facts() == before.facts()
    assert daxprov.run("status").status == DONE
    daxprov.applied(TWO)
    assert labelled.run("ls /run/daxprov /var/lib/daxprov").out.count("state-directory") == 0


@pytest.mark.each_kernel
def test_one_host_has_one_lock_a_plan_says_who_holds_it_and_no_signal_ends_its_step(labelled):
    daxprov = Daxprov(labelled)
    labelled.write_file("/tmp/two.yaml", TWO)
    apply = labelled.start_until_stopped(
        ["daxprov", "apply", "--yes", *ELSEWHERE, "/tmp/two.yaml"], fault=Fault(9, "stop-before"), timeout=600)
    assert apply.running
    for option in ((), ELSEWHERE):
        refused = daxprov.run("apply", "--yes", *option, profile=TWO)
        assert refused.status == LOCKED, refused
    planned = daxprov.run("plan", "--json", profile=TWO)
    assert [each["code"] for each in json.loads(planned.out)["notes"]] == ["host_changing"], planned
    labelled.run("for each in 1 10 12 13 14 16 25 26 27 29 30 34 64; do "
                 "kill -$each $(pidof daxprov) || exit 1; done", check=True)
    apply.go_on()
    assert apply.wait(600).status == DONE
    assert daxprov.plan(TWO)["notes"] == [] and daxprov.is_settled(TWO)
