"""The guest's root file system: Debian's own programs and libraries, and the kernel modules they need."""

import lzma
import os
import re
import shutil
import subprocess
from pathlib import Path

from . import cache
from .tools import require, run

GUEST = Path(__file__).resolve().parent.parent / "guest"

PROGRAMS = (
    "kmod ndctl daxctl cxl strace dmsetup mount umount blkid swapon swapoff losetup lsblk blockdev wipefs setpriv "
    "findmnt flock lsmem mkfs.ext4 mkfs.xfs mkswap bash dash mdadm lvm"
).split()
KMOD_NAMES = "modprobe insmod rmmod lsmod depmod modinfo".split()

MODULES = (
    "virtio_pci virtio_console virtio_blk virtio_pmem loop dm-mod dm-linear md-mod raid1 xfs "
    "nfit nd_pmem nd_btt nd_e820 ramdax device_dax fsdev_dax dax_pmem kmem dax_hmem cxl_acpi cxl_pci cxl_mem cxl_pmem cxl_port dax_cxl"
).split()

FILES = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\n"
                  "tester:x:1000:1000:tester:/tmp:/bin/sh\n"
                  "nobody:x:65534:65534:nobody:/nonexistent:/bin/sh\n",
    "etc/group": "root:x:0:\ndisk:x:6:\ntester:x:1000:\nnogroup:x:65534:\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\n",
    "etc/fstab": "",
}
DIRECTORIES = "bin dev etc lib lib64 lib/x86_64-linux-gnu mnt opt/daxprov proc root run sbin sys tmp usr var/lib".split()


def build(kernel, available, replaced_modules=None):
    """The initramfs file with programs out of `available`; modules in the directory `replaced_modules` stand in for the
    kernel's own."""
    programs = {name: available.require(name) for name in PROGRAMS}
    sources = sorted(GUEST.glob("*.c")) + sorted(GUEST.glob("*.sh"))
    key = cache.digest(
        Path(__file__), *sources, kernel.release, kernel.version, str(replaced_modules), available.identity,
        *programs.values(), available.require("busybox"))
    directory = cache.entry(
        "initramfs", key, lambda into: _build(into, available, programs, kernel, replaced_modules))
    return directory / "initramfs.cpio"


def _build(directory, available, programs, kernel, replaced_modules):
    root = directory / "root"
    for name in DIRECTORIES:
        (root / name).mkdir(parents=True)
    for name, text in FILES.items():
        (root / name).write_text(text)
    _install_programs(root, available, programs)
    _install_agent(root, available)
    install_modules(root, kernel, MODULES, replaced_modules)
    names = "\n".join(str(path.relative_to(root)) for path in sorted(root.rglob("*")))
    with open(directory / "initramfs.cpio", "wb") as out:
        subprocess.run(
            [require("cpio"), "--quiet", "-o", "-H", "newc", "--owner", "0:0"],
            cwd=root, input=names.encode(), stdout=out, check=True)
    shutil.rmtree(root)


def _install_programs(root, available, programs):
    shutil.copy(available.require("busybox"), root / "bin/busybox")
    (root / "bin/busybox-links").mkdir()
    # Not busybox: its shell runs its own small mount and losetup in place of the real ones.
    (root / "bin/sh").symlink_to("dash")
    (root / "etc/mtab").symlink_to("/proc/self/mounts")
    for name, path in programs.items():
        _install_program(root, available, path, root / "bin" / name)
    for name in KMOD_NAMES:
        (root / "sbin" / name).symlink_to("../bin/kmod")
    (root / "usr/bin").symlink_to("../bin")
    (root / "usr/sbin").symlink_to("../sbin")
    # The dynamic linker searches /usr/lib last: what the program under test brings along lies there.
    (root / "usr/lib").symlink_to("/opt/daxprov/lib")
    (root / "bin/daxprov").symlink_to("/opt/daxprov/bin/daxprov")


def _install_program(root, available, source, target):
    shutil.copy(source, target)
    target.chmod(0o755)
    for name, path in available.shared_libraries(source).items():
        place = root / ("lib64" if name.startswith("ld-linux") else "lib/x86_64-linux-gnu") / name
        if not place.exists():
            shutil.copy(os.path.realpath(path), place)


def _install_agent(root, available):
    agent = root / "agent"
    run(["gcc", "-O2", "-Wall", "-Wextra", "-Werror", "-o", agent, GUEST / "agent.c", "-lutil"])
    _install_program(root, available, agent, root / "sbin/agent")
    agent.unlink()
    for source, target in (("init.sh", "init"), ("mark.sh", "bin/mark")):
        shutil.copy(GUEST / source, root / target)
        (root / target).chmod(0o755)


def install_modules(root, kernel, names, replaced_modules=None):
    """Puts modules of these names below `root`, with all that they depend on."""
    target = root / "lib/modules" / kernel.release
    for path in _module_closure(kernel, names):
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        if path.endswith(".xz"):  # not every kmod can read these
            (target / path.removesuffix(".xz")).write_bytes(lzma.decompress((kernel.modules / path).read_bytes()))
        else:
            shutil.copy(kernel.modules / path, target / path)
    for name in ("modules.builtin", "modules.builtin.modinfo", "modules.order"):
        shutil.copy(kernel.modules / name, target / name)
    if replaced_modules:
        shutil.copytree(replaced_modules, target / "updates")
    run(["depmod", "-b", root, kernel.release])


def _module_closure(kernel, names):
    """Paths, relative to the kernel's module directory, of these modules and all that they depend on."""
    needs = {}
    for line in (kernel.modules / "modules.dep").read_text().splitlines():
        path, _, dependencies = line.partition(":")
        needs[path] = dependencies.split()
    by_name = {_module_name(path): path for path in needs}
    closure = set()
    for name in names:
        if path := by_name.get(name.replace("-", "_")):  # else it is built in, or newer than this kernel
            closure.update([path, *needs[path]])
    return sorted(closure)


def _module_name(path):
    return re.sub(r"\.ko(\.xz)?$", "", os.path.basename(path)).replace("-", "_")
