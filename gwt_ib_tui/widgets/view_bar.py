"""One line on how the charts are looked at, where that is not as at the start; else it is not there."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from rich.text import Text
from textual.reactive import reactive

from gwt_ib.text import count
from gwt_ib_tui.charts.view import AXIS_WORDS, X_AXES, ChartView, XAxis, nearest
from gwt_ib_tui.state.history.series import Doubles
from gwt_ib_tui.state.run.run_view import RunView
from gwt_ib_tui.widgets.panel import Panel
from gwt_ib_tui.widgets.readings import time_words


class ViewBar(Panel):
    """Cursor, window, axis, scale, smoothing; and `notes` on which charts are shown."""

    view: reactive[ChartView] = reactive(ChartView())
    notes: reactive[tuple[str, ...]] = reactive(())

    def lines(self, run_view: RunView, width: int, height: int) -> list[Text]:
        """What there is room for; the cursor, which the charts show as well, is the last to find some."""
        palette = self.palette
        line = Text(no_wrap=True, end="")
        columns = {axis: run_view.series.column(axis).mean for axis in X_AXES}
        for part in (*self.notes, *view_words(self.view, columns)):
            name, _, rest = part.partition(" ")
            line.append("  " if line else " ")
            line.append(name, style=f"bold {palette.target}")
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
    if view.log_y:
        words.append("y log")
    if view.smoothing:
        words.append(f"smoothing {view.smoothing:g}")
    if view.clip:
        words.append("outliers clipped")
    if view.symbols != ChartView().symbols:
        words.append(f"symbols {view.symbols}")
    if view.cursor is not None and known.size:
        row = known[nearest(x[known], view.cursor)]
        steps, update, seconds = (float(columns[axis][row]) for axis in ("env_steps", "update", "elapsed_s"))
        words.append(f"cursor {count(steps)} steps, update {count(update)}, {time_words(seconds)}")
    return words
