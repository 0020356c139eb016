"""The mouse on charts: a click places the cursor, the wheel zooms where it is, a drag moves the window."""

from __future__ import annotations

from pathlib import Path

import pytest
from driving import dashboard, ready, until
from recorded_run import RecordedRun
from textual.pilot import Pilot

from gwt_ib_tui.application.app import Dashboard
from gwt_ib_tui.charts.view import ChartView
from gwt_ib_tui.screens.gate_screen import GateScreen
from gwt_ib_tui.widgets.line_chart import LineChart

STEPS = 4096.0


@pytest.fixture
def recorded(tmp_path: Path) -> RecordedRun:
    run = RecordedRun(tmp_path / "a-run")
    run.learn(60)
    return run


async def chart_of(pilot: Pilot[str]) -> tuple[Dashboard, LineChart]:
    app = await ready(pilot)
    chart = app.live.query(LineChart).first()
    await until(pilot, lambda: chart.drawn.cells > 0)
    return app, chart


def turn(chart: LineChart, column: int, kind: str) -> None:
    """As Textual calls it: the wheel at a cell of the chart."""
    from textual.events import MouseScrollDown, MouseScrollUp

    event = {"up": MouseScrollUp, "down": MouseScrollDown}[kind]
    x, y = chart.region.x + column, chart.region.y + 4
    chart.post_message(event(chart, column, 4, 0, 0, 0, False, False, False, screen_x=x, screen_y=y))


async def test_the_wheel_zooms_about_the_place_under_the_mouse_and_back(recorded: RecordedRun) -> None:
    async with dashboard(recorded).run_test(size=(120, 40)) as pilot:
        app, chart = await chart_of(pilot)
        column = chart.drawn.margin + 10
        place = chart.drawn.x_at(column)
        assert place is not None
        for _ in range(4):
            before = app.view
            turn(chart, column, "up")
            await until(pilot, lambda: app.view != before)  # noqa: B023
        low, high = app.view.window(STEPS, 60 * STEPS)
        assert low < place < high and (high - low) < 0.6 * 60 * STEPS
        assert chart.drawn.x_at(column) == pytest.approx(place, abs=3 * STEPS)
        for _ in range(9):
            turn(chart, column, "down")
        await until(pilot, lambda: app.view.whole)
        turn(chart, 0, "up")
        await pilot.pause()
        assert app.view.whole, "beside the canvas it does nothing"


async def test_a_drag_moves_the_window_and_a_click_places_the_cursor(recorded: RecordedRun) -> None:
    async with dashboard(recorded).run_test(size=(120, 40)) as pilot:
        app, chart = await chart_of(pilot)
        app.view = ChartView(span=20 * STEPS, end=40 * STEPS)
        await pilot.pause()
        await pilot.mouse_down(chart, offset=(20, 4))
        await pilot.hover(chart, offset=(28, 4))
        await pilot.mouse_up(chart, offset=(28, 4))
        await until(pilot, lambda: app.view.end != 40 * STEPS)
        assert app.view.end == pytest.approx(40 * STEPS - 8 / chart.drawn.cells * 20 * STEPS), "it follows the mouse"
        await pilot.pause()
        assert app.view.cursor is None, "the end of a drag is no click"
        await pilot.click(chart, offset=(20, 4))
        await until(pilot, lambda: app.view.cursor is not None)


async def test_on_gate_a_click_on_a_chart_over_the_run_shows_its_moment(recorded: RecordedRun) -> None:
    async with dashboard(recorded).run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        await pilot.press("2")
        await until(pilot, lambda: isinstance(app.screen, GateScreen))
        gate = app.screen
        assert isinstance(gate, GateScreen)
        chart = gate.query(LineChart).first()
        await until(pilot, lambda: chart.drawn.cells > 0)
        place = chart.drawn.x_at(chart.drawn.margin + chart.drawn.cells // 2)
        await pilot.click(chart, offset=(chart.drawn.margin + chart.drawn.cells // 2, 4))
        await until(pilot, lambda: not gate.scrub.following)
        assert place is not None and gate.scrub.shown is not None
        assert abs(gate.scrub.shown * STEPS - place) <= STEPS
        turn(chart, chart.drawn.margin + 5, "up")
        await until(pilot, lambda: not app.view.whole)
