"""At how many points a test dies or fails that could do so at each."""

import os

CHOSEN = os.environ.get("DAXPROV_CRASH_EVERY")


def stride(usual):
    """Every how manyth point is tried: `usual`, or what DAXPROV_CRASH_EVERY says. A test that asks has the mark crash_points."""
    return int(CHOSEN) if CHOSEN else usual


def points(first, end, usual):
    """The points from `first` on, and the last one before `end`: a test ends where nothing dies any more."""
    return sorted({*range(first, end, stride(usual)), end - 1})
