"""The actions of a replay: play, hold, go back and on, slower and faster."""

from __future__ import annotations

from gwt_ib_tui.keys.action_table import actions_of
from gwt_ib_tui.state.replay.replay import Replay
from gwt_ib_tui.state.run.source import Source

STEP, LEAP = 0.02, 0.10  # shares of the whole run
REPLAYING = frozenset(action.name for action in actions_of("replay"))
NOT_IN_A_REPLAY = "not in a replay: the run is asked nothing, and space holds what is shown"


class ReplayActions:
    """The part of the application that drives a `Replay`, where that is what it shows."""

    source: Source

    @property
    def replay(self) -> Replay | None:
        """What is played; none on a run that is followed."""
        return self.source if isinstance(self.source, Replay) else None

    def action_play_or_hold(self) -> None:
        """Play, or hold; from the end, play from the start."""
        if self.replay is not None:
            self.replay.toggle()

    def action_seek_back(self) -> None:
        """A little back."""
        self._seek(-STEP)

    def action_seek_on(self) -> None:
        """A little on."""
        self._seek(STEP)

    def action_leap_back(self) -> None:
        """Far back."""
        self._seek(-LEAP)

    def action_leap_on(self) -> None:
        """Far on."""
        self._seek(LEAP)

    def action_slower(self) -> None:
        """The next lower speed."""
        if self.replay is not None:
            self.replay.change_speed(-1)

    def action_faster(self) -> None:
        """The next higher speed."""
        if self.replay is not None:
            self.replay.change_speed(1)

    def _seek(self, share: float) -> None:
        if self.replay is not None:
            self.replay.seek(share)
