"""The list of runs: order and filter it, open one, mark some to compare them, name, tag and delete them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Protocol, cast

from textual.app import ComposeResult
from textual.reactive import reactive

from gwt_ib.errors import UserError
from gwt_ib.runs.delete import Loss, delete_run, loss_of
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.labels import Labels, checked, read_labels, write_labels
from gwt_ib.text import plain
from gwt_ib_tui.screens.dialogs import DeleteDialog
from gwt_ib_tui.screens.list_screen import ListScreen, Place
from gwt_ib_tui.state.compare.run_order import Order
from gwt_ib_tui.state.compare.run_summaries import RunSummary
from gwt_ib_tui.state.run.requests import Message
from gwt_ib_tui.widgets.label_line import LabelInput, LabelLine, Part
from gwt_ib_tui.widgets.message_bar import MessageBar
from gwt_ib_tui.widgets.run_rows import RunRows


class Host(Protocol):
    """What the screen needs of the application."""

    say: Callable[[str, str], None]  # puts up a message: its status and its text
    look_again: Callable[[], None]  # reads the folder now


class RunListScreen(ListScreen):
    """All runs of a folder."""

    SCOPES = ("runs", "folder")
    FILTER_BY = "name, #tag, task, state, verdict, s1, lr=0.001"

    message: reactive[Message] = reactive(Message("", ""), repaint=False)

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._labelled: tuple[RunDirectory, Part] | None = None

    def compose_list(self) -> ComposeResult:
        """One line a run."""
        yield RunRows(id="run-rows")

    def compose_below(self) -> ComposeResult:
        """The line for labels, and what came of it."""
        yield LabelLine(id="label-line")
        yield MessageBar(id="message").data_bind(RunListScreen.message)

    @property
    def rows(self) -> RunRows:
        """The list."""
        return self.query_one(RunRows)

    @property
    def place(self) -> Place:
        """Where the list is."""
        rows = self.rows
        return Place(rows.run.name if rows.run else "", rows.marked, rows.words, rows.order.word)

    def go_to(self, place: Place) -> None:
        """Go back to where the list was."""
        super().go_to(place)
        if place.order:
            with suppress(UserError):
                self.rows.order = Order.of(place.order)

    def watch_message(self, message: Message) -> None:
        """The bar is there while it has something to say."""
        self.set_class(bool(message.text), "-said")

    def on_run_rows_ordered(self, event: RunRows.Ordered) -> None:
        """A title was clicked."""
        self.rows.order = self.rows.order.by(event.name)

    def on_label_input_ended(self, event: LabelInput.Ended) -> None:
        """Keep what was typed, or say why that is not possible and leave the line open."""
        line = self.query_one(LabelLine)
        if not event.kept or self._labelled is None:
            line.close()
            return
        run, part = self._labelled
        typed = line.query_one(LabelInput).value
        try:
            checked(labelled(Labels(), part, typed))
        except UserError as error:
            self._host.say("refused", error.message)
            return
        line.close()
        self.run_worker(self._keep_label(run, part, typed), group="labels", exit_on_error=False)

    def action_next_order(self) -> None:
        """Order by the next column, and go to the first run."""
        self.rows.order = self.rows.order.next()
        self.action_move_run(-1, "list")

    def action_reverse_order(self) -> None:
        """Turn the order round, and go to the first run."""
        self.rows.order = self.rows.order.reversed()
        self.action_move_run(-1, "list")

    def action_label_run(self, part: Part) -> None:
        """Type the name, the tags or the notes of the chosen run."""
        if (run := self.rows.run) is not None:
            self._labelled = run.directory, part
            self.query_one(LabelLine).open(part, run.title, words_of(run.labels, part))

    def action_delete_run(self) -> None:
        """Ask whether the chosen run is to be deleted, and say what would be lost."""
        if (run := self.rows.run) is not None:
            self.run_worker(self._ask_to_delete(run), group="delete", exclusive=True, exit_on_error=False)

    async def _keep_label(self, run: RunDirectory, part: Part, typed: str) -> None:
        def keep() -> Labels:
            return write_labels(run, labelled(read_labels(run), part, typed))

        try:
            kept = words_of(await asyncio.to_thread(keep), part)
        except UserError as error:
            self._host.say("refused", error.message)
        except OSError as error:
            self._host.say("failed", f"{part} not kept: {error.strerror or error}")
        else:
            self._host.say("done", f"{part} of {plain(run.name, 60)}: {kept or 'none'}")
            self._host.look_again()

    async def _ask_to_delete(self, run: RunSummary) -> None:
        try:
            loss = await asyncio.to_thread(loss_of, run.directory)
        except UserError as error:
            self._host.say("refused", error.message)
            return

        def answered(answer: str | None) -> None:
            if answer == "delete":
                self.run_worker(self._delete(loss), group="delete", exit_on_error=False)

        self.app.push_screen(DeleteDialog(loss), answered)

    async def _delete(self, loss: Loss) -> None:
        try:
            await asyncio.to_thread(delete_run, loss.run)
        except UserError as error:
            self._host.say("refused", error.message)
        else:
            self._host.say("done", f"deleted: {plain(loss.run.name, 100)}")
        self._host.look_again()

    @property
    def _host(self) -> Host:
        return cast(Host, self.app)


def words_of(labels: Labels, part: Part) -> str:
    """One label as it is typed."""
    return " ".join(labels.tags) if part == "tags" else labels.name if part == "name" else labels.notes


def labelled(labels: Labels, part: Part, typed: str) -> Labels:
    """The labels with one of them as it was typed."""
    if part == "tags":
        return replace(labels, tags=tuple(typed.replace(",", " ").split()))
    return replace(labels, name=typed) if part == "name" else replace(labels, notes=typed)
