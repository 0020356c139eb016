"""A display that is frozen: it stands still, and everything else goes on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from driving import both_sizes, dashboard, message, panel, ready, screen_text, until
from recorded_run import RecordedRun

from gwt_ib_tui.application.app import Dashboard
from gwt_ib_tui.state.run.announcements import frozen_words
from gwt_ib_tui.state.run.feed import Feed
from gwt_ib_tui.state.run.requests import Message


@pytest.fixture
def recorded(tmp_path: Path) -> RecordedRun:
    run = RecordedRun(tmp_path / "a-run")
    run.learn(31)
    return run


def newest(app: Dashboard) -> float | None:
    return None if app.run_view is None else app.run_view.metric("update")


@both_sizes
@pytest.mark.parametrize("read_only", [False, True])
async def test_the_display_stands_still_and_then_shows_the_newest_at_once(
    recorded: RecordedRun, read_only: bool, size: tuple[int, int]
) -> None:
    async with dashboard(recorded, read_only=read_only).run_test(size=size) as pilot:
        app = await ready(pilot)
        await pilot.press("d")
        assert message(app).status == "notice"
        await until(pilot, lambda: "FROZEN" in panel(app, "#status"))
        recorded.learn(14)
        await until(pilot, lambda: newest(app) == 45)
        await pilot.pause()
        seen = screen_text(app)
        assert "● RUNNING" in seen and "FROZEN, 14 updates behind" in seen
        assert "126,976" in seen and "184,320" not in seen
        await pilot.press("g")
        await pilot.pause()
        assert "FROZEN, 14 updates behind" in screen_text(app) and "184,320" not in screen_text(app)
        await pilot.press("escape", "d")
        await pilot.pause()
        assert "184,320" in screen_text(app) and "FROZEN" not in screen_text(app)
        assert not any(recorded.directory.control.iterdir()), "the training was asked nothing"


async def test_a_frozen_display_still_shows_what_is_answered_and_what_happens(recorded: RecordedRun) -> None:
    async with dashboard(recorded).run_test() as pilot:
        app = await ready(pilot)
        await pilot.press("d", "space")
        await until(pilot, lambda: any(recorded.directory.control.iterdir()))
        recorded.answer_requests()
        await until(pilot, lambda: message(app) == Message("done", "pause at update 31"))
        assert "● RUNNING" in screen_text(app) and "FROZEN, now paused" in screen_text(app)
        recorded.event("actor_died", actor=1, message="boom")
        await until(pilot, lambda: message(app).status == "warning")
        await pilot.press("space")
        assert message(app).text.startswith("go on: "), "the key goes by what holds, not by what is shown"


async def test_a_run_that_has_ended_is_not_frozen_but_let_go(recorded: RecordedRun) -> None:
    async with dashboard(recorded).run_test() as pilot:
        app = await ready(pilot)
        await pilot.press("d")
        recorded.finish()
        await until(pilot, lambda: "now finished" in panel(app, "#status"))
        await pilot.press("d")
        await pilot.pause()
        assert "FINISHED" in screen_text(app)
        await pilot.press("d")
        assert message(app) == Message("refused", "the run has ended (finished): nothing moves any more")
        assert "FROZEN" not in screen_text(app)


def test_the_words_say_how_far_behind(recorded: RecordedRun) -> None:
    run_view = Feed(recorded.directory).read_everything()

    def after(update: int, state: str = "running") -> str:
        return frozen_words(run_view, replace(run_view, row={"update": update}, state=state))

    assert after(31) == "FROZEN"
    assert after(32) == "FROZEN, 1 update behind"
    assert after(1231) == "FROZEN, 1,200 updates behind"
    assert after(40, "failed") == "FROZEN, 9 updates behind, now failed"
    assert after(12) == "FROZEN, run at update 12", "resumed from an earlier one"


@pytest.mark.parametrize(("state", "words"), [("running", "while training goes on"), ("paused", "(the run is paused)")])
async def test_what_goes_on_under_a_frozen_display_is_said_as_it_is(
    recorded: RecordedRun, state: str, words: str
) -> None:
    recorded.state = state
    recorded.beat()
    async with dashboard(recorded).run_test() as pilot:
        app = await ready(pilot)
        await pilot.press("d")
        assert message(app).text == f"display frozen {words}; press again to show the newest"


async def test_a_notice_leaves_the_screen_by_itself(recorded: RecordedRun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gwt_ib_tui.state.run.requests.STAYS_S", 0.8)  # long enough to be seen on a busy machine
    async with dashboard(recorded).run_test() as pilot:
        app = await ready(pilot)
        await pilot.press("d")
        assert message(app).status == "notice"
        await until(pilot, lambda: message(app).text == "")


async def test_what_still_holds_is_said_again(recorded: RecordedRun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gwt_ib_tui.state.run.requests.STAYS_S", 0.05)
    async with dashboard(recorded).run_test() as pilot:
        app = await ready(pilot)
        monkeypatch.setattr(type(app.source), "broken", True)
        await until(pilot, lambda: message(app).status == "failed")
        app.say("notice", "something else")
        await until(pilot, lambda: message(app).status == "failed")
