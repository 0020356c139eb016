"""The dashboard: shows one run, live, and controls it. It reads and writes the run directory and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from operator import methodcaller
from typing import TYPE_CHECKING, ClassVar, Literal

from textual.actions import parse
from textual.app import SystemCommand
from textual.events import Event, InputEvent
from textual.reactive import reactive
from textual.screen import Screen
from textual.theme import Theme

from gwt_ib.errors import UserError
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.origin import module_made_elsewhere
from gwt_ib.runs.record import ENDED, UNKNOWN
from gwt_ib.text import plain
from gwt_ib_tui.application.alerts import Notifier
from gwt_ib_tui.application.figure_writing import write_chart
from gwt_ib_tui.application.pace import INTERVAL_S, Pace
from gwt_ib_tui.application.preferences import Preferences, RunLayout, for_this_terminal
from gwt_ib_tui.application.run_app import RunApp
from gwt_ib_tui.charts.palette import DEFAULT_THEME, THEMES
from gwt_ib_tui.charts.view import ChartView
from gwt_ib_tui.keys.actions import ACTIONS
from gwt_ib_tui.keys.keymap import Keymap
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
from gwt_ib_tui.state.run.problems import Problems
from gwt_ib_tui.state.run.run_view import RunView
from gwt_ib_tui.terminal import clipboard_words, leave_on_signals

if TYPE_CHECKING:
    from gwt_ib.figures.plot import Plot

DETACHED, STOPPED, RUN_ENDED = "detached", "stopped", "ended"
SIGNAL, ANOTHER, WATCH, LIST = "signal", "another", "watch", "list"
NEEDS = {action.id: action.needs for action in ACTIONS}


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
        self._pace = Pace(calms_down=calms_down and self.source.live)
        self._following = following
        self._events_taken = 0
        self._problems = Problems(live=self.source.live)
        self._offered_as_ended = False
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
        if isinstance(event, InputEvent) and self._pace.touched():
            self._keep_pace()
            self.source.wake()
        await super().on_event(event)

    @property
    def calm(self) -> bool:
        """Whether nobody has pressed a key for a while: what is expensive is painted more seldom."""
        return self._pace.calm

    def _keep_pace(self) -> None:
        """Read and paint more seldom, and give way to the training; or as usual again."""
        self.source.calm = self.calm
        give_way(self.calm)

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
        for message in self._problems.take(run_view, self.requests.message):
            self.put(message)
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
        command = f"gwt-ib-tui watch {self._directory.path}"
        if self.is_web or not self.source.live:
            self.say("refused", f"an episode is played beside a dashboard in a terminal: {command}")
        elif module := module_made_elsewhere(self._directory.read_run(), config.env_id):
            foreign = f"made elsewhere, its module {plain(module)!r} is code"
            self.say("refused", f"{foreign}; where you trust it add --trust: {command}")
        else:
            self.front = self.run_screens[-1].id or ""
            self.exit(WATCH)

    def action_show_help(self) -> None:
        """Keys and metrics."""
        actions, goes_on = self._all_keys.actions, not self.has_ended
        useful = (action for action in actions if goes_on or action.needs == "pages" or self.offered(action.id))
        self.push_screen(HelpScreen(self.run_view, tuple(useful)))

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
        self.view = for_this_terminal(Preferences()).view
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
                yield SystemCommand(action.title, action.description, partial(self.run_action, action.command, screen))
        yield SystemCommand("Theme", "Choose other colours", self.action_change_theme)

    def _tick(self) -> None:
        """Show the newest view of the run, if there is a newer one."""
        newest, shown = self.source.run_view, self.run_view
        if self._pace.settled():
            self._keep_pace()
        if self._pace.can_wait(newest, shown):
            return
        if self._pace.paints(newest, shown):
            with self.batch_update():
                self.run_view = newest
        if self.requests.expire():
            self.show_message()
            self.put(self._problems.still(newest))
        for sentence in self.notifier.problems():
            self.say("warning", sentence)
        if self.source.broken:
            self.put(self._problems.reader_stopped())

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
