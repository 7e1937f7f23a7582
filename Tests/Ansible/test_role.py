"""The role host, on a simulated host of this machine."""

import os
from pathlib import Path

import pytest
import yaml

from test_profile import HEAP, WAL, outcome, profile
from units import BOOT, TIMER, Systemd

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the role makes files of root's")


def play(ansible, host, declared, *words, **variables):
    """Runs the role; the outcomes of its tasks by their names."""
    task = {"ansible.builtin.import_role": {"name": "daxprov.pmem.host"}, "vars": {
        "daxprov_profile": declared, "daxprov_simulate": host,
        "daxprov_profile_file": str(ansible.folder / "etc/daxprov/host.yaml"), **variables}}
    return ansible.play([task], *words)["host"]


def provisioned(results):
    """The outcome of the task that provisions."""
    [result] = [result for result in results if result["task"].endswith("Provision persistent memory")]
    return outcome(result)


@pytest.mark.parametrize("form", ["mapping", "text"])
def test_the_role_places_the_profile_and_provisions(ansible, form):
    host = ansible.host("one-dimm")
    declared = profile() if form == "mapping" else "# ours\n" + yaml.safe_dump(profile())
    placed = ansible.folder / "etc/daxprov/host.yaml"
    before = Path(host).read_bytes()
    check = play(ansible, host, declared, "--check")
    assert provisioned(check) == "changed", ansible.output
    assert not placed.exists() and Path(host).read_bytes() == before
    assert provisioned(play(ansible, host, declared)) == "changed", ansible.output
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
    assert provisioned(play(ansible, host, larger, daxprov_allow_destroy=["wal", "heap"])) == "changed"


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


# What is asked of systemd does not depend on ansible-core: each play costs seconds.
WITH_ANY_CORE = pytest.mark.parametrize("stack", ["any"], indirect=True)

ENABLED = {"daxprov_boot_units": "enabled", "daxprov_status_timer": "enabled"}
DISABLED = {"daxprov_boot_units": "disabled", "daxprov_status_timer": "disabled"}


@pytest.fixture
def systemd(ansible):
    units = Systemd(ansible.folder)
    units.install()
    return units


def changed(results):
    """The names of the tasks that changed something, or would."""
    assert "failed" not in {result["kind"] for result in results}, results
    return [result["task"].split(" : ")[-1] for result in results if result["changed"]]


UNIT_TASKS = ["Enable or disable the boot units", "Let the boot unit run once in this boot", "Start or stop the timer"]


@WITH_ANY_CORE
def test_units_are_enabled_once_and_check_mode_says_so_before(ansible, systemd):
    host = ansible.host("one-dimm")
    variables = {**ENABLED, **systemd.variables}
    check = play(ansible, host, profile(), "--check", **variables)
    assert [name for name in changed(check) if name in UNIT_TASKS] == UNIT_TASKS, ansible.output
    assert systemd.calls() == [] and not systemd.names("enabled")
    run = play(ansible, host, profile(), **variables)
    assert [name for name in changed(run) if name in UNIT_TASKS] == UNIT_TASKS, ansible.output
    # Before the devices are touched, so that a boot ends what is interrupted; and the boot unit is not run before they are.
    names = changed(run)
    assert names.index(UNIT_TASKS[0]) < names.index("Provision persistent memory") < names.index(UNIT_TASKS[1])
    assert systemd.names("enabled") == {*BOOT, TIMER}
    assert systemd.names("active") == {"daxprov.service", TIMER}
    assert systemd.calls() == [
        "enable daxprov.service", "start daxprov.service", "enable daxprov-status.timer", "start daxprov-status.timer"]
    assert changed(play(ansible, host, profile(), **variables)) == []
    assert changed(play(ansible, host, profile(), "--check", **variables)) == []
    assert systemd.calls() == []


@WITH_ANY_CORE
def test_units_are_disabled_again_and_the_boot_unit_is_not_stopped(ansible, systemd):
    host = ansible.host("one-dimm")
    play(ansible, host, profile(), **ENABLED, **systemd.variables)
    systemd.calls()
    variables = {**DISABLED, **systemd.variables}
    tasks = [UNIT_TASKS[0], UNIT_TASKS[2]]
    assert changed(play(ansible, host, profile(), "--check", **variables)) == tasks, ansible.output
    assert systemd.calls() == []
    assert changed(play(ansible, host, profile(), **variables)) == tasks, ansible.output
    assert systemd.names("enabled") == set() and systemd.names("active") == {"daxprov.service"}
    assert systemd.calls() == ["disable daxprov.service", "disable daxprov-status.timer", "stop daxprov-status.timer"]
    assert changed(play(ansible, host, profile(), **variables)) == []


@WITH_ANY_CORE
def test_a_simulated_host_has_no_units(ansible, systemd):
    host = ansible.host("one-dimm")
    play(ansible, host, profile(), **systemd.variables)
    assert systemd.calls() == [] and not systemd.names("enabled")


@WITH_ANY_CORE
def test_missing_units_fail_a_run_before_anything_and_not_check_mode(ansible):
    systemd = Systemd(ansible.folder)
    host = ansible.host("one-dimm")
    before = Path(host).read_bytes()
    variables = {**ENABLED, **systemd.variables}
    check = play(ansible, host, profile(), "--check", **variables)
    assert "Say what a run would enable" in changed(check), ansible.output
    for unit in (*BOOT, TIMER):
        assert f"{unit} is not on this host yet" in str(check)
    failed = play(ansible, host, profile(), **variables)[-1]
    assert outcome(failed) == "failed"
    assert "daxprov.service, daxprov-memory.service, daxprov-status.timer cannot be enabled" in failed["msg"]
    assert Path(host).read_bytes() == before
    # What is not there is disabled.
    assert "Enable or disable the boot units" not in changed(play(ansible, host, profile(), **DISABLED, **systemd.variables))


@WITH_ANY_CORE
def test_masked_units_are_left_alone_and_told(ansible, systemd):
    host = ansible.host("one-dimm")
    tool = ansible.folder / "bin/systemctl"
    tool.rename(tool.with_name("systemctl-of-others"))
    tool.write_text(f'''#!/bin/sh
case "$1 $2" in
"show daxprov-memory.service" | "show {TIMER}")
    printf 'Id=%s\\nLoadState=masked\\nActiveState=inactive\\n' "$2"
    exit 0 ;;
esac
exec "${{0%/*}}/systemctl-of-others" "$@"
''')
    tool.chmod(0o755)
    results = play(ansible, host, profile(), **ENABLED, **systemd.variables)
    assert "Provision persistent memory" in changed(results), ansible.output
    assert f"daxprov-memory.service, {TIMER}: masked on this host" in str(results)
    assert systemd.calls() == ["enable daxprov.service", "start daxprov.service"]


@WITH_ANY_CORE
def test_a_host_without_systemd_is_provisioned_and_told_so(ansible, systemd):
    host = ansible.host("one-dimm")
    variables = {**ENABLED, **systemd.variables, "daxprov_systemd_sign": str(ansible.folder / "none")}
    for words in (["--check"], []):
        results = play(ansible, host, profile(), *words, **variables)
        assert "Provision persistent memory" in changed(results), ansible.output
        assert "This host does not run systemd" in str(results)
    assert systemd.calls() == [] and not systemd.names("enabled")


@WITH_ANY_CORE
def test_metrics_go_into_another_folder_and_back(ansible, systemd):
    host = ansible.host("one-dimm")
    addition = systemd.folder / "etc/daxprov-status.service.d/daxprov-metrics-folder.conf"
    variables = {**ENABLED, **systemd.variables}
    elsewhere = {**variables, "daxprov_metrics_folder": "/srv/textfiles"}
    play(ansible, host, profile(), **variables)
    systemd.calls()
    task = "Let daxprov-status.service write into another folder"
    assert task in changed(play(ansible, host, profile(), "--check", **elsewhere)), ansible.output
    assert not addition.exists()
    assert task in changed(play(ansible, host, profile(), **elsewhere)), ansible.output
    assert systemd.calls() == ["daemon-reload"]
    lines = addition.read_text().splitlines()
    # An empty value takes back the packaged one: a unit whose ReadWritePaths= are not all there does not start.
    assert lines[1:] == [
        "[Unit]", "ConditionPathIsDirectory=", "ConditionPathIsDirectory=/srv/textfiles", "[Service]", "ExecStart=",
        "ExecStart=daxprov status --prometheus --output /srv/textfiles/daxprov.prom", "ReadWritePaths=",
        "ReadWritePaths=/srv/textfiles"]
    # A run that was stopped in between has written the file, and systemd does not know it yet.
    assert changed(play(ansible, host, profile(), **elsewhere)) == []
    assert systemd.calls() == ["daemon-reload"]
    assert changed(play(ansible, host, profile(), **variables)) == ["Let daxprov-status.service write into its own folder"]
    assert systemd.calls() == ["daemon-reload"] and not addition.exists()
    for folder in ("/srv/a b", "/srv/a\n", "srv"):
        wrong = play(ansible, host, profile(), **{**variables, "daxprov_metrics_folder": folder})[-1]
        assert outcome(wrong) == "failed" and "daxprov_metrics_folder must be an absolute path" in wrong["msg"]
