"""The Ansible collection on a real kernel: a play on this host, whose managed host is the machine.

`Tests/Ansible` has the rest, on simulated hosts. What can go wrong here alone: the module runs where there is no Python, as root on
a real device, with a record in the usual place; check mode must leave that place, the labels and the media as they are.
"""

import pytest

from support import Daxprov, contents, namespace, profile, region
from support.managed import Managed

WANTED = profile(
    region(0, namespace(name="wal", mode="fsdax", size="64 MiB"), namespace(name="heap", mode="devdax", size="64 MiB")))


@pytest.fixture
def managed(labelled, tmp_path):
    with Managed(tmp_path, labelled) as controller:
        yield controller


def outcomes(results):
    return ["failed" if each["kind"] == "failed" else "changed" if each["changed"] else "ok" for each in results]


def pictures(vm):
    """What a host is as a whole: the media of its DIMMs, labels included, and what daxprov recorded."""
    media = [contents.image_digest(vm, name, 0, -1) for name in sorted(vm.images)]
    return media, vm.run("find /var/lib/daxprov /run/daxprov 2>/dev/null | sort").out


@pytest.mark.each_kernel
def test_check_mode_touches_nothing_and_a_run_changes_once(labelled, managed):
    before = pictures(labelled)
    assert outcomes(managed.tasks(("check diff", {"profile": WANTED}))) == ["changed"], managed.output
    assert pictures(labelled) == before
    results = managed.tasks(
        ("check", {"profile": WANTED}), ("diff", {"profile": WANTED}), ("", {"profile": WANTED}), ("check", {"profile": WANTED}))
    assert outcomes(results) == ["changed", "changed", "ok", "ok"], managed.output
    found = Daxprov(labelled).inventory()
    assert found.named("wal")["mode"] == "fsdax" and found.named("heap")["mode"] == "devdax"
    assert Daxprov(labelled).is_settled(WANTED)
    assert [made["name"] for made in results[1]["apply"]["made"]] == ["wal", "heap"]

    # Every fact of the host, as its own command tells it.
    told = managed.task({}, module="daxprov.pmem.inventory_info")
    assert told["inventory"]["buses"] == found.document["buses"], told


def test_what_would_lose_data_needs_its_name(labelled, managed):
    daxprov = Daxprov(labelled)
    daxprov.applied(WANTED)
    node = daxprov.inventory().node("wal")
    contents.fill(labelled, node, "wal")
    digest = contents.start_digest(labelled, node)
    raw = profile(region(0, namespace(name="wal", mode="raw", size="64 MiB"), namespace(name="heap", mode="devdax", size="64 MiB")))
    check, run = managed.tasks(("check", {"profile": raw}), ("", {"profile": raw}))
    assert outcomes([check, run]) == ["failed", "failed"] and "add wal to allow_destroy" in run["msg"], managed.output
    assert contents.start_digest(labelled, node) == digest
    [agreed] = managed.tasks(("", {"profile": raw, "allow_destroy": ["wal"]}))
    assert outcomes([agreed]) == ["changed"], managed.output
    assert daxprov.is_settled(raw)
