"""A Debian of its own below a directory, made once: by debootstrap, from the mirror of the machine's own apt."""

import os
import shutil
import subprocess

from . import apt, cache
from .errors import LabError
from .tools import require

SUITE = "bookworm"


def root(packages, suite=SUITE):
    """The root directory of a minimal system of a release, with these packages."""
    if os.getuid() != 0:
        raise LabError("only root can make a Debian root directory: use sudo")

    def make(directory):
        run = subprocess.run(
            [require("debootstrap"), "--variant=minbase", f"--include={','.join(packages)}", suite, directory / "root",
             apt.debian_source()["Site"]],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if run.returncode != 0:
            raise LabError(f"debootstrap failed: is this machine offline?\n{run.stdout[-2000:]}")
        shutil.rmtree(directory / "root/var/cache/apt/archives")

    return cache.entry("debian-root", cache.digest(suite, *packages), make) / "root"
