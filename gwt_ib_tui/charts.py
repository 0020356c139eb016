"""Charts as pure functions: numbers and a size in, lines of styled text out. Drawn with plotext's figure objects.

Everything is mapped to the unit square first, so plotext sees neither huge, nor tiny, nor equal numbers, and the ticks
are ours. Series are reduced to the chart's dot columns by their least and largest value before they are drawn.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import plotext
from rich.text import Text

from gwt_ib_tui.axes import LARGEST, Range, nice_ticks, position, positions, tick_labels, widened
from gwt_ib_tui.series import Column, Doubles
from gwt_ib_tui.state import GateCurve
from gwt_ib_tui.text import short_count

Rgb = tuple[int, int, int]

DOTS_X, DOTS_Y = 2, 4  # braille dots in one cell
MIN_CANVAS = 8  # cells across; a narrower chart drops its labels first
COUNT_BARS = " ▁▂▃▄▅▆▇█"
# The parent that every figure needs; it holds no plot of ours, only that sizes are not cut to the real terminal's.
_UNLIMITED = type(plotext.terminal)().limit(False, False)


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


@dataclass(frozen=True)
class GateColors:
    """What the parts of the gate chart are painted with."""

    curve: str
    band: str
    prior: str
    target: str
    frame: str


@dataclass(frozen=True)
class _Frame:
    """Where the canvas lies inside the chart, and the ticks around it, in the unit square."""

    width: int
    height: int
    canvas_width: int
    canvas_height: int
    x_ticks: tuple[tuple[float, str], ...]
    y_ticks: tuple[tuple[float, str], ...]
    framed: bool

    @property
    def columns(self) -> int:
        return DOTS_X * self.canvas_width


def line_chart(
    x: Column,
    curves: Sequence[Curve],
    levels: Sequence[Level],
    width: int,
    height: int,
    *,
    frame: str,
    min_span: float = 0.0,
) -> list[Text]:
    """Curves over `x`, all of one run's rows, as exactly `height` lines of `width` cells."""
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
        return _notice("waiting for data", width, height, frame)
    y_range = _y_range(values, levels, min_span)
    first, last = (min(max(float(edge), -LARGEST), LARGEST) for edge in (steps.min(), steps.max()))
    x_range = widened(0.0 if 0.0 < first < 0.2 * last else first, last, 0.0)
    layout = _layout(width, height, x_range, y_range)
    figure = _Figure(layout, frame)
    for level in levels:
        place = position(level.value, y_range)
        if 0.0 <= place <= 1.0:
            figure.level(place, level.color)
    for curve, keep in data:
        figure.curve(*_reduced(x.mean[keep], curve.column, keep, x_range, y_range, layout.columns), curve)
    return figure.lines()


def gate_chart(
    curve: GateCurve | None, target: float | None, width: int, height: int, colors: GateColors
) -> list[Text]:
    """c by |td_norm|: the mean as a line on its spread, the prior dashed, the target dotted, counts as bars below.

    Every bin is equally wide, as the bins are finest where most steps are.
    """
    if width < 1 or height < 1:
        return []
    if curve is None or not np.isfinite(curve.c).any():
        return _notice("waiting for data", width, height, colors.frame)
    counts = 1 if height >= 8 else 0
    layout = _layout(width, height - counts, (0.0, 1.0), (0.0, 1.0), _edge_ticks(curve.edges, width))
    figure = _Figure(layout, colors.frame)
    bins = len(curve.c)
    centres = (np.arange(bins) + 0.5) / bins
    dots = (np.arange(layout.columns) + 0.5) / layout.columns
    low, high = (np.clip(_between(dots, centres, curve.c + sign * curve.c_std), 0.0, 1.0) for sign in (-1, 1))
    figure.stipple(dots, low, high, colors.band)
    if target is not None:
        figure.level(min(max(target, 0.0), 1.0), colors.target)
    mean = _between(dots, centres, curve.c)
    figure.path(dots, mean, ~np.isfinite(mean), colors.curve)
    figure.dashes(dots, _between(dots, centres, curve.prior), colors.prior)
    lines = figure.lines()
    if counts:
        lines.insert(layout.canvas_height, _count_line(curve.count, layout, colors.frame))
    return lines


class _Figure:
    """A plotext figure over the unit square, of its own: nothing is shared between charts or threads."""

    def __init__(self, layout: _Frame, frame: str) -> None:
        self._layout = layout
        self._frame = frame
        figure = type(plotext.figure)(_UNLIMITED)
        figure.plot_size(layout.width, layout.height)
        figure.theme("colorless")
        figure.axes(False)
        if layout.framed:
            figure.axes(True, axis="x", side="lower")
            figure.axes(True, axis="y", side="left")
        for axis, ticks in (("x", layout.x_ticks), ("y", layout.y_ticks)):
            ruler = figure.ruler(axis, 0)
            ruler.lim(0.0, 1.0)
            ruler.alignment("edge")
            ruler.ticks([place for place, _ in ticks], [label for _, label in ticks])
        self._figure: Any = figure

    def level(self, place: float, color: str) -> None:
        cells = (np.arange(self._layout.canvas_width) + 0.5) / self._layout.canvas_width
        self._points(cells, np.full(len(cells), place), "┈", color)

    def curve(self, x: Doubles, y: Doubles, breaks: npt.NDArray[np.bool_], curve: Curve) -> None:
        if curve.sparse and len(x) <= self._layout.canvas_width:
            self._points(x, y, "•", curve.color)
        else:
            self.path(x, y, breaks, curve.color)

    def path(self, x: Doubles, y: Doubles, breaks: npt.NDArray[np.bool_], color: str) -> None:
        """A line through the points; one marked in `breaks` is no point but a gap."""
        points = ~breaks
        signal = self._signal(x[points], y[points], "braille", color).lines().density("full")
        for index in np.flatnonzero(np.diff(np.cumsum(breaks)[points], prepend=0)).tolist():
            signal.line(index, False)
        self._figure.draw(signal)

    def dashes(self, x: Doubles, y: Doubles, color: str) -> None:
        """A dashed line: runs of dots and runs of none."""
        breaks = ~np.isfinite(y) | (np.arange(len(x)) % 6 >= 3)
        self.path(x, y, breaks, color)

    def stipple(self, x: Doubles, low: Doubles, high: Doubles, color: str) -> None:
        """An area as a loose pattern of single dots, which shows also without colour."""
        rows = DOTS_Y * self._layout.canvas_height
        places = (np.arange(1, rows, 2) + 0.5) / rows
        column, row = np.meshgrid(np.arange(len(x)), np.arange(len(places)), indexing="ij")
        # Every second dot of every second row, shifted by one from row to row.
        inside = (places[row] >= low[column]) & (places[row] <= high[column]) & ((column + row) % 2 == 0)
        self._points(x[column[inside]], places[row[inside]], "braille", color)

    def lines(self) -> list[Text]:
        layout = self._layout
        lines = []
        for line in self._figure.build().string().split("\n")[: layout.height]:
            # What plotext leaves without colour is the frame and its labels.
            text = Text.from_ansi(line, style=self._frame, no_wrap=True, end="")
            text.truncate(layout.width, pad=True)
            lines.append(text)
        return lines + [_blank(layout.width)] * (layout.height - len(lines))

    def _points(self, x: Doubles, y: Doubles, symbol: str, color: str) -> None:
        self._figure.draw(self._signal(x, y, symbol, color))

    def _signal(self, x: Doubles, y: Doubles, symbol: str, color: str) -> Any:
        marker = plotext.marker(symbol, pixel=_pixel(color))
        return self._figure.signal(x.tolist(), np.clip(y, 0.0005, 0.9995).tolist(), marker=marker)


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


def _layout(
    width: int, height: int, x_range: Range, y_range: Range, x_ticks: tuple[tuple[float, str], ...] | None = None
) -> _Frame:
    """Room for labels where there is some: a chart that is too small is all canvas."""
    framed = width >= MIN_CANVAS and height >= 5
    rows = height - 2 if framed else height
    ticks = nice_ticks(*y_range, max(rows // 2, 2)) if framed else []
    ticks = ticks[:: max(len(ticks) // max(min(rows // 2, 6), 1), 1)]
    y_labels = tick_labels(ticks)
    margin = max((len(label) for label in y_labels), default=0)
    if width - margin - 1 < MIN_CANVAS:
        ticks, y_labels, margin = [], [], 0
    columns = width - margin - 1 if framed else width
    if not framed:
        x_ticks = ()
    elif x_ticks is None:
        values = nice_ticks(*x_range, max(columns // 9, 1))
        x_ticks = tuple((position(value, x_range), short_count(value)) for value in values)
    y_ticks = tuple((position(tick, y_range), label.rjust(margin)) for tick, label in zip(ticks, y_labels, strict=True))
    return _Frame(width, height, columns, rows, x_ticks, y_ticks, framed)


def _y_range(values: Doubles, levels: Sequence[Level], min_span: float) -> Range:
    stretched = [level.value for level in levels if level.stretch and math.isfinite(level.value)]
    values = np.clip(np.concatenate([values, stretched]), -LARGEST, LARGEST)
    return widened(float(values.min()), float(values.max()), min_span)


def _between(x: Doubles, centres: Doubles, values: Doubles) -> Doubles:
    """`values` at `x` by straight lines between neighbours that both have one; a lone bin is drawn as wide as it is."""
    bins = len(centres)
    own = np.minimum((x * bins).astype(np.int64), bins - 1)
    other = np.clip(own + np.where(x >= centres[own], 1, -1), 0, bins - 1)
    weight = np.abs(x - centres[own]) * bins
    there = np.where(np.isfinite(values[other]), values[other], values[own])
    result: Doubles = values[own] * (1 - weight) + there * weight
    return result


def _edge_ticks(edges: Doubles, width: int) -> tuple[tuple[float, str], ...]:
    """Ticks of the gate chart: round values of |td_norm| at their places among bins of equal width."""
    wanted = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0, 2.0, 3.0, 5.0, 10.0) if width >= 60 else (0.0, 0.5, 1.0, 2.0, 5.0, 10.0)
    values = [value for value in wanted if edges[0] <= value <= edges[-1]]
    if len(values) < 2:
        values = [float(edges[0]), float(edges[-1])]
    places = np.interp(values, edges, np.linspace(0.0, 1.0, len(edges)))
    return tuple((float(place), f"{value:.3g}") for place, value in zip(places, values, strict=True))


def _count_line(counts: Doubles, layout: _Frame, frame: str) -> Text:
    """How many steps each bin holds, on a logarithmic scale, as bars in one line."""
    place = (np.arange(layout.canvas_width) + 0.5) / layout.canvas_width
    owner = np.minimum((place * len(counts)).astype(int), len(counts) - 1)
    share = np.log1p(np.maximum(counts, 0.0)) / max(math.log1p(float(counts.max())), 1e-9)
    top = len(COUNT_BARS) - 1
    heights = np.minimum(np.ceil(share * top), top).astype(int)[owner]
    margin = layout.width - layout.canvas_width - 1
    label = "n".rjust(margin)[:margin] + "│" if layout.framed else ""
    text = Text(label + "".join(COUNT_BARS[height] for height in heights), style=frame, no_wrap=True, end="")
    text.truncate(layout.width, pad=True)
    return text


def _notice(words: str, width: int, height: int, frame: str) -> list[Text]:
    """An empty chart with a word in its middle."""
    lines = [_blank(width) for _ in range(height)]
    lines[(height - 1) // 2] = Text(words[:width].center(width), style=frame, no_wrap=True, end="")
    return lines


def _blank(width: int) -> Text:
    return Text(" " * width, no_wrap=True, end="")


def _pixel(color: str) -> Any:
    return plotext.pixel(foreground=_rgb(color))


def _rgb(color: str) -> Rgb:
    value = int(color.removeprefix("#"), 16)
    return value >> 16, (value >> 8) & 255, value & 255
