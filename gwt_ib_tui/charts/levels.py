"""Levels: the horizontal lines that a metric is compared with on charts, such as the ends of its healthy range; pure."""

from __future__ import annotations

from collections.abc import Callable

from gwt_ib.runs.metrics import BY_NAME
from gwt_ib_tui.charts.curves import Level
from gwt_ib_tui.charts.palette import Palette
from gwt_ib_tui.state.run.run_view import RunView

Levels = Callable[[RunView, Palette], list[Level]]


def target_c(run_view: RunView) -> float | None:
    """The gate's budget, as the metrics or the configuration say."""
    value = run_view.metric("target_c")
    return run_view.config.target_c if value is None and run_view.config is not None else value


def target(run_view: RunView, palette: Palette) -> list[Level]:
    """The budget of c, which may have been changed while the run trained."""
    value = target_c(run_view)
    series = run_view.series.column("target_c")
    return [] if value is None else [Level(value, palette.target, label="target", series=series)]


def limits_of(name: str, *, label: str = "") -> Levels:
    """The ends of a metric's healthy range. Those with a label are always in sight, others where the metric is near."""

    def levels(run_view: RunView, palette: Palette) -> list[Level]:
        threshold = None if run_view.config is None else BY_NAME[name].threshold(run_view.config)
        limits = () if threshold is None else threshold.limits
        return [
            Level(limit, palette.target, bool(label), label if not place else "")
            for place, limit in enumerate(limits)
            if limit is not None
        ]

    return levels


both_clamps = limits_of("bias", label="clamps")
