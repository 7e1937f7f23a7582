"""A transaction that dies anywhere ends in the old or in the new state.

`make crash-matrix` tries every write of every plan. Without DAXPROV_CRASH_EVERY a few points are tried: every 53rd of
every plan where the program is killed, and of one plan each where the power, recovery or a call fails.
"""

import errno
import os

import pytest

from support import strides
from support.daxprov import DONE, ERROR, NOT_PERMITTED, PARTIAL, REFUSED, ROLLED_BACK, STALE
from support.transactions import CALLS, LOOKS, NEW, OLD, OPENS, PLANS, THIRD, Transactions

pytestmark = pytest.mark.crash_points
WHOLE = strides.CHOSEN is not None
EVERY = strides.stride(67)
FIRST = int(os.environ.get("DAXPROV_CRASH_FIRST", "0")) or max(1, EVERY // 2)
ERRORS = (errno.EIO, errno.EBUSY, errno.ENOSPC, errno.EACCES)


class Tally:
    """The row of the table that one test fills."""

    def __init__(self, what, plan, record):
        self.what, self.plan, self.record = what, plan, record
        self.points, self.count, self.ends = 0, 0, {OLD: 0, NEW: 0, THIRD: 0}
        self.failures = []

    def add(self, point, verdict, why):
        print(self.what, self.plan, point, verdict, flush=True)
        self.points += 1
        self.ends[verdict] += 1
        if verdict == THIRD:
            self.failures.append(f"{self.what}, {self.plan}, point {point}: {why}")

    def finish(self):
        self.record("crash", (self.what, self.plan, self.points, self.count, *self.ends.values()))
        assert not self.failures, "\n".join(map(str, self.failures))
        assert self.points > 0 and self.count > 0


ON_EACH_KERNEL = "reconfigures"
ON_EVERY_PLAN = pytest.mark.parametrize(
    "case", [pytest.param(name, marks=[pytest.mark.each_kernel] * (name == ON_EACH_KERNEL)) for name in PLANS], indirect=True)


def on_one_plan(name):
    """Every plan in the whole matrix, else this one."""
    return pytest.mark.parametrize("case", PLANS if WHOLE else [name], indirect=True)


@pytest.fixture
def case(request, machine):
    return Transactions(machine("nvdimm-small"), PLANS[request.param])


@pytest.fixture
def tally(request, case, record_property):
    return Tally(request.function.__name__.removeprefix("test_"), case.plan.name, record_property)


def settle(case, tally, point, result=None):
    """Judges the host after recovery, and brings back the old state for the next point; false where it cannot."""
    verdict, why = case.judge()
    if result is not None and result.status != DONE:
        verdict, why = THIRD, [result]
    tally.add(point, verdict, why)
    if verdict == NEW:
        undone = case.roll_back()
        assert undone.status == DONE, f"{point}: {undone}"
        assert case.judge() == (OLD, []), point
    case.forget()
    return verdict != THIRD


def complete(case, tally, result, count):
    """What ran to its end is in the new state, and can be rolled back."""
    assert result is None or result.status == DONE, result
    assert case.judge()[0] == NEW
    tally.count = count
    print("asked:", case.asked)
    undone = case.roll_back()
    assert undone.status == DONE, undone
    assert case.judge() == (OLD, [])


@ON_EVERY_PLAN
def test_killed_at_a_write(case, tally):
    at = FIRST
    while True:
        result, count = case.apply(at, "kill-before")
        if result.signal != 9:
            break
        assert count == at
        case.tear_journal()
        if not settle(case, tally, at, case.recover()):
            break
        at += EVERY
    if not tally.failures:
        complete(case, tally, result, count)
    tally.finish()


@on_one_plan("replaces")
@pytest.mark.each_kernel
def test_power_cut_at_a_write(case, tally):
    at = FIRST
    while True:
        was_cut, count = case.cut_power(at)
        if not was_cut or not settle(case, tally, at, case.recover()):
            break
        at += EVERY
    if not tally.failures:
        complete(case, tally, None, count)
    tally.finish()


@on_one_plan("reconfigures")
def test_written_between(case, tally):
    """Killed, and at every second point the power goes and the host boots; people write to everything that they reach.
    Recovery leaves what they wrote as it is, or asks for it by name; with that it comes to its end. Judged by layout and
    identity."""
    at = FIRST
    while True:
        result, count = case.apply(at, "kill-before")
        if result.signal != 9:
            break
        if at // EVERY % 2:
            case.lose_power()
        verdict, why = case.recover_written(case.write_everywhere(at))
        tally.add(at, verdict, why)
        if verdict == THIRD:
            break
        case.start_again()
        at += EVERY
    if not tally.failures:
        complete(case, tally, result, count)
    tally.finish()


@on_one_plan("reconfigures")
def test_killed_inside_recovery(case, tally):
    crash_twice(case, tally, CALLS, lambda at: "kill-before")


@on_one_plan("replaces")
def test_failing_inside_recovery(case, tally):
    crash_twice(case, tally, OPENS, lambda at: f"errno:{ERRORS[at % len(ERRORS)]}")


def crash_twice(case, tally, calls, action):
    """One crash late in the plan, where there is most to undo; then another fault in recovery, at each of its calls."""
    result, count = case.apply()
    assert result.status == DONE, result
    assert case.roll_back().status == DONE
    case.forget()
    late, at = count * 3 // 4, FIRST
    while True:
        result, _ = case.apply(late, "kill-before")
        assert result.signal == 9, result
        result, count = case.recover_with(at, action(at), calls)
        if count < at:
            recovered = result if result.status == DONE else case.recover()
            assert recovered.status == DONE, recovered
            assert case.judge() == (OLD, [])
            break
        assert result.signal == 9 or result.status in (DONE, ERROR, PARTIAL, NOT_PERMITTED), f"{at}: {result}"
        if not settle(case, tally, (late, at), None if result.status == DONE else case.recover()):
            break
        tally.count = at
        at += EVERY
    tally.finish()


@on_one_plan("creates")
@pytest.mark.parametrize("shift", range(len(ERRORS)) if WHOLE else [0])
def test_failing_at_a_write(case, tally, shift):
    fail_everywhere(case, tally, OPENS, shift)


@on_one_plan("replaces")
def test_failing_at_a_look(case, tally):
    result, count = case.apply(calls=LOOKS)
    points = spread(case.calls())[FIRST - 1::EVERY]
    complete(case, tally, result, count)
    case.forget()
    for index, at in enumerate(points):
        _, _, goes_on = fail(case, tally, at, ERRORS[index % len(ERRORS)], LOOKS)
        if not goes_on:
            break
    tally.finish()


def spread(calls):
    """The number of one call of each kind on each path, not always of the first."""
    numbers = {}
    for number, call in enumerate(calls, 1):
        numbers.setdefault(call, []).append(number)
    return sorted(of_one[index % len(of_one)] for index, of_one in enumerate(numbers.values()))


def fail_everywhere(case, tally, calls, shift):
    """Lets every call fail once, with one error after the other; `shift` rotates these."""
    at, goes_on = FIRST, True
    while goes_on:
        result, count, goes_on = fail(case, tally, at, ERRORS[(at + shift) % len(ERRORS)], calls)
        if count < at:
            break
        at += EVERY
    if not tally.failures:
        complete(case, tally, result, count)
    tally.finish()


def fail(case, tally, at, code, calls):
    """Lets one call fail, and judges; what came of it, the number of calls, and whether the next point can be tried."""
    result, count = case.apply(at, f"errno:{code}", calls)
    if count < at:
        return result, count, True
    recovered = None
    if result.status == PARTIAL:
        recovered = case.recover()
    else:
        case.finish(result)
        assert result.status in (DONE, ERROR, REFUSED, ROLLED_BACK, NOT_PERMITTED, STALE), f"{at}: {result}"
        verdict, why = case.judge()
        assert (verdict == NEW) == (result.status == DONE), f"{at}: {result} {verdict} {why}"
    return result, count, settle(case, tally, (at, errno.errorcode[code]), recovered)
