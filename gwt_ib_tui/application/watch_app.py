"""Watching an episode: a small application beside a player process that was started before it."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from textual.app import App

from gwt_ib.config import Config
from gwt_ib.errors import UserError
from gwt_ib.processes.player import EpisodePlayer
from gwt_ib.replacements import LEARNED, sensible
from gwt_ib.rollout.recorded_episode import RecordedEpisode
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.text import plain
from gwt_ib_tui.application.preferences import (
    Preferences,
    for_this_terminal,
    preferences_path,
    read_preferences,
)
from gwt_ib_tui.application.run_app import without_web_font
from gwt_ib_tui.charts.palette import DEFAULT_THEME, THEMES
from gwt_ib_tui.keys.keymap import Keymap, keymap_path, read_keymap
from gwt_ib_tui.screens.watch_screen import WatchScreen
from gwt_ib_tui.state.episode.episode_view import SPEED, EpisodeView
from gwt_ib_tui.state.run.requests import Message
from gwt_ib_tui.terminal import leave_on_signals, prepare_screen
from gwt_ib_tui.widgets.episode_panels import gate_words

TICK_S = 0.05
LEFT, SIGNAL, AGAIN = "left", "signal", "again"


@dataclass(frozen=True)
class Wanted:
    """Which episode is asked for, and how it is played."""

    episode: int = 0
    gate: str = LEARNED
    speed: float = SPEED


class WatchApp(App[str]):
    """Plays one episode after the other. Its result says how it was left; after `again` it wants a new player."""

    CSS_PATH = "gwt_ib_tui.tcss"
    TITLE = "GWT-IB"

    def __init__(
        self,
        player: EpisodePlayer | None,
        gates: tuple[str, ...] = (LEARNED,),
        wanted: Wanted | None = None,
        *,
        keymap: Keymap | None = None,
        preferences: Preferences | None = None,
    ) -> None:
        """Without a `player` it shows what `show` is given, and plays nothing else."""
        super().__init__()
        preferences = preferences or Preferences()
        self.keymap = keymap or Keymap()
        self.wanted = wanted or Wanted()
        self.many_colours = self.console.color_system in ("truecolor", "256")
        """Whether the terminal has enough of them for a picture."""
        self._player, self._gates = player, gates
        self._shown: RecordedEpisode | None = None
        self._ticked = time.monotonic()
        self.watching = WatchScreen()
        self.watching.set_reactive(WatchScreen.symbols, preferences.symbols)
        for ours in THEMES:
            self.register_theme(ours)
        self.theme = preferences.theme if preferences.theme in self.available_themes else DEFAULT_THEME

    def get_default_screen(self) -> WatchScreen:
        """The only screen but for the help."""
        return self.watching

    def on_mount(self) -> None:
        """Ask for the first episode, and leave cleanly when a signal asks for it."""
        leave_on_signals(lambda: self.exit(SIGNAL))
        if self._player is not None:
            self._player.ask(self.wanted.episode, self.wanted.gate)

    def on_ready(self) -> None:
        """The panels are there: look what has come, from now on."""
        if self.keymap.summary:
            self._say("warning", self.keymap.summary)
        self._tick()
        self.set_interval(TICK_S, self._tick)

    def show(self, recorded: RecordedEpisode, *, playing: bool = True) -> None:
        """Play an episode from its start."""
        self._shown = recorded
        self.watching.episode = EpisodeView.of(recorded, self.wanted.speed, playing=playing)

    def play_episode(self, by: int) -> None:
        """Ask for another one, so many further; 0 is the same one with the newest snapshot."""
        self._want(replace(self.wanted, episode=max(self.wanted.episode + by, 0)))

    def next_gate(self) -> None:
        """Ask for the same episode with the next kind of gate."""
        place = self._gates.index(self.wanted.gate) if self.wanted.gate in self._gates else -1
        self._want(replace(self.wanted, gate=self._gates[(place + 1) % len(self._gates)]))

    def export_screenshot(self, *, title: str | None = None, simplify: bool = False) -> str:
        """What is on the screen, as SVG that loads nothing from the network."""
        return without_web_font(super().export_screenshot(title=plain(title or self.title), simplify=simplify))

    def _want(self, wanted: Wanted) -> None:
        player, episode = self._player, self.watching.episode
        if player is None:
            self._say("refused", "there is no player")
        elif player.busy:
            self._say("asked", "an episode is being played: it comes first")
        else:
            self.wanted = replace(wanted, speed=episode.playback.speed if episode else wanted.speed)
            if not player.alive:
                self.exit(AGAIN)  # no process is started inside an application
                return
            self._say("asked", f"episode {wanted.episode}, gate {gate_words(wanted.gate)}")
            player.ask(wanted.episode, wanted.gate)

    def _tick(self) -> None:
        now = time.monotonic()
        passed, self._ticked = now - self._ticked, now
        screen, player = self.watching, self._player
        if player is not None:
            was_busy = player.busy
            player.poll()
            screen.doing = f"the player {player.doing}" if player.busy else ""
            if was_busy and not player.busy and player.problem:
                self._say("failed", player.problem)
            if player.recorded is not None and player.recorded is not self._shown:
                self._say("notice", player.recorded.note if player.recorded.drawn or player.recorded.note else "")
                self.show(player.recorded)
        if screen.episode is not None and screen.episode.playback.playing:
            screen.episode = screen.episode.advanced(passed)

    def _say(self, status: str, text: str) -> None:
        self.watching.message = Message(status, text)


def run_watch(
    run: RunDirectory,
    config: Config,
    wanted: Wanted | None = None,
    *,
    snapshot: str | None = None,
    preferences: Preferences | None = None,
    keymap: Keymap | None = None,
) -> str:
    """Show episodes of a run until the user leaves; returns `left` or `signal`.

    A player that the environment has ended is started again between two applications, where the user asks for more.
    Raises `UserError` where no process can be started.
    """
    prepare_screen()
    keymap, wanted = keymap or read_keymap(keymap_path()), wanted or Wanted()
    preferences = preferences or for_this_terminal(read_preferences(preferences_path())[0])
    gates = (LEARNED, *sensible(config.gate))
    while True:
        with EpisodePlayer(run, config, snapshot) as player:
            app = WatchApp(player, gates, wanted, keymap=keymap, preferences=preferences)
            how = app.run() or LEFT
        if how != AGAIN:
            return how
        wanted = app.wanted


def watched_from(run: RunDirectory, preferences: Preferences, keymap: Keymap) -> tuple[str, str]:
    """Show episodes of a run whose dashboard has been left for it: how it was left, and a sentence where it failed."""
    try:
        return run_watch(run, run.read_config(), preferences=preferences, keymap=keymap), ""
    except UserError as error:
        return LEFT, error.message
