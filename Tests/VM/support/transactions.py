"""Applying one profile over another with something going wrong on the way, and judging what came of it."""

import re
from dataclasses import dataclass

from lab import Fault, LabError

from . import contents
from .daxprov import Daxprov, DONE, PARTIAL, REFUSED
from .profiles import namespace, profile, region
from .snapshot import Snapshot

DISK = "/mnt/state"
STATE = f"{DISK}/daxprov"
CALLS = ("write", "sync", "rename", "unlink", "ioctl", "truncate")
OPENS = (*CALLS, "open")
LOOKS = ("look", "read", "ask")
PATHS = (
    "/sys", "/dev/pmem", "/dev/dax", "/dev/nmem", "/dev/ndctl", "/proc/self", "/proc/swaps", "/proc/1/", STATE)
KEPT = namespace(name="keep", mode="fsdax", size="32 MiB")
START, LENGTH = 0, 8 << 20
PATIENCE = 900  # seconds; without KVM and with busy processors a run takes minutes
OLD, NEW, THIRD = "old", "new", "third"


@dataclass(frozen=True)
class Plan:
    """From the profile `before` to `after`. The namespace `keep`, where there is one, is mounted throughout."""
    name: str
    before: str
    after: str
    allow: tuple = ()
    undo: tuple = ()
    labelled: bool = True


def _of(*namespaces):
    return profile(region(0, KEPT, *namespaces, labels="init"), unmanaged="destroy")


def _item(name, mode, size="32 MiB", **fields):
    return namespace(name=name, mode=mode, size=size, **fields)


MODES = (_item("wal", "fsdax"), _item("heap", "devdax"), _item("journal", "sector"), _item("scratch", "raw"))
NAMES = ("wal", "heap", "journal", "scratch")

PLANS = {plan.name: plan for plan in (
    Plan("creates", _of(), _of(*MODES), undo=NAMES),
    Plan("reconfigures",
         _of(*MODES),
         _of(_item("wal", "devdax"), _item("heap2", "devdax", renamed_from="heap"), _item("journal", "raw"),
             _item("scratch", "sector")),
         allow=("wal", "journal", "scratch"), undo=("wal", "journal", "scratch")),
    Plan("replaces",
         _of(_item("wal", "fsdax", "64 MiB"), _item("heap", "devdax"), _item("scratch", "raw", "64 MiB")),
         _of(_item("heap", "devdax"), _item("scratch", "raw", "96 MiB"), _item("log", "sector", "64 MiB")),
         allow=("wal", "scratch"), undo=("log", "scratch")),
    Plan("labels", "", profile(region(0, *MODES[:2], labels="init")), allow=("region0",), undo=NAMES[:2],
         labelled=False),
)}


class Transactions:
    """A machine that is as `plan.before` says, with data everywhere; its old state is what it must come back to.

    The journal is on the second DIMM, on a file system that outlives the machine's power.
    """

    def __init__(self, vm, plan):
        self.vm, self.plan, self.daxprov, self.asked = vm, plan, Daxprov(vm), 0
        vm.run(f"mkfs.ext4 -q /dev/pmem1 && mkdir -p {DISK} && mount /dev/pmem1 {DISK}", check=True)
        if plan.before:
            result = self.run("apply", "--yes", "--allow-destroy", "region0", profile=plan.before)
            assert result.status == DONE, result
        found = self.daxprov.inventory()
        if plan.labelled:
            self.file = contents.make_file(vm, found.node("keep"), "/mnt/keep", "keep")
        for each in found.region(0)["namespaces"] if plan.labelled else ():
            if each["name"] != "keep":
                contents.fill(vm, "/dev/" + (each.get("blockdev") or each["chardev"]), each["dev"])
        if not plan.labelled:
            vm.run(f"head -c {LENGTH} /dev/urandom | dd of=/dev/pmem0 bs=1M iflag=fullblock",
                   check=True)
        vm.run("sync")
        self.forget()
        self.old = self.snapshot()

    def run(self, *words, profile=None, **options):
        options = {"timeout": PATIENCE, **options}
        result = self.daxprov.run(words[0], "--state-dir", STATE, *words[1:], profile=profile, **options)
        assert not result.timed_out, result
        return result

    @property
    def _apply(self):
        return ("apply", "--yes", *(word for name in self.plan.allow for word in ("--allow-destroy", name)))

    def apply(self, at=0, action="", calls=CALLS):
        """Applies with that fault; the result and the number of calls that were counted."""
        result = self.run(*self._apply, profile=self.plan.after, fault=self._fault(at, action, calls))
        return result, self._count()

    def cut_power(self, at):
        """Applies, and cuts the power before the call; false where it ended before, and the number of calls."""
        words = ["daxprov", self._apply[0], "--state-dir", STATE, *self._apply[1:], "-"]
        try:
            self.vm.run_until_mark(
                words, stdin=self.plan.after.encode(), fault=self._fault(at, "mark-before"), timeout=PATIENCE)
        except LabError as error:
            if "ended before" not in str(error):
                raise
            return False, self._count()
        self.restart()
        return True, at

    def lose_power(self):
        self.vm.run(f"umount {DISK}; sync")
        self.vm.kill()
        self.restart()

    def write_everywhere(self, seed):
        """Writes to every byte that somebody can reach of the first region's namespaces, but the mounted one; where that
        is, with what is there then."""
        region = self.daxprov.inventory().region(0)
        written = {}
        for each in region["namespaces"]:
            node = each.get("blockdev") or each.get("chardev")
            if each["state"] == "active" and each.get("name") != "keep":
                contents.fill_all(self.vm, f"/dev/{node}", f"{seed} {each['resource']}")
                place = contents.media_range(each, region)
                written[place] = contents.image_digest(self.vm, *place)
        return written

    def written_over(self, written):
        """Which of these places hold something else now."""
        self.vm.run("sync")
        return [place for place, digest in written.items() if contents.image_digest(self.vm, *place) != digest]

    def agree(self, *words, refusal, **options):
        """Runs it until it no longer asks for consent, with what it asks for; the last result and what was agreed to."""
        allow = []
        while True:
            result = self.run(*words, *(word for name in allow for word in ("--allow-destroy", name)), **options)
            asked = re.findall(r"--allow-destroy '?([^\s']+)", result.err + result.out)
            if result.status != refusal or not set(asked) - set(allow):
                self.finish(result)
                return result, allow
            allow += sorted(set(asked) - set(allow))

    def recover_written(self, written):
        """Recovers what was written to since: without consent, and then with all that it asks for. OLD, NEW or THIRD, by
        layout and identity, and why."""
        facts = self.layout()
        result = self.run("recover")
        if lost := self.written_over(written):
            return THIRD, [f"written over without consent: {lost}", result]
        if result.status == PARTIAL:
            if "--allow-destroy" not in result.err or self.layout() != facts:
                return THIRD, ["it asks for nothing, or changed something all the same", result]
            result, _ = self.agree("recover", refusal=PARTIAL)
        else:
            self.finish(result)
        if result.status != DONE:
            return THIRD, [result]
        now = self.layout()
        # What the kernel needs to enable it was written over as well, and that was agreed to.
        gone = set(re.findall(r"(\S+) has its label and place again, and cannot be enabled", result.out + result.err))
        # So it was of what had run raw since the kill: that is left to who wrote there, and nothing else is.
        left = set(re.findall(
            r"(\S+) is left as it is: it has its label and place, and somebody has written to it since", result.out + result.err))
        ran_raw = {each.get("name") for each in facts if each.get("mode") == "raw"} - {
            each.get("name") for each in self.old.facts if each.get("mode") == "raw"}
        if not left <= ran_raw:
            return THIRD, [f"left, and was never raw: {left - ran_raw}", result]
        gone |= left
        if [each for each in now if each.get("name") not in gone] == [
                each for each in self.old.facts if each.get("name") not in gone]:
            return OLD, []
        return (NEW, []) if self.daxprov.is_settled(self.plan.after) else (THIRD, [result, now])

    def start_again(self):
        """Brings the old layout back where it is not there, with consent to everything; what is there then is the old
        state of the next point."""
        if self.layout() != self.old.facts:
            self.agree("rollback", "--yes", refusal=REFUSED)
        for each in self.inventory().namespaces:
            if each["state"] == "disabled":  # its translation table is gone
                self.vm.run(f"ndctl destroy-namespace -f {each['dev']}", check=True)
        if self.layout() != self.old.facts:
            result, _ = self.agree("apply", "--yes", refusal=REFUSED, profile=self.plan.before)
            assert result.status == DONE, result
        self.forget()
        self.old = self.snapshot()

    def recover(self):
        """Recovers, with consent to what it asks for: to namespaces that had just come online, and hold what had lain there."""
        result = self.run("recover")
        if result.status == PARTIAL and "--allow-destroy" in result.err:
            self.asked += 1
            return self.agree("recover", refusal=PARTIAL)[0]
        self.finish(result)
        return result

    def recover_with(self, at, action, calls):
        """Recovers with that fault; the result and the number of calls that were counted."""
        result = self.run("recover", fault=self._fault(at, action, calls))
        count = self._count()
        self.finish(result)
        return result, count

    def roll_back(self):
        result = self.run("rollback", "--yes", *(w for name in self.plan.undo for w in ("--allow-destroy", name)))
        self.finish(result)
        return result

    def finish(self, result):
        """The namespace of a label-less region is back after a reboot, which the program says; not again where it died
        right after recording the end."""
        said = result.out + result.err
        if "after the next reboot" in said or not self.plan.labelled and "Nothing was interrupted" in said:
            self.vm.run(f"umount {DISK}")
            self.vm.kill()
            self.restart()

    def restart(self):
        """The machine after its power came back, with the file systems that an administrator would mount."""
        self.vm.reboot()
        node = self.daxprov.inventory().region(1)["namespaces"][0]["blockdev"]
        self.vm.run(f"mkdir -p {DISK} && mount /dev/{node} {DISK}", check=True)
        if self.plan.labelled:
            node = self.daxprov.inventory().node("keep")
            self.vm.run(f"mkdir -p /mnt/keep && mount -o dax {node} /mnt/keep", check=True)

    def tear_journal(self):
        """Half of the journal's last line never reached the disk, if it was not yet known to have."""
        calls = self.vm.read_file(Fault.log).decode().splitlines()
        if not (calls and " fsync " in calls[-1] and calls[-1].endswith("/journal")):
            return
        self.vm.run(f"""
            cd {STATE}/transactions/*/ || exit 0
            last=$(tail -n 1 journal | wc -c); all=$(stat -c %s journal)
            truncate -s $((all - last / 2)) journal""", check=True)

    def judge(self):
        """(OLD, NEW or THIRD, what differs from the old state)."""
        now = self.snapshot()
        differences = self.old.differences(now)
        if self.plan.labelled and self.vm.run("sha256sum < /mnt/keep/data").out.split()[0] != self.file:  # with DAX
            return THIRD, ["the mounted neighbour's file changed"]
        if not differences:
            return OLD, []
        if self._lost(now) or not self.daxprov.is_settled(self.plan.after):
            return THIRD, differences
        return NEW, differences

    def _lost(self, now):
        """Whether data changed of a namespace that the plan keeps or renames."""
        old = {each.get("raw_uuid") for each in self.old.facts}
        kept = [each["resource"] for each in now.facts if each.get("raw_uuid") in old]
        return any(self.old.media[place] != now.media.get(place) for place in kept if place in self.old.media)

    def inventory(self):
        """All but the namespace where the journal is."""
        now = self.daxprov.inventory()
        now.regions[1]["namespaces"].clear()
        return now

    def layout(self):
        return self.inventory().facts()

    def snapshot(self):
        now = self.inventory()
        snapshot = Snapshot(self.vm, now, ("keep",))
        if not self.plan.labelled:  # its start, which what is created there writes over
            snapshot.media = {START: contents.image_digest(self.vm, "dimm0", START, LENGTH)}
        return snapshot

    def forget(self):
        """Removes what was recorded: the next transaction is a first one."""
        self.vm.run(f"rm -rf {STATE}", check=True)

    def _fault(self, at, action, calls=CALLS):
        self.vm.run(f"rm -f {Fault.log}")
        return Fault(at, action, calls=calls, paths=PATHS)

    def calls(self):
        """What was counted in the last run: each call and its path. Nothing where it made none."""
        lines = self.vm.run(f"cat {Fault.log} 2> /dev/null").out.splitlines()
        return [line.split(" ", 1)[1] for line in lines]

    def _count(self):
        return len(self.calls())
