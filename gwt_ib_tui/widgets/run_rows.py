"""The list of all runs, one a line: as many columns as there is room for, in an order that the header shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import textual.message
from rich.text import Text
from textual import events
from textual.reactive import reactive

from gwt_ib.runs.causes import cause_first
from gwt_ib.text import age, count, cut_at_end, number, plain, shortened
from gwt_ib_tui.charts.palette import Palette, palette_of
from gwt_ib_tui.state.compare.run_order import ORDERS, Order, ordered
from gwt_ib_tui.state.compare.run_summaries import RunSummaries, RunSummary
from gwt_ib_tui.state.compare.settings import fitting_settings
from gwt_ib_tui.widgets.list_rows import ListRows, gate_cell, seed_cell, verdict_cell
from gwt_ib_tui.widgets.panel import title_line
from gwt_ib_tui.widgets.status_bar import STARTING, STATES, progress_bar, share_words
from gwt_ib_tui.widgets.table import Cell, Table, TableColumn, first_in_sight
from gwt_ib_tui.widgets.verdict import GATE_CELLS, STATUS_CELLS

ROOMY_FROM = 100  # a list this wide has icons beside the verdicts, and the share done in a column of its own
HEAD = 2  # lines of title and header
ICON = 2
MOST_WORDS = 40
LEAST_BOTH_ENDS = 14
LEAST_BAR, MOST_BAR = 7, 17
LEAST = {"name": 7, "task": 7, "settings": 11, "tags": 5}
"""Cells of the columns of words, the most important first; with less room such a column is left out."""


class RunRows(ListRows[RunSummary]):
    """The runs that match the filter, in their order; the chosen one is always in sight, and in full below."""

    summaries: reactive[RunSummaries] = reactive(RunSummaries())
    order: reactive[Order] = reactive(Order())

    @dataclass
    class Ordered(textual.message.Message):
        """A title was clicked: the list is to be ordered by its column."""

        name: str

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._listed: tuple[object, list[RunSummary]] = (None, [])
        self._table: Table[RunSummary] | None = None

    @property
    def runs(self) -> list[RunSummary]:
        """The runs on the list."""
        key = (self.summaries, self.words, self.order)  # summaries equal themselves alone
        if self._listed[0] != key:
            self._listed = key, ordered(self.summaries.matching(self.words), self.order)
        return self._listed[1]

    @property
    def every_run(self) -> tuple[RunSummary, ...]:
        """All runs of the folder."""
        return self.summaries.runs

    def watch_summaries(self, old: RunSummaries, new: RunSummaries) -> None:
        """The choice stays where it is when runs come before it; of runs that are gone, marks and choice go, too."""
        names = {run.name for run in new.runs}
        if new.version:
            self.marked = self.marked & names
        if self.chosen and self.chosen not in names and any(run.name == self.chosen for run in old.runs):
            before = ordered(old.matching(self.words), self.order)
            runs = self.runs
            if runs:  # the one that stands where it stood
                self.chosen = runs[min(self.place_in(before), len(runs) - 1)].name
        self.keep_chosen()

    @property
    def rows_shown(self) -> int:
        """Lines that there are for runs."""
        return max(self.content_size.height - HEAD - 1 - len(self._in_full(self.run)), 1)

    def text_lines(self, width: int, height: int) -> list[Text]:
        """Title, header, runs, and the chosen one in full."""
        palette, runs, chosen = palette_of(self.app.current_theme), self.runs, self.run
        self._table = table = self._columns(chosen, width - 1, palette)
        lines = [self._title(palette, len(runs)), table.header()]
        if chosen is None:
            lines.append(Text(" no run here" if not self.words else f" no run has {self.words!r}", style=palette.dim))
            return lines
        lines += table.around(runs, self.place_in(runs), self.rows_shown, bold=True)
        below = self._in_full(chosen)
        lines += [Text()] * (height - len(below) - len(lines))
        lines.append(Text(f" {shortened(below[0], width - 2)}", style=f"bold {palette.text}"))
        said = plain(cause_first(chosen.info.message))
        for words in below[1:]:
            style = palette.bad if words == said else palette.dim
            lines.append(Text(f" {cut_at_end(words, width - 2)}", style=style))
        return lines

    def on_click(self, event: events.Click) -> None:
        """A title orders by its column, or turns its order round; a line chooses its run."""
        place = event.get_content_offset(self)
        if place is None or self._table is None:
            return
        if place.y == HEAD - 1:
            name = self._table.title_at(place.x).strip(" ↓↑")
            if name in ORDERS:
                self.post_message(self.Ordered(name))
            return
        runs, line = self.runs, place.y - HEAD
        if runs and 0 <= line < min(self.rows_shown, len(runs)):
            self.chosen = runs[first_in_sight(self.place_in(runs), len(runs), self.rows_shown) + line].name

    def _title(self, palette: Palette, shown: int) -> Text:
        every = len(self.summaries.runs)
        order = self.order
        parts: list[Text | str] = [f"{count(shown)} of {count(every)}" if self.words else count(every)]
        if self.words:
            parts.append(Text(f"/{plain(self.words, 60)}", style=palette.target))
        if self.marked:
            parts.append(Text(f"{len(self.marked)} marked: c compares them", style=palette.target))
        by = f"by {order.name} {order.arrow}"
        if ORDERS[order.name].is_return and len({run.info.env_id for run in self.runs}) > 1:
            by += ", tasks by floor and ceiling"
        return title_line(palette, "runs", *parts, by)

    def _in_full(self, run: RunSummary | None) -> list[str]:
        """Its names, the settings in which it differs, how far it is or why it ended, its tags and notes: a line each."""
        if run is None:
            return []
        label = f"  {run.labels.name}" if run.labels.name else ""
        facts = [f"{count(run.env_steps)}/{count(run.info.total_timesteps)} env steps"]
        if run.evaluation is not None:
            facts.append(f"evaluation {number(run.evaluation)}")
        if run.normalised is not None:
            facts.append(f"ep100 is {run.normalised:.2f} of floor to ceiling")
        words = " ".join((*(f"#{tag}" for tag in run.labels.tags), run.labels.notes))
        lines = (run.settings_words, plain(cause_first(run.info.message)) or " · ".join(facts), words.strip())
        return [plain(run.name, 300) + label, *filter(None, lines)]

    def _columns(self, chosen: RunSummary | None, width: int, palette: Palette) -> Table[RunSummary]:
        """Numbers and verdicts first; what is left is shared out among the columns of words."""
        roomy, marked, text, now = width >= ROOMY_FROM, self.marked, palette.text, self.summaries.now
        icon = 0 if roomy else ICON
        status = STATUS_CELLS - icon
        oldest = max([4, *(len(age(run.info.created, now)) for run in self.runs)])
        front: list[TableColumn[RunSummary]] = [
            TableColumn("", 1, lambda run, _: ("›" if run is chosen else "", f"bold {palette.line}"), gap=0),
            TableColumn("", 1, lambda run, _: ("✓" if run.name in marked else "", f"bold {palette.target}"), gap=0),
        ]
        if roomy:
            front.append(TableColumn("state", 10, lambda run, cells: _state(run, cells, palette), gap=0))
            front.append(TableColumn("done", 4, lambda run, _: (share_words(run.progress), text), right=True))
        else:
            front.append(TableColumn("state", 10, lambda run, cells: _state(run, cells, palette, True), gap=0))
        back: list[TableColumn[RunSummary]] = [
            TableColumn("seed", 5 if roomy else 4, lambda run, cells: seed_cell(run.info.seed, palette, cells)),
            TableColumn("ep100", 7, lambda run, _: (number(run.ep100), f"bold {text}"), right=True),
            TableColumn("eval", 7, lambda run, _: (number(run.evaluation), text), right=True),
            TableColumn("train", max(status, 5), lambda run, _: verdict_cell(run.verdict, palette, status)),
            TableColumn("gate", GATE_CELLS - icon, lambda run, cells: gate_cell(run.gate, palette, cells)),
            TableColumn("age", oldest, lambda run, _: (age(run.info.created, now), palette.dim), right=True),
        ]
        needs = self._needs()
        words = self._words(needs, width - _width(front) - _width(back), palette)
        if len(words) < len(needs) and not roomy and self.order.name != "eval":  # words say more than a second return
            back = [column for column in back if column.title != "eval"]
            words = self._words(needs, width - _width(front) - _width(back), palette)
        first = [column for column in words if column.title != "tags"]
        tags = [column for column in words if column.title == "tags"]
        columns = [*front, *first, *back[:-1], *tags, back[-1]]
        bar = min(width - _width(columns) - 1, MOST_BAR)
        if roomy and bar >= LEAST_BAR:
            columns.insert(
                4,
                TableColumn("", bar, lambda run, cells: progress_bar(run.progress or 0.0, cells - 1, palette)),
            )
        return Table(list(map(self._titled, columns)), width, palette)

    def _needs(self) -> dict[str, int]:
        """How many cells the columns of words need that have something to say; the task is said where there are several."""
        runs = self.runs
        several = len({run.info.env_id for run in runs}) > 1 or self.order.name == "task"
        texts: dict[str, Callable[[RunSummary], str]] = {
            "name": lambda run: run.title,
            "task": lambda run: run.task if several else "",
            "settings": lambda run: run.settings_words,
            "tags": lambda run: " ".join(run.labels.tags),
        }
        longest = {name: max((len(words(run)) for run in runs), default=0) for name, words in texts.items()}
        return {
            name: min(max(length, len(name) + (name == self.order.name)), MOST_WORDS)
            for name, length in longest.items()
            if length
        }

    def _words(self, needs: dict[str, int], room: int, palette: Palette) -> list[TableColumn[RunSummary]]:
        """Those of these columns that there is room for."""
        cells: dict[str, Callable[[RunSummary, int], Cell]] = {
            "name": lambda run, cells: (shortened(run.title, cells), palette.text),
            "task": lambda run, cells: (_task(run, cells), palette.text),
            "settings": lambda run, cells: (fitting_settings(run.settings, cells), palette.text),
            "tags": lambda run, cells: (cut_at_end(" ".join(run.labels.tags), cells), palette.dim),
        }
        first = [name for name in needs if name == self.order.name]  # what orders the list is seen
        widths = shared_out(needs, [*first, *(name for name in needs if name not in first)], room)
        return [TableColumn(name, widths[name], cells[name]) for name in needs if name in widths]

    def _titled(self, column: TableColumn[RunSummary]) -> TableColumn[RunSummary]:
        """With an arrow at the column that orders the list."""
        if column.title != self.order.name:
            return column
        return replace(column, title=f"{column.title[: column.width - 1]}{self.order.arrow}")


def shared_out(needs: Mapping[str, int], names: Sequence[str], room: int) -> dict[str, int]:
    """How many cells each column gets of `room`, with a gap of one before each; those left out are not in it.

    Each in turn gets its least, or what it needs if that is less; then the columns grow together up to what they need.
    """
    widths: dict[str, int] = {}
    for name in names:
        least = min(needs[name], LEAST[name])
        if room > least:
            widths[name] = least
            room -= least + 1
    growing = [name for name in widths if widths[name] < needs[name]]
    while room > 0 and growing:
        name = min(growing, key=widths.__getitem__)
        widths[name] += 1
        room -= 1
        if widths[name] == needs[name]:
            growing.remove(name)
    return widths


def _width(columns: Sequence[TableColumn[RunSummary]]) -> int:
    return sum(column.gap + column.width for column in columns)


def _task(run: RunSummary, cells: int) -> str:
    """The task; in a few cells its beginning, as most end alike."""
    return (shortened if cells >= LEAST_BOTH_ENDS else cut_at_end)(run.task, cells)


def _state(run: RunSummary, cells: int, palette: Palette, with_share: bool = False) -> tuple[str, str]:
    """The state as an icon and a word; with the share done of one that is trained. That a run is finished is no verdict."""
    icon, status = STATES.get(run.state, STARTING)
    words = plain(run.state, 12).upper()
    if with_share and run.state == "running":
        words = f"RUN {share_words(run.progress)}"
    color = palette.dim if run.state == "finished" else palette.of_status(status)
    return cut_at_end(f"{icon} {words}", cells), f"bold {color}"
