"""Line charts as pure functions: numbers and a size in, lines of styled text out.

Series are reduced to the chart's dot columns by their least and largest value before they are drawn.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from rich.text import Text

from gwt_ib_tui.charts.axes import LARGEST, Range, position, positions, widened
from gwt_ib_tui.charts.figure import Figure, layout_of, notice
from gwt_ib_tui.state.series import Column, Doubles


@dataclass(frozen=True, eq=False)
class Curve:
    """One line. `sparse` is for a metric that has a value now and then: its nulls are no gaps, and few are dots."""

    column: Column
    color: str
    sparse: bool = False


@dataclass(frozen=True)
class Level:
    """A horizontal dotted line; with `stretch` the axis reaches it, else it shows only where the data is near."""

    value: float
    color: str
    stretch: bool = True
    label: str = ""


def line_chart(
    x: Column,
    curves: Sequence[Curve],
    levels: Sequence[Level],
    width: int,
    height: int,
    *,
    frame: str,
    min_span: float = 0.0,
    y_range: Range | None = None,
) -> list[Text]:
    """Curves over `x`, all of one run's rows, as exactly `height` lines of `width` cells.

    `y_range` is the range of the y axis, where it is not to follow the data, the levels and `min_span`.
    """
    if width < 1 or height < 1:
        return []
    data = [(curve, _visible(x.mean, curve)) for curve in curves]
    finite = [
        part[np.isfinite(part)] for curve, keep in data for part in (curve.column.low[keep], curve.column.high[keep])
    ]
    shown_x = [x.mean[keep] for _, keep in data]
    values = np.concatenate(finite) if finite else np.empty(0)
    steps = np.concatenate(shown_x) if shown_x else np.empty(0)
    if not values.size or not steps.size:
        return notice("waiting for data", width, height, frame)
    y_range = y_range or _y_range(values, levels, min_span)
    first, last = (min(max(float(edge), -LARGEST), LARGEST) for edge in (steps.min(), steps.max()))
    x_range = widened(0.0 if 0.0 < first < 0.2 * last else first, last, 0.0)
    layout = layout_of(width, height, x_range, y_range)
    figure = Figure(layout, frame)
    for level in levels:
        place = position(level.value, y_range)
        if 0.0 <= place <= 1.0:
            figure.level(place, level.color)
    for curve, keep in data:
        figure.curve(
            *_reduced(x.mean[keep], curve.column, keep, x_range, y_range, layout.columns),
            curve.color,
            sparse=curve.sparse,
        )
    return figure.lines()


def _visible(x: Doubles, curve: Curve) -> npt.NDArray[np.bool_]:
    """The rows that a curve is drawn from: all that have an x; of a sparse one, those with a value."""
    keep = np.isfinite(x)
    return keep & np.isfinite(curve.column.mean) if curve.sparse else keep


def _reduced(
    x: Doubles, column: Column, keep: npt.NDArray[np.bool_], x_range: Range, y_range: Range, columns: int
) -> tuple[Doubles, Doubles, npt.NDArray[np.bool_]]:
    """The points of a path in the unit square, at most two for each dot column, and which of them are gaps."""
    low, high = (positions(values[keep], y_range) for values in (column.low, column.high))
    place = positions(x, x_range)
    if len(place) > columns:
        order = np.argsort(place, kind="stable")
        owner = np.minimum((place[order] * columns).astype(np.int64), columns - 1)
        starts = np.flatnonzero(np.diff(owner, prepend=-1))
        low = np.fmin.reduceat(low[order], starts)
        high = np.fmax.reduceat(high[order], starts)
        place = (owner[starts] + 0.5) / columns
    # Of each pair the end that is nearer to the pair before comes first, so the path does not cross itself.
    middle = (low + high) / 2
    falling = np.diff(middle, prepend=middle[:1]) < 0
    first, second = np.where(falling, high, low), np.where(falling, low, high)
    breaks = ~np.isfinite(middle)
    both = (second != first) & ~breaks
    index = np.repeat(np.arange(len(place)), 1 + both)
    y = first[index]
    y[1:][index[1:] == index[:-1]] = second[both]
    return place[index], y, breaks[index]


def _y_range(values: Doubles, levels: Sequence[Level], min_span: float) -> Range:
    stretched = [level.value for level in levels if level.stretch and math.isfinite(level.value)]
    values = np.clip(np.concatenate([values, stretched]), -LARGEST, LARGEST)
    return widened(float(values.min()), float(values.max()), min_span)
