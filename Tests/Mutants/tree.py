"""The scratch copy of the repository that the mutants are built in."""
import shutil
import subprocess
from pathlib import Path

SWITCH = "Sources/Provision/Core/Mutants.swift"
CORE = "Sources/Provision/Core/"
# A mutant may leave a variable unused.
STRICT = "    .treatAllWarnings(as: .error),\n"


class Tree:
    """A copy of what git knows of, with uncommitted changes. A file that has not changed is not written again: the next build is short."""

    def __init__(self, repository, folder):
        self.repository, self.folder = Path(repository), Path(folder)
        # With the mutated files' originals, so that the copy is of one moment.
        self.originals = {}

    def copy(self):
        listed = subprocess.run(["git", "-C", self.repository, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                                check=True, capture_output=True).stdout.decode().split("\0")
        files = {name for name in listed if name and (self.repository / name).is_file()}
        if (self.repository / "Package.resolved").exists():
            files.add("Package.resolved")
        for name in files:
            data = (self.repository / name).read_bytes()
            if name.startswith("Sources/") and name.endswith(".swift"):
                self.originals[name] = data.decode()
            if name == "Package.swift":
                if STRICT not in data.decode():
                    raise SystemExit("mutants: Package.swift does not say where warnings become errors, as Tests/Mutants/tree.py expects")
                data = data.decode().replace(STRICT, "").encode()
            self.write(name, data)
            if (self.folder / name).stat().st_mode != (self.repository / name).stat().st_mode:
                shutil.copymode(self.repository / name, self.folder / name)
        self.remove_others(files | {SWITCH})

    def remove_others(self, files):
        for top in ("Sources", "Tests"):
            for path in (self.folder / top).rglob("*"):
                if path.is_file() and str(path.relative_to(self.folder)) not in files:
                    path.unlink()

    def write(self, name, data):
        path = self.folder / name
        if path.exists() and path.read_bytes() == data:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
