"""Line charts as pure functions: numbers and a size in, lines of styled text out.

Series are cut to the window, and then reduced to the chart's dot columns by their least and largest value.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from gwt_ib_tui.charts.axes import LARGEST, Range, Scale, Ticks, count_ticks, log10, position, time_ticks, widened
from gwt_ib_tui.charts.curves import Curve, Drawn, Level, Mark
from gwt_ib_tui.charts.figure import Figure, layout_of, notice
from gwt_ib_tui.charts.layers import draw_hidden, draw_levels, draw_lines
from gwt_ib_tui.charts.traces import Reading, readings
from gwt_ib_tui.charts.view import ChartView, XAxis
from gwt_ib_tui.charts.windowed import Line, finite, values_of
from gwt_ib_tui.state.history.series import Column, Doubles

__all__ = ("Curve", "Drawn", "Level", "Mark", "Reading", "draw", "readings")

CLIPPED = (1.0, 99.0)  # percentiles between which a clipped chart's y axis lies
LEAST_DECADES = 0.1
CELLS_A_TICK = 9
FEW_LINES = 3  # more would hide each other if each reached from its least to its largest value
WHOLE = ChartView()


def draw(
    x: Column,
    curves: Sequence[Curve],
    levels: Sequence[Level],
    width: int,
    height: int,
    *,
    frame: str,
    min_span: float = 0.0,
    y_range: Range | None = None,
    view: ChartView = WHOLE,
    marks: Sequence[Mark] = (),
    raw_color: str = "",
) -> Drawn:
    """Curves over `x`, seen through `view`, as exactly `height` lines of `width` cells.

    `x` is the column of the view's x axis, with the rows of every curve that has no `x` of its own. `y_range` is the
    range of the y axis, where it is not to follow what is in the window, the levels and `min_span`. `raw_color` is that
    of the line behind a smoothed one; without it, the frame's.
    """
    if width < 1 or height < 1:
        return Drawn([])
    x_range = _x_range([x.mean if curve.x is None else curve.x.mean for curve in curves], view)
    averaged = len(curves) > FEW_LINES
    lines = [
        Line.of(curve, x, x_range, smoothing=view.smoothing, most_dots=width, averaged=averaged) for curve in curves
    ]
    values = values_of(lines)
    if not values.size:
        known = any(np.isfinite(curve.column.mean).any() for curve in curves)
        return Drawn(notice("no data in this window" if known else "waiting for data", width, height, frame))
    notes: list[str] = []
    log = view.log_y and _has_logarithm(values, y_range, notes)
    if log:
        lines = _positive(lines, notes)
        values = values_of(lines)
    clip = view.clip and y_range is None
    scale = _scale(values, _in_sight(levels, x, x_range), min_span, y_range, log=log, clip=clip)
    layout = layout_of(width, height, scale, _x_ticks(x_range, view.x_axis), view.symbols)
    figure = Figure(layout, frame)
    draw_levels(figure, layout, levels, x, x_range, scale)
    if view.cursor is not None and x_range[0] <= view.cursor <= x_range[1]:
        figure.column_line(position(view.cursor, x_range), frame)
    draw_lines(figure, layout, lines, x_range, scale, raw_color or frame, averaged=averaged)
    hidden = draw_hidden(figure, lines, x_range, scale) if clip else 0
    if hidden:
        notes.append(f"{hidden:,} hidden")
    for mark in sorted(marks, key=lambda mark: mark.severity):
        if x_range[0] <= mark.x <= x_range[1]:
            figure.mark(position(mark.x, x_range), mark.sign, mark.color)
    return Drawn(figure.lines(), tuple(notes), layout.margin, layout.canvas_width, x_range)


def _x_range(columns: Sequence[Doubles], view: ChartView) -> Range:
    """The window, or everything; the axis of everything begins at 0 where the data begins near it."""
    places = [np.clip(finite(column), -LARGEST, LARGEST) for column in columns]
    first = min((float(place.min()) for place in places if place.size), default=0.0)
    last = max((float(place.max()) for place in places if place.size), default=0.0)
    low, high = view.window(first, last)
    if (low, high) == (first, last) and 0.0 < first < 0.2 * last:
        low = 0.0
    return widened(low, high, 0.0)


def _has_logarithm(values: Doubles, y_range: Range | None, notes: list[str]) -> bool:
    if y_range is not None and y_range[0] <= 0.0:
        notes.append("log y: the axis has 0")
    elif not (values > 0.0).any():
        notes.append("log y: no positive value")
    else:
        return True
    return False


def _positive(lines: Sequence[Line], notes: list[str]) -> list[Line]:
    """What can be drawn on a logarithmic axis; the rest is counted."""
    lost = sum(int((line.inside.low <= 0.0).sum()) for line in lines)
    if lost:
        notes.append(f"log y: {lost:,} not above 0")
    return [line.positive() for line in lines]


def _scale(
    values: Doubles, stretched: Doubles, min_span: float, y_range: Range | None, *, log: bool, clip: bool
) -> Scale:
    """The y axis: of the values, or of most of them, and of the levels that it is to reach."""
    if y_range is not None:
        low, high = y_range
        return Scale((math.log10(low), math.log10(high)), log=True) if log else Scale(y_range)
    if log:
        values, stretched, min_span = log10(values), finite(log10(stretched)), LEAST_DECADES
    values = np.clip(values, -LARGEST, LARGEST)
    if clip:
        values = np.percentile(values, CLIPPED)
        # With the little room that goes with a least length, the ends of a calm curve are not cut off.
        min_span = max(min_span, float(values[1] - values[0]))
    values = np.concatenate([values, np.clip(stretched, -LARGEST, LARGEST)])
    low, high = widened(float(values.min()), float(values.max()), min_span)
    # The room above must not lead to powers that no float holds.
    return Scale((low, min(high, math.log10(LARGEST) + 1.0) if log else high), log)


def _x_ticks(x_range: Range, axis: XAxis) -> Callable[[int], Ticks]:
    """How the x axis is labelled, for a number of cells across."""
    find = time_ticks if axis == "elapsed_s" else count_ticks

    def ticks(columns: int) -> Ticks:
        found = find(*x_range, max(columns // CELLS_A_TICK, 1))
        return tuple((position(value, x_range), label) for value, label in found)

    return ticks


def _in_sight(levels: Sequence[Level], x: Column, window: Range) -> Doubles:
    """The values of the levels that the axis is to reach."""
    found = [np.array([level.value]) for level in levels if level.stretch and level.series is None]
    inside = (x.mean >= window[0]) & (x.mean <= window[1])
    found += [level.series.mean[inside] for level in levels if level.stretch and level.series is not None]
    return finite(np.concatenate(found)) if found else np.empty(0)
