"""What is announced while a dashboard is open, and that each change is announced once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from driving import both_sizes, dashboard, message, ready, screen_text, until
from recorded_run import RecordedRun

from gwt_ib.gatecheck.findings import Verdict
from gwt_ib_tui.application.app import Dashboard
from gwt_ib_tui.state.run.announcements import Announcer
from gwt_ib_tui.state.run.feed import Feed
from gwt_ib_tui.state.run.run_view import RunView


@pytest.fixture
def recorded(tmp_path: Path) -> RecordedRun:
    run = RecordedRun(tmp_path / "a-run")
    run.learn(31)
    return run


@pytest.fixture
def run_view(recorded: RecordedRun) -> RunView:
    return Feed(recorded.directory).read_everything()


def judged(run_view: RunView, verdict: str, **others: Any) -> RunView:
    return replace(run_view, verdict=Verdict.from_dict({"verdict": verdict, "update": 40, **others}))


def titles(announcer: Announcer, *run_views: RunView) -> list[list[str]]:
    return [[news.title for news in announcer.take(run_view)] for run_view in run_views]


def test_a_verdict_is_announced_once_for_each_change(run_view: RunView) -> None:
    passed, failed = judged(run_view, "pass"), judged(run_view, "fail")
    told = titles(Announcer(), passed, passed, failed, failed, passed)
    assert told == [[], [], ["GateCheck, training: FAIL"], [], ["GateCheck, training: PASS"]]
    announcer = Announcer()
    announcer.take(passed)
    (news,) = announcer.take(failed)
    assert (news.severity, news.bell, news.text) == ("error", True, "was PASS at update 40")


def test_the_first_verdict_of_a_run_is_to_wait_and_no_news(run_view: RunView) -> None:
    new = replace(run_view, verdict=None)
    assert titles(Announcer(), new, judged(run_view, "wait"), judged(run_view, "pass")) == [
        [],
        [],
        ["GateCheck, training: PASS"],
    ]
    assert titles(Announcer(), new, judged(run_view, "fail")) == [[], ["GateCheck, training: FAIL"]]


def test_each_of_the_two_verdicts_is_announced_for_itself(run_view: RunView) -> None:
    announcer = Announcer()
    works = {"verdict": "works", "summary": "Open is worse by 0.12."}
    told = titles(announcer, judged(run_view, "pass"), judged(run_view, "pass", gate=works))
    assert told == [[], ["GateCheck, gate: WORKS"]]
    (news,) = announcer.take(judged(run_view, "pass", gate={"verdict": "harmful"}))
    assert (news.title, news.severity, news.text) == ("GateCheck, gate: HARMFUL", "error", "was WORKS at update 40")
    assert titles(announcer, judged(run_view, "fail", gate={"verdict": "decoration"})) == [
        ["GateCheck, training: FAIL", "GateCheck, gate: DECORATION"]
    ]
    first = Announcer()
    assert titles(first, replace(run_view, verdict=None), judged(run_view, "wait", gate=works)) == [
        [],
        ["GateCheck, gate: WORKS"],
    ]


def test_a_damaged_report_is_no_change(run_view: RunView) -> None:
    passed = judged(run_view, "pass")
    assert titles(Announcer(), passed, replace(passed, verdict=None), passed) == [[], [], []]


def test_nothing_is_announced_of_a_run_that_had_ended_before(run_view: RunView) -> None:
    ended = replace(run_view, state="finished")
    assert titles(Announcer(), judged(ended, "pass"), judged(ended, "fail")) == [[], []]


def test_the_last_verdict_and_the_end_may_come_together(run_view: RunView) -> None:
    last = replace(judged(run_view, "fail"), state="finished")
    assert titles(Announcer(), judged(run_view, "pass"), last) == [[], ["GateCheck, training: FAIL", "Run finished"]]


def test_silence_is_announced_and_its_end_is_a_message(run_view: RunView) -> None:
    announcer = Announcer()
    stalled = replace(run_view, state="stalled")
    assert titles(announcer, run_view, stalled, stalled) == [[], ["Run stalled"], []]
    (news,) = announcer.take(run_view)
    assert news.title == "" and news.message is not None and "heard again" in news.message.text
    assert titles(announcer, stalled, replace(run_view, state="killed")) == [["Run stalled"], ["Run killed"]]


def test_what_a_run_says_of_itself_can_do_no_harm(run_view: RunView) -> None:
    announcer = Announcer()
    announcer.take(run_view)
    evil = replace(run_view, state="failed", run=replace(run_view.run, message="[red]x\x1b[2J\u202e"))
    (news,) = announcer.take(evil)
    assert news.text == "[red]x[2J"


@both_sizes
async def test_another_verdict_rings_and_is_shown_as_it_is_written(
    recorded: RecordedRun, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    rung: list[int] = []
    monkeypatch.setattr(Dashboard, "bell", lambda app: rung.append(1))
    async with dashboard(recorded).run_test(size=size, notifications=True) as pilot:
        app = await ready(pilot)
        assert not rung
        recorded.report("fail")
        await until(pilot, lambda: "GateCheck, training: FAIL" in screen_text(app))
        recorded.report("fail")
        recorded.beat()
        await pilot.pause(0.3)
        assert len(rung) == 1
        recorded.finish("failed", "[b]no[/b] disk")
        await until(pilot, lambda: "Run failed" in screen_text(app))
        assert screen_text(app).count("[b]no[/b] disk") >= 2, "the message bar and the notification"


async def test_what_an_open_dashboard_has_not_seen_is_not_announced(
    recorded: RecordedRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung: list[int] = []
    monkeypatch.setattr(Dashboard, "bell", lambda app: rung.append(1))
    recorded.report("fail")
    recorded.finish()
    async with dashboard(recorded).run_test(notifications=True) as pilot:
        app = await ready(pilot)
        recorded.report("pass")
        await pilot.pause(0.3)
        assert not rung and "Run finished" not in screen_text(app)
        assert message(app).text == ""
