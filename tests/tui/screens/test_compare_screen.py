"""The Compare screen driven by keys, on runs that are made up, at both sizes that must have full function."""

from __future__ import annotations

from pathlib import Path

import pytest
from comparing import REPEAT, compared, opened, row, three_runs
from driving import both_sizes, message, ready, screen_text, until
from recorded_run import RecordedRun

from gwt_ib_tui.application.app import Dashboard
from gwt_ib_tui.screens.compare_screen import CHARTED, SLOTS, CompareScreen
from gwt_ib_tui.screens.live_screen import LiveScreen
from gwt_ib_tui.widgets.compared_chart import ComparedChart
from gwt_ib_tui.widgets.run_lists import RunTable


@pytest.fixture
def runs(tmp_path: Path) -> list[RecordedRun]:
    return three_runs(tmp_path)


@both_sizes
async def test_the_keys_lead_there_and_back(runs: list[RecordedRun], size: tuple[int, int]) -> None:
    async with Dashboard(runs[0].directory, interval=0.05).run_test(size=size) as pilot:
        app = await ready(pilot)
        for there, back in (("5", "5"), ("c", "1"), ("5", "escape")):
            await pilot.press(there)
            await compared(pilot)
            await pilot.press(back)
            await pilot.pause()
            assert isinstance(app.screen, LiveScreen)


@both_sizes
async def test_everything_of_the_runs_is_shown(runs: list[RecordedRun], size: tuple[int, int]) -> None:
    runs[1].finish()
    async with opened(runs).run_test(size=size) as pilot:
        await compared(pilot)
        app = await ready(pilot)
        await until(pilot, lambda: any("\u2800" < sign <= "\u28ff" for sign in screen_text(app)))
        seen = screen_text(app)
        for title in ("ep100", "eval_return", "td_std", "mean_c", "steps_per_s", "runs  3"):
            assert title in seen, title
        assert "against A at equal" in seen and "whole runs" not in seen
        first, second, third = (row(app, sign) for sign in "ABC")
        assert first.startswith("›") and "baseline" in first and "● running" in first and "lr=0.00025" in first
        assert "■ finished" in second and "s2" in second and "PASS" in second and "WAIT" in second
        assert "lr=0.001" in third and "25%" in first and "41%" in third
        assert "baseline" not in second + third


@both_sizes
async def test_choosing_a_run_brings_its_line_to_the_front(runs: list[RecordedRun], size: tuple[int, int]) -> None:
    async with opened(runs).run_test(size=size) as pilot:
        screen = await compared(pilot)
        app = await ready(pilot)
        chart = screen.query_one("#compared-1", ComparedChart)
        names = []
        for key in ("down", "down", "down", "up"):
            await pilot.press(key)
            await pilot.pause()
            chosen = screen.comparison.chosen_run
            assert chosen is not None and row(app, chosen.letter).startswith("›")
            assert chart.render().plain.startswith(f"▶ep100  {chosen.letter} ")
            names.append(chosen.name)
        assert names == ["second", "third", "first", "third"]


@both_sizes
async def test_another_baseline(runs: list[RecordedRun], size: tuple[int, int]) -> None:
    async with opened(runs).run_test(size=size) as pilot:
        screen = await compared(pilot)
        app = await ready(pilot)
        before = screen.comparison.difference(screen.comparison.runs.entries[2])
        await pilot.press("down", "down", "B")
        await pilot.pause()
        assert "baseline" in row(app, "C") and "baseline" not in row(app, "A")
        assert "against C" in screen_text(app)
        after = screen.comparison.difference(screen.comparison.runs.entries[0])
        assert before is not None and after is not None and after.delta == -before.delta


@both_sizes
async def test_another_metric(runs: list[RecordedRun], size: tuple[int, int]) -> None:
    async with opened(runs).run_test(size=size) as pilot:
        screen = await compared(pilot)
        app = await ready(pilot)
        for key, metric in (("j", "eval_return"), ("j", "td_std"), ("k", "eval_return")):
            await pilot.press(key)
            await pilot.pause()
            assert screen.comparison.metric == metric and f"Δ {metric} against A" in screen_text(app)
            (picked,) = [chart for chart in screen.query(ComparedChart) if chart.picked]
            assert picked.metric == metric and picked.render().plain.startswith("▶")


@both_sizes
async def test_more_metrics(runs: list[RecordedRun], size: tuple[int, int]) -> None:
    async with opened(runs).run_test(size=size) as pilot:
        screen = await compared(pilot)
        app = await ready(pilot)
        await pilot.press("pagedown")
        await pilot.pause()
        assert [chart.metric for chart in screen.query(ComparedChart)] == list(CHARTED[SLOTS : 2 * SLOTS])
        assert screen.comparison.metric == CHARTED[SLOTS] and "charts 7-12 of" in screen_text(app)
        await pilot.press("pageup", "pageup")
        await pilot.pause()
        last = [chart for chart in screen.query(ComparedChart) if chart.metric]
        assert last[-1].metric == CHARTED[-1]
        assert screen.comparison.metric in CHARTED[-SLOTS:]


@both_sizes
async def test_one_chart_over_all_the_room(runs: list[RecordedRun], size: tuple[int, int]) -> None:
    async with opened(runs).run_test(size=size) as pilot:
        screen = await compared(pilot)
        await pilot.press("j", "f")
        await pilot.pause()
        shown = [chart for chart in screen.query(ComparedChart) if chart.display]
        assert [chart.metric for chart in shown] == ["eval_return"] and shown[0].size.width > size[0] - 4
        await pilot.press("f")
        await pilot.pause()
        assert all(chart.display for chart in screen.query(ComparedChart))


@both_sizes
async def test_seeds_of_one_setting_as_mean_and_band(runs: list[RecordedRun], size: tuple[int, int]) -> None:
    async with opened(runs).run_test(size=size) as pilot:
        screen = await compared(pilot)
        app = await ready(pilot)
        chart = screen.query_one("#compared-1", ComparedChart)
        await pilot.press("G")
        await pilot.pause()
        assert screen.comparison.grouped and " AB " in chart.render().plain.splitlines()[0]
        assert "bands: 95 % interval" in screen_text(app)
        first, second = row(app, "AB"), row(app, "C ")
        assert "2/2" in first and "[-" in first and "baseline" in first and "lr=0.00025" in first
        assert "1/1" in second and "lr=0.001" in second
        await pilot.press("down")
        await until(pilot, lambda: row(app, "C ").startswith("›") or "›━C" in row(app, "C "))
        await pilot.press("G")
        await until(pilot, lambda: "bands: least to largest" in screen_text(app))
        await pilot.press("G")
        await until(pilot, lambda: "ep100  C " in chart.render().plain)


@both_sizes
async def test_a_chart_for_each_setting_by_the_chosen_metric(runs: list[RecordedRun], size: tuple[int, int]) -> None:
    async with opened(runs).run_test(size=size) as pilot:
        screen = await compared(pilot)
        app = await ready(pilot)
        charts = list(screen.query(ComparedChart))
        await pilot.press("A")
        await until(pilot, lambda: [chart.setting for chart in charts if chart.display and chart.metric] == [0, 1])
        assert "lr=0.00025" in charts[0].render().plain and "lr=0.001  C" in charts[1].render().plain
        assert "ep100 of each setting" in screen_text(app)
        assert [chart.picked for chart in charts[:2]] == [True, False]
        await pilot.press("up")
        await until(pilot, lambda: charts[1].picked)
        await pilot.press("j")
        await until(pilot, lambda: "eval_return of each setting" in screen_text(app))
        await pilot.press("f")
        await until(pilot, lambda: [chart.setting for chart in charts if chart.is_on_screen] == [1])
        await pilot.press("f", "pagedown")
        await until(pilot, lambda: "every setting is on this page" in screen_text(app))
        await pilot.press("A")
        await until(pilot, lambda: [chart.setting for chart in charts] == [None] * 6)


@both_sizes
async def test_what_runs_differ_in_is_told_from_its_start_and_of_the_chosen_run_in_full(
    runs: list[RecordedRun], size: tuple[int, int]
) -> None:
    changes = {"env_id": REPEAT.replace("Easy", "Hard"), "gamma": 0.95, "epochs": 7, "hidden_size": 64, "memory": False}
    runs[2].directory.write_config(runs[2].config.model_copy(update=changes))
    async with opened(runs).run_test(size=size) as pilot:
        await compared(pilot)
        app = await ready(pilot)
        assert "Easy lr=0.00025" in row(app, "A") and "Hard lr=0.001" in row(app, "C")
        assert all("env_id" not in row(app, sign) for sign in "ABC")
        await pilot.press("down", "down")
        await pilot.pause()
        told = " ".join(screen_text(app).partition("C differs in ")[2].split())
        env = f"env_id={changes['env_id']} " if size == (80, 24) else ""  # else it stands in the line above
        assert str(changes["env_id"]) in screen_text(app)
        full = f"{env}lr=0.001 memory=false hidden_size=64 epochs=7 gamma=0.95"
        assert told.startswith(full)


@both_sizes
async def test_a_title_says_how_many_values_it_has_no_room_for(runs: list[RecordedRun], size: tuple[int, int]) -> None:
    async with opened(runs).run_test(size=size) as pilot:
        screen = await compared(pilot)
        cut = 0
        for chart in screen.query(ComparedChart):
            title = chart.render().plain.splitlines()[0]
            shown = [sign for sign in "ABC" if f" {sign} " in title]
            left_out = 3 - len(shown)
            assert shown[0] == "A" and (f"+{left_out}" in title) is bool(left_out), title
            assert all(not word.isalpha() or word in shown for word in title.split()[1:]), title
            cut += left_out
        assert cut, "somewhere there is no room for all"


async def test_the_first_row_of_charts_has_axes_also_beside_the_line_of_the_view(runs: list[RecordedRun]) -> None:
    async with opened(runs).run_test(size=(80, 24)) as pilot:
        screen = await compared(pilot)
        await pilot.press("left")
        await pilot.pause()
        for number in (1, 2, 3):
            chart = screen.query_one(f"#compared-{number}", ComparedChart)
            assert "└" in chart.render().plain, number


async def test_without_two_seeds_of_one_setting_that_is_said(runs: list[RecordedRun]) -> None:
    app = Dashboard(
        runs[0].directory, interval=0.05, compared=[runs[0].directory, runs[2].directory], first_screen="compare"
    )
    async with app.run_test(size=(120, 40)) as pilot:
        await compared(pilot, 2)
        await pilot.press("G")
        await pilot.pause()
        assert "no two runs are seeds of one setting" in screen_text(app)


@both_sizes
async def test_the_cursor_reads_every_run(runs: list[RecordedRun], size: tuple[int, int]) -> None:
    async with opened(runs).run_test(size=size) as pilot:
        screen = await compared(pilot)
        app = await ready(pilot)
        chart = screen.query_one("#compared-3", ComparedChart)
        await pilot.press("left")
        await pilot.pause()
        assert app.view.cursor == 50 * runs[0].config.steps_per_update
        assert "cursor 204,800 steps" in screen_text(app)
        title = " ".join(chart.render().plain.splitlines()[0].split())
        assert title.startswith("▍td_std A – C 0.0") and title.endswith(" B –"), "the first two have not come so far"
        assert [readout.name for readout in chart.readouts()] == ["td_std[C]"]
        await pilot.press("home")
        await pilot.pause()
        assert {readout.name for readout in chart.readouts()} == {"td_std[A]", "td_std[B]", "td_std[C]"}
        assert {readout.x for readout in chart.readouts()} == {4096.0}
        await pilot.press("y")
        await pilot.pause()
        assert "clipboard" in message(app).text and app.clipboard.count("\n") == 3 * SLOTS - 6
        await pilot.press("escape")
        await pilot.pause()
        assert app.view.cursor is None and isinstance(app.screen, CompareScreen)


@both_sizes
async def test_the_x_axis_and_the_window(runs: list[RecordedRun], size: tuple[int, int]) -> None:
    async with opened(runs).run_test(size=size) as pilot:
        screen = await compared(pilot)
        app = await ready(pilot)
        chart = screen.query_one("#compared-3", ComparedChart)
        await pilot.press("x", "plus")
        await pilot.pause()
        assert app.view.x_axis == "update" and app.view.span == pytest.approx(24.5)
        assert "window 26 to 50, follows" in screen_text(app)
        assert len(chart.render().plain.splitlines()) == chart.content_size.height
        await pilot.press("0", "x", "x", "m", "l", "o", "b")
        await pilot.pause()
        assert app.view.x_axis == "env_steps" and app.view.whole and app.view.smoothing == 0.6


@both_sizes
async def test_the_pages_of_a_small_window(runs: list[RecordedRun], size: tuple[int, int]) -> None:
    async with opened(runs).run_test(size=size) as pilot:
        screen = await compared(pilot)
        app = await ready(pilot)
        await pilot.press("n")
        await pilot.pause()
        small = size == (80, 24)
        assert screen.query_one("#compared").display is not small
        assert screen.query_one(RunTable).size.height > 11
        assert "seeds of one setting: AB" in screen_text(app)
        await pilot.press("f")
        await pilot.pause()
        assert screen.query_one("#compared").display, "a chart that is asked for is shown"
