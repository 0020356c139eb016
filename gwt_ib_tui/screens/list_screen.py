"""What the screens of all lists of runs have in common: moving in the list, its filter, and what is done with a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from textual.app import ComposeResult
from textual.containers import Container
from textual.screen import Screen
from textual.widgets import Input, Static

from gwt_ib.runs.directory import RunDirectory
from gwt_ib_tui.screens.help_screen import HelpScreen
from gwt_ib_tui.screens.run_screen import LeastSize
from gwt_ib_tui.state.compare.run_set import MOST_RUNS
from gwt_ib_tui.widgets.filter_line import FilterInput
from gwt_ib_tui.widgets.key_bar import KeyBar
from gwt_ib_tui.widgets.list_rows import ListRows


@dataclass(frozen=True)
class Place:
    """Where a list is: its chosen run, its marks, its filter, and its order where it has several."""

    chosen: str = ""
    marked: frozenset[str] = frozenset()
    words: str = ""
    order: str = ""


@dataclass(frozen=True)
class Choice:
    """What is to be done with which runs, and where the list was."""

    what: Literal["open", "compare"]
    runs: tuple[RunDirectory, ...]
    place: Place


class ListScreen(LeastSize, Screen[None]):
    """A list; ends the application with a `Choice`, or with none when the user leaves."""

    AUTO_FOCUS = ""  # the keys are the list's until `/`
    FILTER_BY: ClassVar[str]
    """What the words of the filter are looked for in."""
    TOO_SMALL = "the list needs {least}."

    def compose_list(self) -> ComposeResult:
        """The list."""
        raise NotImplementedError

    def compose_below(self) -> ComposeResult:
        """What stands between the list and the keys."""
        return ()

    def compose(self) -> ComposeResult:
        """The list, with a line for the filter below it."""
        yield Static(classes="too-small")
        with Container(classes="all"):
            yield from self.compose_list()
            yield FilterInput(placeholder=f"words that a run has: {self.FILTER_BY}", compact=True)
            yield from self.compose_below()
            yield KeyBar()

    @property
    def list_rows(self) -> ListRows[Any]:
        """The list."""
        return self.query_one(ListRows)

    @property
    def place(self) -> Place:
        """Where the list is."""
        rows = self.list_rows
        return Place(rows.run.name if rows.run else "", rows.marked, rows.words)

    def go_to(self, place: Place) -> None:
        """Go back to where the list was."""
        self.list_rows.chosen, self.list_rows.marked = place.chosen, place.marked
        self.action_filter_by(place.words)

    def on_input_changed(self, event: Input.Changed) -> None:
        """The list follows what is typed into its filter."""
        if isinstance(event.input, FilterInput):
            self.list_rows.words = event.value

    def on_filter_input_ended(self, event: FilterInput.Ended) -> None:
        """The keys are the list's again; the filter stays or goes."""
        self.action_filter_by(self.list_rows.words if event.kept else "")
        self.set_focus(None)

    def action_filter_by(self, words: str) -> None:
        """Show only the runs that have these words."""
        self.query_one(FilterInput).value = words
        self.set_class(bool(words), "-filtered")

    def action_move_run(self, by: int, unit: Literal["run", "page", "list"] = "run") -> None:
        """Choose the run so many runs, pages or whole lists further down."""
        lines = {"run": 1, "page": self.list_rows.rows_shown, "list": len(self.list_rows.runs)}
        self.list_rows.move(by * lines[unit])

    def action_filter_runs(self) -> None:
        """Type words that the runs on the list must have."""
        self.add_class("-filtered")
        # `focus` would wait for the next refresh, and keys typed before it would be the list's.
        self.set_focus(self.query_one(FilterInput))

    def action_mark_run(self) -> None:
        """Mark the chosen run, or take its mark away; then the next is the chosen one."""
        rows = self.list_rows
        if rows.run is not None:
            rows.marked = rows.marked ^ {rows.run.name}
            rows.move(1)

    def action_compare_marked(self) -> None:
        """Compare the marked runs, the chosen one with its neighbours where there are fewer than two."""
        rows = self.list_rows
        marked = tuple(run.directory for run in rows.every_run if run.name in rows.marked)
        if not marked and rows.run is not None:
            marked = (rows.run.directory,)
        if len(marked) > MOST_RUNS:
            self.notify(f"At most {MOST_RUNS} runs can be compared; {len(marked)} are marked.", severity="warning")
        elif marked:
            self.app.exit(Choice("compare", marked, self.place))

    def action_open_run(self) -> None:
        """Open the dashboard on the chosen run."""
        if self.list_rows.run is not None:
            self.app.exit(Choice("open", (self.list_rows.run.directory,), self.place))

    def action_show_help(self) -> None:
        """Keys and metrics."""
        self.app.push_screen(HelpScreen(None, self.keymap.actions))

    def action_leave(self) -> None:
        """Leave the list."""
        self.app.exit()
