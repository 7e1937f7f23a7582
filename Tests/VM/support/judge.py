"""Judges that are not ours, in a machine: of DAX, libpmem2 and statx (judges/daxjudge.c); of pools, libpmemobj (judges/objclient.c) and
pmempool."""

import json
import os
import shutil
import subprocess
from pathlib import Path

from lab import stacks

VM = Path(__file__).resolve().parent.parent
SOURCES = VM.parent.parent / "Sources/CNdctl"
FOLDER = "/tmp/judge"
DIRECT = ("CACHE_LINE", "BYTE")


class Program:
    """A program that is no part of the machine, with the libraries that the machine lacks."""

    def __init__(self, vm, program):
        self.vm, self.name = vm, Path(program).name
        self.files = {self.name: (program, 0o755)}
        for name, path in stacks.chosen().programs.shared_libraries(program).items():
            if not name.startswith("ld-linux"):
                self.files[name] = (os.path.realpath(path), 0o644)
        self.bring()

    def bring(self):
        """Puts it into the machine: after a boot, again."""
        for name, (path, mode) in self.files.items():
            missing = f"test ! -e /lib/x86_64-linux-gnu/{name} && test ! -e {FOLDER}/{name}"
            if name == self.name or self.vm.run(missing).status == 0:
                self.vm.push(path, f"{FOLDER}/{name}", mode)

    def run(self, *words, **options):
        return self.vm.run([f"{FOLDER}/{self.name}", *words], env={"LD_LIBRARY_PATH": FOLDER}, **options)

    def start(self, *words, **options):
        return self.vm.start([f"{FOLDER}/{self.name}", *words], env={"LD_LIBRARY_PATH": FOLDER}, **options)


def compiled(scratch, source, *words):
    """The program of judges/SOURCE.c."""
    program = scratch / source
    subprocess.run(
        ["gcc", "-O2", "-Wall", "-Wextra", "-Werror", "-o", program, VM / f"judges/{source}.c", *words], check=True)
    return program


class Judge:
    """The judge of DAX in a machine."""

    def __init__(self, vm, scratch):
        self.program = Program(vm, compiled(scratch, "daxjudge", "-lpmem2"))

    def asked(self, kind, place):
        return json.loads(self.program.run(kind, place, check=True).stdout)

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


class Probe:
    """daxprov's own probe of files, where `verify` would not use it."""

    def __init__(self, vm, scratch):
        own = [SOURCES / name for name in ("CProof.c", "CChild.c")]
        self.program = Program(vm, compiled(scratch, "probe", "-I", SOURCES / "include", *own))

    def verdict(self, directory):
        """The verdict, and what it rests on."""
        found = json.loads(self.program.run(directory, check=True).stdout)
        assert found["done"], found
        if found["map_sync"]:
            return ("proven" if found["statx_dax"] else "not_proven"), found
        return ("proven_without_sync" if found["statx_dax"] else "not_dax"), found


class ObjectClient:
    """A program that does transactions on a pool of libpmemobj, and pmempool, which knows such pools as well."""

    def __init__(self, vm, scratch):
        self.client = Program(vm, compiled(scratch, "objclient", "-lpmemobj"))
        self.pmempool = Program(vm, shutil.which("pmempool"))

    def bring(self):
        self.client.bring()
        self.pmempool.bring()

    def create(self, pool, size=0):
        self.client.run("create", pool, str(size), check=True)

    def start(self, pool):
        """Transactions, of which one is done when this returns, until the job or the machine ends."""
        job = self.client.start("run", pool)
        job.wait_for_output(b"running\n")
        return job

    def check(self, pool):
        """What libpmemobj finds, once it has recovered the pool; pmempool must agree."""
        run = self.client.run("check", pool)
        assert run.status == 0 and json.loads(run.stdout)["consistent"], run
        other = self.pmempool.run("check", "-v", pool)
        assert other.status == 0 and "consistent" in other.out, other
        return json.loads(run.stdout)
