"""The signature screen: what the gate does with surprise, now and through the whole training."""

from __future__ import annotations

from dataclasses import replace
from math import isfinite

from textual.app import ComposeResult
from textual.containers import Container
from textual.reactive import reactive

from gwt_ib_tui.charts import levels
from gwt_ib_tui.charts.view import ChartView, Scrub
from gwt_ib_tui.screens.run_screen import RunScreen
from gwt_ib_tui.state.history.gate_history import GateHistory
from gwt_ib_tui.state.history.series import Doubles
from gwt_ib_tui.widgets.chart_panel import ChartPanel
from gwt_ib_tui.widgets.chart_spec import ChartSpec
from gwt_ib_tui.widgets.gate_panels import HeatPanel, MomentPanel, ScrubbedPanel, TimeBar
from gwt_ib_tui.widgets.line_chart import LineChart
from gwt_ib_tui.widgets.readings import row_near
from gwt_ib_tui.widgets.rho import RhoChart, RhoWords
from gwt_ib_tui.widgets.view_bar import ViewBar

BUDGET = (
    ChartSpec("mean_c", ("mean_c",), min_span=0.1, levels=levels.target),
    ChartSpec("lambda_c", ("lambda_c",), min_span=1e-3),
    ChartSpec("bias", ("bias",), min_span=0.02, levels=levels.both_clamps),
)


class GateScreen(RunScreen):
    """The curve of one moment with a ghost, the distribution of c, the budget, and the correlations."""

    PAGES = ("moment", "budget")
    SCOPES = ("gate", "app", "replay")

    scrub: reactive[Scrub] = reactive(Scrub(), repaint=False)
    scrubbed_view: reactive[ChartView] = reactive(ChartView(), repaint=False)
    """As the charts of the budget are looked at: their cursor is at the moment on show, unless that is the newest."""

    def compose_panels(self) -> ComposeResult:
        """The time bar, then the grid."""
        yield self._scrubbed(TimeBar(id="time"))
        with Container(id="gate-panels"):
            yield self._scrubbed(MomentPanel(id="moment")).add_class("card", "moment")
            yield self._scrubbed(HeatPanel(id="heat")).add_class("card", "moment")
            for spec in BUDGET:
                yield self._marked(LineChart(spec)).add_class("card", "budget")
            yield self._marked(RhoChart(id="rho")).add_class("card", "budget")
            yield self._marked(RhoWords(id="rho-words")).add_class("card", "budget")
        yield ViewBar(id="view").data_bind(RunScreen.run_view, RunScreen.view)

    def action_scrub(self, by: int) -> None:
        """Some moments on, or back."""
        self.scrub = self.scrub.moved(self._updates, by)

    def action_first(self) -> None:
        """The first moment."""
        self.scrub = self.scrub.at_first(self._updates)

    def action_newest(self) -> None:
        """The newest moment, also when newer ones come."""
        self.scrub = self.scrub.at_newest()

    def action_pin_ghost(self) -> None:
        """The moment on show becomes the ghost; done again, the first one is it."""
        self.scrub = self.scrub.pinned(self._updates)

    def _place_cursor(self) -> None:
        self.scrubbed_view = replace(self.view, cursor=self._cursor())

    # With another axis, or when moments are thinned, the place of the moment on show is another one.
    watch_scrub = watch_view = watch_run_view = _place_cursor

    def _cursor(self) -> float | None:
        """The place of the moment on show on the charts' axis."""
        run_view, updates = self.run_view, self._updates
        if run_view is None or self.scrub.following or not len(updates):
            return None
        row = row_near(run_view.series, float(updates[self.scrub.place(updates)]))
        x = float("nan") if row is None else float(run_view.series.column(self.view.x_axis).mean[row])
        return x if isfinite(x) else None

    @property
    def _updates(self) -> Doubles:
        return (GateHistory() if self.run_view is None else self.run_view.gate).updates

    def _scrubbed(self, panel: ScrubbedPanel) -> ScrubbedPanel:
        """A panel that also follows the scrub."""
        return panel.data_bind(RunScreen.run_view, RunScreen.view, GateScreen.scrub)

    def _marked(self, panel: ChartPanel) -> ChartPanel:
        """A chart over the run, with the moment on show marked."""
        return panel.data_bind(RunScreen.run_view, view=GateScreen.scrubbed_view)
