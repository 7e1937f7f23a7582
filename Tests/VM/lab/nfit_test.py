"""The kernel's emulated NFIT, built as modules for the guest's kernel."""

from .errors import LabError


def build(kernel):
    raise LabError(f"emulated NFIT modules for {kernel.release} are not built yet")
