"""A sweep on the screen: its runs in a list that fills, and the dashboard of each that is chosen, until the user leaves."""

from __future__ import annotations

import asyncio
from functools import partial

from gwt_ib.runs.control import send_request
from gwt_ib.sweeps.directory import SweepDirectory, is_running
from gwt_ib.sweeps.states import SweepReader
from gwt_ib_tui.application.app import DETACHED, RUN_ENDED, SIGNAL, STOPPED
from gwt_ib_tui.application.list_app import ListApp
from gwt_ib_tui.application.preferences import preferences_path, read_preferences
from gwt_ib_tui.application.run_list_app import show_chosen
from gwt_ib_tui.charts.palette import DEFAULT_THEME
from gwt_ib_tui.keys.keymap import Keymap, keymap_path, read_keymap
from gwt_ib_tui.screens.dialogs import SweepQuitDialog
from gwt_ib_tui.screens.list_screen import Choice, Place
from gwt_ib_tui.screens.sweep_screen import SweepScreen
from gwt_ib_tui.state.run.requests import RequestLog
from gwt_ib_tui.state.sweep.sweep_follower import SweepFollower, SweepSource
from gwt_ib_tui.state.sweep.sweep_view import SweepView
from gwt_ib_tui.terminal import leave_on_signals, prepare_screen

NOBODY = "nobody works on it now: `gwt-ib-tui sweep` goes on with it"
NOTHING_TO_STOP = "nobody works on this sweep: there is nothing to stop"
ASKED = "stop: each run makes an update to its end and a last snapshot"


class SweepApp(ListApp):
    """The list of a sweep's runs. `how` says how it was left where no run was chosen, as `run_dashboard` says it."""

    def __init__(
        self,
        follower: SweepFollower,
        place: Place | None = None,
        *,
        interval: float = 1.0,
        keymap: Keymap | None = None,
        theme: str = DEFAULT_THEME,
        following: bool = True,
    ) -> None:
        """Show what `follower` publishes; without `following` the caller sets the view of the list's rows."""
        self.list = SweepScreen(id="sweep")
        self._following = following
        self.how = DETACHED
        self._sweep = follower
        self._messages = RequestLog()
        self._standing = ""
        super().__init__(self.list, follower, place, interval, keymap, theme)

    def on_mount(self) -> None:
        """Read the sweep from now on, and leave cleanly when a signal asks for it."""
        leave_on_signals(partial(self._leave, SIGNAL))
        if self._following:
            self._sweep.wake()

    def on_unmount(self) -> None:
        """Nothing is read while another application is on the screen."""
        self._sweep.rest()

    def show(self) -> None:
        """The sweep as it is now; leave when a stop that was asked for is done."""
        view = self._sweep.view
        if not self._following:
            return
        if view is not self.list.rows.view:
            self.list.rows.view = view
            self._say_news(view)
        self._messages.expire()
        self.list.message = self._messages.message
        if self._sweep.stop_asked and not view.working:
            self._leave(STOPPED)

    def say(self, status: str, text: str) -> None:
        """Put a message up."""
        self._messages.say(status, text)
        self.list.message = self._messages.message

    def leave(self) -> None:
        """At once where nobody works on the sweep, else after a question."""
        if not self._sweep.view.working:
            self._leave(RUN_ENDED if self._sweep.view.version else DETACHED)
        elif not isinstance(self.screen, SweepQuitDialog):
            self.push_screen(SweepQuitDialog(), self._answered)

    def detach(self) -> None:
        """Leave; the sweep goes on."""
        self._leave(DETACHED)

    def ask_before_stop(self) -> None:
        """Ask whether all runs are to end, where there is anybody who can end them."""
        if not self._sweep.view.working:
            self.say("refused", NOTHING_TO_STOP)
        else:
            self.leave()

    async def action_quit(self) -> None:
        """Textual's own way out, ctrl+q: asked for twice it is a detach."""
        if isinstance(self.screen, SweepQuitDialog):
            self.screen.dismiss("detach")
        else:
            self.leave()

    def _answered(self, answer: str | None) -> None:
        if answer == "detach":
            self.detach()
        elif answer == "stop" and self._sweep.stop_asked:
            self.say("asked", f"{ASKED}; this was asked already")
        elif answer == "stop":
            self.say("asked", ASKED)
            self.run_worker(self._ask_to_stop(), group="requests", exit_on_error=False)

    async def _ask_to_stop(self) -> None:
        try:
            await asyncio.to_thread(self._sweep.ask_to_stop)
        except OSError as error:
            self.say("refused", f"the stop cannot be written: {error.strerror or error}")

    def _say_news(self, view: SweepView) -> None:
        standing, self._standing = self._standing, view.standing
        if view.problem:
            self.say("warning", view.problem)
        elif view.standing == standing:
            return
        elif view.standing == "unfinished":
            self.say("warning", NOBODY)
        elif standing == "running" and not view.working:
            failed = view.sweep.count("failed")
            self.say("notice", f"the sweep has ended, {failed} failed" if failed else "all runs are finished")
            self.bell()

    def _leave(self, how: str) -> None:
        self.how = how
        self.exit()


def source_of(sweep: SweepDirectory) -> SweepSource:
    """A sweep by its directory."""

    def working() -> bool:
        # The lock is only tried where nothing else tells: who tries it holds it, and a sweep that starts just then cannot.
        alive = sweep.read_holder().alive
        return is_running(sweep) if alive is None else alive

    return SweepSource(sweep.name, SweepReader(sweep).read, working, partial(send_request, sweep.control, "stop"))


def run_sweep_dashboard(sweep: SweepDirectory) -> str:
    """Show a sweep, and each of its runs that is chosen, until the user leaves; no run is touched.

    Returns how it was left: `detached`; `stopped` when the user asked for a stop here and the sweep has ended; `ended`
    when nobody worked on it any more; `signal` for a signal or a terminal that closed.
    """
    prepare_screen()
    place, keymap = Place(), read_keymap(keymap_path())
    follower = SweepFollower(source_of(sweep))
    try:
        while True:
            preferences, _ = read_preferences(preferences_path())  # a dashboard that was opened may have changed it
            app = SweepApp(follower, place, keymap=keymap, theme=preferences.theme)
            choice: Choice | None = app.run()
            if choice is None:
                return app.how
            place = choice.place
            if show_chosen(choice) == SIGNAL:
                return SIGNAL
    finally:
        follower.stop()
