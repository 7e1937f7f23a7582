"""Interleaved regions of the kernel's emulated NFIT: two ways (32 MiB) and four ways (64 MiB)."""

import pytest

from support import Daxprov, namespace, ndctl, profile, region
from support.inventory import MIB


@pytest.fixture
def daxprov(machine):
    vm = machine("nfit")
    vm.run("ndctl wait-scrub all", check=True)
    return Daxprov(vm)


def settle(daxprov, wanted, **options):
    """Applies, and asserts that the kernel made what the plan had said; returns the inventory."""
    plan = daxprov.plan(wanted)
    assert plan["refusals"] == []
    made = daxprov.applied(wanted, **options)
    for change in plan["changes"]:
        if change["kind"] in ("create", "replace"):
            found = made.named(change["after"]["name"])
            assert [found[key] for key in ("resource", "raw_size", "usable_size")] == [
                change["after"][key] for key in ("resource", "raw_size", "usable_size")]
            assert found["extents"] == 1
    assert daxprov.is_settled(wanted)
    return made


@pytest.mark.each_kernel
def test_sizes_of_interleaved_regions_are_counted_in_ways_times_alignment(daxprov):
    for size, below, above in (("24 MiB", "16 MiB", "32 MiB"), ("33 MiB", "32 MiB", "48 MiB")):
        [refusal] = [each for each in daxprov.plan(profile(region(
            1, namespace(name="one", mode="devdax", size=size), labels="init")))["refusals"]
            if each["code"] != "labels_hide_others"]
        assert refusal["code"] == "size_not_aligned" and "4 DIMMs" in refusal["message"]
        assert f"{below} and {above}" in refusal["advice"]

    both = profile(
        region(0, namespace(name="two ways", mode="devdax", size="100%"), labels="init"),
        region(1, namespace(name="four ways", mode="fsdax", size="25%"),
               namespace(name="forty percent", mode="raw", size="40%"),
               namespace(name="rest", mode="devdax", size="remaining"), labels="init"))
    plan = daxprov.plan(both)
    assert [change["kind"] for change in plan["changes"]].count("create") == 4
    sizes = {change["after"]["name"]: change["after"]["raw_size"] // MIB
             for change in plan["changes"] if change["kind"] == "create"}
    assert sizes == {"two ways": 32, "four ways": 16, "forty percent": 16, "rest": 32}

    # Both regions lie on the same DIMMs: labels for the one would hide what the other one holds, be it enabled or not.
    before = daxprov.inventory()
    refusals = daxprov.refused(both, allow=["region0", "region1"])["refusals"]
    assert {each["address"] for each in refusals if each["code"] == "labels_hide_others"} == {"region0", "region1"}
    assert all("ndctl init-labels -V 1.2" in each["advice"] for each in refusals), refusals
    daxprov.vm.run("ndctl disable-region region1", check=True)
    alone = profile(region(0, namespace(name="two ways", mode="devdax", size="100%"), labels="init"))
    [refusal] = daxprov.refused(alone, allow=["region0"])["refusals"]
    assert refusal["code"] == "labels_hide_others" and "region1" in refusal["message"], refusal
    daxprov.vm.run("ndctl enable-region region1", check=True)
    assert daxprov.inventory().region(1) == before.region(1)


def test_percentages_shares_and_the_rest_fill_interleaved_regions_to_the_last_unit(daxprov):
    vm = daxprov.vm
    vm.run("ndctl disable-region -b nfit_test.0 all && ndctl init-labels -b nfit_test.0 -f -V 1.2 all && "
           "ndctl disable-dimm -b nfit_test.0 all && ndctl enable-dimm -b nfit_test.0 all && "
           "ndctl enable-region -b nfit_test.0 all", check=True)
    made = settle(daxprov, profile(
        region(0, namespace(name="half", mode="sector", size="50%"), namespace(name="rest", mode="fsdax")),
        region(1, namespace(name="fixed", mode="devdax", size="16 MiB"),
               namespace(name="part", mode="raw", size="40%"),
               namespace(name="share 1", mode="fsdax", size="remaining/2", map="mem"),
               namespace(name="share 2", mode="devdax", size="remaining/2", align="4 KiB"))))
    for number in (0, 1):
        free = made.region(number)["size"] - sum(each["raw_size"] for each in made.region(number)["namespaces"])
        assert free == made.region(number)["available_size"] < 16 * MIB
    assert {each["raw_size"] for each in made.namespaces if each["dev"].startswith("namespace0")} == {16 * MIB}
    ndctl.assert_agrees(vm)

    # As near to a reboot as memory in RAM can come: everything is read again from the labels.
    facts = made.facts()
    vm.run("ndctl disable-region -b nfit_test.0 all && ndctl disable-dimm -b nfit_test.0 all && "
           "ndctl enable-dimm -b nfit_test.0 all && ndctl enable-region -b nfit_test.0 all", check=True)
    assert daxprov.inventory().facts() == facts

    replaced = settle(daxprov, profile(
        region(1, namespace(name="fixed", mode="devdax", size="32 MiB"),
               namespace(name="part", mode="raw", size="25%"),
               namespace(name="share 1", mode="fsdax", map="mem")), unmanaged="destroy"),
        allow=["fixed", "share 1", "share 2", "half", "rest"])
    assert [each["raw_size"] // MIB for each in sorted(
        replaced.region(1)["namespaces"], key=lambda each: each["name"])] == [32, 16, 16]


def test_a_finer_region_alignment_gives_finer_sizes(daxprov):
    vm = daxprov.vm
    vm.run("ndctl disable-region -b nfit_test.0 all && ndctl init-labels -b nfit_test.0 -f -V 1.2 all && "
           "ndctl disable-dimm -b nfit_test.0 all && ndctl enable-dimm -b nfit_test.0 all && "
           "ndctl enable-region -b nfit_test.0 all && echo 0x800000 > /sys/bus/nd/devices/region1/align", check=True)
    [refusal] = daxprov.plan(profile(region(
        1, namespace(name="one", mode="fsdax", size="20 MiB"))))["refusals"]
    assert "16 MiB and 24 MiB" in refusal["advice"]
    made = settle(daxprov, profile(region(
        1, namespace(name="one", mode="fsdax", size="24 MiB"), namespace(name="third", mode="devdax", size="34%"),
        namespace(name="rest", mode="raw", size="remaining"))))
    assert [made.named(name)["raw_size"] // MIB for name in ("one", "third", "rest")] == [24, 16, 24]


@pytest.mark.each_kernel
def test_sick_dimms_do_not_meet_a_requirement_of_health(daxprov):
    healthy = "{persistence_domain: memory_controller, health: ok}"
    wanted = profile(
        region(2, "{mode: raw}").replace("    namespaces:", f"    require: {healthy}\n    namespaces:"))
    refusals = daxprov.plan(wanted)["refusals"]
    assert {each["code"] for each in refusals} >= {"requirement_not_met"}
    changed = daxprov.plan(profile(region(2, "{mode: fsdax}")))
    assert [each["code"] for each in changed["refusals"]] == ["region_read_only"]
    assert any("failed_arm" in each["message"] for each in refusals)
    well = region(0, namespace(name="one", mode="raw", size="100%"), labels="init")
    found = daxprov.plan(profile(well.replace("    namespaces:", f"    require: {healthy}\n    namespaces:")))["refusals"]
    # No flag is up there; the emulated firmware says non-critical.
    assert len(found) == 2 and all("is non-critical" in each["message"] for each in found)
    domain = "    require: {persistence_domain: memory_controller}\n    namespaces:"
    # The region shares its DIMMs with others that have no labels.
    rest = daxprov.plan(profile(well.replace("    namespaces:", domain)))["refusals"]
    assert [each["code"] for each in rest] == ["labels_hide_others"]
