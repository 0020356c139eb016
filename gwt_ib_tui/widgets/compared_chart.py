"""A chart of one metric over several runs, under a title with each run's letter and value."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace

import numpy as np
from rich.text import Text
from textual.reactive import reactive

from gwt_ib.text import number
from gwt_ib_tui.charts.axes import widened
from gwt_ib_tui.charts.compared import ComparedCurve, compared_curves, shared_range
from gwt_ib_tui.charts.curves import Curve
from gwt_ib_tui.charts.lines import draw
from gwt_ib_tui.state.compare.comparison import Comparison
from gwt_ib_tui.state.compare.run_set import RunSetView
from gwt_ib_tui.state.compare.settings import short_env_ids
from gwt_ib_tui.state.history.series import Column
from gwt_ib_tui.state.run.run_view import RunView
from gwt_ib_tui.widgets.chart_panel import ChartPanel, chart_title
from gwt_ib_tui.widgets.group_rows import fitting_setting
from gwt_ib_tui.widgets.line_chart import spec_of
from gwt_ib_tui.widgets.panel import CHART_PERIOD_S
from gwt_ib_tui.widgets.readings import Readout, read

NOTHING = Column.flat(np.empty(0))
NOTHING_THERE = Column.flat(np.full(2, np.nan), sparse=True)
NO_RUNS = RunSetView()
LEGEND, SHORTEST = 14, 8  # cells of a title: those kept for values, and the least for a setting


class ComparedChart(ChartPanel):
    """One chart; without a `metric` it is empty. `picked` says that the table of runs is about this metric.

    With a `setting`, the number of one, it shows the runs of that alone, on axes that all settings share; it is then
    `picked` where the chosen run is in it.
    """

    period = 2 * CHART_PERIOD_S  # as expensive as a chart of one run, times the runs
    comparison: reactive[Comparison] = reactive(Comparison(), repaint=False)
    metric: reactive[str] = reactive("", repaint=False)
    setting: reactive[int | None] = reactive(None, repaint=False)
    picked: reactive[bool] = reactive(False, repaint=False)

    def depends_on(self, run_view: RunView) -> Hashable:
        """New rows of any run; what the user chooses is drawn at once."""
        runs = self.comparison.runs
        series = tuple(entry.run_view.series for entry in runs.entries)
        return (
            tuple((one.store_id, one.rows) for one in series),
            tuple(entry.key for entry in runs.entries),
            runs.groups,
        )

    def watch_comparison(self, old: Comparison, new: Comparison) -> None:
        """What the user chooses is seen at once, and a run that comes in; its further rows are not."""
        if choices_of(old) != choices_of(new) or readable(old) != readable(new):
            self.show_at_once()
        else:
            self.watch_run_view(self.run_view)

    watch_metric = watch_picked = watch_setting = ChartPanel.show_at_once

    def lines(self, run_view: RunView, width: int, height: int) -> list[Text]:
        """A title that is the legend, then the chart."""
        if not self.metric or self.setting not in (None, *range(len(self.comparison.runs.groups))):
            return []
        palette, curves = self.palette, self._curves()
        x, lines = curves[-1].x if curves else NOTHING, [found.curve for found in curves]
        span, y_range = spec_of(self.metric).min_span, None
        if self.setting is not None and (shared := shared_range(self.comparison, self.metric, self.view, palette)):
            # A line of two points without a value: as long as the longest of all settings.
            lines.append(Curve(NOTHING_THERE, palette.frame, Column.flat(np.array(shared[0]))))
            y_range = None if self.view.log_y else widened(*shared[1], span)
        self.drawn = draw(
            x, lines, [], width, height - 1, frame=palette.frame, min_span=span, y_range=y_range, view=self.view
        )
        notes = [[Text(note, style=palette.warn)] for note in self.drawn.notes]
        title = chart_title(palette, self._topic(width), [*self._legend(curves), *notes], [], width, chosen=self.picked)
        return [title, *self.drawn.lines]

    def _topic(self, width: int) -> str:
        """The metric, or the setting where all charts are of one metric."""
        if self.setting is None:
            return self.metric
        first = self.comparison.groups[self.setting][0]
        env_ids = short_env_ids(entry.env_id for entry in self.comparison.runs.entries)
        return fitting_setting(first, max(width - LEGEND, SHORTEST), env_ids[first.env_id] if len(env_ids) > 1 else "")

    def readouts(self) -> list[Readout]:
        """Each line's value at the cursor, or its newest."""
        return [readout for curve in self._curves() if (readout := self._readout(curve)) is not None]

    def _curves(self) -> list[ComparedCurve]:
        if not self.metric or self.setting not in (None, *range(len(self.comparison.runs.groups))):
            return []
        return compared_curves(self.comparison, self.metric, self.view.x_axis, self.palette, self.setting)

    def _legend(self, curves: list[ComparedCurve]) -> list[list[Text]]:
        """Letter and value of each line, the chosen one first, then the baseline; of as many as fit, and how many more."""
        values = [(found, self._readout(found)) for found in curves]
        values.sort(key=lambda pair: (not pair[0].front, pair[1] is None, not pair[0].based))
        if not values:
            return []
        front, *others = [self._value(*pair) for pair in values]
        forms = []
        for left_out in range(len(others) + 1):
            shown = [front, *others[: len(others) - left_out]]
            for space in ("  ", " "):
                for words in (f"and {left_out} more", f"+{left_out}"):
                    more = [Text(words, style=self.palette.dim)] if left_out else []
                    forms.append(Text(space).join([*shown, *more]))
        return [forms]

    def _value(self, found: ComparedCurve, readout: Readout | None) -> Text:
        text = Text(f"{found.letter} ", style=f"bold {found.color}")
        value = number(None if readout is None else readout.value)
        return text.append(value, style=f"bold {self.palette.text}" if found.front else self.palette.dim)

    def _readout(self, found: ComparedCurve) -> Readout | None:
        """A line's value at the cursor, or its newest; none where it does not reach so far."""
        x, column, at = found.x.mean, found.curve.column, self.view.cursor
        known = np.isfinite(x) & (np.isfinite(column.mean) if column.sparse else True)
        if not known.any() or (at is not None and not x[known].min() <= at <= x[known].max()):
            return None
        readout = read(f"{self.metric}[{found.letter}]", found.x, column, at)
        return None if readout is None or readout.value is None else readout


def choices_of(comparison: Comparison) -> Hashable:
    """What of a comparison the user chose."""
    return replace(comparison, runs=NO_RUNS)


def readable(comparison: Comparison) -> Hashable:
    """Which runs have rows, and which are read completely."""
    entries = comparison.runs.entries
    return tuple((entry.key, entry.run_view.series.rows > 0, entry.run_view.loading is None) for entry in entries)
