"""The schemas of `daxprov schema` against what daxprov reads and prints, by a validator that is not ours."""

import copy
import functools
import json
import os
import shutil
import subprocess
from pathlib import Path

import jsonschema
import pytest
import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("DAXPROV_BINARY", REPOSITORY / ".build/release-static/release/daxprov"))
PROFILES = sorted((REPOSITORY / "profiles").glob("*.yaml"))
HOSTS = sorted((REPOSITORY / "profiles/hosts").glob("*.json"))
GOOD = sorted((REPOSITORY / "Tests/Fixtures/profiles/good").glob("*.yaml"))
BAD = sorted((REPOSITORY / "Tests/Fixtures/profiles/bad").glob("*.yaml"))
NAMES = ["profile", "plan", "inventory", "status", "apply", "verify", "errors-list", "errors-clear", "errors-scrub", "wipe"]


def daxprov(*words, document=True):
    run = subprocess.run(
        [BINARY, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    return json.loads(run.stdout) if document else run


def closed(schema):
    """The schema with no further keys anywhere: what it does not describe is a fault."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    result = {key: closed(value) for key, value in schema.items()}
    if isinstance(schema.get("properties"), dict) and schema.get("type") == "object":
        result["additionalProperties"] = False
    return result


@functools.cache
def validator(name, strict=True):
    schema = daxprov("schema", name)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(closed(schema) if strict else schema)


def faults(name, document):
    return [f"{error.json_path}: {error.message[:300]}" for error in validator(name).iter_errors(document)]


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_one_and_refuses_something_else(name):
    assert not validator(name, strict=False).is_valid({})
    assert not validator(name, strict=False).is_valid([])


@pytest.mark.parametrize("name", NAMES[1:])
def test_a_document_may_have_keys_of_later_versions(name):
    assert "additionalProperties" not in json.dumps(daxprov("schema", name))


def test_a_name_that_has_no_schema_is_wrong_usage():
    assert daxprov("schema", "nothing", document=False).returncode == 64


@pytest.mark.parametrize("file", PROFILES + GOOD, ids=lambda file: file.stem)
def test_what_daxprov_accepts_the_schema_accepts(file):
    assert daxprov("validate", file, document=False).returncode == 0
    assert faults("profile", yaml.safe_load(file.read_text())) == []


WRONG = {
    "no version": lambda profile: profile.pop("version"),
    "another version": lambda profile: profile.update(version=2),
    "no regions": lambda profile: profile.update(regions=[]),
    "an unknown key": lambda profile: profile.update(regionss=[]),
    "a match without a condition": lambda profile: profile["regions"][0].update(match={}),
    "an unknown condition": lambda profile: profile["regions"][0]["match"].update(node=0),
    "an unknown mode": lambda profile: namespace(profile).update(mode="fsdaxx"),
    "no mode": lambda profile: namespace(profile).pop("mode"),
    "two sizes": lambda profile: namespace(profile).update(size="1 GiB", usable_size="1 GiB"),
    "a size in a unit that is none": lambda profile: namespace(profile).update(size="1 GiBB"),
    "a negative size": lambda profile: namespace(profile).update(size=-1),
    "a usable size that is a part": lambda profile: namespace(profile).update(usable_size="10%", size=None),
    "a word for a boolean": lambda profile: namespace(profile).update(protect="yes"),
    "a name that is too long": lambda profile: namespace(profile).update(name="n" * 64),
    "a UUID that is none": lambda profile: namespace(profile).update(uuid="wal"),
    "permissions that are none": lambda profile: namespace(profile).update(device={"permissions": "0888"}),
}


def namespace(profile):
    return profile["regions"][0]["namespaces"][0]


@pytest.mark.parametrize("what", WRONG)
def test_what_daxprov_refuses_the_schema_refuses(what, tmp_path):
    profile = {"version": 1, "regions": [{"match": {"numa_node": 0}, "namespaces": [
        {"name": "wal", "mode": "devdax", "size": "1 GiB"}]}]}
    file = tmp_path / "profile.yaml"

    def judged():
        file.write_text(json.dumps(profile))
        accepted = daxprov("validate", file, document=False).returncode == 0
        return accepted, validator("profile", strict=False).is_valid(profile)

    assert judged() == (True, True)
    WRONG[what](profile)
    assert judged() == (False, False)


def test_many_of_the_wrong_profiles_of_the_suite_are_refused():
    refused = 0
    for file in BAD:
        try:
            document = yaml.safe_load(file.read_text())
        except (yaml.YAMLError, UnicodeDecodeError, ValueError):
            continue
        refused += not validator("profile", strict=False).is_valid(document)
    assert refused >= 10, f"{refused} of {len(BAD)}"


@pytest.mark.parametrize("host", HOSTS, ids=lambda host: host.stem)
def test_the_documents_of_every_host_with_every_profile(host, tmp_path):
    outcomes = set()
    for profile in PROFILES:
        state = tmp_path / f"{profile.stem}.json"
        shutil.copy(host, state)
        here = ("--simulate", state, "--json")
        assert faults("inventory", daxprov("inventory", *here)) == []
        plan = daxprov("plan", profile, *here)
        assert faults("plan", plan) == []
        agreed = [word for change in plan["changes"] if "consent" in change
                  for word in ("--allow-destroy", change["consent"])]
        for _ in range(2):
            applied = daxprov("apply", profile, "--yes", *agreed, *here)
            outcomes.add(applied["outcome"])
            assert faults("apply", applied) == []
            assert faults("status", daxprov("status", *here)) == []
            assert faults("verify", daxprov("verify", *here)) == []
        assert faults("inventory", daxprov("inventory", *here)) == []
    assert outcomes & {"applied", "refused"}


FIXTURES = [file for file in sorted((REPOSITORY / "Tests/Fixtures/inventory").glob("*.json"))
            if not file.name.endswith(".ndctl.json")]


@pytest.mark.parametrize("file", FIXTURES, ids=lambda file: file.stem)
def test_the_inventories_of_the_suite_and_plans_for_them(file):
    document = json.loads(file.read_text())
    assert faults("inventory", document) == []
    for profile in PROFILES:
        assert faults("plan", daxprov("plan", profile, "--inventory", file, "--json")) == []


@pytest.mark.parametrize("file", sorted((REPOSITORY / "Tests/Fixtures/verify").glob("*.json")), ids=lambda file: file.stem)
def test_the_proofs_of_a_real_kernel(file):
    assert faults("verify", json.loads(file.read_text())) == []


def test_a_plan_for_a_listing_of_ndctl_says_its_limits():
    listing = REPOSITORY / "Tests/Fixtures/inventory/interleaved.ndctl.json"
    plan = daxprov("plan", PROFILES[0], "--inventory", listing, "--json")
    assert plan["limits"]
    assert faults("plan", plan) == []


def test_the_status_of_a_host_that_has_changed_and_protects(tmp_path):
    state = tmp_path / "host.json"
    shutil.copy(REPOSITORY / "profiles/hosts/one-dimm.json", state)
    profile = {"version": 1, "regions": [{"match": {"numa_node": 0}, "namespaces": [
        {"name": "wal", "mode": "fsdax", "size": "2 GiB", "protect": True}]}]}
    file = tmp_path / "profile.yaml"
    file.write_text(json.dumps(profile))
    here = ("--simulate", state, "--json")
    daxprov("apply", file, "--yes", *here)
    document = json.loads(state.read_text())
    text = json.dumps(document).replace('"wal"', '"other"')
    state.write_text(text)
    status = daxprov("status", *here)
    assert status["drift"] and status["protected"]
    assert faults("status", status) == []
    [mark] = status["protected"]
    state.write_text(text.replace(mark["raw_uuid"], "0f6e1c6a-2f3b-4c5d-8e9f-001122334455"))
    status = daxprov("status", *here)
    assert [each["label_missing"] for each in status["protected"]] == [True]
    assert faults("status", status) == []


def test_the_status_after_an_apply_with_proofs(tmp_path):
    state = tmp_path / "host.json"
    shutil.copy(REPOSITORY / "profiles/hosts/one-dimm.json", state)
    profile = {"version": 1, "regions": [{"match": {"numa_node": 0}, "namespaces": [
        {"name": "wal", "mode": "fsdax", "size": "2 GiB", "require": {"proof": "dax", "page_size": "2 MiB"}}]}]}
    file = tmp_path / "profile.yaml"
    file.write_text(json.dumps(profile))
    here = ("--simulate", state, "--json")
    assert daxprov("apply", file, "--yes", *here)["outcome"] == "unproven"
    status = daxprov("status", *here)
    [proof] = status["last_transaction"]["proofs"]
    assert proof["outcome"] == "missed" and proof["reasons"] and proof["page_size"] == 2 << 20
    assert faults("status", status) == []


def test_the_schema_of_an_error_has_no_number_of_a_step():
    document = {"kind": "failed", "reason": "a store failed"}
    error = closed(daxprov("schema", "apply")["properties"]["error"])
    assert jsonschema.Draft202012Validator(error).is_valid(document)
    assert not jsonschema.Draft202012Validator(error).is_valid({**document, "step": 0})


def test_a_key_that_is_missing_in_a_schema_is_noticed():
    document = daxprov("inventory", "--simulate", HOSTS[0], "--json")
    changed = copy.deepcopy(document)
    changed["buses"][0]["regions"][0]["unheard_of"] = 1
    assert faults("inventory", document) == []
    assert any("unheard_of" in fault for fault in faults("inventory", changed))
    assert validator("inventory", strict=False).is_valid(changed)
