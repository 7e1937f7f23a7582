"""Temporary directories that go away even when the process that made them was killed."""

import os
import shutil
import tempfile
from pathlib import Path

PREFIX = "daxprov-vm-"


def directory():
    _remove_those_of_the_dead()
    return Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))


def _remove_those_of_the_dead():
    for left in Path(tempfile.gettempdir()).glob(f"{PREFIX}*-*"):
        owner = left.name.removeprefix(PREFIX).split("-")[0]
        if not Path("/proc", owner).exists():
            shutil.rmtree(left, ignore_errors=True)
