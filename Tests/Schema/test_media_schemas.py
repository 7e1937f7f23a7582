"""The schemas of `errors list`, `errors clear`, `errors scrub` and `wipe`, against real documents and against wrong ones."""

import copy
import json

import pytest

from test_schema import daxprov, faults, validator

MIB, SECTOR = 1 << 20, 512
# Of a raw, an fsdax, a devdax and a sector-mode namespace of 64 MiB, one behind the other; sector 33 of the second is its page map.
ERRORS = [(1000, 2), (131072 + 33, 1), (131072 + 8192, 3), (262144 + 9000, 1), (393216 + 1000, 2), (900000, 4)]


@pytest.fixture
def host(tmp_path):
    return Host(tmp_path)


class Host:
    """A simulated host with errors in every place."""

    def __init__(self, place):
        self.file, self.profile = place / "host.json", place / "profile.yaml"
        bus = {"scrub_state": "idle", "dimms": [{"id": "a", "size": "1 GiB", "label_size": "128 KiB"}],
               "regions": [{"dimms": ["a"]}]}
        other = {"dimms": [{"id": "b", "size": "1 GiB", "label_size": "128 KiB"}], "regions": [{"dimms": ["b"]}]}
        self.file.write_text(json.dumps({"format_version": 1, "simulated_host": {"buses": [bus, other]}}))
        namespaces = [{"name": name, "mode": mode, "size": "64 MiB"} for name, mode in (
            ("bulk", "raw"), ("files", "fsdax"), ("heap", "devdax"), ("log", "sector"))]
        self.profile.write_text(json.dumps(
            {"version": 1, "regions": [{"match": {"region": 0}, "namespaces": namespaces}]}))
        assert self("apply", self.profile, "--yes", "--json")["outcome"] == "applied"
        self.change(lambda host: host["buses"][0]["regions"][0].update(
            badblocks=[{"offset": offset, "length": length} for offset, length in ERRORS]))

    def change(self, how):
        document = json.loads(self.file.read_text())
        how(document["simulated_host"])
        self.file.write_text(json.dumps(document))

    def __call__(self, *words, document=True):
        return daxprov(*words, "--simulate", self.file, document=document)

    def clear(self, *words):
        return self("errors", "clear", *words, "--yes", "--json")


def test_the_errors_of_every_place(host):
    document = host("errors", "list", "--json")
    assert faults("errors-list", document) == []
    assert {each["part"] for each in document["errors"]} >= {"data", "page_map", "free"}
    assert {each.get("mode") for each in document["errors"]} == {"raw", "fsdax", "devdax", "sector", None}
    host.change(lambda state: state["buses"][0].pop("scrub_state"))
    document = host("errors", "list", "--json")
    assert [each["code"] for each in document["unknown"]] == ["no_scrub"] * 2
    assert faults("errors-list", document) == []


def test_clearings_of_every_outcome(host):
    found = {}
    start = host("inventory", "--json")["buses"][0]["regions"][0]["resource"]
    free = f"{start + 900000 * SECTOR:#x}+2048"
    for words in (("bulk",), ("bulk", "--allow-destroy", "bulk"), ("files", "--allow-destroy", "files"),
                  ("bulk", "--allow-destroy", "bulk"), ("heap", "--allow-destroy", "heap"),
                  ("log", "--allow-destroy", "log"), ("--range", free, "--allow-destroy", "region0")):
        document = host.clear(*words)
        assert faults("errors-clear", document) == [], words
        found.setdefault(document["outcome"], []).append(document)
    assert set(found) == {"refused", "cleared", "unchanged"}
    assert len(found["cleared"]) == 4 and all(each["transaction"] for each in found["cleared"])
    left = host("errors", "list", "--json")["errors"]
    assert {each["name"] for each in left} == {"files"}
    # A store that fails: what is not cleared is said, range by range.
    host.change(lambda state: state.update(fault={"operation": 1, "kind": "fail", "errno": 5}))
    host.change(lambda state: state["buses"][0]["regions"][0].update(badblocks=[
        {"offset": 1000, "length": 2}, {"offset": 3000, "length": 2}]))
    document = host.clear("bulk", "--allow-destroy", "bulk")
    assert document["outcome"] == "partial" and faults("errors-clear", document) == []
    assert [each["cleared"] for each in document["ranges"]] == [False, True]
    status = host("status", "--json")
    # Clearing errors changes no layout: the last transaction is the apply before it.
    assert status["last_transaction"]["outcome"] == "committed" and faults("status", status) == []


def test_scrubs_of_hosts_with_and_without_one(host):
    for words, outcome in (((), "started"), (("--wait",), "ended")):
        document = host("errors", "scrub", "--json", *words)
        assert [each["outcome"] for each in document["buses"]] == [outcome, "unsupported"]
        assert faults("errors-scrub", document) == []
    host.change(lambda state: state["buses"][0].pop("scrub_state"))
    run = host("errors", "scrub", "--json", document=False)
    assert run.returncode == 1 and faults("errors-scrub", json.loads(run.stdout)) == []


def test_wipes_of_every_outcome(host):
    host.change(lambda state: state["buses"][0]["regions"][0].pop("badblocks"))
    names = ("bulk", "files", "log")
    agreed = [word for name in names for word in ("--allow-destroy", name)]
    refused = host("wipe", *names, "--yes", "--json")
    assert refused["outcome"] == "refused" and faults("wipe", refused) == []
    host.change(lambda state: state.update(fault={"operation": 2, "kind": "fail", "errno": 5}))
    run = host("wipe", *names, *agreed, "--yes", "--json", document=False)
    document = json.loads(run.stdout)
    assert (run.returncode, document["outcome"]) == (5, "failed") and faults("wipe", document) == []
    assert [(each["address"], each["outcome"]) for each in document["wipes"]] == [
        ("region0/bulk", "wiped"), ("region0/files", "unfinished")]
    assert [each["address"] for each in document["not_begun"]] == ["region0/log"]
    document = host("wipe", *names, *agreed, "--yes", "--json")
    assert document["outcome"] == "wiped" and faults("wipe", document) == []
    assert any("resumed_at" in each for each in document["wipes"])
    ends = host("wipe", "heap", "--discard-only", "--allow-destroy", "heap", "--yes", "--json")
    assert ends["wipes"][0]["scope"] == "ends" and faults("wipe", ends) == []


BAD = {
    "errors-list": {
        "a part that is none": lambda document: document["errors"][0].update(part="datum"),
        "half a sector": lambda document: document["errors"][0].update(length=256),
        "a negative address": lambda document: document["errors"][0].update(address=-1),
        "nobody lists it": lambda document: document["errors"][0].pop("listed_by"),
        "no list of what is not known": lambda document: document.pop("unknown"),
    },
    "errors-clear": {
        "an outcome that is none": lambda document: document.update(outcome="done"),
        "a range of which nothing is said": lambda document: document["ranges"][0].pop("cleared"),
        "a content that is none": lambda document: document.update(content="ones"),
        "sectors that are numbers": lambda document: document.update(lost_sectors=[3]),
        "no errors": lambda document: document.pop("errors"),
    },
    "errors-scrub": {
        "an outcome that is none": lambda document: document["buses"][0].update(outcome="done"),
        "a bus without a name": lambda document: document["buses"][0].pop("dev"),
        "a negative count": lambda document: document["buses"][0].update(scrubs=-1),
    },
    "wipe": {
        "an outcome that is none": lambda document: document.update(outcome="done"),
        "an outcome of one that is none": lambda document: document["wipes"][0].update(outcome="failed"),
        "a name that is none": lambda document: document["wipes"][0].update(id="000001"),
        "a wipe that can be undone": lambda document: document["wipes"][0].update(reversibility="full"),
        "what was not begun as words": lambda document: document.update(not_begun=["region0/log"]),
        "a version that is none": lambda document: document.update(format_version=2),
    },
}


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    host = Host(tmp_path_factory.mktemp("good"))
    return {
        "errors-list": host("errors", "list", "--json"), "errors-clear": host.clear("bulk", "--allow-destroy", "bulk"),
        "errors-scrub": host("errors", "scrub", "--json"),
        "wipe": host("wipe", "bulk", "--allow-destroy", "bulk", "--yes", "--json")}


@pytest.mark.parametrize("name,what", [(name, what) for name, wrong in BAD.items() for what in wrong])
def test_a_wrong_document_is_refused(good, name, what):
    document = copy.deepcopy(good[name])
    assert validator(name, strict=False).is_valid(document)
    BAD[name][what](document)
    assert not validator(name, strict=False).is_valid(document)
