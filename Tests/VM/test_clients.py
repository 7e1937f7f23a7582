"""Programs that use persistent memory, beside daxprov, while the machine loses its power.

What can happen between two lines:
- the power goes at any moment: in a transaction of a client, in a step of daxprov, in the end of one or in the proof after it;
- a neighbour is made, taken, moved or made something else of while a client stores to its own memory;
- names of devices change at the boot.
What must hold: every pool opens, is as its last transaction left it, and keeps its place, its UUID and its size; what daxprov was at is
done or undone; and the memory of the clients is still DAX, in pages of 2 MiB.

A machine in QEMU has no caches of a CPU: whatever was stored is kept. So this tests who stores where, and not the flushes.
"""

import json
import os
import random
import re
import time

import pytest

from support import Daxprov, namespace, profile, region
from support.daxprov import DONE, PARTIAL
from support.judge import ObjectClient

ROUNDS = int(os.environ.get("DAXPROV_CLIENT_ROUNDS") or 3)
SEED = int(os.environ.get("DAXPROV_CLIENT_SEED") or random.randrange(1 << 32))
STATE, FILES = "/mnt/state", "/mnt/fs"
PROOF = "{proof: dax_if_mounted, page_size: 2 MiB}"
CLIENTS = (
    namespace(name="heap", mode="devdax", size="64 MiB", protect=True, require="{proof: dax, page_size: 2 MiB}"),
    namespace(name="fs", mode="fsdax", size="128 MiB", protect=True, require=PROOF))
# Each has all names, since consent by a name that nothing has is refused.
NEIGHBOURS = tuple(
    tuple(namespace(name=name, mode=mode, size=size) for name, mode, size in zip(("one", "two", "three"), modes, sizes))
    for modes, sizes in (
        (("devdax", "sector", "raw"), ("64 MiB", "32 MiB", "32 MiB")), (("fsdax", "devdax", "raw"), ("96 MiB", "64 MiB", "32 MiB")),
        (("sector", "raw", "devdax"), ("32 MiB", "64 MiB", "64 MiB"))))
ALLOW = [word for name in ("one", "two", "three") for word in ("--allow-destroy", name)]


def wanted(which):
    return profile(region(0, *CLIENTS, *NEIGHBOURS[which]), region(1, namespace(name="state", mode="raw", size="512 MiB")),
                   unmanaged="destroy")


class Scene:
    def __init__(self, vm, scratch):
        self.vm, self.daxprov, self.client = vm, Daxprov(vm), ObjectClient(vm, scratch)
        self.daxprov.applied(wanted(0))
        self.look()
        vm.run(f"mkfs.ext4 -q {self.node('state')} && mkfs.ext4 -q -b 4096 -E stride=512,stripe_width=512 {self.node('fs')}",
               check=True)
        self.mount()
        self.pools = {"heap": self.node("heap"), "fs": f"{FILES}/pool"}
        self.client.create(self.pools["heap"])
        self.client.create(self.pools["fs"], 32 << 20)
        self.places = self.found()

    def look(self):
        self.inventory = self.daxprov.inventory()

    def node(self, name):
        return self.inventory.node(name)

    def found(self):
        return {name: {key: self.inventory.named(name)[key] for key in ("raw_uuid", "resource", "raw_size", "mode")}
                for name in ("heap", "fs", "state")}

    def mount(self):
        self.vm.run(f"mkdir -p {STATE} {FILES} && mount {self.node('state')} {STATE} && mount -o dax=always {self.node('fs')} {FILES}",
                    check=True)

    def boot(self):
        self.vm.reboot()
        self.client.bring()
        self.look()
        self.mount()
        self.pools["heap"] = self.node("heap")

    def run(self, *words, **options):
        return self.daxprov.run(words[0], "--state-dir", f"{STATE}/daxprov", *words[1:], **options)

    def recover(self, *words):
        run = self.run("recover", "--yes", "--json", *words)
        return run, json.loads(run.stdout)

    def neighbours_change(self):
        """Applies one profile after the other, over and over, until the machine ends."""
        for which in range(len(NEIGHBOURS)):
            self.vm.write_file(f"/tmp/{which}.yaml", wanted(which))
        allow = " ".join(ALLOW)
        return self.vm.start(
            f"while :; do for which in 1 2 0; do daxprov apply --state-dir {STATE}/daxprov --yes {allow} /tmp/$which.yaml "
            "> /tmp/log 2>&1 || { cat /tmp/log; exit 1; }; echo applied; done; done")


@pytest.mark.each_kernel
def test_clients_and_neighbours_outlive_every_loss_of_power(labelled, tmp_path):
    scene, moments = Scene(labelled, tmp_path), random.Random(SEED)
    done, applied, recovered = {name: 0 for name in scene.pools}, 0, 0
    for number in range(ROUNDS):
        where = f"round {number} of seed {SEED}"
        jobs = [scene.client.start(pool) for pool in scene.pools.values()]
        changing = scene.neighbours_change()
        time.sleep(moments.uniform(0.2, 5))
        applied += changing.stdout.count(b"applied")
        assert changing.running, (where, changing.wait())
        assert all(job.running for job in jobs), where
        labelled.kill()

        scene.boot()
        assert scene.found() == scene.places, where
        for name, pool in scene.pools.items():
            after = scene.client.check(pool)["transactions"]
            assert after > done[name], (where, name)
            done[name] = after
        recovery, outcome = scene.recover()
        if outcome["blocked"]:
            # A neighbour that came up at the boot over old data, before it was looked at: nobody knows who wrote that.
            asked = {word for each in outcome["blocked"] for word in re.findall(r"--allow-destroy (\w+)", each["error"]["advice"])}
            assert {each["error"]["kind"] for each in outcome["blocked"]} == {"consent_missing"}, (where, outcome)
            assert asked <= {"one", "two", "three"}, (where, outcome)
            recovery, outcome = scene.recover(*(word for name in sorted(asked) for word in ("--allow-destroy", name)))
        assert recovery.status in (DONE, PARTIAL), (where, recovery)
        assert outcome["blocked"] == [] and outcome["unreadable"] == [], (where, outcome)
        recovered += len(outcome["recovered"])
        end = scene.run("apply", "--yes", "--json", *ALLOW, profile=wanted(number % 3))
        assert end.status == DONE and {each["outcome"] for each in json.loads(end.stdout)["proofs"]} == {"met"}, (where, end)
        scene.look()
        assert scene.found() == scene.places, where
        assert scene.run("plan", "--detailed-exitcode", profile=wanted(number % 3)).status == DONE, where
    print(f"{ROUNDS} rounds, seed {SEED}: {2 * ROUNDS} pools consistent, {done} transactions, {applied} applies done, "
          f"{recovered} recovered")
