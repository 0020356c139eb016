"""The panels of the gate: its curve now; and at any time of the training, with the distribution of c over all of it."""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np
from rich.text import Text
from textual.reactive import reactive

from gwt_ib.lenient import real
from gwt_ib.text import count, number, short_count
from gwt_ib_tui.charts.gate_chart import gate_chart
from gwt_ib_tui.charts.glyphs import GLYPHS
from gwt_ib_tui.charts.heat_map import HeatMarks, heat_map, shade_legend
from gwt_ib_tui.charts.levels import target_c
from gwt_ib_tui.charts.palette import Palette
from gwt_ib_tui.charts.traces import in_force
from gwt_ib_tui.charts.view import ChartView, Scrub, Symbols
from gwt_ib_tui.state.history.gate_history import GateHistory, Moment
from gwt_ib_tui.state.run.run_view import RunView
from gwt_ib_tui.widgets.chart_panel import ChartPanel, TitledChart, chart_title
from gwt_ib_tui.widgets.readings import row_near

COUNT_ROWS_FROM = 12  # a chart this tall has room for bars of two lines


class GateCurvePanel(ChartPanel):
    """The TD->gate curve of the newest update: what the gate does at each size of surprise."""

    def seen(self, view: ChartView) -> Hashable:
        """It has axes of its own."""
        return view.symbols

    def lines(self, run_view: RunView, width: int, height: int) -> list[Text]:
        """A title that is the legend, then the chart."""
        palette, symbols = self.palette, self.view.symbols
        title = chart_title(palette, "TD→gate", [], _legend(symbols, palette), width)
        chart = gate_chart(run_view.curve, target_c(run_view), width, height - 1, palette, symbols=symbols)
        return [title, *chart]


class ScrubbedPanel(TitledChart):
    """A panel that changes with new rows, at most once a second, and at once when the scrub is moved."""

    scrub: reactive[Scrub] = reactive(Scrub(), repaint=False)
    watch_scrub = TitledChart.show_at_once

    def seen(self, view: ChartView) -> Hashable:
        """Time is not an x axis here, but for the heat map's, which is always the whole."""
        return view.symbols

    def moments(self, history: GateHistory) -> tuple[Moment, Moment] | tuple[None, None]:
        """The moment on show and its ghost; none of a history without moments."""
        if not len(history):
            return None, None
        updates = history.updates
        return history.moments[self.scrub.place(updates)], history.moments[self.scrub.ghost_place(updates)]


class TimeBar(ScrubbedPanel):
    """Which moments are on show, in words, and where they lie in the training."""

    period = 0.0  # two lines, and the titles of the panels below are of the same moments

    def lines(self, run_view: RunView, width: int, height: int) -> list[Text]:
        """The words, then a track through the recorded moments."""
        palette, history = self.palette, run_view.gate
        shown, ghost = self.moments(history)
        if shown is None or ghost is None:
            return [Text(" no gate curve yet", style=palette.dim)]
        place, line = self.scrub.place(history.updates), Text()
        for here, there in zip(_words(shown), _words(ghost), strict=True):
            roomy = here == _words(shown)[0]
            line = Text(" ● ", style=f"bold {palette.line}").append(here, style=f"bold {palette.text}")
            line.append(f" · moment {place + 1} of {len(history)}" if roomy else "", style=palette.dim)
            line.append(" · newest" if self.scrub.following else "", style=palette.good)
            line.append("   ○ ", style=f"bold {palette.second}")
            line.append(("ghost: " if roomy else "") + there, style=palette.text)
            if line.cell_len <= width:
                break
        cells, updates = max(width - 2, 1), history.updates
        shown_at, ghost_at = (
            round((moment.update - updates[0]) / ((updates[-1] - updates[0]) or 1.0) * (cells - 1))
            for moment in (shown, ghost)
        )
        track = [("━", palette.line)] * shown_at + [("─", palette.frame)] * (cells - shown_at)
        track[ghost_at] = "○", palette.second
        track[shown_at] = "●", palette.line
        return [line, Text.assemble(" ", *track)]


class MomentPanel(ScrubbedPanel):
    """The TD->gate curve of the moment on show, with the ghost's beside it."""

    def title(self, run_view: RunView, width: int) -> Text:
        """The legend, with the metric mean_c at these moments."""
        palette, roomy, moments = self.palette, width >= 52, self.moments(run_view.gate)
        means = [f" {number(mean_c_then(run_view, moment))}" if moment and roomy else "" for moment in moments]
        c, *others = _legend(self.view.symbols, palette)
        others = [*others, Text("▅n", style=palette.dim)] if roomy else others[:-1]
        legend = [c.append(means[0]), Text(f"∴ghost{means[1]}", style=palette.second), *others]
        return chart_title(palette, "TD→gate", [], legend, width)

    def chart(self, run_view: RunView, width: int, height: int) -> list[Text]:
        """The curve on its spread."""
        shown, ghost = self.moments(run_view.gate)
        curve, behind = (moment.curve if moment else None for moment in (shown, ghost if ghost is not shown else None))
        target, bars = target_then(run_view, shown), 2 if height >= COUNT_ROWS_FROM else 1
        return gate_chart(curve, target, width, height, self.palette, behind, bars, self.view.symbols)


class HeatPanel(ScrubbedPanel):
    """The distribution of c over the training."""

    def title(self, run_view: RunView, width: int) -> Text:
        """The shades."""
        words = ("share of steps " if width >= 50 else "", self.palette.dim)
        shades = shade_legend(self.palette, self.view.symbols)
        legend = [Text.assemble(words, shades)]
        return chart_title(self.palette, "c over time", [], legend, width)

    def chart(self, run_view: RunView, width: int, height: int) -> list[Text]:
        """The map."""
        marks = HeatMarks(target=target_c(run_view))
        shown, ghost = self.moments(run_view.gate)
        if shown and ghost:
            targets = run_view.series.column("env_steps").mean, run_view.series.column("target_c").mean
            marks = HeatMarks(target_c(run_view), shown.env_steps, ghost.env_steps, targets)
        return heat_map(run_view.gate, marks, width, height, self.palette, self.view.symbols)


def mean_c_then(run_view: RunView, moment: Moment) -> float | None:
    """The metric mean_c of the row nearest to a moment, as its chart and tile show it; none where that has no value.

    The curve's own mean is another number: it leaves out the first steps of episodes.
    """
    row = row_near(run_view.series, moment.update)
    return None if row is None else real(float(run_view.series.column("mean_c").mean[row]))


def target_then(run_view: RunView, moment: Moment | None) -> float | None:
    """The gate's budget at a moment, which may have been changed since; the newest where no row says it."""
    series = run_view.series
    if moment is not None:
        at = np.array([moment.env_steps])
        then = in_force(series.column("env_steps").mean, series.column("target_c").mean, at)[0]
        if np.isfinite(then):
            return float(then)
    return target_c(run_view)


def _legend(symbols: Symbols, palette: Palette) -> list[Text]:
    """As the line of c, the prior, the target and the spread look in the chart."""
    glyphs = GLYPHS[symbols]
    lines = (glyphs.lines[0], glyphs.prior, glyphs.band)
    if len(glyphs.codes):
        lines = ("━", "╍", "⠌" if symbols == "braille" else "▚")
    return [
        Text(f"{lines[0]}c", style=palette.line),
        Text(f"{lines[1]}prior", style=palette.prior),
        Text(f"{glyphs.level}target", style=palette.target),
        Text(f"{lines[2]}±std", style=palette.dim),
    ]


def _words(moment: Moment) -> tuple[str, str, str]:
    """`update 84, 344,064 env steps`, and shorter."""
    update = f"update {count(moment.update)}"
    steps = f"{update}, {short_count(moment.env_steps)} steps"
    return f"{update}, {count(moment.env_steps)} env steps", steps, update
