"""Ways to use a namespace's device, each with what daxprov must say of it and how to see that it goes on working."""

from dataclasses import dataclass

from .contents import DAXMAP

DIRECTORY = "/mnt/used"
FILE_SYSTEM = f"mkdir -p {DIRECTORY} && mkfs.ext4 -q -b 4096"
KEEP = f"echo kept > {DIRECTORY}/data && sync"
KEPT = f"echo 3 > /proc/sys/vm/drop_caches; grep -q kept {DIRECTORY}/data && echo more > {DIRECTORY}/more && sync"
# There is no udev in the guest.
LVM = "--config 'activation{udev_sync=0 udev_rules=0}'"


@dataclass(frozen=True)
class Holder:
    """A use. In the commands, {node} is the device node, {name} its name, {pid} the process that holds it."""
    name: str
    mode: str          # of the namespace
    use: str           # a shell command; one that ends in WAIT goes on until its standard input ends
    says: str          # what daxprov says
    works: str         # a shell command that succeeds as long as the use works

    @property
    def waits(self):
        return self.use.endswith(WAIT) or self.use.startswith("exec ")


WAIT = "echo ready; read end"
# Since 6.12 Debian's kernel puts new memory online by itself, in its own zone; daxctl then refuses to choose another.
NOT_BY_ITSELF = "echo offline > /sys/devices/system/memory/auto_online_blocks"

ALL = (
    Holder("mounted", "fsdax", f"{FILE_SYSTEM} {{node}} && mount {{node}} {DIRECTORY} && {KEEP}",
           f"{{name}}: mounted at {DIRECTORY}", KEPT),
    Holder("mounted in sector mode", "sector", f"{FILE_SYSTEM} {{node}} && mount {{node}} {DIRECTORY} && {KEEP}",
           f"{{name}}: mounted at {DIRECTORY}", KEPT),
    Holder("mounted in another mount namespace", "fsdax",
           f"exec unshare -m sh -c '{FILE_SYSTEM} {{node}} && mount {{node}} {DIRECTORY} && {KEEP} && {WAIT}'",
           f"{{name}}: mounted at {DIRECTORY} in the mount namespace of process {{pid}} (sh)",
           f"grep -q kept /proc/{{pid}}/root{DIRECTORY}/data"),
    Holder("a mounted partition", "raw",
           "printf 'n\\np\\n1\\n\\n\\nw\\n' | fdisk {node} > /dev/null && "
           f"{FILE_SYSTEM} {{node}}p1 && mount {{node}}p1 {DIRECTORY} && {KEEP}",
           f"{{name}}p1: mounted at {DIRECTORY}", KEPT),
    Holder("unmounted lazily", "fsdax",
           f"{FILE_SYSTEM} {{node}} && mount {{node}} {DIRECTORY} && {KEEP} && cd {DIRECTORY} && "
           f"umount -l {DIRECTORY} && {WAIT}",
           "{name}: held exclusively by something that no list shows", "grep -q kept /proc/{pid}/cwd/data"),
    Holder("swap", "raw", "mkswap -q {node} && swapon {node}", "{name}: in use as swap", "grep -q {node} /proc/swaps"),
    Holder("device-mapper", "raw", "echo 0 65536 linear {node} 0 | dmsetup create --noudevsync stacked",
           "{name}: part of dm-0 (device-mapper device stacked)",
           "dd if=/dev/dm-0 of=/dev/null bs=4096 count=1 iflag=direct"),
    Holder("mounted over device-mapper", "fsdax",
           "echo 0 131072 linear {node} 0 | dmsetup create --noudevsync stacked && "
           f"{FILE_SYSTEM} /dev/dm-0 && mount /dev/dm-0 {DIRECTORY} && {KEEP}",
           f"dm-0: mounted at {DIRECTORY}; {{name}}: part of dm-0 (device-mapper device stacked)", KEPT),
    Holder("LVM", "raw",
           f"lvm pvcreate -qy {LVM} {{node}} && lvm vgcreate -qy {LVM} vg {{node}} && "
           f"lvm lvcreate -qy -Wn -Zn {LVM} -l 4 -n data vg",
           "{name}: part of dm-0 (LVM volume vg-data)",
           "dd if=/dev/mapper/vg-data of=/dev/null bs=4096 count=1 iflag=direct"),
    Holder("md", "raw",
           "modprobe -a md-mod raid1 && mdadm --create /dev/md0 --level=1 --force --raid-devices=1 --run {node} 2>&1",
           "{name}: part of md0 (raid1 array)", "dd if=/dev/md0 of=/dev/null bs=4096 count=1 iflag=direct"),
    Holder("a loop device", "raw", "losetup /dev/loop3 {node}", "{name}: backing the loop device loop3",
           "dd if=/dev/loop3 of=/dev/null bs=4096 count=1 && losetup -l | grep -q loop3"),
    Holder("open", "raw", "exec 3< {node}; " + WAIT, "{name}: open in process {pid} (sh)",
           "test {node} -ef /proc/{pid}/fd/3"),
    Holder("open exclusively", "raw", f"exec {DAXMAP} exclusive {{node}}",
           "{name}: open in process {pid} (daxmap)", "test -e /proc/{pid}"),
    Holder("devdax mapped", "devdax", f"exec {DAXMAP} hold {{node}}", "{name}: open in process {pid} (daxmap)",
           "grep -q {node} /proc/{pid}/maps"),
    Holder("devdax open", "devdax", "exec 3< {node}; " + WAIT, "{name}: open in process {pid} (sh)",
           "test {node} -ef /proc/{pid}/fd/3"),
    Holder("system memory, online", "devdax", f"{NOT_BY_ITSELF} && daxctl reconfigure-device -m system-ram {{name}}",
           "{name}: system memory, and 1 of its memory blocks are online",
           "daxctl list -d {name} | grep -q '\"online_memblocks\":1'"),
    Holder("system memory in the kernel's zone", "devdax", "daxctl reconfigure-device -m system-ram --no-movable {name}",
           "{name}: system memory, and 1 of its 1 online memory blocks are in the kernel's zone Normal",
           "daxctl list -d {name} | grep -q '\"online_memblocks\":1'"),
    Holder("system memory, offline", "devdax", f"{NOT_BY_ITSELF} && daxctl reconfigure-device -N -m system-ram {{name}}",
           "{name}: system memory, of which no block is online", "daxctl list -d {name} | grep -q system-ram"),
)


class Use:
    """A holder at work on a device of a machine."""

    def __init__(self, vm, holder, node):
        self.vm, self.holder = vm, holder
        self.words = {"node": node, "name": node.removeprefix("/dev/"), "pid": ""}
        if holder.waits:
            self.job = vm.start("echo $$ > /tmp/holder; " + self.text(holder.use), stdin=True)
            self.job.wait_for_output(b"\n")
            self.words["pid"] = vm.run("cat /tmp/holder", check=True).out.strip()
        else:
            self.job = None
            vm.run(self.text(holder.use), check=True)

    def text(self, template):
        for key, value in self.words.items():
            template = template.replace("{" + key + "}", value)
        return template

    @property
    def said(self):
        """What daxprov must say."""
        return self.text(self.holder.says)

    def assert_works(self):
        self.vm.run(self.text(self.holder.works), check=True)
