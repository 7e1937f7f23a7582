"""A machine on which a transaction dies, with a board whose DIMMs can be moved, and what people and other tools do there until
it is recovered. What must be true then is in undo_situation.py."""

import uuid

from lab import Fault

from . import contents
from .blocks import Blocks, span
from .daxprov import Daxprov

DISK = "/mnt/state"
STATE = f"{DISK}/daxprov"
MODES = ("fsdax", "devdax", "sector", "raw")
# What can happen to one region, whether the transaction touches it or not.
MOVES = ("absent", "renumbered", "moved")
CHANGES = ("disabled", "created", "destroyed", "reconfigured", "renamed", "half made")


def place(item, region):
    """The blocks of a namespace in its DIMM: region and DIMM begin together."""
    return span(item["resource"] - region["resource"], item["raw_size"])


def data_area(item, region):
    """The blocks that its users reach. What lies before, of fsdax and devdax, is the kernel's page map."""
    if item["state"] != "active":
        return place(item, region)
    _, offset, length = contents.media_range(item, region)
    return span(offset, length)


def item_facts(item, region):
    """What is said of a namespace, without what the kernel or a boot numbers anew, and with its place from the start of the region."""
    return {key: item[key] - region["resource"] if key == "resource" else item[key]
            for key in item if key not in ("dev", "blockdev", "chardev", "numa_node", "target_node")}


def region_facts(region):
    """(its state, {UUID of the label: what is said of the namespace})"""
    return region["state"], {item["raw_uuid"]: item_facts(item, region) for item in region["namespaces"] if item.get("raw_uuid")}


class Theirs:
    """A namespace that another tool made."""

    def __init__(self, image, blocks):
        self.image, self.blocks = image, blocks  # of the whole namespace
        self.facts = None                        # nil as long as the inventory does not show it
        self.data = None


class UndoHost:
    def __init__(self, vm, board, random, story):
        self.vm, self.board, self.random, self.story = vm, board, random, story
        self.daxprov, self.paths = Daxprov(vm), dict(vm.images)
        dimms = {dimm["handle"]: dimm["id"] for dimm in self.daxprov.inventory().dimms}
        self.ids = {image: dimms[slot + 1] for image, slot in board.slots.items()}
        self.since = Blocks(self.paths)  # what people wrote since the crash
        self.theirs = {}                 # {UUID of the label: Theirs}
        self.others = set()              # {(image, block)} that other tools wrote to, or gave up
        self.renamed = set()             # the UUIDs of the labels of what got another name

    def mount(self):
        """Mounts the file system with the state directory, wherever it is now."""
        for item in self.regions(("state",))["state"]["namespaces"]:
            self.vm.run(f"mkdir -p {DISK} && mount -t ext4 /dev/{item['blockdev']} {DISK}", check=True)

    def boot(self):
        self.vm.run(f"umount {DISK}; sync")
        self.vm.rebuild(self.board.topology())
        self.mount()

    def regions(self, images=None):
        """{image: region} of those that are there; usually without that of the state."""
        found = self.daxprov.inventory()
        names = {dimm["dev"]: dimm["id"] for dimm in found.dimms}
        images = {self.ids[image]: image for image in images or self.board.worked_on}
        there = ((images.get(names[each["mappings"][0]["dimm"]]), each) for each in found.regions)
        return {image: region for image, region in there if image}

    def facts(self):
        return {image: region_facts(region) for image, region in self.regions().items()}

    # What people write

    def write_everywhere(self, seed):
        """Writes every byte that people reach."""
        for image, region in self.regions().items():
            for item in region["namespaces"]:
                node = item.get("blockdev") or item.get("chardev")
                if item["state"] == "active" and node:
                    contents.fill_all(self.vm, f"/dev/{node}", f"{seed} {image} {item['resource'] - region['resource']}")
        self.vm.run("sync")

    def note_data(self, into):
        """Notes what people reach now."""
        for image, region in self.regions().items():
            for item in region["namespaces"]:
                if item["state"] == "active" and (item.get("blockdev") or item.get("chardev")):
                    into.note(image, data_area(item, region))

    # What happens

    def happen(self, kind, image):
        """Lets it happen to the region of the DIMM. The machine is off its board's order until the next boot()."""
        self.story.append(f"{image} {kind}")
        if kind in MOVES:
            {"absent": lambda: self.board.take_out(image), "renumbered": lambda: self.board.renumber(image, self.random),
             "moved": lambda: self.board.move(image, self.random)}[kind]()
            return
        region = self.regions().get(image)
        if not region or region["state"] != "enabled":
            return
        if kind == "disabled":
            self.vm.run(f"ndctl disable-region {region['dev']}", check=True)
        elif kind in ("created", "half made"):
            self._create(image, region, dies=kind == "half made")
        elif region["namespaces"]:
            self._change(kind, image, region, self.random.choice(region["namespaces"]))
        self.vm.run("sync")

    def _create(self, image, region, dies):
        label, mode = str(uuid.UUID(int=self.random.getrandbits(128), version=4)), self.random.choice(MODES)
        # It dies at one of its stores, before it has enabled anything or after.
        fault = Fault(self.random.randint(2, 14), "kill-before", paths=("/sys",)) if dies else None
        result = self.vm.run(["ndctl", "create-namespace", "-r", region["dev"], "-m", mode, "-s", "32M", "-n", "theirs", "-u", label],
                             fault=fault)
        self.story.append(f"{mode}: {result.signal or result.status}")
        self.theirs[label] = Theirs(image, ())

    def _change(self, kind, image, region, item):
        blocks = place(item, region)
        self.story.append(item.get("name") or item["dev"])
        if kind == "renamed":
            words = f"echo theirs > /sys/bus/nd/devices/{item['dev']}/alt_name"
            if item["state"] == "active":
                words = f"ndctl disable-namespace {item['dev']} && {words} && ndctl enable-namespace {item['dev']}"
            self.vm.run(words)
            self.renamed.add(item.get("raw_uuid"))
            return
        # What lay there is given up by whoever does this.
        self.theirs.pop(item.get("raw_uuid"), None)
        self.others |= {(image, block) for block in blocks}
        self.since.forget(image, blocks)
        if kind == "destroyed":
            self.vm.run(f"ndctl destroy-namespace -f {item['dev']}")
            return
        label, mode = str(uuid.UUID(int=self.random.getrandbits(128), version=4)), self.random.choice(MODES)
        result = self.vm.run(f"ndctl create-namespace -f -e {item['dev']} -m {mode} -u {label}")
        self.story.append(f"{mode}: {result.status}")
        self.theirs[label] = Theirs(image, blocks)

    def remember(self, regions):
        """Takes what is there now for what people, other tools and the kernel left."""
        self.since.refresh()
        for image, region in regions.items():
            for item in region["namespaces"]:
                theirs = self.theirs.get(item.get("raw_uuid"))
                if theirs:
                    theirs.blocks = place(item, region)
                    theirs.facts = item_facts(item, region)
                    theirs.data = Blocks(self.paths)
                    theirs.data.note(image, data_area(item, region))
                    self.others |= {(image, block) for block in theirs.blocks}

    def give_way(self):
        """Whoever made namespaces by another tool destroys them."""
        for label in list(self.theirs):
            theirs = self.theirs.pop(label)
            # By the kernel's files: one that was half made is shown by no tool.
            self.vm.run(f"""for each in $(grep -lx {label} /sys/bus/nd/devices/namespace*/uuid); do
                    name=$(basename $(dirname $each))
                    ndctl destroy-namespace -f $name || echo 0 > $(dirname $each)/size
                done""")
            self.since.forget(theirs.image, theirs.blocks)
