"""The dashboard: shows one run, live, and controls it. It reads and writes the run directory and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import ClassVar

from textual.actions import parse
from textual.app import SystemCommand
from textual.reactive import reactive
from textual.screen import Screen
from textual.theme import Theme

from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.lifecycle import ENDED, UNKNOWN
from gwt_ib.text import plain
from gwt_ib_tui.application.control import ControlApp
from gwt_ib_tui.application.preferences import Preferences, preferences_path, read_preferences, save_preferences, suited
from gwt_ib_tui.charts.palette import DEFAULT_THEME, THEMES
from gwt_ib_tui.charts.view import ChartView
from gwt_ib_tui.garbage import leave_out_what_exists
from gwt_ib_tui.keys.action_table import ACTIONS
from gwt_ib_tui.keys.keymap import Keymap, keymap_path, read_keymap
from gwt_ib_tui.screens.compare_screen import CompareScreen
from gwt_ib_tui.screens.gate_check_screen import GateCheckScreen
from gwt_ib_tui.screens.gate_screen import GateScreen
from gwt_ib_tui.screens.help_screen import HelpScreen
from gwt_ib_tui.screens.live_screen import LiveScreen
from gwt_ib_tui.screens.log_screen import LogScreen
from gwt_ib_tui.screens.quit_dialog import QuitDialog
from gwt_ib_tui.screens.run_screen import RunScreen
from gwt_ib_tui.state.compare.run_set import RunSet, neighbours
from gwt_ib_tui.state.run.feed import Feed
from gwt_ib_tui.state.run.playback import Playback
from gwt_ib_tui.state.run.run_view import RunView
from gwt_ib_tui.state.run.source import Source
from gwt_ib_tui.terminal import leave_on_signals, print_line

INTERVAL_S = 0.5  # between two pictures: a training that uses every core feels each of them
READABLE = 2  # new rows in a picture; with more, every second one is left out
DETACHED, STOPPED, RUN_ENDED = "detached", "stopped", "ended"
TOLD_TO_END, ANOTHER = "told to end", "another"
NEEDS = {action.id: action.needs for action in ACTIONS}
BROKEN = "the reader of the run directory has stopped; leave and attach again"


class Dashboard(ControlApp):
    """The application. Its result says how it was left: `detached`, `stopped` or `ended`."""

    CSS_PATH = "gwt_ib_tui.tcss"
    TITLE = "GWT-IB"
    RUN_SCREENS: ClassVar[dict[str, Callable[[bool], RunScreen]]] = {
        screen.SCOPES[0]: screen for screen in (GateScreen, GateCheckScreen, LogScreen, CompareScreen)
    }
    """The screens over the overview by name, each made with whether the dashboard is read-only."""
    view: reactive[ChartView] = reactive(ChartView(), repaint=False, init=False)
    """How the charts of all screens are looked at."""

    def __init__(
        self,
        run: RunDirectory,
        *,
        read_only: bool = False,
        interval: float = INTERVAL_S,
        source: Source | None = None,
        keymap: Keymap | None = None,
        preferences: Preferences | None = None,
        following: bool = True,
        compared: Sequence[RunDirectory] = (),
        first_screen: str = "",
    ) -> None:
        """Show `run` as `source` publishes it: by default its directory is followed.

        It is compared with `compared`, by default others in its folder; `first_screen` is in front at first. Without
        `following` nothing is read and whoever made the app sets `run_view`.
        """
        # What is new is read within half an interval and then shown at the next picture.
        super().__init__(run, source or Feed(run, interval / 2), read_only)
        self._read_only = read_only
        self._interval = interval
        self._following = following
        self._events_taken = 0
        self._problem = ""
        self._left_out = False
        self._file_problems: frozenset[str] = frozenset()
        self._all_keys = keymap or Keymap()
        self.keymap = self._all_keys.serving(self.source.scopes)
        self._preferences = preferences or Preferences()
        self.run_set = RunSet((lambda: compared) if compared else partial(neighbours, run))
        self.opened: RunDirectory | None = None
        self._first_screen = first_screen
        self.live = LiveScreen(read_only)
        for name, make in self.RUN_SCREENS.items():
            self.install_screen(make(read_only), name)
        for theme in THEMES:
            self.register_theme(theme)
        wanted = self._preferences.theme
        self.theme = wanted if wanted in self.available_themes else DEFAULT_THEME

    def get_default_screen(self) -> LiveScreen:
        """The one screen under all others."""
        return self.live

    def on_mount(self) -> None:
        """Begin to read, to look at what was read, and to leave cleanly when asked to from outside."""
        leave_on_signals(partial(self.exit, TOLD_TO_END))
        if self._following:
            self.source.start()
        self.theme_changed_signal.subscribe(self, self._repaint)

    async def on_ready(self) -> None:
        """The panels are there: show what is read from now on."""
        self.view = self._preferences.view
        self.live.show_matching(self._preferences.metric_filter)
        if self._first_screen:
            await self.action_show(self._first_screen)
        if self.keymap.said:
            self.say("warning", self.keymap.said)
        if self._following:
            self._tick()
            self.set_interval(self._interval, self._tick)

    def on_unmount(self) -> None:
        """The reading threads end with the app."""
        self.source.stop()
        self.run_set.stop()

    def watch_run_view(self, run_view: RunView | None) -> None:
        """Show it and its events, and leave when a stop that was asked for is done."""
        if run_view is None:
            return
        unseen = min(run_view.events_seen - self._events_taken, len(run_view.events))
        self._events_taken = run_view.events_seen
        self.take_events(run_view.events[len(run_view.events) - unseen :])
        problem = run_view.problem or (run_view.trouble if self.source.live else "")
        if problem and problem != self._problem:
            self.say("warning" if run_view.problem else "failed", plain(problem))
        self._problem = problem
        if new := [sentence for sentence in run_view.file_problems if sentence not in self._file_problems]:
            self._file_problems |= frozenset(new)
            self.say("warning", "; ".join(new))
        if self.source.live:
            self.announce(run_view)
        self.show_run_view()
        if self.requests.stopping and run_view.state in ENDED:
            self.exit(STOPPED)

    def watch_view(self, view: ChartView) -> None:
        """Look at the charts of all screens in the same way; a cursor is where its keys are."""
        for screen in self.run_screens:
            screen.view = view if "charts" in screen.SCOPES else view.without_cursor()

    def action_turn_page(self, by: int) -> None:
        """Turn some pages on, or back."""
        self.run_screens[-1].turn(by)

    async def action_show(self, name: str) -> None:
        """Put a screen over the overview, in place of any other; the overview itself when it is in front already."""
        front = self.run_screens[-1]
        while self.screen is not self.live:
            await self.pop_screen()
        if name != self.live.id and front is not self.get_screen(name):
            await self.push_screen(name)
            self.show_message()
            self.show_run_view()
            self.watch_view(self.view)

    def action_play_or_pause(self) -> None:
        """Play, or pause; from the end, play from the start."""
        self.source.play(Playback.toggled)

    def action_seek(self, by: float) -> None:
        """Go on by a share of the whole run, or back."""
        self.source.play(lambda playback: playback.sought(by))

    def action_change_speed(self, by: int) -> None:
        """Some speeds faster, or slower."""
        self.source.play(lambda playback: playback.speeded(by))

    async def open_run(self, run: RunDirectory) -> None:
        """Show this run: here where it is ours, else leave for it."""
        if run == self._directory:
            await self.action_show("live")
        elif self.is_web:
            self.say("refused", "a browser shows the run that is served, and no other")
        else:
            self.opened = run
            self.exit(ANOTHER)

    def action_show_help(self) -> None:
        """Keys and metrics."""
        self.push_screen(HelpScreen(self.run_view, self._all_keys.actions))

    def action_ask_to_quit(self) -> None:
        """Leave at once where there is nothing to decide, else ask."""
        if self.run_view is not None and self.run_view.ended:
            self.exit(RUN_ENDED)
        elif self._read_only or (self.run_view is not None and self.run_view.state == UNKNOWN):
            self.exit(DETACHED)
        elif not isinstance(self.screen, QuitDialog):
            self.push_screen(QuitDialog(), self._quit_as_answered)

    async def action_quit(self) -> None:
        """Textual's own way out, ctrl+q, works everywhere: asked for twice it is a detach."""
        if isinstance(self.screen, QuitDialog):
            self.screen.dismiss("detach")
        else:
            self.action_ask_to_quit()

    @property
    def left_as(self) -> Preferences:
        """What the user has chosen by now, for the next time."""
        return Preferences.of(self.theme, self.view, self.live.words)

    def offered(self, identifier: str) -> bool:
        """Whether an action of the table has anything to do now. Where not, its key answers why and is not shown."""
        match NEEDS.get(identifier):
            case "pages":
                return self.run_screens[-1].paged
            case "news":
                return self.source.live
            case "control":
                return not self.refusal
        return True

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """The command palette: the table of actions, and the choice of a theme."""
        scopes = screen.SCOPES if isinstance(screen, RunScreen) else ("app",)
        for action in self.keymap.of(*scopes):
            namespace, method, arguments = parse(action.command)
            owner = self if namespace == "app" else screen
            if owner.check_action(method, arguments) and self.offered(action.id):
                run = partial(self.run_action, action.command, screen)
                yield SystemCommand(action.title, action.description, run)
        yield SystemCommand("Theme", "Choose other colours", self.action_change_theme)

    def _tick(self) -> None:
        """Show the newest view of the run, if there is a newer one."""
        newest, shown = self.source.run_view, self.run_view
        if newest is not shown and newest.version and not self._too_many_rows(newest, shown):
            with self.batch_update():
                self.run_view = newest
        if self.requests.expire():
            self.show_message()
            if self._problem:  # it still holds
                self.say("warning" if newest.problem else "failed", plain(self._problem))
        if self.source.broken and self._problem != BROKEN:
            self._problem = BROKEN
            self.say("failed", BROKEN)

    def _too_many_rows(self, newest: RunView, shown: RunView | None) -> bool:
        """Whether a picture is left out: nobody reads many updates a second, and painting takes the training's time."""
        if shown is None or newest.series.rows - shown.series.rows <= READABLE or self._left_out:
            self._left_out = False
        else:
            self._left_out = newest.only_adds_rows_to(shown)
        return self._left_out

    def _quit_as_answered(self, answer: str | None) -> None:
        if answer == "detach":
            self.exit(DETACHED)
        elif answer == "stop" and self.requests.stopping:
            self.say("asked", "stop: already asked, waiting for the trainer")
        elif answer == "stop":
            self.ask("stop")

    def _repaint(self, theme: Theme) -> None:
        for screen in self.run_screens:
            screen.refresh_colors()


def run_dashboard(
    run: RunDirectory,
    *,
    read_only: bool = False,
    interval: float = INTERVAL_S,
    source: Source | None = None,
    compared: Sequence[RunDirectory] = (),
    first_screen: str = "",
    keeps_preferences: bool = True,
) -> str:
    """Show a run, and after it each that is opened from its comparison, until the user leaves.

    Returns how the last one was left: `detached`; `stopped` when the user asked for a stop here and the run has ended;
    `ended` when it had ended before; `told to end` by a signal or a terminal that closed. The runs are not touched.
    The user's preferences are read and kept for the next time; they are neither without `keeps_preferences`.
    """
    leave_out_what_exists()
    keymap = read_keymap(keymap_path())
    read, problem = read_preferences(preferences_path()) if keeps_preferences else (Preferences(), "")
    preferences = suited(read) if keeps_preferences else read
    keymap = replace(keymap, problems=(*keymap.problems, problem)) if problem else keymap
    make = partial(Dashboard, read_only=read_only, interval=interval, compared=compared, keymap=keymap)
    app = make(run, source=source, first_screen=first_screen, preferences=preferences)
    while (how := app.run() or DETACHED) == ANOTHER and app.opened is not None:
        app = make(app.opened, preferences=app.left_as)
    if keeps_preferences and app.left_as != preferences:
        problem = save_preferences(preferences_path(), app.left_as, read)
        if problem:
            print_line(f"gwt-ib-tui: {problem}", err=True)
    return how


def run_comparison(runs: Sequence[RunDirectory]) -> str:
    """Show runs against the first of them, without control of them; see `run_dashboard`."""
    return run_dashboard(runs[0], read_only=True, compared=runs, first_screen="compare")
