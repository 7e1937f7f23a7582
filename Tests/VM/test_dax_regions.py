"""Dynamic dax regions are divided into devices, and no byte and no memory is lost on the way.

The list of what can happen stands in `DaxDivisionTests`, where all of it is tried at every store. Here it is the kernel's:
- a store succeeds and does nothing; a device gets a driver with another; a boot leaves one device, of another driver;
- a device is mapped by a program; a block does not go offline; the program is killed, or the power goes, at any store;
- memory blocks begin and end elsewhere than devices;
- a memory block comes online again before its driver goes, or in that moment.
"""

import dataclasses
import errno
import hashlib
import json
import os
import random
import re
from dataclasses import dataclass

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
def test_what_daxctl_made_stays_and_is_adopted_by_its_place(scene):
    """`unmanaged: destroy` is for what daxprov's record has. A device of another tool is only taken over, by a declaration of its place."""
    ours = "name: a, size: 256 MiB"
    scene.applied(devices([ours]), allow=BOOT)
    made = scene.vm.run(["daxctl", "create-device", "-r", "0", "-s", "128M"], check=True)
    theirs = json.loads(made.out)[0]["chardev"]
    [mapping] = scene.devices()[theirs]["mappings"]
    kept = scene.fill_whole(theirs)
    assert scene.plan(devices([ours], unmanaged="destroy"))["changes"] == []
    scene.applied(devices([ours, "name: b, size: 64 MiB"], unmanaged="destroy"))
    scene.applied(devices([ours], unmanaged="destroy"), allow=["b"])
    look = scene.look()
    assert set(look.devices) == {"a", theirs, "dax1.0"} and scene.whole(theirs, look) == kept

    adopted = devices([ours, f"name: ours, size: 128 MiB, start: {mapping['start']:#x}"])
    assert scene.plan(adopted)["changes"] == []
    scene.applied(adopted)
    before = scene.layout()
    scene.reboot()
    assert scene.restore().status == DONE
    look = scene.look()
    assert look.devices["ours"]["mappings"] == [mapping] and look.layout == before and scene.whole("ours", look) == kept
    assert scene.daxprov.is_settled(adopted)
    # It is ours now.
    assert [each["kind"] for each in scene.plan(devices([ours], unmanaged="destroy"))["changes"]] == ["destroy"]
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


@pytest.mark.each_kernel
def test_the_name_of_a_device_is_not_left_with_the_driver_of_memory(scene):
    """Killed between `new_id` and `remove_id`: the driver would take the device whenever somebody gives it another one."""
    plain = ["name: a, size: 256 MiB", "name: b, size: 128 MiB"]
    scene.applied(devices(plain), allow=BOOT)
    a, b = (scene.devices()[name]["chardev"] for name in "ab")
    drivers = "/sys/bus/dax/drivers"
    scene.vm.run(f"modprobe kmem; echo {a} > {drivers}/device_dax/unbind", check=True)
    if scene.vm.run(f"echo {a} > {drivers}/kmem/bind").status == 0:
        return  # this kernel gives all devices of such regions to that driver, with or without a name
    scene.vm.run(f"echo {a} > {drivers}/device_dax/bind", check=True)
    wanted = devices(["name: a, size: 256 MiB, mode: system-ram, online: none", plain[1]])
    killed = scene.daxprov.apply(wanted, fault=Fault(1, "kill-before", paths=(f"{drivers}/kmem/remove_id",)))
    assert killed.signal == 9, killed
    assert scene.daxprov.run("recover").status == DONE and scene.daxprov.is_settled(devices(plain))
    scene.vm.run(f"for each in {a} {b}; do echo $each > {drivers}/device_dax/unbind; done; "
                 f"echo {b} > {drivers}/kmem/new_id; echo {b} > {drivers}/kmem/remove_id", check=True)
    found = scene.devices()
    assert (found["a"].get("driver"), found["b"].get("driver")) == (None, "kmem")


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


# With the file of rules, and the rights of nodes.
CALLS, PATHS = ("write", "rename", "rights"), ("/sys", "/etc/udev", "/dev/dax")
STORES = 140


@dataclass(frozen=True)
class Way:
    """From one division to another. Devices are known by where they begin."""
    name: str
    old: str
    new: str
    allow: tuple          # what the apply agrees to
    asked: set            # what recovery may ask for: what somebody can have written to by now
    stays: tuple          # whose bytes are the same afterwards, whichever of the two there is then
    returns: tuple = ()   # whose bytes are there again with the old division
    untouched: tuple = () # of these, those that nobody writes to between the crash and the recovery


B, C, E, LAST = (FIRST + each * MIB for each in (256, 512, 640, 768))
FROM = devices(["name: a, size: 256 MiB, owner: 7", "name: b, size: 256 MiB, group: 8", "name: m, size: 256 MiB, mode: system-ram"])
TO = devices(["name: a, size: 128 MiB, owner: 7", "name: b, size: 384 MiB, group: 9", "name: m, size: 256 MiB, owner: 7",
              "name: c, size: 128 MiB"])
WAYS = (
    Way("cut, grown, made, memory no more", FROM, TO, ("a",), {"m"}, (FIRST, B)),
    # The second region is as a boot left it.
    Way("removed, aligned, memory by now, made as memory, divided",
        devices(["name: a, size: 256 MiB", "name: b, size: 256 MiB, owner: 7", "name: c, size: 128 MiB",
                 "name: e, size: 128 MiB, group: 8"]),
        devices(["name: a, size: 256 MiB, mode: system-ram", "name: c, size: 128 MiB, align: 4 KiB",
                 "name: e, size: 128 MiB, mode: system-ram, online: none", f"name: p, size: 256 MiB, start: {LAST:#x}, mode: system-ram"],
                ["name: w, size: 256 MiB, zero: false, owner: 9", "name: x, size: 128 MiB"], unmanaged="destroy"),
        ("a", "b", *BOOT), {"w"}, (C, E, SECOND), (B,), (SECOND,)),
)


def recover(scene, asked, where):
    """Recovers, and agrees to what it asks for, which is nothing but these names."""
    recovered = scene.daxprov.run("recover")
    if recovered.status == PARTIAL:
        names = set(re.findall(r"--allow-destroy '?([^\s']+)", recovered.err + recovered.out))
        assert names and names <= asked, f"{where}: {recovered}"
        recovered = scene.daxprov.run("recover", *(word for name in sorted(names) for word in ("--allow-destroy", name)))
    assert recovered.status == DONE, f"{where}: {recovered}"


@pytest.mark.crash_points
@pytest.mark.parametrize("reboots", [False, True], ids=["killed", "killed, and a boot"])
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_killed_at_any_store_the_devices_are_the_old_or_the_new_ones(scene, way, reboots):
    scene.applied(way.old, allow=BOOT)
    every = 31 if reboots else 23
    ends = set()
    for at in points(stride(every), STORES, every):
        heads = {start: scene.put(start, f"{start} {at}") for start in way.stays + way.returns}
        old = scene.layout()
        fault = Fault(at, "kill-before", calls=CALLS, paths=PATHS, log=f"/tmp/fault-{at}.log")
        killed = scene.daxprov.apply(way.new, allow=way.allow, fault=fault)
        if killed.signal != 9 and len(scene.vm.read_file(fault.log).splitlines()) < at:
            break
        if reboots:
            scene.reboot()
        else:
            # What lay there before is written to since, by whoever has it open.
            look = scene.look()
            for start in set(heads) - set(way.untouched):
                node = scene.node_at(start, look)
                if node:
                    contents.fill(scene.vm, node, f"since {start} {at}")
                    heads[start] = scene.head(start)
        recover(scene, way.asked, f"store {at}")
        if reboots:
            restored = scene.restore()
            assert restored.status == DONE, f"store {at}: {restored}"
        isNew = scene.daxprov.is_settled(way.new)
        ends.add(isNew)
        look = scene.look()
        assert isNew or look.layout == old, f"store {at}"
        begin = {device["mappings"][0]["start"] for device in look.devices.values()}
        for start in way.stays if isNew else heads:
            assert start in begin and scene.head(start) == heads[start], f"store {at}: {start:#x}"
        scene.assert_sound(look)
        if isNew:
            scene.vm.reboot()
            scene.applied(way.old, allow=BOOT)
    else:
        pytest.fail(f"more than {STORES} stores")
    assert False in ends


@pytest.mark.crash_points
@pytest.mark.parametrize("reboots", [False, True], ids=["killed", "killed, and a boot"])
def test_killed_while_it_puts_a_division_back_the_next_run_does(scene, reboots):
    scene.applied(FIVE, allow=BOOT)
    divided = scene.layout()
    starts = [device["mappings"][0]["start"] for name, device in scene.devices().items() if name != "pool"]
    every = 13 if reboots else 17
    for at in points(stride(every), STORES, every):
        heads = {start: scene.put(start, f"{start} {at}") for start in starts}
        scene.reboot()
        fault = Fault(at, "kill-before", calls=CALLS, paths=PATHS, log=f"/tmp/fault-{at}.log")
        killed = scene.daxprov.run("apply", "--boot", fault=fault)
        if killed.signal != 9 and len(scene.vm.read_file(fault.log).splitlines()) < at:
            break
        if reboots:
            scene.reboot()
        # Its owner can have opened it from when its rule was there.
        recover(scene, set() if reboots else {"tier"}, f"store {at}")
        restored = scene.restore()
        assert restored.status == DONE, f"store {at}: {restored}"
        look = scene.look()
        assert look.layout == divided and scene.daxprov.is_settled(FIVE), f"store {at}"
        assert {start: scene.head(start) for start in starts} == heads, f"store {at}"
        scene.assert_sound(look)
    else:
        pytest.fail(f"more than {STORES} stores")
    assert killed.status == DONE, killed


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
    chosen = (*range(1, 19, stride(9)), None)
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


@pytest.mark.each_kernel
def test_where_a_region_begins_or_ends_elsewhere_after_a_boot_nothing_is_divided(scene):
    wanted = devices(["name: a, size: 256 MiB"], ["name: b, size: 256 MiB"])
    scene.applied(wanted, allow=BOOT)
    usual, layout, kept = scene.vm.topology, scene.layout(), scene.fill_whole("b")
    for words, said in (
            ("memmap=512M%4G", "it had 1 GiB, and now a region of 512 MiB begins there"),
            ("memmap=768M%4352M", "is not the region that it was")):
        other = dataclasses.replace(
            usual, kernel_arguments=usual.kernel_arguments.replace("memmap=1G%4G", words), can_be_saved=False)
        scene.reboot(other)
        found = scene.layout()
        restored = scene.restore()
        assert restored.status == REFUSED and said in restored.out + restored.err, restored
        assert scene.daxprov.run("apply", "--yes", profile=wanted).status == REFUSED
        assert scene.layout() == found
    scene.reboot(usual)
    assert scene.restore().status == DONE
    assert scene.layout() == layout and scene.whole("b") == kept and scene.daxprov.is_settled(wanted)
    scene.assert_sound()
