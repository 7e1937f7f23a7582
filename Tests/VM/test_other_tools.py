"""daxprov beside another tool that changes the same region at the same time."""

import json
from itertools import count

import pytest

from lab import Fault
from support import Daxprov, Inventory, namespace, profile, region
from support.daxprov import DONE, ROLLED_BACK, STALE

OURS = ("one", "two", "three", "four")
OLD = profile(region(0, *(namespace(name=name, mode="devdax", size="32 MiB") for name in OURS[:2])))
NEW = profile(region(
    0, namespace(name="one", mode="fsdax", size="32 MiB"), namespace(name="two", mode="sector", size="32 MiB"),
    namespace(name="three", mode="devdax", size="64 MiB"), namespace(name="four", mode="raw", size="48 MiB")))
CREATE = ["ndctl", "create-namespace", "-r", "region0", "-m", "devdax", "-s", "32M", "-n", "theirs"]
DESTROY = ["ndctl", "destroy-namespace", "-f"]
LOOP = """
while [ ! -e /tmp/stop ]; do
    dev=$(ndctl create-namespace -r region0 -m devdax -s 32M -n theirs 2>/dev/null |
        sed -n 's/.*"dev":"\\(namespace[0-9.]*\\)".*/\\1/p')
    [ -z "$dev" ] || ndctl destroy-namespace -f "$dev" > /dev/null 2>&1
    echo round
done
rm /tmp/stop
"""
REMOVE_THEIRS = """
for each in /sys/bus/nd/devices/region0/namespace0.*; do
    [ "$(cat $each/size)" = 0 ] || [ "$(cat $each/alt_name)" != theirs ] || ndctl destroy-namespace -f "${each##*/}"
done
"""


def theirs(daxprov):
    """A namespace of the other tool: its kernel name."""
    daxprov.vm.run(CREATE, check=True)
    return daxprov.inventory().named("theirs")["dev"]


def path_in_region(vm, words):
    """The real path of a device or attribute of the region; `words` may hold shell expansions."""
    return vm.run(f"cd $(readlink -f /sys/bus/nd/devices/region0) && echo $PWD/{words}", check=True).out.strip()


def ours(inventory):
    return [each for each in inventory.facts() if each.get("name") in OURS]


def assert_old_or_new(daxprov, before, result):
    """That the other tool, which has ended, is the only one that left anything; removes all."""
    assert result.status in (DONE, ROLLED_BACK, STALE), str(result)
    assert daxprov.run("status").status == DONE and "Nothing" in daxprov.run("recover").out
    daxprov.vm.run(REMOVE_THEIRS)
    after = daxprov.inventory()
    if result.status == DONE:
        plan = daxprov.plan(NEW)
        assert (plan["changes"], plan["refusals"]) == ([], []), f"{result}, then: {after.facts()}"
    else:
        assert ours(after) == ours(before), str(result)
    assert len(ours(after)) == len(after.region(0)["namespaces"]), "nothing of ours is left under another name"
    assert all("unfinished" not in each for each in after.namespaces)
    daxprov.vm.run("ndctl destroy-namespace -f all -r region0")


def test_an_apply_beside_a_loop_of_creations_ends_in_the_old_state_or_the_new_one(labelled):
    daxprov = Daxprov(labelled)
    seen = []
    for _ in range(2):
        before = daxprov.applied(OLD)
        loop = labelled.start(LOOP)
        loop.wait_for_output(b"round\n")
        result = daxprov.apply(NEW, allow=OURS[:2])
        labelled.run("touch /tmp/stop")
        loop.wait()
        assert_old_or_new(daxprov, before, result)
        seen.append(result.status)
    print("exit codes:", seen)


@pytest.mark.parametrize("verb", ("creates", pytest.param("destroys", marks=pytest.mark.each_kernel)))
def test_an_apply_within_a_command_of_another_tool_ends_in_the_old_state_or_the_new_one(labelled, verb):
    daxprov = Daxprov(labelled)
    # Of a creation, the tenth is among them: all is configured, and nothing is enabled.
    for at in count(2, 4 if verb == "creates" else 3):
        before = daxprov.applied(OLD)
        command = CREATE if verb == "creates" else [*DESTROY, theirs(daxprov)]
        other = labelled.start_until_stopped(command, fault=Fault(at, "stop-before", paths=("/sys",)))
        stopped = other.running
        result = daxprov.apply(NEW, allow=OURS[:2])
        other.go_on()
        other.wait()
        assert_old_or_new(daxprov, before, result)
        if not stopped:
            break
    assert at > 5, "the other tool was stopped at some of its stores"


def test_a_command_of_another_tool_within_an_apply_ends_in_the_old_state_or_the_new_one(labelled):
    daxprov = Daxprov(labelled)
    labelled.write_file("/tmp/new.yaml", NEW)
    for at in count(1, 12):
        before = daxprov.applied(OLD)
        apply = labelled.start_until_stopped(
            ["daxprov", "apply", "--yes", "--allow-destroy", "one", "--allow-destroy", "two", "/tmp/new.yaml"],
            fault=Fault(at, "stop-before"))
        stopped = apply.running
        created = labelled.run(CREATE)
        if created.status == 0 and at % 24 == 1:
            labelled.run([*DESTROY, json.loads(created.stdout)["dev"]], check=True)
        apply.go_on()
        assert_old_or_new(daxprov, before, apply.wait())
        if not stopped:
            break
    assert at > 30, "the apply was stopped at many of its stores"


THREE = profile(region(0, namespace(name="three", mode="devdax", size="64 MiB")))


def test_a_namespace_object_that_another_tool_claims_meanwhile_is_given_up(labelled):
    daxprov = Daxprov(labelled)
    before = daxprov.inventory()
    labelled.write_file("/tmp/three.yaml", THREE)
    claims = path_in_region(labelled, "$(cat dax_seed)/namespace")
    apply = labelled.start_until_stopped(
        ["daxprov", "apply", "--yes", "/tmp/three.yaml"],
        fault=Fault(1, "stop-before", calls=("look",), paths=(claims,)))
    assert apply.running
    labelled.run(f"echo namespace0.0 > {claims}", check=True)
    apply.go_on()
    result = apply.wait()
    assert result.status == ROLLED_BACK and "another tool took the same namespace object" in result.out
    assert daxprov.inventory().facts() == before.facts() == []
    assert daxprov.applied(THREE).named("three")["state"] == "active"


@pytest.mark.parametrize("mode,path,at", (
    ("devdax", "$(cat dax_seed)/namespace", 1), ("raw", "/sys/bus/nd/drivers/nd_pmem/bind", 2)))
def test_a_namespace_whose_label_another_tool_changes_meanwhile_leaves_nothing(labelled, mode, path, at):
    daxprov = Daxprov(labelled)
    labelled.write_file("/tmp/one.yaml", profile(region(0, namespace(name="one", mode=mode, size="64 MiB"))))
    last = path if path.startswith("/") else path_in_region(labelled, path)
    apply = labelled.start_until_stopped(
        ["daxprov", "apply", "--yes", "/tmp/one.yaml"], fault=Fault(at, "stop-before", paths=(last,)))
    assert apply.running and daxprov.inventory().named("one")
    labelled.run("cat /proc/sys/kernel/random/uuid > /sys/bus/nd/devices/namespace0.0/uuid", check=True)
    apply.go_on()
    result = apply.wait()
    assert result.status == ROLLED_BACK and "its label has another UUID" in result.out, result
    assert daxprov.inventory().namespaces == []


@pytest.mark.parametrize("store", ("size", "namespace", "bind"))
def test_a_creation_that_another_tool_is_in_the_middle_of_is_left_to_it(labelled, store):
    daxprov = Daxprov(labelled)
    labelled.run(CREATE, check=True, fault=Fault(paths=("/sys",)))
    [at, *_] = [at for at, line in enumerate(labelled.read_file(Fault.log).decode().splitlines(), 1)
                if line.endswith(f"/{store}")]
    labelled.run(REMOVE_THEIRS)
    labelled.write_file("/tmp/three.yaml", THREE)
    other = labelled.start_until_stopped(CREATE, fault=Fault(at, "stop-before", paths=("/sys",)))
    # Of what it looks at to see whether anybody is at work: once before it waits, and then again and again.
    looks = path_in_region(labelled, "$(cat dax_seed)/align")
    apply = labelled.start_until_stopped(
        ["daxprov", "apply", "--yes", "/tmp/three.yaml"],
        fault=Fault(2, "stop-before", calls=("look",), paths=(looks,)))
    assert other.running and apply.running
    other.go_on()
    created = json.loads(other.wait().check().stdout)
    apply.go_on()
    result = apply.wait()
    assert result.status in (STALE, ROLLED_BACK) and "another tool is at work on it" in result.out, result
    [left] = daxprov.inventory().namespaces
    assert (left["uuid"], left["name"], left["state"], left["mode"]) == (created["uuid"], "theirs", "active", "devdax")
    assert daxprov.run("status").status == DONE
    assert daxprov.applied(THREE).named("theirs") == left


@pytest.mark.parametrize("number", (0, 1))
def test_a_namespace_that_is_destroyed_while_it_is_looked_at_is_gone(labelled, number):
    daxprov = Daxprov(labelled)
    for other in range(number):
        labelled.run(f"ndctl create-namespace -r region0 -m devdax -s 32M -n other{other}", check=True)
    before = daxprov.inventory()
    for attribute in ("resource", "holder_class", "uuid", "dpa_extents", "holder", "mode"):
        device = theirs(daxprov)
        assert device.endswith(".0") == (number == 0)
        looking = labelled.start_until_stopped(
            ["daxprov", "inventory", "--json"],
            fault=Fault(1, "stop-before", calls=("look",), paths=(path_in_region(labelled, f"{device}/{attribute}"),)))
        assert looking.running
        labelled.run([*DESTROY, device], check=True)
        looking.go_on()
        seen = Inventory(json.loads(looking.wait().check().stdout))
        assert seen.facts() == before.facts(), attribute
