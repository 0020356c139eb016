"""Runs that do not train: killed, silent, paused, failed, or without a record that can be read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from driving import both_sizes, dashboard, message, panel, ready, screen_text, until
from recorded_run import RecordedRun

from gwt_ib.clock import utc_now
from gwt_ib_tui.charts.palette import DARK
from gwt_ib_tui.commands.run import status
from gwt_ib_tui.commands.standing import summarise
from gwt_ib_tui.screens.help_screen import metrics_table
from gwt_ib_tui.state.run.feed import Feed
from gwt_ib_tui.state.run.requests import Message
from gwt_ib_tui.widgets.processes import ProcessesPanel, process_rows

ACTORS = "#actors"


@pytest.fixture
def recorded(tmp_path: Path) -> RecordedRun:
    run = RecordedRun(tmp_path / "a-run")
    run.learn(31)
    return run


def make(recorded: RecordedRun, state: str) -> None:
    if state == "killed":
        recorded.beat(heartbeat=1.0)
    elif state == "stalled":
        recorded.beat(pids={"trainer": 1}, heartbeat=utc_now() - 30)
    elif state == "unknown":
        recorded.directory.run.write_bytes(b"")
    else:
        recorded.beat(state=state)


@both_sizes
@pytest.mark.parametrize(("state", "word"), [("killed", "■ ended"), ("stalled", "? silent")])
async def test_no_process_of_a_run_that_is_not_heard_is_alive(
    recorded: RecordedRun, state: str, word: str, size: tuple[int, int]
) -> None:
    make(recorded, state)
    async with dashboard(recorded).run_test(size=size) as pilot:
        app = await ready(pilot)
        while not app.live.query_one(ACTORS).size.height:
            await pilot.press("n")  # on a later page where the window is small
            await pilot.pause()
        actors = panel(app, ACTORS)
        assert "alive" not in actors and "steps/s" not in actors.splitlines()[0]
        assert actors.count(word) == 2
        await pilot.press("4")
        await pilot.pause()
        seen = app.screen.query_one(ProcessesPanel).render().plain
        assert "alive" not in seen and seen.count(word) == 4
    speeds = [row.get("steps/s", "") for row in process_rows(Feed(recorded.directory).read_everything())]
    assert not any(any(sign.isdigit() for sign in speed) for speed in speeds)


@both_sizes
async def test_a_damaged_record_is_said_and_nothing_is_asked(recorded: RecordedRun, size: tuple[int, int]) -> None:
    make(recorded, "unknown")
    async with dashboard(recorded).run_test(size=size) as pilot:
        app = await ready(pilot)
        assert "run.json is missing or damaged" in message(app).text
        assert "run.json is missing or damaged" in panel(app, "#status")
        assert "alive" not in screen_text(app)
        for key in ("s", "space", "e", "t"):
            await pilot.press(key)
            assert message(app).status == "refused" and "missing or damaged" in message(app).text
        await pilot.press("4")
        await pilot.pause()
        assert "alive" not in screen_text(app)
        await pilot.press("q")
        await pilot.pause()
    assert app.return_value == "detached", "there is nobody to stop, so nothing is asked"
    assert not any(recorded.directory.control.iterdir())


@both_sizes
@pytest.mark.parametrize("state", ["paused", "stalled"])
async def test_a_run_that_stands_still_has_no_speed_and_no_time_left(
    recorded: RecordedRun, state: str, size: tuple[int, int]
) -> None:
    async with dashboard(recorded).run_test(size=size) as pilot:
        app = await ready(pilot)
        assert "steps/s" in panel(app, "#status") and "left" in panel(app, "#status")
        make(recorded, state)
        await until(pilot, lambda: state.upper() in panel(app, "#status"))
        shown = panel(app, "#status")
        assert "steps/s" not in shown and "left" not in shown and "126,976/499,712 steps" in shown
        assert app.run_view is not None
        assert process_rows(app.run_view)[1]["steps/s"] == "", "the learner learns nothing now"


@both_sizes
async def test_a_failed_run_keeps_its_progress_beside_the_reason(recorded: RecordedRun, size: tuple[int, int]) -> None:
    reason = "The learner came to a number that is not finite three times in a row; see incidents/ for its inputs."
    recorded.finish("failed", reason)
    async with dashboard(recorded).run_test(size=size) as pilot:
        app = await ready(pilot)
        shown = panel(app, "#status")
        for words in ("25%", "126,976/499,712 steps", "update 31/122", "· The learner came to"):
            assert words in shown, words
        assert message(app) == Message("failed", reason)


def test_status_leaves_out_an_empty_message_and_says_what_is_damaged(
    recorded: RecordedRun, capsys: pytest.CaptureFixture[str]
) -> None:
    status(str(recorded.directory.path))
    assert "message" not in capsys.readouterr().out
    make(recorded, "unknown")
    status(str(recorded.directory.path))
    assert "message      run.json is missing or damaged" in capsys.readouterr().out
    assert json.loads(json.dumps(summarise(recorded.directory)))["state"] == "unknown"


def test_whole_numbers_are_shown_as_such_in_the_help(recorded: RecordedRun) -> None:
    run_view = Feed(recorded.directory).read_everything()
    names, values = (column._cells for column in metrics_table(DARK, run_view).columns[:2])
    shown = {str(name): str(value) for name, value in zip(names, values, strict=True)}
    assert (shown["update"], shown["policy_version"], shown["env_steps"]) == ("31", "31", "126,976")
    assert shown["rollout_s"] == "0.310"
