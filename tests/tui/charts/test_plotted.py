"""Which figure a chart of the dashboard becomes: its metrics, axis, window, smoothing, and where its rows end."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from recorded_run import RecordedRun

from gwt_ib.runs.directory import RunDirectory
from gwt_ib_tui.charts.plotted import look_of, plot_of_charts, plot_of_moments, plot_of_rule, plot_of_runs
from gwt_ib_tui.charts.view import ChartView
from gwt_ib_tui.state.run.feed import Feed
from gwt_ib_tui.state.run.run_view import RunView


@pytest.fixture
def run_view(tmp_path: Path) -> RunView:
    run = RecordedRun(tmp_path / "a-run")
    run.learn(6)
    return Feed(run.directory).read_everything()


def test_a_look_is_that_of_the_charts() -> None:
    x = np.array([np.nan, 100.0, 200.0, 500.0])
    look = look_of(ChartView(x_axis="update", smoothing=0.9, log_y=True, span=200.0), x, 7.0)
    assert (look.x, look.smoothing, look.log_y, look.window, look.until) == ("update", 0.9, True, (300.0, 500.0), 7.0)
    assert look_of(ChartView(), x).window is None
    assert look_of(ChartView(span=1.0), np.array([np.nan])).window is None


def test_charts_of_a_run_end_with_its_newest_row_on_show(run_view: RunView) -> None:
    plot = plot_of_charts(run_view, [("td_std",), ("ep100", "eval_return")], ChartView())
    assert plot.metrics == ("td_std", "ep100+eval_return") and plot.look.until == 6
    assert plot.runs == (RunDirectory(run_view.path),) and plot.name == "td_std_ep100+eval_return"


def test_of_several_runs_the_window_is_over_the_rows_of_all(run_view: RunView) -> None:
    plot = plot_of_runs([run_view, run_view], "ep100", ChartView(x_axis="update", span=2.0), grouped=True)
    assert plot.look.window == (4.0, 6.0) and not plot.single and plot.name == "ep100_of_2_runs"
    assert plot_of_runs([run_view], "ep100", ChartView(), grouped=False).single


def test_a_moment_that_is_its_own_ghost_is_drawn_once(run_view: RunView) -> None:
    first, last = run_view.gate.moments[0], run_view.gate.moments[-1]
    assert plot_of_moments(run_view, [first, last]).moments == (first.env_steps, last.env_steps)
    assert plot_of_moments(run_view, [last, last]).moments == (last.env_steps,)


def test_a_rule_becomes_its_metric_or_the_distribution_of_the_gate(run_view: RunView) -> None:
    assert run_view.verdict is not None
    plots = {finding.kind: plot_of_rule(run_view, finding) for finding in run_view.verdict.findings}
    assert plots["td_std"].metrics == ("td_std",) and plots["td_std"].kind == "curves"
    assert "c" in {plot.kind for plot in plots.values()}
