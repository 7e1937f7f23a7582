"""The role host, on a simulated host of this machine."""

import os
from pathlib import Path

import pytest
import yaml

from test_profile import HEAP, WAL, outcome, profile

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the role makes files of root's")


def play(ansible, host, declared, *words, **variables):
    """Runs the role; the outcomes of its tasks by their names."""
    task = {"ansible.builtin.import_role": {"name": "daxprov.pmem.host"}, "vars": {
        "daxprov_profile": declared, "daxprov_simulate": host,
        "daxprov_profile_file": str(ansible.folder / "etc/daxprov/host.yaml"), **variables}}
    return ansible.play([task], *words)["host"]


@pytest.mark.parametrize("form", ["mapping", "text"])
def test_the_role_places_the_profile_and_provisions(ansible, form):
    host = ansible.host("one-dimm")
    declared = profile() if form == "mapping" else "# ours\n" + yaml.safe_dump(profile())
    placed = ansible.folder / "etc/daxprov/host.yaml"
    before = Path(host).read_bytes()
    check = play(ansible, host, declared, "--check")
    assert outcome(check[-1]) == "changed", ansible.output
    assert not placed.exists() and Path(host).read_bytes() == before
    assert outcome(play(ansible, host, declared)[-1]) == "changed", ansible.output
    assert yaml.safe_load(placed.read_text()) == profile()
    assert placed.stat().st_mode & 0o777 == 0o644
    assert ansible.daxprov("plan", placed, "--simulate", host, "--detailed-exitcode").returncode == 0
    assert {outcome(result) for result in play(ansible, host, declared) if result["kind"] == "ok"} == {"ok"}


def test_the_role_loses_no_data_unless_it_is_told_to(ansible):
    host = ansible.host("one-dimm")
    play(ansible, host, profile())
    larger = profile({**WAL, "size": "4 GiB"}, HEAP)
    refused = play(ansible, host, larger)[-1]
    assert outcome(refused) == "failed" and "add wal to allow_destroy" in refused["msg"]
    assert outcome(play(ansible, host, larger, daxprov_allow_destroy=["wal", "heap"])[-1]) == "changed"


def test_a_wrong_profile_is_not_placed(ansible):
    host = ansible.host("one-dimm")
    results = play(ansible, host, {"version": 1, "regionss": []})
    assert outcome(results[-1]) == "failed"
    assert "did you mean `regions`?" in str(results[-1]), results[-1]
    assert not (ansible.folder / "etc/daxprov/host.yaml").exists()


def test_the_role_says_which_variable_is_missing(ansible):
    results = ansible.play([{"ansible.builtin.import_role": {"name": "daxprov.pmem.host"}}])["host"]
    assert outcome(results[-1]) == "failed"
    assert "daxprov_profile" in str(results[-1])
