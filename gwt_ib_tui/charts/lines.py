"""Line charts and sparklines as pure functions: numbers and a size in, lines of styled text out.

Series are cut to the window, and then reduced to the chart's dot columns by their least and largest value.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from rich.text import Text

from gwt_ib_tui.charts import axes
from gwt_ib_tui.charts.axes import LARGEST, Range, Scale, Ticks, position, widened
from gwt_ib_tui.charts.figure import Figure, blank_chart, canvas_rows, layout_of, most_ticks
from gwt_ib_tui.charts.glyphs import GLYPHS, Glyphs
from gwt_ib_tui.charts.traces import Trace, envelope, in_force, moving_average
from gwt_ib_tui.charts.view import ChartView, Symbols, XAxis
from gwt_ib_tui.state.history.series import Column, Doubles

CLIPPED = (1.0, 99.0)  # percentiles between which a clipped chart's y axis lies
LEAST_DECADES = 0.1
CELLS_A_TICK = 9
BESIDE = (-1, 1, -2, 2)  # rows from where a line ends, for a letter whose place is taken
EARLY = 0.1  # of the x axis: what is early
EARLY_FACTOR = 3.0  # an axis that what is early makes so many times longer leaves it out
LEAST_LATER = 20  # rows
FEW_LINES = 3  # more would hide each other if each reached from its least to its largest value
WHOLE = ChartView()


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
    log_x = view.log_x and any((_finite((curve.x or x).mean) > 0.0).any() for curve in curves)
    notes = ["log x: nothing above 0"] if view.log_x and curves and not log_x else []
    x_range = _x_range([(curve.x or x).mean for curve in curves], view, log=log_x)
    if log_x:
        x, curves = _logged(x), [replace(curve, x=curve.x and _logged(curve.x)) for curve in curves]
    averaged = len(curves) > FEW_LINES
    lines = [
        Line.of(curve, x, x_range, smoothing=view.smoothing, most_dots=width, averaged=averaged) for curve in curves
    ]
    values = _values(lines)
    if not values.size:
        known = any(np.isfinite(curve.column.mean).any() for curve in curves)
        return Drawn(blank_chart("no data in this window" if known else "waiting for data", width, height, frame))
    lines, log = _positive(lines, values, view, y_range, notes)
    values, stretched = _values(lines) if log else values, _in_sight(levels, x, x_range)
    every, clip = values, view.outliers == "clipped" and y_range is None
    if view.outliers == "early" and view.whole and not (log or log_x or y_range):
        values = _without_early(lines, values, stretched, x_range, min_span)
    scale = _scale(values, stretched, min_span, y_range, log=log, clip=clip)
    scale = scale.evened(canvas_rows(width, height), most_ticks(width, height))
    layout = layout_of(width, height, scale, partial(_x_ticks, x_range, view.x_axis, log_x), view.symbols)
    figure = Figure(layout, frame)
    _draw_levels(figure, levels, x, x_range, scale)
    cursor = _place(view.cursor, log=log_x)
    if cursor is not None and x_range[0] <= cursor <= x_range[1]:
        figure.column_line(position(cursor, x_range), frame)
    points = layout.canvas_width if coarse else layout.columns
    _draw_lines(figure, lines, x_range, scale, raw_color or frame, points)
    hidden = _draw_hidden(figure, lines, x_range, scale) if clip or values is not every else 0
    if hidden:
        notes.append(f"{hidden:,} hidden")
    _draw_marks(figure, marks, x_range, log=log_x)
    return Drawn(
        figure.lines(), tuple(notes), layout.margin, layout.canvas_width, x_range, log_x, scale, layout.canvas_height
    )


def sparkline(x: Column, y: Column, width: int, *, symbols: Symbols = "braille") -> str:
    """`y` over `x` in exactly `width` cells, between its own least and largest value.

    In braille each column of dots reaches from the least to the largest of its values, so that no peak is lost; in other
    symbols it is a bar as high as their middle. A column of nulls alone is blank; one without rows lies on the line
    between its neighbours, as do the nulls of a sparse metric.
    """
    if width < 1:
        return ""
    rows = Trace.of(x.mean, y.low, y.high, sparse=y.sparse)
    if rows.gap.all():
        return " " * width
    glyphs = GLYPHS[symbols]
    dotted = glyphs.across > 1 and glyphs.down > 2
    columns = width * (glyphs.across if dotted else 1)
    y_range = np.clip([np.nanmin(rows.low), np.nanmax(rows.high)], -LARGEST, LARGEST)
    reduced = rows.reduced(_not_empty(*rows.x[[0, -1]].tolist()), Scale(_not_empty(*y_range.tolist())), columns)
    low, high = reduced.spread(columns)
    if dotted:
        return _dots(low, high, glyphs)
    heights = 1 + np.rint(np.nan_to_num((low + high) / 2) * (len(glyphs.bars) - 2)).astype(np.int64)
    return "".join(np.where(np.isfinite(low), np.array(list(glyphs.bars))[heights], " ").tolist())


def _x_range(columns: Sequence[Doubles], view: ChartView, *, log: bool = False) -> Range:
    """The window, or everything; the axis of everything begins at 0 where the data begins near it.

    With `log` it is that of the logarithms, from the least place above 0 on.
    """
    places = [np.clip(_finite(column), -LARGEST, LARGEST) for column in columns]
    first = min((float(place.min()) for place in places if place.size), default=0.0)
    last = max((float(place.max()) for place in places if place.size), default=0.0)
    low, high = view.window(first, last)
    if log:
        least = min(float(place[place > 0.0].min()) for place in places if (place > 0.0).any())
        return widened(math.log10(max(low, least)), math.log10(max(high, least)), 0.0)
    if (low, high) == (first, last) and 0.0 < first < 0.2 * last:
        low = 0.0
    return widened(low, high, 0.0)


def _scale(
    values: Doubles, stretched: Doubles, min_span: float, y_range: Range | None, *, log: bool, clip: bool
) -> Scale:
    """The y axis: of the values, or of most of them, and of the levels that it is to reach."""
    if y_range is not None:
        low, high = y_range
        return Scale((math.log10(low), math.log10(high)), log=True) if log else Scale(y_range)
    if log:
        values, stretched, min_span = axes.log10(values), _finite(axes.log10(stretched)), LEAST_DECADES
    values = np.clip(values, -LARGEST, LARGEST)
    if clip:
        values = np.percentile(values, CLIPPED)
        # With the little room that goes with a least length, the ends of a calm curve are not cut off.
        min_span = max(min_span, float(values[1] - values[0]))
    values = np.concatenate([values, np.clip(stretched, -LARGEST, LARGEST)])
    low, high = widened(float(values.min()), float(values.max()), min_span)
    # The room above must not lead to powers beyond the largest float.
    return Scale((low, min(high, math.log10(LARGEST) + 1.0) if log else high), log)


def _x_ticks(x_range: Range, axis: XAxis, log: bool, columns: int) -> Ticks:
    """How the x axis is labelled, where it is so many cells long."""
    if log:
        ticks = axes.log_ticks(*x_range, max(columns // CELLS_A_TICK, 1))
        labels = [axes.time_label(tick) for tick in ticks] if axis == "elapsed_s" else axes.count_labels(ticks)
        return tuple(zip(Scale(x_range, log=True).places(np.array(ticks)).tolist(), labels, strict=True))
    find = axes.time_ticks if axis == "elapsed_s" else axes.count_ticks
    found = find(*x_range, max(columns // CELLS_A_TICK, 1))
    return tuple((position(value, x_range), label) for value, label in found)


def _in_sight(levels: Sequence[Level], x: Column, window: Range) -> Doubles:
    """The values of the levels that the axis is to reach."""
    inside = (x.mean >= window[0]) & (x.mean <= window[1])
    stretched = [level for level in levels if level.stretch]
    found = [np.array([level.value]) if level.series is None else level.series.mean[inside] for level in stretched]
    return _finite(np.concatenate(found)) if found else np.empty(0)


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
        place = _place(mark.x, log=log)
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


def _values(lines: Sequence[Line]) -> Doubles:
    """All that the y axis is to reach."""
    traces = [trace for line in lines for trace in (line.rows, line.smooth, line.band) if trace is not None]
    return _finite(np.concatenate([np.empty(0), *(edge for trace in traces for edge in (trace.low, trace.high))]))


def _positive(
    lines: list[Line], values: Doubles, view: ChartView, y_range: Range | None, notes: list[str]
) -> tuple[list[Line], bool]:
    """What the y axis can show, and whether it is logarithmic; why it is not, or what it leaves out, goes to `notes`."""
    if not view.log_y:
        return lines, False
    if y_range is not None and y_range[0] <= 0.0:
        notes.append("log y: the axis has 0")
        return lines, False
    if not (values > 0.0).any():
        notes.append("log y: no positive value")
        return lines, False
    lost = sum(int((line.inside.low <= 0.0).sum()) for line in lines)
    notes += [f"log y: {lost:,} not above 0"] if lost else []
    return [line.positive() for line in lines], True


def _without_early(
    lines: Sequence[Line], values: Doubles, stretched: Doubles, window: Range, min_span: float
) -> Doubles:
    """What the y axis is to reach: all values, or only later ones where the early ones would make it much longer."""
    start = window[0] + EARLY * (window[1] - window[0])
    parts = [(line.inside, int(np.searchsorted(line.inside.x, start))) for line in lines]
    if max(len(trace.x) - place for trace, place in parts) < LEAST_LATER:
        return values
    later = _finite(np.concatenate([edge[place:] for trace, place in parts for edge in (trace.low, trace.high)]))
    if not later.size:
        return values
    longer = _length(values, stretched) > EARLY_FACTOR * max(_length(later, stretched), min_span)
    return later if longer else values


def _length(*values: Doubles) -> float:
    """From the least to the largest of all."""
    ends = [(float(part.min()), float(part.max())) for part in values if part.size]
    low, high = min((low for low, _ in ends), default=0.0), max((high for _, high in ends), default=0.0)
    return min(high, LARGEST) - max(low, -LARGEST)


def _logged(x: Column) -> Column:
    return Column.flat(axes.log10(x.mean))


def _place(x: float | None, *, log: bool) -> float | None:
    """Where x is along the axis; nowhere where it has no logarithm."""
    if x is None or not log:
        return x
    return math.log10(x) if x > 0.0 else None


def _finite(values: Doubles) -> Doubles:
    return values[np.isfinite(values)]


def _not_empty(low: float, high: float) -> Range:
    """A range, or one about a constant, which then lies in the middle."""
    room = 0.0 if low < high else max(abs(low), 1.0)
    return low - room, high + room


def _dots(low: Doubles, high: Doubles, glyphs: Glyphs) -> str:
    top = glyphs.down - 1
    first, last = (np.rint(np.nan_to_num(ends) * top) for ends in (low, high))
    rows = np.arange(top, -1, -1)[:, np.newaxis]
    lit = (rows >= first) & (rows <= last) & np.isfinite(low)
    cells = lit.reshape(glyphs.down, -1, glyphs.across)
    bits = (cells * glyphs.weights[:, np.newaxis, :]).sum(axis=(0, 2))
    return "".join(" " if not bit else chr(glyphs.codes[bit]) for bit in bits)
