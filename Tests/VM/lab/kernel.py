"""The newest Debian cloud kernel, downloaded and unpacked, not installed."""

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
    version: str   # the version of its package
    directory: Path

    @property
    def image(self):
        return self.directory / "boot" / f"vmlinuz-{self.release}"

    @property
    def modules(self):
        return self.directory / "lib/modules" / self.release


def download(package, into):
    """Fetches one package and unpacks it below `into`."""
    try:
        run(["apt-get", "download", package], cwd=into)
    except LabError as error:
        raise LabError(f"cannot download {package} (run apt-get update?): {error}") from None
    [archive] = into.glob("*.deb")
    run(["dpkg", "-x", archive, into])
    archive.unlink()


def newest():
    described = run(["apt-cache", "show", "--no-all-versions", META_PACKAGE])
    found = re.search(r"^Depends: linux-image-(\S+-cloud-amd64) \(= (\S+)\)", described, re.MULTILINE)
    if not found:
        raise LabError(f"apt knows no {META_PACKAGE}: run apt-get update, on Debian amd64")
    release, version = found.groups()

    def fetch(directory):
        download(f"linux-image-{release}={version}", directory)
        run(["depmod", "-b", directory, release])

    directory = cache.entry("kernel", f"{release}_{version.replace(':', '_')}", fetch)
    return Kernel(release, version, directory)
