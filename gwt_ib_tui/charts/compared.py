"""The curves of several runs, one over the other: in their own colours, or as mean and band over the seeds; pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gwt_ib.runs.metrics import SPARSE
from gwt_ib_tui.charts.blending import blend
from gwt_ib_tui.charts.lines import Curve
from gwt_ib_tui.charts.palette import Palette
from gwt_ib_tui.charts.view import XAxis
from gwt_ib_tui.state.compare.comparison import Comparison
from gwt_ib_tui.state.compare.over_runs import over_seeds
from gwt_ib_tui.state.compare.run_set import RunEntry
from gwt_ib_tui.state.history.series import Column

BEHIND = 0.3  # how far a line that is not the chosen one's has gone over into what is under it
SIGNS_SHOWN = 4


@dataclass(frozen=True, eq=False)
class ComparedCurve:
    """One line: of a run, or of a setting's seeds, which `sign` names.

    `front` says that the chosen run is in it: it is drawn over the others. `based` says so of the baseline.
    """

    sign: str
    color: str
    front: bool
    based: bool
    curve: Curve
    x: Column


def compared_curves(comparison: Comparison, metric: str, axis: XAxis, palette: Palette) -> list[ComparedCurve]:
    """The lines of one metric, those of the chosen run last."""
    make = _of_settings if comparison.grouped else _of_runs
    return sorted(make(comparison, metric, axis, palette), key=lambda found: found.front)


def run_color(entry: RunEntry, palette: Palette) -> str:
    """The colour that a run has everywhere."""
    return palette.runs[entry.color % len(palette.runs)]


def group_sign(entries: list[RunEntry]) -> str:
    """The signs of a setting's runs together: `ABD`, or the first of them."""
    signs = "".join(entry.sign for entry in entries)
    return signs if len(signs) <= SIGNS_SHOWN else signs[: SIGNS_SHOWN - 1] + "…"


def _of_runs(comparison: Comparison, metric: str, axis: XAxis, palette: Palette) -> Iterator[ComparedCurve]:
    for entry in comparison.runs.entries:
        series = entry.run_view.series
        x, front = series.column(axis), entry is comparison.chosen_run
        color = run_color(entry, palette)
        shown = color if front else blend(color, palette.on_chip, BEHIND)
        curve = Curve(series.column(metric), shown, metric in SPARSE, x=x, sign=entry.sign)
        yield ComparedCurve(entry.sign, color, front, entry is comparison.baseline_run, curve, x)


def _of_settings(comparison: Comparison, metric: str, axis: XAxis, palette: Palette) -> Iterator[ComparedCurve]:
    entries, chosen = comparison.runs.entries, comparison.chosen_run
    for places in comparison.runs.groups:
        group = [entries[place] for place in places]
        found = over_seeds(
            [(one.run_view.series.column(axis), one.run_view.series.column(metric)) for one in group],
            sparse=metric in SPARSE,
        )
        if found is None:
            continue
        front = chosen is not None and chosen in group
        based = comparison.baseline_run in group
        color = run_color(group[0], palette)
        mean, x = (Column(values, values, values) for values in (found.mean, found.x))
        # Of one seed there is no band, and where the band has no height it would only hide the line.
        band = (found.low, found.high) if np.nanmax(found.count) > 1 else None
        shown = color if front else blend(color, palette.on_chip, BEHIND)
        curve = Curve(mean, shown, x=x, band=band, sign=group[0].sign)
        yield ComparedCurve(group_sign(group), color, front, based, curve, x)
