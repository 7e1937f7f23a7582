"""The section of docs/ansible.md that takes ten hosts from the package to a monitored profile, followed on simulated hosts.

The files and the commands are taken out of the document. A command is run as it stands there, unless NOT_RUN has it.
"""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from controller import BINARY, REPOSITORY, Controller
from units import BOOT, TIMER, Systemd

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the role makes files of root's")

DOCUMENT = REPOSITORY / "docs/ansible.md"
TITLE = "## Ten hosts, from the package to a monitored profile"
HOSTS = [f"db{number:02}" for number in range(1, 11)]
# From the review on the hosts, these stand for the ten: a play of the role costs seconds of each host.
FEW = ["db01", "db09", "db10"]
CONSENT = """ -e '{"daxprov_allow_destroy": ["heap"]}'"""

# What builds, installs on the controller, or needs a network.
NOT_RUN = {
    "make deb",
    "sudo apt install ./.build/deb/daxprov_0.1.0-1_amd64.deb",
    "ansible-galaxy collection build integrations/ansible",
    "ansible-galaxy collection install daxprov-pmem-0.1.0.tar.gz",
    "mkdir -p ../fleet/packages ../fleet/profiles ../fleet/inventories",
    "cp .build/deb/daxprov_0.1.0-1_amd64.deb ../fleet/packages",
    "cd ../fleet",
    "curl -s http://db01:9100/metrics | grep '^daxprov_'",
    "scp db01:/usr/share/doc/daxprov/prometheus/daxprov.rules.yaml /etc/prometheus/",
    "promtool check config /etc/prometheus/prometheus.yml",
    "systemctl reload prometheus",
}

# The program on a simulated host: every command there is about that host.
PROGRAM = """\
#!/usr/bin/python3
import json, os, sys
words = sys.argv[1:]
if words[0] == "ansible-module":
    arguments = {{**json.load(open(words[-1])), "simulate": "{host}"}}
    json.dump(arguments, open("{host}.arguments", "w"))
    words[-1] = "{host}.arguments"
elif words[0] not in ("validate", "--version"):
    words += ["--simulate", "{host}"]
os.execv("{binary}", ["daxprov", *words])
"""

# In place of ansible.builtin.apt: a package file that was copied is installed, with the program and the units.
APT = """\
#!/usr/bin/python3
# WANT_JSON
import json, os, pathlib, sys
arguments = json.load(open(sys.argv[1]))
folder = pathlib.Path(os.environ["SIMULATED_FOLDER"])
changed = False
if "deb" in arguments:
    assert pathlib.Path(arguments["deb"]).read_text() == "the package"
    for source in sorted((folder / "package").rglob("*")):
        target = folder / source.relative_to(folder / "package")
        if source.is_file() and not target.exists():
            os.link(source, target)
            changed = True
print(json.dumps({"changed": changed}))
"""


def section():
    """The blocks of the section, in order: (the word behind the fence, the text)."""
    text = DOCUMENT.read_text()
    assert text.count(TITLE) == 1
    text = text.split(TITLE)[1].split("\n## ")[0]
    return re.findall(r"^```(\w*)\n(.*?)^```$", text, re.M | re.S)


class Fleet(Controller):
    """The folder that the document calls `fleet`, and ten simulated hosts."""

    def __init__(self, folder, stack):
        super().__init__(folder, stack)
        self.place = self.folder / "fleet"
        for name in ("packages", "profiles", "inventories", "host_vars", "library"):
            (self.place / name).mkdir(parents=True)
        (self.place / "packages/daxprov_0.1.0-1_amd64.deb").write_text("the package")
        (self.place / "library/apt").write_text(APT)
        self.hosts = {name: self._host(name) for name in HOSTS}
        (self.folder / "extra.json").write_text(json.dumps({
            "daxprov_systemd_sign": "{{ simulated_folder }}/units/run", "daxprov_unit_folder": "{{ simulated_folder }}/units/etc"}))

    def _host(self, name):
        """A host without daxprov; its systemd."""
        folder = self.folder / "hosts" / name
        systemd = Systemd(folder)
        package = Systemd(folder / "package")
        package.install()
        (folder / "package/bin/systemctl").unlink()
        program = folder / "package/bin/daxprov"
        program.write_text(PROGRAM.format(host=self.host("two-socket", f"hosts/{name}/host.json"), binary=BINARY.resolve()))
        program.chmod(0o755)
        shell = folder / "sh"
        shell.write_text(
            f'#!/bin/sh\nPATH={folder}/bin:/usr/sbin:/usr/bin:/sbin:/bin SIMULATED_FOLDER={folder} exec /bin/sh "$@"\n')
        shell.chmod(0o755)
        (self.place / f"host_vars/{name}.json").write_text(json.dumps({
            "ansible_connection": "local", "ansible_user": "root", "ansible_python_interpreter": "/usr/bin/python3",
            "ansible_shell_executable": str(shell), "simulated_folder": str(folder),
            "daxprov_profile_file": f"{folder}/etc/host.yaml"}))
        return systemd

    def write_file(self, text):
        """Writes a file of the document, whose first line names it; returns the name."""
        name = text.splitlines()[0].removeprefix("# ")
        if name == "install.yaml":
            text = text.replace("ansible.builtin.apt:", "apt:").replace("/var/cache/", "{{ simulated_folder }}/")
        if not name.startswith("/"):
            (self.place / name).write_text(text)
        return name

    def run(self, line):
        """Runs a line of the document: the exit code, what it printed, and {host: {task: result}} of a play."""
        results = self.folder / "results"
        results.unlink(missing_ok=True)
        if line.startswith("ansible-playbook site.yaml"):
            line += f" -e @{self.folder}/extra.json"
        run = subprocess.run(
            line, shell=True, cwd=self.place,
            env={**self.variables(), "ANSIBLE_LIBRARY": str(self.place / "library"), "ANSIBLE_PIPELINING": "1"},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        by_host = {}
        for record in map(json.loads, results.read_text().splitlines() if results.exists() else []):
            task = record["task"].split(" : ")[-1]
            by_host.setdefault(record["host"], {})[task] = {"changed": False, **record["result"], "kind": record["kind"]}
        return run.returncode, run.stdout, by_host

    def keep(self, names):
        """Takes the other hosts out of the inventory."""
        path = self.place / "inventory.yaml"
        text = path.read_text()
        assert "db[01:10]:" in text
        path.write_text(text.replace("db[01:10]:", "\n    ".join(f"{name}:" for name in names)))
        self.hosts = {name: self.hosts[name] for name in names}

    def pictures(self):
        """What the hosts are as a whole."""
        return [(self.folder / "hosts" / name / "host.json").read_bytes() for name in self.hosts]


@pytest.fixture
def fleet(stack, tmp_path):
    return Fleet(tmp_path, stack)


def anonymous(text):
    """A history without what differs from run to run."""
    return re.sub(r"\d{8}T\d{6}Z|\d{4}-\d\d-\d\dT[\d:]{8}Z", "TIME", text)


def contains(output, text):
    """Whether a text of the document was printed, whatever its indentation."""
    lines = [line.strip() for line in output.splitlines()]
    wanted = [line.strip() for line in text.splitlines()]
    return any(lines[start:start + len(wanted)] == wanted for start in range(len(lines)))


@pytest.mark.parametrize("stack", ["any"], indirect=True)  # test_role.py runs the role with each
def test_the_document_takes_ten_hosts_to_a_monitored_profile(fleet):
    blocks = section()
    written = [fleet.write_file(text) for kind, text in blocks if kind in ("yaml", "ini")]
    assert written == [
        "ansible.cfg", "inventory.yaml", "install.yaml", "look.yaml", "profiles/databases.yaml", "site.yaml",
        "/etc/prometheus/prometheus.yml"]
    lines = [line for kind, text in blocks if kind == "" for line in text.splitlines()]
    assert NOT_RUN <= set(lines)
    commands = iter([line for line in lines if line not in NOT_RUN])
    planned, refused, reviewed, history = (text for kind, text in blocks if kind == "text")

    def follow(line, code=0):
        """Runs the document's next command, which is to be this one."""
        assert next(commands) == line
        found, output, by_host = fleet.run(line)
        assert found == code, f"{line}\n{output}"
        return output, by_host

    def everywhere(by_host, task, changed, hosts=None):
        assert sorted(by_host) == sorted(hosts or fleet.hosts)
        for host, results in by_host.items():
            assert results[task]["changed"] == changed and results[task]["kind"] == "ok", (host, results[task])

    provision = "Provision persistent memory"
    fresh = fleet.pictures()

    # 1, 2: the package, and what the hosts have.
    _, by_host = follow("ansible-playbook install.yaml")
    everywhere(by_host, "Install daxprov", True)
    assert {name for systemd in fleet.hosts.values() for name in systemd.names("enabled")} == set()
    follow("ansible-playbook look.yaml")
    assert sorted(path.stem for path in (fleet.place / "inventories").iterdir()) == HOSTS
    output, _ = follow("ansible db01 -b -a 'daxprov inventory'")
    assert "region0: 756 GiB" in output and "NUMA node 0" in output

    # 3: the profile, and its review.
    follow("daxprov validate profiles/databases.yaml")
    output, _ = follow("daxprov plan profiles/databases.yaml --inventory-dir inventories")
    assert output == planned and fleet.pictures() == fresh
    fleet.keep(FEW)
    fresh = fleet.pictures()
    output, by_host = follow("ansible-playbook site.yaml --check --diff --limit db01")
    everywhere(by_host, provision, True, ["db01"])
    assert "+ region0/wal: fsdax 480 GiB (usable 483838 MiB), map dev, align 2 MiB, at 0x100000000" in output
    output, by_host = follow("ansible-playbook site.yaml --check")
    everywhere(by_host, provision, True)
    assert output.count("failed=0") == len(FEW) and fleet.pictures() == fresh

    # 4, 5: applied, and the units.
    _, by_host = follow("ansible-playbook site.yaml")
    everywhere(by_host, provision, True)
    applied = fleet.pictures()
    output, by_host = follow("ansible-playbook site.yaml --check")
    assert output.count("changed=0") == len(FEW), output
    for systemd in fleet.hosts.values():
        assert systemd.names("enabled") == {*BOOT, TIMER}
        assert systemd.names("active") == {"daxprov.service", TIMER}
    output, _ = follow(f"ansible pmem -b -a 'systemctl is-enabled {' '.join((*BOOT, TIMER))}'")
    assert output.count("rc=0") == len(FEW) and output.splitlines().count("enabled") == 3 * len(FEW)
    output, _ = follow("ansible pmem -b -a 'daxprov status --detailed-exitcode'")
    assert output.count("rc=0") == len(FEW) and output.count("the host is as it left it") == len(FEW)

    # 6: metrics.
    follow("ansible pmem -b -a 'systemctl start daxprov-status.service'")
    for systemd in fleet.hosts.values():
        metrics = (systemd.folder / "daxprov.prom").read_text()
        assert "\ndaxprov_last_apply_success 1\n" in metrics and "\ndaxprov_drift_changes" in metrics
    [prometheus] = [yaml.safe_load(text) for _, text in blocks if text.startswith("# /etc/prometheus/prometheus.yml")]
    [targets] = prometheus["scrape_configs"][0]["static_configs"]
    assert targets["targets"] == [f"{host}:9100" for host in HOSTS]
    assert (REPOSITORY / "packaging/prometheus" / Path(prometheus["rule_files"][0]).name).exists()

    # 7: a change that loses data.
    follow("sed -i 's/size: remaining/size: 48 GiB, map: mem/' profiles/databases.yaml")
    _, by_host = follow("ansible-playbook site.yaml --check --diff --limit db01", code=2)
    assert by_host["db01"][provision]["kind"] == "failed"
    assert by_host["db01"][provision]["msg"] == refused.strip()
    output, by_host = follow(f"ansible-playbook site.yaml --check --diff --limit db01{CONSENT}")
    everywhere(by_host, provision, True, ["db01"])
    assert contains(output, reviewed), output
    assert fleet.pictures() == applied
    _, by_host = follow(f"ansible-playbook site.yaml{CONSENT}")
    everywhere(by_host, provision, True)

    # 8: undone.
    output, _ = follow("ansible pmem -b -a 'daxprov history'")
    assert output.count("rc=0") == len(FEW) and anonymous(output).count(anonymous(history)) == len(FEW), output
    output, _ = follow("ansible pmem -b -a 'daxprov rollback 2 --yes --allow-destroy heap'")
    assert output.count("Everything was undone, and verified") == len(FEW), output
    follow("sed -i 's/size: 48 GiB, map: mem/size: remaining/' profiles/databases.yaml")
    _, by_host = follow("ansible-playbook site.yaml")
    everywhere(by_host, provision, False)
    everywhere(by_host, "Place the profile", True)
    follow("ansible-playbook site.yaml --limit db10 -e daxprov_boot_units=disabled -e daxprov_status_timer=disabled")
    assert fleet.hosts["db10"].names("enabled") == set() and fleet.hosts["db09"].names("enabled") == {*BOOT, TIMER}
    assert next(commands, None) is None
