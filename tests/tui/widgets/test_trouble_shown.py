"""What does not work though a run goes on is read at once, in red, on the smallest screen too."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from driving import dashboard, message, panel, ready, until
from recorded_run import RecordedRun

from gwt_ib import durable
from gwt_ib.clock import utc_now
from gwt_ib_tui.application.pictures import run_picture
from gwt_ib_tui.charts.palette import DARK
from gwt_ib_tui.commands.standing import summarise
from gwt_ib_tui.state.run.feed import Feed
from gwt_ib_tui.state.run.requests import Message
from gwt_ib_tui.widgets.panel import Panel
from gwt_ib_tui.widgets.processes import NOT_EXACT, ActorsPanel, ProcessesPanel
from gwt_ib_tui.widgets.status_bar import StatusBar

TROUBLE = "No snapshot can be written: No space left on device."


@pytest.fixture(autouse=True)
def _dark(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Panel, "palette", DARK)  # a panel asks its application, which there is none of here


@pytest.fixture
def run(tmp_path: Path) -> RecordedRun:
    run = RecordedRun(tmp_path / "a-run")
    run.learn(10)
    run.beat(heartbeat=utc_now() + 3600)  # nobody beats between two calls, and the run shall not look stalled
    return run


@pytest.mark.parametrize("width", [80, 100, 120, 160])
def test_trouble_stands_in_the_status_in_red_in_place_of_readings(run: RecordedRun, width: int) -> None:
    run.beat(trouble=TROUBLE)
    view = replace(Feed(run.directory).read_everything(), state="running")
    _, line = StatusBar().lines(view, width, 2)
    assert line.plain.endswith(TROUBLE) and line.cell_len <= width
    assert any(str(span.style) == DARK.bad and TROUBLE in line.plain[span.start : span.end] for span in line.spans)
    assert ("steps" in line.plain) == (width > 80), "what there is room for stays"


def test_trouble_that_is_over_and_trouble_of_an_ended_run_are_not_shown(run: RecordedRun) -> None:
    run.beat(trouble="")
    view = replace(Feed(run.directory).read_everything(), state="running")
    assert view.trouble == "" and "steps/s" in StatusBar().lines(view, 80, 2)[1].plain
    run.beat(trouble=TROUBLE)
    view = Feed(run.directory).read_everything()
    assert replace(view, state="finished").trouble == ""
    assert replace(view, state="stalled").trouble == TROUBLE


def test_trouble_is_in_the_picture_of_the_smallest_screen(run: RecordedRun) -> None:
    run.beat(trouble=TROUBLE, pids={"trainer": 1})
    assert TROUBLE.replace(" ", "&#160;") in run_picture(run.directory, (80, 24))


@pytest.mark.parametrize(("exact", "said"), [(None, False), (True, False), (False, True)])
@pytest.mark.parametrize("width", [60, 80, 120])
def test_a_resume_that_was_not_exact_is_said_beside_the_processes(
    run: RecordedRun, exact: bool | None, said: bool, width: int
) -> None:
    run.beat(exact_resume=exact)
    title = ProcessesPanel().lines(Feed(run.directory).read_everything(), width, 10)[0]
    assert (NOT_EXACT in title.plain) == said and title.cell_len <= width


async def test_trouble_of_a_run_that_goes_on_is_no_failure_and_is_taken_back_when_it_is_over(run: RecordedRun) -> None:
    run.beat(trouble="the learner has not got on for 11 s", pids={"trainer": 1})
    async with dashboard(run).run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        await until(pilot, lambda: message(app) == Message("trouble", "the learner has not got on for 11 s"))
        app.say("asked", "snapshot: waiting for the trainer")
        run.beat(trouble="the learner has not got on for 12 s")
        await until(pilot, lambda: "12 s" in panel(app, "#status"))
        assert message(app).status == "asked", "seconds that pass are no news"
        run.beat(trouble="metrics.jsonl cannot be written")
        await until(pilot, lambda: message(app).status == "trouble")
        run.beat(trouble="")
        await until(pilot, lambda: message(app) == Message("notice", "over: metrics.jsonl cannot be written"))


def test_a_run_that_is_silent_on_a_full_disk_is_said_to_be_that(
    run: RecordedRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    run.beat(pids={"trainer": 1}, heartbeat=utc_now() - 30)
    assert Feed(run.directory).read_everything().trouble == ""
    monkeypatch.setattr(durable, "LEAST_BYTES", 1 << 62)
    assert Feed(run.directory).read_everything().trouble == durable.FULL
    assert summarise(run.directory)["message"] == durable.FULL


@pytest.mark.parametrize(
    ("state", "code", "step"),
    [
        ("failed", 69, "resume"), ("failed", 65, "verify"), ("stopped", 130, "resume"), ("stopped", 0, ""),
        ("finished", 0, ""),
    ],
)  # fmt: skip
def test_the_dashboard_of_a_run_that_ended_early_names_the_next_command(
    run: RecordedRun, state: str, code: int, step: str
) -> None:
    run.beat(state=state, exit_code=code, actors=[])
    words = [line.plain for line in ActorsPanel().lines(Feed(run.directory).read_everything(), 38, 3)]
    assert words[1:] == [" all have ended", *([f" next: gwt-ib-tui {step} RUN"] if step else [])]


def test_so_does_the_one_of_a_run_that_was_killed_beside_its_actors(run: RecordedRun) -> None:
    run.beat(heartbeat=1.0)
    title = ActorsPanel().lines(Feed(run.directory).read_everything(), 120, 4)[0].plain
    assert "ended" in title and title.endswith("next: resume RUN")
