"""The keys and the mouse on the charts of Live, at both sizes; and what of it is seen on other screens."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from driving import SIZES, both_sizes, dashboard, message, ready, screen_text, until
from recorded_run import RecordedRun

from gwt_ib_tui.application.app import Dashboard
from gwt_ib_tui.charts.view import ChartView
from gwt_ib_tui.screens.gate_screen import GateScreen
from gwt_ib_tui.widgets.gate_panels import GateCurvePanel
from gwt_ib_tui.widgets.line_chart import LineChart
from gwt_ib_tui.widgets.rho import RhoChart

STEPS = 4096.0  # env steps of an update


@pytest.fixture
def recorded(tmp_path: Path) -> RecordedRun:
    run = RecordedRun(tmp_path / "a-run")
    run.learn(31)
    return run


def row(recorded: RecordedRun, update: int) -> dict[str, object]:
    lines = recorded.directory.metrics.read_text().splitlines()
    found: dict[str, object] = json.loads(lines[update - 1])
    return found


def charts(app: Dashboard) -> list[LineChart]:
    return list(app.live.query(LineChart))


@both_sizes
async def test_the_cursor_reads_all_charts_at_one_place(recorded: RecordedRun, size: tuple[int, int]) -> None:
    async with dashboard(recorded).run_test(size=size) as pilot:
        app = await ready(pilot)
        await pilot.press("left")
        assert app.view.cursor == 31 * STEPS, "it begins at the newest row"
        await pilot.press("left", "left", "right")
        await pilot.pause()
        assert app.view.cursor == 30 * STEPS
        seen = screen_text(app)
        assert "cursor 122,880 steps, update 30" in seen
        for name in ("td_std", "mean_c", "bias"):
            value = row(recorded, 30)[name]
            digits = 6 if size == (80, 24) else 9
            assert isinstance(value, float) and f"{value:.{digits}g}" in seen, name
        assert sum("┊" in chart.render().plain for chart in charts(app)) == 5
        await pilot.press("home")
        await pilot.pause()
        assert app.view.cursor == STEPS
        assert "gap" in charts(app)[4].render().plain.splitlines()[0], "ep100 is null at first"
        await pilot.press("end")
        assert app.view.cursor == 31 * STEPS
        await pilot.press("0")
        assert app.view.cursor is None


@both_sizes
async def test_escape_takes_the_cursor_off_and_nothing_else(
    recorded: RecordedRun, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = []

    async def show(app: Dashboard, name: str) -> None:
        shown.append(app.view)

    monkeypatch.setattr(Dashboard, "action_show", show)
    async with dashboard(recorded).run_test(size=size) as pilot:
        app = await ready(pilot)
        await pilot.press("left", "escape")
        assert app.view.cursor is None and not shown
        await pilot.press("escape")
        assert len(shown) == 1, "without a cursor it is the application's"


@both_sizes
async def test_zoom_pan_and_back(recorded: RecordedRun, size: tuple[int, int]) -> None:
    async with dashboard(recorded).run_test(size=size) as pilot:
        app = await ready(pilot)
        await pilot.press("shift+left")
        assert app.view.whole and message(app).text.startswith("everything is in sight")
        await pilot.press("plus", "equals_sign")
        await pilot.pause()
        assert app.view.span == 30 * STEPS / 4 and app.view.following
        assert "window 96,256 to 126,976, follows" in screen_text(app)
        recorded.learn()
        await until(pilot, lambda: "window 100,352 to 131,072, follows" in screen_text(app))
        await pilot.press("shift+left")
        assert not app.view.following
        await pilot.press("shift+right", "shift+right")
        assert app.view.following
        await pilot.press("minus")
        assert app.view.span == 30 * STEPS / 2
        await pilot.press("minus", "minus")
        assert app.view.whole
        await pilot.press("plus", "home", "0")
        await pilot.pause()
        assert app.view == ChartView() and "window" not in screen_text(app)


@both_sizes
async def test_how_charts_are_drawn(recorded: RecordedRun, size: tuple[int, int]) -> None:
    async with dashboard(recorded).run_test(size=size) as pilot:
        app = await ready(pilot)
        td_std = charts(app)[0]
        for key, view, words in (
            ("X", ChartView(log_x=True), "x log"),
            ("X", ChartView(), ""),
            ("x", ChartView("update"), "x updates"),
            ("x", ChartView("elapsed_s"), "x wall time"),
            ("x", ChartView(), ""),
            ("l", ChartView(log_y=True), "y log"),
            ("m", ChartView(log_y=True, smoothing=0.6), "smoothing 0.6"),
            ("o", ChartView(log_y=True, smoothing=0.6, outliers="shown"), "outliers shown"),
            ("o", ChartView(log_y=True, smoothing=0.6, outliers="clipped"), "outliers clipped"),
            ("b", ChartView(log_y=True, smoothing=0.6, outliers="clipped", symbols="block"), "symbols block"),
            ("b", ChartView(log_y=True, smoothing=0.6, outliers="clipped", symbols="ascii"), "symbols ascii"),
        ):
            before = td_std.render().plain
            await pilot.press(key)
            await pilot.pause()
            assert app.view == view, key
            assert words in screen_text(app), key
            changed = words != "outliers shown"  # there were none
            assert (td_std.render().plain != before) == changed, f"{key} is seen at once"
        gate = app.live.query_one(GateCurvePanel).render().plain
        assert "*c" in gate and not any("⠀" <= char <= "⣿" for char in gate), "all charts have the same symbols"
        await pilot.press("l", "m", "m", "m", "o", "b")
        await pilot.pause()
        assert app.view == ChartView() and not app.live.query_one("#view").display


@both_sizes
async def test_values_are_copied(recorded: RecordedRun, size: tuple[int, int]) -> None:
    async with dashboard(recorded).run_test(size=size) as pilot:
        app = await ready(pilot)
        await pilot.press("y")
        newest, last = row(recorded, 31), row(recorded, 30)
        lines = [line.split("\t") for line in app.clipboard.splitlines()]
        assert [line[0] for line in lines] == ["td_std", "mean_c", "explained_variance", "bias", "ep100", "eval_return"]
        assert [line[1] for line in lines] == ["126976"] * 5 + ["122880"]
        assert [float(line[2]) for line in lines[:5]] == [newest[line[0]] for line in lines[:5]], "every digit"
        assert float(lines[5][2]) == last["eval_return"]
        sent = "to clipboard: "  # it never answers, so nobody can say that it was copied
        assert message(app).text == sent + "newest values of td_std, mean_c, explained_variance and 3 more by env steps"
        await pilot.press("home", "f", "y")
        await pilot.pause()
        assert app.clipboard == f"td_std\t4096\t{row(recorded, 1)['td_std']!r}\n", "of the charts on show"
        assert message(app).text == sent + "values of td_std at 4,096 env steps"
        await pilot.press("up", "y")
        await pilot.pause()
        assert app.clipboard == "ep100\t4096\tnan\n", "a gap is not a number"


async def test_where_no_chart_is_on_show_nothing_is_copied(recorded: RecordedRun) -> None:
    async with dashboard(recorded).run_test(size=(80, 24)) as pilot:
        app = await ready(pilot)
        await pilot.press("n", "n", "y")
        await pilot.pause()
        assert app.clipboard == "" and message(app).status == "refused"


@both_sizes
async def test_a_click_puts_the_cursor_there(recorded: RecordedRun, size: tuple[int, int]) -> None:
    async with dashboard(recorded).run_test(size=size) as pilot:
        app = await ready(pilot)
        chart = charts(app)[1]
        await pilot.click(chart, offset=(chart.size.width - 3, 4))
        await pilot.pause()
        assert app.view.cursor is not None and app.view.cursor > 26 * STEPS
        assert app.view.cursor % STEPS == 0, "at a row"
        places = {line.rfind("┊") for line in chart.render().plain.splitlines()} - {-1}
        assert len(places) == 1 and chart.size.width - places.pop() < 6
        await pilot.click(chart, offset=(1, 4))
        assert app.view.cursor > 26 * STEPS, "beside the canvas is no place"


@both_sizes
async def test_other_screens_look_in_the_same_way_without_the_cursor(
    recorded: RecordedRun, size: tuple[int, int]
) -> None:
    async with dashboard(recorded).run_test(size=size) as pilot:
        app = await ready(pilot)
        await pilot.press("x", "plus", "m", "left", "2", *["n"] * (size == SIZES[0]))  # there on a page of their own
        await until(pilot, lambda: isinstance(app.screen, GateScreen) and "x updates" in screen_text(app))
        gate = app.screen
        assert isinstance(gate, GateScreen)
        assert app.view.cursor == 31.0 and gate.view == app.view.without_cursor()
        assert "x updates" in screen_text(app) and "cursor" not in screen_text(app).lower()
        await until(pilot, lambda: "20" in "".join(gate.query(LineChart)[0].render().plain.splitlines()[-1:]))
        whole = gate.query_one(RhoChart).render().plain
        await pilot.press("left", "1", "left", "2")
        await until(pilot, lambda: app.screen is gate)
        assert app.view.cursor == 30.0, "on Gate the same key is another action"
        await pilot.press("1", "0", "2")
        await until(pilot, lambda: gate.query_one(RhoChart).render().plain != whole)


async def test_events_are_marked_on_every_axis(recorded: RecordedRun) -> None:
    recorded.save_snapshot()
    recorded.learn(10)
    recorded.event("actor_died", actor=1, message="boom")
    async with dashboard(recorded).run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        for _ in range(3):
            axes = [chart.render().plain.splitlines()[-2] for chart in charts(app)]
            assert all("◆" in axis and axis.count("∘") >= 2 and "✗" in axis for axis in axes)
            await pilot.press("x")
            await pilot.pause()
        at = axes[0].index("◆") / len(axes[0].rstrip())
        assert np.isclose(at, 31 / 41, atol=0.1)
        recorded.event("warning", message="hot", update=5, env_steps=5 * STEPS)
        await until(pilot, lambda: "▲" in charts(app)[0].render().plain)


async def test_a_change_of_view_is_drawn_at_once_and_data_once_a_second(recorded: RecordedRun) -> None:
    async with dashboard(recorded).run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        chart = charts(app)[0]
        drawn = chart._drawn_at
        await pilot.press("left")
        assert chart._drawn_at > drawn
        drawn = chart._drawn_at
        recorded.learn()
        await until(pilot, lambda: chart._drawn_at > drawn)
        assert chart._drawn_at - drawn > 0.9


async def test_the_palette_has_what_can_be_done_now(recorded: RecordedRun) -> None:
    async with dashboard(recorded).run_test() as pilot:
        app = await ready(pilot)
        titles = {command.title for command in app.get_system_commands(app.screen)}
        assert {"Zoom in", "Filter", "Large chart"} <= titles and not {"Cursor off", "All charts"} & titles
        await pilot.press("left")
        commands = {command.title: command for command in app.get_system_commands(app.screen)}
        await commands["Cursor off"].callback()
        assert app.view.cursor is None
