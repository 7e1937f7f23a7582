"""A virtual machine whose memory is a device that daxprov made.

What can happen between two lines:
- neighbours of the device are made, changed and removed while the guest stores; somebody consents to losing the device itself;
- the guest maps the device, and closes nothing; it is killed; the power goes;
- after a boot the device has another name, and a dynamic one is gone.
What must hold: the guest never stops, its memory is the device and nothing beside it, and what it stored is there as long as the device.
"""

import hashlib

import pytest

from support import Daxprov, contents, namespace, profile, region
from support.dax_regions import BOOT, FIRST, Scene, devices
from support.daxprov import DONE, REFUSED
from support.guest_machine import GuestMachine, stored

GUEST = namespace(name="guest", mode="devdax", size="64 MiB", require="{proof: dax}")
NEIGHBOURS = (
    (namespace(name="one", mode="devdax", size="64 MiB"), namespace(name="two", mode="sector", size="32 MiB")),
    (namespace(name="one", mode="fsdax", size="96 MiB"), namespace(name="two", mode="raw", size="64 MiB")))
ALLOW = ("--allow-destroy", "one", "--allow-destroy", "two")


def beside(*neighbours):
    return profile(region(0, GUEST, *neighbours), unmanaged="destroy")


def test_a_guest_stores_to_its_namespace_while_the_neighbours_change(labelled):
    daxprov = Daxprov(labelled)
    found = daxprov.applied(beside(*NEIGHBOURS[0])).named("guest")
    node, before = "/dev/" + found["chardev"], found["raw_uuid"]
    neighbour = contents.fill(labelled, daxprov.inventory().node("one"), "one")
    guest = GuestMachine(labelled, node, found["usable_size"], found["align"])
    assert contents.start_digest(labelled, daxprov.inventory().node("one")) == hashlib.sha256(neighbour).hexdigest()
    for which in (1, 0, 1):
        assert daxprov.run("apply", "--yes", *ALLOW, profile=beside(*NEIGHBOURS[which])).status == DONE
        guest.assert_works()
    # Neither consent nor a profile without it takes what the guest has mapped.
    for wanted in (profile(region(0, *NEIGHBOURS[1]), unmanaged="destroy"), profile(region(
            0, namespace(name="guest", mode="fsdax", size="64 MiB"), *NEIGHBOURS[1]))):
        refused = daxprov.run("apply", "--yes", "--allow-destroy", "guest", profile=wanted)
        assert refused.status == REFUSED and "qemu" in refused.out + refused.err, refused
    wiped = daxprov.run("wipe", "--yes", "--allow-destroy", "guest", "guest")
    assert wiped.status == REFUSED and "qemu" in wiped.out, wiped
    guest.assert_works()
    assert daxprov.run("verify", "guest").status == DONE
    guest.assert_works()

    labelled.kill()
    labelled.reboot()
    after = daxprov.inventory().named("guest")
    assert after["raw_uuid"] == before
    stored(labelled, "/dev/" + after["chardev"])


@pytest.mark.each_kernel
def test_a_guest_stores_to_a_device_of_a_dynamic_region_and_finds_it_after_a_boot(machine):
    scene = Scene(machine("hmem"))
    guest_size = 128 << 20
    with_neighbour = [devices([f"name: guest, size: {guest_size >> 20} MiB", f"name: other, size: {size} MiB"]) for size in (128, 64, 256)]
    scene.applied(with_neighbour[0], allow=BOOT)
    node = scene.node("guest")
    guest = GuestMachine(scene.vm, node, guest_size, scene.devices()["guest"]["align"])
    for wanted in (*with_neighbour[1:], devices(["name: guest, size: 128 MiB"])):
        scene.applied(wanted, allow=["other"])
        guest.assert_works()
    for other in (devices([], unmanaged="destroy"), devices(["name: guest, size: 64 MiB"]), devices(["name: guest, size: 128 MiB, mode: system-ram"])):
        refused = scene.daxprov.run("apply", "--yes", "--allow-destroy", "guest", profile=other)
        assert refused.status == REFUSED and "qemu" in refused.out + refused.err, refused
    guest.assert_works()
    assert scene.devices()["guest"]["mappings"][0]["start"] == FIRST

    scene.reboot()
    assert scene.restore().status == DONE
    stored(scene.vm, scene.node("guest"))
