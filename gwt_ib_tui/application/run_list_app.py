"""Choosing among the runs of a folder: a small application that comes back after each run that was shown."""

from __future__ import annotations

from pathlib import Path

from gwt_ib_tui.application.app import SIGNAL
from gwt_ib_tui.application.list_app import ListApp
from gwt_ib_tui.application.preferences import preferences_path, read_preferences
from gwt_ib_tui.application.run_dashboard import run_comparison, run_dashboard
from gwt_ib_tui.charts.palette import DEFAULT_THEME
from gwt_ib_tui.keys.keymap import Keymap, keymap_path, read_keymap
from gwt_ib_tui.screens.list_screen import Choice, Place
from gwt_ib_tui.screens.run_list_screen import RunListScreen
from gwt_ib_tui.state.compare.run_set import neighbours
from gwt_ib_tui.state.compare.run_summaries import RunLister
from gwt_ib_tui.state.run.requests import RequestLog
from gwt_ib_tui.terminal import leave_on_signals, prepare_screen


class RunList(ListApp):
    """All runs of a folder."""

    def __init__(
        self,
        folder: Path,
        place: Place | None = None,
        *,
        interval: float = 1.0,
        keymap: Keymap | None = None,
        theme: str = DEFAULT_THEME,
    ) -> None:
        self.list = RunListScreen(id="run-list")
        self._lister = RunLister(folder, interval)
        self._messages = RequestLog()
        super().__init__(self.list, self._lister, place, interval, keymap, theme)

    def on_mount(self) -> None:
        """Start to read the runs, and leave cleanly when a signal asks for it."""
        leave_on_signals(self.exit)
        self._lister.start()

    def on_unmount(self) -> None:
        """The thread ends with the app."""
        self._lister.stop()

    def show(self) -> None:
        """The runs that there are now."""
        if self._lister.summaries is not self.list.rows.summaries:
            self.list.rows.summaries = self._lister.summaries
        self._messages.expire()
        self.list.message = self._messages.message

    def say(self, status: str, text: str) -> None:
        """Put a message up."""
        self._messages.say(status, text)
        self.list.message = self._messages.message

    def look_again(self) -> None:
        """Read the folder now."""
        self._lister.wake()


def choose_and_show(folder: Path, place: Place | None = None) -> None:
    """Show the list, and each run that is chosen from it, until the user leaves or a signal ends it."""
    prepare_screen()
    place, keymap = place or Place(), read_keymap(keymap_path())
    while True:
        preferences, _ = read_preferences(preferences_path())  # a dashboard that was opened may have changed it
        choice = RunList(folder, place, keymap=keymap, theme=preferences.theme).run()
        if choice is None:
            return
        place = choice.place
        if show_chosen(choice) == SIGNAL:
            return


def show_chosen(choice: Choice) -> str:
    """Show the dashboard of a run, or several compared, until the user leaves; see `run_dashboard`."""
    if choice.what == "open":
        return run_dashboard(choice.runs[0])
    return run_comparison(choice.runs if len(choice.runs) > 1 else neighbours(choice.runs[0]))
