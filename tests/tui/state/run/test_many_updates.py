"""A training of many updates a second is shown in every second picture; what cannot wait is in the next one."""

from dataclasses import replace
from pathlib import Path

import pytest
from recorded_run import RecordedRun

from gwt_ib.gatecheck.findings import Verdict
from gwt_ib.runs.directory import RunDirectory
from gwt_ib_tui.application.app import READABLE, Dashboard
from gwt_ib_tui.state.run.feed import Feed
from gwt_ib_tui.state.run.follower import Source
from gwt_ib_tui.state.run.run_view import RunView


class Given(Source):
    """A source whose views of the run the test sets."""

    def __init__(self, directory: RunDirectory) -> None:
        super().__init__("given", lambda: None)
        self.directory = directory
        self.run_view = Feed(directory).read_everything()

    def start(self) -> None:
        """Nothing is followed."""

    def publish(self, rows: int = 0, **changes: object) -> RunView:
        """The next snapshot, with so many more rows."""
        old = self.run_view
        series = replace(old.series, rows=old.series.rows + rows)
        self.run_view = replace(old, version=old.version + 1, series=series, **changes)
        return self.run_view


@pytest.fixture
def given(tmp_path: Path) -> Given:
    run = RecordedRun(tmp_path / "run")
    run.learn(30)
    return Given(run.directory)


async def shown(given: Given, *publications: dict[str, object]) -> list[bool]:
    """Whether each publication was in the picture after it."""
    app = Dashboard(given.directory, source=given, interval=1000.0)
    seen = []
    async with app.run_test():
        app._tick()
        for changes in publications:
            given.publish(**changes)
            app._tick()
            seen.append(app.run_view is given.run_view)
    return seen


async def test_every_second_picture_of_many_updates_is_left_out(given: Given) -> None:
    many = {"rows": READABLE + 1}
    assert await shown(given, many, many, many, many) == [False, True, False, True]


async def test_few_updates_are_shown_at_once(given: Given) -> None:
    few = {"rows": READABLE}
    assert await shown(given, few, few, few) == [True, True, True]


async def test_the_last_of_many_updates_is_shown_when_no_more_come(given: Given) -> None:
    app = Dashboard(given.directory, source=given, interval=1000.0)
    async with app.run_test():
        app._tick()
        given.publish(rows=100)
        app._tick()
        assert app.run_view is not given.run_view
        app._tick()
        assert app.run_view is given.run_view


@pytest.mark.parametrize(
    "changes", [{"state": "paused"}, {"events_seen": 10_000}, {"problem": "gone"}, {"verdict": "fail"}]
)
async def test_what_cannot_wait_is_in_the_next_picture(given: Given, changes: dict[str, object]) -> None:
    if "verdict" in changes:
        changes = {"verdict": Verdict.from_dict({"verdict": changes["verdict"], "update": 30})}
    assert await shown(given, {"rows": 100, **changes}) == [True]
