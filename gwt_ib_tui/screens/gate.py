"""The signature screen: what the gate does with surprise, now and through the whole training."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.reactive import reactive

from gwt_ib_tui.action_table import actions_of
from gwt_ib_tui.actions import bindings
from gwt_ib_tui.charts import levels
from gwt_ib_tui.charts.scrub import Scrub
from gwt_ib_tui.screens.run_screen import RunScreen
from gwt_ib_tui.state.gate_history import GateHistory
from gwt_ib_tui.state.series import Doubles
from gwt_ib_tui.widgets.chart_spec import ChartSpec
from gwt_ib_tui.widgets.line_chart import LineChart
from gwt_ib_tui.widgets.rho import RhoChart, RhoWords
from gwt_ib_tui.widgets.scrubbed import HeatPanel, MomentPanel, ScrubbedPanel, TimeBar
from gwt_ib_tui.widgets.view_bar import ViewBar

LEAP = 10  # moments
BUDGET = (
    ChartSpec("mean_c", ("mean_c",), min_span=0.1, levels=levels.target),
    ChartSpec("lambda_c", ("lambda_c",), min_span=1e-3),
    ChartSpec("bias", ("bias",), min_span=0.02, levels=levels.both_clamps),
)


class GateScreen(RunScreen):
    """The curve of one moment with a ghost, the distribution of c, the budget, and the correlations."""

    PAGES = ("moment", "budget")
    SCOPES = ("gate", "app", "replay")
    BINDINGS: ClassVar[list[BindingType]] = list(bindings(actions_of(*SCOPES)))

    scrub: reactive[Scrub] = reactive(Scrub(), repaint=False)

    def __init__(self, read_only: bool) -> None:
        super().__init__(read_only, id="gate")

    def compose_panels(self) -> ComposeResult:
        """The time bar, then the grid."""
        yield self._scrubbed(TimeBar(id="time"))
        with Container(id="gate-panels"):
            yield self._scrubbed(MomentPanel(id="moment")).add_class("card", "moment")
            yield self._scrubbed(HeatPanel(id="heat")).add_class("card", "moment")
            for spec in BUDGET:
                yield self.charted(LineChart(spec)).add_class("card", "budget")
            yield self.charted(RhoChart(id="rho")).add_class("card", "budget")
            yield self.bound(RhoWords(id="rho-words")).add_class("card", "budget")
        yield ViewBar(id="view").data_bind(RunScreen.snapshot, RunScreen.view)

    def action_earlier(self) -> None:
        """One moment back."""
        self.scrub = self.scrub.moved(self._updates, -1)

    def action_later(self) -> None:
        """One moment on."""
        self.scrub = self.scrub.moved(self._updates, 1)

    def action_much_earlier(self) -> None:
        """Ten moments back."""
        self.scrub = self.scrub.moved(self._updates, -LEAP)

    def action_much_later(self) -> None:
        """Ten moments on."""
        self.scrub = self.scrub.moved(self._updates, LEAP)

    def action_first(self) -> None:
        """The first moment."""
        self.scrub = self.scrub.at_first(self._updates)

    def action_newest(self) -> None:
        """The newest moment, also when newer ones come."""
        self.scrub = self.scrub.at_newest()

    def action_pin_ghost(self) -> None:
        """The moment on show becomes the ghost; done again, the first one is it."""
        self.scrub = self.scrub.pinned(self._updates)

    @property
    def _updates(self) -> Doubles:
        return (GateHistory() if self.snapshot is None else self.snapshot.gate).updates

    def _scrubbed(self, panel: ScrubbedPanel) -> ScrubbedPanel:
        """A panel that also follows the scrub."""
        return panel.data_bind(RunScreen.snapshot, RunScreen.view, GateScreen.scrub)
