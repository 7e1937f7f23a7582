"""A devdax namespace whose device becomes memory, beside a neighbour with a file."""

from . import contents, daxctl, namespace, ndctl, profile, region
from .daxprov import DONE, Daxprov

MIB = 1 << 20
BLOCK = 128 * MIB
MEMORY = "/sys/devices/system/memory"
POLICY = f"{MEMORY}/auto_online_blocks"
# On the neighbour, so that it outlives a power cut.
STATE = ("--state-dir", "/mnt/kept/state")
KEPT = namespace(name="kept", mode="fsdax", size="32 MiB")


def heap(mode=None, online=None, size="512 MiB", memmap_on_memory=None, **fields):
    words = [f"mode: {mode}"] * bool(mode) + [f"online: {online}"] * bool(online)
    if memmap_on_memory is not None:
        words.append(f"memmap_on_memory: {str(memmap_on_memory).lower()}")
    device = {"device": "{" + ", ".join(words) + "}"} if words else {}
    return profile(region(0, KEPT, namespace(name="heap", mode="devdax", size=size, **device, **fields)))


PLAIN, DEVICE = heap(), heap("devdax")
MOVABLE, OFFLINE, KERNEL = (heap("system-ram", online) for online in ("movable", "none", "kernel"))


def online_memory(vm):
    """The memory that is online, in bytes, as `lsmem -b` counts it."""
    lines = vm.run("lsmem -b -n -a --summary=never -o SIZE,STATE", check=True).out.splitlines()
    return sum(int(size) for size, state in (line.split() for line in lines) if state == "online")


class Scene:
    """The namespace `heap`, filled, beside a neighbour with a file."""

    def __init__(self, vm):
        self.vm, self.daxprov = vm, Daxprov(vm)
        self.daxprov.applied(PLAIN)
        self.file = contents.make_file(vm, self.daxprov.inventory().node("kept"), "/mnt/kept", "kept")
        self.bytes = contents.fill(vm, self.node, "heap")
        self.digest = contents.start_digest(vm, self.node)
        self.policy = vm.read_file(POLICY)
        self.memory = self.total()

    @property
    def namespace(self):
        return self.daxprov.inventory().named("heap")

    @property
    def node(self):
        return self.daxprov.inventory().node("heap")

    @property
    def device(self):
        return self.namespace["device"]

    def total(self):
        return online_memory(self.vm)

    def set_policy(self, policy):
        """What the kernel is to do with new memory blocks, and to be told after each change."""
        self.vm.run(f"echo {policy} > {POLICY}", check=True)
        self.policy = self.vm.read_file(POLICY)

    def predicted(self):
        """The bytes of the whole memory blocks within the data of the namespace."""
        found = self.namespace
        end = found["resource"] + found["raw_size"]
        start = end - found["usable_size"]
        return max(0, end // BLOCK - -(-start // BLOCK)) * BLOCK

    def use(self):
        """Fills more memory than the machine has without the device, and gives it back."""
        ordinary = 256
        self.vm.run(f"mkdir -p /mnt/used && mount -t tmpfs -o size=100% tmpfs /mnt/used && "
                    f"dd if=/dev/zero of=/mnt/used/zeroes bs=1M count={ordinary + 32} && umount /mnt/used", check=True)

    def run(self, command, *words, **options):
        return self.daxprov.run(command, *words, *STATE, **options)

    def reboot(self):
        self.vm.reboot()
        self.mount()

    def mount(self):
        self.vm.run(f"grep -q ' /mnt/kept ' /proc/mounts || "
                    f"{{ mkdir -p /mnt/kept && mount -o dax {self.daxprov.inventory().node('kept')} /mnt/kept; }}", check=True)

    def assert_sound(self):
        """The neighbour's file is as it was, nothing is stranded, and the policy is the old one."""
        self.mount()
        assert contents.file_digest(self.vm, "/mnt/kept") == self.file
        assert self.vm.read_file(POLICY) == self.policy
        assert not self.device.get("system_memory"), self.device

    def become(self, wanted, mode, **memory):
        result = self.daxprov.apply(wanted, allow=["heap"])
        assert result.status == DONE, result
        assert self.daxprov.is_settled(wanted)
        device = self.device
        assert device["mode"] == mode and all(device.get(key) == value for key, value in memory.items()), device
        ndctl.assert_agrees(self.vm)
        daxctl.assert_agrees(self.vm)
        self.assert_sound()
        return result
