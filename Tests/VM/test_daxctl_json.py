"""`inventory --daxctl-json` is what `daxctl list -DRiM` says, and with units `-DRiuM`, and `inventory` what the kernel does with the memory."""

import json

import pytest

from support import Daxprov, daxctl, namespace, ndctl, profile, region

DEVICES, DRIVERS = "/sys/bus/dax/devices", "/sys/bus/dax/drivers"
MEMORY = "/sys/devices/system/memory"
START, MIB = 0x100000000, 1 << 20


class Dax:
    """Stores to the dax devices of a machine with soft-reserved memory. Blocks of memory are 128 MiB."""

    def __init__(self, vm):
        self.vm = vm
        vm.run(f"modprobe kmem; echo offline > {MEMORY}/auto_online_blocks", check=True)

    def run(self, *commands):
        self.vm.run(" && ".join(commands), check=True)

    def create(self, name, *ranges):
        """Makes a device of ranges of MiB behind the region's start; without ranges one without memory."""
        self.run(f"echo 1 > {DEVICES}/dax0.0/../dax_region/create", f"[ -e {DEVICES}/{name} ]")
        for first, end in ranges:
            self.run(f"echo {START + first * MIB:#x}-{START + end * MIB - 1:#x} > {DEVICES}/{name}/mapping")

    def bind(self, name, driver):
        """Binds a device, and on some kernels others as well: `new_id` takes every device that the driver matches."""
        self.run(f"echo {name} > {DRIVERS}/{driver}/new_id", f"echo {name} > {DRIVERS}/{driver}/remove_id",
                 f"[ -e {DRIVERS}/{driver}/{name} ]")

    def unbind(self, name):
        self.run(f"[ ! -e {DEVICES}/{name}/driver ] || echo {name} > $(readlink -f {DEVICES}/{name}/driver)/unbind")

    def delete(self, name):
        self.run(f"echo 0 > {DEVICES}/{name}/size", f"echo {name} > {DEVICES}/dax0.0/../dax_region/delete")

    def set(self, block, state):
        self.run(f"echo {state} > {MEMORY}/memory{block}/state")

    def empty(self):
        """Leaves the first region without memory in a device."""
        self.unbind("dax0.0")
        self.run(f"echo 0 > {DEVICES}/dax0.0/size")


def regions(vm):
    return {each["path"].split("/")[-1]: each for each in Daxprov(vm).inventory().document["dax_regions"]}


def device(vm, name):
    [found] = [each for region in regions(vm).values() for each in region["devices"] if each["chardev"] == name]
    return found


@pytest.mark.each_kernel
def test_devices_of_every_size_range_and_driver(machine):
    vm = machine("hmem")
    assert set(daxctl.assert_agrees(vm)) == {"dax0.0", "dax1.0"}
    first, second = regions(vm)["hmem.0"], regions(vm)["hmem.1"]
    assert (first["type"], first["start"], first["size"]) == ("dynamic", START, 1024 * MIB)
    assert (second["start"], second["available_size"]) == (START + 1024 * MIB, 0)

    dax = Dax(vm)
    dax.unbind("dax0.0")
    assert daxctl.assert_agrees(vm)["dax0.0"]["state"] == "disabled"
    assert "device disabled" in vm.run(["daxprov", "inventory"], check=True).out
    dax.run(f"echo 0 > {DEVICES}/dax0.0/size")
    assert daxctl.assert_agrees(vm)["dax0.0"]["size"] == 0
    assert regions(vm)["hmem.0"]["start"] == START

    dax.create("dax0.1")
    daxctl.assert_agrees(vm)
    dax.run(f"echo 4096 > {DEVICES}/dax0.1/align")
    assert daxctl.assert_agrees(vm)["dax0.1"]["align"] == 4096
    dax.run(f"echo {START + 256 * MIB:#x}-{START + 384 * MIB - 1:#x} > {DEVICES}/dax0.1/mapping")
    dax.run(f"echo {START + 128 * MIB:#x}-{START + 192 * MIB - 1:#x} > {DEVICES}/dax0.1/mapping")
    found = daxctl.assert_agrees(vm)["dax0.1"]
    assert [each["start"] for each in found["mappings"]] == [START + 128 * MIB, START + 256 * MIB]
    ours = device(vm, "dax0.1")
    assert [each["start"] for each in ours["mappings"]] == [START + 256 * MIB, START + 128 * MIB]
    assert "driver" not in ours and ours["state"] == "disabled"

    dax.create("dax0.2", (512, 576))
    dax.bind("dax0.2", "device_dax")
    assert "state" not in daxctl.assert_agrees(vm)["dax0.2"]
    text = vm.run(["daxprov", "inventory"], check=True).out
    for line in ("0x110000000-0x117ffffff, 0x108000000-0x10bffffff", "0x120000000-0x123ffffff",
                 "0x124000000-0x13fffffff", "free 768 MiB, largest range 448 MiB"):
        assert line in text, text

    dax.unbind("dax0.1")
    dax.delete("dax0.1")
    assert set(daxctl.assert_agrees(vm)) == {"dax0.0", "dax0.2", "dax1.0"}
    dax.unbind("dax0.2")
    dax.delete("dax0.2")
    assert regions(vm)["hmem.0"]["available_size"] == 1024 * MIB
    daxctl.assert_agrees(vm)


@pytest.mark.each_kernel
def test_blocks_of_system_memory_their_zones_and_what_is_stranded(machine):
    vm = machine("hmem")
    dax = Dax(vm)
    dax.empty()
    dax.create("dax0.1", (0, 384))
    dax.bind("dax0.1", "kmem")
    found = daxctl.assert_agrees(vm)["dax0.1"]
    assert (found["mode"], found["online_memblocks"], found["total_memblocks"]) == ("system-ram", 0, 3)
    assert "movable" not in found
    assert device(vm, "dax0.1")["memory_blocks"] == [{"first": 32, "count": 3, "state": "offline"}]
    dax.set(32, "online_movable")
    assert "movable" not in daxctl.assert_agrees(vm)["dax0.1"], "daxctl says so only where no block is offline"
    assert device(vm, "dax0.1")["movable"] is True
    dax.set(34, "online_kernel")
    assert daxctl.assert_agrees(vm)["dax0.1"]["online_memblocks"] == 2
    assert device(vm, "dax0.1")["memory_blocks"] == [
        {"first": 32, "count": 1, "state": "online", "zone": "Movable"}, {"first": 33, "count": 1, "state": "offline"},
        {"first": 34, "count": 1, "state": "online", "zone": "Normal"}]
    assert device(vm, "dax0.1")["movable"] is False
    dax.set(33, "online_movable")
    assert daxctl.assert_agrees(vm)["dax0.1"]["movable"] is False
    dax.set(34, "offline")
    dax.set(34, "online_movable")
    assert daxctl.assert_agrees(vm)["dax0.1"]["movable"] is True
    dax.set(34, "offline")
    dax.set(34, "online_kernel")
    assert "zone Normal: 1" in vm.run(["daxprov", "inventory"], check=True).out

    # Of devices with two ranges daxctl takes the blocks that begin behind the first range's start for theirs, as far as
    # the device is long: 36 and 37 for those of dax0.2, which has 36; 36 for that of dax0.4, which has 38.
    several = ["dax0.2", "dax0.4"]
    dax.create("dax0.2", (510, 640), (960, 1024))
    dax.bind("dax0.2", "kmem")
    daxctl.assert_agrees(vm)
    dax.create("dax0.3", (640, 768))
    dax.create("dax0.4", (384, 510), (768, 896))
    dax.bind("dax0.3", "kmem")
    dax.bind("dax0.4", "kmem")
    dax.set(38, "online_movable")
    found = daxctl.assert_agrees(vm, but_blocks_of=several)
    assert found["dax0.2"]["total_memblocks"] == 1
    assert (found["dax0.4"]["online_memblocks"], found["dax0.4"]["total_memblocks"]) == (1, 1)
    assert [each["first"] for each in device(vm, "dax0.4")["memory_blocks"]] == [38]
    assert [each["first"] for each in device(vm, "dax0.3")["memory_blocks"]] == [37]

    dax.unbind("dax0.1")  # with blocks online
    daxctl.assert_agrees(vm, but_blocks_of=several)
    lost = device(vm, "dax0.1")
    assert lost["system_memory"] is True and "driver" not in lost
    assert sum(each["count"] for each in lost["memory_blocks"]) == 3
    dax.delete("dax0.1")
    assert regions(vm)["hmem.0"]["system_memory"] == [
        {"start": START, "end": START + 384 * MIB - 1, "size": 384 * MIB}]
    daxctl.assert_agrees(vm, but_blocks_of=several)
    text = vm.run(["daxprov", "inventory"], check=True).out
    assert "system memory until a reboot" in text and "[###" in text


@pytest.mark.each_kernel
def test_devices_of_namespaces(labelled):
    daxprov = Daxprov(labelled)
    assert daxctl.assert_agrees(labelled) == {}
    daxprov.applied(profile(
        region(0, namespace(name="a", mode="devdax", size="128 MiB"), namespace(name="b", mode="devdax", size="64 MiB")),
        region(1, namespace(name="c", mode="devdax", align="4 KiB", map="mem", size="64 MiB"))))
    assert len(daxctl.assert_agrees(labelled)) == 3
    found = daxprov.inventory()
    static = found.document["dax_regions"]
    assert {each["type"] for each in static} == {"static"} and len({each["path"] for each in static}) == 3
    assert all("available_size" not in each for each in static)
    for each in found.namespaces:
        [region_of] = [dax for dax in static if dax["devices"][0]["chardev"] == each["chardev"]]
        assert region_of["namespace"] == each["dev"]
        [only] = region_of["devices"][0]["mappings"]
        assert each["resource"] < region_of["start"] == only["start"]
        assert only["end"] + 1 == each["resource"] + each["raw_size"]
    assert "dax regions" not in daxprov.run("inventory").out
    assert [each["devices"][0]["chardev"] for each in json.loads(
        daxprov.run("inventory", "--json", "c").check().out)["dax_regions"]] == [found.named("c")["chardev"]]

    labelled.run(f"daxctl disable-device {found.named('a')['chardev']}", check=True)
    daxctl.assert_agrees(labelled)
    assert "dax regions" in daxprov.run("inventory").out
    ndctl.assert_agrees(labelled)


@pytest.mark.each_kernel
def test_a_user_sees_what_is_for_everybody(machine):
    vm = machine("hmem")
    user = vm.run(["daxprov", "inventory", "--json"], user="nobody", check=True)
    for each in json.loads(user.out)["dax_regions"]:
        assert each["size"] > 0 and not {"start", "align", "system_memory"} & set(each)
        assert all("mappings" not in found and found["size"] == each["size"] for found in each["devices"])
    text = vm.run(["daxprov", "inventory"], user="nobody", check=True)
    assert "addresses are not known" in text.out and "root" in text.err


def trace(vm, *command):
    """The system calls of a program, a line each."""
    vm.run(["strace", "-f", "-qq", "-o", "/tmp/trace", *command], check=True, timeout=300)
    return vm.read_file("/tmp/trace").decode().splitlines()


@pytest.mark.each_kernel
def test_reading_takes_a_quarter_of_the_calls_of_daxctl(machine):
    """Ours are those of the reader, daxctl's those of the process."""
    vm = machine("hmem")
    dax = Dax(vm)

    def compare(state):
        # What daxctl does not look at: of each device that is memory, where its page map lies.
        lines = [line for line in trace(vm, "daxprov", "inventory", "--daxctl-json")
                 if "gettid(" not in line and "/memmap_on_memory" not in line]
        begin = next(number for number, line in enumerate(lines) if MEMORY in line)
        ours = next(number for number, line in enumerate(lines[begin:]) if "fsdev_dax" in line)  # other things than dax regions follow
        theirs = trace(vm, "daxctl", "list", "-DRiuM")
        first = next(number for number, line in enumerate(theirs) if "/sys/bus/dax" in line)
        print(f"{state}: {ours} calls, daxctl {len(theirs)}, {len(theirs) - first} of them from its first look on")
        assert 0 < ours * 4 <= len(theirs)

    compare("as at boot")
    dax.empty()
    dax.create("dax0.1", (256, 512), (128, 192))
    dax.bind("dax0.1", "kmem")
    dax.create("dax0.2", (512, 576))
    dax.bind("dax0.2", "device_dax")
    compare("four devices")
