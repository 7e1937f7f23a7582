"""Judges that are not ours, in a machine: of DAX, libpmem2 and statx (judges/daxjudge.c) and fio; of pools, libpmemobj
(judges/objclient.c) and pmempool."""

import json
import os
import subprocess
from pathlib import Path

from lab import payload, stacks

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


class Shipped:
    """A program that every machine has in its payload, and nobody finds by its name: one of payload.JUDGES."""

    ENVIRONMENT = {"LD_LIBRARY_PATH": payload.JUDGES_FOLDER, "QEMU_MODULE_DIR": payload.JUDGES_FOLDER}

    def __init__(self, vm, name):
        self.vm, self.command = vm, f"{payload.JUDGES_FOLDER}/{name}"

    def run(self, *words, **options):
        return self.vm.run([self.command, *words], env=self.ENVIRONMENT, **options)

    def start(self, *words, **options):
        return self.vm.start([self.command, *words], env=self.ENVIRONMENT, **options)


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


class Fio:
    """fio, which writes with checksums by way of a mapping, and reads them again."""

    NOT_PERSISTENT = "does not point to persistent memory"

    def __init__(self, vm):
        self.program = Shipped(vm, "fio")

    def on_device(self, node):
        """True once what it wrote to a device-dax device was read back whole."""
        return self._writes("dev-dax", node).status == 0

    def on_file(self, directory):
        """Whether libpmem takes a file there for persistent memory, written and read back whole; the file goes again."""
        run = self._writes("libpmem", f"{directory}/fio")
        self.program.vm.run(f"rm -f {directory}/fio && sync", check=True)
        assert run.status == 0 or self.NOT_PERSISTENT in run.out + run.err, run
        return run.status == 0

    def _writes(self, engine, place):
        return self.program.run(
            "--name=judge", "--thread", f"--ioengine={engine}", f"--filename={place}", "--size=4m", "--bs=64k", "--rw=randwrite",
            "--verify=crc32c", "--verify_fatal=1")


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
        self.pmempool = Shipped(vm, "pmempool")

    def bring(self):
        self.client.bring()

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
