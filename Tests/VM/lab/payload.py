"""The program under test and programs that judge it, with their libraries, as a disk image that every machine mounts at /opt/daxprov."""

import os
import shutil
from pathlib import Path

from . import cache, stacks
from .errors import LabError
from .initramfs import GUEST
from .tools import require, run

PAYLOAD_BYTES = 512 << 20
SHIM = GUEST / "faultshim.c"
MAPPING = GUEST / "daxmap.c"
# Programs of this machine that no test may find by their names: what is said of a bare host would be another thing.
JUDGES = ("fio", "pmempool", "daxio", "qemu-system-x86_64")
QEMU_MODULE = Path("/usr/lib/x86_64-linux-gnu/qemu/accel-tcg-x86_64.so")
JUDGES_FOLDER = "/opt/daxprov/judges"
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
    judges = _judges()
    key = cache.digest(
        Path(__file__), SHIM, MAPPING, *libraries, *libraries.values(), *shipped, *shipped.values(), *judges, *judges.values())
    return cache.entry("payload", key, lambda into: _make(into, shipped, libraries, judges)) / "image"


def _judges():
    """{name: path} of the judges and their libraries."""
    found = {name: require(name) for name in JUDGES}
    for program in tuple(found.values()):
        libraries = stacks.chosen().programs.shared_libraries(program)
        found.update({name: path for name, path in libraries.items() if not name.startswith("ld-linux")})
    return {name: Path(os.path.realpath(path)) for name, path in (*found.items(), (QEMU_MODULE.name, QEMU_MODULE))}


def _make(directory, shipped, libraries, judges):
    tree = directory / "tree"
    (tree / "bin").mkdir(parents=True)
    (tree / "lib").mkdir()
    (tree / "judges").mkdir()
    for name, path in shipped.items():
        shutil.copy(path, tree / "bin" / name)
    for name, path in libraries.items():
        shutil.copy(os.path.realpath(path), tree / "lib" / name)
    for name, path in judges.items():
        shutil.copy(path, tree / "judges" / name)
    compile_c = ["gcc", "-O2", "-Wall", "-Wextra", "-Werror"]
    run([*compile_c, "-shared", "-fPIC", "-o", tree / "lib/faultshim.so", SHIM, "-ldl"])
    run([*compile_c, "-o", tree / "bin/daxmap", MAPPING])
    with open(directory / "image", "wb") as file:
        file.truncate(PAYLOAD_BYTES)
    run(["mkfs.ext4", "-q", "-O", "^has_journal", "-m", "0", "-d", tree, directory / "image"])
    shutil.rmtree(tree)
