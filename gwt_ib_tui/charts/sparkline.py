"""Sparklines: a series in one row of cells, between its own least and largest value; pure."""

from __future__ import annotations

import numpy as np

from gwt_ib_tui.charts.axes import LARGEST, Range, Scale
from gwt_ib_tui.charts.glyphs import GLYPHS, Glyphs
from gwt_ib_tui.charts.traces import Trace
from gwt_ib_tui.charts.view import Symbols
from gwt_ib_tui.state.history.series import Column, Doubles


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
