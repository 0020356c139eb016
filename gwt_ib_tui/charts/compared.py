"""The curves of several runs, one over the other: in their own colours, or as mean and band over the seeds; pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gwt_ib_tui.charts.lines import Curve
from gwt_ib_tui.charts.palette import Palette, blend
from gwt_ib_tui.charts.view import XAxis
from gwt_ib_tui.state.compare.comparison import Comparison, over_seeds
from gwt_ib_tui.state.compare.run_set import RunEntry
from gwt_ib_tui.state.history.series import Column, Doubles

BEHIND = 0.3  # how far a line that is not the chosen one's has gone over into what is under it
LETTERS_SHOWN = 4


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


def compared_curves(comparison: Comparison, metric: str, axis: XAxis, palette: Palette) -> list[ComparedCurve]:
    """The lines of one metric, those of the chosen run last."""
    make = _of_settings if comparison.grouped else _of_runs
    return sorted(make(comparison, metric, axis, palette), key=lambda found: found.front)


def run_color(entry: RunEntry, palette: Palette) -> str:
    """The colour that a run has everywhere."""
    return palette.runs[entry.color % len(palette.runs)]


def group_letters(entries: list[RunEntry]) -> str:
    """The letters of a setting's runs together: `ABD`, or the first of them."""
    letters = "".join(entry.letter for entry in entries)
    return letters if len(letters) <= LETTERS_SHOWN else letters[: LETTERS_SHOWN - 1] + "…"


def _of_runs(comparison: Comparison, metric: str, axis: XAxis, palette: Palette) -> Iterator[ComparedCurve]:
    for entry in comparison.runs.entries:
        series = entry.run_view.series
        yield _compared(comparison, [entry], entry.letter, series.column(axis), series.column(metric), palette)


def _of_settings(comparison: Comparison, metric: str, axis: XAxis, palette: Palette) -> Iterator[ComparedCurve]:
    for places in comparison.runs.groups:
        group = [comparison.runs.entries[place] for place in places]
        found = over_seeds([(one.run_view.series.column(axis), one.run_view.series.column(metric)) for one in group])
        if found is None:
            continue
        # Of one seed there is no band, and where the band has no height it would only hide the line.
        band = (found.low, found.high) if np.nanmax(found.count) > 1 else None
        x, mean = Column.flat(found.x), Column.flat(found.mean)
        yield _compared(comparison, group, group_letters(group), x, mean, palette, band)


def _compared(
    comparison: Comparison,
    group: list[RunEntry],
    letters: str,
    x: Column,
    column: Column,
    palette: Palette,
    band: tuple[Doubles, Doubles] | None = None,
) -> ComparedCurve:
    """The line of a group of runs, in the colour of the first of them."""
    front, color = comparison.chosen_run in group, run_color(group[0], palette)
    shown = color if front else blend(color, palette.on_chip, BEHIND)
    curve = Curve(column, shown, x, band, group[0].letter)
    return ComparedCurve(letters, color, front, comparison.baseline_run in group, curve, x)
