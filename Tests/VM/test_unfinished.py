"""Creations that stopped half-way: reported, finished or reused or destroyed, and in nobody's way."""

import uuid
from itertools import count

import pytest

from lab import Fault
from support import Daxprov, namespace, ndctl, profile, region
from support.daxprov import DONE, PARTIAL

SIZE = 64 << 20
OTHER = namespace(name="other", mode="devdax", size="32 MiB")
SECOND = namespace(name="second", mode="sector", size="32 MiB")


def one(mode, **fields):
    return namespace(name="one", mode=mode, size="64 MiB", **fields)


def configure_by_hand(vm, name="", holder_class="", claim=None):
    """Allocates the seed of region 0 with stores alone, and does not enable it; returns its UUID.

    With `claim`, the idle instance in that attribute of the region (such as btt_seed) claims it as well.
    """
    label = str(uuid.uuid4())
    claiming = f'claim=$(cat {claim}); echo {uuid.uuid4()} > $claim/uuid; echo $seed > $claim/namespace' if claim else ""
    sector = "echo 4096 > $claim/sector_size" if claim == "btt_seed" else ""
    vm.run(f"""
        set -e
        cd /sys/bus/nd/devices/region0
        seed=$(cat namespace_seed)
        echo '{name}' > $seed/alt_name
        echo '{holder_class}' > $seed/holder_class
        echo {label} > $seed/uuid
        echo {SIZE} > $seed/size
        {claiming.replace('; echo $seed', f'; {sector}; echo $seed') if sector else claiming}
    """, check=True)
    return label


def consents(plan):
    return [change["consent"] for change in plan["changes"] if change.get("consent")]


def settle(daxprov, wanted):
    """Applies with the consents that the plan names, refused without them; returns the inventory afterwards.

    A namespace that is enabled can turn out to be unfinished: the first apply says so, and the second finishes it.
    """
    for _ in range(2):
        allow = consents(daxprov.plan(wanted))
        if allow:
            assert {each["code"] for each in daxprov.refused(wanted)["refusals"]} == {"consent_missing"}
        result = daxprov.apply(wanted, allow=allow)
        if result.status == DONE:
            break
        assert result.status == PARTIAL and "needs --allow-destroy" in result.out, result
    made = daxprov.inventory()
    assert daxprov.is_settled(wanted)
    assert all("unfinished" not in each for each in made.namespaces)
    return made


def assert_survives_a_reboot(daxprov, wanted):
    facts = daxprov.inventory().facts()
    daxprov.vm.reboot()
    assert daxprov.inventory().facts() == facts
    assert daxprov.is_settled(wanted)
    ndctl.assert_agrees(daxprov.vm)


def test_a_uuid_and_a_size_without_more_are_reported_and_do_not_stop_other_creations(labelled):
    daxprov = Daxprov(labelled)
    label = configure_by_hand(labelled)
    found = daxprov.inventory().with_uuid(label)
    assert (found["state"], found["unfinished"], found["raw_size"]) == ("disabled", "never_enabled", SIZE)
    assert "unfinished: never enabled" in daxprov.run("inventory").out
    ndctl.assert_agrees(labelled)

    two = profile(region(0, OTHER, SECOND))
    made = daxprov.applied(two)
    assert {each.get("name") for each in made.namespaces} == {None, "other", "second"}
    assert made.with_uuid(label)["raw_size"] == SIZE
    assert_survives_a_reboot(daxprov, two)

    adopted = profile(region(0, one("fsdax", uuid=label), OTHER, SECOND))
    made = settle(daxprov, adopted)
    assert made.named("one")["mode"] == "fsdax"
    assert_survives_a_reboot(daxprov, adopted)


@pytest.mark.parametrize("wanted", ["raw", "devdax"])
def test_a_uuid_and_a_size_without_more_become_what_the_profile_says(labelled, wanted):
    daxprov = Daxprov(labelled)
    label = configure_by_hand(labelled)
    adopted = profile(region(0, one(wanted, uuid=label), OTHER))
    assert consents(daxprov.plan(adopted)) == ([] if wanted == "raw" else [label])
    assert settle(daxprov, adopted).named("one")["mode"] == wanted
    assert_survives_a_reboot(daxprov, profile(region(0, one(wanted), OTHER)))


def test_an_unfinished_creation_is_destroyed_with_the_consent_for_its_uuid(labelled):
    daxprov = Daxprov(labelled)
    label = configure_by_hand(labelled)
    wanted = profile(region(0, OTHER), unmanaged="destroy")
    assert consents(daxprov.plan(wanted)) == [label]
    assert [each["name"] for each in settle(daxprov, wanted).namespaces] == ["other"]
    assert_survives_a_reboot(daxprov, wanted)


@pytest.mark.parametrize("mode, holder_class", [("fsdax", "pfn"), ("devdax", "dax")])
@pytest.mark.each_kernel
def test_a_label_that_records_direct_access_is_enabled_and_then_finished_with_consent(labelled, mode, holder_class):
    daxprov = Daxprov(labelled)
    label = configure_by_hand(labelled, "one", holder_class)
    found = daxprov.inventory().named("one")
    assert (found["state"], found["configured_mode"], found["raw_uuid"]) == ("disabled", mode, label)
    ndctl.assert_agrees(labelled)
    wanted = profile(region(0, one(mode), OTHER))
    assert consents(daxprov.plan(wanted)) == []
    assert settle(daxprov, wanted).named("one")["mode"] == mode
    assert_survives_a_reboot(daxprov, wanted)


@pytest.mark.parametrize("mode, holder_class", [("fsdax", "pfn"), ("sector", "btt")])
@pytest.mark.each_kernel
def test_what_a_reboot_made_a_raw_device_of_an_unfinished_creation_is_reported_and_finished(
        labelled, mode, holder_class):
    daxprov = Daxprov(labelled)
    label = configure_by_hand(labelled, "one", holder_class)
    labelled.reboot()
    found = daxprov.inventory().named("one")
    assert (found["state"], found["mode"], found["unfinished"]) == ("active", "raw", "lacks_info_block")
    assert f"unfinished: no {mode} info block" in daxprov.run("inventory").out
    ndctl.assert_agrees(labelled)
    wanted = profile(region(0, one(mode), OTHER))
    made = settle(daxprov, wanted).named("one")
    assert (made["mode"], made["raw_size"], made["resource"]) == (mode, SIZE, found["resource"])
    assert made["raw_uuid"] != label or mode != "sector"
    assert_survives_a_reboot(daxprov, wanted)


def test_a_claim_that_was_never_bound_is_taken_away(labelled):
    daxprov = Daxprov(labelled)
    label = configure_by_hand(labelled, "failed", "btt", "btt_seed")
    found = daxprov.inventory().named("failed")
    assert (found["state"], found["configured_mode"], found["raw_uuid"]) == ("disabled", "sector", label)
    ndctl.assert_agrees(labelled)

    others = profile(region(0, OTHER, SECOND))
    made = daxprov.applied(others)
    assert made.named("failed")["raw_uuid"] == label
    assert_survives_a_reboot(daxprov, others)
    finished = profile(region(0, OTHER, SECOND, namespace(name="failed", mode="sector", size="64 MiB")))
    assert settle(daxprov, finished).named("failed")["mode"] == "sector"
    assert_survives_a_reboot(daxprov, finished)


@pytest.mark.each_kernel
def test_a_claim_that_was_never_bound_is_finished_as_the_profile_says(labelled):
    daxprov = Daxprov(labelled)
    configure_by_hand(labelled, "one", "btt", "btt_seed")
    wanted = profile(region(0, one("sector"), SECOND))
    allow = consents(daxprov.plan(wanted))
    first = daxprov.apply(wanted, allow=allow)
    if first.status != 0:  # only enabling it shows that it has no info block: then consent is asked for
        assert "--allow-destroy one" in first.out
        allow = ["one"]
    made = daxprov.applied(wanted, allow=allow)
    assert made.named("one")["mode"] == "sector"
    assert daxprov.is_settled(wanted)
    assert_survives_a_reboot(daxprov, wanted)


@pytest.mark.parametrize("mode", ["fsdax", "sector"])
def test_wherever_ndctl_was_killed_apply_finishes_what_it_left_and_creates_more(labelled, mode):
    daxprov = Daxprov(labelled)
    command = ["ndctl", "create-namespace", "-r", "0", "-s", "64M", "-m", mode, "-n", "one"]
    orders = profile(region(0, one(mode), OTHER)), profile(region(0, OTHER, one(mode)))
    empty = profile(region(0), unmanaged="destroy")
    left = []
    for at in count(1 if mode == "fsdax" else 2, 2):  # the two modes take turns: most stores are the same
        if labelled.run(command, fault=Fault(at, "kill-after", paths=("/sys",))).signal is None:
            break
        names = [each.get("name") for each in daxprov.inventory().namespaces]
        assert names in ([], [None], ["one"]), f"store {at}"
        left += names
        wanted = orders[at // 2 % 2]
        result = daxprov.apply(wanted)
        if result.status != 0:  # a label that records no mode, or a sector namespace that only enabling shows to be raw
            assert "--allow-destroy one" in result.out, f"store {at}: {result}"
            result = daxprov.apply(wanted, allow=["one"])
        assert result.status == 0, f"store {at}: {result}"
        made = daxprov.inventory()
        assert {each["name"]: each["mode"] for each in made.namespaces if "name" in each} == {
            "one": mode, "other": "devdax"}, f"store {at}"
        if at in (5, 6):
            assert_survives_a_reboot(daxprov, wanted)
        everything = [each.get("name", each["raw_uuid"]) for each in made.namespaces]
        assert daxprov.apply(empty, allow=everything).status == 0, f"store {at}"
    assert at > 6 and len(left) >= 3
