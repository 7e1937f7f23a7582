"""Where the guest's programs and their libraries come from: the machine, or another release of Debian, unpacked."""

import os
import re
import subprocess
from pathlib import Path

from . import tools
from .errors import LabError

LOADER = "ld-linux-x86-64.so.2"
FOLDERS = "usr/sbin usr/bin sbin bin".split()
LIBRARIES = "usr/lib/x86_64-linux-gnu lib/x86_64-linux-gnu".split()


def _listed(text, program):
    """{name: path} of what the dynamic linker says it loads."""
    if absent := re.findall(r"^\s+(\S+) => not found", text, re.MULTILINE):
        raise LabError(f"{program} needs libraries that are not here: {', '.join(absent)}")
    found = re.findall(r"^\s+(?:(\S+) => )?(/\S+) \(0x", text, re.MULTILINE)
    return {os.path.basename(name or path): Path(path) for name, path in found}


class MachinesOwn:
    identity = "the machine's own"

    def require(self, program):
        return Path(os.path.realpath(tools.require(program)))

    def file(self, path):
        return Path("/") / path

    def shared_libraries(self, program):
        """{name: path} of what the dynamic linker loads for a program; empty when it is static."""
        listed = subprocess.run(["ldd", str(program)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        return _listed(listed.stdout, program)


class Unpacked:
    """The programs of packages that were unpacked in a directory."""

    def __init__(self, root):
        self.root = root
        self.identity = root.name

    def require(self, program):
        for folder in FOLDERS:
            path = self.root / folder / program
            if path.exists():
                return Path(os.path.realpath(path))
        raise LabError(f"{program} is not in the packages unpacked in {self.root}")

    def file(self, path):
        return self.root / path

    def command(self, program):
        """The program with its own dynamic linker and libraries, to run on the machine."""
        return [str(self._loader()), "--library-path", self._path(), str(self.require(program))]

    def shared_libraries(self, program):
        """{name: path} of what the dynamic linker of this release loads; what the release lacks is the machine's own."""
        machines_own = ":".join(f"/{folder}" for folder in LIBRARIES)
        listed = subprocess.run(
            [self._loader(), "--library-path", f"{self._path()}:{machines_own}", "--list", program],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        return _listed(listed.stdout, program)

    def run_inside(self, folders, command, run=tools.run, **environment):
        """Runs a command with this directory as its root. `folders` maps folders of the machine to where it finds them.

        That happens in namespaces of its own: nothing of it is seen outside, and root is not needed.
        """
        if not (self.root / "usr/bin/awk").exists() and (self.root / "usr/bin/mawk").exists():
            (self.root / "usr/bin/awk").symlink_to("mawk")  # as installing mawk does
        seen = {"/dev": "/dev", "/proc": "/proc", **folders}
        for place in ("/tmp", *seen.values()):
            (self.root / str(place).lstrip("/")).mkdir(parents=True, exist_ok=True)
        script = 'root=$0; mount -t tmpfs tmp "$root/tmp" || exit; while [ "$1" != -- ]; do ' \
                 'mount --rbind "$1" "$root/$2" || exit; shift 2; done; shift; exec chroot "$root" "$@"'
        return run(
            ["unshare", "--map-root-user", "--mount", "sh", "-c", script, str(self.root),
             *(str(word) for pair in seen.items() for word in pair), "--", *map(str, command)],
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/tmp", **environment})

    def _path(self):
        return ":".join(str(self.root / folder) for folder in LIBRARIES)

    def _loader(self):
        for folder in ("usr/lib64", "lib64"):
            if (path := self.root / folder / LOADER).exists():
                return path
        raise LabError(f"there is no {LOADER} below {self.root}")
