"""Judges of DAX that are not ours: libpmem2 and statx, by judges/daxjudge.c."""

import json
import os
import subprocess
from pathlib import Path

from lab import stacks

SOURCE = Path(__file__).resolve().parent.parent / "judges/daxjudge.c"
FOLDER = "/tmp/judge"
DIRECT = ("CACHE_LINE", "BYTE")


class Judge:
    """The judge in a machine, with its libraries."""

    def __init__(self, vm, scratch):
        program = scratch / "daxjudge"
        subprocess.run(["gcc", "-O2", "-Wall", "-Wextra", "-Werror", "-o", program, SOURCE, "-lpmem2"], check=True)
        for name, path in stacks.chosen().programs.shared_libraries(program).items():
            if not name.startswith("ld-linux") and vm.run(["test", "-e", f"/lib/x86_64-linux-gnu/{name}"]).status:
                vm.push(os.path.realpath(path), f"{FOLDER}/{name}")
        vm.push(program, f"{FOLDER}/daxjudge", 0o755)
        self.vm = vm

    def asked(self, kind, place):
        run = self.vm.run([f"{FOLDER}/daxjudge", kind, place], env={"LD_LIBRARY_PATH": FOLDER}, check=True)
        return json.loads(run.stdout)

    def verdict(self, kind, place):
        """What the verdict on such a file or device must be, and what it rests on."""
        found = self.asked(kind, place)
        if found["granularity"] in DIRECT:
            assert found["sync"] == 0 and found["statx"] == 1, found
            return "proven", found
        assert found["granularity"] == "PAGE" and found["sync"] != 0, found
        return ("proven_without_sync" if found["statx"] else "not_dax"), found

    def page_size(self, found):
        """By the faults that it took."""
        per_page = found["length"] // found["faults"]
        return next(size for size in (4096, 2 << 20, 1 << 30) if per_page <= size)
