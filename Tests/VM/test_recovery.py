"""Recovery where the kernel itself is at a loss: the labels of a region's DIMMs do not agree."""

import pytest

from lab import Fault, labels
from support import Daxprov, contents, namespace, profile, region
from support.daxprov import DONE, ERROR, PARTIAL, REFUSED

BUS = "nfit_test.0"
KEPT = namespace(name="kept", mode="raw", size="16 MiB")
BEFORE = profile(
    region(0, namespace(name="other", mode="raw", size="16 MiB")),
    region(1, KEPT, namespace(name="old", mode="sector", size="16 MiB")))
AFTER = profile(
    region(0, namespace(name="other", mode="raw", size="16 MiB")),
    region(1, KEPT, namespace(name="new", mode="fsdax", size="32 MiB")), unmanaged="destroy")
NAMES = ("other", "kept", "old")


def test_a_region_whose_dimms_disagree_gets_its_old_labels_back(machine):
    vm = machine("nfit")
    vm.run("ndctl wait-scrub all")
    vm.run(labels.initialise(BUS), check=True)
    daxprov = Daxprov(vm)
    found = daxprov.applied(BEFORE)
    for name in NAMES:
        contents.fill(vm, found.node(name), name)
    digests = {name: contents.digest(vm, found.node(name)) for name in NAMES}
    facts = found.facts()
    vm.run("ndctl read-labels -o /tmp/labels nmem0", check=True)

    # Killed when the new label is on all four DIMMs; then one DIMM lacks it, as when the power had failed in between.
    killed = daxprov.run(
        "apply", "--yes", "--allow-destroy", "old", profile=AFTER, fault=Fault(16, "kill-before", paths=("/sys",)))
    assert killed.signal == 9, killed
    assert daxprov.inventory().named("new")
    vm.run(f"""
        ndctl disable-region -b {BUS} all && ndctl write-labels -i /tmp/labels nmem0 &&
        ndctl disable-dimm -b {BUS} all && ndctl enable-dimm -b {BUS} all; ndctl enable-region -b {BUS} all""")
    broken = daxprov.inventory()
    assert [each["state"] for each in broken.regions[:2]] == ["enabled", "disabled"]

    # Saved labels cover whole DIMMs: they are not written over a namespace that somebody made in between.
    vm.run("ndctl create-namespace -r region0 -m raw -s 16M -n theirs", check=True)
    refused = daxprov.run("recover")
    assert refused.status == PARTIAL and "theirs" in refused.err, refused
    assert daxprov.inventory().named("theirs")
    vm.run(f"ndctl destroy-namespace -f {daxprov.inventory().named('theirs')['dev']}", check=True)

    # Nor over what somebody changed in another region on the same DIMM, or destroyed there.
    rename(vm, daxprov, "other", "renamed")
    refused = daxprov.run("recover")
    assert refused.status == PARTIAL and "renamed was changed" in refused.err, refused
    assert daxprov.inventory().named("renamed")
    rename(vm, daxprov, "renamed", "other")

    recovered = daxprov.run("recover")
    assert recovered.status == DONE, recovered
    found = daxprov.inventory()
    assert found.facts() == facts
    assert {name: contents.digest(vm, found.node(name)) for name in NAMES} == digests
    assert daxprov.is_settled(BEFORE)


def rename(vm, daxprov, old, new):
    device = daxprov.inventory().named(old)["dev"]
    vm.run(f"""
        ndctl disable-namespace {device} && echo {new} >/sys/bus/nd/devices/{device}/alt_name &&
        ndctl enable-namespace {device}""", check=True)


@pytest.mark.each_kernel
def test_a_region_that_somebody_disabled_is_enabled_and_keeps_its_labels(labelled):
    vm, daxprov = labelled, Daxprov(labelled)
    before = profile(region(0, namespace(name="one", mode="raw", size="32 MiB")))
    facts = daxprov.applied(before).facts()
    killed = daxprov.run(
        "apply", "--yes", profile=profile(region(0, namespace(name="two", mode="fsdax", size="32 MiB"))),
        fault=Fault(1, "kill-before", paths=("/sys",)))
    assert killed.signal == 9, killed
    vm.run("ndctl create-namespace -r region0 -m raw -s 32M -n theirs", check=True)
    vm.run("ndctl disable-region region0", check=True)
    recovered = daxprov.run("recover")
    assert recovered.status == DONE, recovered
    found = daxprov.inventory()
    assert found.named("theirs") and all(fact in found.facts() for fact in facts)
    assert len(found.namespaces) == 2


def test_a_transaction_whose_old_place_was_taken_can_be_given_up(labelled):
    vm, daxprov = labelled, Daxprov(labelled)
    daxprov.applied(profile(region(0, namespace(name="old", mode="raw", size="32 MiB"))))
    after = profile(region(0, namespace(name="new", mode="raw", size="64 MiB")), unmanaged="destroy")
    # Killed between the deletion of the old namespace and the first store of the new one.
    killed = daxprov.run("apply", "--yes", "--allow-destroy", "old", profile=after,
                         fault=Fault(8, "kill-before", paths=("/sys",)))
    assert killed.signal == 9 and daxprov.inventory().region(0)["namespaces"] == [], killed
    vm.run("ndctl create-namespace -r region0 -m raw -s 32M -n theirs", check=True)

    stuck = daxprov.run("recover")
    assert stuck.status == PARTIAL and "--abandon" in stuck.err, stuck
    assert daxprov.run("apply", "--yes", profile=after).status == PARTIAL
    [transaction] = [word for word in daxprov.run("status").out.split() if word.startswith("000002-")][:1]
    transaction = transaction.rstrip(":,.")
    asked = daxprov.run("recover", "--abandon", transaction)
    assert asked.status == REFUSED, asked
    given_up = daxprov.run("recover", "--abandon", transaction, "--yes")
    assert given_up.status == DONE, given_up
    assert daxprov.inventory().named("theirs")
    assert "given up" in daxprov.run("history").out
    assert daxprov.run("recover", "--abandon", transaction, "--yes").status == ERROR
    assert daxprov.run("rollback", "--yes", transaction).status == REFUSED
    assert daxprov.applied(after, allow=["theirs"]).named("new")
