"""Random situations between a crash and its recovery, on the real kernel.

An apply, or a rollback of one, is killed at any of its calls. Then some of this happens: the power goes; the host boots with
its DIMMs in another order, or without one of them; the owner disables the region that was not touched; another tool makes
a namespace there; people write to every byte that they reach; recovery itself is killed. Then, without consent: every byte
that anybody wrote is what they wrote, and what recovery calls undone is the old state. With consent to what it names it comes
to its end, unless the region is not there: then it says which DIMM, and goes on when that is back.

The simulated host has many more of these in the unit tests. Here a seed is a machine of its own: DAXPROV_UNDO_CASES says how
many, and DAXPROV_UNDO_SEED which one is the first.
"""

import json
import os
import random
import re

import pytest

from lab import Fault
from support import Daxprov, contents, namespace, profile, region
from support.daxprov import DONE, PARTIAL, REFUSED
from support.transactions import CALLS, PATHS

CASES = int(os.environ.get("DAXPROV_UNDO_CASES", "2"))
FIRST = int(os.environ.get("DAXPROV_UNDO_SEED", "1"))
DISK = "/mnt/state"
STATE = f"{DISK}/daxprov"
ORDERS = ("nvdimm-three", "nvdimm-three-turned")
WITHOUT_FIRST = "nvdimm-three-without"


class Situation:
    def __init__(self, vm, seed):
        self.vm, self.daxprov, self.random = vm, Daxprov(vm), random.Random(seed)
        self.story = [f"seed {seed}"]
        found = self.daxprov.inventory()
        names = {dimm["dev"]: dimm["id"] for dimm in found.dimms}
        ordered = sorted(found.regions, key=lambda each: each["resource"])
        self.ids = {f"dimm{number}": names[each["mappings"][0]["dimm"]] for number, each in enumerate(ordered)}
        vm.run(f"mkfs.ext4 -q /dev/{ordered[2]['namespaces'][0]['blockdev']}", check=True)
        self.mount()

    # What people and the machine do

    def mount(self):
        for node in sorted(self.nodes()):
            if self.vm.run(f"mkdir -p {DISK} && mount -t ext4 {node} {DISK}").status == 0:
                return
        raise AssertionError(f"the state is nowhere: {self.story}")

    def nodes(self):
        return ["/dev/" + each["blockdev"] for each in self.daxprov.inventory().namespaces
                if each["state"] == "active" and each.get("mode") == "raw"]

    def boot(self, topology):
        self.vm.run(f"umount {DISK}; sync")
        self.vm.rebuild(topology)
        self.mount()

    def regions(self):
        """{image: region} of the two DIMMs that are worked on."""
        found = self.daxprov.inventory()
        images = {dimm["dev"]: image for dimm in found.dimms for image, name in self.ids.items() if dimm["id"] == name}
        regions = {images[each["mappings"][0]["dimm"]]: each for each in found.regions}
        return {image: each for image, each in regions.items() if image != "dimm2"}

    def facts(self):
        """{image: what its region has}, with places from the start of the region, and without kernel names."""
        facts = {}
        for image, each in self.regions().items():
            facts[image] = (each["state"], sorted(
                tuple(sorted((key, item[key] - each["resource"] if key == "resource" else str(item[key]))
                             for key in item if key not in ("dev", "blockdev", "chardev")))
                for item in each["namespaces"]))
        return facts

    def write_everywhere(self, seed):
        written = {}
        for image, each in self.regions().items():
            for item in each["namespaces"]:
                node = item.get("blockdev") or item.get("chardev")
                if item["state"] != "active" or not node:
                    continue
                contents.fill_all(self.vm, f"/dev/{node}", f"{seed} {image} {item['resource'] - each['resource']}")
                _, offset, length = contents.media_range(item, each)
                written[image, offset, length] = None
        self.vm.run("sync")
        return {place: contents.image_digest(self.vm, *place) for place in written}

    def written_over(self, written):
        self.vm.run("sync")
        return [place for place, digest in written.items() if contents.image_digest(self.vm, *place) != digest]

    # What daxprov does

    def run(self, *words, allow=(), **options):
        words = (*words, *(word for name in sorted(allow) for word in ("--allow-destroy", name)))
        result = self.daxprov.run(words[0], "--state-dir", STATE, *words[1:], timeout=900, **options)
        assert not result.timed_out, (self.story, result)
        return result

    def agreed(self, *words, refusal, **options):
        """What is to be agreed to for this to run, without running it to its end."""
        allow = set()
        while True:
            result = self.run(*words, allow=allow, **options)
            asked = set(re.findall(r"--allow-destroy '?([^\s']+)", result.err + result.out)) - allow
            if result.status != refusal or not asked:
                return result, allow
            allow |= asked

    def wanted(self, name):
        modes = ("fsdax", "devdax", "sector", "raw")
        images = ("dimm0", "dimm1")[:self.random.choice((1, 2))] if name == "second" else ("dimm0", "dimm1")
        return profile(
            *(region(0, *(namespace(name=f"{name}-{image}-{item}", mode=self.random.choice(modes), size="32 MiB")
                          for item in range(self.random.choice((1, 2)))),
                     labels="init", match="{dimms: [%s]}" % self.ids[image]) for image in images),
            unmanaged="destroy")

    def prepare(self):
        first, _ = self.agreed("apply", "--yes", "-", refusal=REFUSED, stdin=self.wanted("first").encode())
        assert first.status == DONE, first
        self.vm.run(f"rm -r {STATE}", check=True)  # what is looked at is the only transaction
        self.write_everywhere("before")
        self.old = self.facts()

    def fault(self, most):
        at = self.random.randint(most // 10, most)
        return at, Fault(at, "kill-before", calls=CALLS, paths=PATHS)

    def crash(self):
        second = self.wanted("second").encode()
        preview = self.run("apply", "--dry-run", "-", stdin=second)
        allow = set(re.findall(r"--allow-destroy '?([^\s']+)", preview.err + preview.out))
        at, fault = self.fault(150)
        result = self.run("apply", "--yes", "-", allow=allow, stdin=second, fault=fault)
        if result.signal == 9:
            return self.story.append(f"apply killed at {at}")
        assert result.status == DONE, (self.story, result)
        at, fault = self.fault(100)
        names = set(re.findall(r"second-dimm\d-\d", second.decode()))
        result = self.run("rollback", "--yes", allow=names, fault=fault)
        self.story.append(f"rollback killed at {at}" if result.signal == 9 else f"rollback: {result.status}")

    def interlude(self):
        others = sorted(set(self.facts()) - self.touched())[:1]
        if others and self.random.random() < 0.3:
            [name] = others
            self.vm.run(f"ndctl disable-region {self.regions()[name]['dev']}", check=True)
            self.story.append(f"{name} disabled")
        elif others and self.random.random() < 0.5:
            [name] = others
            made = self.vm.run(f"ndctl create-namespace -r {self.regions()[name]['dev']} -m raw -s 64M -n theirs")
            self.story.append(f"ndctl made one on {name}: {made.status}")
            self.old[name] = self.facts()[name]
        if self.random.random() < 0.7:
            topology = self.random.choice((*ORDERS, *ORDERS, WITHOUT_FIRST))
            self.boot(topology)
            self.story.append(topology)
        written = {}
        if self.random.random() < 0.7:
            written = self.write_everywhere("since")
            self.story.append("written full")
        return written

    def touched(self):
        """The DIMMs in whose regions a step began, as the journal says."""
        # Killed early it left a directory without a journal.
        names = self.vm.run(f"cd {STATE}/transactions && ls */journal").out.split()
        if not names:
            return set()
        steps = json.loads(self.run("show", os.path.dirname(names[0]), "--json").check().stdout)["steps"]
        images = {each["dev"]: image for image, each in self.regions().items()}
        return {images[step["region"]] for step in steps if step["begun"]}

    def recover(self, written):
        left = self.facts()
        if self.random.random() < 0.4:
            at, fault = self.fault(60)
            killed = self.run("recover", fault=fault)
            self.story.append(f"recover killed at {at}: {killed.signal}")
            assert not self.written_over(written), (self.story, killed)
        result = self.run("recover")
        assert result.status in (DONE, PARTIAL), (self.story, result)
        assert not self.written_over(written), (self.story, result)
        if "dimm0" not in left and result.status == PARTIAL and "--allow-destroy" not in result.err:
            assert self.ids["dimm0"] in result.err, (self.story, result)
            self.story.append("waits for the first DIMM")
            self.boot(self.random.choice(ORDERS))
            result = self.run("recover")
            assert not self.written_over(written), (self.story, result)
        if result.status == PARTIAL:
            self.story.append("asks")
            result, _ = self.agreed("recover", refusal=PARTIAL)
        assert result.status == DONE, (self.story, result)
        # What the kernel needs to bring it up was written over, which is said.
        self.gone = set(re.findall(r"(\S+) has its label and place", result.out + result.err))
        if "dimm0" not in self.facts():
            self.boot(ORDERS[0])
        return left

    def judge(self, left):
        for image, facts in self.facts().items():
            expected = [self.but_gone(each) for each in (self.old[image], left.get(image)) if each]
            assert self.but_gone(facts) in expected, (self.story, image, facts, self.old[image])

    def but_gone(self, facts):
        state, namespaces = facts
        return state, [each for each in namespaces if dict(each).get("name") not in self.gone]


@pytest.mark.each_kernel
@pytest.mark.crash_points
@pytest.mark.parametrize("seed", range(FIRST, FIRST + CASES))
def test_nobodys_data_is_written_over(machine, seed):
    situation = Situation(machine("nvdimm-three"), seed)
    situation.prepare()
    situation.crash()
    written = situation.interlude()
    left = situation.recover(written)
    situation.judge(left)
    print(situation.story)
