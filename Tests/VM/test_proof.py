"""`require: {proof: ...}`: an apply ends with the proof, or says what is not proven.

What can happen between two lines, and between two runs:
- the file system is not made yet, is unmounted, is mounted without DAX or with it for some files; another tool takes the namespace
  between the last look and the proof; memory goes offline;
- there is nothing to change, and the proof does not hold any more;
- the program is killed after the last step and before the proof.
What must hold: what was not seen is never called proven; nothing is undone for it; text, JSON, journal and exit code say the same; and
proven is what libpmem2 calls so.
"""

import json

import pytest

from support import Daxprov, namespace, profile, region
from support.daxprov import DONE, ERROR, PARTIAL
from support.judge import Judge

EXT4 = "mkfs.ext4 -q -b 4096 -E stride=512,stripe_width=512 -F"
HEAP = namespace(name="heap", mode="devdax", size="64 MiB", require="{proof: dax, page_size: 2 MiB}")


def fs(kind):
    return namespace(name="fs", mode="fsdax", size="160 MiB", require="{proof: %s}" % kind)


def proofs(document):
    return {each["address"].split("/")[1]: (each["outcome"], each["verdict"]) for each in document["proofs"]}


@pytest.mark.each_kernel
def test_an_apply_ends_with_the_proof_or_says_that_it_does_not(labelled, tmp_path):
    daxprov, judge = Daxprov(labelled), Judge(labelled, tmp_path)
    strict, patient = profile(region(0, HEAP, fs("dax"))), profile(region(0, HEAP, fs("dax_if_mounted")))

    def apply(wanted, status, outcome, **expected):
        run = daxprov.run("apply", "--yes", "--json", profile=wanted)
        document = json.loads(run.stdout)
        assert (run.status, document["outcome"], proofs(document)) == (status, outcome, expected), run
        return document

    met, unmounted = ("met", "proven"), ("missed", "not_proven")
    plan = daxprov.plan(strict)
    assert [(each["address"], each["proof"]) for each in plan["proofs"]] == [("region0/heap", "dax"), ("region0/fs", "dax")]
    assert [each["code"] for each in plan["notes"]] == ["proof_waits"]
    first = apply(strict, PARTIAL, "unproven", heap=met, fs=unmounted)
    assert len(first["made"]) == 2 and daxprov.is_settled(strict)
    [recorded] = json.loads(daxprov.run("history", "--json").stdout)["transactions"]
    assert recorded["outcome"] == "committed" and proofs(recorded) == {"heap": met, "fs": unmounted}
    assert "committed, not proven" in daxprov.run("history").out
    text = daxprov.apply(strict)
    assert text.status == ERROR and "region0/fs: not proven, and DAX is required" in text.out + text.err, text
    apply(strict, ERROR, "unproven", heap=met, fs=unmounted)
    apply(patient, DONE, "unchanged", heap=met, fs=("pending", "not_proven"))

    inventory = daxprov.inventory()
    node, heap = inventory.node("fs"), inventory.node("heap")
    labelled.run(f"{EXT4} {node} && mkdir /mnt/fs", check=True)
    for option, status, found in (
            ("dax=always", DONE, met), ("dax=never", ERROR, ("missed", "not_dax")),
            ("noatime", ERROR, ("missed", "proven_per_file"))):
        labelled.run(f"mount -o {option} {node} /mnt/fs", check=True)
        for wanted in (strict, patient):
            apply(wanted, status, "unproven" if status else "unchanged", heap=met, fs=found)
        assert (judge.verdict("file", "/mnt/fs")[0] == "proven") == (found == met)
        labelled.run("umount /mnt/fs", check=True)
    assert judge.verdict("device", heap)[0] == "proven"


@pytest.mark.each_kernel
def test_what_goes_and_what_is_killed_before_the_proof_is_not_proven(labelled):
    daxprov = Daxprov(labelled)

    def until_mapped(wanted):
        """An apply that is about to look at its mapping."""
        labelled.write_file("/tmp/wanted.yaml", wanted)
        job = labelled.start("exec strace -f -o /dev/null -e trace=getrusage -e inject=getrusage:delay_enter=8s:when=5 "
                             "daxprov apply --yes --json /tmp/wanted.yaml")
        labelled.run("until grep -q /dev/dax /proc/[0-9]*/maps; do sleep 0.1; done", check=True)
        return job

    wanted = profile(region(0, HEAP))
    job = until_mapped(wanted)
    labelled.run("kill -KILL $(pidof daxprov)", check=True)
    job.wait()
    assert "interrupted" in daxprov.run("history").out
    assert "DAX in pages of 2 MiB, not made" in daxprov.run("show", json.loads(
        daxprov.run("history", "--json").stdout)["transactions"][0]["id"]).out
    recovered = daxprov.run("recover", "--yes")
    assert recovered.status == DONE and "proof that its profile requires was not made" in recovered.out + recovered.err, recovered
    assert "committed, not proven" in daxprov.run("history").out

    job = until_mapped(wanted)
    labelled.run(f"ndctl disable-namespace {daxprov.inventory().named('heap')['dev']}", check=True)
    gone = job.wait()
    document = json.loads(gone.stdout)
    assert gone.status == ERROR and proofs(document) == {"heap": ("missed", "not_proven")}, gone
    assert document["proofs"][0]["reasons"][0]["code"] == "changed"
    # The next one enables it, and proves it.
    again = daxprov.run("apply", "--yes", "--json", profile=wanted)
    assert again.status == DONE and proofs(json.loads(again.stdout)) == {"heap": ("met", "proven")}, again

    ram = profile(region(0, namespace(name="heap", mode="devdax", size="64 MiB"), namespace(
        name="pool", mode="devdax", size="512 MiB", device="{mode: system-ram}", require="{proof: memory}")))
    made = json.loads(daxprov.run("apply", "--yes", "--json", profile=ram).stdout)
    assert proofs(made) == {"pool": ("met", "system_memory")}, made
    memory = made["proofs"][0]["memory"]
    assert memory["zones"] == ["Movable"] and memory["online_memblocks"] == memory["total_memblocks"] > 0
    assert memory["node"] == daxprov.inventory().named("pool")["target_node"]
