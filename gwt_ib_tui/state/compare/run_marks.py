"""Which colour and which sign a run has beside others: both stay with it, whatever else is shown; pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from string import ascii_uppercase

SIGNS = ascii_uppercase + "123456789"
COLORS = 8  # as many as `Palette.runs` has


def colors_of(names: Iterable[str], before: Mapping[str, int] | None = None) -> dict[str, int]:
    """The number of each run's colour, from 0.

    It comes from the name. Where two names come to the same one, the later in the alphabet goes on to the next that is
    free; of more runs than colours each colour gets equally many. Runs in `before` keep theirs.
    """
    known = dict(before or {})
    names = set(names)
    taken = [0] * COLORS
    for name in names & known.keys():
        taken[known[name] % COLORS] += 1
    for name in sorted(names - known.keys()):
        first = int.from_bytes(hashlib.sha256(name.encode(errors="replace")).digest()[:8], "big") % COLORS
        number = min(range(COLORS), key=lambda number: (taken[number], (number - first) % COLORS))
        known[name] = number
        taken[number] += 1
    return {name: known[name] % COLORS for name in names}


def signs_of(names: Iterable[str], before: Mapping[str, str] | None = None) -> dict[str, str]:
    """A letter or digit for each run, in the order given; those in `before` keep theirs."""
    names = list(dict.fromkeys(names))
    known = {name: sign for name, sign in (before or {}).items() if name in names}
    free = iter([sign for sign in SIGNS if sign not in known.values()])
    return {name: known[name] if name in known else next(free, "?") for name in names}
