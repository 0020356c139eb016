"""The keys of all charts of a screen: cursor, window, axis, scale, smoothing, symbols, and the copy of values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from textual.reactive import reactive

from gwt_ib_tui.charts.selection import Selection
from gwt_ib_tui.charts.view import AXIS_WORDS, X_AXES, ChartView, XAxis
from gwt_ib_tui.screens.run_screen import RunScreen
from gwt_ib_tui.state.history.series import Doubles
from gwt_ib_tui.state.run.run_view import RunView
from gwt_ib_tui.terminal import clipboard_words
from gwt_ib_tui.widgets.chart_panel import ChartPanel
from gwt_ib_tui.widgets.readings import Readout, exact

RowsChange = Literal["moved", "at_first", "at_newest", "zoomed", "panned"]
ViewChange = Literal["reset", "without_cursor", "next_smoothing", "next_outliers", "next_symbols"]
NAMED = 3  # metrics named when values are copied; more are counted


class ChartScreen(RunScreen):
    """A screen with the actions of the scope `charts`, which change the application's `view`. Give `selection`."""

    selection: reactive[Selection]
    """Which charts are on show, and which of them is chosen."""
    notes: reactive[tuple[str, ...]] = reactive((), repaint=False)

    @property
    def charted_runs(self) -> Sequence[RunView]:
        """The runs whose rows the window and the cursor go over."""
        return [self.run_view] if self.run_view else []

    def x_columns(self) -> Mapping[XAxis, Doubles]:
        """The x of each row on each axis."""
        series = [run_view.series for run_view in self.charted_runs]
        return {axis: np.concatenate([np.empty(0), *(one.column(axis).mean for one in series)]) for axis in X_AXES}

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """There is a cursor to take off only where there is one; else the key does what it does elsewhere."""
        if parameters == ("without_cursor",):
            return self.host.view.cursor is not None
        return super().check_action(action, parameters)

    def on_chart_panel_pointed(self, event: ChartPanel.Pointed) -> None:
        """A click puts the cursor at the row nearest to it."""
        event.stop()
        self.host.view = replace(self.host.view, cursor=event.x).moved(self._x, 0)

    def on_chart_panel_zoomed(self, event: ChartPanel.Zoomed) -> None:
        """The wheel zooms about the place under the mouse."""
        event.stop()
        self.host.view = self.host.view.zoomed(self._x, event.factor, event.x)

    def on_chart_panel_dragged(self, event: ChartPanel.Dragged) -> None:
        """The window follows the mouse, where not everything is in sight."""
        event.stop()
        self.host.view = self.host.view.panned(self._x, event.share)

    def action_change_rows(self, change: RowsChange, *by: int | float) -> None:
        """The cursor or the window at other rows: `change` is a method of the view that needs the x of all rows."""
        if change == "panned" and self.host.view.whole:
            self.host.say("notice", "everything is in sight: zoom in with + first")
        else:
            self.host.view = getattr(self.host.view, change)(self._x, *by)

    def action_change_view(self, change: ViewChange) -> None:
        """Everything in sight; no cursor; more smoothing; other outliers; other symbols."""
        self.host.view = getattr(self.host.view, change)()

    def action_next_axis(self) -> None:
        """Another x axis."""
        self.host.view = self.host.view.next_axis(self.x_columns())

    def action_toggle_view(self, field: Literal["log_x", "log_y"]) -> None:
        """The x or y axis logarithmic, or not."""
        changed: dict[str, Any] = {field: not getattr(self.host.view, field)}
        self.host.view = replace(self.host.view, **changed)

    def reset_layout(self) -> None:
        """All charts together, too."""
        super().reset_layout()
        self.selection = self.selection.together()

    def action_turn_charts(self, by: int) -> None:
        """Show the charts after those on show, or before; where all are on show, say so."""
        if not (self.selection.paged or self.selection.alone):
            self.host.say("notice", "every chart is on this page")
        self.selection = self.selection.turned(by)

    def action_copy_values(self) -> None:
        """Copy the values at the cursor, or the newest, of all charts on show: one line a value, with every digit."""
        on_show = [chart for chart in self.query(ChartPanel) if chart.is_on_screen]
        readouts = list(dict.fromkeys(readout for chart in on_show for readout in chart.readouts()))
        if not readouts:
            self.host.say("refused", "no chart on show has a value to copy")
            return
        values = ("nan" if readout.value is None else exact(readout.value) for readout in readouts)
        lines = [
            f"{readout.name}\t{exact(readout.x)}\t{value}\n" for readout, value in zip(readouts, values, strict=True)
        ]
        self.host.copy_to_clipboard("".join(lines))
        self.host.say("notice", f"{clipboard_words()}: {copied_words(readouts, self.host.view)}")

    @property
    def _x(self) -> Doubles:
        return self.x_columns().get(self.host.view.x_axis, np.empty(0))


def copied_words(readouts: Sequence[Readout], view: ChartView) -> str:
    """What was copied, in a sentence."""
    names = list(dict.fromkeys(readout.name for readout in readouts))
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    # A metric with a value now and then may have been read elsewhere than at the cursor.
    places = {readout.x for readout in readouts}
    at = f"at {places.pop():,.10g} {AXIS_WORDS[view.x_axis]}" if len(places) == 1 else f"by {AXIS_WORDS[view.x_axis]}"
    means = "" if all(readout.exact for readout in readouts) else ", old ones as means of several rows"
    newest = "newest values" if view.cursor is None else "values"
    return f"{newest} of {', '.join(names[:NAMED])}{more} {at}{means}"
