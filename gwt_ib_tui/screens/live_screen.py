"""The overview of one run: everything at once where there is room, else page by page; a filter chooses its charts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from textual.app import ComposeResult
from textual.containers import Container
from textual.reactive import reactive
from textual.widgets import Input

from gwt_ib.runs.metrics import NUMBERS
from gwt_ib_tui.charts.plotted import plot_of_charts
from gwt_ib_tui.charts.selection import Selection, matching
from gwt_ib_tui.screens.chart_screen import ChartScreen
from gwt_ib_tui.screens.run_screen import RunScreen
from gwt_ib_tui.widgets.chart_panel import ViewBar
from gwt_ib_tui.widgets.events_panel import EventsPanel
from gwt_ib_tui.widgets.filter_line import FilterInput, FilterLine
from gwt_ib_tui.widgets.gate_check_panel import GateCheckPanel
from gwt_ib_tui.widgets.gate_panels import GateCurvePanel
from gwt_ib_tui.widgets.line_chart import OVERVIEW_TITLES, LineChart, spec_of
from gwt_ib_tui.widgets.processes import ActorsPanel
from gwt_ib_tui.widgets.settings_panels import SettingsStrip

if TYPE_CHECKING:
    from gwt_ib.figures.plot import Plot

SLOTS = 5  # as many as the stylesheet has room for; more charts are on further pages


class LiveScreen(ChartScreen):
    """All panels of one run, in one grid; which are shown depends on the size and the page.

    `selection` says what the `SLOTS` charts show and which of them is chosen. The screen's class `-charts-<n>` says how
    many slots are used, `-alone` that one has all the room, `-filtering` that the filter line is open.
    """

    PAGES = ("curves", "gate", "actors")
    SCOPES = ("live", "charts", "app", "replay")
    AUTO_FOCUS = ""  # the filter line has the keys only while it is open
    selection: reactive[Selection] = reactive(Selection(OVERVIEW_TITLES, SLOTS), repaint=False)
    words: reactive[str] = reactive("", repaint=False)
    """The filter in use; empty for the overview's own charts."""
    _before: tuple[Selection, str] = (Selection(OVERVIEW_TITLES, SLOTS), "")

    def compose_panels(self) -> ComposeResult:
        """The settings that matter most, then the grid."""
        yield SettingsStrip(id="strip").data_bind(RunScreen.run_view)
        with Container(id="panels"):
            for number, title in enumerate(OVERVIEW_TITLES[:SLOTS], 1):
                chart = LineChart(spec_of(title)).add_class("slot", f"slot-{number}", "card", "curves")
                yield chart.data_bind(RunScreen.run_view, RunScreen.view)
            yield GateCurvePanel().data_bind(RunScreen.run_view, RunScreen.view).add_class("card", "curves", "gate")
            yield GateCheckPanel(id="gate-check").data_bind(RunScreen.run_view).add_class("card", "gate")
            with Container(id="side").add_class("actors"):
                yield ActorsPanel(id="actors").data_bind(RunScreen.run_view).add_class("card")
                yield EventsPanel(id="events").data_bind(RunScreen.run_view).add_class("card")
        yield ViewBar(id="view").data_bind(RunScreen.run_view, RunScreen.view, ChartScreen.notes)
        yield FilterLine(id="filter")

    def show_matching(self, text: str) -> bool:
        """Show the charts that a filter finds, of no words those of the overview; nothing changes where it finds none."""
        names, _ = self._found(text)
        if names:
            self.words = " ".join(text.split())
            self.selection = self.selection.of(names)
        return bool(names)

    def plotted(self) -> Plot | None:
        """The chosen chart; with none chosen, all that are on show."""
        if self.run_view is None:
            return None
        selection = self.selection
        titles = selection.on_show if selection.chosen is None else (selection.charts[selection.chosen],)
        return plot_of_charts(self.run_view, [spec_of(title).metrics for title in titles], self.view)

    def turn(self, by: int) -> None:
        """A chart that is alone joins the others first: it has no page of its own."""
        if self.paged:
            self.selection = self.selection.together()
        super().turn(by)

    def watch_selection(self, selection: Selection) -> None:
        """Put the charts into their slots."""
        slots = list(self.query(".slot").results(LineChart))
        for place, slot in enumerate(slots):
            used = place < len(selection.on_show)
            slot.spec = spec_of(selection.on_show[place]) if used else slot.spec
            slot.chosen = place == selection.chosen_slot
            slot.set_class(not used, "-unused")
            slot.set_class(slot.chosen, "-chosen")
        for count in range(1, SLOTS + 1):
            self.set_class(count == len(selection.on_show), f"-charts-{count}")
        self.set_class(selection.alone, "-alone")
        self._note()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """There is a way back only from a chart that is alone."""
        if parameters == ("together",):
            return self.selection.alone
        if action == "filter_metrics":
            return not isinstance(self.focused, FilterInput)
        return super().check_action(action, parameters)

    def action_turn_charts(self, by: int) -> None:
        """The next charts, where there are more than slots."""
        self.page = self.PAGES[0]
        super().action_turn_charts(by)

    def action_select_charts(self, change: Literal["moved", "toggled", "together"], *by: int) -> None:
        """Choose another chart, show the chosen one over all the room, or all again: `by` says how far to move."""
        self.page = self.PAGES[0]
        self.selection = getattr(self.selection, change)(*by)

    def action_choose_rule(self, by: int) -> None:
        """Choose another rule of GateCheck."""
        self.query_one(GateCheckPanel).select(by)

    def action_filter_metrics(self) -> None:
        """Open the filter line."""
        self.page = self.PAGES[0]
        if not self.has_class("-filtering"):
            self._before = self.selection, self.words
        self.selection = self.selection.together()
        self.add_class("-filtering")
        self._note()
        line = self.query_one(FilterLine)
        line.open(self.words)
        line.note(self._found(self.words)[1])

    def on_input_changed(self, event: Input.Changed) -> None:
        """Show what the words match, as they are typed."""
        event.stop()
        self.query_one(FilterLine).note(self._found(event.value)[1], wrong=not self.show_matching(event.value))

    def on_filter_input_ended(self, event: FilterInput.Ended) -> None:
        """Close the line; what was on show before comes back where it is not to be kept."""
        event.stop()
        self.query_one(FilterLine).close()
        self.remove_class("-filtering")
        typed = " ".join(self.query_one(FilterInput).value.split())
        if not event.kept:
            self.selection, self.words = self._before
        elif not self._found(typed)[0]:
            stays = f"the charts of /{self.words} stay" if self.words else "the overview stays"
            self.host.say("notice", f"no metric matches /{typed}: {stays}")
        self._note()

    def _note(self) -> None:
        """Which charts there are, where it is not the overview; the words not twice while they are typed."""
        typed = self.has_class("-filtering") or not self.words
        self.notes = tuple(filter(None, (self.selection.words, "" if typed else f"/{self.words}")))

    watch_words = _note

    def _found(self, text: str) -> tuple[tuple[str, ...], str]:
        """The charts that a filter brings up, and that in words."""
        if not text.split():
            return OVERVIEW_TITLES, "the overview"
        names = matching(text, NUMBERS)
        return names, f"{len(names)} of {len(NUMBERS)}" if names else "no match"
