"""Virtual machines with persistent memory, for tests: see ../README.md."""

from .errors import LabError
from .faults import Fault
from .machine import Machine

__all__ = ["Fault", "LabError", "Machine"]
