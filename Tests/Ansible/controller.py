"""Ansible as a controller of simulated hosts: which versions there are, and how a play is run with one of them."""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
COLLECTION = REPOSITORY / "integrations/ansible"
BINARY = Path(os.environ.get("DAXPROV_BINARY", REPOSITORY / ".build/release-static/release/daxprov"))


def cache():
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("DAXPROV_ANSIBLE_CACHE") or Path(home) / "daxprov-ansible")


def environment(*requirements):
    """The folder of the programs of a virtual environment with these packages, made once; raises RuntimeError."""
    key = hashlib.sha256("\n".join([sys.version, *requirements]).encode()).hexdigest()[:16]
    place = cache() / f"venv-{key}"
    cache().mkdir(parents=True, exist_ok=True)
    with open(cache() / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (place / "complete").exists():
            shutil.rmtree(place, ignore_errors=True)
            for command in ([sys.executable, "-m", "venv", place], [place / "bin/pip", "install", "-q", *requirements]):
                run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
                if run.returncode:
                    shutil.rmtree(place, ignore_errors=True)
                    raise RuntimeError(f"{' '.join(map(str, command))}: {run.stdout.strip()[-400:]}")
            (place / "complete").touch()
    return place / "bin"


def programs(stack):
    """The folder of ansible-playbook: Debian's, or that of the newest ansible-core on PyPI for this Python."""
    if stack == "debian":
        if not Path("/usr/bin/ansible-playbook").exists():
            raise RuntimeError("the Debian package ansible-core is not installed")
        return Path("/usr/bin")
    return environment("ansible-core")


class Controller:
    """A folder with the collection, a play, an inventory and the state files of simulated hosts."""

    def __init__(self, folder, stack):
        self.folder = Path(folder)
        self.programs = programs(stack)
        collections = self.folder / "collections/ansible_collections/daxprov"
        collections.mkdir(parents=True)
        (collections / "pmem").symlink_to(COLLECTION)
        plugins = self.folder / "callbacks"
        plugins.mkdir()
        shutil.copy(Path(__file__).with_name("record_results.py"), plugins)
        (self.folder / "bin").mkdir()
        (self.folder / "bin/daxprov").symlink_to(BINARY.resolve())

    def host(self, example, name="host.json"):
        """A fresh copy of an example host; its path."""
        path = self.folder / name
        shutil.rmtree(f"{path}.state", ignore_errors=True)
        shutil.copy(REPOSITORY / f"profiles/hosts/{example}.json", path)
        return str(path)

    def daxprov(self, *words):
        return subprocess.run(
            [BINARY, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def variables(self, forks=4, recording=True):
        collections = str(self.folder / "collections")
        return {
            **{key: value for key, value in os.environ.items() if not key.startswith("ANSIBLE_")},
            "PATH": f"{self.folder}/bin:{self.programs}:{os.environ['PATH']}",
            "HOME": str(self.folder),
            "LC_ALL": "C.UTF-8",
            "ANSIBLE_COLLECTIONS_PATH": collections,
            "ANSIBLE_COLLECTIONS_PATHS": collections,
            "ANSIBLE_LOCAL_TEMP": str(self.folder / "local"),
            "ANSIBLE_REMOTE_TEMP": str(self.folder / "remote"),
            "ANSIBLE_FORKS": str(forks),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_RETRY_FILES_ENABLED": "0",
            **({
                "ANSIBLE_CALLBACK_PLUGINS": str(self.folder / "callbacks"),
                "ANSIBLE_CALLBACKS_ENABLED": "record_results",
                "RECORDED_RESULTS": str(self.folder / "results"),
            } if recording else {}),
        }

    def write(self, tasks, hosts=None):
        """Writes a play of these tasks, and an inventory of hosts with their variables; the words of the command."""
        hosts = hosts or {"host": {}}
        play = [{"hosts": "all", "gather_facts": False, "tasks": tasks}]
        (self.folder / "play.yml").write_text(json.dumps(play))
        inventory = {"all": {"hosts": hosts, "vars": {
            "ansible_connection": "local", "ansible_python_interpreter": sys.executable}}}
        (self.folder / "hosts.yml").write_text(json.dumps(inventory))
        return [self.programs / "ansible-playbook", "-i", self.folder / "hosts.yml", self.folder / "play.yml"]

    def play(self, tasks, *words, hosts=None):
        """Runs tasks on hosts: the results by host, each a list of the tasks'."""
        results = self.folder / "results"
        results.unlink(missing_ok=True)
        run = subprocess.run(
            [*self.write(tasks, hosts), *words], cwd=self.folder, env=self.variables(), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert results.exists(), run.stdout
        by_host = {}
        for line in results.read_text().splitlines():
            record = json.loads(line)
            by_host.setdefault(record["host"], []).append({**record["result"], "kind": record["kind"], "task": record["task"]})
        self.output = run.stdout
        return by_host

    def tasks(self, *steps, module="daxprov.pmem.profile"):
        """Runs a task for each (words, arguments) in one play on one host, failed ones too, and returns the results.

        The words are "check", "diff", both or neither: a start of Ansible costs more than all tasks.
        """
        return self.play([
            {module: arguments, "check_mode": "check" in words, "diff": "diff" in words, "ignore_errors": True}
            for words, arguments in steps])["host"]

    def task(self, arguments, words="", module="daxprov.pmem.profile"):
        """Runs one task on one host, and returns its result."""
        [result] = self.tasks((words, arguments), module=module)
        return result
