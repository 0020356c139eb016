"""At which evaluations a verdict is decided anew, and at what level, so that all looks of a run together keep theirs.

A run is judged after every evaluation, also when nobody looks. Were each time tested at 5 %, a run in which nothing
happens would pass sooner or later. So a test is made anew only at *looks*, about a fifth further apart each time, and in
between the last one holds. Look j has a level of `LEVEL / 2 / (j (j + 1))`, which sums to at most half of `LEVEL` however
long the run is; the other half is that of the last planned evaluation, which is always a look. By Bonferroni's
inequality a false decision at any look has a probability of at most `LEVEL`, however the looks depend on each other: they
share seeds and episodes. Looks are counted from what was recorded, so whoever reads the same rows finds the same ones.
A run that is prolonged has a second end, and spends half of the level again.
"""

from __future__ import annotations

from dataclasses import dataclass

LEVEL = 0.02
"""The probability of a false decision over all looks of a run; below the 5 % that are promised, with room to show it."""

GROWTH = 1.2  # how many times as much data the next look has


@dataclass(frozen=True)
class Look:
    """One look: over the oldest `count` evaluations, at `level`."""

    count: int
    level: float


def look_at(recorded: int, fewest: int, *, ended: bool) -> Look | None:
    """The newest look that `recorded` evaluations allow, the first of which takes `fewest`; None before it.

    `ended` says that the last planned evaluation is among them.
    """
    if recorded < max(fewest, 1):
        return None
    if ended:
        return Look(recorded, LEVEL / 2)
    count, number = max(fewest, 1), 1
    while (following := _following(count)) <= recorded:
        count, number = following, number + 1
    return Look(count, LEVEL / 2 / (number * (number + 1)))


def _following(count: int) -> int:
    return max(count + 1, round(count * GROWTH))
