"""`inventory --ndctl-json` is what `ndctl list -BDRNv` says, in states that no other test makes."""

import pytest

from support import Daxprov, namespace, ndctl, profile, region

LABELS = ("ndctl disable-region -b nfit_test.0 all && ndctl init-labels -b nfit_test.0 -f -V 1.2 all && "
          "ndctl disable-dimm -b nfit_test.0 all && ndctl enable-dimm -b nfit_test.0 all && "
          "ndctl enable-region -b nfit_test.0 all")


@pytest.mark.each_kernel
def test_modes_maps_alignments_and_sector_sizes(labelled):
    daxprov = Daxprov(labelled)
    ndctl.assert_agrees(labelled)
    daxprov.applied(profile(region(
        0, *(namespace(name=f"{mode} {where} {align}", mode=mode, map=where, align=align, size="32 MiB")
             for mode in ("fsdax", "devdax") for where in ("dev", "mem") for align in ("4 KiB", "2 MiB")),
        *(namespace(name=f"sectors {size}", mode="sector", sector_size=size, size="32 MiB")
          for size in (512, 520, 528, 4096, 4104, 4160, 4224)),
        namespace(name="raw 512", mode="raw", size="32 MiB"),
        namespace(name="raw 4096", mode="raw", size="32 MiB", sector_size=4096))))
    ndctl.assert_agrees(labelled)

    labelled.run("ndctl disable-namespace namespace0.1; ndctl disable-namespace namespace0.5; "
                 "ndctl disable-namespace namespace0.9; ndctl disable-namespace namespace0.15", check=True)
    assert [each["state"] for each in daxprov.inventory().namespaces].count("disabled") == 4
    ndctl.assert_agrees(labelled)
    labelled.reboot()
    ndctl.assert_agrees(labelled)
    assert [each["state"] for each in daxprov.inventory().namespaces].count("disabled") == 0


@pytest.mark.each_kernel
def test_disabled_dimms_and_regions_and_labels_of_version_1_1(machine):
    vm = machine("nvdimm-small")
    for command in (
            "ndctl disable-region region1", "ndctl disable-dimm nmem1", "ndctl init-labels -f -V 1.1 nmem1",
            "ndctl enable-dimm nmem1", "ndctl enable-region region1",
            "ndctl create-namespace -r region1 -s 64M -m sector -n old", "ndctl create-namespace -r region1 -s 64M",
            "ndctl disable-namespace namespace1.0", "ndctl disable-region all", "ndctl disable-dimm all"):
        vm.run(command, check=True)
        ndctl.assert_agrees(vm)
    assert vm.run(["ndctl", "list", "-R"]).out.strip() == ""


@pytest.mark.each_kernel
def test_media_errors_in_interleaved_regions(machine):
    vm = machine("nfit")
    daxprov = Daxprov(vm)
    vm.run("ndctl wait-scrub all", check=True)
    for number in (0, 1):
        for start, count in ((9000 + 100 * number, 8), (50000, 3)):
            vm.run(f"ndctl inject-error --no-notify -B {start} -n {count} namespace{number}.0", check=True)
    vm.run("ndctl start-scrub nfit_test.0 && ndctl wait-scrub nfit_test.0", check=True)
    assert [each["badblock_count"] for each in daxprov.inventory().regions[:2]] == [11, 11]
    assert "media errors in the region" in daxprov.run("inventory").out
    ndctl.assert_agrees(vm)

    vm.run(LABELS, check=True)
    daxprov.applied(profile(
        region(0, namespace(name="sectors", mode="sector", size="16 MiB"), namespace(name="raw", mode="raw")),
        region(1, namespace(name="devdax", mode="devdax", size="16 MiB"),
               namespace(name="fsdax", mode="fsdax", size="16 MiB"), namespace(name="rest", mode="raw"))))
    ndctl.assert_agrees(vm)
    assert daxprov.inventory().named("devdax")["badblock_count"] == 8


@pytest.mark.parametrize("topology", ["hmem", "cxl"])
@pytest.mark.each_kernel
def test_a_machine_with_other_memory_as_it_starts(machine, topology):
    vm = machine(topology)
    ndctl.assert_agrees(vm)
