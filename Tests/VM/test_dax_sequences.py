"""Random sequences of changes to devices of dynamic dax regions, each change disturbed: none of them loses memory or a device.

What happens to a change here:
- memory blocks do not go offline now and then (EBUSY);
- another program brings memory blocks online, again and again;
- it is killed at any of its stores, and recovery is run, which may be killed as well;
- nothing.
What must hold after each, when recovery has ended: no memory is stranded, every device is one that was declared or one that was there, with the bytes
of what stays, and no device without memory is left. After each sequence all memory can be taken back, and as much is online as before.

The same sequences by `daxctl`, with the same disturbances, are counted, not asserted: `make dax-sequences` prints the score. A sequence ends
with the first change that leaves memory stranded, that takes or changes a device beside the one that was to change (lost), or that does not
end (hung).
"""

import errno
import json
import os
import random
import re

import pytest

from lab import Fault, LabError
from support.dax_regions import BOOT, FIRST, MEMORY, MIB, SECOND, Scene, devices
from support.daxprov import DONE, PARTIAL, REFUSED, ROLLED_BACK

SEQUENCES = int(os.environ.get("DAXPROV_DAX_SEQUENCES", "2"))
FIRST_SEED = int(os.environ.get("DAXPROV_DAX_SEED", "1"))
SCORED = int(os.environ.get("DAXPROV_DAXCTL_SEQUENCES", "0"))
CHANGES = 5
# What no command of daxctl takes, also where blocks go offline slowly.
HANGS = 300
SIZES = {FIRST: 1024, SECOND: 512}
NOTHING = devices([], [], unmanaged="destroy")
ONLINER = f"while :; do for each in {MEMORY}/memory*/state; do echo online_movable > $each; done; done 2> /dev/null"
# What undoing says of a device whose bytes are not all there.
LOST = r"(: \d+ of \d+ places| has its layout and identity again, not all of its data)"
DISTURBANCES = ("nothing", "busy", "onliner", "killed", "killed")


class Devices:
    """What is declared: {name: [region, MiB, mode]}. Each change is one thing that people do."""

    def __init__(self, chance):
        self.chance, self.found, self.made, self.owners = chance, {}, 0, {}

    def free(self, region):
        return SIZES[region] - sum(size for where, size, _ in self.found.values() if where == region)

    def change(self):
        """Changes one device, and says how."""
        ways = ["make"] if len(self.found) < 5 else []
        if self.found:
            ways += ["resize", "use", "use", "remove"]
        way = self.chance.choice(ways or ["make"])
        name = self.chance.choice(sorted(self.found)) if self.found else None
        if way == "make":
            region = self.chance.choice(list(SIZES))
            size = self.size(self.free(region))
            if size:
                self.made += 1
                name = f"d{self.made}"
                self.found[name] = [region, size, self.mode()]
                self.owners[name] = self.chance.choice((0, 0, 7))
                return ("make", name)
            way = "remove"
        if way == "resize":
            device = self.found[name]
            device[1] = self.size(self.free(device[0]) + device[1]) or device[1]
        elif way == "use":
            self.found[name][2] = self.mode()
        else:
            del self.found[name]
        return (way, name)

    def size(self, limit):
        """Not always a multiple of memory blocks."""
        fitting = [size for size in (64, 128, 130, 192, 256, 300, 384) if size <= limit]
        return self.chance.choice(fitting) if fitting else 0

    def mode(self):
        # One without a whole memory block cannot be memory.
        return self.chance.choice(("devdax", "devdax", "system-ram", "offline"))

    def declared(self):
        """Those of less than two blocks stay devices: where they lie, they may have no whole block."""
        return {name: (where, size, mode if size >= 256 else "devdax") for name, (where, size, mode) in self.found.items()}

    def profile(self):
        lists = {FIRST: [], SECOND: []}
        for name, (where, size, mode) in sorted(self.declared().items()):
            use = {"devdax": "", "system-ram": ", mode: system-ram", "offline": ", mode: system-ram, online: none"}[mode]
            owner = f", owner: {self.owners[name]}" if mode == "devdax" and self.owners[name] else ""
            lists[where].append(f"name: {name}, size: {size} MiB{use}{owner}")
        return devices(lists[FIRST], lists[SECOND], unmanaged="destroy")


def places(layout):
    """A layout without how many blocks of each device are online."""
    return [(ranges, align, mode, rights) for ranges, align, mode, _, _, rights in layout]


def named(look):
    """What each device is, without how many of its blocks are online."""
    return {name: (device["mappings"], device["align"], device["mode"], device.get("rights")) for name, device in look.devices.items()}


def consents(*declared):
    names = sorted(set().union(*declared))
    return [word for name in (*names, *BOOT) for word in ("--allow-destroy", name)]


class Run:
    """Sequences on one machine."""

    def __init__(self, scene, label):
        self.scene, self.vm, self.label = scene, scene.vm, label
        self.ends, self.seen, self.said = {}, set(), ""

    def disturbed(self, chance, words, timeout=600, **options):
        """Runs a program with a disturbance; returns its end, and whether it was killed."""
        what, onliner, fault = chance.choice(DISTURBANCES), None, None
        self.seen.add(what)
        if what == "busy":
            fault = Fault(chance.randrange(1, 4), f"errno:{errno.EBUSY}", paths=(MEMORY,), log="/tmp/fault.log")
        elif what == "killed":
            fault = Fault(
                chance.randrange(1, 50), "kill-before", calls=("write", "rename", "unlink", "rights"),
                paths=("/sys", "/etc/udev", "/dev/dax"), log="/tmp/fault.log")
        elif what == "onliner":
            onliner = self.vm.start(ONLINER)
        try:
            result = self.vm.run(words, timeout=timeout, fault=fault, **options)
        finally:
            if onliner:
                onliner.kill()
                onliner.wait()
        self.said += result.out + result.err
        self.ends[what, "killed" if result.signal else result.status] = self.ends.get((what, "killed" if result.signal else result.status), 0) + 1
        return result


class DaxprovRun(Run):
    def sequence(self, seed):
        chance = random.Random(seed)
        wanted = Devices(chance)
        online = self.scene.total()
        bytes_, look = {}, self.scene.look()
        for turn in range(CHANGES):
            where = f"{self.label} seed {seed}, change {turn}"
            before, old, earlier = wanted.declared(), wanted.profile(), look
            was = {name: list(device) for name, device in wanted.found.items()}
            change, self.seen, self.said = wanted.change(), set(), ""
            changed, asked = change[1], wanted.declared()
            profile, agreed = wanted.profile(), consents(before, asked)
            result = self.disturbed(chance, ["daxprov", "apply", "--yes", *agreed, "-"], stdin=profile.encode())
            where += f" ({change}): {result}"
            assert result.signal or result.status in (DONE, ROLLED_BACK, REFUSED, PARTIAL), where
            if result.signal or result.status == PARTIAL:
                self.recover(chance, where)
            isNew = self.scene.daxprov.is_settled(profile)
            look = self.scene.look()
            if "onliner" in self.seen and not isNew:
                # The other program may bring online what is to stay offline, until the run has ended. Nothing else is other than it was,
                # or is to be, and what an administrator applies then holds.
                isOld = places(look.layout) == places(earlier.layout)
                assert result.status not in (REFUSED, ROLLED_BACK) or isOld, where
                isNew = result.status == DONE or not isOld
                if isNew:
                    self.assert_declared(look, wanted, where)
                found = named(look)
                assert all(found.get(name) == place for name, place in named(earlier).items() if name not in (changed, *BOOT)), where
                self.scene.applied(profile if isNew else old, allow=sorted(asked if isNew else before))
                look = self.scene.look()
            assert isNew or look.layout == earlier.layout, where
            if not isNew:
                wanted.found = was
            self.scene.assert_sound(look)
            self.assert_declared(look, wanted, where)
            now = wanted.declared()
            for name in set(bytes_) - set(now):
                del bytes_[name]
            for name, (_, _, mode) in now.items():
                target = asked[name][2] if name == changed and name in asked else mode
                source = before.get(name, (0, 0, ""))[2]
                # What became memory, as was agreed, has lost what it held, and so has what the other program brought online. Where that
                # was a device before, undoing says it.
                mayBeLost = target == "system-ram" or "onliner" in self.seen and "offline" in (target, source)
                if mayBeLost and (mode != "devdax" or source != "devdax" or re.search(f"\\b{name}{LOST}", self.said)):
                    bytes_.pop(name, None)
                if mode != "devdax":
                    continue
                if name in bytes_:
                    assert self.scene.digest(name, look) == bytes_[name], f"{name}: {where}"
                else:
                    bytes_[name] = self.scene.fill(name, f"{seed} {turn} {name}", look)
        self.scene.applied(NOTHING, allow=[name for name in wanted.declared()])
        assert self.scene.total() == online, f"{self.label} seed {seed}: {online} bytes were online"

    @staticmethod
    def assert_declared(look, wanted, where):
        """The devices are those that are declared, each of its size and in its mode, and its owner's."""
        found = {name: device for name, device in look.devices.items() if name not in BOOT}
        assert {
            name: (device["size"] // MIB, device["mode"] == "devdax", device.get("rights", {}).get("owner", 0))
            for name, device in found.items()
        } == {
            name: (size, mode == "devdax", wanted.owners[name] if mode == "devdax" else 0)
            for name, (_, size, mode) in wanted.declared().items()
        }, where

    def recover(self, chance, where):
        """To its end, agreeing to what it names. It may be disturbed once."""
        result, agreed = self.disturbed(chance, ["daxprov", "recover"]), set()
        while result.signal or result.status != DONE:
            asked = set(re.findall(r"--allow-destroy '?([^\s']+)", result.err + result.out))
            assert result.signal or asked - agreed or not agreed, f"{where}: {result}"
            agreed |= asked
            words = [word for name in sorted(agreed) for word in ("--allow-destroy", name)]
            last, result = result, self.scene.daxprov.run("recover", *words)
            self.said += result.out + result.err
            assert result.status == DONE or set(re.findall(r"--allow-destroy '?([^\s']+)", result.err)) - agreed, (
                f"{where}: {last}; {result}")


def emptied(machine):
    """A machine whose regions have no device with memory."""
    scene = Scene(machine("hmem"))
    scene.applied(NOTHING)
    # The devices that the boot made are not ours to remove: one that is divided takes their place.
    scene.applied(devices(["name: first, size: 64 MiB"], ["name: first2, size: 64 MiB"]), allow=BOOT)
    scene.applied(NOTHING, allow=["first", "first2"])
    return scene


@pytest.mark.each_kernel
def test_no_sequence_loses_memory_or_a_device(machine):
    run = DaxprovRun(emptied(machine), "daxprov")
    for seed in range(FIRST_SEED, FIRST_SEED + SEQUENCES):
        run.sequence(seed)
        print(f"seed {seed}: kept")
    print(f"daxprov: {SEQUENCES} sequences, ends of changes: {run.ends}")


class DaxctlRun(Run):
    """What an administrator types for the same changes."""

    def sequence(self, seed):
        """Runs it, and says how it ended."""
        chance = random.Random(seed)
        wanted = Devices(chance)
        names, was = {}, {}
        for _ in range(CHANGES):
            before = wanted.declared()
            way, name = wanted.change()
            device = names.get(name)
            for words in self.commands(way, name, device, before.get(name), wanted.declared().get(name)):
                try:
                    result = self.disturbed(chance, ["daxctl", *words], timeout=HANGS)
                except LabError:  # not even by SIGKILL
                    return "hung"
                if result.timed_out:
                    return "hung"
                if way == "make" and result.status == 0 and not result.signal:
                    names[name] = json.loads(result.out)[0]["chardev"] if result.out.startswith("[") else None
            look = self.scene.look()
            if any(region.get("system_memory") for region in look.regions.values()):
                return "stranded"
            # One without a driver is what a command left that was killed.
            now = {each: (found["mappings"], found["align"], found["driver"])
                   for each, found in look.devices.items() if "driver" in found}
            if any(now.get(each) != place for each, place in was.items() if each != device):
                return "lost"
            was = now
        return "kept"

    @staticmethod
    def commands(way, name, device, before, after):
        modes = {"devdax": ["-m", "devdax", "-f"], "system-ram": ["-m", "system-ram"], "offline": ["-m", "system-ram", "-N"]}
        if way == "make":
            yield ["create-device", "-r", "0" if after[0] == FIRST else "1", "-s", f"{after[1]}M"]
            return
        if device is None:
            return
        if way == "remove":
            yield ["destroy-device", "-f", device]
            return
        if way == "resize":
            yield ["disable-device", device]
            yield ["reconfigure-device", "-s", str(after[1] * MIB), device]
            yield ["enable-device", device]
        yield ["reconfigure-device", *modes[after[2]], device]


def score_of_daxctl(machine):
    scores, ends = {}, {}
    for seed in range(FIRST_SEED, FIRST_SEED + SCORED):
        scene = emptied(machine)
        run = DaxctlRun(scene, "daxctl")
        end = run.sequence(seed)
        ends = {each: ends.get(each, 0) + run.ends.get(each, 0) for each in {**ends, **run.ends}}
        scores[end] = scores.get(end, 0) + 1
        scene.vm.close()
    print(f"daxctl: {SCORED} sequences: {scores}, ends of commands: {ends}")


# A score, not a test: where none is asked for, there is nothing to skip.
if SCORED:
    test_score_of_daxctl = score_of_daxctl
