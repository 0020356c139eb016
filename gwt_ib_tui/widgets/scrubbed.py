"""The panels of the Gate screen that follow the time scrub: where it stands, the curve there, c over the whole time."""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np
from rich.text import Text
from textual.reactive import reactive

from gwt_ib.lenient import real
from gwt_ib.text import count, number, short_count
from gwt_ib_tui.charts.gate_chart import GateColors, gate_chart
from gwt_ib_tui.charts.heat_map import HeatColors, HeatMarks, heat_map, shade_legend
from gwt_ib_tui.charts.levels import target_c
from gwt_ib_tui.charts.palette import Palette
from gwt_ib_tui.charts.scrub import Scrub
from gwt_ib_tui.charts.traces import in_force
from gwt_ib_tui.charts.view import ChartView
from gwt_ib_tui.state.history.gate_history import GateHistory, Moment
from gwt_ib_tui.state.run.run_view import RunView
from gwt_ib_tui.widgets.chart_panel import TitledChart
from gwt_ib_tui.widgets.gate_curve import gate_signs
from gwt_ib_tui.widgets.panel import title_line
from gwt_ib_tui.widgets.readings import row_near

COUNT_ROWS_FROM = 12  # a chart this tall has room for bars of two lines


class ScrubbedPanel(TitledChart):
    """A panel that changes with new rows, at most once a second, and at once when the scrub is moved."""

    scrub: reactive[Scrub] = reactive(Scrub(), repaint=False)

    def depends_on(self, run_view: RunView) -> Hashable:
        """New rows, and what is shown of them."""
        return run_view.series.store_id, run_view.series.rows, run_view.config, self.scrub

    def watch_scrub(self) -> None:
        """A key was pressed: nobody waits for the next second."""
        self.show_at_once()

    def looks(self) -> Hashable:
        """The moments too."""
        return super().looks(), self.scrub

    def seen(self, view: ChartView) -> Hashable:
        """Time is not an x axis here, but for the heat map's, which is always the whole."""
        return view.symbols

    def moments(self, history: GateHistory) -> tuple[Moment, Moment]:
        """The moment on show and its ghost, of a history that has any."""
        updates = history.updates
        return history.moments[self.scrub.place(updates)], history.moments[self.scrub.ghost_place(updates)]


class TimeBar(ScrubbedPanel):
    """Which moments are on show, in words, and where they lie in the training."""

    period = 0.0  # two lines, and the titles of the panels below tell of the same moments

    def lines(self, run_view: RunView, width: int, height: int) -> list[Text]:
        """The words, then a track through the recorded moments."""
        palette, history = self.palette, run_view.gate
        if not len(history):
            return [Text(" no gate curve yet", style=palette.dim)]
        shown, ghost = self.moments(history)
        room = width >= 100
        line = Text(" ● ", style=f"bold {palette.line}", no_wrap=True, end="")
        line.append(_words(shown, long=room), style=f"bold {palette.text}")
        place = self.scrub.place(history.updates)
        if room:
            line.append(f" · moment {place + 1} of {len(history)}", style=palette.dim)
        line.append(" · newest" if self.scrub.following else "", style=palette.good)
        line.append("   ○ ", style=f"bold {palette.second}")
        line.append(("ghost: " if room else "") + _words(ghost, long=room), style=palette.text)
        return [line, self._track(history, shown, ghost, width, palette)]

    def _track(self, history: GateHistory, shown: Moment, ghost: Moment, width: int, palette: Palette) -> Text:
        """A line from the first moment to the newest, by updates."""
        cells = max(width - 2, 1)
        first, last = history.moments[0].update, history.moments[-1].update

        def cell(moment: Moment) -> int:
            return round((moment.update - first) / ((last - first) or 1.0) * (cells - 1))

        here, there = cell(shown), cell(ghost)
        track = Text(" ", no_wrap=True, end="")
        for at in range(cells):
            sign, color = ("━", palette.line) if at < here else ("─", palette.frame)
            if at == there:
                sign, color = "○", palette.second
            if at == here:
                sign, color = "●", palette.line
            track.append(sign, style=color)
        return track


class MomentPanel(ScrubbedPanel):
    """The TD->gate curve of the moment on show, with the ghost's beside it."""

    def title(self, run_view: RunView, width: int) -> Text:
        """The legend, with the mean of c that the rows of these moments tell."""
        palette, history = self.palette, run_view.gate
        shown, ghost = self.moments(history) if len(history) else (None, None)
        roomy = width >= 52
        means = [f" {number(mean_c_then(run_view, moment))}" if moment and roomy else "" for moment in (shown, ghost)]
        line, prior, level, band = gate_signs(self.view.symbols)
        legend = [
            Text(f"{line}c{means[0]}", style=palette.line, end=""),
            Text(f"∴ghost{means[1]}", style=palette.second, end=""),
            Text(f"{prior}prior", style=palette.prior, end=""),
            Text(f"{level}target", style=palette.target, end=""),
        ]
        if roomy:
            legend += [Text(f"{band}±std", style=palette.dim, end=""), Text("▅n", style=palette.dim, end="")]
        return title_line(palette, "TD→gate", Text(" ").join(legend))

    def chart(self, run_view: RunView, width: int, height: int) -> list[Text]:
        """The curve on its spread."""
        palette, history = self.palette, run_view.gate
        colors = GateColors(
            palette.line, palette.band, palette.prior, palette.target, palette.frame, ghost=palette.second
        )
        shown, ghost = self.moments(history) if len(history) else (None, None)
        if shown is ghost:
            ghost = None
        return gate_chart(
            shown.curve if shown else None,
            target_then(run_view, shown),
            width,
            height,
            colors,
            ghost.curve if ghost else None,
            2 if height >= COUNT_ROWS_FROM else 1,
            self.view.symbols,
        )


class HeatPanel(ScrubbedPanel):
    """The distribution of c over the training."""

    def title(self, run_view: RunView, width: int) -> Text:
        """The shades."""
        legend = Text("share of steps ", style=self.palette.dim, end="") if width >= 50 else Text("", end="")
        return title_line(
            self.palette, "c over time", legend.append_text(shade_legend(self._colors(), self.view.symbols))
        )

    def chart(self, run_view: RunView, width: int, height: int) -> list[Text]:
        """The map."""
        history = run_view.gate
        marks = HeatMarks(target=target_c(run_view))
        if len(history):
            shown, ghost = self.moments(history)
            targets = run_view.series.column("env_steps").mean, run_view.series.column("target_c").mean
            marks = HeatMarks(target_c(run_view), shown.env_steps, ghost.env_steps, targets)
        return heat_map(history, marks, width, height, self._colors(), self.view.symbols)

    def _colors(self) -> HeatColors:
        palette = self.palette
        return HeatColors(
            palette.heat_low,
            palette.line,
            palette.heat_high,
            palette.target,
            palette.line,
            palette.second,
            palette.frame,
        )


def mean_c_then(run_view: RunView, moment: Moment) -> float | None:
    """The metric mean_c of the row nearest to a moment, as its chart and tile tell it; none where that has no value.

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


def _words(moment: Moment, *, long: bool) -> str:
    """`update 84 · 344,064 env steps`, or shorter."""
    if long:
        return f"update {count(moment.update)}, {count(moment.env_steps)} env steps"
    return f"update {count(moment.update)}, {short_count(moment.env_steps)} steps"
