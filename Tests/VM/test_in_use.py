"""Devices in use are refused with the name of who uses them, and go on working."""

from support import Daxprov, contents, namespace, profile, region
from support.daxprov import REFUSED

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
