"""Where nobody presses a key a dashboard takes less of the machine, and what is urgent is shown as soon as ever."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from driving import dashboard, ready, until
from recorded_run import RecordedRun

from gwt_ib_tui.application import pace
from gwt_ib_tui.priority import give_way


@pytest.fixture
def recorded(tmp_path: Path) -> RecordedRun:
    run = RecordedRun(tmp_path / "a-run")
    run.learn(12)
    return run


async def test_it_calms_down_and_a_key_ends_that(recorded: RecordedRun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "CALM_AFTER_S", 0.2)
    monkeypatch.setattr(pace, "CALM_INTERVAL_S", 1000.0)
    async with dashboard(recorded).run_test() as pilot:
        app = await ready(pilot)
        await until(pilot, lambda: app.calm)
        assert app.source.calm, "it reads more seldom, too"
        shown = app.run_view
        recorded.learn()
        app.source.wake()
        await until(pilot, lambda: app.source.run_view.series.rows == 13)
        app._tick()
        assert app.run_view is shown, "a row more can wait"
        recorded.finish("failed", "it broke")
        app.source.wake()
        await until(pilot, lambda: app.run_view is not None and app.run_view.state == "failed")
        monkeypatch.setattr(pace, "CALM_AFTER_S", 1000.0)
        await pilot.press("d")
        assert not app.calm and not app.source.calm


async def test_it_does_not_where_the_user_has_said_how_often(
    recorded: RecordedRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "CALM_AFTER_S", 0.0)
    async with dashboard(recorded, calms_down=False).run_test() as pilot:
        app = await ready(pilot)
        app._tick()
        assert not app.calm


@pytest.mark.skipif(not hasattr(os, "SCHED_BATCH"), reason="the system has no such policy")
def test_giving_way_is_a_policy_of_the_system_and_ends() -> None:
    before = os.sched_getscheduler(0)
    give_way(True)
    assert os.sched_getscheduler(0) == os.SCHED_BATCH
    give_way(False)
    assert os.sched_getscheduler(0) == os.SCHED_OTHER == before
