"""What is painted when: every second view of many updates, seldom in the calm, and at once what cannot wait."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from recorded_run import RecordedRun

from gwt_ib.gatecheck.findings import Verdict
from gwt_ib.runs.directory import RunDirectory
from gwt_ib_tui.application.app import Dashboard
from gwt_ib_tui.application.pace import CALM_AFTER_S, CALM_INTERVAL_S, READABLE, Pace
from gwt_ib_tui.state.run.feed import Feed
from gwt_ib_tui.state.run.follower import Source
from gwt_ib_tui.state.run.run_view import RunView

URGENT = ({"state": "paused"}, {"events_seen": 10_000}, {"problem": "gone"}, {"verdict": "fail"})


class Clock:
    """Seconds that pass as the test says."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def directory(tmp_path: Path) -> RunDirectory:
    run = RecordedRun(tmp_path / "run")
    run.learn(30)
    return run.directory


@pytest.fixture
def first(directory: RunDirectory) -> RunView:
    return Feed(directory).read_everything()


def after(old: RunView, rows: int = 0, **changes: object) -> RunView:
    """The next view, with so many more rows."""
    if "verdict" in changes:
        changes = {"verdict": Verdict.from_dict({"verdict": changes["verdict"], "update": 30})}
    series = replace(old.series, rows=old.series.rows + rows)
    return replace(old, version=old.version + 1, series=series, **changes)


def painted(pace: Pace, first: RunView, *rows: int) -> list[bool]:
    """Whether each further view is painted, where each has so many more rows than the one before."""
    newest = shown = first
    seen = []
    for number in rows:
        newest = after(newest, number)
        seen.append(pace.paints(newest, shown))
        shown = newest if seen[-1] else shown
    return seen


def test_every_second_view_of_many_updates_is_left_out(first: RunView) -> None:
    assert painted(Pace(), first, *[READABLE + 1] * 4) == [False, True, False, True]


def test_few_updates_are_painted_at_once(first: RunView) -> None:
    assert painted(Pace(), first, *[READABLE] * 3) == [True, True, True]


def test_the_last_of_many_updates_is_painted_when_no_more_come(first: RunView) -> None:
    pace, newest = Pace(), after(first, 100)
    assert not pace.paints(newest, first)
    assert pace.paints(newest, first)


def test_the_first_view_is_painted_once_there_is_something_to_see(first: RunView) -> None:
    assert not Pace().paints(replace(first, version=0), None)
    assert Pace().paints(first, None) and not Pace().paints(first, first)


@pytest.mark.parametrize("changes", URGENT)
def test_what_cannot_wait_is_painted_at_once(first: RunView, clock: Clock, changes: dict[str, object]) -> None:
    pace, newest = Pace(clock=clock), after(first, 100, **changes)
    assert pace.paints(newest, first)
    clock.now += CALM_AFTER_S
    assert pace.settled() and pace.paints(first, None)
    assert not pace.can_wait(newest, first)


def test_it_gets_calm_once_nobody_has_been_there_for_long(clock: Clock) -> None:
    pace = Pace(clock=clock)
    clock.now += CALM_AFTER_S - 0.1
    assert not pace.settled() and not pace.touched(), "there was no calm to end"
    clock.now += CALM_AFTER_S - 0.1
    assert not pace.settled(), "somebody was there meanwhile"
    clock.now += 0.2
    assert pace.settled() and pace.calm and not pace.settled(), "said once"
    assert pace.touched() and not pace.calm


def test_it_never_gets_calm_where_the_user_has_said_how_often(clock: Clock) -> None:
    pace = Pace(calms_down=False, clock=clock)
    clock.now += 1000.0
    assert not pace.settled() and not pace.calm


def test_in_the_calm_rows_wait_until_the_last_picture_is_old(first: RunView, clock: Clock) -> None:
    pace, newest = Pace(clock=clock), after(first, 1)
    assert pace.paints(first, None) and not pace.can_wait(newest, first), "there is no calm"
    clock.now += CALM_AFTER_S
    assert pace.settled() and pace.paints(newest, first)
    assert pace.can_wait(after(newest, 1), newest) and not pace.can_wait(newest, None)
    clock.now += CALM_INTERVAL_S
    assert not pace.can_wait(after(newest, 1), newest)


class Given(Source):
    """A source whose views of the run the test sets."""

    def __init__(self, first: RunView) -> None:
        super().__init__("given", lambda: None)
        self.run_view = first

    def start(self) -> None:
        """Nothing is followed."""


async def test_the_dashboard_paints_at_this_pace(directory: RunDirectory, first: RunView) -> None:
    source = Given(first)
    app = Dashboard(directory, source=source, interval=1000.0)
    seen = []
    async with app.run_test():
        app._tick()
        for changes in ({"rows": 100}, {"rows": 100}, {"rows": 100, "state": "paused"}):
            source.run_view = after(source.run_view, **changes)
            app._tick()
            seen.append(app.run_view is source.run_view)
    assert seen == [False, True, True]
