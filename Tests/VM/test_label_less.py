"""Regions without labels: one namespace, without a name, as large as the region."""

import pytest

from support import Daxprov, contents, namespace, ndctl, profile, region

WHOLE = "{mode: %s}"


@pytest.fixture(params=["e820", "virtio-pmem"])
def vm(machine, request):
    return machine(request.param)


@pytest.mark.each_kernel
def test_what_needs_labels_is_refused_with_the_reason(vm):
    daxprov = Daxprov(vm)
    whole = daxprov.inventory().region(0)["size"]

    def codes(*namespaces, labels=None):
        report = daxprov.plan(profile(region(0, *namespaces, labels=labels)))
        assert all(refusal["message"] and refusal["advice"] for refusal in report["refusals"])
        return [refusal["code"] for refusal in report["refusals"]]

    assert codes(namespace(mode="fsdax", size="128 MiB")) == ["label_less_region"]
    assert codes(namespace(mode="fsdax", size="50%")) == ["label_less_region"]
    assert codes(namespace(name="data", mode="fsdax")) == ["label_less_region"]
    assert codes(namespace(mode="fsdax", size="remaining/2"), namespace(mode="raw", size="remaining/2")) == [
        "label_less_region"]
    assert codes(namespace(name="data", mode="fsdax", size="128 MiB"), labels="init") == ["labels_impossible"]
    assert daxprov.refused(profile(region(0, namespace(name="data", mode="fsdax"))))["refusals"][0]["code"] == \
        "label_less_region"
    assert codes(namespace(mode="fsdax", size=whole)) == codes(namespace(mode="fsdax", size="100%")) == []
    ndctl.assert_agrees(vm)


def test_the_one_namespace_changes_its_mode_and_back_with_consent(vm):
    daxprov = Daxprov(vm)
    wanted = {mode: profile(region(0, WHOLE % mode)) for mode in ("fsdax", "devdax")}
    others = [each for each in daxprov.inventory().namespaces if each["dev"] != "namespace0.0"]
    assert daxprov.is_settled(wanted["fsdax"])

    for mode in ("devdax", "fsdax"):
        [planned] = daxprov.plan(wanted[mode])["changes"]
        assert (planned["kind"], planned["consent"]) == ("reconfigure", "region0")
        assert [each["code"] for each in daxprov.refused(wanted[mode])["refusals"]] == ["consent_missing"]
        found = daxprov.applied(wanted[mode], allow=["region0"]).region(0)["namespaces"][0]
        for key in ("mode", "map", "align", "usable_size", "resource", "raw_size"):
            assert found[key] == planned["after"][key]
        assert daxprov.is_settled(wanted[mode])
        ndctl.assert_agrees(vm)
    assert [each for each in daxprov.inventory().namespaces if each["dev"] != "namespace0.0"] == others

    file = contents.make_file(vm, f"/dev/{found['blockdev']}", "/mnt/data", "data")
    vm.reboot()
    assert daxprov.is_settled(wanted["fsdax"])
    vm.run("mkdir -p /mnt/data && mount /dev/pmem0 /mnt/data", check=True)
    assert contents.file_digest(vm, "/mnt/data") == file


@pytest.mark.each_kernel
def test_new_dimms_are_refused_with_the_way_to_labels(machine):
    daxprov = Daxprov(machine("nvdimm-small"))
    refusals = daxprov.refused(profile(region(0, namespace(name="data", mode="fsdax", size="128 MiB"))))["refusals"]
    assert {each["code"] for each in refusals} == {"labels_missing"}
    assert all("labels: init" in each["advice"] for each in refusals)


def test_labels_that_would_hide_data_need_consent(machine):
    vm = machine("nvdimm-small")
    daxprov = Daxprov(vm)
    contents.fill(vm, "/dev/pmem0", "used")
    wanted = profile(region(0, namespace(name="data", mode="fsdax", size="128 MiB"), labels="init"))
    digest = contents.start_digest(vm, "/dev/pmem0")
    assert [each["code"] for each in daxprov.refused(wanted)["refusals"]] == ["consent_missing"]
    assert contents.start_digest(vm, "/dev/pmem0") == digest
    assert daxprov.applied(wanted, allow=["region0"]).named("data")["mode"] == "fsdax"
