"""What lies over what in a line chart: levels, bands, gaps, raw lines, lines, and what is beyond the edge."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gwt_ib_tui.charts.axes import Range, Scale, positions
from gwt_ib_tui.charts.curves import Level
from gwt_ib_tui.charts.figure import Figure, Frame
from gwt_ib_tui.charts.traces import in_force
from gwt_ib_tui.charts.windowed import Line
from gwt_ib_tui.state.history.series import Column, Doubles


def draw_levels(figure: Figure, layout: Frame, levels: Sequence[Level], x: Column, window: Range, scale: Scale) -> None:
    """Each level; one that changed has in every cell the value that held there."""
    middles = (np.arange(layout.canvas_width) + 0.5) / layout.canvas_width
    at = window[0] + middles * (window[1] - window[0])
    for level in levels:
        figure.levels(scale.places(_level_at(level, x, at)), level.color)


def draw_lines(
    figure: Figure, layout: Frame, lines: Sequence[Line], window: Range, scale: Scale, raw_color: str, *, averaged: bool
) -> None:
    """Areas, then the signs of gaps, then raw lines, then the lines themselves: each over what was before.

    With `averaged` a line goes through the mean of each dot column, else through the least and the largest value.
    """
    columns, glyphs = layout.columns, layout.glyphs
    for line in lines:
        if line.band is not None:
            low, high = line.band.reduced(window, scale, columns).spread(columns)
            figure.stipple(low, high, line.curve.color)
    reduced = [line.rows.reduced(window, scale, columns, averaged=averaged) for line in lines]
    for line, rows in zip(lines, reduced, strict=True):
        if not line.curve.sparse:
            figure.gaps(rows.x[rows.gap])
    for line, rows in zip(lines, reduced, strict=True):
        if line.smooth is not None:
            figure.shadow(*rows.spread(columns), raw_color, glyphs.raw)
    for place, (line, rows) in enumerate(zip(lines, reduced, strict=True)):
        shown = rows if line.smooth is None else line.smooth.reduced(window, scale, columns, averaged=averaged)
        points, values, breaks = shown.path()
        color, sign = line.curve.color, line.curve.sign
        if line.dots:
            figure.points(points[~breaks], values[~breaks], color, sign)
            continue
        figure.path(points, values, breaks, color, glyphs.lines[place % len(glyphs.lines)])
        if sign:
            figure.points(points[~breaks][-1:], values[~breaks][-1:], color, sign)


def draw_hidden(figure: Figure, lines: Sequence[Line], window: Range, scale: Scale) -> int:
    """A sign at the edge where a clipped axis leaves values out; returns how many rows have one."""
    low, high = scale.limits
    limits = (10.0**low, 10.0**high) if scale.log else (low, high)
    hidden = 0
    for line in lines:
        below, above = line.inside.outside(limits)
        hidden += int((below | above).sum())
        for outside, up in ((below, False), (above, True)):
            figure.beyond(positions(line.inside.x[outside], window), above=up, color=line.curve.color)
    return hidden


def _level_at(level: Level, x: Column, at: Doubles) -> Doubles:
    """A level's value at each place along x."""
    if level.series is None or not np.isfinite(level.series.mean).any():
        return np.full(len(at), level.value)
    return in_force(x.mean, level.series.mean, at)
