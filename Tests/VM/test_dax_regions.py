"""Dynamic dax regions are divided into devices, and no byte and no memory is lost on the way.

The list of what can happen stands in `DaxDivisionTests`, where all of it is tried at every store. Here it is the kernel's:
- a store succeeds and does nothing; a device gets a driver with another; a boot leaves one device, of another driver;
- a device is mapped by a program; a block does not go offline; the program is killed, or the power goes, at any store;
- memory blocks begin and end elsewhere than devices;
- a memory block comes online again before its driver goes, or in that moment.
"""

import errno
import hashlib
import json
import os
import random
import re

import pytest

from lab import Fault
from support import contents
from support.daxprov import DONE, PARTIAL, REFUSED, ROLLED_BACK
from support.dax_regions import BLOCK, BOOT, FIRST, MEMORY, MIB, SECOND, Scene, devices
from support.holders import ALL, Use
from support.strides import points, stride

FIVE = devices(
    ['name: tier, size: 256 MiB, owner: 7, permissions: "0640"', "name: cache, size: 128 MiB, align: 4 KiB",
     "name: pool, size: 256 MiB, mode: system-ram, online: movable", "name: rest, size: remaining"],
    ["name: other, size: 384 MiB"])
# What the first region gives up nobody gets.
CHANGED = devices(
    ["name: tier, size: 256 MiB, owner: 7, group: 8", "name: pool, size: 256 MiB, mode: system-ram, online: movable",
     "name: rest, size: 128 MiB"], ["name: other, size: 448 MiB"], unmanaged="destroy")
# Here it gets into what another gave up, which was cleared.
TAKEN = devices(
    ["name: tier, size: 384 MiB, owner: 7", "name: pool, size: 256 MiB, mode: system-ram, online: movable",
     "name: rest, size: remaining"], ["name: other, size: 384 MiB"], unmanaged="destroy")


@pytest.fixture
def scene(machine):
    return Scene(machine("hmem"))


@pytest.mark.each_kernel
def test_five_devices_of_two_regions_are_made_changed_rolled_back_and_restored_after_a_boot(scene):
    boot = scene.layout()
    before = scene.total()
    scene.applied(FIVE, allow=BOOT)
    found = scene.devices()
    assert set(found) == {"tier", "cache", "pool", "rest", "other"}
    assert (found["pool"]["mode"], found["pool"]["movable"], found["pool"]["online_memblocks"]) == ("system-ram", True, 2)
    assert scene.total() - before == 256 * MIB
    assert found["cache"]["align"] == 4096
    assert scene.rights("tier") == "7 0 640" and scene.rights("rest") == "0 0 600"
    names = ("tier", "cache", "rest", "other")
    # All bytes of each device, and what programs see of its start.
    kept, starts = {name: scene.fill_whole(name) for name in names}, {name: scene.digest(name) for name in names}
    assert len({*kept.values()}) == len({*starts.values()}) == 4
    divided = scene.layout()

    def assert_divided():
        look = scene.look()
        assert look.layout == divided
        assert {name: scene.whole(name, look) for name in names} == kept
        assert {name: scene.digest(name, look) for name in names} == starts

    scene.applied(CHANGED, allow=["cache", "rest"])
    look = scene.look()
    assert {name: each["size"] // MIB for name, each in look.devices.items() if name not in BOOT} == {
        "tier": 256, "pool": 256, "rest": 128, "other": 448}
    assert scene.whole("tier", look) == kept["tier"] and scene.rights("tier") == "7 8 600"
    assert {name: scene.digest(name, look) for name in ("rest", "other")} == {name: starts[name] for name in ("rest", "other")}
    undone = scene.daxprov.run("rollback", "--yes", "--allow-destroy", "other")
    assert undone.status == DONE, undone
    assert_divided()
    assert scene.daxprov.is_settled(FIVE) and scene.rights("tier") == "7 0 640"

    scene.applied(TAKEN, allow=["cache"])
    undone = scene.daxprov.run("rollback", "--yes", "--allow-destroy", "tier")
    assert undone.status == DONE and "not all of its data" in undone.out, undone
    assert scene.whole("cache") == hashlib.sha256(bytes(128 * MIB)).hexdigest()
    kept["cache"], starts["cache"] = scene.fill_whole("cache"), scene.digest("cache")
    assert_divided()

    scene.reboot()
    assert scene.layout() != divided
    restored = scene.restore()
    assert restored.status == DONE, restored
    assert_divided()
    assert scene.daxprov.is_settled(FIVE) and scene.restore().status == DONE
    scene.assert_sound()

    undone = scene.daxprov.run(
        "rollback", "--yes", *(word for name in ("tier", "cache", "rest", "other") for word in ("--allow-destroy", name)))
    assert undone.status == DONE, undone
    assert [each[0] for each in scene.layout()] == [each[0] for each in boot]
    scene.assert_sound()


@pytest.mark.each_kernel
def test_what_is_in_use_is_refused_and_stays(scene):
    scene.applied(devices(["name: a, size: 256 MiB", "name: b, size: 256 MiB"]), allow=BOOT)
    digest = scene.fill("a", "a")
    Use(scene.vm, next(each for each in ALL if each.name == "devdax mapped"), scene.node("a"))
    for wanted in (devices(["name: a, size: 128 MiB", "name: b, size: 256 MiB"]),
                   devices(["name: b, size: 256 MiB"], unmanaged="destroy")):
        refused = scene.daxprov.apply(wanted, allow=["a"])
        assert refused.status == REFUSED and "in use" in refused.out + refused.err, refused
    assert scene.digest("a") == digest


@pytest.mark.each_kernel
def test_a_block_that_does_not_go_offline_leaves_the_device_as_it_was(scene):
    wanted = devices(["name: pool, size: 512 MiB, mode: system-ram", "name: rest, size: remaining"])
    scene.applied(wanted, allow=BOOT)
    before, memory = scene.layout(), scene.total()
    smaller = devices(["name: pool, size: 256 MiB, mode: system-ram", "name: rest, size: remaining"])
    last = FIRST // BLOCK + 3
    for error in (errno.EBUSY, errno.EIO):
        failed = scene.daxprov.apply(smaller, fault=Fault(1, f"errno:{error}", paths=(f"{MEMORY}/memory{last}/state",)))
        assert failed.status == ROLLED_BACK and f"memory block {last}" in failed.out, failed
        assert scene.layout() == before and scene.total() == memory
    scene.assert_sound()
    scene.applied(smaller)
    assert memory - scene.total() == 256 * MIB
    proven = scene.daxprov.run("apply", "--yes", "--json", profile=devices(
        ["name: pool, size: 256 MiB, mode: system-ram, require: {proof: memory}", "name: rest, size: remaining"]))
    [proof] = json.loads(proven.stdout)["proofs"]
    assert (proven.status, proof["outcome"], proof["memory"]["online_memblocks"]) == (DONE, "met", 2), proven


def first_block(scene, word):
    """Waits until the first memory block of the first region is in a state."""
    path = f"{MEMORY}/memory{FIRST // BLOCK}/state"
    scene.vm.run(f"while [ $(cat {path}) != {word} ]; do :; done", timeout=60, check=True)
    return path


@pytest.mark.each_kernel
@pytest.mark.parametrize("online", ["none", "movable"])
def test_memory_beside_a_device_without_a_driver_takes_it_nowhere(scene, online):
    """Newer kernels than 6.1 (seen on 6.12): what kmem claims is given to device_dax by name alone, and then with all that has no driver."""
    scene.applied(devices([f"name: a, size: 256 MiB, mode: system-ram, online: {online}", "name: b, size: 128 MiB"]), allow=BOOT)
    scene.vm.run(f"daxctl disable-device {scene.devices()['b']['chardev']}", check=True)
    layout = scene.layout()
    result = scene.daxprov.apply(devices(["name: a, size: 256 MiB"]))
    after = scene.devices()
    assert after["b"].get("driver") is None, result
    if result.status == DONE:
        assert after["a"]["mode"] == "devdax"
    else:
        assert result.status == ROLLED_BACK and "has no driver" in result.out and scene.layout() == layout, result


@pytest.mark.each_kernel
def test_a_block_that_comes_online_while_udev_is_busy_leaves_the_device_as_it_was(scene):
    wanted = devices(["name: pool, size: 256 MiB, mode: system-ram", "name: rest, size: 64 MiB"])
    scene.applied(wanted, allow=BOOT)
    before, memory = scene.layout(), scene.total()
    scene.vm.run("mkdir -p /run/udev && touch /run/udev/queue", check=True)
    scene.vm.write_file("/tmp/wanted.yaml", devices(["name: rest, size: 64 MiB"], unmanaged="destroy"))
    job = scene.vm.start(["daxprov", "apply", "--yes", "/tmp/wanted.yaml"])
    path = first_block(scene, "offline")
    # Far longer than blocks have to stay offline where nothing happens.
    scene.vm.run(f"sleep 1; echo online_movable > {path}", check=True)
    failed = job.wait()
    assert failed.status == ROLLED_BACK and "came online again" in failed.out, failed
    assert scene.layout() == before and scene.total() == memory
    scene.assert_sound()
    scene.vm.run("rm /run/udev/queue", check=True)
    scene.applied(devices(["name: rest, size: 64 MiB"], unmanaged="destroy"))


@pytest.mark.each_kernel
def test_memory_that_the_kernel_keeps_is_said_and_recovered_after_a_boot(scene):
    """A block comes online in the very moment in which the driver goes: up to Linux 6.x no program can keep that from happening."""
    wanted = devices(["name: pool, size: 256 MiB, mode: system-ram", "name: rest, size: 64 MiB"])
    scene.applied(wanted, allow=BOOT)
    before, digest, pool = scene.layout(), scene.fill("rest", "rest"), scene.devices()["pool"]["chardev"]
    scene.vm.write_file("/tmp/wanted.yaml", devices(["name: rest, size: 64 MiB"], unmanaged="destroy"))
    job = scene.vm.start_until_stopped(
        ["daxprov", "apply", "--yes", "/tmp/wanted.yaml"], fault=Fault(1, "stop-before", paths=("/sys/bus/dax/drivers/kmem/unbind",)))
    unplugs = scene.vm.run(f"ls /sys/bus/dax/devices/{pool}/state").status == 0
    if not unplugs:
        scene.vm.run(f"echo online_movable > {first_block(scene, 'offline')}", check=True)
    scene.vm.run("kill -CONT $(pidof daxprov)", check=True)
    failed = job.wait()
    if unplugs:  # Linux 7.x takes all blocks away before the driver goes: there is nothing that could come online
        assert failed.status == DONE, failed
        scene.applied(wanted, allow=["pool"])
        total = scene.total()
        # Somebody takes them away by hand, and the next apply has the kernel take them back.
        scene.vm.run(f"echo unplugged > /sys/bus/dax/devices/{scene.devices()['pool']['chardev']}/state", check=True)
        assert total - scene.total() == 256 * MIB
        scene.applied(wanted, allow=["pool"])
        assert scene.total() == total
        return scene.assert_sound()
    for ended in (failed, scene.daxprov.run("recover")):
        text = ended.out + ended.err
        assert ended.status == PARTIAL and "reboot" in text and "--allow-destroy" not in text, ended
    assert scene.digest("rest") == digest
    assert any("system_memory" in region for region in scene.regions().values())

    scene.reboot()
    scene.daxprov.run("recover").check()
    assert scene.restore().status == DONE
    assert scene.layout() == before and scene.digest("rest") == digest
    scene.assert_sound()


# How many divisions; DAXPROV_GRID=150 runs more (docs/kernels.md has what that showed), another seed others.
GRID = int(os.environ.get("DAXPROV_GRID", "12"))
GRID_SEED = int(os.environ.get("DAXPROV_GRID_SEED", "1"))
FIXED = ((2, 126), (64, 256), (126, 258), (130, 510), (0, 514))


def division(number):
    """A profile with one device of memory, as MiB: alone at a start, or in all gaps that others leave, so of several ranges."""
    draw = random.Random(GRID_SEED * 1_000_003 + number)
    if number < len(FIXED):
        start, size = FIXED[number]
        return [f"name: m{number}, start: {FIRST + 128 * MIB + start * MIB:#x}, size: {size} MiB, mode: system-ram"]
    start = 2 * draw.randrange(256)
    if number % 3 == 0:
        size = 2 * draw.randint(1, (1024 - start) // 2)
        return [f"name: m{number}, start: {FIRST + start * MIB:#x}, size: {size} MiB, mode: system-ram"]
    others, at = [], start
    for name in "abc"[:draw.randint(1, 3)]:
        size = 2 * draw.randint(1, 64)
        if at + size >= 1024:
            break
        others.append(f"name: {name}{number}, start: {FIRST + at * MIB:#x}, size: {size} MiB, zero: false")
        at += size + 2 * draw.randint(1, 160)
    return [*others, f"name: m{number}, size: remaining, mode: system-ram"]


def whole_blocks(ranges):
    """The bytes of the memory blocks that lie wholly in one of the ranges."""
    return BLOCK * sum(max(0, end // BLOCK - -(-start // BLOCK)) for start, end in ranges)


@pytest.mark.each_kernel
def test_the_memory_that_comes_is_the_memory_that_was_foretold(scene):
    """Over starts and sizes that are no multiples of memory blocks, and devices of several ranges, each of which counts by itself."""
    scene.applied(devices(["name: x, size: 64 MiB"]), allow=BOOT)
    nothing, several, refused, names = scene.total(), 0, 0, ["x"]
    for number in range(GRID):
        wanted = devices(division(number), unmanaged="destroy")
        plan = scene.plan(wanted)
        if plan["refusals"]:
            assert {each["code"] for each in plan["refusals"]} == {"device_unusable"}, (number, plan)
            refused += 1
            continue
        [note] = [each["message"] for each in plan["notes"] if each["code"] == "memory_forecast"]
        result = scene.daxprov.apply(wanted, allow=names)
        assert result.status == DONE, (number, result)
        foretold = int(re.search(r"\((\d+) blocks of 128 MiB\)", note)[1]) * BLOCK
        mappings = next(each["mappings"] for name, each in scene.devices().items() if name == f"m{number}")
        ranges = [(each["start"], each["end"] + 1) for each in mappings]
        several += len(ranges) > 1
        gained = scene.total() - nothing
        assert gained == foretold == whole_blocks(ranges) > 0, (number, note, ranges)
        names = [each.split(",")[0].removeprefix("name: ") for each in division(number)]
    assert several >= GRID // 4 and refused < GRID // 2, (several, refused)
    scene.assert_sound()
    print(f"{GRID} divisions from seed {GRID_SEED}: {several} of several ranges, {refused} refused")


FROM_FIRST = ["name: a, size: 256 MiB, owner: 7", "name: b, size: 256 MiB, group: 8", "name: m, size: 256 MiB, mode: system-ram"]
FROM = devices(FROM_FIRST)
TO = devices(["name: a, size: 128 MiB, owner: 7", "name: b, size: 384 MiB, group: 9", "name: m, size: 256 MiB, owner: 7",
              "name: c, size: 128 MiB"])
# With the file of rules, and the rights of nodes.
CALLS, PATHS = ("write", "rename", "rights"), ("/sys", "/etc/udev", "/dev/dax")
STORES = 140


@pytest.mark.crash_points
@pytest.mark.parametrize("reboots", [False, True], ids=["killed", "killed, and a boot"])
def test_killed_at_any_store_the_devices_are_the_old_or_the_new_ones(scene, reboots):
    scene.applied(FROM, allow=BOOT)
    ends = set()
    for at in points(1, STORES, 31 if reboots else 17):
        digests = {name: scene.fill(name, f"{name}{at}") for name in ("a", "b")}
        starts = [scene.devices()[name]["mappings"][0]["start"] for name in ("a", "b")]
        old = scene.layout()
        fault = Fault(at, "kill-before", calls=CALLS, paths=PATHS, log=f"/tmp/fault-{at}.log")
        killed = scene.daxprov.apply(TO, allow=["a"], fault=fault)
        if killed.signal != 9 and len(scene.vm.read_file(fault.log).splitlines()) < at:
            break
        if reboots:
            scene.reboot()
        else:
            # What lay there before is written to since, by whoever has it open.
            for name, device in zip(("a", "b"), starts):
                node = scene.node_at(device)
                if node:
                    contents.fill(scene.vm, node, f"since {name}{at}")
                    digests[name] = contents.start_digest(scene.vm, node)
        recovered = scene.daxprov.run("recover")
        if recovered.status == PARTIAL:
            # It is a device by now, and somebody can have written to it.
            assert "--allow-destroy m" in recovered.err + recovered.out, f"store {at}: {recovered}"
            recovered = scene.daxprov.run("recover", "--allow-destroy", "m")
        assert recovered.status == DONE, f"store {at}: {recovered}"
        if reboots:
            restored = scene.restore()
            assert restored.status == DONE, f"store {at}: {restored}"
        isNew = scene.daxprov.is_settled(TO)
        ends.add(isNew)
        assert isNew or scene.layout() == old, f"store {at}"
        assert scene.digest("b") == digests["b"] and scene.digest("a") == digests["a"], f"store {at}"
        scene.assert_sound()
        if isNew:
            scene.applied(devices(FROM_FIRST, unmanaged="destroy"), allow=["b", "c", "m"])
    else:
        pytest.fail(f"more than {STORES} stores")
    assert False in ends


@pytest.mark.crash_points
@pytest.mark.parametrize("first, error", [(1, errno.EBUSY), (6, errno.EIO)])
def test_a_store_that_fails_is_undone(scene, first, error):
    scene.applied(FROM, allow=BOOT)
    digests = {name: scene.fill(name, name) for name in ("a", "b")}
    old = scene.layout()
    for at in points(first, STORES, 17):
        fault = Fault(at, f"errno:{error}", calls=CALLS, paths=PATHS, log=f"/tmp/fault-{at}.log")
        failed = scene.daxprov.apply(TO, allow=["a"], fault=fault)
        if failed.status == DONE:
            assert at > 20  # no such store: those that a child makes count for the child alone
            break
        if failed.status == PARTIAL:
            recovered = scene.daxprov.run("recover", "--allow-destroy", "m")
            assert recovered.status == DONE, f"store {at}: {recovered}"
        else:
            assert failed.status == ROLLED_BACK, f"store {at}: {failed}"
        assert scene.layout() == old, f"store {at}"
        assert {name: scene.digest(name) for name in digests} == digests, f"store {at}"
        scene.assert_sound()
    else:
        pytest.fail(f"more than {STORES} stores")


@pytest.mark.each_kernel
@pytest.mark.crash_points
def test_what_another_program_brought_online_in_part_is_asked_for_and_cleared_wherever_undoing_dies(scene):
    """Memory that was to stay offline: nobody is given what the kernel left in one of its blocks."""
    device, memory = "name: a, size: 256 MiB, owner: 7", "name: a, size: 256 MiB, mode: system-ram, online: none"
    scene.applied(devices([device]), allow=BOOT)
    old, asked, killed = scene.layout(), 0, 0
    stores = Fault(10**6, "kill-before", paths=("/sys",), log="/tmp/stores.log")
    assert scene.daxprov.apply(devices([memory]), fault=stores).status == DONE
    last = len(scene.vm.read_file(stores.log).splitlines())
    scene.applied(devices([device]))
    chosen = (*range(1, 19, stride(5)), None)
    for at in chosen:
        scene.fill("a", f"a{at}")
        stopped = scene.daxprov.apply(devices([memory]), fault=Fault(last, "kill-before", paths=("/sys",)))
        assert stopped.signal == 9, stopped
        block = FIRST // BLOCK
        scene.vm.run(f"echo online_movable > {MEMORY}/memory{block}/state", check=True)
        undone = scene.daxprov.run("recover")
        assert undone.status != DONE and "--allow-destroy a" in undone.err + undone.out, undone
        assert scene.devices()["a"]["online_memblocks"] == 1
        asked += "brought online by another program" in undone.err + undone.out
        fault = Fault(at, "kill-before", paths=("/sys",)) if at else None
        undone = scene.daxprov.run("recover", "--allow-destroy", "a", fault=fault)
        # Where a child was killed that takes a block offline, the program itself says so.
        if undone.signal or undone.status == PARTIAL:
            killed += 1
            undone = scene.daxprov.run("recover", "--allow-destroy", "a")
        assert undone.status == DONE, f"store {at}: {undone}"
        assert "a has its layout and identity again, not all of its data" in undone.err + undone.out or "places that were looked at" in undone.err + undone.out, undone
        assert scene.layout() == old, f"store {at}"
        assert scene.vm.run(f"{contents.DAXMAP} read {scene.node('a')} | tr -d '\\0' | wc -c", check=True).out.strip() == "0", f"store {at}"
        scene.assert_sound()
    assert asked == len(chosen) and killed >= len(chosen) // 2


def test_a_region_that_is_another_after_a_boot_is_left_alone(scene):
    scene.applied(devices(["name: a, size: 256 MiB"], ["name: b, size: 256 MiB"]), allow=BOOT)
    record = scene.vm.run("ls /var/lib/daxprov/dax-regions", check=True).out.split()
    assert len(record) == 2
    scene.vm.run(f"sed -i s/{FIRST}/{FIRST + 512 * MIB}/ /var/lib/daxprov/dax-regions/{record[0]}", check=True)
    scene.reboot()
    restored = scene.restore()
    # What was changed is damaged; the other region is restored all the same.
    assert restored.status == REFUSED and "damaged" in restored.err, restored
    assert set(scene.devices()) == {"dax0.0", "b"}
    assert scene.devices()["b"]["mappings"][0]["start"] == SECOND
