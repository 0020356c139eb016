"""Leaving the dashboard: to detach, to stop the run, and what is shown of a run that has ended."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from driving import SIZES, both_sizes, dashboard, message, panel, ready, screen_text, until
from recorded_run import RecordedRun

from gwt_ib.clock import utc_now
from gwt_ib_tui.application.app import Dashboard
from gwt_ib_tui.keys.keymap import Keymap
from gwt_ib_tui.screens.dialogs import QuitDialog
from gwt_ib_tui.screens.live_screen import LiveScreen
from gwt_ib_tui.state.run.requests import Message


@pytest.fixture
def recorded(tmp_path: Path) -> RecordedRun:
    run = RecordedRun(tmp_path / "a-run")
    run.learn(31)
    return run


@pytest.mark.parametrize(
    ("size", "keys"),
    [
        (SIZES[0], ("q", "enter")),
        (SIZES[0], ("ctrl+c", "ctrl+c")),
        (SIZES[1], ("q", "d")),
        (SIZES[1], ("ctrl+q", "ctrl+q")),
    ],
)
async def test_detach(recorded: RecordedRun, size: tuple[int, int], keys: tuple[str, str]) -> None:
    async with dashboard(recorded).run_test(size=size) as pilot:
        app = await ready(pilot)
        await pilot.press(keys[0])
        await pilot.pause()
        assert isinstance(app.screen, QuitDialog)
        seen = screen_text(app)
        assert all(action.title in seen for action in Keymap().of("quit"))
        await pilot.press(keys[1])
        await pilot.pause()
    assert app.return_value == "detached"
    assert not any(recorded.directory.control.iterdir())


@both_sizes
async def test_cancel(recorded: RecordedRun, size: tuple[int, int]) -> None:
    async with dashboard(recorded).run_test(size=size) as pilot:
        app = await ready(pilot)
        for keys in (["c"], ["escape"], ["q"], ["right", "right", "enter"], ["left", "enter"]):
            await pilot.press("q")
            assert isinstance(app.screen, QuitDialog)
            await pilot.press(*keys)
            await pilot.pause()
            assert isinstance(app.screen, LiveScreen), keys
        assert app.is_running


@both_sizes
async def test_stop_waits_for_the_end(recorded: RecordedRun, size: tuple[int, int]) -> None:
    async with dashboard(recorded).run_test(size=size) as pilot:
        app = await ready(pilot)
        await pilot.press("q", "s")
        await until(pilot, lambda: "STOPPING" in panel(app, "#status"))
        assert app.is_running
        await pilot.press("q", "s")
        await until(pilot, lambda: "already asked" in message(app).text)
        assert len(list(recorded.directory.control.iterdir())) == 1
        recorded.answer_requests()
        await until(pilot, lambda: app.return_value is not None)
    assert app.return_value == "stopped"


async def test_while_stopping_one_can_still_detach(recorded: RecordedRun) -> None:
    async with dashboard(recorded).run_test() as pilot:
        app = await ready(pilot)
        await pilot.press("q", "s", "q", "d")
        await pilot.pause()
    assert app.return_value == "detached"


async def test_a_refused_stop_is_over(recorded: RecordedRun) -> None:
    recorded.directory.control.rmdir()
    async with dashboard(recorded).run_test() as pilot:
        app = await ready(pilot)
        await pilot.press("q", "s")
        await until(pilot, lambda: message(app).status == "refused")
        assert "cannot write to" in message(app).text
        await until(pilot, lambda: "RUNNING" in panel(app, "#status"))


@pytest.mark.parametrize("state", ["finished", "stopped", "failed", "killed"])
async def test_an_ended_run_stays_on_show_until_q(recorded: RecordedRun, state: str) -> None:
    if state == "killed":
        recorded.beat(heartbeat=1.0)
    else:
        recorded.finish(state, "the disk is full" if state == "failed" else "")
    async with dashboard(recorded).run_test() as pilot:
        app = await ready(pilot)
        await pilot.pause(0.1)
        assert state.upper() in screen_text(app)
        assert ("the disk is full" in screen_text(app)) == (state == "failed")
        await pilot.press("s")
        assert message(app) == Message("refused", f"the run has ended ({state}): there is nothing to save")
        await pilot.press("space")
        assert message(app).status == "refused"
        await pilot.press("q")
        await pilot.pause()
    assert app.return_value == "ended"
    assert not any(recorded.directory.control.iterdir())


@pytest.mark.parametrize("state", ["finished", "stopped", "failed", "stalled"])
async def test_how_a_run_ended_is_said_at_once(recorded: RecordedRun, state: str) -> None:
    recorded.beat(pids={"trainer": os.getppid()})
    async with Dashboard(recorded.directory).run_test(size=(80, 24)) as pilot:
        app = await ready(pilot)
        if state == "stalled":
            recorded.beat(heartbeat=utc_now())
        else:
            recorded.finish(state, "the disk is full" if state == "failed" else "")
        await until(pilot, lambda: state.upper() in screen_text(app))
        words = {"stalled": "run stalled, its trainer is silent", "failed": "the disk is full"}
        assert words.get(state, f"run {state}") in message(app).text
