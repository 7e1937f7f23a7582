"""The device of a devdax namespace becomes system memory and a device again, and no memory is lost on the way.

What can happen between two lines, and between two runs:
- a process has the device mapped; another device of the host has no driver, and `new_id` would bind it too;
- the policy for new memory blocks brings them online at once, in the kernel's zone; somebody changes it between an apply and its rollback;
- a block does not go offline; a block comes online again behind our back, before the unbind; nothing of the blocks can be read;
- the program is killed at any store, with some blocks online, and recovery as well; the power goes, and the kernel forgets drivers;
- somebody writes to the device between the crash and the recovery, or between an apply and its rollback;
- the range is stranded already; the namespace is smaller than a memory block; it is protected.
What must hold: a neighbour's bytes never change, nothing is lost without consent by name, no range is left that only a reboot gives
back, and the policy is what it was.
"""

import errno
import os
import random
import re

import pytest

from lab import Fault
from support import Daxprov, contents, namespace, profile, region
from support.dax_memory import BLOCK, DEVICE, KERNEL, KEPT, MEMORY, MOVABLE, OFFLINE, PLAIN, Scene, heap, online_memory
from support.daxprov import DONE, ERROR, PARTIAL, REFUSED, ROLLED_BACK
from support.holders import ALL, Use
from support.strides import points

DRIVERS = "/sys/bus/dax/drivers"


@pytest.fixture
def scene(labelled):
    return Scene(labelled)


def codes(entries):
    return {each["code"] for each in entries}


@pytest.mark.each_kernel
def test_a_device_becomes_memory_in_each_way_and_a_device_again(scene):
    plan = scene.daxprov.plan(MOVABLE)
    [change] = plan["changes"]
    assert change["kind"] == "configure_device" and change["reversibility"] == "irreversible" and change["data_loss"]
    assert codes(plan["notes"]) - {"memory_auto_online"} == {"memory_forecast"}
    assert codes(scene.daxprov.refused(MOVABLE)["refusals"]) == {"consent_missing"}

    scene.become(MOVABLE, "system-ram", movable=True)
    assert scene.total() - scene.memory == scene.predicted() > 0
    scene.use()
    scene.assert_sound()

    [change] = scene.daxprov.plan(DEVICE)["changes"]
    assert change["reversibility"] == "lossless" and not change["data_loss"]
    assert scene.daxprov.apply(DEVICE).status == DONE
    assert scene.device == {"mode": "devdax", "driver": "device_dax"} and scene.total() == scene.memory
    contents.fill(scene.vm, scene.node, "again")

    scene.become(OFFLINE, "system-ram", online_memblocks=0)
    assert scene.total() == scene.memory
    scene.become(MOVABLE, "system-ram", movable=True)
    # What no line says of the device is left alone.
    assert scene.daxprov.plan(PLAIN)["changes"] == []
    # The kernel need not give back what is in its own zone: nothing is asked of it here.
    scene.become(KERNEL, "system-ram", movable=False)
    assert scene.total() - scene.memory == scene.predicted()


@pytest.mark.each_kernel
def test_memory_that_never_came_online_keeps_every_byte_and_a_reboot_forgets_it(scene):
    plan = scene.daxprov.plan(OFFLINE)
    assert [(each["reversibility"], each["data_loss"]) for each in plan["changes"]] == [("lossless", False)]
    assert scene.daxprov.apply(OFFLINE).status == DONE
    assert scene.device["mode"] == "system-ram" and scene.device["online_memblocks"] == 0
    undone = scene.daxprov.run("rollback", "--yes")
    assert undone.status == DONE, undone
    assert scene.device["mode"] == "devdax" and contents.start_digest(scene.vm, scene.node) == scene.digest
    assert scene.daxprov.apply(OFFLINE).status == DONE
    scene.vm.reboot()
    assert scene.device["mode"] == "devdax" and contents.start_digest(scene.vm, scene.node) == scene.digest
    scene.assert_sound()


@pytest.mark.each_kernel
def test_the_policy_for_new_blocks_does_not_choose_their_zone(scene):
    for policy in ("online", "online_movable", "offline"):
        scene.set_policy(policy)
        scene.become(MOVABLE, "system-ram", movable=True)
        scene.become(OFFLINE, "system-ram", online_memblocks=0)
        scene.become(DEVICE, "devdax")


@pytest.mark.each_kernel
def test_a_rollback_leaves_the_policy_that_somebody_has_set_since(scene):
    scene.set_policy("online")
    scene.become(MOVABLE, "system-ram", movable=True)
    scene.set_policy("offline")
    undone = scene.daxprov.run("rollback", "--yes")
    assert undone.status == DONE, undone
    assert scene.device["mode"] == "devdax"
    scene.assert_sound()


@pytest.mark.each_kernel
@pytest.mark.parametrize("path", [f"{DRIVERS}/kmem/remove_id", f"{MEMORY}/memory"], ids=["at its driver", "at its blocks"])
def test_a_recovery_that_dies_leaves_the_policy_to_the_next_one(scene, path):
    scene.set_policy("online")
    scene.become(MOVABLE, "system-ram", movable=True)
    killed = scene.daxprov.apply(DEVICE, fault=Fault(1, "kill-after", paths=(f"{DRIVERS}/device_dax",)))
    assert killed.signal == 9 and scene.device["mode"] == "devdax", killed
    recover = ("recover", "--allow-destroy", "heap")
    killed = scene.daxprov.run(*recover, fault=Fault(1, "kill-before", paths=(path,)))
    assert killed.signal == 9, killed
    recovered = scene.daxprov.run(*recover)
    assert recovered.status == DONE, recovered
    assert scene.daxprov.is_settled(MOVABLE) and scene.total() - scene.memory == scene.predicted()
    scene.assert_sound()


@pytest.mark.each_kernel
def test_the_name_of_a_device_is_not_left_with_the_driver_of_memory(scene):
    """Killed between `new_id` and `remove_id`: the driver would take the device whenever somebody gives it another one."""
    other = scene.daxprov.applied(
        profile(region(1, namespace(name="other", mode="devdax", size="256 MiB")))).named("other")["chardev"]
    killed = scene.daxprov.apply(OFFLINE, fault=Fault(1, "kill-before", paths=(f"{DRIVERS}/kmem/remove_id",)))
    assert killed.signal == 9, killed
    assert scene.daxprov.run("recover").status == DONE and scene.device["mode"] == "devdax"
    name = scene.namespace["chardev"]
    scene.set_policy("offline")
    scene.vm.run(f"for each in {name} {other}; do echo $each > {DRIVERS}/device_dax/unbind; done; "
                 f"echo {other} > {DRIVERS}/kmem/new_id; echo {other} > {DRIVERS}/kmem/remove_id", check=True)
    assert scene.daxprov.inventory().named("other")["device"]["mode"] == "system-ram"
    assert scene.device == {"mode": "disabled"}


def test_a_rollback_asks_before_what_was_written_to_the_device_since_is_written_over(scene):
    scene.become(MOVABLE, "system-ram", movable=True)
    assert scene.daxprov.apply(DEVICE).status == DONE
    contents.fill(scene.vm, scene.node, "somebody's")
    digest = contents.start_digest(scene.vm, scene.node)
    unasked = scene.daxprov.run("rollback", "--yes")
    assert unasked.status == REFUSED and "--allow-destroy heap" in unasked.out, unasked
    assert scene.device["mode"] == "devdax" and contents.start_digest(scene.vm, scene.node) == digest
    undone = scene.daxprov.run("rollback", "--yes", "--allow-destroy", "heap")
    assert undone.status == DONE, undone
    assert scene.device["mode"] == "system-ram" and scene.device["movable"] is True
    scene.assert_sound()
    # After a boot the kernel has forgotten the driver, with or without the transaction.
    assert scene.run("apply", "--yes", profile=DEVICE).status == DONE
    contents.fill(scene.vm, scene.node, "somebody's")
    scene.reboot()
    undone = scene.run("rollback", "--yes")
    assert undone.status == DONE, undone
    assert scene.device["mode"] == "devdax" and contents.start_digest(scene.vm, scene.node) == digest


@pytest.mark.each_kernel
def test_a_namespace_that_is_made_as_memory_is_removed_again(labelled):
    daxprov = Daxprov(labelled)
    daxprov.applied(profile(region(0, KEPT)))
    before = daxprov.inventory()
    assert daxprov.apply(MOVABLE).status == DONE
    assert daxprov.inventory().named("heap")["device"]["movable"] is True and daxprov.is_settled(MOVABLE)
    undone = daxprov.run("rollback", "--yes", "--allow-destroy", "heap")
    assert undone.status == DONE, undone
    assert daxprov.inventory().facts() == before.facts()
    # What becomes something else under the same plan gives its memory back first.
    daxprov.applied(profile(region(0, KEPT, namespace(name="heap", mode="fsdax", size="512 MiB"))))
    contents.fill(labelled, daxprov.inventory().node("heap"), "heap")
    fsdax = daxprov.inventory()
    assert daxprov.apply(MOVABLE, allow=["heap"]).status == DONE and daxprov.is_settled(MOVABLE)
    undone = daxprov.run("rollback", "--yes", "--allow-destroy", "heap")
    assert undone.status == DONE, undone
    assert daxprov.inventory().facts() == fsdax.facts()


def test_memory_is_not_taken_from_below_a_namespace(scene):
    scene.become(MOVABLE, "system-ram", movable=True)
    for wanted in (profile(region(0, KEPT), unmanaged="destroy"),
                   profile(region(0, KEPT, namespace(name="heap", mode="raw", size="512 MiB")))):
        assert codes(scene.daxprov.refused(wanted, allow=["heap"])["refusals"]) == {"busy"}
    scene.become(DEVICE, "devdax")


@pytest.mark.each_kernel
def test_a_device_that_somebody_maps_or_that_cannot_become_memory_is_refused(scene):
    assert codes(scene.daxprov.refused(heap("system-ram", protect=True), allow=["heap"])["refusals"]) == {"protected"}
    small = profile(region(0, KEPT), region(1, "{name: small, mode: devdax, size: 128 MiB, device: {mode: system-ram}}"))
    assert codes(scene.daxprov.refused(small)["refusals"]) == {"device_unusable"}
    Use(scene.vm, next(each for each in ALL if each.name == "devdax mapped"), scene.node)
    assert codes(scene.daxprov.refused(MOVABLE, allow=["heap"])["refusals"]) == {"busy"}


@pytest.mark.each_kernel
def test_a_device_without_a_driver_gets_one_and_no_other_is_taken_along(scene):
    other = scene.daxprov.applied(
        profile(region(1, namespace(name="other", mode="devdax", size="256 MiB")))).named("other")["chardev"]
    name = scene.namespace["chardev"]
    scene.vm.run(f"echo {other} > /sys/bus/dax/drivers/device_dax/unbind", check=True)
    failed = scene.daxprov.apply(MOVABLE, allow=["heap"])
    assert failed.status == ROLLED_BACK and f"{other} has no driver" in failed.out, failed
    assert scene.device["mode"] == "devdax" and contents.start_digest(scene.vm, scene.node) == scene.digest
    assert scene.daxprov.inventory().named("other")["device"] == {"mode": "disabled"}

    scene.vm.run(f"echo {name} > /sys/bus/dax/drivers/device_dax/unbind", check=True)
    [change] = scene.daxprov.plan(DEVICE)["changes"]
    assert change["reversibility"] == "lossless"
    assert scene.daxprov.apply(DEVICE).status == DONE
    assert scene.device["mode"] == "devdax" and contents.start_digest(scene.vm, scene.node) == scene.digest


@pytest.mark.each_kernel
@pytest.mark.parametrize("error", [errno.EBUSY, errno.EIO])
def test_a_block_that_does_not_go_offline_leaves_all_of_them_online(scene, error):
    scene.become(MOVABLE, "system-ram", movable=True)
    before = scene.device
    start = scene.namespace["resource"]
    last = (start + scene.namespace["raw_size"]) // BLOCK - 1
    result = scene.daxprov.apply(
        DEVICE, fault=Fault(1, f"errno:{error}", paths=(f"{MEMORY}/memory{last}/state",)))
    assert result.status == ROLLED_BACK and f"memory block {last}" in result.out, result
    assert scene.device == before and scene.total() - scene.memory == scene.predicted()
    scene.become(DEVICE, "devdax")


@pytest.mark.each_kernel
@pytest.mark.crash_points
def test_memory_whose_blocks_cannot_be_read_keeps_its_driver(scene):
    """From one of its looks on: a block that cannot be seen counts as online."""
    scene.become(MOVABLE, "system-ram", movable=True)
    looks = Fault(calls=("look", "ask", "read"), paths=(MEMORY,), log="/tmp/looks.log")
    assert scene.daxprov.apply(DEVICE, fault=looks).status == DONE
    calls = len(scene.vm.read_file(looks.log).splitlines())
    for at in points(1, calls + 1, calls // 2 + 1):
        scene.become(MOVABLE, "system-ram", movable=True)
        fault = Fault(at, f"errno-from:{errno.EIO}", calls=looks.calls, paths=looks.paths)
        failed = scene.daxprov.apply(DEVICE, fault=fault)
        if failed.status == PARTIAL:
            # It could not be put back either, since nothing of it could be read.
            recovered = scene.daxprov.run("recover", "--allow-destroy", "heap")
            assert recovered.status == DONE, f"look {at}: {recovered}"
        else:
            assert failed.status in (ERROR, REFUSED, ROLLED_BACK), f"look {at}: {failed}"
        # The last looks are those at what it came to.
        isDone = scene.daxprov.is_settled(DEVICE)
        assert isDone and failed.status == PARTIAL or scene.daxprov.is_settled(MOVABLE), f"look {at}: {failed}"
        assert scene.total() - scene.memory == (0 if isDone else scene.predicted()), f"look {at}: {failed}"
        scene.assert_sound()


# How many namespaces; DAXPROV_GRID=150 tries 75.
GRID = max(3, int(os.environ.get("DAXPROV_GRID", "12")) // 2)
GRID_SEED = int(os.environ.get("DAXPROV_GRID_SEED", "1"))
# One within which no block lies, and the largest alignment.
FIXED = ((128, "2 MiB", "dev"), (2048, "1 GiB", "dev"), (144, "4 KiB", "mem"))
ROOM = 6000


def drawn(number):
    """The MiB of a namespace, its alignment and its map."""
    if number < len(FIXED):
        return FIXED[number]
    draw = random.Random(GRID_SEED * 1_000_003 + number)
    return 16 * draw.randint(1, 40), draw.choice(("4 KiB", "2 MiB")), draw.choice(("dev", "mem"))


@pytest.mark.each_kernel
def test_the_memory_of_a_namespace_is_what_was_foretold(machine):
    """Each lies behind the ones before, so that its data begins anywhere. Where it ends, the kernel says."""
    vm = machine("nvdimm", labelled=True)
    daxprov, found, full, refused = Daxprov(vm), [], 0, 0
    before = online_memory(vm)
    for number in range(GRID):
        size, align, where = drawn(number)
        if full + size > ROOM:
            # What is memory cannot be destroyed; after a boot none of it is.
            vm.reboot()
            daxprov.applied(profile(region(0), unmanaged="destroy"), allow=[f"m{each}" for each in range(number)])
            found, full, before = [], 0, online_memory(vm)
        fields = {"name": f"m{number}", "mode": "devdax", "size": f"{size} MiB", "align": align, "map": where}
        memory, plain = (namespace(**fields, **device) for device in ({"device": "{mode: system-ram}"}, {}))
        plan = daxprov.plan(profile(region(0, *found, memory)))
        if plan["refusals"]:
            assert codes(plan["refusals"]) == {"device_unusable"}, (number, plan)
            foretold, chosen, refused = 0, plain, refused + 1
        else:
            [note] = [each["message"] for each in plan["notes"] if each["code"] == "memory_forecast"]
            foretold, chosen = int(re.search(r"\((\d+) blocks of 128 MiB\)", note)[1]) * BLOCK, memory
        found, full = [*found, chosen], full + size
        name = daxprov.applied(profile(region(0, *found))).named(f"m{number}")["chardev"]
        start, length = (int(each, 0) for each in vm.run(f"cd /sys/bus/dax/devices/{name}; cat resource size", check=True).out.split())
        gained = online_memory(vm) - before
        assert gained == foretold == max(0, (start + length) // BLOCK - -(-start // BLOCK)) * BLOCK, (number, plan, hex(start), length)
        before += gained
    assert 0 < refused < GRID
    print(f"{GRID} namespaces from seed {GRID_SEED}: {refused} without a block")


STORES = 40


@pytest.mark.crash_points
@pytest.mark.parametrize("way", ["to memory", "to a device"])
@pytest.mark.parametrize("reboots", [False, True], ids=["killed", "killed, and a boot"])
def test_killed_at_any_store_no_memory_is_lost(scene, way, reboots):
    start, goal = (PLAIN, MOVABLE) if way == "to memory" else (MOVABLE, DEVICE)
    if start is MOVABLE:
        scene.become(MOVABLE, "system-ram")
    if not reboots:
        # Which the step changes for a while, and recovery gives back.
        scene.set_policy("online_movable")
    ends = set()
    for at in points(1, STORES, 7 if reboots else 3):
        fault = Fault(at, "kill-before", paths=("/sys",), log=f"/tmp/fault-{at}.log")
        killed = scene.run("apply", "--yes", "--allow-destroy", "heap", profile=goal, fault=fault)
        if killed.signal != 9 and len(scene.vm.read_file(fault.log).splitlines()) < at:
            break
        if reboots:
            scene.reboot()
        recovered = scene.run("recover")
        if recovered.status == PARTIAL:
            assert "--allow-destroy heap" in recovered.err + recovered.out, f"store {at}: {recovered}"
            recovered = scene.run("recover", "--allow-destroy", "heap")
        assert recovered.status == DONE, f"store {at}: {recovered}"
        device = scene.device
        ends.add(device["mode"])
        assert device["mode"] in ("devdax", "system-ram"), f"store {at}: {device}"
        assert device.get("online_memblocks") == device.get("total_memblocks"), f"store {at}: {device}"
        if device["mode"] == "devdax":
            contents.start_digest(scene.vm, scene.node)
        scene.assert_sound()
        if start is MOVABLE and device["mode"] == "devdax":
            scene.become(MOVABLE, "system-ram")
        if start is PLAIN and device["mode"] == "system-ram":
            scene.become(DEVICE, "devdax")
    else:
        pytest.fail(f"more than {STORES} stores")
    assert ends
    scene.become(DEVICE, "devdax")
