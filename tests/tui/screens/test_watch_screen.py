"""The screen of an episode, driven by keys on one that was made up, at both sizes."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pytest
from an_episode import FakePlayer, episode
from driving import both_sizes, until
from textual.pilot import Pilot

from gwt_ib.processes.player import EpisodePlayer
from gwt_ib_tui.application.preferences import Preferences
from gwt_ib_tui.application.watch_app import AGAIN, Wanted, WatchApp
from gwt_ib_tui.screens.help_screen import HelpScreen
from gwt_ib_tui.state.episode.episode_view import EpisodeView

Sizes = tuple[int, int]
GATES = ("learned", "open", "shut")


def watching(*, breaks: bool = False, speed: float = 0.25, **options: Any) -> tuple[WatchApp, FakePlayer]:
    player = FakePlayer(breaks=breaks, **options)
    return WatchApp(cast(EpisodePlayer, player), GATES, Wanted(speed=speed)), player


async def ready(pilot: Pilot[str]) -> WatchApp:
    app = pilot.app
    assert isinstance(app, WatchApp)
    await until(pilot, lambda: app.watching.episode is not None)
    await pilot.press("space")
    await until(pilot, lambda: not at(app).playback.playing)
    await pilot.pause()
    return app


def at(app: WatchApp) -> EpisodeView:
    assert app.watching.episode is not None
    return app.watching.episode


async def shows(pilot: Pilot[str], words: str) -> None:
    await until(pilot, lambda: words in shown(cast(WatchApp, pilot.app)))


def shown(app: WatchApp) -> str:
    width, _ = app.size
    return "\n".join(strip.text[:width] for strip in app.screen._compositor.render_strips(app.size))


@both_sizes
async def test_the_numbers_of_the_step_are_there_and_keys_move(size: Sizes) -> None:
    app, _ = watching()
    async with app.run_test(size=size) as pilot:
        await ready(pilot)
        recorded = at(app).recorded
        for key, step in (("home", 0), ("right", 1), ("shift+right", 11), ("left", 10), ("shift+left", 0)):
            await pilot.press(key)
            await shows(pilot, f"step {step} of 51")
            assert at(app).step == step
        await pilot.press("right", "right")
        await until(pilot, lambda: "step 2 of 51" in shown(app))
        seen = shown(app)
        for name in ("action", "reward", "value", "TD error", "TD before", "prior", "gate c", "suit", "speed[0]"):
            assert name in seen, name
        assert f"{recorded.c[2]:.3f}" in seen and f"{int(recorded.observation[2, :4].argmax())}" in seen
        assert "RepeatPreviousEasy-v0" in seen and "return" in seen
        await pilot.press("end")
        await until(pilot, lambda: "the episode has ended" in shown(app))
        assert at(app).over and "return" in shown(app)


async def test_it_plays_to_its_end_and_from_the_start_again() -> None:
    app, _ = watching(speed=1000.0)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.watching.episode is not None and at(app).over)
        assert not at(app).playback.playing
        await pilot.press("less_than_sign", "space")
        assert at(app).playback.speed == 500.0
        await until(pilot, lambda: at(app).over)
        await pilot.press("greater_than_sign")
        assert at(app).playback.speed == 1000.0


@both_sizes
@pytest.mark.parametrize(
    ("drawn", "sign"), [("pixels", "▀▀▀▀"), ("text", "@"), ("", "speed[0]")], ids=["rgb", "ansi", "none"]
)
async def test_the_picture_or_the_observation_is_at_the_left(size: Sizes, drawn: str, sign: str) -> None:
    app, _ = watching(drawn=drawn)
    app.many_colours = True
    async with app.run_test(size=size) as pilot:
        await ready(pilot)
        await until(pilot, lambda: sign in shown(app))
        await pilot.press("o")
        await until(pilot, lambda: "speed[0]" in shown(app))


async def test_in_ascii_everything_is_ascii_but_the_frame() -> None:
    player = FakePlayer(drawn="pixels")
    app = WatchApp(cast(EpisodePlayer, player), GATES, preferences=Preferences(symbols="ascii"))
    app.many_colours = True
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        assert "▀" not in shown(app) and "⣀" not in shown(app) and "█" not in shown(app)
        await pilot.press("b")
        await until(pilot, lambda: app.watching.symbols == "braille" and "▀" in shown(app))


@both_sizes
async def test_other_episodes_gates_and_the_newest_snapshot_are_asked_for(size: Sizes) -> None:
    app, player = watching()
    async with app.run_test(size=size) as pilot:
        await ready(pilot)
        for key, wanted in (("n", (1, "learned")), ("r", (1, "learned")), ("g", (1, "open")), ("N", (0, "open"))):
            await pilot.press(key)
            await shows(pilot, f"episode {wanted[0]} ")
            await until(pilot, lambda: not player.busy and at(app).recorded is player.recorded)
            assert player.asked[-1] == wanted
            assert at(app).playback.speed == 0.25
        await until(pilot, lambda: "is replaced: open" in shown(app))
        assert len(player.asked) == 5


async def test_a_player_that_ended_says_why_and_another_is_started_outside() -> None:
    app, _ = watching(breaks=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "exit code 7" in shown(app))
        await pilot.press("n")
        await until(pilot, lambda: not app.is_running)
    assert app.return_value == AGAIN and app.wanted.episode == 1


async def test_help_and_leaving() -> None:
    app, _ = watching()
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        await pilot.press("q")
        await until(pilot, lambda: not isinstance(app.screen, HelpScreen))
        await pilot.press("q")
        await until(pilot, lambda: not app.is_running)
    assert app.return_value is None


@pytest.mark.parametrize("choices", [(), (300,), (8, 8)], ids=["numbers", "many", "several"])
async def test_continuous_actions_and_many_choices_have_room(choices: tuple[int, ...]) -> None:
    several = {"action": np.full((51, 2), 3, np.int32)} if len(choices) == 2 else {}
    app = WatchApp(None)
    async with app.run_test(size=(80, 24)) as pilot:
        app.show(episode(choices=choices, **several), playing=False)
        await until(pilot, lambda: "gate c" in shown(app) and "action" in shown(app))


async def test_a_small_window_says_how_large_it_has_to_be() -> None:
    app, _ = watching()
    async with app.run_test(size=(50, 12)) as pilot:
        await until(pilot, lambda: "60x16" in shown(app))


@both_sizes
async def test_an_episode_without_a_step_is_shown_as_one(size: Sizes) -> None:
    app = WatchApp(None)
    async with app.run_test(size=size) as pilot:
        app.show(episode(0, ending="failed", note="The glass broke."))
        await until(pilot, lambda: "the environment failed" in shown(app) and "The glass broke." in shown(app))
        await pilot.press("right", "space", "n")
        await until(pilot, lambda: "there is no player" in shown(app))
