"""Line charts as pure functions: numbers and a size in, lines of styled text out.

Series are cut to the window, and then reduced to the chart's dot columns by their least and largest value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from rich.text import Text

from gwt_ib_tui.charts import axes
from gwt_ib_tui.charts.axes import Range, Scale, position
from gwt_ib_tui.charts.curves import Curve, Level, Line, Mark
from gwt_ib_tui.charts.figure import Figure, blank_chart, canvas_rows, layout_of, most_ticks
from gwt_ib_tui.charts.line_axes import (
    finite,
    in_sight,
    logged,
    place_of,
    positive,
    reached,
    x_extent,
    x_ticks,
    y_scale,
)
from gwt_ib_tui.charts.traces import in_force
from gwt_ib_tui.charts.view import ChartView
from gwt_ib_tui.state.history.series import Column

BESIDE = (-1, 1, -2, 2)  # rows from where a line ends, for a letter whose place is taken
FEW_LINES = 3  # more would hide each other if each reached from its least to its largest value
WHOLE = ChartView()


@dataclass(frozen=True)
class Drawn:
    """A chart, what it does not show, in a few words each, and where its canvas lies on the x axis."""

    lines: list[Text]
    notes: tuple[str, ...] = ()
    margin: int = 0  # cells on the left of the canvas
    cells: int = 0  # across the canvas; none in a chart without data
    x_range: Range = (0.0, 0.0)
    """The ends of the canvas: of x, or of its logarithm where the axis is logarithmic."""
    log_x: bool = False
    scale: Scale | None = None
    rows: int = 0  # down the canvas

    def y_at(self, value: float) -> float | None:
        """Where a value lies along the y axis, 0 at its low end."""
        return None if self.scale is None else float(self.scale.places(np.array([value]))[0])

    def x_at(self, column: int) -> float | None:
        """The x in the middle of a cell of the chart, as the mouse points at it; none beside the canvas."""
        if not self.margin <= column < self.margin + self.cells:
            return None
        share = (column - self.margin + 0.5) / self.cells
        place = self.x_range[0] + share * (self.x_range[1] - self.x_range[0])
        return 10.0**place if self.log_x else place


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
    coarse: bool = False,
) -> Drawn:
    """Curves over `x`, seen through `view`, as exactly `height` lines of `width` cells.

    `x` is the column of the view's x axis, with the rows of every curve that has no `x` of its own. `y_range` is the
    range of the y axis, where it is not to follow what is in the window, the levels and `min_span`. `raw_color` is that
    of the line behind a smoothed one; without it, the frame's. A `coarse` line has one point for each cell across, and
    not for each column of dots: many noisy lines are clearer so, and cheaper.
    """
    if width < 1 or height < 1:
        return Drawn([])
    log_x = view.log_x and any((finite((curve.x or x).mean) > 0.0).any() for curve in curves)
    notes = ["log x: nothing above 0"] if view.log_x and curves and not log_x else []
    x_range = x_extent([(curve.x or x).mean for curve in curves], view, log=log_x)
    if log_x:
        x, curves = logged(x), [replace(curve, x=curve.x and logged(curve.x)) for curve in curves]
    averaged = len(curves) > FEW_LINES
    lines = [
        Line.of(curve, x, x_range, smoothing=view.smoothing, most_dots=width, averaged=averaged) for curve in curves
    ]
    values = reached(lines)
    if not values.size:
        known = any(np.isfinite(curve.column.mean).any() for curve in curves)
        return Drawn(blank_chart("no data in this window" if known else "waiting for data", width, height, frame))
    lines, log = positive(lines, values, view, y_range, notes)
    values, stretched = reached(lines) if log else values, in_sight(levels, x, x_range)
    scale, hides = y_scale(
        lines, values, stretched, x_range, view, min_span=min_span, y_range=y_range, log=log, log_x=log_x
    )
    scale = scale.evened(canvas_rows(width, height), most_ticks(width, height))
    layout = layout_of(width, height, scale, partial(x_ticks, x_range, view.x_axis, log_x), view.symbols)
    figure = Figure(layout, frame)
    _draw_levels(figure, levels, x, x_range, scale)
    cursor = place_of(view.cursor, log=log_x)
    if cursor is not None and x_range[0] <= cursor <= x_range[1]:
        figure.column_line(position(cursor, x_range), frame)
    points = layout.canvas_width if coarse else layout.columns
    _draw_lines(figure, lines, x_range, scale, raw_color or frame, points)
    hidden = _draw_hidden(figure, lines, x_range, scale) if hides else 0
    if hidden:
        notes.append(f"{hidden:,} hidden")
    _draw_marks(figure, marks, x_range, log=log_x)
    return Drawn(
        figure.lines(), tuple(notes), layout.margin, layout.canvas_width, x_range, log_x, scale, layout.canvas_height
    )


def _draw_levels(figure: Figure, levels: Sequence[Level], x: Column, window: Range, scale: Scale) -> None:
    """Each level; one that changed has in every cell the value that it had there."""
    middles = (np.arange(figure.layout.canvas_width) + 0.5) / figure.layout.canvas_width
    at = window[0] + middles * (window[1] - window[0])
    for level in levels:
        changed = level.series is not None and np.isfinite(level.series.mean).any()
        values = in_force(x.mean, level.series.mean, at) if level.series and changed else np.full(len(at), level.value)
        figure.level(scale.places(values), level.color)


def _draw_lines(
    figure: Figure, lines: Sequence[Line], window: Range, scale: Scale, raw_color: str, points: int
) -> None:
    """Areas, then the marks of gaps, then raw lines, then the lines themselves, of at most `points` each."""
    columns, glyphs, averaged = figure.layout.columns, figure.layout.glyphs, len(lines) > FEW_LINES
    for line in lines:
        if line.band is not None:
            low, high = line.band.reduced(window, scale, columns).spread(columns)
            figure.stipple(low, high, line.curve.color)
    reduced = [line.rows.reduced(window, scale, points, averaged=averaged) for line in lines]
    for line, rows in zip(lines, reduced, strict=True):
        if not line.curve.column.sparse:
            figure.gaps(rows.x[rows.gap])
    for line, rows in zip(lines, reduced, strict=True):
        if line.smooth is not None:
            behind = rows if line.behind is line.rows else line.behind.reduced(window, scale, points)
            figure.shadow(*behind.spread(columns), raw_color, glyphs.raw)
    ends: list[tuple[float, float, str, str]] = []
    for place, (line, rows) in enumerate(zip(lines, reduced, strict=True)):
        shown = rows if line.smooth is None else line.smooth.reduced(window, scale, points, averaged=averaged)
        x, y, breaks = shown.path()
        color, letter = line.curve.color, line.curve.letter
        if line.dots:
            figure.points(x[~breaks], y[~breaks], color, letter)
            continue
        figure.path(x, y, breaks, color, glyphs.lines[place % len(glyphs.lines)])
        if letter and not breaks.all():
            ends.append((float(x[~breaks][-1]), float(y[~breaks][-1]), color, letter))
    _draw_ends(figure, ends[::-1])


def _draw_ends(figure: Figure, ends: Sequence[tuple[float, float, str, str]]) -> None:
    """A letter where each line ends; of several in one cell the first is there, and the others a little above or below."""
    rows, across = figure.layout.canvas_height, figure.layout.canvas_width
    taken: set[tuple[int, int]] = set()
    crowded = []
    for end in ends:
        cell = min(int(end[0] * across), across - 1), min(int((1.0 - end[1]) * rows), rows - 1)
        if cell in taken:
            crowded.append((cell, end))
            continue
        taken.add(cell)
        figure.points(np.array([end[0]]), np.array([end[1]]), *end[2:])
    for (column, row), (x, _, color, letter) in crowded:
        free = [
            row + by
            for by in BESIDE
            if abs(by) <= rows // 5 and 0 <= row + by < rows and (column, row + by) not in taken
        ]
        if free:
            taken.add((column, free[0]))
            figure.points(np.array([x]), np.array([1.0 - (free[0] + 0.5) / rows]), color, letter)


def _draw_marks(figure: Figure, marks: Sequence[Mark], window: Range, *, log: bool) -> None:
    """Events on the axis below, the most serious last."""
    for mark in sorted(marks, key=lambda mark: mark.severity):
        place = place_of(mark.x, log=log)
        if place is not None and window[0] <= place <= window[1]:
            figure.mark(position(place, window), mark.marker, mark.color)


def _draw_hidden(figure: Figure, lines: Sequence[Line], window: Range, scale: Scale) -> int:
    """A mark at the edge where a clipped axis leaves values out; returns how many rows have one."""
    low, high = scale.limits
    limits = (10.0**low, 10.0**high) if scale.log else (low, high)
    hidden = 0
    for line in lines:
        below, above = line.inside.low < limits[0], line.inside.high > limits[1]
        hidden += int((below | above).sum())
        for outside, up in ((below, False), (above, True)):
            figure.beyond(axes.positions(line.inside.x[outside], window), above=up, color=line.curve.color)
    return hidden
