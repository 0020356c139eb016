"""Who works, and what they say: the processes of the run, its log, its events."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container

from gwt_ib_tui.keys.action import bindings
from gwt_ib_tui.keys.action_table import actions_of
from gwt_ib_tui.screens.run_screen import RunScreen
from gwt_ib_tui.widgets.events import EventsPanel
from gwt_ib_tui.widgets.log_pane import LogPane
from gwt_ib_tui.widgets.processes import ProcessesPanel


class LogScreen(RunScreen):
    """Processes and log on one page, events on another; in a large window all at once."""

    PAGES = ("log", "events")
    SCOPES = ("log", "app", "replay")
    BINDINGS: ClassVar[list[BindingType]] = list(bindings(actions_of(*SCOPES)))

    def __init__(self, read_only: bool) -> None:
        super().__init__(read_only, id="log")

    def compose_panels(self) -> ComposeResult:
        """Processes, events beside or below them, and the log."""
        with Container(id="log-panels"):
            with Container(id="log-top"):
                yield self.bound(ProcessesPanel(id="processes")).add_class("card")
                yield self.bound(EventsPanel(id="log-events")).add_class("card")
            yield self.bound(LogPane(id="log-pane")).add_class("card")

    @property
    def pane(self) -> LogPane:
        """The lines, brought into sight: whoever asks for them is about to change what they show."""
        self.page = "log"
        return self.query_one(LogPane)

    def action_next_level(self) -> None:
        """Everything, or from INFO, WARNING, ERROR on."""
        self.pane.next_level()

    def action_next_process(self) -> None:
        """All processes, or one after another."""
        self.pane.next_process()

    def action_line_up(self) -> None:
        """A line back."""
        self.pane.scroll(-1)

    def action_line_down(self) -> None:
        """A line on."""
        self.pane.scroll(1)

    def action_page_up(self) -> None:
        """A page back."""
        self.pane.page(-1)

    def action_page_down(self) -> None:
        """A page on."""
        self.pane.page(1)

    def action_oldest_line(self) -> None:
        """The oldest line."""
        self.pane.go_to_first()

    def action_follow_log(self) -> None:
        """The end, and what comes."""
        self.pane.follow()
