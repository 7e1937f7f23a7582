"""The kernel's emulated NFIT (nfit_test), built as modules for the guest's kernel.

It brings interleaved regions, bad blocks, scrubs and sick DIMMs, which QEMU does not have. The drivers are
built with it, from the same source as the kernel, because their calls into the kernel are wrapped.
"""

import os
import re
import shutil

from . import cache
from .kernel import download
from .tools import run

DRIVERS = ("drivers/nvdimm", "drivers/dax", "drivers/acpi/nfit")
TEST = "tools/testing/nvdimm"


def build(kernel):
    """The directory with the modules."""
    key = cache.digest(kernel.release, kernel.version, open(__file__, "rb").read())
    return cache.entry("nfit_test", key, lambda directory: _build(kernel, directory)) / "modules"


def _build(kernel, directory):
    headers = _unpack_headers(kernel, directory)
    source = _unpack_source(kernel, directory)
    include = " ".join(f"-I{source / driver}" for driver in DRIVERS)
    run(["make", "-C", headers, f"-j{os.cpu_count()}", f"M={source / TEST}", f"KCFLAGS={include}", "modules"])
    modules = directory / "modules"
    modules.mkdir()
    for module in source.rglob("*.ko"):
        run(["strip", "--strip-debug", "-o", modules / module.name, module])
    for leftover in ("usr", "lib"):
        shutil.rmtree(directory / leftover, ignore_errors=True)


def _unpack_headers(kernel, directory):
    base = re.sub(r"-cloud-amd64$", "", kernel.release)
    series = ".".join(kernel.release.split(".")[:2])
    for package in (f"linux-headers-{kernel.release}", f"linux-headers-{base}-common", f"linux-kbuild-{series}"):
        download(f"{package}={kernel.version}", directory)
    headers = directory / "usr/src" / f"linux-headers-{kernel.release}"
    makefile = headers / "Makefile"  # it names its place once installed
    makefile.write_text(makefile.read_text().replace("/usr/src", str(directory / "usr/src")))
    return headers


def _unpack_source(kernel, directory):
    series = ".".join(kernel.release.split(".")[:2])
    download(f"linux-source-{series}={kernel.version}", directory)
    name = f"linux-source-{series}"
    source = directory / "usr/src"
    run(["tar", "-C", source, "-xJf", source / f"{name}.tar.xz", *(f"{name}/{part}" for part in (*DRIVERS, TEST))])
    for driver in DRIVERS:  # or they would be built a second time, as they are
        for makefile in ("Makefile", "Kbuild"):
            (source / name / driver / makefile).unlink(missing_ok=True)
    return source / name
