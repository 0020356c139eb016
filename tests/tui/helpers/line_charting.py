"""A line chart drawn for a test, and what is to be seen of it."""

from __future__ import annotations

import math

import numpy as np

from gwt_ib_tui.charts.curves import Curve
from gwt_ib_tui.charts.lines import Drawn, draw
from gwt_ib_tui.charts.view import ChartView, Symbols
from gwt_ib_tui.state.history.series import Column

BLUE, YELLOW, ORANGE, GRAY, FAINT = "#0000ff", "#ffff00", "#ff8800", "#888888", "#223344"
NAN = math.nan
WIDE, TALL = (60, 9), (24, 30)  # a transposed axis fits into neither as it fits into the other
WHOLE = ChartView()
ALL: tuple[Symbols, ...] = ("braille", "block", "ascii")


def exact(values: object, sparse: bool = False) -> Column:
    return Column.flat(np.asarray(values, dtype=float), sparse=sparse)


def chart(values: object, size: tuple[int, int] = WIDE, view: ChartView = WHOLE, **options: object) -> Drawn:
    """A chart of one curve, one row a step; `x`, `sparse`, `band` and what `draw` takes are options."""
    array = np.asarray(values, dtype=float)
    x = exact(options.pop("x", np.arange(len(array), dtype=float)))
    column = exact(array, bool(options.pop("sparse", False)))
    curve = Curve(column, BLUE, **{name: options.pop(name) for name in ("band", "letter") if name in options})
    levels = options.pop("levels", [])
    drawn = draw(x, [curve], levels, *size, frame=GRAY, view=view, raw_color=FAINT, **options)
    assert len(drawn.lines) == size[1] and {line.cell_len for line in drawn.lines} == {size[0]}
    return drawn


def canvas(drawn: Drawn) -> list[str]:
    """The cells beside the labels and over the axis."""
    return [line.plain[drawn.margin :] for line in drawn.lines[:-2]]


def painted(drawn: Drawn, color: str) -> np.ndarray:
    """Which cells of the canvas have a colour; shape [rows, columns]."""
    cells = np.zeros((len(drawn.lines) - 2, drawn.cells), dtype=bool)
    for row, line in enumerate(drawn.lines[:-2]):
        for span in line.spans:
            if str(span.style) == color:
                cells[row, span.start - drawn.margin : span.end - drawn.margin] = True
    return cells


def drawn_half(drawn: Drawn) -> int:
    return drawn.cells // 2


def used(cells: np.ndarray) -> np.ndarray:
    """The rows from the first to the last that have something: an axis may be a little longer than its data."""
    rows = np.flatnonzero(cells.any(axis=1))
    return cells[rows[0] : rows[-1] + 1]


def y_labels(drawn: Drawn) -> list[float]:
    return [float(line.plain.split("┤")[0]) for line in drawn.lines if "┤" in line.plain]
