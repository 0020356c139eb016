"""The TD->gate curve as a pure function: a curve, perhaps an earlier one beside it, and a size in; lines out."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from rich.text import Text

from gwt_ib_tui.charts.axes import Scale, Ticks
from gwt_ib_tui.charts.figure import Figure, Frame, blank_chart, canvas_rows, layout_of, most_ticks
from gwt_ib_tui.charts.palette import Palette
from gwt_ib_tui.charts.view import Symbols
from gwt_ib_tui.state.history.gate_history import GateCurve
from gwt_ib_tui.state.history.series import Doubles


def gate_chart(
    curve: GateCurve | None,
    target: float | None,
    width: int,
    height: int,
    palette: Palette,
    ghost: GateCurve | None = None,
    count_rows: int = 1,
    symbols: Symbols = "braille",
) -> list[Text]:
    """c by |td_norm|: the mean as a line on its spread, the prior dashed, the target dotted, counts as bars below.

    Every bin is equally wide, as the bins are finest where most steps are. `ghost` is an earlier curve, whose mean is
    drawn as separate dots. Exactly `height` lines of `width` cells, `count_rows` of them bars where there is room.
    """
    if width < 1 or height < 1:
        return []
    if curve is None or not np.isfinite(curve.c).any():
        return blank_chart("waiting for data", width, height, palette.frame)
    bars = count_rows if height >= 7 + count_rows else 0
    room = width, height - bars
    scale = Scale((0.0, 1.0)).evened(canvas_rows(*room), most_ticks(*room))
    layout = layout_of(*room, scale, partial(_edge_ticks, curve.edges), symbols)
    figure = Figure(layout, palette.frame)
    centres = (np.arange(len(curve.c)) + 0.5) / len(curve.c)
    dots = (np.arange(layout.columns) + 0.5) / layout.columns
    low, high = (np.clip(_between(dots, centres, curve.c + side * curve.c_std), 0.0, 1.0) for side in (-1, 1))
    figure.stipple(scale.places(low), scale.places(high), palette.band)
    if target is not None:
        figure.level(scale.places(np.full(layout.canvas_width, min(max(target, 0.0), 1.0))), palette.target)
    if ghost is not None:
        _draw_ghost(figure, dots, ghost, curve.edges, scale, palette.second)
    mean = scale.places(_between(dots, centres, curve.c))
    figure.path(dots, mean, ~np.isfinite(mean), palette.line)
    figure.dashes(dots, scale.places(_between(dots, centres, curve.prior)), palette.prior)
    lines = figure.lines()
    lines[layout.canvas_height : layout.canvas_height] = count_lines(curve.count, layout, bars, palette.frame)
    return lines


def count_lines(counts: Doubles, layout: Frame, rows: int, frame: str) -> list[Text]:
    """How many steps are in each bin, on a logarithmic scale, as bars in `rows` lines beside the layout's canvas."""
    place = (np.arange(layout.canvas_width) + 0.5) / layout.canvas_width
    owner = np.minimum((place * len(counts)).astype(int), len(counts) - 1)
    share = np.log1p(np.maximum(counts, 0.0)) / max(math.log1p(float(counts.max())), 1e-9)
    glyphs = layout.glyphs.bars
    top = len(glyphs) - 1
    heights = np.minimum(np.ceil(share * top * rows), top * rows).astype(int)[owner]
    margin = layout.margin - 1
    lines = []
    for row in range(rows):
        label = ("n" if row == rows - 1 else "").rjust(margin)[:margin] + layout.glyphs.side if layout.framed else ""
        cells = np.clip(heights - top * (rows - 1 - row), 0, top)
        text = Text(label + "".join(glyphs[cell] for cell in cells), style=frame, no_wrap=True, end="")
        text.truncate(layout.width, pad=True)
        lines.append(text)
    return lines


def _draw_ghost(figure: Figure, dots: Doubles, ghost: GateCurve, edges: Doubles, scale: Scale, color: str) -> None:
    """The ghost's mean at the same |td_norm|; its own bins may be others, in a file of another version."""
    bins = len(edges) - 1
    if np.array_equal(ghost.edges, edges):
        own = dots
    else:
        td = np.interp(dots, np.linspace(0.0, 1.0, bins + 1), edges)
        own = np.interp(td, ghost.edges, np.linspace(0.0, 1.0, len(ghost.edges)))
    mean = scale.places(_between(own, (np.arange(len(ghost.c)) + 0.5) / len(ghost.c), ghost.c))
    seen = np.isfinite(mean) & (np.arange(len(dots)) % 3 == 0)
    figure.dots(dots[seen], mean[seen], color, figure.layout.glyphs.ghost)


def _between(x: Doubles, centres: Doubles, values: Doubles) -> Doubles:
    """`values` at `x` by straight lines between neighbours that both have one; a lone bin is drawn as wide as it is."""
    bins = len(centres)
    own = np.minimum((x * bins).astype(np.int64), bins - 1)
    other = np.clip(own + np.where(x >= centres[own], 1, -1), 0, bins - 1)
    weight = np.abs(x - centres[own]) * bins
    there = np.where(np.isfinite(values[other]), values[other], values[own])
    result: Doubles = values[own] * (1 - weight) + there * weight
    return result


def _edge_ticks(edges: Doubles, columns: int) -> Ticks:
    """Ticks of the gate chart: round values of |td_norm| at their places among bins of equal width."""
    wanted = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0, 2.0, 3.0, 5.0, 10.0) if columns >= 50 else (0.0, 0.5, 1.0, 2.0, 5.0, 10.0)
    values = [value for value in wanted if edges[0] <= value <= edges[-1]]
    if len(values) < 2:
        values = [float(edges[0]), float(edges[-1])]
    places = np.interp(values, edges, np.linspace(0.0, 1.0, len(edges)))
    return tuple((float(place), f"{value:.3g}") for place, value in zip(places, values, strict=True))
