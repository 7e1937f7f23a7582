"""What undoing writes over, and what it never does.

Between a crash and its recovery the host boots and people write; DIMMs are replaced, moved or added; regions are disabled by
their owners; other tools make and destroy namespaces. After a transaction others use the places that it gave free. Recovery
itself dies. What a step has changed in place runs in its new mode before the step's end is recorded, and people begin to write where its
new device begins. Then: what anybody wrote is there, or its loss was agreed to by name; what was promised was looked at.
"""

import re

import pytest

from lab import Fault
from support import Daxprov, contents, namespace, profile, region
from support.daxprov import DONE, PARTIAL, REFUSED, asked

DISK = "/mnt/state"
STATE = f"{DISK}/daxprov"
NAMES = ("raw", "sector", "files")
KEPT = region(1, namespace(name="state", mode="raw", size="remaining"))
NOTHING = profile(region(0), KEPT, unmanaged="destroy")
MODES = [namespace(name=name, mode=mode, size="32 MiB")
         for name, mode in zip(NAMES, ("raw", "sector", "fsdax"))]


class Host:
    """A machine whose second DIMM holds the state, on a file system that outlives its power."""

    def __init__(self, vm):
        self.vm, self.daxprov = vm, Daxprov(vm)
        vm.run("ndctl create-namespace -r region1 -m raw -n state", check=True)
        vm.run(f"mkfs.ext4 -q {self.daxprov.inventory().node('state')}", check=True)
        self.mount()

    def mount(self):
        self.vm.run(f"mkdir -p {DISK} && mount {self.daxprov.inventory().node('state')} {DISK}", check=True)

    def run(self, *words, allow=(), **options):
        words = (*words, *(word for name in allow for word in ("--allow-destroy", name)))
        return self.daxprov.run(words[0], "--state-dir", STATE, *words[1:], **options)

    def applied(self, wanted, *allow):
        result = self.run("apply", "--yes", allow=allow, profile=wanted)
        assert result.status == DONE, result
        return self.daxprov.inventory()

    def killed(self, wanted, at, *allow, calls=("write",), paths=("/sys",)):
        result = self.run("apply", "--yes", allow=allow, profile=wanted,
                          fault=Fault(at, "kill-before", calls=calls, paths=paths))
        assert result.signal == 9, result

    def cut_power(self):
        self.vm.run("sync")
        self.vm.kill()
        self.vm.reboot()
        self.mount()

    def write_everywhere(self, seed):
        """Writes to every active namespace of the first region; what then is on each, by its address."""
        found = self.daxprov.inventory()
        for each in found.region(0)["namespaces"]:
            node = each.get("blockdev") or each.get("chardev")
            if each["state"] == "active" and node:
                contents.fill(self.vm, f"/dev/{node}", f"{seed} {each['resource']}")
        return self.media(found)

    def media(self, found):
        return {each["resource"]: contents.media_digest(self.vm, each, found.region(0))
                for each in found.region(0)["namespaces"] if each["state"] == "active"}


@pytest.fixture
def host(labelled):
    return Host(labelled)


CHANGED = profile(region(0, *(namespace(name=name, mode=mode, size="32 MiB")
                             for name, mode in zip(NAMES, ("fsdax", "raw", "devdax")))), KEPT)


@pytest.mark.parametrize("at, goal, words", [
    (1, NOTHING, ("recover",)), (6, NOTHING, ("recover",)), (6, NOTHING, ("apply", "--yes", "-")), (1, CHANGED, ("recover",)),
    (5, CHANGED, ("apply", "--yes", "-"))], ids=["intent", "store", "by an apply", "change, intent", "change, by an apply"])
def test_what_people_write_after_a_boot_is_not_written_over(host, at, goal, words):
    """Killed right after the intent of the first step, or right before the store that would have released the first
    namespace, after its intent. What recovers is a command of its own, or an apply for another region."""
    host.applied(profile(region(0, *MODES)))
    host.write_everywhere("before")
    facts = host.daxprov.inventory().facts()
    host.killed(goal, at, *NAMES)
    host.cut_power()
    written = host.write_everywhere("since")
    assert len(written) == 3
    plan = host.run("plan", profile=profile(region(0, *MODES)))
    assert "interrupted" in plan.out, plan
    recovered = host.run(*words, stdin=profile(KEPT).encode())
    assert recovered.status == DONE and "undone" in recovered.out + recovered.err, recovered
    found = host.daxprov.inventory()
    assert found.facts() == facts and host.media(found) == written


def test_data_that_was_written_over_is_not_promised(host):
    old, new = namespace(name="old", mode="raw", size="32 MiB"), namespace(name="new", mode="raw", size="32 MiB")
    node = host.applied(profile(region(0, old))).node("old")
    contents.fill(host.vm, node, "old")
    host.applied(NOTHING, "old")
    node = host.applied(profile(region(0, new))).node("new")
    contents.fill(host.vm, node, "new")
    assert host.run("rollback", "--yes", allow=["new"]).status == DONE
    refused = host.run("rollback", "--yes", "2")
    assert refused.status == REFUSED and "region0/old" in refused.err and "--allow-destroy old" in refused.err, refused
    assert host.daxprov.inventory().region(0)["namespaces"] == []
    undone = host.run("rollback", "--yes", "2", allow=["old"])
    assert undone.status == DONE and "not all of its data" in undone.out, undone
    assert host.daxprov.inventory().named("old")


def test_what_another_tool_wrote_in_between_is_not_promised(host):
    """It made a namespace in the place and destroyed it again."""
    vm = host.vm
    node = host.applied(profile(region(0, namespace(name="old", mode="raw", size="32 MiB")))).node("old")
    contents.fill(vm, node, "old")
    host.applied(NOTHING, "old")
    vm.run("ndctl create-namespace -r region0 -m raw -s 32M -n theirs", check=True)
    found = host.daxprov.inventory()
    contents.fill(vm, found.node("theirs"), "theirs")
    vm.run(["ndctl", "destroy-namespace", "-f", found.named("theirs")["dev"]], check=True)
    refused = host.run("rollback", "--yes")
    assert refused.status == REFUSED and "--allow-destroy old" in refused.err, refused
    undone = host.run("rollback", "--yes", allow=["old"])
    assert undone.status == DONE and "not all of its data" in undone.out, undone


def test_what_was_written_in_place_is_not_promised(host):
    """Sector, raw, and sector again, which is written to; both changes are rolled back."""
    def one(mode):
        return profile(region(0, namespace(name="x", mode=mode, size="32 MiB")))

    contents.fill(host.vm, host.applied(one("sector")).node("x"), "old")
    host.applied(one("raw"), "x")
    contents.fill(host.vm, host.applied(one("sector"), "x").node("x"), "new")
    refused = host.run("rollback", "--yes")
    assert refused.status == REFUSED and "--allow-destroy x" in refused.out, refused
    assert host.run("rollback", "--yes", allow=["x"]).status == DONE
    second = host.run("rollback", "--yes", "2", allow=["x"])
    assert second.status == DONE and "not all of its data" in second.out, second


def test_consent_is_one_word_for_one_loss(host):
    """Also where a name looks like another one's address."""
    vm = host.vm
    odd = namespace(name="region1/state", mode="raw", size="32 MiB")
    host.applied(profile(region(0, odd)))
    for word in ("region1/state", "region1/state,other", "nobody"):
        refused = host.run("apply", "--yes", allow=[word], profile=NOTHING)
        assert refused.status == REFUSED, refused
    assert host.daxprov.inventory().named("region1/state")
    assert vm.run(f"findmnt {DISK}").status == 0


def test_consent_to_a_rollback_is_for_one_region(labelled):
    daxprov = Daxprov(labelled)
    both = "version: 1\nregions:\n  - match: {min_size: 1 MiB}\n    each: true\n    namespaces: [{name: x, mode: raw, size: 32 MiB}]\n"
    for each in daxprov.applied(both).namespaces:
        contents.fill(labelled, f"/dev/{each['blockdev']}", each["dev"])
    facts = daxprov.inventory().facts()
    for words in (["x"], ["x,y"], ["region0/x"], ["region0/x", "nobody"]):
        refused = daxprov.run("rollback", "--yes", *(part for word in words for part in ("--allow-destroy", word)))
        assert refused.status == REFUSED, refused
    assert daxprov.inventory().facts() == facts
    undone = daxprov.run("rollback", "--yes", "--allow-destroy", "region0/x", "--allow-destroy", "region1/x")
    assert undone.status == DONE and daxprov.inventory().namespaces == [], undone


def test_a_rollback_asks_on_a_region_without_labels_too(machine):
    vm = machine("e820")
    daxprov = Daxprov(vm)
    contents.fill(vm, "/dev/pmem0", "old")
    node = daxprov.applied(MAPPED, allow=["region0"]).region(0)["namespaces"][0]["blockdev"]
    file = contents.make_file(vm, f"/dev/{node}", "/mnt/one", "one")
    vm.run("umount /mnt/one", check=True)
    refused = daxprov.run("rollback", "--yes")
    said = refused.out + refused.err
    assert refused.status == REFUSED and "region0" in said and "ext4" in said, refused
    vm.run(f"mount -o dax /dev/{node} /mnt/one", check=True)
    assert contents.file_digest(vm, "/mnt/one") == file
    vm.run("umount /mnt/one", check=True)
    assert daxprov.run("rollback", "--yes", "--allow-destroy", "region0").status == DONE


def test_what_is_written_to_a_region_without_labels_after_a_crash_stays(machine):
    """Nothing but its address and its content tells which one it is."""
    vm = machine("e820")
    daxprov = Daxprov(vm)
    contents.fill(vm, "/dev/pmem0", "old")
    killed = daxprov.run("apply", "--yes", "--allow-destroy", "region0", profile=MAPPED, fault=Fault(14, "kill-before", paths=("/sys",)))
    assert killed.signal == 9, killed
    device = daxprov.inventory().region(0)["namespaces"][0]
    if device["state"] != "active":
        vm.run(["ndctl", "enable-namespace", device["dev"]])
        device = daxprov.inventory().region(0)["namespaces"][0]
    node = f"/dev/{device['blockdev']}"
    contents.fill(vm, node, "somebody's")
    written = contents.start_digest(vm, node)
    stopped = daxprov.run("recover")
    assert stopped.status == PARTIAL and "--allow-destroy" in stopped.err, stopped
    assert contents.start_digest(vm, node) == written


def test_a_killed_rollback_goes_on_while_another_region_is_disabled(labelled):
    """What fills the gap before the place of what comes back is looked for in its region alone."""
    daxprov = Daxprov(labelled)

    def three(*names):
        return profile(region(0, *(namespace(name=name, mode="raw", size="32 MiB") for name in names)), unmanaged="destroy")

    made = daxprov.applied(three("one", "two", "three"))
    place = made.named("three")["resource"]
    contents.fill(labelled, made.node("three"), "three")
    daxprov.applied(three("two", "three"), allow=["one"])
    ends = set()
    for at in (4, 9, 14, 19, 24):
        daxprov.applied(three("two"), allow=["three"])
        labelled.run("ndctl enable-region region1", check=True)
        killed = daxprov.run("rollback", "--yes", fault=Fault(at, "kill-before", paths=("/sys",)))
        ends.add(killed.signal)
        labelled.run("ndctl disable-region region1", check=True)
        recovered = daxprov.run("recover")
        assert recovered.status == DONE, (at, killed, recovered)
        found = daxprov.inventory()
        assert {each["name"] for each in found.region(0)["namespaces"]} == {"two", "three"}, at
        assert found.named("three")["resource"] == place and found.region(1)["state"] == "disabled"
        assert contents.start_digest(labelled, found.node("three")) == contents.hashlib.sha256(contents.pattern("three", 1 << 20)).hexdigest()
    assert 9 in ends


def test_what_was_made_and_written_to_is_given_up_by_name_alone(host):
    three = [namespace(name=name, mode="fsdax", size="32 MiB") for name in ("one", "two", "three")]
    stores = 10  # about as many as a creation makes
    host.killed(profile(region(0, *three)), 2 * stores + 5)
    found = host.daxprov.inventory()
    file = contents.make_file(host.vm, found.node("one"), "/mnt/one", "one")
    host.vm.run("umount /mnt/one", check=True)
    planned = host.run("plan", profile=profile(region(0, *three)))
    assert "region0/one will be removed" in planned.out, planned
    asked = host.run("apply", "-", stdin=profile(region(0, *three)).encode())
    assert asked.status == REFUSED and "interrupted" in asked.out + asked.err, asked
    assert host.daxprov.inventory().facts() == found.facts()
    for words in (["recover"], ["apply", "--yes", "-"]):
        stopped = host.run(*words, stdin=profile(region(0, *three)).encode())
        assert stopped.status == PARTIAL and "region0/one" in stopped.err and "ext4" in stopped.err, stopped
        assert "--allow-destroy one" in stopped.err, stopped
    host.vm.run(f"mount -o dax {host.daxprov.inventory().node('one')} /mnt/one", check=True)
    assert contents.file_digest(host.vm, "/mnt/one") == file
    host.vm.run("umount /mnt/one", check=True)
    recovered = host.run("recover", allow=["one"])
    assert recovered.status == DONE, recovered
    assert host.daxprov.inventory().region(0)["namespaces"] == []


@pytest.mark.parametrize("way", ["recover", "apply", "rollback"])
def test_a_region_that_its_owner_disabled_stays_so(labelled, way):
    daxprov = Daxprov(labelled)
    labelled.run("ndctl create-namespace -r region1 -m raw -n state", check=True)
    daxprov.applied(profile(region(0, MODES[0])))
    killed = daxprov.run("apply", "--yes", "--allow-destroy", "raw", profile=NOTHING,
                         fault=None if way == "rollback" else Fault(6, "kill-before", paths=("/sys",)))
    assert killed.signal == (None if way == "rollback" else 9), killed
    labelled.run("ndctl disable-region region1", check=True)
    words = {"recover": ["recover"], "apply": ["apply", "--yes", "-"], "rollback": ["rollback", "--yes"]}[way]
    recovered = daxprov.run(*words, stdin=profile(region(0, MODES[0])).encode())
    assert recovered.status == DONE, recovered
    found = daxprov.inventory()
    assert found.named("raw") and found.region(1)["state"] == "disabled"


def test_the_end_is_looked_at_and_protects(host):
    """Killed when every step was done, before the end was recorded; then the namespace is replaced."""
    wanted = profile(region(0, namespace(name="kept", mode="raw", size="32 MiB", protect="true"), MODES[0]))
    count = host.run("apply", "--yes", profile=wanted, fault=Fault(calls=("sync",), paths=(STATE,)))
    assert count.status == DONE, count
    calls = len(host.vm.read_file(Fault.log).decode().splitlines())
    assert host.run("unprotect", "kept").status == DONE
    assert host.run("rollback", "--yes", allow=["kept", "raw"]).status == DONE
    for at in range(calls - 6, calls + 1):
        killed = host.run("apply", "--yes", profile=wanted,
                          fault=Fault(at, "kill-before", calls=("sync",), paths=(STATE,)))
        if killed.signal == 9 and "2 of 2" not in killed.out and len(host.daxprov.inventory().region(0)["namespaces"]) == 2:
            break
        host.run("recover")
        host.run("unprotect", "kept")
        host.run("rollback", "--yes", allow=["kept", "raw"])
    else:
        pytest.fail("no call lies between the last step and the end")
    device = host.daxprov.inventory().named("raw")["dev"]
    host.vm.run(f"ndctl destroy-namespace -f {device} && ndctl create-namespace -r region0 -m raw -s 32M -n theirs",
                check=True)
    recovered = host.run("recover")
    assert recovered.status in (DONE, PARTIAL), recovered
    if recovered.status == DONE:
        assert "raw is not what the transaction left" in recovered.err, recovered
        refused = host.run("apply", "--yes", allow=["kept", "theirs"], profile=NOTHING)
        assert refused.status == REFUSED and "protected" in refused.out, refused
    assert host.daxprov.inventory().named("theirs")

THEIRS = {"destroy": "ndctl destroy-namespace -f {dev}", "reconfigure": "ndctl create-namespace -f -e {dev} -m {mode}",
          "replace": "ndctl destroy-namespace -f {dev} && ndctl create-namespace -r region0 -m raw -s 32M -n theirs"}


def identity(item):
    return {key: item[key] for key in ("raw_uuid", "mode", "raw_size", "resource", "state")}


@pytest.mark.parametrize("way", THEIRS)
@pytest.mark.parametrize("boots", [False, True], ids=["same boot", "a boot"])
def test_another_tool_goes_on_with_what_was_begun(host, way, boots):
    """Killed in the first step; then somebody does the same by ndctl, or what he thinks better, and writes there. What is his stays, but
    what he destroyed may come back: recovery comes to its end, once he has given the place free."""
    vm = host.vm
    for goal in (NOTHING, CHANGED):
        for at in (1, 10) if boots else (1, 6) if goal is NOTHING else (1, 10):
            vm.run("ndctl destroy-namespace -f -r region0 all")
            host.applied(profile(region(0, *MODES)))
            host.write_everywhere("before")
            old = identity(host.daxprov.inventory().named("raw"))
            host.killed(goal, at, *NAMES)
            if boots:
                host.cut_power()
            found = host.daxprov.inventory()
            for each in found.region(0)["namespaces"]:
                mode = "raw" if each.get("mode") == "sector" else "sector"
                vm.run(THEIRS[way].format(dev=each["dev"], mode=mode))
            theirs = host.write_everywhere("since")
            result, agreed = host.run("recover"), set()
            where = (at, goal is NOTHING, result)
            assert result.status in (DONE, PARTIAL), where
            media = host.media(host.daxprov.inventory())
            assert {place: media.get(place) for place in theirs} == theirs, where
            while result.status == PARTIAL:
                asked = set(re.findall(r"--allow-destroy '?([^\s']+)", result.err)) - agreed
                if not asked:
                    for each in host.daxprov.inventory().region(0)["namespaces"]:
                        vm.run(["ndctl", "destroy-namespace", "-f", each["dev"]])
                agreed = agreed | asked if asked else set()
                last, result = result, host.run("recover", allow=agreed)
                assert result.status == DONE or result.err != last.err, (where, result)
            if way == "destroy":
                # What no step had begun to release stays destroyed, and that is said.
                back = [identity(each) for each in host.daxprov.inventory().region(0)["namespaces"] if each.get("name") == "raw"]
                assert back == [old] or back == [] and "somebody destroyed it meanwhile" in result.out + result.err, (where, result)


def test_what_ran_raw_and_got_another_name_ends_the_recovery(host):
    """Killed while its media was looked at; somebody writes to it while it runs raw, info block and all, and gives it another name."""
    vm = host.vm
    for at in range(2, 12):
        vm.run("ndctl destroy-namespace -f -r region0 all")
        host.applied(profile(region(0, MODES[2])))
        host.killed(profile(region(0, namespace(name="files", mode="devdax", size="32 MiB"))), at, "files")
        found = host.daxprov.inventory().named("files")
        if found["state"] == "active" and found["mode"] == "raw":
            break
        recovered = host.run("recover")
        assert recovered.status == DONE, recovered
    else:
        pytest.fail("it runs raw at no store")
    contents.fill(vm, f"/dev/{found['blockdev']}", "theirs")
    written = contents.media_digest(vm, found, host.daxprov.inventory().region(0))
    name = f"/sys/bus/nd/devices/{found['dev']}/alt_name"
    vm.run(f"ndctl disable-namespace {found['dev']} && echo theirs > {name} && ndctl enable-namespace {found['dev']}", check=True)
    assert host.daxprov.inventory().named("theirs")["mode"] == "raw"
    recovered = host.run("recover")
    now = host.daxprov.inventory()
    assert contents.media_digest(vm, now.region(0)["namespaces"][0], now.region(0)) == written
    if recovered.status == PARTIAL:  # it died before it had the kernel count writes
        assert "--allow-destroy theirs" in recovered.err, recovered
        recovered = host.run("recover", allow=["theirs"])
    assert recovered.status == DONE and "somebody has written to it since" in recovered.out + recovered.err, recovered


PAGE = "head -c 4096 /dev/urandom"


@pytest.mark.parametrize("fields, use", [
    ({"mode": "fsdax", "map": "mem"}, f"{PAGE} | dd of=NODE bs=4k count=1 oflag=direct iflag=fullblock"),
    ({"mode": "fsdax", "map": "mem"}, "mkfs.ext4 -q NODE"),
    ({"mode": "devdax", "map": "mem"}, f"{PAGE} | {contents.DAXMAP} write NODE")], ids=["page", "mkfs", "devdax"])
def test_what_is_written_to_a_new_mode_before_the_step_has_ended_is_asked_for(labelled, fields, use):
    """Killed right after the kernel enabled it: the place lies far behind what was saved."""
    daxprov = Daxprov(labelled)
    made = daxprov.applied(profile(region(0, namespace(name="x", mode="raw", size="64 MiB"))))
    contents.fill(labelled, made.node("x"), "old")
    digest, facts = contents.start_digest(labelled, made.node("x")), made.facts()
    driver, at = ("dax_pmem", 1) if fields["mode"] == "devdax" else ("nd_pmem", 2)  # the first is the look at its media
    killed = daxprov.run(
        "apply", "--yes", "--allow-destroy", "x", profile=profile(region(0, namespace(name="x", size="64 MiB", **fields))),
        fault=Fault(at, "kill-after", paths=(f"/sys/bus/nd/drivers/{driver}/bind",)))
    assert killed.signal == 9, killed
    found = daxprov.inventory()
    assert fields.items() <= found.named("x").items(), found.named("x")
    labelled.run(use.replace("NODE", found.node("x")) + "; sync", check=True)
    theirs = contents.media_digest(labelled, found.named("x"), found.region(0))
    stopped = daxprov.run("recover")
    assert stopped.status == PARTIAL and asked(stopped) == {"x"}, stopped
    now = daxprov.inventory()
    assert now.facts() == found.facts() and contents.media_digest(labelled, now.named("x"), now.region(0)) == theirs
    back = daxprov.recovered("x")
    assert back.facts() == facts and contents.start_digest(labelled, back.node("x")) == digest


@pytest.mark.parametrize("fields", [{"mode": "fsdax", "map": "mem"}, {"mode": "devdax", "map": "mem"}], ids=["fsdax", "devdax"])
def test_a_new_mode_that_nobody_used_is_taken_back_unasked(labelled, fields):
    daxprov = Daxprov(labelled)
    made = daxprov.applied(profile(region(0, namespace(name="x", mode="raw", size="64 MiB"))))
    contents.fill(labelled, made.node("x"), "old", 4 << 20)
    digest, facts = contents.digest(labelled, made.node("x")), made.facts()
    driver, at = ("dax_pmem", 1) if fields["mode"] == "devdax" else ("nd_pmem", 2)
    killed = daxprov.run(
        "apply", "--yes", "--allow-destroy", "x", profile=profile(region(0, namespace(name="x", size="64 MiB", **fields))),
        fault=Fault(at, "kill-after", paths=(f"/sys/bus/nd/drivers/{driver}/bind",)))
    assert killed.signal == 9 and daxprov.inventory().named("x")["mode"] == fields["mode"], killed
    back = daxprov.recovered()
    assert back.facts() == facts and contents.digest(labelled, back.node("x")) == digest


RAW, DIRECT = (profile(region(0, namespace(mode=mode))) for mode in ("raw", "fsdax"))
# A region without labels and info block is fsdax with its page map in memory already.
MAPPED = profile(region(0, namespace(mode="fsdax", map="dev")))


@pytest.mark.each_kernel
def test_a_dimm_that_was_replaced_is_not_written_and_one_that_moved_is(machine):
    """A region without labels becomes fsdax; killed half-way, its DIMM is replaced, and then comes back elsewhere."""
    vm = machine("nvdimm-placed")
    daxprov = Daxprov(vm)
    identity = daxprov.inventory().region(0)["mappings"][0]["dimm"]
    identity = next(dimm["id"] for dimm in daxprov.inventory().dimms if dimm["dev"] == identity)
    contents.fill(vm, "/dev/pmem0", "old")
    old = contents.image_digest(vm, "dimm0", 0, 64 << 20)
    vm.run(f"mkfs.ext4 -q /dev/pmem1 && mkdir -p {DISK} && mount /dev/pmem1 {DISK}", check=True)

    def run(*words, **options):
        return daxprov.run(words[0], "--state-dir", STATE, *words[1:], **options)

    killed = run("apply", "--yes", "--allow-destroy", "region0", "--allow-destroy", "namespace0.0", profile=DIRECT,
                 fault=Fault(14, "kill-before", paths=("/sys",)))
    assert killed.signal == 9, killed
    vm.run(f"umount {DISK}", check=True)

    def remount():
        for node in re.findall(r"pmem\d+", vm.run("ls /dev").out):
            if vm.run(f"mkdir -p {DISK} && mount -t ext4 /dev/{node} {DISK}").status == 0:
                return

    vm.rebuild("nvdimm-replaced")
    contents.fill(vm, "/dev/pmem0", "somebody's")
    remount()
    other = contents.image_digest(vm, "dimm2", 0, 64 << 20)
    stopped = run("recover")
    assert stopped.status == PARTIAL and identity in stopped.err, stopped
    vm.run(f"umount {DISK}; sync")
    assert contents.image_digest(vm, "dimm2", 0, 64 << 20) == other

    vm.rebuild("nvdimm-moved")
    remount()
    recovered = run("recover")
    assert recovered.status == DONE, recovered
    vm.run(f"umount {DISK}; sync")
    assert contents.image_digest(vm, "dimm0", 0, 64 << 20) == old
    assert contents.image_digest(vm, "dimm2", 0, 64 << 20) == other


@pytest.mark.parametrize("at", [2, 6])
def test_dimms_that_change_places_while_labels_are_initialised_keep_their_own(machine, at):
    """Killed early and in the middle; then the two DIMMs are in each other's places."""
    vm = machine("nvdimm-placed")
    daxprov = Daxprov(vm)
    first = daxprov.inventory().dimms[0]["id"]
    wanted = profile(region(0, namespace(name="a", mode="raw", size="32 MiB"), labels="init", match=f"{{dimms: [{first}]}}"))
    killed = daxprov.run("apply", "--yes", "--allow-destroy", "region0", profile=wanted,
                         fault=Fault(at, "kill-before", paths=("/sys",)))
    assert killed.signal == 9, killed
    record = vm.run("sync; tar -C /var/lib -cf - daxprov", check=True).stdout
    neighbour = contents.image_digest(vm, "dimm1", 0, -1)
    vm.rebuild("nvdimm-swapped")
    vm.run("mkdir -p /var/lib && tar -C /var/lib -xf -", stdin=record, check=True)
    recovered = daxprov.run("recover")
    if recovered.status == PARTIAL:
        asked = set(re.findall(r"--allow-destroy '?([^\s']+)", recovered.err))
        recovered = daxprov.run("recover", *(word for name in asked for word in ("--allow-destroy", name)))
    assert recovered.status == DONE, recovered
    vm.run("sync")
    assert contents.image_digest(vm, "dimm1", 0, -1) == neighbour
    # Until then the kernel calls a region labelled, and empty, whose labels were taken back.
    vm.reboot()
    assert daxprov.apply(wanted, allow=[each["dev"] for each in daxprov.inventory().regions]).status == DONE
    assert contents.image_digest(vm, "dimm1", 0, -1) == neighbour
