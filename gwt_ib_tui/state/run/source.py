"""Where a dashboard's snapshots come from: a run directory that is followed, or one that is played again."""

from __future__ import annotations

from typing import Protocol

from gwt_ib_tui.state.run.run_view import RunView


class Source(Protocol):
    """Publishes one immutable `Snapshot` after another, from a thread of its own."""

    @property
    def run_view(self) -> RunView:
        """The newest; its `version` grows with each."""

    @property
    def broken(self) -> bool:
        """Whether the thread ended without being asked to: a bug, and what is shown will not change any more."""

    def start(self) -> None:
        """Begin, in a thread."""

    def stop(self) -> None:
        """End the thread and wait for it."""
