"""The curves of several runs, one over the other: in their own colours, or as mean and band over the seeds; pure."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterator
from dataclasses import dataclass

import numpy as np

from gwt_ib_tui.charts.axes import Range
from gwt_ib_tui.charts.curves import Curve
from gwt_ib_tui.charts.palette import Palette, blend
from gwt_ib_tui.charts.view import ChartView, XAxis
from gwt_ib_tui.state.compare.comparison import Comparison, OverSeeds, Spread, over_seeds
from gwt_ib_tui.state.compare.run_set import RunEntry
from gwt_ib_tui.state.history.series import Column, Doubles

BEHIND = 0.3  # how far a line that is not the chosen one's has gone over into what is under it
LETTERS_SHOWN = 4

_Found = tuple[list[RunEntry], str, Column, Column, tuple[Doubles, Doubles] | None]
"""A group of runs, the letters of its line, x, y and the band."""


@dataclass(frozen=True, eq=False)
class ComparedCurve:
    """One line: of a run, or of a setting's seeds, which `letter` names.

    `front` says that the chosen run is in it: it is drawn over the others. `based` says so of the baseline.
    """

    letter: str
    color: str
    front: bool
    based: bool
    curve: Curve
    x: Column


def compared_curves(
    comparison: Comparison, metric: str, axis: XAxis, palette: Palette, setting: int | None = None
) -> list[ComparedCurve]:
    """The lines of one metric, each in the colour of its first run, those of the chosen run last.

    `setting` is the number of the only one whose runs are shown; by default all are.
    """
    make = _of_settings if comparison.grouped else _of_runs
    lines = []
    for group, letters, x, y, band in make(comparison, metric, axis):
        if setting not in (None, group[0].group):
            continue
        front, color = comparison.chosen_run in group, run_color(group[0], palette)
        shown = color if front else blend(color, palette.on_chip, BEHIND)
        curve = Curve(y, shown, x, band, group[0].letter)
        lines.append(ComparedCurve(letters, color, front, comparison.baseline_run in group, curve, x))
    return sorted(lines, key=lambda line: line.front)


def run_color(entry: RunEntry, palette: Palette) -> str:
    """The colour that a run has everywhere."""
    return palette.runs[entry.color % len(palette.runs)]


def group_letters(entries: list[RunEntry]) -> str:
    """The letters of a setting's runs together: `ABD`, or the first of them."""
    letters = "".join(entry.letter for entry in entries)
    return letters if len(letters) <= LETTERS_SHOWN else letters[: LETTERS_SHOWN - 1] + "…"


def _of_runs(comparison: Comparison, metric: str, axis: XAxis) -> Iterator[_Found]:
    for entry in comparison.runs.entries:
        series = entry.run_view.series
        yield [entry], entry.letter, series.column(axis), series.column(metric), None


def _of_settings(comparison: Comparison, metric: str, axis: XAxis) -> Iterator[_Found]:
    for places in comparison.runs.groups:
        group = [comparison.runs.entries[place] for place in places]
        found = _over_seeds(group, metric, axis, comparison.spread)
        if found is None:
            continue
        # Of one seed there is no band, and where the band has no height it would only hide the line.
        band = (found.low, found.high) if np.nanmax(found.count) > 1 else None
        yield group, group_letters(group), Column.flat(found.x), Column.flat(found.mean), band


def shared_range(comparison: Comparison, metric: str, view: ChartView, palette: Palette) -> tuple[Range, Range] | None:
    """The window and the values in it that all lines of a metric have together, so that charts side by side compare."""
    found = compared_curves(comparison, metric, view.x_axis, palette)
    every = [(line.x.mean, edge) for line in found for edge in (line.curve.column.mean, *(line.curve.band or ()))]
    known = [(x[at], y[at]) for x, y in every if (at := np.isfinite(x) & np.isfinite(y)).any()]
    if not known:
        return None
    x, y = (np.concatenate(parts) for parts in zip(*known, strict=True))
    window = view.window(float(x.min()), float(x.max()))
    inside = y[(x >= window[0]) & (x <= window[1])]
    if not inside.size:
        return None
    return (float(x.min()), float(x.max())), (float(inside.min()), float(inside.max()))


_KEPT: OrderedDict[Hashable, OverSeeds | None] = OrderedDict()
MOST_KEPT = 256


def _over_seeds(group: list[RunEntry], metric: str, axis: XAxis, spread: Spread) -> OverSeeds | None:
    """Kept for the next time, as every chart is drawn again for a new row of any run."""
    series = [one.run_view.series for one in group]
    key = (tuple((one.store_id, one.rows) for one in series), metric, axis, spread)
    if key not in _KEPT:
        _KEPT[key] = over_seeds([(one.column(axis), one.column(metric)) for one in series], spread=spread)
    _KEPT.move_to_end(key)
    while len(_KEPT) > MOST_KEPT:
        _KEPT.popitem(last=False)
    return _KEPT[key]
