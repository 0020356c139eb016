"""A target of c that was changed while the run trained is shown as it was at each time."""

from __future__ import annotations

from pathlib import Path

import pytest
from driving import both_sizes, dashboard, ready
from recorded_run import RecordedRun

from gwt_ib.runs.control import send_request
from gwt_ib_tui.charts.palette import DARK
from gwt_ib_tui.widgets.gate_panels import HeatPanel, MomentPanel


@pytest.fixture
def changed(tmp_path: Path) -> RecordedRun:
    run = RecordedRun(tmp_path / "a-run")
    run.learn(20)
    send_request(run.directory.control, "set", field="target_c", value=0.99)
    run.answer_requests()
    run.learn(20)
    return run


def rows_of_target(panel: MomentPanel) -> set[int]:
    """The lines of the panel below its title that have the target's dots."""
    lines = panel.render().split("\n")[1:]
    return {row for row, line in enumerate(lines) if any(DARK.target in str(span.style) for span in line.spans)}


@both_sizes
async def test_the_gate_screen_shows_the_target_of_the_time(changed: RecordedRun, size: tuple[int, int]) -> None:
    async with dashboard(changed).run_test(size=size) as pilot:
        app = await ready(pilot)
        await pilot.press("g")
        await pilot.pause()
        moment, heat = app.screen.query_one(MomentPanel), app.screen.query_one(HeatPanel)
        newest = rows_of_target(moment)
        await pilot.press("home")
        await pilot.pause()
        first = rows_of_target(moment)
        assert newest and first and max(newest) < min(first), "0.99 lies above 0.35"
        dotted = [line.plain for line in heat.render().split("\n")[1:] if set("⠁⠂⠄⡀") & set(line.plain)]
        top, half = dotted[0], len(dotted[0]) // 2
        assert set("⠁⠂⠄⡀") & set(top[half + 2 :]) and not set("⠁⠂⠄⡀") & set(top[: half - 2])
