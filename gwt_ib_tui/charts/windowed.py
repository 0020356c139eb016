"""Curves as far as they are in a chart's window, with their moving averages and bands; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from gwt_ib_tui.charts.axes import Range
from gwt_ib_tui.charts.curves import Curve
from gwt_ib_tui.charts.smoothing import moving_average
from gwt_ib_tui.charts.traces import Trace
from gwt_ib_tui.state.history.series import Column, Doubles


@dataclass(frozen=True, eq=False)
class Line:
    """A curve in the window.

    `inside` are its rows there; `rows` are these with the points where the line crosses the window's edges. `dots` says
    that it is drawn as single points.
    """

    curve: Curve
    inside: Trace
    rows: Trace
    smooth: Trace | None
    band: Trace | None
    dots: bool

    @staticmethod
    def of(curve: Curve, x: Column, window: Range, *, smoothing: float, most_dots: int, averaged: bool) -> Line:
        """A curve over its own x, or else over `x`.

        `most_dots` is the largest number of values in the window that a sparse one has as single dots. With `averaged`
        a bucket of rows is its mean alone, and not its least and largest value.
        """
        own, column = (x if curve.x is None else curve.x).mean, curve.column
        low, high = (column.mean, column.mean) if averaged else (column.low, column.high)
        every = Trace.of(own, low, high, sparse=curve.sparse)
        inside = every.within(window, joined=False)
        dots = curve.sparse and len(inside.x) <= most_dots
        smooth = band = None
        if smoothing > 0.0 and not dots:
            average = moving_average(column.mean, smoothing)
            smooth = Trace.of(own, average, average, sparse=curve.sparse).within(window, joined=True)
        if curve.band is not None:
            band = Trace.of(own, *curve.band, sparse=curve.sparse).within(window, joined=True)
        return Line(curve, inside, inside if dots else every.within(window, joined=True), smooth, band, dots)

    def positive(self) -> Line:
        """What a logarithmic axis can show of it."""
        return replace(
            self,
            inside=self.inside.positive(),
            rows=self.rows.positive(),
            smooth=self.smooth and self.smooth.positive(),
            band=self.band and self.band.positive(),
        )

    @property
    def values(self) -> list[Doubles]:
        """All that the y axis is to reach."""
        traces = [trace for trace in (self.rows, self.smooth, self.band) if trace is not None]
        return [values for trace in traces for values in (trace.low, trace.high)]


def values_of(lines: Sequence[Line]) -> Doubles:
    """All values in the window that are numbers."""
    return finite(np.concatenate([values for line in lines for values in line.values])) if lines else np.empty(0)


def finite(values: Doubles) -> Doubles:
    """What is a number."""
    return values[np.isfinite(values)]
