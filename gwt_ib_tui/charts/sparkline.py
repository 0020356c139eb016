"""A trend in one line of text: numbers and a width in, a string out."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gwt_ib_tui.charts.axes import LARGEST, Range, positions
from gwt_ib_tui.charts.glyphs import GLYPHS, Glyphs
from gwt_ib_tui.charts.view import Symbols
from gwt_ib_tui.state.history.series import Column, Doubles


def sparkline(x: Column, y: Column, width: int, *, sparse: bool = False, symbols: Symbols = "braille") -> str:
    """`y` over `x` in exactly `width` cells, between its own least and largest value.

    In braille each column of dots reaches from the least to the largest of its values, so that no peak is lost; in other
    symbols it is a bar as high as their middle. A column of nulls alone is blank; one without rows lies on the line
    between its neighbours, as do the nulls of a `sparse` metric.
    """
    if width < 1:
        return ""
    keep = np.isfinite(x.mean)
    if sparse:
        keep &= np.isfinite(y.mean)
    glyphs = GLYPHS[symbols]
    dotted = glyphs.across > 1 and glyphs.down > 2
    columns = width * (glyphs.across if dotted else 1)
    along, least, largest = (_bounded(values[keep]) for values in (x.mean, y.low, y.high))
    low, high = _reduced(along, least, largest, columns)
    if not np.isfinite(low).any():
        return " " * width
    limits = (float(np.nanmin(low)), float(np.nanmax(high)))
    limits = _not_empty(limits)
    return _dots(low, high, limits, glyphs) if dotted else _bars((low + high) / 2, limits, glyphs)


def _bounded(values: Doubles) -> Doubles:
    """Without infinities, and so that no difference overflows."""
    result: Doubles = np.clip(np.where(np.isfinite(values), values, np.nan), -LARGEST, LARGEST)
    return result


def _not_empty(limits: Range) -> Range:
    """The same, or a range about a constant, which then lies in the middle."""
    low, high = limits
    room = 0.0 if low < high else max(abs(low), 1.0)
    return low - room, high + room


def _reduced(x: Doubles, low: Doubles, high: Doubles, columns: int) -> tuple[Doubles, Doubles]:
    """The least and the largest value of each column; NaN where there is none."""
    least, largest = np.full(columns, np.nan), np.full(columns, np.nan)
    if not len(x):
        return least, largest
    span = (float(x.min()), float(x.max()))
    owner = np.minimum((positions(x, _not_empty(span)) * columns).astype(np.int64), columns - 1)
    order = np.argsort(owner, kind="stable")
    owned, starts = np.unique(owner[order], return_index=True)
    least[owned] = np.fmin.reduceat(low[order], starts)
    largest[owned] = np.fmax.reduceat(high[order], starts)
    return _filled(least, owned), _filled(largest, owned)


def _filled(values: Doubles, owned: npt.NDArray[np.int64]) -> Doubles:
    """Columns without rows, between two that have some, get what the line between these has there."""
    between = np.arange(owned[0], owned[-1] + 1)
    values[between] = np.interp(between, owned, values[owned])
    return values


def _dots(low: Doubles, high: Doubles, limits: Range, glyphs: Glyphs) -> str:
    top = glyphs.down - 1
    first, last = (np.rint(np.nan_to_num(positions(ends, limits)) * top) for ends in (low, high))
    rows = np.arange(top, -1, -1)[:, np.newaxis]
    lit = (rows >= first) & (rows <= last) & np.isfinite(low)
    cells = lit.reshape(glyphs.down, -1, glyphs.across)
    bits = (cells * glyphs.weights[:, np.newaxis, :]).sum(axis=(0, 2))
    return "".join(" " if not bit else chr(glyphs.codes[bit]) for bit in bits)


def _bars(middle: Doubles, limits: Range, glyphs: Glyphs) -> str:
    top = len(glyphs.bars) - 1
    heights = 1 + np.rint(np.nan_to_num(positions(middle, limits)) * (top - 1)).astype(np.int64)
    return "".join(
        glyphs.bars[height] if known else " " for height, known in zip(heights, np.isfinite(middle), strict=True)
    )
