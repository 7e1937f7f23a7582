"""The module profile as a play meets it, on simulated hosts."""

import fcntl
import json
import subprocess
from pathlib import Path

import pytest
import yaml

from controller import COLLECTION, REPOSITORY

WAL = {"name": "wal", "mode": "fsdax", "size": "2 GiB"}
HEAP = {"name": "heap", "mode": "devdax", "size": "remaining"}


def profile(*namespaces):
    return {"version": 1, "regions": [{"match": {"numa_node": 0}, "namespaces": list(namespaces or (WAL, HEAP))}]}


def outcome(result):
    return "failed" if result["kind"] == "failed" else "changed" if result["changed"] else "ok"


def lines(text):
    return [line.strip() for line in text.splitlines()]


def outcomes(results):
    return [outcome(result) for result in results]


@pytest.mark.parametrize("form", ["mapping", "text", "path"])
def test_a_host_is_changed_once_and_check_mode_says_so_before(ansible, form, tmp_path):
    file = tmp_path / "profile.yaml"
    file.write_text(yaml.safe_dump(profile()))
    given = {"mapping": {"profile": profile()}, "text": {"profile": file.read_text()}, "path": {"path": str(file)}}[form]
    task = {"simulate": ansible.host("one-dimm"), **given}
    results = ansible.tasks(("check", task), ("", task), ("", task), ("check", task))
    assert outcomes(results) == ["changed", "changed", "ok", "ok"]
    assert ansible.daxprov("plan", file, "--simulate", task["simulate"], "--detailed-exitcode").returncode == 0


def test_check_mode_of_a_play_touches_nothing(ansible):
    host = Path(ansible.host("one-dimm"))
    before = host.read_bytes()
    task = {"daxprov.pmem.profile": {"simulate": str(host), "profile": profile()}}
    assert outcomes(ansible.play([task], "--check")["host"]) == ["changed"]
    assert host.read_bytes() == before
    assert not Path(f"{host}.state").exists()


def test_the_diff_shows_the_host_before_and_after_and_the_plan(ansible):
    task = {"simulate": ansible.host("one-dimm"), "profile": profile()}
    without, check, run = ansible.tasks(("check", task), ("check diff", task), ("diff", task))
    shown = lines(ansible.output)
    assert "diff" not in without
    assert "--- before: the host now, as a profile" in shown
    assert "+++ after: the host after this plan, as a profile" in shown
    assert "+      - name: wal" in shown and "-    namespaces: []" in shown
    assert any(line.startswith("+ region0/wal: fsdax 2 GiB (usable 2014 MiB)") for line in shown)
    assert yaml.safe_load(check["diff"]["before"])["regions"][0]["namespaces"] == []
    assert run["diff"] == check["diff"]
    exported = ansible.daxprov("export", "--simulate", task["simulate"]).stdout
    assert yaml.safe_load(exported) == yaml.safe_load(check["diff"]["after"])


def test_the_plan_is_the_document_of_the_command(ansible, tmp_path):
    file = tmp_path / "profile.yaml"
    file.write_text(yaml.safe_dump(profile()))
    task = {"simulate": ansible.host("one-dimm"), "path": str(file)}
    plan = json.loads(ansible.daxprov("plan", file, "--simulate", task["simulate"], "--json").stdout)
    check, run = ansible.tasks(("check", task), ("", task))
    assert check["plan"] == plan and run["plan"] == plan
    assert run["apply"]["outcome"] == "applied"
    assert [made["name"] for made in run["apply"]["made"]] == ["wal", "heap"]


def test_what_is_wrong_is_said_and_changes_nothing(ansible):
    host = ansible.host("one-dimm")
    before = Path(host).read_bytes()
    wrong = {"simulate": host, "profile": profile({**WAL, "mod": "fsdax"})}
    results = ansible.tasks(
        ("", {"simulate": host, "profle": profile()}), ("", {"simulate": host}), ("check", wrong), ("", wrong))
    assert outcomes(results) == ["failed"] * 4
    assert "unknown argument profle (did you mean profile?)" in results[0]["msg"]
    assert "one of profile and path is required" in results[1]["msg"]
    for result in results[2:]:
        assert "unknown key `mod`" in result["msg"] and "did you mean `mode`?" in result["msg"]
        assert result["error"]["error"]["diagnostics"][0]["length"] == 5
    assert Path(host).read_bytes() == before


def test_data_is_lost_only_where_the_task_names_it(ansible):
    host = ansible.host("one-dimm")
    larger = {"simulate": host, "profile": profile({**WAL, "size": "4 GiB"}, HEAP)}
    assert outcome(ansible.task({"simulate": host, "profile": profile()})) == "changed"
    before = Path(host).read_bytes()
    refused = ansible.tasks(*(
        (words, {**larger, **given}) for given in ({}, {"allow_destroy": ["wal"]}, {"allow_destroy": "wal"})
        for words in ("check", "")))
    assert outcomes(refused) == ["failed"] * 6
    assert all("add heap to allow_destroy" in result["msg"] for result in refused)
    assert ["add wal to allow_destroy" in result["msg"] for result in refused] == [True] * 2 + [False] * 4
    assert Path(host).read_bytes() == before
    agreed = {**larger, "allow_destroy": ["wal", "heap"]}
    assert outcomes(ansible.tasks(("check", agreed), ("", agreed), ("", agreed))) == ["changed", "changed", "ok"]


def test_arguments_on_one_line_are_texts(ansible, tmp_path):
    first, second = tmp_path / "first.yaml", tmp_path / "second.yaml"
    first.write_text(yaml.safe_dump(profile()))
    second.write_text(yaml.safe_dump(profile({**WAL, "size": "4 GiB"}, HEAP)))
    host = ansible.host("one-dimm")
    assert outcomes(ansible.tasks(
        ("", f"path={first} simulate={host} lock_timeout=3 backup_limit='1 GiB'"),
        ("", f"path={second} simulate={host} allow_destroy=wal,heap"))) == ["changed", "changed"]


def test_a_saved_plan_is_applied_and_refused_where_it_is_stale(ansible, tmp_path):
    file, saved = tmp_path / "profile.yaml", tmp_path / "change.plan"
    file.write_text(yaml.safe_dump(profile()))
    host = ansible.host("one-dimm")
    assert ansible.daxprov("plan", file, "-o", saved, "--simulate", host).returncode == 0
    task = {"path": str(saved), "simulate": host}
    results = ansible.tasks(("check", task), ("", task), ("check", task), ("", task))
    assert outcomes(results) == ["changed", "changed", "failed", "failed"]
    assert all("stale" in result["msg"] for result in results[2:])


def test_what_was_interrupted_is_ended_and_counts_as_a_change(ansible, tmp_path):
    file = tmp_path / "profile.yaml"
    file.write_text(yaml.safe_dump(profile()))
    host = ansible.host("one-dimm")
    assert ansible.daxprov("apply", file, "--yes", "--simulate", host).returncode == 0
    [journal] = Path(f"{host}.state/transactions").glob("*/journal")
    records = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(records[:-1]))
    task = {"path": str(file), "simulate": host}
    results = ansible.tasks(("check", task), ("", task), ("", task))
    assert outcomes(results) == ["changed", "changed", "ok"]
    assert any("was interrupted" in line for line in results[0]["warnings"]), results[0]


def test_another_daxprov_that_changes_the_host_is_named(ansible):
    host = ansible.host("one-dimm")
    task = {"simulate": host, "profile": profile()}
    assert outcome(ansible.task(task)) == "changed"
    with open(f"{host}.state/lock", "r+") as lock:
        fcntl.lockf(lock, fcntl.LOCK_EX)
        result = ansible.task(task)
    assert outcome(result) == "failed"
    assert "another daxprov" in result["msg"]


def test_the_inventory_is_that_of_the_command(ansible):
    host = ansible.host("two-socket")
    result = ansible.task({"simulate": host}, module="daxprov.pmem.inventory_info")
    assert outcome(result) == "ok"
    assert result["inventory"] == json.loads(ansible.daxprov("inventory", "--json", "--simulate", host).stdout)


def test_a_host_needs_no_python(ansible):
    task = {"daxprov.pmem.profile": {"simulate": ansible.host("one-dimm"), "profile": profile()}}
    hosts = {"host": {"ansible_python_interpreter": "/nonexistent/python"}}
    assert outcomes(ansible.play([task], hosts=hosts)["host"]) == ["changed"]


@pytest.mark.skipif(Path("/usr/local/bin/daxprov").exists(), reason="daxprov is installed on this machine")
def test_a_host_without_daxprov_is_told_so(ansible):
    (ansible.folder / "bin/daxprov").unlink()
    result = ansible.task({"simulate": "x", "profile": profile()})
    assert outcome(result) == "failed"
    assert "daxprov is not installed on this host" in result["msg"]


# Every profile of the repository on every example host, whether it fits or not.
COMBINATIONS = {
    f"{file.stem}-on-{host.stem}": {"file": str(file), "example": host.stem}
    for file in sorted((REPOSITORY / "profiles").glob("*.yaml"))
    for host in sorted((REPOSITORY / "profiles/hosts").glob("*.json"))
}


def namespaces(text):
    """The namespaces of an exported profile, whatever their order."""
    regions = (yaml.safe_load(text) or {}).get("regions") or []
    return [sorted(region["namespaces"], key=json.dumps) for region in regions]


# What is foretold is daxprov's, whatever Ansible's version.
@pytest.mark.parametrize("stack", ["debian"], indirect=True)
@pytest.mark.parametrize("consent", [False, True], ids=["without-consent", "with-consent"])
def test_check_mode_foretells_the_run_for_every_profile_on_every_host(ansible, consent):
    assert len(COMBINATIONS) >= 25
    hosts = {
        name: {"profile_path": item["file"], "state": ansible.host(item["example"], f"{name}.json"), "agreed": []}
        for name, item in COMBINATIONS.items()
    }
    tasks = [{"daxprov.pmem.profile": {
        "path": "{{ profile_path }}", "simulate": "{{ state }}", "allow_destroy": "{{ agreed }}"}}]

    def play(*words):
        results = ansible.play(tasks, "--diff", *words, hosts=hosts)
        assert set(results) == set(hosts), ansible.output
        return {host: result for host, [result] in results.items()}

    check = play("--check")
    if consent:
        for name, result in check.items():
            hosts[name]["agreed"] = [change["consent"] for change in result["plan"]["changes"] if "consent" in change]
        assert any(host["agreed"] for host in hosts.values())
        check = play("--check")
    run, again = play(), play("--check")
    for name in hosts:
        assert outcome(check[name]) == outcome(run[name]), name
        assert check[name]["plan"] == run[name]["plan"], name
        assert check[name]["diff"] == run[name]["diff"], name
        if outcome(run[name]) == "failed":
            assert check[name]["msg"] == run[name]["msg"], name
            assert outcome(again[name]) == "failed", name
        else:
            assert outcome(again[name]) == "ok", name
            assert namespaces(run[name]["diff"]["after"]) == namespaces(again[name]["diff"]["before"]), name
    found = set(outcomes(run.values()))
    assert found >= {"changed", "failed"}, found


def test_the_modules_are_scripts_that_parse():
    for name in ("profile", "inventory_info"):
        file = COLLECTION / "plugins/modules" / name
        assert b"WANT_JSON" in file.read_bytes().splitlines()[1]
        assert file.stat().st_mode & 0o111 == 0
        assert subprocess.run(["/bin/sh", "-n", file]).returncode == 0
        documented = yaml.safe_load(file.with_suffix(".yml").read_text())["DOCUMENTATION"]
        assert documented["module"] == name


def test_the_documentation_lists_the_arguments_that_the_program_knows(ansible, tmp_path):
    for name in ("profile", "inventory_info"):
        documented = yaml.safe_load((COLLECTION / f"plugins/modules/{name}.yml").read_text())["DOCUMENTATION"]["options"]
        result = ansible.task({"no_such_argument": 1}, module=f"daxprov.pmem.{name}")
        known = result["msg"].split("the arguments are ")[1].split(", ")
        assert sorted(known) == sorted(documented), name
