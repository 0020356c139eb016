"""The drawing surface of all charts: plotext over the unit square, with our own ticks, as lines of styled text.

Everything is mapped to the unit square first, so plotext sees neither huge, nor tiny, nor equal numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import plotext
from rich.text import Text

from gwt_ib_tui.charts.axes import Range, nice_ticks, position, tick_labels
from gwt_ib_tui.state.series import Doubles
from gwt_ib_tui.text import short_count

Rgb = tuple[int, int, int]

DOTS_X, DOTS_Y = 2, 4  # braille dots in one cell
MIN_CANVAS = 8  # cells across; a narrower chart drops its labels first
# The parent that every figure needs; it holds no plot of ours, only that sizes are not cut to the real terminal's.
_UNLIMITED = type(plotext.terminal)().limit(False, False)


@dataclass(frozen=True)
class Frame:
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
        """Dots across the canvas."""
        return DOTS_X * self.canvas_width


class Figure:
    """A plotext figure over the unit square, of its own: nothing is shared between charts or threads."""

    def __init__(self, layout: Frame, frame: str) -> None:
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
        """A horizontal dotted line."""
        cells = (np.arange(self._layout.canvas_width) + 0.5) / self._layout.canvas_width
        self.points(cells, np.full(len(cells), place), "┈", color)

    def curve(self, x: Doubles, y: Doubles, breaks: npt.NDArray[np.bool_], color: str, *, sparse: bool) -> None:
        """A line, or dots where it has few points and is `sparse`."""
        if sparse and len(x) <= self._layout.canvas_width:
            self.points(x, y, "•", color)
        else:
            self.path(x, y, breaks, color)

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
        self.points(x[column[inside]], places[row[inside]], "braille", color)

    def lines(self) -> list[Text]:
        """What was drawn, in exactly the layout's height and width."""
        layout = self._layout
        lines = []
        for line in self._figure.build().string().split("\n")[: layout.height]:
            # What plotext leaves without colour is the frame and its labels.
            text = Text.from_ansi(line, style=self._frame, no_wrap=True, end="")
            text.truncate(layout.width, pad=True)
            lines.append(text)
        return lines + [blank(layout.width)] * (layout.height - len(lines))

    def points(self, x: Doubles, y: Doubles, symbol: str, color: str) -> None:
        """Each point as a symbol, or as a dot of `braille`."""
        self._figure.draw(self._signal(x, y, symbol, color))

    def _signal(self, x: Doubles, y: Doubles, symbol: str, color: str) -> Any:
        marker = plotext.marker(symbol, pixel=_pixel(color))
        return self._figure.signal(x.tolist(), np.clip(y, 0.0005, 0.9995).tolist(), marker=marker)


def layout_of(
    width: int, height: int, x_range: Range, y_range: Range, x_ticks: tuple[tuple[float, str], ...] | None = None
) -> Frame:
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
    return Frame(width, height, columns, rows, x_ticks, y_ticks, framed)


def notice(words: str, width: int, height: int, frame: str) -> list[Text]:
    """An empty chart with a word in its middle."""
    lines = [blank(width) for _ in range(height)]
    lines[(height - 1) // 2] = Text(words[:width].center(width), style=frame, no_wrap=True, end="")
    return lines


def blank(width: int) -> Text:
    """An empty line."""
    return Text(" " * width, no_wrap=True, end="")


def _pixel(color: str) -> Any:
    return plotext.pixel(foreground=_rgb(color))


def _rgb(color: str) -> Rgb:
    value = int(color.removeprefix("#"), 16)
    return value >> 16, (value >> 8) & 255, value & 255
