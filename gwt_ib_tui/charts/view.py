"""How charts are looked at: axis, scale, smoothing, window and cursor; pure, and the same for all charts of a screen.

A window and a cursor are places on the x axis and not rows, as rows change when the history is thinned.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np

from gwt_ib_tui.charts.axes import LARGEST, Range
from gwt_ib_tui.state.history.series import Doubles

XAxis = Literal["env_steps", "update", "elapsed_s"]
Symbols = Literal["braille", "block", "ascii"]
Outliers = Literal["early", "shown", "clipped"]

X_AXES: Final[tuple[XAxis, ...]] = ("env_steps", "update", "elapsed_s")
AXIS_WORDS: Final[Mapping[XAxis, str]] = {"env_steps": "env steps", "update": "updates", "elapsed_s": "wall time"}
SMOOTHINGS: Final = (0.0, 0.6, 0.9, 0.97)
SYMBOLS: Final[tuple[Symbols, ...]] = ("braille", "block", "ascii")
OUTLIERS: Final[tuple[Outliers, ...]] = ("early", "shown", "clipped")
LEAST_ROWS = 4  # a window has about as many, however often it is zoomed
CURSOR_SHARE = 0.01  # of the window: the cursor's step, where rows are nearer to each other


@dataclass(frozen=True)
class ChartView:
    """What is seen of a run's series, and how.

    `smoothing` is the weight of the past in the moving average. `span` and `end` are the window's length and its right
    end in units of x: none of a span is everything, none of an end follows the newest row. With `early` outliers what
    happened at the very start, and never again, is left out of the y axis; with `clipped` the highest and lowest 1 %. The
    methods return a new view; their `x` has the x of each row, in any order, NaN where a row has none.
    """

    x_axis: XAxis = "env_steps"
    log_y: bool = False
    smoothing: float = 0.0
    outliers: Outliers = "early"
    symbols: Symbols = "braille"
    span: float | None = None
    end: float | None = None
    cursor: float | None = None
    log_x: bool = False

    @property
    def whole(self) -> bool:
        """Whether everything is in sight."""
        return self.span is None

    @property
    def following(self) -> bool:
        """Whether the newest row is in sight, also when newer ones come."""
        return self.span is None or self.end is None

    def window(self, first: float, last: float) -> Range:
        """The part of x in sight, of data that reaches from `first` to `last`; never beyond the data."""
        if self.span is None or self.span >= last - first:
            return first, last
        right = last if self.end is None else min(max(self.end, first + self.span), last)
        return max(right - self.span, first), right

    def zoomed(self, x: Doubles, factor: float, at: float | None = None) -> ChartView:
        """A window `factor` times shorter, about `at` or the cursor where it is in sight, else about its right end.

        A factor below 1 zooms out, at most to the whole data. What lies there stays at its place on the chart.
        """
        rows = rows_of(x)
        if len(rows) < 2 or factor <= 0:
            return self
        first, last = float(rows[0]), float(rows[-1])
        low, high = self.window(first, last)
        anchor = next((place for place in (at, self.cursor) if place is not None and low <= place <= high), high)
        start = min(max(int(np.searchsorted(rows, anchor)) - LEAST_ROWS // 2, 0), max(len(rows) - LEAST_ROWS, 0))
        nearby = rows[start : start + LEAST_ROWS]
        # A thinned history may leave a window shorter than the least; it does not grow by being zoomed into.
        least = min(float(nearby[-1] - nearby[0]), high - low)
        left, right = self._scaled(rows, (low, high), anchor, factor)
        span = max(right - left, least)
        if span >= last - first:
            return replace(self, span=None, end=None)
        left = anchor - (anchor - left) / (right - left) * span if right > left else anchor - span
        return self._placed(left + span, span, first, last)

    def panned(self, x: Doubles, share: float) -> ChartView:
        """The window moved by a share of its length, to the right where it is positive; at the newest it follows."""
        rows = rows_of(x)
        if self.span is None or not len(rows):
            return self
        first, last = float(rows[0]), float(rows[-1])
        low, high = self.window(first, last)
        span = self.span
        if self._logarithmic(rows, high):
            least = max(low, float(rows[rows > 0.0][0]))
            ratio = (high / least) ** min(max(share, -1.0), 1.0)
            low, high = least * ratio, min(high * ratio, LARGEST)
            low, high = (low, high) if high < last else (last / (high / low), last)
            span = high - low
            return self._placed(high, span, first, last)
        return self._placed(high + share * (high - low), span, first, last)

    def moved(self, x: Doubles, by: int) -> ChartView:
        """The cursor `by` small steps to the right, to a row; where there is none yet, to the newest row in sight.

        The window goes with the cursor.
        """
        rows = rows_of(x)
        if not len(rows):
            return self
        low, high = self.window(float(rows[0]), float(rows[-1]))
        if self.cursor is None:
            place = max(int(np.searchsorted(rows, high, side="right")) - 1, 0)
        else:
            row = nearest_index(rows, self.cursor)
            by_row = min(max(row + by, 0), len(rows) - 1)
            by_share = nearest_index(rows, float(rows[row]) + by * CURSOR_SHARE * (high - low))
            place = max(by_row, by_share) if by > 0 else min(by_row, by_share)
        return self._at(rows, float(rows[place]))

    def at_first(self, x: Doubles) -> ChartView:
        """The cursor at the first row, in sight."""
        rows = rows_of(x)
        return self._at(rows, float(rows[0])) if len(rows) else self

    def at_newest(self, x: Doubles) -> ChartView:
        """The cursor at the newest row, in sight; the window follows the newest again."""
        rows = rows_of(x)
        return replace(self, cursor=float(rows[-1]), end=None) if len(rows) else self

    def without_cursor(self) -> ChartView:
        """No cursor."""
        return replace(self, cursor=None)

    def reset(self) -> ChartView:
        """Everything in sight and no cursor; the axis, the scale and the smoothing stay."""
        return replace(self, span=None, end=None, cursor=None)

    def next_axis(self, columns: Mapping[XAxis, Doubles]) -> ChartView:
        """The next x axis that has values in `columns`, the x of the same rows on each axis.

        The window and the cursor stay at the same rows.
        """
        at = X_AXES.index(self.x_axis)
        for axis in (*X_AXES[at + 1 :], *X_AXES[:at]):
            if axis in columns and np.isfinite(columns[axis]).any():
                return self._translated(axis, columns.get(self.x_axis, np.empty(0)), columns[axis])
        return self

    def next_smoothing(self) -> ChartView:
        """The next heavier smoothing; after the heaviest, none."""
        heavier = [weight for weight in SMOOTHINGS if weight > self.smoothing]
        return replace(self, smoothing=min(heavier, default=0.0))

    def next_outliers(self) -> ChartView:
        """Outliers treated in the next way."""
        return replace(self, outliers=OUTLIERS[(OUTLIERS.index(self.outliers) + 1) % len(OUTLIERS)])

    def next_symbols(self) -> ChartView:
        """The next set of symbols."""
        return replace(self, symbols=SYMBOLS[(SYMBOLS.index(self.symbols) + 1) % len(SYMBOLS)])

    def _logarithmic(self, rows: Doubles, high: float) -> bool:
        """Whether places lie along the axis by their logarithm."""
        return self.log_x and high > 0.0 and bool((rows > 0.0).any())

    def _scaled(self, rows: Doubles, window: Range, anchor: float, factor: float) -> Range:
        """The window, `factor` times shorter along the axis about `anchor`."""
        low, high = window
        if not self._logarithmic(rows, anchor):
            return anchor - (anchor - low) / factor, anchor + (high - anchor) / factor
        low = max(low, float(rows[rows > 0.0][0]))
        powers = ((math.log10(edge) - math.log10(anchor)) / factor for edge in (min(low, anchor), high))
        left, right = (anchor * 10.0 ** min(max(power, -200.0), 200.0) for power in powers)
        first = float(rows[rows > 0.0][0])
        if 0.0 < left < first:  # there is nothing more on the left
            left, right = first, right * min(first / left, 1e50)
        return left, min(right, LARGEST)

    def _placed(self, right: float, span: float, first: float, last: float) -> ChartView:
        """A window inside the data, which follows the newest row where it reaches it."""
        right = max(right, first + span)
        # What rounding leaves between the window and the newest row is no wish to stay behind it.
        return replace(self, span=span, end=None if right >= last - 1e-9 * (last - first) else right)

    def _at(self, rows: Doubles, cursor: float) -> ChartView:
        """The cursor at one place, and the window moved no further than it needs to have it in sight."""
        view = replace(self, cursor=cursor)
        first, last = float(rows[0]), float(rows[-1])
        low, high = self.window(first, last)
        if self.span is None or low <= cursor <= high:
            return view
        return view._placed(cursor if cursor > high else cursor + self.span, self.span, first, last)

    def _translated(self, axis: XAxis, old: Doubles, new: Doubles) -> ChartView:
        there = replace(self, x_axis=axis)
        both = np.isfinite(old) & np.isfinite(new) if len(old) == len(new) else np.zeros(len(old), dtype=bool)
        if not both.any():
            return there.reset()
        order = np.argsort(old[both], kind="stable")
        before, after = old[both][order], np.maximum.accumulate(new[both][order])

        def at(place: float) -> float:
            return float(np.interp(place, before, after))

        low, high = self.window(float(before[0]), float(before[-1]))
        span = at(high) - at(low)
        if self.span is None or span <= 0:
            there = replace(there, span=None, end=None)
        else:
            there = replace(there, span=span, end=None if self.end is None else at(high))
        return there if self.cursor is None else replace(there, cursor=at(self.cursor))


def rows_of(x: Doubles) -> Doubles:
    """The different values of x that are numbers, rising; shape [rows], without huge ones that no difference survives."""
    return np.unique(x[np.isfinite(x) & (np.abs(x) <= LARGEST)])


@dataclass(frozen=True)
class Scrub:
    """`shown` is an update, or none while the newest one is followed; `ghost` is an update, or none for the first."""

    shown: float | None = None
    ghost: float | None = None

    @property
    def following(self) -> bool:
        """Whether the newest moment is on show, also when newer ones come."""
        return self.shown is None

    def place(self, updates: Doubles) -> int:
        """Where the moment on show is among `updates`, which must not be empty."""
        return len(updates) - 1 if self.shown is None else nearest_index(updates, self.shown)

    def ghost_place(self, updates: Doubles) -> int:
        """Where the ghost is among `updates`, which must not be empty."""
        return 0 if self.ghost is None else nearest_index(updates, self.ghost)

    def moved(self, updates: Doubles, by: int) -> Scrub:
        """`by` moments further, no further than either end; at the newest it is followed from there on."""
        if not len(updates):
            return self
        place = min(max(self.place(updates) + by, 0), len(updates) - 1)
        return replace(self, shown=None if place == len(updates) - 1 else float(updates[place]))

    def at_first(self, updates: Doubles) -> Scrub:
        """The first moment. Of a single one it is the newest too, which is followed."""
        return self.moved(updates, -len(updates))

    def at_newest(self) -> Scrub:
        """Follow the newest moment."""
        return replace(self, shown=None)

    def at(self, updates: Doubles, update: float) -> Scrub:
        """The moment nearest to an update; at the newest it is followed from there on."""
        return self.moved(updates, nearest_index(updates, update) - self.place(updates)) if len(updates) else self

    def pinned(self, updates: Doubles) -> Scrub:
        """Make the moment on show the ghost; where it is the ghost already, the first one is it again."""
        if not len(updates):
            return self
        place = self.place(updates)
        again = self.ghost is not None and self.ghost_place(updates) == place
        return replace(self, ghost=None if again else float(updates[place]))


def nearest_index(updates: Doubles, update: float) -> int:
    """The place of the entry of rising `updates` that is nearest to `update`; of two, the earlier."""
    right = int(np.searchsorted(updates, update))
    if right == len(updates) or (right and update - updates[right - 1] <= updates[right] - update):
        return right - 1
    return right
