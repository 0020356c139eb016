"""The lines of a chart, drawn by plotext on the dots of its cells; one figure for all of them."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from gwt_ib_tui.charts.glyphs import Cells, Codes, Glyphs
from gwt_ib_tui.state.history.series import Doubles

REMEMBERED = 64  # canvases, of some ten kB each: a few screens of charts
ROUNDING = 1e-3  # dots: a constant whose digits differ at the end lies on one row of dots, not on two
_STYLE = re.compile("\x1b\\[([0-9;]*)m")

_Line = tuple[bytes, bytes, bytes, int, str]
"""The x and y of dots, whether each begins a new piece, the ink, the marker."""


class Paths:
    """Lines on a canvas of `width` x `height` cells; nothing is shared between charts or threads."""

    def __init__(self, width: int, height: int, glyphs: Glyphs) -> None:
        self._width, self._height, self._glyphs = width, height, glyphs
        self._lines: list[_Line] = []

    def add(self, x: Doubles, y: Doubles, breaks: npt.NDArray[np.bool_], ink: int, glyph: str) -> None:
        """A line through points of the unit square, over what was added before; one marked in `breaks` is a gap.

        It is made of `glyph` where a cell is a single dot. `ink`, below 256, comes back with the cells that it crosses.
        """
        # A coordinate that is no number makes plotext's kernel end the whole process.
        points = ~breaks & np.isfinite(x) & np.isfinite(y)
        across, down = self._glyphs.across * self._width, self._glyphs.down * self._height
        bends = np.stack(
            [
                np.clip(np.floor(x[points] * across + ROUNDING), 0, across - 1),
                np.clip(np.floor(y[points] * down + ROUNDING), 0, down - 1),
                np.cumsum(breaks)[points],
            ]
        )
        # plotext's time goes by points, so dots that are passed twice or lie within a level piece are left out.
        bends = bends[:, np.diff(bends, axis=1, prepend=-1.0).any(axis=0)]
        right, up, piece = np.diff(bends, axis=1)
        level = (up == 0) & (piece == 0)
        between = np.zeros(bends.shape[1], dtype=bool)
        between[1:-1] = level[:-1] & level[1:] & (right[:-1] * right[1:] > 0)
        column, row, pieces = bends[:, ~between]
        if len(column):
            first = np.diff(pieces, prepend=-1.0) != 0
            middles = ((column + 0.5) / across).tobytes(), ((row + 0.5) / down).tobytes()
            self._lines.append((*middles, first.tobytes(), ink, self._glyphs.marker or glyph))

    def drawn(self) -> tuple[Codes, Cells]:
        """The characters, spaces where no line is, and the ink of each; shape [height, width] both, not to be written to."""
        return _drawn(self._width, self._height, tuple(self._lines))


@lru_cache(maxsize=REMEMBERED)
def _drawn(width: int, height: int, lines: tuple[_Line, ...]) -> tuple[Codes, Cells]:
    """What `Paths.drawn` gives. plotext is most of a chart's cost, and a cursor or a title that changes moves no dot."""
    codes = np.full((height, width), ord(" "), dtype=np.uint32)
    inks = np.zeros((height, width), dtype=np.int64)
    if lines:
        figure = _figure(width, height)
        for line in lines:
            _draw(figure, *line)
        for row, text_line in enumerate(figure.build().string().split("\n")[:height]):
            words = _STYLE.split(text_line)  # runs of cells, and between them the style of the next
            text = "".join(words[::2])[:width]
            codes[row, : len(text)] = np.frombuffer(text.encode("utf-32-le"), dtype="<u4")
            styles = [0, *(int(style.rpartition(";")[2] or 0) for style in words[1::2])]
            inks[row, : len(text)] = np.repeat(styles, [len(run) for run in words[::2]])[:width]
    codes.flags.writeable = inks.flags.writeable = False
    return codes, inks


def _draw(figure: Any, x: bytes, y: bytes, first: bytes, ink: int, marker: str) -> None:
    """Put one line into a figure."""
    import plotext

    # The number of the ink rides in the blue channel: plotext says it again for each run of cells.
    styled = plotext.marker(marker, pixel=plotext.pixel(foreground=(0, 0, ink)))
    points = (np.frombuffer(part).tolist() for part in (x, y))
    signal = figure.signal(*points, marker=styled).lines().density("full")
    for index in np.flatnonzero(np.frombuffer(first, dtype=np.bool_)).tolist():
        signal.line(index, False)
    figure.draw(signal)


def _figure(width: int, height: int) -> Any:
    """A plotext figure that is all canvas, over the unit square."""
    import plotext  # 50 ms, which the first picture of a new run, without a curve, can do without

    figure = type(plotext.figure)(_unlimited())
    figure.plot_size(width, height)
    figure.theme("colorless")
    figure.axes(False)
    for axis in ("x", "y"):
        ruler = figure.ruler(axis, 0)
        ruler.lim(0.0, 1.0)
        ruler.alignment("edge")
        ruler.ticks([], [])
    return figure


@cache
def _unlimited() -> Any:
    """The parent that every figure needs: it only says that sizes are not cut to the real terminal's."""
    import plotext

    return type(plotext.terminal)().limit(False, False)
