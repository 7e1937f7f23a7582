"""Reports on a real kernel: what is in them is what the kernel, ndctl and the program itself say, and nothing changed by looking.

What can happen between two lines:
- the caller is not root; the kernel hides addresses, its log and label areas;
- a label area cannot be read; a region is disabled;
- the kernel log has more lines than are kept, and escape sequences of terminals;
- the disk is full.
What must hold: every section says something, each in its place why it has less; devices keep every byte; with --redact no secret is left.
"""

import re

import pytest

from support import Daxprov, contents, namespace, profile, region
from support.daxprov import DONE, ERROR

TWO = profile(region(0, namespace(name="wal", mode="fsdax", size="64 MiB"),
                     namespace(name="heap", mode="devdax", size="64 MiB")))


def sections(text):
    """{title: lines}; every section has some."""
    found = {}
    for part in re.split(r"(?m)^== ", text)[1:]:
        title, _, rest = part.partition(" ==\n")
        found[title] = [line[2:] for line in rest.splitlines() if line]
        assert found[title], title
    return found


def report(daxprov, *words, **options):
    run = daxprov.run("report", *words, **options)
    assert run.status == DONE, run
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", run.out)
    return run.out


def media(vm):
    """A checksum of each DIMM with its labels, read by the host."""
    return {name: contents.image_digest(vm, name, 0, vm.images[name].stat().st_size) for name in vm.images}


def secrets(inventory):
    """The identities of DIMMs, and the UUIDs of namespaces."""
    dimms = [dimm["id"] for bus in inventory.document["buses"] for dimm in bus["dimms"] if dimm.get("id")]
    spaces = [space for each in inventory.regions for space in each["namespaces"]]
    return dimms + [space[key] for space in spaces for key in ("uuid", "raw_uuid") if space.get(key)]


@pytest.mark.each_kernel
def test_it_says_what_the_kernel_says_and_changes_nothing(labelled):
    daxprov = Daxprov(labelled)
    inventory = daxprov.applied(TWO)
    node = inventory.node("wal")
    labelled.run(f"mkfs.ext4 -q -F {node} && mkdir -p /mnt/fs && mount -o ro {node} /mnt/fs && sync", check=True)
    before = media(labelled)
    text = report(daxprov)
    assert media(labelled) == before
    found = sections(text)

    release = labelled.run("uname -r", check=True).out.strip()
    assert f"/proc/sys/kernel/osrelease: {release}" in found["Kernel"]
    assert f"/proc/cmdline: {labelled.run('cat /proc/cmdline', check=True).out.strip()}" in found["Kernel"]
    loaded = {name for name in labelled.run("ls /sys/module", check=True).out.split() if name.startswith(("nd_", "nfit", "libnvdimm"))}
    assert loaded and all(any(line.startswith(f"{name}:") for line in found["Modules"]) for name in loaded)
    policy = labelled.run("cat /sys/devices/system/memory/auto_online_blocks", check=True).out.strip()
    assert f"/sys/devices/system/memory/auto_online_blocks: {policy}" in found["Memory hotplug"]
    assert any("Persistent Memory" in line for line in found["Address map"])
    assert not any(line.strip().startswith("00000000-00000000") for line in found["Address map"])
    assert any("pmem" in line or "nd_" in line for line in found["Kernel log"])
    assert any("libndctl.so" in line for line in found["Libraries"])

    areas = found["Label areas"]
    assert sum("label area of 128 KiB" in line for line in areas) == 2
    assert sum("version 1.2" in line for line in areas) >= 2
    for name in ("wal", "heap"):
        assert any(f"label {inventory.named(name)['raw_uuid']} {name}: 64 MiB at" in line for line in areas)
    assert any(line.endswith("mounted at /mnt/fs") and "region0/wal" in line for line in found["Uses of devices"])
    for command, title in (("inventory", "Inventory"), ("status", "Status"), ("history", "History")):
        # Who else brings memory online has a section of its own.
        told = found[title] + (found["daxctl, udev and memory"] if command == "inventory" else [])
        for line in daxprov.run(command).out.splitlines():
            assert not line or line in told, (title, line)

    redacted = report(daxprov, "--redact")
    names = [*secrets(inventory), labelled.run("uname -n", check=True).out.strip()]
    shown = [name for name in secrets(inventory) if name.lower() in text.lower()]
    assert len(shown) >= 4, shown  # two DIMMs and two labels at least
    for name in names:
        assert len(name) < 4 or name.startswith("localhost") or name.lower() not in redacted.lower(), name
    assert "serial-1" in redacted and "uuid-1" in redacted and "wal" in redacted
    assert list(sections(redacted)) == list(found)


def test_who_is_not_root_gets_one_that_says_what_is_missing(labelled):
    daxprov = Daxprov(labelled)
    daxprov.applied(TWO)
    labelled.run("echo 1 > /proc/sys/kernel/dmesg_restrict", check=True)
    found = sections(report(daxprov, user="nobody"))
    assert any("the kernel shows the addresses to root alone" in line for line in found["Address map"])
    assert any("could not be read" in line for line in found["Kernel log"])
    assert all("could not be read" in line for line in found["Label areas"]) and len(found["Label areas"]) == 2
    assert any("could not be read" in line for line in found["History"])
    assert any("wal" in line for line in found["Inventory"])


def test_a_region_that_is_disabled_hides_no_other(labelled):
    daxprov = Daxprov(labelled)
    daxprov.applied(TWO)
    labelled.run("ndctl disable-region region1", check=True)
    found = sections(report(daxprov))
    assert any("disabled" in line for line in found["Inventory"])
    assert any(line.startswith("region0/wal") for line in found["Uses of devices"])


def test_a_hostile_log_is_cut_and_harmless(labelled):
    daxprov = Daxprov(labelled)
    labelled.run("echo on > /proc/sys/kernel/printk_devkmsg", check=True)
    labelled.run("for i in $(seq 3000); do echo \"pmem0: line $i\" > /dev/kmsg; done", check=True)
    labelled.run("printf 'pmem0: \\033]0;title\\007 \\233 password=hunter2 last\\n' > /dev/kmsg", check=True)
    text = report(daxprov)
    log = sections(text)["Kernel log"]
    assert len(log) <= 2003 and any(re.search(r"\(\d+ lines are left out here\)", line) for line in log)
    assert "last" in log[-1] and "hunter2" in log[-1]
    assert "hunter2" not in report(daxprov, "--redact")


def test_a_full_disk_leaves_no_half_report(labelled):
    daxprov = Daxprov(labelled)
    labelled.run("mkdir -p /mnt/small && mount -t tmpfs -o size=4k none /mnt/small", check=True)
    run = daxprov.run("report", "--output", "/mnt/small/report")
    assert run.status == ERROR and "No space left on device" in run.err, run
    assert labelled.run("ls -A /mnt/small", check=True).out == ""
    made = daxprov.run("report", "--output", "/tmp/report")
    assert made.status == DONE and made.out == ""
    assert labelled.run("stat -c '%a %U' /tmp/report", check=True).out.split() == ["600", "root"]
    again = daxprov.run("report", "--output", "/tmp/report")
    assert again.status == ERROR and "it exists" in again.err


@pytest.mark.each_kernel
def test_a_host_without_persistent_memory_has_one(machine):
    found = sections(report(Daxprov(machine("none"))))
    assert any("No persistent memory" in line for line in found["Inventory"])
    assert found["Label areas"] == ["none was found"] and found["Uses of devices"] == ["none was found"]
