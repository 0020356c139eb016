"""What a chart reads out: a metric's newest value, or the one at the cursor, and that in words; pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gwt_ib.text import count, duration, number, short_count
from gwt_ib_tui.charts.traces import moving_average
from gwt_ib_tui.charts.view import XAxis
from gwt_ib_tui.state.history.series import Column, SeriesView

ROOMY, MEDIUM = 60, 36  # cells from which a value is written with all its digits, or with nine


@dataclass(frozen=True)
class Readout:
    """One value at one x; a `value` of none is a gap.

    `low` and `high` differ where the row stands for several updates, whose mean the value then is. `smooth` is the
    moving average there, where there is one.
    """

    name: str
    x: float
    value: float | None
    low: float | None = None
    high: float | None = None
    smooth: float | None = None
    away: bool = False
    """Whether a metric that has a value now and then was read at its last one before the cursor."""

    @property
    def exact(self) -> bool:
        """Whether the value is one update's."""
        return self.low == self.high


def read(name: str, x: Column, column: Column, at: float | None, smoothing: float = 0.0) -> Readout | None:
    """A metric's row at the cursor `at`, or where there is none the newest; none where there is no such row.

    Of two rows that are equally near it is the earlier one; a sparse metric is read at its last value until there.
    """
    rows = np.flatnonzero(np.isfinite(x.mean))
    if not rows.size:
        return None
    here = row = int(rows[-1] if at is None else rows[np.argmin(np.abs(x.mean[rows] - at))])
    if column.sparse:
        valued = rows[(rows <= here) & np.isfinite(column.mean[rows])]
        if not valued.size:
            return None
        row = int(valued[-1])
    place, value = float(x.mean[row]), float(column.mean[row])
    if not np.isfinite(value):
        return Readout(name, place, None)
    average = float(moving_average(column.mean, smoothing)[row]) if smoothing and not column.sparse else None
    away = at is not None and row != here
    return Readout(name, place, value, float(column.low[row]), float(column.high[row]), average, away)


def newest_words(readout: Readout | None) -> list[str]:
    """The value as a title shows it."""
    return [number(None if readout is None else readout.value)]


def cursor_words(readout: Readout | None, width: int) -> list[str]:
    """The value at the cursor in its forms for a chart of this width, the longest first.

    `~` stands before the moving average, and the least and largest of several updates behind their mean. A value that
    is not of the cursor's place is never shown without its own, `@126k`; at last it is left out.
    """
    if readout is None:
        return ["no value yet", number(None)]
    if readout.value is None:
        return ["gap"]
    digits = 17 if width >= ROOMY else 9 if width >= MEDIUM else 6
    value = exact(readout.value, digits)
    if readout.away:
        shorter = dict.fromkeys([value, exact(readout.value, 5), number(readout.value)])
        forms = [f"{form} @{short_count(readout.x)}" for form in shorter]
        return [*_with_range(readout, forms), number(None)]
    forms = [value]
    if readout.smooth is not None:
        short = number(readout.smooth)
        smoothed = (f"{value} ~{exact(readout.smooth, min(digits, 9))}", f"{value} ~{short}")
        forms = [*smoothed, f"{exact(readout.value, 5)} ~{short}", f"{number(readout.value)} ~{short}", *forms]
    return [*_with_range(readout, forms), exact(readout.value, 5), number(readout.value)]


def _with_range(readout: Readout, forms: list[str]) -> list[str]:
    """The forms, before them the longest with the least and largest of several updates."""
    if readout.exact or readout.low is None or readout.high is None:
        return forms
    return [f"{forms[0]} ({number(readout.low)} to {number(readout.high)})", *forms]


def row_near(series: SeriesView, update: float) -> int | None:
    """The row whose update is nearest; none where no row has one."""
    distance = np.abs(series.column("update").mean - update)
    return int(np.nanargmin(distance)) if np.isfinite(distance).any() else None


def at_words(x: float, axis: XAxis, width: int) -> str:
    """Where the cursor is, for a chart of this width: `at 126,976 steps` or `@126k`."""
    if width >= MEDIUM or axis == "elapsed_s":
        return f"at {place_words(x, axis)}"
    return f"@{short_count(x)}"


def place_words(x: float, axis: XAxis) -> str:
    """A place on an x axis, with its unit."""
    if axis == "elapsed_s":
        return time_words(x)
    return f"{count(x)} steps" if axis == "env_steps" else f"update {count(x)}"


def time_words(seconds: float) -> str:
    """A time of training: `9.1 s` where it is short, else `12:05`."""
    return f"{number(seconds)} s" if abs(seconds) < 60.0 else duration(seconds)


def exact(value: float, digits: int = 17) -> str:
    """As many significant digits as are asked for, and all of them with 17; no point behind a whole number."""
    if value.is_integer() and abs(value) < 2**53:
        return f"{value:.0f}"
    return repr(value) if digits >= 17 else f"{value:.{digits}g}"
