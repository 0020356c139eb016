"""The dashboard: shows one run, live, and steers it. It reads and writes the run directory and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import ClassVar

from textual.app import SystemCommand
from textual.reactive import reactive
from textual.screen import Screen
from textual.theme import Theme

from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.lifecycle import ENDED, UNKNOWN
from gwt_ib.text import plain
from gwt_ib_tui.application.preferences import Layout, layout_path, read_layout, save_layout, suited
from gwt_ib_tui.application.replaying import NOT_IN_A_REPLAY, REPLAYING, ReplayActions
from gwt_ib_tui.application.showing import ShowingApp
from gwt_ib_tui.application.steered import STEERING
from gwt_ib_tui.charts.palette import DEFAULT_THEME, THEMES
from gwt_ib_tui.charts.view import ChartView
from gwt_ib_tui.garbage import spare_what_is_there
from gwt_ib_tui.keys.action import Action
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
from gwt_ib_tui.state.run.run_view import RunView
from gwt_ib_tui.state.run.source import Source
from gwt_ib_tui.terminal import leave_on_signals, tell

INTERVAL_S = 0.5  # between two pictures: a training that uses every core feels each of them
READABLE = 2  # new rows in a picture; with more, every second one is left out
DETACHED, STOPPED, RUN_ENDED = "detached", "stopped", "ended"
TOLD_TO_END, ANOTHER = "told to end", "another"
TURNING = frozenset({"app.next_page", "app.previous_page", "check.show_rule"})
BROKEN = "the reader of the run directory has stopped; leave and attach again"


class Dashboard(ReplayActions, ShowingApp):
    """The application. Its result says how it was left: `detached`, `stopped` or `ended`."""

    CSS_PATH = "gwt_ib_tui.tcss"
    TITLE = "GWT-IB"
    RUN_SCREENS: ClassVar[dict[str, Callable[[bool], RunScreen]]] = {
        "gate": GateScreen,
        "check": GateCheckScreen,
        "log": LogScreen,
        "compare": CompareScreen,
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
        layout: Layout | None = None,
        following: bool = True,
        compared: Sequence[RunDirectory] = (),
        first_screen: str = "",
    ) -> None:
        """Show `run`, as `source` tells of it: by default its directory is followed.

        It is held against `compared`, by default others in its folder; `first_screen` is in front at first. Without
        `following` nothing is read and whoever made the app sets `snapshot`.
        """
        super().__init__(run, read_only)
        self._interval = interval
        self._following = following
        self._events_taken = 0
        self._problem = ""
        self._left_out = False
        self._file_problems: frozenset[str] = frozenset()
        self.keymap = keymap or Keymap()
        self._displaced = self.keymap.sharing("app", "replay")
        self._layout = layout or Layout()
        # What is new is read within half an interval and then shown at the next picture.
        reading_interval = interval / 2
        self.source: Source = source or Feed(run, reading_interval)
        self.run_set = RunSet((lambda: compared) if compared else partial(neighbours, run))
        self.opened: RunDirectory | None = None
        self._first_screen = first_screen
        self.live = LiveScreen(read_only)
        for name, make in self.RUN_SCREENS.items():
            self.install_screen(make(read_only), name)
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = self._layout.theme if self._layout.theme in self.available_themes else DEFAULT_THEME

    def get_default_screen(self) -> LiveScreen:
        """The one screen under all others."""
        return self.live

    def on_mount(self) -> None:
        """Begin to read, to look at what was read, and to leave cleanly when told to from outside."""
        leave_on_signals(partial(self.exit, TOLD_TO_END))
        if self._following:
            self.source.start()
        self.theme_changed_signal.subscribe(self, self._repaint)

    async def on_ready(self) -> None:
        """The panels are there: show what is read from now on."""
        self.view = self._layout.view
        self.live.show_matching(self._layout.metric_filter)
        if self._first_screen:
            await self._show(self._first_screen)
        if self.keymap.said:
            self.steering.say("warning", self.keymap.said)
        if self._following:
            self._tick()
            self.set_interval(self._interval, self._tick)

    def on_unmount(self) -> None:
        """The reading threads end with the app."""
        self.source.stop()
        self.run_set.stop()

    def watch_run_view(self, run_view: RunView | None) -> None:
        """Show it, tell of its events, and leave when a stop that was asked for is done."""
        if run_view is None:
            return
        unseen = min(run_view.events_seen - self._events_taken, len(run_view.events))
        self._events_taken = run_view.events_seen
        self.steering.take(run_view.events[len(run_view.events) - unseen :])
        problem = run_view.problem or (run_view.trouble if self.replay is None else "")
        if problem and problem != self._problem:
            self.steering.say("warning" if run_view.problem else "failed", plain(problem))
        self._problem = problem
        if new := [sentence for sentence in run_view.file_problems if sentence not in self._file_problems]:
            self._file_problems |= frozenset(new)
            self.steering.say("warning", "; ".join(new))
        if self.replay is None:
            self.announce(run_view)
        self.show_run_view()
        if self.steering.stopping and run_view.state in ENDED:
            self.exit(STOPPED)

    def watch_view(self, view: ChartView) -> None:
        """Look at the charts of all screens in the same way; a cursor is where its keys are."""
        for screen in self.run_screens:
            screen.view = view if "charts" in screen.SCOPES else view.without_cursor()

    def action_next_page(self) -> None:
        """Turn to the next page."""
        self.run_screens[-1].turn(1)

    def action_previous_page(self) -> None:
        """Turn back."""
        self.run_screens[-1].turn(-1)

    async def action_show_live(self) -> None:
        """The overview."""
        await self._show()

    async def action_show_gate(self) -> None:
        """The gate through the whole training; from there, back to the overview."""
        await self._show("gate")

    async def action_show_check(self) -> None:
        """Every rule of GateCheck; from there, back to the overview."""
        await self._show("check")

    async def action_show_compare(self) -> None:
        """The run against others; from there, back to the overview."""
        await self._show("compare")

    async def open_run(self, run: RunDirectory) -> None:
        """Show this run: here where it is ours, else leave for it."""
        if run == self._directory:
            await self.action_show_live()
        elif self.is_web:
            self.say("refused", "a browser shows the run that is served, and no other")
        else:
            self.opened = run
            self.exit(ANOTHER)

    async def action_show_log(self) -> None:
        """The processes and their log; from there, back to the overview."""
        await self._show("log")

    def action_show_help(self) -> None:
        """Keys and metrics."""
        self.push_screen(HelpScreen(self.run_view, self.keymap.actions))

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
            self.screen.action_detach()
        else:
            self.action_ask_to_quit()

    @property
    def left_as(self) -> Layout:
        """The layout as it is now, for the next time."""
        return Layout.of(self.theme, self.view, self.live.words)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Switch off playing where there is nothing to play, and in a replay whatever has a key of it."""
        if action in REPLAYING:
            return self.replay is not None
        return self.replay is None or action not in self._displaced

    def offered(self, identifier: str) -> bool:
        """Whether an action of the table has anything to do now. Where not, its key answers why and is not shown."""
        if identifier in TURNING:
            return self.run_screens[-1].paged
        if self.replay is not None and identifier == "app.hold_display":
            return False
        return self.steers or identifier not in STEERING

    @property
    def asks_nothing(self) -> str:
        """Why nothing at all is asked of this run; empty where it can be."""
        return super().asks_nothing if self.replay is None else NOT_IN_A_REPLAY

    def action_hold_display(self) -> None:
        """Let what is shown stand still, or follow again."""
        if self.replay is not None:
            self.say("refused", NOT_IN_A_REPLAY)
        else:
            super().action_hold_display()

    @property
    def steers(self) -> bool:
        """Whether the run can be steered from here; keys that do are not shown where not, but answer why."""
        return not self._read_only and self.replay is None

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """The command palette: the table of actions, and the choice of a theme."""
        scopes = screen.SCOPES if isinstance(screen, RunScreen) else ("app",)
        for action in self.keymap.of(*scopes):
            owner = self if action.scope in ("app", "replay") else screen
            if owner.check_action(action.name, ()) and self.offered(f"{action.scope}.{action.name}"):
                yield SystemCommand(action.title, action.description, partial(self._run_action_of, action))
        yield SystemCommand("Theme", "Choose other colours", self.action_change_theme)

    async def _run_action_of(self, action: Action) -> None:
        await self.run_action(action.name, self if action.scope in ("app", "replay") else self.screen)

    async def _show(self, name: str = "") -> None:
        """Put a screen over the overview, in place of any other; the overview itself when it is in front already."""
        front = self.run_screens[-1]
        while self.screen is not self.live:
            await self.pop_screen()
        if name and front is not self.get_screen(name):
            await self.push_screen(name)
            self._show_message()
            self.show_run_view()
            self.watch_view(self.view)

    def _tick(self) -> None:
        """Show the newest snapshot, if there is a newer one."""
        newest, shown = self.source.run_view, self.run_view
        if newest is not shown and newest.version and not self._too_many_rows(newest, shown):
            with self.batch_update():
                self.run_view = newest
        if self.steering.expire() and self._problem:  # it still holds
            self.steering.say("warning" if newest.problem else "failed", plain(self._problem))
        if self.source.broken and self._problem != BROKEN:
            self._problem = BROKEN
            self.steering.say("failed", BROKEN)

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
        elif answer == "stop" and self.steering.stopping:
            self.steering.say("asked", "stop: already asked, waiting for the trainer")
        elif answer == "stop":
            self.steering.ask("stop")

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
    keeps_layout: bool = True,
) -> str:
    """Show a run, and after it each that is opened from its comparison, until the user leaves.

    Returns how the last one was left: `detached`; `stopped` when the user asked for a stop here and the run has ended;
    `ended` when it had ended before; `told to end` by a signal or a terminal that closed. The runs are not touched.
    The user's layout is read and kept for the next time; it is neither without `keeps_layout`.
    """
    spare_what_is_there()
    keymap = read_keymap(keymap_path())
    read, problem = read_layout(layout_path()) if keeps_layout else (Layout(), "")
    layout = suited(read) if keeps_layout else read
    keymap = replace(keymap, problems=(*keymap.problems, problem)) if problem else keymap
    make = partial(Dashboard, read_only=read_only, interval=interval, compared=compared, keymap=keymap)
    app = make(run, source=source, first_screen=first_screen, layout=layout)
    while (how := app.run() or DETACHED) == ANOTHER and app.opened is not None:
        app = make(app.opened, layout=app.left_as)
    if keeps_layout and app.left_as != layout and (problem := save_layout(layout_path(), app.left_as, read)):
        tell(f"gwt-ib-tui: {problem}", err=True)
    return how


def run_comparison(runs: Sequence[RunDirectory]) -> str:
    """Show runs against the first of them, without steering; see `run_dashboard`."""
    return run_dashboard(runs[0], read_only=True, compared=runs, first_screen="compare")
