"""The keys of all charts of a screen: cursor, window, axis, scale, smoothing, symbols, and the copy of values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
from textual.actions import SkipAction

from gwt_ib_tui.charts.view import AXIS_WORDS, X_AXES, ChartView, XAxis
from gwt_ib_tui.screens.run_screen import RunScreen
from gwt_ib_tui.state.history.series import Doubles
from gwt_ib_tui.state.run.run_view import RunView
from gwt_ib_tui.widgets.chart_panel import ChartPanel
from gwt_ib_tui.widgets.readings import Readout, exact

NAMED = 3  # metrics named when values are copied; more are counted


class ChartScreen(RunScreen):
    """A screen with the actions of the scope `charts`, on the application's view. Give `x_columns`."""

    def x_columns(self) -> Mapping[XAxis, Doubles]:
        """The x of each row on each axis, of the run that the cursor steps through; empty without one."""
        raise NotImplementedError

    def charts_on_show(self) -> Sequence[ChartPanel]:
        """The charts whose values are copied."""
        return [chart for chart in self.query(ChartPanel) if chart.is_on_screen]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """There is a cursor to take off only where there is one; else the key does what it does elsewhere."""
        if action == "cursor_off":
            return self.host.view.cursor is not None
        return super().check_action(action, parameters)

    def on_chart_panel_pointed(self, event: ChartPanel.Pointed) -> None:
        """A click puts the cursor at the row nearest to it."""
        event.stop()
        self._look(replace(self.host.view, cursor=event.x).moved(self._x, 0))

    def action_move_cursor(self, by: int) -> None:
        """The cursor some steps on, or back."""
        self._look(self.host.view.moved(self._x, by))

    def action_cursor_to(self, row: Literal["first", "newest"]) -> None:
        """The cursor at an end of the data."""
        view = self.host.view
        self._look(view.at_first(self._x) if row == "first" else view.at_newest(self._x))

    def action_cursor_off(self) -> None:
        """No cursor."""
        if self.host.view.cursor is None:
            raise SkipAction
        self._look(self.host.view.without_cursor())

    def action_pan(self, share: float) -> None:
        """The window further on, or back, by a share of it; at the newest row it follows."""
        if self.host.view.whole:
            self.host.say("notice", "everything is in sight: zoom in with + first")
        else:
            self._look(self.host.view.panned(self._x, share))

    def action_zoom(self, factor: float) -> None:
        """A window that is so many times shorter."""
        self._look(self.host.view.zoomed(self._x, factor))

    def action_change_view(self, change: Literal["reset", "next_smoothing", "next_symbols"]) -> None:
        """Everything in sight; more smoothing; other symbols."""
        self._look(getattr(self.host.view, change)())

    def action_next_axis(self) -> None:
        """Another x axis."""
        self._look(self.host.view.next_axis(self.x_columns()))

    def action_toggle_log(self) -> None:
        """The y axis logarithmic, or not."""
        self._look(replace(self.host.view, log_y=not self.host.view.log_y))

    def action_toggle_clip(self) -> None:
        """Outliers out of sight, or in it."""
        self._look(replace(self.host.view, clip=not self.host.view.clip))

    def action_turn_charts(self, by: int) -> None:
        """Show the charts after those on show, or before; where all are on show, say so."""
        self.host.say("notice", "every chart is on this page")

    def action_copy_values(self) -> None:
        """The values at the cursor, or the newest, of all charts on show."""
        readouts = list(dict.fromkeys(readout for chart in self.charts_on_show() for readout in chart.readouts()))
        if not readouts:
            self.host.say("refused", "no chart on show has a value to copy")
            return
        self.host.copy_to_clipboard("".join(f"{line}\n" for line in copied_lines(readouts)))
        self.host.say("copied", copied_words(readouts, self.host.view))

    @property
    def _x(self) -> Doubles:
        return self.x_columns().get(self.host.view.x_axis, np.empty(0))

    def _look(self, view: ChartView) -> None:
        self.host.view = view


def x_columns_of(run_view: RunView | None) -> Mapping[XAxis, Doubles]:
    """The x of each row of one run on each axis."""
    return {} if run_view is None else {axis: run_view.series.column(axis).mean for axis in X_AXES}


def copied_lines(readouts: Sequence[Readout]) -> list[str]:
    """One line a value: name, x and value with a tab between them, every digit there is; a gap is `nan`."""
    return [
        f"{readout.name}\t{exact(readout.x)}\t{'nan' if readout.value is None else exact(readout.value)}"
        for readout in readouts
    ]


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
