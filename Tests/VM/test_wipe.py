"""daxprov wipe fills the data area of a namespace with zeroes, and nothing else.

What can happen, and is asked of it here:
- before: the device is mounted, open, mapped, held, system memory, protected or disabled; its node leads elsewhere; a
  transaction is interrupted; nobody agreed, or to another name; media errors lie in it;
- while it runs: a signal, a kill, another process that opens the device, an error of a write;
- between two runs: nothing; somebody writes to what was zeroed, or to what was not; the namespace is made another one;
- afterwards: the namespace, its label, its node and its neighbours are what they were; what was zeroed shows in history, and
  no rollback is offered.
"""

import hashlib
import json
import signal
import time

import pytest

from lab import Fault
from support import Daxprov, contents, namespace, profile, region
from support.daxprov import DONE, ERROR, PARTIAL, REFUSED, ROLLED_BACK

MIB = 1 << 20
RAW = namespace(name="raw", mode="raw", size="320 MiB")
FILES = namespace(name="files", mode="fsdax", size="128 MiB")
HEAP = namespace(name="heap", mode="devdax", size="96 MiB")
PAGES = namespace(name="pages", mode="devdax", size="32 MiB", align="4 KiB")
TABLE = namespace(name="table", mode="sector", size="32 MiB")
ALL = profile(region(0, namespace(name="raw", mode="raw", size="96 MiB"), namespace(name="files", mode="fsdax", size="32 MiB"),
                     HEAP, PAGES, TABLE))
# The calls that zero a block device, and those by which it is recorded how far a wipe came.
ZEROING = {"calls": ("ioctl",), "paths": ("/dev/pmem",)}


def zeroes(length):
    """The SHA-256 of so many zeroes."""
    digest = hashlib.sha256()
    for _ in range(length // MIB):
        digest.update(bytes(MIB))
    digest.update(bytes(length % MIB))
    return digest.hexdigest()


def wipe(daxprov, *names, allow=(), status=DONE, words=(), **options):
    """wipe --yes --json: the report; its exit status must be this."""
    consents = [word for name in allow for word in ("--allow-destroy", name)]
    result = daxprov.run("wipe", "--yes", "--json", *words, *consents, *names, **options)
    assert result.status == status, result
    return json.loads(result.stdout)


def media(vm, made, *names):
    """What lies on the media of namespaces, by their names, read by the host."""
    return {name: contents.media_digest(vm, made.named(name), made.region(0)) for name in names}


def first_zeroing(daxprov, name):
    """Which of the calls on block devices of a wipe is the first that zeroes 64 MiB: others ask for sizes. Wipes the namespace.

    In a wipe that goes on, or could, it is the next one: the device is looked at before.
    """
    item, = wipe(daxprov, name, allow=[name], fault=Fault(**ZEROING))["wipes"]
    count = len(daxprov.vm.read_file(Fault.log).splitlines())
    return count - -(-item["size"] // (64 * MIB))  # the last call has the partitions read again


def unfinished(daxprov):
    return json.loads(daxprov.run("status", "--json").check().stdout)["unfinished_wipes"]


@pytest.mark.each_kernel
def test_every_mode_is_zero_afterwards_and_nothing_else_has_changed(labelled):
    daxprov = Daxprov(labelled)
    made = daxprov.applied(ALL)
    names = [item["name"] for item in made.namespaces]
    for name in names:
        contents.fill_all(labelled, made.node(name), name)
    labelled.run("chown 12:34 /dev/dax*", check=True)
    before, facts = media(labelled, made, *names), daxprov.inventory().facts()
    nodes = labelled.run("stat -c '%n %t:%T %u %g %a' /dev/pmem* /dev/dax*", check=True).out

    for name in names:
        report = wipe(daxprov, name, allow=[name])
        item, = report["wipes"]
        size = made.named(name)["usable_size"]
        assert report["outcome"] == item["outcome"] == "wiped" and item["reversibility"] == "irreversible"
        assert item["bytes"] == item["size"] == item["zeroed_size"] == size
        assert item["sampled_pages"] == 96 and item["bytes_per_second"] > 0 and item["seconds"] > 0
        assert ("spare blocks" in item.get("remark", "")) == (name == "table")
        after = media(labelled, made, *names)
        assert contents.digest(labelled, made.node(name)) == zeroes(size), name
        if name != "table":  # it has its translation table on the media as well
            assert after[name] == zeroes(size), name
        assert {other: sum for other, sum in after.items() if other != name} \
            == {other: sum for other, sum in before.items() if other != name}, name
        before = after
    assert daxprov.inventory().facts() == facts
    assert labelled.run("stat -c '%n %t:%T %u %g %a' /dev/pmem* /dev/dax*", check=True).out == nodes
    history = daxprov.run("history").check().out
    assert all(f"wipe of region0/{name}" in history for name in names) and history.count("cannot be undone") == 5
    refused = daxprov.run("rollback", "--yes", item["id"])
    assert refused.status == REFUSED and "cannot be undone" in refused.err
    labelled.run("chown 0:0 /dev/dax*", check=True)
    # The transaction that made them can still be undone: it is what it was.
    assert daxprov.run("rollback", "--yes", *(word for name in names for word in ("--allow-destroy", name))).status == DONE


def test_it_is_refused_where_somebody_uses_it_or_nobody_agreed(labelled):
    daxprov = Daxprov(labelled)
    made = daxprov.applied(profile(region(0, namespace(name="kept", mode="raw", size="64 MiB", protect="true"),
                                          RAW, FILES, HEAP, PAGES)))
    names = [item["name"] for item in made.namespaces]
    labelled.run("ndctl disable-namespace " + made.named("pages")["dev"], check=True)
    contents.make_file(labelled, made.node("files"), "/mnt/files", 1)
    contents.fill(labelled, made.node("raw"), 2)
    contents.fill(labelled, made.node("heap"), 3)
    reader = labelled.start(f"exec sleep 1000 < {made.node('raw')}")
    holder = labelled.start([contents.DAXMAP, "hold", made.node("heap")], stdin=True)
    holder.wait_for_output(b"mapped\n")
    labelled.run("sync")

    # A mounted file system is written to by the kernel at any time: its file is looked at, not the media below it.
    still = [name for name in names if name != "files"]
    before, file = media(labelled, made, *still), contents.file_digest(labelled, "/mnt/files")
    for name, word in (("files", "/mnt/files"), ("raw", "(sleep)"), ("heap", "(daxmap)"), ("kept", "protected"),
                       ("pages", "disabled")):
        report = wipe(daxprov, name, allow=[name], status=REFUSED)
        assert word in report["refusals"][0]["message"], report
        assert media(labelled, made, *still) == before and contents.file_digest(labelled, "/mnt/files") == file
    reader.kill()
    reader.wait()
    holder.close_stdin()
    holder.wait()
    labelled.run("umount /mnt/files", check=True)
    before = media(labelled, made, *names)
    for words, status, text in (
            (["raw"], REFUSED, "--allow-destroy raw"), (["raw", "--allow-destroy", "heap"], REFUSED, "--allow-destroy raw"),
            (["raw", "--allow-destroy", "nothing"], REFUSED, "no namespace 'nothing'"), (["region0"], ERROR, "several"),
            (["rav"], ERROR, "raw"), (["files", "raw", "--allow-destroy", "raw"], REFUSED, "ext4")):
        result = daxprov.run("wipe", "--yes", *words)
        assert result.status == status and text in result.out + result.err, result
    assert daxprov.run("wipe", "raw", "--allow-destroy", "raw").status == REFUSED  # there is nobody to ask
    # The node of one leads to another.
    node = made.node("raw")
    labelled.run(f"rm {node} && mknod {node} b $(tr : ' ' < /sys/class/block/{made.node('files')[5:]}/dev)", check=True)
    result = daxprov.run("wipe", "--yes", "raw", "--allow-destroy", "raw")
    assert result.status == ERROR and "leads to" in result.err, result
    labelled.run(f"rm {node} && mknod {node} b $(tr : ' ' < /sys/class/block/{node[5:]}/dev)", check=True)
    node, other = made.node("heap"), made.node("raw")
    labelled.run(f"mv {node} /dev/away && mknod {node} b $(tr : ' ' < /sys/class/block/{other[5:]}/dev)", check=True)
    result = daxprov.run("wipe", "--yes", "heap", "--allow-destroy", "heap")
    assert result.status == ERROR and "leads to" in result.err, result
    labelled.run(f"mv /dev/away {node}", check=True)
    assert media(labelled, made, *names) == before
    assert json.loads(daxprov.run("history", "--json").stdout)["wipes"] == [] and unfinished(daxprov) == []
    # Two at once, and one that is named twice.
    assert len(wipe(daxprov, "raw", "heap", "region0/raw", allow=["raw", "heap"])["wipes"]) == 2


def test_a_wipe_that_was_stopped_goes_on_and_begins_anew_over_new_data(labelled):
    daxprov = Daxprov(labelled)
    made = daxprov.applied(profile(region(0, RAW, FILES)))
    node, size = made.node("raw"), made.named("raw")["usable_size"]
    first = first_zeroing(daxprov, "raw")
    contents.fill_all(labelled, node, "raw")
    contents.fill_all(labelled, made.node("files"), "files")
    neighbour = media(labelled, made, "files")
    command = ["daxprov", "wipe", "--yes", "--json", "raw", "--allow-destroy", "raw"]
    job = labelled.start_until_stopped(command, fault=Fault(first + 2, "stop-before", **ZEROING))
    process = labelled.run("pidof daxprov", check=True).out.strip()
    labelled.run(f"kill -INT {process}", check=True)
    job.go_on()
    ended = job.wait()
    assert ended.status == PARTIAL, ended
    report = json.loads(ended.stdout)
    done = report["wipes"][0]["zeroed_size"]
    assert report["outcome"] == "interrupted" and done == 192 * MIB < size
    assert "daxprov wipe raw" in ended.err
    assert contents.start_digest(labelled, node, done) == zeroes(done)
    assert media(labelled, made, "raw")["raw"] != zeroes(size)

    # It stands in status, blocks nobody else, and recovery leaves it alone.
    assert [item["zeroed_size"] for item in unfinished(daxprov)] == [done]
    assert "daxprov wipe raw" in daxprov.run("status").check().out
    assert "unfinished" in daxprov.run("history").check().out
    assert daxprov.run("recover").status == DONE and len(unfinished(daxprov)) == 1
    daxprov.applied(profile(region(0, RAW, FILES), region(1, namespace(name="else", mode="raw", size="16 MiB"))))

    # Killed on the way, it goes on from the same place: no consent is needed for what was agreed to.
    killed = labelled.run(command[:-2], fault=Fault(first + 2, "kill-before", **ZEROING))
    assert killed.signal == signal.SIGKILL, killed
    assert [item["zeroed_size"] for item in unfinished(daxprov)] == [done]
    # Somebody writes to what was zeroed: it begins anew, which needs consent.
    contents.fill(labelled, node, "new", 4096)
    refused = daxprov.run("wipe", "--yes", "raw")
    assert refused.status == REFUSED and "written" in refused.err and "--allow-destroy raw" in refused.out, refused
    assert contents.start_digest(labelled, node, 4096) == hashlib.sha256(contents.pattern("new", 4096)).hexdigest()
    labelled.run(f"dd if=/dev/zero of={node} bs=4k count=1 oflag=direct", check=True)
    # The same at its end, which was not zeroed yet.
    labelled.run(f"dd if={node} bs=4k skip={size // 4096 - 1} iflag=direct of=/tmp/last", check=True)
    labelled.run(f"echo 1 | dd of={node} bs=4k conv=sync count=1 seek={size // 4096 - 1} oflag=direct", check=True)
    assert daxprov.run("wipe", "--yes", "raw").status == REFUSED
    labelled.run(f"dd if=/tmp/last of={node} bs=4k seek={size // 4096 - 1} oflag=direct", check=True)
    # Nothing has changed: it goes on, one chunk before.
    item, = wipe(daxprov, "raw")["wipes"]
    assert item["resumed_at"] == done - 64 * MIB and item["bytes"] == size - item["resumed_at"]
    assert media(labelled, made, "raw")["raw"] == zeroes(size) and unfinished(daxprov) == []
    assert media(labelled, made, "files") == neighbour


def test_a_wipe_of_what_became_another_namespace_begins_anew(labelled):
    daxprov = Daxprov(labelled)
    made = daxprov.applied(profile(region(0, HEAP, RAW)))
    first = first_zeroing(daxprov, "raw")
    contents.fill_all(labelled, made.node("heap"), 1)
    contents.fill_all(labelled, made.node("raw"), 2)
    # Killed when its beginning is recorded: nothing is zeroed, and all of it is to be.
    record = {"calls": ("rename",), "paths": ("/var/lib/daxprov/wipes",)}
    before = media(labelled, made, "heap", "raw")
    command = ["daxprov", "wipe", "--yes", "--allow-destroy", "heap", "heap"]
    assert labelled.run(command, fault=Fault(1, "kill-after", **record)).signal == signal.SIGKILL
    assert media(labelled, made, "heap", "raw") == before and len(unfinished(daxprov)) == 1
    # Killed when its end is to be recorded: everything is zeroed, and it is said that it may not be.
    assert labelled.run(command[:-3] + ["heap"], fault=Fault(1, "kill-before", **record)).signal == signal.SIGKILL
    assert media(labelled, made, "heap")["heap"] == zeroes(made.named("heap")["usable_size"])
    assert [item["zeroed_size"] for item in unfinished(daxprov)] == [0]

    # It is made anew with the same label's name, and another info block.
    daxprov.applied(profile(region(0, namespace(name="heap", mode="fsdax", size="128 MiB"), RAW)), allow=["heap"])
    made = daxprov.applied(profile(region(0, HEAP, RAW)), allow=["heap"])
    contents.fill_all(labelled, made.node("heap"), 3)
    assert daxprov.run("wipe", "--yes", "heap").status == REFUSED
    assert "resumed_at" not in wipe(daxprov, "heap", allow=["heap"])["wipes"][0]
    stale = [item["id"] for item in unfinished(daxprov)]
    for item in stale:
        assert daxprov.run("recover", "--yes", "--abandon", item).status == DONE
    assert unfinished(daxprov) == []

    # A write that fails is told with its place, and it goes on from there.
    failed = labelled.run(["daxprov", "wipe", "--yes", "--json", "raw", "--allow-destroy", "raw"],
                          fault=Fault(first + 2, "errno:5", **ZEROING))
    assert failed.status == PARTIAL, failed
    item, = json.loads(failed.stdout)["wipes"]
    assert item["outcome"] == "unfinished" and item["zeroed_size"] == 128 * MIB and f"at byte {item['zeroed_size']} of its data" in item["error"]
    # Somebody opens it while it runs: it stops at the next record.
    job = labelled.start_until_stopped(["daxprov", "wipe", "--yes", "raw"], fault=Fault(first + 2, "stop-before", **ZEROING))
    reader = labelled.start(f"exec sleep 1000 < {made.node('raw')}")
    time.sleep(2.5)
    job.go_on()
    ended = job.wait()
    assert ended.status == PARTIAL and "(sleep)" in ended.err, ended
    reader.kill()
    reader.wait()
    assert wipe(daxprov, "raw")["wipes"][0]["resumed_at"] >= 0

    # As long as a transaction is interrupted, nothing is zeroed.
    labelled.run(["daxprov", "apply", "--yes", "-"], fault=Fault(2, "kill-before", paths=("/sys",)),
                 stdin=profile(region(0, HEAP, RAW, TABLE)).encode())
    refused = daxprov.run("wipe", "--yes", "raw", "--allow-destroy", "raw")
    assert refused.status == PARTIAL and "interrupted" in refused.err, refused


def test_discard_only_zeroes_both_ends_and_partitions_go(labelled):
    daxprov = Daxprov(labelled)
    made = daxprov.applied(profile(region(0, RAW, HEAP)))
    for name in ("raw", "heap"):
        node, size = made.node(name), made.named(name)["usable_size"]
        contents.fill_all(labelled, node, name)
        item, = wipe(daxprov, name, allow=[name], words=["--discard-only"])["wipes"]
        assert item["scope"] == "ends" and item["bytes"] == 2 * MIB and "what lies between stays" in item["remark"]
        labelled.run("sync; echo 3 > /proc/sys/vm/drop_caches")
        image, start, length = contents.media_range(made.named(name), made.region(0))
        start += length - size
        assert contents.image_digest(labelled, image, start, MIB) == zeroes(MIB)
        assert contents.image_digest(labelled, image, start + size - MIB, MIB) == zeroes(MIB)
        between = hashlib.sha256()
        for _ in range(size // MIB - 2):
            between.update(contents.pattern(name, MIB))
        assert contents.image_digest(labelled, image, start + MIB, size - 2 * MIB) == between.hexdigest()
    # A table of partitions goes with the first MiB, and what the kernel made of it.
    node = made.node("raw")
    labelled.run(f"printf 'n\\np\\n1\\n\\n\\nw\\n' | fdisk {node} > /dev/null && test -e /sys/class/block/{node[5:]}p1", check=True)
    wipe(daxprov, "raw", allow=["raw"], words=["--discard-only"])
    assert labelled.run(f"test -e /sys/class/block/{node[5:]}p1").status != 0


def test_what_is_made_with_zero_true_holds_nothing_of_what_lay_there(labelled):
    daxprov = Daxprov(labelled)
    old = daxprov.applied(profile(region(0, namespace(name="old", mode="raw", size="512 MiB"))))
    contents.fill_all(labelled, old.node("old"), "old")
    daxprov.applied(profile(region(0, namespace(name="stays", mode="raw", size="16 MiB")), unmanaged="destroy"),
                    allow=["old"])
    stays = [namespace(name="stays", mode="raw", size="16 MiB", zero=True)]  # it was there before: it keeps its data
    before = media(labelled, daxprov.inventory(), "stays")
    assert before["stays"] != zeroes(16 * MIB)
    assert daxprov.is_settled(profile(region(0, *stays)))
    items = [namespace(name=mode, mode=mode, size="64 MiB", zero=True) for mode in ("raw", "fsdax", "devdax", "sector")]
    wanted = profile(region(0, *stays, *items))
    text = daxprov.run("plan", profile=wanted).out
    assert text.count("is filled with zeroes before anybody gets it") == 4 and "in reserve" in text
    made = daxprov.applied(wanted)
    for mode in ("raw", "fsdax", "devdax", "sector"):
        assert contents.digest(labelled, made.node(mode)) == zeroes(made.named(mode)["usable_size"]), mode
    assert media(labelled, made, "stays") == before
    assert daxprov.is_settled(wanted)

    # Killed in the middle of the zeroing, the creation is undone and nobody is asked.
    more = profile(region(0, *stays, *items, namespace(name="more", mode="raw", size="192 MiB", zero=True)))
    facts = daxprov.inventory().facts()
    labelled.write_file("/tmp/more.yaml", more)
    apply = ["daxprov", "apply", "--yes", "/tmp/more.yaml"]
    killed = labelled.run(apply, fault=Fault(3, "kill-before", **ZEROING))
    assert killed.signal == signal.SIGKILL, killed
    assert len(daxprov.inventory().namespaces) > len(facts)
    assert daxprov.run("recover").status == DONE
    assert daxprov.inventory().facts() == facts
    # So is one that fails there; and a signal ends it.
    failed = labelled.run(apply, fault=Fault(3, "errno:5", **ZEROING))
    assert failed.status == ROLLED_BACK, failed
    job = labelled.start_until_stopped(apply, fault=Fault(3, "stop-before", **ZEROING))
    labelled.run(f"kill -INT {labelled.run('pidof daxprov', check=True).out.strip()}", check=True)
    job.go_on()
    ended = job.wait()
    assert ended.status == ROLLED_BACK and "signal" in ended.out + ended.err, ended
    assert daxprov.inventory().facts() == facts and media(labelled, made, "stays") == before

    # Over what it destroys it saves all, and undo brings it back; changing the mode zeroes as well.
    digest = media(labelled, made, "stays")
    daxprov.applied(profile(region(0, namespace(name="stays", mode="fsdax", size="16 MiB", zero=True), *items)), allow=["stays"])
    made = daxprov.inventory()
    assert contents.digest(labelled, made.node("stays")) == zeroes(made.named("stays")["usable_size"])
    assert daxprov.run("rollback", "--yes", "--allow-destroy", "stays").status == DONE
    assert media(labelled, daxprov.inventory(), "stays") == digest
