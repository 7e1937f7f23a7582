"""Drivers that only newer kernels have: what they make is shown, handled or refused, with advice that works."""

import pytest

from support import Daxprov, namespace, ndctl, profile, region
from support.daxprov import REFUSED

HEAP = profile(region(0, namespace(name="heap", mode="devdax", size="256 MiB")))
NONE = profile(region(0), unmanaged="destroy")

pytestmark = pytest.mark.only_on("7.3")


@pytest.mark.each_kernel
def test_regions_of_ramdax_have_labels_and_share_one_cookie(machine):
    vm = machine("e820")
    device = "/sys/bus/platform/devices/e820_pmem"
    vm.run(f"echo e820_pmem > {device}/driver/unbind && modprobe ramdax && echo ramdax > {device}/driver_override && "
           "{ [ -e " + device + "/driver ] || echo e820_pmem > /sys/bus/platform/drivers/ramdax/bind; }", check=True)
    daxprov = Daxprov(vm)
    ndctl.assert_agrees(vm)
    inventory = daxprov.inventory()
    assert [bus["provider"] for bus in inventory.document["buses"]] == ["ramdax"]
    [cookie] = {each["iset_id"] for each in inventory.regions}
    assert len(inventory.regions) == 2

    both = HEAP.replace("region: 0", f"iset_id: {cookie}")
    assert [each["code"] for each in daxprov.refused(both)["refusals"]] == ["ambiguous_region"]
    wanted = profile(
        region(0, namespace(name="wal", mode="fsdax", size="64 MiB"), namespace(name="heap", mode="devdax", size="256 MiB")),
        region(1, namespace(name="journal", mode="sector", size="64 MiB")))
    made = daxprov.applied(wanted)
    assert {each["name"] for each in made.namespaces} == {"wal", "heap", "journal"}
    ndctl.assert_agrees(vm)
    exported = daxprov.run("export").check().out
    assert "provider: ramdax" in exported and daxprov.is_settled(exported)


@pytest.mark.each_kernel
def test_a_device_of_fsdev_dax_is_named_refused_and_comes_back(labelled):
    daxprov = Daxprov(labelled)
    device = daxprov.applied(HEAP).named("heap")["chardev"]
    drivers = "/sys/bus/dax/drivers"
    labelled.run(f"modprobe fsdev_dax && echo {device} > {drivers}/device_dax/unbind && "
                 f"echo {device} > {drivers}/fsdev_dax/new_id && echo {device} > {drivers}/fsdev_dax/remove_id", check=True)
    before = daxprov.inventory()
    assert before.named("heap")["device"]["driver"] == "fsdev_dax"
    ndctl.assert_agrees(labelled)
    assert [each["code"] for each in daxprov.plan(HEAP)["notes"]] == ["device_held"]
    famfs = HEAP.replace("size: 256 MiB", "size: 256 MiB, device: {mode: famfs}")
    assert "daxprov makes no device for famfs" in {each["message"] for each in daxprov.plan(famfs)["refusals"]}
    refused = daxprov.apply(NONE, allow=["heap"])
    assert refused.status == REFUSED and f"{device}: bound to the driver fsdev_dax" in refused.out + refused.err
    assert daxprov.inventory().facts() == before.facts()

    labelled.run(f"echo {device} > {drivers}/fsdev_dax/unbind && echo {device} > {drivers}/device_dax/bind", check=True)
    assert daxprov.plan(HEAP)["notes"] == [] and daxprov.is_settled(HEAP)
    assert daxprov.applied(NONE, allow=["heap"]).region(0)["namespaces"] == []
