"""Regions without labels: one namespace, without a name, as large as the region.

What can happen to one whose mode is changed: killed before or after its first 8 KiB were zeroed and before a claim holds it, after which
somebody enables it, and it looks as it was; somebody zeroes a part of it as it was, which is not what a step left; a boot gives its region
the number of another one, for whose loss words of consent were recorded.
"""

import pytest

from lab import Fault
from support import Daxprov, contents, namespace, ndctl, profile, region
from support.board import Board
from support.daxprov import DONE, PARTIAL, asked
from support.strides import points, stride

WHOLE = "{mode: %s}"


@pytest.fixture(params=["e820", "virtio-pmem"])
def vm(machine, request):
    return machine(request.param)


@pytest.mark.each_kernel
def test_what_needs_labels_is_refused_with_the_reason(vm):
    daxprov = Daxprov(vm)
    whole = daxprov.inventory().region(0)["size"]

    def codes(*namespaces, labels=None):
        report = daxprov.plan(profile(region(0, *namespaces, labels=labels)))
        assert all(refusal["message"] and refusal["advice"] for refusal in report["refusals"])
        return [refusal["code"] for refusal in report["refusals"]]

    assert codes(namespace(mode="fsdax", size="128 MiB")) == ["label_less_region"]
    assert codes(namespace(mode="fsdax", size="50%")) == ["label_less_region"]
    assert codes(namespace(name="data", mode="fsdax")) == ["label_less_region"]
    assert codes(namespace(mode="fsdax", size="remaining/2"), namespace(mode="raw", size="remaining/2")) == [
        "label_less_region"]
    assert codes(namespace(name="data", mode="fsdax", size="128 MiB"), labels="init") == ["labels_impossible"]
    assert daxprov.refused(profile(region(0, namespace(name="data", mode="fsdax"))))["refusals"][0]["code"] == \
        "label_less_region"
    assert codes(namespace(mode="fsdax", size=whole)) == codes(namespace(mode="fsdax", size="100%")) == []
    ndctl.assert_agrees(vm)


def test_the_one_namespace_changes_its_mode_and_back_with_consent(vm):
    daxprov = Daxprov(vm)
    wanted = {mode: profile(region(0, WHOLE % mode)) for mode in ("fsdax", "devdax")}
    others = [each for each in daxprov.inventory().namespaces if each["dev"] != "namespace0.0"]
    assert daxprov.is_settled(wanted["fsdax"])

    for mode in ("devdax", "fsdax"):
        [planned] = daxprov.plan(wanted[mode])["changes"]
        assert (planned["kind"], planned["consent"]) == ("reconfigure", "region0")
        assert [each["code"] for each in daxprov.refused(wanted[mode])["refusals"]] == ["consent_missing"]
        found = daxprov.applied(wanted[mode], allow=["region0"]).region(0)["namespaces"][0]
        for key in ("mode", "map", "align", "usable_size", "resource", "raw_size"):
            assert found[key] == planned["after"][key]
        assert daxprov.is_settled(wanted[mode])
        ndctl.assert_agrees(vm)
    assert [each for each in daxprov.inventory().namespaces if each["dev"] != "namespace0.0"] == others

    file = contents.make_file(vm, f"/dev/{found['blockdev']}", "/mnt/data", "data")
    vm.reboot()
    assert daxprov.is_settled(wanted["fsdax"])
    vm.run("mkdir -p /mnt/data && mount /dev/pmem0 /mnt/data", check=True)
    assert contents.file_digest(vm, "/mnt/data") == file


@pytest.mark.each_kernel
def test_new_dimms_are_refused_with_the_way_to_labels(machine):
    daxprov = Daxprov(machine("nvdimm-small"))
    refusals = daxprov.refused(profile(region(0, namespace(name="data", mode="fsdax", size="128 MiB"))))["refusals"]
    assert {each["code"] for each in refusals} == {"labels_missing"}
    assert all("labels: init" in each["advice"] for each in refusals)


def test_labels_that_would_hide_data_need_consent(machine):
    vm = machine("nvdimm-small")
    daxprov = Daxprov(vm)
    contents.fill(vm, "/dev/pmem0", "used")
    wanted = profile(region(0, namespace(name="data", mode="fsdax", size="128 MiB"), labels="init"))
    digest = contents.start_digest(vm, "/dev/pmem0")
    assert [each["code"] for each in daxprov.refused(wanted)["refusals"]] == ["consent_missing"]
    assert contents.start_digest(vm, "/dev/pmem0") == digest
    assert daxprov.applied(wanted, allow=["region0"]).named("data")["mode"] == "fsdax"


def agreed(*words, profile):
    """The words and the profile of an apply with consent to the loss of these."""
    return ["apply", "--yes", *(part for word in words for part in ("--allow-destroy", word))], {"profile": profile}


@pytest.mark.crash_points
@pytest.mark.parametrize("topology, fields, first, usual", [
    pytest.param("e820", {"mode": "devdax", "map": "dev"}, 0, 6, marks=pytest.mark.each_kernel),
    ("e820", {"mode": "fsdax", "map": "dev"}, 2, 6), ("e820", {"mode": "sector"}, 4, 6),
    ("virtio-pmem", {"mode": "devdax", "map": "dev"}, 3, 9)],
    ids=["devdax", "fsdax", "sector", "virtio-pmem"])
def test_what_is_killed_around_the_zeroing_of_its_start_comes_back_whole(machine, topology, fields, first, usual):
    """Nobody writes in between, and nobody is asked."""
    vm = machine(topology)
    daxprov = Daxprov(vm)
    contents.fill(vm, "/dev/pmem0", "old")
    digest, facts = contents.start_digest(vm, "/dev/pmem0"), daxprov.inventory().facts()
    words, wanted = agreed("region0", profile=profile(region(0, namespace(**fields))))
    assert daxprov.run(*words, **wanted, fault=Fault()).status == DONE
    calls = vm.read_file(Fault.log).decode().splitlines()
    undone = daxprov.run("rollback", "--yes", "--allow-destroy", "region0")
    assert undone.status == DONE and contents.start_digest(vm, "/dev/pmem0") == digest, undone
    zeroing = next(number for number, call in enumerate(calls, 1) if call.split()[2].startswith("/dev/pmem"))
    assert zeroing > 14
    for at in points(zeroing + first % stride(usual), len(calls) + 1, usual):
        for enables in (False, True):
            vm.run(f"rm {Fault.log}")
            result = daxprov.run(*words, **wanted, fault=Fault(at, "kill-before"))
            assert result.signal == 9, (at, result)
            if enables:
                vm.run("ndctl enable-namespace namespace0.0")
            recovered = daxprov.run("recover")
            assert recovered.status == DONE, (at, enables, recovered)
            found = daxprov.inventory()
            assert found.facts() == facts and contents.start_digest(vm, "/dev/pmem0") == digest, (at, enables, recovered)


def test_what_somebody_zeroes_in_it_before_anything_was_written_stays_zero(machine):
    """Killed before the first store of the change, after its intent. The page lies in what was saved, and not where an info block would."""
    vm = machine("nvdimm-small")
    daxprov = Daxprov(vm)
    contents.fill(vm, "/dev/pmem0", "old", 4 << 20)
    facts = daxprov.inventory().facts()
    raw = vm.run("readlink -f /sys/bus/nd/devices/namespace0.0/force_raw", check=True).out.strip()
    words, wanted = agreed("region0", profile=profile(region(0, namespace(mode="fsdax", map="dev"))))
    # Set and cleared to save what would be written over, and set again.
    killed = daxprov.run(*words, **wanted, fault=Fault(3, "kill-before", paths=(raw,)))
    assert killed.signal == 9, killed
    vm.run("ndctl enable-namespace namespace0.0", check=True)
    assert daxprov.inventory().facts() == facts
    vm.run("dd if=/dev/zero of=/dev/pmem0 bs=4k seek=256 count=1 oflag=direct", check=True)
    left = contents.image_digest(vm, "dimm0", 0, 1024 << 20)
    recovered = daxprov.run("recover")
    assert recovered.status == DONE, recovered
    assert contents.image_digest(vm, "dimm0", 0, 1024 << 20) == left and daxprov.inventory().facts() == facts


def test_words_of_consent_mean_the_same_region_after_a_boot_that_numbers_them_anew(machine):
    """The loss of what people wrote to one region is agreed to, and undoing dies right after it recorded that. Then it has the number of
    another one, to which people write."""
    board = Board(2)
    vm = machine(board.topology())
    daxprov = Daxprov(vm)

    def number(image):
        [found] = [each["dev"] for each in daxprov.inventory().regions if each["resource"] == board.address[image]]
        return int(found.removeprefix("region"))

    def mount():
        vm.run(f"mkdir -p /mnt/state && mount /dev/pmem{number('state')} /mnt/state", check=True)

    def run(*words, **options):
        return daxprov.run(words[0], "--state-dir", "/mnt/state/daxprov", *words[1:], **options)

    vm.run(f"mkfs.ext4 -q /dev/pmem{number('state')}", check=True)
    mount()
    first, second = sorted(board.worked_on, key=number)
    names = [f"region{number(image)}" for image in (first, second)]
    for image in (first, second):
        contents.fill(vm, f"/dev/pmem{number(image)}", f"old {image}")
    old = [contents.image_digest(vm, image, 0, 1 << 20) for image in (first, second)]
    words, wanted = agreed(*names, profile=profile(*(region(number(image), namespace(mode="fsdax")) for image in (first, second))))
    # In each region it is bound to be saved, to be read and zeroed, and for good.
    killed = run(*words, **wanted, fault=Fault(8, "kill-before", paths=("/sys/bus/nd/drivers/nd_pmem/bind",)))
    assert killed.signal == 9, killed
    found = daxprov.inventory()
    assert [found.region(number(image))["namespaces"][0]["state"] for image in (first, second)] == ["active", "disabled"]
    contents.fill(vm, f"/dev/pmem{number(first)}", "theirs")
    stopped = run("recover")
    assert stopped.status == PARTIAL and asked(stopped) == {names[0]}, stopped
    died = run("recover", "--allow-destroy", names[0], fault=Fault(1, "kill-before", paths=("/dev/pmem",)))
    assert died.signal == 9, died

    vm.run("umount /mnt/state; sync", check=True)
    board.turn[first], board.turn[second] = board.turn[second], board.turn[first]
    vm.rebuild(board.topology())
    assert [f"region{number(image)}" for image in (second, first)] == names
    mount()
    # Behind what the step that died has zeroed.
    vm.run(f"dd of=/dev/pmem{number(second)} bs=64k seek=1 oflag=direct iflag=fullblock",
           stdin=contents.pattern("theirs as well", 1 << 20), check=True)
    theirs = contents.image_digest(vm, second, 64 << 10, 1 << 20)
    assert theirs == contents.hashlib.sha256(contents.pattern("theirs as well", 1 << 20)).hexdigest()
    stopped = run("recover")
    assert contents.image_digest(vm, second, 64 << 10, 1 << 20) == theirs, stopped
    assert stopped.status == PARTIAL and asked(stopped) == {names[0]}, stopped
    recovered = run("recover", "--allow-destroy", names[0])
    assert recovered.status == DONE, recovered
    vm.run("sync")
    assert [contents.image_digest(vm, image, 0, 1 << 20) for image in (first, second)] == old
