"""Devices in use are refused with the name of who uses them, and go on working."""

import json

import pytest

from lab import Fault
from support import Daxprov, contents, holders, namespace, profile, region
from support.daxprov import CHANGES, DONE, ERROR, NOT_PERMITTED, PARTIAL, REFUSED
from support.holders import Use

FILES, HEAP, FREE = "{name: files, mode: %s, size: 64 MiB}", "{name: heap, mode: %s, size: 32 MiB}", \
    "{name: free, mode: %s, size: 32 MiB}"
BEFORE = profile(region(0, FREE % "raw", FILES % "fsdax", HEAP % "devdax"))


def refused_unchanged(daxprov, wanted, allow):
    before = daxprov.inventory()
    result = daxprov.apply(wanted, allow=allow)
    assert result.status == REFUSED, result
    assert daxprov.inventory().facts() == before.facts()
    return result


def test_a_mounted_file_system_is_refused_by_its_mount_point_and_stays_whole(labelled):
    daxprov = Daxprov(labelled)
    node = daxprov.applied(BEFORE).node("files")
    file = contents.make_file(labelled, node, "'/mnt/the files'", "files")

    for wanted, allow in (
            (profile(region(0, FREE % "raw", FILES % "devdax", HEAP % "devdax")), ["files"]),
            (profile(region(0, FREE % "raw", (FILES % "fsdax").replace("64", "128"), HEAP % "devdax")), ["files"]),
            (profile(region(0, FREE % "raw", HEAP % "devdax"), unmanaged="destroy"), ["files"]),
            (profile(region(0, FREE % "raw", "{name: renamed, renamed_from: files, mode: fsdax, size: 64 MiB}",
                            HEAP % "devdax")), [])):
        result = refused_unchanged(daxprov, wanted, allow)
        assert "/mnt/the files" in result.out + result.err
    labelled.run("echo more > '/mnt/the files/more' && sync && umount '/mnt/the files' && e2fsck -fn " + node)
    labelled.run(f"mount -o dax {node} '/mnt/the files'", check=True)
    assert contents.file_digest(labelled, "'/mnt/the files'") == file
    assert labelled.run("cat '/mnt/the files/more'").out == "more\n"
    labelled.run("umount '/mnt/the files'", check=True)
    daxprov.applied(profile(region(0, FREE % "raw", FILES % "devdax", HEAP % "devdax")), allow=["files"])


@pytest.mark.each_kernel
def test_who_takes_a_device_that_is_online_to_be_looked_at_keeps_it(labelled):
    """Stopped right before its own exclusive open, which then fails: udev, LVM and md hear of the device when it comes online."""
    daxprov = Daxprov(labelled)
    made = daxprov.applied(BEFORE)
    file = contents.make_file(labelled, made.node("files"), "/mnt/files", "files")
    labelled.run("umount /mnt/files", check=True)
    wanted = profile(region(0, FREE % "raw", HEAP % "devdax"), unmanaged="destroy")
    job = labelled.start_until_stopped(
        ["daxprov", "apply", "--yes", "--allow-destroy", "files", "-"], stdin=wanted.encode(),
        fault=Fault(1, "stop-before", calls=("open",), paths=("/dev/pmem",)))
    online = daxprov.inventory().named("files")
    assert (online["state"], online["mode"]) == ("active", "raw")
    labelled.run(f"echo 0 65536 linear /dev/{online['blockdev']} 0 | dmsetup create --noudevsync taken", check=True)
    before = contents.start_digest(labelled, "/dev/dm-0")
    job.go_on()
    failed = job.wait()
    assert failed.status == PARTIAL and "taken" in failed.out + failed.err, failed
    for _ in range(2):
        labelled.run("echo 3 > /proc/sys/vm/drop_caches", check=True)
        assert contents.start_digest(labelled, "/dev/dm-0") == before and daxprov.inventory().named("files") == online
        stopped = daxprov.run("recover")
        assert stopped.status == PARTIAL and "taken" in stopped.err, stopped
    labelled.run("dmsetup remove --noudevsync taken", check=True)
    assert daxprov.recovered().facts() == made.facts()
    labelled.run(f"mount -o dax {daxprov.inventory().node('files')} /mnt/files", check=True)
    assert contents.file_digest(labelled, "/mnt/files") == file


def test_a_mapped_devdax_is_refused_by_process_and_command_and_keeps_its_mapping(labelled):
    daxprov = Daxprov(labelled)
    node = daxprov.applied(BEFORE).node("heap")
    holder = labelled.start([contents.DAXMAP, "hold", node], stdin=True)
    holder.wait_for_output(b"mapped\n")
    process = labelled.run("pidof daxmap", check=True).out.strip()
    wanted = profile(region(0, FREE % "raw", FILES % "fsdax", HEAP % "fsdax"))

    result = refused_unchanged(daxprov, wanted, ["heap"])
    assert f"process {process} (daxmap)" in result.out + result.err
    holder.close_stdin()
    ended = holder.wait()
    assert (ended.status, ended.out) == (0, "mapped\nintact\n")
    daxprov.applied(wanted, allow=["heap"])


def test_swap_a_stacked_device_and_an_open_file_are_each_named(labelled):
    daxprov = Daxprov(labelled)
    node = daxprov.applied(BEFORE).node("free")
    wanted = profile(region(0, FREE % "sector", FILES % "fsdax", HEAP % "devdax"))
    name = node.removeprefix("/dev/")
    for use, release, word in (
            (f"mkswap -q {node} && swapon {node}", f"swapoff {node}", "swap"),
            (f"echo 0 65536 linear {node} 0 | dmsetup create --noudevsync stacked", "dmsetup remove --noudevsync stacked",
             "dm-0")):
        labelled.run(use, check=True)
        result = refused_unchanged(daxprov, wanted, ["free"])
        assert word in result.out + result.err and name in result.out + result.err
        labelled.run(release, check=True)
    reader = labelled.start(f"exec sleep 1000 < {node}")
    result = refused_unchanged(daxprov, wanted, ["free"])
    assert "(sleep)" in result.out + result.err
    reader.kill()
    reader.wait()
    daxprov.applied(wanted, allow=["free"])


def test_a_busy_device_is_found_before_another_one_is_changed(labelled):
    daxprov = Daxprov(labelled)
    node = daxprov.applied(BEFORE).node("files")
    contents.fill(labelled, daxprov.inventory().node("free"), "free", 64 << 10)
    contents.make_file(labelled, node, "/mnt/files", "files")
    for wanted in (
            profile(region(0, FREE % "sector", FILES % "devdax", HEAP % "fsdax")),
            profile(region(0, HEAP % "devdax"), unmanaged="destroy")):
        before = daxprov.inventory()
        result = daxprov.apply(wanted, allow=["files", "free", "heap"])
        assert (result.status, daxprov.inventory().facts()) == (REFUSED, before.facts()), result
        assert "/mnt/files" in result.out + result.err


NONE = profile(region(0), unmanaged="destroy")


def in_use(machine, holder):
    """A machine with a namespace of 256 MiB that a holder uses, and a neighbour of it."""
    vm = machine("nvdimm-small", labelled=True)
    daxprov = Daxprov(vm)
    vm.run("modprobe kmem", check=True)
    size = "256 MiB" if holder.mode == "devdax" else "96 MiB"
    made = daxprov.applied(profile(region(
        0, namespace(name="neighbour", mode="raw", size="16 MiB"),
        namespace(name="used", mode=holder.mode, size=size))))
    return daxprov, made.named("used"), Use(vm, holder, made.node("used"))


def is_taken(daxprov, namespace):
    """Whether the namespace is offline, or gone."""
    now = [each for each in daxprov.inventory().namespaces if each["raw_uuid"] == namespace["raw_uuid"]]
    return not now or now[0]["state"] != "active"


@pytest.mark.parametrize("holder", holders.ALL, ids=lambda holder: holder.name)
@pytest.mark.each_kernel
def test_every_holder_is_found_by_plan_and_apply_and_goes_on_working(machine, holder, record_property):
    daxprov, used, use = in_use(machine, holder)
    plan = daxprov.plan(NONE)
    if holder.name != "unmounted lazily":  # a plan claims no device, and no list shows this one
        [note] = [each for each in plan["notes"] if each["code"] == "busy"]
        assert note["address"] == "region0/used" and use.said in note["message"]
        holder_kinds = {each["kind"] for each in note["holders"]}
        assert holder_kinds and note["advice"]
    report = daxprov.refused(NONE, allow=["used", "neighbour"])
    [refusal] = report["refusals"]
    assert refusal["code"] == "busy" and use.said in refusal["message"]
    if use.words["pid"] and "process" in holder.says:
        assert int(use.words["pid"]) in [each.get("pid") for each in refusal["holders"]]
    use.assert_works()

    # What a script does in its place, on the same device in the same state.
    daxprov.vm.run(["ndctl", "disable-namespace", used["dev"]])
    disabled = is_taken(daxprov, used)
    if disabled:
        daxprov, used, use = in_use(machine, holder)
    daxprov.vm.run(["ndctl", "destroy-namespace", "--force", used["dev"]])
    destroyed = is_taken(daxprov, used)
    words = ["missed" if missed else "found" for missed in (disabled, destroyed)]
    record_property("holder", (holder.name, "found", *words))


@pytest.mark.each_kernel
def test_a_block_device_is_held_exclusively_from_the_look_to_the_unbind(labelled):
    daxprov = Daxprov(labelled)
    made = daxprov.applied(profile(region(0, FILES % "fsdax")))
    node = made.node("files")
    words = ["daxprov", "apply", "--yes", "--allow-destroy", "files", "-"]
    traced = ["strace", "-f", "-y", "-qq", "-e", "trace=openat,write,close", "-o", "/tmp/trace", *words]
    result = labelled.run(traced, stdin=NONE.encode(), timeout=600)
    assert result.status == 0, result
    lines = labelled.read_file("/tmp/trace").decode().splitlines()
    unbind = next(at for at, line in enumerate(lines) if "write(" in line and "/unbind>" in line)
    opened = [at for at, line in enumerate(lines[:unbind]) if f'"{node}"' in line and "O_EXCL" in line][-1]
    descriptor = lines[opened].rsplit("= ", 1)[1].split("<")[0]
    closed = next(at for at in range(opened, len(lines)) if f"close({descriptor}<" in lines[at])
    assert opened < unbind < closed
    # The place of the last look at other processes: before the unbind, with the device held.
    looks = [at for at, line in enumerate(lines) if '"/proc/' in line and "openat" in line and at < unbind]
    assert looks and looks[-1] > opened


def test_a_plan_claims_no_device(labelled):
    daxprov = Daxprov(labelled)
    node = daxprov.applied(profile(region(0, FILES % "fsdax"))).node("files")
    traced = ["strace", "-f", "-qq", "-e", "trace=openat", "-o", "/tmp/trace", "daxprov", "plan", "-"]
    assert labelled.run(traced, stdin=NONE.encode(), timeout=600).status == 0
    opened = [line for line in labelled.read_file("/tmp/trace").decode().splitlines() if f'"{node}"' in line]
    assert opened and all("O_RDONLY" in line and "O_EXCL" not in line for line in opened)


def test_label_indexes_are_not_written_under_a_loop_device(machine):
    vm = machine("nvdimm-small")
    daxprov = Daxprov(vm)
    vm.run("losetup /dev/loop3 /dev/pmem0", check=True)
    report = daxprov.refused(profile(region(0, namespace(name="a", mode="raw"), labels="init")), allow=["region0"])
    assert [each["code"] for each in report["refusals"]] == ["busy"]
    assert "loop3" in report["refusals"][0]["message"]


def test_a_rollback_is_refused_as_a_whole_where_one_device_is_in_use(labelled):
    daxprov = Daxprov(labelled)
    made = daxprov.applied(BEFORE)
    file = contents.make_file(labelled, made.node("files"), "/mnt/files", "files")
    words = ["rollback", "--yes", *(word for name in ("free", "files", "heap") for word in ("--allow-destroy", name))]
    refused = daxprov.run(*words)
    assert refused.status == REFUSED and "mounted at /mnt/files" in refused.out, refused
    assert daxprov.inventory().document == made.document
    assert contents.file_digest(labelled, "/mnt/files") == file
    labelled.run("umount /mnt/files", check=True)
    assert daxprov.run(*words).status == 0
    assert daxprov.inventory().namespaces == []


# Who only seems to use a device, and who cannot be seen

def test_what_an_ordinary_user_mounts_under_the_name_of_a_device_is_no_use_of_it(labelled):
    daxprov = Daxprov(labelled)
    made = daxprov.applied(profile(region(0, FILES % "fsdax", HEAP % "devdax")))
    for name in ("files", "heap"):
        node = made.node(name)
        theirs = labelled.start(
            f"exec unshare -U -r -m sh -c 'mount -t tmpfs {node} /mnt && grep {node} /proc/self/mounts && read end'",
            user="nobody", stdin=True)
        theirs.wait_for_output(b"tmpfs")
        assert daxprov.plan(NONE)["notes"] == []
        assert theirs.running
    assert daxprov.applied(NONE, allow=["files", "heap"]).namespaces == []


def test_a_loop_device_over_a_node_that_is_gone_is_found(labelled):
    daxprov = Daxprov(labelled)
    node = daxprov.applied(profile(region(0, FILES % "raw"))).node("files")
    labelled.run(f"mknod /tmp/node b $(tr : ' ' < /sys/class/block/{node[5:]}/dev) && "
                 "losetup /dev/loop3 /tmp/node && rm /tmp/node", check=True)
    result = refused_unchanged(daxprov, NONE, ["files"])
    assert "backing the loop device loop3" in result.out + result.err


HIDDEN = (
    ("setpriv --bounding-set -sys_ptrace --inh-caps -sys_ptrace", "true", "CAP_SYS_PTRACE"),
    ("unshare -m", "umount -l /proc", "/proc is not mounted"),
    ("unshare -m", "mount -t proc -o subset=pid proc /proc", "hides swap areas"),
    ("unshare -m -p -f", "mount -t proc proc /proc", "hides the processes outside it"),
)


def test_where_who_uses_a_device_cannot_be_seen_nothing_is_taken_offline(labelled):
    daxprov = Daxprov(labelled)
    made = daxprov.applied(profile(region(0, FILES % "raw", HEAP % "devdax")))
    labelled.run(f"mkswap -q {made.node('files')} && swapon {made.node('files')}", check=True)
    reader = labelled.start(f"exec sleep 1000 < {made.node('heap')}")
    labelled.write_file("/tmp/none.yaml", profile(region(0, FILES % "raw"), unmanaged="destroy"))
    for space, change, reason in HIDDEN:
        def hidden(*words):
            return labelled.run(
                [*space.split(), "sh", "-c", f'{change} && exec daxprov "$@"', "daxprov", *words], timeout=600)

        planned = hidden("plan", "--json", "--detailed-exitcode", "/tmp/none.yaml")
        assert planned.status == CHANGES, planned
        [note] = [each for each in json.loads(planned.out)["notes"] if each["code"] == "uses_unknown"]
        assert reason in note["message"] and note["advice"]
        applied = hidden("apply", "--yes", "--allow-destroy", "heap", "/tmp/none.yaml")
        # Of one that is seen all the same, the user is named.
        assert applied.status in (ERROR, REFUSED, NOT_PERMITTED), applied
        assert reason in applied.err or "(sleep)" in applied.out, applied
    assert daxprov.inventory().document == made.document
    # What takes nothing offline needs to see nobody.
    labelled.write_file("/tmp/more.yaml", profile(region(0, FREE % "raw")))
    more = hidden("apply", "--yes", "/tmp/more.yaml")
    assert more.status == DONE, more
    reader.kill()
    reader.wait()
