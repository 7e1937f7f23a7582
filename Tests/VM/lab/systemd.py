"""A virtual machine with Debian's systemd and udev, booted from nothing: for what happens at a boot.

Its root disk is made once. What is installed on it is what `packaging/place` installs; a test adds files of its own.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

from . import accelerator, cache, debian, initramfs, kernel, payload, qemu, scratch, stacks, topologies
from .agent import Agent
from .initramfs import GUEST
from .tools import require, run

REPOSITORY = Path(__file__).resolve().parents[3]
PACKAGES = ("systemd", "systemd-sysv", "udev", "dbus", "kmod", "ndctl", "daxctl", "e2fsprogs", "libyaml-0-2")
MODULES = (
    "virtio_pci", "virtio_blk", "virtio_console", "overlay", "nfit", "nd_pmem", "nd_btt", "dax_pmem", "device_dax", "kmem",
    "dax_hmem")
LIBRARIES = "usr/lib/x86_64-linux-gnu"
ROOT_BYTES = 640 << 20
MEMORY_BYTES = 1 << 30
BOOT_SECONDS = 240
# What takes time at a boot, and has nothing to do with what is tested. ndctl-monitor fails on fresh DIMMs.
MASKED = """
    systemd-networkd.service systemd-networkd.socket systemd-network-generator.service systemd-logind.service
    systemd-firstboot.service systemd-sysusers.service systemd-update-utmp.service systemd-random-seed.service
    systemd-timesyncd.service systemd-binfmt.service systemd-pstore.service systemd-machine-id-commit.service
    systemd-user-sessions.service systemd-repart.service getty.target apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer
    e2scrub_all.timer e2scrub_reap.service fstrim.timer systemd-tmpfiles-clean.timer modprobe@configfs.service modprobe@fuse.service
    modprobe@drm.service modprobe@efi_pstore.service modprobe@loop.service modprobe@dm_mod.service sys-kernel-debug.mount
    sys-kernel-tracing.mount dev-hugepages.mount dev-mqueue.mount ndctl-monitor.service
""".split()
AGENT = """\
[Unit]
DefaultDependencies=no
After=systemd-udevd.service
[Service]
ExecStart=/bin/sh -c 'until [ -e /dev/virtio-ports/control ]; do sleep 0.1; done; exec /sbin/agent /dev/virtio-ports/control'
"""


class SystemdMachine:
    """Boots at once, on copies of `images`, {name: file} of the topology.

    `files` are {path: text} of the guest, `enabled` are units that a boot starts, `var` is an image of a file system for
    /var (/dev/vdc), which the guest writes to.
    """

    def __init__(self, images, files, enabled=(), var=None, topology="nvdimm-small"):
        self.topology = topologies.ALL[topology]
        self._directory = scratch.directory()
        self._qemu = None
        try:
            self._start(images, files, enabled, var)
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self._qemu:
            self._qemu.kill()
        shutil.rmtree(self._directory, ignore_errors=True)

    def run(self, command, *, timeout=120, check=False, **options):
        """Runs a command to its end: see Machine.run."""
        completed = self.agent.start(command, **options).wait(timeout)
        return completed.check() if check else completed

    def out(self, command, **options):
        """What a command says on its standard output, whatever its exit status."""
        return self.run(command, **options).out

    def settled(self, timeout=BOOT_SECONDS):
        """Waits until the boot is over, and returns systemd's word for how: running, degraded."""
        return self.out(["systemctl", "is-system-running", "--wait"], timeout=timeout).strip()

    def properties(self, unit, *names):
        """Properties of a unit, {name: value}."""
        lines = self.out(["systemctl", "show", f"--property={','.join(names)}", unit]).splitlines()
        return dict(line.split("=", 1) for line in lines)

    def _start(self, images, files, enabled, var):
        stack = stacks.chosen()
        newest = kernel.newest(stack)
        plain = initramfs.build(newest, stack.programs)
        copies = self.images = {name: self._copy(path) for name, path in images.items()}
        tree = self._directory / "tree"
        shutil.copytree(_installed(), tree, symlinks=True)
        for path, text in {"etc/systemd/system/agent.service": AGENT, **files}.items():
            place = tree / path.lstrip("/")
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text)
            place.chmod(0o755 if text.startswith("#!") else 0o644)
        for wants, unit in (("sysinit.target", "agent.service"), *enabled):
            link = tree / f"etc/systemd/system/{wants}.wants/{unit}"
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(f"/usr/lib/systemd/system/{unit}")
        archive = self._directory / "archive"
        run(["tar", "--owner=0", "--group=0", "-C", tree, "-cf", archive, "."])
        shutil.rmtree(tree)
        disks = [(_root(newest), True), (archive, True)] + [(var, False)] * bool(var)
        hardware = qemu.Hardware(self.topology, newest.image, _first(newest), accelerator.choose(newest.image, plain))
        self._qemu = qemu.Qemu(self._arguments(hardware, copies, disks), self._directory / "console")
        self.agent = Agent(self._qemu.control, self._qemu.last_words)
        self.agent.wait_for_boot(BOOT_SECONDS)

    def _copy(self, path):
        run(["cp", "--sparse=always", path, self._directory / path.name])
        return self._directory / path.name

    def _arguments(self, hardware, images, disks):
        topology = self.topology
        devices = [argument.format(**images) if "{" in argument else argument for argument in topology.devices]
        for number, (path, is_read_only) in enumerate(disks):
            devices += [
                "-drive", f"if=none,id=disk{number},format=raw,file={path},file.locking=off,"
                          f"read-only={'on' if is_read_only else 'off'}",
                "-device", f"virtio-blk-pci,bus=pcie.0,drive=disk{number}"]
        # A topology that adds memory says itself which is where.
        size, backend = (topology.memory, "") if topology.image_memory else (MEMORY_BYTES, ",memory-backend=ram")
        return [
            "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
            "-machine", f"{topology.machine}{backend}", "-accel", hardware.accelerator, "-cpu", topology.cpu,
            "-smp", "1", "-m", f"{size + topology.image_memory >> 20}M,slots=4,maxmem=64G",
            "-object", f"memory-backend-ram,id=ram,size={size}", *devices,
            "-kernel", str(hardware.kernel_image), "-initrd", str(hardware.initramfs),
            "-append", f"{qemu.BOOT_ARGUMENTS} selinux=0 {topology.kernel_arguments} {_clock(hardware)}"]


def _clock(hardware):
    """A busy host makes an emulated machine measure its clock wrongly, and then every timeout of systemd is wrong."""
    if hardware.accelerator == accelerator.KVM:
        return ""
    told = subprocess.run(["dmesg"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, errors="replace").stdout
    found = re.search(r"tsc: Detected ([\d.]+) MHz", told) or re.search(r"cpu MHz\s*: ([\d.]+)", Path("/proc/cpuinfo").read_text())
    return f"tsc_early_khz={round(float(found[1]) * 1000)}" if found else ""


def _installed():
    """The directory with all that is installed, below /usr."""
    packaging = sorted(path for path in (REPOSITORY / "packaging").rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    program = payload.binary()

    def make(directory):
        run(["sh", REPOSITORY / "packaging/generate", program, directory / "generated"])
        environment = {
            **os.environ, "BINARY": str(program), "GENERATED": str(directory / "generated"), "DESTDIR": str(directory / "tree"),
            "PREFIX": "/usr"}
        run(["sh", REPOSITORY / "packaging/place", "install"], env=environment)
        shutil.rmtree(directory / "generated")
        # A program as it is installed needs none of these; one that was built for debugging has Swift's run time apart.
        system = debian.root(PACKAGES)
        for name, path in stacks.chosen().programs.shared_libraries(program).items():
            place = directory / "tree" / LIBRARIES / name
            if not (system / LIBRARIES / name).exists() and not name.startswith("ld-linux"):
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(os.path.realpath(path), place)

    return cache.entry("installed", cache.digest(*packaging, program), make) / "tree"


def _root(newest):
    """The image of the root file system."""
    system = debian.root(PACKAGES)
    key = cache.digest(Path(__file__), GUEST / "agent.c", str(system), newest.release, newest.version)

    def make(directory):
        root = directory / "root"
        run(["cp", "-a", "--reflink=auto", system, root])
        for name in ("usr/share/doc", "usr/share/locale", "usr/share/man", "var/lib/apt/lists"):
            shutil.rmtree(root / name, ignore_errors=True)
        initramfs.install_modules(root, newest, MODULES)
        run(["gcc", "-O2", "-Wall", "-Wextra", "-Werror", "-o", root / "usr/sbin/agent", GUEST / "agent.c", "-lutil"])
        (root / "etc/machine-id").write_text("0123456789abcdef0123456789abcdef\n")
        for unit in MASKED:
            (root / "etc/systemd/system" / unit).unlink(missing_ok=True)
            (root / "etc/systemd/system" / unit).symlink_to("/dev/null")
        image(directory / "image", ROOT_BYTES, root)
        shutil.rmtree(root)

    return cache.entry("systemd-root", key, make) / "image"


def image(path, size, tree):
    """Makes an ext4 file system of this size with the contents of a directory."""
    path.touch()
    os.truncate(path, size)
    run(["mkfs.ext4", "-q", "-F", "-O", "^has_journal", "-m", "0", "-d", tree, path])


def _first(newest):
    """The initramfs that finds the root."""
    key = cache.digest(Path(__file__), GUEST / "switch.sh", newest.release, newest.version, Path(require("busybox")))

    def make(directory):
        root = directory / "root"
        (root / "bin").mkdir(parents=True)
        shutil.copy(require("busybox"), root / "bin/busybox")
        shutil.copy(GUEST / "switch.sh", root / "init")
        (root / "init").chmod(0o755)
        initramfs.install_modules(root, newest, ("virtio_pci", "virtio_blk", "overlay"))
        names = "\n".join(str(path.relative_to(root)) for path in sorted(root.rglob("*")))
        with open(directory / "initramfs.cpio", "wb") as out:
            subprocess.run(
                [require("cpio"), "--quiet", "-o", "-H", "newc", "--owner", "0:0"], cwd=root, input=names.encode(), stdout=out,
                check=True)
        shutil.rmtree(root)

    return cache.entry("systemd-initramfs", key, make) / "initramfs.cpio"
