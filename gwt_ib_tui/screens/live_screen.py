"""The overview of one run: everything at once where there is room, else page by page."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container

from gwt_ib_tui.keys.action import bindings
from gwt_ib_tui.keys.action_table import actions_of
from gwt_ib_tui.screens.chart_choice import ChartChoice
from gwt_ib_tui.widgets.events import EventsPanel
from gwt_ib_tui.widgets.filter_line import FilterLine
from gwt_ib_tui.widgets.gate_check_panel import GateCheckPanel
from gwt_ib_tui.widgets.gate_panels import GateCurvePanel
from gwt_ib_tui.widgets.processes import ActorsPanel
from gwt_ib_tui.widgets.tiles import Tiles


class LiveScreen(ChartChoice):
    """All panels of one run, in one grid; which are shown depends on the size and the page."""

    PAGES = ("curves", "gate", "actors")
    SCOPES = ("live", "charts", "app", "replay")
    BINDINGS: ClassVar[list[BindingType]] = list(bindings(actions_of(*SCOPES)))

    def __init__(self, read_only: bool) -> None:
        super().__init__(read_only, id="live")

    def compose_panels(self) -> ComposeResult:
        """The tiles, then the grid."""
        yield self.bound(Tiles(id="tiles"))
        with Container(id="panels"):
            for chart in self.slots():
                yield chart.add_class("card", "curves")
            yield self.charted(GateCurvePanel()).add_class("card", "curves", "gate")
            yield self.bound(GateCheckPanel(id="gate-check")).add_class("card", "gate")
            with Container(id="side").add_class("actors"):
                yield self.bound(ActorsPanel(id="actors")).add_class("card")
                yield self.bound(EventsPanel(id="events")).add_class("card")
        yield self.view_bar()
        yield FilterLine(id="filter")

    def action_next_finding(self) -> None:
        """Choose the next rule of GateCheck."""
        self.query_one(GateCheckPanel).select(1)

    def action_previous_finding(self) -> None:
        """Choose the rule before."""
        self.query_one(GateCheckPanel).select(-1)
