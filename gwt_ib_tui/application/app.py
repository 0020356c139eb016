"""The dashboard: shows one run, live, and controls it. It reads and writes the run directory and nothing else."""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from operator import methodcaller
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from textual.actions import parse
from textual.app import SystemCommand
from textual.events import Event, InputEvent
from textual.pilot import Pilot
from textual.reactive import reactive
from textual.screen import Screen
from textual.theme import Theme

from gwt_ib.errors import UserError
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.origin import made_here, module_of
from gwt_ib.runs.record import ENDED, UNKNOWN
from gwt_ib.text import plain
from gwt_ib_tui.application.alerts import AlertSettings, Notifier, read_alert_settings
from gwt_ib_tui.application.figure_writing import write_chart
from gwt_ib_tui.application.preferences import (
    Preferences,
    RunLayout,
    for_this_terminal,
    preferences_path,
    read_preferences,
    read_run_layout,
    run_layout_path,
    save_preferences,
    save_run_layout,
)
from gwt_ib_tui.application.run_app import RunApp
from gwt_ib_tui.charts.palette import DEFAULT_THEME, THEMES
from gwt_ib_tui.charts.view import ChartView
from gwt_ib_tui.garbage import leave_out_what_exists
from gwt_ib_tui.keys.actions import ACTIONS
from gwt_ib_tui.keys.keymap import Keymap, keymap_path, read_keymap
from gwt_ib_tui.priority import give_way
from gwt_ib_tui.screens.compare_screen import CompareScreen
from gwt_ib_tui.screens.dialogs import QuitDialog
from gwt_ib_tui.screens.gate_check_screen import GateCheckScreen
from gwt_ib_tui.screens.gate_screen import GateScreen
from gwt_ib_tui.screens.help_screen import HelpScreen
from gwt_ib_tui.screens.live_screen import LiveScreen
from gwt_ib_tui.screens.log_screen import LogScreen
from gwt_ib_tui.screens.run_screen import RunScreen
from gwt_ib_tui.screens.settings_screen import SettingsScreen
from gwt_ib_tui.state.compare.run_set import RunSet, neighbours
from gwt_ib_tui.state.run.feed import Feed
from gwt_ib_tui.state.run.follower import Source
from gwt_ib_tui.state.run.run_view import RunView
from gwt_ib_tui.terminal import clipboard_words, leave_on_signals, prepare_screen, print_line

if TYPE_CHECKING:
    from gwt_ib.figures.plot import Plot

INTERVAL_S = 0.5  # between two pictures: each of them takes time from a training that uses every core
CALM_AFTER_S = 10.0  # without a key or a click; nobody looks closely then
CALM_INTERVAL_S = 2.0
READABLE = 2  # new rows in a picture; with more, every second one is left out
DETACHED, STOPPED, RUN_ENDED = "detached", "stopped", "ended"
SIGNAL, ANOTHER, WATCH, LIST = "signal", "another", "watch", "list"
NEEDS = {action.id: action.needs for action in ACTIONS}
NO_EPISODE_HERE = "an episode is played beside a dashboard in a terminal"
BROKEN = "the reader of the run directory has stopped; leave and attach again"


class Dashboard(RunApp):
    """The application. Its result says how it was left: `detached`, `stopped` or `ended`."""

    CSS_PATH = "gwt_ib_tui.tcss"
    TITLE = "GWT-IB"
    RUN_SCREENS: ClassVar[dict[str, Callable[[bool], RunScreen]]] = {
        screen.SCOPES[0]: screen for screen in (GateScreen, GateCheckScreen, LogScreen, CompareScreen, SettingsScreen)
    }
    """The screens over the overview by name, each made with whether the dashboard is read-only."""
    view: reactive[ChartView] = reactive(ChartView(), repaint=False, init=False)
    """The view that the charts of all screens share: axis, window, cursor, scale."""

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
        notifier: Notifier | None = None,
        calms_down: bool = True,
    ) -> None:
        """Show `run` as `source` publishes it: by default its directory is followed.

        It is compared with `compared`, by default others in its folder; `first_screen` is in front at first. Without
        `following` nothing is read, and the caller sets `run_view`. Where nobody presses a key for a while, less is read and
        painted; not so without `calms_down`.
        """
        # What is new is read within half an interval and then shown at the next picture.
        super().__init__(run, source or Feed(run, interval / 2), read_only, notifier)
        self._interval = interval
        self._calms_down = calms_down
        self._touched_at = self._shown_at = time.monotonic()
        self._following = following
        self._events_taken = 0
        self._problem = ""
        self._left_out = False
        self._offered_as_ended = False
        self._file_problems: frozenset[str] = frozenset()
        self._all_keys = keymap or Keymap()
        self.keymap = self._all_keys.serving(self.source.scopes)
        self._preferences = preferences or Preferences()
        self.run_set = RunSet((lambda: compared) if compared else partial(neighbours, run))
        self.opened: RunDirectory | None = None
        self.front = ""
        """The screen that was in front when an episode was asked for."""
        self.first_problem = ""
        """What went wrong before it was opened, to be said at first."""
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
        """Start to read the run, and leave cleanly when a signal asks for it."""
        leave_on_signals(partial(self.exit, SIGNAL))
        if self._following:
            self.source.start()
        self.theme_changed_signal.subscribe(self, self._repaint)

    async def on_ready(self) -> None:
        """The panels are there: show what is read from now on."""
        self.view = self._preferences.view
        self.live.show_matching(self._preferences.metric_filter)
        if self._first_screen:
            await self.action_show(self._first_screen)
        if self.keymap.summary:
            self.say("warning", self.keymap.summary)
        if self.first_problem:
            self.say("failed", self.first_problem)
        if self._following:
            self._tick()
            self.set_interval(self._interval, self._tick)

    async def on_event(self, event: Event) -> None:
        """A key or the mouse ends the calm."""
        if isinstance(event, InputEvent):
            self._touched_at = time.monotonic()
            if self.calm:
                self._set_calm(False)
        await super().on_event(event)

    def _set_calm(self, calm: bool) -> None:
        """Read and paint more seldom, and give way to the training; or as usual again."""
        self.calm = self.source.calm = calm
        give_way(calm)
        if not calm:
            self.source.wake()

    def on_unmount(self) -> None:
        """The reading threads end with the app."""
        if self.calm:
            give_way(False)
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
        if problem and _without_numbers(problem) != _without_numbers(self._problem):  # seconds that pass are no news
            self.say(self._status_of_problem(run_view), plain(problem))
        elif self._problem and not problem and self.requests.message.status == "trouble":
            self.say("notice", f"over: {plain(self._problem)}")
        self._problem = problem
        if new := [sentence for sentence in run_view.file_problems if sentence not in self._file_problems]:
            self._file_problems |= frozenset(new)
            self.say("warning", "; ".join(new))
        if self.source.live:
            self.announce(run_view)
        self.show_run_view()
        if run_view.ended != self._offered_as_ended:  # the keys that make sense are others now
            self._offered_as_ended = run_view.ended
            for screen in self.run_screens:
                screen.refresh_bindings()
        if self.requests.stopping and run_view.state in ENDED:
            self.exit(STOPPED)

    def watch_view(self, view: ChartView) -> None:
        """Give all screens the same view of their charts; the cursor only those that have its keys."""
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

    def action_play(self, change: Literal["toggled", "moved", "at_speed"], *by: int | float) -> None:
        """Play or pause a recorded run, seek by a share of the whole run, or play some speeds faster."""
        self.source.play(methodcaller(change, *by))

    def action_write_figure(self) -> None:
        """Write the chart that is looked at as a figure, in a thread: matplotlib needs a second to be there."""
        plot = self.run_screens[-1].plotted()
        if self.is_web:
            self.say("refused", "a page in a browser writes no files")
        elif plot is None:
            self.say("refused", "there is no chart here to draw")
        else:
            self.say("notice", "the figure is being drawn")
            self.run_worker(self._write_figure(plot), group="figures", exclusive=True, exit_on_error=False)

    async def _write_figure(self, plot: Plot) -> None:
        try:
            path = await asyncio.to_thread(write_chart, self._directory, plot, self._preferences.figure)
        except UserError as error:
            self.say("refused", error.message)
        except OSError as error:
            self.say("failed", f"no figure in {self._directory.plots}: {error.strerror or error}")
        else:
            self.copy_to_clipboard(plain(path.resolve(), 4096))
            self.say("done", f"figure and its data as CSV, {clipboard_words()}: {path}")

    async def open_run(self, run: RunDirectory) -> None:
        """Show this run: here where it is ours, else leave for it."""
        if run == self._directory:
            await self.action_show("live")
        elif self.is_web:
            self.say("refused", "a browser shows the run that is served, and no other")
        else:
            self.opened = run
            self.exit(ANOTHER)

    def action_watch(self) -> None:
        """Leave for an episode of this run; `run_dashboard` comes back here after it."""
        config = self.run_view.config if self.run_view is not None else None
        if config is None:
            return
        if (
            reason := NO_EPISODE_HERE
            if self.is_web or not self.source.live
            else strangers(self._directory, config.env_id)
        ):
            self.say("refused", f"{reason}: gwt-ib-tui watch {self._directory.path}")
        else:
            self.front = self.run_screens[-1].id or ""
            self.exit(WATCH)

    def action_show_help(self) -> None:
        """Keys and metrics."""
        useless = {action.id for action in self._all_keys.actions if action.needs != "pages"}
        useless = {name for name in useless if not self.offered(name)} if self.has_ended else set()
        actions = tuple(action for action in self._all_keys.actions if action.id not in useless)
        self.push_screen(HelpScreen(self.run_view, actions))

    def action_open_list(self) -> None:
        """Leave a run that has ended for the list of all runs in its folder."""
        if self.is_web or not self.source.live:
            self.say("refused", "a browser and a replay show one run, and no other")
        elif not self.has_ended:
            self.say("refused", "the run goes on: leave it first")
        else:
            self.exit(LIST)

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

    def action_reset_layout(self) -> None:
        """How the charts are looked at as in the beginning: axis, scale, smoothing, symbols, window, metrics, page."""
        first = for_this_terminal(Preferences())
        self.view = first.view
        for screen in self.run_screens:
            screen.reset_layout()
        self.live.show_matching("")
        self.say("notice", "the view is as it was in the beginning: axis, scale, smoothing, symbols, window, metrics")

    @property
    def left_as(self) -> Preferences:
        """What the user has chosen by now, for the next time."""
        return Preferences.of(self.theme, self.view, self.live.words, self._preferences.figure)

    @property
    def left_here(self) -> RunLayout:
        """The same for this run, with what is in sight of it."""
        return RunLayout.of_run(self.theme, self.view, self.live.words)

    def offered(self, identifier: str) -> bool:
        """Whether an action of the table has anything to do now. Where not, its key answers why and is not shown."""
        live, ended, asked = self.source.live, self.has_ended, not self.refusal
        can = {"pages": self.run_screens[-1].paged, "news": live and not ended, "control": asked and not ended}
        can |= {"shell": asked, "ended": asked and ended}
        return can.get(NEEDS.get(identifier, ""), True)

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
        newest, shown, now = self.source.run_view, self.run_view, time.monotonic()
        idle = self._calms_down and self.source.live and now - self._touched_at >= CALM_AFTER_S
        if idle and not self.calm:
            self._set_calm(True)
        if (
            self.calm
            and shown is not None
            and now - self._shown_at < CALM_INTERVAL_S
            and newest.only_adds_rows_to(shown)
        ):
            return
        if newest is not shown and newest.version and not self._too_many_rows(newest, shown):
            self._shown_at = now
            with self.batch_update():
                self.run_view = newest
        if self.requests.expire():
            self.show_message()
            if self._problem:  # it is still there
                self.say(self._status_of_problem(newest), plain(self._problem))
        for sentence in self.notifier.problems():
            self.say("warning", sentence)
        if self.source.broken and self._problem != BROKEN:
            self._problem = BROKEN
            self.say("failed", BROKEN)

    @staticmethod
    def _status_of_problem(run_view: RunView) -> str:
        """The word before a problem: only a run that has ended has failed."""
        if run_view.problem:
            return "warning"
        return "failed" if run_view.ended or run_view.state == UNKNOWN else "trouble"

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
            for widget in screen.query(".all *"):
                widget.refresh()


SCREENS = ("live", *Dashboard.RUN_SCREENS)


def run_dashboard(
    run: RunDirectory,
    *,
    read_only: bool = False,
    interval: float = INTERVAL_S,
    source: Source | None = None,
    compared: Sequence[RunDirectory] = (),
    first_screen: str = "",
    keeps_preferences: bool = True,
    fps: float | None = None,
    on_event: str | None = None,
) -> str:
    """Show a run, and after it each that is opened from its comparison, until the user leaves.

    Returns how the last one was left: `detached`; `stopped` when the user asked for a stop here and the run has ended;
    `ended` when it had ended before; `list` for the list of runs; `signal` for a signal or a terminal that closed. The runs
    are not touched.
    The user's preferences are read and kept for the next time; they are neither without `keeps_preferences`, nor are there
    alerts. At most `fps` pictures a second are made; `on_event` is the command for alerts in place of the user's own.
    """
    leave_out_what_exists()
    prepare_screen()
    interval = 1.0 / fps if fps else interval
    keymap = read_keymap(keymap_path())
    read, problem = read_preferences(preferences_path()) if keeps_preferences else (Preferences(), "")
    alerts = AlertSettings(notify="off")
    if keeps_preferences:
        alerts = read_alert_settings(keymap_path(), os.environ, on_event)
    keymap = replace(keymap, problems=(*keymap.problems, *alerts.problems, *filter(None, [problem])))
    layout, said = for_this_terminal(read) if keeps_preferences else read, ""
    with Notifier(alerts) as notifier:  # before the application: inside it no process can be started safely
        make = partial(Dashboard, read_only=read_only, interval=interval, compared=compared, notifier=notifier)
        make = partial(make, keymap=keymap, calms_down=fps is None)
        while True:
            kept = run_layout_path(run.path) if keeps_preferences else None
            own = read_run_layout(kept, layout)
            first = for_this_terminal(own) if keeps_preferences else own
            app = make(run, source=source, first_screen=first_screen, preferences=first)
            app.first_problem = said
            how = app.run() or DETACHED
            save_run_layout(kept, app.left_here, own)
            layout, source, first_screen, said = app.left_as, None, "", ""
            if how == ANOTHER and app.opened is not None:
                run = app.opened
            elif how == WATCH:
                from gwt_ib_tui.application.watch_app import watched_from

                how, said = watched_from(run, layout, keymap)  # a player is started, so between two applications
                first_screen = app.front
                if how == SIGNAL:
                    break
            else:
                break
    if keeps_preferences and layout != for_this_terminal(read):
        problem = save_preferences(preferences_path(), layout, read)
        if problem:
            print_line(f"gwt-ib-tui: {problem}", err=True)
    return how


def run_comparison(runs: Sequence[RunDirectory]) -> str:
    """Show runs against the first of them, without control of them; see `run_dashboard`."""
    return run_dashboard(runs[0], read_only=True, compared=runs, first_screen="compare")


def strangers(run: RunDirectory, env_id: str) -> str:
    """Why no episode is played unasked: its module is code that was made elsewhere; empty where it was not."""
    module = module_of(env_id)
    if not module or made_here(run.read_run(), env_id):
        return ""
    return f"made elsewhere, its module {plain(module)!r} is code; where you trust it add --trust"


def _without_numbers(sentence: str) -> str:
    return re.sub(r"\d+", "", sentence)


def run_picture(
    run: RunDirectory, size: tuple[int, int] = (120, 40), screen: str = "live", theme: str = DEFAULT_THEME
) -> str:
    """What one of the `SCREENS` shows of a run, at `size` columns and rows, as SVG."""
    app = Dashboard(run, following=False, preferences=Preferences(theme=theme))
    run_view = Feed(run).read_everything()
    if run_view.ended:  # what the machine does now says nothing of it
        run_view = replace(run_view, machine=None)
    if screen == "compare":
        app.run_set.read_everything()
    picture: list[str] = []

    async def take(pilot: Pilot[object]) -> None:
        app.run_view = run_view
        await pilot.pause()
        if screen != "live":
            await app.action_show(screen)
            await pilot.pause()
        picture.append(app.export_screenshot(title=f"gwt-ib-tui · {run.name}"))
        app.exit()

    app.run(headless=True, size=size, auto_pilot=take)
    return picture[0]


def save_picture(
    run: RunDirectory, path: Path, size: tuple[int, int] = (120, 40), screen: str = "live", theme: str = DEFAULT_THEME
) -> None:
    """Write that picture. Raises `OSError`."""
    path.write_text(run_picture(run, size, screen, theme), encoding="utf-8")
