"""At how many points a test dies or fails that could do so at each."""

import os

CHOSEN = os.environ.get("DAXPROV_CRASH_EVERY")


def stride(usual):
    """Every how manyth point is tried: `usual`, or what DAXPROV_CRASH_EVERY says. A test that asks has the mark crash_points."""
    return int(CHOSEN) if CHOSEN else usual
