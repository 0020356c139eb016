"""What the screens of one run have in common: its newest view, pages in small windows, a sentence in tiny ones."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, ClassVar, Protocol, cast

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import ActiveBinding
from textual.containers import Container
from textual.events import Resize
from textual.reactive import reactive
from textual.screen import Screen
from textual.widgets import Static

from gwt_ib.runs.directory import RunDirectory
from gwt_ib_tui.charts.view import ChartView
from gwt_ib_tui.keys.keymap import Keyed
from gwt_ib_tui.state.compare.run_set import RunSet
from gwt_ib_tui.state.run.requests import Message
from gwt_ib_tui.state.run.run_view import RunView
from gwt_ib_tui.widgets.key_bar import KeyBar
from gwt_ib_tui.widgets.message_bar import MessageBar
from gwt_ib_tui.widgets.status_bar import StatusBar

if TYPE_CHECKING:
    from gwt_ib.figures.plot import Plot

LEAST_WIDTH, LEAST_HEIGHT = 60, 16
WIDE, TALL = 104, 34  # from here on everything fits on one page


class Host(Protocol):
    """What the screens of a run need of the application."""

    view: ChartView
    run_set: RunSet
    say: Callable[[str, str], None]  # puts up a message: its status and its text
    offered: Callable[[str], bool]  # whether the action of this identifier has anything to do now
    copy_to_clipboard: Callable[[str], None]
    open_run: Callable[[RunDirectory], Awaitable[None]]  # shows another run


class LeastSize(Keyed):
    """Beside a screen, says so in its place where the window is too small for it.

    Give `TOO_SMALL`, what needs `{least}` columns and rows, and compose a `Static` of the class `too-small`; `-tiny` shows
    it alone.
    """

    TOO_SMALL: ClassVar[str]

    def on_resize(self, event: Resize) -> None:
        """Say how large the window is and has to be, where it is too small; the footer shows what is possible now."""
        width, height = event.size
        tiny = width < LEAST_WIDTH or height < LEAST_HEIGHT
        self.set_class(tiny, "-tiny")
        needed = self.TOO_SMALL.format(least=f"{LEAST_WIDTH}x{LEAST_HEIGHT}")
        self.query_one(".too-small", Static).update(Text(f"This window is {width}x{height}; {needed}"))
        self.screen.refresh_bindings()
        self.resized(tiny)

    def resized(self, tiny: bool) -> None:
        """What else a new size changes."""


class RunScreen(LeastSize, Screen[None]):
    """A screen with the run's state above and messages and keys below.

    Subclasses give `PAGES`, `SCOPES`, the first of which is the screen's own and its id, and `compose_panels`.
    The class `-page-<name>` says which page is on show, `-wide` and `-tall` whether the window has room for all.
    """

    PAGES: ClassVar[tuple[str, ...]]
    HEIGHTS: ClassVar[tuple[tuple[int, str], ...]] = ((0, "-short"), (TALL, "-tall"))
    TOO_SMALL = "the dashboard needs {least}. The run goes on."

    run_view: reactive[RunView | None] = reactive(None, repaint=False)
    message: reactive[Message] = reactive(Message("", ""), repaint=False)
    stopping: reactive[bool] = reactive(False, repaint=False)
    frozen: reactive[str] = reactive("", repaint=False)
    page: reactive[str] = reactive("", repaint=False)
    view: reactive[ChartView] = reactive(ChartView(), repaint=False)

    def __init__(self, read_only: bool) -> None:
        super().__init__(id=self.SCOPES[0])
        self._read_only = read_only
        self.HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE, "-wide")]
        self.VERTICAL_BREAKPOINTS = list(self.HEIGHTS)
        self.set_reactive(RunScreen.page, self.PAGES[0])
        self.add_class(f"-page-{self.page}")

    def compose_panels(self) -> ComposeResult:
        """What stands between the status and the messages; the style sheet places it."""
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        """Every panel once."""
        yield Static(classes="too-small")
        with Container(classes="all"):
            yield StatusBar(self._read_only).data_bind(RunScreen.run_view, RunScreen.stopping, RunScreen.frozen)
            yield from self.compose_panels()
            yield MessageBar(id="message").data_bind(RunScreen.message)
            yield KeyBar()

    def watch_page(self, old: str, new: str) -> None:
        """Show one page's panels; of no consequence where all fit."""
        self.remove_class(f"-page-{old}")
        self.add_class(f"-page-{new}")

    @property
    def host(self) -> Host:
        """The application."""
        return cast(Host, self.app)

    @property
    def active_bindings(self) -> dict[str, ActiveBinding]:
        """What the footer shows. Keys that can only answer why they do nothing are left out."""
        found = super().active_bindings
        return {key: active for key, active in found.items() if self.host.offered(active.binding.id or "")}

    @property
    def paged(self) -> bool:
        """Whether the window is too small to show everything at once."""
        width, height = self.size
        return width < WIDE or height < TALL

    def reset_layout(self) -> None:
        """What was chosen of this screen's layout is as in the beginning."""
        self.page = self.PAGES[0]

    def plotted(self) -> Plot | None:
        """The chart that is looked at, as a figure to be written; none where there is none."""
        return None

    def turn(self, by: int) -> None:
        """Go some pages on, where there are some."""
        if self.paged:
            self.page = self.PAGES[(self.PAGES.index(self.page) + by) % len(self.PAGES)]
        else:
            self.host.say("notice", "everything is on this page")
