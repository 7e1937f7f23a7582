"""What is found before the first step: contents, sick DIMMs, media errors, labels, the state directory, protection."""

import json

import pytest

from lab.labels import initialise
from support import Daxprov, contents, labels, namespace, profile, region
from support.daxprov import DONE, ERROR, NOT_PERMITTED, REFUSED

FILES = namespace(name="files", mode="fsdax", size="64 MiB")
GUARDED = namespace(name="files", mode="fsdax", size="64 MiB", protect=True)
NONE = profile(region(0), unmanaged="destroy")


def codes(entries):
    return {each["code"] for each in entries}


def change(plan, address):
    [found] = [each for each in plan["changes"] if each["address"] == address]
    return found


# Contents

def test_a_plan_names_what_a_namespace_holds_and_so_does_the_refusal(labelled):
    daxprov = Daxprov(labelled)
    made = daxprov.applied(profile(region(
        0, FILES, namespace(name="swap", mode="sector", size="32 MiB"),
        namespace(name="table", mode="raw", size="32 MiB"), namespace(name="heap", mode="devdax", size="32 MiB"))))
    uuid = "0f2f9b50-02ff-082c-f222-ae958a319a54"
    labelled.run(
        f"mkfs.ext4 -q -L 'data\033[2J' -U {uuid} {made.node('files')} && mkswap -q -L spare {made.node('swap')} && "
        f"printf 'n\\np\\n1\\n\\n\\nw\\n' | fdisk {made.node('table')} > /dev/null", check=True)
    plan = daxprov.plan(NONE)
    [ext4] = change(plan, "region0/files")["contents"]
    assert (ext4["kind"], ext4["type"], ext4["uuid"]) == ("filesystem", "ext4", uuid)
    assert [each["type"] for each in change(plan, "region0/swap")["contents"]] == ["swap"]
    assert [each["kind"] for each in change(plan, "region0/table")["contents"]] == ["partition_table"]
    assert "contents" not in change(plan, "region0/heap")

    text = daxprov.run("plan", profile=NONE).out
    assert f"UUID {uuid}" in text and "swap, label spare" in text and "\033" not in text
    report = daxprov.refused(NONE, allow=["swap", "table", "heap"])
    [refusal] = report["refusals"]
    assert refusal["code"] == "consent_missing" and f"ext4, label data" in refusal["message"]

    node = made.node("files")
    labelled.run(f"mv {node} {node}.away", check=True)
    assert ("node_missing", "region0/files") in {(each["code"], each["address"]) for each in daxprov.plan(NONE)["notes"]}
    labelled.run(f"mv {node}.away {node}", check=True)
    daxprov.applied(NONE, allow=["files", "swap", "table", "heap"])


def test_labels_over_an_array_whose_superblock_lies_at_the_end_need_consent(machine):
    vm = machine("nvdimm-small")
    daxprov = Daxprov(vm)
    wanted = profile(region(0, namespace(name="a", mode="raw"), labels="init"))
    vm.run("modprobe -a md-mod raid1 && mdadm --create /dev/md0 --level=1 --force --raid-devices=1 --metadata=1.0 "
           "--run /dev/pmem0 2>&1 && mdadm --stop /dev/md0", check=True)
    assert "has_content" not in daxprov.inventory().region(0)["namespaces"][0]
    found = change(daxprov.plan(wanted), "region0")
    assert found["consent"] == "region0" and found["contents"][0]["type"] == "linux_raid_member"
    assert codes(daxprov.refused(wanted)["refusals"]) == {"consent_missing"}
    daxprov.applied(wanted, allow=["region0"])


# DIMMs, media, labels

@pytest.mark.each_kernel
def test_what_sick_dimms_report_is_told_before_their_region_is_touched(machine):
    daxprov = Daxprov(machine("nfit"))
    sick = {flag for dimm in daxprov.inventory().dimms for flag in dimm if flag.startswith("flag_")}
    assert sick, "the emulated NFIT has no sick DIMM"
    plan = daxprov.plan(profile(region(2, "{mode: fsdax}")))
    found = codes(plan["notes"]) | codes(plan["refusals"])
    assert {"region_read_only"} < found
    mapped = {each["dimm"] for each in daxprov.inventory().region(2)["mappings"]}
    expected = {
        key.replace("flag_", "dimm_") for dimm in daxprov.inventory().dimms if dimm["dev"] in mapped
        for key in dimm if key.startswith("flag_")}
    assert expected and expected <= found
    assert daxprov.plan(profile(region(0, "{mode: raw}")))["notes"] == []


@pytest.mark.each_kernel
def test_media_errors_are_noted_under_a_creation_and_refused_under_a_backup(machine):
    vm = machine("nfit")
    daxprov = Daxprov(vm)
    vm.run(f"ndctl wait-scrub all && {initialise('nfit_test.0')}", check=True)
    device = daxprov.applied(profile(region(0, namespace(name="a", mode="raw", size="16 MiB")))).named("a")["dev"]
    # One where info blocks lie, one in the first 2 MiB, where a page map would go, and one far behind.
    for start in (8, 64, 20000):
        vm.run(f"ndctl inject-error --no-notify -B {start} -n 1 {device}", check=True)
    vm.run("ndctl start-scrub nfit_test.0 && ndctl wait-scrub nfit_test.0", check=True)
    assert daxprov.inventory().named("a")["badblock_count"] == 3

    wanted = profile(region(0, namespace(name="a", mode="fsdax", size="16 MiB")))
    plan = daxprov.plan(wanted)
    assert codes(plan["notes"]) == {"media_errors"} == codes(plan["refusals"])
    assert codes(daxprov.refused(wanted, allow=["a"])["refusals"]) == {"media_errors"}
    without = daxprov.run("plan", "--json", "--backup-limit", "0", profile=wanted)
    [refusal] = json.loads(without.out)["refusals"]
    assert refusal["code"] == "media_errors" and "daxprov errors clear a --range" in refusal["advice"]

    daxprov.applied(profile(region(0), unmanaged="destroy"), allow=["a"])
    raw = profile(region(0, namespace(name="b", mode="raw", size="16 MiB")))
    again = daxprov.plan(raw)
    [note] = again["notes"]
    assert (note["code"], note["address"]) == ("media_errors", "region0/b") and again["refusals"] == []
    assert daxprov.applied(raw).named("b")["badblock_count"] == 3


def test_labels_of_version_1_1_are_noted(machine):
    vm = machine("nvdimm-small", labelled=True)
    daxprov = Daxprov(vm)
    vm.run("ndctl disable-region region0 && ndctl init-labels -f -V 1.1 nmem0 && ndctl disable-dimm nmem0 && "
           "ndctl enable-dimm nmem0 && ndctl enable-region region0", check=True)
    plan = daxprov.plan(profile(region(0, FILES)))
    assert codes(plan["notes"]) == {"labels_v1_1"}


@pytest.mark.each_kernel
def test_memory_that_would_come_online_by_itself_is_noted(labelled):
    daxprov = Daxprov(labelled)
    wanted = profile(region(0, "{name: heap, mode: devdax, size: 256 MiB, device: {mode: system-ram}}"))
    policy = "/sys/devices/system/memory/auto_online_blocks"
    for word, expected in (("online_movable", {"memory_auto_online"}), ("offline", set())):
        labelled.run(f"echo {word} > {policy}", check=True)
        assert codes(daxprov.plan(wanted)["notes"]) == expected | {"memory_forecast"}
    rule = "/etc/udev/rules.d/40-memory.rules"
    labelled.run("mkdir -p /etc/udev/rules.d", check=True)
    labelled.write_file(rule, 'SUBSYSTEM=="memory", ACTION=="add", ATTR{state}=="offline", ATTR{state}="online"\n')
    notes = [note for note in daxprov.plan(wanted)["notes"] if note["code"] == "memory_auto_online"]
    assert len(notes) == 1 and rule in notes[0]["message"], notes
    assert codes(daxprov.plan(profile(region(0, FILES)))["notes"]) == set()
    # The inventory says it of a host that has dax devices.
    assert "memory_agents" not in daxprov.inventory().document
    daxprov.applied(profile(region(0, "{name: heap, mode: devdax, size: 256 MiB}")))
    agents = daxprov.inventory().document["memory_agents"]
    assert agents["memory_rules"] == [{"file": rule, "brings_online": True}], agents
    assert agents["auto_online_blocks"] == "offline"
    assert f"udev brings new memory blocks online ({rule})" in daxprov.run("inventory").check().out


# The state directory

@pytest.mark.parametrize("stacked", [False, True])
def test_the_journal_is_not_kept_on_what_is_changed(labelled, stacked):
    daxprov = Daxprov(labelled)
    node = daxprov.applied(profile(region(0, FILES))).node("files")
    if stacked:
        labelled.run(f"echo 0 65536 linear {node} 0 | dmsetup create --noudevsync stacked", check=True)
        node = "/dev/dm-0"
    labelled.run(f"mkfs.ext4 -q {node} && mkdir /mnt/state && mount {node} /mnt/state", check=True)
    before = daxprov.inventory()
    result = daxprov.run(
        "apply", "--yes", "--json", "--allow-destroy", "files", "--state-dir", "/mnt/state/daxprov", profile=NONE)
    assert result.status == REFUSED, result
    assert codes(json.loads(result.out)["refusals"]) == {"state_directory_on_target", "busy"}
    assert daxprov.inventory().document == before.document
    planned = daxprov.run("plan", "--json", "--state-dir", "/mnt/state/not/yet/there", profile=NONE)
    assert codes(json.loads(planned.out)["refusals"]) == {"state_directory_on_target"}
    elsewhere = daxprov.plan(NONE)
    assert elsewhere["refusals"] == [] and codes(elsewhere["notes"]) == {"busy"}


# Protection

def test_a_protected_namespace_stays_so_until_it_is_unprotected_while_unused(labelled):
    daxprov = Daxprov(labelled)
    made = daxprov.applied(profile(region(0, GUARDED)))
    uuid, node = made.named("files")["raw_uuid"], made.node("files")
    assert f"Protected: files (label {uuid})" in daxprov.run("status").out

    other = profile(region(0, FILES.replace("fsdax", "devdax")))
    for wanted in (NONE, other):
        [refusal] = daxprov.plan(wanted)["refusals"]
        assert refusal["code"] == "protected" and "daxprov unprotect files" in refusal["advice"]
        assert codes(daxprov.refused(wanted, allow=["files"])["refusals"]) == {"protected"}
    rolled = daxprov.run("rollback", "--yes", "--allow-destroy", "files")
    assert rolled.status == REFUSED and "protected" in rolled.out
    assert daxprov.inventory().document == made.document

    file = contents.make_file(labelled, node, "/mnt/files", "files")
    used = daxprov.run("unprotect", "files")
    assert used.status == REFUSED and "mounted at /mnt/files" in used.out
    assert contents.file_digest(labelled, "/mnt/files") == file
    labelled.run("umount /mnt/files", check=True)
    assert codes(daxprov.refused(NONE, allow=["files"])["refusals"]) == {"protected"}
    assert daxprov.run("unprotect", "nobody").status == ERROR
    assert daxprov.run("unprotect", uuid).status == DONE
    assert "Protected" not in daxprov.run("status").out
    assert daxprov.applied(NONE, allow=["files"]).namespaces == []


@pytest.mark.each_kernel
def test_what_is_protected_is_fixed_allocated_unmovable_and_freed_only_unused_and_by_root(labelled):
    daxprov = Daxprov(labelled)
    near = namespace(name="near", mode="devdax", size="32 MiB")
    pool = namespace(name="pool", mode="devdax", size="512 MiB", device="{mode: system-ram}", protect=True)
    made = daxprov.applied(profile(region(0, near, GUARDED), region(1, pool)))
    contents.fill(labelled, made.node("files"), "files")
    labelled.run("sync", check=True)
    where = made.named("files"), made.region(0)
    digest, facts = contents.media_digest(labelled, *where), {**made.named("files"), "dev": "", "blockdev": ""}

    def is_as_it_was():
        found = daxprov.inventory()
        return {**found.named("files"), "dev": "", "blockdev": ""} == facts and contents.media_digest(labelled, *where) == digest

    # Fixed: no other size, mode, layout or name. Allocated: not released, whoever wants its room.
    for other in (
            namespace(name="files", mode="fsdax", size="96 MiB"), namespace(name="files", mode="fsdax", size="32 MiB"),
            namespace(name="files", mode="raw", size="64 MiB"), namespace(name="files", mode="fsdax", size="64 MiB", map="mem"),
            namespace(name="files", mode="fsdax", size="64 MiB", align="4 KiB"),
            namespace(name="log", renamed_from="files", mode="fsdax", size="64 MiB")):
        assert codes(daxprov.refused(profile(region(0, near, other)), allow=["files"])["refusals"]) == {"protected"}, other
    assert codes(daxprov.refused(profile(region(0, near), region(1, pool), unmanaged="destroy"), allow=["files"])["refusals"]) == {"protected"}
    grown = daxprov.applied(profile(region(0, namespace(name="near", mode="devdax", size="512 MiB"))), allow=["near"])
    daxprov.applied(profile(region(0), unmanaged="keep"))
    assert grown.named("near")["raw_size"] == 512 << 20 and is_as_it_was()

    # Unmovable: nothing is written where it lies, not even after its label is lost.
    area = labels.read(labelled)
    labels.write(labelled, bytearray(len(area)))
    for wanted in (profile(region(0, near, labels="init")), profile(region(0, near))):
        report = daxprov.refused(wanted)
        assert "protected" in codes(report["refusals"]), report
        [refusal] = [each for each in report["refusals"] if each["code"] == "protected"]
        assert "its label is lost" in refusal["message"] and "daxprov unprotect files" in refusal["advice"]
    labels.write(labelled, area)
    assert is_as_it_was()

    # Given up by root alone, and only while nobody uses it.
    assert daxprov.run("unprotect", "files", user="nobody").status == NOT_PERMITTED
    found = daxprov.run("unprotect", "pool")
    assert found.status == REFUSED and "system memory" in found.out, found
    daxprov.applied(profile(region(0, namespace(name="near", mode="devdax", size="512 MiB", protect=True))))
    near = daxprov.inventory().node("near")
    job = labelled.start([contents.DAXMAP, "hold", near], stdin=True)
    job.wait_for_output(b"mapped\n")
    held = daxprov.run("unprotect", "near")
    assert held.status == REFUSED and "daxmap" in held.out, held
    job.close_stdin()
    job.wait()
    assert daxprov.run("unprotect", "near").status == DONE and daxprov.run("unprotect", "files").status == DONE
    status = json.loads(daxprov.run("status", "--json").stdout)
    assert [each["name"] for each in status["protected"]] == ["pool"]


def test_the_device_of_a_protected_namespace_does_not_become_memory(labelled):
    """Its label stays as it is, and what it holds would be written over all the same."""
    daxprov = Daxprov(labelled)
    heap = {"name": "heap", "mode": "devdax", "size": "512 MiB"}
    made = daxprov.applied(profile(region(0, namespace(**heap, protect=True))))
    contents.fill(labelled, made.node("heap"), "heap")
    digest = contents.media_digest(labelled, made.named("heap"), made.region(0))
    wanted = profile(region(0, namespace(**heap, device="{mode: system-ram}")))
    for allow in ([], ["heap"]):
        assert "protected" in codes(daxprov.refused(wanted, allow=allow)["refusals"])
    assert contents.media_digest(labelled, made.named("heap"), made.region(0)) == digest
    assert daxprov.run("unprotect", "heap").status == DONE
    assert codes(daxprov.refused(wanted)["refusals"]) == {"consent_missing"}


def test_a_host_that_already_is_as_declared_is_marked_and_planning_marks_nothing(labelled):
    daxprov = Daxprov(labelled)
    daxprov.applied(profile(region(0, FILES)))
    guarded = profile(region(0, GUARDED))
    assert daxprov.is_settled(guarded)
    assert "Protected" not in daxprov.run("status").out
    daxprov.applied(guarded)
    assert "Protected: files" in daxprov.run("status").out
    assert labelled.run("stat -c %a /var/lib/daxprov/protected /var/lib/daxprov/protected/*").out == "700\n600\n"
