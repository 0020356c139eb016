"""The drawing surface of all charts: cells over the unit square, and a frame with ticks and marks around them.

plotext draws the paths; what is a character or a dot by itself is laid under or over them as arrays of cells.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from rich.text import Span, Text

from gwt_ib_tui.charts.axes import Scale, Ticks
from gwt_ib_tui.charts.glyphs import GLYPHS, Bits, Cells, Codes, Glyphs
from gwt_ib_tui.charts.paths import Paths
from gwt_ib_tui.charts.view import Symbols
from gwt_ib_tui.state.history.series import Doubles

MOST_TICKS = 7  # up the y axis
LEAST_MARGIN, ROOMY = 6, 36  # cells left of the canvas, in charts at least so wide
MIN_CANVAS = 8  # cells across; a narrower chart drops its labels first
DASH = 6  # dots from one dash to the next
SPACE = ord(" ")


@dataclass(frozen=True)
class Frame:
    """Where the canvas lies inside the chart, and the ticks around it, in the unit square."""

    width: int
    height: int
    canvas_width: int
    canvas_height: int
    x_ticks: Ticks
    y_ticks: Ticks
    framed: bool
    glyphs: Glyphs

    @property
    def columns(self) -> int:
        """Dots across the canvas."""
        return self.glyphs.across * self.canvas_width

    @property
    def rows(self) -> int:
        """Dots down the canvas."""
        return self.glyphs.down * self.canvas_height

    @property
    def margin(self) -> int:
        """Cells on the left of the canvas."""
        return self.width - self.canvas_width

    def column(self, place: float) -> int:
        """The canvas cell in which a place along x lies."""
        return min(max(int(place * self.canvas_width), 0), self.canvas_width - 1)

    def row(self, place: float) -> int:
        """The canvas cell in which a place along y lies, 0 at the top."""
        return min(max(int((1.0 - place) * self.canvas_height), 0), self.canvas_height - 1)

    def left(self) -> list[str]:
        """What stands on the left of each row of the canvas: the axis, and the labels of its ticks."""
        if not self.framed:
            return [""] * self.canvas_height
        labels = {self.row(place): label for place, label in self.y_ticks}
        return [
            labels.get(row, "").rjust(self.margin - 1) + (self.glyphs.side_tick if row in labels else self.glyphs.side)
            for row in range(self.canvas_height)
        ]

    def below(self, color: str, marks: Mapping[int, tuple[str, str]]) -> list[Text]:
        """The axis below the canvas with marks by their cell, each a character and its colour; then the labels."""
        if not self.framed:
            return []
        axis = [self.glyphs.axis] * self.canvas_width
        for place, _ in self.x_ticks:
            axis[self.column(place)] = self.glyphs.axis_tick
        spans = []
        for column, (marker, own) in marks.items():
            axis[column] = self.glyphs.character(marker)
            spans.append(Span(self.margin + column, self.margin + column + 1, own))
        plain = self.glyphs.corner.rjust(self.margin) + "".join(axis)
        labels, free = [" "] * self.width, 0  # each in the middle under its tick as far as there is room
        for place, label in self.x_ticks:
            start = self.margin + self.column(place) - (len(label) - 1) // 2
            start = min(max(start, 0), self.width - len(label))
            if start >= free:
                labels[start : start + len(label)] = label
                free = start + len(label) + 1
        return [
            Text(plain, style=color, no_wrap=True, end="", spans=spans),
            Text("".join(labels), style=color, no_wrap=True, end=""),
        ]


class Figure:
    """What is drawn in one chart; what is drawn later lies over it, and paths lie over everything but marks over them."""

    def __init__(self, layout: Frame, frame: str) -> None:
        self.layout = layout
        shape = layout.canvas_height, layout.canvas_width
        self._bits: Bits = np.zeros(shape, dtype=np.uint8)
        self._shadow: Bits = np.zeros(shape, dtype=np.uint8)
        self._levels: Bits = np.zeros(shape, dtype=np.uint8)
        self._level_inks = np.zeros(shape, dtype=np.int64)
        self._codes: Codes = np.full(shape, SPACE, dtype=np.uint32)
        self._inks = np.zeros(shape, dtype=np.int64)
        self._colors = [frame]  # a cell's ink is a place in it
        self._paths = Paths(layout.canvas_width, layout.canvas_height, layout.glyphs)
        self._over: list[tuple[Cells, Cells, str, int]] = []
        self._marks: dict[int, tuple[str, str]] = {}

    def level(self, places: Doubles, color: str) -> None:
        """A dotted line of steps: its place in each cell across; none where it is NaN or out of sight.

        Its dots lie where it is and not in the middle of a cell. It is seen where no path crosses its cell.
        """
        columns, glyphs = np.flatnonzero((places >= 0.0) & (places <= 1.0)), self.layout.glyphs
        if not len(glyphs.codes):
            self._put(columns, _cells(1.0 - places[columns], self.layout.canvas_height), glyphs.level, color)
            return
        rows = _cells(1.0 - places[columns], self.layout.rows)
        cells = rows // glyphs.down, columns
        self._levels[cells] |= glyphs.weights[rows % glyphs.down, 0]
        self._level_inks[cells] = self._ink(color)

    def column_line(self, place: float, color: str) -> None:
        """A vertical line of light marks."""
        rows = np.arange(self.layout.canvas_height)
        self._put(np.full_like(rows, self.layout.column(place)), rows, self.layout.glyphs.cursor, color)

    def gaps(self, x: Doubles) -> None:
        """A mark at the bottom for each place along x where a value is missing."""
        columns = np.unique(_cells(x, self.layout.canvas_width))
        rows = np.full_like(columns, self.layout.canvas_height - 1)
        self._put(columns, rows, self.layout.glyphs.gap, self._colors[0])

    def points(self, x: Doubles, y: Doubles, color: str, glyph: str = "") -> None:
        """Each point as a character, over the paths; without a `glyph` that of a point."""
        columns, rows = _cells(x, self.layout.canvas_width), _cells(1.0 - y, self.layout.canvas_height)
        self._over.append((columns, rows, self.layout.glyphs.character(glyph), self._ink(color)))

    def beyond(self, x: Doubles, *, above: bool, color: str) -> None:
        """A mark at the upper or lower edge for each place along x where a value lies beyond it; over the paths."""
        glyphs = self.layout.glyphs
        self.points(x, np.full(len(x), float(above)), color, glyphs.above if above else glyphs.below)

    def path(self, x: Doubles, y: Doubles, breaks: npt.NDArray[np.bool_], color: str, glyph: str = "") -> None:
        """A line through the points; one marked in `breaks` is no point but a gap.

        `glyph` is what it is made of where a cell is a single dot.
        """
        self._paths.add(x, y, breaks, self._ink(color), glyph or self.layout.glyphs.lines[0])

    def dashes(self, x: Doubles, y: Doubles, color: str) -> None:
        """A dashed line: runs of dots and runs of none."""
        breaks = ~np.isfinite(y) | (np.arange(len(x)) % DASH >= DASH // 2)
        self.path(x, y, breaks, color, self.layout.glyphs.prior)

    def dots(self, x: Doubles, y: Doubles, color: str, glyph: str) -> None:
        """Each point as a dot, or as `glyph` where a cell is a single dot."""
        self._dot(_cells(x, self.layout.columns), _cells(1.0 - y, self.layout.rows), color, glyph)

    def stipple(self, low: Doubles, high: Doubles, color: str) -> None:
        """An area as a loose pattern of single dots, which shows also without colour; one `low` and `high` a dot column."""
        rows, step = self.layout.rows, 2 if self.layout.glyphs.down > 1 else 1
        # Every second dot of every second row, shifted by one from row to row.
        row, column = np.meshgrid(np.arange(0, rows, step), np.arange(len(low)), indexing="ij")
        places = 1.0 - (row + 0.5) / rows
        loose = (column + row // step) % 2 == 1
        inside = loose & (places >= low) & (places <= high)
        self._dot(column[inside], row[inside], color, self.layout.glyphs.band)

    def shadow(self, low: Doubles, high: Doubles, color: str, glyph: str) -> None:
        """A faded line: every second dot from `low` to `high`, one of each a dot column, joined to the column before.

        It is seen only where no path crosses its cell, so that the path on it stays clear, without colour too.
        """
        rows = self.layout.rows
        # The row of a larger value is the smaller one.
        top, bottom = (np.clip(np.floor((1.0 - edge) * rows), 0, rows - 1) for edge in (high, low))
        top[1:], bottom[1:] = np.fmin(top[1:], bottom[:-1] + 1), np.fmax(bottom[1:], top[:-1] - 1)
        row, column = np.meshgrid(np.arange(rows), np.arange(len(low)), indexing="ij")
        loose = (row + column) % 2 == 0 if len(self.layout.glyphs.codes) else True
        inside = loose & (row >= top) & (row <= bottom)
        self._dot(column[inside], row[inside], color, glyph, self._shadow)

    def mark(self, place: float, marker: str, color: str) -> None:
        """A character on the axis below; of several in one cell the last one is seen."""
        self._marks[self.layout.column(place)] = marker, color

    def lines(self) -> list[Text]:
        """What was drawn, in exactly the layout's height and width."""
        codes, inks = self._merged()
        lines = []
        for row, left in enumerate(self.layout.left()):
            plain = left + codes[row].tobytes().decode("utf-32-le")
            edges = np.flatnonzero(np.diff(inks[row], prepend=-1, append=-1)).tolist()
            spans = [
                Span(len(left) + start, len(left) + end, self._colors[ink])
                for start, end, ink in zip(edges, edges[1:], inks[row, edges[:-1]].tolist(), strict=False)
                if ink  # 0 is the frame's, as all of the line
            ]
            lines.append(Text(plain, style=self._colors[0], no_wrap=True, end="", spans=spans))
        return lines + self.layout.below(self._colors[0], self._marks)

    def _merged(self) -> tuple[Codes, Cells]:
        """The characters of the canvas and the number of the colour of each; shape [rows, columns]."""
        glyphs = self.layout.glyphs
        path_codes, path_inks = self._paths.drawn()
        on_path = path_codes != SPACE
        bits, codes = self._bits, self._codes
        if len(glyphs.codes):
            # Dots of an area show through the line above it, so that its edge stays whole; a level stands alone.
            bits = np.where(on_path, bits, bits | self._shadow)
            bits = np.where(codes != SPACE, 0, bits) | glyphs.bits(path_codes)
            inks = np.where(on_path, path_inks, self._inks)
            if self._levels.any():
                on_level = (self._levels > 0) & ~on_path & (codes == SPACE)
                bits, inks = np.where(on_level, self._levels, bits), np.where(on_level, self._level_inks, inks)
            codes = np.where(bits > 0, glyphs.codes[bits], codes)
        else:
            codes = np.where(on_path, path_codes, codes)
            inks = np.where(on_path, path_inks, self._inks)
        for columns, rows, glyph, ink in self._over:
            codes[rows, columns] = ord(glyph)
            inks[rows, columns] = ink
        return codes.astype("<u4"), np.where(codes == SPACE, 0, inks)

    def _dot(self, columns: Cells, rows: Cells, color: str, glyph: str, layer: Bits | None = None) -> None:
        """Dots by their column and row."""
        glyphs = self.layout.glyphs
        if not len(glyphs.codes):
            self._put(columns, rows, glyph, color)
            return
        cells = rows // glyphs.down, columns // glyphs.across
        bits = glyphs.weights[rows % glyphs.down, columns % glyphs.across]
        np.bitwise_or.at(self._bits if layer is None else layer, cells, bits)
        self._codes[cells] = SPACE
        self._inks[cells] = self._ink(color)

    def _put(self, columns: Cells, rows: Cells, glyph: str, color: str) -> None:
        self._codes[rows, columns] = ord(glyph)
        self._inks[rows, columns] = self._ink(color)

    def _ink(self, color: str) -> int:
        """The number of a colour; 0 is the frame's."""
        if color not in self._colors:
            self._colors.append(color)
        return self._colors.index(color)


def _framed(width: int, height: int) -> bool:
    return width >= MIN_CANVAS and height >= 5


def canvas_rows(width: int, height: int) -> int:
    """How many cells a chart's canvas is high."""
    return height - 2 if _framed(width, height) else height


def most_ticks(width: int, height: int) -> int:
    """How many ticks its y axis has room for."""
    return min(max((canvas_rows(width, height) + 1) // 2, 2), MOST_TICKS)


def layout_of(
    width: int, height: int, y: Scale, x_ticks: Callable[[int], Ticks], symbols: Symbols = "braille"
) -> Frame:
    """Room for labels where there is some; a small chart is all canvas. `x_ticks` are for a number of cells across."""
    framed, rows = _framed(width, height), canvas_rows(width, height)
    ticks: Sequence[tuple[float, str]] = y.ticks(most_ticks(width, height)) if framed else []
    margin = max((len(label) for _, label in ticks), default=0)
    if ticks and width >= ROOMY:  # charts above each other have the same x at the same place
        margin = max(margin, LEAST_MARGIN)
    if width - margin - 1 < MIN_CANVAS:
        ticks, margin = [], 0
    columns = width - margin - 1 if framed else width
    return Frame(
        width, height, columns, rows, x_ticks(columns) if framed else (), tuple(ticks), framed, GLYPHS[symbols]
    )


def blank_chart(words: str, width: int, height: int, frame: str) -> list[Text]:
    """An empty chart with a word in its middle."""
    lines = [Text(" " * width, style=frame, no_wrap=True, end="") for _ in range(height)]
    lines[(height - 1) // 2].plain = words[:width].center(width)
    return lines


def _cells(places: Doubles, count: int) -> Cells:
    """Which of `count` equal parts of the unit interval each place lies in."""
    return np.clip(np.floor(places * count), 0, count - 1).astype(np.int64)
