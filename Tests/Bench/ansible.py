"""Times a play over many simulated hosts with the module daxprov.pmem.profile, beside one of a module that does nothing.

Usage: ansible.py [HOSTS]. All hosts are on this machine, so that figures are those of the controller and of the modules
together; compare those of one run.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Ansible"))

from controller import Controller, programs  # noqa: E402

FORKS = 10
NOTHING = '#!/bin/sh\n# WANT_JSON\necho \'{"changed": false}\'\n'
PROFILE = {"version": 1, "regions": [{"match": {"numa_node": 0}, "namespaces": [
    {"name": "wal", "mode": "fsdax", "size": "2 GiB"}, {"name": "heap", "mode": "devdax", "size": "remaining"}]}]}


def measure(controller, tasks, hosts, *words):
    command = [*controller.write(tasks, hosts), *words]
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    run = subprocess.run(
        command, cwd=controller.folder, env=controller.variables(FORKS, recording=False), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    if run.returncode:
        sys.exit(run.stdout[-2000:])
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    try:
        programs("pypi")
        stack = "pypi"
    except RuntimeError:
        stack = "debian"
    with tempfile.TemporaryDirectory(prefix="daxprov-ansible-bench.") as folder:
        controller = Controller(folder, stack)
        (controller.folder / "library").mkdir()
        (controller.folder / "library/nothing").write_text(NOTHING)
        hosts = {f"host{n}": {"state": controller.host("one-dimm", f"host{n}.json")} for n in range(count)}
        nothing = [{"nothing": {}}]
        profile = [{"daxprov.pmem.profile": {"simulate": "{{ state }}", "profile": PROFILE}}]
        print(f"{count} hosts, {FORKS} forks, ansible-core of {stack}, load {os.getloadavg()[0]:.1f}\n")
        print(f"{'play':<42}{'wall':>9}{'CPU':>9}{'CPU/host':>11}")
        for what, tasks, words in (
                ("a module that does nothing", nothing, ()),
                ("profile, check mode with diff, changes", profile, ("--check", "--diff")),
                ("profile, two namespaces are created", profile, ()),
                ("profile, nothing to do", profile, ())):
            wall, processor = measure(controller, tasks, hosts, *words)
            print(f"{what:<42}{wall:>7.1f} s{processor:>7.1f} s{processor / count * 1000:>8.0f} ms", flush=True)


if __name__ == "__main__":
    main()
