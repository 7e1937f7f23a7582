"""What holds a device-dax device: shown as that, equal to ndctl, and never called verified where nobody can open it."""

import pytest

from support import Daxprov, namespace, ndctl, profile, region
from support.daxprov import DONE, REFUSED, ROLLED_BACK
from support.holders import NOT_BY_ITSELF

HEAP = profile(region(0, namespace(name="heap", mode="devdax", size="512 MiB")))
FAMFS = profile(region(0, namespace(name="heap", mode="devdax", size="512 MiB", device="{mode: famfs}")))
NONE = profile(region(0), unmanaged="destroy")


def codes(entries):
    return {each["code"] for each in entries}


@pytest.mark.each_kernel
def test_every_driver_of_a_device_is_shown_and_memory_that_a_driver_left_behind_is_refused(labelled):
    daxprov = Daxprov(labelled)
    device = daxprov.applied(HEAP).named("heap")["chardev"]

    def held():
        ndctl.assert_agrees(labelled)
        return daxprov.inventory().named("heap")["device"]

    def run(*commands):
        labelled.run(" && ".join(commands), check=True)

    assert held() == {"mode": "devdax", "driver": "device_dax"}
    assert daxprov.is_settled(HEAP)
    [refusal] = daxprov.plan(FAMFS)["refusals"]
    assert refusal["code"] == "not_supported" and "needs the driver fsdev_dax" in refusal["message"]

    run(f"daxctl disable-device {device}")
    assert held() == {"mode": "disabled"}
    assert "device disabled" in daxprov.run("inventory").out
    [refusal] = daxprov.plan(HEAP)["refusals"]
    assert refusal["code"] == "device_unusable" and f"daxctl enable-device {device}" in refusal["advice"]

    run(f"daxctl enable-device {device}", "modprobe kmem", NOT_BY_ITSELF,
        f"daxctl reconfigure-device -N -m system-ram {device}")
    memory = held()
    assert memory.pop("total_memblocks") > 0
    # The driver itself says this from kernel 6.8 on.
    assert memory.pop("memmap_on_memory", False) is False
    assert memory == {"mode": "system-ram", "driver": "kmem", "online_memblocks": 0}
    run(f"daxctl online-memory {device}")
    memory = held()
    assert memory["online_memblocks"] == memory["total_memblocks"] and memory["movable"] is True
    assert "system-ram" in daxprov.run("inventory").out
    plan = daxprov.plan(HEAP)
    assert codes(plan["notes"]) == {"device_held"} and plan["refusals"] == plan["changes"] == []
    [left] = daxprov.plan(profile(region(0)))["unmanaged"]
    assert left["device"]["mode"] == "system-ram"

    blocks = "cat /sys/devices/system/memory/memory*/state | sort | uniq -c"
    before = labelled.run(blocks).out
    run(f"echo {device} > /sys/bus/dax/drivers/kmem/unbind")
    assert held() == {"mode": "disabled", "system_memory": True}
    [refusal] = daxprov.plan(HEAP)["refusals"]
    assert refusal["code"] == "device_unusable" and "reboot" in refusal["advice"]
    [refusal] = daxprov.refused(NONE, allow=["heap"])["refusals"]
    assert refusal["code"] == "system_memory" and "reboot" in refusal["advice"]
    assert labelled.run(blocks).out == before

    labelled.run("ndctl destroy-namespace -f all -r region0")
    assert daxprov.inventory().region(0)["namespaces"] == []
    for mode in ("devdax", "fsdax", "raw"):
        wanted = profile(region(0, namespace(name="heap", mode=mode, size="512 MiB")))
        assert codes(daxprov.plan(wanted)["refusals"]) == {"system_memory"}
    assert codes(daxprov.refused(HEAP)["refusals"]) == {"system_memory"}
    assert labelled.run(blocks).out == before
    daxprov.applied(profile(region(1, namespace(name="elsewhere", mode="devdax", size="64 MiB"))))

    labelled.reboot()
    daxprov.applied(HEAP)
    assert held() == {"mode": "devdax", "driver": "device_dax"}


def test_a_device_that_cannot_be_opened_is_not_verified(labelled):
    daxprov = Daxprov(labelled)
    before = daxprov.inventory()
    labelled.run("mknod /dev/dax0.0 c 1 3", check=True)
    failed = daxprov.apply(HEAP)
    assert failed.status == ROLLED_BACK and "leads to another device" in failed.out, failed
    labelled.run("rm -f /dev/dax0.0 && rmmod device_dax", check=True)
    failed = daxprov.apply(HEAP)
    assert failed.status == ROLLED_BACK and "has no driver" in failed.out, failed
    assert daxprov.inventory().region(0)["namespaces"] == before.region(0)["namespaces"]

    labelled.run("modprobe device_dax", check=True)
    device = daxprov.applied(HEAP).named("heap")["chardev"]
    labelled.run(f"rm /dev/{device}", check=True)
    plan = daxprov.plan(HEAP)
    assert codes(plan["notes"]) == {"node_missing"} and plan["refusals"] == []
    assert daxprov.inventory().named("heap")["device"]["node_missing"] is True
    assert "no device node" in daxprov.run("inventory").out
