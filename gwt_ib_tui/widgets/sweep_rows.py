"""The runs of a sweep, one a line, below the whole in three lines, above the chosen run with all that is known of it."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text
from textual.reactive import reactive

from gwt_ib.sweeps.states import MemberStatus
from gwt_ib.text import count, cut_at_end, duration, number, plain, shortened
from gwt_ib_tui.charts.palette import Palette, palette_of
from gwt_ib_tui.state.sweep.sweep_view import ORDERS, Order, SweepRow, SweepView
from gwt_ib_tui.widgets.list_rows import ListRows, gate_cell, seed_cell, verdict_cell
from gwt_ib_tui.widgets.panel import indented, title_line
from gwt_ib_tui.widgets.status_bar import STARTING, STATES, progress_bar, share_words, state_chip
from gwt_ib_tui.widgets.table import Table, TableColumn
from gwt_ib_tui.widgets.verdict import GATE_CELLS, STATUS_CELLS

HEAD = 3  # lines of the whole
LEAST_ROWS = 5  # however much there is to say of the chosen run
BAR = 15
LEAST_TASK, LEAST_ARM = 10, 8  # cells of a column that has to give way
MOST_TEXT = 40
COUNTED: tuple[MemberStatus, ...] = ("finished", "running", "waiting", "unfinished", "failed")
OWN_MARKS = {"waiting": ("·", "wait"), "unfinished": ("◌", "warn")}
NOT_BEGUN = "has not begun yet: it can be opened once it has"


class SweepRows(ListRows[SweepRow]):
    """The whole, the runs that match the filter, and the chosen one in full."""

    view: reactive[SweepView] = reactive(SweepView())
    order: reactive[Order] = reactive("file")

    @property
    def runs(self) -> list[SweepRow]:
        """The runs on the list."""
        return self.view.matching(self.words, self.order)

    @property
    def every_run(self) -> tuple[SweepRow, ...]:
        """All runs of the sweep."""
        return self.view.rows

    def watch_view(self) -> None:
        """The choice stays where it is when the order changes."""
        self.keep_chosen()

    @property
    def rows_shown(self) -> int:
        """Lines that there are for runs."""
        below = len(self._in_full(self.run, self.content_size.width)) + 1
        return max(self.content_size.height - HEAD - 1 - below, LEAST_ROWS)

    def text_lines(self, width: int, height: int) -> list[Text]:
        """The whole, a header, the runs, the chosen one."""
        palette, runs = self._palette, self.runs
        chosen = runs[self.place_in(runs)] if runs else None
        below = self._in_full(chosen, width)
        lines = self._head(palette, width, len(runs))
        if chosen is None:
            words = (
                "reading" if not self.view.version else f"no run has {self.words!r}" if self.words else "no run here"
            )
            lines.append(Text(f" {words}", style=palette.dim))
        else:
            table = Table(self._columns(width - 1, chosen, palette), width - 1, palette)
            rows = max(height - HEAD - 2 - len(below), LEAST_ROWS)
            lines += [table.header(), *table.around(runs, self.place_in(runs), rows, bold=True)]
            lines += [Text()] * (height - len(lines) - len(below)) + below
        return lines

    @property
    def _palette(self) -> Palette:
        return palette_of(self.app.current_theme)

    def _head(self, palette: Palette, width: int, shown: int) -> list[Text]:
        view = self.view
        every = len(view.rows)
        noun = "run" if every == 1 else "runs"
        parts: list[Text | str] = [
            f"{count(shown)} of {count(every)} {noun}" if self.words else f"{count(every)} {noun}"
        ]
        if words := ORDERS[self.order]:
            parts.append(words)
        if self.words:
            parts.append(Text(f"/{plain(self.words, 60)}", style=palette.target))
        if self.marked:
            parts.append(Text(f"{len(self.marked)} marked: c compares them", style=palette.target))
        return [title_line(palette, f"sweep {plain(view.name, 60)}".rstrip(), *parts), *whole(view, width, palette)]

    def _in_full(self, row: SweepRow | None, width: int) -> list[Text]:
        """Its name, its numbers and, whole, why it failed."""
        if row is None:
            return []
        palette, state = self._palette, row.state
        lines = [Text(" " + shortened(plain(row.name, 300), width - 2), style=f"bold {palette.text}")]
        lines += indented(Text(" · ".join(_facts(row)), style=palette.dim), width)
        if state.cause:
            color = palette.bad if state.status == "failed" else palette.warn
            lines += indented(Text(plain(state.cause, 2000), style=color), width)
        return lines

    def _columns(self, width: int, chosen: SweepRow, palette: Palette) -> list[TableColumn[SweepRow]]:
        """Those that there is room for: names are cut before a number is left out, but for the last four columns."""
        view, text = self.view, palette.text
        longest_task = min(max((len(name) for name in view.tasks.values()), default=4), MOST_TEXT)
        longest_arm = min(max((len(arm) for arm in view.arms), default=3), MOST_TEXT) if len(view.arms) > 1 else 0
        first, last = self._progress(chosen, palette), _scores(palette)
        speed, host, left, bar = self._further(width, palette)
        room = width - sum(column.gap + column.width for column in (*first, *last)) - 2 - (1 if longest_arm else 0)
        least = LEAST_TASK + (LEAST_ARM if longest_arm else 0)
        for title in ("eval", "train", "gate"):
            if room < least:
                room += sum(column.gap + column.width for column in last if column.title == title)
                last = [column for column in last if column.title != title]
        if room - speed.gap - speed.width >= least:
            last.append(speed)
            room -= speed.gap + speed.width
        for column in (host, left, bar) if len(view.hosts) > 1 else (left, bar):
            if room - column.gap - column.width < longest_task + longest_arm:
                continue
            room -= column.gap + column.width
            (first if column is bar else last).append(column)
        task_cells = min(longest_task, room)
        if longest_arm and longest_task + longest_arm > room:
            task_cells = max(min(longest_task, room - min(longest_arm, room // 2)), 1)
        task: TableColumn[SweepRow] = TableColumn(
            "task", task_cells, lambda row, cells: (_task(row, view, cells), text), gap=2
        )
        arm: TableColumn[SweepRow] = TableColumn(
            "arm",
            max(min(longest_arm, room - task_cells), 0),
            lambda row, cells: (shortened(plain(row.state.member.arm, 100), cells), text),
        )
        return [*first, task, *([arm] if longest_arm else []), *last]

    def _progress(self, chosen: SweepRow, palette: Palette) -> list[TableColumn[SweepRow]]:
        """The columns before the names: which run is chosen, which are marked, and how far each is."""
        marked, text = self.marked, palette.text
        return [
            TableColumn("", 1, lambda row, _: ("›" if row is chosen else "", f"bold {palette.line}"), gap=0),
            TableColumn("", 1, lambda row, _: ("✓" if row.name in marked else "", f"bold {palette.target}"), gap=0),
            TableColumn("state", 12, lambda row, _: _status(row, palette), gap=0),
            TableColumn("done", 4, lambda row, _: (share_words(row.share) if row.begun else "", text), 1, right=True),
        ]

    def _further(self, width: int, palette: Palette) -> tuple[TableColumn[SweepRow], ...]:
        """The columns that only wide windows have: speed, host, time left or cause, and a bar of the progress."""
        hosts = min(max((len(host) for host in self.view.hosts), default=0), 20)

        def cause_or_left(row: SweepRow, cells: int) -> tuple[str, str]:
            if row.state.status == "failed":
                return cut_at_end(plain(row.state.cause), cells), palette.bad
            return "" if row.seconds_left is None else duration(row.seconds_left), palette.text

        return (
            TableColumn("steps/s", 7, lambda row, _: _speed(row, palette), right=True),
            TableColumn(
                "host", hosts, lambda row, cells: (shortened(plain(row.state.host, 100), cells), palette.dim), gap=2
            ),
            TableColumn("left, or cause", 9, cause_or_left, 2, most=width),
            TableColumn(
                "", BAR, lambda row, cells: progress_bar(row.share, cells, palette) if row.begun else ("", ""), gap=1
            ),
        )


def _scores(palette: Palette) -> list[TableColumn[SweepRow]]:
    """The columns behind the names: seed, returns and verdicts."""
    text = palette.text
    return [
        TableColumn("seed", 4, lambda row, cells: seed_cell(row.state.member.config.seed, palette, cells)),
        TableColumn("ep100", 7, lambda row, _: (_value(row.state.episodic_return, row), f"bold {text}"), right=True),
        TableColumn("eval", 7, lambda row, _: (_value(row.state.eval_return, row), text), right=True),
        TableColumn(
            "train",
            STATUS_CELLS,
            lambda row, _: verdict_cell(row.state.verdict or "wait", palette) if row.begun else ("", ""),
            2,
        ),
        TableColumn(
            "gate",
            GATE_CELLS,
            lambda row, _: gate_cell(row.state.gate_verdict or "wait", palette) if row.begun else ("", ""),
        ),
    ]


def whole(view: SweepView, width: int, palette: Palette) -> list[Text]:
    """Two lines: how it stands, how far it is, how long it still takes and how fast it is; and how many runs are what."""
    standing = "starting" if view.standing == "reading" else view.standing
    chip = state_chip(standing, palette) if standing not in OWN_MARKS else _chip(standing, palette)
    readings = []
    if view.working and view.sweep.left_s is not None:
        readings.append(f"left {duration(view.sweep.left_s)}")
    if (speed := view.steps_per_s) is not None:
        readings.append(f"{count(speed)} steps/s")
    done = share_words(view.sweep.share_done)
    words = " · ".join(readings)
    bar = progress_bar(view.sweep.share_done, max(min(width - len(words) - 26, 60), 4), palette)
    line = Text.assemble(chip, "  ", bar)
    line.append(f" {done}", style=f"bold {palette.text}").append(f"  {words}", style=palette.dim)
    counts = Text(" ")
    for status in COUNTED:
        number_of = view.sweep.count(status)
        if number_of or status in ("finished", "running", "waiting"):
            icon, kind = OWN_MARKS.get(status) or STATES.get(status, STARTING)
            counts.append(
                f"{icon} {count(number_of)} {status}   ", style=palette.of_status(kind if number_of else "wait")
            )
    return [line, counts]


def _chip(word: str, palette: Palette) -> Text:
    icon, kind = OWN_MARKS[word]
    return Text(f" {icon} {word.upper()} ", style=f"bold {palette.on_chip} on {palette.of_status(kind)}")


def _status(row: SweepRow, palette: Palette) -> tuple[str, str]:
    """How it stands: an icon and a word."""
    icon, kind = OWN_MARKS.get(row.word) or STATES.get(row.word, STARTING)
    return f"{icon} {plain(row.word, 10)}", f"bold {palette.of_status(kind)}" if row.begun else palette.dim


def _value(value: float | None, row: SweepRow) -> str:
    """A number; nothing where there can be none yet."""
    return number(value) if row.begun else ""


def _speed(row: SweepRow, palette: Palette) -> tuple[str, str]:
    """Its speed, or dim the one that it had."""
    speed = row.state.steps_per_s if row.steps_per_s is None else row.steps_per_s
    return "" if speed is None else count(speed), palette.dim if row.steps_per_s is None else palette.text


def _task(row: SweepRow, view: SweepView, cells: int) -> str:
    return shortened(view.tasks[row.state.member.config.env_id], cells)


def _facts(row: SweepRow) -> Sequence[str]:
    """What is known of a run, in words."""
    state, config = row.state, row.state.member.config
    facts = [plain(config.env_id, 200), f"arm {plain(state.member.arm, 200)}", f"seed {config.seed}"]
    if not row.begun:
        return [*facts, NOT_BEGUN]
    facts.append(f"{count(state.env_steps)}/{count(state.total_steps)} env steps")
    if state.eval_return is not None:
        facts.append(f"evaluation {number(state.eval_return)}")
    if state.steps_per_s is not None:
        facts.append(f"{count(state.steps_per_s)} steps/s")
    if row.seconds_left is not None:
        facts.append(f"left {duration(row.seconds_left)}")
    if state.host:
        facts.append(f"on {plain(state.host, 100)}")
    return facts
