"""Every kind of change: as the plan said, only with consent, and with the neighbours untouched."""

import pytest

from support import Daxprov, contents, namespace, ndctl, profile, region


class Neighbours:
    """A namespace of each mode around the one that is changed; on the first a mounted ext4 file system."""

    names = ("mounted", "heap", "journal", "bytes")
    items = (
        namespace(name="mounted", mode="fsdax", size="64 MiB"),
        namespace(name="heap", mode="devdax", size="32 MiB"),
        namespace(name="journal", mode="sector", size="32 MiB"),
        namespace(name="bytes", mode="raw", size="32 MiB"))

    def __init__(self, daxprov):
        self.vm, self.daxprov = daxprov.vm, daxprov
        found = daxprov.inventory()
        self.file = contents.make_file(self.vm, found.node("mounted"), "/mnt/neighbour", "mounted")
        for name in self.names[1:]:
            contents.fill(self.vm, found.node(name), name)
        self.facts = self._facts(found)
        self.digests = self._digests(found)

    def assert_untouched(self, found):
        """They are the same in this inventory, and so is what is on them."""
        assert self._facts(found) == self.facts
        assert self._digests(found) == self.digests
        assert contents.file_digest(self.vm, "/mnt/neighbour") == self.file
        self.vm.run("echo more >> /mnt/neighbour/log && sync && findmnt /mnt/neighbour", check=True)

    def _facts(self, found):
        return [found.named(name) for name in self.names]

    def _digests(self, found):
        """As the users of the devices see it, and on the media."""
        return {name: (contents.start_digest(self.vm, found.node(name)),
                       contents.media_digest(self.vm, found.named(name), found.region(0)))
                for name in self.names[1:]}


def around(*middle):
    """A profile with the namespace that changes between the neighbours."""
    before, after = Neighbours.items[:2], Neighbours.items[2:]
    return profile(region(0, *before, *middle, *after))


def change(daxprov, neighbours, wanted, kind, consent=None):
    """Makes the one change of a profile, and asserts all that is true of every change; returns before and after."""
    plan = daxprov.plan(wanted)
    [planned] = plan["changes"]
    assert planned["kind"] == kind
    assert planned.get("consent") == consent
    before = daxprov.inventory()
    if consent:
        report = daxprov.refused(wanted, allow=["another"], before=before)
        assert [refusal["code"] for refusal in report["refusals"]] == ["consent_missing", "consent_unknown"]
    after = daxprov.applied(wanted, allow=[consent] if consent else [])
    found = after.named(planned["after"]["name"])
    said = {key: value for key, value in planned["after"].items() if value is not None}
    assert {key: found[key] for key in said} == said
    neighbours.assert_untouched(after)
    assert daxprov.is_settled(wanted)
    ndctl.assert_agrees(daxprov.vm)
    return before, found


@pytest.fixture
def start(labelled):
    """start(**fields): the neighbours, and between them the namespace `one` of these fields."""

    def make(**fields):
        daxprov = Daxprov(labelled)
        daxprov.applied(around(namespace(name="one", **fields)))
        return daxprov, Neighbours(daxprov)

    return make


def test_a_rename_by_the_former_name_and_one_by_uuid_keep_everything_but_the_name(start):
    daxprov, neighbours = start(mode="fsdax", size="64 MiB")
    old = daxprov.inventory().named("one")
    digest = contents.digest(daxprov.vm, f"/dev/{old['blockdev']}")

    wanted = around(namespace(name="two", renamed_from="one", mode="fsdax", size="64 MiB"))
    _, second = change(daxprov, neighbours, wanted, "rename")
    wanted = around(namespace(name="drei ' 3", uuid=old["raw_uuid"], mode="fsdax", size="64 MiB"))
    wanted = wanted.replace("drei ' 3", '"drei \' 3"')
    _, third = change(daxprov, neighbours, wanted, "rename")
    wanted = around(namespace(name="four", uuid=old["uuid"], mode="fsdax", size="64 MiB"))
    _, fourth = change(daxprov, neighbours, wanted, "rename")

    assert [each["name"] for each in (second, third, fourth)] == ["two", "drei ' 3", "four"]
    assert {**fourth, "name": "one"} == old
    assert contents.digest(daxprov.vm, f"/dev/{fourth['blockdev']}") == digest


@pytest.mark.each_kernel
def test_fsdax_becomes_devdax_and_fsdax_again_in_its_place(start):
    daxprov, neighbours = start(mode="fsdax", size="64 MiB")
    old = daxprov.inventory().named("one")
    _, devdax = change(
        daxprov, neighbours, around(namespace(name="one", mode="devdax", size="64 MiB")), "reconfigure", "one")
    assert devdax["raw_uuid"] != old["raw_uuid"] and devdax["resource"] == old["resource"]
    change(daxprov, neighbours, around(namespace(name="one", mode="fsdax", size="64 MiB")), "reconfigure", "one")


@pytest.mark.each_kernel
def test_raw_becomes_sector_and_raw_again_in_its_place(start):
    daxprov, neighbours = start(mode="raw", size="32 MiB")
    _, sector = change(
        daxprov, neighbours, around(namespace(name="one", mode="sector", size="32 MiB")), "reconfigure", "one")
    assert sector["sector_size"] == 4096
    _, raw = change(
        daxprov, neighbours, around(namespace(name="one", mode="raw", size="32 MiB")), "reconfigure", "one")
    assert raw["usable_size"] == raw["raw_size"] == 32 << 20


def test_a_sector_size_changes(start):
    daxprov, neighbours = start(mode="sector", size="32 MiB", sector_size=4096)
    _, found = change(
        daxprov, neighbours, around(namespace(name="one", mode="sector", size="32 MiB", sector_size=512)),
        "reconfigure", "one")
    assert daxprov.vm.run(f"blockdev --getss /dev/{found['blockdev']}").out == "512\n"


def test_an_alignment_changes_from_2_mib_to_4_kib(start):
    daxprov, neighbours = start(mode="devdax", size="64 MiB", align="2 MiB")
    _, found = change(
        daxprov, neighbours, around(namespace(name="one", mode="devdax", size="64 MiB", align="4 KiB")),
        "reconfigure", "one")
    assert found["align"] == 4096


def test_an_alignment_changes_from_2_mib_to_1_gib(machine):
    daxprov = Daxprov(machine("nvdimm", labelled=True))
    tail = Neighbours.items
    first = namespace(name="one", mode="devdax", size="2 GiB", map="mem")
    daxprov.applied(profile(region(0, first, *tail)))
    neighbours = Neighbours(daxprov)
    huge = namespace(name="one", mode="devdax", size="2 GiB", map="mem", align="1 GiB")
    _, found = change(daxprov, neighbours, profile(region(0, huge, *tail)), "reconfigure", "one")
    assert (found["align"], found["usable_size"]) == (1 << 30, 1 << 30)


def test_the_page_map_moves_to_memory_and_back(start):
    daxprov, neighbours = start(mode="fsdax", size="128 MiB", map="dev")
    _, in_memory = change(
        daxprov, neighbours, around(namespace(name="one", mode="fsdax", size="128 MiB", map="mem")),
        "reconfigure", "one")
    _, on_device = change(
        daxprov, neighbours, around(namespace(name="one", mode="fsdax", size="128 MiB", map="dev")),
        "reconfigure", "one")
    assert on_device["usable_size"] < in_memory["usable_size"]


@pytest.mark.each_kernel
def test_a_change_of_size_is_a_replacement(start):
    daxprov, neighbours = start(mode="devdax", size="64 MiB")
    old = daxprov.inventory().named("one")
    _, larger = change(
        daxprov, neighbours, around(namespace(name="one", mode="devdax", size="128 MiB")), "replace", "one")
    assert larger["raw_uuid"] != old["raw_uuid"] and larger["resource"] > old["resource"]
    _, smaller = change(
        daxprov, neighbours, around(namespace(name="one", mode="devdax", size="48 MiB")), "replace", "one")
    assert smaller["resource"] == old["resource"]
    daxprov.vm.reboot()
    found = daxprov.inventory().named("one")
    assert {**found, "dev": "", "chardev": ""} == {**smaller, "dev": "", "chardev": ""}


def test_what_is_protected_is_not_changed_whoever_consents(start):
    daxprov, _ = start(mode="devdax", size="64 MiB")
    for fields in ({"mode": "fsdax", "size": "64 MiB"}, {"mode": "devdax", "size": "128 MiB"}):
        wanted = around(namespace(name="one", protect=True, **fields))
        assert [each["code"] for each in daxprov.refused(wanted, allow=["one"])["refusals"]] == ["protected"]
