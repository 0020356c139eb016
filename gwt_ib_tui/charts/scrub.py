"""Which moment of a training is on show, and which earlier one is its ghost; pure.

Moments are named by their update and not by their place, as places change when the history is thinned.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from gwt_ib_tui.state.history.series import Doubles


@dataclass(frozen=True)
class Scrub:
    """`shown` is an update, or none while the newest one is followed; `ghost` is an update, or none for the first."""

    shown: float | None = None
    ghost: float | None = None

    @property
    def following(self) -> bool:
        """Whether the newest moment is on show, also when newer ones come."""
        return self.shown is None

    def place(self, updates: Doubles) -> int:
        """Where the moment on show is among `updates`, which must not be empty."""
        return len(updates) - 1 if self.shown is None else nearest(updates, self.shown)

    def ghost_place(self, updates: Doubles) -> int:
        """Where the ghost is among `updates`, which must not be empty."""
        return 0 if self.ghost is None else nearest(updates, self.ghost)

    def moved(self, updates: Doubles, by: int) -> Scrub:
        """`by` moments further, no further than either end; at the newest it is followed from there on."""
        if not len(updates):
            return self
        place = min(max(self.place(updates) + by, 0), len(updates) - 1)
        return replace(self, shown=None if place == len(updates) - 1 else float(updates[place]))

    def at_first(self, updates: Doubles) -> Scrub:
        """The first moment. Of a single one it is the newest too, which is followed."""
        return self.moved(updates, -len(updates))

    def at_newest(self) -> Scrub:
        """Follow the newest moment."""
        return replace(self, shown=None)

    def pinned(self, updates: Doubles) -> Scrub:
        """Make the moment on show the ghost; where it is the ghost already, the first one is it again."""
        if not len(updates):
            return self
        place = self.place(updates)
        again = self.ghost is not None and self.ghost_place(updates) == place
        return replace(self, ghost=None if again else float(updates[place]))


def nearest(updates: Doubles, update: float) -> int:
    """The place of the entry of rising `updates` that is nearest to `update`; of two, the earlier."""
    right = int(np.searchsorted(updates, update))
    if right == len(updates) or (right and update - updates[right - 1] <= updates[right] - update):
        return right - 1
    return right
