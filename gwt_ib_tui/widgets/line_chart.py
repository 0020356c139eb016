"""A chart of one or more metrics over the environment steps, under a title with their newest values."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass

import numpy as np
from rich.text import Text

from gwt_ib_tui.charts.lines import Curve, Level, line_chart
from gwt_ib_tui.charts.palette import Palette
from gwt_ib_tui.state.snapshot import Snapshot
from gwt_ib_tui.text import number
from gwt_ib_tui.widgets.panel import CHART_PERIOD_S, Panel, title_line

LINE_SIGNS = ("━", "•")  # as the two kinds of curve look in the chart


@dataclass(frozen=True)
class ChartSpec:
    """What a chart shows: its metrics (a sparse one has a value now and then), horizontal lines and least span."""

    title: str
    metrics: tuple[str, ...]
    min_span: float
    sparse: frozenset[str] = frozenset()
    levels: Callable[[Snapshot, Palette], list[Level]] = lambda snapshot, palette: []
    labels: tuple[str, ...] = ()


class LineChart(Panel):
    """One chart."""

    period = CHART_PERIOD_S

    def __init__(self, spec: ChartSpec, id: str | None = None) -> None:
        super().__init__(id=id)
        self.spec = spec

    def depends_on(self, snapshot: Snapshot) -> Hashable:
        """New rows only."""
        return snapshot.series.store_id, snapshot.series.rows, snapshot.config

    def lines(self, snapshot: Snapshot, width: int, height: int) -> list[Text]:
        """A title, then the chart."""
        palette, spec, series = self.palette, self.spec, snapshot.series
        colors = (palette.line, palette.second)
        curves = [
            Curve(series.column(name), color, name in spec.sparse)
            for name, color in zip(spec.metrics, colors, strict=False)
        ]
        levels = spec.levels(snapshot, palette)
        marks = [Text(f"┈{level.label}", style=level.color) for level in levels if level.label]
        title = title_line(palette, spec.title, *self._legend(curves), *marks)
        chart = line_chart(
            series.column("env_steps"),
            curves,
            levels,
            width,
            height - 1,
            frame=palette.frame,
            min_span=spec.min_span,
        )
        return [title, *chart]

    def _legend(self, curves: list[Curve]) -> list[Text]:
        palette = self.palette
        labels = self.spec.labels or ("",) * len(curves)
        parts = []
        for curve, label in zip(curves, labels, strict=False):
            values = curve.column.mean[np.isfinite(curve.column.mean)] if curve.sparse else curve.column.mean
            newest = float(values[-1]) if values.size else None
            part = Text(end="")
            if label:
                part.append(f"{LINE_SIGNS[curve.sparse]}{label} ", style=curve.color)
            part.append(number(newest), style=f"bold {palette.text}")
            parts.append(part)
        return parts
