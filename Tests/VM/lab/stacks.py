"""The kernel, the QEMU and the programs in the guest that belong together; DAXPROV_VM_STACK chooses one of them by name."""

import os
from dataclasses import dataclass
from functools import lru_cache

from . import apt, programs, tools
from .errors import LabError

VARIABLE = "DAXPROV_VM_STACK"

IN_THE_GUEST = (
    "busybox-static kmod dash bash ndctl daxctl cxl strace dmsetup mount util-linux e2fsprogs xfsprogs mdadm lvm2 "
    "libyaml-0-2 libstdc++6").split()
TO_BUILD = (
    "base-files dash bash coreutils sed mawk grep findutils diffutils xz-utils perl-base bc make "
    "gcc-14-for-host binutils libc6-dev libelf1t64 libssl3t64").split()


@dataclass(frozen=True)
class Stack:
    """Each part names releases of Debian, the wanted one last; without any, it is the machine's own."""
    name: str
    describes: str
    kernel_releases: tuple = ()
    qemu_releases: tuple = ()
    program_releases: tuple = ()
    build_releases: tuple = ()     # of the compiler for the kernel's modules

    @property
    def apt(self):
        """Where the kernel's packages are."""
        return _apt(self.kernel_releases)

    @property
    def programs(self):
        """Where the programs are that run in the guest."""
        return _programs(self.program_releases)

    @property
    def compiler(self):
        """Where the compiler for the kernel's modules is, with what else a build needs; None for the machine itself."""
        return _compiler(self.build_releases) if self.build_releases else None

    @property
    def qemu(self):
        return _qemu(self.qemu_releases)


@dataclass(frozen=True)
class Qemu:
    """The words that start it, and what its environment must say."""
    command: tuple
    environment: tuple = ()


@lru_cache(maxsize=None)
def _apt(releases):
    return apt.of(*releases) if releases else apt.MACHINES_OWN


@lru_cache(maxsize=None)
def _programs(releases):
    return programs.Unpacked(_apt(releases).unpacked("guest", IN_THE_GUEST)) if releases else programs.MachinesOwn()


@lru_cache(maxsize=None)
def _compiler(releases):
    return programs.Unpacked(_apt(releases).unpacked("compiler", TO_BUILD))


@lru_cache(maxsize=None)
def _qemu(releases):
    if not releases:
        return Qemu((tools.require("qemu-system-x86_64"),))
    unpacked = programs.Unpacked(_apt(releases).unpacked("qemu", ["qemu-system-x86"]))
    command = unpacked.command("qemu-system-x86_64")
    for folder in ("qemu", "seabios"):
        command += ["-L", str(unpacked.root / "usr/share" / folder)]
    modules = unpacked.root / "usr/lib/x86_64-linux-gnu/qemu"
    return Qemu(tuple(command), (("QEMU_MODULE_DIR", str(modules)),))


ALL = {stack.name: stack for stack in (
    Stack("6.1", "Debian 12's kernel, QEMU and ndctl: the machine's own"),
    # Debian 12's own QEMU cannot run this kernel without KVM: it dies at cmpxchg16b.
    Stack("6.12", "the kernel and the QEMU of Debian 12's backports, with Debian 13's ndctl",
          ("bookworm", "bookworm-backports"), ("bookworm", "bookworm-backports"), ("trixie",)),
    Stack("7.3", "the kernel of Debian 13's backports, with Debian 13's ndctl and the QEMU of Debian 12's backports",
          ("trixie", "trixie-backports"), ("bookworm", "bookworm-backports"), ("trixie",), ("trixie",)),
)}


def chosen():
    name = os.environ.get(VARIABLE) or "6.1"
    try:
        return ALL[name]
    except KeyError:
        raise LabError(f"{VARIABLE} is {name!r}; there are {', '.join(ALL)}") from None
