"""The systemd units without a systemd: how closed they are, what the generator makes of an fstab, what the boot unit notes."""

import os
import re
import subprocess

import pytest

EXPOSURE = 2.0
OPTION = "x-systemd.requires=daxprov.service"


@pytest.fixture
def folder(repository):
    return repository / "packaging/systemd"


def test_each_service_is_sandboxed(folder, tmp_path):
    services = sorted(folder.glob("*.service"))
    assert len(services) == 5
    for service in services:
        unit = tmp_path / service.name
        unit.write_text(re.sub(r"@(BIN|LIBEXEC)@", "/usr/bin", service.read_text()))
        run = subprocess.run(
            ["systemd-analyze", "security", "--offline=true", "--no-pager", unit], capture_output=True, text=True)
        figures = re.findall(r"Overall exposure level for \S+: ([\d.]+)", run.stdout)
        assert len(figures) == 1, run.stderr
        assert float(figures[0]) <= EXPOSURE, (service.name, figures)


@pytest.fixture
def generate(folder, tmp_path):
    """What the generator makes of an fstab: the units that it orders."""
    def run(text):
        (tmp_path / "fstab").write_text(text)
        subprocess.run(
            [folder / "daxprov-generator", tmp_path / "made", tmp_path / "early", tmp_path / "late"], check=True,
            env={**os.environ, "FSTAB": str(tmp_path / "fstab")})
        made = {path.parent.name.removesuffix(".d"): path.read_text() for path in tmp_path.glob("made/*/*")}
        assert set(made.values()) <= {"[Unit]\nAfter=daxprov.service\n"}
        return set(made)
    return run


@pytest.mark.parametrize("source, name", [
    ("/dev/pmem0", "dev-pmem0"), ("/dev/pmem0.1s", "dev-pmem0.1s"),
    ("UUID=1c1a-8b", r"dev-disk-by\x2duuid-1c1a\x2d8b"), ('UUID="1c1a-8b"', r"dev-disk-by\x2duuid-1c1a\x2d8b"),
    ("LABEL=wal", r"dev-disk-by\x2dlabel-wal"), ("PARTUUID=7", r"dev-disk-by\x2dpartuuid-7")])
def test_checks_and_makers_of_what_requires_the_unit_wait_for_it(generate, source, name):
    assert generate(f"{source} /srv ext4 nofail,{OPTION},ro 0 2\n") == {
        f"systemd-{kind}@{name}.service" for kind in ("fsck", "makefs", "mkswap")}


def test_a_last_line_without_an_end_counts(generate):
    assert "systemd-fsck@dev-pmem0.service" in generate(f"/dev/pmem0 /srv ext4 {OPTION} 0 2")


def test_those_of_what_is_only_ordered_after_the_unit_wait_too(generate):
    assert "systemd-fsck@dev-pmem0.service" in generate("/dev/pmem0 /srv ext4 x-systemd.after=daxprov.service 0 2\n")


def test_nothing_else_waits(generate):
    """The file system of the record least of all: the unit waits for it."""
    assert generate(f"""
# /dev/pmem0 /srv ext4 {OPTION} 0 2
#/dev/pmem1 /srv ext4 {OPTION} 0 2
/dev/vdc /var ext4 defaults 0 2
/dev/vdd /opt ext4 x-{OPTION}s,{OPTION}x 0 2
tmpfs /tmp tmpfs {OPTION} 0 0
server:/share /mnt nfs {OPTION} 0 0
/dev/short
""") == set()


def test_without_an_fstab_there_is_nothing_to_do(folder, tmp_path):
    subprocess.run([folder / "daxprov-generator", tmp_path], check=True, env={**os.environ, "FSTAB": str(tmp_path / "none")})
    assert not list(tmp_path.iterdir())


@pytest.fixture
def record(folder, tmp_path):
    def run(word, **variables):
        done = subprocess.run(
            [folder / "boot-record", word], capture_output=True, text=True, check=True,
            env={"PATH": os.environ["PATH"], "RUNTIME_DIRECTORY": str(tmp_path), **variables})
        assert [path.name for path in tmp_path.iterdir()] == ["boot"]
        return (tmp_path / "boot").read_text(), done.stderr
    return run


def test_the_boot_unit_notes_how_it_does(record):
    assert record("running") == ("running\n", "")
    assert record("done") == ("done\n", "")
    assert record("ended", SERVICE_RESULT="success") == ("done\n", "")


def test_a_failure_is_noted_and_explained(record, commands):
    codes = dict(re.findall(r"(?m)^ +(\d+)  (.+)$", commands["recover"]["discussion"]))
    assert {"1", "5", "7", "77"} <= set(codes)
    for code, meaning in codes.items():
        if code in ("0", "64"):
            continue
        noted, told = record("ended", SERVICE_RESULT="exit-code", EXIT_CODE="exited", EXIT_STATUS=code)
        assert noted == f"failed {code}\n"
        first, last = told.splitlines()
        assert f"exit code {code}, " in first and meaning.partition(":")[0] in first, (meaning, first)
        assert last.endswith("systemctl restart daxprov.service; systemctl start local-fs.target")
        assert ("run daxprov recover" in last) == (code == "5")
    noted, told = record("ended", SERVICE_RESULT="signal", EXIT_CODE="killed", EXIT_STATUS="KILL")
    assert noted == "failed\n" and "ended by KILL (signal)" in told
    noted, told = record("ended", SERVICE_RESULT="exit-code")
    assert noted == "failed\n" and "ended by systemd (exit-code)" in told
