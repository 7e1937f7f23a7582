#!/usr/bin/python3
"""What Ansible's own tools say of the collection: ansible-lint, antsibull-docs, ansible-test sanity.

They come from PyPI. Exits with 0 where all are silent, and with 1 otherwise, also where PyPI cannot be reached.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from controller import COLLECTION, environment  # noqa: E402

# ansible-test fetches get-pip from a host of its own; Python's own ensurepip does the same without it.
GET_PIP = """
import subprocess, sys
words = [word for word in sys.argv[1:] if word not in ("--no-setuptools", "--no-wheel")]
subprocess.check_call([sys.executable, "-m", "ensurepip"])
subprocess.check_call([sys.executable, "-m", "pip", "install", *words])
"""


def run(what, *command, folder, variables):
    print(f"== {what}", flush=True)
    result = subprocess.run(command, cwd=folder, env=variables, stdin=subprocess.DEVNULL)
    if result.returncode:
        print(f"{what} exited with {result.returncode}", file=sys.stderr)
    return result.returncode == 0


def bootstrap_name(programs):
    """The file name under which this ansible-test looks for the get-pip that it has fetched."""
    [source] = programs.parent.glob("lib/python3*/site-packages/ansible_test/_internal/python_requirements.py")
    version = re.search(r"\bpip='([\d.]+)'", source.read_text())[1]
    return f"get_pip_{version.replace('.', '_')}.py"


def main():
    try:
        programs = environment("ansible-core", "ansible-lint", "antsibull-docs")
    except RuntimeError as error:
        print(f"the tools cannot be installed from PyPI: {error}", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory(prefix="daxprov-ansible-lint.") as folder:
        home = Path(folder)
        place = home / "ansible_collections/daxprov/pmem"
        shutil.copytree(COLLECTION, place)
        variables = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}", "HOME": folder, "LC_ALL": "C.UTF-8",
                     "ANSIBLE_COLLECTIONS_PATH": folder, "ANSIBLE_HOME": f"{folder}/.ansible"}
        for name in (".config/pip/pip.conf", ".pip/pip.conf"):  # ansible-test takes no variable to its own pip
            if (Path.home() / name).exists():
                (home / name).parent.mkdir(parents=True)
                shutil.copy(Path.home() / name, home / name)
        cached = home / ".ansible/test/cache"
        cached.mkdir(parents=True)
        (cached / bootstrap_name(programs)).write_text(GET_PIP)
        for command in (["init", "-q"], ["add", "-A"]):
            subprocess.run(["git", *command], cwd=place, check=True, env=variables)
        python = f"{sys.version_info.major}.{sys.version_info.minor}"
        passed = [
            run("ansible-lint", programs / "ansible-lint", "--offline", folder=place, variables=variables),
            run("antsibull-docs", programs / "antsibull-docs", "lint-collection-docs", "--plugin-docs", ".",
                folder=place, variables=variables),
            run("ansible-test sanity", programs / "ansible-test", "sanity", "--local", "--python", python,
                folder=place, variables=variables),
        ]
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
