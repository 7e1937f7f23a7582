"""Verdicts on namespaces beside those of judges that are not ours, and nothing changed by looking.

What can happen between two lines:
- a process has the device mapped; the namespace is disabled, or its device becomes memory;
- the file system is read-only, full, mounted elsewhere, mounted over, on a partition or on device-mapper;
- the caller is not root; a load or a store ends with SIGBUS; the program is killed.
What must hold: what was not seen is never called proven; devices keep every byte, file systems every block and name.
"""

import json

import pytest

from support import Daxprov, contents, namespace, profile, region
from support.daxprov import DONE, ERROR, NOT_PERMITTED
from support.judge import Fio, Judge, Probe, Shipped

MIB = 1 << 20
ALL = profile(
    region(0,
           namespace(name="dev4k", mode="devdax", align="4 KiB", size="64 MiB"),
           namespace(name="dev2m", mode="devdax", align="2 MiB", size="64 MiB"),
           namespace(name="fsdev", mode="fsdax", map="dev", size="160 MiB"),
           namespace(name="sect", mode="sector", size="64 MiB"),
           namespace(name="plain", mode="raw", size="64 MiB")),
    region(1, namespace(name="fsmem", mode="fsdax", map="mem", size="640 MiB")))
EXT4 = "mkfs.ext4 -q -b 4096 -E stride=512,stripe_width=512 -F"
XFS = "mkfs.xfs -q -f -d su=2m,sw=1 -l size=64m"


class Scene:
    def __init__(self, vm, wanted=None):
        self.vm, self.daxprov = vm, Daxprov(vm)
        self.inventory = self.daxprov.applied(wanted) if wanted else self.daxprov.inventory()

    def node(self, name):
        return self.inventory.node(name)

    def verify(self, *names, status=None, **options):
        """{name or device: what was found}."""
        run = self.daxprov.run("verify", "--json", *names, **options)
        document = json.loads(run.stdout)
        expected = DONE if document["passed"] else ERROR
        assert run.status == (expected if status is None else status), run
        return {each.get("name", each["dev"]): each for each in document["namespaces"]}

    def mount(self, name, make=None, option=None, directory="/mnt/fs"):
        node = self.node(name)
        words = f"-o dax={option}" if option else ""
        self.vm.run(f"{make or 'true'} {node} && mkdir -p {directory} && mount {words} {node} {directory}", check=True)
        return directory

    def place(self, name):
        """The namespace of this name, and its region."""
        found = self.inventory.named(name)
        [region] = [each for each in self.inventory.regions if found in each["namespaces"]]
        return found, region

    def space(self, directory):
        """The free blocks and inodes, and every name."""
        return self.vm.run(f"sync; stat -f -c '%f %a %d' {directory}; find {directory} | sort", check=True).out


def media(vm):
    """A checksum of each DIMM with its labels, read by the host."""
    return {name: contents.image_digest(vm, name, 0, vm.images[name].stat().st_size) for name in vm.images}


def codes(found):
    return [reason["code"] for reason in found["reasons"]]


@pytest.fixture
def judge(tmp_path):
    return lambda vm: Judge(vm, tmp_path)


@pytest.mark.each_kernel
def test_verdicts_are_those_of_libpmem2_statx_fio_and_pmempool_and_nothing_changes(labelled, judge):
    scene, other = Scene(labelled, ALL), judge(labelled)
    table = []
    nodes = {name: scene.node(name) for name in ("dev4k", "dev2m", "fsdev", "sect", "plain", "fsmem")}
    for name in ("dev4k", "dev2m", "sect", "plain"):
        contents.fill(labelled, nodes[name], name)
    labelled.run("sync", check=True)
    before = media(labelled)
    found = scene.verify()
    assert {name: each["verdict"] for name, each in found.items()} == {
        "dev4k": "proven", "dev2m": "proven", "fsdev": "not_proven", "fsmem": "not_proven",
        "sect": "not_dax", "plain": "not_dax"}
    assert codes(found["fsdev"]) == codes(found["fsmem"]) == ["not_mounted"]
    assert codes(found["sect"]) == codes(found["plain"]) == ["mode"]
    assert found["fsdev"]["queue_dax"] and not found["plain"]["queue_dax"]
    assert set(scene.verify("dev4k", "dev2m", "sect", "plain", status=DONE)) == {"dev4k", "dev2m", "sect", "plain"}
    assert media(labelled) == before
    fio, pmempool = Fio(labelled), Shipped(labelled, "pmempool")
    for name in ("dev4k", "dev2m"):
        assert fio.on_device(nodes[name])
        for words in (("create", "--force", "obj", nodes[name]), ("check", "-v", nodes[name])):
            run = pmempool.run(*words)
            assert run.status == 0, run
    neighbours = {name: contents.media_digest(labelled, *scene.place(name)) for name in ("dev4k", "dev2m", "sect", "plain")}

    for name in ("dev4k", "dev2m"):
        verdict, seen = other.verdict("device", nodes[name])
        mapping = found[name]["mapping"]
        assert verdict == found[name]["verdict"] and mapping["access"] == "load"
        assert (mapping["page_size"], mapping["faults"]) == (other.page_size(seen), seen["faults"])
        assert mapping["page_size"] == found[name]["align"]
        table.append((name, verdict, mapping["page_size"], seen))

    for name, make in (("fsdev", EXT4), ("fsmem", XFS)):
        labelled.run(f"modprobe -q xfs; {make} {nodes[name]}", check=True)
        for option in ("always", "inode", "never", None):
            directory = scene.mount(name, option=option)
            space = scene.space(directory)
            [each] = scene.verify(name).values()
            assert scene.space(directory) == space
            [system] = each["file_systems"]
            plain, seen = other.verdict("file", directory)
            measured = [(plain, system["file"], seen, "file")]
            if option in ("inode", None):
                attributed, of_attribute = other.verdict("attributed", directory)
                measured.append((attributed, system["attributed_file"], of_attribute, "attributed file"))
                expected = "proven_per_file" if (plain, attributed) == ("not_dax", "proven") else "?"
            else:
                expected = plain
            assert fio.on_file(directory) == (plain == "proven"), plain
            assert each["verdict"] == expected == {
                "always": "proven", "never": "not_dax"}.get(option, "proven_per_file"), each
            for verdict, ours, theirs, what in measured:
                assert ours["map_sync"] == (theirs["sync"] == 0) and ours["statx_dax"] == bool(theirs["statx"])
                assert verdict != "proven" or ours["page_size"] in (4096, 2 * MIB) or "large_pages" in ours, ours
                table.append((f"{what}, {make.split()[0]}, dax={option}", verdict, ours.get("page_size"), theirs))
            labelled.run(f"umount {directory}", check=True)
    assert neighbours == {name: contents.media_digest(labelled, *scene.place(name)) for name in neighbours}
    for row in table:
        print(row)


@pytest.mark.each_kernel
def test_what_only_looks_like_dax_is_never_called_so(labelled, judge, tmp_path):
    scene, other, probe = Scene(labelled, ALL), judge(labelled), Probe(labelled, tmp_path)
    fio = Fio(labelled)
    run = lambda words: labelled.run(words, check=True)
    fsdev, fsmem, plain, sector = (scene.node(name) for name in ("fsdev", "fsmem", "plain", "sect"))
    run("modprobe -q -a xfs loop; mkdir -p /mnt/one /mnt/two")
    end = "umount /mnt/one"
    cases = {
        "rootfs": ("mkdir /mnt/one/own", "rm -r /mnt/one/own", "not_dax", {}),
        "tmpfs": ("mount -t tmpfs none /mnt/one", end, "not_dax", {}),
        "tmpfs, huge=always": ("mount -t tmpfs -o huge=always none /mnt/one", end, "not_dax", {}),
        "ext4 on raw": (f"{EXT4} {plain} && mount {plain} /mnt/one", end, "not_dax", {"plain": "not_dax"}),
        "ext4 on sector": (f"{EXT4} {sector} && mount {sector} /mnt/one", end, "not_dax", {"sect": "not_dax"}),
        "ext4, blocks of 1 KiB": (
            f"mkfs.ext4 -q -b 1024 -F {fsdev} && ! mount -o dax=always {fsdev} /mnt/one && mount {fsdev} /mnt/one", end, "not_dax",
            {"fsdev": "not_dax"}),
        "ext4 on a loop device over a DAX file": (
            f"{EXT4} {fsdev} && mount -o dax=always {fsdev} /mnt/two && truncate -s 96M /mnt/two/disk && "
            f"loop=$(losetup -f --show /mnt/two/disk) && {EXT4} $loop && mount $loop /mnt/one",
            "umount /mnt/one && losetup -D && umount /mnt/two", "not_dax", {"fsdev": "proven"}),
        "ext4, dax=always, over dm-linear": (
            f"echo 0 262144 linear {fsdev} 0 | dmsetup create --noudevsync stacked && {EXT4} /dev/dm-0 && "
            "mount -o dax=always /dev/dm-0 /mnt/one", "umount /mnt/one && dmsetup remove --noudevsync stacked", "proven",
            {"fsdev": "not_proven"}),
        "xfs, reflink=1, dax=always": (
            f"{XFS} -m reflink=1 {fsmem} && mount -o dax=always {fsmem} /mnt/one", end, "proven", {"fsmem": "proven"}),
    }
    for what, (begin, undo, expected, namespaces) in cases.items():
        run(f"echo 3 > /proc/sys/vm/drop_caches; echo 1 > /proc/sys/vm/compact_memory; {begin}")  # there are to be large pages
        ours, seen = probe.verdict("/mnt/one")
        theirs, found = other.verdict("file", "/mnt/one")
        assert ours == theirs == expected, (what, ours, theirs, seen, found)
        assert (seen["map_sync"], seen["statx_dax"]) == (found["sync"] == 0, bool(found["statx"])), what
        assert fio.on_file("/mnt/one") == (expected == "proven"), what
        assert what != "tmpfs, huge=always" or found["faults"] < 64, "its pages are as large as those of DAX"
        verdicts = scene.verify(*namespaces) if namespaces else {}
        assert {name: each["verdict"] for name, each in verdicts.items()} == namespaces, (what, verdicts)
        print(what, expected, found)
        run(undo)


@pytest.mark.each_kernel
def test_pages_of_a_gigabyte(machine, judge):
    vm = machine("nvdimm", labelled=True)
    scene = Scene(vm, profile(region(0, namespace(name="huge", mode="devdax", align="1 GiB", size="3 GiB"))))
    found = scene.verify("huge", status=DONE)["huge"]
    verdict, seen = judge(vm).verdict("device", scene.node("huge"))
    assert (found["verdict"], found["mapping"]["page_size"], found["mapping"]["faults"]) == (verdict, 1 << 30, seen["faults"])


@pytest.mark.each_kernel
def test_what_was_not_seen_is_never_called_proven(labelled):
    scene = Scene(labelled, ALL)
    run, verify = (lambda words: labelled.run(words, check=True)), lambda: scene.verify("fsdev")["fsdev"]
    directory, node = scene.mount("fsdev", EXT4, "always"), scene.node("fsdev")
    assert verify()["verdict"] == "proven"

    def unproven(*expected):
        found = verify()
        assert (found["verdict"], codes(found)) == ("not_proven", list(expected)), found
        return found

    run(f"mount -o remount,ro {directory}")
    unproven("read_only")
    run(f"mount -o remount,rw {directory}")
    # One place that can be written to is enough.
    run(f"mkdir /mnt/bound && mount --bind {directory} /mnt/bound && mount -o remount,bind,ro {directory}")
    assert verify()["verdict"] == "proven"
    run(f"umount /mnt/bound && mount -o remount,bind,rw {directory}")

    run(f"mount -t tmpfs {node} {directory}")
    unproven("mounted_over")
    run(f"umount {directory}")

    labelled.run(f"dd if=/dev/zero of={directory}/full bs=64k; sync")
    space = scene.space(directory)
    unproven("full")
    assert scene.space(directory) == space
    run(f"rm {directory}/full; sync; umount {directory}")

    # What lies on a file of a file system, or is called like the device, is not the device.
    run(f"mount -t tmpfs {node} {directory}")
    unproven("not_mounted")
    run(f"umount {directory}")

    job = labelled.start(f"exec unshare -m sh -c 'mount -o dax=always {node} {directory}; echo ready; read end'", stdin=True)
    job.wait_for_output(b"ready\n")
    found = unproven("other_mount_namespace")
    assert "nsenter" in found["reasons"][0]["message"]
    job.close_stdin()
    job.wait()

    run(f"echo 0 131072 linear {node} 0 | dmsetup create --noudevsync stacked && {EXT4} /dev/dm-0 && "
        f"mount -o dax=always /dev/dm-0 {directory}")
    unproven("stacked")
    run(f"umount {directory} && dmsetup remove --noudevsync stacked")

    run(f"printf 'n\\np\\n1\\n\\n\\nw\\n' | fdisk {node} > /dev/null && {EXT4} {node}p1 && mount {node}p1 {directory}")
    unproven("partition")
    run(f"umount {directory}")


@pytest.mark.each_kernel
def test_a_device_in_use_is_left_alone_and_what_it_is_used_as_is_said(labelled):
    scene = Scene(labelled, profile(region(0, namespace(name="heap", mode="devdax", size="512 MiB"),
                                           namespace(name="fs", mode="fsdax", size="64 MiB"))))
    node = scene.node("heap")
    device = node.removeprefix("/dev/")
    verify = lambda **options: scene.verify("heap", **options)["heap"]
    job = labelled.start([contents.DAXMAP, "hold", node], stdin=True)
    job.wait_for_output(b"mapped\n")
    assert verify()["verdict"] == "proven"
    job.close_stdin()
    assert job.wait().out == "mapped\nintact\n"

    refused = verify(user="nobody", status=NOT_PERMITTED)
    assert (refused["verdict"], codes(refused)) == ("not_proven", ["not_permitted"])
    assert "run it as root" in scene.daxprov.run("verify", user="nobody").err
    directory = scene.mount("fs", EXT4, "always")
    refused = scene.verify("fs", user="nobody", status=NOT_PERMITTED)["fs"]
    assert codes(refused) == ["not_permitted"]
    labelled.run(f"umount {directory}", check=True)

    labelled.run(f"mv {node} /dev/away && ln -s /dev/null {node}", check=True)
    other = verify()
    assert (other["verdict"], codes(other)) == ("not_proven", ["node"]) and "/dev/null" not in str(other["verdict"])
    labelled.run(f"rm {node}", check=True)
    assert codes(verify()) == ["node"]
    labelled.run(f"mv /dev/away {node}", check=True)

    labelled.run("echo offline > /sys/devices/system/memory/auto_online_blocks; modprobe kmem", check=True)
    labelled.run(f"daxctl reconfigure-device -N -m system-ram {device}", check=True)
    memory = verify()
    assert (memory["verdict"], codes(memory)) == ("system_memory", ["system_memory", "memory_offline"])
    assert memory["memory"]["online_memblocks"] == 0 and not memory["passed"]
    labelled.run(f"daxctl online-memory {device}", check=True)
    memory = verify()
    assert codes(memory) == ["system_memory", "system_memory"] and memory["passed"]
    assert memory["memory"]["zones"] == ["Movable"] and memory["memory"]["online_memblocks"] > 0
    assert "mapping" not in memory
    labelled.run(f"daxctl offline-memory {device} && daxctl reconfigure-device -m devdax {device} && daxctl disable-device {device}", check=True)
    assert codes(verify()) == ["driver"]
    labelled.run(f"daxctl enable-device {device}", check=True)
    # It goes while it is mapped, right before it is loaded from: that load ends with SIGBUS.
    job = labelled.start("strace -f -o /dev/null -e trace=getrusage -e inject=getrusage:delay_enter=6s:when=5 "
                         "daxprov verify --json heap")
    labelled.run(f"until grep -q {node} /proc/[0-9]*/maps; do sleep 0.1; done", check=True)
    labelled.run(f"ndctl disable-namespace {scene.inventory.named('heap')['dev']}", check=True)
    gone = job.wait()
    [found] = json.loads(gone.stdout)["namespaces"]
    assert gone.status == ERROR and (found["verdict"], codes(found)) == ("not_proven", ["changed"]), gone
    assert codes(verify()) == ["disabled"]
    text = scene.daxprov.run("verify", "heap")
    assert text.status == ERROR and "not proven" in text.out and "it is disabled" in text.out


@pytest.mark.each_kernel
def test_virtio_pmem_is_dax_and_needs_a_sync(machine, judge):
    vm = machine("virtio-pmem")
    scene = Scene(vm)
    vm.run(f"{EXT4} /dev/pmem0 && mkdir /mnt/fs && mount -o dax=always /dev/pmem0 /mnt/fs", check=True)
    [found] = scene.verify().values()
    verdict, _ = judge(vm).verdict("file", "/mnt/fs")
    assert found["verdict"] == verdict == "proven_without_sync" and found["flush"] == "sync"
    assert found["mapping"]["page_size"] and not found["passed"]


@pytest.mark.each_kernel
def test_a_kill_leaves_nothing(machine):
    vm = machine("e820")
    scene = Scene(vm)
    vm.run(f"{EXT4} /dev/pmem0 && mkdir /mnt/fs && mount -o dax=inode /dev/pmem0 /mnt/fs", check=True)
    first = lambda: next(iter(scene.verify("pmem0").values()))
    space = scene.space("/mnt/fs")
    assert first()["verdict"] == "proven_per_file"
    assert scene.space("/mnt/fs") == space
    for hundredths in range(1, 31, 5):
        vm.run(f"timeout -s KILL 0.{hundredths:02} daxprov verify pmem0")
    # The process that measures, at each of its calls that change something.
    for call in ("fallocate", "ftruncate", "mkdirat", "unlinkat"):
        killed = vm.run(f"strace -f -o /dev/null -e trace={call} -e inject={call}:signal=KILL daxprov verify pmem0")
        assert killed.status == ERROR, killed
        kept = scene.space("/mnt/fs")
        assert kept == space or "/mnt/fs/.daxprov-verify" in kept.splitlines(), (call, kept)
    assert kept != space, "killed right before its directory goes, it leaves that: empty"
    assert first()["verdict"] == "proven_per_file"
    assert scene.space("/mnt/fs") == space
