"""One QEMU process: its command line, its life, and its monitor."""

import json
import os
import shlex
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from . import stacks
from .errors import LabError
from .tools import require, run

# norandmaps: QEMU before 8 translates code anew for each address that a program is loaded at, so that with random addresses every start
# of a program costs three times as much.
BOOT_ARGUMENTS = (
    "console=ttyS0 quiet panic=-1 tsc=reliable no_timer_check mitigations=off nokaslr norandmaps cryptomgr.notests "
    "init_on_alloc=0 apparmor=0 ipv6.disable=1 rdinit=/init")

MONITOR_SECONDS = 120


def version():
    qemu = stacks.chosen().qemu
    return run([*qemu.command, "--version"], env={**os.environ, **dict(qemu.environment)}).splitlines()[0]


@dataclass(frozen=True)
class Hardware:
    """All that must be the same for a saved machine state to fit."""
    topology: object
    kernel_image: Path
    initramfs: Path
    accelerator: str

    def arguments(self, images, payload, ram, ram_is_shared):
        """`images` maps image names to files; `ram` is the file that holds the ordinary memory."""
        topology = self.topology
        size = f"{(topology.memory + topology.image_memory) >> 20}M"
        hotplug = ",slots=4,maxmem=64G" if topology.hotplug else ""
        memory = [] if topology.image_memory else ["-machine", "memory-backend=ram"]
        devices = [argument.format(**images) if "{" in argument else argument for argument in topology.devices]
        return [
            "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
            "-machine", topology.machine, *memory, "-accel", self.accelerator, "-cpu", topology.cpu,
            "-smp", "1", "-m", size + hotplug,
            "-object", f"memory-backend-file,id=ram,size={topology.memory},mem-path={ram},"
                       f"share={'on' if ram_is_shared else 'off'}",
            *devices,
            "-drive", f"if=none,id=payload,format=raw,read-only=on,file.locking=off,file={payload}",
            "-device", "virtio-blk-pci,bus=pcie.0,drive=payload",
            "-kernel", str(self.kernel_image), "-initrd", str(self.initramfs),
            "-append", self.kernel_command_line()]

    def kernel_command_line(self):
        modules = ",".join(self.topology.modules_before)
        return f"{BOOT_ARGUMENTS} {self.topology.kernel_arguments} lab.modules={modules}"


class Qemu:
    """A running QEMU with its console in a file and three sockets: the monitor, the agent, the marks."""

    def __init__(self, arguments, console):
        self.console = console
        ends = {name: socket.socketpair() for name in ("monitor", "control", "mark")}
        fds = {name: far.fileno() for name, (_, far) in ends.items()}
        qemu = stacks.chosen().qemu
        command = [
            # The kernel ends QEMU when this process ends, however that happens.
            require("setpriv"), "--pdeathsig", "KILL", *qemu.command, *arguments,
            "-chardev", f"file,id=console,path={console}", "-serial", "chardev:console",
            "-chardev", f"socket,id=monitor,fd={fds['monitor']}", "-mon", "chardev=monitor,mode=control",
            "-device", "virtio-serial-pci,bus=pcie.0",
            "-chardev", f"socket,id=control,fd={fds['control']}",
            "-device", "virtserialport,chardev=control,name=control",
            "-chardev", f"socket,id=mark,fd={fds['mark']}",
            "-device", "virtserialport,chardev=mark,name=mark"]
        self._errors = open(f"{console}.qemu", "w+b")
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=self._errors, stderr=self._errors,
            env={**os.environ, **dict(qemu.environment)}, pass_fds=list(fds.values()))
        for _, far in ends.values():
            far.close()
        self.control = ends["control"][0]
        self.mark = ends["mark"][0]
        self._monitor = ends["monitor"][0]
        self._lines = self._monitor.makefile("rb")
        self._monitor.settimeout(MONITOR_SECONDS)
        try:
            self.monitor("qmp_capabilities")
        except BaseException:
            self.kill()
            raise

    def monitor(self, command, **arguments):
        try:
            request = {"execute": command, "arguments": arguments}
            self._monitor.sendall(json.dumps(request).encode() + b"\n")
            for line in self._lines:
                answer = json.loads(line)
                if "error" in answer:
                    raise LabError(f"QEMU refused {command}: {answer['error']['desc']}")
                if "return" in answer:
                    return answer["return"]
        except OSError as error:
            raise LabError(f"QEMU did not answer {command} ({error})\n{self.last_words()}") from None
        raise LabError(f"QEMU ended during {command}\n{self.last_words()}")

    def save(self, file):
        """Stops the machine and writes its state, without the memory that lives in shared files."""
        self.monitor("stop")
        self._ignore_shared_memory()
        self.monitor("migrate", uri=f"exec:cat > {shlex.quote(str(file))}")
        self._wait_for_migration()

    def load(self, file):
        """Takes over a saved state; QEMU must have been started with -incoming defer."""
        self._ignore_shared_memory()
        self.monitor("migrate-incoming", uri=f"exec:cat {shlex.quote(str(file))}")
        self._wait_for_migration()
        self.monitor("cont")

    def _ignore_shared_memory(self):
        self.monitor("migrate-set-capabilities",
                     capabilities=[{"capability": "x-ignore-shared", "state": True}])

    def _wait_for_migration(self):
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            status = self.monitor("query-migrate").get("status")
            if status == "completed":
                return
            if status == "failed":
                raise LabError(f"QEMU cannot move the machine's state\n{self.last_words()}")
            time.sleep(0.01)
        raise LabError("QEMU did not finish moving the machine's state in 120 s")

    def kill(self):
        """SIGKILL, as a power cut: nothing more is executed, the shared images stay as they are."""
        self.process.kill()
        self.process.wait()
        for end in (self.control, self.mark, self._monitor):
            end.close()
        self._errors.close()

    def last_words(self):
        texts = []
        for path in (Path(f"{self.console}.qemu"), Path(self.console)):
            if path.exists() and (text := path.read_text(errors="replace").strip()):
                texts.append(text[-3000:])
        return "\n".join(texts) or "(QEMU and the guest's console said nothing)"
