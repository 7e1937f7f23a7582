"""A host as far as people rely on it, to compare two moments."""

from . import contents


class Snapshot:
    """All that the inventory says but kernel names, and what is on the media of every namespace.

    The data of namespaces named in `mounted` may change: a file system writes there.
    """

    def __init__(self, vm, inventory, mounted=()):
        self.facts = inventory.facts()
        self.regions = [
            {key: value for key, value in region.items() if key not in ("dev", "seed", "namespaces")}
            for region in inventory.regions]
        self.media = {
            each["resource"]: contents.media_digest(vm, each, region)
            for region in inventory.regions for each in region["namespaces"]
            if each.get("name") not in mounted and each["state"] == "active"}

    def differences(self, other):
        """What differs from another snapshot, in words; empty where nothing does."""
        found = [f"{mine} is now {theirs}" for mine, theirs in zip(self.regions, other.regions) if mine != theirs]
        found += [f"was: {each}" for each in self.facts if each not in other.facts]
        found += [f"is: {each}" for each in other.facts if each not in self.facts]
        return found + [
            f"the data at {address:#x} changed" for address, digest in self.media.items()
            if other.media.get(address, digest) != digest]
