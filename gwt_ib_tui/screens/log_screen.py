"""Who works, and what they say: the processes of the run, its log, its events."""

from __future__ import annotations

from typing import Literal

from textual.app import ComposeResult
from textual.containers import Container

from gwt_ib_tui.screens.run_screen import RunScreen
from gwt_ib_tui.state.run.run_view import RunView
from gwt_ib_tui.widgets.events_panel import EventsPanel
from gwt_ib_tui.widgets.log_pane import LogPane
from gwt_ib_tui.widgets.machine_panel import MachinePanel
from gwt_ib_tui.widgets.nodes import NodesPanel
from gwt_ib_tui.widgets.processes import ProcessesPanel

Which = Literal["scroll", "page", "go_to_first", "follow", "next_level", "next_process", "toggle_details"]


class LogScreen(RunScreen):
    """Processes and log on one page, the machine, nodes and events on another; in a large window all at once."""

    PAGES = ("log", "events")
    SCOPES = ("log", "app", "replay")

    def compose_panels(self) -> ComposeResult:
        """Processes, events beside or below them, the machine, the nodes of a cluster, and the log."""
        with Container(id="log-panels"):
            with Container(id="log-top"):
                yield ProcessesPanel(id="processes").data_bind(RunScreen.run_view).add_class("card")
                yield EventsPanel(id="log-events").data_bind(RunScreen.run_view).add_class("card")
            yield MachinePanel(id="machine").data_bind(RunScreen.run_view).add_class("card")
            yield NodesPanel(id="nodes").data_bind(RunScreen.run_view).add_class("card")
            yield LogPane(id="log-pane").data_bind(RunScreen.run_view).add_class("card")

    def watch_run_view(self, run_view: RunView | None) -> None:
        """There are nodes only where the actors are on a cluster."""
        self.set_class(run_view is not None and run_view.cluster is not None, "-cluster")

    def action_show_lines(self, which: Which, *by: int) -> None:
        """Show other lines, brought into sight: `which` is what the pane is asked for, `by` how far."""
        self.page = "log"
        getattr(self.query_one(LogPane), which)(*by)
