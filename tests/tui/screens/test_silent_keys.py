"""A key that has nothing to do says why, and is not offered."""

from __future__ import annotations

from pathlib import Path

import pytest
from driving import both_sizes, dashboard, message, ready, screen_text
from recorded_run import RecordedRun

from gwt_ib_tui.keys.action import Action
from gwt_ib_tui.keys.actions import ACTIONS
from gwt_ib_tui.keys.keymap import Keymap
from gwt_ib_tui.state.replay.replay import NOT_IN_A_REPLAY, Replay
from gwt_ib_tui.state.run.requests import Message


@pytest.fixture
def recorded(tmp_path: Path) -> RecordedRun:
    run = RecordedRun(tmp_path / "a-run")
    run.learn(12)
    return run


@both_sizes
async def test_what_asks_the_training_says_that_there_is_none_in_a_replay(
    recorded: RecordedRun, size: tuple[int, int]
) -> None:
    recorded.finish()
    replay = Replay(recorded.directory, 0.02)
    async with dashboard(recorded, read_only=True, source=replay).run_test(size=size) as pilot:
        app = await ready(pilot)
        for key in "setd":
            app.say("notice", "")
            await pilot.press(key)
            assert message(app) == Message("refused", NOT_IN_A_REPLAY), key
        bar = screen_text(app).splitlines()[-1]
        assert not any(words in bar for words in ("Snapshot", "Evaluate", "Change", "Freeze"))
    assert not any(recorded.directory.control.iterdir())


async def test_a_replay_may_use_the_keys_of_the_training(recorded: RecordedRun) -> None:
    def own(action: Action) -> Action:
        new = ("s",) if action.name == "faster" else action.keys
        return Action(**{**vars(action), "keys": new})

    replay = Replay(recorded.directory, 0.02)
    keymap = Keymap(tuple(map(own, ACTIONS)))
    async with dashboard(recorded, read_only=True, source=replay, keymap=keymap).run_test() as pilot:
        app = await ready(pilot)
        await pilot.press("s")
        await pilot.pause()
        assert message(app).text == ""


async def test_pages_that_are_not_there(recorded: RecordedRun) -> None:
    async with dashboard(recorded).run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        await pilot.press("f", "n")
        assert message(app) == Message("notice", "everything is on this page")
        assert app.live.selection.alone and app.live.page == "curves", "nothing else came of it"
        await pilot.press("f")
        for key in ("pagedown", "pageup"):
            app.say("notice", "")
            await pilot.press(key)
            assert message(app) == Message("notice", "every chart is on this page"), key
        titles = {command.title for command in app.get_system_commands(app.screen)}
        assert "Next page" not in titles and "Next page" not in screen_text(app)
        await pilot.press("3")
        app.say("notice", "")
        await pilot.press("enter")
        assert message(app) == Message("notice", "everything is on this page")
