"""A sweep's state, kept up to date in a thread that rests while another screen is in front."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from gwt_ib.errors import UserError
from gwt_ib.sweeps.states import SweepState
from gwt_ib.text import plain
from gwt_ib_tui.state.run.follower import Follower
from gwt_ib_tui.state.sweep.sweep_view import SweepView

LARGEST_SHARE = 0.2  # of the time of one core that reading may take: that of many runs is done more rarely


@dataclass(frozen=True)
class SweepSource:
    """A sweep by its functions. They read and write its directory, so they are slow, and called in threads alone."""

    name: str
    read: Callable[[], SweepState]
    working: Callable[[], bool]
    """Whether a process works on it."""
    ask_to_stop: Callable[[], object]
    """Ask that process to end all runs with a last snapshot. Raises `OSError`."""


class SweepFollower(Follower):
    """Publishes a view whenever something has changed. `poll` looks once."""

    def __init__(self, source: SweepSource, interval: float = 1.0) -> None:
        super().__init__("sweep", self._follow)
        self.source = source
        self.view = SweepView(name=source.name)
        self.stop_asked = False
        """Whether a stop was asked for here."""
        self._interval = interval
        self._looked_at = False

    def wake(self) -> None:
        """Read from now on, at once."""
        self._looked_at = True
        self.start()

    def rest(self) -> None:
        """Read nothing until `wake`."""
        self._looked_at = False

    def poll(self) -> None:
        """Read once; what cannot be read just now leaves what was read before, with a sentence."""
        before = self.view
        try:
            # First: a sweep that ends in between runs for a moment longer here, and is never shown as unfinished.
            working = self.source.working()
            sweep = self.source.read()
        except (OSError, UserError) as error:
            words = error.message if isinstance(error, UserError) else error.strerror or str(error)
            sweep, working, problem = before.sweep, before.working, plain(words)
        else:
            problem = ""
        if (sweep, working, self.stop_asked, problem, True) != (*before.parts, before.version > 0):
            self.view = SweepView(before.version + 1, self.source.name, sweep, working, self.stop_asked, problem)

    def ask_to_stop(self) -> None:
        """Ask whoever works on the sweep to end. Raises `OSError`."""
        self.source.ask_to_stop()
        self.stop_asked = True

    def _follow(self) -> float | None:
        if not self._looked_at:
            return None
        began = time.monotonic()
        self.poll()
        return max(self._interval, (time.monotonic() - began) / LARGEST_SHARE)
