"""Where a dashboard's views of a run come from: a run directory that is followed, or one that is played again."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from gwt_ib_tui.state.run.follower import Follower
from gwt_ib_tui.state.run.playback import Playback
from gwt_ib_tui.state.run.run_view import RunView


class Source(Follower):
    """Publishes one immutable `RunView` after another, from its thread.

    What can be done with it is said by these attributes; the application never asks which source it has.
    """

    run_view: RunView
    """The newest; its `version` grows with each."""
    live: ClassVar[bool] = True
    """Whether what is new happens now: it is announced, and the display can be frozen while it goes on."""
    refusal: ClassVar[str] = ""
    """Why nothing can be asked of the run; empty where it can."""
    scopes: ClassVar[tuple[str, ...]] = ()
    """The scopes of actions that are this source's own."""

    def play(self, change: Callable[[Playback], Playback]) -> None:
        """Change how a recorded run is played; of no effect on one that is followed."""
