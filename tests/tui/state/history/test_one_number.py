"""A metric has one value on a screen at a time, and says of which moment it is; pilot tests."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from driving import both_sizes, dashboard, ready, screen_text, until
from recorded_run import RecordedRun
from textual.pilot import Pilot

from gwt_ib.durable import write_json
from gwt_ib.runs.jsonl import read_records
from gwt_ib.text import count, number, short_count
from gwt_ib_tui.application.app import Dashboard
from gwt_ib_tui.charts.sparkline import sparkline
from gwt_ib_tui.screens.gate_screen import GateScreen
from gwt_ib_tui.widgets import check_panels
from gwt_ib_tui.widgets.chart_heads import head_of
from gwt_ib_tui.widgets.check_panels import RulePanel
from gwt_ib_tui.widgets.gate_check_panel import GateCheckPanel
from gwt_ib_tui.widgets.gate_panels import MomentPanel
from gwt_ib_tui.widgets.line_chart import LineChart
from gwt_ib_tui.widgets.readings import exact
from gwt_ib_tui.widgets.rho import RHOS, RhoChart, RhoWords

UPDATES = 31
TITLES = {"td_std": "td_std", "mean_c": "mean_c", "explained_variance": "EV", "bias": "bias"}
CURSOR = "┊"


@pytest.fixture
def recorded(tmp_path: Path) -> RecordedRun:
    run = RecordedRun(tmp_path / "a-run")
    run.learn(UPDATES)
    return run


def rows(run: RecordedRun) -> list[dict[str, Any]]:
    return list(read_records(run.directory.metrics))


async def next_update(pilot: Pilot[str], app: Dashboard, run: RecordedRun) -> dict[str, Any]:
    run.learn()
    await until(pilot, lambda: app.run_view is not None and app.run_view.row.get("update") == run.update)
    await pilot.pause()
    return rows(run)[-1]


@both_sizes
async def test_titles_tell_the_newest_update_though_charts_follow_later(
    recorded: RecordedRun, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[LineChart] = []
    draw = LineChart.chart
    monkeypatch.setattr(LineChart, "chart", lambda self, *given: drawn.append(self) or draw(self, *given))
    async with dashboard(recorded).run_test(size=size) as pilot:
        app = await ready(pilot)
        for _ in range(5):
            row = await next_update(pilot, app, recorded)
            text = screen_text(app)
            for metric, title in TITLES.items():
                assert f"▍{title}  {number(row[metric])}" in text, (row["update"], title)
        charts = list(app.live.query(LineChart))
        assert all(drawn.count(chart) < 5 for chart in charts), "a title is cheap, a chart is not"


@pytest.mark.parametrize("smoothing", [(), ("m",)])
async def test_an_old_evaluation_keeps_its_place_while_there_is_room(
    recorded: RecordedRun, smoothing: tuple[str, ...]
) -> None:
    async with dashboard(recorded).run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        await pilot.press(*smoothing, "left", "left", "left")
        await pilot.pause()
        last = [row for row in rows(recorded)[:-3] if row["eval_return"] is not None][-1]
        assert f" @{short_count(last['env_steps'])} " in f"{screen_text(app)} "


async def test_the_table_of_rules_tells_the_report_of_the_rule_beside_it(
    recorded: RecordedRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = []
    monkeypatch.setattr(
        check_panels, "sparkline", lambda *given, **named: drawn.append(1) or sparkline(*given, **named)
    )
    recorded._td_std = lambda: 1.0 / recorded.update  # type: ignore[method-assign]  # a value that tells its update
    async with dashboard(recorded).run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        await pilot.press("3")
        await pilot.pause()
        app.screen.selected = "td_std"  # type: ignore[attr-defined]
        for _ in range(5):
            expected = number((await next_update(pilot, app, recorded))["td_std"])
            await until(pilot, lambda: f"Number: {expected}" in screen_text(app))  # noqa: B023
            assert re.search(rf"PASS +◆ td_std +{re.escape(expected)} ", screen_text(app)), recorded.update
        assert len(drawn) < 5 * 12, "the trends follow later"


async def scrubbed(pilot: Pilot[str], *keys: str) -> GateScreen:
    await ready(pilot)
    await pilot.press("g", *keys)
    await pilot.pause()
    screen = pilot.app.screen
    assert isinstance(screen, GateScreen)
    return screen


@both_sizes
async def test_a_scrubbed_gate_tells_of_that_moment_everywhere(recorded: RecordedRun, size: tuple[int, int]) -> None:
    async with dashboard(recorded).run_test(size=size) as pilot:
        gate = await scrubbed(pilot, "shift+left", "left", *("n" for _ in range(size == (80, 24))))
        row = rows(recorded)[UPDATES - 12]
        place = f"{row['env_steps']:,} steps"
        for chart in gate.query(LineChart):
            title, *lines = chart.render().plain.split("\n")
            value = row[chart.spec.metrics[0]]
            assert any(exact(value, digits) in title for digits in (17, 9, 6)), title
            assert place in title or f"@{short_count(row['env_steps'])}" in title, title
            assert any(CURSOR in line for line in lines), "where that is"
        words = " ".join(gate.query_one(RhoWords).render().plain.split())
        assert f"At {place}: c follows" in words
        assert all(number(row[name]) in words for name in RHOS)
        title, *lines = gate.query_one(RhoChart).render().plain.split("\n")
        assert f"at {place}" in title and any(CURSOR in line for line in lines)
        await pilot.press("end")
        await pilot.pause()
        row = rows(recorded)[-1]
        for chart in (*gate.query(LineChart), gate.query_one(RhoChart)):
            assert CURSOR not in chart.render().plain
        words = gate.query_one(RhoWords).render().plain
        assert "At " not in words and all(number(row[name]) in words for name in RHOS)


async def test_the_scrubbed_moment_is_marked_on_each_x_axis(recorded: RecordedRun) -> None:
    async with dashboard(recorded).run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        await pilot.press("x")
        assert app.view.x_axis == "update"
        gate = await scrubbed(pilot, "home")
        assert "At update 1:" in gate.query_one(RhoWords).render().plain
        assert app.view.cursor is None, "the cursor of the other screens is another one"


@both_sizes
async def test_the_mean_gate_of_the_legend_is_the_metric(recorded: RecordedRun, size: tuple[int, int]) -> None:
    recorded._mean_c = lambda: 0.01 * recorded.update  # type: ignore[method-assign]  # a value that tells its update
    recorded.learn(9)
    async with dashboard(recorded).run_test(size=(120, size[1])) as pilot:
        gate = await scrubbed(pilot, "left", "left", "p", "left")
        shown, ghost = rows(recorded)[-4], rows(recorded)[-3]
        legend = gate.query_one(MomentPanel).render().plain.split("\n")[0]
        assert f"━c {number(shown['mean_c'])} " in legend and f"ghost {number(ghost['mean_c'])} " in legend
        await pilot.press("end")
        legend = gate.query_one(MomentPanel).render().plain.split("\n")[0]
        assert f"━c {number(rows(recorded)[-1]['mean_c'])} " in legend


@both_sizes
async def test_a_td_std_outside_its_typical_range_passes_as_its_rule_does(
    recorded: RecordedRun, size: tuple[int, int]
) -> None:
    recorded._td_std = lambda: 0.0075  # type: ignore[method-assign]  # a value that tells its update
    recorded.learn()
    async with dashboard(recorded).run_test(size=size) as pilot:
        app = await ready(pilot)
        assert head_of("td_std", app.live.run_view).status == "pass"
        assert (" ✓  typical 0.01 to 10 " in screen_text(app)) == (size == (120, 40)), "a narrow chart has no room"


async def test_since_when_the_verdict_holds_is_told_whole_in_a_narrow_window(recorded: RecordedRun) -> None:
    record = recorded.directory.read_gatecheck()
    write_json(recorded.directory.gatecheck, record | {"verdict": "wait", "since": 31}, durable=False)
    async with dashboard(recorded).run_test(size=(60, 20)) as pilot:
        app = await ready(pilot)
        await pilot.press("n")
        await pilot.pause()
        head = app.live.query_one(GateCheckPanel).render().plain.split("\n")[0]
        assert head.split() == ["▍training", "…", "WAIT", "since", "update", "31"] and head.rstrip() in screen_text(app)


@pytest.mark.parametrize(("kind", "mean"), [("surprise_opens_gate", True), ("mean_c_near_target", False)])
async def test_a_number_that_is_a_mean_is_called_one(recorded: RecordedRun, kind: str, mean: bool) -> None:
    async with dashboard(recorded).run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        await pilot.press("3")
        app.screen.selected = kind  # type: ignore[attr-defined]
        await pilot.pause()
        words = " ".join(app.screen.query_one(RulePanel).render().plain.split())
        assert ("(mean of the last 10 updates)" in words) == mean and "Number: " in words
        assert count(recorded.update) in screen_text(app)
