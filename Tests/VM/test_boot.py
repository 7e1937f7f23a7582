"""`daxprov apply --boot`: what was memory is memory again, and nobody's bytes are written over.

What can happen between the apply, the boot and `apply --boot`, and between two lines of that:
- somebody writes to the device: before `apply --boot` runs in this boot, or in the boot before, as a device that another tool made
  of it again;
- the power goes, or the program is killed, at any store;
- the namespace is gone, or was made anew; another tool has made it memory already, in the same way or another;
- the apply that made it memory was rolled back.
What must hold: a neighbour's bytes never change, nothing is stranded, the policy for new blocks is what it was, and what cannot be
put back is said, with an exit code of its own.
`KeptDeviceTests` tries the same, and every store of applies and rollbacks, on the simulated host.
"""

import json

import pytest

from lab import Fault
from support import contents, daxctl
from support.dax_memory import DEVICE, MOVABLE, OFFLINE, PLAIN, Scene
from support.daxprov import DONE, REFUSED
from support.strides import points


@pytest.fixture
def scene(labelled):
    return Scene(labelled)


def made(scene, wanted):
    result = scene.run("apply", "--yes", "--allow-destroy", "heap", profile=wanted)
    assert result.status == DONE, result
    return result


def after_boot(scene, status=DONE, **options):
    result = scene.run("apply", "--boot", **options)
    assert result.status == status, result
    return result


@pytest.mark.each_kernel
def test_what_was_memory_is_memory_again_and_a_device_and_the_neighbours_file_stays(scene):
    assert "nothing is to be put back" in after_boot(scene).out
    made(scene, MOVABLE)
    total, head = scene.total(), None
    scene.use()
    scene.assert_sound()
    scene.reboot()
    scene.assert_sound()
    assert scene.device["mode"] == "devdax" and scene.total() == scene.memory
    head = contents.start_digest(scene.vm, scene.node)
    assert "1 to change" in scene.run("apply", "--boot", "--dry-run").out
    assert scene.device["mode"] == "devdax"
    after_boot(scene)
    assert scene.device["mode"] == "system-ram" and scene.device["movable"] is True
    assert scene.total() == total == scene.memory + scene.predicted()
    assert scene.daxprov.is_settled(MOVABLE)
    assert "No changes" in after_boot(scene).out
    scene.use()
    scene.assert_sound()
    daxctl.assert_agrees(scene.vm)

    # A device again keeps what lies outside the memory blocks, and stays one after the next boot.
    made(scene, DEVICE)
    assert contents.start_digest(scene.vm, scene.node) == head == scene.digest
    scene.assert_sound()
    scene.reboot()
    assert "nothing is to be put back" in after_boot(scene).out
    assert scene.device["mode"] == "devdax"
    scene.assert_sound()
    daxctl.assert_agrees(scene.vm)


@pytest.mark.each_kernel
def test_what_somebody_wrote_is_not_written_over(scene):
    made(scene, MOVABLE)
    scene.reboot()
    # In this boot, before daxprov came to it.
    contents.fill(scene.vm, scene.node, "somebody's")
    written = contents.start_digest(scene.vm, scene.node)
    refused = after_boot(scene, REFUSED)
    assert "somebody has written to it since" in refused.err and "--allow-destroy heap" in refused.err, refused
    report = scene.run("apply", "--boot", "--json")
    assert report.status == REFUSED and [each["code"] for each in json.loads(report.out)["not_restored"]] == ["consent_missing"], report
    assert scene.device["mode"] == "devdax" and contents.start_digest(scene.vm, scene.node) == written
    # Agreed to by name, it is memory, and kept as it is now.
    made(scene, MOVABLE)
    # In the boot before, as a device that another tool had made of it.
    scene.vm.run(f"daxctl reconfigure-device --mode=devdax --force {scene.namespace['chardev']}", check=True)
    contents.fill(scene.vm, scene.node, "somebody else's")
    written = contents.start_digest(scene.vm, scene.node)
    scene.reboot()
    after_boot(scene, REFUSED)
    assert scene.device["mode"] == "devdax" and contents.start_digest(scene.vm, scene.node) == written
    scene.assert_sound()


def test_memory_that_stays_offline_needs_no_look_and_a_rollback_ends_it(scene):
    made(scene, OFFLINE)
    scene.reboot()
    contents.fill(scene.vm, scene.node, "somebody's")
    written = contents.start_digest(scene.vm, scene.node)
    after_boot(scene)
    assert scene.device["mode"] == "system-ram" and scene.device["online_memblocks"] == 0
    # What put it back is a transaction as well: undone, it is a device now, and memory again after the next boot.
    assert scene.run("rollback", "--yes").status == DONE
    assert scene.device["mode"] == "devdax" and contents.start_digest(scene.vm, scene.node) == written
    scene.reboot()
    after_boot(scene)
    assert scene.device["mode"] == "system-ram"
    made(scene, DEVICE)
    assert contents.start_digest(scene.vm, scene.node) == written
    scene.assert_sound()


def test_a_namespace_that_is_gone_or_another_is_said(scene):
    made(scene, MOVABLE)
    scene.reboot()
    device = scene.namespace["dev"]
    scene.vm.run(f"ndctl destroy-namespace -f {device}", check=True)
    assert "is not there" in after_boot(scene, REFUSED).err
    made(scene, PLAIN)
    assert scene.device["mode"] == "devdax"
    # That apply saw the region without it.
    assert "nothing is to be put back" in after_boot(scene).out


STORES = 60


@pytest.mark.crash_points
@pytest.mark.parametrize("reboots", [False, True], ids=["killed", "power cut"])
def test_killed_at_any_store_the_next_run_puts_it_back(scene, reboots):
    made(scene, MOVABLE)
    for at in points(1, STORES, 9 if reboots else 6):
        scene.reboot()
        fault = Fault(at, "kill-before", paths=("/sys",), log=f"/tmp/fault-{at}.log")
        killed = scene.run("apply", "--boot", fault=fault)
        if killed.signal != 9 and len(scene.vm.read_file(fault.log).splitlines()) < at:
            break
        if reboots:
            scene.reboot()
        recovered = scene.run("recover")
        assert recovered.status == DONE, f"store {at}: {recovered}"
        after_boot(scene)
        assert scene.device["mode"] == "system-ram" and scene.device["movable"] is True, f"store {at}"
        scene.assert_sound()
    else:
        pytest.fail(f"more than {STORES} stores")
