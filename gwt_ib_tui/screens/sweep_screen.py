"""The list of a sweep: its runs as they come and end; choose one to open it, mark some to compare them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, cast

from textual.app import ComposeResult
from textual.reactive import reactive

from gwt_ib_tui.screens.list_screen import Choice, ListScreen, Place
from gwt_ib_tui.state.compare.run_set import MOST_RUNS
from gwt_ib_tui.state.run.requests import Message
from gwt_ib_tui.state.sweep.sweep_view import ORDERS
from gwt_ib_tui.widgets.message_bar import MessageBar
from gwt_ib_tui.widgets.sweep_rows import NOT_BEGUN, SweepRows


class Host(Protocol):
    """What the screen needs of the application."""

    say: Callable[[str, str], None]  # puts up a message: its status and its text
    leave: Callable[[], None]  # at once where nothing is to be decided, else after a question
    detach: Callable[[], None]
    ask_before_stop: Callable[[], None]


class SweepScreen(ListScreen):
    """All runs of a sweep."""

    SCOPES = ("runs", "sweep")
    FILTER_BY = "task, arm, state, verdict, host, s1 for a seed"
    TOO_SMALL = "the sweep needs {least}. It goes on."

    message: reactive[Message] = reactive(Message("", ""), repaint=False)

    def compose_list(self) -> ComposeResult:
        """The sweep, then one line a run."""
        yield SweepRows(id="sweep-rows")

    def compose_below(self) -> ComposeResult:
        """What was asked, and what came of it."""
        yield MessageBar(id="message").data_bind(SweepScreen.message)

    @property
    def rows(self) -> SweepRows:
        """The list."""
        return self.query_one(SweepRows)

    @property
    def place(self) -> Place:
        """Where the list is."""
        rows = self.rows
        return Place(rows.run.name if rows.run else "", rows.marked, rows.words, rows.order)

    def go_to(self, place: Place) -> None:
        """Go back to where the list was."""
        super().go_to(place)
        if place.order in ORDERS:
            self.rows.order = place.order

    def action_next_order(self) -> None:
        """Order the runs by something else, and go to the first of them."""
        orders = list(ORDERS)
        self.rows.order = orders[(orders.index(self.rows.order) + 1) % len(orders)]
        self.action_move_run(-1, "list")

    def action_open_run(self) -> None:
        """Open the dashboard on the chosen run, once it has begun."""
        if (run := self.rows.run) is not None and not run.begun:
            self._say(f"this run {NOT_BEGUN}")
        else:
            super().action_open_run()

    def action_compare_marked(self) -> None:
        """Compare those of the marked runs that have begun; with none marked, the chosen one and its neighbours."""
        rows = self.rows
        marked = [run for run in rows.every_run if run.name in rows.marked] or [run for run in [rows.run] if run]
        begun = tuple(run.directory for run in marked if run.begun)
        if not begun:
            self._say(f"this run {NOT_BEGUN}" if len(marked) == 1 else "none of the marked runs has begun yet")
        elif len(begun) > MOST_RUNS:
            self._say(f"at most {MOST_RUNS} runs can be compared, and {len(begun)} are marked")
        else:
            self.app.exit(Choice("compare", begun, self.place))

    def action_leave(self) -> None:
        """Leave; of a sweep that runs it is asked how."""
        self._host.leave()

    def action_detach(self) -> None:
        """Leave at once."""
        self._host.detach()

    def action_stop_sweep(self) -> None:
        """Ask the user, then the sweep."""
        self._host.ask_before_stop()

    @property
    def _host(self) -> Host:
        return cast(Host, self.app)

    def _say(self, words: str) -> None:
        self._host.say("notice", words)
