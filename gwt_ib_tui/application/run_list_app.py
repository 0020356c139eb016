"""Choosing among the runs of a folder: a small application that comes back after each run that was shown."""

from __future__ import annotations

from pathlib import Path

from textual.app import App

from gwt_ib_tui.application.app import SIGNAL, run_comparison, run_dashboard
from gwt_ib_tui.application.preferences import preferences_path, read_preferences
from gwt_ib_tui.charts.palette import DEFAULT_THEME, THEMES
from gwt_ib_tui.keys.keymap import Keymap, keymap_path, read_keymap
from gwt_ib_tui.screens.run_list_screen import Choice, Place, RunListScreen
from gwt_ib_tui.state.compare.run_set import neighbours
from gwt_ib_tui.state.compare.run_summaries import RunLister
from gwt_ib_tui.terminal import leave_on_signals, prepare_screen


class RunList(App[Choice]):
    """The list. Its result is what was chosen; none when the user leaves."""

    CSS_PATH = "gwt_ib_tui.tcss"
    TITLE = "GWT-IB"

    def __init__(
        self,
        folder: Path,
        place: Place | None = None,
        *,
        interval: float = 1.0,
        keymap: Keymap | None = None,
        theme: str = DEFAULT_THEME,
    ) -> None:
        super().__init__()
        self.keymap = keymap or Keymap()
        self._place = place or Place()
        self.list = RunListScreen(id="run-list")
        self._interval = interval
        self._lister = RunLister(folder, interval)
        self._said_broken = False
        for ours in THEMES:
            self.register_theme(ours)
        self.theme = theme if theme in self.available_themes else DEFAULT_THEME

    def get_default_screen(self) -> RunListScreen:
        """The only screen."""
        return self.list

    def on_mount(self) -> None:
        """Start to read the runs, and leave cleanly when a signal asks for it."""
        leave_on_signals(self.exit)
        self._lister.start()

    def on_ready(self) -> None:
        """The list is there: go back to where it was, and show what there is from now on."""
        self.list.go_to(self._place)
        self._show()
        self.list.set_interval(self._interval / 4, self._show)

    def on_unmount(self) -> None:
        """The thread ends with the app."""
        self._lister.stop()

    def _show(self) -> None:
        self.list.rows.summaries = self._lister.summaries
        if self._lister.broken and not self._said_broken:
            self._said_broken = True
            self.notify("The reader of the runs has stopped; leave and come back.", severity="error")


def choose_and_show(folder: Path) -> None:
    """Show the list, and each run that is chosen from it, until the user leaves or a signal ends it."""
    prepare_screen()
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
        if how == SIGNAL:
            return
