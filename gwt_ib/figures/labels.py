"""Labels at the ends of the lines of a panel, where there is room for them: they are read faster than a legend."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gwt_ib.figures.figure import Panel, Series
from gwt_ib.figures.styles import Style

MOST_LABELS = 6
MOST_OF_WIDTH = 0.26
"""Of a figure's width, for the longest label."""
AT_END = 0.97
"""A line that ends before this share of the axis has no label at the axis' end."""
GAP_PT = 4.0


def place_labels(sheet: Any, pane: Any, panel: Panel, style: Style) -> frozenset[str]:
    """Write the lines' labels at their right ends, and give those that stand there: all of them, or none."""
    lines = [series for series in panel.series if series.form in ("line", "level") and np.isfinite(series.mean).any()]
    if not 1 < len(lines) <= MOST_LABELS or panel.x.scale == "surprise" or not _reach_the_end(lines):
        return frozenset()
    ends = [float(series.mean[np.isfinite(series.mean)][-1]) for series in lines]
    texts = [
        pane.annotate(
            series.shown, (1.0, end), (GAP_PT, 0.0), xycoords=("axes fraction", "data"), textcoords="offset points",
            ha="left", va="center", fontsize=style.size - 1, annotation_clip=False, color=_color(series, style),
        )
        for series, end in zip(lines, ends, strict=True)
    ]  # fmt: skip
    sheet.draw_without_rendering()
    boxes = [text.get_window_extent() for text in texts]
    low, high = pane.bbox.y0, pane.bbox.y1
    places = spread([(box.y0 + box.y1) / 2 for box in boxes], max(box.height for box in boxes) * 1.05, low, high)
    if places is None or max(box.width for box in boxes) > MOST_OF_WIDTH * sheet.bbox.width:
        for text in texts:
            text.remove()
        return frozenset()
    for text, box, place in zip(texts, boxes, places, strict=True):
        points = (place - (box.y0 + box.y1) / 2) * 72 / sheet.dpi
        text.set_position((GAP_PT, points))
    return frozenset(series.label for series in lines)


def spread(places: Sequence[float], height: float, low: float, high: float) -> list[float] | None:
    """Places from `low` to `high`, as near to the wanted ones as labels of this height allow; None without the room."""
    if len(places) * height > high - low:
        return None
    order = np.argsort(places, kind="stable")
    # Blocks of labels that touch; a block lies at the mean of what its labels want, inside the axes.
    blocks: list[tuple[float, int]] = []
    for place in order:
        middle, count = float(places[place]), 1
        while True:
            middle = min(max(middle, low + count * height / 2), high - count * height / 2)
            if not blocks or blocks[-1][0] + (blocks[-1][1] + count) * height / 2 <= middle:
                break
            before, several = blocks.pop()
            middle, count = (before * several + middle * count) / (several + count), several + count
        blocks.append((middle, count))
    result = [0.0] * len(places)
    rising = iter(order.tolist())
    for middle, count in blocks:
        for number in range(count):
            result[next(rising)] = middle + (number - (count - 1) / 2) * height
    return result


def _reach_the_end(lines: Sequence[Series]) -> bool:
    ends = [float(series.x[np.isfinite(series.mean)][-1]) for series in lines]
    first = min(float(series.x[0]) for series in lines)
    return min(ends) - first >= AT_END * (max(ends) - first)


def _color(series: Series, style: Style) -> str:
    return style.text if series.form == "level" else style.color(series.look)
