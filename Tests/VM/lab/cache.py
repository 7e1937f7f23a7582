"""What is slow to prepare is kept, keyed by a hash of everything it was made from."""

import contextlib
import fcntl
import hashlib
import os
import shutil
import tempfile
import time
from pathlib import Path

UNUSED_SECONDS = 2 * 24 * 3600


def root():
    if chosen := os.environ.get("DAXPROV_VM_CACHE"):
        return Path(chosen)
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "daxprov-vm"


def digest(*inputs):
    """A short hash of strings, byte strings and the contents of files given as Path."""
    total = hashlib.sha256()
    for item in inputs:
        if isinstance(item, Path):
            with open(item, "rb") as file:
                part = hashlib.file_digest(file, "sha256").digest()
        else:
            part = hashlib.sha256(item if isinstance(item, bytes) else str(item).encode()).digest()
        total.update(part)
    return total.hexdigest()[:16]


@contextlib.contextmanager
def lock(name):
    root().mkdir(parents=True, exist_ok=True)
    with open(root() / f"{name}.lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def entry(kind, key, make):
    """The directory `kind-key`; when it is not there, make(directory) fills it, in one process only."""
    path = root() / f"{kind}-{key}"
    if not path.exists():
        with lock(kind):
            if not path.exists():
                _fill(kind, path, make)
    os.utime(path)
    return path


def _fill(kind, path, make):
    draft = Path(tempfile.mkdtemp(prefix=f".{kind}-", dir=root()))
    try:
        make(draft)
        draft.rename(path)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    _remove_unused(kind, keep=path)


def _remove_unused(kind, keep):
    for other in root().glob(f"{kind}-*"):
        with contextlib.suppress(FileNotFoundError):
            if other != keep and time.time() - other.stat().st_mtime > UNUSED_SECONDS:
                shutil.rmtree(other, ignore_errors=True)
