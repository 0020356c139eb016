"""Pictures of an environment in cells: two pixels each as half blocks in true colour, or shades in ASCII; pure."""

from __future__ import annotations

import re
import unicodedata
from itertools import groupby
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.text import Text

Pixels = npt.NDArray[np.uint8]
HALF = "▀"
RAMP = " .:-=+*#%@"
"""Shades from the background's to the brightest."""
LUMINANCE = np.array([0.299, 0.587, 0.114])
COLOUR_STEP = 8
"""Of 256 levels: nobody sees finer ones in cells, and fewer colours are painted faster."""
_SGR = re.compile(r"\x1b\[[\d;]*m")
_ESCAPE = re.compile(r"\x1b(\[[\d;?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)?|.)?", re.DOTALL)
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


def picture_lines(frame: Pixels, width: int, height: int, *, colours: bool, dark: bool = True) -> list[Text]:
    """A picture [pixels, pixels, 3] as large as fits into `width` and `height` cells, in the middle of their width.

    Without `colours` a cell is a shade: on a `dark` ground the brightest has the most ink, else the darkest.
    """
    if width < 1 or height < 1 or not frame.size:
        return []
    rows, columns = frame.shape[:2]
    scale = min(width / columns, 2 * height / rows)
    columns, rows = max(round(columns * scale), 1), max(round(rows * scale), 1)
    rows += rows % 2
    pixels = _resized(frame, rows, columns)
    left = " " * ((width - columns) // 2)
    upper, lower = pixels[::2], pixels[1::2]
    if not colours:
        grey = (upper.astype(np.float64) + lower) / 2 @ LUMINANCE / 255
        places = np.rint((grey if dark else 1 - grey) * (len(RAMP) - 1)).astype(int)
        return [Text(left + "".join(RAMP[place] for place in line), no_wrap=True, end="") for line in places.tolist()]
    lines = []
    for above, below in zip(_coarse(upper).tolist(), _coarse(lower).tolist(), strict=True):
        line = Text(left, no_wrap=True, end="")
        for style, cells in groupby(zip(above, below, strict=True), key=_style):
            line.append(HALF * sum(1 for _ in cells), style)
        lines.append(line)
    return lines


def ansi_lines(text: str) -> list[Text]:
    """A picture in characters: its colours are kept, and nothing else that a terminal would obey."""
    kept = "\n".join(_SGR.sub(lambda found: f"\0{found[0][1:]}\0", line) for line in text.split("\n"))
    bare = _ESCAPE.sub("", kept)
    restored = re.sub(r"\0(\[[\d;]*m)\0", "\x1b\\1", bare).strip("\n")
    clean = "".join(
        letter if letter in "\n\x1b" or unicodedata.category(letter) not in _HIDDEN else " "
        for letter in restored.expandtabs(4)
    )
    lines = Text.from_ansi(clean, no_wrap=True, end="").split("\n", allow_blank=True)
    for line in lines:
        line.plain = line.plain.replace("\x1b", " ")
    return list(lines)


def _resized(frame: Pixels, rows: int, columns: int) -> Pixels:
    """Means over pixels where it gets smaller, the nearest pixel where it gets larger."""
    found: npt.NDArray[Any] = frame.astype(np.float64)
    for axis, size in enumerate((rows, columns)):
        have = found.shape[axis]
        edges = np.arange(size) * have // size
        if size < have:
            counts = np.diff(edges, append=have)
            shape = [-1 if each == axis else 1 for each in range(3)]
            found = np.add.reduceat(found, edges, axis=axis) / counts.reshape(shape)
        else:
            found = np.take(found, edges, axis=axis)
    pixels: Pixels = np.rint(found).astype(np.uint8)
    return pixels


def _coarse(pixels: Pixels) -> Pixels:
    found: Pixels = pixels // COLOUR_STEP * COLOUR_STEP
    return found


def _style(cell: tuple[list[int], list[int]]) -> str:
    (r, g, b), (r2, g2, b2) = cell
    return f"#{r:02x}{g:02x}{b:02x} on #{r2:02x}{g2:02x}{b2:02x}"
