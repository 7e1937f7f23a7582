"""What the tests of daxprov share: running it, reading its reports, writing profiles, comparing contents."""

from .daxprov import Daxprov
from .inventory import Inventory
from .profiles import namespace, profile, region

__all__ = ["Daxprov", "Inventory", "namespace", "profile", "region"]
