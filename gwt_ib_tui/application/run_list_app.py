"""Choosing among the runs of a folder: a small application that comes back after each run that was looked at."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal

from textual.app import App

from gwt_ib.runs.directory import RunDirectory
from gwt_ib_tui.application.app import TOLD_TO_END, run_comparison, run_dashboard
from gwt_ib_tui.application.preferences import preferences_path, read_preferences
from gwt_ib_tui.charts.palette import DEFAULT_THEME, THEMES
from gwt_ib_tui.keys.keymap import Keymap, keymap_path, read_keymap
from gwt_ib_tui.screens.run_list_screen import RunListScreen
from gwt_ib_tui.state.compare.run_set import neighbours
from gwt_ib_tui.state.compare.run_summaries import RunLister
from gwt_ib_tui.terminal import leave_on_signals
from gwt_ib_tui.widgets.run_rows import RunRows


@dataclass(frozen=True)
class Choice:
    """What is to be done with which runs, and where the list was: its chosen run, its marks and its filter."""

    what: Literal["open", "compare"]
    runs: tuple[RunDirectory, ...]
    place: Place


@dataclass(frozen=True)
class Place:
    """Where a list is."""

    chosen: str = ""
    marked: frozenset[str] = field(default_factory=frozenset)
    words: str = ""


class RunList(App[Choice]):
    """The list. Its result is what was chosen; none when the user leaves."""

    CSS_PATH = "gwt_ib_tui.tcss"
    TITLE = "GWT-IB"

    def __init__(
        self,
        folder: Path,
        place: Place = Place(),
        *,
        interval: float = 1.0,
        keymap: Keymap | None = None,
        theme: str = DEFAULT_THEME,
    ) -> None:
        super().__init__()
        self.keymap = keymap or Keymap()
        self._place = place
        self._interval = interval
        self._lister = RunLister(folder, interval)
        self._said_broken = False
        for ours in THEMES:
            self.register_theme(ours)
        self.theme = theme if theme in self.available_themes else DEFAULT_THEME

    def get_default_screen(self) -> RunListScreen:
        """The only screen."""
        return RunListScreen(id="run-list")

    @property
    def list(self) -> RunListScreen:
        """The only screen."""
        screen = self.screen_stack[0]
        assert isinstance(screen, RunListScreen)
        return screen

    def on_mount(self) -> None:
        """Begin to look, and leave cleanly when asked to from outside."""
        leave_on_signals(self.exit)
        self._lister.start()

    def on_ready(self) -> None:
        """The list is there: go back to where it was, and show what there is from now on."""
        rows = self.list.rows
        rows.chosen, rows.marked = self._place.chosen, self._place.marked
        self.list.action_filter_by(self._place.words)
        self._show(rows)
        self.list.set_interval(self._interval / 4, partial(self._show, rows))

    def on_unmount(self) -> None:
        """The thread ends with the app."""
        self._lister.stop()

    def on_run_list_screen_opened(self, event: RunListScreen.Opened) -> None:
        """Leave the list for a run."""
        self.exit(Choice("open", (event.run,), self._here()))

    def on_run_list_screen_compared(self, event: RunListScreen.Compared) -> None:
        """Leave the list for several runs."""
        self.exit(Choice("compare", event.runs, self._here()))

    def _here(self) -> Place:
        rows = self.list.rows
        return Place(rows.run.name if rows.run else "", rows.marked, rows.words)

    def _show(self, rows: RunRows) -> None:
        rows.summaries = self._lister.summaries
        if self._lister.broken and not self._said_broken:
            self._said_broken = True
            self.notify("The reader of the runs has stopped; leave and come back.", severity="error")


def choose_and_show(folder: Path) -> None:
    """Show the list, and each run that is chosen from it, until the user leaves or a signal ends it."""
    place, keymap = Place(), read_keymap(keymap_path())
    while True:
        preferences, _ = read_preferences(preferences_path())  # a dashboard that was opened may have changed it
        choice = RunList(folder, place, keymap=keymap, theme=preferences.theme).run()
        if choice is None:
            return
        place = choice.place
        if choice.what == "open":
            how = run_dashboard(choice.runs[0])
        else:
            runs = choice.runs if len(choice.runs) > 1 else neighbours(choice.runs[0])
            how = run_comparison(runs)
        if how == TOLD_TO_END:
            return
