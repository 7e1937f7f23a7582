"""The metrics and the example alerts, by Prometheus's own checker."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "VM"))

from lab import LabError, promtool as lab_promtool  # noqa: E402

HERE = Path(__file__).resolve().parent
LINE = re.compile(r'(\w+)(?:\{((?:\w+="(?:[^"\\\n]|\\["\\n])*",?)*)\})? (-?\d+(?:\.\d+)?)')
HOSTILE = 'a"b\\c\n{d="e"} 1\t\u202e\u0085'


@pytest.fixture(scope="session")
def promtool():
    try:
        return lab_promtool.program()
    except LabError as error:
        pytest.fail(str(error))


def checked(promtool, *words, **options):
    run = subprocess.run([promtool, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    assert run.returncode == 0, run.stdout
    return run.stdout


@pytest.fixture
def host(repository, tmp_path):
    shutil.copy(repository / "profiles/hosts/one-dimm.json", tmp_path / "host.json")
    return tmp_path / "host.json"


def told(binary, host, *words, check=True):
    return subprocess.run(
        [binary, "status", "--prometheus", "--simulate", host, *words], check=check, capture_output=True, text=True)


def samples(text):
    """Every line that is no comment, parsed: a label's value cannot end it early."""
    lines = [line for line in text.split("\n") if line and not line.startswith("#")]
    found = [LINE.fullmatch(line) for line in lines]
    assert all(found), text
    assert len({line.rpartition(" ")[0] for line in lines}) == len(lines)
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines}


def apply(binary, host, text):
    profile = host.parent / "profile.yaml"
    profile.write_text(json.dumps(text))
    subprocess.run([binary, "apply", profile, "--yes", "--simulate", host], check=True, capture_output=True)


PROFILE = {"version": 1, "regions": [{"match": {"numa_node": 0}, "namespaces": [
    {"name": "wal", "mode": "fsdax", "size": "2 GiB"}]}]}


def test_promtool_takes_the_metrics_of_every_host(promtool, binary, repository, tmp_path):
    hosts = sorted((repository / "profiles/hosts").glob("*.json"))
    assert hosts
    for each in hosts:
        shutil.copy(each, tmp_path / each.name)
        text = told(binary, tmp_path / each.name).stdout
        assert checked(promtool, "check", "metrics", input=text) == ""
        assert samples(text)["daxprov_transactions_interrupted"] == 0
        assert "daxprov_last_apply" not in text and "daxprov_drift" not in text and "daxprov_boot" not in text


def test_promtool_takes_what_a_dimm_tells(promtool, binary, host):
    state = json.loads(host.read_text())
    state["simulated_host"]["buses"][0]["dimms"][0]["health"] = {
        "health_state": "fatal", "temperature_celsius": -1.5, "controller_temperature_celsius": 25.0, "spares_percentage": 3,
        "life_used_percentage": 5, "alarm_spares": True, "shutdown_count": 43}
    host.write_text(json.dumps(state))
    text = told(binary, host).stdout
    assert checked(promtool, "check", "metrics", input=text) == ""
    found = {key.partition("{")[0]: value for key, value in samples(text).items()}
    assert found["daxprov_dimm_spares_ratio"] == 0.03 and found["daxprov_dimm_media_temperature_celsius"] == -1.5
    assert found["daxprov_dimm_shutdowns_dirty_total"] == 43
    assert "# TYPE daxprov_dimm_shutdowns_dirty_total counter" in text


def test_what_changed_is_counted(promtool, binary, host):
    apply(binary, host, PROFILE)
    text = told(binary, host).stdout
    found = samples(text)
    assert {found[f'daxprov_drift_changes{{action="{each}"}}'] for each in ("changed", "missing", "unexpected")} == {0}
    assert found["daxprov_last_apply_success"] == 1
    assert f'profile="{host.parent}/profile.yaml"' in text
    [size] = [value for key, value in found.items() if key.startswith("daxprov_namespace_size_bytes")]
    assert size == 2 << 30
    assert re.search(r'daxprov_namespace_info\{iset_id="0x[0-9a-f]+",.*name="wal",mode="fsdax"\} 1', text)

    state = json.loads(host.read_text())
    host.write_text(json.dumps(state).replace('"wal"', json.dumps(HOSTILE)))
    text = told(binary, host).stdout
    assert samples(text)['daxprov_drift_changes{action="changed"}'] == 1
    assert checked(promtool, "check", "metrics", input=text) == ""
    assert 'name="a\\"b\\\\c\\n{d=\\"e\\"} 1\t\u202e\u0085"' in text


def test_a_file_is_replaced_as_a_whole_and_only_such_a_file(binary, host):
    file = host.parent / "daxprov.prom"
    assert told(binary, host, "--output", file).stdout == ""
    first = file.stat()
    assert first.st_mode & 0o777 == 0o644
    told(binary, host, "--output", file)
    assert file.stat().st_ino != first.st_ino
    assert not list(host.parent.glob(".daxprov*"))
    assert samples(file.read_text())

    kept = host.parent / "kept"
    kept.write_text("mine")
    run = told(binary, host, "--output", kept, check=False)
    assert run.returncode == 1 and "it exists and is not a file of daxprov's metrics" in run.stderr
    assert kept.read_text() == "mine"


def test_each_alert_comes_when_it_should(promtool, repository):
    checked(promtool, "check", "rules", repository / "packaging/prometheus/daxprov.rules.yaml")
    checked(promtool, "test", "rules", HERE / "daxprov.rules.test.yaml")
    rules = (repository / "packaging/prometheus/daxprov.rules.yaml").read_text()
    tested = (HERE / "daxprov.rules.test.yaml").read_text()
    for name in re.findall(r"alert: (\w+)", rules):
        assert f"alertname: {name}" in tested, name
