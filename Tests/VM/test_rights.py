"""Whose the node of a devdax namespace's device is, and who may open it: now, and by a udev rule at each event.

What can happen between two lines, and between two runs:
- the program is killed between the rule and the node, or between two calls on the node; the power goes;
- a boot, a rebind or a new region order makes the node anew, under another name, with or without a udev;
- udev is at an event that began under the old rules, and ends after the node got its rights;
- another tool destroys the namespace, and what it makes gets the same node;
- somebody changes the node by hand, edits the file of rules, or puts a link in its place; the node leads to another device;
- /etc is read-only; the account is not there.
What must hold: the node has what the profile says or what it had, nobody gets what was for another device, a file that is not
daxprov's is never touched, and no half of a file is left where udev reads.
"""

import errno
import json
import os

import pytest

from lab import Fault, Machine
from lab.systemd import SystemdMachine
from support import Daxprov, daxctl, namespace, profile, region
from support.daxprov import DONE, NOT_PERMITTED, ROLLED_BACK, reboot_with_files
from support.inventory import Inventory
from support.strides import points, stride

RULES = "/etc/udev/rules.d/05-daxprov.rules"
ROOTS = "0 0 600"
# Everything that setting rights does beyond the journal.
CALLS, PATHS = ("write", "sync", "rename", "unlink", "open", "rights"), ("/etc/udev", "/proc/self/fd", "/dev/dax")


def heap(device=None, size="256 MiB", **fields):
    return profile(region(0, namespace(name="heap", mode="devdax", size=size, **({"device": device} if device else {}), **fields)))


PLAIN = heap()
FIRST = heap('{owner: 999, group: 990, permissions: "0660"}')
SECOND = heap('{owner: 1000, permissions: "0640"}')
MEMORY = heap("{mode: system-ram, online: none}")


def rights(vm, node="/dev/dax0.0"):
    return vm.run(["stat", "-c", "%u %g %a", node], check=True).out.strip()


def rules(vm):
    """The lines that give a device rights; the file has nothing else than daxprov writes."""
    if vm.run(f"test -e {RULES}").status != 0:
        assert vm.run("ls -A /etc/udev/rules.d").out.split() == []
        return []
    assert vm.run(["stat", "-c", "%u %a %F", RULES]).out.strip() == "0 644 regular file"
    assert vm.run("ls -A /etc/udev/rules.d").out.split() == [os.path.basename(RULES)]
    lines = vm.read_file(RULES).decode().splitlines()
    assert lines[-1] == 'LABEL="daxprov_end"'
    return [line for line in lines if "ATTRS{uuid}" in line]


@pytest.fixture
def scene(labelled):
    daxprov = Daxprov(labelled)
    daxprov.applied(PLAIN)
    return daxprov


@pytest.mark.each_kernel
def test_rights_are_given_changed_taken_and_undone(scene):
    vm = scene.vm
    plan = scene.plan(FIRST)
    [change] = plan["changes"]
    assert change["kind"] == "configure_device" and change["reversibility"] == "lossless" and not change["data_loss"]
    assert [step["action"] for step in change["steps"]] == ["set_rights"]
    assert change["before"].get("rights") is None
    assert change["after"]["rights"]["rule"] == {"owner": 999, "group": 990, "permissions": "0660"}

    # Nobody is asked, also where the device is mapped.
    holder = vm.start("exec sleep 1000 < /dev/dax0.0")
    found = scene.applied(FIRST).named("heap")
    holder.kill()
    assert rights(vm) == "999 990 660" and len(rules(vm)) == 1
    assert found["uuid"] in rules(vm)[0] and 'OWNER="999", GROUP="990", MODE="0660"' in rules(vm)[0]
    assert scene.is_settled(FIRST) and json.loads(scene.run("status", "--json").stdout)["drift"] == []
    daxctl.assert_agrees(vm)

    scene.applied(SECOND)
    assert rights(vm) == "1000 0 640" and 'OWNER="1000"' in rules(vm)[0]
    assert scene.run("rollback", "--yes").status == DONE
    assert rights(vm) == "999 990 660" and 'OWNER="999"' in rules(vm)[0]

    # A profile of the host has them.
    exported = scene.run("export").out
    assert 'device: {mode: devdax, owner: 999, group: 990, permissions: "0660"}' in exported
    assert scene.is_settled(exported)

    # The kernel makes a new node; here is no udev.
    vm.run("ndctl disable-namespace namespace0.0 && ndctl enable-namespace namespace0.0", check=True)
    assert rights(vm) == ROOTS
    [drift] = json.loads(scene.run("status", "--json").stdout)["drift"]
    assert drift["changes"][0]["property"] == "rights"
    assert len(scene.plan(FIRST)["changes"]) == 1
    scene.applied(FIRST)
    assert rights(vm) == "999 990 660"

    # Memory has no node to open, and what no line says of it goes.
    scene.applied(MEMORY)
    assert rules(vm) == []
    daxctl.assert_agrees(vm)
    assert scene.run("rollback", "--yes").status == DONE
    assert rights(vm) == "999 990 660" and len(rules(vm)) == 1
    scene.applied(PLAIN)
    assert rights(vm) == ROOTS and rules(vm) == []
    assert scene.is_settled(PLAIN)


@pytest.mark.each_kernel
def test_the_rule_goes_with_its_namespace_and_comes_back_with_it(scene):
    vm = scene.vm
    old = scene.applied(FIRST).named("heap")["uuid"]
    larger = heap('{owner: 999, group: 990, permissions: "0660"}', size="384 MiB")
    new = scene.applied(larger, allow=["heap"]).named("heap")["uuid"]
    assert new != old
    [rule] = rules(vm)
    assert new in rule and rights(vm) == "999 990 660"
    assert scene.run("rollback", "--yes", "--allow-destroy", "heap").status == DONE
    [rule] = rules(vm)
    assert old in rule and rights(vm) == "999 990 660"

    scene.applied(profile(region(0), unmanaged="destroy"), allow=["heap"])
    assert rules(vm) == []
    assert scene.run("rollback", "--yes").status == DONE
    [rule] = rules(vm)
    assert old in rule and rights(vm) == "999 990 660"
    assert scene.is_settled(FIRST)


@pytest.mark.crash_points
@pytest.mark.parametrize("start, goal", [(PLAIN, FIRST), (FIRST, PLAIN), (FIRST, SECOND)], ids=["given", "taken", "changed"])
def test_killed_anywhere_the_old_or_the_new_rights_are_left(scene, start, goal):
    vm = scene.vm
    expected = {PLAIN: (ROOTS, 0), FIRST: ("999 990 660", 1), SECOND: ("1000 0 640", 1)}
    scene.applied(start)
    ends = set()
    for at in points(1, 40, 2):
        fault = Fault(at, "kill-before", calls=CALLS, paths=PATHS, log=f"/tmp/fault-{at}.log")
        killed = scene.apply(goal, fault=fault)
        if killed.signal != 9:
            assert killed.status == DONE, killed
            break
        recovered = scene.run("recover")
        assert recovered.status == DONE, f"call {at}: {recovered}"
        ends.add("old")
        assert (rights(vm), len(rules(vm))) == expected[start], f"call {at}: {vm.read_file(fault.log)}"
    else:
        pytest.fail("more than 40 calls")
    assert at > 5 and ends == {"old"}
    assert (rights(vm), len(rules(vm))) == expected[goal]


@pytest.mark.crash_points
@pytest.mark.parametrize("start, goal", [(PLAIN, FIRST), (FIRST, PLAIN), (FIRST, SECOND)], ids=["given", "taken", "changed"])
def test_killed_anywhere_a_boot_finds_the_old_or_the_new_rule(scene, start, goal):
    vm = scene.vm
    scene.applied(start)
    old = rules(vm)
    for at in points(stride(5), 40, 5):
        fault = Fault(at, "kill-before", calls=CALLS, paths=PATHS, log=f"/tmp/fault-{at}.log")
        killed = scene.apply(goal, fault=fault)
        if killed.signal != 9:
            assert killed.status == DONE, killed
            break
        reboot_with_files(vm)
        # The kernel made the node anew, and what udev would read is a whole file, or none.
        read = vm.run("cat /etc/udev/rules.d/*.rules").out
        assert rights(vm) == ROOTS and (not read or read.endswith('LABEL="daxprov_end"\n')), f"call {at}: {read}"
        recovered = scene.run("recover")
        assert recovered.status == DONE, f"call {at}: {recovered}"
        assert rules(vm) == old, f"call {at}"
        scene.applied(start)
        assert rules(vm) == old and rights(vm) == (ROOTS if start is PLAIN else "999 990 660"), f"call {at}"
    else:
        pytest.fail("more than 40 calls")


@pytest.mark.crash_points
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EPERM])
def test_a_call_that_fails_leaves_the_old_rights(scene, code):
    vm = scene.vm
    scene.applied(FIRST)
    for at in points(1, 40, 2):
        fault = Fault(at, f"errno:{code}", calls=CALLS, paths=PATHS, log=f"/tmp/fault-{at}.log")
        failed = scene.apply(SECOND, fault=fault)
        if failed.status == DONE:
            if len(vm.read_file(fault.log).splitlines()) < at:
                break
            # What only made sure that something is durable, or removed what is not there.
            assert scene.run("rollback", "--yes").status == DONE
        else:
            assert failed.status in (ROLLED_BACK, NOT_PERMITTED), f"call {at}: {failed}"
        assert (rights(vm), len(rules(vm))) == ("999 990 660", 1), f"call {at}: {failed}"
    else:
        pytest.fail("more than 40 calls")


def test_what_is_not_daxprovs_is_refused_before_anything_and_stays(scene):
    vm = scene.vm
    for setup, why in (
            (f"mkdir -p /etc/udev/rules.d; echo 'KERNEL==\"dax*\", MODE=\"0666\"' > {RULES}", "it is not as daxprov writes it"),
            (f"mv {RULES} /tmp/theirs; ln -s /tmp/theirs {RULES}", "it is a link"),
            (f"rm {RULES}; mkfifo {RULES}", "it is no regular file")):
        vm.run(setup, check=True)
        before = vm.run(f"ls -l {RULES}; cat /tmp/theirs").out
        [refusal] = scene.refused(FIRST)["refusals"]
        assert refusal["code"] == "device_rules_foreign" and why in refusal["message"], refusal
        assert rights(vm) == ROOTS and vm.run(f"ls -l {RULES}; cat /tmp/theirs").out == before
        # Who gives nobody rights has nothing to do with it.
        assert scene.is_settled(PLAIN)
    vm.run(f"rm {RULES}", check=True)

    scene.applied(FIRST)
    vm.run(f"sed -i 's/0660/0666/; s/OWNER=\"999\"/OWNER=\"999\", RUN+=\"x\"/' {RULES}", check=True)
    edited = vm.read_file(RULES)
    undone = scene.run("rollback", "--yes")
    assert undone.status == DONE and "the rules are not daxprov's" in undone.out, undone
    assert vm.read_file(RULES) == edited and rights(vm) == "999 990 660"


def test_a_node_of_another_device_gets_nothing(scene):
    vm = scene.vm
    vm.run("rm /dev/dax0.0 && mknod -m 600 /dev/dax0.0 c 1 3", check=True)
    failed = scene.apply(FIRST)
    assert failed.status == ROLLED_BACK and "leads to another device" in failed.err + failed.out, failed
    assert rights(vm) == ROOTS and rules(vm) == []
    vm.run("rm /dev/dax0.0", check=True)
    failed = scene.apply(FIRST)
    assert failed.status == ROLLED_BACK and rules(vm) == []


def test_an_account_that_is_not_there_is_refused(scene):
    vm = scene.vm
    vm.run("echo 'db:x:999:990::/:/bin/false' >> /etc/passwd; echo 'pmem:x:990:' >> /etc/group", check=True)
    [refusal] = scene.refused(heap("{owner: nobody-here, group: pmem}"))["refusals"]
    assert refusal["code"] == "account_unknown" and "user nobody-here" in refusal["message"]
    scene.applied(heap("{owner: db, group: pmem}"))
    assert rights(vm) == "999 990 600"


@pytest.fixture(scope="module")
def images(qemu_is_there, tmp_path_factory):
    if os.getuid() != 0:
        pytest.skip("NOT TESTED with a real udev: only root can make its root directory (debootstrap)")
    folder = tmp_path_factory.mktemp("rights")
    with Machine("nvdimm-small", images=folder, labelled=True) as vm:
        Daxprov(vm).applied(profile(region(0, *(namespace(name=name, mode="devdax", size="64 MiB") for name in ("first", "heap")))))
    return {path.name: path for path in folder.iterdir()}


def both(device=None):
    return profile(region(
        0, namespace(name="first", mode="devdax", size="64 MiB"),
        namespace(name="heap", mode="devdax", size="64 MiB", **({"device": device} if device else {}))))


@pytest.mark.each_kernel
def test_with_a_real_udev_rights_follow_the_device_and_nobody_else_gets_them(images):
    with SystemdMachine(images, {}) as vm:
        vm.settled()
        # That a boot is over does not say that udev has loaded every driver.
        vm.run("udevadm settle", check=True)

        def daxprov(*words, text=None):
            return vm.run(["daxprov", *words, *(["-"] if text else [])], **({"stdin": text.encode()} if text else {}), timeout=300)

        def node(name):
            return "/dev/" + Inventory(json.loads(vm.out("daxprov inventory --json"))).named(name)["chardev"]

        def settle():
            vm.run("udevadm settle", check=True)

        def destroy(name):
            found = Inventory(json.loads(vm.out("daxprov inventory --json"))).named(name)
            vm.run(["ndctl", "destroy-namespace", "-f", found["dev"]], check=True)

        # A group by its name. The event of a driver that is bound comes after the node got its rights, and so does a trigger.
        wanted = both('{owner: daemon, group: disk, permissions: "0660"}')
        applied = daxprov("apply", "--yes", text=wanted)
        assert applied.status == DONE, applied
        theirs = "1 6 660"
        settle()
        assert rights(vm, node("heap")) == theirs and rights(vm, node("first")) == ROOTS
        vm.run("udevadm trigger --action=change --subsystem-match=dax", check=True)
        settle()
        assert rights(vm, node("heap")) == theirs and rights(vm, node("first")) == ROOTS
        assert daxprov("plan", "--detailed-exitcode", text=wanted).status == DONE

        # A new node, and another name.
        old = node("heap")
        vm.run("ndctl disable-namespace all; ndctl enable-namespace all", check=True)
        settle()
        assert rights(vm, node("heap")) == theirs and rights(vm, node("first")) == ROOTS
        destroy("first")
        vm.run("ndctl disable-region region0 && ndctl enable-region region0", check=True)
        settle()
        assert rights(vm, node("heap")) == theirs, (old, node("heap"))

        # Somebody gives a device rights by hand that has no rule: the next event takes them.
        vm.run("ndctl create-namespace -r region0 -m devdax -s 64M -n others", check=True)
        settle()
        assert rights(vm, node("others")) == ROOTS
        vm.run(f"chmod 666 {node('others')}; udevadm trigger --action=change --subsystem-match=dax", check=True)
        settle()
        assert rights(vm, node("others")) == ROOTS

        # Another tool destroys it; what gets the node has nothing of it.
        place = node("heap")
        destroy("heap")
        vm.run("ndctl create-namespace -r region0 -m devdax -s 64M -n new", check=True)
        settle()
        assert node("new") == place and rights(vm, place) == ROOTS
        # An administrator's own rule for it wins.
        vm.run("echo 'SUBSYSTEM==\"dax\", MODE=\"0644\"' > /etc/udev/rules.d/60-own.rules; udevadm control --reload; "
               "udevadm trigger --action=change --subsystem-match=dax", check=True)
        settle()
        assert rights(vm, place) == "0 0 644"
