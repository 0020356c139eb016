"""What charts over the run have in common: their title, the way they are looked at, and the mouse."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from rich.text import Text
from textual.events import Click, MouseDown, MouseEvent, MouseMove, MouseScrollDown, MouseScrollUp
from textual.message import Message
from textual.reactive import reactive

from gwt_ib.text import count, shortened
from gwt_ib_tui.charts.lines import Drawn
from gwt_ib_tui.charts.palette import Palette
from gwt_ib_tui.charts.view import AXIS_WORDS, X_AXES, ChartView, XAxis, nearest_index
from gwt_ib_tui.state.history.series import Doubles
from gwt_ib_tui.state.run.run_view import RunView
from gwt_ib_tui.widgets.panel import CHART_PERIOD_S, Panel, title_line
from gwt_ib_tui.widgets.readings import Readout, time_words

WHEEL = 1.25  # how much one step of the wheel zooms
SHORTEST_NAME = 5  # cells of a title


class ChartPanel(Panel):
    """A panel that is redrawn for new data at most once a second, and at once when it is looked at in another way.

    Subclasses set `drawn`, so that the mouse can point into it.
    """

    period = CHART_PERIOD_S
    view: reactive[ChartView] = reactive(ChartView(), repaint=False)
    drawn = Drawn([])

    @dataclass
    class Pointed(Message):
        """The mouse has pointed at a place of the x axis."""

        x: float

    @dataclass
    class Zoomed(Message):
        """The wheel was turned at a place of the x axis: the window is to be `factor` times shorter."""

        x: float
        factor: float

    @dataclass
    class Dragged(Message):
        """The chart was drawn along by the mouse: the window is to move by a share of its length."""

        share: float

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._held_at: int | None = None  # the column at which the mouse holds the chart
        self._moved = False

    def depends_on(self, run_view: RunView) -> Hashable:
        """New rows, or another configuration."""
        return run_view.series.store_id, run_view.series.rows, run_view.config

    def watch_view(self, old: ChartView, new: ChartView) -> None:
        """What the user does is seen at once."""
        if self.seen(old) != self.seen(new):
            self.show_at_once()

    def seen(self, view: ChartView) -> Hashable:
        """What of a view makes a difference here."""
        return view

    def show_at_once(self) -> None:
        """Draw again, for a change that the user made."""
        if self.run_view is not None:
            self._redraw()

    def readouts(self) -> list[Readout]:
        """The values at the cursor, or the newest ones."""
        return []

    def on_click(self, event: Click) -> None:
        """Put the cursor where the mouse is; the end of a drag is no click."""
        x = self._x_under(event)
        if x is not None and not self._moved:
            self.post_message(self.Pointed(x))

    def on_mouse_down(self, event: MouseDown) -> None:
        """Hold the chart."""
        self._moved = False
        if self._x_under(event) is not None:
            self._held_at = event.screen_x
            self.capture_mouse()

    def on_mouse_move(self, event: MouseMove) -> None:
        """Draw the chart along."""
        if self._held_at is None or event.screen_x == self._held_at:
            return
        by, self._held_at, self._moved = event.screen_x - self._held_at, event.screen_x, True
        self.post_message(self.Dragged(-by / max(self.drawn.cells, 1)))

    def on_mouse_up(self) -> None:
        """Let it go."""
        if self._held_at is not None:
            self._held_at = None
            self.release_mouse()

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        """Zoom in where the mouse is."""
        self._zoom(event, WHEEL)

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        """Zoom out."""
        self._zoom(event, 1.0 / WHEEL)

    def _zoom(self, event: MouseEvent, factor: float) -> None:
        x = self._x_under(event)
        if x is not None:
            event.stop()
            self.post_message(self.Zoomed(x, factor))

    def _x_under(self, event: MouseEvent) -> float | None:
        offset = event.get_content_offset(self)
        return None if offset is None else self.drawn.x_at(offset.x)


class TitledChart(ChartPanel):
    """A chart under a title, which always shows the newest view; the chart is expensive, and follows later.

    Subclasses give `title` and `chart`.
    """

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._chart: list[Text] = []
        self._chart_of: Hashable = None
        self._stale = True

    def title(self, run_view: RunView, width: int) -> Text:
        """The first line, made after the chart."""
        raise NotImplementedError

    def chart(self, run_view: RunView, width: int, height: int) -> list[Text]:
        """The lines below."""
        raise NotImplementedError

    def lines(self, run_view: RunView, width: int, height: int) -> list[Text]:
        """The title of this view; the chart of the last one for which it was time to redraw."""
        chart_of = width, height, self.palette
        if self._stale or chart_of != self._chart_of:
            self._chart = self.chart(run_view, width, height - 1) if height > 1 else []
            self._chart_of, self._stale = chart_of, False
        return [self.title(run_view, width), *self._chart]

    def between(self) -> None:
        """The title alone."""
        self.refresh()

    def _redraw(self) -> None:
        self._stale = True
        super()._redraw()


def chart_title(
    palette: Palette,
    name: str,
    values: Sequence[Sequence[Text]],
    extras: Sequence[Text],
    width: int,
    *,
    chosen: bool = False,
) -> Text:
    """At most `width` cells. Each of `values` is given in several forms, the longest first; `extras`, the weightiest first.

    First extras go, the last one first; then values get shorter, all of them together; then the name does; at last the
    last value goes.
    """
    forms = max((len(value) for value in values), default=1)
    for form in range(forms):
        shown = [value[min(form, len(value) - 1)] for value in values]
        # A shorter form makes room for itself, not for what has gone before it.
        for kept in range(len(extras) if form == 0 else 0, -1, -1):
            line = title_line(palette, name, *shown, *extras[:kept], chosen=chosen)
            tight = title_line(palette, name, *shown, *extras[:1], space=" ", chosen=chosen)
            if extras and not kept and form == 0 and tight.cell_len <= width:
                return tight  # what weighs most stays before the blanks between do
            if line.cell_len <= width:
                return line
        line = title_line(palette, name, *shown, space=" ", chosen=chosen)
        if line.cell_len <= width:
            return line
    for kept in range(len(shown), 0, -1):  # a value is whole or not there
        line = title_line(palette, name, *shown[:kept], space=" ", chosen=chosen)
        room = max(len(name) - (line.cell_len - width), SHORTEST_NAME)
        line = title_line(palette, shortened(name, room), *shown[:kept], space=" ", chosen=chosen)
        if line.cell_len <= width:
            return line
    line = title_line(palette, shortened(name, max(width - 1, 0)), chosen=chosen)
    line.truncate(width)
    return line


class ViewBar(Panel):
    """Cursor, window, axis, scale, smoothing; and `notes` on which charts are shown."""

    view: reactive[ChartView] = reactive(ChartView())
    notes: reactive[tuple[str, ...]] = reactive(())

    def lines(self, run_view: RunView, width: int, height: int) -> list[Text]:
        """What there is room for; the cursor, which the charts show as well, is the last to find some."""
        palette, line = self.palette, Text()
        columns = {axis: run_view.series.column(axis).mean for axis in X_AXES}
        for part in (*self.notes, *view_words(self.view, columns)):
            name, _, rest = part.partition(" ")
            line.append("  " if line else " ").append(name, style=f"bold {palette.target}")
            line.append(f" {rest}" if rest else "", style=palette.text)
        line.truncate(width, overflow="ellipsis")
        return [line]

    def watch_view(self) -> None:
        """There only when there is something to say."""
        self.display = bool(self.notes) or self.view != ChartView()

    watch_notes = watch_view


def view_words(view: ChartView, columns: Mapping[XAxis, Doubles]) -> list[str]:
    """What differs from a view of everything, each with its name first."""
    x = columns[view.x_axis]
    known = np.flatnonzero(np.isfinite(x))
    words = []
    if not view.whole and known.size:
        low, high = view.window(float(x[known[0]]), float(x[known[-1]]))
        edges = [time_words(edge) if view.x_axis == "elapsed_s" else count(edge) for edge in (low, high)]
        words.append(f"window {edges[0]} to {edges[1]}" + (", follows" if view.following else ""))
    if view.x_axis != ChartView().x_axis:
        words.append(f"x {AXIS_WORDS[view.x_axis]}")
    if view.log_x:
        words.append("x log")
    if view.log_y:
        words.append("y log")
    if view.smoothing:
        words.append(f"smoothing {view.smoothing:g}")
    if view.outliers != ChartView().outliers:
        words.append(f"outliers {view.outliers}")
    if view.symbols != ChartView().symbols:
        words.append(f"symbols {view.symbols}")
    if view.cursor is not None and known.size:
        row = known[nearest_index(x[known], view.cursor)]
        steps, update, seconds = (float(columns[axis][row]) for axis in ("env_steps", "update", "elapsed_s"))
        words.append(f"cursor {count(steps)} steps, update {count(update)}, {time_words(seconds)}")
    return words
