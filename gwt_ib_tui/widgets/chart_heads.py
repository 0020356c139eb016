"""What stands beside a metric's newest number on its chart: the status that GateCheck gives it, and its range; pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from rich.text import Text

from gwt_ib.runs.metrics import BY_NAME, Metric
from gwt_ib.text import number
from gwt_ib_tui.charts.palette import Palette
from gwt_ib_tui.state.run.run_view import RunView
from gwt_ib_tui.widgets.verdict import STATUS_ICONS, metric_status


@dataclass(frozen=True)
class Head:
    """`status` is empty where nothing judges the metric; `hint` is the range in which it passes, or another value."""

    status: str
    hint: str

    @property
    def serious(self) -> bool:
        """Whether the hint says what is wrong."""
        return self.status in ("fail", "warn")

    def icon(self, palette: Palette) -> Text:
        """The status as a sign, with a blank before it; nothing where there is none."""
        icon = STATUS_ICONS.get(self.status)
        return Text(f" {icon}" if icon else "", style=f"bold {palette.of_status(self.status)}")


def head_of(name: str, run_view: RunView) -> Head:
    """The head of a metric's chart: it judges nothing itself, its status is the verdict's."""
    metric = BY_NAME.get(name)
    if metric is None:
        return Head("", "")
    status, hint = metric_status(metric, run_view)
    if name == "ep100":  # the healthy range of returns depends on the task
        best = run_view.metric("mmer")
        hint = "" if best is None else f"best {number(best)}"
    elif name == "eval_return":
        hint = _first_evaluation(run_view)
    elif status == "pass" and not _typical(metric, run_view):
        hint = f"typical {metric.typical}"
    return Head(status, hint)


def _typical(metric: Metric, run_view: RunView) -> bool:
    value = run_view.metric(metric.name)
    return value is None or metric.typical is None or metric.typical.contains(value)


def _first_evaluation(run_view: RunView) -> str:
    values = run_view.series.column("eval_return").mean
    values = values[np.isfinite(values)]
    return f"first {number(float(values[0]))}" if len(values) > 1 else ""
