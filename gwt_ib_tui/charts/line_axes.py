"""The axes of a line chart: which x and which values it reaches, linear or logarithmic, and what it leaves out; pure."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from gwt_ib_tui.charts import axes
from gwt_ib_tui.charts.axes import LARGEST, Range, Scale, Ticks, position, widened
from gwt_ib_tui.charts.curves import Level, Line
from gwt_ib_tui.charts.view import ChartView, XAxis
from gwt_ib_tui.state.history.series import Column, Doubles

CLIPPED = (1.0, 99.0)  # percentiles between which a clipped chart's y axis lies
LEAST_DECADES = 0.1
CELLS_A_TICK = 9
EARLY = 0.1  # of the x axis: what is early
EARLY_FACTOR = 3.0  # an axis that what is early makes so many times longer leaves it out
LEAST_LATER = 20  # rows


def x_extent(columns: Sequence[Doubles], view: ChartView, *, log: bool = False) -> Range:
    """The window, or everything; the axis of everything begins at 0 where the data begins near it.

    With `log` it is that of the logarithms, from the least place above 0 on.
    """
    places = [np.clip(finite(column), -LARGEST, LARGEST) for column in columns]
    first = min((float(place.min()) for place in places if place.size), default=0.0)
    last = max((float(place.max()) for place in places if place.size), default=0.0)
    low, high = view.window(first, last)
    if log:
        least = min(float(place[place > 0.0].min()) for place in places if (place > 0.0).any())
        return widened(math.log10(max(low, least)), math.log10(max(high, least)), 0.0)
    if (low, high) == (first, last) and 0.0 < first < 0.2 * last:
        low = 0.0
    return widened(low, high, 0.0)


def x_ticks(x_range: Range, axis: XAxis, log: bool, columns: int) -> Ticks:
    """How the x axis is labelled, where it is so many cells long."""
    if log:
        ticks = axes.log_ticks(*x_range, max(columns // CELLS_A_TICK, 1))
        labels = [axes.time_label(tick) for tick in ticks] if axis == "elapsed_s" else axes.count_labels(ticks)
        return tuple(zip(Scale(x_range, log=True).places(np.array(ticks)).tolist(), labels, strict=True))
    find = axes.time_ticks if axis == "elapsed_s" else axes.count_ticks
    found = find(*x_range, max(columns // CELLS_A_TICK, 1))
    return tuple((position(value, x_range), label) for value, label in found)


def reached(lines: Sequence[Line]) -> Doubles:
    """All that the y axis is to reach."""
    traces = [trace for line in lines for trace in (line.rows, line.smooth, line.band) if trace is not None]
    return finite(np.concatenate([np.empty(0), *(edge for trace in traces for edge in (trace.low, trace.high))]))


def positive(
    lines: list[Line], values: Doubles, view: ChartView, y_range: Range | None, notes: list[str]
) -> tuple[list[Line], bool]:
    """What the y axis can show, and whether it is logarithmic; why it is not, or what it leaves out, goes to `notes`."""
    if not view.log_y:
        return lines, False
    if y_range is not None and y_range[0] <= 0.0:
        notes.append("log y: the axis has 0")
        return lines, False
    if not (values > 0.0).any():
        notes.append("log y: no positive value")
        return lines, False
    lost = sum(int((line.inside.low <= 0.0).sum()) for line in lines)
    notes += [f"log y: {lost:,} not above 0"] if lost else []
    return [line.positive() for line in lines], True


def in_sight(levels: Sequence[Level], x: Column, window: Range) -> Doubles:
    """The values of the levels that the axis is to reach."""
    inside = (x.mean >= window[0]) & (x.mean <= window[1])
    stretched = [level for level in levels if level.stretch]
    found = [np.array([level.value]) if level.series is None else level.series.mean[inside] for level in stretched]
    return finite(np.concatenate(found)) if found else np.empty(0)


def y_scale(
    lines: Sequence[Line],
    values: Doubles,
    stretched: Doubles,
    window: Range,
    view: ChartView,
    *,
    min_span: float,
    y_range: Range | None,
    log: bool,
    log_x: bool,
) -> tuple[Scale, bool]:
    """The y axis, and whether it leaves any of the `values` out: by `view` the highest and lowest, or early ones.

    It is at least `min_span` long and reaches the `stretched` values of levels, or it is `y_range` where that is given.
    """
    clip, later = view.outliers == "clipped" and y_range is None, values
    if view.outliers == "early" and view.whole and not (log or log_x or y_range):
        later = _without_early(lines, values, stretched, window, min_span)
    return _scale(later, stretched, min_span, y_range, log=log, clip=clip), clip or later is not values


def place_of(x: float | None, *, log: bool) -> float | None:
    """Where x is along the axis; nowhere where it has no logarithm."""
    if x is None or not log:
        return x
    return math.log10(x) if x > 0.0 else None


def logged(x: Column) -> Column:
    """Places on a logarithmic axis; none for what is not above 0."""
    return Column.flat(axes.log10(x.mean))


def finite(values: Doubles) -> Doubles:
    """Those that are numbers."""
    return values[np.isfinite(values)]


def _scale(
    values: Doubles, stretched: Doubles, min_span: float, y_range: Range | None, *, log: bool, clip: bool
) -> Scale:
    """The y axis: of the values, or of most of them, and of the levels that it is to reach."""
    if y_range is not None:
        low, high = y_range
        return Scale((math.log10(low), math.log10(high)), log=True) if log else Scale(y_range)
    if log:
        values, stretched, min_span = axes.log10(values), finite(axes.log10(stretched)), LEAST_DECADES
    values = np.clip(values, -LARGEST, LARGEST)
    if clip:
        values = np.percentile(values, CLIPPED)
        # With the little room that goes with a least length, the ends of a calm curve are not cut off.
        min_span = max(min_span, float(values[1] - values[0]))
    values = np.concatenate([values, np.clip(stretched, -LARGEST, LARGEST)])
    low, high = widened(float(values.min()), float(values.max()), min_span)
    # The room above must not lead to powers beyond the largest float.
    return Scale((low, min(high, math.log10(LARGEST) + 1.0) if log else high), log)


def _without_early(
    lines: Sequence[Line], values: Doubles, stretched: Doubles, window: Range, min_span: float
) -> Doubles:
    """What the y axis is to reach: all values, or only later ones where the early ones would make it much longer."""
    start = window[0] + EARLY * (window[1] - window[0])
    parts = [(line.inside, int(np.searchsorted(line.inside.x, start))) for line in lines]
    if max(len(trace.x) - place for trace, place in parts) < LEAST_LATER:
        return values
    later = finite(np.concatenate([edge[place:] for trace, place in parts for edge in (trace.low, trace.high)]))
    if not later.size:
        return values
    longer = _length(values, stretched) > EARLY_FACTOR * max(_length(later, stretched), min_span)
    return later if longer else values


def _length(*values: Doubles) -> float:
    """From the least to the largest of all."""
    ends = [(float(part.min()), float(part.max())) for part in values if part.size]
    low, high = min((low for low, _ in ends), default=0.0), max((high for _, high in ends), default=0.0)
    return min(high, LARGEST) - max(low, -LARGEST)
