"""Persistent CXL memory: a region that `cxl` made behaves as any other, and nothing is written to one that came back otherwise.

What can happen between two runs, and between two lines of one:
- a boot: no region is there any more, and mem0 and mem1 may have changed places;
- somebody makes the region again: with the devices in another order, with another granularity, of one device alone, smaller, larger;
- the region is there, and has no driver;
- the state directory is lost, or the record is damaged, or it is of a region that was given up on purpose;
- the apply that makes the first namespace is killed at any call that concerns the region's record;
- a transaction was interrupted, or is to be rolled back, and the region came back otherwise meanwhile.
What must hold: labels and media stay as they are in all these cases, whatever was agreed to, and the commands of the advice bring the
data back. `CXLRegionTests` tries the same on the simulated host.
"""

import json

import pytest

from lab import Fault
from lab.faults import LOG
from support import Daxprov, contents, namespace, ndctl, profile, region
from support.daxprov import CHANGES, DONE, REFUSED

SERIALS = [0x1111, 0x2222]
MIB = 1 << 20
BOTH = "{dimms: [%s]}" % ", ".join(map(str, SERIALS))
RECORDS = "/var/lib/daxprov/cxl-regions"


class Scene:
    """Two memory devices, and regions on them."""

    def __init__(self, vm):
        self.vm = vm
        self.daxprov = Daxprov(vm)

    def memdevs(self, serials):
        listed = json.loads(self.vm.run(["cxl", "list", "-M"], check=True).out)
        names = {each["serial"]: each["memdev"] for each in listed}
        return [names[serial] for serial in serials]

    def make(self, serials=tuple(SERIALS), granularity=256, size=None):
        self.vm.run(
            ["cxl", "create-region", "-m", "-t", "pmem", "-d", "decoder0.0", "-w", str(len(serials)), "-g", str(granularity),
             *(["-s", str(size)] if size else []), *self.memdevs(serials)], check=True)

    def drop(self):
        """What a boot does to a region, without one."""
        self.vm.run("ndctl disable-region all; cxl disable-region all; cxl destroy-region all")
        assert self.daxprov.inventory().regions == []

    def reboot(self):
        """The state directory lies in memory here: it is carried over."""
        state = self.vm.run("tar c -C /var/lib daxprov", check=True).stdout
        self.vm.reboot()
        self.vm.run("mkdir -p /var/lib && tar x -C /var/lib", stdin=state, check=True)

    def follow(self, advice):
        """Runs the commands of an advice."""
        commands = advice.split(": ", 1)[1].split(". Only if")[0]
        assert commands.startswith(("cxl ", "ndctl ")), advice
        self.vm.run(commands, check=True)

    def status(self):
        result = self.daxprov.run("status", "--json", "--detailed-exitcode")
        found = json.loads(result.stdout).get("cxl_regions", [])
        assert result.status == CHANGES or not found, result
        return found

    def media(self):
        """What lies at the start of each device's media, and in the label areas: read by the host."""
        return [
            contents.image_digest(self.vm, f"{kind}{number}", 0, size)
            for number in range(2) for kind, size in (("cxl", 160 * MIB), ("lsa", 1 * MIB))]

    def file(self):
        node = self.daxprov.inventory().node("wal")
        self.vm.run(f"mkdir -p /mnt/wal && mount {node} /mnt/wal", check=True)
        digest = contents.file_digest(self.vm, "/mnt/wal")
        self.vm.run("umount /mnt/wal", check=True)
        return digest


WAL = namespace(name="wal", mode="fsdax", size="64 MiB")
HEAP = namespace(name="heap", mode="devdax", size="64 MiB")
WANTED = profile(region(0, WAL, HEAP, match=BOTH))
RAW = profile(region(0, namespace(name="wal", mode="raw", size="64 MiB"),
                     namespace(name="heap", mode="raw", size="64 MiB"), match="{provider: CXL}"))
MORE = profile(region(0, WAL, HEAP, namespace(name="more", mode="fsdax", size="64 MiB"), match="{provider: CXL}"))


@pytest.fixture
def scene(machine):
    scene = Scene(machine("cxl-two"))
    scene.make()
    return scene


@pytest.mark.each_kernel
def test_a_region_is_known_by_its_serials_and_comes_back_by_its_record(scene):
    vm, daxprov = scene.vm, scene.daxprov
    scene.drop()
    inventory = daxprov.inventory()
    memdevs = inventory.document["cxl_memdevs"]
    assert sorted(each["serial"] for each in memdevs) == SERIALS and not any(each["regions"] for each in memdevs)
    assert "in no region" in daxprov.run("inventory").out
    scene.make()
    inventory = daxprov.applied(WANTED)
    [found] = inventory.regions
    cxl = found["cxl"]
    assert [each["serial"] for each in cxl["mappings"]] == SERIALS
    assert (cxl["interleave_ways"], cxl["interleave_granularity"]) == (2, 256)
    assert [each["memdev"] for each in cxl["mappings"]] == scene.memdevs(SERIALS)
    assert sorted(each["id"] for each in inventory.dimms) == sorted(map(str, SERIALS))
    assert daxprov.is_settled(WANTED) and scene.status() == []
    ndctl.assert_agrees(vm)
    file = contents.make_file(vm, "/dev/" + inventory.named("wal")["blockdev"], "/mnt/wal", "data")
    vm.run("umount /mnt/wal")

    scene.reboot()
    assert daxprov.inventory().regions == []
    [missing] = scene.status()
    assert (missing["state"], missing["serials"]) == ("missing", SERIALS)
    assert "is missing" in daxprov.run("status").out
    plan = daxprov.plan(WANTED)
    assert [each["code"] for each in plan["refusals"]] == ["no_matching_region"]
    assert [each["code"] for each in plan["notes"]] == ["cxl_region_missing"]
    assert plan["refusals"][0]["advice"] == missing["advice"]

    # Otherwise than it was, nothing is written: not even with consent, and not where the profile would have it so.
    scene.make()
    media = scene.media()
    for again in ({"serials": SERIALS[::-1]}, {"granularity": 4096}, {"serials": SERIALS[:1]},
                  {"size": 512 * MIB}):
        scene.drop()
        scene.make(**again)
        for wanted in (MORE, RAW):
            report = daxprov.refused(wanted, allow=["region0", "wal", "heap"])
            assert "cxl_region_changed" in {each["code"] for each in report["refusals"]}, again
        [changed] = scene.status()
        assert changed["state"] == "changed"
        [advice] = [each["advice"] for each in report["refusals"] if each["code"] == "cxl_region_changed"]
        scene.follow(advice)
        assert scene.status() == [] and daxprov.is_settled(WANTED), again
        assert scene.media() == media, again
    assert scene.file() == file

    # Without a driver, and gone: the ways back that status names.
    vm.run("ndctl disable-region all; cxl disable-region all", check=True)
    [missing] = scene.status()
    assert "enable-region" in missing["advice"]
    scene.follow(missing["advice"])
    assert scene.status() == [] and scene.file() == file
    scene.drop()
    [missing] = scene.status()
    scene.follow(missing["advice"])
    assert scene.status() == [] and scene.file() == file
    assert daxprov.is_settled(WANTED)


@pytest.mark.each_kernel
def test_without_a_record_what_looks_scrambled_is_left_alone(scene):
    daxprov = scene.daxprov
    daxprov.applied(WANTED)
    media = scene.media()
    daxprov.vm.run("rm -r /var/lib/daxprov", check=True)
    for again in ({"serials": SERIALS[::-1]}, {"granularity": 4096}, {"serials": SERIALS[:1]}):
        scene.drop()
        scene.make(**again)
        report = daxprov.refused(MORE, allow=["region0", "wal", "heap"])
        [refusal] = [each for each in report["refusals"] if each["code"] == "cxl_region_changed"]
        assert "cxl create-region" in refusal["advice"]
    assert scene.media() == media
    scene.drop()
    scene.make()
    assert daxprov.is_settled(WANTED)
    assert daxprov.run("apply", "--yes", profile=WANTED).status == DONE  # which records it
    assert len(daxprov.vm.run(["ls", RECORDS], check=True).out.split()) == 1


@pytest.mark.each_kernel
def test_killed_at_any_call_about_its_record_a_region_is_recorded_by_recovery(scene):
    vm, daxprov = scene.vm, scene.daxprov
    about = {"calls": ("write", "sync", "rename", "unlink", "open"), "paths": (RECORDS,)}
    vm.write_file("/tmp/wanted.yaml", WANTED)
    apply = ["daxprov", "apply", "--yes", "/tmp/wanted.yaml"]

    def as_new():
        vm.run("ndctl destroy-namespace -f all; rm -rf /var/lib/daxprov /tmp/fault.log")

    vm.run(apply, fault=Fault(**about), check=True)
    [name] = vm.run(["ls", RECORDS], check=True).out.split()
    expected, calls = vm.read_file(f"{RECORDS}/{name}"), len(vm.read_file(LOG).splitlines())
    assert calls > 5
    for at in range(1, calls + 1):
        as_new()
        killed = vm.run(apply, fault=Fault(at=at, action="kill-before", **about))
        assert killed.status == 137, (at, killed)
        result = daxprov.run("recover", "--yes", "--json")
        [recovered] = json.loads(result.stdout)["recovered"]
        assert result.status == DONE and recovered["outcome"] == "committed", (at, result)
        assert vm.run(["ls", "-A", RECORDS], check=True).out.split() == [name], at
        assert vm.read_file(f"{RECORDS}/{name}") == expected, at
        assert daxprov.is_settled(WANTED) and scene.status() == [], at
    media = scene.media()
    scene.drop()
    scene.make(granularity=4096)
    assert "cxl_region_changed" in {each["code"] for each in daxprov.refused(RAW, allow=["wal", "heap"])["refusals"]}
    assert scene.media() == media


def test_undoing_waits_for_the_region_as_it_was(scene):
    daxprov = scene.daxprov
    daxprov.applied(profile(region(0, WAL, match=BOTH)))
    assert daxprov.applied(WANTED).named("heap")
    media = scene.media()
    for again in ({"serials": SERIALS[::-1]}, {"granularity": 4096}):
        scene.drop()
        scene.make(**again)
        result = daxprov.run("rollback", "--yes", "--allow-destroy", "heap")
        assert result.status == REFUSED and "missing" in result.out + result.err, result
        assert scene.media() == media
    scene.drop()
    scene.make()
    assert daxprov.run("rollback", "--yes", "--allow-destroy", "heap").status == DONE
    assert [each["name"] for each in daxprov.inventory().namespaces] == ["wal"]


def test_a_record_is_damaged_or_of_a_region_that_was_given_up(scene):
    vm, daxprov = scene.vm, scene.daxprov
    daxprov.applied(WANTED)
    [name] = vm.run(["ls", RECORDS], check=True).out.split()
    kept = vm.read_file(f"{RECORDS}/{name}")
    vm.run(f"sed -i s/256/4096/ {RECORDS}/{name}", check=True)
    [refusal] = daxprov.refused(MORE)["refusals"]
    assert refusal["code"] == "not_listed" and f"{RECORDS}/{name}" in refusal["message"]
    vm.write_file(f"{RECORDS}/{name}", kept, mode=0o600)

    # Larger: everything is where it was, and the record follows.
    daxprov.applied(profile(region(0, match=BOTH), unmanaged="destroy"), allow=["wal", "heap"])
    assert vm.run(["ls", RECORDS]).out.split() == []
    scene.drop()
    scene.make(size=512 * MIB)
    daxprov.applied(WANTED)
    scene.drop()
    scene.make()
    assert scene.status() == [] and daxprov.is_settled(WANTED)
    daxprov.applied(MORE)

    # Made anew on purpose: without a label there is nothing to lose.
    vm.run("ndctl destroy-namespace -f all", check=True)
    scene.drop()
    scene.make(SERIALS[::-1], 4096)
    daxprov.applied(WANTED)
    assert scene.status() == []
    scene.drop()
    scene.make()
    [changed] = scene.status()
    assert changed["serials"] == SERIALS[::-1] and changed["interleave_granularity"] == 4096
