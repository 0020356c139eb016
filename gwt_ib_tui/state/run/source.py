"""Where a dashboard's views of a run come from: a run directory that is followed, or one that is played again."""

from __future__ import annotations

from typing import ClassVar

from gwt_ib_tui.state.run.follower import Follower
from gwt_ib_tui.state.run.run_view import RunView


class Source(Follower):
    """Publishes one immutable `RunView` after another, from its thread. What it is not decides what can be done with it.

    The application asks these attributes, and never which source it has.
    """

    run_view: RunView
    """The newest; its `version` grows with each."""
    live: ClassVar[bool] = True
    """Whether what is new happens now: it is announced, and the display can be frozen while it goes on."""
    refusal: ClassVar[str] = ""
    """Why nothing can be asked of the run; empty where it can."""
    scopes: ClassVar[tuple[str, ...]] = ()
    """The scopes of actions that are this source's own."""

    def toggle(self) -> None:
        """Play or pause what is played again."""

    def seek(self, by: float) -> None:
        """Go `by` a share of what is played again further; back where it is negative."""

    def change_speed(self, by: int) -> None:
        """`by` speeds faster; slower where it is negative."""
