"""The dashboard: shows one run, live, and steers it. It reads and writes the run directory and nothing else."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import Any, ClassVar

from textual.app import App, SystemCommand
from textual.reactive import reactive
from textual.screen import Screen
from textual.theme import Theme

from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.lifecycle import ENDED
from gwt_ib_tui.action_table import actions_of
from gwt_ib_tui.actions import Action
from gwt_ib_tui.charts.palette import DEFAULT_THEME, THEMES
from gwt_ib_tui.keymap import Keymap
from gwt_ib_tui.screens.gate import GateScreen
from gwt_ib_tui.screens.help import HelpScreen
from gwt_ib_tui.screens.live import LiveScreen
from gwt_ib_tui.screens.quit_dialog import QuitDialog
from gwt_ib_tui.screens.run_screen import RunScreen
from gwt_ib_tui.state.feed import Feed
from gwt_ib_tui.state.snapshot import Snapshot
from gwt_ib_tui.state.source import Source
from gwt_ib_tui.steering import Steering

DETACHED, STOPPED, RUN_ENDED = "detached", "stopped", "ended"
LEAVING_SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
BROKEN = "the reader of the run directory has stopped; leave and attach again"
STEERING = {action.name for action in actions_of("app") if action.steers}


class Dashboard(App[str]):
    """The application. Its result says how it was left: `detached`, `stopped` or `ended`."""

    CSS_PATH = "gwt_ib_tui.tcss"
    TITLE = "GWT-IB"
    RUN_SCREENS: ClassVar[dict[str, Callable[[bool], RunScreen]]] = {"gate": GateScreen}
    """The screens over the overview by name, each made with whether the dashboard is read-only."""
    snapshot: reactive[Snapshot | None] = reactive(None, repaint=False)

    def __init__(
        self,
        run: RunDirectory,
        *,
        read_only: bool = False,
        interval: float = 0.25,
        source: Source | None = None,
        keymap: Keymap | None = None,
        following: bool = True,
    ) -> None:
        """Show `run`, as `source` tells of it: by default its directory is followed.

        Without `following` nothing is read and whoever made the app sets `snapshot`.
        """
        super().__init__()
        self._read_only = read_only
        self._interval = interval
        self._following = following
        self._events_taken = 0
        self._problem = ""
        self.keymap = keymap or Keymap()
        self.source: Source = source or Feed(run, interval)
        self.steering = Steering(run.control, self._in_background, self._show_message)
        for name, make in self.RUN_SCREENS.items():
            self.install_screen(make(read_only), name)
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = DEFAULT_THEME

    def get_default_screen(self) -> LiveScreen:
        """The one screen under all others."""
        return LiveScreen(self._read_only)

    def on_mount(self) -> None:
        """Begin to read, to look at what was read, and to leave cleanly when told to from outside."""
        loop = asyncio.get_running_loop()
        # Textual restores the terminal on SIGINT only; a closed terminal or a kill is a detach here. Outside the main
        # thread, as in some tests, there are no handlers to be had.
        with suppress(ValueError, NotImplementedError, RuntimeError):
            for number in LEAVING_SIGNALS:
                loop.add_signal_handler(number, self.exit, DETACHED)
        if self._following:
            self.source.start()
        self.theme_changed_signal.subscribe(self, self._repaint)

    def on_ready(self) -> None:
        """The panels are there: show what is read from now on."""
        for problem in self.keymap.problems:
            self.steering.say("warning", problem)
        if self._following:
            self._tick()
            self.set_interval(self._interval, self._tick)

    def on_unmount(self) -> None:
        """The reading thread ends with the app."""
        self.source.stop()

    @property
    def live(self) -> LiveScreen:
        """The screen under all others."""
        screen = self.screen_stack[0]
        assert isinstance(screen, LiveScreen)
        return screen

    @property
    def run_screens(self) -> list[RunScreen]:
        """The screens of the run that are open, the one in front last."""
        return [screen for screen in self.screen_stack if isinstance(screen, RunScreen)]

    def watch_snapshot(self, snapshot: Snapshot | None) -> None:
        """Show it, tell of its events, and leave when a stop that was asked for is done."""
        if snapshot is None:
            return
        new = min(snapshot.events_seen - self._events_taken, len(snapshot.events))
        self._events_taken = snapshot.events_seen
        self.steering.take(snapshot.events[len(snapshot.events) - new :])
        if snapshot.problem and snapshot.problem != self._problem:
            self.steering.say("warning", snapshot.problem)
        self._problem = snapshot.problem
        for screen in self.run_screens:
            screen.snapshot = snapshot
        if self.steering.stopping and snapshot.state in ENDED:
            self.exit(STOPPED)

    def action_pause_or_go_on(self) -> None:
        """Ask for a pause, or for its end: the opposite of what holds or was asked for last."""
        snapshot = self.snapshot
        if snapshot is None or self._too_late("pause"):
            return
        pausing = self.steering.pausing()
        paused = snapshot.state == "paused" if pausing is None else pausing
        self.steering.ask("unpause" if paused else "pause")

    def action_snapshot(self) -> None:
        """Ask for a snapshot."""
        if not self._too_late("save"):
            self.steering.ask("snapshot")

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

    def action_show_help(self) -> None:
        """Keys and metrics."""
        self.push_screen(HelpScreen(self.snapshot, self.keymap.actions))

    def action_ask_to_quit(self) -> None:
        """Leave at once where there is nothing to decide, else ask."""
        if self.snapshot is not None and self.snapshot.ended:
            self.exit(RUN_ENDED)
        elif self._read_only:
            self.exit(DETACHED)
        elif not isinstance(self.screen, QuitDialog):
            self.push_screen(QuitDialog(), self._quit_as_answered)

    async def action_quit(self) -> None:
        """Textual's own way out, ctrl+q, works everywhere: asked for twice it is a detach."""
        if isinstance(self.screen, QuitDialog):
            self.screen.action_detach()
        else:
            self.action_ask_to_quit()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Hide what cannot be done now: turning pages where there is one, steering where it is not allowed."""
        if action in ("next_page", "previous_page"):
            return self.run_screens[-1].paged
        return not (self._read_only and action in STEERING)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """The command palette: the table of actions, and the choice of a theme."""
        scopes = screen.SCOPES if isinstance(screen, RunScreen) else ("app",)
        for action in self.keymap.of(*scopes):
            if self.check_action(action.name, ()):
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
            self.run_screens[-1].snapshot = self.snapshot

    def _tick(self) -> None:
        """Show the newest snapshot, if there is a newer one."""
        newest = self.source.snapshot
        if newest is not self.snapshot and newest.version:
            with self.batch_update():
                self.snapshot = newest
        if self.source.broken and self._problem != BROKEN:
            self._problem = BROKEN
            self.steering.say("failed", BROKEN)

    def _quit_as_answered(self, answer: str | None) -> None:
        if answer == "detach":
            self.exit(DETACHED)
        elif answer == "stop" and self.steering.stopping:
            self.steering.say("asked", "stop: already asked, waiting for the trainer")
        elif answer == "stop":
            self.steering.ask("stop")

    def _too_late(self, what: str) -> bool:
        if self.snapshot is None or not self.snapshot.ended:
            return False
        self.steering.say("refused", f"the run has ended ({self.snapshot.state}): there is nothing to {what}")
        return True

    def _in_background(self, work: Any) -> None:
        self.run_worker(work, group="requests", exit_on_error=False)

    def _show_message(self) -> None:
        for screen in self.run_screens:
            screen.message = self.steering.message
            screen.stopping = self.steering.stopping

    def _repaint(self, theme: Theme) -> None:
        for screen in self.run_screens:
            screen.refresh_colors()


def run_dashboard(run: RunDirectory, *, read_only: bool = False, interval: float = 0.25) -> str:
    """Show a run until the user leaves; returns `detached`, `stopped` or `ended`. The run itself is not touched.

    `stopped` means that the user asked for a stop here and the run has ended; `ended`, that the user left a run that
    had ended. A terminal that closes and a signal to end count as `detached`.
    """
    return Dashboard(run, read_only=read_only, interval=interval).run() or DETACHED
