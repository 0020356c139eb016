"""The overview of one run: everything at once where there is room, else page by page."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container

from gwt_ib_tui.action_table import actions_of
from gwt_ib_tui.actions import bindings
from gwt_ib_tui.charts import levels
from gwt_ib_tui.screens.run_screen import RunScreen
from gwt_ib_tui.widgets.actors import ActorsPanel
from gwt_ib_tui.widgets.events import EventsPanel
from gwt_ib_tui.widgets.gate_check import GateCheckPanel
from gwt_ib_tui.widgets.gate_curve import GateCurvePanel
from gwt_ib_tui.widgets.line_chart import ChartSpec, LineChart
from gwt_ib_tui.widgets.tiles import Tiles

CHARTS = (
    ChartSpec("td_std", ("td_std",), min_span=1e-3, levels=levels.floor),
    ChartSpec("mean_c", ("mean_c",), min_span=0.1, levels=levels.target),
    ChartSpec("EV", ("explained_variance",), min_span=0.2),
    ChartSpec("bias", ("bias",), min_span=0.02, levels=levels.clamps),
    ChartSpec("returns", ("ep100", "eval_return"), 0.1, frozenset({"eval_return"}), labels=("ep100", "eval")),
)


class LiveScreen(RunScreen):
    """All panels of one run, in one grid; which are shown depends on the size and the page."""

    PAGES = ("curves", "gate", "actors")
    SCOPES = ("live", "app")
    BINDINGS: ClassVar[list[BindingType]] = list(bindings(actions_of(*SCOPES)))

    def __init__(self, read_only: bool) -> None:
        super().__init__(read_only, id="live")

    def compose_panels(self) -> ComposeResult:
        """The tiles, then the grid."""
        yield self.bound(Tiles(id="tiles"))
        with Container(id="panels"):
            for spec in CHARTS:
                yield self.bound(LineChart(spec)).add_class("card", "curves")
            yield self.bound(GateCurvePanel()).add_class("card", "curves", "gate")
            yield self.bound(GateCheckPanel(id="gate-check")).add_class("card", "gate")
            with Container(id="side").add_class("actors"):
                yield self.bound(ActorsPanel(id="actors")).add_class("card")
                yield self.bound(EventsPanel(id="events")).add_class("card")

    def action_next_finding(self) -> None:
        """Choose the next rule of GateCheck."""
        self.query_one(GateCheckPanel).select(1)

    def action_previous_finding(self) -> None:
        """Choose the rule before."""
        self.query_one(GateCheckPanel).select(-1)
