"""The gate in full: what it does with surprise, now and through the whole training, what it costs, what it is worth."""

from __future__ import annotations

from dataclasses import replace
from math import isfinite, nan
from typing import TYPE_CHECKING, Literal

import numpy as np
from textual.app import ComposeResult
from textual.containers import Container
from textual.reactive import reactive

from gwt_ib.gatecheck.gate_evaluation import HELD
from gwt_ib_tui.charts import levels
from gwt_ib_tui.charts.plotted import plot_of_moments
from gwt_ib_tui.charts.view import ChartView, Scrub
from gwt_ib_tui.screens.run_screen import RunScreen
from gwt_ib_tui.state.history.series import Doubles
from gwt_ib_tui.widgets.chart_panel import ChartPanel, ViewBar
from gwt_ib_tui.widgets.effects_panel import AskedPanel
from gwt_ib_tui.widgets.gate_panels import HeatPanel, MomentPanel, TimeBar
from gwt_ib_tui.widgets.line_chart import ChartSpec, LineChart
from gwt_ib_tui.widgets.readings import row_near
from gwt_ib_tui.widgets.rho import RhoChart, RhoWords
from gwt_ib_tui.widgets.steps_panels import StepGatePanel, StepsPanel

if TYPE_CHECKING:
    from gwt_ib.figures.plot import Plot

BUDGET = (
    ChartSpec("mean_c", ("mean_c",), min_span=0.1, levels=levels.target),
    ChartSpec("lambda_c", ("lambda_c",), min_span=1e-3),
    ChartSpec("bias", ("bias",), min_span=0.02, levels=levels.both_clamps),
)


class GateScreen(RunScreen):
    """The curve of one moment with a ghost, the distribution of c, the budget, and the correlations.

    What an evaluation with the gate replaced has found has a page of its own, also in a large window.
    """

    PAGES = ("moment", "budget", "worth")
    SCOPES = ("gate", "app", "replay")

    scrub: reactive[Scrub] = reactive(Scrub(), repaint=False)
    scrubbed_view: reactive[ChartView] = reactive(ChartView(), repaint=False)
    """As the charts of the budget are looked at: their cursor is at the moment on show, unless that is the newest."""

    def compose_panels(self) -> ComposeResult:
        """The time bar, then the grid."""
        scrubbed = (RunScreen.run_view, RunScreen.view, GateScreen.scrub)
        yield TimeBar(id="time").data_bind(*scrubbed)
        with Container(id="gate-panels"):
            yield MomentPanel(id="moment").data_bind(*scrubbed).add_class("card", "moment")
            yield HeatPanel(id="heat").data_bind(*scrubbed).add_class("card", "moment")
            for chart in (*map(LineChart, BUDGET), RhoChart(id="rho"), RhoWords(id="rho-words")):
                yield chart.add_class("card", "budget").data_bind(RunScreen.run_view, view=GateScreen.scrubbed_view)
            for panel in (AskedPanel(id="asked"), *map(StepsPanel, HELD), StepGatePanel(id="step-gate")):
                yield panel.add_class("card", "worth").data_bind(RunScreen.run_view, RunScreen.view)
        yield ViewBar(id="view").data_bind(RunScreen.run_view, RunScreen.view)

    @property
    def paged(self) -> bool:
        """There is always another page."""
        return True

    def plotted(self) -> Plot | None:
        """The curve of the moment on show, and its ghost's."""
        if self.run_view is None or not len(self.run_view.gate):
            return None
        moments, updates = self.run_view.gate.moments, self._updates
        places = self.scrub.ghost_place(updates), self.scrub.place(updates)
        return plot_of_moments(self.run_view, [moments[place] for place in places])

    def turn(self, by: int) -> None:
        """Go some pages on; the first two are one in a large window."""
        pages = self.PAGES if super().paged else ("moment", "worth")
        here = pages.index(self.page) if self.page in pages else 0
        self.page = pages[(here + by) % len(pages)]

    def reset_layout(self) -> None:
        """The newest moment and the first ghost, too."""
        super().reset_layout()
        self.scrub = Scrub()

    def action_scrub(self, change: Literal["moved", "at_first", "pinned"], *by: int) -> None:
        """Show another moment, or make the one on show the ghost: `by` says how many moments to move."""
        self.scrub = getattr(self.scrub, change)(self._updates, *by)

    def action_newest(self) -> None:
        """The newest moment, also when newer ones come."""
        self.scrub = self.scrub.at_newest()

    def on_chart_panel_pointed(self, event: ChartPanel.Pointed) -> None:
        """A click on a chart over the run shows the moment nearest to it."""
        event.stop()
        series = None if self.run_view is None else self.run_view.series
        x = np.empty(0) if series is None else series.column(self.view.x_axis).mean
        if series is not None and np.isfinite(x).any():
            update = float(series.column("update").mean[int(np.nanargmin(np.abs(x - event.x)))])
            self.scrub = self.scrub.at(self._updates, update) if isfinite(update) else self.scrub

    def on_chart_panel_zoomed(self, event: ChartPanel.Zoomed) -> None:
        """The wheel zooms, here and on the other screens, about the place under the mouse."""
        event.stop()
        self.host.view = self.host.view.zoomed(self._x, event.factor, event.x)

    def on_chart_panel_dragged(self, event: ChartPanel.Dragged) -> None:
        """The window follows the mouse."""
        event.stop()
        self.host.view = self.host.view.panned(self._x, event.share)

    @property
    def _x(self) -> Doubles:
        return np.empty(0) if self.run_view is None else self.run_view.series.column(self.host.view.x_axis).mean

    def _place_cursor(self) -> None:
        cursor, updates = None, self._updates
        if self.run_view is not None and not self.scrub.following and len(updates):
            row = row_near(self.run_view.series, float(updates[self.scrub.place(updates)]))
            x = nan if row is None else float(self.run_view.series.column(self.view.x_axis).mean[row])
            cursor = x if isfinite(x) else None
        self.scrubbed_view = replace(self.view, cursor=cursor)

    # With another axis, or when moments are thinned, the place of the moment on show is another one.
    watch_scrub = watch_view = watch_run_view = _place_cursor

    @property
    def _updates(self) -> Doubles:
        return np.empty(0) if self.run_view is None else self.run_view.gate.updates
