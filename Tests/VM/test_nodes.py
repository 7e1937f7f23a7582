"""Nodes below /dev that lead to another device than the kernel means: nothing is read from there, or written to it."""

import pytest

from lab import Fault
from support import Daxprov, contents, namespace, profile, region
from support.daxprov import DONE, ERROR, ROLLED_BACK

MINE = namespace(name="mine", mode="raw", size="64 MiB")
OTHER = namespace(name="other", mode="raw", size="64 MiB")
CHANGED = profile(region(0, namespace(name="mine", mode="fsdax", size="64 MiB")), region(1, OTHER))


@pytest.fixture
def two(labelled):
    """daxprov, and a namespace with data in each of two regions: pmem0 and pmem1."""
    daxprov = Daxprov(labelled)
    made = daxprov.applied(profile(region(0, MINE), region(1, OTHER)))
    nodes = made.node("mine"), made.node("other")
    assert nodes == ("/dev/pmem0", "/dev/pmem1")
    for node in nodes:
        contents.fill(labelled, node, node)
    return daxprov


def misdirect(vm):
    """Puts a node of pmem1 in the place of pmem0's: the kernel makes no node where there is one."""
    vm.run("rm -f /dev/pmem0 && mknod /dev/pmem0 b $(tr : ' ' < /sys/class/block/pmem1/dev)", check=True)


def put_right(vm, device):
    """The kernel's own node: it goes and comes with the device, whatever number that gets."""
    vm.run(f"ndctl disable-namespace {device} && rm -f /dev/pmem0 && ndctl enable-namespace {device}", check=True)


def assert_names_both(text):
    assert "/dev/pmem0 leads to block device" in text and "(pmem1)" in text and "pmem0 is block device" in text
    assert "mknod" in text


@pytest.mark.each_kernel
def test_a_node_of_another_device_stops_plan_and_apply_before_anything_is_done(two):
    vm = two.vm
    before = contents.digest(vm, "/dev/pmem1")
    misdirect(vm)
    facts = two.inventory().facts()
    for result in (two.run("plan", profile=CHANGED), two.apply(CHANGED, allow=["mine"])):
        assert result.status == ERROR, result
        assert_names_both(result.err + result.out)
    assert two.inventory().facts() == facts
    assert contents.digest(vm, "/dev/pmem1") == before
    put_right(vm, two.inventory().named("mine")["dev"])
    assert two.apply(CHANGED, allow=["mine"]).status == DONE


@pytest.mark.parametrize("way", ["recover", "rollback"])
def test_nothing_is_restored_to_a_neighbour(two, way):
    vm = two.vm
    mine, before = contents.digest(vm, "/dev/pmem0"), contents.digest(vm, "/dev/pmem1")
    fault = Fault(12, "kill-before", paths=("/sys",)) if way == "recover" else None
    applied = two.apply(CHANGED, allow=["mine"], fault=fault)
    assert applied.signal == 9 if fault else applied.status == DONE, applied
    words = ["recover"] if way == "recover" else ["rollback", "--yes"]
    misdirect(vm)
    stopped = two.run(*words)
    assert stopped.status not in (None, DONE), stopped
    assert contents.digest(vm, "/dev/pmem1") == before
    vm.run("rm /dev/pmem0; [ ! -e /sys/class/block/pmem0 ] || mknod /dev/pmem0 b $(tr : ' ' < /sys/class/block/pmem0/dev)", check=True)
    ended = two.run("recover")
    if way == "rollback" and two.inventory().named("mine")["mode"] != "raw":
        put_right(vm, two.inventory().named("mine")["dev"])
        ended = two.run(*words, "--allow-destroy", "mine")
    assert ended.status == DONE, (stopped, ended)
    assert contents.digest(vm, two.inventory().node("mine")) == mine
    assert contents.digest(vm, "/dev/pmem1") == before


def test_a_link_that_takes_the_place_of_an_offline_device_is_not_followed_to_the_neighbour(two):
    vm = two.vm
    mine, before = contents.digest(vm, "/dev/pmem0"), contents.digest(vm, "/dev/pmem1")
    device = two.inventory().named("mine")["dev"]
    vm.run(f"ndctl disable-namespace {device} && ln -s pmem1 /dev/pmem0", check=True)
    result = two.apply(CHANGED, allow=["mine"])
    assert result.status == ROLLED_BACK, result
    assert_names_both(result.out + result.err)
    assert contents.digest(vm, "/dev/pmem1") == before
    vm.run(f"rm /dev/pmem0 && ndctl enable-namespace {device}", check=True)
    assert contents.digest(vm, two.inventory().node("mine")) == mine
