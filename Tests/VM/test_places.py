"""Hosts and users that lack something: a clear message and the exit code for it."""

import json

import pytest

from lab import Fault
from support import Daxprov, namespace, ndctl, profile, region
from support.daxprov import DONE, ERROR, NOT_PERMITTED, REFUSED

ONE = profile(region(0, namespace(name="one", mode="fsdax", size="64 MiB")))


def test_an_ordinary_user_sees_the_host_and_may_not_change_it(labelled):
    daxprov = Daxprov(labelled)
    daxprov.applied(ONE)
    as_root = daxprov.inventory()

    report = daxprov.run("inventory", "--json", user="nobody")
    assert (report.status, report.err) == (DONE, "")
    document = json.loads(report.stdout)
    seen = document["buses"][0]["regions"][0]["namespaces"][0]
    expected = as_root.named("one")
    assert "resource" not in seen and "free_extents" not in document["buses"][0]["regions"][0]
    assert {key: value for key, value in expected.items() if key != "resource"} == seen
    assert document["host_name"] == labelled.run("uname -n").out.strip() and document["time"]
    assert all(dimm["label_area_unread"] and "label_area" not in dimm for dimm in document["buses"][0]["dimms"])
    text = daxprov.run("inventory", user="nobody")
    assert text.status == DONE and "root" in text.out and "one" in text.out
    assert "no label area" not in text.out and "not known" in text.out and "run it as root" in text.err

    [identity] = labelled.run("ls /var/lib/daxprov/transactions", check=True).out.split()
    for words in (["status"], ["history"], ["show", identity]):
        refused = daxprov.run(*words, user="nobody")
        assert refused.status == NOT_PERMITTED, refused
        assert "run it as root" in refused.err and "chown" not in refused.err
    init = profile(region(0, namespace(name="one", mode="fsdax", size="64 MiB"), labels="init"))
    assert daxprov.run("plan", profile=init, user="nobody").status == NOT_PERMITTED

    for words in (["plan"], ["plan", "--json"], ["apply", "--yes"]):
        refused = daxprov.run(*words, profile=ONE, user="nobody")
        assert refused.status == NOT_PERMITTED, refused
        assert "root" in refused.out + refused.err
    assert daxprov.inventory().document == as_root.document


@pytest.mark.each_kernel
def test_a_host_without_persistent_memory_says_so(machine):
    vm = machine("none")
    daxprov = Daxprov(vm)

    def assert_clear():
        text = daxprov.run("inventory")
        assert text.status == DONE and "no nvdimm bus" in text.out and "nfit" in text.err
        assert daxprov.inventory().document["buses"] == []
        assert daxprov.run("inventory", "--ndctl-json").out.strip() == ""
        plan = daxprov.plan(ONE)
        assert [(each["code"], each["line"]) for each in plan["refusals"]] == [("no_matching_region", 3)]
        assert daxprov.apply(ONE).status == REFUSED

    assert_clear()
    vm.run("modprobe -r dax_pmem nd_pmem nd_btt nfit libnvdimm; rmmod dax_pmem nd_pmem nd_btt nfit libnvdimm")
    assert not vm.run("ls /sys/bus/nd").out
    assert_clear()


@pytest.mark.each_kernel
def test_a_bus_without_regions_is_shown_and_has_no_place_for_a_namespace(machine):
    vm = machine("cxl")
    daxprov = Daxprov(vm)
    ndctl.assert_agrees(vm)
    vm.run("ndctl disable-region all; cxl disable-region all; cxl destroy-region -f all", check=True)
    inventory = daxprov.inventory()
    assert len(inventory.document["buses"]) == 1 and inventory.regions == [] and len(inventory.dimms) == 1
    assert "no regions" in daxprov.run("inventory").out
    assert [each["code"] for each in daxprov.refused(ONE)["refusals"]] == ["no_matching_region"]
    ndctl.assert_agrees(vm)


@pytest.mark.each_kernel
def test_a_disabled_region_is_shown_and_refused(labelled):
    daxprov = Daxprov(labelled)
    both = profile(
        region(0, namespace(name="one", mode="fsdax", size="64 MiB")),
        region(1, namespace(name="two", mode="fsdax", size="64 MiB")))
    before = daxprov.applied(both)
    labelled.run("ndctl disable-region region0", check=True)
    ndctl.assert_agrees(labelled)
    inventory = daxprov.inventory()
    assert [each["state"] for each in inventory.regions] == ["disabled", "enabled"]
    assert "disabled" in daxprov.run("inventory").out
    [refusal] = daxprov.refused(both)["refusals"]
    assert refusal["code"] == "region_disabled" and "ndctl enable-region region0" in refusal["advice"]
    labelled.run("ndctl disable-dimm nmem0", check=True)
    ndctl.assert_agrees(labelled)
    assert [each["state"] for each in daxprov.inventory().dimms] == ["disabled", "enabled"]
    labelled.run("ndctl enable-dimm nmem0 && ndctl enable-region region0", check=True)
    assert daxprov.inventory().facts() == before.facts() and daxprov.is_settled(both)


def test_a_profile_with_errors_exits_65_and_an_absent_one_1(labelled):
    daxprov = Daxprov(labelled)
    wrong = daxprov.run("apply", "--yes", profile=ONE.replace("fsdax", "fsdacks"))
    assert wrong.status == 65 and "fsdax" in wrong.err and ":5:" in wrong.err
    absent = daxprov.run("apply", "--yes", "/absent.yaml")
    assert absent.status == 1 and "/absent.yaml" in absent.err
    assert daxprov.inventory().namespaces == []


def test_an_attribute_that_cannot_be_read_is_an_error_and_not_taken_for_absent(labelled):
    daxprov = Daxprov(labelled)
    device = daxprov.applied(ONE).named("one")["dev"]
    place = labelled.run(f"readlink -f /sys/bus/nd/devices/{device}", check=True).out.strip()
    for attribute in ("size", "resource", "uuid", "alt_name", "holder_class", "holder", "mode"):
        fault = Fault(1, "errno-from:5", calls=("look",), paths=(f"{place}/{attribute}",))
        for words in (["inventory", "--json"], ["plan", "--json"]):
            labelled.run(f"rm -f {fault.log}")
            failed = daxprov.run(*words, profile=ONE if words[0] == "plan" else None, fault=fault)
            assert labelled.read_file(fault.log).splitlines(), attribute
            assert failed.status == ERROR and json.loads(failed.out)["outcome"] == "error", f"{attribute}: {failed}"
            assert f"{device}/{attribute}" in failed.err and "Input/output error" in failed.err, failed


def test_a_device_that_libndctl_leaves_out_is_an_error_and_not_a_smaller_host(labelled):
    daxprov = Daxprov(labelled)
    for device in ("region0", "nmem0"):
        place = labelled.run(f"readlink -f /sys/bus/nd/devices/{device}", check=True).out.strip()
        fault = Fault(1, "errno-from:5", calls=("look",), paths=(f"{place}/",))
        failed = daxprov.run("inventory", fault=fault)
        assert (failed.status, failed.out) == (ERROR, ""), failed
        assert device in failed.err, failed


def test_an_attribute_for_which_libndctl_has_a_default_is_not_taken_for_that(labelled):
    daxprov = Daxprov(labelled)
    whole = daxprov.run("inventory").out
    for attribute in (
            "region0/available_size", "region0/max_available_extent", "region0/align", "region0/badblocks",
            "nmem0/nfit/id", "nmem0/commands", "ndbus0/nfit/revision", "ndbus0/provider", "region0/mapping0"):
        place = labelled.run(f"readlink -f /sys/bus/nd/devices/{attribute}", check=True).out.strip()
        fault = Fault(0, "", calls=("read",), paths=(place,))
        labelled.run(f"rm -f {fault.log}")
        assert daxprov.run("inventory", fault=fault).out == whole
        ends = set()
        for at in range(1, len(labelled.read_file(fault.log).splitlines()) + 1):
            result = daxprov.run("inventory", fault=Fault(at, "errno:5", calls=("read",), paths=(place,)))
            assert (result.status, result.out) in ((ERROR, ""), (DONE, whole)), f"{attribute}, {at}: {result}"
            ends.add(result.status)
        assert ERROR in ends, attribute
