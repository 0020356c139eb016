"""The lines of a chart, drawn by plotext on the dots of its cells; one figure for all of them."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import numpy.typing as npt
import plotext

from gwt_ib_tui.charts.glyphs import Cells, Codes, Glyphs
from gwt_ib_tui.state.series import Doubles

# The parent that every figure needs; it holds no plot of ours, only that sizes are not cut to the real terminal's.
_UNLIMITED = type(plotext.terminal)().limit(False, False)
ROUNDING = 1e-3  # dots: a constant whose digits differ at the end lies on one row of dots, not on two
_STYLE = re.compile("\x1b\\[([0-9;]*)m")


class Paths:
    """Lines on a canvas of `width` x `height` cells; nothing is shared between charts or threads."""

    def __init__(self, width: int, height: int, glyphs: Glyphs) -> None:
        self._width, self._height, self._glyphs = width, height, glyphs
        self._figure: Any = None

    def add(self, x: Doubles, y: Doubles, breaks: npt.NDArray[np.bool_], ink: int, sign: str) -> None:
        """A line through points of the unit square, over what was added before; one marked in `breaks` is a gap.

        It is made of `sign` where a cell is a single dot. `ink`, below 256, comes back with the cells that it crosses.
        """
        x, y, first = self._dots(x, y, breaks)
        if not len(x):
            return
        if self._figure is None:
            self._figure = _figure(self._width, self._height)
        # The number of the ink rides in the blue channel: plotext says it again for each run of cells.
        marker = plotext.marker(self._glyphs.marker or sign, pixel=plotext.pixel(foreground=(0, 0, ink)))
        signal = self._figure.signal(x.tolist(), y.tolist(), marker=marker).lines().density("full")
        for index in np.flatnonzero(first).tolist():
            signal.line(index, False)
        self._figure.draw(signal)

    def drawn(self) -> tuple[Codes, Cells]:
        """The characters, spaces where no line is, and the ink of each; shape [height, width] both."""
        codes = np.full((self._height, self._width), ord(" "), dtype=np.uint32)
        inks = np.zeros((self._height, self._width), dtype=np.int64)
        if self._figure is not None:
            for row, line in enumerate(self._figure.build().string().split("\n")[: self._height]):
                words = _STYLE.split(line)
                text = "".join(words[::2])[: self._width]
                runs = [(int(style.rpartition(";")[2] or 0), len(run)) for style, run in _runs(words) if run]
                codes[row, : len(text)] = np.frombuffer(text.encode("utf-32-le"), dtype="<u4")
                inks[row, : len(text)] = np.repeat([ink for ink, _ in runs], [size for _, size in runs])[: self._width]
        return codes, inks

    def _dots(
        self, x: Doubles, y: Doubles, breaks: npt.NDArray[np.bool_]
    ) -> tuple[Doubles, Doubles, npt.NDArray[np.bool_]]:
        """The middles of the dots that a line bends at, and which of them begin a new piece.

        plotext's time goes by points, so those that change nothing are left out.
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
        moved = np.diff(bends, axis=1, prepend=-1.0)
        bends = bends[:, moved.any(axis=0)]
        right, up, piece = np.diff(bends, axis=1)
        level = (up == 0) & (piece == 0)
        between = np.zeros(bends.shape[1], dtype=bool)
        between[1:-1] = level[:-1] & level[1:] & (right[:-1] * right[1:] > 0)
        column, row, pieces = bends[:, ~between]
        return (column + 0.5) / across, (row + 0.5) / down, np.diff(pieces, prepend=-1.0) != 0


def _runs(words: list[str]) -> list[tuple[str, str]]:
    """Each run of cells with the style before it; the first has none."""
    return list(zip(["", *words[1::2]], words[::2], strict=True))


def _figure(width: int, height: int) -> Any:
    """A plotext figure that is all canvas, over the unit square."""
    figure = type(plotext.figure)(_UNLIMITED)
    figure.plot_size(width, height)
    figure.theme("colorless")
    figure.axes(False)
    for axis in ("x", "y"):
        ruler = figure.ruler(axis, 0)
        ruler.lim(0.0, 1.0)
        ruler.alignment("edge")
        ruler.ticks([], [])
    return figure
