"""The kernel's emulated NFIT (nfit_test), built as modules for the guest's kernel.

It brings interleaved regions, bad blocks, scrubs and sick DIMMs, which QEMU does not have. The drivers are
built with it, from the same source as the kernel, because their calls into the kernel are wrapped.
"""

import os
import re
import shutil
from pathlib import Path

from . import cache
from .errors import LabError
from .kernel import packages
from .tools import run

DRIVERS = ("drivers/nvdimm", "drivers/dax", "drivers/acpi/nfit")
TEST = "tools/testing/nvdimm"


DIMM_MEBIBYTES = (32, 64)  # the source's own size, and one that leaves room for several namespaces


def build(stack, kernel, dimm_mebibytes):
    """The directory with the modules for emulated DIMMs of this size."""
    key = cache.digest(kernel.release, kernel.version, open(__file__, "rb").read())
    directory = cache.entry("nfit_test", key, lambda directory: _build(stack, kernel, directory))
    return directory / f"modules-{dimm_mebibytes}"


def _build(stack, kernel, directory):
    # Where the kernel's own tools need a newer C library than the machine has, the build has another root.
    there = Path("/work") if stack.compiler else directory
    headers = _unpack_headers(stack.apt, kernel, directory, there)
    source = _unpack_source(stack.apt, kernel, directory)
    inside = there / source.relative_to(directory)
    include = " ".join(f"-I{inside / driver}" for driver in DRIVERS)
    make = ["make", "-C", there / headers.relative_to(directory), f"-j{os.cpu_count()}", f"M={inside / TEST}",
            f"KCFLAGS={include}", "modules"]
    for size in DIMM_MEBIBYTES:
        _set_dimm_size(source / TEST / "test/nfit.c", size)
        if stack.compiler:
            stack.compiler.run_inside({directory: there}, make)
        else:
            run(make)
        modules = directory / f"modules-{size}"
        modules.mkdir()
        for module in source.rglob("*.ko"):
            run(["strip", "--strip-debug", "-o", modules / module.name, module])
    for leftover in ("usr", "lib"):
        shutil.rmtree(directory / leftover, ignore_errors=True)


def _set_dimm_size(file, mebibytes):
    text, count = re.subn(r"(\tDIMM_SIZE = ).*,", rf"\g<1>{mebibytes} << 20,", file.read_text())
    if count != 1:
        raise LabError(f"{file} does not define DIMM_SIZE as expected")
    file.write_text(text)


def _unpack_headers(apt, kernel, directory, there):
    for package in packages(apt, f"linux-headers-{kernel.release}", kernel.version, r"linux-(headers|kbuild)-"):
        apt.download(package, directory)
    headers = directory / "usr/src" / f"linux-headers-{kernel.release}"
    makefile = headers / "Makefile"  # it names its place once installed
    makefile.write_text(makefile.read_text().replace("/usr/src", str(there / "usr/src")))
    (headers / "vmlinux").unlink(missing_ok=True)  # where it is there, type information would be made from it, with pahole
    return headers


def _unpack_source(apt, kernel, directory):
    series = ".".join(kernel.release.split(".")[:2])
    apt.download(f"linux-source-{series}={kernel.version}", directory)
    name = f"linux-source-{series}"
    source = directory / "usr/src"
    run(["tar", "-C", source, "-xJf", source / f"{name}.tar.xz", *(f"{name}/{part}" for part in (*DRIVERS, TEST))])
    for driver in DRIVERS:  # or they would be built a second time, as they are
        for makefile in ("Makefile", "Kbuild"):
            (source / name / driver / makefile).unlink(missing_ok=True)
    return source / name
