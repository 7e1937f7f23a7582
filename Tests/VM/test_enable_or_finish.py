"""Enabling what is disabled: nothing is written to it, and what it then turns out to be is another change.

What is disabled is online and raw for a moment while it is looked at. The program dies there, or somebody writes to it then: it is disabled
again, or left to whoever wrote.
"""

import pytest

from lab import Fault
from support import Daxprov, contents, namespace, profile, region
from support.daxprov import DONE, PARTIAL

FILES = {"name": "files", "mode": "fsdax", "size": "128 MiB"}

# The info block of fsdax lies at 4 KiB: the kernel shows it, and the page map, past force_raw alone.
FORGET = """
set -e
cd /sys/bus/nd/devices/{device}
echo 1 > force_raw
echo {device} > /sys/bus/nd/drivers/nd_pmem/bind
dd if=/dev/zero of=/dev/$(ls block) bs=4k seek=1 count=1 oflag=direct
echo {device} > driver/unbind
echo 0 > force_raw
"""


def prepare(vm, daxprov, **options):
    """A disabled fsdax namespace with a file system; the digest of its file."""
    made = daxprov.applied(profile(region(0, namespace(**FILES, **options))))
    file = contents.make_file(vm, made.node("files"), "/mnt/files", "files", 16 << 20)
    vm.run("umount /mnt/files && ndctl disable-namespace " + made.named("files")["dev"], check=True)
    return made.named("files"), file


def mounted(vm, daxprov):
    vm.run(f"mount -o dax {daxprov.inventory().node('files')} /mnt/files", check=True)
    found = contents.file_digest(vm, "/mnt/files")
    vm.run("umount /mnt/files", check=True)
    return found


def whole(vm, space):
    """The digest of everything that the namespace's range holds."""
    return contents.image_digest(vm, "dimm0", space["resource"] - 0x100000000, space["raw_size"])


@pytest.mark.each_kernel
def test_a_namespace_without_its_info_block_is_only_enabled_and_finished_with_consent_alone(labelled):
    vm, daxprov = labelled, Daxprov(labelled)
    space, _ = prepare(vm, daxprov, map="mem")
    vm.run(FORGET.format(device=space["dev"]), check=True)
    before = whole(vm, space)
    wanted = profile(region(0, namespace(**FILES)))

    [change] = daxprov.plan(wanted)["changes"]
    assert (change["kind"], change["reversibility"]) == ("enable", "lossless") and "consent" not in change
    first = daxprov.apply(wanted)
    assert first.status == PARTIAL and "--allow-destroy files" in first.out, first
    assert whole(vm, space) == before

    [change] = daxprov.plan(wanted)["changes"]
    assert (change["kind"], change["consent"]) == ("reconfigure", "files")
    assert change["reversibility"] == "until_written"
    assert any(step.get("backup_size") for step in change["steps"])
    assert {each["code"] for each in daxprov.refused(wanted)["refusals"]} == {"consent_missing"}
    guarded = profile(region(0, namespace(**FILES, protect="true")))
    assert {each["code"] for each in daxprov.plan(guarded)["refusals"]} == {"protected"}
    assert whole(vm, space) == before

    daxprov.applied(wanted, allow=["files"])
    assert whole(vm, space) != before
    assert daxprov.run("rollback", "--yes", "--allow-destroy", "files").status == 0
    assert whole(vm, space) == before


def test_a_namespace_with_another_map_than_declared_is_enabled_and_keeps_its_data(labelled):
    vm, daxprov = labelled, Daxprov(labelled)
    space, file = prepare(vm, daxprov, map="mem")
    wanted = profile(region(0, namespace(**FILES, map="dev")))
    plan = daxprov.run("plan", profile=wanted)
    assert "what else differs from the profile shows when it is enabled" in plan.out
    first = daxprov.apply(wanted)
    assert first.status == PARTIAL and "map mem becomes dev" in first.out, first
    assert "--allow-destroy files" in first.out
    assert daxprov.inventory().named("files")["map"] == "mem" and mounted(vm, daxprov) == file
    [change] = daxprov.plan(wanted)["changes"]
    assert (change["kind"], change["consent"]) == ("reconfigure", "files")


def test_a_whole_namespace_is_enabled_without_a_question(labelled):
    vm, daxprov = labelled, Daxprov(labelled)
    space, file = prepare(vm, daxprov)
    wanted = profile(region(0, namespace(**FILES, protect="true")))
    assert daxprov.applied(wanted).named("files") == space | {"dev": daxprov.inventory().named("files")["dev"]}
    assert mounted(vm, daxprov) == file and daxprov.is_settled(wanted)


@pytest.mark.parametrize("made, declared, difference", [
    ({"mode": "devdax", "align": "4 KiB"}, {"mode": "devdax", "align": "2 MiB"}, "align"),
    ({"mode": "sector", "sector_size": 512}, {"mode": "sector", "sector_size": 4096}, "sector"),
], ids=["align", "sector size"])
def test_a_namespace_that_differs_otherwise_is_enabled_and_keeps_its_data(labelled, made, declared, difference):
    vm, daxprov = labelled, Daxprov(labelled)
    first = daxprov.applied(profile(region(0, namespace(name="files", size="64 MiB", **made))))
    node = first.node("files")
    contents.fill(vm, node, "files")
    before = contents.digest(vm, node)
    vm.run(["ndctl", "disable-namespace", first.named("files")["dev"]], check=True)
    wanted = profile(region(0, namespace(name="files", size="64 MiB", **declared)))
    stopped = daxprov.apply(wanted)
    assert stopped.status == PARTIAL and difference in stopped.out and "--allow-destroy files" in stopped.out, stopped
    assert contents.digest(vm, daxprov.inventory().node("files")) == before
    [change] = daxprov.plan(wanted)["changes"]
    assert (change["kind"], change["consent"]) == ("reconfigure", "files")


@pytest.mark.parametrize("writes", [False, True], ids=["untouched", "written"])
def test_what_was_disabled_and_is_looked_at_when_the_program_dies_is_disabled_again(labelled, writes):
    """Before the intent of the step that would destroy it: so nothing else says that it was touched."""
    vm, daxprov = labelled, Daxprov(labelled)
    _, file = prepare(vm, daxprov)
    facts = daxprov.inventory().facts()
    # It is forced raw, bound, told to count, unbound, and no more forced raw.
    for at in (4,) if writes else range(2, 6):
        killed = daxprov.run("apply", "--yes", "--allow-destroy", "files", profile=profile(region(0), unmanaged="destroy"),
                             fault=Fault(at, "kill-before", paths=("/sys",)))
        assert killed.signal == 9, killed
        found = daxprov.inventory().named("files")
        if writes:
            assert (found["state"], found["mode"]) == ("active", "raw")
            vm.run(f"dd if=/dev/zero of=/dev/{found['blockdev']} bs=4k seek=1000 count=1 oflag=direct", check=True)
            left = daxprov.run("recover")
            assert left.status == DONE and "somebody has written to it" in left.out + left.err, left
            assert daxprov.inventory().named("files") == found
            return
        planned = daxprov.run("plan", profile=profile(region(0))).out
        assert ("will be disabled again" in planned) == (found["state"] == "active"), planned
        # Between its coming online and the count of what is written, nobody can say that nothing was.
        assert daxprov.recovered(*(["files"] if at == 3 else [])).facts() == facts, at
    vm.run("ndctl enable-namespace " + daxprov.inventory().named("files")["dev"], check=True)
    assert daxprov.inventory().named("files")["mode"] == "fsdax" and mounted(vm, daxprov) == file
