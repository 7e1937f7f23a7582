"""Dynamic dax regions of the topology `hmem`, divided into devices: 1 GiB at 4 GiB, and 512 MiB behind it."""

import hashlib
import json

from . import contents, daxctl
from .dax_memory import online_memory
from .daxprov import DONE, Daxprov, reboot_with_files

MIB = 1 << 20
FIRST, SECOND = 0x100000000, 0x140000000
# What the kernel makes of each at a boot.
BOOT = ("dax0.0", "dax1.0")
BLOCK = 128 * MIB
MEMORY = "/sys/devices/system/memory"
RULES = "/etc/udev/rules.d/05-daxprov.rules"
POLICY = f"{MEMORY}/auto_online_blocks"


def devices(first=None, second=None, unmanaged=None):
    """A profile of the devices of both regions; a region without a list is not declared."""
    lines = ["version: 1"] + [f"unmanaged: {unmanaged}"] * bool(unmanaged) + ["devices:"]
    for start, found in ((FIRST, first), (SECOND, second)):
        if found is not None:
            lines += [f"  - match: {{start: {start:#x}}}", "    devices:" + ("" if found else " []")]
            lines += [f"      - {{{each}}}" for each in found]
    return "\n".join(lines) + "\n"


class Look:
    """What one inventory says of both regions."""

    def __init__(self, daxprov):
        self.regions = {each["path"].split("/")[-1]: each for each in daxprov.inventory().document["dax_regions"]}
        # The devices with memory, by daxprov's names, or the kernel's.
        self.devices = {
            each.get("name", each["chardev"]): each
            for region in self.regions.values() for each in region["devices"] if each["size"]}

    @property
    def layout(self):
        """What every device is, without the kernel's names."""
        return sorted(
            (tuple((each["start"], each["end"]) for each in device["mappings"]), device["align"], device["mode"],
             device.get("online_memblocks"), device.get("state"), json.dumps(device.get("rights"), sort_keys=True))
            for device in self.devices.values())

    def node(self, name):
        return "/dev/" + self.devices[name]["chardev"]


class Scene:
    """A machine with both regions. Its memory outlives a boot; its files do not."""

    def __init__(self, vm):
        self.vm, self.daxprov = vm, Daxprov(vm)
        self.policy = self.read_policy()

    def read_policy(self):
        return self.vm.run(["cat", POLICY], check=True).out

    def look(self):
        return Look(self.daxprov)

    def regions(self):
        return self.look().regions

    def devices(self):
        return self.look().devices

    def layout(self):
        return self.look().layout

    def node(self, name):
        return self.look().node(name)

    def node_at(self, start, look=None):
        """The node of the device that begins at an address and can be opened; None where there is none."""
        for device in (look or self.look()).devices.values():
            if device["mappings"][0]["start"] == start and device.get("driver") == "device_dax":
                return "/dev/" + device["chardev"]
        return None

    def rights(self, name):
        return self.vm.run(["stat", "-c", "%u %g %a", self.node(name)], check=True).out.strip()

    def fill(self, name, seed, look=None):
        contents.fill(self.vm, (look or self.look()).node(name), seed)
        return self.digest(name, look)

    def digest(self, name, look=None):
        return contents.start_digest(self.vm, (look or self.look()).node(name))

    def put(self, start, seed):
        """Writes a mebibyte to an address, from the host, and returns what `head` does: also where nothing in the guest can be opened."""
        with open(self.vm.images["high"], "r+b") as memory:
            memory.seek(start - FIRST)
            memory.write(contents.pattern(seed, MIB))
        return self.head(start)

    def head(self, start):
        """The SHA-256 of the mebibyte at an address."""
        return contents.image_digest(self.vm, "high", start - FIRST, MIB)

    def fill_whole(self, name, look=None):
        """Writes to places all over a device, the last mebibyte among them, from the host, and returns what `whole` does."""
        with open(self.vm.images["high"], "r+b") as memory:
            for each in (look or self.look()).devices[name]["mappings"]:
                for address in (*range(each["start"], each["end"] + 1 - MIB, 16 * MIB), each["end"] + 1 - MIB):
                    memory.seek(address - FIRST)
                    memory.write(contents.pattern(f"{name} {address}", MIB))
        return self.whole(name, look)

    def whole(self, name, look=None):
        """The SHA-256 of all bytes of a device, in the order of its offsets. The host reads the machine's memory."""
        digest = hashlib.sha256()
        with open(self.vm.images["high"], "rb") as memory:
            for each in sorted((look or self.look()).devices[name]["mappings"], key=lambda each: each["page_offset"]):
                memory.seek(each["start"] - FIRST)
                left = each["end"] + 1 - each["start"]
                while left:
                    piece = memory.read(min(left, 8 * MIB))
                    digest.update(piece)
                    left -= len(piece)
        return digest.hexdigest()

    def total(self):
        return online_memory(self.vm)

    def applied(self, profile, allow=()):
        result = self.daxprov.apply(profile, allow=allow)
        assert result.status == DONE, result
        assert self.daxprov.is_settled(profile)
        self.assert_sound()
        return result

    def assert_sound(self, look=None):
        """Nothing is stranded, no device without memory is left, the policy is the old one, and daxctl says what daxprov says."""
        look = look or self.look()
        rights = [device for device in look.devices.values() if "rule" in device.get("rights", {})]
        text = self.vm.run(f"cat {RULES} 2>/dev/null; true").out
        assert text.count("mapping0/start") == len(rights), text  # no rule is for memory that has no device
        for region in look.regions.values():
            assert "system_memory" not in region, region
            assert all(each["size"] or each["chardev"].endswith(".0") for each in region["devices"]), region
        assert self.read_policy() == self.policy
        # Of a device of several ranges daxctl counts memory blocks that are not its.
        daxctl.assert_agrees(
            self.vm, but_blocks_of=[each["chardev"] for each in look.devices.values() if len(each["mappings"]) > 1])

    def reboot(self, topology=None):
        reboot_with_files(self.vm, topology)

    def restore(self):
        return self.daxprov.run("apply", "--boot")

    def plan(self, profile):
        return self.daxprov.plan(profile)

    def refusals(self, profile, **options):
        result = self.daxprov.run("plan", "--json", profile=profile, **options)
        found = json.loads(result.stdout)
        assert "refusals" in found, result
        return {each["code"] for each in found["refusals"]}
