"""A virtual machine for one test."""

import shutil
import socket
import time
from functools import lru_cache
from pathlib import Path

from . import (
    accelerator, initramfs, kernel, labels, nfit_test, payload, qemu, scratch, stacks, state, syscalls, topologies)
from .errors import LabError

START = """
set -e
blockdev --flushbufs /dev/vda
mount -o ro /dev/vda /opt/daxprov
[ -z "$MODULES" ] || modprobe -a $MODULES
for bus in /sys/bus/nd/devices/ndbus*; do
    [ ! -e "$bus" ] || cat "$bus/wait_probe" > /dev/null
done
"""


@lru_cache(maxsize=None)
def _hardware(topology, stack):
    newest = kernel.newest(stack)
    plain = initramfs.build(newest, stack.programs)
    size = topology.emulated_dimm_mebibytes
    chosen = initramfs.build(newest, stack.programs, nfit_test.build(stack, newest, size)) if size else plain
    return qemu.Hardware(topology, newest.image, chosen, accelerator.choose(newest.image, plain))


class Machine:
    """Starts at once. `images` is a directory for the devices' contents; without it they are temporary.

    `images` is then {name: path}: the topology's images, in which the host sees what the guest has stored.
    With `labelled`, the DIMMs have initialised label areas (v1.2) and no namespaces. Use it as a context
    manager, or close() it.
    """

    def __init__(self, topology="nvdimm", images=None, labelled=False):
        try:
            self.topology = topologies.ALL[topology] if isinstance(topology, str) else topology
        except KeyError:
            raise LabError(f"no topology {topology!r}; there are {', '.join(topologies.ALL)}") from None
        self._hardware = _hardware(self.topology, stacks.chosen())
        self._directory = scratch.directory()
        kept = self._kept = Path(images) if images else self._directory
        kept.mkdir(parents=True, exist_ok=True)
        if labelled:
            labels.copy_initialised_images(self.topology, kept, Machine)
        self.images = state.make_images(self.topology, kept)
        self._qemu = self._agent = None
        try:
            self._start()
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.kill()
        shutil.rmtree(self._directory, ignore_errors=True)

    @property
    def process_id(self):
        return self._qemu.process.pid

    # Commands

    def run(self, command, *, timeout=120, check=False, fault=None, **options):
        """Runs a command to its end. See start() for the options; `check` raises unless it exits 0."""
        completed = self.start(command, fault=fault, **options).wait(timeout)
        return completed.check() if check else completed

    def start(self, command, *, fault=None, env=None, **options):
        """Starts a command and returns a Job: a shell command line (str), or a program and arguments (list).

        Options: user, cwd, env, stdin (bytes, or True to write later), tty (True: a pseudo terminal),
        fault (a Fault; each process counts its own calls).
        """
        if fault:
            env = {**fault.environment(), **(env or {})}
        return self.agent.start(command, env=env, **options)

    def start_until_stopped(self, command, *, timeout=120, **options):
        """Starts a program (a list) with a fault that stops it, and returns its Job once it has, or has ended."""
        job = self.start(command, **options)
        stopped = 'for each in $(pidof "$0"); do grep -q "^State:.T" /proc/$each/status && exit; done; exit 1'
        deadline = time.monotonic() + timeout
        while job.running and self.run(["sh", "-c", stopped, command[0]]).status != 0:
            if time.monotonic() > deadline:
                raise LabError(f"{command!r} did not stop in {timeout} s: {job.stdout!r} {job.stderr!r}")
        return job

    def run_until_mark(self, command, mark="fault", *, timeout=120, **options):
        """Runs a command and cuts the machine's power the moment it reports the mark."""
        job = self.start(command, **options)
        seen = b""
        deadline = time.monotonic() + timeout
        self._qemu.mark.settimeout(0.1)
        while mark.encode() not in seen.splitlines():
            try:
                seen += self._qemu.mark.recv(4096)
            except socket.timeout:
                if not job.running:
                    raise LabError(f"ended before the mark {mark!r}: {job.wait()}") from None
                if time.monotonic() > deadline:
                    raise LabError(f"no mark {mark!r} in {timeout} s, only {seen!r}: {job.stdout!r}") from None
        self.kill()

    def count_syscalls(self, command, **options):
        """(Completed, Counter of (call, path)) for a command; see lab/syscalls.py."""
        words = ["/bin/sh", "-c", command] if isinstance(command, str) else command
        completed = self.run(syscalls.tracing(words), **options)
        return completed, syscalls.count(self.read_file(syscalls.TRACE).decode(errors="replace"))

    # Files

    def push(self, source, target, mode=0o644):
        """Copies a file of the host into the guest."""
        self.write_file(target, Path(source).read_bytes(), mode)

    def pull(self, source, target):
        """Copies a file of the guest to the host."""
        Path(target).write_bytes(self.read_file(source))

    def write_file(self, path, contents, mode=0o644):
        contents = contents.encode() if isinstance(contents, str) else contents
        script = 'mkdir -p "$(dirname "$0")" && cat > "$0" && chmod "$1" "$0"'
        self.run(["sh", "-c", script, path, f"{mode:o}"], stdin=contents, check=True)

    def read_file(self, path):
        return self.run(["cat", path], check=True).stdout

    # Power

    def kill(self):
        """Cuts the power (SIGKILL to QEMU). The images keep what the guest had stored; RAM is lost."""
        if self._qemu:
            self._qemu.kill()
        self._qemu = self._agent = None

    def reboot(self):
        """Shuts down in good order if the machine is on, and starts it again on the same images.

        All else in the guest is as fresh as after a boot. On the topology nfit that includes the emulated
        DIMMs, which live in RAM: the nearest thing there is to disable and enable its regions and DIMMs.
        """
        if self._qemu:
            self.run("umount -a -t ext4,xfs; sync")
            self.kill()
        self._start()

    def rebuild(self, topology):
        """Cuts the power, and starts the machine with its DIMMs as another topology has them: the images of the same names
        are the same DIMMs. The topology is a name, or made for the occasion."""
        self.kill()
        self.topology = topologies.ALL[topology] if isinstance(topology, str) else topology
        self._hardware = _hardware(self.topology, stacks.chosen())
        self.images = state.make_images(self.topology, self._kept)
        self._start()

    @property
    def agent(self):
        if not self._agent:
            raise LabError("the machine is off: reboot() it first")
        return self._agent

    def _start(self):
        console = self._directory / "console"
        program = payload.image()
        if self.topology.can_be_saved:
            saved = state.saved(self._hardware)
            self._qemu, self._agent = state.resume(self._hardware, saved, self.images, program, console)
        else:
            self._qemu, self._agent = state.boot(
                self._hardware, self._directory, images=self.images, payload=program)
        self._agent.refresh()
        self.run(START + self.topology.setup, env={"MODULES": " ".join(self.topology.modules_after)}, check=True)
