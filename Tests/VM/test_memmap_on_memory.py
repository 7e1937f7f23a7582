"""`memmap_on_memory`: where the page map of a device's memory lies, in its own blocks or in the kernel's other memory.

What can happen between two lines, and between two runs:
- the kernel has no such attribute (6.1), or was booted without the parameter that it depends on: refused before the first step;
- the driver holds the device, and the kernel refuses the store (EBUSY): the driver goes and comes back, with the policy for new blocks
  `online`, or with another device without a driver, which `new_id` would bind too;
- the store fails, or the driver does not come back: the memory is as it was, page map included;
- the program is killed at any store, also with the driver gone; the power goes, and the kernel forgets driver and attribute;
- another tool makes memory of the device afterwards: what daxprov turned on must not be left on;
- the page map is written over bytes that somebody has there: consent, also where the memory stays offline.
What must hold beside it: the memory that can be used is what was foretold, and nothing is stranded.
"""

import errno
import json

import pytest

from lab import Fault
from support import contents, dax_memory, dax_regions
from support.dax_memory import DEVICE, MIB, POLICY, heap
from support.daxprov import DONE, PARTIAL, ROLLED_BACK
from support.strides import points, stride

ON, OFF = (heap("system-ram", "movable", memmap_on_memory=each) for each in (True, False))
SILENT = heap("system-ram", "movable")
POOL = "name: pool, size: 256 MiB, mode: system-ram"
REST = "name: rest, size: 64 MiB"
BOOT = ("dax0.0", "dax1.0")
BLOCK = dax_memory.BLOCK
PAGE_MAP = BLOCK // 64


def attribute(vm, device):
    """What the kernel says of a device; None where it has no such attribute."""
    found = vm.run(f"cat /sys/bus/dax/devices/{device}/memmap_on_memory")
    return found.out.strip() if found.status == 0 else None


def usable(vm):
    """The memory that the kernel hands out, in bytes: page maps that lie in new memory are left out."""
    return 1024 * int(vm.run("grep MemTotal: /proc/meminfo", check=True).out.split()[1])


def refusal(daxprov, wanted, **options):
    [found] = daxprov.refused(wanted, **options)["refusals"]
    assert found["code"] == "device_unusable", found
    return found["message"]


def notes(plan):
    return [each["message"] for each in plan["notes"] if each["code"] == "memory_forecast"]


@pytest.fixture
def scene(machine):
    return dax_memory.Scene(machine("nvdimm-memmap", labelled=True))


def is_lacking(scene):
    """Whether this kernel has no such attribute."""
    return attribute(scene.vm, scene.namespace["chardev"]) is None


def assert_refused(scene):
    """On such a kernel it is refused, and off is what every kernel can."""
    assert "this kernel has no memmap_on_memory" in refusal(scene.daxprov, ON, allow=["heap"])
    assert scene.device["mode"] == "devdax" and contents.start_digest(scene.vm, scene.node) == scene.digest
    scene.become(OFF, "system-ram", movable=True)
    assert "memmap_on_memory" not in scene.device


@pytest.mark.each_kernel
def test_the_page_map_lies_where_the_profile_says_and_the_usable_memory_is_what_was_foretold(scene):
    if is_lacking(scene):
        assert_refused(scene)
        return
    device, before = scene.namespace["chardev"], usable(scene.vm)
    size = scene.predicted()
    map_size = size // 64
    [note] = notes(scene.daxprov.plan(ON))
    assert f"{map_size // MIB} MiB of it describes it" in note and f"so {(size - map_size) // MIB} MiB can be used" in note, note
    scene.become(ON, "system-ram", movable=True, memmap_on_memory=True)
    assert attribute(scene.vm, device) == "1" and usable(scene.vm) - before == size - map_size
    assert scene.total() - scene.memory == size
    # What no line says stays, and an export says it.
    assert scene.daxprov.plan(SILENT)["changes"] == []
    assert "memmap_on_memory: true" in scene.daxprov.run("export").out

    # While it is memory, it is the kernel's, so nobody is asked; another device without a driver would be taken along.
    plan = scene.daxprov.plan(OFF)
    [change] = plan["changes"]
    assert (change["reversibility"], change["data_loss"]) == ("lossless", False)
    assert f"needs {map_size // MIB} MiB of its memory" in notes(plan)[0]
    scene.vm.run(f"echo online > {POLICY}", check=True)
    scene.policy = scene.vm.read_file(POLICY)
    scene.become(OFF, "system-ram", movable=True, memmap_on_memory=False)
    assert attribute(scene.vm, device) == "0" and usable(scene.vm) - before == size
    undone = scene.daxprov.run("rollback", "--yes")
    assert undone.status == DONE, undone
    assert scene.device["memmap_on_memory"] is True and scene.device["movable"] is True
    assert usable(scene.vm) - before == size - map_size
    scene.assert_sound()

    # A device again has nothing left of it that would show in what another tool makes of it.
    assert scene.daxprov.apply(DEVICE).status == DONE
    assert scene.device == {"mode": "devdax", "driver": "device_dax"} and attribute(scene.vm, device) == "0"
    scene.become(SILENT, "system-ram", movable=True, memmap_on_memory=False)


@pytest.mark.each_kernel
def test_where_it_cannot_be_nothing_changes(scene, machine):
    if is_lacking(scene):
        return
    scene.become(OFF, "system-ram", movable=True)
    device, before = scene.namespace["chardev"], scene.device
    at = f"/sys/bus/dax/devices/{device}/memmap_on_memory"
    real = scene.vm.run(f"readlink -f {at}", check=True).out.strip()
    for number, paths in ((1, (real,)), (2, ("/sys/bus/dax/drivers/kmem/new_id",)), (1, ("/sys/bus/dax/drivers/kmem/new_id",))):
        failed = scene.daxprov.apply(ON, fault=Fault(number, f"errno:{errno.EIO}", paths=paths))
        if number == 2:  # there is no second store to it
            assert failed.status == DONE, failed
            scene.become(OFF, "system-ram", movable=True)
            continue
        assert failed.status == ROLLED_BACK, failed
        assert scene.device == before and attribute(scene.vm, device) == "0"
        scene.assert_sound()
    scene.vm.close()
    other = dax_memory.Scene(machine("nvdimm-small", labelled=True))
    assert "booted without memory_hotplug.memmap_on_memory" in refusal(other.daxprov, ON, allow=["heap"])
    other.become(OFF, "system-ram", movable=True, memmap_on_memory=False)


@pytest.mark.each_kernel
def test_consent_is_asked_for_where_the_page_map_goes_over_somebodys_bytes(scene):
    if is_lacking(scene):
        return
    wanted = heap("system-ram", "none", memmap_on_memory=True)
    [found] = scene.daxprov.refused(wanted)["refusals"]
    assert found["code"] == "consent_missing", found
    [change] = scene.daxprov.plan(wanted)["changes"]
    assert change["data_loss"] and "its page map is written over what it holds" in json.dumps(change), change
    scene.become(wanted, "system-ram", online_memblocks=0, memmap_on_memory=True)
    undone = scene.daxprov.run("rollback", "--yes")
    assert undone.status == DONE, undone
    # This kernel writes the page map when the block comes online, and not before.
    assert scene.device["mode"] == "devdax" and contents.start_digest(scene.vm, scene.node) == scene.digest


@pytest.mark.each_kernel
def test_after_a_boot_the_page_map_lies_where_it_was(scene):
    if is_lacking(scene):
        return
    before = usable(scene.vm)
    made = scene.run("apply", "--yes", "--allow-destroy", "heap", profile=ON)
    assert made.status == DONE, made
    gain = usable(scene.vm) - before
    scene.reboot()
    before = usable(scene.vm)
    assert attribute(scene.vm, scene.namespace["chardev"]) == "0"
    restored = scene.run("apply", "--boot")
    assert restored.status == DONE, restored
    assert scene.device["memmap_on_memory"] is True and scene.device["movable"] is True
    assert usable(scene.vm) - before == gain and scene.daxprov.is_settled(ON)
    scene.assert_sound()


STORES = 40


@pytest.mark.crash_points
@pytest.mark.parametrize("way", ["to memory", "to other memory"])
@pytest.mark.parametrize("reboots", [False, True], ids=["killed", "killed, and a boot"])
def test_killed_at_any_store_the_page_map_lies_where_it_did_or_where_it_is_to(scene, way, reboots):
    if is_lacking(scene):
        return
    start = DEVICE if way == "to memory" else OFF
    ends = set()
    for at in points(stride(5), STORES, 5) if reboots else points(1, STORES, 3):
        scene.run("apply", "--yes", "--allow-destroy", "heap", profile=start).check()
        fault = Fault(at, "kill-before", paths=("/sys",), log=f"/tmp/fault-{at}.log")
        killed = scene.run("apply", "--yes", "--allow-destroy", "heap", profile=ON, fault=fault)
        if killed.signal != 9 and len(scene.vm.read_file(fault.log).splitlines()) < at:
            break
        if reboots:
            scene.reboot()
        recovered = scene.run("recover")
        if recovered.status == PARTIAL:
            assert "--allow-destroy heap" in recovered.err + recovered.out, f"store {at}: {recovered}"
            recovered = scene.run("recover", "--allow-destroy", "heap")
        assert recovered.status == DONE, f"store {at}: {recovered}"
        if reboots:
            restored = scene.run("apply", "--boot")
            assert restored.status == DONE, f"store {at}: {restored}"
        isOld, isNew = scene.daxprov.is_settled(start), scene.daxprov.is_settled(ON)
        assert isOld or isNew, f"store {at}: {scene.device}"
        assert scene.device.get("online_memblocks") == scene.device.get("total_memblocks"), f"store {at}"
        ends.add(isNew)
        scene.assert_sound()
    else:
        pytest.fail(f"more than {STORES} stores")
    assert False in ends


@pytest.mark.each_kernel
@pytest.mark.crash_points
def test_devices_of_dynamic_regions_have_it_and_get_it_back_after_a_boot(machine):
    scene = dax_regions.Scene(machine("hmem-memmap"))
    scene.applied(dax_regions.devices([REST]), allow=BOOT)
    wanted = dax_regions.devices([REST, POOL + ", memmap_on_memory: true"])
    other = dax_regions.devices([REST, POOL + ", memmap_on_memory: false"])
    digest, before, total = scene.fill("rest", "rest"), usable(scene.vm), scene.total()
    if attribute(scene.vm, scene.devices()["rest"]["chardev"]) is None:
        assert "this kernel has no memmap_on_memory" in refusal(scene.daxprov, wanted)
        scene.applied(other)
        return
    [note] = notes(scene.plan(wanted))
    assert "4 MiB of it describes it" in note and "so 252 MiB can be used" in note, note
    scene.applied(wanted)
    pool = scene.devices()["pool"]
    assert pool["memmap_on_memory"] is True and attribute(scene.vm, pool["chardev"]) == "1"
    assert usable(scene.vm) - before == 2 * (BLOCK - PAGE_MAP) and scene.total() - total == 2 * BLOCK
    made = scene.layout()

    assert [each["data_loss"] for each in scene.plan(other)["changes"]] == [False]
    scene.applied(other)
    assert usable(scene.vm) - before == 2 * BLOCK and scene.devices()["pool"]["memmap_on_memory"] is False
    undone = scene.daxprov.run("rollback", "--yes")
    assert undone.status == DONE, undone
    assert usable(scene.vm) - before == 2 * (BLOCK - PAGE_MAP) and scene.daxprov.is_settled(wanted)
    recorded = json.loads(scene.daxprov.run("inventory", "--json").stdout)["dax_regions"][0]["recorded"]
    assert [each.get("memmap_on_memory") for each in recorded if each["name"] == "pool"] == [True], recorded
    # A device that grows is memory in the same way.
    scene.applied(dax_regions.devices([REST, POOL.replace("256", "384") + ", memmap_on_memory: true"]))
    assert usable(scene.vm) - before == 3 * (BLOCK - PAGE_MAP)
    scene.applied(wanted)

    scene.reboot()
    before = usable(scene.vm)
    restored = scene.restore()
    assert restored.status == DONE, restored
    assert scene.layout() == made and scene.digest("rest") == digest and scene.daxprov.is_settled(wanted)
    assert usable(scene.vm) - before == 2 * (BLOCK - PAGE_MAP)
    scene.assert_sound()

    # Killed between two stores, it is the one or the other.
    for at in points(1, 7, 1):
        scene.daxprov.apply(other).check()
        scene.daxprov.apply(wanted, fault=Fault(at, "kill-before", paths=("/sys",)))
        recovered = scene.daxprov.run("recover")
        if recovered.status == PARTIAL:
            recovered = scene.daxprov.run("recover", "--allow-destroy", "pool")
        assert recovered.status == DONE, f"store {at}: {recovered}"
        assert scene.daxprov.is_settled(wanted) or scene.daxprov.is_settled(other), f"store {at}: {scene.layout()}"
        assert scene.devices()["pool"]["online_memblocks"] == 2 and scene.digest("rest") == digest
        scene.assert_sound()
