"""A recorded run played again, driven by keys, with a clock that stands still unless a test moves it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from driving import both_sizes, message, panel, ready, screen_text, until
from pseudo_terminal import Terminal
from recorded_run import RecordedRun
from textual.pilot import Pilot
from typer.testing import CliRunner

from gwt_ib_tui.application.app import Dashboard
from gwt_ib_tui.cli import app as command_line
from gwt_ib_tui.keys.keymap import Keymap
from gwt_ib_tui.screens.run_screen import RunScreen
from gwt_ib_tui.state.replay.replay import Replay
from gwt_ib_tui.state.run.playback import Playback


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Played:
    """A dashboard that plays a run of 100 updates, 0.455 s each."""

    def __init__(self, path: Path, state: str = "finished") -> None:
        self.run = RecordedRun(path)
        self.run.learn(100)
        if state != "running":
            self.run.finish(state)
        self.clock = Clock()
        self.app = Dashboard(
            self.run.directory, read_only=True, interval=0.02, source=Replay(self.run.directory, 0.02, self.clock)
        )

    @property
    def playback(self) -> Playback:
        run_view = self.app.run_view
        assert run_view is not None and run_view.replay is not None
        return run_view.replay

    @property
    def update(self) -> float | None:
        return self.app.run_view.metric("update") if self.app.run_view else None

    async def begun(self, pilot: Pilot[str]) -> None:
        """Everything is read, and it plays from the start; its clock stands."""
        await ready(pilot)
        await until(pilot, lambda: self.app.run_view is not None and self.app.run_view.loading is None)
        assert self.playback.playing and self.playback.position == 0 and self.update == 1


@pytest.fixture
def played(tmp_path: Path) -> Played:
    return Played(tmp_path / "a-run")


@both_sizes
async def test_it_plays_and_stops_at_the_end(played: Played, size: tuple[int, int]) -> None:
    async with played.app.run_test(size=size) as pilot:
        await played.begun(pilot)
        assert "▶ REPLAY 2x" in screen_text(played.app) and "RUNNING" not in screen_text(played.app)
        assert "0:00 of 0:46" in screen_text(played.app) and "run state: running" in screen_text(played.app)
        played.clock.now += 10
        await until(pilot, lambda: played.update == 43)
        assert played.playback.position == pytest.approx(20.0)
        played.clock.now += 100
        await until(pilot, lambda: played.update == 100)
        await until(pilot, lambda: "■ REPLAY 2x" in screen_text(played.app))
        assert "0:46 of 0:46" in screen_text(played.app) and "run state: finished" in screen_text(played.app)


@both_sizes
async def test_space_holds_plays_and_begins_again_at_the_end(played: Played, size: tuple[int, int]) -> None:
    async with played.app.run_test(size=size) as pilot:
        await played.begun(pilot)
        await pilot.press("space")
        await until(pilot, lambda: "‖ REPLAY" in screen_text(played.app))
        played.clock.now += 5
        await pilot.pause(0.1)
        assert played.update == 1
        await pilot.press("space")
        await until(pilot, lambda: "▶ REPLAY" in screen_text(played.app))
        played.clock.now += 100
        await until(pilot, lambda: played.playback.at_end)
        await pilot.press("space")
        await until(pilot, lambda: played.update == 1 and played.playback.playing)
    assert not any(played.run.directory.control.iterdir()), "space asks the training for nothing"


@both_sizes
async def test_seeking(played: Played, size: tuple[int, int]) -> None:
    keys = {"right_curly_bracket": 0.1, "right_square_bracket": 0.02, "left_square_bracket": -0.02}
    keys |= {"left_curly_bracket": -0.1}
    async with played.app.run_test(size=size) as pilot:
        await played.begun(pilot)
        share = 0.5
        await pilot.press(*["right_curly_bracket"] * 5)
        for key, by in keys.items():
            await pilot.press(key)
            share += by
            await until(pilot, lambda share=share: played.playback.share == pytest.approx(share))
        assert played.update == 50
        await pilot.press(*["left_curly_bracket"] * 6)
        await until(pilot, lambda: played.update == 1)
        await pilot.press(*["right_curly_bracket"] * 11)
        await until(pilot, lambda: played.update == 100 and not played.playback.playing)


@both_sizes
async def test_slower_and_faster(played: Played, size: tuple[int, int]) -> None:
    async with played.app.run_test(size=size) as pilot:
        await played.begun(pilot)
        for key, words in (("greater_than_sign", "REPLAY 5x"), ("less_than_sign", "REPLAY 2x"), ("<", "REPLAY 1x")):
            await pilot.press(key)
            await until(pilot, lambda words=words: words in screen_text(played.app))
        played.clock.now += 10
        await until(pilot, lambda: played.playback.position == pytest.approx(10.0))


@both_sizes
async def test_every_screen_is_as_it_was(played: Played, size: tuple[int, int]) -> None:
    async with played.app.run_test(size=size) as pilot:
        await played.begun(pilot)
        await pilot.press("right_curly_bracket", "right_square_bracket")
        await until(pilot, lambda: played.update == 12)
        for key in ("2", "3", "4", "5", "1"):
            await pilot.press(key)
            await until(pilot, lambda: "REPLAY" in screen_text(played.app))
            seen = screen_text(played.app)
            assert "update 100" not in seen and "FINISHED" not in seen.partition("\n")[0], key
        await pilot.press("2", "right_square_bracket", "right_square_bracket")
        await until(pilot, lambda: played.update in (15, 16))
        await until(pilot, lambda: f"update {played.update:.0f}, " in screen_text(played.app))


@both_sizes
async def test_a_comparison_says_that_it_shows_whole_runs(played: Played, size: tuple[int, int]) -> None:
    async with played.app.run_test(size=size) as pilot:
        await played.begun(pilot)
        await pilot.press("5")
        await until(pilot, lambda: "whole runs" in screen_text(played.app))


async def test_what_controls_a_training_is_not_there(played: Played) -> None:
    controls = [action for action in Keymap().of("app") if action.needs in ("control", "news")]
    async with played.app.run_test(size=(120, 40)) as pilot:
        await played.begun(pilot)
        offered = {command.title for command in played.app.get_system_commands(played.app.screen)}
        assert not offered & {action.title for action in controls}
        assert {action.title for action in Keymap().of("replay")} <= offered
        await pilot.press(*(key for action in controls for key in action.keys if key != "space"))
        await pilot.pause(0.05)
        assert played.app.screen is played.app.live and played.playback.playing
        await pilot.press("q")
    assert not any(played.run.directory.control.iterdir())


async def test_a_followed_run_has_no_replay_keys(tmp_path: Path) -> None:
    run = RecordedRun(tmp_path / "live")
    run.learn(12)
    async with Dashboard(run.directory, interval=0.05).run_test() as pilot:
        app = await ready(pilot)
        offered = {command.title for command in app.get_system_commands(app.screen)}
        assert not offered & {action.title for action in Keymap().of("replay")}
        await pilot.press("left_square_bracket", "greater_than_sign", "right_curly_bracket")
        assert app.is_running and app.source.live and "REPLAY" not in screen_text(app)
        await pilot.press("space")
        assert message(app).text.startswith("pause")


async def test_a_live_run_is_played_up_to_now(tmp_path: Path) -> None:
    played = Played(tmp_path / "live", state="running")
    async with played.app.run_test() as pilot:
        await played.begun(pilot)
        played.run.learn(10)
        played.clock.now += 100
        await until(pilot, lambda: played.playback.at_end)
        assert played.update == 100
        assert "RUNNING" not in panel(played.app, "#status") and "run state: running" in panel(played.app, "#status")


@pytest.mark.parametrize("screen", Dashboard.RUN_SCREENS)
def test_every_screen_of_a_run_has_the_replays_keys(screen: str) -> None:
    made = Dashboard.RUN_SCREENS[screen](True)
    assert isinstance(made, RunScreen) and "replay" in made.SCOPES


def test_replay_needs_a_terminal(tmp_path: Path) -> None:
    run = RecordedRun(tmp_path / "a-run")
    done = CliRunner().invoke(command_line, ["replay", str(run.directory.path)])
    assert done.exit_code and "The dashboard needs a terminal, but " in str(done.exception)


def test_the_command_in_a_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    run = RecordedRun(tmp_path / "a-run")
    run.learn(40)
    run.finish()
    terminal = Terminal(sys.executable, "-m", "gwt_ib_tui", "replay", str(run.directory.path))
    try:
        terminal.wait_for(b"REPLAY")
        terminal.wait_for(b"Seek")
        os.write(terminal.fd, b"}")
        terminal.wait_for(b"run state: running")
        os.write(terminal.fd, b"q")
        terminal.drain()
        assert terminal.wait() == 0 and terminal.left_on() == [] and b"Traceback" not in terminal.output
    finally:
        terminal.close()
