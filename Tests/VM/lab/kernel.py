"""The newest Debian cloud kernel of a stack, downloaded and unpacked, not installed."""

import re
from dataclasses import dataclass
from pathlib import Path

from . import cache
from .errors import LabError
from .tools import run

META_PACKAGE = "linux-image-cloud-amd64"


@dataclass(frozen=True)
class Kernel:
    release: str   # 6.1.0-56-cloud-amd64
    version: str   # the version of its packages
    directory: Path

    @property
    def image(self):
        return _existing(self.directory / "boot" / f"vmlinuz-{self.release}", self.modules / "vmlinuz")

    @property
    def modules(self):
        return self.directory / "lib/modules" / self.release


def _existing(*paths):
    for path in paths:
        if path.exists():
            return path
    raise LabError(f"the kernel's packages have none of {', '.join(map(str, paths))}")


def packages(apt, package, version, kind):
    """What to download: the package, and those that it depends on directly whose names begin as `kind` says. They have its
    version only where it depends on just that one: the mirror may hold a newer one of the others alone."""
    needed = re.findall(r"([^\s,|(]+)(?: \(= ([^)]+)\))?", apt.show(f"{package}={version}").get("Depends", ""))
    return [f"{package}={version}", *(
        f"{name}={exact}" if exact else name for name, exact in needed if re.match(kind, name))]


def newest(stack):
    depends = stack.apt.show(META_PACKAGE).get("Depends", "")
    found = re.search(r"\blinux-image-(\S+-cloud-amd64) \(= ([^)\s]+)\)", depends)
    if not found:
        raise LabError(f"{META_PACKAGE} of {stack.apt.what} names no kernel: {depends!r}")
    release, version = found.groups()
    if not release.startswith(f"{stack.name}."):
        raise LabError(f"{stack.apt.what} has no kernel {stack.name} (any more): the newest one is {release}")

    def fetch(directory):
        # From 7.0 on the kernel and its modules are packages of their own, and lie below /usr.
        split = rf"linux-(base|binary|modules)-{re.escape(release)}"
        for package in packages(stack.apt, f"linux-image-{release}", version, split):
            stack.apt.download(package, directory)
        if not (directory / "lib").exists():
            (directory / "lib").symlink_to("usr/lib")
        run(["depmod", "-b", directory, release])

    directory = cache.entry("kernel", f"{release}_{version.replace(':', '_')}", fetch)
    return Kernel(release, version, directory)
