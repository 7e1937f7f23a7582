"""Namespaces that ndctl made: recognised, adopted, left alone, and destroyed only with consent."""

import pytest

from support import Daxprov, contents, namespace, ndctl, profile, region

MADE_BY_NDCTL = "set -e\n" + "\n".join(
    f"ndctl create-namespace -r 0 -s 32M -m {mode} {name} > /dev/null"
    for mode in ("fsdax", "devdax", "sector", "raw") for name in (f"-n {mode}-named", ""))



@pytest.mark.each_kernel
def test_namespaces_of_ndctl_are_recognised_adopted_and_left_alone(labelled):
    daxprov = Daxprov(labelled)
    labelled.run(MADE_BY_NDCTL, check=True)
    ndctl.assert_agrees(labelled)
    before = daxprov.inventory()
    assert len(before.namespaces) == 8 and {each["state"] for each in before.namespaces} == {"active"}
    theirs = {each["dev"]: each for each in ndctl.listed(labelled, "-N", "-v")}
    for found in before.namespaces:
        assert found["mode"] == theirs[found["dev"]]["mode"]
    for found in before.namespaces:
        if "name" in found:
            contents.fill(labelled, before.node(found["name"]), found["name"], 64 << 10)
    digests = {name: contents.start_digest(labelled, before.node(name)) for name in ("raw-named", "devdax-named")}

    nothing_is_ours = profile(region(0))
    plan = daxprov.plan(nothing_is_ours)
    assert plan["changes"] == [] and len(plan["unmanaged"]) == 8
    assert daxprov.apply(nothing_is_ours).status == 0

    named = [namespace(name=each["name"], mode=each["mode"], size="32 MiB")
             for each in before.namespaces if "name" in each]
    unnamed = [each for each in before.namespaces if "name" not in each]
    by_uuid = [namespace(uuid=each["raw_uuid"] if index % 2 else each.get("uuid", each["raw_uuid"]),
                         mode=each["mode"], size="32 MiB") for index, each in enumerate(unnamed)]
    all_are_ours = profile(region(0, *named, *by_uuid), unmanaged="destroy")
    plan = daxprov.plan(all_are_ours)
    assert (plan["changes"], plan["refusals"], plan["unmanaged"]) == ([], [], []) and len(plan["unchanged"]) == 8
    assert daxprov.apply(all_are_ours).status == 0
    assert daxprov.inventory().document == before.document

    by_either = profile(region(0, *(
        namespace(uuid=each[key], mode=each["mode"], size="32 MiB")
        for each, key in zip((each for each in unnamed if "uuid" in each), ("raw_uuid", "uuid", "raw_uuid")))))
    assert len(daxprov.plan(by_either)["unchanged"]) == 3

    named_now = profile(region(0, *(
        namespace(name=f"{each['mode']}-adopted", uuid=each["raw_uuid"], mode=each["mode"], size="32 MiB")
        for each in unnamed)))
    after = daxprov.applied(named_now)
    for each in unnamed:
        assert after.named(f"{each['mode']}-adopted") == {**each, "name": f"{each['mode']}-adopted"}
    assert {name: contents.start_digest(labelled, after.node(name)) for name in digests} == digests
    ndctl.assert_agrees(labelled)


def test_an_unmanaged_namespace_goes_only_with_the_policy_and_the_consent_for_its_uuid(labelled):
    daxprov = Daxprov(labelled)
    labelled.run("ndctl create-namespace -r 0 -s 32M -m fsdax && ndctl create-namespace -r 0 -s 32M -m sector -n kept "
                 "&& ndctl create-namespace -r 0 -s 32M -m raw -n lost", check=True)
    before = daxprov.inventory()
    [unnamed] = [each for each in before.namespaces if "name" not in each]
    uuid = unnamed["raw_uuid"]
    keep = profile(region(0, namespace(name="kept", mode="sector", size="32 MiB")))
    destroy = profile(region(0, namespace(name="kept", mode="sector", size="32 MiB")), unmanaged="destroy")

    assert daxprov.apply(keep, allow=[uuid, "lost"]).status == 0
    assert daxprov.inventory().document == before.document
    report = daxprov.refused(destroy)
    assert sorted(each["code"] for each in report["refusals"]) == ["consent_missing"] * 2
    assert any(uuid in each["advice"] for each in report["refusals"])
    assert [each["address"] for each in daxprov.refused(destroy, allow=["lost"])["refusals"]] == [f"region0/{uuid}"]
    assert [each["address"] for each in daxprov.refused(destroy, allow=[uuid])["refusals"]] == ["region0/lost"]

    after = daxprov.applied(destroy, allow=[uuid, "lost"])
    assert after.facts() == [each for each in before.facts() if each.get("name") == "kept"]
    assert daxprov.is_settled(destroy)
    labelled.reboot()
    assert daxprov.inventory().facts() == after.facts()


def test_a_uuid_of_another_region_or_of_nowhere_is_no_pin_for_what_has_the_name(labelled):
    daxprov = Daxprov(labelled)
    daxprov.applied(profile(region(0, namespace(name="x", mode="raw", size="32 MiB"))))
    labelled.run("ndctl create-namespace -r region1 -m raw -s 32M -n x", check=True)
    made = daxprov.inventory()
    elsewhere = made.region(1)["namespaces"][0]["raw_uuid"]
    nowhere = "5b7ad6a8-3f3b-4f3e-9c55-0e7c2a9c1d01"
    for uuid, code in ((elsewhere, "identity_elsewhere"), (nowhere, "identity_not_found")):
        wanted = profile(region(0, namespace(name="x", uuid=uuid, mode="fsdax", size="32 MiB")))
        report = daxprov.refused(wanted, allow=["x"])
        assert code in {each["code"] for each in report["refusals"]}, report
    assert daxprov.inventory().facts() == made.facts()
