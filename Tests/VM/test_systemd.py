"""The units in a real systemd: what a boot recovers, what a failure looks like, what a sandboxed unit can still do.

What can happen at a boot:
- a transaction was interrupted: it must be ended before a file system on persistent memory is checked or mounted;
- /var, with daxprov's record, is a file system of its own that must be checked and mounted first;
- recovery fails: the file systems that require it stay unmounted, the boot goes on, and everything says why;
- systemd drops the unit, since somebody ordered it into a cycle: nothing fails, so `status` must say it;
- the sandbox forbids something that only a rarer kind of change needs;
- daxctl's own udev rule and unit make memory of the same device, before us, beside us or after us;
- a dax region that was divided is one device again, and its devices' nodes are root's: the unit makes them without the privilege
  to see where a region begins, or to give a node away.
"""

import json
import os
import re
import shutil
import subprocess
import time

import pytest

from lab import Fault, Machine, systemd
from lab.systemd import SystemdMachine
from support import Daxprov, contents, namespace, profile, region
from support.dax_regions import FIRST, RULES, devices
from support.dax_regions import Scene as DaxScene
from support.daxprov import DONE, REFUSED
from support.inventory import Inventory

DATA = namespace(name="data", mode="fsdax", size="512 MiB")
HEAP = namespace(name="heap", mode="devdax", size="512 MiB")
DEVICE = namespace(name="heap", mode="devdax", size="512 MiB", device="{mode: devdax}")
RIGHTS = namespace(name="heap", mode="devdax", size="512 MiB", device='{owner: daemon, group: disk, permissions: "0660"}')
MEMORY = namespace(name="heap", mode="devdax", size="512 MiB", device="{mode: system-ram, online: movable}")


def host(*others, heap=HEAP):
    return profile(region(0, DATA, *others), region(1, heap))


# The kernel forgets at the boot that one device is memory.
BEFORE = host(namespace(name="other", mode="raw", size="64 MiB"), heap=MEMORY)
# One that takes from another what must come back, and one that is not to stay.
AFTER = host(namespace(name="other", mode="fsdax", size="64 MiB"), namespace(name="more", mode="raw", size="32 MiB"))

UNIT = "daxprov.service"
FOLDER = "/var/lib/prometheus/node-exporter"
FSTAB = """\
/dev/vdc /var ext4 defaults 0 2
/dev/pmem0 /mnt ext4 nofail,x-systemd.requires=daxprov.service,x-systemd.device-timeout=120s 0 2
"""
ENABLED = (("local-fs.target", UNIT), ("multi-user.target", "daxprov-memory.service"), ("timers.target", "daxprov-status.timer"))
VAR_BYTES = 64 << 20


class Scene:
    """A host on which an apply was killed, with its record: {name: image} of its DIMMs, and a folder of its state."""

    def __init__(self, folder):
        self.folder = folder
        with Machine("nvdimm-small", images=folder / "images", labelled=True) as vm:
            daxprov = Daxprov(vm)
            found = daxprov.applied(BEFORE)
            self.heap = found.named("heap")["uuid"]
            vm.run("mkfs.ext4 -q -b 4096 /dev/pmem0 && mount /dev/pmem0 /mnt && echo kept >/mnt/file && umount /mnt", check=True)
            contents.fill(vm, found.node("other"), "other")
            self.digest = contents.digest(vm, found.node("other"))
            killed = daxprov.run(
                "apply", "--yes", "--allow-destroy", "other", profile=AFTER, fault=Fault(18, "kill-before", paths=("/sys",)))
            assert killed.signal == 9, killed
            assert daxprov.inventory().named("other")["mode"] == "fsdax"
            [self.interrupted] = json.loads(daxprov.run("status", "--json").stdout)["interrupted"]
            archive = vm.run("sync; cd /var/lib/daxprov && tar -cf - .", check=True).stdout
        (folder / "state").mkdir()
        subprocess.run(["tar", "-xf", "-", "-C", folder / "state"], input=archive, check=True)
        self.images = {path.name: path for path in (folder / "images").iterdir()}

    def var(self, name, damaged=False):
        """A file system for /var with the record; `damaged`: the journal of the interrupted transaction cannot be read."""
        tree = self.folder / name
        for each in ("log", "tmp", "cache", "lib/systemd", FOLDER.removeprefix("/var/")):
            (tree / each).mkdir(parents=True)
        shutil.copytree(self.folder / "state", tree / "lib/daxprov", copy_function=shutil.copy)
        if damaged:
            journal = tree / "lib/daxprov/transactions" / self.interrupted / "journal"
            journal.write_bytes(journal.read_bytes().replace(b'"', b"'", 1))
        image = self.folder / f"{name}.image"
        systemd.image(image, VAR_BYTES, tree)
        return image


@pytest.fixture(scope="module")
def scene(qemu_is_there, tmp_path_factory):
    if os.getuid() != 0:
        pytest.skip("NOT TESTED with a real systemd: only root can make its root directory (debootstrap)")
    return Scene(tmp_path_factory.mktemp("scene"))


def files(**others):
    """The guest's files beside what is installed."""
    return {"/etc/fstab": FSTAB, **others}


def began(vm, unit):
    """When a service's first program began, in microseconds since the boot."""
    return _moment(vm, unit, "InactiveExitTimestampMonotonic")


def ready(vm, unit):
    """When a unit became active, in microseconds since the boot."""
    return _moment(vm, unit, "ActiveEnterTimestampMonotonic")


def _moment(vm, unit, name):
    moment = int(vm.properties(unit, name)[name])
    assert moment > 0, (unit, name)
    return moment


def status(vm):
    return json.loads(vm.run(["daxprov", "status", "--json"]).stdout)


def metrics(text):
    """{line without its value: value}"""
    return dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))


def test_a_boot_ends_what_was_interrupted_before_it_mounts(scene):
    timer = {"/etc/systemd/system/daxprov-status.timer.d/soon.conf": "[Timer]\nOnActiveSec=1s\nRandomizedDelaySec=0\n"}
    with SystemdMachine(scene.images, files(**timer), ENABLED, scene.var("good")) as vm:
        assert vm.settled() == "running", vm.out("systemctl --failed; systemctl status daxprov.service; journalctl -b -n 60")
        journal = vm.out("journalctl -b --no-pager")
        assert "ordering cycle" not in journal

        # It was undone, with the bytes that had been written over.
        found = Inventory(json.loads(vm.out("daxprov inventory --json")))
        assert {each["name"] for each in found.regions[0]["namespaces"]} == {"data", "other"}
        assert found.named("other")["mode"] == "raw"
        assert contents.digest(vm, found.node("other")) == scene.digest
        now = status(vm)
        assert now["interrupted"] == [] and now["drift"] == []
        assert now["last_transaction"]["outcome"] == "rolled_back"
        assert now["boot_unit"] == {"enabled": True, "result": "done"}
        assert f"transaction {scene.interrupted} was interrupted, and is undone" in journal

        # What was memory is memory again.
        assert found.named("heap")["device"]["movable"] is True
        assert vm.properties("daxprov-memory.service", "ActiveState") == {"ActiveState": "active"}
        assert ready(vm, UNIT) < began(vm, "daxprov-memory.service")

        # Before the check and the mount, and after /var.
        assert ready(vm, "var.mount") < began(vm, UNIT)
        assert ready(vm, UNIT) < began(vm, "systemd-fsck@dev-pmem0.service") < ready(vm, "mnt.mount")
        assert vm.out("cat /mnt/file") == "kept\n"

        text = metrics_of_the_timer(vm)
        assert metrics(text)["daxprov_boot_unit_success"] == "1"
        assert metrics(text)["daxprov_transactions_interrupted"] == "0"

        the_sandbox_lets_it_work(vm)


def metrics_of_the_timer(vm):
    end = time.monotonic() + 90
    while vm.run(f"test -e {FOLDER}/daxprov.prom").status != 0:
        assert time.monotonic() < end, vm.out("systemctl status daxprov-status.timer daxprov-status.service")
        time.sleep(1)
    assert vm.out(f"ls -A {FOLDER}; stat -c %a {FOLDER}/daxprov.prom").split() == ["daxprov.prom", "644"]
    return vm.out(f"cat {FOLDER}/daxprov.prom")


def the_sandbox_lets_it_work(vm):
    """Every kind of work that a unit with this sandbox may have to do, other than what the boot did."""
    unit = vm.out("cat /usr/lib/systemd/system/daxprov.service")
    unit = re.sub(r"(?m)^Exec.*\n|^RemainAfterExit.*\n", "", unit)

    def run(*words):
        script = "#!/bin/sh\nexec daxprov " + " ".join(words) + " >/run/daxprov/said 2>&1\n"
        vm.run("cat >/usr/bin/try; chmod +x /usr/bin/try", stdin=script.encode(), check=True)
        vm.run("systemctl reset-failed try.service; systemctl start try.service", timeout=300)
        return int(vm.properties("try.service", "ExecMainStatus")["ExecMainStatus"]), vm.out("cat /run/daxprov/said")

    def apply(text, *allow):
        vm.run("cat >/etc/try.yaml", stdin=text.encode(), check=True)
        return run("apply", "/etc/try.yaml", "--yes", *(word for name in allow for word in ("--allow-destroy", name)))

    vm.run("cat >/etc/systemd/system/try.service", stdin=unit.replace("[Service]", "[Service]\nExecStart=/usr/bin/try").encode())
    vm.run("systemctl daemon-reload", check=True)

    raw = namespace(name="other", mode="raw", size="64 MiB")
    code, said = apply(host(raw, heap=DEVICE))
    assert code == DONE, said

    # A user of a device is found: that needs a look at every process and its mounts.
    vm.run("chmod 666 /dev/dax1.0", check=True)
    holder = vm.agent.start("exec sleep 1000 <>/dev/dax1.0", user="nobody")
    code, said = apply(host(raw, heap=MEMORY), "heap")
    assert code == REFUSED and "in use" in said, said
    holder.kill()
    holder.wait()
    code, said = apply(profile(region(0, raw), region(1, HEAP), unmanaged="destroy"), "data")
    assert code == REFUSED and "/mnt" in said, said

    # A device becomes memory, and a device again.
    code, said = apply(host(raw, heap=MEMORY), "heap")
    assert code == DONE, said
    assert vm.run("test -e /sys/bus/dax/drivers/kmem/dax1.0").status == 0
    assert 'daxprov_dax_memory_bytes{state="online"} 0' not in vm.out("daxprov status --prometheus")
    code, said = apply(host(raw, heap=DEVICE), "heap")
    assert code == DONE, said
    assert vm.run("test -e /sys/bus/dax/drivers/device_dax/dax1.0").status == 0

    # Its node becomes somebody's, by udev, and root's alone again: what was done by hand above, nobody may do here.
    code, said = apply(host(raw, heap=RIGHTS))
    assert code == DONE and vm.out("stat -c '%u %g %a' /dev/dax1.0").split() == ["1", "6", "660"], said
    code, said = run("rollback", "--yes")
    assert code == DONE and vm.out("stat -c '%u %g %a' /dev/dax1.0").split() == ["0", "0", "600"], said
    assert vm.out("ls -A /etc/udev/rules.d") == "", said + vm.out("cat /etc/udev/rules.d/*")

    # What a namespace holds is saved, and comes back.
    digest = contents.digest(vm, "/dev/pmem0.1")
    code, said = apply(AFTER, "other")
    assert code == DONE, said
    # The kernel did not count what was written since, so the undo needs consent.
    code, said = run("rollback", "--yes", "--allow-destroy", "other", "--allow-destroy", "more")
    assert code == DONE, said
    assert contents.digest(vm, "/dev/pmem0.1") == digest


def test_a_boot_unit_that_fails_is_seen_and_the_boot_goes_on(scene):
    with SystemdMachine(scene.images, files(), ENABLED, scene.var("bad", damaged=True)) as vm:
        assert vm.settled() == "degraded"
        assert vm.out("systemctl is-active multi-user.target").strip() == "active"
        assert UNIT in vm.out("systemctl --failed --plain")
        journal = vm.out("journalctl -b --no-pager")
        assert "Dependency failed for mnt.mount" in journal and "ordering cycle" not in journal
        assert vm.run("mountpoint -q /mnt").status != 0
        told = vm.out(["systemctl", "status", "--no-pager", "--full", UNIT])
        assert "daxprov: the boot unit failed: exit code 5, failed in between" in told, told
        assert "run daxprov recover and do what it says, then: systemctl restart daxprov.service" in told
        assert status(vm)["boot_unit"] == {"enabled": True, "result": "failed", "exit_status": 5}
        assert "Boot: daxprov.service failed with exit code 5." in vm.out("daxprov status")

        # The metrics say it too, though the command that writes them exits with 5.
        assert vm.run("systemctl start daxprov-status.service").status == 0, vm.out("systemctl status daxprov-status.service")
        text = metrics(metrics_of_the_timer(vm))
        assert text["daxprov_boot_unit_success"] == "0" and text["daxprov_transactions_unreadable"] == "1"

        # What the last line says helps.
        vm.run(["daxprov", "recover", "--abandon", scene.interrupted, "--yes"], check=True)
        # The target does not wait for a mount that may fail.
        vm.run("systemctl restart daxprov.service; systemctl start local-fs.target mnt.mount", check=True)
        assert vm.out("cat /mnt/file") == "kept\n"
        assert status(vm)["boot_unit"] == {"enabled": True, "result": "done"}
        # A device waited for that as well.
        heap = Inventory(json.loads(vm.out("daxprov inventory --json"))).named("heap")
        assert heap["device"] == {"mode": "devdax", "driver": "device_dax"}, heap
        vm.run("systemctl restart daxprov-memory.service", check=True)
        assert vm.out("systemctl is-system-running").strip() == "running"
        assert Inventory(json.loads(vm.out("daxprov inventory --json"))).named("heap")["device"]["movable"] is True


def test_a_unit_that_systemd_dropped_is_seen(scene):
    # systemd drops any unit of a cycle that the boot does not require; of this one, it can be daxprov.service alone.
    cycle = {"/etc/systemd/system/daxprov.service.d/cycle.conf": "[Unit]\nBefore=sysinit.target\nAfter=sysinit.target\n"}
    with SystemdMachine(scene.images, files(**cycle), ENABLED, scene.var("dropped")) as vm:
        assert vm.settled() == "running"
        assert "ordering cycle" in vm.out("journalctl -b --no-pager")
        assert vm.properties(UNIT, "ActiveState") == {"ActiveState": "inactive"}
        assert status(vm)["boot_unit"] == {"enabled": True, "result": "not_run"}
        assert "did not run in this boot" in vm.out("daxprov status")
        assert vm.run("mountpoint -q /mnt").status != 0


DAXCTL_CONF = "[reconfigure-device x]\nnvdimm.uuid = UUID\nmode = system-ram\nmovable = false\n"
# As ndctl's sources install them, and Fedora: Debian 12 has another rule, Debian 13 this one, and neither has the unit.
DAXCTL_RULE = """ACTION=="add", SUBSYSTEM=="dax", TAG+="systemd",\\
  PROGRAM="/usr/bin/systemd-escape -p --template=daxdev-reconfigure@.service $env{DEVNAME}",\\
  ENV{SYSTEMD_WANTS}="%c"
"""
DAXCTL_UNIT = """[Unit]
Description=Automatic daxctl device reconfiguration
Documentation=man:daxctl-reconfigure-device(1)
[Service]
Type=forking
GuessMainPID=false
ExecStart=/bin/sh -c "exec daxctl reconfigure-device --check-config %I"
"""


@pytest.mark.each_kernel
@pytest.mark.parametrize("whose", ["Debian's", "upstream's"])
def test_beside_daxctls_own_rule_and_unit_the_device_is_what_was_applied_or_our_unit_fails(scene, whose):
    others = {"/etc/daxctl.conf.d/heap.conf": DAXCTL_CONF.replace("UUID", scene.heap)}
    if whose == "upstream's":
        others |= {"/etc/udev/rules.d/90-daxctl-device.rules": DAXCTL_RULE,
                   "/etc/systemd/system/daxdev-reconfigure@.service": DAXCTL_UNIT}
    with SystemdMachine(scene.images, files(**others), ENABLED, scene.var(f"beside {whose}")) as vm:
        vm.settled()
        said = vm.out("journalctl -b --no-pager -u 'daxdev-reconfigure@*' -u daxprov-memory.service; systemctl status 'daxdev*'")
        [section] = status(vm)["memory_agents"]["daxctl_conf"]["sections"]
        heap = Inventory(json.loads(vm.out("daxprov inventory --json"))).named("heap")["device"]
        if whose == "Debian's":
            # The rule of the package does nothing: its daxctl has no such option, or its unit is not there.
            assert vm.out("ls /usr/lib/udev/rules.d/90-daxctl-device.rules /lib/udev/rules.d/90-daxctl-device.rules 2>/dev/null"), said
            assert section["effect"] == "none" and "daxdev" not in vm.out("systemctl --plain list-units 'daxdev*' --state=active"), said
        else:
            assert section["effect"] == "competes" and "daxprov wins" in section["message"], section
            assert "daxdev-reconfigure@" in said, said
        if heap.get("movable") is not True:
            # daxctl was faster: the kernel does not give its zone back, or what lay there cannot be compared. Then our unit says so.
            assert whose == "upstream's" and heap["mode"] == "system-ram", (heap, said)
            unit = vm.properties("daxprov-memory.service", "ActiveState", "ExecMainStatus")
            assert unit["ActiveState"] == "failed" and unit["ExecMainStatus"] != "0", (unit, heap, said[:6000])


DIVIDED = devices(
    ['name: tier, size: 256 MiB, owner: 1, group: 6, permissions: "0660"', "name: pool, size: 256 MiB, mode: system-ram",
     "name: rest, size: remaining"], ["name: other, size: 384 MiB, align: 4 KiB"])


@pytest.mark.each_kernel
def test_a_divided_region_comes_back_at_a_boot_with_its_bytes_and_rights(qemu_is_there, tmp_path):
    if os.getuid() != 0:
        pytest.skip("NOT TESTED with a real systemd: only root can make its root directory (debootstrap)")
    with Machine("hmem", images=tmp_path / "images") as vm:
        scene = DaxScene(vm)
        scene.applied(DIVIDED, allow=("dax0.0", "dax1.0"))
        digests = {name: scene.fill(name, name) for name in ("tier", "rest", "other")}
        before = scene.layout()
        archive = vm.run("sync; tar -C /var/lib -cf - daxprov", check=True).stdout
        rules = vm.read_file(RULES).decode()
    tree = tmp_path / "var"
    for each in ("log", "tmp", "cache", "lib/systemd"):
        (tree / each).mkdir(parents=True)
    subprocess.run(["tar", "-xf", "-", "-C", tree / "lib"], input=archive, check=True)
    systemd.image(tmp_path / "var.image", VAR_BYTES, tree)

    images = {path.name: path for path in (tmp_path / "images").iterdir()}
    others = {"/etc/fstab": "/dev/vdc /var ext4 defaults 0 2\n", RULES: rules}
    with SystemdMachine(images, others, ENABLED, tmp_path / "var.image", topology="hmem") as vm:
        assert vm.settled() == "running", vm.out("systemctl --failed; systemctl status 'daxprov*'; journalctl -b -n 60")
        assert vm.properties("daxprov-memory.service", "ActiveState") == {"ActiveState": "active"}
        scene = DaxScene(vm)
        assert scene.layout() == before
        # The host reads the memory: nothing in this guest can map a device.
        for name, digest in digests.items():
            offset = scene.devices()[name]["mappings"][0]["start"] - FIRST
            assert contents.image_digest(vm, "high", offset, 1 << 20) == digest, name
        scene.assert_sound()
        vm.run("udevadm settle; udevadm trigger --action=change --subsystem-match=dax; udevadm settle", check=True)
        owners = {name: vm.out(["stat", "-c", "%u %g %a", scene.node(name)]).strip() for name in digests}
        assert owners == {"tier": "1 6 660", "rest": "0 0 600", "other": "0 0 600"}
        assert status(vm)["drift"] == [], vm.out("daxprov status")

        # Without its driver and with it again: udev gives what the rule says, and the node is nobody else's in between.
        name = scene.node("tier").removeprefix("/dev/")
        vm.run(f"chmod 666 /dev/{name}; cd /sys/bus/dax/drivers/device_dax; echo {name} >unbind && {{ echo {name} >bind || {{ echo {name} >new_id && echo {name} >remove_id; }}; }} && udevadm settle",
               check=True)
        assert vm.out(f"stat -c '%u %g %a' /dev/{name}").strip() == "1 6 660"

        # Taken from the profile: the rule goes, and the file with it.
        plain = DIVIDED.replace(', owner: 1, group: 6, permissions: "0660"', "")
        applied = vm.run(["daxprov", "apply", "--yes", "-"], stdin=plain.encode(), timeout=300)
        assert applied.status == DONE, applied
        assert vm.out(f"stat -c '%u %g %a' /dev/{name}; ls -A /etc/udev/rules.d").split() == ["0", "0", "600"]
