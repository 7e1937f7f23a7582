"""A transaction that is killed, what happens then, and its recovery: what must be true after each run of it, and in the end.

Without consent every byte that anybody wrote since is what they wrote, and what other tools made is as they made it; with
consent to what is named nothing else goes. A region in which no step began is as it was found. In the end each other region
is as it was before the transaction, with every byte, but for what others did there; or all its steps had been performed, and
it is as they left it.
"""

import json
import os
import re

from lab import Fault

from .blocks import Blocks
from .daxprov import DONE, PARTIAL, REFUSED
from .profiles import namespace, profile, region
from .transactions import CALLS, PATHS
from .undo_host import DISK, MODES, MOVES, STATE, UndoHost, place, region_facts

LEFT = re.compile(
    r"(\S+) (?:is gone: somebody destroyed it|is left as it is: it has its label|has its label and place)")


def random_profile(host, name, images, unmanaged="destroy"):
    """Some namespaces on each of the DIMMs, in random modes. With `unmanaged` "destroy" nothing else stays on any of them."""
    random = host.random
    blocks = (region(0, *(namespace(name=f"{name}-{image}-{item}", mode=random.choice(MODES), size="32 MiB")
                          for item in range(random.choice((1, 2)))),
                     labels="init", match="{dimms: [%s]}" % host.ids[image]) for image in images)
    return profile(*blocks, unmanaged=unmanaged)


class UndoSituation:
    """A host with random namespaces full of data, and a random profile for some of its regions."""

    def __init__(self, vm, board, random, story):
        self.host = UndoHost(vm, board, random, story)
        self.random, self.story = random, story
        self.agreed, self.agreed_labels, self.deaths = set(), set(), 0
        state = self.host.regions(("state",))["state"]["namespaces"][0]
        is_new = vm.run(f"mkdir -p {DISK} && mount -t ext4 /dev/{state['blockdev']} {DISK}").status != 0
        if is_new:
            vm.run(f"mkfs.ext4 -q /dev/{state['blockdev']}", check=True)
            self.host.mount()
            wanted = random_profile(self.host, "first", board.worked_on)
            made, _ = self.agree("apply", "--yes", "-", refusal=REFUSED, stdin=wanted.encode())
            assert made.status == DONE, made
            vm.run(f"rm -r {STATE}", check=True)  # what is looked at is the only transaction
        self.before = Blocks(self.host.paths)
        if is_new:
            self.host.write_everywhere("before")
        self.host.note_data(self.before)
        regions = self.host.regions()
        self.old = {image: region_facts(each) for image, each in regions.items()}
        self.then = {each["dev"]: image for image, each in regions.items()}
        self.labels_then = {item["dev"]: item["raw_uuid"] for each in regions.values() for item in each["namespaces"]}
        self.places = self._places(regions)
        images = random.sample(board.worked_on, random.randint(1, min(2, len(board.worked_on))))
        unmanaged = random.choice(("destroy", "keep"))
        self.second = random_profile(self.host, "second", sorted(images), unmanaged)
        others = "nothing else stays" if unmanaged == "destroy" else "all else stays"
        story.append(f"{len(board.worked_on)} regions, new namespaces on {', '.join(sorted(images))}, {others}")
        self.left = self.old
        self.is_undone = False

    # What daxprov does

    def run(self, *words, allow=(), **options):
        words = (*words, *(word for name in sorted(allow) for word in ("--allow-destroy", name)))
        result = self.host.daxprov.run(words[0], "--state-dir", STATE, *words[1:], timeout=900, **options)
        assert not result.timed_out, result
        return result

    def agree(self, *words, refusal, **options):
        """Runs it with what it asks to be agreed to, and tells that."""
        allow = set()
        while True:
            result = self.run(*words, allow=allow, **options)
            asked = self.asked(result) - allow
            if result.status != refusal or not asked:
                return result, allow
            allow |= asked

    @staticmethod
    def asked(result):
        return set(re.findall(r"--allow-destroy '?([^\s']+)", result.err + result.out))

    def fault(self, at):
        self.host.vm.run(f"rm -f {Fault.log}")
        return Fault(at, "kill-before" if at else "", calls=CALLS, paths=PATHS)

    def apply(self, at):
        """Applies the second profile, and is killed at the call; at 0 at none."""
        preview = self.run("apply", "--dry-run", "-", stdin=self.second.encode())
        result = self.run("apply", "--yes", "-", allow=self.asked(preview), stdin=self.second.encode(), fault=self.fault(at))
        return self._killed("apply", at, result)

    def roll_back(self, at):
        names = set(re.findall(r"second-dimm\d-\d", self.second))
        killed = self._killed("rollback", at, self.run("rollback", "--yes", allow=names, fault=self.fault(at)))
        # Killed after its last record, it had ended.
        journal = self.journal()
        self.is_undone = not killed or bool(journal and journal["outcome"] == "rolled_back")
        return killed

    def _killed(self, what, at, result):
        """Whether it was killed."""
        self.story.append(f"{what} killed at {at}" if result.signal == 9 else f"{what}: {result.status}")
        assert result.signal == 9 or result.status == DONE, result
        self.found()
        return result.signal == 9

    def calls(self):
        """How many calls the last run made that it can be killed at."""
        return len(self.host.vm.run(f"cat {Fault.log} 2> /dev/null").out.splitlines())

    # What happens between

    def happen(self, *events):
        """Lets kinds of events happen to DIMMs, (kind, image); what moves a DIMM happens in one boot, in the place of the first
        of these. `boot` and `write` need no DIMM."""
        for kind, image in events:
            if kind == "write":
                self.story.append("written full")
                self.host.write_everywhere("since")
                self.host.note_data(self.host.since)
            elif kind == "boot":
                self.boot()
            else:
                self.host.happen(kind, image)
                if kind in MOVES:
                    self.boot()
            self.found()

    def boot(self):
        self.story.append("boot")
        self.intact("before a boot")
        self.host.boot()
        touched = self.touched()
        for image, (_, namespaces) in self.host.facts().items():
            state, known = self.left[image]
            if image not in touched and state == "enabled":
                for label in {*known, *namespaces} - {*self.host.theirs}:
                    assert namespaces.get(label) == known.get(label), ("changed by a boot", image, known.get(label))
        self.found()

    def found(self):
        """What is there now is what recovery finds."""
        regions = self.host.regions()
        self.host.remember(regions)
        self.left = {image: region_facts(regions[image]) if image in regions else known for image, known in self.left.items()}
        self.places |= self._places(regions)

    @staticmethod
    def _places(regions):
        """{(word that means a namespace, its DIMM, its blocks, its label)}"""
        return {(word, image, place(item, region), item.get("raw_uuid"))
                for image, region in regions.items() for item in region["namespaces"]
                for word in (item.get("name"), item.get("uuid"), item.get("raw_uuid"), item["dev"],
                             f"{region['dev']}/{item.get('name')}", f"{region['dev']}/{item['dev']}") if word}

    # What must be

    def journal(self):
        """The transaction, as `show` has it; None where it died before its journal had a record."""
        names = self.host.vm.run(f"cd {STATE}/transactions && for each in */journal; do [ ! -s $each ] || echo $each; done").out.split()
        return json.loads(self.run("show", os.path.dirname(names[0]), "--json").check().stdout) if names else None

    def touched(self):
        """The DIMMs in whose regions a step began."""
        journal = self.journal()
        return {self.then[step["region"]] for step in journal["steps"] if step["begun"]} if journal else set()

    def intact(self, when):
        """Every byte that anybody wrote since is there, and what other tools made, but for what was agreed to."""
        self.host.vm.run("sync")
        changed = self.host.since.changed(but=self.agreed)
        assert not changed, (when, "written over", changed[:4], len(changed))
        now = self.host.facts()
        for label, theirs in self.host.theirs.items():
            if theirs.facts is None or label in self.agreed_labels:
                continue
            assert not theirs.data.changed(but=self.agreed), (when, "written over", label, theirs.facts)
            state, namespaces = now.get(theirs.image, ("absent", {}))
            assert state != "enabled" or namespaces.get(label) == theirs.facts, (when, theirs.facts, namespaces.get(label))
        touched = self.touched()
        for image, facts in now.items():
            assert image in touched or facts == self.left[image], (when, "not to be touched", image, self.left[image], facts)

    def recover(self, at=None, allow=()):
        """Recovers, and is killed at the call; at 0 at none, and its calls are counted."""
        words = {} if at is None else {"fault": self.fault(at)}
        result = self.run("recover", allow=allow, **words)
        self.deaths += result.signal == 9
        self.story.append(f"recover killed at {at}" if result.signal == 9 else f"recover: {result.status}")
        self.intact(result)
        return result

    def recover_to_the_end(self, kill=lambda: 0):
        """Without consent; then with that which it asks for, with the DIMM in its place, when the other tool has given way.
        Each time it can be killed before."""
        allow, said = set(), ""
        for _ in range(8):
            at = kill()
            if at:
                said += self.text(self.recover(at, allow))
            result = self.recover(allow=allow)
            said += self.text(result)
            if result.status == DONE:
                self.judge(said)
                return
            assert result.status == PARTIAL, result
            asked = self.asked(result) - allow
            if asked:
                self.agree_to(asked, result)
                allow |= asked
                continue
            allow = set()
            absent = self.host.board.absent
            if absent in self.touched():
                assert self.host.ids[absent] in result.err and "is not there" in result.err, result
                self.put_back()
            else:
                assert {each.image for each in self.host.theirs.values()} & self.touched(), ("not ended", result)
                self.story.append("the other tool gives way")
                self.intact("before it gives way")
                self.host.give_way()
                self.found()
        raise AssertionError(("there is no end", said))

    def roll_back_to_the_end(self):
        """Rolls back what was applied, or is refused that: then nothing changes."""
        allow = set()
        while True:
            result = self.run("rollback", "--yes", allow=allow)
            self.story.append(f"rollback: {result.status}")
            self.intact(result)
            asked = self.asked(result) - allow
            if result.status == REFUSED and asked:
                self.agree_to(asked, result)
                allow |= asked
            elif result.status == REFUSED:
                assert self.host.facts() == self.left, result
                return
            elif result.status == PARTIAL:
                self.recover_to_the_end()
                return
            else:
                assert result.status == DONE, result
                self.judge(self.text(result))
                return

    @staticmethod
    def text(result):
        return result.out + result.err

    def agree_to(self, words, result):
        self.story.append(f"agreed to {sorted(words)}")
        self.places |= self._places(self.host.regions())
        for word in words:
            meant = [each for each in self.places if each[0] == word]
            assert meant, ("it asks for what is not there", word, result)
            self.agreed |= {(image, block) for _, image, blocks, _ in meant for block in blocks}
            self.agreed_labels |= {label for _, _, _, label in meant}

    def put_back(self):
        self.story.append(f"{self.host.board.absent} put back")
        self.host.board.put_back(self.random)
        self.boot()

    def judge(self, said):
        """How it may end. `said` is what its recoveries said."""
        journal, touched = self.journal(), self.touched()
        outcome = journal["outcome"] if journal else None
        self.story.append(str(outcome))
        self.outcome = outcome
        assert outcome in (None, "rolled_back", "committed", "incomplete"), journal
        if self.host.board.absent:
            self.put_back()
            self.intact("when it was put back")
        may_differ = self.agreed | self.host.others | self.host.since.all()
        # What happens after the end of a rollback is nobody's to undo.
        if outcome != "rolled_back" or self.is_undone:
            for image, facts in self.host.facts().items():
                assert facts == self.left[image], (outcome, image, facts, self.left[image])
            lost = [each for each in self.before.changed(but=may_differ) if each[0] not in touched]
            assert not lost, ("not what it was", lost[:4], len(lost), said)
            return
        begun = {self.labels_then.get(step.get("device")) for step in journal["steps"] if step["begun"]}
        left = set(LEFT.findall(said))
        now = self.host.facts()
        for image in touched:
            self.judge_region(image, now[image], begun, left)
        lost = self.before.changed(but=may_differ | self.left_blocks(left))
        assert not lost, ("not what it was", lost[:4], len(lost), said)

    def judge_region(self, image, now, begun, left):
        (was_state, was), (state, namespaces), (_, found) = self.old[image], now, self.left[image]
        assert was_state == state, (image, state)
        for label, item in was.items():
            here = namespaces.get(label)
            renamed = label in self.host.renamed and here and {**here, "name": item["name"]} == item
            as_found = label not in begun and here == found.get(label)
            assert here == item or renamed or as_found or item["name"] in left, (image, item, here)
        for label in set(namespaces) - set(was):
            assert label in self.host.theirs, (image, namespaces[label])

    def left_blocks(self, left):
        """The blocks of what undoing left as somebody made it."""
        return {(image, block) for word, image, blocks, label in self.places if word in left for block in blocks}
