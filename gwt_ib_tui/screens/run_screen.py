"""What the screens of one run have in common: the newest snapshot, pages in small windows, a sentence in tiny ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import ActiveBinding
from textual.containers import Container
from textual.events import Resize
from textual.reactive import reactive
from textual.screen import Screen
from textual.widgets import Static

from gwt_ib_tui.charts.view import ChartView
from gwt_ib_tui.keys.keyed import Keyed
from gwt_ib_tui.state.run.requests import Message
from gwt_ib_tui.state.run.run_view import RunView
from gwt_ib_tui.widgets.chart_panel import ChartPanel
from gwt_ib_tui.widgets.key_bar import KeyBar
from gwt_ib_tui.widgets.message_bar import MessageBar
from gwt_ib_tui.widgets.panel import Panel
from gwt_ib_tui.widgets.status_bar import StatusBar

LEAST_WIDTH, LEAST_HEIGHT = 60, 16
WIDE, TALL = 104, 34  # from here on everything fits on one page
ALL_IN_SIGHT = "everything is on this page"


class RunScreen(Keyed, Screen[None]):
    """A screen with the run's state above and messages and keys below. Subclasses give `PAGES`, `SCOPES` with
    the `BINDINGS` of these, and `compose_panels`.

    The class `-page-<name>` says which page is on show, `-wide` and `-tall` whether the window has room for all.
    """

    PAGES: ClassVar[tuple[str, ...]]

    run_view: reactive[RunView | None] = reactive(None, repaint=False)
    message: reactive[Message] = reactive(Message("", ""), repaint=False)
    stopping: reactive[bool] = reactive(False, repaint=False)
    held: reactive[str] = reactive("", repaint=False)
    page: reactive[str] = reactive("", repaint=False)
    view: reactive[ChartView] = reactive(ChartView(), repaint=False)

    def __init__(self, read_only: bool, id: str) -> None:
        super().__init__(id=id)
        self._read_only = read_only
        self.HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE, "-wide")]
        self.VERTICAL_BREAKPOINTS = [(0, "-short"), (TALL, "-tall")]
        self.set_reactive(RunScreen.page, self.PAGES[0])
        self.add_class(f"-page-{self.page}")

    def compose_panels(self) -> ComposeResult:
        """What stands between the status and the messages; the style sheet places it."""
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        """Every panel once."""
        yield Static(classes="too-small")
        with Container(classes="all"):
            yield self.bound(StatusBar(self._read_only)).data_bind(RunScreen.stopping, frozen=RunScreen.held)
            yield from self.compose_panels()
            yield MessageBar(id="message").data_bind(RunScreen.message)
            yield KeyBar()

    def watch_page(self, old: str, new: str) -> None:
        """Show one page's panels; of no consequence where all fit."""
        self.remove_class(f"-page-{old}")
        self.add_class(f"-page-{new}")

    @property
    def active_bindings(self) -> dict[str, ActiveBinding]:
        """What the footer shows. Keys that can only answer why they do nothing are left out."""
        found = super().active_bindings
        offered: Callable[[str], bool] = getattr(self.app, "offered", lambda identifier: True)
        return {key: active for key, active in found.items() if offered(active.binding.id or "")}

    @property
    def paged(self) -> bool:
        """Whether the window is too small to show everything at once."""
        width, height = self.size
        return width < WIDE or height < TALL

    def turn(self, offset: int) -> None:
        """Go some pages on, where there are some."""
        if not self.paged:
            self.say_nothing_to_turn()
            return
        self.page = self.PAGES[(self.PAGES.index(self.page) + offset) % len(self.PAGES)]

    def say_nothing_to_turn(self) -> None:
        """A key that turns nothing is answered."""
        say: Callable[[str, str], None] | None = getattr(self.app, "say", None)
        if say is not None:
            say("notice", ALL_IN_SIGHT)

    def on_resize(self, event: Resize) -> None:
        """A window that is too small for any panel says so; the footer follows what is possible now."""
        width, height = event.size
        tiny = width < LEAST_WIDTH or height < LEAST_HEIGHT
        self.set_class(tiny, "-tiny")
        if tiny:
            words = (
                f"This window is {width}x{height}; the dashboard needs {LEAST_WIDTH}x{LEAST_HEIGHT}. The run goes on."
            )
            self.query_one(".too-small", Static).update(Text(words))
        self.refresh_bindings()

    def refresh_colors(self) -> None:
        """Draw everything again, under another theme."""
        for widget in self.query(".all *"):
            widget.refresh()

    def bound(self, panel: Panel) -> Panel:
        """A panel that gets every snapshot the screen gets; it sees for itself whether that changes it."""
        return panel.data_bind(RunScreen.run_view)

    def charted(self, panel: ChartPanel) -> ChartPanel:
        """The same for a chart, which also follows the way that all charts are looked at."""
        return panel.data_bind(RunScreen.run_view, RunScreen.view)
