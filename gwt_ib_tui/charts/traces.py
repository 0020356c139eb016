"""What a chart shows of a series: the rows in its window, and of these the least and largest in each dot column; pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from gwt_ib_tui.charts.axes import LARGEST, Range, Scale, positions
from gwt_ib_tui.state.history.series import Column, Doubles

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Trace:
    """Rows by rising x; all arrays of shape [rows]. NaN stands where a row has no value, which `gap` says as well."""

    x: Doubles
    low: Doubles
    high: Doubles
    gap: Flags

    @staticmethod
    def of(x: Doubles, low: Doubles, high: Doubles, *, sparse: bool = False) -> Trace:
        """All rows that have an x; of a sparse series, whose nulls are no gaps, those with a value."""
        low, high = (np.where(np.isfinite(values), values, np.nan) for values in (low, high))
        gap = np.isnan(low)
        keep = np.isfinite(x)
        if sparse:
            keep &= ~gap
        if not keep.all():
            x, low, high, gap = x[keep], low[keep], high[keep], gap[keep]
        if (x[1:] < x[:-1]).any():
            order = np.argsort(x, kind="stable")
            x, low, high, gap = x[order], low[order], high[order], gap[order]
        return Trace(np.clip(x, -LARGEST, LARGEST), low, high, gap)

    def within(self, window: Range, *, joined: bool) -> Trace:
        """The rows in a window; where a `joined` line crosses its edge, also the point on the edge."""
        start, end = np.searchsorted(self.x, window[0], side="left"), np.searchsorted(self.x, window[1], side="right")
        inside = Trace(self.x[start:end], self.low[start:end], self.high[start:end], self.gap[start:end])
        if not joined:
            return inside
        parts = (self._crossing(int(start), window[0]), inside, self._crossing(int(end), window[1]))
        return Trace(
            np.concatenate([part.x for part in parts]),
            np.concatenate([part.low for part in parts]),
            np.concatenate([part.high for part in parts]),
            np.concatenate([part.gap for part in parts]),
        )

    def positive(self) -> Trace:
        """What a logarithm is left of: a bucket with values on both sides of zero keeps its upper end."""
        high = np.where(self.high > 0.0, self.high, np.nan)
        return replace(self, low=np.where(self.low > 0.0, self.low, high), high=high)

    def outside(self, limits: Range) -> tuple[Flags, Flags]:
        """Which rows have a value below the limits, and which one above."""
        return self.low < limits[0], self.high > limits[1]

    def reduced(self, x_range: Range, scale: Scale, columns: int, *, averaged: bool = False) -> Trace:
        """The rows in the unit square, at most one for each of `columns`: its least and largest value, or its mean.

        x is then the middle of a column.
        """
        if not len(self.x):
            return self
        owner = np.clip(positions(self.x, x_range) * columns, 0, columns - 1).astype(np.int64)
        starts = np.flatnonzero(np.diff(owner, prepend=-1))
        low, high = scale.places(self.low), scale.places(self.high)
        if averaged:
            middle = (low + high) / 2
            valued = np.add.reduceat(np.isfinite(middle), starts, dtype=np.float64)
            with np.errstate(invalid="ignore"):
                low = high = np.add.reduceat(np.nan_to_num(middle), starts) / valued
        else:
            low, high = np.fmin.reduceat(low, starts), np.fmax.reduceat(high, starts)
        return Trace((owner[starts] + 0.5) / columns, low, high, np.logical_and.reduceat(self.gap, starts))

    def spread(self, columns: int) -> tuple[Doubles, Doubles]:
        """Of rows in the unit square the low and high ends in each of `columns`, by straight lines between rows."""
        if not len(self.x):
            return np.full(columns, np.nan), np.full(columns, np.nan)
        middles = (np.arange(columns) + 0.5) / columns
        low, high = (np.interp(middles, self.x, edge, np.nan, np.nan) for edge in (self.low, self.high))
        # A row beside a gap has no line to one side, but it has its own column.
        own = (self.x * columns).astype(np.int64)
        low[own], high[own] = self.low, self.high
        return low, high

    def path(self) -> tuple[Doubles, Doubles, Flags]:
        """The points of one line through the least and the largest value of each row, and which of them are breaks."""
        # Of each pair the end that is nearer to the pair before comes first, so the path does not cross itself.
        middle = (self.low + self.high) / 2
        falling = np.diff(middle, prepend=middle[:1]) < 0
        first, second = np.where(falling, self.high, self.low), np.where(falling, self.low, self.high)
        breaks = ~np.isfinite(middle)
        both = (second != first) & ~breaks
        index = np.repeat(np.arange(len(self.x)), 1 + both)
        y = first[index]
        y[1:][index[1:] == index[:-1]] = second[both]
        return self.x[index], y, breaks[index]

    def _crossing(self, place: int, edge: float) -> Trace:
        """Where the line from row `place - 1` to row `place` crosses an edge, as no row or one."""
        if 0 < place < len(self.x) and self.x[place - 1] < edge < self.x[place]:
            pair = slice(place - 1, place + 1)
            low, high = (np.array([np.interp(edge, self.x[pair], values[pair])]) for values in (self.low, self.high))
            return Trace(np.array([edge]), low, high, np.isnan(low))
        empty = np.empty(0)
        return Trace(empty, empty, empty, np.empty(0, dtype=bool))


def in_force(x: Doubles, values: Doubles, at: Doubles) -> Doubles:
    """What a setting was at each place of `at`: its value in the last row whose x is not beyond, or in the first row.

    `x` and `values` have the shape [rows]; NaN where there is no row with an x, or no value in it.
    """
    rows = Trace.of(x, values, values)
    if not len(rows.x):
        return np.full(len(at), np.nan)
    return rows.low[np.maximum(np.searchsorted(rows.x, at, side="right") - 1, 0)]


@dataclass(frozen=True)
class Reading:
    """What one row says: its x, its value, and the least and largest value that the row stands for."""

    x: float
    value: float
    low: float
    high: float


def readings(x: Doubles, column: Column, at: float) -> Reading | None:
    """The row whose x is nearest to `at`, the earlier one of two; none where it has no value, or where no row has an x."""
    distance = np.abs(np.clip(x, -LARGEST, LARGEST) - at)
    if not np.isfinite(distance).any():
        return None
    row = int(np.nanargmin(distance))
    value = float(column.mean[row])
    return (
        Reading(float(x[row]), value, float(column.low[row]), float(column.high[row])) if np.isfinite(value) else None
    )
