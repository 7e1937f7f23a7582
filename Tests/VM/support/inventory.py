"""What `daxprov inventory --json` reports."""

MIB, GIB = 1 << 20, 1 << 30

DEVICE_NAMES = ("dev", "blockdev", "chardev")


class Inventory:
    """The document, and ways to find things in it. Two of an unchanged host are equal: the time is apart."""

    def __init__(self, document):
        self.time = document.get("time")
        self.document = {key: value for key, value in document.items() if key != "time"}

    @property
    def dimms(self):
        return [dimm for bus in self.document["buses"] for dimm in bus["dimms"]]

    @property
    def regions(self):
        return [region for bus in self.document["buses"] for region in bus["regions"]]

    @property
    def namespaces(self):
        return [namespace for region in self.regions for namespace in region["namespaces"]]

    def region(self, number):
        return next(region for region in self.regions if region["dev"] == f"region{number}")

    def named(self, name):
        """The one namespace of this name."""
        [found] = [namespace for namespace in self.namespaces if namespace.get("name") == name]
        return found

    def with_uuid(self, uuid):
        """The one namespace with this UUID in its label."""
        [found] = [namespace for namespace in self.namespaces if namespace.get("raw_uuid") == uuid]
        return found

    def node(self, name):
        """The device node of the namespace of this name."""
        namespace = self.named(name)
        return "/dev/" + (namespace.get("blockdev") or namespace["chardev"])

    def facts(self, without=()):
        """All of every namespace but the names that the kernel hands out anew, without those named `without`."""
        facts = [
            {key: value for key, value in namespace.items() if key not in DEVICE_NAMES}
            for namespace in self.namespaces if namespace.get("name") not in without]
        return sorted(facts, key=lambda each: each.get("resource", 0))

    def addresses(self):
        """{address: kernel name} of every namespace."""
        return {namespace["resource"]: namespace["dev"] for namespace in self.namespaces}
