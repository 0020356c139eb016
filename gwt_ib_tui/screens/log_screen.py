"""Who works, and what they say: the processes of the run, its log, its events."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Container

from gwt_ib_tui.screens.run_screen import RunScreen
from gwt_ib_tui.widgets.events import EventsPanel
from gwt_ib_tui.widgets.log_pane import LogPane
from gwt_ib_tui.widgets.processes import ProcessesPanel


class LogScreen(RunScreen):
    """Processes and log on one page, events on another; in a large window all at once."""

    PAGES = ("log", "events")
    SCOPES = ("log", "app", "replay")

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

    def action_scroll_log(self, by: int) -> None:
        """Some lines on, or back."""
        self.pane.scroll(by)

    def action_page_log(self, by: int) -> None:
        """A page on, or back."""
        self.pane.page(by)

    def action_oldest_line(self) -> None:
        """The oldest line."""
        self.pane.go_to_first()

    def action_follow_log(self) -> None:
        """The end, and what comes."""
        self.pane.follow()
