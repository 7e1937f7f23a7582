"""daxctl's files: daxctl does with a device what daxprov says that they ask for, and status and export say what comes of it.

`DaxctlConfTests` has the same files, and hostile ones; `MemoryAgentsTests` has the udev rules and units.
"""

import json

import pytest

from lab import stacks
from support.dax_memory import OFFLINE, Scene
from support.daxprov import DONE, REFUSED

FOLDER = "/etc/daxctl.conf.d"
RULES = "/etc/udev/rules.d/90-daxctl-device.rules"
UNIT = "/etc/systemd/system/daxdev-reconfigure@.service"
DEBIAN_12 = 'ACTION=="add", SUBSYSTEM=="dax",\\\n  RUN+="/usr/bin/daxctl -C $env{DEVNAME}"\n'
DEBIAN_13 = """ACTION=="add", SUBSYSTEM=="dax", TAG+="systemd",\\
  PROGRAM="/usr/bin/systemd-escape -p --template=daxdev-reconfigure@.service $env{DEVNAME}",\\
  ENV{SYSTEMD_WANTS}="%c"
"""
SERVICE = """[Service]
Type=forking
GuessMainPID=false
ExecStart=/bin/sh -c "exec daxctl reconfigure-device --check-config %I"
"""


class Conf:
    """daxctl's files beside the namespace `heap`."""

    def __init__(self, vm):
        self.scene, self.vm = Scene(vm), vm
        vm.run("modprobe kmem; echo offline > /sys/devices/system/memory/auto_online_blocks", check=True)
        self.uuid = self.scene.namespace["uuid"]
        self.chardev = self.scene.namespace["chardev"]

    def write(self, **files):
        """Leaves these files alone, and UUID in their text is the namespace's."""
        self.vm.run(f"rm -rf {FOLDER} && mkdir -p {FOLDER}", check=True)
        for name, text in files.items():
            self.vm.write_file(f"{FOLDER}/{name}.conf", text.replace("UUID", self.uuid).encode())

    def install(self, path, text):
        self.vm.run(f"mkdir -p $(dirname {path})", check=True)
        self.vm.write_file(path, text.encode())

    def status(self):
        return json.loads(self.scene.run("status", "--json").check().out)["memory_agents"]

    def asked(self):
        """What daxprov says that daxctl would do: a mode and how it is online; None for nothing."""
        uses = {(each["mode"], each.get("online")) for each in self.status()["daxctl_conf"]["sections"]
                if "mode" in each and each.get("uuid") == self.uuid}
        assert len(uses) <= 1, uses
        return uses.pop() if uses else None

    def daxctl(self):
        return self.vm.run(["daxctl", "reconfigure-device", "-C", f"/dev/{self.chardev}"])

    def use(self):
        device = self.scene.device
        if device["mode"] == "devdax":
            return "devdax", None
        assert device["online_memblocks"] in (0, device["total_memblocks"]), device
        online = "none" if not device["online_memblocks"] else "movable" if device["movable"] else "kernel"
        return device["mode"], online

    def device_again(self):
        self.vm.run(["daxctl", "reconfigure-device", "-f", "-m", "devdax", self.chardev])
        assert self.use() == ("devdax", None)


@pytest.fixture
def conf(labelled):
    return Conf(labelled)


RAM = "[reconfigure-device x]\nnvdimm.uuid = UUID\nmode = system-ram\n"
FILES = {
    "plain": dict(a=RAM),
    "offline": dict(a=RAM + "online = no\nmovable = 0\n"),
    "no flags": dict(a=RAM + "online = on\nmovable = off\n"),
    "capitals": dict(a="[Reconfigure-Device X]\nNVDIMM.UUID=UUID\n Mode\t= system-ram ; so\n"),
    "no name": dict(a="[reconfigure-device]\nnvdimm.uuid=UUID\nmode=system-ram\n"),
    "CRLF, quotes": dict(a="[reconfigure-device x]\r\nnvdimm.uuid = \"UUID\"\r\nmode = 'system-ram' # so\r\n"),
    "continued": dict(a="[reconfigure-device x]\nnvdimm.uuid = \\\nUUID\nmode = system-ram"),
    "merged": dict(a="[reconfigure-device x]\nnvdimm.uuid=UUID\nmode=devdax\n[reconfigure-device x]\nmode=system-ram\n"),
    "two files": dict(a=RAM, z=RAM.replace("x]", "y]")),
    "two files, one mode": dict(a=RAM, z="[reconfigure-device y]\nnvdimm.uuid=UUID\nonline=false\n"),
    "first of two": dict(a="[reconfigure-device x]\nnvdimm.uuid=UUID\nmode=devdax\n" + RAM.replace("x]", "y]")),
    "no mode": dict(a="[reconfigure-device x]\nnvdimm.uuid = UUID\n"),
    "another mode": dict(a="[reconfigure-device x]\nnvdimm.uuid = UUID\nmode = ram\n"),
    "devdax offline": dict(a="[reconfigure-device x]\nnvdimm.uuid = UUID\nmode = devdax\nonline = 0\n"),
    "colon": dict(a=RAM.replace("x]", "a:b]")),
    "malformed before": dict(a="garbage\n", m=RAM),
    "malformed after": dict(m=RAM, z="garbage\n"),
    "unclosed": dict(a=RAM + "[unclosed\n"),
    "zero": dict(a=RAM + "a = \0\n"),
    "long": dict(a=RAM + "#" + "x" * 2000 + "\n"),
    "kernel": dict(a=RAM + "movable = false\n"),  # the last: the kernel need not give that back
}


@pytest.mark.each_kernel
def test_daxctl_does_what_daxprov_reads(conf):
    for name, files in FILES.items():
        conf.write(**files)
        asked = conf.asked()
        result = conf.daxctl()
        assert conf.use() == (asked or ("devdax", None)), (name, asked, result)
        if name != "kernel":
            conf.device_again()
    # A UUID in capitals, links, and the file that has no folder.
    conf.vm.reboot()
    conf.vm.run("modprobe kmem; echo offline > /sys/devices/system/memory/auto_online_blocks", check=True)
    conf.chardev = conf.scene.namespace["chardev"]
    conf.write(a=RAM.replace("UUID", conf.uuid.upper()))
    assert conf.asked() is None and "lower case" in conf.scene.run("status").out
    conf.daxctl()
    assert conf.use() == ("devdax", None)
    conf.write(a=RAM)
    conf.vm.run(f"mv {FOLDER}/a.conf /tmp/real && ln -s /tmp/real {FOLDER}/a.conf && cp /tmp/real /etc/daxctl.conf", check=True)
    assert conf.asked() is None and "symbolic link" in conf.scene.run("status").out
    conf.daxctl()
    assert conf.use() == ("devdax", None)


@pytest.mark.each_kernel
def test_status_and_export_say_what_comes_of_it(conf):
    conf.write(a=RAM)

    def section():
        [found] = conf.status()["daxctl_conf"]["sections"]
        return found["effect"], found["message"]

    def exported(*words):
        return conf.scene.run("export", *words).check().out

    assert section() == ("none", "no effect, because no udev rule has daxctl read it")
    conf.install(RULES, DEBIAN_12)
    effect, message = section()
    assert effect == "none" and f"{RULES} runs daxctl -C" in message
    assert "Unknown option" in conf.vm.run(["daxctl", "-C", f"/dev/{conf.chardev}"]).err
    conf.install(RULES, DEBIAN_13)
    assert section() == ("none", f"no effect, because {RULES} asks for daxdev-reconfigure@.service, which is not installed")
    conf.install(UNIT, SERVICE)
    effect, message = section()
    assert effect == "acts" and UNIT in message

    # Exported, the host is as it is, unless the file is taken over.
    text = exported()
    assert f"{FOLDER}/a.conf [x] asks for system-ram, online: movable: daxctl does it at a boot" in text
    assert "device:" not in text
    assert conf.scene.daxprov.is_settled(text)
    taken = exported("--daxctl-conf")
    assert "        device: {mode: system-ram, online: movable}\n" in taken
    [change] = conf.scene.daxprov.plan(taken)["changes"]
    assert change["kind"] == "configure_device" and change["address"] == "region0/heap"
    result = conf.scene.run("apply", "--yes", "--allow-destroy", "heap", profile=taken)
    assert result.status == DONE, result
    assert conf.use() == ("system-ram", "movable")
    now = exported()
    assert "        device: {mode: system-ram, online: movable}\n" in now and conf.scene.daxprov.is_settled(now)
    assert section()[0] == "agrees"
    offline = RAM + "online = false\n"
    conf.write(a=offline)
    effect, message = section()
    assert effect == "competes" and message.endswith("since it cannot look at its bytes: daxctl wins")

    # And so it is: daxctl is faster after the boot, as its unit would be.
    def boot(text, use):
        conf.scene.reboot()
        conf.vm.run("modprobe kmem; echo offline > /sys/devices/system/memory/auto_online_blocks", check=True)
        conf.write(a=text)
        conf.chardev = conf.scene.namespace["chardev"]
        assert conf.daxctl().status == 0 and conf.use() == use
        return conf.scene.run("apply", "--boot")

    result = boot(offline, ("system-ram", "none"))
    assert result.status == REFUSED and "cannot be looked at" in result.err, result
    assert conf.use() == ("system-ram", "none")
    assert conf.scene.run("apply", "--yes", profile=OFFLINE).status == DONE
    assert section()[0] == "none", "the rule and the unit went with the boot"
    conf.install(RULES, DEBIAN_13)
    conf.install(UNIT, SERVICE)
    assert section()[0] == "agrees"
    conf.write(a=RAM)
    effect, message = section()
    assert effect == "competes" and message.endswith(
        "makes heap system-ram, online: none: daxprov wins. Where daxctl is at work meanwhile, it fails and says so")
    result = boot(RAM, ("system-ram", "movable"))
    assert result.status == DONE, result
    assert conf.use() == ("system-ram", "none")


@pytest.mark.each_kernel
def test_what_debian_ships_has_no_effect(conf):
    """Debian 12's rule has an option that its daxctl lacks; Debian 13's asks for a unit that its package has not."""
    shipped = stacks.chosen().programs
    text = shipped.file("usr/lib/udev/rules.d/90-daxctl-device.rules").read_text()
    assert text == (DEBIAN_12 if stacks.chosen().name == "6.1" else DEBIAN_13)
    assert not any(shipped.file(folder).joinpath(UNIT.split("/")[-1]).exists()
                   for folder in ("etc/systemd/system", "usr/lib/systemd/system", "lib/systemd/system"))
    conf.write(a=RAM)
    conf.install(RULES, text)
    [section] = conf.status()["daxctl_conf"]["sections"]
    assert section["effect"] == "none" and RULES in section["message"], section


def test_files_of_others_stop_nothing(conf):
    conf.write(f=RAM, w="[reconfigure-device y]\n")
    conf.vm.run(f"mkfifo {FOLDER}/a.conf; ln -s /dev/zero {FOLDER}/b.conf; chmod 666 {FOLDER}/w.conf; "
                f"dd if=/dev/zero of={FOLDER}/d.conf bs=1M count=10 2>/dev/null", check=True)
    result = conf.scene.run("status", "--json", timeout=60).check()
    agents = json.loads(result.out)["memory_agents"]
    assert [each["file"] for each in agents["problems"]] == [f"{FOLDER}/{name}.conf" for name in "abdw"]
    assert conf.asked() == ("system-ram", "movable")
    said = conf.scene.run("export").check().err
    assert all(f"{FOLDER}/{name}.conf is not read" in said for name in "abdw"), said
