"""Running the host's programs."""

import shutil
import subprocess

from .errors import LabError


def require(program):
    path = shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin:/usr/bin:/bin")
    if not path:
        raise LabError(f"{program} is not installed; install the packages listed in Tests/VM/packages.txt")
    return path


def run(command, **options):
    """Runs a command quietly; returns its standard output as text; a failure carries what it printed."""
    result = subprocess.run(
        [require(command[0]), *map(str, command[1:])],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", **options)
    if result.returncode != 0:
        raise LabError(f"{' '.join(map(str, command))}: exit {result.returncode}\n{result.stdout[-4000:]}")
    return result.stdout
