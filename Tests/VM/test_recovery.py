"""Recovery where the kernel itself is at a loss: the labels of a region's DIMMs do not agree, or it cannot enable the region.

What can happen to a region in which a transaction died:
- the power went between the label writes of two DIMMs: the old labels are written back, and with them whatever an earlier step of the
  transaction wrote over, be it by a namespace that it made there or in place;
- somebody made, renamed or destroyed a namespace on one of these DIMMs since: nothing is written, and the error names it;
- its owner disabled the region, and a DIMM as well: no label is written, and what people made of a new namespace stays;
- somebody took the place of what would have to come back: it stops, and can be given up;
- it cannot be ended: work on other regions goes on, and is reviewed as always.
"""

import pytest

from lab import Fault, labels
from support import Daxprov, contents, namespace, profile, region
from support import labels as areas
from support.daxprov import DONE, ERROR, PARTIAL, REFUSED, asked

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


@pytest.mark.parametrize("way", ["replaced", "in place"])
def test_what_was_written_over_under_a_label_that_is_put_back_comes_back_too(machine, way):
    """The power goes between the first DIMM's label of a second namespace and the others', when another step has written over `old`."""
    vm = machine("nfit")
    vm.run("ndctl wait-scrub all")
    vm.run(labels.initialise(BUS), check=True)
    daxprov = Daxprov(vm)
    made = daxprov.applied(profile(region(1, namespace(name="old", mode="raw", size="16 MiB"), KEPT)))
    contents.fill(vm, made.node("old"), "old", 4 << 20)
    digest, facts = contents.digest(vm, made.node("old")), made.facts()
    name = "new" if way == "replaced" else "old"
    wanted = profile(region(1, KEPT, namespace(name=name, mode="fsdax", size="16 MiB"),
                            namespace(name="second", mode="raw", size="16 MiB")), unmanaged="destroy")

    seed = vm.run("readlink -f /sys/bus/nd/devices/$(cat /sys/bus/nd/devices/region1/namespace_seed)", check=True).out.strip()
    job = vm.start_until_stopped(
        ["daxprov", "apply", "--yes", "--allow-destroy", "old", "-"], stdin=wanted.encode(),
        fault=Fault(1, "stop-before", paths=(f"{seed}/size",)))
    over = daxprov.inventory().named(name)
    assert over["mode"] == "fsdax" and over["resource"] == made.named("old")["resource"], job.stdout
    others = [each["dimm"] for each in made.region(1)["mappings"]][1:]
    assert len(others) == 3
    read, write = (" && ".join(f"ndctl {verb}-labels -{way} /tmp/{dimm} {dimm}" for dimm in others)
                   for verb, way in (("read", "o"), ("write", "i")))
    # The store that the program was about to make, by hand; then the other DIMMs get what they held before it.
    vm.run(f"{read} && kill -9 $(pidof daxprov) && echo {16 << 20} > {seed}/size", check=True)
    assert job.wait().signal == 9
    vm.run(f"""
        ndctl disable-region -b {BUS} all && {write} && ndctl disable-dimm -b {BUS} all && ndctl enable-dimm -b {BUS} all
        ndctl enable-region -b {BUS} all""")
    assert daxprov.inventory().region(1)["state"] == "disabled"

    # What the new namespace holds goes with its label, and nobody can look at it.
    found = daxprov.recovered(*(["new"] if way == "replaced" else []))
    assert contents.digest(vm, found.node("old")) == digest and found.facts() == facts
    assert "rolled_back" in daxprov.run("history", "--json").check().out


BIND = "/sys/bus/nd/drivers/nd_pmem/bind"


def made_and_used(daxprov, number):
    """A creation in a region whose program died right after the kernel had enabled `z`; the digest of a file that people made there."""
    killed = daxprov.run("apply", "--yes", profile=profile(region(number, namespace(name="z", mode="fsdax", size="64 MiB"))),
                         fault=Fault(1, "kill-after", paths=(BIND,)))
    assert killed.signal == 9, killed
    file = contents.make_file(daxprov.vm, daxprov.inventory().node("z"), "/mnt/z", "z")
    daxprov.vm.run("umount /mnt/z; sync", check=True)
    return file


def file_of(daxprov):
    daxprov.vm.run(f"mount -o dax {daxprov.inventory().node('z')} /mnt/z", check=True)
    found = contents.file_digest(daxprov.vm, "/mnt/z")
    daxprov.vm.run("umount /mnt/z", check=True)
    return found


@pytest.mark.parametrize("allow", [(), ("--allow-destroy", "z")], ids=["unasked", "agreed"])
def test_a_region_that_a_disabled_dimm_keeps_from_being_enabled_keeps_its_labels(labelled, allow):
    vm, daxprov = labelled, Daxprov(labelled)
    file = made_and_used(daxprov, 0)
    made = daxprov.inventory()
    media = contents.media_range(made.named("z"), made.region(0))
    vm.run("ndctl disable-region region0 && ndctl disable-dimm nmem0", check=True)
    places = (media, ("dimm0", 1024 << 20, 128 << 10))  # the label area lies behind the data
    before = [contents.image_digest(vm, *place) for place in places]
    stuck = daxprov.run("recover", *allow)
    assert stuck.status != DONE, stuck
    assert [contents.image_digest(vm, *place) for place in places] == before
    vm.run("ndctl enable-dimm nmem0", check=True)
    # Words that were not enough are not kept.
    stopped = daxprov.run("recover")
    assert stopped.status == PARTIAL and asked(stopped) == {"z"} and "ext4" in stopped.err, stopped
    assert file_of(daxprov) == file
    assert daxprov.recovered("z").namespaces == []


def test_what_is_done_beside_what_cannot_be_ended_is_reviewed_as_always(labelled):
    """A label that the kernel would not write back, in a region that has nothing to do with it."""
    daxprov = Daxprov(labelled)
    guid = namespace(name="guid", mode="raw", size="32 MiB")
    daxprov.applied(profile(region(0, guid)))
    area = areas.put(areas.read(labelled), "guid", areas.ABSTRACTION, bytes(range(1, 17)))
    areas.write(labelled, area)
    file = made_and_used(daxprov, 1)
    before = daxprov.inventory().facts()

    renamed = profile(region(0, namespace(name="renamed", renamed_from="guid", mode="raw", size="32 MiB")))
    refused = daxprov.apply(renamed)
    assert refused.status == REFUSED and "abstraction GUID" in refused.out + refused.err, refused
    both = daxprov.apply(profile(region(0, guid), region(1, namespace(name="z", mode="fsdax", size="64 MiB"))))
    assert both.status == PARTIAL and asked(both) == {"z"}, both
    assert areas.read(labelled) == area and daxprov.inventory().facts() == before and file_of(daxprov) == file
    assert daxprov.apply(profile(region(0, guid, namespace(name="more", mode="raw", size="32 MiB")))).status == DONE
    assert daxprov.inventory().named("more") and file_of(daxprov) == file


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
