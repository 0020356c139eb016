"""The four correlations of the gate: over time, and what they mean, at the cursor or else the newest."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace

import numpy as np
from rich.text import Text

from gwt_ib.text import number
from gwt_ib_tui.charts.curves import Curve, Level
from gwt_ib_tui.charts.lines import draw
from gwt_ib_tui.charts.palette import Palette
from gwt_ib_tui.charts.rho_words import rho_sentence
from gwt_ib_tui.charts.traces import moving_average
from gwt_ib_tui.charts.view import ChartView
from gwt_ib_tui.state.compare.comparison import newest
from gwt_ib_tui.state.history.series import Column
from gwt_ib_tui.state.run.run_view import RunView
from gwt_ib_tui.widgets.chart_panel import ChartPanel, chart_title
from gwt_ib_tui.widgets.panel import indented
from gwt_ib_tui.widgets.readings import place_words, read

RHOS = {
    "rho_td_c": "|td| with c",
    "rho_tail": "the same in the top 20 %",
    "rho_td_dc": "|td| with δc",
    "rho_tail_dc": "the same in the top 20 %",
}
LEAST_FRAMED = 5  # lines from which a chart has an axis below
NAMES = {name: name.removeprefix("rho_") for name in RHOS}
NAME_CELLS = 1 + max(map(len, NAMES.values()))
LEAST_NAMED = 24  # cells from which the lines' names stand at their ends


class RhoChart(ChartPanel):
    """The four over the run; the name at the right end of each tells them apart without colour.

    Axis, window, smoothing and symbols are those of all charts; the y axis is always that of a correlation.
    """

    def seen(self, view: ChartView) -> Hashable:
        """There is no other y axis here."""
        return replace(view, log_y=False, outliers="shown")

    def lines(self, run_view: RunView, width: int, height: int) -> list[Text]:
        """A title, the chart, the names beside it."""
        palette, series, view = self.palette, run_view.series, self.view
        smooth = [Column.flat(moving_average(series.column(name).mean, view.smoothing)) for name in RHOS]
        colors = rho_colors(palette)
        curves = list(map(Curve, smooth, colors))[::-1]  # the first is on top
        zero, flat = [Level(0.0, palette.frame)], replace(view, log_y=False, outliers="shown", smoothing=0.0)
        x, room = series.column(view.x_axis), width - (NAME_CELLS if width >= LEAST_NAMED else 0)
        drawn = draw(
            x, curves, zero, room, height - 1, frame=palette.frame, y_range=(-1.0, 1.0), view=flat, coarse=True
        )
        if room < width:
            values = [newest(column) for column in smooth]
            ends = end_labels([None if value is None else drawn.y_at(value) for value in values], drawn.rows)
            for row, line in enumerate(drawn.lines):
                which = ends.get(row)
                name = "" if which is None else f" {tuple(NAMES.values())[which]}"
                line.append(name.ljust(width - room), style="" if which is None else colors[which])
        words = "correlations with |td|" if view.cursor is None else f"at {place_words(view.cursor, view.x_axis)}"
        return [chart_title(palette, "rho", [], [Text(words, style=palette.dim)], width), *drawn.lines]


class RhoWords(ChartPanel):
    """The four numbers of one moment, and one sentence that says what they mean together."""

    period = 0.0  # it is no chart, and cheap

    def seen(self, view: ChartView) -> Hashable:
        """The moment only."""
        return view.cursor, view.x_axis

    def depends_on(self, run_view: RunView) -> Hashable:
        """The four numbers only."""
        return self._values(run_view)

    def lines(self, run_view: RunView, width: int, height: int) -> list[Text]:
        """The numbers, then the sentence; the sentence alone, which has most of them, where there is no room for both."""
        palette, view = self.palette, self.view
        values, at = self._values(run_view)
        names, colors = Text(), rho_colors(palette)
        for name, value, color in zip(RHOS, values, colors, strict=True):
            names.append(f" {name} ", style=color)
            names.append(f"{number(value)} ", style=f"bold {palette.text}")
            if width >= 110 and name in ("rho_td_c", "rho_td_dc"):
                names.append(f"({RHOS[name]}) ", style=palette.frame)
        if names.cell_len > width:
            shorter = (f" {name} {number(value)}" for name, value in zip(NAMES.values(), values, strict=True))
            names = Text(" ").join(map(Text, shorter, colors))
        place = "" if at is None else f"At {place_words(at, view.x_axis)}: "
        sentence = Text.assemble((place, f"bold {palette.text}"), (rho_sentence(*values), palette.text))
        said = indented(sentence, width)
        return [names, *said] if len(said) < height else said

    def _values(self, run_view: RunView) -> tuple[tuple[float | None, ...], float | None]:
        """The four at the cursor and where that is, or the newest four."""
        if self.view.cursor is None:
            return tuple(run_view.metric(name) for name in RHOS), None
        series, view = run_view.series, self.view
        found = [read(name, series.column(view.x_axis), series.column(name), view.cursor) for name in RHOS]
        at = None if found[0] is None else found[0].x
        return tuple(None if readout is None else readout.value for readout in found), at


def rho_colors(palette: Palette) -> tuple[str, str, str, str]:
    """A colour for each, in the order of `RHOS`."""
    return palette.line, palette.good, palette.prior, palette.second


def end_labels(places: Sequence[float | None], rows: int) -> dict[int, int]:
    """The row (0 at the top, of `rows`) beside which each line's name stands; `places` go from 0 at the bottom to 1.

    Names of lines that end in one row are moved apart, to the nearest free one, and stay in the lines' order; none and
    NaN have none.
    """
    known = [which for which, place in enumerate(places) if place is not None and np.isfinite(place)][:rows]
    taken: list[tuple[int, int]] = []
    for which in sorted(known, key=lambda which: -(places[which] or 0.0)):
        wanted = min(max(int((1.0 - (places[which] or 0.0)) * rows), 0), rows - 1)
        taken.append((max(wanted, taken[-1][0] + 1) if taken else wanted, which))
    # What was moved down beyond the last row moves up again, with all that is then in its way.
    last = rows - 1
    found = {}
    for row, which in reversed(taken):
        last = min(row, last)
        found[last] = which
        last -= 1
    return found
