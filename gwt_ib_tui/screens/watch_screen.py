"""One episode, step by step: what is seen at the left, the step's numbers beside it, all steps below."""

from __future__ import annotations

from typing import Protocol, cast

from textual.app import ComposeResult
from textual.containers import Container
from textual.reactive import reactive
from textual.screen import Screen
from textual.widgets import Static

from gwt_ib_tui.charts.view import SYMBOLS, Symbols
from gwt_ib_tui.screens.help_screen import HelpScreen
from gwt_ib_tui.screens.run_screen import TALL, WIDE, LeastSize
from gwt_ib_tui.state.episode.episode_view import EpisodeView
from gwt_ib_tui.state.run.requests import Message
from gwt_ib_tui.widgets.episode_panels import EpisodeBar, EpisodePanel, SeenPanel, StepPanel, StepsPanel
from gwt_ib_tui.widgets.key_bar import KeyBar
from gwt_ib_tui.widgets.message_bar import MessageBar


class Host(Protocol):
    """What the screen needs of the application."""

    def play_episode(self, by: int) -> None:
        """Ask for another episode, so many further; 0 is the same with the newest snapshot."""

    def next_gate(self) -> None:
        """Ask for the same episode with the next kind of gate."""


class WatchScreen(LeastSize, Screen[None]):
    """Plays the `episode` that the application gives it."""

    SCOPES = ("watch",)
    AUTO_FOCUS = ""
    TOO_SMALL = "an episode needs {least}."

    episode: reactive[EpisodeView | None] = reactive(None, repaint=False)
    symbols: reactive[Symbols] = reactive("braille", repaint=False)
    message: reactive[Message] = reactive(Message("", ""), repaint=False)
    doing: reactive[str] = reactive("", repaint=False)

    def __init__(self) -> None:
        super().__init__(id="watch")
        self.HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE, "-wide")]
        self.VERTICAL_BREAKPOINTS = [(0, "-short"), (TALL, "-tall")]

    def compose(self) -> ComposeResult:
        """Every panel once."""
        yield Static(classes="too-small")
        with Container(classes="all"):
            yield self._bound(EpisodeBar(id="episode-bar")).data_bind(WatchScreen.doing)
            with Container(id="episode-top"):
                yield self._bound(SeenPanel(id="seen"))
                yield self._bound(StepPanel(id="step"))
            yield self._bound(StepsPanel(id="steps"))
            yield MessageBar(id="message").data_bind(WatchScreen.message)
            yield KeyBar()

    @staticmethod
    def _bound(panel: EpisodePanel) -> EpisodePanel:
        return panel.data_bind(WatchScreen.episode, WatchScreen.symbols)

    def action_play_or_pause(self) -> None:
        """Play it, or let it stand."""
        self._show(lambda episode: episode.toggled())

    def action_move(self, by: int) -> None:
        """So many steps on or back."""
        self._show(lambda episode: episode.moved(by))

    def action_go(self, place: str) -> None:
        """To the `start` or the `end`."""
        self._show(lambda episode: episode.at(0 if place == "start" else episode.recorded.steps))

    def action_speed(self, by: int) -> None:
        """So many speeds faster."""
        self._show(lambda episode: episode.faster(by))

    def action_other_episode(self, by: int) -> None:
        """Play another episode, or the same again."""
        self._host.play_episode(by)

    def action_next_gate(self) -> None:
        """Play it with another gate."""
        self._host.next_gate()

    def action_seen(self) -> None:
        """The picture, or the observation behind it."""
        panel = self.query_one(SeenPanel)
        panel.as_numbers = not panel.as_numbers

    def action_next_symbols(self) -> None:
        """Draw with other characters."""
        self.symbols = SYMBOLS[(SYMBOLS.index(self.symbols) + 1) % len(SYMBOLS)]

    def action_show_help(self) -> None:
        """Keys and metrics."""
        self.app.push_screen(HelpScreen(None, self.keymap.actions))

    def action_leave(self) -> None:
        """Leave."""
        self.app.exit()

    @property
    def _host(self) -> Host:
        return cast(Host, self.app)

    def _show(self, change: object) -> None:
        if self.episode is not None and callable(change):
            self.episode = change(self.episode)
