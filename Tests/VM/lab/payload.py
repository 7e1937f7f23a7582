"""The program under test with its libraries, as a disk image that every machine mounts at /opt/daxprov."""

import os
import shutil
from pathlib import Path

from . import cache, stacks
from .errors import LabError
from .initramfs import GUEST
from .tools import run

PAYLOAD_BYTES = 512 << 20
SHIM = GUEST / "faultshim.c"
MAPPING = GUEST / "daxmap.c"
DEFAULT_BINARY = Path(__file__).resolve().parents[3] / ".build/vm/daxprov"


def binary():
    """The daxprov to test, or None when none was built and none was asked for."""
    if chosen := os.environ.get("DAXPROV_BINARY"):
        path = Path(chosen).resolve()
        if not os.access(path, os.X_OK):
            raise LabError(f"DAXPROV_BINARY={chosen} is not an executable file")
        return path
    return DEFAULT_BINARY if DEFAULT_BINARY.exists() else None


def programs():
    """What is shipped: {name: path}. Beside the daxprov under test lies, if it was built, the differential test."""
    program = binary()
    if not program:
        return {}
    differential = program.parent / "differential"
    return {"daxprov": program, **({"differential": differential} if differential.exists() else {})}


def image():
    shipped = programs()
    libraries = {}
    for program in shipped.values():
        libraries.update(stacks.chosen().programs.shared_libraries(program))
    key = cache.digest(Path(__file__), SHIM, MAPPING, *libraries, *libraries.values(), *shipped, *shipped.values())
    return cache.entry("payload", key, lambda into: _make(into, shipped, libraries)) / "image"


def _make(directory, shipped, libraries):
    tree = directory / "tree"
    (tree / "bin").mkdir(parents=True)
    (tree / "lib").mkdir()
    for name, path in shipped.items():
        shutil.copy(path, tree / "bin" / name)
    for name, path in libraries.items():
        shutil.copy(os.path.realpath(path), tree / "lib" / name)
    compile_c = ["gcc", "-O2", "-Wall", "-Wextra", "-Werror"]
    run([*compile_c, "-shared", "-fPIC", "-o", tree / "lib/faultshim.so", SHIM, "-ldl"])
    run([*compile_c, "-o", tree / "bin/daxmap", MAPPING])
    with open(directory / "image", "wb") as file:
        file.truncate(PAYLOAD_BYTES)
    run(["mkfs.ext4", "-q", "-O", "^has_journal", "-m", "0", "-d", tree, directory / "image"])
    shutil.rmtree(tree)
