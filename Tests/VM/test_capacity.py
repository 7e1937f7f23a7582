"""Capacity is counted by extents, before anything is touched."""

import pytest

from support import Daxprov, contents, namespace, profile, region
from support.inventory import MIB


def test_free_capacity_in_pieces_is_refused_with_the_extents_named(labelled):
    daxprov = Daxprov(labelled)
    four = [namespace(name=name, mode="raw", size="256 MiB") for name in "abcd"]
    daxprov.applied(profile(region(0, *four)))
    daxprov.applied(profile(region(0, four[0], four[2]), unmanaged="destroy"), allow=["b", "d"])
    before = daxprov.inventory()
    digests = [contents.start_digest(labelled, before.node(name)) for name in "ac"]
    free = before.region(0)["free_extents"]
    assert before.region(0)["available_size"] == 512 * MIB and len(free) == 2

    wanted = profile(region(0, four[0], four[2], namespace(name="large", mode="devdax", size="384 MiB")))
    plan = daxprov.plan(wanted)
    [refusal] = plan["refusals"]
    assert (refusal["code"], refusal["address"]) == ("no_extent", "region0/large")
    for extent in free:
        assert f"256 MiB at {before.region(0)['resource'] + extent['offset']:#x}" in refusal["message"]
    assert daxprov.refused(wanted)["refusals"] == plan["refusals"]
    assert [contents.start_digest(labelled, before.node(name)) for name in "ac"] == digests

    too_large = profile(region(0, *four[:1], four[2], namespace(name="large", mode="devdax", size="768 MiB")))
    assert [each["code"] for each in daxprov.refused(too_large)["refusals"]] == ["no_capacity"]
    joined = wanted.replace("version: 1", "version: 1\nunmanaged: destroy").replace(f"      - {four[2]}\n", "")
    assert daxprov.applied(joined, allow=["c"]).named("large")["raw_size"] == 384 * MIB


@pytest.mark.each_kernel
def test_new_namespaces_take_the_gaps_that_the_plan_said(labelled):
    daxprov = Daxprov(labelled)
    six = [namespace(name=name, mode="raw", size=size) for name, size in zip(
        "abcdef", ("64 MiB", "128 MiB", "64 MiB", "256 MiB", "64 MiB", "64 MiB"))]
    daxprov.applied(profile(region(0, *six)))
    kept = [six[0], six[2], six[4]]
    daxprov.applied(profile(region(0, *kept), unmanaged="destroy"), allow=["b", "d", "f"])

    wanted = profile(region(
        0, *kept, namespace(name="second gap", mode="devdax", size="192 MiB"),
        namespace(name="first gap", mode="sector", size="128 MiB"),
        namespace(name="end", mode="fsdax", size="remaining")))
    plan = daxprov.plan(wanted)
    made = daxprov.applied(wanted)
    for change in plan["changes"]:
        found = made.named(change["after"]["name"])
        assert [found[key] for key in ("resource", "raw_size", "usable_size")] == [
            change["after"][key] for key in ("resource", "raw_size", "usable_size")]
    assert made.named("a")["resource"] < made.named("first gap")["resource"] < made.named("c")["resource"]
    assert made.named("c")["resource"] < made.named("second gap")["resource"] < made.named("e")["resource"]
    assert daxprov.is_settled(wanted)
