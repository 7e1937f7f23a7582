"""What can happen between a crash and its recovery, on the real kernel, and what must be true then.

Two or three regions are full of data, and a random profile changes one or two of them. Its apply, the rollback of it, or the
recovery is killed at any of its calls. Between the kill and the recovery each region, whether a step began in it or not, can be
disabled by its owner; be without its DIMM for a while; have another number, or another physical address, after a boot; or be
changed by ndctl: a namespace created, destroyed, reconfigured or renamed there, or half made by an ndctl that was killed as
well. People write to every byte that they reach. Recovery is killed again, with consent and without. support/undo_situation.py
says what must be true then. The region that holds the state directory stays: without it nothing can be recovered.

A seed is a machine of its own: DAXPROV_UNDO_CASES says how many, and DAXPROV_UNDO_SEED which one is the first. With
DAXPROV_CRASH_EVERY, which make crash-matrix sets, every so manyth call of apply, rollback and recover is tried as well, with
each thing that can happen to each region in turn. UndoPropertyTests do this on the simulated host.
"""

import itertools
import os
import random
import shutil
import subprocess

import pytest

from lab import Machine, scratch
from support import strides
from support.board import Board
from support.undo_host import CHANGES, MOVES
from support.undo_situation import UndoSituation

CASES = int(os.environ.get("DAXPROV_UNDO_CASES", "2"))
FIRST = int(os.environ.get("DAXPROV_UNDO_SEED", "1"))
PHASES = ("apply", "rollback", "recover")

pytestmark = pytest.mark.crash_points


def some_events(chosen, images):
    """What happens: some things to regions, boots and people who write, in any order; and once more people who write, often."""
    events = [(chosen.choice((*MOVES, *CHANGES, *CHANGES)), chosen.choice(images)) for _ in range(chosen.choice((0, 1, 1, 2, 3)))]
    absences = [each for each in events if each[0] == "absent"]
    events = [each for each in events if each not in absences[1:]]  # one DIMM at a time
    if chosen.random() < 0.4:
        events.append(("write", None))
    if chosen.random() < 0.3:
        events.append(("boot", None))
    chosen.shuffle(events)
    return events + [("write", None)] * (chosen.random() < 0.7)


def at_random(machine, seed):
    chosen, story = random.Random(seed), [f"seed {seed}"]
    board = Board(chosen.choice((2, 3)))
    try:
        situation = UndoSituation(machine(board.topology()), board, chosen, story)
        if not situation.apply(chosen.choice((0, *(chosen.randint(15, 220) for _ in range(2))))):
            situation.roll_back(chosen.randint(1, 130))
        situation.happen(*some_events(chosen, board.worked_on))
        situation.recover_to_the_end(kill=lambda: chosen.randint(4, 80) if chosen.random() < 0.3 else 0)
        if situation.outcome == "committed":
            situation.roll_back_to_the_end()
    finally:
        print("; ".join(story))


def at_every_store(phase, regions):
    """One situation, at every so manyth call of what is killed, and each time the next of what can happen to a region."""
    failed = []
    with Prepared(regions) as prepared:
        total = prepared.calls(phase)
        happenings = list(itertools.product((*MOVES, *CHANGES), Board(regions).worked_on))
        random.Random(f"{FIRST} {phase} {regions}").shuffle(happenings)
        happenings = itertools.cycle(happenings)
        for at in strides.points(1, total + 1, 1):
            story = [f"{phase} at {at} of {total}"]
            try:
                prepared.try_point(phase, at, next(happenings), story)
            except AssertionError as error:
                failed.append(f"{'; '.join(story)}: {error}")
            print("; ".join(story))
    assert not failed, "\n\n".join(failed)


SEEDS = [pytest.param(at_random, (seed,), id=f"seed {seed}") for seed in range(FIRST, FIRST + CASES)]
STORES = [pytest.param(at_every_store, (phase, regions), id=f"stores of {phase}, {regions} regions")
          for phase in PHASES for regions in (2, 3)]


@pytest.mark.each_kernel
@pytest.mark.parametrize("way, chosen", SEEDS + (STORES if strides.CHOSEN else []))
def test_nobodys_data_is_written_over(machine, way, chosen):
    way(*chosen) if way is at_every_store else way(machine, *chosen)


class Prepared:
    """Images with random namespaces full of data, of which each point gets a copy."""

    def __init__(self, regions):
        self.regions = regions

    def __enter__(self):
        self.directory = scratch.directory()
        with self.machine(self.directory / "old") as vm:
            self.situation(vm, [])
            vm.run("umount /mnt/state; sync")
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.directory, ignore_errors=True)

    def machine(self, images):
        return Machine(Board(self.regions).topology(), images=images)

    def situation(self, vm, story, at=0):
        situation = UndoSituation(vm, Board(self.regions), random.Random(FIRST), story)
        situation.random.seed(f"{FIRST} {at}")
        return situation

    def copied(self):
        """The images once more, in a directory that is removed with the rest."""
        copy = self.directory / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        subprocess.run(["cp", "-r", "--sparse=always", self.directory / "old", copy], check=True)
        return copy

    def calls(self, phase):
        """At how many calls it can be killed."""
        with self.machine(self.copied()) as vm:
            situation = self.situation(vm, [])
            situation.apply(0)
            self.late = situation.calls() * 3 // 4
            if phase == "rollback":
                situation.roll_back(0)
            if phase != "recover":
                return situation.calls()
        with self.machine(self.copied()) as vm:
            situation = self.situation(vm, [])
            situation.apply(self.late)
            situation.recover(0)
            return situation.calls()

    def try_point(self, phase, at, happening, story):
        with self.machine(self.copied()) as vm:
            situation = self.situation(vm, story, at)
            situation.apply({"apply": at, "rollback": 0, "recover": self.late}[phase])
            if phase == "rollback":
                situation.roll_back(at)
            situation.happen(happening, ("write", None))
            dies = phase == "recover"
            situation.recover_to_the_end(kill=lambda: at if dies and not situation.deaths else 0)
