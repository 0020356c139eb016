"""Values of every step of an episode as strips below each other, all over the same steps, with one cursor; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from rich.text import Text

from gwt_ib.text import number
from gwt_ib_tui.charts.glyphs import GLYPHS, Glyphs
from gwt_ib_tui.charts.palette import Palette, blend
from gwt_ib_tui.charts.view import Symbols

Values = npt.NDArray[np.float32]
Dots = npt.NDArray[np.bool_]
LABEL = 17
"""Cells at the left: the name, and the range."""
AHEAD = 0.55
"""How far the colour of what is still to come is from its own."""


@dataclass(frozen=True, eq=False)
class Layer:
    """Values [T] in one colour, as a line of steps, or as bars that begin at zero."""

    values: Values
    color: str
    bars: bool = False
    loose: bool = False
    """Of every second dot: behind another it is seen to be another."""


@dataclass(frozen=True, eq=False)
class Strip:
    """What one strip shows; the layers lie over each other, the last one in front."""

    name: str
    layers: Sequence[Layer]
    limits: tuple[float, float] | None = None
    """Of the axis; by default those of the values, with zero among them where there are bars."""

    def range(self) -> tuple[float, float]:
        """The least and the largest value that is drawn; not the same one."""
        if self.limits is not None:
            return self.limits
        values = np.concatenate([layer.values for layer in self.layers]).astype(np.float64)
        known = values[np.isfinite(values)]
        if any(layer.bars for layer in self.layers):
            known = np.append(known, 0.0)
        low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
        return (low, high) if low < high else (low - 0.5, high + 0.5)


def strip_lines(
    strip: Strip, step: int, width: int, height: int, palette: Palette, symbols: Symbols = "braille"
) -> list[Text]:
    """One strip as exactly `height` lines of `width` cells; `step` is where the cursor stands."""
    cells = width - LABEL
    if cells < 1 or height < 1:
        return []
    glyphs, (low, high) = GLYPHS[symbols], strip.range()
    shape = height * glyphs.down, cells * glyphs.across
    codes = np.full((height, cells), ord(" "), np.uint32)
    bits = np.zeros((height, cells), np.int64)
    inks = np.full((height, cells), -1)
    for place, layer in enumerate(strip.layers):
        dots = layer_dots(layer, low, high, shape)
        own = _bits(dots, glyphs)
        bits |= own
        inks[own > 0] = place
        if not len(glyphs.codes):
            codes[own > 0] = ord("#" if layer.bars else glyphs.lines[place % len(glyphs.lines)])
    if len(glyphs.codes):
        codes = np.where(bits > 0, glyphs.codes[bits], codes)
    steps = max(len(strip.layers[0].values), 1)
    at = cursor_cell(step, steps, cells)
    here, zero = (at, at + 1), _zero_row(low, high, height)
    lines = []
    labels = _labels(strip, low, high, height, palette)
    for row in range(height):
        line = labels[row]
        letters = [chr(code) for code in codes[row]]
        for column in range(cells):
            ink, letter = int(inks[row, column]), letters[column]
            if ink < 0 and row == zero:
                letter = glyphs.level
            color = palette.frame if ink < 0 else strip.layers[ink].color
            if here[0] <= column < here[1]:
                line.append(glyphs.cursor if ink < 0 else letter, f"bold {palette.text} on {palette.band}")
            elif column >= here[1] and ink >= 0:
                line.append(letter, blend(color, palette.frame, AHEAD))
            else:
                line.append(letter, color)
        lines.append(line)
    return lines


def cursor_cell(step: int, steps: int, cells: int) -> int:
    """The cell in whose middle a step of so many lies; the end of the episode is in the last one."""
    return min(int((step + 0.5) * cells / steps), cells - 1)


def layer_dots(layer: Layer, low: float, high: float, shape: tuple[int, int]) -> Dots:
    """The dots [rows, columns] of a layer: each step is as wide as its share, and joined to the one before."""
    rows, columns = shape
    steps = len(layer.values)
    dots = np.zeros(shape, np.bool_)
    if not steps:
        return dots
    values = layer.values.astype(np.float64)
    first = np.arange(columns) * steps // columns
    last = np.maximum(((np.arange(columns) + 1) * steps - 1) // columns, first)
    if steps > columns:
        least, most = (fold.reduceat(values, first) for fold in (np.fmin, np.fmax))
    else:
        least = most = values[last]
    if layer.bars:
        least, most = np.fmin(least, 0.0), np.fmax(most, 0.0)
    known = np.isfinite(least) & np.isfinite(most)

    def row_of(each: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
        share = np.clip((np.nan_to_num(each) - low) / (high - low), 0.0, 1.0)
        return np.rint((1.0 - share) * (rows - 1)).astype(np.int64)

    top, bottom = row_of(most), row_of(least)
    if not layer.bars:  # the row of a larger value is the smaller one
        above, below = top.copy(), bottom.copy()
        joined = known[1:] & known[:-1]
        top[1:] = np.where(joined, np.minimum(top[1:], below[:-1]), top[1:])
        bottom[1:] = np.where(joined, np.maximum(bottom[1:], above[:-1]), bottom[1:])
    row = np.arange(rows)[:, np.newaxis]
    found: Dots = (row >= top) & (row <= bottom) & known
    if layer.loose:
        found &= (row + np.arange(columns)) % 2 == 0
    return found


def _bits(dots: Dots, glyphs: Glyphs) -> npt.NDArray[np.int64]:
    """The dots of each cell as a number [height, cells]."""
    height, cells = dots.shape[0] // glyphs.down, dots.shape[1] // glyphs.across
    split = dots.reshape(height, glyphs.down, cells, glyphs.across)
    found: npt.NDArray[np.int64] = np.einsum("hdca,da->hc", split, glyphs.weights.astype(np.int64))
    return found


def _zero_row(low: float, high: float, height: int) -> int:
    """The row in which zero lies; -1 where it is an edge, or out of sight."""
    if not low < 0.0 < high:
        return -1
    return min(int(high / (high - low) * height), height - 1)


def _labels(strip: Strip, low: float, high: float, height: int, palette: Palette) -> list[Text]:
    """What stands at the left of each row: the name, and the ends of the axis where there is room."""
    lines = [Text(no_wrap=True, end="") for _ in range(height)]
    ends = [number(high), number(low)]
    for row, line in enumerate(lines):
        end = ends[0] if row == 0 else ends[1] if row == height - 1 else ""
        name = strip.name if row == 0 else ""
        line.append(f" {name}", f"bold {strip.layers[-1].color}")
        line.append(end.rjust(LABEL - 2 - len(name)) + " ", palette.dim)
    return lines
