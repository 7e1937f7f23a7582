"""The package in a Debian 12, and in a Debian 13, that has nothing but what the package asks for: installed, used, upgraded, removed, purged.

`make deb-test` runs this; it needs root and, the first time, a Debian mirror: that of the machine's own apt.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "VM"))

from lab import LabError, debian  # noqa: E402

TOOLS = ("man-db", "bash-completion")
STATE = "var/lib/daxprov"
# What dpkg and its triggers write of every package.
NOTES = re.compile(r"^(var/lib/dpkg|var/log|var/cache|run|proc|tmp)(/|$)")


class Root:
    """A system of its own below a folder."""

    def __init__(self, folder):
        self.folder = folder

    def run(self, *command, check=True, **variables):
        """Runs it there with a /proc of its own; what it says is in one text."""
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8",
                       "HOME": "/root", **variables}
        run = subprocess.run(
            ["unshare", "--mount", "--pid", "--fork", "sh", "-c", 'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"',
             self.folder, *command],
            env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert not check or run.returncode == 0, (command, run.stdout)
        return run

    def install(self, deb):
        shutil.copy(deb, self.folder / "tmp" / deb.name)
        return self.run("dpkg", "--install", f"/tmp/{deb.name}").stdout

    def files(self):
        found = set()
        for folder, _, names in os.walk(self.folder):
            there = Path(folder).relative_to(self.folder)
            found |= {str(there / name) for name in names} | {f"{there}/"}
        return {path for path in found if not NOTES.match(path)}


@pytest.fixture(scope="session", params=["bookworm", "trixie"])
def clean(deb, request):
    """The folder of the clean system, made once for as long as the package asks for the same."""
    depends = subprocess.check_output(["dpkg-deb", "-f", deb, "Depends"], text=True)
    packages = sorted(re.findall(r"(?:^|, )([^ ,]+)", depends.strip())) + list(TOOLS)
    try:
        return debian.root(packages, request.param)
    except LabError as error:
        pytest.fail(str(error))


@pytest.fixture
def root(clean, tmp_path):
    folder = tmp_path / "root"
    subprocess.run(["cp", "-a", "--reflink=auto", clean, folder], check=True)
    yield Root(folder)
    shutil.rmtree(folder)


def test_it_is_installed_and_used(root, deb):
    root.install(deb)
    assert root.run("dpkg", "--audit").stdout == ""
    assert "not found" not in root.run("ldd", "/usr/bin/daxprov").stdout
    documents = "/usr/share/doc/daxprov"
    tried = 0
    for profile in (root.folder / documents[1:] / "profiles").glob("*.yaml"):
        asked = re.search(r"# Try it: daxprov plan (\S+) --simulate (\S+)", profile.read_text())
        root.run("cp", f"{documents}/{asked[2]}", "/tmp/host.json")
        run = root.run("daxprov", "plan", f"{documents}/{asked[1]}", "--simulate", "/tmp/host.json")
        assert "Plan: " in run.stdout
        tried += 1
    assert tried >= 5
    root.run("cp", f"{documents}/profiles/hosts/one-dimm.json", "/tmp/host.json")
    (root.folder / "tmp/host.yaml").write_text(
        "version: 1\nregions:\n  - match: {region: 0}\n    labels: init\n    namespaces:\n      - {name: a, mode: fsdax}\n")
    applied = root.run("daxprov", "apply", "/tmp/host.yaml", "--yes", "--allow-destroy", "region0", "--simulate", "/tmp/host.json")
    assert "verified" in applied.stdout
    assert root.run("daxprov", "inventory", "--simulate", "/tmp/host.json").stdout.count(" a ") >= 1


def test_manual_pages_are_found_there(root, deb):
    root.install(deb)
    for page, section in (("daxprov", 1), ("daxprov-apply", 1), ("daxprov.profile", 5)):
        assert root.run("man", "-w", page).stdout.strip() == f"/usr/share/man/man{section}/{page}.{section}.gz"
    assert "--allow-destroy" in root.run("man", "daxprov-apply", MANPAGER="cat", MAN_KEEP_FORMATTING="").stdout.replace("\x08", "")
    root.run("mandb", "--quiet")
    found = root.run("apropos", "dax").stdout
    assert "daxprov-rollback (1)" in found and "daxprov.profile (5)" in found


def test_bash_loads_the_completion_there(root, deb):
    root.install(deb)
    script = '. /usr/share/bash-completion/bash_completion; _completion_loader daxprov; complete -p daxprov'
    assert "daxprov" in root.run("bash", "-c", script).stdout


def test_an_upgrade_and_a_removal_keep_what_was_recorded(root, deb, make_deb):
    root.install(deb)
    record = root.folder / STATE / "transactions/000001/journal"
    record.parent.mkdir(parents=True)
    record.write_text("kept")
    newer = make_deb(DEB_REVISION="2", DEB_MAINTAINER="Some Body <somebody@example.org>")
    assert "Unpacking daxprov (0.1.0-2) over (0.1.0-1)" in root.install(newer)
    assert root.run("dpkg-query", "-W", "-f", "${Version} ${Maintainer}", "daxprov").stdout == "0.1.0-2 Some Body <somebody@example.org>"
    assert record.read_text() == "kept"
    root.run("daxprov", "--version")
    root.run("dpkg", "--remove", "daxprov")
    assert not (root.folder / "usr/bin/daxprov").exists()
    assert record.read_text() == "kept"
    said = root.run("dpkg", "--purge", "daxprov").stdout
    assert record.read_text() == "kept"
    assert "/var/lib/daxprov stays" in said and "rm -r /var/lib/daxprov" in said


def test_nothing_is_left_after_a_purge(root, deb):
    before = root.files()
    root.install(deb)
    (root.folder / STATE / "transactions").mkdir(parents=True)
    assert len(root.files() - before) > 40
    said = root.run("dpkg", "--purge", "daxprov").stdout
    assert root.files() == before
    assert "stays" not in said
    assert root.run("dpkg-query", "-W", "daxprov", check=False).returncode != 0
