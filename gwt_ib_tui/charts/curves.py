"""What a line chart shows: curves, levels and marks; and a curve as it lies in the window, smoothed; pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

from gwt_ib_tui.charts.axes import Range
from gwt_ib_tui.charts.traces import Trace, envelope, moving_average
from gwt_ib_tui.state.history.series import Column, Doubles


@dataclass(frozen=True, eq=False)
class Curve:
    """One line. Few values of a sparse column are dots, which are never smoothed.

    `x` is its own, where it is of another run than the chart's. `band` is drawn as a stippled area: low and high for
    each row. `letter` names it: it stands at its newest point, and in place of dots.
    """

    column: Column
    color: str
    x: Column | None = None
    band: tuple[Doubles, Doubles] | None = None
    letter: str = ""


@dataclass(frozen=True)
class Level:
    """A horizontal dotted line; with `stretch` the axis reaches it, else it shows only where the data is near.

    `series` is its value at each row of the chart's x, for a level that was changed during the run; `value` is then the
    newest. The line has a step where it changed, and `value` is drawn where the series has none at all.
    """

    value: float
    color: str
    stretch: bool = True
    label: str = ""
    series: Column | None = None


@dataclass(frozen=True)
class Mark:
    """An event on the time axis. Of several in one cell the one of the largest `severity` is seen, or the last."""

    x: float
    marker: str
    color: str
    severity: int = 0


@dataclass(frozen=True, eq=False)
class Line:
    """A curve in the window."""

    curve: Curve
    inside: Trace  # its rows there
    rows: Trace  # these with the points where the line crosses the window's edges
    smooth: Trace | None
    behind: Trace  # what a smoothed line lies on
    band: Trace | None
    dots: bool  # drawn as single points

    @staticmethod
    def of(curve: Curve, x: Column, window: Range, *, smoothing: float, most_dots: int, averaged: bool) -> Line:
        """A curve over its own x, or else over `x`.

        `most_dots` is the largest number of values in the window that a sparse one has as single dots. With `averaged`
        a bucket of rows is its mean alone, and not its least and largest value.
        """
        column = curve.column
        trace = partial(Trace.of, (curve.x or x).mean, sparse=column.sparse)
        every = trace(column.mean, column.mean) if averaged else trace(column.low, column.high)
        inside = every.within(window, joined=False)
        dots = column.sparse and len(inside.x) <= most_dots
        rows = inside if dots else every.within(window, joined=True)
        smooth = band = None
        behind = rows
        if smoothing > 0.0 and not dots:
            average = moving_average(column.mean, smoothing)
            smooth = trace(average, average).within(window, joined=True)
            if not averaged:
                behind = trace(*envelope(column.low, column.high, smoothing)).within(window, joined=True)
        if curve.band is not None:
            band = trace(*curve.band).within(window, joined=True)
        return Line(curve, inside, rows, smooth, behind, band, dots)

    def positive(self) -> Line:
        """What a logarithmic axis can show of it."""
        inside, rows, behind = self.inside.positive(), self.rows.positive(), self.behind.positive()
        smooth, band = (trace and trace.positive() for trace in (self.smooth, self.band))
        return replace(self, inside=inside, rows=rows, smooth=smooth, behind=behind, band=band)
