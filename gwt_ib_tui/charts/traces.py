"""What a chart shows of a series: the rows in its window, reduced to its dot columns, and their moving average; pure."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gwt_ib_tui.charts.axes import LARGEST, Range, Scale, positions
from gwt_ib_tui.state.history.series import Doubles

Flags = npt.NDArray[np.bool_]
SPENT = 1e-18  # a weight below does not show in a double


class Trace(NamedTuple):
    """Rows by rising x; all arrays of shape [rows]. NaN stands where a row has no value, which `gap` says as well."""

    x: Doubles
    low: Doubles
    high: Doubles
    gap: Flags

    @staticmethod
    def of(x: Doubles, low: Doubles, high: Doubles, *, sparse: bool = False) -> Trace:
        """All rows that have an x; of a sparse series, whose nulls are no gaps, those with a value."""
        low, high = (np.where(np.isfinite(values), values, np.nan) for values in (low, high))
        rows = Trace(np.clip(x, -LARGEST, LARGEST), low, high, np.isnan(low))
        keep = np.isfinite(x) & ~rows.gap if sparse else np.isfinite(x)
        if not keep.all():
            rows = rows._rows(keep)
        if (rows.x[1:] < rows.x[:-1]).any():
            rows = rows._rows(np.argsort(rows.x, kind="stable"))
        return rows

    def within(self, window: Range, *, joined: bool) -> Trace:
        """The rows in a window; where a `joined` line crosses its edge, also the point on the edge."""
        start = int(np.searchsorted(self.x, window[0], side="left"))
        end = int(np.searchsorted(self.x, window[1], side="right"))
        inside = self._rows(slice(start, end))
        if not joined:
            return inside
        parts = (self._crossing(start, window[0]), inside, self._crossing(end, window[1]))
        return Trace(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))

    def positive(self) -> Trace:
        """What has a logarithm: a bucket with values on both sides of zero keeps its upper end."""
        high = np.where(self.high > 0.0, self.high, np.nan)
        return self._replace(low=np.where(self.low > 0.0, self.low, high), high=high)

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

    def _rows(self, which: slice | Flags | npt.NDArray[np.int64]) -> Trace:
        return Trace(self.x[which], self.low[which], self.high[which], self.gap[which])

    def _crossing(self, place: int, edge: float) -> Trace:
        """Where the line from row `place - 1` to row `place` crosses an edge, as no row or one."""
        if not 0 < place < len(self.x) or not self.x[place - 1] < edge < self.x[place]:
            return self._rows(slice(0, 0))
        pair = slice(place - 1, place + 1)
        low, high = (np.array([np.interp(edge, self.x[pair], values[pair])]) for values in (self.low, self.high))
        return Trace(np.array([edge]), low, high, np.isnan(low))


def moving_average(values: Doubles, weight: float) -> Doubles:
    """The exponential moving average of the values that are there, bias-corrected; NaN stays where none is.

    `weight`, from 0 to below 1, is that of the past. The first result is the first value, and a gap changes nothing: it
    is an average over rows that have a value. A bucket of a thinned history counts as one row.
    """
    there = np.isfinite(values)
    sums = np.clip(values[there], -LARGEST, LARGEST)
    # s[n] = v[n] + w s[n-1] for all n at once: after k rounds each sum holds its newest 2**k values.
    reach, factor = 1, weight
    while reach < len(sums) and factor > SPENT:
        sums = sums + factor * np.concatenate([np.zeros(reach), sums[:-reach]])
        reach, factor = 2 * reach, factor * factor
    result = np.full(len(values), np.nan)
    # The weights of the first n values sum up to this, and would to 1 / (1 - w) if there had been values for ever.
    result[there] = sums * (1.0 - weight) / (1.0 - weight ** np.arange(1, len(sums) + 1))
    return result


def envelope(low: Doubles, high: Doubles, weight: float) -> tuple[Doubles, Doubles]:
    """The least and the largest of each row and those before it that an average of this `weight` is mostly made of.

    Both have the shape [rows] of `low` and `high`; NaN stays where a row has no value.
    """
    reach = round(2.0 / (1.0 - weight))
    if not len(low):
        return low, high

    def rolled(values: Doubles, pick: np.ufunc) -> Doubles:
        padded = np.pad(values, (reach - 1, 0), constant_values=np.nan)
        near: Doubles = pick.reduce(np.lib.stride_tricks.sliding_window_view(padded, reach), axis=1)
        return np.where(np.isfinite(values), near, np.nan)

    low, high = (np.where(np.isfinite(values), values, np.nan) for values in (low, high))
    return rolled(low, np.fmin), rolled(high, np.fmax)


def in_force(x: Doubles, values: Doubles, at: Doubles) -> Doubles:
    """What a setting was at each place of `at`: its value in the last row whose x is not beyond, or in the first row.

    `x` and `values` have the shape [rows]; NaN where there is no row with an x, or no value in it.
    """
    rows = Trace.of(x, values, values)
    if not len(rows.x):
        return np.full(len(at), np.nan)
    return rows.low[np.maximum(np.searchsorted(rows.x, at, side="right") - 1, 0)]
