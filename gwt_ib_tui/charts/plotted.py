"""The chart that is looked at, as a figure to be written: its metrics, axis, window and smoothing; pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from gwt_ib.gatecheck.findings import Finding
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.metrics import NUMBERS
from gwt_ib_tui.charts.trends import followed
from gwt_ib_tui.charts.view import ChartView
from gwt_ib_tui.state.history.gate_history import Moment
from gwt_ib_tui.state.history.series import Doubles
from gwt_ib_tui.state.run.run_view import RunView

if TYPE_CHECKING:  # for a dashboard that draws no figure they cost time at its start
    from gwt_ib.figures.curves import Look
    from gwt_ib.figures.plot import Plot


def plot_of_charts(run_view: RunView, charts: Sequence[Sequence[str]], view: ChartView) -> Plot:
    """Charts of one run, each of some metrics, as far as its newest row on show."""
    from gwt_ib.figures.axes import TOGETHER
    from gwt_ib.figures.plot import Plot

    x = run_view.series.column(view.x_axis).mean
    metrics = tuple(TOGETHER.join(chart) for chart in charts)
    return Plot((RunDirectory(run_view.path),), "curves", metrics, look_of(view, x, run_view.metric("update")))


def plot_of_runs(runs: Sequence[RunView], metric: str, view: ChartView, *, grouped: bool) -> Plot:
    """One metric of several runs."""
    from gwt_ib.figures.plot import Plot

    x = np.concatenate([np.empty(0), *(run.series.column(view.x_axis).mean for run in runs)])
    directories = tuple(RunDirectory(run.path) for run in runs)
    return Plot(directories, "curves", (metric,), look_of(view, x), single=not grouped)


def plot_of_moments(run_view: RunView, moments: Sequence[Moment]) -> Plot:
    """The gate curves of some moments."""
    from gwt_ib.figures.plot import Plot

    run = RunDirectory(run_view.path)
    return Plot((run,), "gate", moments=tuple(dict.fromkeys(moment.env_steps for moment in moments)))


def plot_of_rule(run_view: RunView, finding: Finding) -> Plot:
    """The course of the metric that a rule follows; of one about the distribution of c, that over the training."""
    from gwt_ib.figures.plot import Plot

    metric, whole = followed(finding), ChartView()
    look = look_of(whole, np.empty(0), run_view.metric("update"))
    run = RunDirectory(run_view.path)
    return Plot((run,), "curves", (metric,), look) if metric in NUMBERS else Plot((run,), "c", (), look)


def look_of(view: ChartView, x: Doubles, until: float | None = None) -> Look:
    """Axis, smoothing, scale and window of a view of data at `x`, NaN where a row has none."""
    from gwt_ib.figures.curves import Look

    known = x[np.isfinite(x)]
    window = None if view.whole or not known.size else view.window(float(known.min()), float(known.max()))
    return Look(view.x_axis, view.smoothing, view.log_y, window, until)
