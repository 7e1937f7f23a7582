"""Whether KVM works here: found out by booting, because /dev/kvm can exist and be broken."""

import os
import shutil
from pathlib import Path

from . import cache, qemu, scratch, state, topologies
from .errors import LabError

TCG = "tcg,thread=multi"
KVM = "kvm"
PROBE_SECONDS = 20


def choose(kernel_image, initramfs):
    """The -accel argument; DAXPROV_VM_ACCEL (kvm or tcg) decides without a probe."""
    if chosen := os.environ.get("DAXPROV_VM_ACCEL"):
        try:
            return {"kvm": KVM, "tcg": TCG}[chosen]
        except KeyError:
            raise LabError(f"DAXPROV_VM_ACCEL is {chosen!r}; it must be kvm or tcg") from None
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return TCG
    key = cache.digest(os.uname().release, _processor(), qemu.version(), kernel_image)

    def probe(directory):
        (directory / "accelerator").write_text(KVM if _boots(kernel_image, initramfs) else TCG)

    return (cache.entry("accelerator", key, probe) / "accelerator").read_text()


def _processor():
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line for line in lines if line.startswith("model name")), "")


def _boots(kernel_image, initramfs):
    hardware = qemu.Hardware(topologies.ALL["none"], kernel_image, initramfs, KVM)
    directory = scratch.directory()
    try:
        machine, _ = state.boot(hardware, directory, PROBE_SECONDS)
        machine.kill()
        return True
    except LabError:
        return False
    finally:
        shutil.rmtree(directory)
