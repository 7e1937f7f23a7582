"""Saved plans on a real kernel, and two applies at once."""

import json

import pytest

from support import Daxprov, namespace, profile, region
from support.board import Board
from support.daxprov import DONE, REFUSED, ROLLED_BACK

STALE, LOCKED = 6, 7
PLAN, PROFILE = "/tmp/plan", "/tmp/profile.yaml"
WAL, HEAP = namespace(name="wal", mode="fsdax", size="64 MiB"), namespace(name="heap", mode="devdax", size="32 MiB")
BEFORE = profile(region(0, WAL, HEAP))
AFTER = profile(region(
    0, WAL.replace("fsdax", "devdax"), namespace(name="pile", renamed_from="heap", mode="devdax", size="32 MiB"),
    namespace(name="new", mode="sector", size="64 MiB")))


def save(daxprov, wanted):
    daxprov.vm.write_file(PROFILE, wanted)
    return daxprov.run("plan", PROFILE, "-o", PLAN).check()


def apply_saved(daxprov, *options):
    return daxprov.run("apply", "--yes", "--allow-destroy", "wal", *options, PLAN)


def device(daxprov, name):
    return daxprov.inventory().named(name)["dev"]


@pytest.mark.each_kernel
def test_a_saved_plan_is_applied_after_a_reboot_too_and_only_once(labelled):
    daxprov = Daxprov(labelled)
    daxprov.applied(BEFORE)
    save(daxprov, AFTER)
    assert labelled.run(["stat", "-c", "%a %U", PLAN]).out == "600 root\n"
    text = labelled.read_file(PLAN)
    labelled.reboot()
    labelled.write_file(PLAN, text)
    assert daxprov.run("show", PLAN).check().out.endswith("The host is what it was made for.\n")

    before = daxprov.inventory()
    refused = daxprov.run("apply", "--yes", PLAN)
    assert refused.status == REFUSED and "--allow-destroy wal" in refused.out
    assert daxprov.inventory().document == before.document
    result = apply_saved(daxprov)
    assert result.status == DONE, result
    assert daxprov.is_settled(AFTER.replace(", renamed_from: heap", ""))
    assert apply_saved(daxprov).status == STALE


@pytest.mark.each_kernel
def test_a_saved_plan_means_its_region_by_the_dimm_when_a_boot_gives_regions_other_numbers(machine):
    """In each of two regions lies a namespace. The DIMMs change numbers, and the plan is still for its DIMM's region."""
    board = Board(2)
    vm = machine(board.topology())
    daxprov = Daxprov(vm)

    def regions():
        dimms = {dimm["dev"]: dimm["id"] for dimm in daxprov.inventory().dimms}
        return {dimms[each["mappings"][0]["dimm"]]: each for each in daxprov.inventory().regions}

    def declared(dimm, *namespaces):
        return profile(region(0, *namespaces, labels="init", match=f'{{dimms: ["{dimm}"]}}'))

    numbers = {dimm: each["dev"] for dimm, each in regions().items()}
    handles = {dimm["handle"]: dimm["id"] for dimm in daxprov.inventory().dimms}
    ours, theirs = (handles[board.slots[image] + 1] for image in board.worked_on)
    daxprov.applied(declared(ours, WAL), allow=[numbers[ours]])
    daxprov.applied(declared(theirs, namespace(name="theirs", mode="fsdax", size="64 MiB")), allow=[numbers[theirs]])
    text = declared(ours, WAL.replace("fsdax", "devdax"), namespace(name="new", mode="sector", size="64 MiB"))
    save(daxprov, text)
    saved, untouched = vm.read_file(PLAN), regions()[theirs]["namespaces"][0]["raw_uuid"]

    board.turn["dimm0"], board.turn["dimm1"] = board.turn["dimm1"], board.turn["dimm0"]
    vm.rebuild(board.topology())
    vm.write_file(PLAN, saved)
    assert (regions()[ours]["dev"], regions()[theirs]["dev"]) == (numbers[theirs], numbers[ours])
    assert daxprov.run("show", PLAN).check().out.endswith("The host is what it was made for.\n")
    applied = daxprov.run("apply", "--yes", "--allow-destroy", f"{numbers[theirs]}/wal", PLAN)
    assert applied.status == DONE, applied
    assert daxprov.is_settled(text)
    assert [each["raw_uuid"] for each in regions()[theirs]["namespaces"]] == [untouched]

    # What goes by the number means the other region from then on.
    save(daxprov, profile(region(int(numbers[ours][6:]), namespace(name="more", mode="raw", size="32 MiB"))))
    saved, before = vm.read_file(PLAN), {dimm: each["namespaces"] for dimm, each in regions().items()}
    board.turn["dimm0"], board.turn["dimm1"] = board.turn["dimm1"], board.turn["dimm0"]
    vm.rebuild(board.topology())
    vm.write_file(PLAN, saved)
    assert daxprov.run("apply", "--yes", PLAN).status == STALE
    assert {dimm: [each.get("raw_uuid") for each in found["namespaces"]] for dimm, found in regions().items()} == {
        dimm: [each.get("raw_uuid") for each in found] for dimm, found in before.items()}


def test_a_plan_that_the_host_has_outlived_touches_nothing_and_says_why(labelled):
    daxprov = Daxprov(labelled)
    daxprov.applied(BEFORE)
    for change, words in (
            ("ndctl create-namespace -r region0 -m raw -s 32M -n theirs", "region0: allocated since: 32 MiB at 0x"),
            ("ndctl disable-namespace {wal}", "region0/wal: its state was active, and is disabled"),
            ("ndctl destroy-namespace -f {heap}", "region0/heap: the namespace is gone"),
            ("ndctl create-namespace -f -e {wal} -m fsdax -n wal -M mem", "region0/wal: the namespace is gone"),
            ("ndctl destroy-namespace -f {wal} && ndctl create-namespace -r region0 -m fsdax -s 64M -n wal",
             "region0/wal: the namespace is gone"),
            ("ndctl disable-namespace {heap} && echo other > /sys/bus/nd/devices/{heap}/alt_name",
             "region0/heap: its name was heap, and is other")):
        save(daxprov, AFTER)
        labelled.run(change.format(**{name: device(daxprov, name) for name in ("wal", "heap")}), check=True)
        before = daxprov.inventory()
        result = apply_saved(daxprov, "--json")
        assert result.status == STALE, (change, result)
        report = json.loads(result.stdout)
        assert report["outcome"] == "stale" and report["done"] == []
        assert any(f"{each['address']}: {each['message']}".startswith(words) for each in report["differences"]), report
        shown = daxprov.run("show", PLAN)
        assert shown.status == STALE and shown.out.endswith("Plan again.\n"), shown
        assert daxprov.inventory().document == before.document, change
        labelled.run("ndctl destroy-namespace -f all -r region0")
        daxprov.applied(BEFORE)


def test_a_second_apply_waits_or_names_the_first(labelled):
    daxprov = Daxprov(labelled)
    labelled.write_file(PROFILE, BEFORE)
    first = labelled.start(["daxprov", "apply", PROFILE], stdin=True, tty=True)
    first.wait_for_output(b"Type yes: ")
    process = labelled.run("pidof daxprov", check=True).out.strip()

    refused = daxprov.apply(BEFORE)
    assert refused.status == LOCKED and f"another daxprov (process {process})" in refused.err
    assert daxprov.inventory().region(0)["namespaces"] == []
    second = labelled.start(["daxprov", "apply", "--yes", "--lock-timeout", "300", PROFILE])
    first.write(b"yes\n")
    assert first.wait().status == DONE
    waited = second.wait(300)
    assert waited.status == DONE and "No changes" in waited.out, waited
    assert len(daxprov.inventory().region(0)["namespaces"]) == 2


def test_a_change_while_the_administrator_is_asked_is_noticed(labelled):
    daxprov = Daxprov(labelled)
    daxprov.applied(BEFORE)
    labelled.write_file(PROFILE, AFTER)
    asking = labelled.start(["daxprov", "apply", PROFILE], stdin=True, tty=True)
    asking.wait_for_output(b"Type wal to agree: ")
    labelled.run(f"ndctl disable-namespace {device(daxprov, 'wal')}", check=True)
    before = daxprov.inventory()
    asking.write(b"wal\n")
    ended = asking.wait()
    assert ended.status == STALE and "its state was active, and is disabled" in ended.out, ended
    assert daxprov.inventory().document == before.document
    assert daxprov.run("status").status == DONE
