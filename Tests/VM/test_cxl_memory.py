"""Volatile CXL memory: a region that `cxl` made has a dynamic dax region, which is divided as any other.

What can happen between two runs, and between two lines of one:
- a boot: the CXL region is made again, and the kernel has made memory of all of it by itself;
- the region is not made again before `apply --boot`, or it is made smaller;
- the page map lies in the memory by default, where the kernel was booted for that, and what another tool makes of a device depends on it;
- the machine is used as before: the CXL region's own tools take it down and make it again.
What must hold: devices come back as they were, with the bytes of what is no memory; a region that is another is left alone; and a device that daxprov
leaves has its page map where the kernel has it.
"""

import pytest

from support.dax_regions import BLOCK, MIB, Scene
from support.daxprov import DONE, REFUSED

pytestmark = pytest.mark.only_on("6.12", "7.3")

SIZE = 1024
WHOLE = "dax0.0"


def divided(start, *devices):
    items = "".join(f"\n      - {{{each}}}" for each in devices)
    return f"version: 1\ndevices:\n  - match: {{start: {start:#x}}}\n    devices:{items}\n"


def is_as_the_kernel_has_it(scene, name):
    """Whether the page map would lie in the memory of a device where it would after a boot: the region's own device alone has it there."""
    device = scene.devices()[name]["chardev"]
    found = scene.vm.run(["cat", f"/sys/bus/dax/devices/{device}/memmap_on_memory"], check=True).out.strip()
    return found == ("1" if device == WHOLE else "0")


def make_region(vm, size=SIZE):
    vm.run(f"cxl create-region -m -t ram -d decoder0.0 -w 1 -g 256 -s {size * MIB} mem0", check=True)


def drop_region(vm):
    vm.run("cxl disable-region region0 && cxl destroy-region region0", check=True)


@pytest.fixture
def scene(machine):
    return Scene(machine("cxl-volatile"))


@pytest.mark.each_kernel
def test_the_region_is_divided_and_comes_back_after_a_boot(scene):
    [region] = scene.regions().values()
    start, total = region["start"], scene.total()
    assert region["cxl"]["region"] == "region0", region
    assert [each["memdev"] for each in region["cxl"]["mappings"]] == ["mem0"], region
    was = scene.devices()[WHOLE]
    assert (was["size"], was["mode"], was["memmap_on_memory"]) == (SIZE * MIB, "system-ram", True), was
    pool, rest = "name: pool, size: 512 MiB, mode: system-ram, memmap_on_memory: false", "name: rest, size: 256 MiB"
    wanted = divided(start, pool, rest)

    scene.applied(wanted, allow=[WHOLE])
    assert scene.total() - total == 4 * BLOCK
    assert scene.devices()["pool"]["memmap_on_memory"] is False and is_as_the_kernel_has_it(scene, "rest")
    digest = scene.fill("rest", "rest")
    undone = scene.daxprov.run("rollback", "--yes", "--allow-destroy", "rest")
    assert undone.status == DONE, undone
    assert scene.devices()[WHOLE] == was and scene.total() == total

    scene.applied(wanted, allow=[WHOLE])
    digest, layout = scene.fill("rest", "rest"), scene.layout()
    scene.reboot()
    restored = scene.restore()
    assert restored.status == DONE, restored
    assert scene.layout() == layout and scene.digest("rest") == digest and scene.daxprov.is_settled(wanted)
    scene.assert_sound()

    # What stops being memory is as the kernel has it: its page map would lie in it.
    scene.applied(divided(start, "name: pool, size: 512 MiB", rest))
    assert is_as_the_kernel_has_it(scene, "pool") and is_as_the_kernel_has_it(scene, "rest")
    assert scene.digest("rest") == digest and scene.total() == total


@pytest.mark.each_kernel
def test_a_region_that_is_missing_or_smaller_is_named_and_left_alone(scene):
    [region] = scene.regions().values()
    wanted = divided(region["start"], "name: pool, size: 256 MiB", "name: rest, size: 256 MiB")
    scene.applied(wanted, allow=[WHOLE])
    digests, layout = {name: scene.fill(name, name) for name in ("pool", "rest")}, scene.layout()
    scene.reboot()
    drop_region(scene.vm)
    missing = scene.restore()
    assert missing.status == REFUSED and "is not there, and with it pool, rest" in missing.out + missing.err, missing

    make_region(scene.vm, SIZE // 2)
    before = scene.layout()
    smaller = scene.restore()
    assert smaller.status == REFUSED and "it had 1 GiB, and now a region of 512 MiB begins there" in smaller.out + smaller.err, smaller
    assert scene.layout() == before

    drop_region(scene.vm)
    make_region(scene.vm)
    restored = scene.restore()
    assert restored.status == DONE, restored
    assert scene.layout() == layout and {name: scene.digest(name) for name in digests} == digests
    scene.assert_sound()
