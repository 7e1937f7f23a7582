"""The device of a devdax namespace becomes system memory and a device again, and no memory is lost on the way.

What can happen between two lines, and between two runs:
- a process has the device mapped; another device of the host has no driver, and `new_id` would bind it too;
- the policy for new memory blocks brings them online at once, in the kernel's zone;
- a block does not go offline; a block comes online again behind our back, before the unbind;
- the program is killed at any store, with some blocks online; the power goes, and the kernel forgets drivers;
- somebody writes to the device between the crash and the recovery, or between an apply and its rollback;
- the range is stranded already; the namespace is smaller than a memory block; it is protected.
What must hold: a neighbour's bytes never change, nothing is lost without consent by name, no range is left that only a reboot gives
back, and the policy is what it was.
"""

import errno

import pytest

from lab import Fault
from support import Daxprov, contents, namespace, profile, region
from support.dax_memory import BLOCK, DEVICE, KERNEL, KEPT, MEMORY, MOVABLE, OFFLINE, PLAIN, POLICY, Scene, heap
from support.daxprov import DONE, PARTIAL, REFUSED, ROLLED_BACK
from support.holders import ALL, Use
from support.strides import points


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
        scene.vm.run(f"echo {policy} > {POLICY}", check=True)
        scene.policy = scene.vm.read_file(POLICY)
        scene.become(MOVABLE, "system-ram", movable=True)
        scene.become(OFFLINE, "system-ram", online_memblocks=0)
        scene.become(DEVICE, "devdax")


def test_a_rollback_asks_before_what_was_written_to_the_device_since_is_written_over(scene):
    scene.become(MOVABLE, "system-ram", movable=True)
    assert scene.daxprov.apply(DEVICE).status == DONE
    contents.fill(scene.vm, scene.node, "somebody's")
    digest = contents.start_digest(scene.vm, scene.node)
    unasked = scene.daxprov.run("rollback", "--yes")
    assert unasked.status == REFUSED and "--allow-destroy heap" in unasked.err, unasked
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
        scene.vm.run(f"echo online_movable > {POLICY}", check=True)
        scene.policy = scene.vm.read_file(POLICY)
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
