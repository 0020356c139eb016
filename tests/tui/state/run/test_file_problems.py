"""Files of a run that are damaged or missing are named, once, and nothing is said of a run that is whole."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from driving import both_sizes, dashboard, message, panel, ready, screen_text, until
from recorded_run import RecordedRun

from gwt_ib.runs.events import Event, notice
from gwt_ib_tui.state.run.feed import BAD_CONFIG, BAD_EVENTS, BAD_GATECHECK, BAD_METRICS, Feed
from gwt_ib_tui.widgets.verdict import NO_UPDATE, NO_VERDICT_YET


@pytest.fixture
def recorded(tmp_path: Path) -> RecordedRun:
    run = RecordedRun(tmp_path / "a-run")
    run.learn(3)
    return run


def problems(run: RecordedRun) -> tuple[str, ...]:
    return Feed(run.directory).read_everything().file_problems


def test_a_whole_run_has_no_damage_at_any_moment_of_its_growth(tmp_path: Path) -> None:
    run = RecordedRun(tmp_path / "a-run")
    feed = Feed(run.directory)
    for update in range(4):
        feed.poll()
        assert feed.run_view.file_problems == (), update
        run.learn()
    run.finish()
    assert feed.read_everything().file_problems == ()


@pytest.mark.parametrize("line", ["no json", '{"update": 4, "td_std"', '{"foreign": 1}', '{"update": 2}'])
def test_lines_that_are_no_rows(recorded: RecordedRun, line: str) -> None:
    with recorded.directory.metrics.open("a") as file:
        file.write(line + "\n")
    assert problems(recorded) == (BAD_METRICS,)


def test_a_run_that_was_resumed_without_its_damaged_lines_is_whole_again(recorded: RecordedRun) -> None:
    feed = Feed(recorded.directory)
    with recorded.directory.metrics.open("a") as file:
        file.write("no json\n")
    assert feed.read_everything().file_problems == (BAD_METRICS,)
    recorded.resume(3)
    recorded.learn()
    assert feed.read_everything().file_problems == ()


def test_a_last_line_without_an_end_is_damage_only_where_nobody_writes_any_more(recorded: RecordedRun) -> None:
    with recorded.directory.metrics.open("a") as file:
        file.write('{"update": 4')
    assert problems(recorded) == ()
    recorded.finish()
    assert problems(recorded) == (BAD_METRICS,)


@pytest.mark.parametrize("content", [None, "", "{", '{"lr": "much"}'])
def test_a_configuration_that_cannot_be_used(recorded: RecordedRun, content: str | None) -> None:
    if content is None:
        recorded.directory.config.unlink()
    else:
        recorded.directory.config.write_text(content)
    assert problems(recorded) == (BAD_CONFIG,)


@pytest.mark.parametrize("content", [None, "", "{", "[]"])
def test_a_report_that_cannot_be_read(recorded: RecordedRun, content: str | None) -> None:
    if content is None:
        recorded.directory.gatecheck.unlink()
    else:
        recorded.directory.gatecheck.write_text(content)
    assert problems(recorded) == (BAD_GATECHECK,)


def test_the_first_row_of_a_live_run_may_come_before_its_report(tmp_path: Path) -> None:
    run = RecordedRun(tmp_path / "a-run")
    run.learn()
    run.directory.gatecheck.unlink()
    assert problems(run) == ()
    run.finish()
    assert problems(run) == (BAD_GATECHECK,)


@both_sizes
async def test_damage_is_said_once_and_the_verdict_says_what_to_do(
    recorded: RecordedRun, size: tuple[int, int]
) -> None:
    recorded.directory.gatecheck.unlink()
    recorded.directory.config.write_text("{")
    recorded.finish()
    async with dashboard(recorded).run_test(size=size) as pilot:
        app = await ready(pilot)
        await until(pilot, lambda: message(app).status == "warning")
        assert message(app).text == f"{BAD_CONFIG}; {BAD_GATECHECK}"
        await pilot.press("n")
        words = " ".join(panel(app, "#gate-check").split())
        assert BAD_GATECHECK in words and NO_VERDICT_YET not in words
        await pilot.press("3")
        await pilot.pause()
        assert "gatecheck.json is missing or damaged" in screen_text(app)
        app.say("notice", "something else")
        with recorded.directory.events.open("a") as file:
            file.write("no json\n")
        await until(pilot, lambda: message(app).text == BAD_EVENTS)


async def test_a_run_that_ended_before_its_first_update_waits_for_nothing(tmp_path: Path) -> None:
    run = RecordedRun(tmp_path / "a-run")
    run.finish("failed", "no memory")
    async with dashboard(run).run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        assert NO_UPDATE in panel(app, "#gate-check")


def test_a_snapshot_without_a_path_is_no_sentence_without_an_end() -> None:
    assert notice(Event("snapshot", update=5)) == ("notice", "snapshot saved at update 5")


@pytest.mark.timeout(20)
@pytest.mark.parametrize("name", ["metrics.jsonl", "events.jsonl", "run.json", "config.json", "gatecheck.json"])
@pytest.mark.parametrize("odd", [os.mkfifo, lambda path: path.symlink_to("/dev/zero")], ids=["pipe", "device"])
def test_a_dashboard_waits_for_no_pipe_and_reads_no_device(
    recorded: RecordedRun, name: str, odd: Callable[[Path], None]
) -> None:
    path = recorded.directory.path / name
    path.unlink()
    odd(path)
    feed = Feed(recorded.directory)
    view = feed.read_everything()
    assert view.problem == "cannot read the run directory: Not a regular file" or name.endswith(".json")
    assert view.problem or feed.read_everything().file_problems or view.state == "unknown"
