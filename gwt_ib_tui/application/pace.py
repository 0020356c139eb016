"""When a dashboard paints: seldom while nobody is there, every second view of many updates, at once what is urgent; pure."""

from __future__ import annotations

import time
from collections.abc import Callable

from gwt_ib_tui.state.run.run_view import RunView

INTERVAL_S = 0.5  # between two pictures: each of them takes time from a training that uses every core
CALM_AFTER_S = 10.0  # without a key or a click; nobody looks closely then
CALM_INTERVAL_S = 2.0
READABLE = 2  # new rows in a picture; with more, every second one is left out


class Pace:
    """Is asked at each tick what is worth its time; painting takes the training's.

    Without `calms_down` it never gets calm. `clock` gives seconds.
    """

    def __init__(self, *, calms_down: bool = True, clock: Callable[[], float] = time.monotonic) -> None:
        self.calm = False
        """Whether nobody has been there for a while."""
        self._calms_down = calms_down
        self._clock = clock
        self._touched_at = self._painted_at = clock()
        self._left_out = False

    def touched(self) -> bool:
        """Somebody is there; returns whether that has ended a calm."""
        self._touched_at = self._clock()
        was_calm, self.calm = self.calm, False
        return was_calm

    def settled(self) -> bool:
        """Get calm where nobody has been there for long; returns whether it has got so now."""
        if self.calm or not self._calms_down or self._clock() - self._touched_at < CALM_AFTER_S:
            return False
        self.calm = True
        return True

    def can_wait(self, newest: RunView, shown: RunView | None) -> bool:
        """Whether nothing at all is done for `newest`: in the calm, soon after a picture, with nothing urgent in it."""
        return (
            self.calm
            and shown is not None
            and self._clock() - self._painted_at < CALM_INTERVAL_S
            and newest.only_adds_rows_to(shown)
        )

    def paints(self, newest: RunView, shown: RunView | None) -> bool:
        """Whether `newest` is painted now, where `shown` is what is on the screen; it is then counted as painted."""
        if newest is shown or not newest.version or self._too_many_rows(newest, shown):
            return False
        self._painted_at = self._clock()
        return True

    def _too_many_rows(self, newest: RunView, shown: RunView | None) -> bool:
        """Whether a picture is left out: nobody reads many updates a second."""
        if shown is None or newest.series.rows - shown.series.rows <= READABLE or self._left_out:
            self._left_out = False
        else:
            self._left_out = newest.only_adds_rows_to(shown)
        return self._left_out
