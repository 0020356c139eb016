"""The list of runs: choose one to open it, mark some to compare them."""

from __future__ import annotations

from textual.app import ComposeResult

from gwt_ib_tui.screens.list_screen import ListScreen
from gwt_ib_tui.widgets.run_lists import RunRows


class RunListScreen(ListScreen):
    """All runs of a folder."""

    SCOPES = ("runs",)
    FILTER_BY = "of its name, task, state, verdict"

    def compose_list(self) -> ComposeResult:
        """One line a run."""
        yield RunRows(id="run-rows")

    @property
    def rows(self) -> RunRows:
        """The list."""
        return self.query_one(RunRows)
