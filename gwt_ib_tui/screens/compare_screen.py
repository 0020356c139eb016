"""Several runs over each other: charts of chosen metrics, and a table of the runs with a baseline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from textual.app import ComposeResult
from textual.containers import Container
from textual.reactive import reactive

from gwt_ib.runs.metrics import NAMES
from gwt_ib_tui.charts.plotted import plot_of_runs
from gwt_ib_tui.charts.selection import Selection
from gwt_ib_tui.charts.view import X_AXES
from gwt_ib_tui.screens.chart_screen import ChartScreen
from gwt_ib_tui.screens.run_screen import RunScreen
from gwt_ib_tui.state.compare.comparison import COMPARED, Comparison
from gwt_ib_tui.state.run.run_view import RunView
from gwt_ib_tui.widgets.chart_panel import ViewBar
from gwt_ib_tui.widgets.compared_chart import ComparedChart
from gwt_ib_tui.widgets.run_lists import RunTable

if TYPE_CHECKING:
    from gwt_ib.figures.plot import Plot

NO_CURVES = frozenset({*X_AXES, "eval_returns", "gate_curve"})
CHARTED = (*COMPARED, *(name for name in NAMES if name not in NO_CURVES and name not in COMPARED))
SLOTS = len(COMPARED)
INTERVAL_S = 0.25
BROKEN = "the reader of the other runs has stopped; leave and come back"


class CompareScreen(ChartScreen):
    """Curves of all runs in `SLOTS` charts, and the runs below them. Its runs are read only while it is in front.

    `selection` says which metrics the charts show; that of the chosen chart is the table's. By settings, each chart is of
    one of them, by that metric; they are turned so that the chosen run's is on show.
    """

    PAGES = ("charts", "runs")
    SCOPES = ("compare", "charts", "app", "replay")

    comparison: reactive[Comparison] = reactive(Comparison(), repaint=False)
    selection: reactive[Selection] = reactive(Selection(CHARTED, SLOTS, chosen=0), repaint=False)
    longest: reactive[RunView | None] = reactive(None, repaint=False)
    """The run with the most env steps: its rows name the place of the cursor."""
    _said_broken = False

    def compose_panels(self) -> ComposeResult:
        """The charts, then the table."""
        with Container(id="compare-panels"):
            with Container(id="compared"):
                for number in range(1, SLOTS + 1):
                    chart = ComparedChart(id=f"compared-{number}").add_class("card")
                    yield chart.data_bind(RunScreen.run_view, RunScreen.view, CompareScreen.comparison)
            table = RunTable(id="run-table").add_class("card")
            yield table.data_bind(RunScreen.run_view, CompareScreen.comparison)
        yield ViewBar(id="view").data_bind(RunScreen.view, ChartScreen.notes, run_view=CompareScreen.longest)

    def on_mount(self) -> None:
        """Show what is read from now on."""
        self.watch_selection(self.selection)
        self._look_at_runs()
        self.set_interval(INTERVAL_S, self._look_at_runs)

    def on_screen_resume(self) -> None:
        """In front: the runs are followed."""
        self.host.run_set.wake()

    def on_screen_suspend(self) -> None:
        """Not in front: they are not read."""
        self.host.run_set.rest()

    @property
    def charted_runs(self) -> Sequence[RunView]:
        """All runs: the window and the cursor go over the rows of all of them."""
        return [entry.run_view for entry in self.comparison.runs.entries]

    def watch_selection(self, selection: Selection) -> None:
        """Put the metrics into their charts."""
        self.set_class(selection.alone, "-alone")
        if selection.chosen is not None:
            self.comparison = replace(self.comparison, metric=selection.charts[selection.chosen])
        self._fill_charts()

    def watch_comparison(self, old: Comparison, new: Comparison) -> None:
        """Other runs or another choice may be of other charts."""
        if new.by == "setting" or old.by != new.by:
            self._fill_charts()

    def _fill_charts(self) -> None:
        selection, comparison = self.selection, self.comparison
        chosen, picked = comparison.chosen_run, selection.chosen_slot
        if comparison.by == "setting" and chosen is not None:
            count, first = len(comparison.runs.groups), chosen.group // SLOTS * SLOTS
            last = min(first + SLOTS, count)
            charts: list[tuple[str, int | None]] = [(comparison.metric, number) for number in range(first, last)]
            picked = chosen.group - first
            more = f" of {count}" if count > SLOTS else ""
            notes = f"{comparison.metric} of each setting" + (f", {first + 1}-{last}{more}" if more else "")
        else:
            charts = [(name, None) for name in selection.on_show]
            notes = selection.words if selection.first or selection.alone else ""
        for place, chart in enumerate(self.query(ComparedChart)):
            chart.metric, chart.setting = charts[place] if place < len(charts) else ("", None)
            chart.picked = place == picked
            chart.set_class(chart.picked, "-chosen")
            chart.set_class(comparison.by == "setting" and place >= len(charts), "-left-out")
        for few in range(1, SLOTS):
            self.query_one("#compared").set_class(comparison.by == "setting" and len(charts) == few, f"-of-{few}")
        self.notes = (notes,) if notes else ()

    def plotted(self) -> Plot | None:
        """The chosen chart, with all runs."""
        runs = self.charted_runs
        return plot_of_runs(runs, self.comparison.metric, self.view, grouped=self.comparison.grouped) if runs else None

    def action_turn_charts(self, by: int) -> None:
        """The metrics after those on show; the first of them is then the table's. By settings, the next of these."""
        if self.comparison.by == "setting":
            self._turn_settings(by)
            return
        super().action_turn_charts(by)
        if self.selection.chosen is None:
            self.selection = replace(self.selection, chosen=self.selection.first)

    def _turn_settings(self, by: int) -> None:
        groups, chosen = self.comparison.groups, self.comparison.chosen_run
        pages = -(-len(groups) // SLOTS)
        if chosen is None or pages < 2:
            self.host.say("notice", "every setting is on this page")
            return
        first = (chosen.group // SLOTS + by) % pages * SLOTS
        self.comparison = replace(self.comparison, chosen=groups[first][0].key)

    def action_choose_run(self, by: int) -> None:
        """Choose the run some places on, or back."""
        self.comparison = self.comparison.moved(by)

    def action_choose_chart(self, by: int) -> None:
        """Choose the chart some places on, or back."""
        self.selection = self.selection.moved(by)

    def action_show_alone(self) -> None:
        """The chosen chart over all the charts' room, or back."""
        self.page = self.PAGES[0]
        self.selection = self.selection.toggled()

    def action_make_baseline(self) -> None:
        """The chosen run is what the others are compared with."""
        if (chosen := self.comparison.chosen_run) is not None:
            self.comparison = replace(self.comparison, baseline=chosen.key)

    def action_toggle_groups(self) -> None:
        """Single runs, or mean over the seeds of each setting with its interval, or with its range."""
        self.comparison = self.comparison.regrouped()

    def action_toggle_apart(self) -> None:
        """A chart for each metric, or a chart for each setting by the chosen metric."""
        by: Literal["metric", "setting"] = "metric" if self.comparison.by == "setting" else "setting"
        self.page = self.PAGES[0]
        self.comparison = replace(self.comparison, by=by)

    async def action_open_run(self) -> None:
        """The dashboard of the chosen run."""
        if (chosen := self.comparison.chosen_run) is not None:
            await self.host.open_run(chosen.directory)

    def _look_at_runs(self) -> None:
        """Show the newest of all runs, where there is something newer."""
        run_set = self.host.run_set
        if run_set.broken and not self._said_broken:
            self._said_broken = True
            self.host.say("failed", BROKEN)
        if run_set.view is not self.comparison.runs and not self.frozen:
            self.comparison = replace(self.comparison, runs=run_set.view)
            self.longest = max(self.charted_runs, key=lambda run: run.metric("env_steps") or 0.0, default=None)
