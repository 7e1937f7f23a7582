"""What a plan refuses of devices of dynamic dax regions, and what it says before a kernel is upgraded.

What can happen between two runs:
- another tool takes the driver from a device, gives it to a driver that is not daxprov's, makes memory of a region that a boot left, or
  leaves memory online without a driver;
- the platform names no memory node for a region; the policy for new memory blocks cannot be set;
- the file of rules is somebody's, a record is damaged, an account is not there;
- the host boots a newer kernel, which makes system RAM of all soft-reserved memory by itself, devices with contents among it.
A device that begins off its alignment is no machine's here: `DaxRefusalTests`. What the kernel says of a region without a node, and of a
device of another driver, is said by a copy in the place of its directory: a plan only reads.
"""

import errno
import json

import pytest

from lab import Fault
from support.dax_regions import BLOCK, BOOT, FIRST, MEMORY, MIB, POLICY, RULES, SECOND, Scene, devices
from support.daxprov import DONE, ROLLED_BACK

A = "name: a, size: 256 MiB"
B = "name: b, size: 256 MiB"
RECORDS = "/var/lib/daxprov/dax-regions"
DRIVERS = "/sys/bus/dax/drivers"


@pytest.fixture
def scene(machine):
    return Scene(machine("hmem"))


def matching(*matches):
    """A profile of a device for each match."""
    return "version: 1\ndevices:\n" + "".join(
        f"  - match: {{{match}}}\n    devices: [{{name: {name}, size: 256 MiB}}]\n" for name, match in zip("ab", matches))


@pytest.mark.each_kernel
def test_each_refusal_that_this_machine_can_have(scene):
    scene.applied(devices([A, B]), allow=BOOT)
    digests, layout = [scene.fill(name, name) for name in "ab"], scene.layout()

    def assert_refused(code, *first, **options):
        assert scene.refusals(devices(list(first), **options)) == {code}, (code, first)

    node = scene.devices()["a"]["target_node"]
    assert scene.refusals(matching("start: 0x200000000")) == {"no_matching_region"}
    assert scene.refusals(matching(f"target_node: {node}")) == {"ambiguous_region"}
    assert scene.refusals(matching(f"start: {FIRST:#x}", "region: 0")) == {"region_claimed_twice"}
    assert scene.refusals(matching("region: 0"), user="nobody") == {"extents_unknown"}

    assert_refused("size_not_aligned", "name: a, size: 300 KiB")
    assert_refused("size_not_aligned", "name: a, size: 512 MiB, align: 1 GiB")
    assert_refused("size_too_small", A, "name: c, size: 0.1%")
    assert_refused("no_capacity", "name: a, size: 2 GiB")
    assert_refused("no_capacity", A, B, "name: c, size: 512 MiB", "name: d, size: remaining")
    assert_refused("no_extent", A, f"name: c, size: 64 MiB, start: {FIRST:#x}")
    assert_refused("start_misaligned", A, f"name: c, size: 64 MiB, start: {FIRST + 600 * MIB + 4096:#x}")
    # It would begin in its neighbour's memory, or be mapped from there.
    assert_refused("start_misaligned", f"name: g, size: 1 GiB, align: 1 GiB, start: {FIRST + 2 * MIB:#x}", unmanaged="destroy")
    assert_refused("not_supported", "name: a, size: 1 GiB, align: 1 GiB", unmanaged="destroy")
    assert_refused("not_supported", f"name: a, size: 256 MiB, start: {FIRST + 512 * MIB:#x}")
    assert_refused("not_supported", "name: a, size: 256 MiB, mode: famfs")
    assert_refused("device_unusable", A, "name: small, size: 64 MiB, mode: system-ram")
    assert_refused("device_unusable", A, "name: m, size: 256 MiB, mode: system-ram, memmap_on_memory: true")
    assert_refused("account_unknown", "name: a, size: 256 MiB, owner: nobody-here")
    assert_refused("account_unknown", "name: a, size: 256 MiB, group: nobody-here")
    scene.vm.write_file(RULES, "# somebody's\n")
    assert_refused("device_rules_foreign", "name: a, size: 256 MiB, owner: 7", B)
    scene.vm.run(f"rm {RULES}", check=True)
    [record] = scene.vm.run(f"ls {RECORDS}", check=True).out.split()
    kept = scene.vm.read_file(f"{RECORDS}/{record}")
    scene.vm.write_file(f"{RECORDS}/{record}", "damaged", mode=0o600)
    assert_refused("not_listed", A, B)
    scene.vm.write_file(f"{RECORDS}/{record}", kept, mode=0o600)
    assert [scene.digest(name) for name in "ab"] == digests and scene.layout() == layout

    # The kernel would make memory of what has no driver as well.
    name = scene.devices()["b"]["chardev"]
    scene.vm.run(f"echo {name} > {DRIVERS}/device_dax/unbind", check=True)
    assert_refused("device_unusable", A, "name: m, size: 256 MiB, mode: system-ram")
    scene.applied(devices([A, B]))

    # Memory that somebody uses; and what is left of it where its driver went, which only a boot gives back.
    whole = "dax1.0"
    block = f"{MEMORY}/memory{SECOND // BLOCK}/state"
    scene.vm.run(f"echo {whole} > $(readlink -f /sys/bus/dax/devices/{whole}/driver)/unbind; echo {whole} > {DRIVERS}/kmem/new_id; "
                 f"echo {whole} > {DRIVERS}/kmem/remove_id; echo online_movable > {block}", check=True)
    assert scene.refusals(devices(None, ["name: c, size: 64 MiB"])) == {"system_memory"}
    scene.vm.run(f"echo {whole} > {DRIVERS}/kmem/unbind", check=True)
    assert scene.refusals(devices(None, ["name: c, size: 64 MiB"])) == {"device_unusable", "no_capacity"}
    assert [scene.digest(name) for name in "ab"] == digests


@pytest.mark.each_kernel
def test_a_region_without_a_node_and_a_device_of_another_driver_are_refused(scene):
    scene.applied(devices([A]), allow=BOOT)
    name = scene.devices()["a"]["chardev"]
    memory = devices([f"{A}, mode: system-ram"])

    def refusal(change, profile):
        """What is refused where the kernel shows the device with a change."""
        vm = scene.vm
        at = vm.run(f"readlink -f /sys/bus/dax/devices/{name}", check=True).out.strip()
        # Not every attribute can be read.
        vm.run(f"rm -rf /tmp/{name}; cp -a {at} /tmp/ 2> /dev/null; cd /tmp/{name} && {change} && mount --bind /tmp/{name} {at}", check=True)
        plan = scene.plan(profile)
        vm.run(f"umount {at}", check=True)
        [found] = plan["refusals"]
        assert found["code"] == "device_unusable", found
        return found["message"]

    assert "no memory node for hmem.0 (target_node)" in refusal("rm target_node", memory)
    foreign = "rm driver && ln -s ../../../../bus/dax/drivers/fsdev_dax driver"
    for profile in (memory, devices([A.replace("256", "128")]), devices([B], unmanaged="destroy")):
        assert f"{name} is held by the driver fsdev_dax, which is not one of daxprov's" in refusal(foreign, profile)
    assert scene.plan(memory)["refusals"] == []


@pytest.mark.each_kernel
def test_where_the_policy_cannot_be_set_the_device_stays_what_it_is(scene):
    scene.applied(devices([A]), allow=BOOT)
    scene.vm.run(f"echo online > {POLICY}", check=True)
    scene.policy = scene.read_policy()
    layout, bytes_ = scene.layout(), scene.fill("a", "a")
    failed = scene.daxprov.apply(
        devices([f"{A}, mode: system-ram"]), allow=["a"], fault=Fault(1, f"errno:{errno.EPERM}", paths=(POLICY,)))
    assert failed.status == ROLLED_BACK and "policy for new memory blocks" in failed.out + failed.err, failed
    assert scene.layout() == layout and scene.digest("a") == bytes_
    scene.assert_sound()


def notes(scene, profile):
    return [each for each in scene.plan(profile)["notes"] if each["code"] == "soft_reserved_unprotected"]


def status(scene):
    """What the status says of soft-reserved memory, as an object and as text."""
    found = json.loads(scene.daxprov.run("status", "--json").check().stdout).get("soft_reserved", {})
    assert ("Memory: newer kernels" in scene.daxprov.run("status").check().out) == bool(found)
    return found.get("regions", [])


@pytest.mark.each_kernel
def test_what_newer_kernels_would_do_is_said_once_until_something_prevents_it(scene):
    device, memory = devices([A]), devices(["name: m, size: 256 MiB, mode: system-ram"])
    # This machine was booted so that such memory is taken, and nothing of it is used.
    assert notes(scene, device) == [] and status(scene) == []
    scene.vm.run("sed 's/memhp_default_state=offline//' /proc/cmdline > /tmp/cmdline && mount --bind /tmp/cmdline /proc/cmdline", check=True)
    assert notes(scene, memory) == []
    [note] = notes(scene, device)
    assert "all of hmem.0 at a boot" in note["message"] and "dax_hmem.region_idle=1" in note["advice"], note
    [note] = notes(scene, devices([A], ["name: c, size: 64 MiB"]))
    assert "hmem.0 and hmem.1" in note["message"]
    applied = scene.applied(device, allow=BOOT)
    assert (applied.out + applied.err).count("newer kernels") == 1, applied
    assert "hmem.0" in status(scene)
    scene.vm.write_file("/etc/modprobe.d/dax.conf", "options dax_hmem region_idle=1\n")
    assert notes(scene, device) == [] and status(scene) == []


@pytest.mark.each_kernel
def test_with_the_argument_nothing_is_said_and_the_bytes_outlive_a_boot(machine):
    scene = Scene(machine("hmem-idle"))
    assert [each["available_size"] == each["size"] for each in scene.regions().values()] == [True, True]
    total, wanted = scene.total(), devices([A, B], ["name: c, size: 64 MiB"])
    assert notes(scene, wanted) == []
    scene.applied(wanted)
    assert status(scene) == []
    bytes_, layout = {name: scene.fill_whole(name) for name in "abc"}, scene.layout()
    scene.reboot()
    assert scene.total() == total, "no kernel makes memory of it by itself"
    assert scene.restore().status == DONE
    assert scene.layout() == layout and {name: scene.whole(name) for name in "abc"} == bytes_
    scene.assert_sound()
