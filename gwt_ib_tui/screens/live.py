"""The overview of one run: everything at once where there is room, else page by page."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.events import Resize
from textual.reactive import reactive
from textual.screen import Screen
from textual.widgets import Footer, Static

from gwt_ib_tui.actions import bindings
from gwt_ib_tui.charts import Level
from gwt_ib_tui.palette import Palette
from gwt_ib_tui.state import Snapshot
from gwt_ib_tui.steering import Message
from gwt_ib_tui.widgets.actors import ActorsPanel
from gwt_ib_tui.widgets.events import EventsPanel
from gwt_ib_tui.widgets.gate_check import GateCheckPanel
from gwt_ib_tui.widgets.gate_curve import GateCurvePanel
from gwt_ib_tui.widgets.line_chart import ChartSpec, LineChart
from gwt_ib_tui.widgets.message_bar import MessageBar
from gwt_ib_tui.widgets.panel import Panel
from gwt_ib_tui.widgets.status_bar import StatusBar
from gwt_ib_tui.widgets.tiles import PINNED, Tiles, target_c

PAGES = ("curves", "gate", "actors")
LEAST_WIDTH, LEAST_HEIGHT = 60, 16
WIDE, TALL = 104, 34  # from here on everything fits on one page


def _target(snapshot: Snapshot, palette: Palette) -> list[Level]:
    target = target_c(snapshot)
    return [] if target is None else [Level(target, palette.target, label="target")]


def _clamps(snapshot: Snapshot, palette: Palette) -> list[Level]:
    config = snapshot.config
    limits = () if config is None else (config.bias_clamp_min, config.bias_clamp_max)
    return [Level(limit, palette.target, stretch=False) for limit in limits]


def _floor(snapshot: Snapshot, palette: Palette) -> list[Level]:
    config = snapshot.config
    return [] if config is None else [Level(PINNED * config.td_std_min, palette.target, stretch=False)]


CHARTS = (
    ChartSpec("td_std", ("td_std",), min_span=1e-3, levels=_floor),
    ChartSpec("mean_c", ("mean_c",), min_span=0.1, levels=_target),
    ChartSpec("EV", ("explained_variance",), min_span=0.2),
    ChartSpec("bias", ("bias",), min_span=0.02, levels=_clamps),
    ChartSpec("returns", ("ep100", "eval_return"), 0.1, frozenset({"eval_return"}), labels=("ep100", "eval")),
)


class LiveScreen(Screen[None]):
    """All panels of one run, in one grid; which are shown depends on the size and the page."""

    BINDINGS: ClassVar[list[BindingType]] = list(bindings("app"))

    snapshot: reactive[Snapshot | None] = reactive(None, repaint=False)
    message: reactive[Message] = reactive(Message("", ""), repaint=False)
    stopping: reactive[bool] = reactive(False, repaint=False)
    page: reactive[str] = reactive(PAGES[0], repaint=False)

    def __init__(self, read_only: bool) -> None:
        super().__init__(id="live")
        self._read_only = read_only
        self.HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE, "-wide")]
        self.VERTICAL_BREAKPOINTS = [(0, "-short"), (TALL, "-tall")]

    def compose(self) -> ComposeResult:
        """Every panel once; the style sheet places them."""
        yield Static(id="too-small")
        with Container(id="all"):
            yield self._bound(StatusBar(self._read_only)).data_bind(LiveScreen.stopping)
            yield self._bound(Tiles(id="tiles"))
            with Container(id="panels"):
                for spec in CHARTS:
                    yield self._bound(LineChart(spec)).add_class("card", "curves")
                yield self._bound(GateCurvePanel()).add_class("card", "curves", "gate")
                yield self._bound(GateCheckPanel(id="gate-check")).add_class("card", "gate")
                with Container(id="side").add_class("actors"):
                    yield self._bound(ActorsPanel(id="actors")).add_class("card")
                    yield self._bound(EventsPanel(id="events")).add_class("card")
            yield MessageBar(id="message").data_bind(LiveScreen.message)
            yield Footer(show_command_palette=False)

    def watch_page(self, old: str, new: str) -> None:
        """Show one page's panels; of no consequence where all fit."""
        self.remove_class(f"-page-{old}")
        self.add_class(f"-page-{new}")

    @property
    def paged(self) -> bool:
        """Whether the window is too small to show everything at once."""
        width, height = self.size
        return width < WIDE or height < TALL

    def turn(self, offset: int) -> None:
        """Go some pages on."""
        self.page = PAGES[(PAGES.index(self.page) + offset) % len(PAGES)]

    def on_resize(self, event: Resize) -> None:
        """A window that is too small for any panel says so; the footer follows what is possible now."""
        width, height = event.size
        tiny = width < LEAST_WIDTH or height < LEAST_HEIGHT
        self.set_class(tiny, "-tiny")
        if tiny:
            words = (
                f"This window is {width}x{height}; the dashboard needs {LEAST_WIDTH}x{LEAST_HEIGHT}. The run goes on."
            )
            self.query_one("#too-small", Static).update(Text(words))
        self.refresh_bindings()

    def refresh_colors(self) -> None:
        """Draw everything again, under another theme."""
        for widget in self.query("#all *"):
            widget.refresh()

    def _bound(self, panel: Panel) -> Panel:
        """A panel that gets every snapshot the screen gets; it sees for itself whether that changes it."""
        return panel.data_bind(LiveScreen.snapshot)
